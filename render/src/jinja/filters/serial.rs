//! YAML and JSON, in and out. Salt: salt/utils/jinja.py SerializerExtension behaviour.

use halite_core::value::{JsonStyle, parse_json, to_json};
use halite_core::{Map, Value};

use super::{flag, given, undefined_within};
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{
    Class, Fault, R, attribute_error, runtime_error, type_error, value_error,
};
use crate::jinja::finalize;
use crate::jinja::value::{Obj, Val, repr};
use crate::yaml::{self, DumpStyle};

pub(super) const NAMES: &[&str] = &[
    "yaml",
    "json",
    "tojson",
    "load_yaml",
    "load_json",
    "load_text",
    "dict_to_sls_yaml_params",
    "yaml_dquote",
    "yaml_squote",
    "yaml_encode",
];

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    if !name.starts_with("yaml_")
        && let Some(undefined) = undefined_within(&val)
    {
        return Ok(undefined);
    }
    match name {
        "yaml" => {
            let [flow] = args.bind("format_yaml", ["flow_style"], 0)?;
            let flow = flow.map_or(Ok(Some(true)), |flow| block_or_flow(&flow))?;
            let known = yaml_form(&val, 0)?;
            if known.is_none() && !val.is_none() {
                return Ok(Val::markup("NULL"));
            }
            dump(rt, &known.to_value()?, flow)
        }
        "dict_to_sls_yaml_params" => {
            let [flow] = args.bind(name, ["flow_style"], 0)?;
            let flow = flow.map_or(Ok(Some(false)), |flow| block_or_flow(&flow))?;
            let Val::Dict(dict) = &val else {
                return attribute_error(format!(
                    "'{}' object has no attribute 'items'",
                    val.type_name()
                ));
            };
            let mut list = Vec::new();
            for (key, item) in dict.pairs() {
                let mut map = Map::new();
                map.insert(key.to_value()?, yaml_form(&item, 0)?.to_value()?);
                list.push(Value::from(map));
            }
            dump(rt, &Value::from(list), flow)
        }
        "json" => {
            let [sort, indent] = args.bind("format_json", ["sort_keys", "indent"], 0)?;
            let style = JsonStyle {
                sort_keys: flag(sort, true)?,
                indent: indent_of(indent)?,
                keep_unicode: true,
                ..JsonStyle::default()
            };
            let data = writable(&val)?;
            if style.sort_keys {
                keys_compare(&val, 0)?;
            }
            let text = to_json(&data, style);
            rt.bytes(text.len())?;
            Ok(Val::markup(text.trim()))
        }
        "tojson" => tojson(rt, &val, args),
        "load_yaml" => load_yaml(&module_text(val)),
        "load_json" => load_json(&module_text(val)),
        "load_text" => Ok(module_text(val)),
        "yaml_dquote" => Ok(Val::str(finalize::double_quoted_ascii(&rt.text(&val)?))),
        "yaml_squote" => Ok(Val::str(single_quoted(&rt.text(&val)?))),
        _ => yaml_encode(&val),
    }
}

fn block_or_flow(val: &Val) -> R<Option<bool>> {
    if val.is_none() { Ok(None) } else { val.truthy().map(Some) }
}

/// How many columns JSON may be indented by.
const WIDEST_INDENT: usize = 100;

fn indent_of(val: Option<Val>) -> R<Option<usize>> {
    let indent = super::basic::optional_int(given(val))?;
    Ok(indent.map(|indent| usize::try_from(indent).unwrap_or(0).min(WIDEST_INDENT)))
}

fn dump(rt: &Rt<'_>, value: &Value, flow: Option<bool>) -> R<Val> {
    let text = yaml::dump(value, DumpStyle { flow, ..DumpStyle::default() });
    rt.bytes(text.len())?;
    let text = text.trim();
    Ok(Val::markup(text.strip_suffix("\n...").unwrap_or(text)))
}

fn tojson(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let [mut indent, sort, ascii] =
        args.bind("tojson", ["indent", "sort_keys", "ensure_ascii"], 0)?;
    // A text to indent by counts where there is something to indent.
    let empty = !matches!(val, Val::List(_) | Val::Tuple(_) | Val::Dict(_)) || val.len()? == 0;
    if empty && indent.as_ref().is_some_and(|indent| indent.as_str().is_some()) {
        indent = None;
    }
    let style = JsonStyle {
        indent: indent_of(indent)?,
        sort_keys: flag(sort, false)?,
        keep_unicode: !flag(ascii, true)?,
        ..JsonStyle::default()
    };
    let text = to_json(&writable(val)?, style);
    rt.bytes(text.len())?;
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e");
    Ok(Val::str(text.replace('&', "\\u0026").replace('\'', "\\u0027")))
}

/// The data of a value that JSON has a form for; Python's `json` refuses others.
fn writable(val: &Val) -> R<Value> {
    json_form(val, 0)?;
    val.to_value()
}

/// How deep JSON may nest.
const DEEPEST: usize = 128;

fn json_form(val: &Val, depth: usize) -> R<()> {
    if depth > DEEPEST {
        return value_error("Circular reference detected");
    }
    match val {
        Val::List(list) => list.to_vec().iter().try_for_each(|item| json_form(item, depth + 1)),
        Val::Tuple(tuple) => tuple.items.iter().try_for_each(|item| json_form(item, depth + 1)),
        Val::Dict(dict) => dict.pairs().iter().try_for_each(|(key, item)| match key {
            Val::Tuple(_) | Val::Bytes(_) | Val::Range(_) | Val::Iter(_) | Val::Obj(_) => {
                type_error(format!(
                    "keys must be str, int, float, bool or None, not {}",
                    key.type_name()
                ))
            }
            _ => json_form(item, depth + 1),
        }),
        Val::Obj(obj) if matches!(**obj, Obj::Module(_)) => Ok(()),
        Val::Bytes(_) | Val::Range(_) | Val::Set(_) | Val::View(_) | Val::Iter(_) | Val::Obj(_) => {
            type_error(format!("Object of type {} is not JSON serializable", val.type_name()))
        }
        _ => Ok(()),
    }
}

/// Python sorts keys by their values: all of one map must compare.
fn keys_compare(val: &Val, depth: usize) -> R<()> {
    if depth > DEEPEST {
        return Ok(());
    }
    match val {
        Val::Dict(dict) if dict.untouched().is_none() => {
            let pairs = dict.pairs();
            if pairs.iter().any(|(key, _)| key.as_str().is_none()) {
                let keys = pairs.iter().map(|(key, _)| key.clone()).collect();
                crate::jinja::value::sort_by(keys, false, |key| Ok(key.clone()))?;
            }
            pairs.iter().try_for_each(|(_, item)| keys_compare(item, depth + 1))
        }
        Val::List(list) if list.untouched().is_none() => {
            list.to_vec().iter().try_for_each(|item| keys_compare(item, depth + 1))
        }
        _ => Ok(()),
    }
}

/// What YAML has a form for; Salt writes `NULL` for anything else, markup among it.
fn yaml_form(val: &Val, depth: usize) -> R<Val> {
    if depth > DEEPEST {
        return crate::jinja::fault::recursion_error("maximum recursion depth exceeded");
    }
    let all = |items: &[Val]| {
        items.iter().map(|item| yaml_form(item, depth + 1)).collect::<R<Vec<Val>>>()
    };
    Ok(match val {
        Val::List(list) if list.untouched().is_none() => Val::list(all(&list.to_vec())?),
        Val::Tuple(tuple) => Val::list(all(&tuple.items)?),
        Val::Dict(dict) if dict.untouched().is_none() => {
            let mut pairs = Vec::new();
            for (key, item) in dict.pairs() {
                pairs.push((key, yaml_form(&item, depth + 1)?));
            }
            Val::dict(pairs)
        }
        Val::Obj(obj) if matches!(**obj, Obj::Module(_)) => val.clone(),
        Val::Markup(_) | Val::Range(_) | Val::View(_) | Val::Iter(_) | Val::Obj(_) => Val::None,
        _ => val.clone(),
    })
}

/// An imported template stands for its text.
fn module_text(val: Val) -> Val {
    match &val {
        Val::Obj(obj) => match &**obj {
            Obj::Module(module) => Val::Str(module.body.clone()),
            _ => val,
        },
        _ => val,
    }
}

fn load_yaml(val: &Val) -> R<Val> {
    let text = match val {
        Val::Str(text) | Val::Markup(text) => text.to_string(),
        Val::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => return type_error("a string or stream input is required"),
    };
    match yaml::load(&text) {
        Ok(value) => Ok(Val::from(&decoded(value))),
        // A scalar that is not what its tag says is an exception of Python's own.
        Err(error) if error.kind == yaml::YamlErrorKind::Scalar => {
            Err(Fault::new(Class::Other, error.to_string()).hint(error.hint.clone()))
        }
        Err(error) => {
            let hint = error.hint.clone();
            Err(Fault::new(Class::Runtime, format!("Encountered error loading yaml: {error}"))
                .hint(hint))
        }
    }
}

/// Bytes (`!!binary`) as text where they are text. Salt: `salt.utils.data.decode`.
fn decoded(value: Value) -> Value {
    match value {
        Value::Bytes(bytes) => match std::str::from_utf8(&bytes) {
            Ok(text) => Value::str(text),
            Err(_) => Value::Bytes(bytes),
        },
        Value::List(items) if items.iter().any(holds_bytes) => {
            items.iter().cloned().map(decoded).collect::<Vec<_>>().into()
        }
        Value::Map(map) if map.iter().any(|(key, item)| holds_bytes(key) || holds_bytes(item)) => {
            let pairs = map.iter().map(|(key, item)| (decoded(key.clone()), decoded(item.clone())));
            pairs.collect::<Map>().into()
        }
        other => other,
    }
}

fn holds_bytes(value: &Value) -> bool {
    match value {
        Value::Bytes(_) => true,
        Value::List(items) => items.iter().any(holds_bytes),
        Value::Map(map) => map.iter().any(|(key, item)| holds_bytes(key) || holds_bytes(item)),
        _ => false,
    }
}

fn load_json(val: &Val) -> R<Val> {
    let text = match val {
        Val::Str(text) | Val::Markup(text) => text.to_string(),
        Val::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => return runtime_error(format!("Unable to load json from {}", repr(other))),
    };
    match parse_json(&text) {
        Ok(value) => Ok(Val::from(&value)),
        Err(error) => {
            let fault = Fault::new(Class::Runtime, format!("Unable to load json from {text}"));
            Err(fault.hint(Some(format!("the JSON parser says: {error}"))))
        }
    }
}

fn single_quoted(text: &str) -> String {
    // PyYAML's emitter doubles line breaks within quotes.
    let mut out = String::from("'");
    let mut breaks = false;
    for c in text.chars() {
        if c == '\n' {
            out.push_str(if breaks { "\n" } else { "\n\n" });
            breaks = true;
            continue;
        }
        breaks = false;
        if c == '\'' {
            out.push('\'');
        }
        out.push(c);
    }
    out.push('\'');
    out
}

fn yaml_encode(val: &Val) -> R<Val> {
    val.defined()?;
    Ok(Val::str(match val {
        Val::None => "null".to_string(),
        Val::Bool(flag) => flag.to_string(),
        Val::Int(_) | Val::Big(_) => repr(val),
        Val::Float(_) => yaml::dump(&val.to_value()?, DumpStyle::default())
            .trim()
            .trim_end_matches("...")
            .trim()
            .to_string(),
        Val::Str(text) | Val::Markup(text) => finalize::double_quoted_ascii(text),
        other => {
            return type_error(format!(
                "yaml_encode() only works with YAML scalar data; failed for <class '{}'>",
                other.type_name()
            ));
        }
    }))
}
