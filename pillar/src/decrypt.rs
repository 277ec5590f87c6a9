//! `decrypt_pillar`: paths of the compiled pillar that hold ciphers.

use halite_core::value::SubPath;
use halite_core::{Map, Value};
use halite_render::decrypt_gpg;

use crate::compile::Compiler;

/// Decrypts what the option names; says what failed.
pub(crate) fn decrypt(compiler: &Compiler<'_>, pillar: &mut Map) -> Vec<String> {
    let opts = &compiler.options.opts;
    let Some(setting) = opts.get("decrypt_pillar").filter(|setting| setting.truthy()) else {
        return Vec::new();
    };
    let Some(paths) = paths(setting) else {
        return vec!["decrypt_pillar config option is malformed".to_owned()];
    };
    let or = |text: &str, default: &str| if text.is_empty() { default.into() } else { text.into() };
    let delimiter: String = or(opts.str("decrypt_pillar_delimiter"), ":");
    let default: String = or(opts.str("decrypt_pillar_default"), "gpg");
    let valid = match opts.list("decrypt_pillar_renderers") {
        list if list.is_empty() => vec!["gpg".to_owned()],
        list => list,
    };
    let mut errors = Vec::new();
    let mut whole = Value::from(std::mem::take(pillar));
    for (path, renderer) in paths {
        let Some(cipher) = whole.traverse_dict(&path, &delimiter).cloned() else {
            tracing::debug!("Pillar key {path} not present");
            continue;
        };
        let renderer = renderer.unwrap_or_else(|| default.clone());
        let plain = if !valid.contains(&renderer) {
            Err(format!(
                "'{renderer}' is not a valid decryption renderer. Valid choices are: {}",
                valid.join(", ")
            ))
        } else if renderer != "gpg" {
            Err(format!("Decryption renderer '{renderer}' is not available"))
        } else {
            compiler
                .with_apply(|apply| decrypt_gpg(cipher, apply))
                .map_err(|fault| fault.to_salt_text())
        };
        match plain {
            Ok(plain) => put(&mut whole, &path, &delimiter, plain),
            Err(why) => {
                let text = format!("Failed to decrypt pillar key '{path}': {why}");
                tracing::error!("{text}");
                errors.push(text);
            }
        }
    }
    *pillar = match whole {
        Value::Map(map) => std::sync::Arc::unwrap_or_clone(map),
        _ => Map::new(),
    };
    errors
}

/// Paths and their renderers: a map, or a list of paths and maps of one entry.
fn paths(setting: &Value) -> Option<Vec<(String, Option<String>)>> {
    let renderer = |value: &Value| Some(value.to_string()).filter(|_| value.truthy());
    match setting {
        Value::Map(map) => {
            Some(map.iter().map(|(path, value)| (path.to_string(), renderer(value))).collect())
        }
        Value::List(items) => items
            .iter()
            .map(|item| match item {
                Value::Map(map) if map.len() == 1 => {
                    map.first().map(|(path, value)| (path.to_string(), renderer(value)))
                }
                Value::Map(_) | Value::List(_) | Value::Null => None,
                path => Some((path.to_string(), None)),
            })
            .collect(),
        _ => None,
    }
}

/// Replaces the value at a path that is there.
fn put(whole: &mut Value, path: &str, delimiter: &str, value: Value) {
    let mut at = whole;
    for part in path.split(delimiter) {
        let Some(map) = at.as_map_mut() else { return };
        let key = match map.contains_key(part) {
            true => Value::str(part),
            false => part.parse::<i64>().map_or_else(|_| Value::str(part), Value::Int),
        };
        let Some(next) = map.get_mut(&key) else { return };
        at = next;
    }
    *at = value;
}
