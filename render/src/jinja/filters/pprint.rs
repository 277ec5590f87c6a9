//! Python's `pprint.pformat`, and Salt's filters `python` and `xml`.

use halite_core::value::repr_str;

use super::undefined_within;
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, recursion_error, runtime_error};
use crate::jinja::value::{Val, compare, repr};

pub(super) const NAMES: &[&str] = &["pprint", "python", "xml"];

/// The width of `pprint`.
const WIDTH: usize = 80;

/// How deep data may nest.
const DEEPEST: usize = 100;

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    let [] = args.bind(name, [], 0)?;
    if name == "pprint" {
        return Ok(Val::str(pformat(rt, &val)?));
    }
    if let Some(undefined) = undefined_within(&val) {
        return Ok(undefined);
    }
    match name {
        "python" => Ok(Val::markup(pformat(rt, &val)?.trim())),
        _ => Ok(Val::markup(super::xml::pretty(rt, &val)?)),
    }
}

fn pformat(rt: &Rt<'_>, val: &Val) -> R<String> {
    let sorted = sorted(val, 0)?;
    let mut out = String::new();
    write(&sorted, 0, 0, 0, &mut out)?;
    rt.bytes(out.len())?;
    Ok(out)
}

/// The value with all dicts sorted by key, as `pprint` shows them.
fn sorted(val: &Val, depth: usize) -> R<Val> {
    if depth > DEEPEST {
        return recursion_error("maximum recursion depth exceeded");
    }
    let all =
        |items: &[Val]| items.iter().map(|item| sorted(item, depth + 1)).collect::<R<Vec<Val>>>();
    Ok(match val {
        Val::Dict(dict) => {
            let mut pairs = dict.pairs();
            insertion_sort(&mut pairs);
            for (_, item) in &mut pairs {
                *item = sorted(item, depth + 1)?;
            }
            Val::dict(pairs)
        }
        Val::List(list) => Val::list(all(&list.to_vec())?),
        Val::Tuple(tuple) => Val::tuple(all(&tuple.items)?),
        Val::Set(set) => {
            let mut pairs: Vec<(Val, Val)> =
                set.to_vec().into_iter().map(|item| (item, Val::None)).collect();
            insertion_sort(&mut pairs);
            let items = pairs.into_iter().map(|(item, _)| item);
            Val::Set(std::rc::Rc::new(crate::jinja::value::PySet::new(items)))
        }
        other => other.clone(),
    })
}

/// Sorts by key; keys that do not compare go by the name of their type.
fn insertion_sort(pairs: &mut [(Val, Val)]) {
    let texts = pairs.iter().all(|(key, _)| key.as_str().is_some());
    if texts {
        pairs.sort_by(|a, b| a.0.as_str().cmp(&b.0.as_str()));
        return;
    }
    let before = |a: &Val, b: &Val| match compare(a, b, "<") {
        Ok(order) => order == Some(std::cmp::Ordering::Less),
        Err(_) => a.type_name() < b.type_name(),
    };
    for at in 1..pairs.len() {
        let mut to = at;
        while to > 0 && before(&pairs[to].0, &pairs[to - 1].0) {
            pairs.swap(to, to - 1);
            to -= 1;
        }
    }
}

fn len(text: &str) -> usize {
    text.chars().count()
}

fn write(val: &Val, indent: usize, allowance: usize, level: usize, out: &mut String) -> R<()> {
    let text = repr(val);
    if len(&text) <= WIDTH.saturating_sub(indent + allowance) {
        out.push_str(&text);
        return Ok(());
    }
    match val {
        Val::Dict(dict) if dict.len() > 0 => {
            out.push('{');
            let pairs = dict.pairs();
            for (at, (key, item)) in pairs.iter().enumerate() {
                let last = at + 1 == pairs.len();
                if at > 0 {
                    newline(indent + 1, out);
                }
                let key = repr(key);
                out.push_str(&key);
                out.push_str(": ");
                let allowance = if last { allowance + 1 } else { 1 };
                write(item, indent + 1 + len(&key) + 2, allowance, level + 1, out)?;
            }
            out.push('}');
        }
        Val::List(list) => items(&list.to_vec(), ("[", "]"), indent, allowance, level, out)?,
        Val::Tuple(tuple) => {
            let close = if tuple.items.len() == 1 { ",)" } else { ")" };
            items(&tuple.items, ("(", close), indent, allowance, level, out)?;
        }
        Val::Set(set) => items(&set.to_vec(), ("{", "}"), indent, allowance, level, out)?,
        Val::Str(text) => long_text(text, indent, allowance, level, out),
        _ => out.push_str(&text),
    }
    Ok(())
}

fn newline(indent: usize, out: &mut String) {
    out.push_str(",\n");
    out.extend(std::iter::repeat_n(' ', indent));
}

fn items(
    members: &[Val],
    (open, close): (&str, &str),
    indent: usize,
    allowance: usize,
    level: usize,
    out: &mut String,
) -> R<()> {
    out.push_str(open);
    for (at, item) in members.iter().enumerate() {
        if at > 0 {
            newline(indent + 1, out);
        }
        let last = at + 1 == members.len();
        let allowance = if last { allowance + close.len() } else { 1 };
        write(item, indent + 1, allowance, level + 1, out)?;
    }
    out.push_str(close);
    Ok(())
}

/// Long text as several literals below each other.
fn long_text(text: &str, indent: usize, allowance: usize, level: usize, out: &mut String) {
    let (indent, allowance) =
        if level == 0 { (indent + 1, allowance + 1) } else { (indent, allowance) };
    let width = WIDTH.saturating_sub(indent);
    let lines = crate::jinja::methods::splitlines_keep(text);
    let mut chunks: Vec<String> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let last_line = at + 1 == lines.len();
        let whole = repr_str(line);
        if len(&whole) <= if last_line { width.saturating_sub(allowance) } else { width } {
            chunks.push(whole);
            continue;
        }
        let mut current = String::new();
        let parts = words(line);
        for (at, part) in parts.iter().enumerate() {
            let last = last_line && at + 1 == parts.len();
            let width = if last { width.saturating_sub(allowance) } else { width };
            let candidate = format!("{current}{part}");
            if len(&repr_str(&candidate)) > width {
                if !current.is_empty() {
                    chunks.push(repr_str(&current));
                }
                current = part.to_string();
            } else {
                current = candidate;
            }
        }
        if !current.is_empty() {
            chunks.push(repr_str(&current));
        }
    }
    let wrapped = level == 0 && chunks.len() > 1;
    let separator = format!("\n{}", " ".repeat(indent));
    let text = chunks.join(&separator);
    out.push_str(&if wrapped { format!("({text})") } else { text });
}

/// Words with the white space behind them.
fn words(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut in_space = false;
    for (at, c) in line.char_indices() {
        if in_space && !c.is_whitespace() {
            parts.push(&line[start..at]);
            start = at;
        }
        in_space = c.is_whitespace();
    }
    parts.push(&line[start..]);
    parts
}

/// An error for data that has no XML form.
pub(super) fn no_xml<T>() -> R<T> {
    runtime_error("Value is not a dict or list. Cannot render as XML")
}
