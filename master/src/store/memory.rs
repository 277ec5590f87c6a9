//! A store without a file or a thread, for simulations: the same tables and statements.

use rusqlite::Connection;

use super::{Reader, TABLES, Write, search, writer};

/// The store.
pub(crate) struct Memory(Reader);

impl Memory {
    /// An empty one.
    pub(crate) fn new() -> Memory {
        let connection = Connection::open_in_memory().expect("memory is there");
        connection.execute_batch(TABLES).expect("the tables can be made");
        search::prepare(&connection).expect("the indexes can be made");
        Memory(Reader { connection, path: ":memory:".into() })
    }

    /// Writes all of these in one transaction.
    pub(crate) fn commit(&mut self, writes: &[Box<Write>]) {
        writer::commit(&mut self.0.connection, writes).expect("memory takes them");
    }

    /// What reads it.
    pub(crate) fn reader(&self) -> &Reader {
        &self.0
    }
}
