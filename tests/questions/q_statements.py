"""Random Jinja statements: loops, macros, sets, imports, white space, load and import tags."""

LIBRARY = {
    "lib.jinja": "{% set one = 1 %}\n{% set data = {'k': ['v', 2]} %}\n{% macro tag(name, cls='c') %}<{{ name }} {{ cls }} {{ varargs }} {{ kwargs }}>{% endmacro %}\n{% macro who() %}{{ l | default('unseen') }} {{ tplfile | default('none') }}{% endmacro %}\n"
                 "{% macro wrap() %}[{{ caller() if caller else 'alone' }}]{% endmacro %}\n{% set _hidden = 2 %}\n",
    "part.jinja": "part sees {{ l | default('nothing') }} {{ loc | default('no local') }}\n", "d/in.jinja": "{% import './other.jinja' as o %}{{ o.v }} {{ tpldir }}\n", "d/other.jinja": "{% set v = 'other' %}\n",
    "base.jinja": "head\n{% block body %}base body{% endblock %}\n{% block foot scoped %}foot{% endblock %}\n{% block more required %}{% endblock %}\n", "base2.jinja": "H{% block body %}base {{ x | default('-') }}{% endblock %}F\n",
    "d.yaml": "a: 1\nb: [yes, 010, ~]\nc: {d: 1.50, e: '{{ 1 + 1 }}'}\n", "d.json": '{"a": [1, null, 2.50], "b": {"c": "\\u00e9"}}\n', "d.txt": "plain {{ 1 + 1 }}\n", "bad.yaml": "a: b: c\n", "bad.json": "{a: 1}\n", "broken.jinja": "{% macro fail(v) %}{{ v.nosuch.more }}{% endmacro %}\n{% macro ok() %}fine{% endmacro %}\n",
    "syntax.jinja": "{% if %}\n", "empty.yaml": "", "list.yaml": "- a\n- {b: c}\n", "macros.jinja": "{% macro a(x) -%}\n  {{ x }}{{ b(x) }}\n{%- endmacro %}\n{% macro b(x) %}({{ x }}){% endmacro %}\n",
}
LOOP = ["index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem | default('-')", "nextitem | default('-')", "cycle('x', 'y')", "changed(i)", "nosuch | default('?')"]
WS = ["", "", "", "-", "+"]


def tag(rnd, text):
    return "{%" + rnd.choice(WS) + " " + text + " " + rnd.choice(WS) + "%}"


def loop(maker, depth=0):
    rnd = maker.rnd
    over = maker.value("list dict str tuple other") if rnd.random() < 0.9 else maker.value()
    names = rnd.choice(["i", "i", "i", "i, j"])
    if names == "i, j" and rnd.random() < 0.7:
        over = rnd.choice(["d.items()", "[['a', 1], ['b', 2]]", "{'a': 1}.items()", "l | zip([1, 2, 3])", "{'b': 1, 'a': 2} | dictsort", "'ab' | product([1, 2])"])
    extra = rnd.choice(["", "", "", " if i", " if i is string", " if loop is defined", " if i not in ['a', 1]"])
    inside = body(maker, depth + 1) if rnd.random() < 0.4 else ""
    inside += "{{ loop.%s }}%s" % (rnd.choice(LOOP), rnd.choice([" ", "", "{{ i }}", "\n", ","]))
    if rnd.random() < 0.2:
        inside = rnd.choice(["{% if loop.index > 2 %}{% break %}{% endif %}", "{% if loop.first %}{% continue %}{% endif %}", "{% set x = i %}{{ x }}"]) + inside
    other = rnd.choice(["", "", tag(rnd, "else") + "none"])
    return tag(rnd, "for %s in %s%s" % (names, over, extra)) + rnd.choice(["", "\n  "]) + inside + other + tag(rnd, "endfor")


def macro(maker, depth):
    rnd = maker.rnd
    params = rnd.choice(["", "a", "a, b=2", "a, b=a", "a=1, b=nosuch", "a, b='x', c=l"])
    inside = rnd.choice(["{{ a | default('?') }}", "{{ varargs }}", "{{ kwargs }}", "{{ caller() if caller is defined else 'nc' }}", "{{ b | default('nb') }}{{ varargs | length }}", "{{ kwargs.items() | list }}"])
    call = rnd.choice(["f()", "f(1)", "f(1, 2)", "f(1, 2, 3, 4)", "f(a=1)", "f(b=3)", "f(1, b=4)", "f(1, q=5)", "f(*[1, 2])", "f(**{'a': 1})", "f(*l)", "f(1, a=2)", "f.name", "f.arguments", "f(none)", "f | string | length > 0", "f.catch_kwargs", "f.caller", "f(f(1))"])
    text = tag(rnd, "macro f(%s)" % params) + inside + tag(rnd, "endmacro")
    if rnd.random() < 0.3:
        return text + "{% call" + rnd.choice(["", "(v)", "(v='d')"]) + " f(" + rnd.choice(["", "1", "1, 2"]) + ") %}in {{ v | default('nv') }}{% endcall %}"
    return text + "{{ " + call + " }}"


def imports(maker, depth):
    return maker.rnd.choice([
        "{% from 'lib.jinja' import tag, one as uno %}{{ tag('a', 1, 2, z=3) }} {{ uno }}", "{% import 'lib.jinja' as lib %}{{ lib.tag('b', cls='x') }}{{ lib.data }}", "{% from 'lib.jinja' import who with context %}{{ who() }}", "{% from 'lib.jinja' import who %}{{ who() }}",
        "{% from 'lib.jinja' import wrap %}{% call wrap() %}inner{% endcall %}{{ wrap() }}", "{% set loc = 5 %}{% include 'part.jinja' %}", "{% set loc = 5 %}{% include 'part.jinja' without context %}", "{% include 'nosuch.jinja' ignore missing %}e", "{% include ['nosuch.jinja', 'part.jinja'] %}",
        "{% for loc in [1, 2] %}{% include 'part.jinja' %}{% endfor %}", "{% import_yaml 'd.yaml' as y %}{{ y }}", "{% import_json 'd.json' as j %}{{ j }}", "{% import_text 'd.txt' as t %}{{ t }}", "{% import_yaml 'bad.yaml' as y %}", "{% import_json 'bad.json' as y %}", "{% import_yaml 'empty.yaml' as y %}{{ y }}",
        "{% import_yaml 'list.yaml' as y %}{{ y }}", "{% import_json 'd.yaml' as y %}", "{% from 'lib.jinja' import nosuch %}{{ nosuch is defined }}", "{% from 'lib.jinja' import nosuch %}{{ nosuch }}", "{% import 'lib.jinja' as lib %}{{ lib._hidden }}", "{% import 'lib.jinja' as lib %}{{ lib.nosuch }}", "{% from 'broken.jinja' import fail %}{{ fail(d) }}",
        "{% from 'broken.jinja' import ok %}{{ ok() }}", "{% import 'syntax.jinja' as x %}", "{% include 'd/in.jinja' %}{{ tplfile | default('none') }}", "{% extends 'base.jinja' %}{% block body %}mine {{ super() }}{% endblock %}{% block more %}m{% endblock %}", "{% extends 'base.jinja' %}", "{% extends 'base2.jinja' %}{% set x = 1 %}{% block body %}[{{ super() }}{{ x | default('u') }}]{% endblock %}",
        "{% from 'macros.jinja' import a %}{{ a(1) }}", "{% set f = 'lib.jinja' %}{% import f as lib %}{{ lib.one }}", "{% import 'lib.jinja' as lib with context %}{{ lib.who() }}", "{% include 'part.jinja' with context %}", "{% from './lib.jinja' import one %}{{ one }}", "{% from '../lib.jinja' import one %}{{ one }}", "{% from 'd/other.jinja' import v %}{{ v }}{{ tpldir }}",
        "{% import 'lib.jinja' as lib %}{{ lib }}", "{% import_yaml 'd.yaml' as y with context %}{{ y.c }}", "{% from 'd.yaml' import a %}", "{% import_text 'nosuch.txt' as t %}", "{% import_yaml f as y %}"])


def sets(maker, depth):
    rnd = maker.rnd
    return rnd.choice([
        lambda: "{% set x = " + maker.expression() + " %}{{ x }}", lambda: "{% set x %}" + body(maker, depth + 1) + "{% endset %}[{{ x }}]", lambda: "{% set x | upper %}" + body(maker, depth + 1) + "{% endset %}[{{ x }}]", lambda: "{% set a, b = " + maker.value("list tuple str dict") + " %}{{ a }}-{{ b }}",
        lambda: "{% set ns = namespace(n=0) %}{% for i in " + maker.value("list") + " %}{% set ns.n = ns.n + 1 %}{% set ns.last = i %}{% endfor %}{{ ns.n }}{{ ns.last | default('-') }}{{ ns.nosuch is defined }}", lambda: "{% set d.x = 1 %}{{ d.x }}", lambda: "{% do l.append(" + maker.value() + ") %}{{ l }}", lambda: "{% do d.update({'q': " + maker.value() + "}) %}{{ d }}",
        lambda: "{% with x = " + maker.value() + ", y = 2 %}{{ x }}{{ y }}{% endwith %}{{ x is defined }}", lambda: "{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}", lambda: "{% filter " + rnd.choice(["upper", "replace('a', 'o')", "trim", "indent(2)", "length", "nosuch", "string | upper", "yaml_encode"]) + " %} " + body(maker, depth + 1) + " {% endfilter %}",
        lambda: "{% if " + maker.expression() + " %}yes{% elif " + maker.value() + " %}elif{% else %}no{% endif %}", lambda: "{{ " + maker.value() + " if " + maker.value() + rnd.choice(["", " else " + maker.value()]) + " }}", lambda: "{% set x = 1, 2 %}{{ x }}{% set (p, q) = x %}{{ p }}", lambda: "{% set x = [" + maker.value() + "] * 2 %}{{ x }}",
        lambda: "{% block b %}" + body(maker, depth + 1) + "{% endblock %}{{ self.b() }}", lambda: "{% raw %}{{ x }}{% if %}{% endraw %}", lambda: "{# c {{ x }} #}" + rnd.choice(["{#- x -#}", "\n", "{##}"]) + "e", lambda: "{% print " + maker.value() + " %}", lambda: "{% autoescape true %}{{ '<' }}{% endautoescape %}", lambda: "{% debug %}", lambda: "{% trans %}x{% endtrans %}",
    ])()


def data(maker, depth):
    rnd = maker.rnd
    return rnd.choice([
        lambda: "{% load_yaml as v %}\n" + rnd.choice(["a: 1\nb: [x, 010, yes]", "- a\n- {{ l[0] }}", "x", "", "a: {{ d | yaml }}", "a: b: c", "a: &x 1\nb: *x", "a: |\n  t\n  u\nb: >-\n  c\n  d", "1: 2\n~: 3\nyes: no", "a: 2002-12-12", "{a: 1", "a: 1\na: 2", "'q': \"w\\n\"", "a: !!set {x, y}", "{{ nosuch }}"]) + "\n{% endload %}{{ v }}",
        lambda: "{% load_json as v %}" + rnd.choice(['{"a": [1, 2.50, null, true]}', "[]", "5", '"x"', "{}", "{a: 1}", "{{ d.a | json }}", '{"a": 1, "a": 2}', '["\\u00e9\\n"]', "[1,]", "NaN", "[Infinity]", "1e5", "-0", '{"a": 12345678901234567890}', ""]) + "{% endload %}{{ v }}", lambda: "{% load_text as v %}" + body(maker, depth + 1) + "{% endload %}[{{ v }}]",
        lambda: "{{ (" + maker.value() + ") | yaml(false) }}", lambda: "{{ (" + maker.value("list dict") + ") | json }}", lambda: "{{ ({'k': " + maker.value() + ", 'm': [" + maker.value() + "]}) | " + rnd.choice(["yaml", "yaml(false)", "json", "tojson", "python", "string", "pprint", "json(indent=2)", "tojson(indent=2)", "dict_to_sls_yaml_params"]) + " }}", lambda: "{{ [" + maker.value() + ", {'x': " + maker.value() + "}] }}",
        lambda: "{% profile as 'p' %}" + body(maker, depth + 1) + "{% endprofile %}", lambda: "{{ {'k': " + maker.value() + "} ~ '' }}",
    ])()


def recursive(maker, depth):
    return ("{% for i in [{'n': 1, 'c': [{'n': 2}, {'n': 3, 'c': [{'n': 4}]}]}, {'n': 5}] recursive %}{{ i.n }}:{{ loop." + maker.rnd.choice(LOOP[:9]) + " }}{% if i.c %}(" + maker.rnd.choice(["{{ loop(i.c) }}", "{{ loop(i.c) | upper }}", "{% set s = loop(i.c) %}{{ s }}", "{{ loop() }}"]) + "){% endif %}{% endfor %}")


BROKEN = ["{{", "{{ }}", "{% if x %}", "{% endif %}", "{% for %}{% endfor %}", "{{ a b }}", "{% nosuch %}", "{{ 'a }}", "{% set %}", "{% set x %}", "{{ 1 + }}", "{% macro %}{% endmacro %}", "{# open", "{% raw %}", "{{ a. }}", "{{ a[ }}", "{{ (1 }}", "{{ [1 }}", "{{ {'a' } }}", "{{ x | }}", "{{ x is }}", "{% for x y in l %}{% endfor %}", "{% else %}", "{% elif x %}", "{% block x %}{% endblock y %}",
          "{% block a %}{% endblock %}{% block a %}{% endblock %}", "{{ f(a=1, 2) }}", "{{ f(**{}, 1) }}", "{% import %}", "{% from x %}", "{% include %}", "{{ 1 if }}", "{% if l %}{% else %}{% else %}{% endif %}", "{% break %}", "{% for loop in l %}{% endfor %}", "{% set none = 1 %}", "{% set true = 1 %}", "{{ not }}", "{{ a ! b }}", "{{ $x }}", "{{ 'a' 'b' }}", "{{ 1_000 }}", "{{ 0x1f }} {{ 0b11 }} {{ 0o17 }}", "{{ 1__0 }}",
          "{{ 010 }}", "{{ 1.5e3 }}{{ 1e+5 }}", "{{ .5 }}", "{{ 5. }}", "{{ a.0.b }}", "{{ 'a'.upper }}", "{{ l.0 }}{{ l['0'] }}", "{{ True }}{{ None }}{{ False }}", "{{ [1, 2,] }}{{ (1,) }}{{ {'a': 1,} }}{{ () }}", "{{ 1 is not none is not none }}", "{{ 1 < 2 < 3 }}", "{{ 2 ** 3 ** 2 }}", "{{ -2 ** 2 }}", "{{ not 1 == 2 }}", "{{ 1 ~ 2 + 3 }}", "{{ l | length > 2 }}", "{{ -l | length }}", "{{ 1 if 0 }}", "{{ (1 if 0) is defined }}",
          "{{ 'a' if 0 else 'b' if 0 else 'c' }}", "{{ \"\\x41\\u00e9\\N{DASH}\" }}", "{{ '\\q' }}", "{{ range(3)[1] }}", "{{ dict(a=1, **{'b': 2}) }}", "{{ lipsum is callable }}", "{{ loop }}", "{{ caller() }}", "{{ super() }}", "{{ self }}", "{{ varargs }}", "{{ salt['test.nosuch']() }}", "{{ salt.test.echo(1, 2) }}", "{{ salt['test.kwarg'](a=1) }}", "{{ grains.nosuch }}", "{{ grains['nosuch'] }}", "{{ pillar.nosuch }}",
          "{{ opts.nosuch }}", "{{ grains.get('nosuch', 'd') }}", "{{ pillar.get('x', {}).get('y') }}", "{{ pillar }}", "{{ saltenv }} {{ sls }} {{ slspath }}|{{ tplfile }}|{{ tpldir }}", "{{ raise('boom') }}", "{{ 1 / 0 }}", "{{ 1 // 0 }}", "{{ 1 % 0 }}", "{{ 'a' * 3 }}", "{{ [0] * 2 }}", "{{ 3 * 'ab' }}", "{{ '%s' % () }}", "{{ '%s %s' % 'a' }}", "{{ [] is sameas [] }}", "{{ l is sameas l }}", "{{ range(10**8) }}", "{{ ''.__class__ }}", "{{ l.__class__.__mro__ }}", "{{ d._x }}",
          "{% do 1 %}", "{% do nosuch %}", "{% do nosuch.x() %}", "{%if 1%}a{%endif%}", "{{1}}{{- 2 -}}  3", "a {%- if 1 -%} b {%- endif -%} c", "  {% if 1 +%}\n x\n{% endif %}", "{%- set x = 1 -%}\n\n  y", "{{ x }}{% set x = 1 %}", "{% for i in [1] %}{% set x = 1 %}{% endfor %}{{ x }}", "{% if true %}{% set x = 1 %}{% endif %}{{ x }}", "{% macro f() %}{% set x = 1 %}{% endmacro %}{{ f() }}{{ x }}", "{{ odict([('a', 1)]) }}", "{{ show_full_context() | length > 3 }}", "{{ cycler().next() }}", "{{ namespace(a=1).a }}", "{{ namespace() }}", "{{ joiner()() }}{{ joiner }}"]


def body(maker, depth):
    if depth > 2 or maker.rnd.random() < 0.5:
        return maker.rnd.choice(["text", " a\n b ", maker.printed(), "{{ 'x' }}"])
    return statement(maker, depth + 1)


def statement(maker, depth=0):
    rnd = maker.rnd
    form = rnd.randint(0, 9)
    if form < 2:
        return loop(maker, depth)
    if form < 4:
        return macro(maker, depth)
    if form == 4:
        return imports(maker, depth)
    if form < 7:
        return sets(maker, depth)
    if form == 7:
        return data(maker, depth)
    if form == 8:
        return rnd.choice(BROKEN) if rnd.random() < 0.8 else recursive(maker, depth)
    return rnd.choice(["", "\n", "  "]).join(statement(maker, depth + 1) if depth < 2 else "x" for _ in range(2))
