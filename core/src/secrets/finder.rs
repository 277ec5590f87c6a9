//! Looks for known secrets in texts and data, in every form that the engines give them.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};

use super::HIDDEN;
use crate::limits;
use crate::value::{Map, Value};

/// Words too common to be a secret: hiding them would hide the return and no secret. The names that returns are made of
/// are among them.
const WORDS: &[&str] = &[
    "127.0.0.1",
    "__id__",
    "__run_num__",
    "__sls__",
    "absent",
    "changed",
    "changes",
    "comment",
    "default",
    "disabled",
    "duration",
    "enabled",
    "False",
    "false",
    "localhost",
    "message",
    "present",
    "result",
    "retcode",
    "return",
    "start_time",
    "stderr",
    "stdout",
    "success",
    "0.0.0.0",
];

/// The parts of a secret that are looked for: the whole, and each line of one with several, since diffs, logs and indented
/// files show lines.
pub(super) fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = text.trim_ascii();
    let lines = whole.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let several = whole.contains(&b'\n');
    let long = move |line: &&[u8]| several && line.len() >= limits::SECRET_LINE_BYTES;
    std::iter::once(whole)
        .filter(|whole| whole.len() >= limits::SECRET_BYTES)
        .chain(lines.filter(long))
        .filter(|part| {
            let text = String::from_utf8_lossy(part);
            !WORDS.contains(&&*text)
        })
}

/// Whether `part` stands in `whole`.
pub(super) fn contains(whole: &[u8], part: &[u8]) -> bool {
    part.len() >= limits::SECRET_BYTES && whole.windows(part.len()).any(|at| at == part)
}

/// A secret in the forms in which it may be written out.
fn forms(text: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![text.to_vec(), base64(text)];
    let Ok(text) = std::str::from_utf8(text) else { return forms };
    let inner = |quoted: String| {
        let end = quoted.len().saturating_sub(1);
        quoted.get(1..end).unwrap_or_default().as_bytes().to_vec()
    };
    let value = Value::str(text);
    forms.push(inner(value.repr()));
    forms.push(inner(crate::value::to_json(&value, Default::default())));
    // As in a list that Python prints, and in a shell's single quotes.
    forms.push(text.replace('\\', "\\\\").replace('\'', "\\'").into_bytes());
    forms.push(text.replace('\'', "'\"'\"'").into_bytes());
    let mut url = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                url.push(char::from(byte))
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    forms.push(url.into_bytes());
    forms
}

/// As `base64_encode` writes it.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let three = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            out.push(if place > chunk.len() { b'=' } else { digit });
        }
    }
    out
}

/// One look finds them all.
#[derive(Debug)]
pub(super) struct Finder {
    /// `None`: every text is hidden.
    words: Option<AhoCorasick>,
    numbers: bool,
}

impl Finder {
    pub(super) fn new(texts: &BTreeSet<Vec<u8>>, overfull: bool) -> Finder {
        let forms: BTreeSet<Vec<u8>> = texts.iter().flat_map(|text| forms(text)).collect();
        let numbers = texts.iter().any(|text| text.iter().all(u8::is_ascii_digit));
        let words = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(forms);
        Finder { words: words.ok().filter(|_| !overfull), numbers }
    }

    /// The bytes with secrets replaced; `None` if there are none.
    fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let Some(words) = &self.words else {
            return (!bytes.is_empty()).then(|| HIDDEN.into());
        };
        words.find(bytes)?;
        let mut out = Vec::with_capacity(bytes.len());
        let mut last = 0;
        for found in words.find_iter(bytes) {
            out.extend_from_slice(&bytes[last..found.start()]);
            out.extend_from_slice(HIDDEN.as_bytes());
            last = found.end();
        }
        out.extend_from_slice(&bytes[last..]);
        Some(out)
    }

    /// The text with secrets replaced; `None` if there are none.
    pub(super) fn text(&self, text: &str) -> Option<String> {
        // A secret that is no text may end within a character.
        self.bytes(text.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The value with secrets replaced; `None` if there are none.
    pub(super) fn value(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Str(text) => self.text(text).map(Value::from),
            Value::Bytes(bytes) => self.bytes(bytes).map(Value::bytes),
            Value::Map(map) => self.map(map).map(Value::from),
            Value::List(items) => {
                let first = items.iter().position(|item| self.value(item).is_some())?;
                let hidden = |(at, item): (usize, &Value)| match at < first {
                    true => item.clone(),
                    false => self.value(item).unwrap_or_else(|| item.clone()),
                };
                Some(Value::list(items.iter().enumerate().map(hidden)))
            }
            Value::Null | Value::Bool(_) | Value::Float(_) => None,
            number if self.numbers => {
                let text = number.to_string();
                self.bytes(text.as_bytes()).map(|_| Value::str(HIDDEN))
            }
            _ => None,
        }
    }

    /// The map with secrets replaced, in keys as well; `None` if there are none.
    pub(super) fn map(&self, map: &Map) -> Option<Map> {
        let mut out: Option<Map> = None;
        for (at, (key, item)) in map.iter().enumerate() {
            // Where everything is hidden, keys still say what failed.
            let new_key = self.words.as_ref().and_then(|_| self.value(key));
            let new_item = self.value(item);
            if out.is_none() && (new_key.is_some() || new_item.is_some()) {
                out = Some(map.iter().take(at).map(|(k, v)| (k.clone(), v.clone())).collect());
            }
            let Some(out) = &mut out else { continue };
            let mut key = new_key.unwrap_or_else(|| key.clone());
            let mut number = 2;
            // Two keys that differed in secrets only stay two.
            while out.contains_key(&key) {
                key = format!("{key} ({number})").into();
                number += 1;
            }
            out.insert(key, new_item.unwrap_or_else(|| item.clone()));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_what_it_is() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(String::from_utf8_lossy(&base64(plain.as_bytes())), coded);
        }
    }
}
