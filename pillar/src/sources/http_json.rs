//! `http_json`: the answer of a web server, read as JSON.

use halite_core::value::parse_json;
use halite_core::{Result, Value};

use super::{Call, Source};
use crate::web;

/// The source.
pub static MODULE: Source = Source { name: "http_json", pillar };

/// Salt: `salt/pillar/http_json.py` behaviour; a server that does not give it is an error.
fn pillar(call: Call<'_>) -> Result<Value> {
    let names = ["url", "with_grains", "header_dict", "auth", "username", "password", "namespace"];
    call.known(&names)?;
    let Some(answer) = web::fetch(&call)? else { return Ok(Value::Null) };
    let read = parse_json(&answer.text());
    let read = read.map_err(|why| web::no_data(&answer, "JSON", &why.to_string()))?;
    let namespace = call.argument(7, "namespace").filter(|name| name.truthy());
    Ok(match namespace {
        Some(name) => Value::map([(name.clone(), read)]),
        None => read,
    })
}
