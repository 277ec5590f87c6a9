//! An ini file that keeps its order and comments. Salt: `salt/modules/ini_manage.py` behaviour.

use std::path::Path;
use std::sync::Arc;

use halite_core::{Apply, Context, Error, Map, Result, Value, map};

/// An ini file, as read. Options are text, sections maps; comments and lines that are neither are
/// kept under keys that start with `#`.
pub(super) struct Ini {
    pub(super) items: Map,
    separator: String,
    no_spaces: bool,
}

fn is_comment(text: &str) -> bool {
    text.trim_start().starts_with(['#', ';'])
}

/// The name of the section that a line opens.
fn section_name(line: &str) -> Option<&str> {
    let name = line.trim().strip_prefix('[')?.strip_suffix(']')?;
    (!name.is_empty()).then_some(name)
}

/// Indent, name and value of an option's line.
fn option<'a>(line: &'a str, separator: &str) -> Option<(String, &'a str, &'a str)> {
    let rest = line.trim_start();
    let first = rest.chars().next()?.len_utf8();
    let at = first + rest.get(first..)?.find(separator)?;
    let indent = line[..line.len() - rest.len()].replace('\t', "    ");
    Some((indent, rest[..at].trim_end(), rest[at + separator.len()..].trim_start()))
}

/// Reads the lines of one section.
fn read_section(lines: &[&str], separator: &str) -> Map {
    let mut items = Map::new();
    let blank = |line: &&&str| line.is_empty();
    let start = lines.iter().take_while(blank).count();
    let end = lines.len() - lines.iter().rev().take_while(blank).count();
    let (mut comments, mut unknown, mut indent) = (0, 0, String::new());
    for line in lines.get(start..end).unwrap_or_default() {
        if is_comment(line) {
            comments += 1;
            items.insert(format!("#comment{comments}").into(), (*line).into());
            continue;
        }
        let white = line.len() - line.trim_start().len();
        if line[..white].replace('\t', "    ") > indent {
            if let Some((_, value)) = items.last_mut() {
                *value = format!("{value}\n{line}").into();
                continue;
            }
        }
        if let Some((own_indent, name, value)) = option(line, separator) {
            indent = own_indent;
            items.insert(name.into(), value.into());
            continue;
        }
        unknown += 1;
        items.insert(format!("#unknown{unknown}").into(), (*line).into());
    }
    items
}

impl Ini {
    /// Reads a file; one that is not there is empty.
    pub(super) fn read(
        cx: &Context<'_>,
        path: &str,
        separator: &str,
        encoding: Option<&str>,
        no_spaces: bool,
    ) -> Result<Ini> {
        if let Some(other) = encoding.filter(|name| !is_utf8(name)) {
            let what = format!("the encoding '{other}' of {path} is not known; use utf-8");
            return Err(Error::execution(what));
        }
        let path = Path::new(path);
        let text = match cx.host.exists(path) {
            true => String::from_utf8_lossy(&cx.host.read(path)?).into_owned(),
            false => String::new(),
        };
        Ini::parse(&text, separator, no_spaces)
    }

    fn parse(text: &str, separator: &str, no_spaces: bool) -> Result<Ini> {
        let lines: Vec<&str> = text.lines().collect();
        let heads = lines.iter().enumerate().filter_map(|(i, line)| Some((i, section_name(line)?)));
        let heads: Vec<(usize, &str)> = heads.collect();
        let white = |line: &&&str| line.trim().is_empty();
        let body = |from: usize, to: Option<usize>| {
            let part = lines.get(from..to.unwrap_or(lines.len())).unwrap_or_default();
            let skip = if from > 0 { part.iter().take_while(white).count() } else { 0 };
            let part = part.get(skip..).unwrap_or_default();
            let cut = if to.is_some() { part.iter().rev().take_while(white).count() } else { 0 };
            read_section(part.get(..part.len() - cut).unwrap_or_default(), separator)
        };
        let mut ini = Ini {
            items: body(0, heads.first().map(|head| head.0)),
            separator: separator.into(),
            no_spaces,
        };
        for (n, (at, name)) in heads.iter().enumerate() {
            let section = body(at + 1, heads.get(n + 1).map(|head| head.0));
            update(&mut ini.items, &map! {*name => section}, separator)?;
        }
        Ok(ini)
    }

    /// Sets options and sections; gives what has changed.
    pub(super) fn update(&mut self, wanted: &Map) -> Result<Map> {
        update(&mut self.items, wanted, &self.separator)
    }

    /// The text of the file.
    fn render(&self) -> String {
        let separator = match self.separator.trim() {
            "" => " ".to_owned(),
            trimmed if self.no_spaces => trimmed.to_owned(),
            trimmed => format!(" {trimmed} "),
        };
        let mut out = String::new();
        write_items(&self.items, &separator, &mut out);
        out.trim_start_matches('\n').to_owned()
    }

    /// Writes the file back, if that makes a difference.
    pub(super) fn write(&self, apply: &Apply<'_>, path: &str) -> Result<()> {
        let (path, text) = (Path::new(path), self.render());
        if apply.cx.host.read(path).is_ok_and(|held| held == text.as_bytes()) {
            return Ok(());
        }
        apply.host.write_atomic(path, text.as_bytes(), None)
    }
}

fn is_utf8(name: &str) -> bool {
    matches!(name.to_lowercase().replace('_', "-").as_str(), "" | "utf-8" | "utf8" | "ascii")
}

fn write_items(items: &Map, separator: &str, out: &mut String) {
    for (name, value) in items {
        let name = name.to_string();
        match value {
            Value::Map(_) => {}
            value if is_comment(&name) => out.push_str(&format!("{value}\n")),
            value => out.push_str(&format!("{name}{separator}{value}\n")),
        }
    }
    for (name, section) in items {
        if let Value::Map(section) = section {
            out.push_str(&format!("\n[{name}]\n"));
            write_items(section, separator, out);
        }
    }
}

/// Values as the file holds them: text, or maps of such.
fn as_text(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::map(map.iter().map(|(k, v)| (k.clone(), as_text(v)))),
        other => other.to_string().into(),
    }
}

fn update(items: &mut Map, wanted: &Map, separator: &str) -> Result<Map> {
    let mut changes = Map::new();
    for (key, value) in wanted {
        let value = as_text(value);
        match items.get_mut(key) {
            None => {
                changes.insert(key.clone(), map! {"before" => (), "after" => &value}.into());
                let at = match &value {
                    Value::Map(_) => None,
                    _ => commented(items, &key.to_string(), separator),
                };
                match at {
                    // The option takes the place of the comment that held it.
                    Some(at) => {
                        items.shift_remove_index(at);
                        items.shift_insert(at, key.clone(), value);
                    }
                    None => drop(items.insert(key.clone(), value)),
                }
            }
            Some(Value::Map(held)) => {
                let Value::Map(value) = &value else {
                    let what = format!("'{key}' is a section and cannot be set to a text");
                    return Err(Error::execution(what));
                };
                let inner = update(Arc::make_mut(held), value, separator)?;
                if !inner.is_empty() {
                    changes.insert(key.clone(), inner.into());
                }
            }
            Some(held) if *held != value => {
                let before = std::mem::replace(held, value.clone());
                changes.insert(key.clone(), map! {"before" => before, "after" => value}.into());
            }
            Some(_) => {}
        }
    }
    Ok(changes)
}

/// Where an option stands that is commented out.
fn commented(items: &Map, name: &str, separator: &str) -> Option<usize> {
    items.iter().position(|(key, value)| {
        let line = value.to_string();
        key.as_str().is_some_and(|key| key.contains("#comment"))
            && option(line.trim_start_matches('#'), separator).is_some_and(|(_, n, _)| n == name)
    })
}

/// Without comments and unknown lines.
pub(super) fn plain(items: &Map) -> Map {
    let own = |key: &Value| !key.as_str().is_some_and(|key| key.starts_with('#'));
    let value = |value: &Value| match value {
        Value::Map(section) => plain(section).into(),
        other => other.clone(),
    };
    items.iter().filter(|(key, _)| own(key)).map(|(k, v)| (k.clone(), value(v))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, wanted: Map, want: &str) {
        let mut ini = Ini::parse(text, "=", false).expect("reads");
        ini.update(&wanted).expect("updates");
        assert_eq!(ini.render(), want);
    }

    #[test]
    fn order_comments_and_unknown_lines_stay() {
        check(
            "; top\na=1\n\n\n[s]\n\n# c\n#k = 0\nx = 1\n  more\nodd\n\n[t]\ny: 2\n",
            map! {"s" => map!{"k" => 5, "z" => true}, "b" => "2", "u" => map!{}},
            "; top\na = 1\nb = 2\n\n[s]\n# c\nk = 5\nx = 1\n  more\nodd\nz = True\n\n[t]\ny: 2\n\n[u]\n",
        );
        check("[s1]\nk = v\n", map! {}, "[s1]\nk = v\n");
    }

    #[test]
    fn changes_are_told() {
        let mut ini = Ini::parse("[s1]\nk = v\n", "=", true).expect("reads");
        let wanted = map! {"s1" => map!{"k" => "v2"}, "s2" => map!{"z" => "q"}};
        let changes = ini.update(&wanted).expect("updates");
        let want = map! {
            "s1" => map!{"k" => map!{"before" => "v", "after" => "v2"}},
            "s2" => map!{"before" => (), "after" => map!{"z" => "q"}},
        };
        assert_eq!(changes, want);
        assert_eq!(ini.render(), "[s1]\nk=v2\n\n[s2]\nz=q\n");
    }
}
