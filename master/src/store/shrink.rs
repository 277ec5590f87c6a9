//! Keeping the file within a size: the oldest jobs go first.

use rusqlite::{Connection, params};

/// The part of all jobs that goes at a time.
const PART: i64 = 16;
/// Parts that go at most in one transaction; the next round takes the rest.
const PARTS: usize = 8;

/// Bytes of the file that hold something.
fn used(connection: &Connection) -> rusqlite::Result<i64> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok((pragma("page_count")? - pragma("freelist_count")?).saturating_mul(pragma("page_size")?))
}

/// Forgets the oldest jobs with their returns until less than `bytes` are used. The pages they stood on are used again,
/// so the file does not grow beyond that.
pub(super) fn shrink(connection: &Connection, bytes: i64) -> rusqlite::Result<()> {
    for _ in 0..PARTS {
        let jobs: i64 = connection.query_row("SELECT count(*) FROM jobs", [], |row| row.get(0))?;
        if jobs == 0 || used(connection)? <= bytes {
            return Ok(());
        }
        let sql = "SELECT at FROM jobs ORDER BY at LIMIT 1 OFFSET ?";
        let last: i64 = connection.query_row(sql, params![(jobs - 1) / PART], |row| row.get(0))?;
        prune(connection, last.saturating_add(1))?;
        tracing::info!(
            bytes,
            "The oldest jobs are forgotten: the store has reached keep_jobs_bytes"
        );
    }
    Ok(())
}

/// Forgets jobs, with their returns, that began before a moment.
pub(super) fn prune(connection: &Connection, before: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM returns WHERE jid IN (SELECT jid FROM jobs WHERE at < ?)")?
        .execute(params![before])?;
    connection.prepare_cached("DELETE FROM jobs WHERE at < ?")?.execute(params![before])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use halite_core::map;

    use super::super::{Readers, Write, Writer};

    #[test]
    fn the_oldest_jobs_go_until_the_file_is_small_enough() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("master.db");
        let (writer, _) = Writer::start(&path).expect("opens");
        let readers = Readers::new(path.clone(), writer.clone());
        let text = "x".repeat(2_000);
        for at in 0..200_i64 {
            let jid = format!("{at:04}");
            let load = map! {"fun" => "test.ping", "tgt" => "*"};
            let job = Write::Job { jid: jid.clone(), at, load, minions: Vec::new() };
            let ret = map! {"return" => text.as_str()};
            let ret = Write::Return { jid, id: "a".into(), at, ret };
            for write in [job, ret] {
                writer.write(write).expect("is taken");
            }
        }
        let jids = || -> Vec<String> {
            let jobs = readers.with(|reader| reader.jobs(1_000)).expect("reads");
            jobs.into_iter().map(|job| job.jid).collect()
        };
        assert_eq!(jids().len(), 200);
        let bytes = 300_000;
        // One round takes a part at most.
        for _ in 0..3 {
            writer.write(Write::Shrink { bytes }).expect("is taken");
        }
        let left = jids();
        assert!((30..150).contains(&left.len()), "{} of 200 are left", left.len());
        assert_eq!(left.last().map(String::as_str), Some("0199"), "the newest stay");
        let gone = readers.with(|reader| reader.returns("0000")).expect("reads");
        assert!(gone.is_empty(), "their returns go with them");
        // Nothing more goes while it is small enough, and a limit below what else is there empties the jobs and ends.
        writer.write(Write::Shrink { bytes }).expect("is taken");
        assert_eq!(jids(), left);
        for _ in 0..30 {
            writer.write(Write::Shrink { bytes: 1 }).expect("is taken");
        }
        assert!(jids().is_empty());
    }
}
