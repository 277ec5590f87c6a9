//! Crate edges are as drawn in ARCHITECTURE.md: a new edge is a line here, and a question.

use std::collections::{BTreeMap, BTreeSet};

use halite_tests::{root, sources};

/// Which of our crates each crate may use. A crate that is not here does not exist.
const EDGES: &[(&str, &[&str])] = &[
    ("core", &["derive"]),
    ("core/derive", &[]),
    ("core/plugins", &[]),
    ("wire", &["core"]),
    ("wire/net", &["wire", "core"]),
    ("render", &["core"]),
    ("outside", &["core"]),
    ("engines", &["core", "wire", "net", "render", "outside", "modules"]),
    ("pillar", &["render", "core", "plugins"]),
    ("modules", &["core", "plugins"]),
    ("states", &["render", "core", "plugins"]),
    ("lsp", &["render", "core", "states"]),
    (
        "minion",
        &["core", "wire", "net", "render", "outside", "engines", "pillar", "modules", "states"],
    ),
    (
        "master",
        &[
            "core", "wire", "net", "render", "outside", "engines", "pillar", "modules", "states",
            "plugins",
        ],
    ),
    ("cli", &["core", "wire", "net", "render", "minion", "master", "modules", "states", "lsp"]),
    ("bench", &["core", "wire", "net"]),
    ("tests", &["core"]),
];

/// Crates of others that only the named crates may use: what opens sockets, what encrypts, ...
const RESERVED: &[(&str, &[&str])] = &[
    ("tokio", &["wire/net", "minion", "master", "cli", "outside", "bench"]),
    ("ureq", &["outside"]),
    ("rustls", &["outside"]),
    ("tokio-postgres", &["outside"]),
    ("socket2", &["wire/net"]),
    ("rsa", &["wire"]),
    ("ring", &["wire", "render", "modules", "bench", "wire/net", "master", "minion"]),
    ("clap", &["cli", "bench"]),
    ("rusqlite", &["master", "modules"]),
    ("libyaml-safer", &["render"]),
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (path, text) in sources("toml") {
        let folder = path.parent().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
        let manifest = path.file_name().is_some_and(|name| name == "Cargo.toml");
        if !manifest || folder.is_empty() || folder == "fuzz" {
            continue;
        }
        let mut names = BTreeSet::new();
        let mut inside = false;
        for line in text.lines() {
            let line = line.trim();
            if line.starts_with('[') {
                // What tests use is their own affair.
                inside = matches!(line, "[dependencies]" | "[build-dependencies]");
            } else if inside && !line.is_empty() && !line.starts_with('#') {
                let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
                names.insert(name.to_owned());
            }
        }
        found.insert(folder, names);
    }
    found
}

#[test]
fn crates_know_only_whom_they_may() {
    let found = dependencies();
    let drawn: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    for (folder, names) in &found {
        let allowed = drawn.get(folder.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("{folder} is a crate without drawn edges"));
        for name in names {
            if let Some(ours) = name.strip_prefix("halite-") {
                assert!(allowed.contains(&ours), "{folder} must not use halite-{ours}");
            }
            if let Some((_, users)) = RESERVED.iter().find(|(reserved, _)| reserved == name) {
                assert!(users.contains(&folder.as_str()), "{folder} must not use {name}");
            }
        }
    }
}

#[test]
fn every_dependency_has_its_version_and_reason_in_the_workspace() {
    for (path, text) in sources("toml") {
        let folder = path.parent().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
        if path.file_name().is_none_or(|name| name != "Cargo.toml") || folder == "fuzz" {
            continue;
        }
        for line in text.lines().filter(|_| !folder.is_empty()) {
            let pinned =
                line.contains("version = \"") || line.contains("= \"0") || line.contains("= \"1");
            assert!(!pinned, "{}: `{line}` belongs into the workspace table", path.display());
        }
    }
    let workspace = std::fs::read_to_string(root().join("Cargo.toml")).expect("is there");
    let table = workspace.split("[workspace.dependencies]").nth(1).expect("has a table");
    let table = table.split("\n[").next().unwrap_or(table);
    for line in table.lines().filter(|line| line.contains("version = ")) {
        assert!(line.contains("default-features = false"), "`{line}` takes default features");
    }
}
