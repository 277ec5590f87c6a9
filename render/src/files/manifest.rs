//! Hash and mode of all files of an environment at once, for a whole state run.

use std::os::unix::fs::PermissionsExt;

use halite_core::SaltEnv;

use super::roots::Roots;
use super::{MANIFEST_FILE_BYTES_MAX, MANIFEST_FILES_MAX, listing};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestEntry {
    /// Its path relative to the root.
    pub path: String,
    /// Its digest in hex; `None` for a large one, which is worth hashing only when somebody wants it.
    pub hash: Option<String>,
    /// Its permission bits.
    pub mode: u32,
}

impl Roots {
    /// All files of an environment as they are now, sorted by path; `None` if there are too many to send at once.
    /// What cannot be opened is left out, as it is not served either.
    pub fn manifest(&self, env: &SaltEnv) -> Option<Vec<ManifestEntry>> {
        let tree = listing::walk(self, env);
        if tree.files.len() > MANIFEST_FILES_MAX {
            return None;
        }
        let entry = |path: String| {
            let found = self.open(&path, env).ok().flatten()?;
            let stat = found.file.metadata().ok()?;
            let hash = match stat.len() <= MANIFEST_FILE_BYTES_MAX {
                true => Some(self.digest(&found).ok()?),
                false => None,
            };
            Some(ManifestEntry { path, hash, mode: stat.permissions().mode() & 0o7777 })
        };
        Some(tree.files.into_iter().filter_map(entry).collect())
    }
}

#[cfg(test)]
mod tests {
    use halite_core::map;
    use halite_core::opts::{Opts, Role};

    use super::*;

    #[test]
    fn all_files_of_all_roots_with_what_is_there_now() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name);
        for root in ["one", "two"] {
            std::fs::create_dir_all(path(root).join("sub")).expect("is made");
        }
        let write = |name: &str, text: &[u8]| std::fs::write(path(name), text).expect("is written");
        write("one/a.sls", b"abc");
        write("two/a.sls", b"hidden by the first root");
        write("two/sub/b", b"abc");
        write("two/large", &vec![0; MANIFEST_FILE_BYTES_MAX as usize + 1]);
        let roots = [path("one"), path("two")].map(|root| root.to_string_lossy().into_owned());
        let roots = roots.map(halite_core::Value::from).to_vec();
        let opts = map! {"file_roots" => map! {"base" => roots}, "hash_type" => "md5"};
        let files = Roots::files(&Opts::from_map(Role::Master, opts));
        let env = SaltEnv::parse("base").expect("is one");
        let abc = Some("900150983cd24fb0d6963f7d28e17f72".to_owned());
        let seen = || {
            let all = files.manifest(&env).expect("few files");
            all.into_iter().map(|entry| (entry.path, entry.hash)).collect::<Vec<_>>()
        };
        let want = [("a.sls", abc.clone()), ("large", None), ("sub/b", abc)];
        assert_eq!(seen(), want.map(|(path, hash)| (path.to_owned(), hash)));
        // No listing that was made before is asked: a run sees what is there when it begins.
        write("one/new", b"abc");
        assert_eq!(seen().len(), 4);
    }
}
