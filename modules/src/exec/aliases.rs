//! `aliases`: the file of mail aliases. Salt: `salt/modules/aliases.py`.

use std::path::PathBuf;

use halite_core::host::Command;
use halite_core::{Apply, Args, Context, Error, ExecModule, Map, Result, Value, function};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("aliases", &[&GET_TARGET, &HAS_TARGET, &LIST_ALIASES, &RM_ALIAS, &SET_TARGET]);

/// Mode of a file that is made.
const FILE_MODE: u32 = 0o644;

/// One line: alias, target, and what follows or stands alone.
#[derive(Debug, PartialEq)]
struct Line {
    alias: String,
    target: String,
    comment: String,
}

impl Line {
    /// Takes a line apart: `alias: target # comment`.
    fn parse(line: &str) -> Line {
        let name_end = line.find([':', '#']).unwrap_or(line.len());
        let alias = &line[..name_end];
        let rest = &line[name_end..];
        if rest.starts_with('#') || rest.is_empty() && alias.trim().is_empty() {
            return Line { alias: String::new(), target: String::new(), comment: line.into() };
        }
        let rest = rest.strip_prefix(':').unwrap_or(rest).trim_start();
        let end = rest.find('#').filter(|end| rest[..*end].ends_with(char::is_whitespace));
        let target = rest[..end.unwrap_or(rest.len())].trim_end();
        let comment = &rest[target.len()..];
        let comment = if comment.trim().is_empty() { "" } else { comment };
        Line { alias: alias.trim().into(), target: target.into(), comment: comment.into() }
    }

    fn text(&self) -> String {
        match self.alias.is_empty() || self.target.is_empty() {
            true => format!("{}\n", self.comment),
            false => format!("{}: {}{}\n", self.alias, self.target, self.comment),
        }
    }
}

fn file(cx: &Context<'_>) -> Result<PathBuf> {
    let named = Args { positional: vec!["aliases.file".into()], named: Map::new() };
    let path: Value = cx.call("config.option", named)?;
    let path =
        PathBuf::from(path.as_str().filter(|path| !path.is_empty()).unwrap_or("/etc/aliases"));
    // A link stays one: what it leads to is written.
    match cx.host.symlink_metadata(&path)? {
        Some(stat) if stat.is_symlink() => {
            let target = cx.host.read_link(&path)?;
            Ok(path.parent().map(|folder| folder.join(&target)).unwrap_or(target))
        }
        _ => Ok(path),
    }
}

fn lines(cx: &Context<'_>) -> Result<Vec<Line>> {
    let path = file(cx)?;
    if !cx.host.metadata(&path)?.is_some_and(|stat| stat.is_file()) {
        return Ok(Vec::new());
    }
    let text = cx.host.read(&path)?;
    Ok(String::from_utf8_lossy(&text).lines().map(Line::parse).collect())
}

fn write(apply: &Apply<'_>, lines: &[Line]) -> Result<()> {
    let path = file(apply)?;
    let old = apply.host.metadata(&path)?;
    let text: String = lines.iter().map(Line::text).collect();
    let mode = old.as_ref().map_or(FILE_MODE, |stat| stat.mode);
    apply.host.write_atomic(&path, text.as_bytes(), Some(mode))?;
    if let Some(old) = old {
        apply.host.chown(&path, Some(old.uid), Some(old.gid), true)?;
    }
    if let Some(program) = apply.host.which("newaliases") {
        apply.host.run(&Command::new([program.display().to_string()]))?;
    }
    Ok(())
}

/// One target, or several joined as the file has them.
fn target_of(target: &Value) -> Result<String> {
    let text = match target {
        Value::List(targets) => targets.iter().map(Value::to_string).collect::<Vec<_>>().join(", "),
        one => one.to_string(),
    };
    if text.is_empty() {
        return Err(Error::usage("aliases.set_target", "target can not be an empty string"));
    }
    Ok(text)
}

/// Lists the aliases with their targets.
///
/// CLI Example:
///
/// ```text
/// salt '*' aliases.list_aliases
/// ```
#[function]
fn list_aliases(cx: &Context<'_>) -> Result<Map> {
    let known = lines(cx)?.into_iter().filter(|line| !line.alias.is_empty());
    Ok(known.map(|line| (line.alias.into(), line.target.into())).collect())
}

/// Gives the target of an alias.
///
/// CLI Example:
///
/// ```text
/// salt '*' aliases.get_target alias
/// ```
#[function]
fn get_target(cx: &Context<'_>, alias: String) -> Result<String> {
    let found = lines(cx)?.into_iter().rfind(|line| line.alias == alias);
    Ok(found.map(|line| line.target).unwrap_or_default())
}

/// Whether an alias has this target.
///
/// CLI Example:
///
/// ```text
/// salt '*' aliases.has_target alias target
/// ```
#[function]
fn has_target(cx: &Context<'_>, alias: String, target: Value) -> Result<bool> {
    let target = target_of(&target)?;
    Ok(lines(cx)?
        .iter()
        .rfind(|line| line.alias == alias)
        .is_some_and(|line| line.target == target))
}

/// Sets the target of an alias.
///
/// CLI Example:
///
/// ```text
/// salt '*' aliases.set_target alias target
/// ```
#[function]
fn set_target(apply: &Apply<'_>, alias: String, target: Value) -> Result<bool> {
    if alias.is_empty() {
        return Err(Error::usage("aliases.set_target", "alias can not be an empty string"));
    }
    let target = target_of(&target)?;
    let mut all = lines(apply)?;
    if all.iter().rfind(|line| line.alias == alias).is_some_and(|line| line.target == target) {
        return Ok(true);
    }
    let first = all.iter().position(|line| line.alias == alias);
    match first {
        Some(first) => {
            all[first].target = target;
            let mut at = 0..;
            all.retain(|line| at.next() == Some(first) || line.alias != alias);
        }
        None => all.push(Line { alias, target, comment: String::new() }),
    }
    write(apply, &all)?;
    Ok(true)
}

/// Removes an alias.
///
/// CLI Example:
///
/// ```text
/// salt '*' aliases.rm_alias alias
/// ```
#[function]
fn rm_alias(apply: &Apply<'_>, alias: String) -> Result<bool> {
    let mut all = lines(apply)?;
    let before = all.len();
    all.retain(|line| alias.is_empty() || line.alias != alias);
    if all.len() != before {
        write(apply, &all)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_written() {
        for (line, alias, target, comment) in [
            ("root: admin", "root", "admin", ""),
            ("root:   a@x, b@y  # who", "root", "a@x, b@y", "  # who"),
            ("# a comment: here", "", "", "# a comment: here"),
            ("", "", "", ""),
            ("abuse: a#b", "abuse", "a#b", ""),
        ] {
            let read = Line::parse(line);
            assert_eq!(
                (&*read.alias, &*read.target, &*read.comment),
                (alias, target, comment),
                "{line}"
            );
        }
        assert_eq!(Line::parse("root:  admin # x").text(), "root: admin # x\n");
        assert_eq!(Line::parse("# only").text(), "# only\n");
    }
}
