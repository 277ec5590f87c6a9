//! How a module is declared, found and called: the pattern that every module follows.

use halite_core::{
    Args, Context, Error, ExecFn, ExecModule, Map, Registry, Result, StateFn, StateModule, Value,
    Verdict, args, function, host::RealHost, state,
};

mod exec {
    pub(crate) mod sample {
        use super::super::*;

        pub(crate) static MODULE: ExecModule = ExecModule::new("sample", &[&JOIN, &IN, &GATHER]);

        /// Joins texts.
        #[function]
        fn join(
            _cx: &Context<'_>,
            /// The first.
            a: String,
            /// The second.
            #[default("z".into())]
            b: String,
            #[default(None)] sep: Option<String>,
        ) -> Result<String> {
            if a.is_empty() {
                return Err(Error::execution("a is empty"));
            }
            Ok(format!("{a}{}{b}", sep.unwrap_or_default()))
        }

        /// Named like a word of Rust.
        #[function]
        fn in_(x: Value) -> Value {
            x
        }

        /// Takes everything.
        #[function]
        fn gather(#[args] rest: Vec<Value>, #[kwargs] named: Map) -> Value {
            Value::list([Value::from(rest), Value::from(named)])
        }
    }
}

mod modules {
    pub(crate) mod probe {
        use super::super::*;

        pub(crate) static MODULE: StateModule = StateModule::new("probe", &[&FINE]);

        /// Is always fine.
        #[state]
        fn fine<'a>(_cx: Context<'a>, name: String) -> Result<Verdict<'a>> {
            Ok(Verdict::correct(format!("{name} is fine")))
        }
    }
}

fn load() -> Registry<ExecFn> {
    Registry::load(&[&exec::sample::MODULE], &Map::new(), &RealHost::new())
}

#[track_caller]
fn refuses(fun: &str, args: Args, want: &str) {
    let registry = load();
    let entry = registry.get(fun).expect("is registered");
    let error = args.bind(fun, &entry.spec).err().expect("is refused");
    assert_eq!(error.to_string(), want);
}

#[test]
fn docs_have_the_shape_of_docstrings() {
    let spec = halite_core::Spec {
        doc: "Says hello.\n\nCLI Example:\n\n```text\nsalt '*' a.b\n```\n\nMore.\n```text\nx\n```",
        ..load().get("sample.join").expect("is registered").spec
    };
    let want = "\n    Says hello.\n\n    CLI Example:\n\n        salt '*' a.b\n\n    More.\n\n        x\n    ";
    assert_eq!(spec.docstring(), want);
}

#[test]
fn specs_come_from_the_signature() {
    let registry = load();
    let spec = &registry.get("sample.join").expect("is registered").spec;
    assert_eq!(spec.doc, " Joins texts.".trim());
    let params: Vec<_> = spec.params.iter().map(|p| (p.name, p.default, p.doc)).collect();
    assert_eq!(
        params,
        [("a", None, "The first."), ("b", Some("'z'"), "The second."), ("sep", Some("None"), "")]
    );
    assert!(registry.contains("sample.in"));
    let states: Registry<StateFn> =
        Registry::load(&[&modules::probe::MODULE], &Map::new(), &RealHost::new());
    assert!(states.contains("probe.fine"));
}

#[test]
fn wrong_calls_read_as_in_python() {
    refuses("sample.join", args![], "join() missing 1 required positional argument: 'a'");
    refuses(
        "sample.join",
        args![1, 2, 3, 4],
        "join() takes from 1 to 3 positional arguments but 4 were given",
    );
    refuses("sample.join", args![1; a = 2], "join() got multiple values for argument 'a'");
    refuses("sample.join", args![1; x = 2], "'x' is an invalid keyword argument for 'sample.join'");
    refuses(
        "sample.join",
        args![1; x = 2, y = 3],
        "'x', and 'y' are invalid keyword arguments for 'sample.join'",
    );
}

#[test]
fn a_missing_function_says_what_is_near() {
    let error = load().get("sample.joim").err().expect("is not there").to_string();
    assert_eq!(error, "'sample.joim' is not available. Did you mean 'sample.join'?");
}

#[test]
fn modules_are_closed_to_those_outside_or_taken_away() {
    let registry = load().open_to(vec!["other".into()]);
    assert!(registry.get("sample.join").is_ok(), "inside, nothing is bounded");
    let refused = registry.get_open("sample.join").err().expect("is refused").to_string();
    assert!(
        refused.starts_with("'sample.join' is not available.")
            && refused.contains("whitelist_modules")
    );
    assert!(load().open_to(vec!["sample".into()]).get_open("sample.join").is_ok());
    assert!(
        load().open_to(Vec::new()).get_open("sample.join").is_ok(),
        "an empty list bounds nothing"
    );
    let without = load().without(|name| name == "sample", "disable_modules names it");
    assert!(!without.contains("sample.join"));
    let why = without.why_missing("sample.join").expect("has a reason");
    assert!(why.contains("disable_modules"), "{why}");
}
