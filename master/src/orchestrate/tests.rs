//! Orchestrations that need no minions, run as `salt-run` runs them.

use std::fs;
use std::path::Path;

use halite_core::{Args, Map, Opts, Role, Value, args, map};

use super::approval;
use super::journal::Journal;
use crate::runner::{Call, Kind, Ran, run};

const JID: &str = "20261127000000000001";

/// A master's folders with these sls files.
fn opts(dir: &Path, files: &[(&str, &str)]) -> Opts {
    let srv = dir.join("srv");
    for folder in ["srv/orch", "pillar", "cache"] {
        fs::create_dir_all(dir.join(folder)).expect("is made");
    }
    for (name, text) in files {
        fs::write(srv.join(name), text).expect("is written");
    }
    let values = map! {
        "pki_dir" => dir.join("pki"), "cachedir" => dir.join("cache"), "sock_dir" => dir.join("run"),
        "id" => "box_master", "file_roots" => map! {"base" => vec![srv]},
        "pillar_roots" => map! {"base" => vec![dir.join("pillar")]},
    };
    Opts::from_map(Role::Master, values)
}

/// Runs it; orchestrations get [`JID`].
fn call(opts: &Opts, fun: &str, args: Args) -> Ran {
    let jid = (!fun.contains("resume")).then(|| JID.to_owned());
    let (fun, user) = (fun.into(), "root".into());
    run(opts, Call { kind: Kind::Runner, fun, args, user, jid, print: Box::new(|_| {}) })
}

/// The return of the state with this ID.
#[track_caller]
fn state(ran: &Ran, id: &str) -> Map {
    let states = ran.ret.get("data").and_then(|data| data.get("box_master"));
    let states = states.and_then(Value::as_map).unwrap_or_else(|| panic!("{}", ran.ret));
    let found = states.values().find(|ret| ret.get("__id__").and_then(Value::as_str) == Some(id));
    found.and_then(Value::as_map).cloned().unwrap_or_else(|| panic!("{id} in {}", ran.ret))
}

const RUNNERS: &str = "
arg:
  salt.runner:
    - name: test.arg
    - arg: [1]
    - foo: {{ pillar.get('word', 'none') }}
keys:
  salt.wheel:
    - name: key.list_all
    - require:
      - salt: arg
inner:
  salt.runner:
    - name: state.orchestrate
    - mods: orch.bad
after:
  test.succeed_without_changes:
    - require:
      - salt: inner
both:
  salt.parallel_runners:
    - runners:
        a:
          - name: test.arg
          - kwarg: {x: 1}
        b:
          - name: test.metasyntactic
";
const BAD: &str = "no:\n  test.fail_without_changes\n";

#[test]
fn runners_and_wheel_functions_are_states() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let opts = opts(dir.path(), &[("orch/run.sls", RUNNERS), ("orch/bad.sls", BAD)]);
    let ran = call(&opts, "state.orchestrate", args!["orch.run"; pillar = map! {"word" => "w"}]);
    assert_eq!((ran.retcode, ran.success), (1, false));
    assert_eq!(ran.ret.get("outputter"), Some(&"highstate".into()));
    let arg = state(&ran, "arg");
    assert_eq!(arg["comment"], "Runner function 'test.arg' executed.".into());
    let want = map! {"return" => map! {"args" => vec![1], "kwargs" => map! {"foo" => "w"}}};
    assert_eq!(arg["changes"], want.into());
    assert_eq!(state(&ran, "keys")["result"], true.into());
    let inner = state(&ran, "inner");
    assert_eq!(inner["comment"], "Runner function 'state.orchestrate' failed.".into());
    assert_eq!(inner["result"], false.into());
    let after = "One or more requisite failed: orch.run.inner";
    assert_eq!(state(&ran, "after")["comment"], after.into());
    let both = state(&ran, "both");
    assert_eq!(both["comment"], "All runner functions executed successfully.".into());
    let outputs = both["changes"].get("ret").and_then(Value::as_map).cloned().expect("has outputs");
    assert_eq!(outputs.keys().map(Value::to_string).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_dry_run_calls_nothing() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let opts = opts(dir.path(), &[("orch/run.sls", RUNNERS), ("orch/bad.sls", BAD)]);
    let ran = call(&opts, "state.orch", args!["orch.run"; test = true]);
    assert_eq!(
        state(&ran, "keys")["comment"],
        "Wheel function 'key.list_all' would be executed.".into()
    );
    for id in ["arg", "keys", "inner", "both"] {
        assert_eq!((&state(&ran, id)["result"], ran.retcode), (&Value::Null, 0), "{id}");
    }
    assert!(!dir.path().join("pki").exists(), "no wheel function has looked at keys");
}

#[test]
fn what_salt_refuses_is_refused_in_its_words() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let wrong = "
none: {salt.state: [{tgt: '*'}]}
fail: {salt.state: [{tgt: '*'}, {sls: x}, {allow_fail: x}]}
conc: {salt.state: [{tgt: '*'}, {sls: x}, {concurrent: nope}]}
runners: {salt.parallel_runners: [{runners: 5}]}
fun: {salt.runner: [{name: no.such}]}
";
    let opts = opts(dir.path(), &[("wrong.sls", wrong)]);
    let ran = call(&opts, "state.sls", args!["wrong"]);
    for (id, want) in [
        ("none", "No highstate or sls specified, no execution made"),
        ("fail", "Passed invalid value for 'allow_fail', must be an int"),
        ("conc", "Must pass in boolean for value of 'concurrent'"),
        ("runners", "The runners parameter must be a string or dict."),
        ("fun", "An exception occurred in this state: 'no.such' is not available."),
    ] {
        let ret = state(&ran, id);
        assert_eq!((&ret["comment"], &ret["result"]), (&want.into(), &false.into()), "{id}");
    }
    let missing = call(&opts, "state.orch", args!["not.there"]);
    let want = vec!["No matching sls found for 'not.there' in env 'base'"];
    assert_eq!(missing.ret.get("data"), Some(&map! {"box_master" => want}.into()));
    let ran = call(&opts, "state.orch", args!["wrong"; pillar = 5]);
    let want = "Passed invalid arguments: Pillar data must be formatted as a dictionary";
    assert_eq!((ran.ret, ran.retcode), (want.into(), 1));
}

#[test]
fn a_broken_off_run_goes_on_where_it_was() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("count");
    let sls = format!(
        "one:\n  file.append:\n    - name: {0}\n    - text: one\ntwo:\n  file.append:\n    - name: {0}\n    - text: two\n",
        file.display()
    );
    let opts = opts(dir.path(), &[("go.sls", sls.as_str())]);
    let journal = Journal::of(&opts, JID, "main").expect("is a jid");
    journal.begin(map! {"mods" => "go", "saltenv" => "base"}).expect("begins");
    let tag = format!("file_|-one_|-{}_|-append", file.display());
    let done = map! {
        "__id__" => "one", "__run_num__" => 0, "result" => true, "changes" => Map::new(), "comment" => "earlier",
    };
    journal.done(&tag, &done);
    let ran = call(&opts, "state.orchestrate_resume", args![JID]);
    assert_eq!(fs::read_to_string(&file).expect("is there"), "two\n", "{}", ran.ret);
    assert_eq!(state(&ran, "one")["comment"], "earlier".into());
    assert_eq!(state(&ran, "two")["__run_num__"], 1.into());
    let again = call(&opts, "state.orchestrate_resume", args![JID]).ret.to_string();
    assert!(again.contains("came to its end"), "{again}");
    let none = call(&opts, "state.orchestrate_resume", args!["20200101000000000000"]);
    assert!(none.ret.to_string().contains("there is no orchestration"), "{}", none.ret);
}

#[test]
fn steps_wait_for_approval() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let sls = "go:\n  salt.wait_for_approval:\n    - timeout: 30\n";
    let opts = opts(dir.path(), &[("wait.sls", sls)]);
    fs::create_dir_all(super::journal::folder(&opts, JID).expect("is a jid")).expect("is made");
    let refused = call(&opts, "state.approve", args![JID, "go"]).ret.to_string();
    assert!(refused.contains("does not wait for approval"), "{refused}");
    for (fun, want) in [("state.approve", true), ("state.reject", false)] {
        let ran = std::thread::scope(|scope| {
            let run = scope.spawn(|| call(&opts, "state.orch", args!["wait"]));
            while approval::waiting(&opts).expect("reads").is_empty() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            assert!(call(&opts, fun, args![JID, "go"; reason = "because"]).success);
            run.join().expect("ends")
        });
        assert_eq!(state(&ran, "go")["result"], want.into());
        let comment = state(&ran, "go")["comment"].to_string();
        assert!(comment.ends_with("by root: because"), "{comment}");
        assert!(approval::waiting(&opts).expect("reads").is_empty());
    }
}
