//! SQL servers as functions see them.

use crate::error::Result;
use crate::value::Value;

/// Where a server is and who comes.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Name or address; a path is the folder of a Unix socket.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Who signs in.
    pub user: String,
    /// Password; empty for none.
    pub password: String,
    /// Database; empty for the one that is called like the user.
    pub database: String,
    /// How long signing in, and each statement, may take, in seconds.
    pub timeout_secs: u64,
}

/// A signed-in connection; it ends when it is dropped.
pub trait Connection: Send {
    /// Runs one statement and gives its rows. `$1`, `$2`, ... stand for the parameters, which are
    /// given as text of whatever type the server expects there; maps and lists as JSON.
    ///
    /// # Errors
    /// What the server refuses, in its words, and a result that is larger than
    /// [`crate::limits::SQL_BYTES`].
    fn query(&mut self, statement: &str, params: &[Value]) -> Result<Rows>;

    /// Runs one statement and gives how many rows it touched.
    ///
    /// # Errors
    /// What the server refuses, in its words.
    fn execute(&mut self, statement: &str, params: &[Value]) -> Result<u64>;
}

/// What a query gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows; each has a value for each column.
    pub rows: Vec<Vec<Value>>,
}

/// A statement with `%s` for each parameter (Python's DB-API, as Salt's users write it) as one with
/// `$1`, `$2`, ...; `%%` is a percent sign.
pub fn numbered(statement: &str) -> String {
    let mut out = String::with_capacity(statement.len());
    let (mut count, mut rest) = (0, statement);
    while let Some(at) = rest.find('%') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        rest = if let Some(rest) = after.strip_prefix("%s") {
            count += 1;
            out.push_str(&format!("${count}"));
            rest
        } else if let Some(rest) = after.strip_prefix("%%") {
            out.push('%');
            rest
        } else {
            out.push('%');
            &after[1..]
        };
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn parameters_are_numbered() {
        assert_eq!(
            numbered("SELECT a FROM b WHERE c LIKE 'x%%' AND d=%s OR e=%s % f"),
            "SELECT a FROM b WHERE c LIKE 'x%' AND d=$1 OR e=$2 % f"
        );
    }
}
