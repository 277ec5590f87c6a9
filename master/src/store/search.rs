//! Finding jobs among millions: by time, function and target, over indexes, without reading the others.

use std::ops::ControlFlow;

use halite_core::glob::fnmatch;
use halite_core::{Result, Value};
use rusqlite::{Connection, params};

use super::jobs::{JOB, Job, job};
use super::{Reader, decode_map};

/// Different functions or targets that are looked through for a glob; with more of them every job is read.
const DIFFERENT: usize = 10_000;

/// What a search is narrowed by; an empty list narrows nothing. Times are microseconds since 1970 UTC.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Not before.
    pub from: Option<i64>,
    /// Not after.
    pub to: Option<i64>,
    /// Globs, of which one must match the function.
    pub functions: Vec<String>,
    /// Globs, of which one must match the target, or one of a list.
    pub targets: Vec<String>,
}

impl Search {
    /// Whether a job fits.
    pub(crate) fn takes(&self, job: &Job) -> bool {
        let any = |globs: &[String], name: &str| {
            let texts = match job.load.get(name) {
                Some(Value::List(items)) => items.iter().map(ToString::to_string).collect(),
                Some(other) => vec![other.to_string()],
                None => Vec::new(),
            };
            let hit = |text: &String| globs.iter().any(|glob| fnmatch(text, glob));
            globs.is_empty() || texts.iter().any(hit)
        };
        any(&self.targets, "tgt")
            && any(&self.functions, "fun")
            && self.from.is_none_or(|from| job.at >= from)
            && self.to.is_none_or(|to| job.at <= to)
    }
}

/// Adds what later versions search by to a file of an earlier one, and fills it from what is there.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    let known: i64 = connection.query_row(
        "SELECT count(*) FROM pragma_table_info('jobs') WHERE name IN ('fun', 'tgt')",
        [],
        |row| row.get(0),
    )?;
    if known == 0 {
        let change = connection.unchecked_transaction()?;
        change.execute_batch(
            "ALTER TABLE jobs ADD COLUMN fun TEXT; ALTER TABLE jobs ADD COLUMN tgt TEXT;",
        )?;
        let mut all = change.prepare("SELECT jid, load FROM jobs")?;
        let mut fill = change.prepare("UPDATE jobs SET fun = ?, tgt = ? WHERE jid = ?")?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let load = decode_map(row.get_ref(1)?.as_blob()?);
            let jid: String = row.get(0)?;
            fill.execute(params![column(&load, "fun"), column(&load, "tgt"), jid])?;
        }
        drop(rows);
        drop((all, fill));
        change.commit()?;
    }
    connection.execute_batch(
        "CREATE INDEX IF NOT EXISTS jobs_fun ON jobs (fun, at);
         CREATE INDEX IF NOT EXISTS jobs_tgt ON jobs (tgt, at);",
    )
}

/// What stands in a column that is searched; `None` for lists, which are looked at one by one.
pub(super) fn column<'a>(load: &'a halite_core::Map, name: &str) -> Option<&'a str> {
    load.get(name).and_then(Value::as_str)
}

impl Reader {
    /// Gives the jobs that fit to `visit`, newest first, until it breaks off.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn search(&self, search: &Search, visit: impl FnMut(Job) -> ControlFlow<()>) -> Result<()> {
        self.find(search, visit).map_err(|error| self.failed(&error))
    }

    fn find(
        &self,
        search: &Search,
        mut visit: impl FnMut(Job) -> ControlFlow<()>,
    ) -> rusqlite::Result<()> {
        let (from, to) = (search.from.unwrap_or(i64::MIN), search.to.unwrap_or(i64::MAX));
        let narrowed = match self.candidates("fun", &search.functions, from, to)? {
            Some(found) => Some(found),
            None => self.candidates("tgt", &search.targets, from, to)?,
        };
        let mut give = |job: Job| !search.takes(&job) || visit(job).is_continue();
        if let Some(mut found) = narrowed {
            found.sort_unstable();
            let mut one = self.connection.prepare_cached(&format!("{JOB} WHERE jid = ?"))?;
            for (_, jid) in found.iter().rev() {
                // A job may have been forgotten since.
                let job = one.query_map(params![jid], job)?.next().transpose()?;
                if job.is_some_and(|job| !give(job)) {
                    break;
                }
            }
            return Ok(());
        }
        let sql = format!("{JOB} WHERE at >= ? AND at <= ? ORDER BY at DESC, jid DESC");
        let mut query = self.connection.prepare_cached(&sql)?;
        let mut rows = query.query(params![from, to])?;
        while let Some(row) = rows.next()? {
            if !give(job(row)?) {
                break;
            }
        }
        Ok(())
    }

    /// The jobs whose column fits one of the globs, or may: lists are in it as well. `None` if the index does not help.
    fn candidates(
        &self,
        column: &str,
        globs: &[String],
        from: i64,
        to: i64,
    ) -> rusqlite::Result<Option<Vec<(i64, String)>>> {
        if globs.is_empty() {
            return Ok(None);
        }
        let Some(different) = self.different(column)? else { return Ok(None) };
        let fits = |text: &String| globs.iter().any(|glob| fnmatch(text, glob));
        let wanted = different.into_iter().filter(fits).map(Some).chain([None]);
        let sql = format!("SELECT at, jid FROM jobs WHERE {column} IS ? AND at >= ? AND at <= ?");
        let mut query = self.connection.prepare_cached(&sql)?;
        let mut found = Vec::new();
        for text in wanted {
            for row in
                query.query_map(params![text, from, to], |row| Ok((row.get(0)?, row.get(1)?)))?
            {
                found.push(row?);
            }
        }
        Ok(Some(found))
    }

    /// The different texts of a column, by jumps over its index. `None` if there are too many, or in a file that a
    /// master of an earlier version made.
    fn different(&self, column: &str) -> rusqlite::Result<Option<Vec<String>>> {
        let next = format!("SELECT min({column}) FROM jobs WHERE {column} > ?");
        let Ok(mut query) = self.connection.prepare_cached(&next) else { return Ok(None) };
        let (mut found, mut last) = (Vec::new(), String::new());
        while found.len() < DIFFERENT {
            let Some(text) =
                query.query_row(params![last], |row| row.get::<_, Option<String>>(0))?
            else {
                return Ok(Some(found));
            };
            last.clone_from(&text);
            found.push(text);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use halite_core::{Value, map};

    use super::super::{Readers, Write, Writer, open_for_writing};
    use super::Search;

    fn jobs() -> Vec<Write> {
        let one = |jid: &str, at, fun: &str, tgt: Value| {
            let load = map! {"fun" => fun, "tgt" => tgt};
            Write::Job { jid: jid.into(), at, load, minions: Vec::new() }
        };
        vec![
            one("1", 10, "test.ping", "*".into()),
            one("2", 20, "state.apply", "web*".into()),
            one("3", 30, "state.single", Value::list(["db1".into(), "db2".into()])),
            one("4", 40, "test.ping", "db1".into()),
        ]
    }

    fn found(readers: &Readers, search: &Search) -> Vec<String> {
        let mut jids = Vec::new();
        let visit = |job: super::Job| {
            jids.push(job.jid);
            ControlFlow::Continue(())
        };
        readers.with(|reader| reader.search(search, visit)).expect("reads");
        jids
    }

    fn globs(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn jobs_are_found_by_time_function_and_target() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("master.db");
        let (writer, _) = Writer::start(&path).expect("opens");
        let readers = Readers::new(path, writer.clone());
        for job in jobs() {
            writer.write(job).expect("is taken");
        }
        let all = Search::default();
        assert_eq!(found(&readers, &all), ["4", "3", "2", "1"]);
        let between = Search { from: Some(20), to: Some(30), ..all.clone() };
        assert_eq!(found(&readers, &between), ["3", "2"]);
        let functions = Search { functions: globs(&["state.*", "x.y"]), ..all.clone() };
        assert_eq!(found(&readers, &functions), ["3", "2"]);
        let targets = Search { targets: globs(&["db1"]), ..all.clone() };
        assert_eq!(found(&readers, &targets), ["4", "3"], "one of a list counts");
        let both = Search { targets: globs(&["db*"]), functions: globs(&["test.ping"]), ..all };
        assert_eq!(found(&readers, &both), ["4"]);
        let late = Search { to: Some(35), ..both };
        assert!(found(&readers, &late).is_empty());
    }

    #[test]
    fn a_file_of_an_earlier_version_is_searched_as_well() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("master.db");
        let old = rusqlite::Connection::open(&path).expect("opens");
        old.execute_batch(super::super::TABLES).expect("is made");
        let load = super::super::encode(&map! {"fun" => "state.apply", "tgt" => "*"}.into());
        let sql = "INSERT INTO jobs (jid, at, load, minions) VALUES ('7', 70, ?, x'90')";
        old.execute(sql, [load]).expect("is written");
        drop(old);
        drop(open_for_writing(&path).expect("is taken over"));
        let (writer, _) = Writer::start(&path).expect("opens again");
        let readers = Readers::new(path, writer);
        let search = Search { functions: globs(&["state.apply"]), ..Search::default() };
        assert_eq!(found(&readers, &search), ["7"]);
    }
}
