//! Batches of command lines.

use std::fs;

use crate::fleet::{Fleet, wait_for};

#[test]
fn a_batch_goes_on_behind_the_command_that_started_it() {
    let fleet = Fleet::new();
    let (_master, _minion) = (fleet.master(), fleet.minion("web1"));
    fleet.wait_for_ping("web1");
    let marker = fleet.path("marker");
    let touch = format!("sleep 1; touch {}", marker.display());
    let said = fleet.says("salt", &["*", "cmd.run", &touch, "-b", "1", "--async"]);
    let jid = said.trim().strip_prefix("Executed batch command with job ID: ").expect("a jid");
    assert!(!marker.exists(), "nobody waits for it: {said}");
    wait_for("the batch's work", || marker.exists().then_some(()));
    wait_for("the end of the batch", || {
        let status = fleet.says("salt-run", &["batch.status", jid, "--out=json"]);
        (status.contains("\"completed\": 1") && status.contains("\"active\": 0")).then_some(())
    });
    let kept = wait_for("the job's return", || {
        let kept = fleet.says("salt-run", &["jobs.lookup_jid", jid]);
        kept.contains("web1").then_some(kept)
    });
    assert!(!kept.contains("ERROR"), "{kept}");
    let jobs = fleet.path("master/var/cache/salt/master/jobs");
    let folders = fs::read_dir(jobs).expect("is there").flatten();
    let inner = folders.flat_map(|entry| fs::read_dir(entry.path()).expect("reads").flatten());
    let state = inner.map(|entry| entry.path().join(".batch.p")).find(|path| path.exists());
    let state = fs::read(state.expect("is written")).expect("reads");
    assert!(
        state.windows(4).any(|window| window == b"web1"),
        "the batch's state names its minions"
    );
    // Nobody is meant: told at once, and nothing is left behind.
    let none = fleet.run("salt", &["nobody", "test.ping", "-b", "1", "--async"]);
    assert_eq!(none.status.code(), Some(2));
}
