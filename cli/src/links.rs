//! `salt --install-links DIR`: makes the names by which the programs are called.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::{fs, io};

/// Makes a link to this binary in `folder` for each name; a link that is there is replaced, a file
/// is not.
///
/// # Errors
/// Names the link that could not be made.
pub(crate) fn install(folder: &Path, names: &[&str]) -> Result<(), String> {
    let binary = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    for name in names {
        let link = folder.join(name);
        if link == binary {
            continue;
        }
        replace(&binary, &link).map_err(|error| format!("{}: {error}", link.display()))?;
    }
    Ok(())
}

fn replace(binary: &Path, link: &Path) -> io::Result<()> {
    match fs::symlink_metadata(link) {
        Ok(stat) if stat.is_symlink() => fs::remove_file(link)?,
        Ok(_) => return Err(io::Error::other("it is there and is not a link; remove it first")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    symlink(binary, link)
}
