//! A file of lines that never grows without end: at its bound it becomes `NAME.1` and a new one begins.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use halite_core::{Error, Result};

/// An open file of lines.
pub struct Lines {
    path: PathBuf,
    bytes_max: u64,
    keep: usize,
    file: Option<(File, u64)>,
}

impl Lines {
    /// Lines in `path`, of which `keep` full files are kept beside it. Nothing is opened yet.
    pub fn new(path: PathBuf, bytes_max: u64, keep: usize) -> Lines {
        Lines { path, bytes_max, keep, file: None }
    }

    /// Adds a line; it must hold no newline.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn add(&mut self, line: &str) -> Result<()> {
        let fail = |path: &Path, error| Error::file("write", path, error);
        if self.file.as_ref().is_some_and(|(_, bytes)| *bytes >= self.bytes_max) {
            self.file = None;
            self.rotate().map_err(|error| fail(&self.path, error))?;
        }
        if self.file.is_none() {
            if let Some(folder) = self.path.parent() {
                std::fs::create_dir_all(folder).map_err(|error| fail(folder, error))?;
            }
            let mut options = OpenOptions::new();
            let file = options.append(true).create(true).mode(0o600).open(&self.path);
            let file = file.map_err(|error| fail(&self.path, error))?;
            let bytes = file.metadata().map_or(0, |data| data.len());
            self.file = Some((file, bytes));
        }
        if let Some((file, bytes)) = &mut self.file {
            let text = format!("{line}\n");
            file.write_all(text.as_bytes()).map_err(|error| fail(&self.path, error))?;
            *bytes += text.len() as u64;
        }
        Ok(())
    }

    fn numbered(&self, number: usize) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }

    fn rotate(&self) -> std::io::Result<()> {
        if self.keep == 0 {
            return std::fs::remove_file(&self.path);
        }
        for number in (1..self.keep).rev() {
            let from = self.numbered(number);
            if from.exists() {
                std::fs::rename(from, self.numbered(number + 1))?;
            }
        }
        std::fs::rename(&self.path, self.numbered(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_bounded_and_full_ones_are_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("deep/events");
        let mut lines = Lines::new(path.clone(), 30, 2);
        for number in 0..20 {
            lines.add(&format!("line {number:04}")).expect("is written");
        }
        let read = |name: &str| std::fs::read_to_string(dir.path().join("deep").join(name));
        assert_eq!(read("events").expect("is there"), "line 0018\nline 0019\n");
        assert_eq!(read("events.1").expect("is there"), "line 0015\nline 0016\nline 0017\n");
        assert_eq!(read("events.2").expect("is there"), "line 0012\nline 0013\nline 0014\n");
        assert!(read("events.3").is_err());
        // A program that starts again goes on where the file ends.
        Lines::new(path, 30, 2).add("more").expect("is written");
        assert!(read("events").expect("is there").ends_with("line 0019\nmore\n"));
    }
}
