//! Looking into an archive, and extracting it where that is needed.

use std::path::Path;

use halite_core::{Apply, Changes, Map, Outcome, Result, Value, args, map};

use super::extracted::missing_folder;
use super::owners::{Owned, enforce};
use super::shared::{
    Found, Step, Stop, Sums, Want, comment_of, note, other_state, stop, with_more,
};
use crate::support::{walk, words};

/// What the state has done and what it warns of.
pub(super) struct Progress {
    pub(super) warnings: Vec<String>,
    pub(super) changes: Changes,
}

/// Sees what is in the archive.
pub(super) fn look(apply: &Apply<'_>, want: &Want, found: &mut Found) -> Step<()> {
    let (file, name) = (found.cached.as_str(), &want.name);
    if found.format == "zip" && !want.password.truthy() {
        // What is no archive at all is told by the listing.
        if apply.call("archive.is_encrypted", args![file]).unwrap_or(false) {
            return stop(format!(
                "Archive {} is password-protected, but no password was specified. Please set the \
                 'password' argument.",
                found.shown
            ));
        }
    }
    let call = args![file;
        archive_format = found.format.as_str(), options = &want.list_options,
        strip_components = strip_components(want, &found.format), verbose = true,
        use_etag = want.use_etag];
    found.contents = match apply.call("archive.list", call) {
        Ok(contents) => contents,
        Err(error) => {
            return comment_of(halite_core::Error::execution(unlisted(want, found, &error)));
        }
    };
    if want.enforce_toplevel
        && (found.list("top_level_dirs").len() > 1 || !found.list("top_level_files").is_empty())
    {
        return stop(format!(
            "Archive does not have a single top-level directory. To allow this archive to be \
             extracted, set 'enforce_toplevel' to False. To avoid a '{}-bomb' it may also be advisable \
             to set a top-level directory by adding it to the 'name' value (for example, setting \
             'name' to {name}some_dir instead of {name}).",
            found.format
        ));
    }
    if want.clean && want.clean_parent {
        return stop("Only one of 'clean' and 'clean_parent' can be set to True");
    }
    Ok(())
}

/// The number in `--strip-components=1`.
fn strip_components(want: &Want, format: &str) -> Value {
    let Some(options) = want.options.as_deref().filter(|_| format == "tar") else {
        return Value::Null;
    };
    let rest = options.split_once("--strip").map(|(_, rest)| rest);
    let rest = rest.map(|rest| rest.strip_prefix("-components").unwrap_or(rest));
    let Some(rest) = rest.filter(|rest| rest.starts_with(['=', ' ', '\t'])) else {
        return Value::Null;
    };
    let rest = rest.trim_start_matches(['=', ' ', '\t', '"', '\'']);
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse::<i64>().map_or(Value::Null, Value::from)
}

/// The comment about an archive that cannot be listed.
fn unlisted(want: &Want, found: &Found, error: &halite_core::Error) -> String {
    let mut errors = Vec::new();
    if !want.if_missing.truthy() {
        errors.push("'if_missing' must be set");
    }
    if !want.enforce_ownership_on.truthy() && (want.user.truthy() || want.group.truthy()) {
        errors.push("Ownership cannot be managed without setting 'enforce_ownership_on'.");
    }
    let mut text = error.to_string();
    if errors.is_empty() {
        return text;
    }
    text += match found.format.as_str() {
        "tar" => {
            "\n\nIf the source archive is a tar archive compressed using a compression type not \
             natively supported by the tar command, then setting the 'list_options' argument may allow \
             the contents to be listed. Otherwise, if Salt is unable to determine the \
             files/directories in the archive, the following workaround(s) would need to be used for \
             this state to proceed"
        }
        _ => "\n\nThe following workarounds must be used for this state to proceed",
    };
    text += &format!(" (assuming the source file is a valid {} archive):\n", found.format);
    for error in errors {
        text += &format!("\n- {error}");
    }
    text
}

/// What is missing of the archive, and what is in its way.
struct Gaps {
    missing: bool,
    wrong: Vec<String>,
}

fn gaps(apply: &Apply<'_>, want: &Want, found: &Found) -> Step<Gaps> {
    let mut gaps = Gaps { missing: false, wrong: Vec::new() };
    for kind in ["dirs", "files", "links"] {
        for path in found.list(kind) {
            let full = format!("{}{}", want.name, path.trim_end_matches('/'));
            match apply.host.symlink_metadata(Path::new(&full))? {
                None => gaps.missing |= !below_a_file(apply, &full),
                Some(stat) => {
                    let fits = match kind {
                        "dirs" => stat.is_dir(),
                        "links" => stat.is_symlink(),
                        _ => !stat.is_dir() && !stat.is_symlink(),
                    };
                    if !fits {
                        gaps.wrong.push(path);
                    }
                }
            }
        }
    }
    Ok(gaps)
}

/// Whether a part of the path is a file: then that file is what is wrong.
fn below_a_file(apply: &Apply<'_>, path: &str) -> bool {
    let above = Path::new(path).ancestors().skip(1);
    let first = above.map(|path| apply.host.metadata(path)).find_map(|stat| stat.ok().flatten());
    first.is_some_and(|stat| !stat.is_dir())
}

/// Clears what is of the wrong kind; says whether something was cleared.
fn clear_the_way(
    apply: &Apply<'_>,
    want: &Want,
    wrong: &[String],
    changes: &mut Changes,
) -> Step<bool> {
    let name = &want.name;
    let list: Vec<String> = wrong.iter().map(|path| format!("- {path}")).collect();
    let list = format!("\n\n{}", list.join("\n"));
    let comment = format!(
        "The below paths (relative to {name}) exist, but are the incorrect type (file instead of \
         directory, symlink instead of file, etc.)."
    );
    if apply.cx.test() && want.clean {
        let comment = format!(
            "{comment} Since the 'clean' option is enabled, the destination paths would be cleared and \
             the archive would be extracted.{list}"
        );
        return Err(Stop::Done(Outcome::new(None, comment)));
    }
    if apply.cx.test() && want.clean_parent {
        let comment = format!(
            "{comment} Since the 'clean_parent' option is enabled, the destination parent directory \
             would be removed first and then re-created and the archive would be extracted"
        );
        return Err(Stop::Done(Outcome::new(None, comment)));
    }
    if want.clean {
        return Ok(false);
    }
    if !want.force {
        return stop(format!(
            "{comment} To proceed with extraction, set 'force' to True. Note that this will remove \
             these paths before extracting.{list}"
        ));
    }
    if apply.cx.test() {
        return Ok(true);
    }
    let mut errors = Vec::new();
    for path in wrong {
        remove(apply, format!("{name}{path}"), changes, &mut errors);
    }
    told(
        errors,
        "One or more paths existed by were the incorrect type (i.e. file instead of directory or \
         vice-versa), but could not be removed. The following errors were observed:",
    )?;
    Ok(true)
}

fn remove(apply: &Apply<'_>, path: String, changes: &mut Changes, errors: &mut Vec<String>) {
    let bare = Path::new(path.trim_end_matches('/'));
    if !matches!(apply.host.symlink_metadata(bare), Ok(Some(_))) {
        return;
    }
    match walk::remove(apply.host, bare) {
        Ok(()) => note(changes, "removed", path),
        Err(error) => errors.push(error.to_string()),
    }
}

fn told(errors: Vec<String>, head: &str) -> Step<()> {
    if errors.is_empty() {
        return Ok(());
    }
    stop(errors.iter().fold(format!("{head}\n"), |text, error| format!("{text}\n- {error}")))
}

/// Why an archive is extracted, at the end of the comment.
fn reason(by_hash: bool, missing: bool) -> &'static str {
    match (by_hash, missing) {
        (true, _) => ", due to source_hash update",
        (false, true) => ", due to absence of one or more files/dirs",
        _ => "",
    }
}

/// Extracts the archive if that is needed, and sees to the owners.
pub(super) fn unpack(
    apply: &Apply<'_>,
    want: &Want,
    found: &Found,
    remembered: Option<String>,
    progress: &mut Progress,
) -> Step<Outcome> {
    let gaps = gaps(apply, want, found)?;
    let mut needed = want.overwrite || gaps.missing;
    if !gaps.wrong.is_empty() {
        needed |= clear_the_way(apply, want, &gaps.wrong, &mut progress.changes)?;
    }
    let by_hash = !needed
        && want.source_hash_update
        && match remembered {
            Some(before) => Sums { apply, path: &found.cached }.remembered() != Some(before),
            None => false,
        };
    needed |= by_hash;
    if !needed {
        let owned = enforce(apply, want, found, &mut progress.changes)?;
        let mut outcome = Outcome::done("All files in archive are already present", Changes::new());
        if apply.cx.test() && progress.changes.contains_key("updated ownership") {
            outcome.result = None;
            outcome.comment += ". Ownership would be updated on one or more files/directories.";
        }
        outcome.changes = std::mem::take(&mut progress.changes);
        return Ok(owned.told(outcome, want));
    }
    let why = reason(by_hash, gaps.missing);
    check_sum(apply, want, found)?;
    if apply.cx.test() {
        let cleaning = if want.clean { ", after cleaning destination path(s)" } else { "" };
        let comment =
            format!("Archive {} would be extracted to {}{cleaning}{why}", found.shown, want.name);
        return Err(Stop::Done(Outcome::would(comment, std::mem::take(&mut progress.changes))));
    }
    clean(apply, want, found, &mut progress.changes)?;
    let created = missing_folder(apply, want);
    if created {
        let call = map! {"name" => want.name.as_str(), "user" => &want.user, "makedirs" => true};
        other_state(apply, "file.directory", call)?;
    }
    let files = extract(apply, want, found, created, progress)?;
    let owned: Owned = enforce(apply, want, found, &mut progress.changes)?;
    let mut changes = std::mem::take(&mut progress.changes);
    let outcome = if files.truthy() {
        if created {
            changes.insert("directories_created".into(), vec![want.name.as_str()].into());
        }
        changes.insert("extracted_files".into(), files);
        let trim = match want.trim_output.as_i64().filter(|_| want.trim_output.truthy()) {
            Some(most) => format!(". Output was trimmed to {most} number of lines"),
            None => String::new(),
        };
        Outcome::done(format!("{} extracted to {}{why}{trim}", found.shown, want.name), changes)
    } else {
        Outcome::failed(format!("No files were extracted from {}", found.shown), changes)
    };
    Ok(owned.told(outcome, want))
}

/// An archive of this machine must have the digest given.
fn check_sum(apply: &Apply<'_>, want: &Want, found: &Found) -> Step<()> {
    let Some(wanted) = found.sum.get("hsum").filter(|_| found.is_local && !want.skip_verify) else {
        return Ok(());
    };
    if apply.call("file.check_hash", args![found.source.as_str(), wanted])? {
        return Ok(());
    }
    stop(format!("{} does not match the desired source_hash {wanted}", found.shown))
}

fn clean(apply: &Apply<'_>, want: &Want, found: &Found, changes: &mut Changes) -> Step<()> {
    let name = &want.name;
    let mut errors = Vec::new();
    if want.clean_parent {
        let mut gone = Changes::new();
        remove(apply, name.clone(), &mut gone, &mut errors);
        if !gone.is_empty() && !changes.contains_key("removed") {
            let what = format!("Directory {name} was removed prior to the extraction");
            changes.insert("removed".into(), what.into());
        }
        let head =
            format!("Unable to remove the directory {name}. The following errors were observed:");
        return told(errors, &head);
    }
    if want.clean {
        for path in found.list("top_level_dirs").iter().chain(&found.list("top_level_files")) {
            remove(apply, format!("{name}{path}"), changes, &mut errors);
        }
    }
    told(errors, "One or more paths could not be cleaned. The following errors were observed:")
}

/// Extracts; gives what was extracted.
fn extract(
    apply: &Apply<'_>,
    want: &Want,
    found: &Found,
    created: bool,
    progress: &mut Progress,
) -> Step<Value> {
    let (file, name) = (found.cached.as_str(), want.name.as_str());
    let (fun, call) = match found.format.as_str() {
        "zip" if want.use_cmd_unzip.truthy() => {
            let call = args![file, name;
                options = want.options.clone(), trim_output = &want.trim_output,
                password = &want.password];
            ("archive.cmd_unzip", call)
        }
        "zip" => {
            let call = args![file, name;
                options = want.options.clone(), trim_output = &want.trim_output,
                password = &want.password, extract_perms = want.extract_perms];
            ("archive.unzip", call)
        }
        "rar" => ("archive.unrar", args![file, name; trim_output = &want.trim_output]),
        _ => return tar(apply, want, found, created, progress),
    };
    apply.call_value(fun, with_more(call, want)).or_else(comment_of)
}

/// Extracts a tar archive: by the program if there are options for it.
fn tar(
    apply: &Apply<'_>,
    want: &Want,
    found: &Found,
    created: bool,
    progress: &mut Progress,
) -> Step<Value> {
    let Some(options) = &want.options else {
        let unpacked = apply
            .call::<Vec<Value>>("archive.untar", args![found.cached.as_str(), want.name.as_str()]);
        return match unpacked {
            Ok(names) => Ok(first(names, want)),
            Err(halite_core::Error::Cancelled) => Err(halite_core::Error::Cancelled.into()),
            Err(error) => {
                if created {
                    // It may hold what was extracted before the fault; that stays.
                    let _ = remove_if_empty(apply, &want.name);
                }
                stop(format!(
                    "Failed to read from tar archive: {error}. If archive is compressed using \
                     something other than gzip, bzip2 or xz, the 'options' argument may be required to \
                     pass the correct options to the tar command in order to extract the archive."
                ))
            }
        };
    };
    if apply.host.which("tar").is_none() {
        return stop("tar command not available, it might not be installed on minion");
    }
    let line = tar_line(options, &found.cached);
    let call = args![line; cwd = want.name.as_str(), python_shell = false];
    let ran: Map = apply.call("cmd.run_all", call)?;
    if ran.get("retcode").is_some_and(Value::truthy) {
        progress.changes = ran;
        return stop("");
    }
    let names = ran.get("stdout").map(Value::to_string).unwrap_or_default();
    let names: Vec<Value> = names.lines().map(Value::from).collect();
    Ok(if names.is_empty() { "no tar output so far".into() } else { first(names, want) })
}

fn remove_if_empty(apply: &Apply<'_>, folder: &str) -> Result<()> {
    let folder = Path::new(folder);
    if apply.host.read_dir(folder)?.is_empty() { apply.host.remove_dir_all(folder) } else { Ok(()) }
}

/// As many names as are to be told.
fn first(mut names: Vec<Value>, want: &Want) -> Value {
    if let Some(most) = want.trim_output.as_i64().filter(|_| want.trim_output.truthy()) {
        names.truncate(usize::try_from(most).unwrap_or(0));
    }
    names.into()
}

/// `tar` with the options given: short ones without a dash join `xv`.
fn tar_line(options: &str, file: &str) -> Vec<String> {
    let given = words::split(options).unwrap_or_default();
    let given = given.into_iter().filter(|word| !matches!(word.as_str(), "v" | "-v" | "--verbose"));
    let (mut short, mut long) = ("xv".to_owned(), Vec::new());
    for (at, word) in given.enumerate() {
        if at == 0 && !word.starts_with('-') {
            short.extend(word.chars().filter(|c| !matches!(c, 'x' | 'f')));
        } else {
            long.push(word);
        }
    }
    let mut line = vec!["tar".to_owned(), short];
    line.extend(long);
    line.extend(["-f".to_owned(), file.to_owned()]);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_tar_are_joined_and_looked_into() {
        for (options, line, strip) in [
            ("v", "tar xv -f a", Value::Null),
            ("zxf --strip-components=2", "tar xvz --strip-components=2 -f a", 2.into()),
            ("--strip 1 --exclude='b c'", "tar xv --strip 1 --exclude=b c -f a", 1.into()),
            ("-z j", "tar xv -z j -f a", Value::Null),
        ] {
            assert_eq!(tar_line(options, "a").join(" "), line);
            let want = Want { options: Some(options.into()), ..Want::default() };
            assert_eq!(strip_components(&want, "tar"), strip, "{options}");
        }
    }
}
