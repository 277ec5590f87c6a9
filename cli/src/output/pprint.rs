//! `pprint`: the data as Python's pretty printer lays it out.

use std::fmt::{self, Write};

use halite_core::Value;
use halite_core::value::{PPRINT_WIDTH, pformat};

use super::{OutputOpts, Outputter};

/// Salt: `salt/output/pprint_out.py` behaviour.
pub(crate) struct Pprint;

impl Outputter for Pprint {
    fn name(&self) -> &'static str {
        "pprint"
    }

    fn output(&self, opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        let indent = usize::try_from(opts.opts.int("output_indent", 1)).unwrap_or(1);
        to.write_str(&pformat(data, indent, PPRINT_WIDTH))
    }
}
