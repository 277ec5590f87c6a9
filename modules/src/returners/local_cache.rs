//! `local_cache`: returns in files below `cachedir/jobs`, a folder for each job. Salt: `salt/returners/local_cache.py`.

use std::path::{Path, PathBuf};

use halite_core::{Apply, Error, Jid, Map, MinionId, Result, Returner, Value};

use crate::support::digest::{digest, hex};

/// The returner.
pub static MODULE: Returner = Returner {
    save_load: Some(save_load),
    get_load: Some(get_load),
    get_jid: Some(get_jid),
    get_jids: Some(get_jids),
    ..Returner::new("local_cache", returner)
};

/// What is kept of a return.
const KEPT: [&str; 3] = ["return", "retcode", "success"];

fn jobs(apply: &Apply<'_>) -> PathBuf {
    apply.opts.path("cachedir").join("jobs")
}

/// Where a job is. Salt: `salt.utils.jid.jid_dir`.
fn folder(apply: &Apply<'_>, jid: &str) -> Result<PathBuf> {
    let kind = apply.opts.str("hash_type");
    let digest = digest(kind, jid.as_bytes())
        .ok_or_else(|| Error::execution(format!("hash_type: `{kind}` is not known")))?;
    let name = hex(&digest);
    Ok(jobs(apply).join(&name[..2]).join(&name[2..]))
}

fn write(apply: &Apply<'_>, path: &Path, value: &Value) -> Result<()> {
    let above: Vec<&Path> =
        path.ancestors().skip(1).take_while(|at| !apply.host.exists(at)).collect();
    above.into_iter().rev().try_for_each(|at| apply.host.create_dir(at, Some(0o700)))?;
    apply.host.write_atomic(path, &apply.services.pack(value)?, Some(0o600))
}

/// What a file holds; `None` if it is not there.
fn read(apply: &Apply<'_>, path: &Path) -> Result<Option<Value>> {
    match apply.host.exists(path) {
        true => apply.services.unpack(&apply.host.read(path)?).map(Some),
        false => Ok(None),
    }
}

fn returner(apply: &Apply<'_>, ret: &Map) -> Result<()> {
    let text = |key: &str| ret.get(key).map(Value::to_string).unwrap_or_default();
    let (jid, id) = (text("jid"), MinionId::parse(&text("id"))?);
    let folder = folder(apply, &jid)?;
    let own = folder.join(id.as_str());
    if apply.host.exists(&folder.join("nocache")) || apply.host.exists(&own) {
        return Ok(());
    }
    let kept = KEPT.iter().filter_map(|key| Some(((*key).into(), ret.get(*key)?.clone())));
    write(apply, &own.join("return.p"), &kept.collect::<Map>().into())?;
    match ret.get("out") {
        Some(out) => write(apply, &own.join("out.p"), out),
        None => Ok(()),
    }
}

fn save_load(apply: &Apply<'_>, jid: &str, load: &Map) -> Result<()> {
    write(apply, &folder(apply, jid)?.join(".load.p"), &load.clone().into())
}

fn get_load(apply: &Apply<'_>, jid: &str) -> Result<Map> {
    let load = read(apply, &folder(apply, jid)?.join(".load.p"))?;
    Ok(load.as_ref().and_then(Value::as_map).cloned().unwrap_or_default())
}

fn get_jid(apply: &Apply<'_>, jid: &str) -> Result<Map> {
    let folder = folder(apply, jid)?;
    let mut found = Map::new();
    for id in apply.host.read_dir(&folder).unwrap_or_default() {
        let own = folder.join(&id);
        if id.starts_with('.') {
            continue;
        }
        let Some(kept) = read(apply, &own.join("return.p"))? else { continue };
        let mut kept = kept.as_map().cloned().unwrap_or_default();
        if let Some(out) = read(apply, &own.join("out.p"))? {
            kept.insert("out".into(), out);
        }
        found.insert(id.into(), kept.into());
    }
    Ok(found)
}

fn get_jids(apply: &Apply<'_>) -> Result<Map> {
    let (jobs, mut found) = (jobs(apply), Map::new());
    for top in apply.host.read_dir(&jobs).unwrap_or_default() {
        for rest in apply.host.read_dir(&jobs.join(&top)).unwrap_or_default() {
            let load = read(apply, &jobs.join(&top).join(rest).join(".load.p"))?;
            let Some(load) = load.as_ref().and_then(Value::as_map) else { continue };
            let jid = load.get("jid").map(Value::to_string).unwrap_or_default();
            if Jid::parse(&jid).is_ok() {
                found.insert(jid.into(), load.clone().into());
            }
        }
    }
    Ok(found)
}
