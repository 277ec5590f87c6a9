//! Returners as users name them: on the command line, in a schedule.

use std::fs;

use crate::fleet::{Fleet, wait_for};

/// The lines that the returner `rawfile_json` has written.
fn lines(fleet: &Fleet) -> Vec<String> {
    let text = fs::read_to_string(fleet.path("returned")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn salt_call_hands_its_return_to_the_named_returner() {
    let fleet = Fleet::new();
    let (root, file) = (fleet.path("minion"), fleet.path("returned"));
    fleet.write(
        "conf/minion",
        &format!(
            "root_dir: {}\nid: web1\nfile_client: local\nrawfile_json.filename: {}\n",
            root.display(),
            file.display()
        ),
    );
    let said = fleet.says("salt-call", &["--local", "test.echo", "hello"]);
    assert!(said.contains("hello") && lines(&fleet).is_empty(), "{said}");
    let called = ["--local", "--return", "rawfile_json", "test.echo", "hello"];
    let said = fleet.says("salt-call", &called);
    let lines = lines(&fleet);
    assert_eq!(lines.len(), 1, "{said}");
    for part in
        ["\"id\": \"web1\"", "\"return\": \"hello\"", "\"fun\": \"test.echo\"", "\"success\": true"]
    {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    // One that is not there is told; the call itself has worked.
    let said = fleet.says("salt-call", &["--local", "--return", "no_such", "test.echo", "hello"]);
    assert!(said.contains("there is no returner `no_such`") && said.contains("hello"), "{said}");
}

#[test]
fn a_scheduled_job_goes_to_its_returner() {
    let fleet = Fleet::new();
    let _master = fleet.master();
    let file = fleet.path("returned");
    let job = format!(
        "schedule:\n  beat:\n    function: test.echo\n    args: [beat]\n    seconds: 1\n    returner: rawfile_json\n    \
         return_kwargs: {{filename: {}}}\n    return_job: False\n",
        file.display()
    );
    fleet.write("conf/minion.d/beat.conf", &job);
    let _minion = fleet.minion("web1");
    let lines = wait_for("the scheduled job's return", || {
        Some(lines(&fleet)).filter(|lines| !lines.is_empty())
    });
    assert!(
        lines[0].contains("\"return\": \"beat\"") && lines[0].contains("\"id\": \"web1\""),
        "{}",
        lines[0]
    );
    assert!(!lines[0].contains("ret_kwargs"), "what may hold passwords is not kept: {}", lines[0]);
}
