//! Digests of files, remembered while a file's size, time and inode stay the same.

use std::collections::HashMap;
use std::fmt::Write;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::Digest;

use super::HASH_CACHE_MAX;

/// The option `hash_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashType {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256, Salt's default.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashType {
    const NAMES: [(HashType, &'static str); 6] = [
        (HashType::Md5, "md5"),
        (HashType::Sha1, "sha1"),
        (HashType::Sha224, "sha224"),
        (HashType::Sha256, "sha256"),
        (HashType::Sha384, "sha384"),
        (HashType::Sha512, "sha512"),
    ];

    /// The type of that name, in any case.
    pub fn parse(name: &str) -> Option<HashType> {
        let name = name.to_ascii_lowercase();
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(hash_type, _)| *hash_type)
    }

    /// Its name in options and on the wire.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(hash_type, _)| *hash_type == self).map_or("", |(_, name)| name)
    }
}

/// The digest of all that `input` gives, as lower-case hex.
///
/// Errors: as reading.
pub fn digest(hash_type: HashType, input: impl Read) -> io::Result<String> {
    match hash_type {
        HashType::Md5 => run::<md5::Md5>(input),
        HashType::Sha1 => run::<sha1::Sha1>(input),
        HashType::Sha224 => run::<sha2::Sha224>(input),
        HashType::Sha256 => run::<sha2::Sha256>(input),
        HashType::Sha384 => run::<sha2::Sha384>(input),
        HashType::Sha512 => run::<sha2::Sha512>(input),
    }
}

fn run<D: Digest>(mut input: impl Read) -> io::Result<String> {
    let mut state = D::new();
    let mut block = vec![0; 64 * 1024];
    loop {
        match input.read(&mut block) {
            Ok(0) => break,
            Ok(count) => state.update(&block[..count]),
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
    let mut hex = String::new();
    for byte in state.finalize().iter() {
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(hex)
}

/// What must be the same for a remembered digest to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    size: u64,
    mtime: (i64, i64),
    ctime: (i64, i64),
    inode: (u64, u64),
}

/// Remembered digests.
#[derive(Default)]
pub(super) struct HashCache {
    known: Mutex<HashMap<PathBuf, (Stamp, HashType, String)>>,
}

impl HashCache {
    /// The digest of an open file; `path` is only the name it is remembered by.
    pub(super) fn digest(
        &self,
        path: &Path,
        file: &std::fs::File,
        hash_type: HashType,
    ) -> io::Result<String> {
        use std::os::unix::fs::MetadataExt;
        let stat = file.metadata()?;
        let stamp = Stamp {
            size: stat.size(),
            mtime: (stat.mtime(), stat.mtime_nsec()),
            ctime: (stat.ctime(), stat.ctime_nsec()),
            inode: (stat.dev(), stat.ino()),
        };
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, kind, hex)) = lock().get(path)
            && (*at, *kind) == (stamp, hash_type)
        {
            return Ok(hex.clone());
        }
        let hex = digest(hash_type, file)?;
        let mut known = lock();
        if known.len() >= HASH_CACHE_MAX {
            known.clear();
        }
        known.insert(path.to_owned(), (stamp, hash_type, hex.clone()));
        Ok(hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_abc() {
        let cases = [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("SHA256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ];
        for (name, want) in cases {
            let hash_type = HashType::parse(name).expect(name);
            assert_eq!(digest(hash_type, &b"abc"[..]).expect("reads"), want);
        }
        assert_eq!(HashType::parse("crc"), None);
    }
}
