//! Thorium in a running master: from events through registers and checks to jobs.

use std::fs;

use crate::fleet::{Fleet, wait_for};

const RULES: &str = "
failures:
  reg.list:
    - add: user
    - match: my/login/failed
    - prune: 50
  check.len_gte:
    - value: 3
lock:
  local.cmd:
    - tgt: web1
    - func: test.echo
    - arg: [locked]
    - require:
      - check: failures
tell:
  runner.cmd:
    - func: event.send
    - arg: [my/told]
    - require:
      - check: failures
forget:
  reg.clear:
    - name: failures
    - require:
      - local: lock
";

#[test]
fn three_failures_lock_once() {
    let fleet = Fleet::new();
    let roots = fleet.path("srv/thorium");
    fleet.write("srv/thorium/top.sls", "base:\n  '*':\n    - logins\n");
    fleet.write("srv/thorium/logins.sls", "failures:\n  reg.nonsense\n");
    let more = format!(
        "log_level: info\nengines:\n  - thorium: {{}}\nthorium_interval: 0.05\nthorium_roots: {{base: [{}]}}",
        roots.display()
    );
    let _master = fleet.master_with(&fleet.path("master"), &more);
    let _minion = fleet.minion("web1");
    fleet.wait_for_ping("web1");
    wait_for("what is wrong with the file", || {
        let log = fleet.master_log();
        log.contains("State 'reg.nonsense' was not found").then_some(())
    });
    // The better file is read without a restart.
    fs::write(roots.join("logins.sls"), RULES).expect("written");
    wait_for("the files", || {
        (fleet.master_log().matches("Thorium has read its files").count() >= 2).then_some(())
    });
    let jobs =
        || fleet.says("salt-run", &["jobs.list_jobs", "search_function=test.echo", "--out=json"]);
    let fail = || fleet.says("salt-run", &["event.send", "my/login/failed", "{'user': 'eve'}"]);
    fail();
    fail();
    fleet.says("salt-run", &["event.send", "my/login/worked", "{'user': 'eve'}"]);
    fail();
    let found = wait_for("the job", || Some(jobs()).filter(|jobs| jobs.contains("test.echo")));
    let jid: String = found.chars().filter(char::is_ascii_digit).take(20).collect();
    wait_for("its return", || {
        let said = fleet.says("salt-run", &["jobs.lookup_jid", &jid, "--out=json"]);
        said.contains("locked").then_some(())
    });
    // The register is empty again: what its own events woke up has locked nothing more.
    fail();
    fail();
    fleet.wait_for_ping("web1");
    assert_eq!(jobs().matches("test.echo").count(), 1, "{}", jobs());
}
