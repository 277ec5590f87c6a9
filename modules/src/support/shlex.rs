//! Command lines split into words.

use halite_core::{Error, Result};

/// Python's `shlex.split`: quotes and backslashes as in a POSIX shell, no expansion.
///
/// # Errors
/// Python's texts for an open quote and a backslash at the end.
pub fn split(text: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let into = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        None => return Err(Error::execution("No closing quotation")),
                        Some(end) if end == c => break,
                        Some('\\') if c == '"' => match chars.next() {
                            Some(next @ ('"' | '\\')) => into.push(next),
                            Some(next) => into.extend(['\\', next]),
                            None => return Err(Error::execution("No closing quotation")),
                        },
                        Some(other) => into.push(other),
                    }
                }
            }
            '\\' => match chars.next() {
                Some(next) => word.get_or_insert_default().push(next),
                None => return Err(Error::execution("No escaped character")),
            },
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::Value;

    #[test]
    fn words_are_split_as_shlex_does() {
        for (text, want) in [
            ("a b  c", "['a', 'b', 'c']"),
            ("a 'b c' d\"e f\"", "['a', 'b c', 'de f']"),
            ("a\\ b \"x\\\"y\\z\" ''", "['a b', 'x\"y\\\\z', '']"),
            ("", "[]"),
        ] {
            assert_eq!(Value::from(split(text).expect("is well formed")).repr(), want);
        }
        assert_eq!(split("a 'b").expect_err("is open").to_string(), "No closing quotation");
        assert_eq!(split("a\\").expect_err("is open").to_string(), "No escaped character");
    }
}
