//! The error that functions and engines share. Its text is what a user reads.

use std::path::{Path, PathBuf};

/// A result with [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in a function, a state or a compiler.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such function here; Salt's line, with the reason where one is known.
    #[error("{text}")]
    Unavailable {
        /// The function asked for.
        fun: String,
        /// All that is to be said: [`crate::Registry::missing_text`].
        text: String,
    },
    /// The arguments do not fit. Salt: `SaltInvocationError` and `TypeError` of a call.
    #[error("{what}")]
    Usage {
        /// The function called.
        fun: String,
        /// What does not fit, in Salt's words.
        what: String,
    },
    /// The function tried and failed. Salt: `CommandExecutionError`.
    #[error("{0}")]
    Execution(String),
    /// A file operation failed.
    #[error("cannot {doing} `{}`: {source}", path.display())]
    File {
        /// The verb, as in "cannot open".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A fault with a place in a source file.
    #[error("{0}")]
    Fault(Box<Fault>),
    /// Several faults of one tree.
    #[error("{}", .0.join("\n"))]
    Many(Vec<String>),
    /// The job was killed or the daemon stops.
    #[error("the job was cancelled")]
    Cancelled,
}

impl Error {
    /// Arguments that do not fit `fun`.
    pub fn usage(fun: impl Into<String>, what: impl Into<String>) -> Error {
        Error::Usage { fun: fun.into(), what: what.into() }
    }

    /// A function that failed.
    pub fn execution(what: impl Into<String>) -> Error {
        Error::Execution(what.into())
    }

    /// A file operation that failed.
    pub fn file(doing: &'static str, path: impl AsRef<Path>, source: std::io::Error) -> Error {
        Error::File { doing, path: path.as_ref().into(), source }
    }

    /// A name from outside that breaks its grammar.
    pub fn bad_name(kind: &str, text: &str, why: &str) -> Error {
        let shown: String = text.chars().take(80).collect();
        Error::Execution(format!("{} is no {kind}: {why}", crate::value::repr_str(&shown)))
    }

    /// Whether it is the caller's fault (arguments, names) rather than the machine's.
    pub fn is_usage(&self) -> bool {
        matches!(self, Error::Usage { .. })
    }
}

/// A fault in a source file (SLS, template, pillar, config): what, where, and what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// Salt's own text for the fault, without position.
    pub message: String,
    /// The file as the user knows it (`salt://` path or path on disk).
    pub file: Option<PathBuf>,
    /// Line in the source, from 1.
    pub line: Option<u32>,
    /// Column in the source, from 1.
    pub column: Option<u32>,
    /// The lines around the fault, as shown to the user.
    pub excerpt: String,
    /// What to try.
    pub hint: Option<String>,
    /// The way here through includes, imports and macros: outermost first.
    pub trace: Vec<(PathBuf, u32)>,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if let Some(file) = &self.file {
            write!(f, "\n  {}", file.display())?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        for (file, line) in &self.trace {
            write!(f, "\n  from {}:{line}", file.display())?;
        }
        if !self.excerpt.is_empty() {
            write!(f, "\n{}", self.excerpt.trim_end())?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::Fault(Box::new(fault))
    }
}
