//! `extra_minion_data_in_pillar`: what the minion sent along, or parts of it.

use halite_core::value::{DELIMITER, SubPath};
use halite_core::{Map, Result, Value};

use super::{Call, Source};

/// The source.
pub static MODULE: Source = Source { name: "extra_minion_data_in_pillar", pillar };

/// Salt: `salt/pillar/extra_minion_data_in_pillar.py` behaviour.
fn pillar(call: Call<'_>) -> Result<Value> {
    call.known(&["include"])?;
    let extra = Value::from(call.compiler.who.extra_minion_data.clone());
    let keys = match call.argument(0, "include") {
        Some(Value::Str(all)) if matches!(&**all, "*" | "<all>") => return Ok(extra),
        Some(Value::List(keys)) => keys.to_vec(),
        _ => vec![call.text(0, "include")?.into()],
    };
    let mut data = Map::new();
    for key in keys.iter().map(Value::to_string) {
        let Some(value) = extra.traverse_dict(&key, DELIMITER) else { continue };
        let parts = key.rsplit(DELIMITER);
        let nested = parts.fold(value.clone(), |inner, part| Value::map([(part, inner)]));
        data.extend(nested.as_map().cloned().unwrap_or_default());
    }
    Ok(data.into())
}
