//! Slots: arguments such as `__slot__:salt:test.echo(x).key ~ suffix`, filled in just before a call.

use std::sync::Arc;

use halite_core::value::SubPath;
use halite_core::{Apply, Args, Map, Result, Value};

const PREFIX: &str = "__slot__:";

/// Fills in the slots among arguments: texts, members of mappings, items of lists and members of
/// mappings in lists. Salt: `format_slots` behaviour.
///
/// # Errors
/// What the functions called raise.
pub(crate) fn fill(apply: &Apply<'_>, args: &mut Map) -> Result<()> {
    for value in args.values_mut() {
        match value {
            Value::List(items) if items.iter().any(has_slot) => {
                for item in Arc::make_mut(items) {
                    fill_flat(apply, item)?;
                }
            }
            _ => fill_flat(apply, value)?,
        }
    }
    Ok(())
}

fn is_slot(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with(PREFIX))
}

fn has_slot(value: &Value) -> bool {
    is_slot(value) || value.as_map().is_some_and(|map| map.values().any(is_slot))
}

fn fill_flat(apply: &Apply<'_>, value: &mut Value) -> Result<()> {
    if let Value::Str(text) = value {
        if text.starts_with(PREFIX) {
            *value = eval(apply, text)?;
        }
    } else if has_slot(value)
        && let Some(map) = value.as_map_mut()
    {
        for member in map.values_mut() {
            if let Value::Str(text) = member
                && text.starts_with(PREFIX)
            {
                *member = eval(apply, text)?;
            }
        }
    }
    Ok(())
}

fn eval(apply: &Apply<'_>, slot: &str) -> Result<Value> {
    let whole = || Ok(Value::str(slot));
    let Some(text) = slot.strip_prefix("__slot__:salt:") else {
        tracing::warn!("Malformed slot: {slot}");
        return whole();
    };
    let Some((fun, args)) =
        parse_function(text).filter(|(fun, _)| apply.exec.get_open(fun).is_ok())
    else {
        tracing::warn!("Malformed slot: {slot}");
        return whole();
    };
    let mut value = apply.call_value(&fun, args)?;
    let (call, append) = match text.split_once('~') {
        Some((call, append)) => (call, Some(append.trim())),
        None => (text, None),
    };
    if let Some((_, path)) = call.rsplit_once(')').and_then(|(_, rest)| rest.split_once('.')) {
        value = value.traverse(path.trim(), ".").cloned().unwrap_or_default();
    }
    if let (Some(append), Value::Str(text)) = (append, &value) {
        let quoted = |q: char| append.len() >= 2 && append.starts_with(q) && append.ends_with(q);
        let inner = if quoted('"') || quoted('\'') { &append[1..append.len() - 1] } else { append };
        value = Value::Str(format!("{text}{inner}").into());
    }
    Ok(value)
}

/// Words as `shlex.shlex(posix=True)` splits them: quotes join, every other special stands alone.
fn words(text: &str) -> Option<Vec<(String, bool)>> {
    let mut words: Vec<(String, bool)> = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\\' => match chars.next()? {
                            e @ ('\'' | '"' | '\\') => word.push(e),
                            other => {
                                word.push('\\');
                                word.push(other);
                            }
                        },
                        end if end == c => break,
                        other => word.push(other),
                    }
                }
            }
            c if c.is_alphanumeric() || c == '_' => word.get_or_insert_default().push(c),
            '\\' => word.get_or_insert_default().push(chars.next()?),
            c => {
                words.extend(word.take().map(|word| (word, false)));
                if !c.is_whitespace() {
                    words.push((c.to_string(), true));
                }
            }
        }
    }
    words.extend(word.take().map(|word| (word, false)));
    Some(words)
}

/// Reads `module.function(arg, key=value)`. Salt: `salt.utils.args.parse_function` behaviour.
pub(crate) fn parse_function(text: &str) -> Option<(String, Args)> {
    let mut words = words(text)?.into_iter();
    let mut name = String::new();
    loop {
        let (word, special) = words.next()?;
        if special && word == "(" {
            break;
        }
        name += &word;
    }
    if name.is_empty() {
        return None;
    }
    let mut args = Args::default();
    let mut open: Vec<&str> = Vec::new();
    let (mut key, mut value): (Option<String>, Option<String>) = (None, None);
    for (word, special) in words {
        let word_or = if special { word.as_str() } else { "" };
        match word_or {
            "[" | "{" | "(" => {
                open.push(match word_or {
                    "[" => "]",
                    "{" => "}",
                    _ => ")",
                });
                value.get_or_insert_default().push_str(&word);
            }
            "," | ")" if open.is_empty() => {
                match (key.take(), value.take()) {
                    (Some(key), value) => {
                        args.named.insert(key.into(), value.unwrap_or_default().into());
                    }
                    (None, Some(value)) => args.positional.push(value.into()),
                    (None, None) => {}
                }
                if word_or == ")" {
                    return Some((name, args));
                }
            }
            "]" | "}" | ")" => {
                if open.pop() != Some(word_or) {
                    return None;
                }
                value.get_or_insert_default().push_str(&word);
            }
            "=" if open.is_empty() => key = value.take(),
            _ => value.get_or_insert_default().push_str(&word),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::args;

    #[test]
    fn calls_are_read_as_salt_reads_them() {
        let check = |text: &str, fun: &str, want: Args| {
            assert_eq!(parse_function(text), Some((fun.into(), want)), "{text}");
        };
        check("test.echo(hello)", "test.echo", args!["hello"]);
        check("a.b('x y', k=\"v,w\") ~ /z", "a.b", args!["x y"; k = "v,w"]);
        check("a.b(/etc/x, [1,2])", "a.b", args!["/etc/x", "[1,2]"]);
        check("a.b()", "a.b", args![]);
        assert_eq!(parse_function("a.b"), None);
        assert_eq!(parse_function("a.b(x"), None);
    }
}
