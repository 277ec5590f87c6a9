//! The YAML loader and dumper against what Salt's own did, recorded by `golden/yaml/record.py`.

use std::sync::LazyLock;

use halite_core::{Map, Value};
use halite_render::yaml::{self, DumpStyle};
use proptest::prelude::*;
use serde_json::Value as Json;

#[path = "common/property.rs"]
mod property;

fn recorded() -> &'static Json {
    static RECORD: LazyLock<Json> = LazyLock::new(|| {
        let text = include_str!("golden/yaml/recorded.json");
        serde_json::from_str(text).expect("the record is JSON")
    });
    &RECORD
}

/// Undoes `typed` of the recorder.
fn untyped(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::from(*flag),
        Json::String(text) => Value::str(text),
        Json::Array(items) => Value::list(items.iter().map(untyped)),
        Json::Number(number) => {
            let text = number.to_string();
            if text.contains(['.', 'e', 'E']) {
                Value::Float(text.parse().expect("a float"))
            } else {
                Value::from_bigint(text.parse().expect("an integer"))
            }
        }
        Json::Object(object) => special(object),
    }
}

fn special(object: &serde_json::Map<String, Json>) -> Value {
    if let Some(Json::Array(pairs)) = object.get("$map") {
        let pair = |pair: &Json| (untyped(&pair[0]), untyped(&pair[1]));
        return Value::from(pairs.iter().map(pair).collect::<Map>());
    }
    if let Some(Json::String(text)) = object.get("$float") {
        return Value::Float(text.parse().expect("inf or nan"));
    }
    let text = object.get("$bytes").and_then(Json::as_str).expect("bytes");
    yaml::load(&format!("!!binary '{text}'")).expect("base64")
}

/// Python's equality calls 1 and True the same; the text of both does not.
fn same(a: &Value, b: &Value) -> bool {
    a.repr() == b.repr()
}

#[test]
fn loads_as_salt_does() {
    let record = recorded();
    let mut wrong = Vec::new();
    for case in record["loads"].as_array().expect("cases") {
        let text = case["text"].as_str().expect("text");
        let got = yaml::load(text);
        let good = match (&got, case.get("error")) {
            (Ok(value), None) => same(value, &untyped(&case["value"])),
            (Err(fault), Some(kind)) => {
                format!("{:?}", fault.kind) == *kind && fault.to_salt_text() == case["says"]
            }
            _ => false,
        };
        if !good {
            let got = got.map(|value| value.repr()).map_err(|fault| fault.to_string());
            wrong.push(format!("{text:?}\n   got {got:?}\n  want {case}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn styles() -> [(&'static str, DumpStyle); 8] {
    let (plain, block) = (DumpStyle::default(), DumpStyle::block());
    [
        ("default", plain),
        ("block", block),
        ("flow", DumpStyle { flow: Some(true), ..plain }),
        ("unsorted", DumpStyle { sort_keys: false, ..block }),
        ("indent4", DumpStyle { indent: 4, ..block }),
        ("ascii", DumpStyle { unicode: false, ..plain }),
        ("width40", DumpStyle { width: 40, ..block }),
        ("start", DumpStyle { explicit_start: true, ..plain }),
    ]
}

#[test]
fn dumps_as_salt_does() {
    let record = recorded();
    let mut wrong = Vec::new();
    for case in record["dumps"].as_array().expect("cases") {
        let value = untyped(&case["value"]);
        for (name, style) in styles() {
            let got = yaml::dump(&value, style);
            let want = case["texts"][name].as_str().expect("text");
            if got != want {
                wrong.push(format!("{name} {}\n   got {got:?}\n  want {want:?}", value.repr()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn limits_are_errors() {
    let deep = format!("a: {}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(yaml::load(&deep).is_err());
    let nested: String = (0..2000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    assert!(yaml::load(&nested).is_err());
    let bomb: String = (1..40).map(|i| format!("x{i}: &a{i} [*a{0}, *a{0}]\n", i - 1)).collect();
    let bomb = format!("x0: &a0 [1, 2]\n{bomb}");
    let fault = yaml::load(&bomb).expect_err("a bomb");
    assert_eq!(fault.kind, yaml::YamlErrorKind::Limit);
    assert!(yaml::load("a: &a [*a]").is_err());
    assert!(yaml::load("a: &a {b: {<<: *a}}").is_err());
}

#[test]
fn hints_say_what_to_do() {
    let cases = [
        ("a:\n\tb: 1\n", "tab"),
        ("a: @x", "quote text that begins with `@`"),
        ("a:b\nc: d", "a space is missing after the colon in `a:b`"),
        ("a: 1\nfoo\nb: 2", "`foo` has no `: `"),
        ("a: {{ x }}", "`{{` reached YAML"),
        ("a: 1\nb: 2\na: 3", "stands at line 1 already"),
        ("a: 'x", "line 1 is never closed"),
    ];
    for (text, want) in cases {
        let fault = yaml::load(text).expect_err(text);
        let hint = fault.hint.clone().unwrap_or_default();
        assert!(hint.contains(want), "{text:?}: {hint:?}, {fault:?}");
    }
}

fn values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("NaN is no key", |f| !f.is_nan()).prop_map(Value::Float),
        "[ -~\n\t\u{a0}-\u{2ff}\u{1F600}]{0,40}".prop_map(Value::from),
        "(0[0-9]{0,4}|[0-9:.e+_-]{1,8}|yes|null|<<|=|~)".prop_map(Value::from),
        proptest::collection::vec(any::<u8>(), 0..80).prop_map(Value::bytes),
    ];
    let key = scalar.clone();
    scalar.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::from(pairs.into_iter().collect::<Map>())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_dumped_loads_again(value in values(), style in 0..8usize) {
        let (_, style) = styles()[style];
        let text = yaml::dump(&value, style);
        let back = yaml::load(&text);
        prop_assert_eq!(back.as_ref(), Ok(&value), "{}", text);
    }

    #[test]
    fn any_text_loads_or_is_refused(
        text in "[\\PC\n\t]{0,60}",
        soup in "[-\\[\\]{}:,?&*!|>'\"%@`# \na1<=~.]{0,60}",
    ) {
        property::holds(&text);
        property::holds(&soup);
    }

    #[test]
    fn damaged_documents_load_or_are_refused(
        case in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        with in "[-\\[\\]{}:,?&*!|>'\"%@`# \na1<=~.]{0,4}",
    ) {
        let record = recorded();
        let cases = record["loads"].as_array().expect("cases");
        let text = |index: prop::sample::Index| {
            let text = cases[index.index(cases.len())]["text"].as_str().expect("text");
            text.chars().collect::<Vec<char>>()
        };
        let (a, b) = (text(case), text(other));
        let (from, to) = (from.index(a.len() + 1), to.index(b.len() + 1));
        let damaged: String = a[..from].iter().copied().chain(with.chars()).chain(b[to..].iter().copied()).collect();
        property::holds(&damaged);
    }
}
