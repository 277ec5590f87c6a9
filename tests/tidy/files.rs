//! Length, first lines, words.

use halite_tests::{project_files, root, sources};

/// Longest source file, in lines.
const FILE_LINES_MAX: usize = 500;
/// Longest function, in lines from its `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Files that may be longer, and why: data in the form of code.
const LONG_FILES: &[&str] = &[];

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
        let mut open: Option<(usize, usize, String)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let code = line.trim_start();
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
            if open.is_none() && starts.iter().any(|start| code.starts_with(start)) {
                open = Some((number, indent, code.chars().take(60).collect()));
            }
            if let Some((from, at, head)) = &open {
                if indent == *at
                    && (code.starts_with('}') || code.ends_with(';') || code.ends_with('}'))
                {
                    let length = number - from + 1;
                    if length > FUNCTION_LINES_MAX {
                        faults.push(format!(
                            "{}:{}: {length} lines: {head}",
                            path.display(),
                            from + 1
                        ));
                    }
                    open = None;
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
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
        if text.contains(concat!("unsafe", " {")) {
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
