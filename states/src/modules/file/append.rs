//! `file.append` and `file.prepend`: text at the end or the start of a file, once.

use std::path::PathBuf;

use halite_core::diff::{split_lines as lines_with_ends, unified_lines};
use halite_core::edit::Text;
use halite_core::pyre::{self, Flags};
use halite_core::{
    Apply, Changes, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

use super::shared::{
    check_file, failed, folder_of, is_dir, refuse, split_lines, template_texts, texts,
};
use crate::support::expand_user;
use crate::support::perms::{Perms, make_dirs};

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&APPEND, &PREPEND]);

/// What is to be added to which file.
struct Want {
    name: String,
    path: PathBuf,
    text: Value,
    /// Sources with their hashes; they replace the text.
    sources: Vec<(Value, Value)>,
    template: String,
    context: Map,
    makedirs: bool,
    show_changes: bool,
    how: How,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Append { ignore_whitespace: bool },
    Prepend { header: bool },
}

/// Arguments that both functions share, as they are given.
struct Given {
    name: String,
    text: Value,
    source: Value,
    source_hash: Value,
    sources: Value,
    source_hashes: Value,
    template: Option<String>,
    defaults: Value,
    context: Value,
    makedirs: bool,
    show_changes: bool,
}

impl Given {
    fn judge<'a>(self, cx: &Context<'a>, how: How) -> Result<Verdict<'a>> {
        let name = expand_user(cx, &self.name);
        if name.is_empty() {
            let fun = if matches!(how, How::Append { .. }) { "append" } else { "prepend" };
            return refuse(format!("Must provide name to file.{fun}"));
        }
        if self.source.truthy() && self.sources.truthy() {
            return refuse("source and sources are mutually exclusive");
        }
        if self.source_hash.truthy() && self.source_hashes.truthy() {
            return refuse("source_hash and source_hashes are mutually exclusive");
        }
        let hashes = self.source_hashes.as_list().unwrap_or_default();
        let sources = if self.source.truthy() {
            vec![(self.source, self.source_hash)]
        } else {
            let all = self.sources.as_list().unwrap_or_default().iter().enumerate();
            all.map(|(i, url)| (url.clone(), hashes.get(i).cloned().unwrap_or_default())).collect()
        };
        let mut context = self.defaults.as_map().cloned().unwrap_or_default();
        context.extend(self.context.as_map().cloned().unwrap_or_default());
        let want = Want {
            path: PathBuf::from(&name),
            name,
            text: self.text,
            sources,
            template: self.template.unwrap_or_else(|| "jinja".into()),
            context,
            makedirs: self.makedirs,
            show_changes: self.show_changes,
            how,
        };
        judge(cx, want)
    }
}

/// Sees to it that text is in a file; what is missing goes to its end.
///
/// ```yaml
/// /etc/motd:
///   file.append:
///     - text: |
///         Thou hadst better eat salt with the Philosophers of Greece.
/// ```
#[state]
fn append<'a>(
    cx: &Context<'a>,
    /// Path of the file.
    name: String,
    /// One text or several.
    #[default(Value::Null)]
    text: Value,
    #[default(false)] makedirs: bool,
    #[default(Value::Null)] source: Value,
    #[default(Value::Null)] source_hash: Value,
    #[default(Some("jinja".into()))] template: Option<String>,
    #[default(Value::Null)] sources: Value,
    #[default(Value::Null)] source_hashes: Value,
    #[default(Value::Null)] defaults: Value,
    #[default(Value::Null)] context: Value,
    /// Whether text counts as present when only its white space differs.
    #[default(true)]
    ignore_whitespace: bool,
    #[default(true)] show_changes: bool,
) -> Result<Verdict<'a>> {
    let given = Given {
        name,
        text,
        source,
        source_hash,
        sources,
        source_hashes,
        template,
        defaults,
        context,
        makedirs,
        show_changes,
    };
    given.judge(cx, How::Append { ignore_whitespace })
}

/// Sees to it that text is in a file; what is missing goes to its start.
#[state]
fn prepend<'a>(
    cx: &Context<'a>,
    /// Path of the file.
    name: String,
    /// One text or several.
    #[default(Value::Null)]
    text: Value,
    #[default(false)] makedirs: bool,
    #[default(Value::Null)] source: Value,
    #[default(Value::Null)] source_hash: Value,
    #[default(Some("jinja".into()))] template: Option<String>,
    #[default(Value::Null)] sources: Value,
    #[default(Value::Null)] source_hashes: Value,
    #[default(Value::Null)] defaults: Value,
    #[default(Value::Null)] context: Value,
    /// Whether the text is to be the very first lines.
    #[default(None)]
    header: Option<bool>,
    #[default(true)] show_changes: bool,
) -> Result<Verdict<'a>> {
    let given = Given {
        name,
        text,
        source,
        source_hash,
        sources,
        source_hashes,
        template,
        defaults,
        context,
        makedirs,
        show_changes,
    };
    given.judge(cx, How::Prepend { header: header.unwrap_or(false) })
}

fn judge<'a>(cx: &Context<'a>, want: Want) -> Result<Verdict<'a>> {
    let name = &want.name;
    let missing = check_file(cx.host, name, &want.path);
    if let Some(fault) = &missing {
        if !want.path.is_absolute() || !cx.test() && !can_make(cx, &want) {
            return refuse(fault.as_str());
        }
        let comment = format!("File {name} is set to be created");
        let would = Outcome::would(comment, map! {"new" => name.as_str()});
        return Ok(Verdict::change(would, move |apply| create(apply, &want)));
    }
    let lines = match missing_lines(cx, &want)? {
        Ok(lines) => lines,
        Err(outcome) => return Ok(Verdict::Settled(outcome)),
    };
    if lines.is_empty() {
        return Ok(Verdict::correct(format!("File {name} is in correct state")));
    }
    let added = Added::new(cx, &want, &lines)?;
    let would = format!("File {name} is set to be updated");
    let would = Outcome::would(would, added.changes.clone());
    Ok(Verdict::change(would, move |apply| {
        apply.host.write_atomic(&want.path, &added.bytes, None)?;
        Ok(Outcome::done(added.comment, added.changes))
    }))
}

fn can_make(cx: &Context<'_>, want: &Want) -> bool {
    want.makedirs || is_dir(cx.host, folder_of(&want.path))
}

/// Makes the file, empty at first, as what is added is shown against that.
fn create(apply: &Apply<'_>, want: &Want) -> Result<Outcome> {
    if want.makedirs {
        make_dirs(apply.host, folder_of(&want.path), &Perms::default())?;
    }
    apply.host.write_atomic(&want.path, b"", None)?;
    let lines = match missing_lines(apply.cx, want)? {
        Ok(lines) => lines,
        Err(outcome) => return Ok(outcome),
    };
    if lines.is_empty() {
        return Ok(Outcome::new(Some(true), format!("File {} is in correct state", want.name)));
    }
    let added = Added::new(apply.cx, want, &lines)?;
    apply.host.write_atomic(&want.path, &added.bytes, None)?;
    Ok(Outcome::done(added.comment, added.changes))
}

/// The lines that are not there yet. The inner error is the outcome of sources that cannot be had.
fn missing_lines(cx: &Context<'_>, want: &Want) -> Result<Result<Vec<String>, Outcome>> {
    let chunks = if want.sources.is_empty() {
        texts(&want.text)
    } else {
        match template_texts(cx, &want.sources, &want.template, &want.context)? {
            Ok(texts) => texts,
            Err((source, fault)) => {
                let outcome = failed(fault).with("name", source);
                return Ok(Err(outcome.with("data", Vec::<Value>::new())));
            }
        }
    };
    let have = Text::from_bytes(&cx.host.read(&want.path)?).text;
    let mut lines = Vec::new();
    for chunk in &chunks {
        let there = match want.how {
            How::Prepend { header: true } => false,
            How::Append { ignore_whitespace: false } => found(&have, chunk)?,
            _ => found(&have, &loose(chunk))?,
        };
        if !there {
            lines.extend(split_lines(chunk).into_iter().map(str::to_owned));
        }
    }
    let header = want.how == How::Prepend { header: true };
    if header && split_lines(&have).into_iter().take(lines.len()).eq(lines.iter()) {
        lines.clear();
    }
    Ok(Ok(lines))
}

fn found(text: &str, pattern: &str) -> Result<bool> {
    if text.is_empty() {
        return Ok(false);
    }
    let flags = Flags { multiline: true, ..Flags::default() };
    let regex = pyre::compile(pattern, flags)
        .map_err(|error| Error::execution(format!("'{pattern}': {error}")))?;
    Ok(regex.is_match(text).unwrap_or(false))
}

/// A pattern for a text in which white space may differ. Salt: `build_whitespace_split_regex`.
fn loose(text: &str) -> String {
    const SPACE: &str = r"(?:[\s]+)?";
    let mut pattern = String::from("^");
    for line in split_lines(text) {
        let parts: Vec<String> = words(line).into_iter().map(escaped).collect();
        pattern += &format!("{SPACE}{}{SPACE}", parts.join(SPACE));
    }
    pattern + "$"
}

/// Words of a line; one that begins with a quote goes on to the next. Which sign is the quote
/// depends on the line. Python: `shlex` without POSIX rules.
fn words(line: &str) -> Vec<&str> {
    let quote = if line.contains("'\\\"") {
        None
    } else if line.contains('\'') {
        Some('"')
    } else if line.contains('"') {
        Some('\'')
    } else {
        None
    };
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = if Some(first) == quote {
            rest[1..].find(first).map_or(rest.len(), |at| at + 2)
        } else {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        };
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    words
}

/// Python: `re.escape`.
fn escaped(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if "\\.+*?()|[]{}^$#&-~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// What the file becomes, and how that is told.
struct Added {
    bytes: Vec<u8>,
    comment: String,
    changes: Changes,
}

impl Added {
    fn new(cx: &Context<'_>, want: &Want, lines: &[String]) -> Result<Added> {
        let old = cx.host.read(&want.path)?;
        let text = Text::from_bytes(&old);
        let more: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        let (new, verb) = match want.how {
            How::Append { .. } => {
                let end = if text.text.is_empty() || text.text.ends_with('\n') { "" } else { "\n" };
                (format!("{}{end}{more}", text.text), "Appended")
            }
            How::Prepend { .. } => (format!("{more}{}", text.text), "Prepended"),
        };
        let bytes = text.to_bytes(&new);
        let diff = if !old.is_empty() && !Text::looks_like(&old) {
            "Replace binary file".into()
        } else if !want.show_changes {
            "<show_changes=False>".into()
        } else if matches!(want.how, How::Append { .. }) {
            unified_lines(&split_lines(&text.text), &split_lines(&new)).join("\n")
        } else {
            unified_lines(&lines_with_ends(&text.text), &lines_with_ends(&new)).concat()
        };
        let changes = map! {"diff" => diff};
        Ok(Added { bytes, comment: format!("{verb} {} lines", lines.len()), changes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_whatever_its_white_space() {
        for (have, text, want) in [
            ("a  b\n", "a b", true),
            ("x\na b\ny\n", " a b ", true),
            ("a b c\n", "a b", false),
            ("a\n\nb\n", "a\nb", true),
            ("f(x) = [1]\n", "f(x) = [1]", true),
            ("if 'x y' z\n", "if 'x y' z", true),
            ("", "a", false),
        ] {
            assert_eq!(found(have, &loose(text)).expect("is a pattern"), want, "{text:?}");
        }
    }

    #[test]
    fn quoted_words_stay_whole() {
        assert_eq!(words("a  b 'c"), ["a", "b", "'c"]);
        assert_eq!(words("it's \"a  b\" c"), ["it's", "\"a  b\"", "c"]);
    }
}
