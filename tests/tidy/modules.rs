//! What every module file promises: a list of its functions, and examples that name real ones.

use std::collections::BTreeSet;

use halite_tests::sources;

/// The folders whose files are modules.
const FOLDERS: &[&str] = &["modules/src/exec", "states/src/exec"];

#[test]
fn command_line_examples_name_functions_that_exist() {
    let mut names = BTreeSet::new();
    let mut examples = Vec::new();
    for (path, text) in sources("rs") {
        if !FOLDERS.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        if let Some(module) = text.split("ExecModule::new(").nth(1) {
            let module = module.trim_start().trim_start_matches('"');
            names.insert(module.split('"').next().unwrap_or_default().to_owned());
        }
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.trim_start_matches(['/', ' ']).split_whitespace().collect();
            if let ["salt", _tgt, fun, ..] = words[..] {
                examples.push((path.clone(), number + 1, fun.to_owned()));
            }
        }
    }
    assert!(names.len() > 5, "only {names:?} found: the scan is broken");
    for (path, line, fun) in examples {
        let module = fun.split('.').next().unwrap_or_default();
        let known = names.contains(module) || fun.starts_with('-') || fun.starts_with('\'');
        assert!(known, "{}:{line}: `{fun}` is of no module here", path.display());
    }
}
