//! Hands returns, jobs and events to returners; what one does not take is kept on disk and handed over later.

use std::path::{Path, PathBuf};

use halite_core::value::{parse_json, to_json};
use halite_core::{Apply, Error, Map, Result, Returner, Value, map};

use crate::returners::{ALL, find};

/// Things that may wait for returners; the oldest is dropped for a new one.
pub const SPOOL_MAX: usize = 1_000;

/// What is handed over.
#[derive(Clone, Debug, PartialEq)]
pub enum Gift {
    /// A return.
    Return(Map),
    /// A job as it was asked for.
    Load(String, Map),
    /// Events.
    Events(Vec<Map>),
}

impl Gift {
    fn to_map(&self, name: &str) -> Map {
        match self {
            Gift::Return(ret) => map! {"returner" => name, "ret" => ret.clone()},
            Gift::Load(jid, load) => {
                map! {"returner" => name, "jid" => jid.as_str(), "load" => load.clone()}
            }
            Gift::Events(events) => map! {"returner" => name, "events" => events.clone()},
        }
    }

    fn of_map(map: &Map) -> Option<Gift> {
        let inner = |key: &str| map.get(key).and_then(Value::as_map).cloned();
        if let Some(events) = map.get("events").and_then(Value::as_list) {
            return Some(Gift::Events(events.iter().filter_map(Value::as_map).cloned().collect()));
        }
        match (inner("ret"), inner("load")) {
            (Some(ret), _) => Some(Gift::Return(ret)),
            (None, Some(load)) => Some(Gift::Load(map.get("jid")?.to_string(), load)),
            (None, None) => None,
        }
    }
}

/// The names in a comma separated list.
pub fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// The returner of this name.
///
/// # Errors
/// If there is none: which there are.
pub fn known(name: &str) -> Result<&'static Returner> {
    find(name).ok_or_else(|| {
        let known: Vec<&str> = ALL.iter().map(|one| one.name).collect();
        let known = known.join(", ");
        Error::execution(format!("there is no returner `{name}`; these are: {known}"))
    })
}

/// Hands one thing to one returner.
///
/// # Errors
/// If there is no such returner, it does not take such things, and what it raises.
pub fn give(apply: &Apply<'_>, name: &str, gift: &Gift) -> Result<()> {
    let returner = known(name)?;
    match gift {
        Gift::Return(ret) => (returner.returner)(apply, ret),
        Gift::Load(jid, load) => match returner.save_load {
            Some(save) => save(apply, jid, load),
            // What has no jobs has returns only, which is no fault.
            None => Ok(()),
        },
        Gift::Events(events) => {
            returner.event_return.ok_or_else(|| returner.lacks("event_return"))?(apply, events)
        }
    }
}

/// Hands one thing to a returner; keeps it below `folder` if the returner does not take it now.
pub fn give_or_keep(apply: &Apply<'_>, folder: &Path, name: &str, gift: &Gift) {
    let Err(error) = give(apply, name, gift) else { return };
    let lost = known(name).is_err();
    match lost {
        true => tracing::error!("{error}"),
        false => {
            tracing::error!(
                "the returner `{name}` did not take something: {error}; it is kept and handed over later"
            );
            if let Err(error) = keep(apply, folder, &gift.to_map(name)) {
                tracing::error!(
                    "the returner `{name}`: it cannot be kept either and is lost: {error}"
                );
            }
        }
    }
}

fn waiting(apply: &Apply<'_>, folder: &Path) -> Vec<PathBuf> {
    let mut names = apply.host.read_dir(folder).unwrap_or_default();
    names.retain(|name| name.ends_with(".json"));
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}

fn keep(apply: &Apply<'_>, folder: &Path, gift: &Map) -> Result<()> {
    if !apply.host.exists(folder) {
        apply.host.create_dir(folder, Some(0o700))?;
    }
    let there = waiting(apply, folder);
    for old in there.iter().take((there.len() + 1).saturating_sub(SPOOL_MAX)) {
        tracing::error!("more than {SPOOL_MAX} things wait for returners: the oldest is dropped");
        apply.host.remove_file(old)?;
    }
    let mut at = apply.host.now_micros();
    let path = loop {
        let path = folder.join(format!("{at:020}.json"));
        if !apply.host.exists(&path) {
            break path;
        }
        at += 1;
    };
    apply.host.write_atomic(
        &path,
        to_json(&gift.clone().into(), Default::default()).as_bytes(),
        Some(0o600),
    )
}

/// Hands over what was kept. A returner that refuses is not asked again in this round. How many things still wait.
pub fn hand_over(apply: &Apply<'_>, folder: &Path) -> usize {
    let mut down: Vec<String> = Vec::new();
    let mut left = 0;
    for path in waiting(apply, folder) {
        let bytes = apply.host.read(&path).unwrap_or_default();
        let kept = parse_json(&String::from_utf8_lossy(&bytes)).unwrap_or_default();
        let name = kept.get("returner").map(Value::to_string).unwrap_or_default();
        let gift = kept.as_map().and_then(Gift::of_map).filter(|_| known(&name).is_ok());
        let done = match gift {
            // Cut off while it was written, or of a returner that is no more.
            None => true,
            Some(_) if down.contains(&name) => false,
            Some(gift) => match give(apply, &name, &gift) {
                Ok(()) => true,
                Err(error) => {
                    tracing::warn!("the returner `{name}` still takes nothing: {error}");
                    down.push(name);
                    false
                }
            },
        };
        if !(done && apply.host.remove_file(&path).is_ok()) {
            left += 1;
        }
    }
    left
}
