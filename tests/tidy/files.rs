//! Length, first lines, words.

use halite_tests::{project_files, root, sources};

/// Longest source file, in lines.
const FILE_LINES_MAX: usize = 500;
/// Longest function body, in lines from its opening to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Files that may be longer, and why: data in the form of code.
const LONG_FILES: &[&str] = &[];

/// The files that may hold unsafe code, each with its proof beside it.
const UNSAFE_WITH_PROOF: &[&str] = &["core/src/host/trim.rs"];

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut faults = Vec::new();
    for (path, text) in sources("rs") {
        let name = path.to_string_lossy();
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX && !LONG_FILES.contains(&&*name) {
            faults.push(format!("{name} has {lines} lines"));
        }
        if !text.starts_with("//! ") && !text.starts_with("#!") {
            faults.push(format!("{name} does not begin with `//! what this file is`"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn functions_are_short() {
    let mut faults = Vec::new();
    for (path, text) in sources("rs") {
        for (from, length, head) in bodies(&text) {
            if length > FUNCTION_LINES_MAX {
                faults.push(format!("{}:{from}: {length} lines: {head}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Functions: the line their body begins on, how many lines it has, and their first line. The
/// signature does not count: registry functions document each parameter there.
fn bodies(text: &str) -> Vec<(usize, usize, String)> {
    let starts = [
        "fn ",
        "pub fn ",
        "async fn ",
        "pub async fn ",
        "pub(crate) fn ",
        "pub(super) fn ",
        "pub(crate) async fn ",
        "pub(super) async fn ",
    ];
    let (mut found, mut open) = (Vec::new(), None::<(usize, Option<usize>, String)>);
    for (number, line) in text.lines().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        if open.is_none() && starts.iter().any(|start| code.starts_with(start)) {
            open = Some((indent, None, code.chars().take(60).collect()));
        }
        let Some((at, body, head)) = &mut open else { continue };
        if body.is_none() && code.ends_with('{') {
            *body = Some(number);
        } else if indent == *at && (code.ends_with(';') || code.ends_with('}')) {
            let from = body.unwrap_or(number);
            found.push((from + 1, number - from + 1, std::mem::take(head)));
            open = None;
        }
    }
    found
}

#[test]
fn no_word_is_out_of_place() {
    // Written in pieces, so that this file does not hold them.
    let banned = [
        (concat!("#[ig", "nore"), "a test that does not run proves nothing"),
        (concat!("todo", "!("), "unfinished code"),
        (concat!("unimplemented", "!("), "unfinished code"),
        (concat!("static ", "mut "), "global mutable state"),
        (concat!("thread_", "local!"), "global state"),
        (concat!("lazy_", "static"), "global state"),
    ];
    let mut faults = Vec::new();
    for (path, text) in sources("rs") {
        for (word, why) in banned {
            if text.contains(word) {
                faults.push(format!("{}: `{word}`: {why}", path.display()));
            }
        }
        let has_proof = UNSAFE_WITH_PROOF.iter().any(|name| path.ends_with(name));
        if text.contains(concat!("unsafe", " {")) && !(has_proof && text.contains("// SAFETY:")) {
            faults.push(format!("{}: unsafe code has no named place yet", path.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_file_names_one_machine() {
    let named = concat!("/wo", "rk/");
    let mut faults = Vec::new();
    for path in project_files() {
        let data = path.starts_with("tests/golden") || path.starts_with("tests/vectors");
        let text = match std::fs::read_to_string(root().join(&path)) {
            Ok(text) if !data => text,
            _ => continue,
        };
        for (number, line) in text.lines().enumerate() {
            if line.contains(named) {
                faults.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "paths of one machine:\n{}", faults.join("\n"));
}

#[test]
fn documents_have_one_title() {
    for (path, text) in sources("md") {
        let mut fenced = false;
        let titles = text.lines().filter(|line| {
            fenced ^= line.starts_with("```");
            !fenced && line.starts_with("# ")
        });
        assert_eq!(titles.count(), 1, "{} needs one title", path.display());
    }
}
