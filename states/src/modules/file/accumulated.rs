//! `file.accumulated`: texts that several states give to the template of one managed file.

use halite_core::{Context, Error, Map, Result, StateModule, Value, Verdict, map, state};

use super::shared::{refuse, texts};

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&ACCUMULATED]);

/// The note of a run that keeps them: file to accumulator to texts.
pub(crate) const NOTE: &str = "accumulators";
/// The note of a run that keeps who asked for them: file to accumulator to ids of states.
const DEPENDENTS: &str = "accumulator dependents";

/// The texts for a file that one state of it is to apply: of those accumulators that name its id
/// in `require_in` or `watch_in`; of all, if none does.
pub(crate) fn meant_for(cx: &Context<'_>, filename: &str, id: &Value) -> Vec<Value> {
    let all = cx.job.note(NOTE);
    let Some(all) = all.as_ref().and_then(|files| files.get(filename)?.as_map()) else {
        return Vec::new();
    };
    let dependents = cx.job.note(DEPENDENTS);
    let dependents = dependents.as_ref().and_then(|files| files.get(filename)?.as_map());
    let names = |accumulator: &Value| {
        let ids = dependents.and_then(|of| of.get(accumulator)?.as_list());
        ids.is_some_and(|ids| ids.contains(id))
    };
    let any = all.keys().any(names);
    let chosen = all.iter().filter(|(accumulator, _)| !any || names(accumulator));
    chosen.flat_map(|(_, texts)| texts.as_list().unwrap_or_default()).cloned().collect()
}

/// Gives texts to the template of a file, which sees them as `accumulator['name']`.
///
/// ```yaml
/// animals_doing_things:
///   file.accumulated:
///     - filename: /tmp/animal_file.txt
///     - text: ' jumps over the lazy dog.'
///     - require_in:
///       - file: animal_file
/// ```
#[state]
fn accumulated<'a>(
    cx: &Context<'a>,
    name: String,
    /// The file whose template is to see the texts.
    filename: String,
    /// One text or several.
    text: Value,
    /// How the file's state depends on this one; one of the two must be given.
    #[default(Value::Null)]
    require_in: Value,
    #[default(Value::Null)] watch_in: Value,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    if require_in.is_null() && watch_in.is_null() {
        return refuse(format!(
            "Orphaned accumulator {name} in {}:{name}",
            crate::support::saltenv(cx)
        ));
    }
    let all = require_in
        .as_list()
        .unwrap_or_default()
        .iter()
        .chain(watch_in.as_list().unwrap_or_default());
    let of_file = |item: &Value| item.as_str().is_some() || item.get("file").is_some();
    if !all.clone().any(of_file) {
        return refuse(format!(
            "Orphaned accumulator {name} in {}:{name}",
            crate::support::saltenv(cx)
        ));
    }
    if matches!(text, Value::Int(_) | Value::Big(_) | Value::Float(_) | Value::Bool(_)) {
        let kind = text.type_name();
        return Err(Error::execution(format!("'{kind}' object is not iterable")));
    }
    let ids: Vec<Value> = all
        .flat_map(|item| match item {
            Value::Map(map) => map.values().cloned().collect(),
            one => vec![one.clone()],
        })
        .collect();
    cx.job.change_note(DEPENDENTS, |files| {
        if let Some(known) = list_of(files, &filename, &name) {
            known.extend(ids);
        }
    });
    let mut added = false;
    cx.job.change_note(NOTE, |files| {
        let Some(list) = list_of(files, &filename, &name) else { return };
        for text in texts(&text) {
            let text = Value::from(text);
            if !list.contains(&text) {
                list.push(text);
                added = true;
            }
        }
    });
    Ok(Verdict::correct(match added {
        true => format!("Accumulator {name} for file {filename} was charged by text"),
        false => format!("Accumulator {name} for file {filename} is already charged by text"),
    }))
}

/// The list of one accumulator of one file, made where it is not there.
fn list_of<'a>(files: &'a mut Value, filename: &str, name: &str) -> Option<&'a mut Vec<Value>> {
    if files.is_null() {
        *files = Map::new().into();
    }
    let of_file = files.as_map_mut()?.entry(filename.into()).or_insert_with(|| map! {}.into());
    let list = of_file.as_map_mut()?.entry(name.into()).or_insert_with(|| Value::list([]));
    list.as_list_mut()
}
