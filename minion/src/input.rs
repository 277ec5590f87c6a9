//! Arguments of a function as they stand on a command line: `key=value`, numbers, lists, dicts.

use halite_core::{Args, Jid, Value};

/// Reads the words after the function. A word `name=value` is a keyword argument; those in
/// `no_parse` stay text. Salt: `salt.utils.args.parse_input` behaviour.
pub fn parse_input(words: &[String], no_parse: &[String]) -> Args {
    let mut args = Args::default();
    for word in words {
        match keyword(word) {
            Some((name, value)) if no_parse.iter().any(|raw| raw == name) => {
                args.named.insert(name.into(), value.into());
            }
            Some((name, value)) => {
                args.named.insert(name.into(), yamlify(value));
            }
            None => args.positional.push(jid_as_text(yamlify(word))),
        }
    }
    // A map with the mark `__kwarg__`, the form of jobs, holds keyword arguments here too: no
    // word `name=value` could have a value over several lines.
    let Args { positional, named } = std::mem::take(&mut args);
    args = Args::from_wire(&positional);
    args.named.extend(named);
    args
}

/// Reads the words after a function that is called right here: what a first reading leaves as text,
/// as `"name=value"` in quotes, may still be a keyword argument. Salt: `parse_input` and then
/// `salt.minion.load_args_and_kwargs`.
pub fn parse_call(words: &[String], no_parse: &[String]) -> Args {
    let mut args = parse_input(words, no_parse);
    for value in std::mem::take(&mut args.positional) {
        match value.as_str().and_then(keyword) {
            Some((name, inner)) => drop(args.named.insert(name.into(), yamlify(inner))),
            None => args.positional.push(value),
        }
    }
    args
}

/// Splits `name=value`. The name begins with a letter or `_` and goes on with letters, digits,
/// `_`, `.` and `-`; `==` is no assignment, and neither is a value over several lines.
fn keyword(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let first = name.chars().next()?;
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let good = (first.is_alphabetic() || first == '_') && name.chars().all(inner);
    (good && !value.starts_with('=') && !value.trim_end_matches('\n').contains('\n'))
        .then_some((name, value.trim_end_matches('\n')))
}

/// A jid is a number of 20 digits to YAML, and text to Salt.
fn jid_as_text(value: Value) -> Value {
    match &value {
        Value::Int(_) | Value::Big(_) if Jid::parse(&value.to_string()).is_ok() => {
            Value::str(value.to_string())
        }
        _ => value,
    }
}

/// Reads one word as YAML where that gives a plain value, a `{dict}` or a `[list]`; else the word
/// itself. Salt: `salt.utils.args.yamlify_arg` behaviour.
pub fn yamlify(word: &str) -> Value {
    let text = || Value::str(word);
    let trimmed = word.trim();
    if matches!(trimmed, "" | "---" | "...") || word.contains(['\t', '\r', '\n']) {
        return text();
    }
    if word.contains('_') && trimmed.chars().all(|c| c.is_ascii_digit() || c == '_') {
        return text();
    }
    if word == "None" {
        return Value::Null;
    }
    let Ok(read) = halite_render::yaml::load(word) else { return text() };
    if word.contains('#') && matches!(read, Value::Str(_) | Value::Null) {
        return text();
    }
    match &read {
        Value::Map(_) if !word.starts_with('{') => text(),
        Value::List(_) if !word.starts_with('[') => text(),
        Value::Bytes(_) => text(),
        Value::Str(inner) if inner.is_empty() && matches!(word, "|" | "!") => text(),
        Value::Null if word == "!" => text(),
        _ => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[track_caller]
    fn check(word: &str, want: &str) {
        assert_eq!(yamlify(word).repr(), want, "{word:?}");
    }

    #[test]
    fn words_become_values() {
        check("1", "1");
        check("1.0", "1.0");
        check("true", "True");
        check("None", "None");
        check("null", "None");
        check("1_000", "'1_000'");
        check("a: b", "'a: b'");
        check("{a: 1}", "{'a': 1}");
        check("- a", "'- a'");
        check("[1, a]", "[1, 'a']");
        check("a # b", "'a # b'");
        check("#", "'#'");
        check("|", "'|'");
        check("", "''");
        check("---", "'---'");
        check("{bad", "'{bad'");
        check("1e3", "'1e3'");
        check("2020-01-01", "'2020-01-01'");
    }

    #[test]
    fn keywords_are_names_with_one_equals_sign() {
        let words: Vec<String> =
            ["a", "k=1", "x==1", "1a=2", "n=", "raw=1", "20261122112921328480"]
                .map(str::to_owned)
                .into();
        let args = parse_input(&words, &["raw".into()]);
        let marked = r#"{"__kwarg__": true, "text": "a = 1\nb"}"#.to_owned();
        let read = parse_input(&["x".into(), marked, "k=1".into()], &[]);
        assert_eq!(
            (read.positional.len(), &read.named),
            (1, &map! {"text" => "a = 1\nb", "k" => 1})
        );
        let texts: Vec<String> = args.positional.iter().map(Value::repr).collect();
        assert_eq!(texts, ["'a'", "'x==1'", "'1a=2'", "'20261122112921328480'"]);
        assert_eq!(args.named, map! {"k" => 1, "n" => "", "raw" => "1"});
    }
}
