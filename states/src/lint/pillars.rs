//! One pillar out of all pillar files: what templates may ask for, wherever they run.

use std::collections::BTreeSet;

use halite_core::dictupdate::{Update, update};
use halite_core::{Map, Value};
use halite_render::engine::UNKNOWN;

use super::roots::{Kind, Role, Source};
use super::source::{Sheet, Sheets};
use crate::compiler::{Fault, Faults, Place, Step};

/// What all pillar files come to, and what is wrong with them.
#[derive(Default)]
pub(super) struct Pillars {
    /// Merged over one another.
    pub(super) data: Map,
    /// Whether there are pillar files at all.
    pub(super) known: bool,
    /// Keys whose values are not known because of faults.
    pub(super) open: BTreeSet<String>,
    /// Faults of the files, each with its file.
    pub(super) faults: Vec<(Source, Faults)>,
}

/// Renders all pillar files of all environments.
pub(super) fn collect(sheets: &Sheets<'_>) -> Pillars {
    let mut pillars = Pillars::default();
    for source in sheets.sources.iter().filter(|source| source.kind == Kind::Pillar) {
        let Role::Sls(name) = &source.role else { continue };
        pillars.known = true;
        let faults = match &*sheets.sheet(&source.env, name) {
            Sheet::Missing => Faults::new(),
            Sheet::Failed(fault) => vec![fault.clone()],
            Sheet::Data(rendered) => {
                let mut faults = rendered.faults.clone();
                match &rendered.data {
                    Value::Map(map) => {
                        let mut map = (**map).clone();
                        let include = map.shift_remove("include");
                        faults.extend(includes(
                            sheets,
                            source,
                            name,
                            include.as_ref(),
                            rendered.init,
                        ));
                        pillars.open.extend(open_keys(&map));
                        // A list over a map is the business of the merge strategy.
                        let _ = update(&mut pillars.data, &map, Update::default());
                    }
                    other if !other.truthy() => {}
                    other => faults.push(
                        Fault::new(format!(
                            "the pillar file '{name}' is a {}, not a mapping",
                            other.type_name()
                        ))
                        .code("not-a-mapping")
                        .at(Place::new(&source.path, 1, 1)),
                    ),
                }
                crate::compiler::locate(&mut faults, &places(rendered, name));
                faults
            }
        };
        pillars.faults.push((source.clone(), faults));
    }
    pillars
}

fn places(rendered: &crate::compiler::RenderedSls, name: &str) -> crate::compiler::Places {
    let mut places = crate::compiler::Places::default();
    if let Some(own) = &rendered.places {
        places.insert(name, own.clone());
    }
    places
}

/// Top keys below which something is not known.
fn open_keys(map: &Map) -> impl Iterator<Item = String> {
    let open = map.iter().filter(|(key, value)| is_unknown(key) || is_unknown(value));
    open.map(|(key, _)| key.to_string()).collect::<Vec<_>>().into_iter()
}

/// Whether a value holds the sign for what is not known.
pub(super) fn is_unknown(value: &Value) -> bool {
    match value {
        Value::Str(text) => text.contains(UNKNOWN),
        Value::List(items) => items.iter().any(is_unknown),
        Value::Map(map) => map.iter().any(|(key, value)| is_unknown(key) || is_unknown(value)),
        _ => false,
    }
}

/// Faults of `include` in a pillar file.
fn includes(
    sheets: &Sheets<'_>,
    source: &Source,
    name: &str,
    include: Option<&Value>,
    init: bool,
) -> Faults {
    let Some(include) = include else { return Faults::new() };
    let Some(items) = include.as_list() else {
        let what = format!("Include Declaration in SLS '{name}' is not formed as a list");
        return vec![Fault::new(what).code("include").about(name, "include")];
    };
    let known = crate::compiler::SlsSource::available(sheets, &source.env);
    let mut faults = Faults::new();
    for (index, item) in items.iter().enumerate() {
        let entry = item.as_map().and_then(Map::first).map_or(item, |(entry, _)| entry).to_string();
        if is_unknown(item) {
            continue;
        }
        let wanted = absolute(name, init, &entry);
        if known.iter().any(|sls| halite_core::glob::fnmatch(sls, &wanted)) {
            continue;
        }
        let near = halite_core::text::nearest(&wanted, known.iter().map(String::as_str));
        faults.push(
            Fault::new(format!("the pillar file '{wanted}' that is included is not there"))
                .code("include")
                .maybe_hint(near.map(|near| format!("did you mean '{near}'?")))
                .about_part(name, [Step::Key("include".into()), Step::Item(index)]),
        );
    }
    faults
}

/// A relative entry made absolute.
fn absolute(name: &str, init: bool, entry: &str) -> String {
    let Some(rest) = entry.strip_prefix('.') else { return entry.replace('/', ".") };
    let parent = if init { name } else { name.rsplit_once('.').map_or("", |(parent, _)| parent) };
    if parent.is_empty() { rest.to_owned() } else { format!("{parent}.{rest}") }
}

/// The value at a chain of keys: `Err` holds how many keys were found before the missing one.
pub(super) fn look_up<'v>(data: &'v Map, keys: &[String]) -> Result<Option<&'v Value>, usize> {
    let Some((first, rest)) = keys.split_first() else { return Ok(None) };
    let mut value = data.get(first.as_str()).ok_or(0_usize)?;
    for (found, key) in (1_usize..).zip(rest) {
        match value {
            Value::Map(map) => value = map.get(key.as_str()).ok_or(found)?,
            // Methods of texts and lists, attributes: not a matter of keys.
            _ => return Ok(None),
        }
    }
    Ok(Some(value))
}
