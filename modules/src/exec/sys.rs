//! `sys`: what is loaded and how it is called. Salt: `salt/modules/sysmod.py` behaviour.

use halite_core::{Context, ExecModule, Map, Spec, Value, function, map};

use crate::support::glob_regex;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "sys",
    &[
        &DOC,
        &LIST_FUNCTIONS,
        &LIST_MODULES,
        &ARGSPEC,
        &STATE_DOC,
        &LIST_STATE_FUNCTIONS,
        &LIST_STATE_MODULES,
        &STATE_ARGSPEC,
        &RELOAD_MODULES,
    ],
);

type Specs<'a> = Vec<(&'a str, &'a Spec)>;

fn exec<'a>(cx: &Context<'a>) -> Specs<'a> {
    cx.exec.specs().collect()
}

fn states<'a>(cx: &Context<'a>) -> Specs<'a> {
    cx.states.specs().collect()
}

fn glob(pattern: &str) -> impl Fn(&str) -> bool {
    let regex = glob_regex(pattern);
    move |name| regex.as_ref().is_some_and(|regex| regex.is_match(name))
}

/// Docs of all functions, or of those that names say: a glob, a module or a function.
fn docs(specs: &Specs<'_>, names: &[String]) -> Map {
    let mut found = Map::new();
    let mut add =
        |name: &str, spec: &Spec| drop(found.insert(name.into(), spec.docstring().into()));
    if names.is_empty() {
        specs.iter().for_each(|(name, spec)| add(name, spec));
    }
    for wanted in names {
        let matches = glob(wanted);
        let prefix = format!("{}.", wanted.trim_end_matches('.'));
        let hit = |name: &str| {
            if wanted.contains('*') {
                matches(name)
            } else {
                name == wanted || name.starts_with(&prefix) || wanted.is_empty()
            }
        };
        specs.iter().filter(|(name, _)| hit(name)).for_each(|(name, spec)| add(name, spec));
    }
    found
}

fn functions(specs: &Specs<'_>, names: &[String]) -> Vec<String> {
    let hit = |name: &str| {
        names.iter().any(|wanted| {
            if wanted.contains(['*', '.']) {
                glob(wanted)(name)
            } else {
                name.split_once('.').is_some_and(|(module, _)| module == wanted)
            }
        })
    };
    let all = specs.iter().map(|(name, _)| *name);
    all.filter(|name| names.is_empty() || hit(name)).map(str::to_owned).collect()
}

fn modules(specs: &Specs<'_>, names: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (name, _) in specs {
        let module = name.split('.').next().unwrap_or(name);
        let hit = |wanted: &String| {
            if wanted.contains('*') { glob(wanted)(name) } else { wanted == module }
        };
        let known = found.last().is_some_and(|last| last == module);
        if !known && (names.is_empty() || names.iter().any(hit)) {
            found.push(module.to_owned());
        }
    }
    found
}

/// Salt: `salt.utils.args.argspec_report` behaviour.
fn argspecs(specs: &Specs<'_>, wanted: &str) -> Map {
    let matches = glob(wanted);
    let prefix = format!("{wanted}.");
    let hit = |name: &str| {
        wanted.is_empty()
            || if wanted.contains('*') {
                matches(name)
            } else {
                name == wanted || name.starts_with(&prefix)
            }
    };
    let mut report = Map::new();
    for (name, spec) in specs.iter().filter(|(name, _)| hit(name)) {
        // Salt lists what is given by name only among the others.
        let params = spec.params;
        let names: Vec<&str> = params.iter().map(|param| param.name).collect();
        let names = if names.is_empty() { Value::Null } else { names.into() };
        let defaults: Vec<Value> =
            params.iter().filter_map(|param| param.default).map(from_python).collect();
        let defaults = if defaults.is_empty() { Value::Null } else { defaults.into() };
        let entry = map! {
            "args" => names, "defaults" => defaults,
            "varargs" => spec.extra_positional.then_some(true),
            "kwargs" => spec.extra_named.then_some(true),
        };
        report.insert((*name).into(), entry.into());
    }
    report
}

/// A default's Python text as a value; what is no plain literal stays text.
fn from_python(text: &str) -> Value {
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    match text {
        "None" => Value::Null,
        "True" => true.into(),
        "False" => false.into(),
        "[]" => Value::list([]),
        "{}" => Map::new().into(),
        _ => match (inner, text.parse::<i64>(), text.parse::<f64>()) {
            (Some(inner), _, _) => inner.into(),
            (None, Ok(int), _) => int.into(),
            (None, _, Ok(float)) => float.into(),
            _ => text.into(),
        },
    }
}

/// Shows how functions are called: all of them, or those of the modules and functions named.
///
/// CLI Example:
///
/// ```text
/// salt '*' sys.doc
/// salt '*' sys.doc sys network.interfaces
/// salt '*' sys.doc 'sys.*'
/// ```
#[function]
fn doc(cx: &Context<'_>, #[args] names: Vec<Value>) -> Map {
    docs(&exec(cx), &texts(&names))
}

fn texts(names: &[Value]) -> Vec<String> {
    names.iter().map(Value::to_string).collect()
}

/// Lists functions: all of them, or those of the modules and globs named.
///
/// CLI Example:
///
/// ```text
/// salt '*' sys.list_functions
/// salt '*' sys.list_functions sys 'sys.list_*'
/// ```
#[function]
fn list_functions(
    cx: &Context<'_>,
    #[args] names: Vec<Value>,
    #[kwargs] _kwargs: Map,
) -> Vec<String> {
    functions(&exec(cx), &texts(&names))
}

/// Lists modules: all of them, or those that globs name.
///
/// CLI Example:
///
/// ```text
/// salt '*' sys.list_modules
/// salt '*' sys.list_modules 's*'
/// ```
#[function]
fn list_modules(cx: &Context<'_>, #[args] names: Vec<Value>) -> Vec<String> {
    modules(&exec(cx), &texts(&names))
}

/// Gives the parameters of functions, with their defaults.
///
/// CLI Example:
///
/// ```text
/// salt '*' sys.argspec pkg.install
/// salt '*' sys.argspec 'pkg.*'
/// ```
#[function]
fn argspec(cx: &Context<'_>, #[default(String::new())] module: String) -> Map {
    argspecs(&exec(cx), &module)
}

/// Shows how state functions are written: all of them, or those named.
///
/// CLI Example:
///
/// ```text
/// salt '*' sys.state_doc
/// salt '*' sys.state_doc service.running 'test.*'
/// ```
#[function]
fn state_doc(cx: &Context<'_>, #[args] names: Vec<Value>) -> Map {
    docs(&states(cx), &texts(&names))
}

/// Lists state functions: all of them, or those of the modules and globs named.
///
/// CLI Example:
///
/// ```text
/// salt '*' sys.list_state_functions
/// salt '*' sys.list_state_functions file 'test.*'
/// ```
#[function]
fn list_state_functions(
    cx: &Context<'_>,
    #[args] names: Vec<Value>,
    #[kwargs] _kwargs: Map,
) -> Vec<String> {
    functions(&states(cx), &texts(&names))
}

/// Lists state modules: all of them, or those that globs name.
///
/// CLI Example:
///
/// ```text
/// salt '*' sys.list_state_modules
/// salt '*' sys.list_state_modules 'f*'
/// ```
#[function]
fn list_state_modules(cx: &Context<'_>, #[args] names: Vec<Value>) -> Vec<String> {
    modules(&states(cx), &texts(&names))
}

/// Gives the parameters of state functions, with their defaults.
///
/// CLI Example:
///
/// ```text
/// salt '*' sys.state_argspec pkg.installed
/// ```
#[function]
fn state_argspec(cx: &Context<'_>, #[default(String::new())] module: String) -> Map {
    argspecs(&states(cx), &module)
}

/// Does nothing: modules are part of the program, there is nothing to load again.
///
/// CLI Example:
///
/// ```text
/// salt '*' sys.reload_modules
/// ```
#[function]
fn reload_modules() {}
