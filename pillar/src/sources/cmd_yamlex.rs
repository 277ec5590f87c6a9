//! `cmd_yamlex`: the output of a command, read as YAML whose equal keys are joined.

use halite_core::aggregate::strip;
use halite_core::{Map, Result, Value};

use super::{Call, Source};

/// The source.
pub static MODULE: Source = Source { name: "cmd_yamlex", pillar };

/// Salt: `salt/pillar/cmd_yamlex.py` behaviour; output that is no YAML gives nothing.
fn pillar(call: Call<'_>) -> Result<Value> {
    let command = call.text(0, "command")?;
    let output = call.command_output(&command)?;
    let read = halite_render::yaml::load_aggregated(&output).unwrap_or_else(|why| {
        tracing::error!("YAML data from {command} failed to parse: {why}");
        Value::from(Map::new())
    });
    Ok(if call.compiler.options.aggregates() { read } else { strip(&read) })
}
