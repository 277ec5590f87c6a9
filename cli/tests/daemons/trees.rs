//! Broken trees: the command line and the return say file, line, excerpt and hint.

use halite_core::Value;
use halite_core::value::parse_json;

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
        ("broken", &["salt://broken.sls:4:", "- y: z"][..]),
        ("slip", &["nopp", "test.nop"]),
        ("jinja", &["salt://jinja.sls:3:", "nosuch"]),
    ] {
        let said = fleet.says("salt", &["web1", "state.apply", sls]);
        for word in words {
            assert!(said.contains(word), "{sls}: `{word}` is not in:\n{said}");
        }
        assert!(!fleet.run("salt", &["web1", "state.apply", sls]).status.success(), "{sls}");
    }
    fleet.write("srv/salt/top.sls", "base:\n  '*':\n    - ok\n   - bad\n");
    let said = fleet.says("salt", &["web1", "state.highstate"]);
    assert!(said.contains("salt://top.sls:4:"), "{said}");
    fleet.write("srv/pillar/top.sls", "base:\n  '*': [p]\n");
    fleet.write("srv/pillar/p.sls", "a: {{ nosuch.thing }}\n");
    fleet.write("srv/salt/fine.sls", "a:\n  test.nop: []\n");
    fleet.says("salt", &["web1", "saltutil.refresh_pillar"]);
    let said = fleet.says("salt", &["web1", "state.apply", "fine"]);
    assert!(said.contains("SLS 'p'"), "{said}");
    let log = fleet.master_log();
    assert!(log.contains("p.sls:1") && log.contains("nosuch"), "{log}");
}

#[test]
fn a_run_is_explained_and_drawn() {
    let fleet = Fleet::new();
    fleet.write("srv/salt/top.sls", "base:\n  'web*':\n    - web\n");
    fleet.write(
        "srv/salt/web.sls",
        "conf:\n  test.succeed_with_changes: []\nbad:\n  test.fail_without_changes:\n    - require: [{test: conf}]\n\
         app:\n  test.nop:\n    - require: [{test: bad}]\n",
    );
    let _master = fleet.master();
    let _minion = fleet.minion("web1");
    fleet.wait_for_ping("web1");
    let failed = fleet.run("salt", &["web1", "state.highstate"]);
    assert_eq!(failed.status.code(), Some(1));
    let explain = |id: &str| -> Value {
        let said = fleet.says("salt", &["web1", "state.explain", id, "--static", "--out=json"]);
        let told = parse_json(&said).expect(&said);
        let states = told.get("web1").and_then(Value::as_map).expect(&said);
        states.values().next().cloned().expect(&said)
    };
    let text = |map: &Value, key: &str| map.get(key).map(Value::to_string).unwrap_or_default();
    let app = explain("app");
    assert_eq!(app.get("outcome"), Some(&"skipped".into()), "{app:?}");
    assert_eq!(app.get("why"), Some(&"not run: what it requires has failed".into()), "{app:?}");
    assert_eq!(app.get("declared"), Some(&"salt://web.sls:7".into()), "{app:?}");
    assert!(text(&app, "cause").contains("bad: test.fail_without_changes"), "{app:?}");
    let conf = explain("conf");
    assert_eq!(conf.get("outcome"), Some(&"changed".into()), "{conf:?}");
    assert!(text(&conf, "waited_for_by").contains("bad"), "{conf:?}");
    let none = fleet.says("salt", &["web1", "state.explain", "nosuch"]);
    assert!(none.contains("nosuch"), "{none}");
    let graph = fleet.says("salt", &["web1", "state.graph", "web"]);
    assert!(
        graph.contains("digraph states") && graph.matches("[label=\"require\"").count() == 2,
        "{graph}"
    );
    let svg = fleet.path("web.svg");
    let told =
        fleet.says("salt", &["web1", "state.graph", "web", &format!("path={}", svg.display())]);
    let drawn = std::fs::read_to_string(&svg).expect(&told);
    assert!(
        drawn.starts_with("<svg")
            && drawn.contains("test.nop")
            && drawn.trim_end().ends_with("</svg>")
    );
    let top = fleet.says("salt", &["web1", "state.show_top", "why=True"]);
    assert!(top.contains("salt://top.sls:3"), "{top}");
}
