//! Putting a managed file in place, and saying beforehand what that changes.

use std::path::Path;

use halite_core::diff::of_contents as diff;
use halite_core::{Apply, Changes, Context, Outcome, Result, Value, args};

use super::content::{Content, NoContent, Want, content};
pub(crate) use super::shared::Seen;
use super::shared::{back_up, failed, folder_of, is_dir, real_path};
use crate::support::perms::{Perms, make_dirs, mode_bits, normalize_mode, searchable};
use crate::support::{attrs, saltenv};

/// The mode that a temporary file has before it becomes the managed one.
const TEMPORARY: u32 = 0o600;

/// What test mode says.
///
/// # Errors
/// What the source or the template raises.
pub(crate) fn predict(apply: &Apply<'_>, want: &Want, seen: &Seen) -> Result<Outcome> {
    let (cx, name) = (apply.cx, &want.name);
    if !want.replace && seen.exists() {
        let mut changes = want.perms.differing_of(cx.host, seen.stat_for(want.follow));
        changes.extend(attrs_wanted(apply, want, &want.path)?);
        let comment = match (changes.get("mode"), &seen.stat) {
            (Some(mode), Some(stat)) => format!(
                "File {name} will be updated with permissions {mode} from its current state of \
                 {:04o}",
                stat.mode
            ),
            _ => format!("File {name} not updated"),
        };
        let result = if changes.is_empty() { Some(true) } else { None };
        return Ok(Outcome { result, comment, changes, ..Outcome::default() });
    }
    let content = match content(apply, want) {
        Ok(Ok(content)) => content,
        Ok(Err(NoContent::Unable(fault) | NoContent::Plain(fault))) => return Ok(failed(fault)),
        Err(error @ halite_core::Error::Execution(_)) if want.source.as_list().is_some() => {
            return Ok(failed(format!("Unable to manage file: {error}")));
        }
        Err(error) => return Err(error),
    };
    let mut changes = Changes::new();
    let mut same_to_others = false;
    if seen.lstat.is_none() && !want.new_file_diff {
        changes.insert("newfile".into(), name.as_str().into());
    } else {
        let have = seen.bytes(cx.host, &want.path)?;
        if let Some(diff) = content.bytes.as_ref().and_then(|bytes| diff(&have, bytes)) {
            same_to_others = ignored(want, &have, content.bytes.as_deref().unwrap_or_default());
            changes.insert("diff".into(), shown_diff(cx, want, diff).into());
        }
        let perms = with_source_mode(want, &content);
        changes.extend(perms.differing_of(cx.host, seen.stat_for(want.follow)));
        if seen.exists() && !attrs_wanted(apply, want, &want.path)?.is_empty() {
            changes.insert("attrs".into(), want.attrs.clone().into());
        }
    }
    if changes.is_empty() {
        return Ok(Outcome::new(Some(true), format!("The file {name} is in the correct state")));
    }
    let comment = format!(
        "The file {name} is set to be changed\nNote: No changes made, actual changes may\nbe \
         different due to other states."
    );
    let outcome = Outcome::would(comment, changes);
    Ok(if same_to_others { outcome.with("skip_req", true) } else { outcome })
}

/// Whether what differs is not to count for states that require this one.
fn ignored(want: &Want, before: &[u8], after: &[u8]) -> bool {
    want.ignore.any()
        && !want.ignore.differs(&String::from_utf8_lossy(before), &String::from_utf8_lossy(after))
}

fn attrs_wanted(apply: &Apply<'_>, want: &Want, path: &Path) -> Result<Changes> {
    match &want.attrs {
        Some(wanted) => attrs::differing(apply.host, path, wanted),
        None => Ok(Changes::new()),
    }
}

fn shown_diff(cx: &Context<'_>, want: &Want, diff: String) -> String {
    if cx.opts.bool("obfuscate_templates") {
        "<Obfuscated Template>".into()
    } else if want.show_changes {
        diff
    } else {
        "<show_changes=False>".into()
    }
}

fn with_source_mode(want: &Want, content: &Content) -> Perms {
    let mut perms = want.perms.clone();
    if let Some(mode) = content.mode.filter(|_| want.keep_mode) {
        perms.mode = Some(format!("{mode:04o}"));
    }
    perms
}

/// Makes the file what it is to be.
///
/// # Errors
/// What the source or the template raises, and files that cannot be read or written.
pub(crate) fn carry_out(apply: &Apply<'_>, want: &Want, seen: &Seen) -> Result<Outcome> {
    let (host, name) = (apply.host, &want.name);
    if !want.replace && seen.exists() {
        let stat = seen.stat_for(want.follow);
        let (mut changes, mut faults) =
            want.perms.enforce_seen(host, &want.path, want.follow, stat)?;
        set_attrs(apply, want, &mut changes, &mut faults)?;
        let comment = match (changes.is_empty(), faults.is_empty()) {
            (true, true) => format!("File {name} exists with proper permissions. No changes made."),
            _ => faults.join("; "),
        };
        let result = Some(faults.is_empty());
        return Ok(Outcome { result, comment, changes, ..Outcome::default() });
    }
    let content = match content(apply, want)? {
        Ok(content) => content,
        Err(NoContent::Unable(fault)) => {
            return Ok(failed(format!("Unable to manage file: {fault}")));
        }
        Err(NoContent::Plain(fault)) => return Ok(failed(fault)),
    };
    if want.check_cmd.truthy()
        && let Some(bytes) = &content.bytes
        && (!seen.is_file() || host.read(&want.path)? != *bytes)
        && let Some(refused) = run_check_cmd(apply, want, bytes)?
    {
        return Ok(refused);
    }
    let outcome = put(apply, want, &content, seen);
    if let Some(spare) = &content.spare {
        host.remove_file(spare)?;
    }
    outcome
}

/// Puts a content in place, if it has the signature that is wanted.
///
/// # Errors
/// Files that cannot be read or written.
pub(crate) fn put(
    apply: &Apply<'_>,
    want: &Want,
    content: &Content,
    seen: &Seen,
) -> Result<Outcome> {
    let signature = &want.signing.signature;
    if let Some(source) = content.path.as_ref().filter(|_| signature.truthy())
        && let Some(bytes) = &content.bytes
        && (!seen.is_file() || apply.host.read(&want.path)? != *bytes)
    {
        let from = (saltenv(apply.cx), want.fetch.verify_ssl);
        if let Err(error) = want.signing.check(apply, source, signature, (&from.0, from.1)) {
            return Ok(failed(format!("Failed checking new file's signature: {error}")));
        }
    }
    match seen.lstat.is_some() {
        true => update(apply, want, content, seen),
        false => create_file(apply, want, content),
    }
}

/// Asks `check_cmd` about the new content, in a file of its own. Salt: `mod_run_check_cmd`.
fn run_check_cmd(apply: &Apply<'_>, want: &Want, bytes: &[u8]) -> Result<Option<Outcome>> {
    let folder = want.tmp_dir.as_deref().map_or_else(std::env::temp_dir, Into::into);
    let name = format!("__salt.tmp.{:08x}{}", apply.host.now_micros() & 0xffff_ffff, want.tmp_ext);
    let temp = folder.join(name);
    apply.host.write_atomic(&temp, bytes, Some(TEMPORARY))?;
    let command = format!("{} {}", want.check_cmd, temp.display());
    let mut call = args![command; python_shell = true];
    if let Some(shell) = apply.grains.get("shell") {
        call.named.insert("shell".into(), shell.clone());
    }
    let ran = apply.call_value("cmd.run_all", call);
    apply.host.remove_file(&temp)?;
    let ran = ran?;
    if ran.get("retcode").and_then(Value::as_i64) == Some(0) {
        return Ok(None);
    }
    let mut comment = "check_cmd execution failed".to_owned();
    for stream in ["stdout", "stderr"] {
        if let Some(text) = ran.get(stream).filter(|text| text.truthy()) {
            comment += &format!("\n{text}");
        }
    }
    Ok(Some(failed(comment).with("skip_watch", true)))
}

fn set_attrs(
    apply: &Apply<'_>,
    want: &Want,
    changes: &mut Changes,
    faults: &mut Vec<String>,
) -> Result<()> {
    if let Some(wanted) = &want.attrs {
        let (more, fault) = attrs::enforce(apply.host, &want.path, wanted)?;
        changes.extend(more);
        faults.extend(fault);
    }
    Ok(())
}

fn update(apply: &Apply<'_>, want: &Want, content: &Content, seen: &Seen) -> Result<Outcome> {
    let (host, name) = (apply.host, &want.name);
    let mut changes = Changes::new();
    let mut same_to_others = false;
    let mut written = false;
    if let Some(bytes) = &content.bytes {
        if seen.is_link() && !want.follow {
            let have = seen.bytes(host, &want.path)?;
            let shown = diff(&have, bytes).map(|diff| shown_diff(apply.cx, want, diff));
            let shown = shown.unwrap_or_else(|| "Replace symbolic link with regular file".into());
            host.write_atomic(&want.path, bytes, None)?;
            written = true;
            changes.insert("diff".into(), shown.into());
        } else {
            let real = if seen.is_link() { real_path(host, &want.path) } else { want.path.clone() };
            let have = seen.bytes(host, &real)?;
            if let Some(diff) = diff(&have, bytes) {
                same_to_others = ignored(want, &have, bytes);
                back_up(apply, &want.backup, &real)?;
                host.write_atomic(&real, bytes, None).map_err(|error| {
                    halite_core::Error::execution(format!("Failed to commit change: {error}"))
                })?;
                written = true;
                changes.insert("diff".into(), shown_diff(apply.cx, want, diff).into());
            }
        }
    }
    let perms = with_source_mode(want, content);
    let now = if written { Some(Seen::at(host, &want.path)?) } else { None };
    let stat = now.as_ref().unwrap_or(seen).stat_for(want.follow);
    let (more, mut faults) = perms.enforce_seen(host, &want.path, want.follow, stat)?;
    changes.extend(more);
    set_attrs(apply, want, &mut changes, &mut faults)?;
    let comment = if !changes.is_empty() {
        format!("File {name} updated")
    } else if faults.is_empty() {
        format!("File {name} is in the correct state")
    } else {
        faults.join("; ")
    };
    let result = Some(faults.is_empty());
    let outcome = Outcome { result, comment, changes, ..Outcome::default() };
    Ok(if same_to_others { outcome.with("skip_req", true) } else { outcome })
}

/// The mode of folders made for a file: the file's, searchable where it is readable.
fn folder_mode(want: &Want) -> Option<String> {
    normalize_mode(&want.dir_mode).or_else(|| want.perms.mode.as_deref().map(searchable))
}

fn create_file(apply: &Apply<'_>, want: &Want, content: &Content) -> Result<Outcome> {
    let (host, name) = (apply.host, &want.name);
    let folder = folder_of(&want.path);
    if !is_dir(host, folder) {
        if !want.makedirs {
            return Ok(failed("Parent directory not present"));
        }
        let perms = Perms { mode: folder_mode(want), ..want.perms.clone() };
        make_dirs(host, folder, &perms)?;
    }
    let perms = with_source_mode(want, content);
    let bits = perms.mode.as_deref().map(mode_bits).transpose()?;
    let bytes = content.bytes.as_deref().unwrap_or_default();
    host.write_atomic(&want.path, bytes, bits)?;
    let mut changes = Changes::new();
    let mut comment = format!("File {name} updated");
    if content.bytes.is_none() {
        changes.insert("new".into(), format!("file {name} created").into());
        comment = "Empty file".into();
    } else {
        let shown = diff(b"", bytes).filter(|_| want.new_file_diff);
        changes.insert("diff".into(), shown.unwrap_or_else(|| "New file".into()).into());
    }
    let stat = host.symlink_metadata(&want.path)?;
    let (more, mut faults) = perms.enforce_seen(host, &want.path, true, stat.as_ref())?;
    changes.extend(more);
    // Before it is in place a file is a temporary one; what differs from that is told.
    if let Some(stat) = stat.filter(|stat| stat.mode != TEMPORARY)
        && (content.from_source || perms.mode.is_some())
    {
        changes.insert("mode".into(), format!("{:04o}", stat.mode).into());
    }
    set_attrs(apply, want, &mut changes, &mut faults)?;
    if !faults.is_empty() {
        comment = faults.join("; ");
    }
    Ok(Outcome { result: Some(faults.is_empty()), comment, changes, ..Outcome::default() })
}
