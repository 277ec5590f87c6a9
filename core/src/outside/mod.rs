//! Services of others as functions see them: HTTP, SQL, Redis, mail. Core opens no socket; the programs
//! hand in what does (`halite-outside`).

pub mod http;
pub mod mail;
pub mod sql;

use std::path::Path;

use crate::error::{Error, Result};
use crate::value::Value;

/// The door to the network, as [`crate::host`] is the one to the machine.
pub trait Outside: Send + Sync {
    /// Sends a request and waits for the whole answer. An answer of any status is an answer.
    ///
    /// # Errors
    /// If the request is none, nobody answers in time, the certificate is not trusted, or the body
    /// is longer than the request allows.
    fn http(&self, request: &http::Request) -> Result<http::Response>;

    /// The same with the body written to a file in one step, if the status is of 200 to 299; the
    /// answer's own body is empty then. Folders above the file are made.
    ///
    /// # Errors
    /// As [`Outside::http`], and if the file cannot be written.
    fn download(&self, request: &http::Request, to: &Path) -> Result<http::Response>;

    /// Signs in at a PostgreSQL server.
    ///
    /// # Errors
    /// If it cannot be reached in time or does not let the user in.
    fn postgres(&self, server: &sql::Server) -> Result<Box<dyn sql::Connection>>;

    /// Sends commands to a Redis server over one connection; an answer for each, in their order.
    ///
    /// # Errors
    /// If it cannot be reached in time or refuses a command.
    fn redis(&self, server: &RedisServer, commands: &[RedisCommand]) -> Result<Vec<Value>>;

    /// Hands a mail to a server. It is sent if one recipient at least is taken; the others are logged.
    ///
    /// # Errors
    /// If the server cannot be reached in time, its certificate is not trusted, or it refuses the mail.
    fn mail(&self, server: &mail::MailServer, mail: &mail::Mail) -> Result<()>;
}

/// A Redis server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisServer {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path of a socket that is used instead of host and port.
    pub socket: Option<String>,
    /// Number of the database.
    pub db: i64,
    /// Password, if it asks for one.
    pub password: Option<String>,
    /// How long each answer may take, in seconds.
    pub timeout_secs: u64,
}

/// A command and its arguments.
pub type RedisCommand = Vec<Vec<u8>>;

/// No network at all: every request is an error. For tests and lint runs.
pub struct NoOutside;

impl NoOutside {
    fn none<T>(what: &str) -> Result<T> {
        Err(Error::execution(format!("{what}: there is no network here")))
    }
}

impl Outside for NoOutside {
    fn http(&self, request: &http::Request) -> Result<http::Response> {
        NoOutside::none(&request.shown_url())
    }

    fn download(&self, request: &http::Request, _to: &Path) -> Result<http::Response> {
        NoOutside::none(&request.shown_url())
    }

    fn postgres(&self, server: &sql::Server) -> Result<Box<dyn sql::Connection>> {
        NoOutside::none(&server.host)
    }

    fn redis(&self, server: &RedisServer, _commands: &[RedisCommand]) -> Result<Vec<Value>> {
        NoOutside::none(&server.host)
    }

    fn mail(&self, server: &mail::MailServer, _mail: &mail::Mail) -> Result<()> {
        NoOutside::none(&server.host)
    }
}
