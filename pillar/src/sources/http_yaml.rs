//! `http_yaml`: the answer of a web server, read as YAML.

use halite_core::{Result, Value};
use halite_render::yaml;

use super::{Call, Source};
use crate::web;

/// The source.
pub static MODULE: Source = Source { name: "http_yaml", pillar };

/// Salt: `salt/pillar/http_yaml.py` behaviour; a server that does not give it is an error.
fn pillar(call: Call<'_>) -> Result<Value> {
    call.known(&["url", "with_grains", "header_dict", "auth", "username", "password"])?;
    let Some(answer) = web::fetch(&call)? else { return Ok(Value::Null) };
    let read = yaml::load(&answer.text());
    read.map_err(|why| web::no_data(&answer, "YAML", &why.to_string()))
}
