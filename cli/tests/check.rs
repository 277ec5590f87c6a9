//! `state.check` and the faults that `state.apply` tells, over a folder of broken trees: each file of
//! `tests/broken` is a tree with every diagnostic that is expected of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A tree file: `=== NAME` begins a part.
struct Case {
    name: String,
    parts: Vec<(String, String)>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("can be read").path())
        .collect();
    paths.sort();
    paths.iter().map(|path| parse(path)).collect()
}

fn parse(path: &Path) -> Case {
    let text = std::fs::read_to_string(path).expect("a tree file");
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("=== ") {
            Some(name) => parts.push((name.to_owned(), String::new())),
            None => {
                let (_, body) = parts.last_mut().expect("a part begins first");
                body.push_str(line);
                body.push('\n');
            }
        }
    }
    let name = path.file_stem().expect("has a name").to_string_lossy().into_owned();
    Case { name, parts }
}

impl Case {
    /// Writes the tree and gives its root.
    fn plant(&self) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a scratch folder");
        for (name, body) in self.parts.iter().filter(|(name, _)| name.contains('/')) {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("has a folder")).expect("made");
            std::fs::write(path, body).expect("written");
        }
        std::fs::create_dir_all(root.path().join("states")).expect("made");
        root
    }

    fn call(&self, root: &Path, words: &[&str]) -> (String, String, Option<i32>) {
        let output = Command::new(env!("CARGO_BIN_EXE_salt"))
            .args(["salt-call", "--local", "--out=json", "-c"])
            .arg(root.join("etc"))
            .arg("--cachedir")
            .arg(root.join("cache"))
            .arg("--file-root")
            .arg(root.join("states"))
            .arg("--pillar-root")
            .arg(root.join("pillar"))
            .args(words)
            .output()
            .expect("the program runs");
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.replace(&format!("{}/", root.display()), "")
        };
        (text(&output.stdout), text(&output.stderr), output.status.code())
    }
}

/// `states/a.sls:1:2 error code | hint` of each diagnostic.
fn told(json: &str) -> Vec<String> {
    let value = halite_core::value::parse_json(json).expect("JSON comes out");
    let list = value.get("local").and_then(|list| list.as_list()).expect("a list of diagnostics");
    let text = |item: &halite_core::Value, key: &str| {
        item.get(key).filter(|v| !v.is_null()).map(ToString::to_string).unwrap_or_default()
    };
    let line = |item: &halite_core::Value| {
        let [file, line, column, severity, code, hint] =
            ["file", "line", "column", "severity", "code", "hint"].map(|key| text(item, key));
        format!("{file}:{line}:{column} {severity} {code} | {hint}").trim_end().to_owned()
    };
    list.iter().map(line).collect()
}

#[test]
fn every_fault_of_every_tree_is_told_with_its_place_and_hint() {
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases() {
        let root = case.plant();
        let (out, err, code) = case.call(root.path(), &["state.check"]);
        let got = told(&out);
        let (_, want) = case.parts.iter().find(|(name, _)| name == "expect").expect("says what");
        let want: Vec<&str> = want.lines().collect();
        for line in &got {
            *codes.entry(line.split(' ').nth(2).unwrap_or_default().to_owned()).or_default() += 1;
        }
        let errors = want.iter().any(|line| line.contains(" error "));
        if got != want || code != Some(i32::from(errors)) {
            wrong.push(format!("{}:\n--- got\n{}\n--- stderr\n{err}", case.name, got.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let faults: usize = codes.values().sum();
    assert!(
        faults >= 60 && codes.len() >= 25,
        "{faults} faults of {} classes: {codes:?}",
        codes.len()
    );
}

#[test]
fn a_run_tells_the_same_places_on_standard_error() {
    for case in cases() {
        for (name, want) in &case.parts {
            let Some(sls) = name.strip_prefix("apply ") else { continue };
            let root = case.plant();
            let (out, err, code) = case.call(root.path(), &["state.apply", sls, "test=True"]);
            assert_ne!(code, Some(0), "{} {name}: {out}", case.name);
            for line in want.lines() {
                assert!(err.contains(line), "{} {name}: no `{line}` in:\n{err}", case.name);
            }
        }
    }
}
