//! `file.replace`, `file.line`, `file.append` and other changes to what stands in a file.

use std::path::Path;

use halite_core::diff::unified;
use halite_core::edit::{
    Block, Encoding, LineEdit, Missing, NotFound, Replace, Text, comment_lines, edit_line,
    parse_flags, replace_all, replace_block,
};
use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, function, pyre};

use super::shared::{editable, expand, is_file, real, write_back};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "file",
    &[
        &APPEND,
        &PREPEND,
        &WRITE,
        &REPLACE,
        &SEARCH,
        &LINE,
        &BLOCKREPLACE,
        &COMMENT,
        &UNCOMMENT,
        &COMMENT_LINE,
    ],
);

/// The lines that a caller gave: words, or `args=[...]`.
fn given_lines(words: &[Value], kwargs: &Map) -> Vec<String> {
    match kwargs.get("args") {
        Some(Value::List(items)) => items.iter().map(Value::to_string).collect(),
        Some(one) => vec![one.to_string()],
        None => words.iter().map(Value::to_string).collect(),
    }
}

/// Adds lines to the end of a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.append /etc/motd "With all thine offerings thou shalt offer salt."
/// salt '*' file.append /etc/motd args='["first line", "second line"]'
/// ```
#[function]
fn append(
    apply: &Apply<'_>,
    path: String,
    /// The lines.
    #[args]
    lines: Vec<Value>,
    #[kwargs] kwargs: Map,
) -> Result<String> {
    let place = expand(apply.cx.host, &path);
    let lines = given_lines(&lines, &kwargs);
    let mut content = apply.host.read(&place)?;
    if content.last().is_some_and(|last| *last != b'\n') {
        content.push(b'\n');
    }
    for line in &lines {
        content.extend(format!("{line}\n").into_bytes());
    }
    apply.host.write_atomic(&place, &content, None)?;
    Ok(format!("Wrote {} lines to \"{}\"", lines.len(), place.display()))
}

/// Adds lines to the beginning of a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.prepend /etc/motd "With all thine offerings thou shalt offer salt."
/// ```
#[function]
fn prepend(
    apply: &Apply<'_>,
    path: String,
    /// The lines.
    #[args]
    lines: Vec<Value>,
    #[kwargs] kwargs: Map,
) -> Result<String> {
    let place = expand(apply.cx.host, &path);
    let lines = given_lines(&lines, &kwargs);
    let mut content: Vec<u8> =
        lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
    content.extend(apply.host.read(&place).unwrap_or_default());
    apply.host.write_atomic(&place, &content, None)?;
    Ok(format!("Prepended {} lines to \"{}\"", lines.len(), place.display()))
}

/// Writes lines to a file, over what was in it.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.write /etc/motd "With all thine offerings thou shalt offer salt."
/// ```
#[function]
fn write(
    apply: &Apply<'_>,
    path: String,
    /// The lines.
    #[args]
    lines: Vec<Value>,
    #[kwargs] kwargs: Map,
) -> Result<String> {
    let place = expand(apply.cx.host, &path);
    let lines = given_lines(&lines, &kwargs);
    let content: String = lines.iter().map(|line| format!("{line}\n")).collect();
    apply.host.write_atomic(&place, content.as_bytes(), None)?;
    Ok(format!("Wrote {} lines to \"{}\"", lines.len(), place.display()))
}

/// Replaces what a pattern finds; gives the diff.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.replace /etc/httpd/httpd.conf pattern='LogLevel warn' repl='LogLevel info'
/// salt '*' file.replace /some/file pattern='before' repl='after' flags='[MULTILINE, IGNORECASE]'
/// ```
#[function]
fn replace(
    apply: &Apply<'_>,
    path: String,
    /// A pattern in Python's syntax.
    pattern: String,
    /// What takes its place; `\1` and `\g<name>` stand for groups.
    repl: Value,
    /// Most replacements; 0 for all.
    #[default(0)]
    count: i64,
    /// The pattern's flags.
    #[default(8.into())]
    flags: Value,
    #[default(Value::Int(1))] _bufsize: Value,
    /// Add `repl` at the end if the pattern is nowhere.
    #[default(false)]
    append_if_not_found: bool,
    /// Add `repl` at the beginning if the pattern is nowhere.
    #[default(false)]
    prepend_if_not_found: bool,
    /// What to add then in place of `repl`.
    #[default(None)]
    not_found_content: Option<String>,
    /// Keep the old file under this extension.
    #[default(".bak".into())]
    backup: Value,
    /// Change nothing.
    #[default(false)]
    dry_run: bool,
    /// Say only whether the pattern is there.
    #[default(false)]
    search_only: bool,
    /// Give the diff; else whether something changed.
    #[default(true)]
    show_changes: bool,
    /// Take a missing file for one without changes.
    #[default(false)]
    ignore_if_missing: bool,
    #[default(true)] _preserve_inode: bool,
    /// Take backslashes in `repl` as they are.
    #[default(false)]
    backslash_literal: bool,
    /// The file's encoding, where it is none that ASCII is part of: `utf-16`.
    #[default(None)]
    encoding: Option<String>,
) -> Result<Value> {
    let how = Replace {
        pattern,
        repl: repl.to_string(),
        count: usize::try_from(count).unwrap_or(0),
        flags: parse_flags(&flags)?,
        not_found: NotFound::Leave,
        not_found_content,
        backslash_literal,
    };
    let place = real(apply.cx.host, &expand(apply.cx.host, &path));
    if !apply.host.exists(&place) && ignore_if_missing {
        return Ok(false.into());
    }
    let add = (append_if_not_found, prepend_if_not_found);
    let encoding = encoding.as_deref().map(Encoding::parse).transpose()?;
    let (old, new) = match replaced(apply, &place, how, (add, search_only), encoding)? {
        Replaced::Found(found) => return Ok(found.into()),
        Replaced::Text(old, new) => (old, new),
    };
    if new != old.text && !dry_run {
        write_back(apply, &place, &old.write(&new, encoding)?, &backup)?;
    }
    if show_changes {
        return Ok(unified(&old.text, &new).into());
    }
    Ok((new != old.text).into())
}

/// What a replacement comes to.
enum Replaced {
    /// Only looked for.
    Found(bool),
    /// The old text and the new.
    Text(Text, String),
}

fn replaced(
    apply: &Apply<'_>,
    place: &Path,
    mut how: Replace,
    ((append, prepend), search_only): ((bool, bool), bool),
    encoding: Option<Encoding>,
) -> Result<Replaced> {
    let text = match encoding {
        Some(_) if apply.host.exists(place) => Text::read(&apply.host.read(place)?, encoding)?,
        _ => editable(apply, place)?,
    };
    let refuse = |what: &str| Err(Error::usage("file.replace", what));
    if search_only && (append || prepend) {
        return refuse("search_only cannot be used with append/prepend_if_not_found");
    }
    if append && prepend {
        return refuse("Only one of append and prepend_if_not_found is permitted");
    }
    if search_only {
        return Ok(Replaced::Found(found(&text, &how.pattern, how.flags)?));
    }
    how.not_found = match (append, prepend) {
        (true, _) => NotFound::Append,
        (_, true) => NotFound::Prepend,
        _ => NotFound::Leave,
    };
    let new = replace_all(&text.text, &how)?;
    Ok(Replaced::Text(text, new))
}

fn found(text: &Text, pattern: &str, flags: pyre::Flags) -> Result<bool> {
    let regex = pyre::compile(pattern, flags)
        .map_err(|error| Error::execution(format!("'{pattern}': {error}")))?;
    Ok(regex.is_match(&text.text).unwrap_or(false))
}

/// Whether a pattern finds something in a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.search /etc/crontab 'mymaintenance.sh'
/// ```
#[function]
fn search(
    cx: &Context<'_>,
    path: String,
    pattern: String,
    #[default(8.into())] flags: Value,
    #[default(Value::Int(1))] _bufsize: Value,
    #[default(false)] ignore_if_missing: bool,
    /// Let `^` and `$` stand at each line.
    #[default(false)]
    multiline: bool,
) -> Result<bool> {
    let place = real(cx.host, &expand(cx.host, &path));
    if !cx.host.exists(&place) && ignore_if_missing {
        return Ok(false);
    }
    let mut flags = parse_flags(&flags)?;
    flags.multiline |= multiline;
    found(&editable(cx, &place)?, &pattern, flags)
}

/// Inserts, ensures, replaces or deletes one line; gives the diff, or `False` without changes.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.line /etc/nsswitch.conf "networks: files dns" after="hosts:.*?" mode='ensure'
/// ```
#[function]
fn line(
    apply: &Apply<'_>,
    path: String,
    /// The line.
    #[default(None)]
    content: Option<String>,
    /// Which line to replace or delete.
    #[default(None)]
    match_: Option<String>,
    /// `insert`, `ensure`, `replace` or `delete`.
    #[default(None)]
    mode: Option<String>,
    /// `start` or `end`, for `insert`.
    #[default(None)]
    location: Option<String>,
    #[default(None)] before: Option<String>,
    #[default(None)] after: Option<String>,
    #[default(true)] show_changes: bool,
    /// Keep the old file under a name with the time.
    #[default(false)]
    backup: bool,
    /// Do not complain of a missing file.
    #[default(false)]
    quiet: bool,
    /// Take over the neighbour's indentation.
    #[default(true)]
    indent: bool,
) -> Result<Value> {
    let place = real(apply.cx.host, &expand(apply.cx.host, &path));
    if !is_file(apply.cx.host, &place) {
        if quiet {
            return Ok(false.into());
        }
        let shown = place.display();
        let what = format!("File \"{shown}\" does not exists or is not a file.");
        return Err(Error::execution(what));
    }
    let text = Text::from_bytes(&apply.host.read(&place)?);
    let edit = LineEdit { content, match_, mode, location, before, after, indent };
    let new = edit_line(&text.text, &edit)?;
    if new == text.text {
        return Ok(false.into());
    }
    if !apply.test() {
        let suffix = if backup { stamp(apply.host.now_micros()).into() } else { Value::Null };
        write_back(apply, &place, &text.to_bytes(&new), &suffix)?;
    }
    Ok(if show_changes { unified(&text.text, &new).into() } else { true.into() })
}

/// `.2026-11-22-12-30-00`, local time.
fn stamp(micros: i64) -> String {
    let now = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    now.to_zoned(jiff::tz::TimeZone::system()).strftime(".%Y-%m-%d-%H-%M-%S").to_string()
}

/// Replaces what stands between two markers; gives the diff.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.blockreplace /etc/hosts '#-- start managed zone foobar : DO NOT EDIT --' \
///     '#-- end managed zone foobar --' $'10.0.1.1 foo.foobar\n10.0.1.2 bar.foobar' True
/// ```
#[function]
fn blockreplace(
    apply: &Apply<'_>,
    path: String,
    #[default("#-- start managed zone --".into())] marker_start: String,
    #[default("#-- end managed zone --".into())] marker_end: String,
    #[default(String::new())] content: String,
    /// Add the block at the end if the markers are not there.
    #[default(false)]
    append_if_not_found: bool,
    /// Add the block at the beginning if the markers are not there.
    #[default(false)]
    prepend_if_not_found: bool,
    #[default(".bak".into())] backup: Value,
    #[default(false)] dry_run: bool,
    #[default(true)] show_changes: bool,
    /// Put the end marker on a line of its own.
    #[default(Some(false))]
    append_newline: Option<bool>,
    /// Add the block before the first line that this pattern finds.
    #[default(None)]
    insert_before_match: Option<String>,
    /// Add the block after the first line that this pattern finds.
    #[default(None)]
    insert_after_match: Option<String>,
) -> Result<Value> {
    let before = insert_before_match.filter(|pattern| !pattern.is_empty());
    let after = insert_after_match.filter(|pattern| !pattern.is_empty());
    let missing = match (append_if_not_found, prepend_if_not_found, before, after) {
        (false, false, None, None) => Missing::Refuse,
        (true, false, None, None) => Missing::Append,
        (false, true, None, None) => Missing::Prepend,
        (false, false, Some(pattern), None) => Missing::Before(pattern),
        (false, false, None, Some(pattern)) => Missing::After(pattern),
        _ => {
            let what = "Only one of append_if_not_found, prepend_if_not_found, \
                        insert_before_match, and insert_after_match is permitted";
            return Err(Error::usage("file.blockreplace", what));
        }
    };
    let place = expand(apply.cx.host, &path);
    let text = editable(apply, &place)?;
    let block = Block { marker_start, marker_end, content, append_newline, missing };
    let new = replace_block(&text.text, &block)?;
    if new != text.text && !dry_run {
        write_back(apply, &place, &text.to_bytes(&new), &backup)?;
    }
    if show_changes {
        return Ok(unified(&text.text, &new).into());
    }
    Ok((new != text.text).into())
}

/// Comments out the lines that a pattern finds.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.comment /etc/modules pcspkr
/// ```
#[function]
fn comment(
    apply: &Apply<'_>,
    path: String,
    regex: String,
    #[default("#".into())] char: String,
    #[default(".bak".into())] backup: Value,
) -> Result<Value> {
    comment_line(apply, path, regex, char, true, backup)
}

/// Takes the comment away from the lines that a pattern finds.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.uncomment /etc/hosts.deny 'ALL: PARANOID'
/// ```
#[function]
fn uncomment(
    apply: &Apply<'_>,
    path: String,
    regex: String,
    #[default("#".into())] char: String,
    #[default(".bak".into())] backup: Value,
) -> Result<Value> {
    comment_line(apply, path, regex, char, false, backup)
}

/// Comments or uncomments lines; gives the diff of those lines, or `False` if there are none.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.comment_line /etc/modules pcspkr
/// ```
#[function]
fn comment_line(
    apply: &Apply<'_>,
    path: String,
    regex: String,
    #[default("#".into())] char: String,
    /// Comment; else uncomment.
    #[default(true)]
    cmnt: bool,
    #[default(".bak".into())] backup: Value,
) -> Result<Value> {
    let place = real(apply.cx.host, &expand(apply.cx.host, &path));
    if !is_file(apply.cx.host, &place) {
        let what = format!("File not found: {}", place.display());
        return Err(Error::usage("file.comment_line", what));
    }
    let text = editable(apply, &place)?;
    let Some(new) = comment_lines(&text.text, &regex, &char, cmnt)? else {
        return Ok(false.into());
    };
    write_back(apply, &place, &text.to_bytes(&new.text), &backup)?;
    Ok(unified(&new.before.concat(), &new.after.concat()).into())
}
