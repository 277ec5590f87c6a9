//! The mine beside a master that tells what it has, and beside one that does not: what is sent.

use std::sync::{Arc, Mutex};

use halite_core::host::RealHost;
use halite_core::services::{PillarRequest, Refresh, Signal};
use halite_core::{
    Apply, Args, Context, Error, JobState, Map, Opts, Registry, Result, Role, Services, Value, map,
};
use halite_modules::support::mine_mark;

mod support;

/// A master's mine of one minion, and the functions that each request brought.
#[derive(Default)]
struct Master {
    /// A master of Salt, which knows no marks: the minion answers for it.
    of_salt: bool,
    mine: Mutex<Map>,
    sent: Mutex<Vec<String>>,
}

impl Master {
    fn mine(&self) -> std::sync::MutexGuard<'_, Map> {
        self.mine.lock().expect("no thread has failed")
    }

    fn sent(&self) -> Vec<String> {
        std::mem::take(&mut *self.sent.lock().expect("no thread has failed"))
    }
}

impl Services for Master {
    fn ask_master(&self, cmd: &str, load: Map) -> Result<Value> {
        match cmd {
            "_mine_marks" if self.of_salt => Ok(Map::new().into()),
            "_mine_marks" => {
                let mine = self.mine();
                Ok(Value::map(
                    mine.iter().map(|(fun, value)| (fun.clone(), mine_mark(value).into())),
                ))
            }
            "_mine" => {
                let data = load.get("data").and_then(Value::as_map).cloned().unwrap_or_default();
                let names: Vec<String> = data.keys().map(Value::to_string).collect();
                self.sent.lock().expect("no thread has failed").push(names.join(" "));
                if load.get("clear").is_some_and(Value::truthy) {
                    self.mine().clear();
                }
                self.mine().extend(data);
                Ok(true.into())
            }
            other => Err(Error::execution(other)),
        }
    }

    fn fire(&self, _tag: &str, _data: Map) -> Result<bool> {
        Ok(false)
    }

    fn fire_master(&self, _tag: &str, _data: Map) -> Result<()> {
        Ok(())
    }

    fn compile_pillar(&self, _request: &PillarRequest) -> Result<Arc<Map>> {
        Ok(Arc::default())
    }

    fn running_jobs(&self) -> Result<Vec<Map>> {
        Ok(Vec::new())
    }

    fn signal_job(&self, _jid: &str, _signal: Signal) -> Result<Value> {
        Ok(Value::Null)
    }

    fn refresh(&self, _what: Refresh) -> Result<bool> {
        Ok(false)
    }

    fn fresh_grains(&self) -> Result<Arc<Map>> {
        Ok(Arc::default())
    }
}

/// Updates the mine of a minion whose function `one` gives `value`.
fn update(master: &Master, value: &str, clear: bool) {
    let host = RealHost::new();
    let one = map! {"mine_function" => "test.echo", "text" => value};
    let own = map! {"mine_function" => "test.echo", "text" => "x", "allow_tgt" => "web*"};
    let functions = map! {"one" => one, "test.ping" => Value::list([]), "restricted" => own};
    let opts = Opts::from_map(Role::Minion, map! {"id" => "m1", "mine_functions" => functions});
    let grains = Arc::new(Map::new());
    let (exec, states) =
        (Registry::load(halite_modules::exec::ALL, &grains, &host), Registry::default());
    let job = JobState::new("", "mine.update", "root");
    let cx = Context {
        opts: &opts,
        grains: &grains,
        pillar: &grains,
        exec: &exec,
        states: &states,
        host: &host,
        files: &support::NoFiles,
        services: master,
        job: &job,
        in_template: false,
    };
    let apply = Apply { cx: &cx, host: &host };
    let args = Args { positional: Vec::new(), named: map! {"clear" => clear} };
    assert_eq!(apply.call_value("mine.update", args).expect("updates"), true.into());
}

#[test]
fn only_what_has_changed_is_sent_to_a_master_of_our_own() {
    let master = Master::default();
    update(&master, "first", false);
    assert_eq!(master.sent(), ["one test.ping restricted"]);
    update(&master, "first", false);
    assert!(master.sent().is_empty(), "nothing has changed");
    update(&master, "second", false);
    assert_eq!(master.sent(), ["one"]);
    assert_eq!(master.mine().get("one"), Some(&"second".into()));
    // What the master has lost comes again, and all of it where everything is to be forgotten first.
    master.mine().shift_remove("test.ping");
    update(&master, "second", false);
    assert_eq!(master.sent(), ["test.ping"]);
    update(&master, "second", true);
    assert_eq!(master.sent(), ["one test.ping restricted"]);
}

#[test]
fn a_master_of_salt_gets_everything_each_time() {
    let master = Master { of_salt: true, ..Master::default() };
    for _ in 0..2 {
        update(&master, "first", false);
        assert_eq!(master.sent(), ["one test.ping restricted"]);
    }
}
