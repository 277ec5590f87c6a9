//! Files that nobody else may read: written whole, with their mode, whatever the umask.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use halite_core::{Error, Result};

/// Tries at a free temporary name.
const NAME_TRIES: u32 = 16;

/// Makes a folder (and those above it) that only its owner may enter. One that exists is left as it is.
///
/// # Errors
/// As `mkdir` and `chmod`.
pub fn make_dir(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(0o700)))
        .map_err(|error| Error::file("make the folder", path, error))
}

/// Writes `content` beside `path` under a new name and puts it in place in one step. A symbolic link at `path`
/// is followed, so that a file which another name stands for is the one that is replaced.
///
/// # Errors
/// Names the file that could not be written.
pub fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    put(path, content, mode, true)
}

/// The same without waiting for the disk: for what may be lost with the machine.
///
/// # Errors
/// Names the file that could not be written.
pub fn write_unsynced(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    put(path, content, mode, false)
}

fn put(path: &Path, content: &[u8], mode: u32, sync: bool) -> Result<()> {
    let real = match fs::symlink_metadata(path) {
        Ok(stat) if stat.is_symlink() => fs::canonicalize(path).unwrap_or_else(|_| path.into()),
        _ => path.to_path_buf(),
    };
    let failed = |error| Error::file("write", path, error);
    let (temporary, mut file) = open_beside(&real).map_err(failed)?;
    let done = file
        .write_all(content)
        .and_then(|()| file.set_permissions(Permissions::from_mode(mode)))
        .and_then(|()| if sync { file.sync_all() } else { Ok(()) })
        .and_then(|()| fs::rename(&temporary, &real));
    done.map_err(|error| {
        drop(fs::remove_file(&temporary));
        failed(error)
    })
}

/// A new file beside `path`, which nobody could have made before (`O_EXCL`).
fn open_beside(path: &Path) -> io::Result<(PathBuf, fs::File)> {
    let counter = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..NAME_TRIES {
        let at =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let number = u128::from(counter.fetch_add(1, Ordering::Relaxed)) ^ at.as_nanos();
        // A leading dot keeps it out of every listing of keys.
        let beside = path.with_file_name(format!(".{name}.{}.{number:x}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Reads a regular file of at most `limit` bytes; `None` if there is none. Pipes and devices are refused: they
/// could hold a thread for ever.
///
/// # Errors
/// As `open` and `read`; also for what is no regular file or too long.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let stat = match fs::metadata(path) {
        Ok(stat) => stat,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("stat", path, error)),
    };
    if !stat.is_file() || stat.len() > limit {
        let why = format!("it is no regular file of at most {limit} bytes");
        return Err(Error::file("read", path, io::Error::new(io::ErrorKind::InvalidData, why)));
    }
    let mut content = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut content));
    match read {
        Ok(_) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file("read", path, error)),
    }
}

/// Removes a file; false if there was none.
///
/// # Errors
/// As `unlink`.
pub fn remove(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::file("remove", path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("is there").permissions().mode() & 0o7777
    }

    #[test]
    fn modes_do_not_depend_on_the_umask() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (keys, file) = (dir.path().join("a/b"), dir.path().join("a/b/key"));
        make_dir(&keys).expect("is made");
        write(&file, b"secret", 0o400).expect("is written");
        assert_eq!((mode(&keys), mode(&file)), (0o700, 0o400));
        write(&file, b"other", 0o600).expect("a file without write permission is replaced");
        assert_eq!(
            (mode(&file), read(&file, 10).expect("reads")),
            (0o600, Some(b"other".to_vec()))
        );
        assert_eq!(fs::read_dir(&keys).expect("lists").count(), 1, "nothing temporary stays");
    }

    #[test]
    fn links_are_written_through_and_pipes_are_not_read() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        write(&real, b"1", 0o600).expect("is written");
        std::os::unix::fs::symlink("real", &link).expect("is linked");
        write(&link, b"2", 0o600).expect("is written");
        assert!(fs::symlink_metadata(&link).expect("is there").is_symlink());
        assert_eq!(fs::read(&real).expect("reads"), b"2");
        assert!(read(dir.path(), 10).is_err());
        assert!(read(&real, 0).is_err(), "too long");
        assert_eq!(read(&dir.path().join("none"), 1).expect("no error"), None);
    }
}
