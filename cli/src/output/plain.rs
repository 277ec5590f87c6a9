//! `plain`: what was returned and nothing else, for files and pipes. Ours; Salt 3008 has none of the kind.

use std::fmt::{self, Write};

use halite_core::Value;

use super::{OutputOpts, Outputter};

/// The returns one after the other, without the names of their minions.
pub(crate) struct Plain;

impl Outputter for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn output(&self, _opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        match data {
            Value::Map(returns) => returns.values().try_for_each(|value| writeln!(to, "{value}")),
            other => write!(to, "{other}"),
        }
    }
}
