//! Names that arrive from outside and become paths, tags or keys: parsed once, typed from then on.

use std::fmt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::limits;

macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl AsRef<Path> for $name {
            fn as_ref(&self) -> &Path {
                Path::new(&*self.0)
            }
        }
        impl From<$name> for crate::Value {
            fn from(name: $name) -> crate::Value {
                crate::Value::from(name.0)
            }
        }
        impl From<&$name> for crate::Value {
            fn from(name: &$name) -> crate::Value {
                crate::Value::str(&name.0)
            }
        }
    };
}

/// A minion's id. It can stand as a file name: no separator, no NUL or control character, not `.`
/// or `..`, at most [`limits::MINION_ID_BYTES`] bytes. Salt: `salt.utils.verify.valid_id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MinionId(Box<str>);

impl MinionId {
    /// Parses an id.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<MinionId> {
        let bad = |why| Err(Error::bad_name("minion id", text, why));
        match text {
            "" => bad("it is empty"),
            "." | ".." => bad("it is a folder reference"),
            _ if text.len() > limits::MINION_ID_BYTES => bad("it is longer than 253 bytes"),
            _ if text.contains(['/', '\\']) => bad("it contains a path separator"),
            _ if text.chars().any(char::is_control) => bad("it contains a control character"),
            _ if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) => {
                bad("it begins or ends with white space")
            }
            _ => Ok(MinionId(text.into())),
        }
    }
}

text_type!(MinionId);

/// A job's id: 20 digits of UTC time, `%Y%m%d%H%M%S%f`, with an optional suffix `_<digits>`;
/// or the word `req` by which a minion asks the master to allocate one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jid(Box<str>);

impl Jid {
    /// What a minion sends for a job of its own that has no jid yet.
    pub const REQUEST: &'static str = "req";

    /// Parses a jid.
    ///
    /// # Errors
    /// If the text is neither 20 digits (with an optional `_` suffix of letters and digits) nor `req`.
    pub fn parse(text: &str) -> Result<Jid> {
        let (digits, suffix) = text.split_once('_').unwrap_or((text, "0"));
        let plain = |part: &str, max: usize| {
            !part.is_empty() && part.len() <= max && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if text == Jid::REQUEST
            || (digits.len() == 20
                && digits.bytes().all(|b| b.is_ascii_digit())
                && plain(suffix, 40))
        {
            Ok(Jid(text.into()))
        } else {
            Err(Error::bad_name("jid", text, "it is not 20 digits of UTC time"))
        }
    }

    /// The jid of a moment, given in microseconds since 1970 UTC.
    pub fn at(unix_micros: i64) -> Jid {
        let at =
            jiff::Timestamp::from_microsecond(unix_micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Jid(at.strftime("%Y%m%d%H%M%S%6f").to_string().into())
    }

    /// The moment it was made, in microseconds since 1970 UTC; `None` for `req` and odd digits.
    pub fn unix_micros(&self) -> Option<i64> {
        let text = self.0.get(..20)?;
        let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
        let date = jiff::civil::Date::new(
            part(0, 4)?.try_into().ok()?,
            part(4, 6)?.try_into().ok()?,
            part(6, 8)?.try_into().ok()?,
        )
        .ok()?;
        let seconds = part(8, 10)? * 3600 + part(10, 12)? * 60 + part(12, 14)?;
        let day = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond();
        Some(day + seconds * 1_000_000 + part(14, 20)?)
    }
}

text_type!(Jid);

/// The name of a file or pillar environment: a grammar value, never a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaltEnv(Box<str>);

impl SaltEnv {
    /// Parses an environment's name; `/` is allowed inside (git branches), `..` parts are not.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<SaltEnv> {
        let bad = |why| Err(Error::bad_name("saltenv", text, why));
        if text.is_empty() || text.len() > limits::SALTENV_BYTES {
            bad("it is empty or longer than 200 bytes")
        } else if text.chars().any(char::is_control) || text.contains('\\') {
            bad("it contains a control character or a backslash")
        } else if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            bad("it has an empty, `.` or `..` part")
        } else {
            Ok(SaltEnv(text.into()))
        }
    }

    /// `base`.
    pub fn base() -> SaltEnv {
        SaltEnv("base".into())
    }
}

impl Default for SaltEnv {
    fn default() -> SaltEnv {
        SaltEnv::base()
    }
}

text_type!(SaltEnv);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_be_paths_are_refused() {
        let long = "x".repeat(254);
        for bad in ["", ".", "..", "a/b", "a\\b", "a\0", "a\nb", " a", long.as_str()] {
            assert!(MinionId::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["web1", "web1.example.org", "ünïcode", "a b", "web-1_x"] {
            assert!(MinionId::parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn jids_are_moments() {
        let jid = Jid::at(1_790_000_000_123_456);
        assert_eq!(jid.as_str().len(), 20);
        assert_eq!(jid.unix_micros(), Some(1_790_000_000_123_456));
        assert_eq!(Jid::parse(jid.as_str()).ok(), Some(jid));
        for bad in ["", "1", "../x", "2026112200000000000a", "20261122000000000000_../x"] {
            assert!(Jid::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn environments_do_not_climb() {
        for bad in ["", "..", "a/../b", "/a", "a//b", "a\n"] {
            assert!(SaltEnv::parse(bad).is_err(), "{bad:?}");
        }
        assert!(SaltEnv::parse("feature/x").is_ok());
    }
}
