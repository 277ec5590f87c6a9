//! `txt`: one line per line, each with its minion.

use std::fmt::{self, Write};

use halite_core::Value;

use super::nested::python_lines;
use super::{OutputOpts, Outputter};

/// Salt: `salt/output/txt.py` behaviour.
pub(crate) struct Txt;

impl Outputter for Txt {
    fn name(&self) -> &'static str {
        "txt"
    }

    fn output(&self, _opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        match data {
            Value::Map(map) => {
                for (key, value) in map.iter() {
                    match value {
                        Value::Str(text) => {
                            for line in python_lines(text) {
                                writeln!(to, "{key}: {line}")?;
                            }
                        }
                        other => writeln!(to, "{key}: {other}")?,
                    }
                }
                Ok(())
            }
            Value::Str(text) => writeln!(to, "{text}"),
            other => writeln!(to, "{}", halite_core::value::pformat(other, 1, 80)),
        }
    }
}
