//! What changed between two contents, as file states report it.

use super::unified;
use crate::edit::Text;

/// The diff of two contents; `None` if they are equal. Programs are named and not shown.
/// Salt: `file.get_diff` behaviour.
pub fn of_contents(before: &[u8], after: &[u8]) -> Option<String> {
    if before == after {
        return None;
    }
    let text = |bytes: &[u8]| bytes.is_empty() || Text::looks_like(bytes);
    Some(match (text(before), text(after)) {
        (true, true) => unified(&shown(before), &shown(after)),
        (false, true) => "Replace binary file with text file".into(),
        (true, false) => "Replace text file with binary file".into(),
        (false, false) => "Replace binary file".into(),
    })
}

/// Text of any encoding, for people: a line that is no UTF-8 is read as Latin-1, as Salt does it.
fn shown(bytes: &[u8]) -> String {
    let line = |line: &[u8]| match std::str::from_utf8(line) {
        Ok(text) => text.to_owned(),
        Err(_) => line.iter().map(|byte| char::from(*byte)).collect(),
    };
    bytes.split_inclusive(|byte| *byte == b'\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_in_latin_1_are_readable() {
        let diff = super::of_contents(b"a\n", b"a\nr\xe4ksm\xf6rg\xe5s\n").expect("differ");
        assert!(diff.ends_with("+r\u{e4}ksm\u{f6}rg\u{e5}s\n"), "{diff}");
    }
}
