//! Calls recorded from Salt, called here. One file of `tests/golden/exec` holds the calls of one
//! module: `{source, grains, pillar, opts, cases: [{fun, args, kwargs, ret | error}]}`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use halite_core::host::RealHost;
use halite_core::services::NoServices;
use halite_core::value::parse_json;
use halite_core::{Apply, Args, Context, JobState, Map, Opts, Registry, Role, Value};

mod support;
use support::NoFiles;

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
        in_template: false,
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

/// The case with a folder of its own in place of `{{ROOT}}`, and its files in it.
fn prepared(case: &Value, root: &Path) -> Value {
    for (name, content) in &map_of(case, "files") {
        std::fs::write(root.join(name.to_string()), content.to_string()).expect("can be written");
    }
    replaced(case, "{{ROOT}}", &root.to_string_lossy())
}

/// The data with one text replaced by another in every text.
fn replaced(value: &Value, from: &str, to: &str) -> Value {
    match value {
        Value::Str(text) => text.replace(from, to).into(),
        Value::List(items) => Value::list(items.iter().map(|item| replaced(item, from, to))),
        Value::Map(map) => {
            Value::map(map.iter().map(|(k, v)| (replaced(k, from, to), replaced(v, from, to))))
        }
        other => other.clone(),
    }
}

/// What differs between the files a case left and those it should leave.
fn left_over(case: &Value, root: &Path) -> Option<String> {
    let want = case.get("after")?.as_map()?.clone();
    let mut got = Map::new();
    for entry in std::fs::read_dir(root).expect("the folder is there") {
        let path = entry.expect("can be listed").path();
        if path.is_file() {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            got.insert(name.into(), std::fs::read_to_string(&path).expect("is text").into());
        }
    }
    let (want, got) = (sorted(want.into()).repr(), sorted(got.into()).repr());
    (want != got).then(|| format!("  files want {want}\n  files got  {got}"))
}

fn check(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let data = parse_json(&text).expect("the file is JSON");
    assert!(data.get("source").is_some(), "{} does not say its source", path.display());
    let mut wrong = Vec::new();
    for case in data.get("cases").and_then(Value::as_list).unwrap_or_default() {
        let root = tempfile::tempdir().expect("a folder can be made");
        let case = &prepared(case, root.path());
        let want = match (case.get("ret"), case.get("error")) {
            (_, Some(error)) => format!("error: {error}"),
            (ret, None) => plain(ret.cloned().unwrap_or_default()).repr(),
        };
        let got = call(&data, case);
        if got != want {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            wrong.push(format!("{name}: {case}\n  want {want}\n  got  {got}"));
        }
        wrong.extend(left_over(case, root.path()).map(|text| format!("{case}\n{text}")));
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
