//! Reading jobs and their returns.

use halite_core::{Map, Result, Value};
use rusqlite::{Row, params};

use super::{Reader, decode, decode_map};

/// A job as it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id.
    pub jid: String,
    /// When it began, microseconds since 1970 UTC.
    pub at: i64,
    /// When the last return came.
    pub ended: Option<i64>,
    /// `fun`, `arg`, `tgt`, `tgt_type`, `user`, `ret` and what else was asked for.
    pub load: Map,
    /// Who was expected to return.
    pub minions: Vec<String>,
}

/// A job without its minions.
pub type JobSummary = (String, Map);

/// What a minion returned.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredReturn {
    /// The job.
    pub jid: String,
    /// The minion.
    pub id: String,
    /// When it came, microseconds since 1970 UTC.
    pub at: i64,
    /// `return`, `retcode`, `success`, `out`, `fun`, `fun_args`.
    pub ret: Map,
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_list().unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

pub(super) fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        jid: row.get(0)?,
        at: row.get(1)?,
        ended: row.get(2)?,
        load: decode_map(row.get_ref(3)?.as_blob()?),
        minions: texts(&decode(row.get_ref(4)?.as_blob()?)),
    })
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredReturn> {
    Ok(StoredReturn {
        jid: row.get(0)?,
        id: row.get(1)?,
        at: row.get(2)?,
        ret: decode_map(row.get_ref(3)?.as_blob()?),
    })
}

pub(super) const JOB: &str = "SELECT jid, at, ended, load, minions FROM jobs";
const RETURN: &str = "SELECT jid, id, at, ret FROM returns";

impl Reader {
    /// One job.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn job(&self, jid: &str) -> Result<Option<Job>> {
        let read = || -> rusqlite::Result<Option<Job>> {
            let mut query = self.connection.prepare_cached(&format!("{JOB} WHERE jid = ?"))?;
            query.query_map(params![jid], job)?.next().transpose()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// The newest jobs, at most `limit`, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn jobs(&self, limit: usize) -> Result<Vec<Job>> {
        let read = || -> rusqlite::Result<Vec<Job>> {
            let sql = format!("SELECT * FROM ({JOB} ORDER BY at DESC LIMIT ?) ORDER BY at, jid");
            let mut query = self.connection.prepare_cached(&sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            query.query_map(params![limit], job)?.collect()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Gives the returns of a minion to `visit`, newest first, until it says false.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn returns_of(&self, id: &str, mut visit: impl FnMut(StoredReturn) -> bool) -> Result<()> {
        let mut read = || -> rusqlite::Result<()> {
            let sql = format!("{RETURN} WHERE id = ? ORDER BY at DESC");
            let mut query = self.connection.prepare_cached(&sql)?;
            let mut rows = query.query(params![id])?;
            while let Some(row) = rows.next()? {
                if !visit(stored(row)?) {
                    break;
                }
            }
            Ok(())
        };
        read().map_err(|error| self.failed(&error))
    }

    /// The returns of one job, by id.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn returns(&self, jid: &str) -> Result<Vec<StoredReturn>> {
        let read = || -> rusqlite::Result<Vec<StoredReturn>> {
            let mut query =
                self.connection.prepare_cached(&format!("{RETURN} WHERE jid = ? ORDER BY id"))?;
            query.query_map(params![jid], stored)?.collect()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// The ids that returned one job, without what they returned.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn returned(&self, jid: &str) -> Result<Vec<String>> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut query =
                self.connection.prepare_cached("SELECT id FROM returns WHERE jid = ?")?;
            query.query_map(params![jid], |row| row.get(0))?.collect()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// The newest return of `id` for the function `fun`.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn last_return(&self, id: &str, fun: &str) -> Result<Option<StoredReturn>> {
        let read = || -> rusqlite::Result<Option<StoredReturn>> {
            let sql = format!("{RETURN} WHERE id = ? ORDER BY at DESC");
            let mut query = self.connection.prepare_cached(&sql)?;
            for found in query.query_map(params![id], stored)? {
                let found = found?;
                if found.ret.get("fun").and_then(Value::as_str) == Some(fun) {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        };
        read().map_err(|error| self.failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{GRAINS, MINE, Readers, Write, Writer};
    use halite_core::map;
    use std::os::unix::fs::PermissionsExt;

    fn store() -> (tempfile::TempDir, Writer, Readers) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("master.db");
        let (writer, _) = Writer::start(&path).expect("opens");
        let readers = Readers::new(path, writer.clone());
        (dir, writer, readers)
    }

    fn began(jid: &str, at: i64) -> Write {
        let load = map! {"fun" => "test.ping", "tgt" => "*"};
        Write::Job { jid: jid.into(), at, load, minions: vec!["a".into(), "b".into()] }
    }

    fn returned(jid: &str, id: &str, at: i64, ret: &str) -> Write {
        let ret = map! {"return" => ret, "fun" => "test.ping"};
        Write::Return { jid: jid.into(), id: id.into(), at, ret }
    }

    #[test]
    fn a_job_and_its_returns_are_read_back() {
        let (dir, writer, readers) = store();
        for write in
            [began("1", 10), returned("1", "a", 20, "first"), returned("1", "a", 30, "second")]
        {
            writer.write(write).expect("is taken");
        }
        let job = readers.with(|r| r.job("1")).expect("reads").expect("is there");
        assert_eq!((job.at, job.minions), (10, vec!["a".to_owned(), "b".to_owned()]));
        let returns = readers.with(|r| r.returns("1")).expect("reads");
        assert_eq!(returns.len(), 1, "a repeated return is one return");
        assert_eq!(returns[0].ret.get("return"), Some(&"first".into()));
        let last = readers.with(|r| r.last_return("a", "test.ping")).expect("reads");
        assert_eq!(last.map(|found| found.jid), Some("1".into()));
        assert_eq!(readers.with(|r| r.last_return("a", "x.y")).expect("reads"), None);
        for file in std::fs::read_dir(dir.path()).expect("lists").flatten() {
            let mode = file.metadata().expect("is there").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", file.file_name());
        }
    }

    #[test]
    fn old_jobs_go_with_their_returns() {
        let (_dir, writer, readers) = store();
        for write in [
            began("1", 10),
            returned("1", "a", 99, "x"),
            began("2", 50),
            returned("2", "a", 99, "x"),
        ] {
            writer.write(write).expect("is taken");
        }
        writer.write(Write::Prune { before: 50 }).expect("is taken");
        let left: Vec<String> =
            readers.with(|r| r.jobs(10)).expect("reads").into_iter().map(|job| job.jid).collect();
        assert_eq!(left, ["2"]);
        assert!(readers.with(|r| r.returned("1")).expect("reads").is_empty());
        assert_eq!(readers.with(|r| r.returned("2")).expect("reads"), ["a"]);
    }

    #[test]
    fn banks_are_put_merged_and_emptied() {
        let (_dir, writer, readers) = store();
        let key = || "a".to_owned();
        let fetch = || readers.with(|r| r.fetch(MINE, "a")).expect("reads").map(|(_, data)| data);
        for write in [
            Write::Put { bank: MINE, key: key(), at: 1, data: map! {"x" => 1, "y" => 2} },
            Write::Merge { bank: MINE, key: key(), at: 2, data: map! {"y" => 3, "z" => 4} },
            Write::RemoveField { bank: MINE, key: key(), field: "x".into() },
            Write::Merge { bank: GRAINS, key: key(), at: 2, data: map! {"os" => "Debian"} },
        ] {
            writer.write(write).expect("is taken");
        }
        assert_eq!(fetch(), Some(map! {"y" => 3, "z" => 4}));
        writer.write(Write::Remove { bank: MINE, key: Some(key()) }).expect("is taken");
        assert_eq!(fetch(), None);
        assert_eq!(readers.with(|r| r.keys(GRAINS)).expect("reads"), ["a"]);
        let mut seen = Vec::new();
        readers
            .with(|r| r.each(GRAINS, |key, data| seen.push((key.to_owned(), data.len()))))
            .expect("reads");
        assert_eq!(seen, [("a".to_owned(), 1)]);
    }

    #[test]
    fn another_layout_is_not_touched() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("master.db");
        let other = rusqlite::Connection::open(&path).expect("opens");
        other.execute_batch("PRAGMA user_version=99").expect("is set");
        assert!(Writer::start(&path).err().expect("is refused").to_string().contains("layout 99"));
    }
}
