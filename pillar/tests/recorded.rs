//! The recorded pillar cases: what `salt-call --local pillar.items` of Salt 3008 gave.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use halite_core::host::RealHost;
use halite_core::opts::{Opts, Role};
use halite_core::services::{NoServices, PillarRequest};
use halite_core::value::parse_json;
use halite_core::{JobState, Map, MinionId, Registry, Value, map};
use halite_pillar::{Deps, Subject, compile};
use halite_render::files::LocalFiles;
use halite_render::{JinjaEngine, yaml};

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/cases/pillar")
}

fn load(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("a case file");
    yaml::load(&text).expect("YAML")
}

/// The arguments of a recorded `pillar.items`, if the command is one and shows its values.
fn items(command: &Value) -> Option<Map> {
    let args = command.get("args")?.as_list()?;
    let mut named = Map::new();
    for arg in &args[1..] {
        let (name, value) = arg.as_str()?.split_once('=')?;
        named.insert(name.into(), yaml::load(value).expect("an argument"));
    }
    (args[0] == Value::str("pillar.items") && named.contains_key("unmask")).then_some(named)
}

fn roots(folder: &Path) -> Map {
    let mut roots = map! {"base" => vec![Value::from(folder.join("pillar"))]};
    for entry in std::fs::read_dir(folder).expect("a case").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(env) = name.strip_prefix("pillar-") {
            roots.insert(env.into(), vec![Value::from(entry.path())].into());
        }
    }
    roots
}

fn run(folder: &Path, case: &Value, args: &Map) -> Value {
    let mut options = map! {"pillar_roots" => roots(folder)};
    options.extend(case.get("config").and_then(Value::as_map).cloned().unwrap_or_default());
    let opts = Opts::from_map(Role::Minion, options);
    let id = MinionId::parse("m1.example.org").expect("an id");
    let mut grains = map! {"id" => id.as_str()};
    grains.extend(case.get("grains").and_then(Value::as_map).cloned().unwrap_or_default());
    let (exec, states) = (Registry::default(), Registry::default());
    let (pillar, files) = (LocalFiles::pillar(&opts), LocalFiles::new(&opts));
    let (job, host, engine) = (JobState::default(), RealHost::default(), JinjaEngine::new());
    let deps = Deps {
        opts: &opts,
        exec: &exec,
        states: &states,
        host: &host,
        engine: &engine,
        roots: &pillar,
        files: &files,
        services: &NoServices,
        job: &job,
    };
    let text = |name: &str| args.get(name).map(Value::to_string);
    let request = PillarRequest {
        pillarenv: text("pillarenv"),
        pillar_override: args.get("pillar").and_then(Value::as_map).cloned().unwrap_or_default(),
        ..PillarRequest::default()
    };
    let once = |request: &PillarRequest, previous: Map| {
        let who = Subject {
            id: &id,
            grains: &Arc::new(grains.clone()),
            request,
            extra_minion_data: &Map::new(),
            previous: &Arc::new(previous),
        };
        compile(&who, &deps)
    };
    // `salt-call` compiles once when it starts, and the function compiles again.
    let first = once(&PillarRequest::default(), Map::new());
    once(&request, first).into()
}

#[test]
fn compiles_as_salt_does() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    let mut folders: Vec<_> = std::fs::read_dir(cases()).expect("cases").flatten().collect();
    folders.sort_by_key(std::fs::DirEntry::file_name);
    for folder in folders {
        let name = folder.file_name().to_string_lossy().into_owned();
        let case = load(&folder.path().join("case.yaml"));
        let commands = case.get("commands").and_then(Value::as_list).expect("commands");
        for (number, command) in (1..).zip(commands) {
            let Some(args) = items(command) else { continue };
            let expected = folder.path().join(format!("expected/{number:02}.json"));
            let expected = std::fs::read_to_string(expected).expect("a record");
            let expected = parse_json(&expected).expect("JSON");
            let want = expected.get("json").and_then(|json| json.get("local")).expect("a return");
            let got = run(&folder.path(), &case, &args);
            // JSON has text keys only; comparing through it loses nothing else here.
            let got = parse_json(&halite_core::value::to_json(&got, Default::default()));
            compared += 1;
            if got.as_ref().ok() != Some(want) {
                wrong.push(format!("{name} {number}:\n   got {got:?}\n  want {want:?}"));
            }
        }
    }
    assert!(compared > 15, "only {compared} commands were compared");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
