//! The reactor's thread between a bus and an owner that only notes what it is asked.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use halite_core::{Map, Opts, Role, Value, map};
use halite_net::bus::Bus;
use tokio::sync::mpsc::{Receiver, channel};

use super::{MANAGE, Parts, start};
use crate::core::{Ask, JidSource, Publication};
use crate::events::Event;

struct World {
    dir: tempfile::TempDir,
    bus: Bus,
    asks: Receiver<Ask>,
}

fn write(dir: &Path, name: &str, text: &str) {
    std::fs::write(dir.join(name), text).expect("is written");
}

/// A reactor over the files `*.sls` in a folder; `rules` name them without it.
fn world(files: &[(&str, &str)], rules: &[(&str, &[&str])], more: Map) -> World {
    let dir = tempfile::tempdir().expect("a folder");
    files.iter().for_each(|(name, text)| write(dir.path(), name, text));
    let path = |file: &&str| Value::from(dir.path().join(file));
    let rules = rules
        .iter()
        .map(|(tag, files)| map! {*tag => files.iter().map(path).collect::<Vec<_>>()}.into());
    let mut values = map! {
        "cachedir" => dir.path(), "sock_dir" => dir.path(), "id" => "m", "reactor" => Value::list(rules),
        "file_roots" => map! {"base" => vec![dir.path()]}, "user" => "root",
    };
    values.extend(more);
    let (bus, (asker, asks)) = (Bus::default(), channel(64));
    let opts = Opts::from_map(Role::Master, values);
    let parts = Parts { opts, bus: bus.clone(), asks: asker, jids: JidSource::default() };
    start(parts).expect("starts");
    World { dir, bus, asks }
}

impl World {
    fn fire(&self, tag: &str, data: Map) {
        self.bus.publish(tag, &Event::new(tag, data).frame(0));
    }

    fn asked(&mut self) -> Ask {
        self.asks.blocking_recv().expect("asks")
    }

    fn job(&mut self) -> Publication {
        match self.asked() {
            Ask::Publish(publication) => *publication,
            Ask::Fire(event) => panic!("fires {event:?}"),
        }
    }

    fn dead(&self) -> String {
        let path = self.dir.path().join("reactor/dead_letters");
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// Waits for a dead letter that holds `text`.
    fn buried(&self, text: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.dead().contains(text) {
            assert!(Instant::now() < end, "no letter about `{text}`: {}", self.dead());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

const PING: &str = "ping:\n  local.test.arg:\n    - tgt: {{ data.id }}\n    - arg: [{{ tag }}]\n";

#[test]
fn an_event_becomes_a_job_with_what_it_said() {
    let mut world = world(&[("a.sls", PING)], &[("my/*", &["a.sls"])], Map::new());
    world.fire("other", map! {"id" => "web1"});
    world.fire("my/event", map! {"id" => "web1", "user" => "Reactor"});
    world.fire("my/event", map! {"id" => "web2"});
    let job = world.job();
    assert_eq!((job.fun, job.tgt, job.user.as_str()), ("test.arg".into(), "web2".into(), "root"));
    assert_eq!(job.arg, vec!["my/event"].into());
}

#[test]
fn data_is_never_a_template() {
    let sls = "x:\n  local.test.arg:\n    - tgt: a\n    - arg: [{{ data.say | json }}]\n";
    let mut world = world(&[("a.sls", sls)], &[("t", &["a.sls"])], Map::new());
    let say = "{{ salt['cmd.run']('id') }} {% raw %} ${HOME}";
    world.fire("t", map! {"say" => say});
    assert_eq!(world.job().arg, vec![say].into());
}

#[test]
fn a_file_that_fails_is_buried_and_the_others_run() {
    let files =
        [("a.sls", PING), ("bad.sls", "x: {{ no.such.thing }}"), ("c.sls", "y:\n  odd.f: []\n")];
    let mut world = world(&files, &[("t", &["bad.sls", "none.sls", "c.sls", "a.sls"])], Map::new());
    world.fire("t", map! {"id" => "web1"});
    assert_eq!(world.job().tgt, "web1".into());
    for text in ["'no' is undefined", "File missing or not found", "wrapper function for 'odd'"] {
        world.buried(text);
    }
}

#[test]
fn a_reaction_to_its_own_job_is_stopped_and_named() {
    let sls = "again:\n  local.test.ping:\n    - tgt: web1\n";
    let mut world = world(&[("a.sls", sls)], &[("salt/job/*/ret/*", &["a.sls"])], Map::new());
    world.fire("salt/job/20261127000000000000/ret/web1", map! {"id" => "web1"});
    let rounds = 3;
    for _ in 0..rounds {
        let jid = world.job().jid.expect("has one");
        world.fire(&format!("salt/job/{jid}/ret/web1"), map! {"id" => "web1"});
    }
    world.buried("reacts to events that it causes itself");
    assert!(world.dead().contains("\"id\":\"again\""));
    assert!(world.asks.try_recv().is_err(), "nothing follows");
    world.fire("salt/job/20261127000000000001/ret/web1", map! {"id" => "web1"});
    world.job();
}

#[test]
fn limits_hold_and_are_told() {
    let limits = map! {"t" => map! {"rate" => "2/h"}, "d" => map! {"debounce" => "50ms"}};
    let mut world = world(
        &[("a.sls", PING)],
        &[("t", &["a.sls"]), ("d", &["a.sls"])],
        map! {"reactor_limits" => limits},
    );
    for number in 0..5 {
        world.fire("t", map! {"id" => format!("t{number}")});
    }
    assert_eq!([world.job().tgt, world.job().tgt], ["t0", "t1"].map(Value::from));
    world.buried("over its `rate`");
    for number in 0..5 {
        world.fire("d", map! {"id" => format!("d{number}")});
    }
    assert_eq!(world.job().tgt, "d4".into(), "only the last is reacted to");
}

#[test]
fn rules_are_listed_added_and_deleted() {
    let mut world = world(&[("a.sls", PING)], &[("t", &["a.sls"])], Map::new());
    let mut ask = |what: &str, data: Map| {
        world.fire(&format!("{MANAGE}/{what}"), data);
        match world.asked() {
            Ask::Fire(event) => event,
            Ask::Publish(job) => panic!("publishes {job:?}"),
        }
    };
    let listed = ask("list", Map::new());
    assert_eq!(listed.tag, "salt/reactors/manage/list-results");
    let first = listed.data.get("reactors").and_then(|rules| rules.as_list()).map(<[Value]>::len);
    assert_eq!(first, Some(1));
    let added = ask("add", map! {"event" => "new/*", "reactors" => vec!["/none.sls"]});
    assert_eq!(
        added.data.get("result"),
        Some(&map! {"status" => true, "comment" => "Reactor added."}.into())
    );
    let leader = ask("set_leader", map! {"id" => "m", "value" => false});
    assert_eq!(
        (leader.tag.as_str(), leader.data.get("result")),
        ("salt/reactors/manage/leader/value", Some(&false.into()))
    );
    world.fire("t", map! {"id" => "nobody"});
    world.bus.publish("x", &Bytes::new());
    world.fire(&format!("{MANAGE}/set_leader"), map! {"id" => "m", "value" => true});
    assert!(matches!(world.asked(), Ask::Fire(_)), "who is not leader does not react");
    world.fire("new/thing", Map::new());
    world.buried("/none.sls");
}

#[test]
fn limits_that_are_none_keep_the_master_from_starting() {
    let values = map! {
        "reactor" => vec![map! {"t" => "/a.sls"}], "reactor_limits" => map! {"t" => map! {"speed" => 1}},
    };
    let opts = Opts::from_map(Role::Master, values);
    let (asker, _asks) = channel(1);
    let parts = Parts { opts, bus: Bus::default(), asks: asker, jids: JidSource::default() };
    let error = start(parts).expect_err("is refused").to_string();
    assert!(error.contains("`speed` is none of"), "{error}");
}
