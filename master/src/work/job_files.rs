//! A job's load where Salt's own Python clients look for it before they believe in a jid: `cachedir/jobs/xx/...`.
//! Salt: `salt/returners/local_cache.py`, `salt.utils.jid.jid_dir`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use halite_core::{Map, Opts, Result, Value};
use halite_render::files::{HashType, digest};
use halite_wire::msgpack::{self, Dialect};

use super::{Outcome, Shared};
use crate::core::ReqId;
use crate::private_file;

/// The folder of a job below `cachedir/jobs`, whether it is there or not; `None` if `hash_type` has no digest.
pub fn folder(opts: &Opts, jid: &str) -> Option<PathBuf> {
    let kind = HashType::parse(opts.str("hash_type")).unwrap_or_default();
    let hash = digest(kind, jid.as_bytes()).ok()?;
    let (first, rest) = hash.split_at_checked(2)?;
    Some(opts.path("cachedir").join("jobs").join(first).join(rest))
}

fn write(opts: &Opts, jid: &str, load: &Map, minions: &[String]) -> Result<()> {
    let Some(folder) = folder(opts, jid) else { return Ok(()) };
    private_file::make_dir(&folder)?;
    let encode = |value: Value| msgpack::encode(&value, Dialect::Bus);
    private_file::write_unsynced(&folder.join("jid"), jid.as_bytes(), 0o600)?;
    private_file::write_unsynced(
        &folder.join(".minions.p"),
        &encode(minions.to_vec().into()),
        0o600,
    )?;
    private_file::write_unsynced(&folder.join(".load.p"), &encode(load.clone().into()), 0o600)
}

/// Writes the files of a job and then answers.
pub(super) fn keep(
    (req, reply): (ReqId, Bytes),
    jid: &str,
    load: &Map,
    minions: &[String],
    shared: &Shared,
) -> Outcome {
    if let Err(error) = write(&shared.opts, jid, load, minions) {
        tracing::warn!(jid, %error, "Salt's own clients will not find this job");
    }
    Outcome { reply: Some((req, reply)), ..Outcome::default() }
}

/// Removes the files of jobs older than `keep_jobs_seconds`.
pub(super) fn prune(opts: &Opts) {
    let seconds = u64::try_from(opts.int("keep_jobs_seconds", 86_400)).unwrap_or(0);
    if seconds == 0 {
        return;
    }
    let old = |path: &Path| {
        let made = fs::metadata(path)
            .and_then(|stat| stat.modified())
            .unwrap_or_else(|_| SystemTime::now());
        made.elapsed().is_ok_and(|age| age > Duration::from_secs(seconds))
    };
    let list =
        |path: &Path| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    for first in list(&opts.path("cachedir").join("jobs")) {
        for folder in list(&first).filter(|folder| old(folder)) {
            if let Err(error) = fs::remove_dir_all(&folder) {
                tracing::warn!(path = %folder.display(), %error, "An old job cannot be removed");
            }
        }
        // Only an empty one goes.
        let _ = fs::remove_dir(&first);
    }
    let running = crate::runner::proc::running(opts);
    let runs = |folder: &Path| {
        let jid = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        running.iter().any(|job| job.get("jid").and_then(Value::as_str) == jid.as_deref())
    };
    for folder in list(&opts.path("cachedir").join("orchestrations")) {
        if old(&folder.join("main.jsonl")) && !runs(&folder) {
            if let Err(error) = fs::remove_dir_all(&folder) {
                tracing::warn!(path = %folder.display(), %error, "An old orchestration cannot be removed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::{Role, map};

    #[test]
    fn files_are_where_salts_clients_look() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let opts =
            Opts::from_map(Role::Master, map! {"cachedir" => dir.path(), "hash_type" => "sha256"});
        write(&opts, "20261122000000000000", &map! {"fun" => "test.ping"}, &["a".into()])
            .expect("writes");
        // hashlib.sha256(b"20261122000000000000").hexdigest()
        let hash = digest(HashType::Sha256, &b"20261122000000000000"[..]).expect("reads");
        let load = dir.path().join("jobs").join(&hash[..2]).join(&hash[2..]).join(".load.p");
        assert!(load.is_file());
        prune(&opts);
        assert!(load.is_file(), "young jobs stay");
        let past = SystemTime::now() - Duration::from_secs(90_000);
        let folder = load.parent().expect("has one");
        fs::File::open(folder).and_then(|file| file.set_modified(past)).expect("is set");
        prune(&opts);
        assert!(!folder.exists());
    }
}
