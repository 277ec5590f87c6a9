//! `cmd_json`: the output of a command, read as JSON.

use halite_core::value::parse_json;
use halite_core::{Map, Result, Value};

use super::{Call, Source};

/// The source.
pub static MODULE: Source = Source { name: "cmd_json", pillar };

/// Salt: `salt/pillar/cmd_json.py` behaviour; output that is no JSON gives nothing.
fn pillar(call: Call<'_>) -> Result<Value> {
    let command = call.text(0, "command")?;
    let output = call.command_output(&command)?;
    Ok(parse_json(&output).unwrap_or_else(|why| {
        tracing::error!("JSON data from {command} failed to parse: {why}");
        Value::from(Map::new())
    }))
}
