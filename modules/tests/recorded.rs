//! Calls recorded from Salt, called here. One file of `tests/golden/exec` holds the calls of one
//! module: `{source, grains, pillar, opts, cases: [{fun, args, kwargs, ret | error}]}`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use halite_core::files::{Found, Listing};
use halite_core::host::RealHost;
use halite_core::services::NoServices;
use halite_core::value::parse_json;
use halite_core::{
    Apply, Args, Context, FileClient, JobState, Map, Opts, Registry, Result, Role, SaltEnv, Value,
};

/// No files at all.
struct NoFiles;

impl FileClient for NoFiles {
    fn envs(&self) -> Result<Vec<SaltEnv>> {
        Ok(vec![SaltEnv::base()])
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
        std::env::temp_dir()
    }
}

fn map_of(data: &Value, key: &str) -> Map {
    data.get(key).and_then(Value::as_map).cloned().unwrap_or_default()
}

/// What a call gave, as text: `ret`'s JSON-like form, or the error.
fn call(data: &Value, case: &Value) -> String {
    let host = RealHost::new();
    let mut opts = map_of(data, "opts");
    opts.insert("id".into(), "m1".into());
    let opts = Opts::from_map(Role::Minion, opts);
    let (grains, pillar) = (Arc::new(map_of(data, "grains")), Arc::new(map_of(data, "pillar")));
    let exec = Registry::load(halite_modules::exec::ALL, &grains, &host);
    let states = Registry::default();
    let fun = case.get("fun").and_then(Value::as_str).expect("a case has a function");
    let job = JobState::new("", fun, "root");
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
    };
    let apply = Apply { cx: &cx, host: &host };
    let positional = case.get("args").and_then(Value::as_list).unwrap_or_default().to_vec();
    let args = Args { positional, named: map_of(case, "kwargs") };
    match apply.call_value(fun, args) {
        Ok(value) => plain(value).repr(),
        Err(error) => format!("error: {error}"),
    }
}

/// Without what differs from run to run.
fn plain(mut value: Value) -> Value {
    if let Some(map) = value.as_map_mut() {
        map.shift_remove("pid");
    }
    sorted(value)
}

/// Maps sorted by key: JSON's order is not compared.
fn sorted(value: Value) -> Value {
    match value {
        Value::Map(map) => {
            let mut pairs: Vec<(Value, Value)> =
                map.iter().map(|(k, v)| (k.clone(), sorted(v.clone()))).collect();
            pairs.sort_by_key(|(key, _)| key.to_string());
            Value::map(pairs)
        }
        Value::List(items) => Value::list(items.iter().cloned().map(sorted)),
        other => other,
    }
}

fn check(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let data = parse_json(&text).expect("the file is JSON");
    assert!(data.get("source").is_some(), "{} does not say its source", path.display());
    let mut wrong = Vec::new();
    for case in data.get("cases").and_then(Value::as_list).unwrap_or_default() {
        let want = match (case.get("ret"), case.get("error")) {
            (_, Some(error)) => format!("error: {error}"),
            (ret, None) => plain(ret.cloned().unwrap_or_default()).repr(),
        };
        let got = call(&data, case);
        if got != want {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            wrong.push(format!("{name}: {case}\n  want {want}\n  got  {got}"));
        }
    }
    wrong
}

#[test]
fn calls_give_what_salt_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/exec");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("can be listed").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no recorded calls in {}", folder.display());
    let wrong: Vec<String> = files.iter().flat_map(|path| check(path)).collect();
    assert!(wrong.is_empty(), "{} calls differ\n{}", wrong.len(), wrong.join("\n"));
}
