//! `salt --install-links DIR`: makes the names by which the programs are called.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::{fs, io};

/// Makes a link to this binary in `folder` for each name; a link that is there is replaced, a file
/// is not. The folder is made if it is not there.
///
/// # Errors
/// Names the link that could not be made.
pub(crate) fn install(folder: &Path, names: &[&str]) -> Result<(), String> {
    let binary = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_made_in_a_folder_that_was_not_there_and_replaced_on_the_second_call() {
        let root = tempfile::tempdir().expect("a scratch folder");
        let folder = root.path().join("a/b");
        for _ in 0..2 {
            install(&folder, &["salt-call", "salt-key"]).expect("links");
        }
        let own = std::env::current_exe().expect("this test's binary");
        assert_eq!(fs::read_link(folder.join("salt-key")).expect("a link"), own);
    }

    #[test]
    fn a_file_of_that_name_is_left_alone() {
        let root = tempfile::tempdir().expect("a scratch folder");
        fs::write(root.path().join("salt-call"), "mine").expect("written");
        let told = install(root.path(), &["salt-call"]).expect_err("refused");
        assert!(told.contains("is not a link"), "{told}");
        assert_eq!(fs::read_to_string(root.path().join("salt-call")).expect("there"), "mine");
    }
}
