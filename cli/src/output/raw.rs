//! `raw`: the data as Python prints it.

use std::fmt::{self, Write};

use halite_core::Value;

use super::{OutputOpts, Outputter};

/// Salt: `salt/output/raw.py` behaviour.
pub(crate) struct Raw;

impl Outputter for Raw {
    fn name(&self) -> &'static str {
        "raw"
    }

    fn output(&self, _opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        write!(to, "{data}")
    }
}
