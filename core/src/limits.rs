//! Every bound that core and the engines keep, by name and unit. The wire has its own `limits`.

/// Longest minion id, in bytes (a host name's limit).
pub const MINION_ID_BYTES: usize = 253;
/// Longest environment name, in bytes.
pub const SALTENV_BYTES: usize = 200;
/// Deepest nesting of data taken from outside.
pub const VALUE_DEPTH: usize = 128;
/// Most parts of one compound target expression.
pub const COMPOUND_WORDS: usize = 10_000;
/// Deepest nesting of parentheses and nodegroups in a target.
pub const TARGET_DEPTH: usize = 64;
/// Steps that one match of a backtracking pattern may take.
pub const REGEX_BACKTRACKS: usize = 1_000_000;
/// Shortest text, in bytes, that is hidden as a secret.
pub const SECRET_BYTES: usize = 5;
/// Shortest line, in bytes, of a secret with several that is hidden by itself.
pub const SECRET_LINE_BYTES: usize = 8;
/// Most texts that one job knows as secret; with more, all of its texts are hidden.
pub const SECRETS: usize = 20_000;
/// Most bytes of all of them.
pub const SECRETS_BYTES: usize = 4 * 1024 * 1024;
/// Largest output, in bytes, kept of one command.
pub const COMMAND_OUTPUT_BYTES: usize = 256 * 1024 * 1024;
/// Deepest chain of functions calling functions by name.
pub const CALL_DEPTH: usize = 64;
/// How long a connection to an HTTP server may take, in seconds. Salt: `http_connect_timeout`.
pub const HTTP_CONNECT_SECS: u64 = 20;
/// How long an HTTP request may take, in seconds. Salt: `http_request_timeout`.
pub const HTTP_SECS: u64 = 3600;
/// How many redirects of an HTTP server are followed.
pub const HTTP_REDIRECTS: u32 = 10;
/// Largest HTTP body, in bytes, held in memory. Salt: `http_max_body`.
pub const HTTP_BODY_BYTES: u64 = 256 * 1024 * 1024;
/// Largest file, in bytes, that is downloaded. Salt: `http_max_body`.
pub const DOWNLOAD_BYTES: u64 = 100 * 1024 * 1024 * 1024;
/// Largest result, in bytes, of one SQL statement.
pub const SQL_BYTES: usize = 256 * 1024 * 1024;
/// Largest answer, in bytes, of a Redis server.
pub const REDIS_BYTES: usize = 256 * 1024 * 1024;
