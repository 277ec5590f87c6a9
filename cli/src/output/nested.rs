//! `nested`: indented lines, the default.

use std::fmt::{self, Write};

use halite_core::{Map, Value};

use super::colors::{Colors, harmless};
use super::{OutputOpts, Outputter};

/// Salt: `salt/output/nested.py` behaviour.
pub(crate) struct Nested;

impl Outputter for Nested {
    fn name(&self) -> &'static str {
        "nested"
    }

    fn output(&self, opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        to.write_str(&lines(opts, data, 0).join("\n"))
    }
}

/// The lines of `data`, from column `indent` on.
pub(super) fn lines(opts: &OutputOpts<'_>, data: &Value, indent: usize) -> Vec<String> {
    let mut nest = Nest { colors: Colors::new(opts.color), failed: opts.retcode != 0, out: vec![] };
    nest.show(data, indent, "");
    nest.out
}

struct Nest {
    colors: Colors,
    failed: bool,
    out: Vec<String>,
}

impl Nest {
    fn line(&mut self, indent: usize, color: &str, prefix: &str, text: &str, suffix: &str) {
        let end = self.colors.end();
        let parts = [color, prefix, text, end, suffix];
        let mut line =
            String::with_capacity(indent + parts.iter().map(|part| part.len()).sum::<usize>());
        line.extend(std::iter::repeat_n(' ', indent));
        parts.iter().for_each(|part| line.push_str(part));
        self.out.push(line);
    }

    /// The colour of structure: red when the function failed.
    fn frame(&self, usual: &'static str) -> &'static str {
        if self.failed { self.colors.red() } else { usual }
    }

    fn show(&mut self, data: &Value, indent: usize, prefix: &str) {
        match data {
            Value::Str(text) => self.text(text, indent, prefix),
            Value::Bytes(bytes) => self.text(&String::from_utf8_lossy(bytes), indent, prefix),
            Value::List(items) => self.list(items, indent),
            Value::Map(map) => self.map(map, indent, prefix),
            scalar => {
                let color = self.colors.light_yellow();
                self.line(indent, color, prefix, &scalar.repr(), "");
            }
        }
    }

    fn text(&mut self, text: &str, indent: usize, prefix: &str) {
        let color = self.colors.green();
        for (i, line) in python_lines(text).into_iter().enumerate() {
            let prefix = if i == 0 { prefix } else { &" ".repeat(prefix.len()) };
            self.line(indent, color, prefix, &harmless(line), "");
        }
    }

    fn list(&mut self, items: &[Value], indent: usize) {
        let color = self.frame(self.colors.green());
        for item in items {
            match item {
                Value::List(_) | Value::Map(_) => {
                    self.line(indent, color, "", "|_", "");
                    let prefix = if matches!(item, Value::Map(_)) { "" } else { "- " };
                    self.show(item, indent + 2, prefix);
                }
                other => self.show(other, indent, "- "),
            }
        }
    }

    fn map(&mut self, map: &Map, indent: usize, prefix: &str) {
        let color = self.frame(self.colors.cyan());
        if indent > 0 {
            self.line(indent, color, "", "----------", "");
        }
        for (key, value) in sorted(map) {
            self.line(indent, color, prefix, &key.to_string(), ":");
            self.show(value, indent + 4, "");
        }
    }
}

/// Pairs by key; keys of several types by their text.
pub(super) fn sorted(map: &Map) -> Vec<(&Value, &Value)> {
    let mut pairs: Vec<_> = map.iter().collect();
    let numbers = pairs.iter().all(|(key, _)| key.as_f64().is_some());
    if numbers {
        pairs.sort_by(|(a, _), (b, _)| {
            a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default())
        });
    } else if pairs.iter().all(|(key, _)| key.as_str().is_some()) {
        pairs.sort_by_key(|(key, _)| key.as_str());
    } else {
        pairs.sort_by_cached_key(|(key, _)| key.to_string());
    }
    pairs
}

/// Python's `splitlines()`.
pub(super) fn python_lines(text: &str) -> Vec<&str> {
    let ends = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(at) = rest.find(ends) else {
            lines.push(rest);
            break;
        };
        lines.push(&rest[..at]);
        let after = &rest[at..];
        let width = if after.starts_with("\r\n") {
            2
        } else {
            after.chars().next().map_or(1, char::len_utf8)
        };
        rest = &after[width..];
    }
    lines
}
