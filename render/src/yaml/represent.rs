//! Values as scalar texts and node styles, the way PyYAML's `SafeRepresenter` writes them.

use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use halite_core::{Map, Value};

use super::node::Tag;
use super::resolve;

/// How many base64 characters stand on a line of `!!binary`.
const BASE64_LINE: usize = 76;

/// A scalar ready to be written.
pub(super) struct Scalar {
    /// The text before quoting.
    pub(super) text: String,
    /// The tag that must be written unless it is implied.
    pub(super) tag: &'static str,
    /// Whether the text alone says what it is when it stands plain.
    pub(super) plain: bool,
    /// Whether it says so when it stands in quotes.
    pub(super) quoted: bool,
    /// Whether it is written as a literal block.
    pub(super) literal: bool,
}

/// The scalar of a value; `None` for containers.
pub(super) fn scalar(value: &Value) -> Option<Scalar> {
    let plain =
        |text: String, tag| Scalar { text, tag, plain: true, quoted: false, literal: false };
    Some(match value {
        Value::Null => plain("null".to_owned(), libyaml_safer::NULL_TAG),
        Value::Bool(flag) => plain(flag.to_string(), libyaml_safer::BOOL_TAG),
        Value::Int(_) | Value::Big(_) => plain(value.to_string(), libyaml_safer::INT_TAG),
        Value::Float(float) => plain(float_text(*float), libyaml_safer::FLOAT_TAG),
        Value::Str(text) => Scalar {
            text: text.to_string(),
            tag: libyaml_safer::STR_TAG,
            plain: resolve::plain(text) == Tag::Str,
            quoted: true,
            literal: false,
        },
        Value::Bytes(bytes) => Scalar {
            text: base64_lines(bytes),
            tag: "tag:yaml.org,2002:binary",
            plain: false,
            quoted: false,
            literal: true,
        },
        Value::List(_) | Value::Map(_) => return None,
    })
}

/// A float as YAML 1.1 reads it back: with a dot even before an exponent.
fn float_text(float: f64) -> String {
    if float.is_nan() {
        return ".nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = halite_core::value::float_repr(float);
    if text.contains('.') { text } else { text.replacen('e', ".0e", 1) }
}

fn base64_lines(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(BASE64_LINE / 4 * 3) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text
}

/// Whether PyYAML writes the container on one line when nobody asked for a style: when it holds
/// only scalars that are not blocks.
pub(super) fn is_flat<'v>(mut members: impl Iterator<Item = &'v Value>) -> bool {
    members.all(|member| !matches!(member, Value::List(_) | Value::Map(_) | Value::Bytes(_)))
}

/// The entries in the order they are written: sorted if every key compares with every other.
pub(super) fn entries(map: &Map, sort_keys: bool) -> Vec<(&Value, &Value)> {
    let mut entries: Vec<_> = map.iter().collect();
    if sort_keys && sortable(map) {
        entries.sort_by(|(a, _), (b, _)| compare(a, b));
    }
    entries
}

fn sortable(map: &Map) -> bool {
    let all = |test: fn(&Value) -> bool| map.keys().all(test);
    all(|key| matches!(key, Value::Str(_)))
        || all(|key| key.as_f64().is_some())
        || all(|key| matches!(key, Value::Bytes(_)))
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_bytes(), b.as_bytes()) {
        (Some(a), Some(b)) => a.cmp(b),
        _ => match (a.to_bigint(), b.to_bigint()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        },
    }
}
