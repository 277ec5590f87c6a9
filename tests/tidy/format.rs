//! Formatting of every file, those included by build scripts as well (`cargo fmt` misses them).

use std::process::Command;

use halite_tests::{project_files, root};

#[test]
fn every_source_file_is_formatted() {
    let files = project_files().into_iter().filter(|path| {
        path.extension().is_some_and(|ext| ext == "rs") && !path.starts_with("fuzz")
    });
    let done = Command::new("rustfmt")
        .args(["--check", "--edition", "2024", "--config", "skip_children=true", "-l"])
        .args(files)
        .current_dir(root())
        .output();
    let done = match done {
        Ok(done) => done,
        Err(error) => panic!("rustfmt is part of rust-toolchain.toml: {error}"),
    };
    let out = String::from_utf8_lossy(&done.stdout);
    let err = String::from_utf8_lossy(&done.stderr);
    // `skip_children` is unstable; a stable rustfmt says so and formats all the same.
    assert!(done.status.success() || out.trim().is_empty(), "not formatted:\n{out}{err}");
}
