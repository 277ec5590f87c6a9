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
        Ok(Store { spool, window: cache.join("jobs_seen") })
    }

    /// Names of the returns that an earlier run left, oldest first.
    pub(crate) fn returns(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.spool).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        // A file that is no job's was cut off while it was written.
        let mut names: Vec<String> = names.filter(|name| Jid::parse(name).is_ok()).collect();
        names.sort();
        names.truncate(limits::SPOOL_RETURNS);
        names
    }

    /// Keeps a return; without it a crash loses the return, so a failure is only logged.
    pub(crate) fn spool(&self, name: &str, load: &Map) {
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
        store.spool(jid, &load);
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
        store.spool(jid, &map! {"jid" => jid});
        let other = Store::open(&opts, Some("b")).expect("opens");
        assert_eq!(
            other.returns(),
            Vec::<String>::new(),
            "what one master is owed is not the other's"
        );
    }
}
