//! `multi_returner`: several returners in one: those of the option `multi_returner`. Salt:
//! `salt/returners/multi_returner.py` behaviour.

use halite_core::{Apply, Error, Map, Result, Returner};

use super::find;
use crate::give::{Gift, give};

/// The returner.
pub static MODULE: Returner = Returner {
    save_load: Some(save_load),
    get_load: Some(get_load),
    get_jid: Some(get_jid),
    get_jids: Some(get_jids),
    ..Returner::new("multi_returner", returner)
};

/// The returners, without this one itself.
fn names(apply: &Apply<'_>) -> Vec<String> {
    let mut names = apply.opts.list("multi_returner");
    names.retain(|name| name != MODULE.name);
    names
}

/// Every one gets it, also when another fails.
fn returner(apply: &Apply<'_>, ret: &Map) -> Result<()> {
    together(names(apply).iter().map(|name| (name, give(apply, name, &Gift::Return(ret.clone())))))
}

fn save_load(apply: &Apply<'_>, jid: &str, load: &Map) -> Result<()> {
    let names = names(apply);
    together(names.iter().filter_map(|name| Some((name, find(name)?.save_load?(apply, jid, load)))))
}

fn together<'a>(results: impl Iterator<Item = (&'a String, Result<()>)>) -> Result<()> {
    let failed: Vec<String> =
        results.filter_map(|(name, result)| Some(format!("{name}: {}", result.err()?))).collect();
    if failed.is_empty() { Ok(()) } else { Err(Error::execution(failed.join("; "))) }
}

/// What the first of them knows.
fn get_load(apply: &Apply<'_>, jid: &str) -> Result<Map> {
    first(apply, |returner| Some(returner.get_load?(apply, jid)))
}

fn get_jid(apply: &Apply<'_>, jid: &str) -> Result<Map> {
    first(apply, |returner| Some(returner.get_jid?(apply, jid)))
}

fn get_jids(apply: &Apply<'_>) -> Result<Map> {
    first(apply, |returner| Some(returner.get_jids?(apply)))
}

fn first(apply: &Apply<'_>, ask: impl Fn(&Returner) -> Option<Result<Map>>) -> Result<Map> {
    for name in names(apply) {
        let found = find(&name).and_then(&ask).transpose()?.unwrap_or_default();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Map::new())
}
