//! `file.blockreplace`: what stands between two markers.

use crate::diff::split_lines;
use crate::error::{Error, Result};
use crate::pyre::{self, Flags};

/// What to do when the markers are not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// Refuse.
    #[default]
    Refuse,
    /// Add the block at the end.
    Append,
    /// Add the block at the start.
    Prepend,
    /// Add the block before the first line that the pattern finds.
    Before(String),
    /// Add the block after the first line that the pattern finds.
    After(String),
}

/// A marked block.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// A part of the line above the block.
    pub marker_start: String,
    /// A part of the line below the block, or of its last line.
    pub marker_end: String,
    /// What is to stand between them.
    pub content: String,
    /// Whether the content's end and the marker are on lines of their own; `None`: if the content
    /// does not end in a newline.
    pub append_newline: Option<bool>,
    /// What to do when the markers are not there.
    pub missing: Missing,
}

/// The text with the block's content in place; equal text means that nothing is to be done.
///
/// # Errors
/// Salt's texts for markers that are missing or not closed.
pub fn replace_block(text: &str, block: &Block) -> Result<String> {
    let original = split_lines(text);
    let end = match original.first() {
        Some(line) if line.ends_with("\r\n") => "\r\n",
        _ => "\n",
    };
    let mut lines: Vec<String> = Vec::with_capacity(original.len());
    let (mut inside, mut found) = (false, false);
    for line in &original {
        let mut keep = true;
        if line.contains(&block.marker_start) {
            inside = true;
        } else if inside {
            keep = false;
            if let Some(at) = line.find(&block.marker_end) {
                (inside, found) = (false, true);
                lines.extend(content_lines(block, end, Some(&line[at..]), false));
            }
        }
        if keep {
            lines.push((*line).to_owned());
        }
    }
    if inside {
        let what = "Unterminated marked block. End of file reached before marker_end.";
        return Err(Error::execution(what));
    }
    if !found {
        place(&mut lines, &original, block, end)?;
    }
    Ok(lines.concat())
}

/// Puts a block that is not there where it is wanted.
fn place(lines: &mut Vec<String>, original: &[&str], block: &Block, end: &str) -> Result<()> {
    let fresh = content_lines(block, end, None, true);
    let (pattern, offset) = match &block.missing {
        Missing::Append => {
            if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(end)) {
                last.push_str(end);
            }
            lines.extend(fresh);
            return Ok(());
        }
        Missing::Prepend => {
            lines.splice(0..0, fresh);
            return Ok(());
        }
        Missing::Before(pattern) => (pattern, 0),
        Missing::After(pattern) => (pattern, 1),
        Missing::Refuse => return Err(absent()),
    };
    let regex = pyre::compile(pattern, Flags::default())
        .map_err(|error| Error::execution(format!("'{pattern}': {error}")))?;
    let at = original.iter().position(|line| regex.is_match(line).unwrap_or(false));
    let at = at.ok_or_else(absent)? + offset;
    lines.splice(at..at, fresh);
    Ok(())
}

fn absent() -> Error {
    Error::execution("Cannot edit marked block. Markers were not found in file.")
}

fn content_lines(block: &Block, end: &str, last: Option<&str>, with_start: bool) -> Vec<String> {
    let last = last.unwrap_or(&block.marker_end).trim_end_matches(['\r', '\n']);
    let own_line = block.append_newline.unwrap_or(!block.content.ends_with('\n'));
    let mut lines = Vec::new();
    if with_start {
        lines.push(format!("{}{end}", block.marker_start));
    }
    let parts: Vec<&str> =
        block.content.split('\n').map(|part| part.strip_suffix('\r').unwrap_or(part)).collect();
    let count = parts.len();
    for (index, part) in parts.into_iter().enumerate() {
        if index + 1 < count {
            lines.push(format!("{part}{end}"));
        } else if own_line {
            lines.push(format!("{part}{end}"));
            lines.push(format!("{last}{end}"));
        } else {
            lines.push(format!("{part}{last}{end}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, content: &str, missing: Missing, want: &str) {
        let block = Block {
            marker_start: "# s".into(),
            marker_end: "# e".into(),
            content: content.into(),
            append_newline: None,
            missing,
        };
        let got = replace_block(text, &block).unwrap_or_else(|error| error.to_string());
        assert_eq!(got, want);
    }

    #[test]
    fn blocks_are_replaced() {
        check("a\n# s\nold\n# e\nb\n", "new", Missing::Refuse, "a\n# s\nnew\n# e\nb\n");
        check("a\n# s\n# e x\nb\n", "n\n", Missing::Refuse, "a\n# s\nn\n# e x\nb\n");
        check("a", "n", Missing::Append, "a\n# s\nn\n# e\n");
        check("a\n", "n", Missing::Prepend, "# s\nn\n# e\na\n");
        check("a\nb\n", "n", Missing::Before("^b".into()), "a\n# s\nn\n# e\nb\n");
        check("a\nb\n", "n", Missing::After("^a".into()), "a\n# s\nn\n# e\nb\n");
        let absent = "Cannot edit marked block. Markers were not found in file.";
        check("a\n", "n", Missing::Refuse, absent);
        let open = "Unterminated marked block. End of file reached before marker_end.";
        check("# s\nx\n", "n", Missing::Refuse, open);
    }
}
