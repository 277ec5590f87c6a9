//! What the tests of the whole share: the repository's files, scratch folders, running programs.

use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root").to_owned()
}

/// All files below the root that belong to the project, relative to it, sorted.
pub fn project_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(&root(), Path::new(""), &mut found);
    found.sort();
    found
}

/// The files of one ending, with their text.
pub fn sources(extension: &str) -> Vec<(PathBuf, String)> {
    project_files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ext| ext == extension))
        .map(|path| {
            let text = std::fs::read_to_string(root().join(&path)).expect("a source file is text");
            (path, text)
        })
        .collect()
}

fn walk(root: &Path, below: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(root.join(below)).expect("the project can be read");
    for entry in entries.flatten() {
        let name = entry.file_name();
        let path = below.join(&name);
        let kind = entry.file_type().expect("a kind of file");
        // What others wrote keeps their habits.
        let skipped =
            matches!(name.to_str(), Some(".git" | "target" | "vendor" | "__pycache__" | ".venv"));
        if kind.is_dir() && !skipped {
            walk(root, &path, found);
        } else if kind.is_file() && !skipped {
            found.push(path);
        }
    }
}
