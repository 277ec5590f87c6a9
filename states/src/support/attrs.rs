//! Attributes of files on Linux file systems, by way of `lsattr` and `chattr`.

use std::path::Path;

use halite_core::host::{Command, Read, Write};
use halite_core::{Changes, Error, Result, map};

/// Letters that are attributes.
const KNOWN: &str = "aAcCdDeijPsStTu";

/// The attributes a file has; `None` if they cannot be told here. Salt: `file.lsattr`.
///
/// # Errors
/// If the command cannot be started.
fn attributes(host: &dyn Read, path: &Path) -> Result<Option<String>> {
    if host.which("lsattr").is_none() {
        return Ok(None);
    }
    let shown = path.to_string_lossy();
    let output = host.query(&Command::new(["lsattr", "-d", "--", &*shown]).c_locale())?;
    if !output.success() {
        return Ok(None);
    }
    let text = output.stdout_text();
    let letters = text.split_whitespace().next().unwrap_or_default();
    Ok(Some(letters.chars().filter(|c| KNOWN.contains(*c)).collect()))
}

/// Letters to add and to take away. `e` is the file system's own business.
fn steps(have: &str, wanted: &str) -> (String, String) {
    let more = wanted.chars().filter(|c| !have.contains(*c)).collect();
    let less = have.chars().filter(|c| *c != 'e' && !wanted.contains(*c)).collect();
    (more, less)
}

/// `attrs: {old, new}` if a file's attributes are not the wanted ones.
///
/// # Errors
/// If the command cannot be started.
pub fn differing(host: &dyn Read, path: &Path, wanted: &str) -> Result<Changes> {
    let Some(have) = attributes(host, path)? else { return Ok(Changes::new()) };
    let (more, less) = steps(&have, wanted);
    Ok(if more.is_empty() && less.is_empty() {
        Changes::new()
    } else {
        map! {"attrs" => map! {"old" => have, "new" => wanted}}
    })
}

/// Sets a file's attributes. The changes, and a complaint if that did not help.
///
/// # Errors
/// If a command cannot be started.
pub fn enforce(host: &dyn Write, path: &Path, wanted: &str) -> Result<(Changes, Option<String>)> {
    let Some(have) = attributes(host, path)? else { return Ok((Changes::new(), None)) };
    let (more, less) = steps(&have, wanted);
    if more.is_empty() && less.is_empty() {
        return Ok((Changes::new(), None));
    }
    let shown = path.to_string_lossy();
    for (sign, letters) in [('+', &more), ('-', &less)] {
        if letters.chars().any(|c| !KNOWN.contains(c)) {
            return Err(Error::execution(format!("Need attributes: [{KNOWN}]")));
        }
        if !letters.is_empty() {
            let change = format!("{sign}{letters}");
            host.run(&Command::new(["chattr", &change, "--", &*shown]).c_locale())?;
        }
    }
    let now = attributes(host, path)?.unwrap_or_default();
    let (more, less) = steps(&now, wanted);
    let missed = !more.is_empty() || !less.is_empty();
    let new = if missed { now } else { wanted.to_owned() };
    let changes = if new == have {
        Changes::new()
    } else {
        map! {"attrs" => map! {"old" => have, "new" => new}}
    };
    Ok((changes, missed.then(|| format!("Failed to change attributes to {wanted}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_are_left_alone() {
        assert_eq!(steps("ae", "i"), ("i".into(), "a".into()));
        assert_eq!(steps("ie", "i"), (String::new(), String::new()));
    }
}
