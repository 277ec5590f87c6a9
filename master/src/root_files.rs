//! The files below `file_roots` or `pillar_roots` as the wheel functions list, read and write them.

use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use halite_core::{Apply, Error, Map, Opts, Result, Value, map};

/// Deepest folder that a listing goes into.
const DEPTH: usize = 64;
/// Files and folders in one listing.
const ENTRIES: usize = 200_000;
/// Largest file that is read, bytes.
const FILE_BYTES: u64 = 16 * 1_048_576;
/// Bytes that tell whether a file is text. Salt: `salt.utils.files.is_text`.
const PROBE_BYTES: usize = 512;

/// The roots of one option.
pub(crate) struct RootFiles<'a> {
    opts: &'a Opts,
    option: &'static str,
}

impl RootFiles<'_> {
    /// Those of `option`.
    pub(crate) fn of<'a>(opts: &'a Opts, option: &'static str) -> RootFiles<'a> {
        RootFiles { opts, option }
    }

    fn roots(&self, env: &str) -> Option<Vec<PathBuf>> {
        let roots = self.opts.map(self.option);
        let list = roots.get(env)?.as_list()?.to_vec();
        Some(list.iter().map(|root| PathBuf::from(root.to_string())).collect())
    }

    /// Where a file is, and whether it is text.
    pub(crate) fn find(&self, path: &str, env: &str) -> Result<Vec<Map>> {
        let roots = self.roots(env).unwrap_or_default();
        let places = roots.iter().filter_map(|root| inside(root, path));
        let mut found = Vec::new();
        for full in places.filter(|full| full.is_file()) {
            let kind = if is_text(&full)? { "txt" } else { "bin" };
            found.push(map! {full.as_path() => kind});
        }
        Ok(found)
    }

    /// The text of a file in each root that has it.
    pub(crate) fn read(&self, path: &str, env: &str) -> Result<Vec<Map>> {
        let mut found = Vec::new();
        for place in self.find(path, env)? {
            for (full, kind) in place {
                let full_path = PathBuf::from(full.to_string());
                let bytes = fs::metadata(&full_path).map(|stat| stat.len()).unwrap_or(0);
                if bytes > FILE_BYTES {
                    let what = format!("{full} has {bytes} bytes; at most {FILE_BYTES} are read");
                    return Err(Error::execution(what));
                }
                if kind.as_str() == Some("txt") {
                    let text = fs::read(&full_path)
                        .map_err(|error| Error::file("read", &full_path, error))?;
                    found.push(map! {full => String::from_utf8_lossy(&text).into_owned()});
                }
            }
        }
        Ok(found)
    }

    /// The tree of each root of an environment.
    pub(crate) fn list_env(&self, env: &str) -> Result<Map> {
        let mut left = ENTRIES;
        let roots = self.roots(env).unwrap_or_default();
        roots
            .iter()
            .map(|root| Ok((root.as_path().into(), tree(root, DEPTH, &mut left)?.into())))
            .collect()
    }

    /// The trees of all environments.
    pub(crate) fn list_roots(&self) -> Result<Map> {
        let envs: Vec<String> =
            self.opts.map(self.option).keys().map(ToString::to_string).collect();
        let one = |env: String| Ok((Value::str(&env), vec![self.list_env(&env)?].into()));
        envs.into_iter().map(one).collect()
    }

    /// Writes a file below one root; what was done, or why not, in Salt's words.
    pub(crate) fn write(
        &self,
        apply: &Apply<'_>,
        data: &str,
        path: &str,
        (env, index): (&str, i64),
    ) -> Result<String> {
        let Some(roots) = self.roots(env) else {
            return Ok(format!("Named environment {env} is not present"));
        };
        let Some(root) = usize::try_from(index).ok().and_then(|index| roots.get(index)) else {
            return Ok(format!("Specified index {index} in environment {env} is not present"));
        };
        if Path::new(path).is_absolute() {
            return Ok(format!(
                "The path passed in {path} is not relative to the environment {env}"
            ));
        }
        let Some(full) = inside(root, path) else { return Ok(format!("Invalid path: {path}")) };
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder)
                .map_err(|error| Error::file("make the folder", folder, error))?;
        }
        apply.host.write_atomic(&full, data.as_bytes(), None)?;
        Ok(format!("Wrote data to file {}", full.display()))
    }
}

/// The path below a root, if it stays there, also through links. Salt: `clean_path`.
fn inside(root: &Path, path: &str) -> Option<PathBuf> {
    let relative = Path::new(path);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    if path.is_empty() || path.contains('\0') || !plain {
        return None;
    }
    let full = root.join(relative);
    let real_root = root.canonicalize().ok()?;
    // The nearest part that is there decides where a new file would lie.
    let there = full.ancestors().find(|part| part.exists())?;
    there.canonicalize().ok()?.starts_with(real_root).then_some(full)
}

fn is_text(path: &Path) -> Result<bool> {
    let fail = |error| Error::file("read", path, error);
    let mut start = Vec::new();
    let file = fs::File::open(path).map_err(fail)?;
    file.take(PROBE_BYTES as u64).read_to_end(&mut start).map_err(fail)?;
    Ok(!start.contains(&0))
}

fn tree(folder: &Path, depth: usize, left: &mut usize) -> Result<Map> {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut found = Map::new();
    for entry in entries {
        *left = left.checked_sub(1).ok_or_else(|| {
            Error::execution(format!("{}: more than {ENTRIES} files", folder.display()))
        })?;
        let name = Value::str(entry.file_name().to_string_lossy());
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        match is_dir && depth > 0 {
            true => found.insert(name, tree(&entry.path(), depth - 1, left)?.into()),
            false => found.insert(name, "f".into()),
        };
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::Role;

    #[test]
    fn only_what_lies_below_a_root_is_read() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let root = dir.path().join("srv");
        fs::create_dir_all(root.join("a")).expect("is made");
        fs::write(root.join("a/b.sls"), "x: 1\n").expect("is written");
        fs::write(root.join("bin"), b"\0\x01").expect("is written");
        fs::write(dir.path().join("secret"), "s").expect("is written");
        std::os::unix::fs::symlink(dir.path(), root.join("out")).expect("is linked");
        let opts = Opts::from_map(
            Role::Master,
            map! {"file_roots" => map! {"base" => vec![root.clone()]}},
        );
        let files = RootFiles::of(&opts, "file_roots");
        for bad in ["../secret", "/etc/passwd", "a/../../secret", "out/secret", ""] {
            assert!(files.find(bad, "base").expect("looks").is_empty(), "{bad}");
        }
        let found = files.read("a/b.sls", "base").expect("reads");
        assert_eq!(found, [map! {root.join("a/b.sls") => "x: 1\n"}]);
        assert_eq!(files.find("bin", "base").expect("looks"), [map! {root.join("bin") => "bin"}]);
        assert!(files.find("bin", "dev").expect("looks").is_empty());
        let tree = files.list_env("base").expect("lists");
        let want = map! {"a" => map! {"b.sls" => "f"}, "bin" => "f", "out" => "f"};
        assert_eq!(tree, map! {root => want});
    }
}
