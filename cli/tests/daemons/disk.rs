//! What is kept when the master is away or a disk is full.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fleet::{Fleet, wait_for};

/// A small file system that ends with its test.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one; `None` where this user may not.
    pub(crate) fn mount(at: &Path, kib: u32) -> Option<SmallDisk> {
        fs::create_dir_all(at).expect("made");
        let size = format!("size={kib}k");
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).status();
        done.is_ok_and(|status| status.success()).then(|| SmallDisk(at.to_owned()))
    }

    /// Writes until nothing more goes on it.
    pub(crate) fn fill(&self) {
        let mut file = fs::File::create(self.0.join("fill")).expect("made");
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    pub(crate) fn free(&self) {
        fs::remove_file(self.0.join("fill")).expect("was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A busy one is let go as soon as its last user ends.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

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
    let command = format!(
        "for i in $(seq 1200); do [ -e {} ] && break; sleep 0.05; done; echo done",
        gate.display()
    );
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

#[test]
fn a_full_disk_of_the_master_loses_no_key_and_no_return() {
    let fleet = Fleet::new();
    let root = fleet.path("small");
    let Some(disk) = SmallDisk::mount(&root, 8 * 1024) else {
        eprintln!("not run: this user may not mount a small disk");
        return;
    };
    let _master = fleet.master_in(&root);
    let _minion = fleet.minion("web1");
    fleet.wait_for_ping("web1");
    disk.fill();
    let jid = jid_of(&fleet.says("salt", &["--async", "web1", "cmd.run", "seq 20000"]));
    let log = root.join("var/log/salt/master");
    // The log is on the same disk: what the master can tell is that it runs on.
    fleet.says("salt", &["-t", "2", "web1", "test.ping"]);
    assert!(log.exists(), "the master has a log");
    disk.free();
    wait_for_return(&fleet, &jid);
    fleet.wait_for_ping("web1");
    assert!(fs::read_to_string(root.join("etc/salt/pki/master/minions/web1")).is_ok());
}
