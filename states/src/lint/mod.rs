//! The checker behind `state.check` and `salt-lsp`: reads trees of states and pillar and says what is
//! wrong with them, all at once, without changing or asking anything but the files.
//!
//! Templates are rendered with this machine's grains and a pillar merged of all pillar files there
//! are; functions that may change something are not called, and faults are passed over. What depends
//! on a value that is not known is not judged.

pub(crate) mod chunks;
mod pillars;
mod roots;
mod source;
mod templates;
mod tops;
mod tree;

use std::path::{Path, PathBuf};

use halite_core::text::token_width;
use halite_core::{Map, Value, map};

use crate::compiler::Fault;

pub use crate::engine::call::KEYWORDS;
pub use roots::{Kind, Role, Roots, Source};
pub use source::Texts;
pub use templates::resolve as template_path;
pub use tree::{Lint, check, pillar};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A run with this file fails.
    Error,
    /// A run may fail, or does not do what was meant.
    Warning,
}

impl Severity {
    /// How it is called in output.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in characters.
    pub column: u32,
    /// Where the word at the place ends: the column behind it.
    pub end_column: u32,
    /// How bad it is.
    pub severity: Severity,
    /// The class, such as `unknown-argument`; docs/troubleshooting.md lists them.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The lines through which the place was reached, outermost first.
    pub via: Vec<(PathBuf, u32)>,
    /// The line of the source.
    pub text: String,
}

/// Classes that are warnings.
const WARNINGS: [&str; 8] = [
    "not-included",
    "unknown-grain",
    "unknown-pillar",
    "wrong-type",
    "unavailable",
    "near-argument",
    "jinja-call",
    "jinja-perhaps-undefined",
];

impl Diagnostic {
    /// A fault as a diagnostic. `file` is where it belongs if it has no place of its own.
    pub(crate) fn of(fault: &Fault, file: &Path, text: &str) -> Diagnostic {
        let at = fault.at.clone();
        let at = at.unwrap_or_else(|| crate::compiler::Place::new(file, 1, 1));
        let line = text.lines().nth(at.line.max(1) as usize - 1).unwrap_or_default();
        let width = u32::try_from(token_width(line, at.column as usize)).unwrap_or(1);
        let code = if fault.code.is_empty() { "form" } else { fault.code };
        Diagnostic {
            line: at.line,
            column: at.column,
            end_column: at.column + width,
            severity: match WARNINGS.contains(&code) {
                true => Severity::Warning,
                false => Severity::Error,
            },
            code,
            message: brief(&fault.message),
            hint: fault.hint.clone(),
            via: at.via,
            file: at.file,
            text: line.to_owned(),
        }
    }

    /// As data: what `state.check --out=json` prints.
    pub fn to_map(&self) -> Map {
        let mut map = map! {
            "file" => self.file.display().to_string(),
            "line" => self.line,
            "column" => self.column,
            "end_column" => self.end_column,
            "severity" => self.severity.name(),
            "code" => self.code,
            "message" => self.message.as_str(),
            "hint" => self.hint.clone(),
            "text" => self.text.as_str(),
        };
        if !self.via.is_empty() {
            let via = self.via.iter().map(|(file, line)| format!("{}:{line}", file.display()));
            map.insert("via".into(), via.map(Value::from).collect::<Vec<_>>().into());
        }
        map
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut place = crate::compiler::Place::new(&self.file, self.line, self.column);
        place.via.clone_from(&self.via);
        let mut fault =
            Fault::new(format!("{}[{}]: {}", self.severity.name(), self.code, self.message));
        fault = fault.at(place).maybe_hint(self.hint.clone());
        fault.line = Some(self.text.clone());
        write!(f, "{fault}")
    }
}

/// A message for one line of an editor: without what Salt puts in front, behind (source lines,
/// tracebacks) and in between (marks of YAML).
fn brief(message: &str) -> String {
    let mut text = message;
    for (front, end) in [("Rendering SLS", " failed: "), ("Rendering SLS", "render error: ")] {
        if text.starts_with(front)
            && let Some((_, rest)) = text.split_once(end)
        {
            text = rest;
        }
    }
    let cut = |text: &mut &str, at: &str| {
        if let Some((before, _)) = text.split_once(at) {
            *text = before;
        }
    };
    cut(&mut text, "\n\n---\n");
    // `\nFILE(LINE):\n---`: the excerpt of an imported file.
    if let Some((before, _)) = text.split_once("):\n---")
        && let Some((message, _)) = before.rsplit_once('\n')
    {
        text = message;
    }
    cut(&mut text, "\nTraceback (most recent call last)");
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("  in \"<unicode")).collect();
    // YAML says what it was doing first.
    let context = |line: &&str| line.starts_with("while ") || line.starts_with("expected a single");
    let told: Vec<&str> = match lines.split_first() {
        Some((first, rest)) if context(first) && !rest.is_empty() => rest.to_vec(),
        _ => lines,
    };
    let text = told.join(" ");
    match text.rsplit_once("; line ") {
        Some((before, number)) if number.chars().all(|c| c.is_ascii_digit()) => before.to_owned(),
        _ => text.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_become_one_line() {
        for (salt, want) in [
            (
                "Rendering SLS 'base:a' failed: Jinja variable 'x' is undefined; line 3\n\n---\nx\n---",
                "Jinja variable 'x' is undefined",
            ),
            (
                "Rendering SLS 'base:a' failed: while constructing a mapping\n  in \"<unicode string>\", line 1, column 1\nfound conflicting ID 'b'\n  in \"<unicode string>\", line 7, column 1",
                "found conflicting ID 'b'",
            ),
            ("ID 'a' in SLS 'b' is bad", "ID 'a' in SLS 'b' is bad"),
        ] {
            assert_eq!(brief(salt), want);
        }
    }
}
