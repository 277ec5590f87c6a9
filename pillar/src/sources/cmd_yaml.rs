//! `cmd_yaml`: the output of a command, read as YAML.

use halite_core::{Map, Result, Value};

use super::{Call, Source};

/// The source.
pub static MODULE: Source = Source { name: "cmd_yaml", pillar };

/// Salt: `salt/pillar/cmd_yaml.py` behaviour; output that is no YAML gives nothing.
fn pillar(call: Call<'_>) -> Result<Value> {
    let command = call.text(0, "command")?;
    let output = call.command_output(&command)?;
    Ok(halite_render::yaml::load(&output).unwrap_or_else(|why| {
        tracing::error!("YAML data from '{command}' failed to parse: {why}");
        Value::from(Map::new())
    }))
}
