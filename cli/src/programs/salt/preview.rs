//! Who would be meant: decided here, over the keys and the cached data, without sending anything.

use std::collections::BTreeMap;
use std::process::ExitCode;

use halite_core::target::{Known, Nodegroups};
use halite_core::{Map, MinionId, Opts, Result, Target, Value, map};
use halite_master::keys::{KeyState, KeyStore};
use halite_master::store::{GRAINS, PILLAR, Reader};

use super::Cli;
use super::request::Request;
use super::show::Shown;
use crate::client::JobSpec;
use crate::{exit, log, stamp};

/// What is known of one minion and the target.
struct Row {
    id: MinionId,
    /// Whether it is meant; `None` if data is missing that would tell.
    meant: Option<bool>,
    /// When its cached data was written, in microseconds since 1970.
    at: Option<i64>,
}

/// The ids that a job is meant for.
pub(super) fn meant(opts: &Opts, spec: &JobSpec) -> Result<Vec<String>> {
    let meant = rows(opts, spec)?.into_iter().filter(|row| row.meant == Some(true));
    Ok(meant.map(|row| row.id.to_string()).collect())
}

/// Prints who is meant; with `--preview` also by what, and who cannot be told.
pub(super) fn run(cli: &Cli, opts: &Opts, request: &Request) -> Result<ExitCode> {
    let shown = Shown::new(cli, opts);
    if cli.preview {
        let rows = rows(opts, &request.spec)?;
        shown.display(&explained(&request.spec, &rows), Some("nested"), 0)?;
        return Ok(ExitCode::from(exit::OK));
    }
    let ids = meant(opts, &request.spec)?;
    if ids.is_empty() {
        log::complain("ERROR: No return received");
        return Ok(ExitCode::from(exit::REFUSED));
    }
    let ids: Vec<Value> = ids.into_iter().map(Value::from).collect();
    shown.display(&ids.into(), Some("nested"), 0)?;
    Ok(ExitCode::from(exit::OK))
}

fn rows(opts: &Opts, spec: &JobSpec) -> Result<Vec<Row>> {
    let groups: Nodegroups =
        opts.map("nodegroups").into_iter().map(|(name, group)| (name.to_string(), group)).collect();
    let delimiter = spec.kwargs.get("delimiter").and_then(Value::as_str);
    let target = Target::parse(&spec.tgt, &spec.tgt_type, delimiter, &groups)?;
    // Another master than ours keeps no such store: then nothing is known but the ids.
    let store = Reader::open(opts).ok();
    let ids = KeyStore::open(opts)?.list(KeyState::Accepted)?;
    let row = |id: MinionId| {
        let data = |bank: &str| store.as_ref()?.fetch(bank, id.as_str()).ok()?;
        let (grains, pillar) = (data(GRAINS), data(PILLAR));
        let of = |entry: &'_ Option<(i64, Map)>| entry.as_ref().map(|(at, _)| *at);
        let at = of(&grains).or_else(|| of(&pillar));
        let known = Known {
            id: &id,
            grains: grains.as_ref().map(|(_, data)| data),
            pillar: pillar.as_ref().map(|(_, data)| data),
        };
        Row { meant: target.decide(&known), at, id: id.clone() }
    };
    Ok(ids.into_iter().map(row).collect())
}

/// The explanation, as data for an outputter.
fn explained(spec: &JobSpec, rows: &[Row]) -> Value {
    let by = match spec.tgt_type.as_str() {
        "glob" | "pcre" | "list" | "range" => "id",
        _ => "cached data",
    };
    let now = jiff::Timestamp::now().as_microsecond();
    let mut meant = BTreeMap::new();
    let mut unknown = Vec::new();
    for row in rows {
        let why = match row.at {
            _ if by == "id" => "by its id".to_owned(),
            Some(at) => {
                let age = stamp::age((now - at) / 1_000_000);
                format!("by cached data of {}, {age} old", stamp::local(at))
            }
            None => "by its id".to_owned(),
        };
        match row.meant {
            Some(true) => drop(meant.insert(row.id.to_string(), Value::from(why))),
            Some(false) => {}
            None => unknown.push(Value::from(&row.id)),
        }
    }
    map! {
        "target" => spec.tgt.clone(),
        "kind" => spec.tgt_type.as_str(),
        "accepted minions" => rows.len(),
        "would be asked" => Value::map(meant),
        "unknown, no cached data" => unknown,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::Role;

    #[test]
    fn ids_are_told_from_keys_alone_and_missing_data_is_named() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = KeyStore::at(&dir.path().join("pki")).expect("is made");
        for name in ["web1", "db1"] {
            let id = MinionId::parse(name).expect("is an id");
            store.put(KeyState::Accepted, &id, "key").expect("is stored");
        }
        let values = map! {"pki_dir" => dir.path().join("pki"), "cachedir" => dir.path()};
        let opts = Opts::from_map(Role::Master, values);
        let spec = |kind: &str, tgt: &str| JobSpec {
            tgt: tgt.into(),
            tgt_type: kind.into(),
            ..JobSpec::default()
        };
        assert_eq!(meant(&opts, &spec("glob", "web*")).expect("tells"), ["web1"]);
        let spec = spec("grain", "os:Debian");
        assert!(meant(&opts, &spec).expect("tells").is_empty());
        let text = explained(&spec, &rows(&opts, &spec).expect("tells"));
        let unknown = text.get("unknown, no cached data").map(Value::repr);
        assert_eq!(unknown.as_deref(), Some("['db1', 'web1']"));
    }
}
