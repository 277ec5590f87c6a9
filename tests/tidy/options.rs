//! An option that the table calls used is read somewhere: nobody sets an option in vain unknowingly.

use halite_tests::sources;

/// Options whose use is being built; whoever builds it takes the name away here.
const COMING: &[&str] = &["runner_returns"];

/// The files of the table itself.
fn is_table(path: &std::path::Path) -> bool {
    path.to_string_lossy().contains("core/src/opts/table")
}

/// The options with the status `Used`.
fn used() -> Vec<String> {
    let mut names = Vec::new();
    for (_, text) in sources("rs").into_iter().filter(|(path, _)| is_table(path)) {
        for line in text.lines().filter(|line| line.contains("status: Status::Used")) {
            let name = line.split("name: \"").nth(1).and_then(|rest| rest.split('"').next());
            names.extend(name.map(str::to_owned));
        }
    }
    names
}

#[test]
fn options_that_count_as_used_are_read() {
    let names = used();
    assert!(names.len() > 100, "the table is not found: {names:?}");
    let code: String = sources("rs")
        .into_iter()
        .filter(|(path, _)| !is_table(path) && !path.starts_with("tests"))
        .map(|(_, text)| text)
        .collect();
    let is_read = |name: &str| code.contains(&format!("\"{name}\""));
    let idle: Vec<&String> =
        names.iter().filter(|name| !is_read(name) && !COMING.contains(&name.as_str())).collect();
    assert!(idle.is_empty(), "called used and read nowhere: {idle:?}");
    let come: Vec<&&str> = COMING.iter().filter(|name| is_read(name)).collect();
    assert!(come.is_empty(), "read by now, so take them out of COMING: {come:?}");
}
