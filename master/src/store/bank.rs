//! Reading what is kept by minion: grains, pillar, mine. Salt: the cache banks `grains`, `pillar`, `mine`.

use halite_core::{Map, Result, Value};
use rusqlite::params;

use super::{Reader, decode, decode_map};

impl Reader {
    /// The entry of `key`, with when it was written (microseconds since 1970 UTC).
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn fetch(&self, bank: &str, key: &str) -> Result<Option<(i64, Map)>> {
        let read = || -> rusqlite::Result<Option<(i64, Map)>> {
            let sql = "SELECT updated, data FROM bank WHERE bank = ? AND key = ?";
            let mut query = self.connection.prepare_cached(sql)?;
            let mut rows = query.query(params![bank, key])?;
            match rows.next()? {
                Some(row) => Ok(Some((row.get(0)?, decode_map(row.get_ref(1)?.as_blob()?)))),
                None => Ok(None),
            }
        };
        read().map_err(|error| self.failed(&error))
    }

    /// The entry of `key`, whatever it is, with when it was written.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn fetch_any(&self, bank: &str, key: &str) -> Result<Option<(i64, Value)>> {
        let read = || -> rusqlite::Result<Option<(i64, Value)>> {
            let sql = "SELECT updated, data FROM bank WHERE bank = ? AND key = ?";
            let mut query = self.connection.prepare_cached(sql)?;
            let mut rows = query.query(params![bank, key])?;
            match rows.next()? {
                Some(row) => Ok(Some((row.get(0)?, decode(row.get_ref(1)?.as_blob()?)))),
                None => Ok(None),
            }
        };
        read().map_err(|error| self.failed(&error))
    }

    /// The keys of a bank, sorted.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn keys(&self, bank: &str) -> Result<Vec<String>> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut query = self
                .connection
                .prepare_cached("SELECT key FROM bank WHERE bank = ? ORDER BY key")?;
            query.query_map(params![bank], |row| row.get(0))?.collect()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Gives every entry of a bank to `visit`, one at a time: a fleet's grains never stand in memory together.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn each(&self, bank: &str, mut visit: impl FnMut(&str, Map)) -> Result<()> {
        let mut read = || -> rusqlite::Result<()> {
            let sql = "SELECT key, data FROM bank WHERE bank = ? ORDER BY key";
            let mut query = self.connection.prepare_cached(sql)?;
            let mut rows = query.query(params![bank])?;
            while let Some(row) = rows.next()? {
                let key = row.get_ref(0)?.as_str()?.to_owned();
                visit(&key, decode_map(row.get_ref(1)?.as_blob()?));
            }
            Ok(())
        };
        read().map_err(|error| self.failed(&error))
    }
}
