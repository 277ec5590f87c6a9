//! `yaml`: YAML in blocks.

use std::fmt::{self, Write};

use halite_core::Value;
use halite_render::yaml::{DumpStyle, dump};

use super::{OutputOpts, Outputter};

/// Salt: `salt/output/yaml_out.py` behaviour.
pub(crate) struct Yaml;

impl Outputter for Yaml {
    fn name(&self) -> &'static str {
        "yaml"
    }

    fn output(&self, opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        let indent = opts.opts.int("output_indent", 2);
        let style = DumpStyle {
            sort_keys: true,
            flow: Some(indent < 0),
            indent: u8::try_from(indent).unwrap_or(2),
            ..DumpStyle::default()
        };
        to.write_str(&dump(data, style))
    }
}
