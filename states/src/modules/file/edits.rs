//! `file.replace`, `file.line`, `file.blockreplace`, `file.comment`, `file.uncomment`: edits of text.

use std::path::PathBuf;

use halite_core::diff::{of_contents as diff, unified};
use halite_core::edit::{
    Block, Encoding, LineEdit, Missing, NotFound, Replace, Text, comment_lines, edit_line,
    parse_flags, replace_all, replace_block,
};
use halite_core::{
    Changes, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

use super::shared::{back_up, check_file, folder_of, is_dir, is_file, refuse};
use crate::support::expand_user;
use crate::support::perms::Perms;

/// The module.
pub static MODULE: StateModule =
    StateModule::new("file", &[&REPLACE, &LINE, &BLOCKREPLACE, &COMMENT, &UNCOMMENT]);

/// An edited file: bytes before and after, in the shape that most edits report.
struct Edited {
    path: PathBuf,
    before: Vec<u8>,
    after: Vec<u8>,
    backup: Value,
    show_changes: bool,
}

impl Edited {
    fn changes(&self) -> Changes {
        // Without the diff all that is told is that there is one.
        let told = |diff: String| if self.show_changes { diff.into() } else { Value::Bool(true) };
        match diff(&self.before, &self.after).map(told) {
            Some(diff) => map! {"diff" => diff},
            None => Changes::new(),
        }
    }

    /// "Changes were made", and what they are.
    fn verdict<'a>(self) -> Result<Verdict<'a>> {
        if self.before == self.after {
            return Ok(Verdict::correct("No changes needed to be made"));
        }
        let changes = self.changes();
        let would = Outcome::would("Changes would be made", changes.clone());
        Ok(Verdict::change(would, move |apply| {
            back_up(apply, &self.backup, &self.path)?;
            apply.host.write_atomic(&self.path, &self.after, None)?;
            Ok(Outcome::done("Changes were made", changes))
        }))
    }
}

/// A backup argument as files know it: a suffix is kept beside the file, `minion` in the cache.
fn backup_of(backup: &Value) -> Value {
    backup.clone()
}

/// Replaces what a Python pattern finds in a file.
#[state]
fn replace<'a>(
    cx: &Context<'a>,
    name: String,
    pattern: String,
    repl: String,
    #[default(0)] count: i64,
    #[default(Value::Int(8))] flags: Value,
    #[default(false)] append_if_not_found: bool,
    #[default(false)] prepend_if_not_found: bool,
    #[default(None)] not_found_content: Option<String>,
    #[default(Value::Bool(true))] backup: Value,
    #[default(true)] show_changes: bool,
    #[default(false)] ignore_if_missing: bool,
    #[default(false)] backslash_literal: bool,
    /// The file's encoding, where it is none that ASCII is part of: `utf-16`.
    #[default(None)]
    encoding: Option<String>,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.replace");
    }
    let path = PathBuf::from(&name);
    if let Some(fault) = check_file(cx.host, &name, &path) {
        if ignore_if_missing && fault.contains("file not found") {
            return Ok(Verdict::correct("No changes needed to be made"));
        }
        return refuse(fault);
    }
    let how = Replace {
        pattern,
        repl,
        count: usize::try_from(count).unwrap_or(0),
        flags: parse_flags(&flags)?,
        not_found: match (append_if_not_found, prepend_if_not_found) {
            (true, _) => NotFound::Append,
            (_, true) => NotFound::Prepend,
            _ => NotFound::Leave,
        },
        not_found_content,
        backslash_literal,
    };
    let encoding = encoding.as_deref().map(Encoding::parse).transpose()?;
    let before = cx.host.read(&path)?;
    if encoding.is_none() && !before.is_empty() && !Text::looks_like(&before) {
        let what = format!("Cannot perform string replacements on a binary file: {name}");
        return Err(Error::usage("file.replace", what));
    }
    let text = Text::read(&before, encoding)?;
    let new = replace_all(&text.text, &how)?;
    if new == text.text {
        return Ok(Verdict::correct("No changes needed to be made"));
    }
    let after = text.write(&new, encoding)?;
    let kept = before.clone();
    let edited = Edited { path: path.clone(), before, after, backup: Value::Null, show_changes };
    let changes = match encoding {
        Some(_) if show_changes => {
            Changes::from_iter([("diff".into(), unified(&text.text, &new).into())])
        }
        _ => edited.changes(),
    };
    let would = Outcome::would("Changes would have been made", changes.clone());
    Ok(Verdict::change(would, move |apply| {
        let suffix = match &backup {
            Value::Bool(true) => ".bak".to_owned(),
            Value::Str(suffix) => suffix.to_string(),
            _ => String::new(),
        };
        if !suffix.is_empty() {
            let stat = apply.host.metadata(&path)?;
            let beside = PathBuf::from(format!("{}{suffix}", path.display()));
            apply.host.write_atomic(&beside, &kept, stat.map(|stat| stat.mode))?;
        }
        apply.host.write_atomic(&path, &edited.after, None)?;
        Ok(Outcome::done("Changes were made", changes))
    }))
}

/// Inserts, ensures, replaces or deletes one line of a file.
#[state]
fn line<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(None)] content: Option<String>,
    #[default(None)] match_: Option<String>,
    #[default(None)] mode: Option<String>,
    #[default(None)] location: Option<String>,
    #[default(None)] before: Option<String>,
    #[default(None)] after: Option<String>,
    #[default(true)] show_changes: bool,
    #[default(Value::Bool(false))] backup: Value,
    #[default(false)] quiet: bool,
    #[default(true)] indent: bool,
    #[default(false)] create: bool,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default(Value::Null)] file_mode: Value,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.line");
    }
    let path = PathBuf::from(&name);
    let make = create && !is_file(cx.host, &path);
    if make && !is_dir(cx.host, folder_of(&path)) {
        return refuse(format!("Parent directory not present: {}", folder_of(&path).display()));
    }
    if let Some(fault) = check_file(cx.host, &name, &path).filter(|_| !make) {
        return if quiet { Ok(Verdict::correct(fault)) } else { refuse(fault) };
    }
    let old = if make { Vec::new() } else { cx.host.read(&path)? };
    let text = Text::from_bytes(&old);
    let mode_of_edit = mode.as_deref().unwrap_or_default().to_owned();
    if text.text.is_empty() && matches!(mode_of_edit.as_str(), "delete" | "replace") && !make {
        return Ok(Verdict::correct("No changes needed to be made"));
    }
    let edit = LineEdit { content, match_, mode, location, before, after, indent };
    let new = match edit_line(&text.text, &edit) {
        Ok(new) => text.to_bytes(&new),
        Err(error) => return Err(error),
    };
    let edited = Edited { path, before: old, after: new, backup: backup_of(&backup), show_changes };
    if !make {
        return edited.verdict();
    }
    let perms = Perms::new(user, group, &file_mode);
    let changes = edited.changes();
    let would = Outcome::would("Changes would be made", changes.clone());
    Ok(Verdict::change(would, move |apply| {
        apply.host.write_atomic(&edited.path, &edited.after, None)?;
        perms.enforce(apply.host, &edited.path, true)?;
        Ok(Outcome::done("Changes were made", changes))
    }))
}

/// Keeps the text between two marker lines.
#[state]
fn blockreplace<'a>(
    cx: &Context<'a>,
    name: String,
    #[default("#-- start managed zone --".into())] marker_start: String,
    #[default("#-- end managed zone --".into())] marker_end: String,
    #[default(Value::Null)] source: Value,
    #[default(Value::Null)] source_hash: Value,
    #[default(Some("jinja".into()))] template: Option<String>,
    #[default(None)] context: Option<Map>,
    #[default(None)] defaults: Option<Map>,
    #[default(Value::str(""))] content: Value,
    #[default(false)] append_if_not_found: bool,
    #[default(false)] prepend_if_not_found: bool,
    #[default(Value::str(".bak"))] backup: Value,
    #[default(true)] show_changes: bool,
    #[default(Value::Null)] append_newline: Value,
    #[default(Value::Bool(false))] insert_before_match: Value,
    #[default(Value::Bool(false))] insert_after_match: Value,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.blockreplace");
    }
    let path = PathBuf::from(&name);
    let mut content = content.to_string();
    if let Some(fault) = check_file(cx.host, &name, &path) {
        return refuse(fault);
    }
    let with = (template, context, defaults);
    let id = own_id(cx, &name, &marker_start);
    for text in super::accumulated::meant_for(cx, &name, &id) {
        if !content.is_empty() {
            content.push('\n');
        }
        content += &text.to_string();
    }
    let places = [
        append_if_not_found,
        prepend_if_not_found,
        insert_before_match.truthy(),
        insert_after_match.truthy(),
    ];
    if places.iter().filter(|place| **place).count() > 1 {
        return refuse(
            "Encountered error managing block: Only one of append_if_not_found, \
             prepend_if_not_found, insert_before_match, and insert_after_match is permitted. See \
             the log for details.",
        );
    }
    match further(cx, &name, &source, &source_hash, with)? {
        Ok(more) => content += &more,
        Err(fault) => return refuse(fault),
    }
    let missing = match (insert_before_match.as_str(), insert_after_match.as_str()) {
        (Some(before), _) => Missing::Before(before.into()),
        (_, Some(after)) => Missing::After(after.into()),
        _ if append_if_not_found => Missing::Append,
        _ if prepend_if_not_found => Missing::Prepend,
        _ => Missing::Refuse,
    };
    let block = Block {
        marker_start,
        marker_end,
        content,
        append_newline: append_newline.as_bool(),
        missing,
    };
    let before = cx.host.read(&path)?;
    let text = Text::from_bytes(&before);
    let after = match replace_block(&text.text, &block) {
        Ok(after) => text.to_bytes(&after),
        Err(error) => {
            return refuse(format!(
                "Encountered error managing block: {error}. See the log for details."
            ));
        }
    };
    let edited = Edited { path: path.clone(), before, after, backup: Value::Null, show_changes };
    if edited.before == edited.after {
        return edited.verdict();
    }
    with_copy(path, edited, backup)
}

/// Writes an edited block; `backup` is the suffix of a copy beside the file.
fn with_copy<'a>(path: PathBuf, edited: Edited, backup: Value) -> Result<Verdict<'a>> {
    let changes = edited.changes();
    let would = Outcome::would("Changes would be made", changes.clone());
    Ok(Verdict::change(would, move |apply| {
        if let Some(suffix) = backup.as_str().filter(|suffix| !suffix.is_empty()) {
            let beside = PathBuf::from(format!("{}{suffix}", path.display()));
            let mode = apply.host.metadata(&path)?.map(|stat| stat.mode);
            apply.host.write_atomic(&beside, &edited.before, mode)?;
        }
        apply.host.write_atomic(&path, &edited.after, None)?;
        Ok(Outcome::done("Changes were made", changes))
    }))
}

/// The id of the block's own state: several blocks of one file differ in their markers.
fn own_id(cx: &Context<'_>, name: &str, marker_start: &str) -> Value {
    let chunks = cx.job.note(crate::support::LOWSTATE).unwrap_or_default();
    let is = |low: &&Value, key: &str, want: &str| {
        low.get(key).and_then(Value::as_str).is_none_or(|value| value == want)
    };
    let mut blocks = chunks.as_list().unwrap_or_default().iter().filter(|low| {
        is(low, "fun", "blockreplace")
            && is(low, "name", name)
            && is(low, "marker_start", marker_start)
    });
    blocks.next().and_then(|low| low.get("__id__").cloned()).unwrap_or_default()
}

/// The content that a source adds to a block. The inner fault is a comment.
fn further(
    cx: &Context<'_>,
    name: &str,
    source: &Value,
    source_hash: &Value,
    (template, context, defaults): (Option<String>, Option<Map>, Option<Map>),
) -> Result<Result<String, String>> {
    use crate::support::source as from;
    if !source.truthy() {
        return Ok(Ok(String::new()));
    }
    let (url, hash) = from::choose(cx, source, source_hash)?;
    let found = match from::fetch(cx, &url, &hash, false)? {
        Ok(found) => found,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut text = String::from_utf8_lossy(&cx.host.read(&found.path)?).into_owned();
    if let Some(template) = template.filter(|template| !template.is_empty()) {
        let mut all = defaults.unwrap_or_default();
        all.extend(context.unwrap_or_default());
        let with = from::TemplateArgs { template, context: all };
        let host = crate::support::look_only::LookOnly(cx.host);
        let apply = halite_core::Apply { cx, host: &host };
        let own = from::own_names(name, &url, &Perms::default());
        match from::render(&apply, &text, Some(&found.path), &with, own)? {
            Ok(rendered) => text = rendered,
            Err(fault) => return Ok(Err(fault)),
        }
    }
    Ok(Ok(text))
}

/// What commenting a file comes to.
fn commenting<'a>(
    cx: &Context<'a>,
    name: String,
    regex: &str,
    char: &str,
    comment: bool,
    (backup, ignore_missing): (Value, bool),
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        let fun = if comment { "comment" } else { "uncomment" };
        return refuse(format!("Must provide name to file.{fun}"));
    }
    let path = PathBuf::from(&name);
    if let Some(fault) = check_file(cx.host, &name, &path) {
        return refuse(fault);
    }
    let bare = if comment { unanchored(regex) } else { regex.trim_start_matches('^') };
    let shown = if comment { bare } else { regex };
    let before = cx.host.read(&path)?;
    let text = Text::from_bytes(&before);
    let search = |pattern: &str| found_in(&text.text, pattern);
    // Uncommenting looks for what is commented first; commenting for what is not.
    let (wanted, done) = match comment {
        true => (format!("^(?!\\s*{char})\\s*{bare}"), format!("{char}{bare}")),
        false => (format!("{char}[ \t]*{bare}"), format!("^[ \t]*{bare}")),
    };
    if !search(&wanted)? {
        let already = search(&done)?;
        return match (already, ignore_missing) {
            (true, _) if comment => Ok(Verdict::correct("Pattern already commented")),
            (true, _) => Ok(Verdict::correct("Pattern already uncommented")),
            (_, true) => Ok(Verdict::correct("Pattern not found and ignore_missing set to True")),
            _ => refuse(format!("{shown}: Pattern not found")),
        };
    }
    let would = Outcome::would(
        format!("File {name} is set to be updated"),
        map! {name.as_str() => "updated"},
    );
    let edited = comment_lines(&text.text, regex, char, comment)?;
    let after = edited.map_or_else(|| before.clone(), |edited| text.to_bytes(&edited.text));
    let changes = match diff(&before, &after) {
        Some(diff) => map! {"diff" => diff},
        None => Changes::new(),
    };
    let reached = found_in(&Text::from_bytes(&after).text, &done)?;
    Ok(Verdict::change(would, move |apply| {
        // Salt: without a line that fits nothing is written, and there is no copy either.
        if before != after {
            if backup.truthy() {
                let mode = apply.host.metadata(&path)?.map(|stat| stat.mode);
                let beside = PathBuf::from(format!("{}{backup}", path.display()));
                apply.host.write_atomic(&beside, &before, mode)?;
            }
            apply.host.write_atomic(&path, &after, None)?;
        }
        let word = if comment { "ommented" } else { "ncommented" };
        let (first, expected) = if comment { ("C", "c") } else { ("U", "u") };
        if !reached {
            let comment = format!("Expected {expected}{word} lines not found");
            return Ok(Outcome::failed(comment, changes));
        }
        Ok(Outcome::done(format!("{first}{word} lines successfully"), changes))
    }))
}

/// Whether a pattern is found in a text of several lines.
fn found_in(text: &str, pattern: &str) -> Result<bool> {
    let flags = halite_core::pyre::Flags { multiline: true, ..Default::default() };
    let compiled = halite_core::pyre::compile(pattern, flags)
        .map_err(|error| Error::execution(format!("'{pattern}': {error}")))?;
    Ok(compiled.is_match(text).unwrap_or(false))
}

/// A pattern without flags before it, `^` and `$`. Salt: `file.comment`.
fn unanchored(regex: &str) -> &str {
    let flagged = regex.strip_prefix("(?").and_then(|rest| {
        let (flag, rest) = rest.split_at_checked(1)?;
        rest.strip_prefix(')').filter(|_| "iLmsux".contains(flag))
    });
    let bare = flagged.unwrap_or(regex);
    let bare = bare.strip_prefix('^').unwrap_or(bare);
    bare.strip_suffix('$').unwrap_or(bare)
}

/// Comments out the lines that a pattern finds.
#[state]
fn comment<'a>(
    cx: &Context<'a>,
    name: String,
    regex: String,
    #[default("#".into())] char: String,
    #[default(Value::str(".bak"))] backup: Value,
    #[default(false)] ignore_missing: bool,
) -> Result<Verdict<'a>> {
    commenting(cx, name, &regex, &char, true, (backup, ignore_missing))
}

/// Takes the comment mark off the lines that a pattern finds.
#[state]
fn uncomment<'a>(
    cx: &Context<'a>,
    name: String,
    regex: String,
    #[default("#".into())] char: String,
    #[default(Value::str(".bak"))] backup: Value,
) -> Result<Verdict<'a>> {
    commenting(cx, name, &regex, &char, false, (backup, false))
}
