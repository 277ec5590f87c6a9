//! What programs end with, and say, where no daemon is needed.

use std::path::Path;
use std::process::Command;

/// Runs a program with a configuration of its own below `root`; its code, and what it printed.
fn run(root: &Path, program: &str, words: &[&str]) -> (Option<i32>, String) {
    let config = format!("root_dir: {}\nid: here\n", root.display());
    for name in ["master", "minion"] {
        std::fs::write(root.join(name), &config).expect("is written");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_salt"))
        .args([program, "-c"])
        .arg(root)
        .args(words)
        .output()
        .expect("the program starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[track_caller]
fn check(program: &str, words: &[&str], code: i32, part: &str) {
    let root = tempfile::tempdir().expect("a scratch folder");
    let (ended, text) = run(root.path(), program, words);
    assert_eq!(ended, Some(code), "{program} {words:?}: {text}");
    assert!(text.contains(part), "{program} {words:?}: {text}");
}

#[test]
fn a_runner_that_is_called_wrongly_says_how_and_ends_well_as_in_salt() {
    check("salt-run", &["cache.store"], 0, "Passed invalid arguments");
    check("salt-run", &["no.such"], 1, "'no.such' is not available.");
    check("salt-run", &["test.arg", "1", "a=2"], 0, "kwargs");
}

#[test]
fn options_that_do_not_fit_are_named_as_they_were_typed() {
    let whole = "option -t: invalid integer value: 'x'";
    check("salt", &["-t", "x", "*", "test.ping"], 64, whole);
    check("salt", &["--timeout=x", "*", "test.ping"], 64, "option --timeout: invalid integer");
    check("salt", &["-b"], 64, "-b option requires 1 argument");
    check(
        "salt-call",
        &["-l", "loud", "test.ping"],
        64,
        "option -l: invalid choice: 'loud' (choose",
    );
    check("salt-key", &["--nosuch"], 64, "no such option: --nosuch");
}

#[test]
fn a_function_that_is_not_there_is_told_apart_from_one_that_fails() {
    check("salt-call", &["--local", "no.such"], 255, "'no.such' is not available.");
    check("salt-call", &["--local", "test.ping"], 0, "True");
    check("salt-call", &["--local", "--retcode-passthrough", "test.retcode", "42"], 42, "True");
}
