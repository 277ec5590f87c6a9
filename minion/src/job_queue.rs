//! Jobs that wait because enough run already, on disk: a restart does not lose them.
//! Salt: `Minion._queue_job` behaviour; the folder and its files are Salt's.

use std::fs;
use std::path::{Path, PathBuf};

use halite_core::Opts;
use halite_core::host::{Read as _, RealHost, Write as _};
use halite_wire::limits::Limits;
use halite_wire::load::PublishLoad;
use halite_wire::msgpack::{self, Dialect};

use crate::core::Waits;
use crate::limits;
use crate::store::make_private_dir;

/// Mode of the files.
const PRIVATE: u32 = 0o600;
/// Largest file that is read, bytes.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The folder of waiting jobs.
pub(crate) struct JobQueue(PathBuf);

/// A job that waits, with its file if that could be written.
pub(crate) struct Waiting {
    /// The job.
    pub(crate) load: PublishLoad,
    file: Option<PathBuf>,
}

impl Waits for Waiting {
    fn load(&self) -> &PublishLoad {
        &self.load
    }
}

impl Waiting {
    /// The job is to run: it waits no more.
    pub(crate) fn release(self) -> PublishLoad {
        if let Some(file) = &self.file {
            // A file that stays would have it run again after a restart.
            if let Err(error) = fs::remove_file(file) {
                tracing::error!("job {} stays in the queue on disk: {error}", self.load.jid);
            }
        }
        self.load
    }

    /// Whether it is there after a restart.
    pub(crate) fn is_kept(&self) -> bool {
        self.file.is_some()
    }
}

impl JobQueue {
    /// The queue below `cachedir`, by the master's name.
    pub(crate) fn new(opts: &Opts) -> JobQueue {
        let folder = match opts.list("master").join(",") {
            empty if empty.is_empty() => "_default".into(),
            name => folder_name(&name),
        };
        JobQueue(opts.path("cachedir").join("queues").join(folder).join("job_queue"))
    }

    /// Takes a job in.
    pub(crate) fn take(&self, load: PublishLoad) -> Waiting {
        let file = self.write(&load).map_err(|error| {
            tracing::error!("job {} waits in memory only: {error}", load.jid);
        });
        Waiting { load, file: file.ok() }
    }

    fn write(&self, load: &PublishLoad) -> halite_core::Result<PathBuf> {
        make_private_dir(&self.0)?;
        let host = RealHost::new();
        let path = self.0.join(format!("queued_{}_{}.p", host.now_micros(), load.jid));
        let bytes = msgpack::encode(&load.to_load().into(), Dialect::Network);
        host.write_atomic(&path, &bytes, Some(PRIVATE))?;
        Ok(path)
    }

    /// What an earlier run left, oldest first. A lock that a Salt minion left beside it is taken away: nobody holds it
    /// any more, and whoever goes back to Salt would wait for it.
    pub(crate) fn left(&self) -> Vec<Waiting> {
        if let Some(beside) = self.0.parent() {
            // Mostly there is none.
            let _ = fs::remove_file(beside.join("queue.lock"));
        }
        let names = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> =
            names.filter(|name| name.starts_with("queued_") && name.ends_with(".p")).collect();
        names.sort();
        let most = limits::JOBS_WAITING.min(names.len());
        names.drain(..most).filter_map(|name| read(&self.0.join(name))).collect()
    }
}

/// The name of a master as a folder's. Salt: `salt.utils.state._sanitize_master_id`.
pub(crate) fn folder_name(master: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    match master.chars().map(safe).collect::<String>() {
        // They would lead elsewhere.
        dots if matches!(dots.as_str(), "." | "..") => "_".into(),
        name => name,
    }
}

fn read(path: &Path) -> Option<Waiting> {
    let load = fs::metadata(path).ok().filter(|stat| stat.len() <= FILE_BYTES).and_then(|_| {
        let bytes = fs::read(path).ok()?;
        let value = msgpack::decode(&bytes, Dialect::Network, &Limits::ACCEPTED).ok()?;
        PublishLoad::parse(value.as_map().cloned()?).ok()
    });
    match load {
        Some(load) => Some(Waiting { load, file: Some(path.to_owned()) }),
        None => {
            tracing::error!("{} is no waiting job that can be read: removed", path.display());
            // It may be gone already.
            let _ = fs::remove_file(path);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use halite_core::{Role, Value, map};

    use super::*;

    fn load(jid: &str) -> PublishLoad {
        let load = map! {"fun" => "test.ping", "arg" => Value::list([]), "tgt" => "*", "jid" => jid, "user" => "root"};
        PublishLoad::parse(load).expect("is a job")
    }

    #[test]
    fn waiting_jobs_come_back_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let opts = map! {"cachedir" => folder.path(), "master" => "salt.example.org:4506"};
        let queue = JobQueue::new(&Opts::from_map(Role::Minion, opts));
        assert!(queue.0.ends_with("queues/salt.example.org_4506/job_queue"));
        for jid in ["20261122000000000002", "20261122000000000001"] {
            assert!(queue.take(load(jid)).is_kept());
            std::thread::sleep(std::time::Duration::from_micros(2));
        }
        fs::write(queue.0.join("queued_0_x.p"), "no job").expect("writes");
        let lock = queue.0.with_file_name("queue.lock");
        fs::write(&lock, "stale").expect("writes");
        let mut left = queue.left().into_iter();
        let first = left.next().expect("is there").release();
        assert_eq!(first.jid.as_str(), "20261122000000000002");
        assert_eq!(left.count(), 1);
        assert!(!lock.exists());
        assert_eq!(queue.left().len(), 1, "what runs and what is none are gone");
    }

    #[test]
    fn no_master_name_leaves_the_folder() {
        assert_eq!([folder_name(".."), folder_name("../x")], ["_", ".._x"]);
    }
}
