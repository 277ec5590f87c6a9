//! Plain templates must render as another Jinja implementation renders them.

use halite_core::Map;
use halite_render::JinjaEngine;
use halite_render::jinja::request::{Limits, NoCalls, NoFiles, Options, Request};

const TEMPLATES: [&str; 40] = [
    "plain text\nwith lines\n",
    "{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 7 // 2 }} {{ 7 % 3 }} {{ 2 ** 10 }} {{ 1 / 2 }}",
    "{{ 'a' ~ 1 ~ 'b' }} {{ 'x' + 'y' }}",
    "{{ [1, 2, 3] }} {{ {'a': 1} }} {{ 'é' }}",
    "{{ true }} {{ false }} {{ none }}",
    "{{ 1 < 2 < 3 }} {{ 1 == 1.0 }} {{ 'a' in 'abc' }} {{ 4 not in [1, 2] }}",
    "{{ not true }} {{ true and false }} {{ '' or 'x' }}",
    "{{ 'a' if true else 'b' }}{{ 'a' if false else 'b' }}",
    "{% if 1 > 2 %}a{% elif 2 > 1 %}b{% else %}c{% endif %}",
    "{% for x in [1, 2, 3] %}{{ loop.index }}:{{ x }}{% if not loop.last %},{% endif %}{% endfor %}",
    "{% for x in [] %}a{% else %}empty{% endfor %}",
    "{% for x in range(10) if x is odd %}{{ x }}{% endfor %}",
    "{% for k, v in {'a': 1, 'b': 2}|dictsort %}{{ k }}={{ v }};{% endfor %}",
    "{% for x in [1, 2] %}{% for y in 'ab' %}{{ x }}{{ y }}{{ loop.index0 }} {% endfor %}{% endfor %}",
    "{% for n in [{'n': 1, 'c': [{'n': 2, 'c': []}]}] recursive %}{{ n.n }}[{{ loop(n.c) }}]{% endfor %}",
    "{% set x = 5 %}{{ x }}{% set y = x + 1 %}{{ y }}",
    "{% set ns = namespace(n=0) %}{% for x in [1, 2] %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}",
    "{% set b %}block {{ 1 }}{% endset %}[{{ b }}]",
    "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}",
    "{% macro m(a, b=2) %}<{{ a }}|{{ b }}>{% endmacro %}{{ m(1) }}{{ m(1, b=3) }}",
    "{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}in{% endcall %}",
    "{% filter upper %}loud{% endfilter %}",
    "{% raw %}{{ x }}{% endraw %}",
    "a{# comment #}b",
    "a  {%- if true -%}  b  {%- endif -%}  c",
    "  {% if true %}\n  x\n  {% endif %}\n  y\n",
    "x\n\n\n",
    "{{ 'abc'|upper }} {{ 'ABC'|lower }} {{ 'hello world'|title }} {{ 'abc'|capitalize }}",
    "{{ [3, 1, 2]|sort|join(',') }} {{ [1, 2, 3]|first }} {{ [1, 2, 3]|last }} {{ [1, 2, 3]|length }}",
    "{{ ' x '|trim }}| {{ 'a-b'|replace('-', '+') }} {{ [1, 2, 3]|sum }}",
    "{{ nope|default('d') }} {{ ''|default('e', true) }} {{ 'x'|d('y') }}",
    "{{ [1, 2, 3, 4]|select('even')|list }} {{ [1, 2, 3]|reject('odd')|list }} {{ ['a', 'b']|map('upper')|list }}",
    "{{ [{'a': 1}, {'a': 2}]|map(attribute='a')|list }} {{ [{'a': 1}, {'a': 2}]|selectattr('a', 'eq', 2)|list }}",
    "{{ [1, 2, 3, 4, 5]|batch(2)|list }} {{ [1, 2, 3]|reverse|list }}",
    "{{ 'a\nb'|indent(2) }}",
    "{{ 'hello'[1:3] }} {{ [1, 2, 3][::-1] }} {{ [1, 2, 3][-1] }}",
    "{{ {'a': {'b': [1, 2]}}.a.b[1] }}",
    "{{ 1 is defined }} {{ nope is defined }} {{ 3 is odd }} {{ 'a' is string }} {{ [] is iterable }} {{ none is none }}",
    "{{ range(3)|list }} {{ range(1, 6, 2)|list }} {{ dict(a=1).a }}",
    "{{ 0.1 + 0.2 }} {{ 1.0 }} {{ -5 // 2 }} {{ -5 % 3 }} {{ 10|abs }} {{ 2.5 * 2 }}",
];

#[test]
fn plain_templates_render_as_with_minijinja() {
    let engine = JinjaEngine::new();
    let (context, options) = (Map::new(), Options::default());
    let mut peer = minijinja::Environment::new();
    peer.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    for source in TEMPLATES {
        let request = Request {
            source,
            name: "x",
            context: &context,
            salt: &NoCalls,
            loader: &NoFiles,
            options: &options,
            limits: Limits::default(),
        };
        let ours = engine.render_request(&request).expect("renders");
        let theirs = peer.render_str(source, ()).expect("renders");
        // Salt puts the last line end back, Jinja alone does not.
        let back = if source.ends_with('\n') { "\n" } else { "" };
        assert_eq!(ours, theirs + back, "{source}");
    }
}
