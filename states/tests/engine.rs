//! The engine over plain data: what requisites, listeners, retries and the rest make of a run.

use std::path::PathBuf;
use std::sync::Arc;

use halite_core::files::{FileClient, Found, Listing};
use halite_core::host::RealHost;
use halite_core::services::NoServices;
use halite_core::value::parse_json;
use halite_core::{
    Apply, Context, JobState, Map, Opts, Registry, Result, Role, SaltEnv, Value, map,
};
use halite_states::compiler::HighData;
use halite_states::compiler::low::{self, Settings};
use halite_states::engine::run::Returns;
use halite_states::engine::{RunSettings, run};

struct NoFiles;

impl FileClient for NoFiles {
    fn envs(&self) -> Result<Vec<SaltEnv>> {
        Ok(Vec::new())
    }
    fn list(&self, _: &SaltEnv, _: Listing, _: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
    fn cache_file(&self, _: &str, _: &SaltEnv) -> Result<Option<Found>> {
        Ok(None)
    }
    fn hash_file(&self, _: &str, _: &SaltEnv) -> Result<Option<(String, String)>> {
        Ok(None)
    }
    fn symlinks(&self, _: &SaltEnv, _: &str) -> Result<Map> {
        Ok(Map::new())
    }
    fn cache_dir(&self) -> PathBuf {
        PathBuf::new()
    }
}

/// Runs high data given as JSON, under these options.
fn run_with(high: &str, opts: Map, settings: RunSettings) -> Result<Returns> {
    let host = RealHost::new();
    let grains = Arc::new(Map::new());
    let pillar = Arc::new(Map::new());
    let states = Registry::load(halite_states::modules::ALL, &grains, &host);
    let exec = Registry::load(halite_states::exec::ALL, &grains, &host);
    let opts = Opts::from_map(Role::Minion, opts).with("local", true);
    let job = JobState::new("", "state.apply", "root");
    let cx = Context {
        opts: &opts,
        grains: &grains,
        pillar: &pillar,
        exec: &exec,
        states: &states,
        host: &host,
        files: &NoFiles,
        services: &NoServices,
        job: &job,
        in_template: false,
    };
    let Value::Map(ids) = parse_json(high).expect("test data is JSON") else {
        panic!("test data is a mapping")
    };
    let mut ids = Arc::unwrap_or_clone(ids);
    let mut order = 10_000;
    for body in ids.values_mut().filter_map(Value::as_map_mut) {
        for args in body.values_mut().filter_map(Value::as_list_mut) {
            args.push(map! {"order" => order}.into());
            order += 1;
        }
        body.insert("__sls__".into(), "s".into());
        body.insert("__env__".into(), "base".into());
    }
    let mut high = HighData { ids, ..HighData::default() };
    let with = Settings {
        disabled_requisites: Vec::new(),
        state_aggregate: Value::Null,
        disabled_states: Vec::new(),
        has_state: &|name| states.contains(name),
        aggregates: &|_| false,
    };
    let compiled = low::compile(&mut high, &with).unwrap_or_else(|faults| panic!("{faults:?}"));
    run(&Apply { cx: &cx, host: &host }, compiled, settings)
}

/// Runs, and compares `id.fun: result comment` of each state, in the order of their run numbers.
#[track_caller]
fn check_with(high: &str, opts: Map, settings: RunSettings, want: &[&str]) {
    let returns = run_with(high, opts, settings).expect("runs");
    let mut rows: Vec<(i64, String)> = returns
        .iter()
        .map(|(tag, ret)| {
            let parts: Vec<&str> = tag.split("_|-").collect();
            let get = |key: &str| ret.get(key).cloned().unwrap_or_default();
            let row = format!("{}: {} {}", parts[1], get("result"), get("comment"));
            (get("__run_num__").as_i64().unwrap_or(-1), row)
        })
        .collect();
    rows.sort();
    let rows: Vec<String> = rows.into_iter().map(|(_, row)| row).collect();
    assert_eq!(rows, want);
}

#[track_caller]
fn check(high: &str, want: &[&str]) {
    check_with(high, Map::new(), RunSettings::default(), want);
}

#[test]
fn failures_stop_what_requires_them() {
    check(
        r#"{"a": {"test": ["fail_without_changes"]}, "b": {"test": ["nop", {"require": ["a"]}]},
            "c": {"test": ["nop", {"require_any": ["a", "d"]}]}, "d": {"test": ["nop"]}}"#,
        &[
            "a: False Failure!",
            "b: False One or more requisite failed: s.a",
            "d: True Success!",
            "c: True Success!",
        ],
    );
}

#[test]
fn onfail_and_onchanges_wait_for_their_cause() {
    check(
        r#"{"bad": {"test": ["fail_without_changes"]}, "good": {"test": ["nop"]},
            "f1": {"test": ["nop", {"onfail": ["bad"]}]}, "f2": {"test": ["nop", {"onfail": ["good"]}]},
            "f3": {"test": ["nop", {"onfail_all": ["bad", "good"]}]},
            "c1": {"test": ["nop", {"onchanges": ["good"]}]}, "c2": {"test": ["nop", {"onchanges": ["bad"]}]}}"#,
        &[
            "bad: False Failure!",
            "good: True Success!",
            "f1: True Success!",
            "f2: True State was not run because onfail req did not change",
            "f3: True State was not run because onfail req did not change",
            "c1: True State was not run because none of the onchanges reqs changed",
            "c2: True State was not run because none of the onchanges reqs changed",
        ],
    );
}

#[test]
fn watchers_and_listeners_react_to_changes() {
    check(
        r#"{"ch": {"test": ["succeed_with_changes"]},
            "w": {"test": ["nop", {"watch": ["ch"]}]}, "l": {"test": ["nop", {"listen": [{"test": "ch"}]}]},
            "wait": {"cmd": ["wait", {"name": "never"}, {"watch": ["w2"]}]}, "w2": {"test": ["nop"]}}"#,
        &[
            "ch: True Success!",
            "w: True Watch statement fired.",
            "l: True Success!",
            "w2: True Success!",
            "wait: True ",
            "listener_l: True Watch statement fired.",
        ],
    );
}

#[test]
fn a_prereq_runs_only_before_changes() {
    check(
        r#"{"t": {"test": ["succeed_with_changes"]}, "p": {"test": ["nop", {"prereq": ["t"]}]}}"#,
        &["p: True Success!", "t: True Success!"],
    );
    check(
        r#"{"t": {"test": ["nop"]}, "p": {"test": ["nop", {"prereq": ["t"]}]}}"#,
        &["p: True No changes detected", "t: True Success!"],
    );
}

#[test]
fn failhard_ends_the_run_and_test_mode_does_not_fail() {
    let high = r#"{"a": {"test": ["fail_with_changes"]}, "b": {"test": ["succeed_with_changes"]}}"#;
    let failhard = RunSettings { failhard: true, ..RunSettings::default() };
    check_with(high, Map::new(), failhard.clone(), &["a: False Failure!"]);
    check_with(
        high,
        map! {"test" => true},
        failhard,
        &[
            "a: None If we weren't testing, this would be failed with changes",
            "b: None If we weren't testing, this would be successful with changes",
        ],
    );
}

#[test]
fn only_one_id_with_what_it_needs() {
    let settings = RunSettings { only_id: Some("b".into()), ..RunSettings::default() };
    check_with(
        r#"{"a": {"test": ["nop"]}, "b": {"test": ["nop", {"require": ["c"]}]}, "c": {"test": ["nop"]}}"#,
        Map::new(),
        settings,
        &["c: True Success!", "b: True Success!"],
    );
}

#[test]
fn retries_mocks_and_parallel_states() {
    check(
        r#"{"r": {"test": ["fail_without_changes", {"retry": {"attempts": 2, "interval": 0}}]}}"#,
        &[
            "r: False Attempt 1: Returned a result of \"False\", with the following comment: \"Failure!\"\nFailure!",
        ],
    );
    let mock = RunSettings { mock: true, ..RunSettings::default() };
    check_with(
        r#"{"m": {"test": ["fail_without_changes"]}}"#,
        Map::new(),
        mock,
        &["m: True Not called, mocked"],
    );
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(format!(r#""p{n}": {{"test": ["nop", {{"parallel": true}}]}}"#));
    }
    ids.push(r#""after": {"test": ["nop", {"require": ["p3", "p7"]}]}"#.into());
    let high = format!("{{{}}}", ids.join(","));
    let most = map! {"state_max_parallel" => 3};
    let returns = run_with(&high, most, RunSettings::default()).expect("runs");
    assert_eq!(returns.len(), 21);
    assert!(returns.values().all(|ret| ret.get("comment") == Some(&"Success!".into())));
    let marked = returns.values().filter(|ret| ret.contains_key("__parallel__")).count();
    assert_eq!(marked, 20);
}

#[test]
fn wrong_arguments_end_the_run_and_missing_ones_fail_a_state() {
    check(
        r#"{"f": {"test": ["configurable_test_state", {"result": 5}]}, "g": {"no": ["such"]},
            "h": {"file": ["accumulated"]}}"#,
        &[
            "f: False An exception occurred in this state: You have specified the state option \
             'result' with invalid arguments. It must be either True, False, or 'Random'",
            "g: False State 'no.such' was not found in SLS 's'\nReason: 'no.such' is not available.\n",
            "h: False Missing parameter filename for state file.accumulated\nMissing parameter text \
             for state file.accumulated\n",
        ],
    );
    let high = r#"{"x": {"test": ["configurable_test_state", {"bogus": 1}]}}"#;
    let error = run_with(high, Map::new(), RunSettings::default()).expect_err("is refused");
    assert_eq!(
        error.to_string(),
        "'bogus' is an invalid keyword argument for 'test.configurable_test_state'"
    );
}

#[test]
fn a_managed_file_is_predicted_made_and_then_correct() {
    let folder = std::env::temp_dir().join(format!("halite-engine-{}", std::process::id()));
    let file = folder.join("f");
    std::fs::create_dir_all(&folder).expect("temporary folder");
    let high = format!(
        r#"{{"f": {{"file": ["managed", {{"name": "{}"}}, {{"contents": "a\nb"}}, {{"mode": "0640"}}]}}}}"#,
        file.display()
    );
    let comment = |opts: Map| {
        let returns = run_with(&high, opts, RunSettings::default()).expect("runs");
        let ret = returns.values().next().expect("one state");
        (ret.get("result").cloned(), ret.get("changes").is_some_and(Value::truthy))
    };
    assert_eq!(comment(map! {"test" => true}), (Some(Value::Null), true));
    assert!(!file.exists(), "a check writes nothing");
    assert_eq!(comment(Map::new()), (Some(true.into()), true));
    assert_eq!(std::fs::read_to_string(&file).expect("written"), "a\nb\n");
    assert_eq!(comment(map! {"test" => true}), (Some(true.into()), false));
    assert_eq!(comment(Map::new()), (Some(true.into()), false));
    std::fs::remove_dir_all(&folder).expect("temporary folder");
}
