//! `no_return`: minions that did not answer.

use std::fmt::{self, Write};

use halite_core::Value;

use super::colors::Colors;
use super::nested::sorted;
use super::{OutputOpts, Outputter};

/// Salt: `salt/output/no_return.py` behaviour.
pub(crate) struct NoReturn;

impl Outputter for NoReturn {
    fn name(&self) -> &'static str {
        "no_return"
    }

    fn output(&self, opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        show(Colors::new(opts.color), data, 0, to)
    }
}

fn show(colors: Colors, data: &Value, indent: usize, to: &mut dyn Write) -> fmt::Result {
    let end = colors.end();
    match data {
        Value::Str(text) => text
            .split('\n')
            .try_for_each(|line| writeln!(to, "{}{:indent$}{line}{end}", colors.red(), "")),
        Value::Map(map) => sorted(map).into_iter().try_for_each(|(key, value)| {
            writeln!(to, "{}{:indent$}{key}{end}:", colors.cyan(), "")?;
            show(colors, value, indent + 4, to)
        }),
        _ => Ok(()),
    }
}
