//! The compiler over plain data: what sls files come to, in which order, and what is refused.

use halite_core::value::parse_json;
use halite_core::{Map, Value};
use halite_states::compiler::low::{self, Settings};
use halite_states::compiler::{
    Compiled, Compiler, Faults, HighData, Rendered, RenderedSls, SlsSource,
};

/// sls names with their data as JSON; a name ending in `/` is an `init.sls`.
struct Plain(&'static [(&'static str, &'static str)]);

impl SlsSource for Plain {
    fn envs(&self) -> Vec<String> {
        vec!["base".into()]
    }

    fn available(&self, env: &str) -> Vec<String> {
        let names = self.0.iter().map(|(name, _)| name.trim_end_matches('/').to_owned());
        if env == "base" { names.collect() } else { Vec::new() }
    }

    fn render(&self, _env: &str, sls: &str) -> Rendered {
        let found = self.0.iter().find(|(name, _)| name.trim_end_matches('/') == sls);
        match found {
            None => Rendered::Missing,
            Some((name, text)) => Rendered::Data(RenderedSls {
                data: parse_json(text).expect("test data is JSON"),
                init: name.ends_with('/'),
                places: None,
                faults: Vec::new(),
            }),
        }
    }
}

fn settings() -> Settings<'static> {
    Settings {
        disabled_requisites: Vec::new(),
        state_aggregate: Value::Null,
        disabled_states: Vec::new(),
        has_state: &|_| true,
        aggregates: &|_| false,
    }
}

fn high(files: &'static [(&'static str, &'static str)], mods: &[&str]) -> (HighData, Faults) {
    let source = Plain(files);
    let mut compiler = Compiler::new(&source, true);
    let mods = mods.iter().map(|name| (*name).to_owned()).collect();
    compiler.render_highstate(&[("base".to_owned(), mods)].into_iter().collect())
}

fn compile(files: &'static [(&'static str, &'static str)]) -> Result<Compiled, Faults> {
    let (mut high, faults) = high(files, &[files[0].0.trim_end_matches('/')]);
    if faults.is_empty() { low::compile(&mut high, &settings()) } else { Err(faults) }
}

/// The IDs in the order in which they run.
#[track_caller]
fn order(files: &'static [(&'static str, &'static str)], want: &[&str]) {
    let compiled = compile(files).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let ids: Vec<&str> = compiled.ordered().map(|chunk| chunk.id()).collect();
    assert_eq!(ids, want);
}

#[track_caller]
fn refuses(files: &'static [(&'static str, &'static str)], want: &[&str]) {
    let faults = compile(files).expect_err("has faults");
    assert_eq!(low::messages(&faults), want);
}

#[test]
fn states_run_as_they_stand_and_includes_come_first() {
    order(
        &[("a", r#"{"z": {"test.nop": []}, "b": "test.nop", "c": {"test": ["nop"]}}"#)],
        &["z", "b", "c"],
    );
    order(
        &[
            ("x", r#"{"include": [".y", "z.*"], "a": "test.nop"}"#),
            ("y", r#"{"b": "test.nop"}"#),
            ("z.k", r#"{"c": "test.nop"}"#),
        ],
        &["b", "c", "a"],
    );
    order(
        &[("p/", r#"{"include": [".q"], "a": "test.nop"}"#), ("p.q", r#"{"b": "test.nop"}"#)],
        &["b", "a"],
    );
}

#[test]
fn requisites_move_states() {
    order(
        &[(
            "a",
            r#"{"one": {"test.nop": [{"require": [{"test": "two"}]}]}, "two": "test.nop", "three": "test.nop"}"#,
        )],
        &["two", "one", "three"],
    );
    order(
        &[(
            "a",
            r#"{"one": "test.nop", "two": {"test.nop": [{"require_in": [{"test": "one"}]}]}}"#,
        )],
        &["two", "one"],
    );
    order(
        &[(
            "a",
            r#"{"l": {"test.nop": [{"order": "last"}]}, "m": {"test.nop": [{"order": -1}]},
            "f": {"test.nop": [{"order": 1}]}, "n": "test.nop"}"#,
        )],
        &["f", "n", "m", "l"],
    );
    order(
        &[("a", r#"{"x": {"test.nop": [{"names": ["p", "q", "p"]}]}, "y": "test.nop"}"#)],
        &["x", "x", "y"],
    );
}

#[test]
fn prereq_tests_first() {
    let files: &[_] = &[(
        "a",
        r#"{"target": "test.nop", "stop": {"test.nop": [{"prereq": [{"test": "target"}]}]}}"#,
    )];
    order(files, &["target", "stop", "target"]);
    let compiled = compile(files).expect("compiles");
    assert!(compiled.chunks[0].flag("__prereq__") && compiled.chunks[1].flag("__prerequiring__"));
}

#[test]
fn all_faults_are_told_at_once() {
    refuses(
        &[(
            "a",
            r#"{"x": {"test": []}, "y": {"test": {}}, "z": {"test.nop": [{"require": "x"}]}}"#,
        )],
        &[
            "No function declared in state 'x' in SLS 'a'",
            "State 'y' in SLS 'a' is not formed as a list",
            "The require statement in state 'z' in SLS 'a' needs to be formed as a list",
        ],
    );
    refuses(
        &[(
            "a",
            r#"{"x": {"test.nop": [{"require": [{"test": "no"}]}]}, "y": {"test.nop": [{"watch": ["none"]}]}}"#,
        )],
        &[
            "Referenced state does not exist for requisite [require: (test: no)] in state [x] in SLS [a]",
            "Referenced state does not exist for requisite [watch: (id: none)] in state [y] in SLS [a]",
        ],
    );
}

#[test]
fn a_cycle_is_shown_with_its_way() {
    refuses(
        &[(
            "a",
            r#"{"x": {"test.nop": [{"require": ["y"]}]}, "y": {"test.nop": [{"watch": ["x"]}]}}"#,
        )],
        &[
            "Recursive requisites were found: ({'SLS': 'a', 'ID': 'y'}, 'watch', {'SLS': 'a', 'ID': 'x'}), \
           ({'SLS': 'a', 'ID': 'x'}, 'require', {'SLS': 'a', 'ID': 'y'})",
        ],
    );
}

#[test]
fn extend_merges_and_exclude_removes() {
    let (mut high, faults) = high(
        &[
            (
                "a",
                r#"{"include": ["b"], "extend": {"x": {"file": [{"mode": 1}, {"require": ["z"]}, "absent"]}},
                "exclude": [{"id": "gone"}], "z": "test.nop"}"#,
            ),
            (
                "b",
                r#"{"x": {"file.managed": [{"mode": 2}, {"require": ["y"]}]}, "y": "test.nop", "gone": "test.nop"}"#,
            ),
        ],
        &["a"],
    );
    assert!(faults.is_empty(), "{faults:?}");
    let compiled = low::compile(&mut high, &settings()).expect("compiles");
    let x = compiled.chunks.iter().find(|chunk| chunk.id() == "x").expect("x");
    assert_eq!((x.fun(), x.data.get("mode")), ("absent", Some(&Value::Int(1))));
    assert_eq!(x.data.get("require").map(Value::repr).as_deref(), Some("['y', 'z']"));
    assert!(!compiled.chunks.iter().any(|chunk| chunk.id() == "gone"));
}

#[test]
fn thousands_of_requisites_compile() {
    let mut ids = Map::new();
    for n in 0..5000 {
        let refs = (1..5).filter(|back| n >= *back * 7);
        let refs: Vec<Value> = refs
            .map(|back| halite_core::map! {"test" => format!("s{}", n - back * 7)}.into())
            .collect();
        let body = halite_core::map! {
            "test" => vec![Value::from("nop"), halite_core::map!{"require" => refs}.into(),
                halite_core::map!{"order" => 10_000 + i64::from(n)}.into()],
            "__sls__" => "a", "__env__" => "base",
        };
        ids.insert(format!("s{n}").into(), body.into());
    }
    let mut high = HighData { ids, ..HighData::default() };
    let start = std::time::Instant::now();
    let compiled = low::compile(&mut high, &settings()).expect("compiles");
    assert_eq!(compiled.order, (0..5000).collect::<Vec<_>>());
    // Unoptimised and on a busy machine; a step that is quadratic takes minutes.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
