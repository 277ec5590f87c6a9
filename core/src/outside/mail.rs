//! Mail servers as functions see them.

use std::fmt;
use std::path::PathBuf;

/// Whom the connection's certificate is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// No encryption.
    Off,
    /// STARTTLS (or TLS from the first byte on port 465), believing the machine's authorities.
    Machine,
    /// The same, believing those of a file.
    File(PathBuf),
    /// Encrypted, believing anybody.
    Anything,
}

/// Where a mail server is and who comes.
#[derive(Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: MailTls,
    /// User and password.
    pub login: Option<(String, String)>,
    /// How long each answer may take, in seconds.
    pub timeout_secs: u64,
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailServer {{ {}:{}, {:?} }}", self.host, self.port, self.tls)
    }
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The sender's address, bare or as `Name <address>`.
    pub from: String,
    /// Those of the recipients.
    pub to: Vec<String>,
    /// Headers, an empty line, and the text; lines may end in any way.
    pub message: String,
}
