//! What a renderer refuses, in Salt's words and with its place in the source.

use std::path::{Path, PathBuf};

use halite_core::{Error, Fault};

/// How Salt reports a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RenderErrorKind {
    /// A `SaltRenderError`: the compiler says `Rendering SLS '<env>:<sls>' failed: <text>`.
    #[default]
    Render,
    /// Any other exception: it says `Rendering SLS <sls> failed, render error: <text>`.
    Exception,
}

/// A fault of a template or of the data it makes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenderError {
    /// How Salt reports it.
    pub kind: RenderErrorKind,
    /// Salt's text without the source lines.
    pub message: String,
    /// The file as users know it, if it is not the one that was to be rendered.
    pub file: Option<PathBuf>,
    /// Line in the source, from 1.
    pub line: Option<u32>,
    /// Column in the source, from 1.
    pub column: Option<u32>,
    /// Salt's lines around the fault; empty if Salt shows none.
    pub excerpt: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The files and lines through which the faulty one was reached, outermost first.
    pub trace: Vec<(PathBuf, u32)>,
    /// Further faults of the same file: those that a gathering engine had passed over before, and
    /// further doubled keys.
    pub others: Vec<RenderError>,
}

/// How many lines stand before and after the faulty one.
const EXCERPT_LINES: usize = 5;
/// What points at the faulty line.
const MARKER: &str = "    <======================";

impl RenderError {
    /// A fault that Salt knows as `SaltRenderError`.
    pub fn new(message: impl Into<String>) -> RenderError {
        RenderError { message: message.into(), ..RenderError::default() }
    }

    /// A fault that Salt knows as some other exception.
    pub fn exception(message: impl Into<String>) -> RenderError {
        RenderError { kind: RenderErrorKind::Exception, ..RenderError::new(message) }
    }

    /// With its line, from 1, and Salt's excerpt of `source` around it.
    #[must_use]
    pub fn at(mut self, source: &str, line: u32) -> RenderError {
        self.line = Some(line);
        self.excerpt = excerpt(source, line);
        self
    }

    /// The same fault of a rendered text, at its place in the source. Salt's text stays.
    #[must_use]
    pub(crate) fn mapped(mut self, map: &crate::SourceMap, text: &str) -> RenderError {
        let Some(line) = self.line.filter(|_| self.file.is_none()) else { return self };
        if let Some(origin) = map.origin(text, line, self.column.unwrap_or(1)) {
            self.file = Some(PathBuf::from(&*origin.file));
            self.line = Some(origin.line);
            self.column = Some(origin.column);
            let via = origin.via.iter().map(|(file, line)| (PathBuf::from(&**file), *line));
            self.trace = via.collect();
            self.hint = self.hint.map(|hint| remapped(&hint, origin.line, map, text));
        }
        self
    }

    /// The class of the fault, for editors and scripts.
    pub fn code(&self) -> &'static str {
        let is = |text: &str| self.message.starts_with(text);
        if is("Jinja variable") {
            "jinja-undefined"
        } else if is("Jinja syntax error") {
            "jinja-syntax"
        } else if is("Problem running salt function") {
            "jinja-call"
        } else if is("Jinja error") {
            "jinja"
        } else if self.message.contains("found conflicting ID") {
            "duplicate-key"
        } else if self.line.is_some() {
            "syntax"
        } else {
            "render"
        }
    }

    /// What stands behind Salt's text for people: the place, the line with a caret, the way there,
    /// the hint. `path` is the file that was rendered, `read` gives the texts of files.
    pub fn details(&self, path: &Path, read: &dyn Fn(&Path) -> Option<String>) -> String {
        let mut out = String::new();
        let file = self.file.as_deref().unwrap_or(path);
        out += &format!("\n  --> {}", file.display());
        if let Some(line) = self.line {
            let column = self.column.unwrap_or(1);
            out += &format!(":{line}:{column}");
            let text = read(file).unwrap_or_default();
            if let Some(shown) = text.lines().nth(line.max(1) as usize - 1) {
                out += &halite_core::text::pointed(shown, line, column);
            }
        }
        for (file, line) in self.trace.iter().rev() {
            out += &format!("\n  from {}:{line}", file.display());
        }
        if let Some(hint) = &self.hint {
            out += &format!("\n  hint: {hint}");
        }
        out
    }

    /// With what to do about it.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> RenderError {
        self.hint = Some(hint.into());
        self
    }

    /// What Salt prints: the message, and line and excerpt if there is one.
    pub fn to_salt_text(&self) -> String {
        match self.line {
            Some(line) if !self.excerpt.is_empty() => {
                format!("{}; line {line}\n\n{}", self.message, self.excerpt)
            }
            _ => self.message.clone(),
        }
    }
}

/// A hint of YAML speaks of lines of the rendered text: `line 7` becomes the line of the source.
fn remapped(hint: &str, own: u32, map: &crate::SourceMap, text: &str) -> String {
    let Some((before, rest)) = hint.split_once("line ") else { return hint.to_owned() };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let Some(origin) = rest[..digits].parse().ok().and_then(|line| map.origin(text, line, 1))
    else {
        return hint.to_owned();
    };
    if origin.line == own && hint.ends_with("holds each key once") {
        return format!(
            "line {own} is written more than once, by a loop or a macro: make the key differ"
        );
    }
    format!("{before}line {}{}", origin.line, &rest[digits..])
}

/// Salt's lines around a line of a text, the line marked. Salt: `stringutils.get_context`.
pub fn excerpt(source: &str, line: u32) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let line = line as usize;
    if line > lines.len() || line == 0 {
        return source.to_owned();
    }
    let start = line.saturating_sub(EXCERPT_LINES + 1);
    let end = lines.len().min(line + EXCERPT_LINES);
    let mut out = vec!["---".to_owned()];
    if start > 0 {
        out.push("[...]".to_owned());
    }
    for (number, text) in (start + 1..).zip(&lines[start..end]) {
        out.push(format!("{text}{}", if number == line { MARKER } else { "" }));
    }
    if end < lines.len() {
        out.push("[...]".to_owned());
    }
    out.push("---".to_owned());
    out.join("\n")
}

impl std::fmt::Display for RenderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_salt_text())
    }
}

impl std::error::Error for RenderError {}

impl From<RenderError> for Error {
    fn from(error: RenderError) -> Error {
        Fault {
            message: error.message,
            file: error.file,
            line: error.line,
            column: error.column,
            excerpt: error.excerpt,
            hint: error.hint,
            trace: error.trace,
        }
        .into()
    }
}

impl From<Error> for RenderError {
    fn from(error: Error) -> RenderError {
        RenderError::exception(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_mark_the_line() {
        let source: String = (1..=20).map(|n| format!("l{n}\n")).collect();
        let want = "---\n[...]\nl5\nl6\nl7\nl8\nl9\nl10    <======================\nl11\nl12\nl13\n\
                    l14\nl15\n[...]\n---";
        assert_eq!(excerpt(&source, 10), want);
        assert_eq!(excerpt("a\nb\n", 1), "---\na    <======================\nb\n---");
        assert_eq!(excerpt("a\n", 7), "a\n");
        let text = RenderError::new("Jinja syntax error: x").at("a\n", 1).to_salt_text();
        assert!(text.starts_with("Jinja syntax error: x; line 1\n\n---\na    <==="));
    }
}
