//! What the minion keeps on disk between runs: jobs seen, returns not yet taken.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use halite_core::host::{RealHost, Write as _};
use halite_core::{Error, Jid, Map, Opts, Result, Value, map};
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect};
use halite_wire::session::SerialMark;

use crate::core::Window;
use crate::limits;

/// Mode of files with returns in them.
const PRIVATE: u32 = 0o600;
/// Mode of folders with private files in them.
const PRIVATE_DIR: u32 = 0o700;

/// A value as cache files hold it.
pub(crate) fn pack(value: &Value) -> Vec<u8> {
    msgpack::encode(value, Dialect::Bus)
}

/// What a cache file holds.
///
/// # Errors
/// If that is nothing whole.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Value> {
    msgpack::decode(bytes, Dialect::Bus, &Limits::ACCEPTED)
        .map_err(|why| Error::execution(why.to_string()))
}

/// The folders and files under `cachedir`.
pub(crate) struct Store {
    spool: PathBuf,
    refused: PathBuf,
    window: PathBuf,
}

impl Store {
    /// Makes the folders; of several links to masters each has its own.
    ///
    /// # Errors
    /// Names the folder that cannot be made.
    pub(crate) fn open(opts: &Opts, link: Option<&str>) -> Result<Store> {
        let cache = opts.path("cachedir");
        make_private_dir(&cache)?;
        make_private_dir(&cache.join("proc"))?;
        let cache = match link {
            Some(link) => cache.join("masters").join(link),
            None => cache,
        };
        let spool = cache.join("returns");
        make_private_dir(&spool)?;
        Ok(Store { spool, refused: cache.join("returns_refused"), window: cache.join("jobs_seen") })
    }

    /// Names of the returns that an earlier run left, oldest first.
    pub(crate) fn returns(&self) -> Vec<String> {
        let mut names = names(&self.spool);
        names.truncate(limits::SPOOL_RETURNS);
        names
    }

    /// Keeps a return; false if the disk does not take it, which is logged.
    pub(crate) fn spool(&self, name: &str, load: &Map) -> bool {
        let bytes = msgpack::encode(&Value::from(load.clone()), Dialect::Bus);
        let (path, temp) = (self.spool.join(name), self.spool.join(format!(".{name}")));
        let mut options = fs::OpenOptions::new();
        let open = options.create(true).truncate(true).write(true).mode(PRIVATE).open(&temp);
        let written = open
            .and_then(|mut file| io::Write::write_all(&mut file, &bytes))
            .and_then(|()| fs::rename(&temp, &path));
        if let Err(error) = written {
            // A piece of a file on a full disk must not stay.
            let _ = fs::remove_file(&temp);
            let error = Error::file("write", &path, error);
            tracing::error!("the return of job {name} is not kept on disk: {error}");
            return false;
        }
        true
    }

    /// The path by which [`sync`] finds a return.
    pub(crate) fn return_path(&self, name: &str) -> PathBuf {
        self.spool.join(name)
    }

    /// Puts a return aside that the master will not have; of too many the oldest goes.
    pub(crate) fn bury(&self, name: &str) {
        let done = make_private_dir(&self.refused).and_then(|()| {
            let old = names(&self.refused);
            for name in old.iter().take((old.len() + 1).saturating_sub(limits::RETURNS_REFUSED)) {
                tracing::error!(
                    "more than {} refused returns: that of job {name} is dropped",
                    limits::RETURNS_REFUSED
                );
                let _ = fs::remove_file(self.refused.join(name));
            }
            let to = self.refused.join(name);
            fs::rename(self.spool.join(name), &to).map_err(|error| Error::file("write", &to, error))
        });
        match done {
            Ok(()) => tracing::error!("the return of job {name} is in {}", self.refused.display()),
            // It stays where it is, and is offered again after the next start.
            Err(error) => tracing::error!("the return of job {name} cannot be put aside: {error}"),
        }
    }

    /// Reads a return back.
    pub(crate) fn unspool(&self, name: &str) -> Option<Map> {
        let bytes = fs::read(self.spool.join(name)).ok()?;
        let value = msgpack::decode(&bytes, Dialect::Bus, &Limits::ACCEPTED).ok()?;
        value.as_map().cloned()
    }

    /// Forgets a return.
    pub(crate) fn drop_return(&self, name: &str) {
        // It is not there if it could not be written.
        let _ = fs::remove_file(self.spool.join(name));
    }

    /// Keeps the jobs seen, so that a restart does not run them again.
    pub(crate) fn keep_window(&self, (window, mark): (&Window, Option<SerialMark>)) {
        let jids: Vec<Value> = window.jids().map(Value::str).collect();
        let mut kept = map! {"jids" => jids};
        if let Some(mark) = mark {
            kept.insert("key".into(), mark.key.into());
            kept.insert("serial".into(), mark.serial.into());
        }
        let bytes = msgpack::encode(&kept.into(), Dialect::Bus);
        if let Err(error) = RealHost::new().write_atomic(&self.window, &bytes, Some(PRIVATE)) {
            tracing::warn!("{error}");
        }
    }

    /// The jobs seen before.
    pub(crate) fn window(&self, most: usize) -> (Window, Option<SerialMark>) {
        let kept = fs::read(&self.window).ok();
        let kept = kept.and_then(|b| msgpack::decode(&b, Dialect::Bus, &Limits::ACCEPTED).ok());
        let kept = kept.unwrap_or_default();
        let jids = kept.get("jids").and_then(Value::as_list).unwrap_or_default();
        let window = Window::from_jids(jids.iter().filter_map(Value::as_str), most);
        let mark = || {
            let key = kept.get("key")?.as_str()?.to_owned();
            let serial = u64::try_from(kept.get("serial")?.as_i64()?).ok()?;
            Some(SerialMark { key, serial })
        };
        (window, mark())
    }
}

/// The returns in a folder, oldest first.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    // A file that is no job's was cut off while it was written.
    let mut names: Vec<String> = names.filter(|name| Jid::parse(name).is_ok()).collect();
    names.sort();
    names
}

/// Sees to it that a file and its name outlive a power cut. Waits for the disk.
pub(crate) fn sync(path: &Path) {
    let folder = path.parent().unwrap_or(Path::new("."));
    for path in [path, folder] {
        match fs::File::open(path).and_then(|file| file.sync_all()) {
            // The master has taken it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                return tracing::warn!("{} may not outlive a power cut: {error}", path.display());
            }
            Ok(()) => {}
        }
    }
}

/// Makes a folder that only its owner may look into; those above it get the usual mode.
///
/// # Errors
/// Names the folder.
pub(crate) fn make_private_dir(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let fail = |error| Error::file("make", path, error);
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        fs::create_dir_all(above).map_err(fail)?;
    }
    match fs::DirBuilder::new().mode(PRIVATE_DIR).create(path) {
        // Another process of ours made it in this moment.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(fail),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use halite_core::Role;

    use super::*;

    #[test]
    fn returns_and_jobs_seen_come_back_from_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = folder.path().join("a/cache");
        let opts = Opts::from_map(Role::Minion, map! {"cachedir" => cache.as_path()});
        let store = Store::open(&opts, None).expect("opens");
        let jid = "20261122000000000001";
        let load = map! {"jid" => jid, "return" => vec![1, 2]};
        assert!(store.spool(jid, &load));
        sync(&store.return_path(jid));
        sync(&store.return_path("20261122000000000002"));
        let mark = SerialMark { key: "k".into(), serial: 7 };
        store.keep_window((&Window::from_jids([jid], 10), Some(mark.clone())));

        let store = Store::open(&opts, None).expect("opens again");
        assert_eq!(store.returns(), [jid]);
        assert_eq!(store.unspool(jid), Some(load));
        let (window, kept) = store.window(10);
        assert_eq!(window.jids().collect::<Vec<_>>(), [jid]);
        assert_eq!(kept, Some(mark));
        let stat = fs::metadata(cache.join("returns").join(jid)).expect("is there");
        assert_eq!(stat.permissions().mode() & 0o777, 0o600);
        store.drop_return(jid);
        assert_eq!(store.returns(), Vec::<String>::new());
        assert_eq!(store.unspool(jid), None);
        assert!(store.spool(jid, &map! {"jid" => jid}));
        let other = Store::open(&opts, Some("b")).expect("opens");
        assert_eq!(
            other.returns(),
            Vec::<String>::new(),
            "what one master is owed is not the other's"
        );
    }

    #[test]
    fn refused_returns_are_put_aside_and_only_so_many() {
        let folder = tempfile::tempdir().expect("a folder");
        let opts = Opts::from_map(Role::Minion, map! {"cachedir" => folder.path()});
        let store = Store::open(&opts, None).expect("opens");
        for number in 0..limits::RETURNS_REFUSED + 3 {
            let jid = format!("20261122000000{number:06}");
            assert!(store.spool(&jid, &map! {"jid" => jid.as_str()}));
            store.bury(&jid);
        }
        let aside = names(&folder.path().join("returns_refused"));
        assert_eq!((aside.len(), store.returns().len()), (limits::RETURNS_REFUSED, 0));
        assert_eq!(aside[0], "20261122000000000003", "the oldest went");
    }
}
