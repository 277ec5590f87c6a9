//! `key`: the lists of `salt-key`.

use std::fmt::{self, Write};

use halite_core::Value;

use super::colors::{Colors, harmless};
use super::nested::sorted;
use super::{OutputOpts, Outputter};

/// Salt: `salt/output/key.py` behaviour.
pub(crate) struct Key;

impl Outputter for Key {
    fn name(&self) -> &'static str {
        "key"
    }

    fn output(&self, opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        let colors = Colors::new(opts.color);
        let Some(map) = data.as_map() else { return write!(to, "{data}") };
        for (status, keys) in sorted(map) {
            let (title, head, color) = match status.as_str().unwrap_or_default() {
                "minions" => ("Accepted Keys:", colors.light_green(), colors.green()),
                "minions_pre" => ("Unaccepted Keys:", colors.light_red(), colors.red()),
                "minions_denied" => ("Denied Keys:", colors.light_magenta(), colors.magenta()),
                "minions_rejected" => ("Rejected Keys:", colors.light_blue(), colors.blue()),
                "local" => ("Local Keys:", colors.light_magenta(), colors.magenta()),
                other => (other, "", ""),
            };
            let end = colors.end();
            writeln!(to, "{head}{title}{end}")?;
            match keys {
                Value::List(names) => {
                    let mut names: Vec<String> = names.iter().map(Value::to_string).collect();
                    names.sort();
                    for name in names {
                        writeln!(to, "{color}{}{end}", harmless(&name))?;
                    }
                }
                Value::Map(keys) => {
                    for (name, text) in sorted(keys) {
                        writeln!(to, "{color}{}:  {text}{end}", harmless(&name.to_string()))?;
                    }
                }
                other => writeln!(to, "{other}")?,
            }
        }
        Ok(())
    }
}
