//! Recorded snippets: what real Jinja2 with Salt's settings gives, against the interpreter.

use std::collections::HashMap;

use halite_core::value::{SubPath, parse_json};
use halite_core::{Map, Value};
use halite_render::jinja::request::{
    CallError, CallErrorKind, Limits, LoadedTemplate, Options, Request, SaltCalls, TemplateLoader,
};
use halite_render::{JinjaEngine, RenderError};

/// The functions that the recording had.
struct Calls {
    pillar: Value,
}

impl SaltCalls for Calls {
    fn call(&self, fun: &str, positional: Vec<Value>, named: Map) -> Result<Value, CallError> {
        let arg = |at: usize| positional.get(at).cloned();
        match fun {
            "test.echo" => Ok(arg(0).unwrap_or_default()),
            "test.kw" => {
                let mut pairs: Vec<String> =
                    named.iter().map(|(k, v)| format!("{k}={v}")).collect();
                pairs.sort();
                Ok(Value::str(pairs.join(",")))
            }
            "test.lst" => Ok(Value::from(vec![1, 2])),
            "pillar.get" => {
                let key = arg(0).unwrap_or_default().to_string();
                let default = arg(1).unwrap_or_else(|| Value::str(""));
                Ok(self.pillar.traverse(&key, ":").cloned().unwrap_or(default))
            }
            "test.fail" => Err(CallError::execution("it failed")),
            _ => Err(CallError {
                kind: CallErrorKind::Other,
                message: format!("{fun}?"),
                hint: None,
            }),
        }
    }

    fn exists(&self, fun: &str) -> bool {
        self.names().iter().any(|name| name == fun)
    }

    fn names(&self) -> Vec<String> {
        ["test.echo", "test.kw", "test.lst", "pillar.get", "test.fail"].map(String::from).to_vec()
    }
}

struct Files(HashMap<String, String>);

impl TemplateLoader for Files {
    fn load(&self, path: &str) -> Result<Option<LoadedTemplate>, String> {
        let text = self.0.get(path);
        Ok(text.map(|text| LoadedTemplate { source: text.as_str().into(), path: path.into() }))
    }
}

struct Corpus {
    cases: Vec<Value>,
    files: Files,
    calls: Calls,
    context: Map,
}

fn corpus(file: &str) -> Corpus {
    let path = format!("{}/tests/golden/jinja/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("as recorded");
    let data = parse_json(&text).expect("as recorded");
    let part = |name: &str| data.get(name).cloned().unwrap_or_default();
    let files = part("files")
        .as_map()
        .expect("as recorded")
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect();
    let mut context = Map::new();
    context.insert("grains".into(), part("grains"));
    context.insert("pillar".into(), part("pillar"));
    context.insert("users".into(), part("users"));
    context.insert("lst".into(), Value::from(vec![1, 2, 3, 4]));
    context.insert("name".into(), "Bob".into());
    let cases = part("cases").as_list().expect("as recorded").to_vec();
    Corpus { cases, files: Files(files), calls: Calls { pillar: part("pillar") }, context }
}

fn render(corpus: &Corpus, engine: &JinjaEngine, case: &Value) -> Result<String, RenderError> {
    let options = Options {
        env: case.get("env").and_then(Value::as_map).cloned().unwrap_or_default(),
        ..Options::default()
    };
    engine.render_request(&Request {
        source: case.get("tmpl").and_then(Value::as_str).expect("as recorded"),
        name: "<template>",
        context: &corpus.context,
        salt: &corpus.calls,
        loader: &corpus.files,
        options: &options,
        limits: Limits::default(),
    })
}

/// What Salt would put before an exception of this class.
fn prefix(class: &str) -> &'static str {
    match class {
        "UndefinedError" => "Jinja variable ",
        "TemplateSyntaxError"
        | "TemplateAssertionError"
        | "TemplateRuntimeError"
        | "SecurityError"
        | "FilterArgumentError" => "Jinja syntax error: ",
        "SaltInvocationError" | "CommandExecutionError" => {
            "Problem running salt function in Jinja template: "
        }
        _ => "Jinja error: ",
    }
}

fn difference(corpus: &Corpus, engine: &JinjaEngine, case: &Value) -> Option<String> {
    let text = |name: &str| case.get(name).and_then(Value::as_str);
    let got = render(corpus, engine, case);
    let source = text("tmpl").expect("as recorded");
    // The recording rendered without Salt's step that puts the last line end back.
    let got = got.map(|got| match (source.ends_with('\n'), got.strip_suffix('\n')) {
        (true, Some(cut)) => cut.to_string(),
        _ => got,
    });
    match (text("ok"), text("err"), got) {
        (Some(want), _, Ok(got)) if want == got => None,
        (_, Some(want), Err(got)) => {
            let (class, want) = want.split_once(": ").expect("as recorded");
            let want = format!("{}{want}", prefix(class))
                .replace("__main__.Alias", "salt.utils.templates.AliasedLoader");
            // The recording had no files on disk, so it does not show where in a file it was.
            let message = got.message.split("\nTraceback").next().expect("as recorded");
            let elsewhere = got.file.as_ref().filter(|file| file.as_os_str() != "<template>");
            let message = match elsewhere {
                Some(file) => {
                    message.split(&format!("\n{}(", file.display())).next().expect("as recorded")
                }
                None => message,
            };
            let line = case.get("line").and_then(Value::as_i64);
            if message.trim_end() != want.trim_end() {
                return Some(format!(
                    "{source:?}\n  want error {want:?}\n  got  error {message:?}"
                ));
            }
            match line {
                Some(line) if got.line != u32::try_from(line).ok() => {
                    Some(format!("{source:?}\n  want line {line}, got {:?}", got.line))
                }
                _ => None,
            }
        }
        (want, error, got) => {
            let want = want.or(error).expect("as recorded");
            Some(match got {
                Ok(got) => format!("{source:?}\n  want {want:?}\n  got  {got:?}"),
                Err(got) => format!("{source:?}\n  want {want:?}\n  got  error {:?}", got.message),
            })
        }
    }
}

#[track_caller]
fn check(file: &str, exceptions: &[(&str, &str)]) {
    let corpus = corpus(file);
    let engine = JinjaEngine::new();
    let mut faults = Vec::new();
    for case in &corpus.cases {
        let name = case.get("name").expect("as recorded").to_string();
        let known = exceptions.iter().any(|(known, _)| *known == name);
        match difference(&corpus, &engine, case) {
            Some(_) if known => {}
            Some(text) => faults.push(format!("{name}: {text}")),
            None if known => faults.push(format!("{name}: listed as exception, but equal")),
            None => {}
        }
    }
    let total = corpus.cases.len();
    assert!(faults.is_empty(), "{} of {total} differ:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn recorded_snippets_render_as_with_jinja2() {
    check("cases.json", &[]);
}

#[test]
fn more_recorded_snippets_render_as_with_salt() {
    check("more.json", &[("salt-2", "the regex engine words its faults itself")]);
}
