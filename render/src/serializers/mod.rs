//! Data to text and back by the name of a format: `file.serialize`, `slsutil.serialize`.

use halite_core::value::{JsonStyle, parse_json, pformat, to_json};
use halite_core::{Error, Map, Result, Value};

mod configparser;

use crate::renderers;
use crate::yaml::{self, DumpStyle};

/// The formats that can be written and read.
pub const NAMES: [&str; 5] = ["configparser", "json", "python", "toml", "yaml"];

/// Writes data. Options are those of the Python function behind the format.
///
/// # Errors
/// Unknown formats, and data that the format cannot hold.
/// Salt: `salt/serializers/*.py` behaviour; YAML and JSON end without a line end.
pub fn serialize(format: &str, value: &Value, options: &Map) -> Result<String> {
    match format {
        "yaml" => Ok(to_yaml(value, options)),
        "json" => Ok(to_json(value, json_style(options))),
        "toml" => to_toml(value),
        "configparser" => configparser::serialize(value, options),
        // Written for people and programs in Python; there is no way back. Salt: 3006 and 3007.
        "python" => {
            let (indent, width) = (number(options, "indent"), number(options, "width"));
            Ok(pformat(value, indent.unwrap_or(1), width.unwrap_or(80)))
        }
        other => Err(unknown(other)),
    }
}

/// Reads data.
///
/// # Errors
/// Unknown formats, and text that is not of the format.
/// Salt: `salt/serializers/*.py` behaviour, but YAML is read as in sls files: a key that stands
/// twice is an error, and `010` is ten.
pub fn deserialize(format: &str, text: &str) -> Result<Value> {
    deserialize_with(format, text, &Map::new())
}

/// The same with options of the Python function behind the format.
///
/// # Errors
/// As [`deserialize`].
pub fn deserialize_with(format: &str, text: &str, options: &Map) -> Result<Value> {
    match format {
        "configparser" => configparser::deserialize(text, options),
        "yaml" => yaml::load(text).map_err(|fault| match fault.kind {
            yaml::YamlErrorKind::Scanner => Error::execution("Unknown yaml render error"),
            _ => Error::execution(fault.to_string()),
        }),
        "json" => parse_json(text).map_err(|fault| renderers::json_error(&fault, text).into()),
        "toml" => Ok(renderers::toml_value(text)?),
        other => Err(unknown(other)),
    }
}

fn unknown(format: &str) -> Error {
    Error::execution(format!("Serializer '{format}' not found."))
}

fn number<T: TryFrom<i64>>(options: &Map, name: &str) -> Option<T> {
    options.get(name).and_then(Value::as_i64).and_then(|number| T::try_from(number).ok())
}

fn to_yaml(value: &Value, options: &Map) -> String {
    let default = DumpStyle::default();
    let flag = |name: &str, default: bool| options.get(name).map_or(default, Value::truthy);
    let style = DumpStyle {
        sort_keys: flag("sort_keys", true),
        flow: options.get("default_flow_style").filter(|flow| !flow.is_null()).map(Value::truthy),
        indent: number(options, "indent").unwrap_or(default.indent),
        width: number(options, "width").unwrap_or(default.width),
        unicode: flag("allow_unicode", false),
        explicit_start: flag("explicit_start", false),
    };
    let text = yaml::dump(value, style);
    let text = text.strip_suffix("\n...\n").or_else(|| text.strip_suffix('\n')).unwrap_or(&text);
    text.to_owned()
}

fn json_style(options: &Map) -> JsonStyle {
    let flag = |name: &str, default: bool| options.get(name).map_or(default, Value::truthy);
    let tight = options.get("separators").and_then(Value::as_list).is_some_and(|separators| {
        separators.iter().all(|separator| separator.as_str().is_some_and(|s| !s.ends_with(' ')))
    });
    JsonStyle {
        indent: number(options, "indent"),
        sort_keys: flag("sort_keys", false),
        keep_unicode: !flag("ensure_ascii", false),
        compact: tight,
    }
}

fn to_toml(value: &Value) -> Result<String> {
    let Value::Map(map) = value else {
        return Err(Error::execution("TOML holds a dict at its top, and nothing else"));
    };
    let mut out = String::new();
    table(map, &mut Vec::new(), &mut out)?;
    Ok(out)
}

/// Writes a table: its plain members, then the tables within it.
fn table(map: &Map, path: &mut Vec<String>, out: &mut String) -> Result<()> {
    let (tables, plain): (Vec<_>, Vec<_>) =
        map.iter().partition(|(_, value)| matches!(value, Value::Map(_)));
    for (key, value) in plain.iter().filter(|(_, value)| !value.is_null()) {
        out.push_str(&format!("{} = {}\n", toml_key(key), inline(value)?));
    }
    for (key, value) in tables {
        let Value::Map(inner) = value else { continue };
        if path.len() >= halite_core::limits::VALUE_DEPTH {
            return Err(Error::execution("the data nests too deep for TOML"));
        }
        path.push(toml_key(key));
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("[{}]\n", path.join(".")));
        table(inner, path, out)?;
        path.pop();
    }
    Ok(())
}

fn toml_key(key: &Value) -> String {
    let text = key.to_string();
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !text.is_empty() && text.chars().all(bare) { text } else { toml_text(&text) }
}

fn toml_text(text: &str) -> String {
    // A JSON text is a TOML basic string.
    to_json(&Value::str(text), JsonStyle { keep_unicode: true, ..JsonStyle::default() })
}

fn inline(value: &Value) -> Result<String> {
    Ok(match value {
        Value::Str(text) => toml_text(text),
        Value::Bool(_) | Value::Int(_) => to_json(value, JsonStyle::default()),
        Value::Float(number) if number.is_nan() => "nan".to_owned(),
        Value::Float(number) => halite_core::value::float_repr(*number),
        Value::List(items) => {
            let items: Result<Vec<String>> = items.iter().map(inline).collect();
            format!("[ {},]", items?.join(", ")).replace("[ ,]", "[]")
        }
        Value::Map(map) => {
            let pairs: Result<Vec<String>> = map
                .iter()
                .map(|(key, value)| Ok(format!("{} = {}", toml_key(key), inline(value)?)))
                .collect();
            format!("{{ {} }}", pairs?.join(", "))
        }
        Value::Null | Value::Big(_) | Value::Bytes(_) => {
            let what = format!("TOML has no {}", value.type_name());
            return Err(Error::execution(what));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    fn data() -> Value {
        Value::from(map! {
            "b" => Value::from([1.into(), "é".into(), true.into(), 1.5.into()]),
            "a" => map!{"x" => Map::new()},
        })
    }

    #[track_caller]
    fn check(format: &str, options: Map, want: &str) {
        assert_eq!(serialize(format, &data(), &options).expect("writes"), want);
    }

    #[test]
    fn texts_are_salts() {
        check("json", Map::new(), r#"{"b": [1, "é", true, 1.5], "a": {"x": {}}}"#);
        check("yaml", Map::new(), "a:\n  x: {}\nb: [1, \"\\xE9\", true, 1.5]");
        let block = map! {"default_flow_style" => false, "allow_unicode" => true};
        check("yaml", block, "a:\n  x: {}\nb:\n- 1\n- é\n- true\n- 1.5");
        check("toml", Map::new(), "b = [ 1, \"é\", true, 1.5,]\n\n[a]\n\n[a.x]\n");
        assert_eq!(serialize("yaml", &"abc".into(), &Map::new()).expect("writes"), "abc");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for format in ["json", "toml", "yaml"] {
            let text = serialize(format, &data(), &Map::new()).expect("writes");
            assert_eq!(deserialize(format, &text).expect(&text), data(), "{format}");
        }
        assert!(serialize("nosuch", &data(), &Map::new()).is_err());
        assert!(deserialize("json", "{").is_err());
    }
}
