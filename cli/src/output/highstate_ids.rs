//! `state_compress_ids`: chunks of one ID and one result as one line.

use halite_core::{Map, Value};

/// Joins the chunks of one host; `None` if its data is no state return.
/// Salt: `_compress_ids` in `salt/output/highstate.py`.
pub(super) fn compress(data: &Value) -> Option<Value> {
    let states = data.as_map()?;
    let mut joined = Map::new();
    for (tag, info) in states {
        let tag = tag.as_str()?;
        let key = key_of(tag, info)?;
        let count = states
            .iter()
            .filter(|(t, i)| t.as_str().and_then(|tag| key_of(tag, i)).as_ref() == Some(&key));
        let count = count.count();
        if count == 1 {
            joined.insert(tag.into(), info.clone());
            continue;
        }
        let mut parts: Vec<String> = tag.split("_|-").map(Into::into).collect();
        let text = |name: &str| info.get(name).map(Value::to_string).unwrap_or_default();
        let (id, sls, result) = (text("__id__"), text("__sls__"), text("result"));
        *parts.get_mut(2)? = format!("state_compressed_{sls}_{id}_{result}");
        *parts.get_mut(1)? = format!("{id} ({count})");
        let tag = Value::str(parts.join("_|-"));
        match joined.get_mut(&tag) {
            None => drop(joined.insert(tag, info.clone())),
            Some(first) => join(first.as_map_mut()?, info)?,
        }
    }
    Some(joined.into())
}

fn key_of(tag: &str, info: &Value) -> Option<String> {
    let state = tag.split("_|-").next()?;
    let text = |name: &str| info.get(name).map(Value::to_string);
    Some(format!("{state}_{}_{}_{}", text("__id__")?, text("__sls__")?, text("result")?))
}

/// Lowest run number, sum of durations, earliest start, changes by name.
fn join(first: &mut Map, info: &Value) -> Option<()> {
    let number = |map: &Map, name: &str| map.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let more = info.as_map()?;
    let run = number(first, "__run_num__").min(number(more, "__run_num__"));
    first.insert("__run_num__".into(), (run as i64).into());
    let ms = number(first, "duration") + number(more, "duration");
    first.insert("duration".into(), ((ms * 1000.0).round() / 1000.0).into());
    let start = |map: &Map| map.get("start_time").map(Value::to_string).unwrap_or_default();
    let earliest = start(first).min(start(more));
    first.insert("start_time".into(), earliest.into());
    let changes = more.get("changes").filter(|changes| changes.truthy())?;
    let mut all = first
        .get("changes")
        .and_then(|c| c.get("compressed changes"))
        .and_then(Value::as_map)
        .cloned()
        .unwrap_or_default();
    if let (true, Some(own)) = (all.is_empty(), first.get("changes").filter(|c| c.truthy())) {
        all.insert(first.get("name").cloned().unwrap_or_default(), own.clone());
    }
    all.insert(more.get("name").cloned().unwrap_or_default(), changes.clone());
    first.insert("changes".into(), halite_core::map! {"compressed changes" => all}.into());
    Some(())
}
