//! Open documents: their texts, and positions in UTF-16 as the protocol counts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use halite_core::{Map, Value, map};

/// A place in a document, from 0; the column in UTF-16 units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    pub(crate) fn read(value: &Value) -> Option<Position> {
        let number = |key: &str| usize::try_from(value.get(key)?.as_i64()?).ok();
        Some(Position { line: number("line")?, column: number("character")? })
    }

    pub(crate) fn to_value(self) -> Value {
        map! {"line" => self.line, "character" => self.column}.into()
    }
}

pub(crate) fn range(from: Position, to: Position) -> Value {
    map! {"start" => from.to_value(), "end" => to.to_value()}.into()
}

/// The line at a number from 0, without its end.
pub(crate) fn line(text: &str, number: usize) -> &str {
    text.split('\n').nth(number).unwrap_or_default().trim_end_matches('\r')
}

/// The byte in a line at a UTF-16 column; the end of the line if it is shorter.
pub(crate) fn byte_at(line: &str, column: usize) -> usize {
    let mut units = 0;
    for (at, c) in line.char_indices() {
        if units >= column {
            return at;
        }
        units += c.len_utf16();
    }
    line.len()
}

/// The UTF-16 column of a character column from 1.
pub(crate) fn utf16(line: &str, column: u32) -> usize {
    line.chars().take(column.max(1) as usize - 1).map(char::len_utf16).sum()
}

/// The byte of a position in a text.
fn offset(text: &str, at: Position) -> usize {
    let mut start = 0;
    for _ in 0..at.line {
        match text[start..].find('\n') {
            Some(end) => start += end + 1,
            None => return text.len(),
        }
    }
    let rest = &text[start..];
    let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
    start + byte_at(line, at.column)
}

/// The documents that are open in the editor.
#[derive(Default)]
pub(crate) struct Documents(HashMap<PathBuf, String>);

impl Documents {
    pub(crate) fn open(&mut self, path: PathBuf, text: String) {
        self.0.insert(path, text);
    }

    pub(crate) fn close(&mut self, path: &Path) {
        self.0.remove(path);
    }

    pub(crate) fn get(&self, path: &Path) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.keys()
    }

    /// Applies changes: each a new text, or a range and what takes its place.
    pub(crate) fn change(&mut self, path: &Path, changes: &[Value]) {
        let Some(text) = self.0.get_mut(path) else { return };
        for change in changes {
            let new = change.get("text").and_then(Value::as_str).unwrap_or_default();
            let Some(range) = change.get("range").filter(|range| !range.is_null()) else {
                *text = new.to_owned();
                continue;
            };
            let end = |key: &str| range.get(key).and_then(Position::read);
            let (Some(from), Some(to)) = (end("start"), end("end")) else { continue };
            let (from, to) = (offset(text, from), offset(text, to));
            if from <= to {
                text.replace_range(from..to, new);
            }
        }
    }
}

/// The path of a `file://` URI; `None` for others.
pub(crate) fn path_of(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let path = &rest[rest.find('/')?..];
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.bytes();
    while let Some(byte) = left.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [left.next()?, left.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    Some(PathBuf::from(String::from_utf8(bytes).ok()?))
}

/// The URI of a path.
pub(crate) fn uri_of(path: &Path) -> String {
    let mut uri = String::from("file://");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b'+' => {
                uri.push(byte as char);
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// A place for the client to go to.
pub(crate) fn location(path: &Path, from: Position, to: Position) -> Map {
    map! {"uri" => uri_of(path), "range" => range(from, to)}
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::value::parse_json;

    #[test]
    fn columns_count_utf16_units() {
        let line = "a𝄞ä b";
        assert_eq!(byte_at(line, 3), 5);
        assert_eq!(utf16(line, 3), 3);
        assert_eq!(byte_at(line, 99), line.len());
    }

    #[track_caller]
    fn check(text: &str, changes: &str, want: &str) {
        let mut documents = Documents::default();
        documents.open("/a".into(), text.into());
        let changes = parse_json(changes).expect("JSON");
        documents.change(Path::new("/a"), changes.as_list().expect("a list"));
        assert_eq!(documents.get(Path::new("/a")), Some(want));
    }

    #[test]
    fn changes_are_applied_in_order_whatever_the_ends() {
        let at = |l1: u32, c1: u32, l2: u32, c2: u32, text: &str| {
            format!(
                r#"{{"range": {{"start": {{"line": {l1}, "character": {c1}}}, "end": {{"line": {l2}, "character": {c2}}}}}, "text": "{text}"}}"#
            )
        };
        check("a𝄞b\nc", &format!("[{}]", at(0, 1, 0, 3, "x")), "axb\nc");
        check("ab\ncd", &format!("[{},{}]", at(0, 2, 1, 0, ""), at(0, 0, 0, 0, "ä")), "äabcd");
        check("ab", &format!("[{}]", at(7, 7, 9, 9, "x")), "abx");
        check("ab", &format!("[{}]", at(0, 2, 0, 1, "x")), "ab");
        check("ab", r#"[{"text": "new"}, {"range": {"start": 3}}]"#, "new");
    }

    #[test]
    fn uris_and_paths_are_each_others() {
        let path = Path::new("/srv/a b/ä#.sls");
        assert_eq!(path_of(&uri_of(path)).as_deref(), Some(path));
        assert_eq!(path_of("untitled:1"), None);
        assert_eq!(path_of("file:///a%zz"), None);
    }
}
