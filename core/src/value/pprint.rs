//! Python's `pprint.pformat`: data on lines of at most so many columns.

use super::{Map, Value, repr_str};

/// The columns that `pprint` aims at.
pub const WIDTH: usize = 80;

/// Formats as `pprint.pformat(value, indent=indent, width=width)` does: maps sorted by key,
/// containers broken over lines where they do not fit.
pub fn pformat(value: &Value, indent: usize, width: usize) -> String {
    let mut printer = Printer { out: String::new(), step: indent, width };
    printer.format(value, 0, 0, 1);
    printer.out
}

struct Printer {
    out: String,
    step: usize,
    width: usize,
}

impl Printer {
    /// Writes one value that begins at column `indent` and must leave `allowance` columns after it.
    fn format(&mut self, value: &Value, indent: usize, allowance: usize, level: usize) {
        let whole = sorted_repr(value);
        let room = self.width.saturating_sub(indent + allowance);
        if whole.chars().count() <= room {
            self.out.push_str(&whole);
            return;
        }
        match value {
            Value::Map(map) if !map.is_empty() => self.map(map, indent, allowance, level),
            Value::List(items) if !items.is_empty() => self.list(items, indent, allowance, level),
            Value::Str(text) => self.text(text, indent, allowance, level),
            _ => self.out.push_str(&whole),
        }
    }

    fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.spaces(self.step.saturating_sub(1));
    }

    fn spaces(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    fn next_line(&mut self, indent: usize) {
        self.out.push('\n');
        self.spaces(indent);
    }

    fn map(&mut self, map: &Map, indent: usize, allowance: usize, level: usize) {
        self.open('{');
        let indent = indent + self.step;
        let pairs = sorted(map);
        for (i, (key, item)) in pairs.iter().enumerate() {
            let last = i + 1 == pairs.len();
            let key = sorted_repr(key);
            self.out.push_str(&key);
            self.out.push_str(": ");
            let at = indent + key.chars().count() + 2;
            self.format(item, at, if last { allowance + 1 } else { 1 }, level + 1);
            if !last {
                self.out.push(',');
                self.next_line(indent);
            }
        }
        self.out.push('}');
    }

    fn list(&mut self, items: &[Value], indent: usize, allowance: usize, level: usize) {
        self.open('[');
        let indent = indent + self.step;
        for (i, item) in items.iter().enumerate() {
            let last = i + 1 == items.len();
            self.format(item, indent, if last { allowance + 1 } else { 1 }, level + 1);
            if !last {
                self.out.push(',');
                self.next_line(indent);
            }
        }
        self.out.push(']');
    }

    /// Long text becomes several literals, in parentheses at the top level.
    fn text(&mut self, text: &str, mut indent: usize, mut allowance: usize, level: usize) {
        if level == 1 {
            indent += 1;
            allowance += 1;
        }
        let room = self.width.saturating_sub(indent);
        let chunks = literals(text, room, allowance);
        if let [one] = chunks.as_slice() {
            self.out.push_str(one);
            return;
        }
        if level == 1 {
            self.out.push('(');
        }
        for (i, chunk) in chunks.iter().enumerate() {
            if i > 0 {
                self.next_line(indent);
            }
            self.out.push_str(chunk);
        }
        if level == 1 {
            self.out.push(')');
        }
    }
}

/// Splits text at line ends, and lines that are too long at blanks, into literals.
fn literals(text: &str, room: usize, allowance: usize) -> Vec<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut chunks = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let last = i + 1 == lines.len();
        let whole = repr_str(line);
        if whole.chars().count() <= if last { room.saturating_sub(allowance) } else { room } {
            chunks.push(whole);
            continue;
        }
        let words = words_with_blanks(line);
        let mut current = String::new();
        for (j, word) in words.iter().enumerate() {
            let end = last && j + 1 == words.len();
            let most = if end { room.saturating_sub(allowance) } else { room };
            let longer = format!("{current}{word}");
            if repr_str(&longer).chars().count() > most && !current.is_empty() {
                chunks.push(repr_str(&current));
                current = (*word).to_owned();
            } else {
                current = longer;
            }
        }
        if !current.is_empty() {
            chunks.push(repr_str(&current));
        }
    }
    chunks
}

/// Words, each with the blanks behind it.
fn words_with_blanks(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut blank) = (0, false);
    for (at, c) in line.char_indices() {
        if blank && !c.is_whitespace() {
            words.push(&line[start..at]);
            start = at;
        }
        blank = c.is_whitespace();
    }
    if start < line.len() {
        words.push(&line[start..]);
    }
    words
}

/// Pairs by key; keys that do not compare are sorted by type and text, as `pprint` does.
fn sorted(map: &Map) -> Vec<(&Value, &Value)> {
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort_by(|(a, _), (b, _)| match (a, b) {
        (Value::Str(a), Value::Str(b)) => a.cmp(b),
        (a, b) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => a.type_name().cmp(b.type_name()).then_with(|| a.repr().cmp(&b.repr())),
        },
    });
    pairs
}

/// `repr` with the keys of maps sorted.
fn sorted_repr(value: &Value) -> String {
    match value {
        Value::Map(map) => {
            let pairs = sorted(map);
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(k, v)| format!("{}: {}", sorted_repr(k), sorted_repr(v)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(sorted_repr).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.repr(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map;

    #[test]
    fn long_data_is_broken_as_python_breaks_it() {
        let words =
            "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor inc";
        let value = Value::from(map! {"b" => vec![1, 2], "a" => words});
        // Recorded from Python 3.11.
        assert_eq!(
            pformat(&value, 1, 80),
            "{'a': 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod '\n      \
             'tempor inc',\n 'b': [1, 2]}"
        );
        assert_eq!(pformat(&Value::from(map! {2 => 1, 1 => 2}), 1, 80), "{1: 2, 2: 1}");
        assert_eq!(pformat(&Value::from(vec!["aaaa", "bbbb"]), 1, 10), "['aaaa',\n 'bbbb']");
        assert_eq!(pformat(&"aaaa bbbb".into(), 1, 8), "('aaaa '\n 'bbbb')");
    }
}
