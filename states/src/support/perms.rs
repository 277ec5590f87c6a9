//! Owner and mode of files: what is wanted, what differs, and setting it.

use std::path::Path;

use halite_core::host::{Metadata, Read, Write};
use halite_core::{Changes, Error, Result, Value};

/// A mode as Salt writes it: four octal digits. Salt: `normalize_mode`.
pub fn normalize_mode(mode: &Value) -> Option<String> {
    if mode.is_null() {
        return None;
    }
    let text = mode.to_string();
    let digits = text.trim_matches('"').trim_start_matches(['0', 'O', 'o']);
    Some(format!("{digits:0>4}"))
}

/// The mode of folders made for a file of this mode: searchable where that is readable.
pub fn searchable(mode: &str) -> String {
    let from = mode.len().saturating_sub(3);
    let open = |digit: char| match digit.to_digit(8) {
        Some(0) | None => digit,
        Some(bits) => char::from_digit(bits | 1, 8).unwrap_or(digit),
    };
    format!("0{}", mode.chars().skip(from).map(open).collect::<String>())
}

/// The bits of a mode text.
///
/// # Errors
/// If it is not octal.
pub fn mode_bits(mode: &str) -> Result<u32> {
    u32::from_str_radix(mode, 8)
        .map_err(|_| Error::execution(format!("'{mode}' is no file mode: octal digits are wanted")))
}

/// Wanted owner and mode; what is `None` or null is left as it is.
#[derive(Clone, Debug, Default)]
pub struct Perms {
    /// Name or number.
    pub user: Value,
    /// Name or number.
    pub group: Value,
    /// Four octal digits.
    pub mode: Option<String>,
}

/// A user's number. `None` if there is no such user.
pub fn uid_of(host: &dyn Read, user: &Value) -> Option<u32> {
    match user {
        Value::Int(uid) => u32::try_from(*uid).ok(),
        name => host.user(&name.to_string()).ok().flatten().map(|user| user.uid),
    }
}

/// A group's number. `None` if there is no such group.
pub fn gid_of(host: &dyn Read, group: &Value) -> Option<u32> {
    match group {
        Value::Int(gid) => u32::try_from(*gid).ok(),
        name => host.group(&name.to_string()).ok().flatten().map(|group| group.gid),
    }
}

impl Perms {
    /// Owner and mode from arguments.
    pub fn new(user: Value, group: Value, mode: &Value) -> Perms {
        Perms { user, group, mode: normalize_mode(mode) }
    }

    /// The complaint about a user or group that does not exist. Salt: `_check_user`.
    pub fn unknown_owner(&self, host: &dyn Read) -> Option<String> {
        let mut text = String::new();
        if self.user.truthy() && uid_of(host, &self.user).is_none() {
            text += &format!("User {} is not available ", self.user);
        }
        if self.group.truthy() && gid_of(host, &self.group).is_none() {
            text += &format!("Group {} is not available", self.group);
        }
        Some(text).filter(|text| !text.is_empty())
    }

    /// What differs at a path, as changes. Nothing there differs in nothing.
    ///
    /// # Errors
    /// If the path cannot be looked at.
    pub fn differing(&self, host: &dyn Read, path: &Path, follow: bool) -> Result<Changes> {
        let stat = if follow { host.metadata(path)? } else { host.symlink_metadata(path)? };
        Ok(self.differing_of(host, stat.as_ref()))
    }

    /// What differs from what was seen at a path.
    pub fn differing_of(&self, host: &dyn Read, stat: Option<&Metadata>) -> Changes {
        let mut changes = Changes::new();
        let Some(stat) = stat else { return changes };
        if self.user.truthy() && uid_of(host, &self.user) != Some(stat.uid) {
            changes.insert("user".into(), self.user.clone());
        }
        if self.group.truthy() && gid_of(host, &self.group) != Some(stat.gid) {
            changes.insert("group".into(), self.group.clone());
        }
        if let Some(mode) = self.mode.as_deref().filter(|_| !stat.is_symlink())
            && mode_bits(mode).ok() != Some(stat.mode)
        {
            changes.insert("mode".into(), mode.into());
        }
        changes
    }

    /// Sets what differs. The changes, and a complaint for each that failed.
    /// Salt: `file.check_perms` behaviour.
    ///
    /// # Errors
    /// If the path cannot be looked at.
    pub fn enforce(
        &self,
        host: &dyn Write,
        path: &Path,
        follow: bool,
    ) -> Result<(Changes, Vec<String>)> {
        let stat = if follow { host.metadata(path)? } else { host.symlink_metadata(path)? };
        self.enforce_seen(host, path, follow, stat.as_ref())
    }

    /// The same for a path that has just been looked at.
    ///
    /// # Errors
    /// If the path cannot be looked at again.
    pub fn enforce_seen(
        &self,
        host: &dyn Write,
        path: &Path,
        follow: bool,
        stat: Option<&Metadata>,
    ) -> Result<(Changes, Vec<String>)> {
        let wanted = self.differing_of(host, stat);
        if wanted.is_empty() {
            return Ok((wanted, Vec::new()));
        }
        if wanted.contains_key("user") || wanted.contains_key("group") {
            let before = host.metadata(path)?.map(|stat| stat.mode);
            let uid = wanted.get("user").and_then(|user| uid_of(host, user));
            let gid = wanted.get("group").and_then(|group| gid_of(host, group));
            let owned = host.chown(path, uid, gid, follow);
            // The system drops set-id bits with the owner; what is not asked for stays.
            let link = host.symlink_metadata(path)?.is_some_and(|stat| stat.is_symlink());
            if let (Ok(()), Some(mode), false) = (&owned, before.filter(|m| m & 0o7000 != 0), link)
            {
                host.chmod(path, mode)?;
            }
        }
        if let Some(Value::Str(mode)) = wanted.get("mode") {
            // Told below if it did not help.
            let _ = host.chmod(path, mode_bits(mode)?);
        }
        let left = self.differing(host, path, follow)?;
        let failed = left.iter().map(|(what, to)| format!("Failed to change {what} to {to}"));
        let failed: Vec<String> = failed.collect();
        let done = wanted.into_iter().filter(|(what, _)| !left.contains_key(what));
        Ok((done.collect(), failed))
    }
}

/// Makes missing folders above and including `folder`; new ones get owner and mode.
///
/// # Errors
/// If one cannot be made.
pub fn make_dirs(host: &dyn Write, folder: &Path, perms: &Perms) -> Result<Vec<String>> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|at| !at.as_os_str().is_empty() && !host.exists(at))
        .collect();
    let mut made = Vec::new();
    for at in missing.into_iter().rev() {
        host.create_dir(at, None)?;
        perms.enforce(host, at, true)?;
        made.push(at.display().to_string());
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_four_digits() {
        for (given, want) in [
            (Value::from(640), "0640"),
            (Value::from("0755"), "0755"),
            (Value::from("\"644\""), "0644"),
            (Value::from(1777), "1777"),
            (Value::from("0o600"), "0600"),
        ] {
            assert_eq!(normalize_mode(&given).as_deref(), Some(want));
        }
        assert_eq!(normalize_mode(&Value::Null), None);
    }
}
