//! Thorium's files over events, without a daemon. What registers hold and what states say is recorded from a
//! `salt-master` 3008.3 with the engine `thorium`, where it is not said to be otherwise.

use std::sync::Arc;

use bytes::Bytes;
use halite_core::{Map, Opts, Role, Value, map};
use halite_states::engine::Returns;
use halite_wire::frame;
use tokio::sync::mpsc::Receiver;

use super::compile::Machine;
use super::heard::Heard;
use super::{Thorium, lock, outlet};
use crate::core::Ask;
use crate::keys::{KeyState, KeyStore};
use crate::services::MasterServices;

const KEY: &str = include_str!("../../tests/fixtures/minion.pub");

struct World {
    dir: tempfile::TempDir,
    opts: Opts,
    thorium: Arc<Thorium>,
    machine: Machine,
    asked: Receiver<Ask>,
}

fn event(tag: &str, data: Map) -> Heard {
    let body = frame::event_body(tag, &data);
    Heard::new(tag.into(), Bytes::from(frame::pub_frame(&body)))
}

/// An event as `event.send` fires it.
fn sent(tag: &str, said: Map) -> Heard {
    let stamp = "2026-11-28T01:32:14.275292+00:00";
    event(tag, map! {"id" => "m1", "data" => said, "_stamp" => stamp})
}

impl World {
    fn new(sls: &str) -> World {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let roots = dir.path().join("thorium");
        std::fs::create_dir_all(&roots).expect("is made");
        std::fs::write(roots.join("top.sls"), "base:\n  '*': [watch]\n").expect("is written");
        std::fs::write(roots.join("watch.sls"), sls).expect("is written");
        let values = map! {
            "id" => "box_master", "pki_dir" => dir.path().join("pki"), "cachedir" => dir.path().join("cache"),
            "sock_dir" => dir.path().join("run"), "thorium_roots" => map! {"base" => vec![roots]},
        };
        let opts = Opts::from_map(Role::Master, values);
        crate::private_file::make_dir(&opts.path("cachedir")).expect("is made");
        let (thorium, asked) = outlet::nowhere(&opts);
        let services = MasterServices::new(&opts, "", Box::new(|_| {}));
        let machine = Machine::new(&opts, services.with_thorium(Arc::clone(&thorium)));
        World { dir, opts, thorium, machine, asked }
    }

    /// One look at these events.
    fn look(&self, events: Vec<Heard>) -> Returns {
        let compiled = self.machine.compile().expect("compiles");
        *lock(&self.thorium.events) = Arc::new(events);
        self.machine.run(&compiled).expect("runs")
    }

    fn register(&self, name: &str) -> Option<Value> {
        self.thorium.registers().get(name).map(|kept| kept.value())
    }
}

/// Result and comment of the state of an ID and module.
fn said(returns: &Returns, module: &str, id: &str) -> (Option<bool>, String) {
    let start = format!("{module}_|-{id}_|-");
    let (_, ret) = returns.iter().find(|(tag, _)| tag.starts_with(&start)).expect("ran");
    let comment = ret.get("comment").map(Value::to_string).unwrap_or_default();
    (ret.get("result").and_then(Value::as_bool), comment)
}

#[test]
fn registers_hold_what_salts_hold() {
    let world = World::new(
        "logins:\n  reg.list:\n    - add: user,host\n    - match: my/login\n    - stamp: True\n    - prune: 3\n\
         names:\n  reg.set:\n    - add: user\n    - match: 'my/.*in'\n\
         loads:\n  reg.list:\n    - add: [load]\n    - match: my/load\n\
         avg:\n  reg.mean:\n    - add: load\n    - match: my/load\n\
         stat:\n  status.reg\nsnap:\n  file.save:\n    - filter: True\n",
    );
    let login = |user: &str| sent("my/login", map! {"user" => user, "host" => "h"});
    let load = |value: Value| sent("my/load", map! {"load" => value});
    let returns = world.look(vec![
        login("u0"),
        login("u1"),
        login("u2"),
        load(1.0.into()),
        load(5.into()),
        load("x".into()),
        event("my/login", map! {"user" => "top", "_stamp" => "then"}),
        sent("my/admin", map! {}),
        sent("salt/beacon/m1/status/2026", map! {"id" => "m1", "loadavg" => map! {"1" => 2}}),
    ]);
    assert!(returns.values().all(|ret| ret.get("result") == Some(&true.into())), "{returns:?}");
    let stamp = "2026-11-28T01:32:14.275292+00:00";
    let kept = |user: &str| map! {"user" => user, "time" => stamp, "host" => "h"};
    // The last three; Salt's `prune` keeps the first three, against its documentation.
    let want = Value::list([
        kept("u1").into(),
        kept("u2").into(),
        map! {"user" => "top", "time" => "then"}.into(),
    ]);
    assert_eq!(world.register("logins"), Some(want));
    let names = vec!["u0", "u1", "u2", "top", "None"];
    assert_eq!(world.register("names"), Some(names.into()));
    let loads = [map! {"load" => 1.0}, map! {"load" => 5}, map! {"load" => "x"}];
    assert_eq!(world.register("loads"), Some(Value::list(loads.map(Value::from))));
    // Salt's `reg.mean` ends in an exception with every event.
    assert_eq!(world.register("avg"), Some(3.0.into()));
    let status = world.register("status").expect("is kept");
    let of_m1 = status.get("m1").expect("is kept");
    assert_eq!(of_m1.get("loadavg"), Some(&map! {"1" => 2}.into()));
    assert!(of_m1.get("recv_time").is_some_and(|time| time.as_f64() > Some(1.7e9)));
    let saved = world.opts.path("cachedir").join("thorium/saves/snap");
    let saved = std::fs::read_to_string(saved).expect("is saved");
    let saved = halite_core::value::parse_json(&saved).expect("is JSON");
    let names = saved.get("names").and_then(|names| names.get("val"));
    assert_eq!(names, Some(&"{'u0', 'u1', 'u2', 'top', 'None'}".into()));
}

#[test]
fn checks_say_what_salts_say() {
    let mut sls = String::from("");
    let registers = [("n", "reg.mean", "n"), ("s", "reg.set", "user"), ("l", "reg.list", "user")];
    for (name, how, add) in registers {
        sls += &format!(
            "fill_{name}:\n  {how}:\n    - name: {name}\n    - add: {add}\n    - match: e\n"
        );
    }
    let cases = [
        ("gt", "n", "- value: 1", Some(true), ""),
        ("gt", "n", "- value: 2", Some(false), ""),
        ("gte", "n", "- value: 2", Some(true), ""),
        ("lt", "n", "- value: 2.5", Some(true), ""),
        ("lte", "n", "- value: 1", Some(false), ""),
        ("eq", "n", "- value: 2", Some(true), ""),
        ("ne", "n", "- value: 2", Some(false), ""),
        ("eq", "s", "- value: a", Some(false), ""),
        ("gt", "none", "- value: 1", Some(false), "Value none not in register"),
        ("contains", "s", "- value: a", Some(true), ""),
        ("contains", "s", "- value: z", Some(false), ""),
        ("contains", "l", "- value: {user: a}\n    - count_gt: 1", Some(true), ""),
        ("contains", "l", "- value: {user: a}\n    - count_eq: 1", Some(false), ""),
        ("len_eq", "s", "- value: 2", Some(true), ""),
        ("len_gt", "l", "- value: 2", Some(true), ""),
        ("len_lt", "l", "- value: 2", Some(false), ""),
        ("len_ne", "l", "- value: 3", Some(false), ""),
        (
            "gt",
            "s",
            "- value: 1",
            Some(false),
            "An exception occurred in this state: '>' not supported between instances of 'set' and 'int'",
        ),
    ];
    for (number, (check, register, args, ..)) in cases.iter().enumerate() {
        sls += &format!("c{number}:\n  check.{check}:\n    - name: {register}\n    {args}\n");
    }
    sls += "e*:\n  check.event\nf.*:\n  check.event\n";
    let world = World::new(&sls);
    let with = |user: &str| sent("e", map! {"user" => user, "n" => 2});
    let returns = world.look(vec![with("a"), with("b"), with("a")]);
    for (number, (check, register, args, result, comment)) in cases.into_iter().enumerate() {
        let got = said(&returns, "check", &format!("c{number}"));
        assert_eq!(got, (result, comment.into()), "check.{check} {register} {args}");
    }
    assert_eq!(said(&returns, "check", "e*").0, Some(true));
    assert_eq!(said(&returns, "check", "f.*").0, Some(false));
}

#[test]
fn actions_run_when_their_checks_hold() {
    let mut world = World::new(
        "go:\n  check.event\n\
         tell:\n  local.cmd:\n    - tgt: 'web*'\n    - func: test.echo\n    - arg: [hello]\n    - kwarg: {a: 1}\n    \
         - timeout: 7\n    - require:\n      - check: go\n\
         gone:\n  wheel.cmd:\n    - fun: no.such\n    - require:\n      - check: go\n\
         held:\n  timer.hold:\n    - seconds: 0\n    - require:\n      - check: go\n",
    );
    let returns = world.look(vec![sent("other", map! {})]);
    assert_eq!(said(&returns, "local", "tell").1, "One or more requisite failed: watch.go");
    assert!(world.asked.try_recv().is_err(), "nothing is published");
    let returns = world.look(vec![sent("go", map! {})]);
    assert_eq!(said(&returns, "local", "tell").0, Some(true));
    let gone = said(&returns, "wheel", "gone");
    assert!(gone.1.contains("'no.such' is not available."), "{gone:?}");
    let Ok(Ask::Publish(job)) = world.asked.try_recv() else { panic!("a job is published") };
    assert_eq!(
        (&job.tgt, &job.fun, job.to.as_ref()),
        (&"web*".into(), &"test.echo".into(), Some(&7.into()))
    );
    let args = Value::list(["hello".into(), map! {"a" => 1, "__kwarg__" => true}.into()]);
    assert_eq!(job.arg, args);
    // The first look starts the timer; with the next event it is over, and starts anew.
    assert_eq!(said(&returns, "timer", "held").0, Some(false));
    let returns = world.look(vec![sent("go", map! {})]);
    assert_eq!(said(&returns, "timer", "held").0, Some(true));
}

#[test]
fn numbers_are_worked_out_over_the_last_values() {
    let world = World::new(
        "loads:\n  reg.list:\n    - add: load\n    - match: l\n  calc.mean:\n    - num: 2\n    - ref: load\n    - maximum: 4\n\
         sum:\n  calc.calc:\n    - name: loads\n    - num: 9\n    - oper: add\n    - ref: load\n    - minimum: 100\n\
         none:\n  calc.add:\n    - num: 1\n",
    );
    let load = |value: i64| sent("l", map! {"load" => value});
    let returns = world.look(vec![load(9), load(3), load(4)]);
    let tag = "calc_|-loads_|-loads_|-mean";
    let changes = returns.get(tag).and_then(|ret| ret.get("changes")).expect("ran");
    let want = map! {"Number of values" => 2, "Operator" => "mean", "Answer" => 3.5};
    assert_eq!(changes, &want.into());
    assert_eq!(said(&returns, "calc", "loads").0, Some(true));
    assert_eq!(said(&returns, "calc", "sum").0, Some(false));
    assert_eq!(said(&returns, "calc", "none"), (Some(false), "none not found in register".into()));
    let returns = world.look(vec![load(9)]);
    assert_eq!(said(&returns, "calc", "loads").0, Some(false), "(4 + 9) / 2 is above 4");
}

#[test]
fn keys_of_silent_minions_go() {
    let world = World::new(
        "statreg:\n  status.reg\n\
         clean:\n  key.timeout:\n    - reject: 0.5\n    - require:\n      - status: statreg\n",
    );
    let keys = KeyStore::open(&world.opts).expect("opens");
    let id = |text: &str| halite_core::MinionId::parse(text).expect("is an id");
    for name in ["quiet", "loud"] {
        keys.put(KeyState::Accepted, &id(name), KEY).expect("is stored");
    }
    let alive =
        || event("salt/beacon/loud/status/1", map! {"id" => "loud", "data" => map! {"up" => 1}});
    world.look(vec![alive()]);
    let accepted = |name: &str| {
        keys.find(&id(name)).expect("reads").is_some_and(|(state, _)| state == KeyState::Accepted)
    };
    assert!(accepted("quiet") && accepted("loud"), "the first look only takes note");
    let begun = std::time::Instant::now();
    let returns = loop {
        let returns = world.look(vec![alive()]);
        if !accepted("quiet") {
            break returns;
        }
        assert!(begun.elapsed().as_secs() < 60, "the key stays");
    };
    assert!(accepted("loud"));
    let ret = returns.values().find(|ret| ret.get("__id__") == Some(&"clean".into()));
    let changes = ret.and_then(|ret| ret.get("changes")).expect("ran");
    assert_eq!(changes, &map! {"quiet" => "rejected"}.into());
}

#[test]
fn what_is_wrong_is_told_and_nothing_leaves_the_folder() {
    let world = World::new("a:\n  check.gtt:\n    - value: 1\n");
    assert!(world.machine.compile().is_ok(), "the state says it at each look");
    let returns = world.look(vec![sent("x", map! {})]);
    assert!(
        said(&returns, "check", "a").1.contains("State 'check.gtt' was not found"),
        "{returns:?}"
    );
    let path = world.dir.path().join("thorium/watch.sls");
    let before = world.machine.mark();
    std::fs::write(&path, "../../x:\n  file.save\na:\n  reg.set:\n    - add: u\n    - match: x\n")
        .expect("is written");
    assert_ne!(world.machine.mark(), before);
    let returns = world.look(vec![sent("x", map! {"u" => vec![1]})]);
    assert!(said(&returns, "file", "../../x").1.contains("leads out of the folder"));
    assert!(said(&returns, "reg", "a").1.contains("the field u of x is no single value"));
    std::fs::remove_file(world.dir.path().join("thorium/top.sls")).expect("was there");
    let error = world.machine.compile().map(drop).map_err(|error| error.to_string());
    assert!(error.is_err_and(|text| text.starts_with("No Top file found!")));
    std::fs::write(world.dir.path().join("thorium/top.sls"), "base:\n  '*': [gone]\n")
        .expect("is written");
    assert!(world.machine.compile().is_err());
}
