//! The log file: opened by the first line, opened anew when somebody has moved it away, put aside
//! when it is full. Salt: `WatchedFileHandler` and `RotatingFileHandler` behaviour.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Most old files that are kept, whatever `log_rotate_backup_count` asks for.
const BACKUPS_MAX: u64 = 1_000;

/// Where lines go.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    /// Bytes at which it is put aside; 0 never.
    bytes_max: u64,
    /// Old files kept.
    backups: u64,
    open: Option<File>,
}

impl LogFile {
    /// A file that is not open yet.
    pub(super) fn new(path: PathBuf, bytes_max: u64, backups: u64) -> LogFile {
        LogFile { path, bytes_max, backups: backups.min(BACKUPS_MAX), open: None }
    }

    /// Appends a line. A full disk must not end the program that reports it.
    pub(super) fn write(&mut self, line: &str) {
        if self.open.as_ref().is_some_and(|file| moved(file, &self.path)) {
            self.open = None;
        }
        let size = self.open.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |m| m.len());
        if self.bytes_max > 0 && self.backups > 0 && size + line.len() as u64 >= self.bytes_max {
            self.open = None;
            self.put_aside();
        }
        if self.open.is_none() {
            self.open = open(&self.path);
        }
        if let Some(file) = &mut self.open {
            let _ = file.write_all(line.as_bytes());
        }
    }

    /// `log` becomes `log.1`, `log.1` becomes `log.2`, ...; the oldest goes.
    fn put_aside(&self) {
        let numbered = |n: u64| {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".{n}"));
            PathBuf::from(name)
        };
        for n in (1..self.backups).rev() {
            // One that is not there has nothing to move.
            let _ = fs::rename(numbered(n), numbered(n + 1));
        }
        let _ = fs::rename(&self.path, numbered(1));
    }
}

/// Whether the path means another file by now, or none.
fn moved(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) != (there.dev(), there.ino()),
        _ => true,
    }
}

fn open(path: &Path) -> Option<File> {
    if let Some(folder) = path.parent() {
        // If it cannot be made, opening fails and the console has the messages.
        let _ = fs::create_dir_all(folder);
    }
    OpenOptions::new().append(true).create(true).mode(0o640).open(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn a_file_that_was_moved_away_is_made_anew() {
        let root = tempfile::tempdir().expect("a scratch folder");
        let path = root.path().join("a/log");
        let mut log = LogFile::new(path.clone(), 0, 0);
        log.write("one\n");
        fs::rename(&path, root.path().join("old")).expect("moved");
        log.write("two\n");
        assert_eq!((read(&root.path().join("old")), read(&path)), ("one\n".into(), "two\n".into()));
    }

    #[test]
    fn a_full_file_is_put_aside_and_the_oldest_goes() {
        let root = tempfile::tempdir().expect("a scratch folder");
        let path = root.path().join("log");
        let mut log = LogFile::new(path.clone(), 8, 2);
        for line in ["aaaaa\n", "bbbbb\n", "ccccc\n", "ddddd\n"] {
            log.write(line);
        }
        let names = ["log", "log.1", "log.2", "log.3"];
        let found = names.map(|name| read(&root.path().join(name)));
        assert_eq!(found, ["ddddd\n", "ccccc\n", "bbbbb\n", ""]);
    }
}
