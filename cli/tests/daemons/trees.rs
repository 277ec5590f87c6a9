//! Broken trees: the command line and the return say file, line, excerpt and hint.

use crate::fleet::Fleet;

#[test]
fn a_broken_tree_is_told_where_it_is_broken() {
    let fleet = Fleet::new();
    fleet.write("srv/salt/broken.sls", "a:\n  test.nop:\n   - name: x\n  - y: z\n");
    fleet.write("srv/salt/slip.sls", "a:\n  test.nopp: []\n");
    fleet.write("srv/salt/jinja.sls", "a:\n  test.nop:\n    - name: {{ nosuch.thing }}\n");
    let _master = fleet.master();
    let _minion = fleet.minion("web1");
    fleet.wait_for_ping("web1");
    for (sls, words) in [
        ("broken", &["broken.sls", ":4:", "- y: z"][..]),
        ("slip", &["nopp", "test.nop"]),
        ("jinja", &["jinja.sls", "nosuch", ":3:"]),
    ] {
        let said = fleet.says("salt", &["web1", "state.apply", sls]);
        for word in words {
            assert!(said.contains(word), "{sls}: `{word}` is not in:\n{said}");
        }
        assert!(!fleet.run("salt", &["web1", "state.apply", sls]).status.success(), "{sls}");
    }
    fleet.write("srv/salt/top.sls", "base:\n  '*':\n    - ok\n   - bad\n");
    let said = fleet.says("salt", &["web1", "state.highstate"]);
    assert!(said.contains("top.sls") && said.contains(":4:"), "{said}");
    fleet.write("srv/pillar/top.sls", "base:\n  '*': [p]\n");
    fleet.write("srv/pillar/p.sls", "a: {{ nosuch.thing }}\n");
    fleet.write("srv/salt/fine.sls", "a:\n  test.nop: []\n");
    fleet.says("salt", &["web1", "saltutil.refresh_pillar"]);
    let said = fleet.says("salt", &["web1", "state.apply", "fine"]);
    assert!(said.contains("SLS 'p'"), "{said}");
    let log = fleet.master_log();
    assert!(log.contains("p.sls:1") && log.contains("nosuch"), "{log}");
}
