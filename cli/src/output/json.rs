//! `json`: JSON, indented by 4 unless told otherwise.

use std::fmt::{self, Write};

use halite_core::Value;
use halite_core::value::{JsonStyle, to_json};

use super::{OutputOpts, Outputter};

/// Salt: `salt/output/json_out.py` behaviour.
pub(crate) struct Json;

impl Outputter for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn output(&self, opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        let (indent, sort_keys) = match opts.opts.get("output_indent") {
            None => (Some(4), false),
            Some(Value::Str(word)) if &**word == "pretty" => (Some(4), true),
            Some(other) => (other.as_i64().and_then(|n| usize::try_from(n).ok()), false),
        };
        let style = JsonStyle { indent, sort_keys, keep_unicode: true, compact: false };
        to.write_str(&to_json(data, style))
    }
}
