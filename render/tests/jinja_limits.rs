//! Templates that want too much, and what a user reads when a template is wrong.

use std::fmt::Write;

use halite_core::{Map, Value};
use halite_render::jinja::request::{
    Limits, LoadedTemplate, NoCalls, Options, Request, TemplateLoader,
};
use halite_render::{JinjaEngine, RenderError};

/// Files by a function of their name.
struct Files<F: Fn(&str) -> Option<String>>(F);

impl<F: Fn(&str) -> Option<String>> TemplateLoader for Files<F> {
    fn load(&self, path: &str) -> Result<Option<LoadedTemplate>, String> {
        let shown = format!("/cache/{path}");
        Ok((self.0)(path).map(|text| LoadedTemplate { source: text.into(), path: shown.into() }))
    }
}

fn render_with(
    source: &str,
    context: &Map,
    files: &dyn TemplateLoader,
    limits: Limits,
) -> Result<String, RenderError> {
    let options = Options { proxies: vec!["grains".into()], ..Options::default() };
    let engine = JinjaEngine::new();
    let request = Request {
        source,
        name: "/cache/x.sls",
        context,
        salt: &NoCalls,
        loader: files,
        options: &options,
        limits,
    };
    engine.render_request(&request)
}

fn render(source: &str) -> Result<String, RenderError> {
    render_with(source, &Map::new(), &Files(|_| None), Limits::default())
}

#[track_caller]
fn refused(source: &str, part: &str) {
    let error = render(source).expect_err("it must be refused");
    assert!(error.message.contains(part), "{:?} is not about {part:?}", error.message);
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("{'a':", "}"), ("not ", ""), ("-", ""), ("x[", "]"), ("f(", ")")]
    {
        let deep = format!("{{{{ {}1{} }}}}", open.repeat(20_000), close.repeat(20_000));
        refused(&deep, "may nest");
    }
    refused(&format!("{}{}", "{% if 1 %}".repeat(5000), "{% endif %}".repeat(5000)), "may nest");
    refused(&format!("{{{{ a{} }}}}", ".b".repeat(5000)), "follow one another");
    refused(&format!("{{{{ 1{} }}}}", "|abs".repeat(5000)), "follow one another");
    refused(&format!("{{{{ 1{} }}}}", " if 1 else 2".repeat(5000)), "may nest");
    refused(&format!("{{{{ 1{} }}}}", " + 1".repeat(5000)), "in one chain");
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(20), ")".repeat(20));
    assert_eq!(render(&deep).as_deref(), Ok("1"));
    let long = format!("{{{{ 0{} }}}}", " + 1".repeat(900));
    assert_eq!(render(&long).as_deref(), Ok("900"));
}

#[test]
fn recursion_ends_in_an_error() {
    refused("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "maximum recursion depth");
    refused(
        "{% macro f(x) %}{{ [(1, {'a': f(x)|upper})] }}{% endmacro %}{{ f(1) }}",
        "maximum recursion depth",
    );
    refused("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "maximum recursion depth");
    let inclusion = Files(|name| (name == "a").then(|| "{% include 'a' %}".to_string()));
    let error = render_with("{% include 'a' %}", &Map::new(), &inclusion, Limits::default());
    assert!(error.unwrap_err().message.contains("maximum recursion depth"));
    let importing = Files(|name| {
        (name == "a").then(|| "{% if 1 %}{% import 'a' as a with context %}{% endif %}".into())
    });
    let error = render_with("{% import 'a' as a %}", &Map::new(), &importing, Limits::default());
    assert!(error.unwrap_err().message.contains("maximum recursion depth"));
    assert_eq!(
        render("{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{% endif %}.{% endmacro %}{{ f(25)|length }}").as_deref(),
        Ok("26")
    );
}

#[test]
fn cyclic_data_ends() {
    assert_eq!(
        render("{% set l = [1] %}{% do l.append(l) %}{{ l|string }}").as_deref(),
        Ok("[1, [...]]")
    );
    refused("{% set l = [1] %}{% do l.append(l) %}{{ l }}", "maximum recursion depth");
    refused("{% set l = [1] %}{% do l.append(l) %}{{ l|yaml }}", "maximum recursion depth");
    refused("{% set l = [1] %}{% do l.append(l) %}{{ l|flatten }}", "cycle");
    refused(
        "{% set a = [] %}{% set b = [] %}{% do a.append(b) %}{% do b.append(a) %}{{ a == b }}",
        "recursion",
    );
}

#[test]
fn work_and_output_are_bounded() {
    let small = Limits { steps: 100_000, output_bytes: 1 << 20, ..Limits::default() };
    for source in [
        "{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}",
        "{% set l = [1] %}{% for x in l %}{% do l.append(x) %}{% endfor %}",
        "{{ 'x' * 10000000000 }}",
        "{{ [1] * 10000000000 }}",
        "{% set s = 'x' * 1000 %}{% for i in range(10000) %}{{ s }}{% endfor %}",
        "{{ 'a'.ljust(100000000) }}",
        "{{ '%100000000d' % 1 }}",
        "{{ '{:100000000}'.format(1) }}",
        "{{ 2 ** 100000000 }}",
        "{{ 'abc'.replace('', 'x' * 100000) * 100 }}",
        "{{ range(100)|permutations|list }}",
        "{{ range(100)|combinations(50)|list }}",
        "{{ [0, 1]|product(repeat=60)|list }}",
        "{{ '10.0.0.0/1'|network_hosts }}",
        "{{ 'a\\n' * 1000|int }}{{ ('a\\n' * 100000)|indent(1000) }}",
    ] {
        let result = render_with(source, &Map::new(), &Files(|_| None), small);
        assert!(result.is_err(), "{source} was let through");
    }
}

#[test]
fn hostile_regular_expressions_end() {
    for pattern in [r"^(a|aa|a?)+(?=a*)\\1\\1c$", r"^(?:(a+)+)+(?!x)b$"] {
        let result = render(&format!("{{{{ ('a' * 64)|regex_search('{pattern}') is none }}}}"));
        assert_ne!(result.as_deref(), Ok("False"), "{pattern}");
    }
}

#[test]
fn a_fault_has_salts_text_place_and_hint() {
    let mut context = Map::new();
    let grains = Value::map([("os_family", Value::str("Debian")), ("osarch", Value::str("amd64"))]);
    context.insert("grains".into(), grains);
    let files = Files(|name| {
        (name == "m.jinja")
            .then(|| "{% macro f() %}\nok\n{{ missing_thing }}\n{% endmacro %}\n".into())
    });
    let fault =
        |source: &str| render_with(source, &context, &files, Limits::default()).unwrap_err();

    let error = fault("a: 1\nb: {{ grains.os_famly }}\n");
    assert_eq!(
        error.to_salt_text(),
        "Jinja variable 'salt.utils.optsdict.DictProxy object' has no attribute 'os_famly'; line 2\n\n---\na: 1\n\
         b: {{ grains.os_famly }}    <======================\n---"
    );
    assert_eq!((error.line, error.column), (Some(2), Some(14)));
    assert_eq!(error.hint.as_deref(), Some("did you mean 'os_family'?"));

    let error = fault("{% from 'm.jinja' import f %}\n{{ f() }}\n");
    assert_eq!(
        error.to_salt_text(),
        "Jinja variable 'missing_thing' is undefined\n/cache/m.jinja(3):\n---\n{% macro f() %}\nok\n\
         {{ missing_thing }}    <======================\n{% endmacro %}\n---"
    );
    assert_eq!(error.file.as_deref(), Some(std::path::Path::new("/cache/m.jinja")));
    assert_eq!(error.trace, [("/cache/x.sls".into(), 2)]);

    let error = fault("{{ 1|uper }}");
    assert!(
        error
            .to_salt_text()
            .starts_with("Jinja syntax error: No filter named 'uper'.; line 1\n\n---\n")
    );
    assert_eq!(error.hint.as_deref(), Some("did you mean 'upper'?"));

    let error = fault("{% set count = 1 %}{{ cuont }}");
    assert_eq!(error.hint.as_deref(), Some("did you mean 'count'?"));

    let error = fault("{% from 'none.jinja' import x %}\n");
    assert!(
        error.to_salt_text().starts_with("Jinja error: none.jinja\nTraceback"),
        "{}",
        error.to_salt_text()
    );
}

#[test]
fn relative_imports_stay_below_the_root() {
    let files = Files(|name| match name {
        "a/b/lib.jinja" => Some("{% set v = 'deep' %}".into()),
        "a/lib.jinja" => Some("{% set v = 'up' %}".into()),
        _ => None,
    });
    let mut context = Map::new();
    context.insert("tpldir".into(), "a/b".into());
    context.insert("tplfile".into(), "a/b/x.sls".into());
    let go = |source: &str| render_with(source, &context, &files, Limits::default());
    let source = "{% from './lib.jinja' import v %}{{ v }}{% from '../lib.jinja' import v %}{{ v }} {{ tplfile }}";
    assert_eq!(go(source).as_deref(), Ok("deepup a/b/x.sls"));
    assert!(
        go("{% from '../../../lib.jinja' import v %}")
            .unwrap_err()
            .message
            .starts_with("Jinja error: ../../../lib.jinja")
    );
}

#[test]
fn a_large_pillar_costs_what_is_touched_and_keeps_identity() {
    let entry = |at: usize| {
        Value::map([("name", Value::str(format!("n{at}"))), ("ports", Value::from(vec![1, 2]))])
    };
    let big = Value::map((0..2000).map(|at| (format!("k{at}"), entry(at))));
    let mut context = Map::new();
    context.insert("pillar".into(), big.clone());
    let source = "{% do pillar.k5.ports.append(3) %}{{ pillar['k5']['ports'] }}{{ pillar.k6.ports }}{{ pillar|length }}";
    let text = render_with(source, &context, &Files(|_| None), Limits::default());
    assert_eq!(text.as_deref(), Ok("[1, 2, 3][1, 2]2000"));
    assert_eq!(context.get("pillar"), Some(&big), "the caller's data must stay as it was");
}

#[test]
fn many_imports_are_quick() {
    let files = Files(|name| {
        if name == "lib.jinja" {
            return Some("{% macro row(k, v) %}{{ k }}: {{ v|upper }}\n{% endmacro %}{% set base = {'a': 1} %}".into());
        }
        name.starts_with("part").then(|| {
            "{% from 'lib.jinja' import row, base with context %}{% for i in range(3) %}{{ row(i, 'x') }}{% endfor %}{{ base.a }}\n".into()
        })
    });
    let mut source = String::new();
    for at in 0..500 {
        let _ = writeln!(source, "{{% include 'part{at}.sls' %}}");
    }
    let text = render_with(&source, &Map::new(), &files, Limits::default()).expect("renders");
    assert_eq!(text.matches("0: X").count(), 500);
}

#[test]
fn data_deeper_than_the_stack_is_taken_apart() {
    let nest = "{% set ns = namespace(x=[]) %}{% for i in range(20000) %}{% set ns.x = KIND %}{% endfor %}{{ ns.x|length }}";
    for kind in ["[ns.x]", "{'a': ns.x}", "(ns.x,)", "[{'a': (ns.x,)}]"] {
        assert_eq!(render(&nest.replace("KIND", kind)).as_deref(), Ok("1"), "{kind}");
    }
    refused(
        "{% set ns = namespace(x=1) %}{% for i in range(999) %}{% set ns.x = (ns.x,) %}{% endfor %}{{ {ns.x: 1} }}",
        "recursion",
    );
    assert_eq!(
        render("{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns }}").as_deref(),
        Ok("<Namespace {'x': [<Namespace ...>]}>")
    );
}

#[test]
fn allow_undefined_prints_nothing_for_what_is_missing() {
    let options = Options { allow_undefined: true, ..Options::default() };
    let (context, engine) = (Map::new(), JinjaEngine::new());
    let go = |source: &str| {
        let limits = Limits::default();
        let request = Request {
            source,
            name: "x",
            context: &context,
            salt: &NoCalls,
            loader: &Files(|_| None),
            options: &options,
            limits,
        };
        engine.render_request(&request)
    };
    assert_eq!(go("[{{ nope }}{{ {}.x }}{% for i in nope %}x{% endfor %}{{ nope|length }}{{ nope|join }}{{ not nope }}]").as_deref(), Ok("[0True]"));
    assert_eq!(go("{{ nope.x }}").unwrap_err().message, "Jinja variable 'nope' is undefined");
    assert_eq!(go("{{ nope + 1 }}").unwrap_err().message, "Jinja variable 'nope' is undefined");
}
