//! `file.line`: one line inserted, ensured, replaced or deleted. Salt: `_set_line` behaviour.

use super::{line_end, without_end};
use crate::diff::split_lines;
use crate::error::{Error, Result};
use crate::pyre::{self, Flags};

/// What is to become of a line.
#[derive(Clone, Debug, Default)]
pub struct LineEdit {
    /// The line.
    pub content: Option<String>,
    /// Which line to delete or replace: a pattern, or a part of the line.
    pub match_: Option<String>,
    /// `insert`, `ensure`, `delete` or `replace`.
    pub mode: Option<String>,
    /// `start` or `end`.
    pub location: Option<String>,
    /// The line before which to insert.
    pub before: Option<String>,
    /// The line after which to insert.
    pub after: Option<String>,
    /// Take over the neighbour's indentation.
    pub indent: bool,
}

/// Edits a text; equal text means that nothing is to be done.
///
/// # Errors
/// Salt's texts for a missing or unknown mode, missing content, and places that are not to be
/// found or not unique.
pub fn edit_line(text: &str, edit: &LineEdit) -> Result<String> {
    let mode = edit.mode.as_deref().map(str::to_lowercase);
    let mode = match mode.as_deref() {
        Some(known @ ("insert" | "ensure" | "delete" | "replace")) => known,
        Some(other) => return Err(Error::execution(format!("Unknown mode: \"{other}\""))),
        None => {
            return Err(Error::execution("Mode was not defined. How to process the file?"));
        }
    };
    if mode != "delete" && edit.content.is_none() {
        return Err(Error::execution("Content can only be empty if mode is \"delete\""));
    }
    let mut lines: Vec<String> = split_lines(text).into_iter().map(str::to_owned).collect();
    if lines.last().is_some_and(|last| !line_end(last).is_empty()) {
        lines.push(String::new());
    }
    if text.is_empty() && matches!(mode, "delete" | "replace") {
        lines.clear();
    }
    let mut lines = set_line(lines, edit, mode)?;
    for index in 0..lines.len() {
        if line_end(&lines[index]).is_empty() && index + 1 < lines.len() {
            let neighbour = if index > 1 { index - 1 } else { usize::from(index == 0) };
            lines[index] = with_end_of(&lines[neighbour], &lines[index]);
        }
    }
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    Ok(lines.concat())
}

fn with_end_of(model: &str, line: &str) -> String {
    let end = line_end(model);
    format!("{}{}", line.trim_end(), if end.is_empty() { "\n" } else { end })
}

fn indented(model: &str, line: &str, indent: bool) -> String {
    if !indent {
        return line.to_owned();
    }
    let space = model.len() - model.trim_start_matches([' ', '\t']).len();
    format!("{}{}", &model[..space], line.trim_start())
}

/// Lines that a pattern finds, or that hold it as it is.
fn matching(lines: &[String], pattern: Option<&str>) -> Result<Option<Vec<String>>> {
    let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty() && !lines.is_empty()) else {
        return Ok(None);
    };
    let flags = Flags { dotall: true, ..Flags::default() };
    let regex = pyre::compile(pattern, flags)
        .map_err(|error| Error::execution(format!("{error}: '{pattern}'")))?;
    let hit = |line: &&String| regex.is_match(line).unwrap_or(false) || line.contains(pattern);
    Ok(Some(lines.iter().filter(hit).cloned().collect()))
}

/// The one line that must be there, as its index.
fn unique(lines: &[String], found: &[String], name: &str) -> Result<usize> {
    let amount = match found.len() {
        0 => "less than",
        1 => return Ok(index_of(lines, &found[0])),
        _ => "more than",
    };
    let what = format!("Found {amount} expected occurrences in \"{name}\" expression");
    Err(Error::execution(what))
}

fn index_of(lines: &[String], line: &str) -> usize {
    lines.iter().position(|known| known == line).unwrap_or(0)
}

fn set_line(lines: Vec<String>, edit: &LineEdit, mode: &str) -> Result<Vec<String>> {
    let mut lines = lines;
    let content = edit.content.as_deref().unwrap_or_default();
    let given = edit.match_.as_deref().filter(|text| !text.is_empty());
    let alone = edit.before.is_none() && edit.after.is_none();
    let wanted = if alone { given.or(edit.content.as_deref()) } else { given };
    let after = matching(&lines, edit.after.as_deref())?;
    let before = matching(&lines, edit.before.as_deref())?;
    let hits = matching(&lines, wanted)?.unwrap_or_default();
    let some = |found: Option<Vec<String>>| found.filter(|found| !found.is_empty());
    match mode {
        "delete" => {
            if let Some(first) = hits.first() {
                lines.retain(|line| line != first);
            }
        }
        "replace" => {
            if let Some(first) = hits.first() {
                let index = index_of(&lines, first);
                lines[index] = indented(&lines[index], content, edit.indent);
            }
        }
        "insert" => insert(&mut lines, edit, content, some(before), some(after))?,
        _ => ensure(&mut lines, edit, content, some(before), some(after))?,
    }
    Ok(lines)
}

fn insert(
    lines: &mut Vec<String>,
    edit: &LineEdit,
    content: &str,
    before: Option<Vec<String>>,
    after: Option<Vec<String>>,
) -> Result<()> {
    let location = edit.location.as_deref().filter(|location| !location.is_empty());
    if edit.before.is_none() && edit.after.is_none() && location.is_none() {
        let what = "On insert either \"location\" or \"before/after\" conditions are required.";
        return Err(Error::execution(what));
    }
    let same = |line: &str| without_end(line) == without_end(content);
    match (location, before, after) {
        (Some("end"), _, _) => match lines.last() {
            Some(last) => lines.push(indented(last, content, edit.indent)),
            None => lines.push(content.to_owned()),
        },
        (Some("start"), _, _) => match lines.first() {
            Some(first) => lines.insert(0, with_end_of(first, content)),
            None => lines.push(format!("{content}\n")),
        },
        (Some(_), _, _) => {}
        (None, Some(before), Some(after)) => {
            let last = unique(lines, &before, "before")?;
            unique(lines, &after, "after")?;
            lines.insert(last, indented(&lines[last], content, edit.indent));
        }
        (None, None, Some(after)) => {
            let index = unique(lines, &after, "after")?;
            if !lines.get(index + 1).is_some_and(|next| same(next)) {
                lines.insert(index + 1, indented(&lines[index], content, edit.indent));
            }
        }
        (None, Some(before), None) => {
            let index = unique(lines, &before, "before")?;
            // Python's index -1 is the last line.
            let previous = if index == 0 { lines.last() } else { lines.get(index - 1) };
            if !previous.is_some_and(|previous| same(previous)) {
                lines.insert(index, indented(&lines[index], content, edit.indent));
            }
        }
        (None, None, None) => {
            return Err(Error::execution("Neither before or after was found in file"));
        }
    }
    Ok(())
}

fn ensure(
    lines: &mut Vec<String>,
    edit: &LineEdit,
    content: &str,
    before: Option<Vec<String>>,
    after: Option<Vec<String>>,
) -> Result<()> {
    let same = |line: &str| without_end(line) == without_end(content);
    match (before, after) {
        (Some(before), Some(after)) => {
            let first = unique(lines, &after, "after")?;
            let last = unique(lines, &before, "before")?;
            if lines.iter().any(|line| line.trim_start() == content) {
                return Ok(());
            }
            let line = indented(&lines[first], content, edit.indent);
            match last.checked_sub(first) {
                Some(1) => lines.insert(first + 1, line),
                Some(2) => lines[first + 1] = line,
                _ => {
                    let what =
                        "Found more than one line between boundaries \"before\" and \"after\".";
                    return Err(Error::execution(what));
                }
            }
        }
        (Some(before), None) => {
            let index = unique(lines, &before, "before")?;
            if index == 0 || !same(&lines[index - 1]) {
                let model = if index == 0 { lines.last() } else { lines.get(index - 1) };
                let line = indented(model.map_or("", String::as_str), content, edit.indent);
                lines.insert(index, line);
            }
        }
        (None, Some(after)) => {
            let index = unique(lines, &after, "after")?;
            if !lines.get(index + 1).is_some_and(|next| same(next)) {
                lines.insert(index + 1, indented(&lines[index], content, edit.indent));
            }
        }
        (None, None) => {
            let what = "Wrong conditions? Unable to ensure line without knowing where to put it \
                        before and/or after.";
            return Err(Error::execution(what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, spec: &str, want: &str) {
        let mut edit = LineEdit { indent: true, ..LineEdit::default() };
        for pair in spec.split(';') {
            let (key, value) = pair.split_once('=').expect("key=value");
            let slot = match key {
                "content" => &mut edit.content,
                "match" => &mut edit.match_,
                "mode" => &mut edit.mode,
                "location" => &mut edit.location,
                "before" => &mut edit.before,
                _ => &mut edit.after,
            };
            *slot = Some(value.to_owned());
        }
        let got = edit_line(text, &edit).unwrap_or_else(|error| error.to_string());
        assert_eq!(got, want);
    }

    // Recorded from salt 3008.3.
    #[test]
    fn lines_are_edited() {
        check("a\nb\n", "mode=insert;content=x;location=end", "a\nb\n\nx");
        check("a\n  b\nc\n", "mode=ensure;content=x;after=b", "a\n  b\n  x\nc\n");
        check("a\n  b\nc\n", "mode=replace;content=x;match=b", "a\n  x\nc\n");
        check("a\nb\nc\n", "mode=delete;match=b", "a\nc\n");
        check(
            "a\na\n",
            "mode=ensure;content=x;after=a",
            "Found more than expected occurrences in \"after\" expression",
        );
        check("a\n", "mode=zz;content=x", "Unknown mode: \"zz\"");
    }
}
