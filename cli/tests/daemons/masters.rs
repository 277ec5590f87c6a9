//! A minion of several masters: each has a link of its own, and none is in the others' way.

use std::fs;

use crate::fleet::{Daemon, Fleet, wait_for};

/// Two masters with one key, as those of a minion have it.
fn two() -> (Fleet, Fleet, Daemon, Daemon) {
    let (a, b) = (Fleet::new(), Fleet::new());
    let pki = "master/etc/salt/pki/master";
    let master = a.master();
    for name in ["master.pem", "master.pub"] {
        let key = wait_for("the master's key", || {
            fs::read_to_string(a.path(pki).join(name)).ok().filter(|key| key.contains("END"))
        });
        b.write(&format!("{pki}/{name}"), &key);
    }
    let other = b.master();
    (a, b, master, other)
}

#[test]
fn two_masters_are_served_and_one_that_goes_does_not_matter() {
    let (a, b, master, _other) = two();
    let _minion = a.minion_in(&a.path("minion"), "web1", &[a.ret_port, b.ret_port]);
    for fleet in [&a, &b] {
        fleet.wait_for_ping("web1");
    }
    // Who asked gets the return, and nobody else.
    assert!(a.says("salt", &["web1", "test.echo", "for-a"]).contains("for-a"));
    let jobs = |fleet: &Fleet| fleet.says("salt-run", &["jobs.list_jobs", "--out=json"]);
    wait_for("the job in its master's cache", || jobs(&a).contains("for-a").then_some(()));
    assert!(!jobs(&b).contains("for-a"));
    master.stop();
    assert!(b.says("salt", &["web1", "test.echo", "for-b"]).contains("for-b"), "the other is away");
    let _master = a.master();
    a.wait_for_ping("web1");
}

#[test]
fn a_master_that_rejects_the_key_does_not_end_the_minion_for_the_other() {
    let (a, b, _master, _other) = two();
    let minion = a.minion_in(&a.path("minion"), "web1", &[a.ret_port, b.ret_port]);
    for fleet in [&a, &b] {
        fleet.wait_for_ping("web1");
    }
    let said = a.says("salt-key", &["-y", "-r", "web1", "--include-accepted"]);
    assert!(said.contains("web1"), "{said}");
    minion.stop();
    let _minion = a.minion_in(&a.path("minion"), "web1", &[a.ret_port, b.ret_port]);
    a.wait_for_line(Fleet::minion_log, &["has rejected this minion's public key"]);
    b.wait_for_ping("web1");
    assert!(b.says("salt", &["web1", "test.echo", "for-b"]).contains("for-b"));
    let said = a.says("salt-key", &["-y", "-a", "web1", "--include-rejected"]);
    assert!(said.contains("web1"), "{said}");
    a.wait_for_ping("web1");
}
