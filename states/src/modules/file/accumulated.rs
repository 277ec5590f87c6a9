//! `file.accumulated`: texts that several states give to the template of one managed file.

use halite_core::{Context, Map, Result, StateModule, Value, Verdict, map, state};

use super::shared::{refuse, texts};

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&ACCUMULATED]);

/// The note of a run that keeps them: file to accumulator to texts.
pub(crate) const NOTE: &str = "accumulators";

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
    let mut added = false;
    cx.job.change_note(NOTE, |files| {
        if files.is_null() {
            *files = Map::new().into();
        }
        let Some(files) = files.as_map_mut() else { return };
        let of_file = files.entry(filename.as_str().into()).or_insert_with(|| map! {}.into());
        let Some(of_file) = of_file.as_map_mut() else { return };
        let list = of_file.entry(name.as_str().into()).or_insert_with(|| Value::list([]));
        let Some(list) = list.as_list_mut() else { return };
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
