//! What is kept when the master is away.

use std::fs;

use crate::fleet::{Fleet, wait_for};

fn jid_of(said: &str) -> String {
    let jid = said
        .split_whitespace()
        .find(|word| word.len() == 20 && word.bytes().all(|byte| byte.is_ascii_digit()));
    jid.unwrap_or_else(|| panic!("no jid in: {said}")).to_owned()
}

fn wait_for_return(fleet: &Fleet, jid: &str) {
    wait_for("the return in the job cache", || {
        let found = fleet.says("salt-run", &["jobs.lookup_jid", jid, "--out=json"]);
        found.contains("\"web1\"").then_some(())
    });
}

#[test]
fn a_return_waits_on_disk_until_the_master_is_back() {
    let fleet = Fleet::new();
    let master = fleet.master();
    let _minion = fleet.minion("web1");
    fleet.wait_for_ping("web1");
    let gate = fleet.path("gate");
    let command = format!("while [ ! -e {} ]; do sleep 0.05; done; echo done", gate.display());
    let said = fleet.says("salt", &["--async", "web1", "cmd.run", &command]);
    let jid = jid_of(&said);
    wait_for("the job's start", || {
        fleet.path("minion/var/cache/salt/minion/proc").join(&jid).exists().then_some(())
    });
    master.stop();
    fs::write(&gate, "").expect("written");
    let spooled = fleet.path("minion/var/cache/salt/minion/returns").join(&jid);
    wait_for("the return on disk", || spooled.exists().then_some(()));
    let _master = fleet.master();
    wait_for_return(&fleet, &jid);
    wait_for("the spool to empty", || (!spooled.exists()).then_some(()));
}
