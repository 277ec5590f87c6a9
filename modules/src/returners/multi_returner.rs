//! `multi_returner`: several returners in one: those of the option `multi_returner`. Salt:
//! `salt/returners/multi_returner.py` behaviour.

use halite_core::{Apply, Error, Map, Result, Returner, Role};

use super::find;
use crate::give::{Gift, give};

/// The returner.
pub static MODULE: Returner = Returner {
    save_load: Some(save_load),
    get_load: Some(get_load),
    get_jid: Some(get_jid),
    get_jids: Some(get_jids),
    clean_old_jobs: Some(clean_old_jobs),
    ..Returner::new("multi_returner", returner)
};

/// The returners, without this one itself. A master keeps everything in its own store anyway.
fn names(apply: &Apply<'_>) -> Vec<String> {
    let mut names = apply.opts.list("multi_returner");
    let own = apply.opts.role() == Role::Master;
    names.retain(|name| name != MODULE.name && !(own && name == "local_cache"));
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

/// What all of them know; the later one wins.
fn get_load(apply: &Apply<'_>, jid: &str) -> Result<Map> {
    merged(apply, |returner| Some(returner.get_load?(apply, jid)))
}

fn get_jid(apply: &Apply<'_>, jid: &str) -> Result<Map> {
    merged(apply, |returner| Some(returner.get_jid?(apply, jid)))
}

fn get_jids(apply: &Apply<'_>) -> Result<Map> {
    merged(apply, |returner| Some(returner.get_jids?(apply)))
}

fn clean_old_jobs(apply: &Apply<'_>, before_secs: i64) -> Result<()> {
    let names = names(apply);
    let clean = |name: &str| Some(find(name)?.clean_old_jobs?(apply, before_secs));
    together(names.iter().filter_map(|name| Some((name, clean(name)?))))
}

fn merged(apply: &Apply<'_>, ask: impl Fn(&Returner) -> Option<Result<Map>>) -> Result<Map> {
    let mut all = Map::new();
    for name in names(apply) {
        all.extend(find(&name).and_then(&ask).transpose()?.unwrap_or_default());
    }
    Ok(all)
}
