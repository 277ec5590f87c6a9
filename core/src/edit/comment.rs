//! `file.comment` and `file.uncomment`.

use crate::diff::split_lines;
use crate::error::{Error, Result};
use crate::pyre;

/// What commenting does to a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commented {
    /// The lines concerned, as they are.
    pub before: Vec<String>,
    /// The same lines, as they become.
    pub after: Vec<String>,
    /// The whole new text.
    pub text: String,
}

/// Comments (or, with `cmnt` false, uncomments) all lines that a pattern finds at their start;
/// `None` if there are none. Salt: `file.comment_line` behaviour.
///
/// # Errors
/// A pattern that is none.
pub fn comment_lines(text: &str, regex: &str, char: &str, cmnt: bool) -> Result<Option<Commented>> {
    let bare = regex.trim_start_matches('^').trim_end_matches('$');
    let end = if regex.ends_with('$') { "$" } else { "" };
    let pattern = if cmnt {
        let start = if regex.starts_with('^') { "^" } else { "" };
        format!("{start}({bare}){end}")
    } else {
        format!(r"^{char}\s*({bare}){end}")
    };
    let compiled = pyre::compile_match(&pattern)
        .map_err(|error| Error::execution(format!("'{regex}': {error}")))?;
    let mut result = Commented { before: Vec::new(), after: Vec::new(), text: String::new() };
    for line in split_lines(text) {
        if !compiled.is_match(line).unwrap_or(false) {
            result.text.push_str(line);
            continue;
        }
        let chars: Vec<char> = char.chars().collect();
        let new = if cmnt {
            format!("{char}{line}")
        } else {
            line.trim_start_matches(&chars[..]).to_owned()
        };
        result.text.push_str(&new);
        result.before.push(line.to_owned());
        result.after.push(new);
    }
    Ok((!result.before.is_empty()).then_some(result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, regex: &str, cmnt: bool, want: Option<&str>) {
        let got = comment_lines(text, regex, "#", cmnt).expect("is a pattern");
        assert_eq!(got.map(|got| got.text).as_deref(), want);
    }

    #[test]
    fn lines_are_commented_and_back() {
        check("a 1\nb 2\n", "^a", true, Some("#a 1\nb 2\n"));
        check("#a 1\nb 2\n", "^a", false, Some("a 1\nb 2\n"));
        check("##  a\n", "#  a", false, Some("  a\n"));
        check("a\n", "^z", true, None);
    }
}
