group("print", r"""
{{ {'a': 'x\ny', 'b': "it's", 'c': 'tab\there'} }}
----
{{ [{'a': 'x\ny'}] }} {{ ({'a': 1},) }} {{ {'a': {'b': ['x\n', none]}} }}
----
{{ {'a': none, 'b': true, 'c': 1.0, 'd': 1e20, 'e': {'f': 'é"\\'}} }}
----
{{ {1: 'a', (1, 2): 'b', none: 'c', 1.5: 'd', true: 'e'} }}
----
{{ {'a': "x'y\"z", 'b': '\\', 'c': '', 'd': ' '} }}
----
{{ {'m': 'aé\n\x01\x7f\u2028\ud83d'} if false else 'skip' }}
----
{{ {'m': 'aé\n\x01\x7f\u2028'} }} {{ {'m': 'long ' * 40 ~ '\n'} }}
----
{{ [nope] }} {{ [[nope]] }}
----
{{ {'a': nope} }}
----
{{ {'a': [nope]} }}
----
{{ users|groupby('g') }}
----
{{ (users|groupby('g'))|list|length }} {{ (users|groupby('g'))[0].grouper }} {{ (users|groupby('g'))[0][1] }}
----
{{ 'a' ~ {'k': 'x\ny'} }} {{ {'k': 'x\ny'}|string }} {{ [{'k': 'x\ny'}]|join }}
----
{{ {}.keys() }} {{ {'a': 1}.items() }} {{ {'a': 1}.values() }} {{ {'a': 1}.keys()|list }}
----
{{ range(0, 10, 3) }} {{ range(3)|list }} {{ range(10)[2:5] }} {{ range(10)[-1] }}
----
{{ 'abc'|unique|sort }} {{ (1, 2, 1)|unique|sort }} {{ []|unique }}
----
{{ 1.5 }} {{ 100000000000000000.0 }} {{ 123456789.123456789 }} {{ 1e-5 }} {{ -0.0 }} {{ 1/3 }} {{ 2.0**70 }} {{ 1e308*10 }} {{ -(1e308*10) }}
----
{{ ['\x00', '\x1b[0m', '\u200b', '\xa0', '\xad', '日本'] }}
----
{{ "a'b" }} {{ ["a'b"] }} {{ ['a"b'] }} {{ ["a'b\"c"] }} {{ ['a\\b'] }}
----
{{ 'é'.encode('utf-8') }} {{ ['é'.encode('latin-1')] }} {{ 'abc'.encode() }} {{ b if b is defined else 'nob' }}
----
{{ odict([('b', 1), ('a', {'x': 'y'})]) }} {{ odict() }} {{ [odict(a=1)] }} {{ odict(a=1)|string }}
----
{{ namespace(a=1, b='x') }} {{ cycler('a', 'b').current }}
----
{% macro m(a, b=1) %}{% endmacro %}{{ m }} {{ m.name }} {{ m.arguments }} {{ m.catch_kwargs }} {{ m.caller }}
----
{{ true and 'yes' }} {{ none or 0 or '' or [] }}| {{ not none }} {{ 1 if none else 2 }}
----
{{ [true, false, none, 1, 'x', 2.5, [], {}, ()] }}
""")
group("number", r"""
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 // -2 }} {{ -7 // -2 }} {{ 7 % -3 }} {{ -7 % -3 }} {{ 7.5 % 2 }} {{ -7.5 % 2 }} {{ 7.5 // -2 }}
----
{{ 2**3**2 }} {{ -2**2 }} {{ 2**-2 }} {{ (-8)**3 }} {{ 10**20 }} {{ 0**0 }}
----
{{ 9223372036854775807 * 2 }} {{ -9223372036854775808 - 1 }} {{ 9223372036854775808 // 3 }} {{ -9223372036854775809 % 7 }} {{ 2**64 / 2**63 }}
----
{{ 1 + true }} {{ true * 3 }} {{ true // 1 }} {{ -true }} {{ +true }} {{ 5 - 2.0 }}
----
{{ 0.1 + 0.2 }} {{ 1.1 * 3 }} {{ 10 / 5 }} {{ 1e3 }} {{ 1_000 + 1 }} {{ 0xff }} {{ 0b101 }} {{ 0o17 }} {{ 1.5e-3 }}
----
{{ 5 % 0 }}
----
{{ 5 // 0 }}
----
{{ 5.0 / 0 }}
----
{{ 5.0 // 0 }}
----
{{ 5.0 % 0 }}
----
{{ 0 ** -1 }}
----
{{ 'a' - 1 }}
----
{{ [1] - [1] }}
----
{{ {} + {} }}
----
{{ none + 1 }}
----
{{ 'a' * 'b' }}
----
{{ 'ab' * -1 }}|{{ [1] * 0 }} {{ 3 * 'ab' }} {{ (1,) * 2 }}
----
{{ 1 < 2.5 }} {{ 2 <= 2.0 }} {{ 'a' > 'B' }} {{ [1, 'a'] < [2, 1] }} {{ (1, 2) < (1, 2, 0) }} {{ true < 2 }}
----
{{ none < 1 }}
----
{{ [1] < ['a'] }}
----
{{ {} < {} }}
----
{{ 2.5|round }} {{ 3.5|round }} {{ -2.5|round }} {{ 0.125|round(2) }} {{ 2.675|round(2) }} {{ 1234.5|round(-2) }} {{ 1234|round(-2) }} {{ 1250|round(-2) }} {{ 2.1|round(0, 'ceil') }} {{ 2.19|round(1, 'floor') }}
----
{{ 5|round(1, 'x') }}
----
{{ ' 42 '|int }} {{ '4_2'|int }} {{ '-7'|int }} {{ '+7'|int }} {{ '1e3'|int }} {{ '3.99'|int }} {{ none|int }} {{ true|int }} {{ []|int(5) }} {{ '0b11'|int(0, 2) }} {{ '0x1F'|int(0, 16) }} {{ '1F'|int(0, 16) }} {{ 'z'|int(0, 36) }} {{ '1_0'|float }} {{ 'inf'|int(9) }}
----
{{ '1e5'|float }} {{ 'nan'|float }} {{ '-inf'|float }} {{ ' 1.5 '|float }} {{ none|float(2.5) }} {{ true|float }} {{ '1,5'|float }}
----
{{ -5|abs }} {{ -1.5|abs }} {{ true|abs }}
----
{{ 'x'|abs }}
----
{{ 1|filesizeformat }} {{ 999|filesizeformat }} {{ 1000|filesizeformat }} {{ 1023|filesizeformat(true) }} {{ 1024|filesizeformat(true) }} {{ 10**30 }} {{ (10**27)|filesizeformat }} {{ '2048'|filesizeformat(binary=true) }}
----
{{ 7.0.is_integer() }} {{ (255).bit_length() }} {{ 3.real }} {{ 1.imag if false else 'x' }}
""")
group("method", r"""
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a b c'.split(none, 1) }} {{ 'a b c'.rsplit(none, 1) }} {{ ''.split(',') }} {{ ''.split() }} {{ 'a--b'.split('--') }} {{ 'abc'.split('x') }} {{ 'a.b.c.d'.rsplit('.', 2) }}
----
{{ 'x'.split('') }}
----
{{ 'abc'.split(1) }}
----
{{ 'Hello World'.swapcase() }} {{ "they're bill's".title() }} {{ 'hELLO wORLD'.capitalize() }} {{ 'ß'.upper() }} {{ 'İ'.lower()|length }} {{ 'ǆ'.title()|length }}
----
{{ 'abc'.center(10, '-') }} {{ 'abc'.center(6) }}| {{ 'ab'.center(5) }}| {{ 'abcd'.center(7, '.') }} {{ '42'.zfill(5) }} {{ '-42'.zfill(5) }} {{ 'a'.ljust(3) }}| {{ 'a'.rjust(3, '0') }}
----
{{ 'abcabc'.find('c', 3) }} {{ 'abcabc'.rfind('b') }} {{ 'abc'.find('x') }} {{ 'abcabc'.count('bc') }} {{ 'aaa'.count('aa') }} {{ 'abc'.count('') }} {{ 'äöü'.find('ü') }} {{ 'abc'.index('b', -2) }}
----
{{ 'abc'.index('x') }}
----
{{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.endswith('c') }} {{ 'abc'.startswith('b', 1) }} {{ 'abc'.endswith('b', 0, 2) }} {{ 'abc'.startswith('') }}
----
{{ 'abc'.startswith(1) }}
----
{{ 'aXbX'.replace('X', '') }} {{ 'aaa'.replace('a', 'b', 2) }} {{ 'abc'.replace('', '-') }} {{ 'abc'.replace('', '-', 2) }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('bc') }}
----
{{ 'a\nb\r\nc\x0bd\u2028e'.splitlines() }} {{ 'a\n'.splitlines(true) }} {{ '\n\n'.splitlines() }}
----
{{ 'a=b=c'.partition('=') }} {{ 'abc'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.rpartition('=') }}
----
{{ '12'.isdigit() }} {{ '½'.isnumeric() }} {{ '²'.isdigit() }} {{ '²'.isdecimal() }} {{ 'aB'.isalpha() }} {{ ''.isalpha() }} {{ ' \t'.isspace() }} {{ 'Ab Cd'.istitle() }} {{ 'AB1'.isupper() }} {{ 'ab1'.islower() }} {{ '1'.islower() }} {{ 'a_1'.isidentifier() }} {{ '1a'.isidentifier() }} {{ 'é'.isascii() }}
----
{{ 'a\tb\tcd'.expandtabs(4) }} {{ 'abc'.translate({97: 'x', 98: none}) }} {{ 'ab'.encode().decode() }} {{ 'ab'.encode().hex() }}
----
{{ ','.join(['a', 1]) }}
----
{{ ','.join(5) }}
----
{{ '-'.join('abc') }} {{ ','.join({'a': 1, 'b': 2}) }} {{ ', '.join(['x'|upper, 'y']) }}
----
{{ '{} {}'.format(1, 'a') }} {{ '{1} {0}'.format(1, 'a') }} {{ '{a.b} {a[c]}'.format(a={'b': 1, 'c': 2}) }} {{ '{{}} {}'.format(3) }} {{ '{!r:>6}|{!s:<4}|'.format('a', 1) }}
----
{{ '{:>8}|{:<8}|{:^8}|{:*^9}'.format('a', 'b', 'c', 'd') }} {{ '{:5d}|{:<5d}|{:05d}|{:+d}|{: d}|{:,}|{:_}'.format(42, 42, 42, 42, 42, 1234567, 1234567) }}
----
{{ '{:.2f}|{:8.3f}|{:e}|{:g}|{:G}|{:.0f}|{:%}|{:.1%}'.format(3.14159, 2.5, 12345.678, 0.00001, 1e10, 2.5, 0.25, 0.256) }} {{ '{:x}|{:#x}|{:o}|{:b}|{:#b}|{:X}|{:c}'.format(255, 255, 8, 5, 5, 255, 65) }} {{ '{:.3}|{:10.2}|'.format('abcdef', 'xyz') }} {{ '{:{w}}|'.format('a', w=4) }}
----
{{ '{:d}'.format('a') }}
----
{{ '{:.2d}'.format(3) }}
----
{{ '{} {}'.format(1) }}
----
{{ '{x}'.format(1) }}
----
{{ '{0} {}'.format(1, 2) }}
----
{{ '{'.format(1) }}
----
{{ '}'.format(1) }}
----
{{ '{:x}'.format([1]) }}
----
{{ '{:,.2f}'.format(1234567.891) }} {{ '{:010.2f}'.format(-3.14159) }} {{ '{:<+7.1f}|'.format(2) }} {{ '{}'.format(none) }} {{ '{}'.format([1, 'a']) }} {{ '{:>5}'.format(true) }} {{ '{:5}|'.format(1.5) }}
----
{{ '{0.__class__}'.format('a') }}
----
{% set l = [3, 1, 2] %}{{ l.sort() }}{{ l }}{{ l.reverse() }}{{ l }}{% do l.sort(reverse=true) %}{{ l }}{{ l.index(1) }}{{ l.count(3) }}{{ l.copy() }}{% do l.clear() %}{{ l }}
----
{% set l = [1, 2, 3] %}{% do l.insert(-1, 'x') %}{% do l.insert(99, 'y') %}{{ l }}{{ l.pop(-2) }}{{ l }}{% do l.extend('ab') %}{{ l }}
----
{{ [].pop() }}
----
{{ [1].pop(5) }}
----
{{ [1].remove(2) }}
----
{{ [1].index(2) }}
----
{{ (1, 2).index(2) }} {{ (1, 2, 1).count(1) }}
----
{{ ['a', 1].sort() }}
----
{% set d = {'a': 1, 'b': 2} %}{{ d.pop('a') }}{{ d.get('z') }}{{ d.get('z', 5) }}{{ d.setdefault('b', 9) }}{{ d.setdefault('c') }}{{ d }}{{ d.popitem() }}{% do d.update([['x', 1], ('y', 2)], z=3) %}{{ d }}{{ d.copy() }}{% do d.clear() %}{{ d }}
----
{{ {}.pop('a') }}
----
{{ {}.popitem() }}
----
{% set d = {} %}{% do d.update({[1]: 2}) %}
----
{{ {}[[1]] }}
----
{% set d = {} %}{% do d.update('ab') %}
----
{{ {}.fromkeys(['a', 'b'], 1) }} {{ dict([('a', 1)], b=2) }} {{ dict({'x': 1}) }} {{ dict(**{'k': 'v'}) }}
----
{{ {'a': 1}.has_key('a') }}
----
{{ {'a': 1}.iteritems() }}
----
{{ 'abc'.nope }}
----
{{ 'abc'.nope() }}
----
{{ 5.nope }}
----
{{ none.x }}
----
{{ lst.x }} 
----
{{ lst['x'] }}
----
{{ lst[9] }}
----
{{ lst[9] is defined }} {{ lst[9]|default('d') }} {{ 'abc'[9] is defined }} {{ {}[1]|default('n') }} {{ lst['0'] is defined }}
----
{{ 'abc'[1.5] }}
----
{{ lst[1:'x'] }}
----
{{ lst[::0] }}
----
{{ 'hello'[::2] }} {{ lst[::-1] }} {{ lst[3:1:-1] }} {{ lst[-100:100] }} {{ (1, 2, 3)[1:] }} {{ 'héllo'[1:3] }} {{ lst[:0] }} {{ lst[10:] }} {{ lst[-2:][0] }}
----
{% set s = 'abc'|unique %}{{ s.union('d')|sort }} {{ (s.intersection('ab'))|sort }} {{ s.issubset('abcd') }}
""")
group("percent", r"""
{{ '%s %s' % ('a', 1) }} {{ '%d%%' % 5 }} {{ '%5d|%-5d|%05d|%+d|% d' % (42, 42, 42, 42, 42) }} {{ '%x %X %o %#x' % (255, 255, 8, 255) }} {{ '%e %E %g %G' % (12345.678, 0.00012, 1e-10, 1e20) }} {{ '%.3f %8.2f|%-8.2f|' % (3.14159, 2.5, 2.5) }}
----
{{ '%s' % [1, 2] }} {{ '%s' % {'a': 1} }} {{ '%(a)s-%(b)05d' % {'a': 'x', 'b': 7} }} {{ '%r %s' % ('a', 'a') }} {{ '%c%c' % (65, 'b') }} {{ '%.2s|%5s|%-5s|' % ('abc', 'x', 'y') }} {{ '%*d' % (5, 42) }} {{ '%i' % 3.9 }}
----
{{ '%s %s' % 'a' }}
----
{{ '%s' % (1, 2) }}
----
{{ '%d' % 'a' }}
----
{{ '%(a)s' % {} }}
----
{{ '%(a)s' % 5 }}
----
{{ '%y' % 5 }}
----
{{ '%' % 5 }}
----
{{ 'abc' % 5 }}
----
{{ 'abc' % {} }} {{ 'abc' % [] }} {{ '%s' % () }}
----
{{ '%x' % 1.5 }}
----
{{ '%f' % 'a' }}
----
{{ '%s' % none }} {{ '%s %s' % (true, none) }} {{ '%5.1f%%' % 99.55 }} {{ name ~ '-%02d' % 7 }}
----
{{ '%s' % nope }}
----
{{ "%s:%s"|format("a", 2) }} {{ "%(x)s"|format(x=1) }} {{ '%s'|format([1]) }}
----
{{ '%s %s'|format('a') }}
""")
group("ws", """
a\n{% if true %}\nb\n{% endif %}\nc\n
----
a\n  {%- if true -%}\n  b\n  {%- endif -%}\n  c\n\n
----
  {% set x = 1 %}  {{ x }}  {# c #}  x\n
----
a {#- c -#} b {{- 'x' -}} c
----
{% raw -%}\n {{ x }} \n{%- endraw %} y
----
{%- raw %} {% if %} {% endraw -%}\n\n z
----
{% for i in [1, 2] -%}\n  {{ i }}\n{%- endfor %}\n
----
{% for i in [1, 2] %}\n  {{ i }}\n{% endfor %}\n
----
\n\n{{ 1 }}\n\n\n
----
{{ 1 }}\r\n{{ 2 }}\rx\r\n\r\n
----
a\tb {%- if true %}\t c {%+ endif %}
----
{{ '{{' }} {{ '%}' }} {{ "}}" }} {# {{ x }} #}{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a': {}} }}
----
{{ 'a\\nb' }}|{{ 'a\nb' }}|{{ "a\\
b" }}
----
{{-1}} {{ 1 -}} x {{- -1 }} {%- set a = 2 -%} {{ a }}
----
x{% if true -%}   y   {%- else -%} z {%- endif %}  w
----
{{ 1 }}
----

----
{#
multi
#}a{# b
#}
""")
group("trim", """
a\n  {% if true %}\n  b\n  {% endif %}\nc\n
----
  {% set x = 1 %}\n{{ x }}\n  {# c #}\nd {# e #}\n
----
  {%+ if true %}\n x\n  {%- endif %}\n
----
x {% if true %} y\n {% endif %} z\n
----
  {{ 1 }}\n  {% raw %}\n {{ x }}\n  {% endraw %}\nq
----
{% for i in [1, 2] %}\n- {{ i }}\n{% endfor +%}\nend\n
----
\t {% if true %}\n\t {{ 1 }}\n{% endif %}\n\n{% if false %}\n{% endif %}\n.
----
a\n{# c #}\n{# d -#}\n\nb
""", {"trim_blocks": True, "lstrip_blocks": True})
group("trimonly", """
a\n  {% if true %}\n  b\n  {% endif %}\nc\n
----
{# c #}\nx{% set a = 1 %}\n\ny{{ a }}\nz
""", {"trim_blocks": True})
group("line", """
% for i in [1, 2]\nitem {{ i }}  ## gone\n% endfor\n
----
  % if true:\nyes\n  % endif\n\n\nx ## c\n## whole\ny\n
----
% set d = {'a': 1,\n 'b': 2}\n{{ d.b }}\n% macro m(x)\n<{{ x }}>\n% endmacro\n{{ m(1) }}{{ m(2) }}
----
a % b ## c\n%- if true\n  z\n%- endif\nq\n
""", {"line_statement_prefix": "%", "line_comment_prefix": "##"})
group("delim", """
<% if true %><< 1 + 1 >><% endif %>{{ 1 }}{% x %}<# c #>
----
<< 'a'|upper >> <%- set x = 2 -%> << x >> <% raw %><< y >><% endraw %>
""", {"block_start_string": "<%", "block_end_string": "%>", "variable_start_string": "<<", "variable_end_string": ">>", "comment_start_string": "<#", "comment_end_string": "#>"})
group("delim2", """
@if true@x@endif@ ${ 1 } ${ {'a': 1} } $${ 2 }
----
[#c#]@ for i in [1,2] @${ i }@endfor@
""", {"block_start_string": "@", "block_end_string": "@", "variable_start_string": "${", "variable_end_string": "}", "comment_start_string": "[#", "comment_end_string": "#]"})
group("keep", """
a\n
----
{{ 1 }}\n\n
""", {"keep_trailing_newline": True})
group("scope", r"""
{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}
----
{% for i in [1] %}{% set y = 5 %}{% endfor %}{{ y is defined }}
----
{% if true %}{% set y = 5 %}{% endif %}{{ y }}{% if false %}{% set z = 1 %}{% endif %}{{ z is defined }}
----
{% set x = 'o' %}{% macro m() %}{{ x }}{% set x = 'i' %}{{ x }}{% endmacro %}{{ m() }}{{ x }}
----
{% macro m() %}{{ late }}{% endmacro %}{% set late = 'L' %}{{ m() }}
----
{% set x = 1 %}{% with %}{% set x = 2 %}{{ x }}{% endwith %}{{ x }}
----
{% with a = 1, b = a|default('no') %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}
----
{% set ns = namespace(x=0) %}{% for i in range(3) %}{% set ns.x = ns.x + i %}{% set ns.y = i %}{% endfor %}{{ ns.x }}{{ ns.y }}
----
{% set d = {} %}{% set d.x = 1 %}
----
{% set nope.x = 1 %}
----
{% set a, b = [1, 2] %}{% set (c, d) = (3, 4) %}{{ a }}{{ b }}{{ c }}{{ d }}
----
{% set a, b = [1, 2, 3] %}
----
{% set a, b = 1 %}
----
{% for a, b in [[1, 2], [3]] %}{{ a }}{% endfor %}
----
{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}{% for k in {'a': 1} %}{{ k }}{% endfor %}{% for c in 'abc' %}{{ c }}{% endfor %}
----
{% for x in 5 %}{% endfor %}
----
{% for x in none %}{% endfor %}
----
{% for i in [1, 2, 3] if i != 2 %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex0 }} {% else %}none{% endfor %}
----
{% set seen = [] %}{% for x in [1, 1, 2, 1] if x not in seen %}{% do seen.append(x) %}{{ x }}{% endfor %}
----
{% set l = [1, 2] %}{% for x in l %}{{ x }}{% if x < 4 %}{% do l.append(x + 2) %}{% endif %}{% endfor %}
----
{% for i in [1, 2] %}{% for j in 'ab' %}{{ loop.index }}{{ loop.depth }}{% endfor %}{{ loop.index }}{% endfor %}
----
{% for i in [1, 2, 3, 4] %}{{ loop.cycle('odd', 'even') }} {{ loop.changed(i // 3) }} {% endfor %}
----
{% for i in [1, 2] %}{{ loop }} {{ loop|length }}{% endfor %}
----
{% for n in [{'n': 1, 'c': [{'n': 2}]}, {'n': 3}] recursive %}{{ loop.depth }}{{ n.n }}{% if n.c is defined %}({{ loop(n.c) }}){% endif %}{% endfor %}
----
{% for i in [1] %}{{ loop([1]) }}{% endfor %}
----
{% for i in range(5) %}{% if i == 1 %}{% continue %}{% elif i == 3 %}{% break %}{% endif %}{{ i }}{% else %}e{% endfor %}
----
{% macro m(a, b='B', *c) %}{% endmacro %}
----
{% macro m(a, b='B') %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }}{{ m(1, 2, 3) }}{{ m(b=1, a=2, z=3) }}{{ m(*[1, 2], **{'q': 1}) }}
----
{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}
----
{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}
----
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
----
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}
----
{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}
----
{% macro m() %}[{{ caller('x', y=2) }}]{% endmacro %}{% call(a, y=1) m() %}{{ a }}{{ y }}{% endcall %}{% call m() %}{% endcall %}
----
{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}
----
{% macro a() %}{% macro b() %}inner{% endmacro %}{{ b() }}{% endmacro %}{{ a() }}{{ b is defined }}
----
{% set f = 'x'|upper %}{% filter upper|replace('A', 'b') %}aXa{{ f }}{% endfilter %}{% set t | trim | upper %}  q {% endset %}[{{ t }}]
----
{% set x %}a{% set y = 1 %}{{ y }}{% endset %}{{ x }}{{ y is defined }}
----
{% print 1, 'a' %}{% do lst.append(5) %}{{ lst }}
----
{% autoescape true %}{{ '<' }}{{ '<'|safe }}{% set x %}<{% endset %}{{ x }}{{ '<' ~ '>' }}{% endautoescape %}{{ '<' }}
----
{{ self.b() if false }}{% block b %}B{% endblock %}{{ self.b() }}
""")
group("import", r"""
{% import 'm.jinja' as m %}{{ m.f('a') }} {{ m.val }} {{ m.again is defined }} {{ m._hidden is defined }} {{ m }}
----
{% from 'm.jinja' import f, val as v with context %}{{ f(v) }}
----
{% from 'm.jinja' import nope %}{{ nope is defined }}
----
{% from 'm.jinja' import nope %}{{ nope }}
----
{% from 'm.jinja' import again %}{{ again is defined }}
----
{% from 'm.jinja' import _hidden %}
----
{% from 'none.jinja' import x %}
----
{% include 'none.jinja' %}
----
{% include ['none.jinja', 'nada.jinja'] %}
----
{% include ['none.jinja', 'nada.jinja'] ignore missing %}x
----
{% import_yaml 'list.yaml' as l %}{{ l }} {{ l[1][0] }} {{ l[2].k }}
----
{% import_text 'map.jinja.yaml' as t %}[{{ t }}]
----
{% import_json 'map.yaml' as t %}
----
{% set i = 7 %}{% for loopy in [1] %}{% set i = 8 %}{% include 'inc.sls' %}{% endfor %}
----
{% for i in [4, 5] %}{% include 'loopinc.j' %}{% endfor %}
----
{% set localv = 1 %}{% from 'ctxlib.jinja' import m with context %}{% set localv = 2 %}{{ m() }}
----
{% import 'sets.jinja' as s %}{{ s.a }}{{ s.b }}{{ s.c is defined }}{{ s.d is defined }}{{ s.e is defined }}
----
{% import 'count.jinja' as c %}{% import 'count.jinja' as d %}{{ c.add(1) }}{{ d.add(2) }}{{ c.l }}
----
{% import 'count.jinja' as c with context %}{% import 'count.jinja' as d with context %}{{ c.add(1) }}{{ d.add(2) }}{{ c.l }}
----
{% extends 'mid.j' %}{% set q = 1 %}x{% block b %}child[{{ super() }}]{{ q }}{% endblock %}y
----
{% extends 'rows.j' %}{% set rows = [1, 2] %}{% block row %}<{{ r }}>{% endblock %}
----
{% extends 'req.j' %}
----
{% extends 'req.j' %}{% block must %}ok{% endblock %}
----
{% extends 'base.j' %}{% macro m() %}M{% endmacro %}{% block b %}{{ m() }}{{ self.b is callable }}{% endblock %}
----
{% block a %}1{% endblock %}{% block a %}2{% endblock %}
----
a{{ super() }}
----
{% import 'bad.jinja' as b %}{{ b.f() }}
----
{% import 'worse.jinja' as b %}
----
{% load_yaml as y %}
a: [1, yes, 0644, 1:30]
b: {c: ~}
{% endload %}{{ y }} {{ y.b.c is none }}
----
{% load_yaml as y %}a: [1{% endload %}
----
{% load_yaml as a, b %}[1, 2]{% endload %}{{ a }}{{ b }}
----
{% load_json as y %}{bad}{% endload %}
----
{% for i in [1] %}{% load_yaml as y %}v: {{ i }}{% endload %}{{ y.v }}{% endfor %}{{ y is defined }}
----
{% profile as 'x' %}a{% set q = 1 %}{% endprofile %}{{ q }}
""")
group("filter", r"""
{{ 'hello wORLD'|title }} {{ 'foo-bar (baz) [q]'|title }} {{ "don't"|title }} {{ 'ab'|center(5) }}| {{ 'x'|capitalize }} {{ 5|upper }} {{ none|lower }}
----
{{ 'a\nb\n\nc'|indent }} | {{ 'a\nb'|indent(2, true) }} | {{ 'a\n\nb'|indent(2, blank=true) }} | {{ 'a\nb'|indent('> ') }} | {{ ''|indent }} | {{ 'a\n'|indent(width=2) }}|
----
{{ 5|indent }}
----
{{ [1]|indent }}
----
{{ 'a b c d e f g'|truncate(5) }} {{ 'abcdefghijkl'|truncate(5, true) }} {{ 'abcdefgh'|truncate(5) }} {{ 'hello world foo'|truncate(11, false, '..', 0) }} {{ 'x y'|truncate(3, leeway=0) }}
----
{{ 'abc'|truncate(2) }}
----
{{ 'the quick brown fox'|wordwrap(7) }} | {{ 'abcdefghij'|wordwrap(4) }} | {{ 'abcdefghij kl'|wordwrap(4, false) }} | {{ 'a-b-c well-known thing'|wordwrap(6) }} | {{ 'a b\nc d'|wordwrap(2, wrapstring='+') }}
----
{{ 'one two, three'|wordcount }} {{ ''|wordcount }} {{ "it's"|wordcount }}
----
{{ '<a href="x">\'&</a>'|e }} {{ '<'|e|e }} {{ '<'|safe|e }} {{ '<'|e|forceescape }} {{ ['<'|e] }} {{ '<'|e ~ '<' }} {{ '<'|e + '<' }} {{ '<b>'|e|upper }} {{ ('<'|e) is escaped }} {{ '<'|e|length }} {{ '<'|safe * 2 }} {{ '%s'|safe % '<' }}
----
{{ '<p>a &amp; <b>b</b><!-- c --> </p>  d'|striptags }} {{ 'a<b'|striptags }} {{ '&lt;x&gt;'|striptags }}
----
{{ 'a b/c?d&e=é~'|urlencode }} {{ {'a b': 'c&d', 'e': 1}|urlencode }} {{ [('x', 'y z'), ('q', none)]|urlencode }} {{ 5|urlencode }}
----
{{ 'see http://x.org/a and www.y.com, mail a@b.de (http://z.net).'|urlize }} {{ 'http://longer.org/path'|urlize(10) }} {{ 'http://x.org'|urlize(nofollow=true, target='_blank') }}
----
{{ {'class': 'a b', 'id': none, 'x': '<', 'n': 5}|xmlattr }} {{ {}|xmlattr }} {{ {'a': 1}|xmlattr(false) }}
----
{{ {'a b': 1}|xmlattr }}
----
{{ [3, 1, 2]|sort }} {{ ['b', 'A', 'c']|sort }} {{ ['b', 'A', 'a']|sort(case_sensitive=true) }} {{ [1, 3, 2]|sort(true) }} {{ users|sort(attribute='g,n')|map(attribute='n')|list }} {{ users|sort(attribute='g', reverse=true)|map(attribute='n')|list }} {{ 'cab'|sort }} {{ {'b': 1, 'a': 2}|sort }} {{ [[2, 'a'], [1, 'b']]|sort(attribute=1) }}
----
{{ [1, 'a']|sort }}
----
{{ [none, 1]|sort }}
----
{{ {'b': 1, 'A': 3, 'c': 2}|dictsort }} {{ {'b': 1, 'A': 3}|dictsort(true) }} {{ {'b': 1, 'A': 3}|dictsort(false, 'value') }} {{ {'b': 1, 'A': 3}|dictsort(reverse=true) }}
----
{{ {}|dictsort(by='x') }}
----
{{ [1]|dictsort }}
----
{% for g, l in users|groupby('g') %}{{ g }}={{ l|map(attribute='n')|join('+') }};{% endfor %}{% for g in [{'a': 'X'}, {'a': 'x'}, {}]|groupby('a', default='d') %}{{ g.grouper }}{{ g.list|length }};{% endfor %}
----
{{ [1, 2, 3, 4, 5]|batch(2)|list }} {{ [1, 2, 3]|batch(2, 'x')|list }} {{ range(7)|slice(3)|list }} {{ [1, 2]|slice(3, 'f')|list }} {{ []|batch(2)|list }} {{ []|slice(2)|list }}
----
{{ [1, 2, 3]|sum }} {{ [1.5, 2]|sum }} {{ []|sum }} {{ users|sum('g') }} {{ [[1], [2]]|sum(start=[]) }} {{ [1]|sum(start=10) }}
----
{{ ['a']|sum }}
----
{{ [1, 2]|min }} {{ ['b', 'a']|max }} {{ 'abc'|max }} {{ [1, 2.5]|max }}
----
{{ []|min }}
----
{{ [1, 'a']|max }}
----
{{ [1, 2, 3]|first }} {{ 'abc'|last }} {{ {'a': 1}|first }} {{ []|first is defined }} {{ range(5)|last }} {{ {'a': 1, 'b': 2}|last }} {{ 'ab'|list|first }}
----
{{ []|first }}
----
{{ [1, 2]|map('string')|list }} {{ ['a']|map('default', 'x')|list }} {{ [[1, 2], [3]]|map('length')|list }} {{ [[1, 2], [3]]|map('first')|list }} {{ users|map(attribute='n')|map('upper')|join(',') }} {{ [{'a': {'b': 1}}]|map(attribute='a.b')|list }} {{ [[1, 2]]|map(attribute=1)|list }} {{ [[1, 2]]|map(attribute='0')|list }} {{ ['a-b']|map('replace', '-', '+')|list }} {{ [1, 2]|map('multiply') if false }}
----
{{ [1]|map('nosuch')|list }}
----
{{ [1]|map|list }}
----
{{ [1, 2, 3]|select('odd')|list }} {{ [0, 1, '', 'a', none]|select|list }} {{ [1, 2, 3]|reject('gt', 1)|list }} {{ ['a', 'b']|select('in', ['b'])|list }} {{ users|selectattr('n', 'match', 'b')|map(attribute='n')|list }} {{ users|selectattr('nope', 'defined')|list }} {{ users|rejectattr('g', 'equalto', 1)|map(attribute='n')|list }} {{ [{'a': {'b': 1}}, {'a': {'b': 0}}]|selectattr('a.b')|list }} {{ 'yes' if []|select else 'no' }} {{ []|select|list|length }}
----
{{ [1]|select('nosuch')|list }}
----
{{ [1, 2]|select|length }}
----
{{ [1, 2]|map('string')|first }} {{ ([1, 2]|map('string')) is iterable }} {% set g = [1, 2]|map('string') %}{{ g|list }}{{ g|list }}
----
{{ [1, 2, 3]|reverse|list }} {{ 'abc'|reverse }} {{ (1, 2)|reverse|list }} {{ {'a': 1, 'b': 2}|reverse|list }} {{ range(3)|reverse|list }}
----
{{ [1, 2]|join }} {{ [1, none, 'a']|join('-') }} {{ users|join(', ', 'n') }} {{ 'abc'|join('.') }} {{ {'a': 1}|join }} {{ [1]|join(5) }} {{ ['<'|e, '<']|join }}
----
{{ nope|default('a') }} {{ grains.nope|default('b') }} {{ ''|default('c') }}| {{ ''|default('d', true) }} {{ none|default('e') }} {{ false|d('f', boolean=true) }} {{ nope|default }}|
----
{{ nope.x|default('a') }}
----
{{ {'a': 1}|items|list }} {{ {'a': 1}|length }} {{ 'aé'|count }} {{ {'a': 1}|list }} {{ 'ab'|list }} {{ (1, 2)|list }} {{ nope|items|list }}
----
{{ 5|length }}
----
{{ 5|list }}
----
{{ {'a': 1}|attr('a') is defined }} {{ 'abc'|attr('upper') is callable }} {{ ('abc'|attr('upper'))() }}
----
{{ 'x'|replace('x') }}
----
{{ 'aXbX'|replace('X', 5) }} {{ 55|replace(5, 6) }} {{ 'aaa'|replace('a', 'b', 2) }} {{ ' x '|trim }}| {{ 'xxaxx'|trim('x') }} {{ 'x'|string|length }} {{ 5|string ~ 1 }}
----
{{ {'a': '<&>\'"é', 'b': [1.0, none, true]}|tojson }} {{ [1, {'b': 2, 'a': 1}]|tojson(indent=2) }} {{ 'x'|tojson }} {{ 1.5|tojson }} {{ {1: 2, none: 3, true: 4}|tojson }} {{ (1, 2)|tojson }} {{ []|tojson(2) }} {{ {}|tojson(2) }}
----
{{ {'b': 1, 'a': 'é'}|json }} {{ {'b': 1, 'a': [1]}|json(false) }} {{ [1, [2]]|json(indent=1) }} {{ 'a'|json }} {{ none|json }} {{ 10**20 }} {{ (10**20)|json }}
----
{{ {'b': 1, 'a': [1, {'c': 'x: y'}]}|yaml }} | {{ {'b': 1, 'a': [1, {'c': 'x'}]}|yaml(false) }} | {{ 'a'|yaml }} | {{ [1]|yaml(false) }} | {{ none|yaml }} | {{ true|yaml }} | {{ 1.0|yaml }} | {{ 1e20|yaml }} | {{ []|yaml }} | {{ {}|yaml(false) }} | {{ ''|yaml }} | {{ (1, 2)|yaml }}
----
{{ {'a': 'multi\nline'}|yaml(false) }} | {{ 'word ' * 30 }} | {{ ('word ' * 30)|yaml }} | {{ {'a': 'é', 'b': '\x01'}|yaml }} | {{ ['1', 'yes', 'null', '1.5', '0644', ' a', 'a#', '@x']|yaml(false) }}
----
{{ nope|yaml }}
----
{{ [nope, grains.x]|json }}
----
{{ nope|tojson is defined }} {{ [nope]|yaml is defined }}
----
{{ 'a: [1, {b: c}]'|load_yaml }} {{ '{"a": [1, null]}'|load_json }} {{ ''|load_yaml }} {{ '- 1\n- b'|load_yaml }} {{ ' t '|load_text }}|
----
{{ none|load_yaml }}
----
{{ 5|load_json }}
----
{{ 'a: b: c'|load_yaml }}
----
{{ 'x: {{'|load_yaml }}
----
{{ {'name': 'x', 'l': [1]}|dict_to_sls_yaml_params }} | {{ {'a': {'b': 1}}|dict_to_sls_yaml_params(true) }}
----
{{ {'b': [1, 2], 'a': {'z': 1, 'y': 'x' * 40}, 'c': 'q ' * 50}|python }}
----
{{ {'b': 1, 'a': [1, {'d': 1, 'c': 2}], 3: none}|pprint }} {{ 'x'|pprint }} {{ ['a' * 30, 'b' * 30, 'c' * 30]|pprint }} {{ ('a' * 50, 'b' * 50)|pprint }}
----
{{ {'root': {'a': 'v', 'n': 5, 'kids': [{'k': 1}, {'k': '<&"'}], 'sub': {'x': 'y', 'deep': {'q': 1}}}}|xml }}
----
{{ {'r': {'l': ['a', 'b']}}|xml }}
----
{{ 'a: "b"\n\té\\'|yaml_dquote }} {{ "it's\nx"|yaml_squote }} {{ 5|yaml_encode }} {{ none|yaml_encode }} {{ true|yaml_encode }} {{ 1.5|yaml_encode }} {{ 'x'|yaml_encode }} {{ 1e20|yaml_encode }}
----
{{ [1]|yaml_encode }}
""")
group("salt", r"""
{{ 'abc'|regex_search('b(.)') }} {{ 'abc'|regex_search('b') }} {{ 'abc'|regex_search('x') }} {{ 'aBc'|regex_search('B(C)', ignorecase=true) }} {{ 'abc'|regex_match('b') }} {{ 'abc'|regex_match('(a)(x)?') }} {{ 'a\nb'|regex_search('^b', multiline=true) }} {{ 'a1b22'|regex_replace('\\d+', '#') }} {{ 'ab'|regex_replace('(a)(b)', '\\2\\g<1>') }} {{ 'abc'|regex_replace('', '-') }} {{ 'aXbx'|regex_replace('x', '_', ignorecase=true) }} {{ 'a.b*c d'|regex_escape }} {{ 'x\n'|regex_search('x$') }} {{ 'abab'|regex_replace('(?P<n>a)', '<\\g<n>>') }} {{ 'aab'|regex_replace('a*', 'x') }}
----
{{ 'a'|regex_replace('(', 'x') is defined }}
----
{{ 5|regex_search('5') }}
----
{{ 'abc' is match('b') }} {{ 'abc' is match('A', ignorecase=true) }} {{ 'abc' is match 'a' }} {{ 'x' is not match('y') }}
----
{{ [1, 2, 2, [3], [3]]|unique }} {{ [1]|union([2, 1]) }} {{ [1, 2]|intersect([2, 3]) }} {{ [1, 2]|difference([2]) }} {{ [1, 2]|symmetric_difference([2, 3]) }} {{ ['b', 'a', 'b']|unique }} {{ [1, true, 1.0]|unique }}
----
{{ ('a', 'b')|union(('c',))|sort }} {{ (1, 2)|intersect((2,)) }} {{ 'ab'|difference('b') }}
----
{{ [1, 2, 3]|avg }} {{ 3|avg }} {{ '4.5'|avg }}
----
{{ []|avg }}
----
{{ [1, [2, [3, none, [4]]]]|flatten }} {{ [1, [2, [3]]]|flatten(1) }} {{ [1, [2, [3]]]|flatten(levels=0) }} {{ [none, [none]]|flatten(preserve_nulls=true) }} {{ ['a', ('b',)]|flatten }}
----
{{ [1, 2]|compare_lists([2, 3]) }} {{ {'a': 1}|compare_dicts({'a': 2}) }} {{ [1]|compare_lists([1]) }} {{ {'a': 1}|compare_dicts({}) }} {{ {}|compare_dicts({'b': 1}) }}
----
{{ [1, 0, 'a']|exactly_n_true(2) }} {{ [1, 0]|exactly_one_true }} {{ [1, 1]|exactly_one_true }} {{ []|exactly_n_true(0) }} {{ 'a'|substring_in_list(['xax', 'b']) }} {{ 'z'|substring_in_list(['xax']) }} {{ ['b', 'A']|sorted_ignorecase }} {{ [1]|is_list }} {{ (1,)|is_list }} {{ 'a'|is_iter }} {{ []|is_iter }} {{ 5|is_iter }}
----
{{ 'yes'|to_bool }} {{ 'YES'|to_bool }} {{ 'true'|to_bool }} {{ 'on'|to_bool }} {{ '1'|to_bool }} {{ 1|to_bool }} {{ -1|to_bool }} {{ none|to_bool }} {{ [0]|to_bool }} {{ {}|to_bool }} {{ 1.5|to_bool }} {{ true|to_bool }} {{ ''|to_bool }}
----
{{ "it's"|quote }} {{ 'a b'|quote }} {{ ''|quote }} {{ 'plain-1/2.x'|quote }} {{ '$x'|quote }} {{ 'x'|sequence }} {{ (1,)|sequence }} {{ 5|sequence }} [{{ 'x'|skip }}] {{ none|sequence }}
----
{{ 'a-b'|method_call('split', '-') }} {{ [1, 2]|method_call('count', 1) }} {{ 5|method_call('nope') }} {{ {'a': 1}|method_call('get', 'a') }}
----
{{ pillar|traverse('users:bob:groups:0') }} {{ pillar|traverse('users:nope', 'd') }} {{ pillar|traverse('users.al.uid', delimiter='.') }} {{ {1: {'a': 'x'}}|traverse('1:a') }} {{ [{'a': 1}, {'b': 2}]|traverse('b') }} {{ [[1, 2]]|traverse('0:1') }} {{ {'a': 1}|traverse('a:b', 'n') }} {{ {'a': 1}|traverse(['a']) }} {{ [1]|traverse('5') }} {{ [1, 2]|traverse('-1') }}
----
{{ {'a': 1, 'b': 2}|to_entries }} {{ ['x']|to_entries }} {{ [{'key': 'a', 'value': 1}, {'Name': 'b', 'Value': 2}, {'x': 1}]|from_entries }}
----
{{ {'a': {'b': 1}}|set_dict_key_value('a:c', 'n') }} {{ {}|set_dict_key_value('x:y:z', 5) }} {{ {}|set_dict_key_value('x/y', 5, '/') }} {{ {'l': [1]}|append_dict_key_value('l', 2) }} {{ {}|append_dict_key_value('n:o', 'f') }} {{ {'l': [1]}|extend_dict_key_value('l', [2, 3]) }} {{ {}|extend_dict_key_value('l', 'ab') }} {{ {'u': {'a': 1}}|update_dict_key_value('u', {'b': 2}) }} {{ {}|update_dict_key_value('u', {'b': 2}) }}
----
{{ {'l': 1}|append_dict_key_value('l', 2) }}
----
{{ {'l': []}|extend_dict_key_value('l', 2) }}
----
{{ ['| id | user |', '+--+', '| 1 | root |', '| 2 | bob |']|mysql_to_dict('user') }}
----
{{ [1, 'é', ['x'], {'k': 'v'}, (1, 'a')]|json_encode_list }} {{ {'k': 'é', 'n': {'m': [1, 'x']}}|json_encode_dict }}
----
{{ [1, 2, 3]|combinations(2)|list }} {{ 'AB'|combinations_with_replacement(2)|list }} {{ [1, 2, 3]|permutations(2)|list }} {{ 'AB'|permutations|list }} {{ [1, 2]|product('ab')|list }} {{ [0, 1]|product(repeat=2)|list }} {{ [1, 2]|zip('abc')|list }} {{ [1]|zip_longest('ab', fillvalue='-')|list }} {{ 'ABC'|compress([1, 0, 1])|list }} {{ [1]|combinations(0)|list }} {{ [1]|combinations(3)|list }} {{ []|permutations|list }}
----
{{ 'x'|uuid }} {{ 'a'|md5 }} {{ 'a'|sha1 }} {{ 'é'|sha256 }} {{ 'a'|sha512|length }} {{ 'é'|base64_encode }} {{ 'w6k='|base64_decode }} {{ '/w=='|base64_decode }} {{ 'a'|hmac_compute('k') }} {{ 'get salted'|hmac('shared secret', 'eBWf9bstXg+NiP5AOwppB5HMvZiYMPzEM9W5YMm/AmQ=') }} {{ 5|random_str|length }} {{ 9|random_hash('sha1')|length }} {{ [7]|random_sample(1) }} {{ [7]|random_shuffle }} {{ 'AC'|gen_mac|length }}
----
{{ '2G'|human_to_bytes }} {{ '30MB'|human_to_bytes }} {{ '30MB'|human_to_bytes(handle_metric=true) }} {{ '64KiB'|human_to_bytes }} {{ '5'|human_to_bytes('M') }} {{ '1.5k'|human_to_bytes }} {{ 'x'|human_to_bytes }} {{ '12q'|human_to_bytes }} {{ '10b'|human_to_bytes }}
----
{{ '5'|to_num }} {{ '5.5'|to_num }} {{ 'x'|to_num }} {{ ' 7 '|str_to_num }} {{ '0x1f'|is_hex }} {{ 'zz'|is_hex }} {{ 'a b'|contains_whitespace }} {{ 'ab'|contains_whitespace }} {{ 'é'|to_bytes }} {{ 'a_bc_d'|to_camelcase }} {{ 'a_bc'|to_camelcase(uppercamel=true) }} {{ 'camelsWillLoveThis'|to_snake_case }} {{ 'HTTPServer'|to_snake_case }}
----
{{ 'web1'|check_whitelist_blacklist(['web*']) }} {{ 'web1'|check_whitelist_blacklist(blacklist='web*') }} {{ 'db'|check_whitelist_blacklist(['web*', 'd.'], ['x']) }} {{ 'x'|check_whitelist_blacklist }}
----
{{ 'a'|path_join('b', '/c', '../d') }} {{ '/'|path_join('x') }} {{ '/a/./b//'|path_join }} {{ ''|path_join('x') }} {{ 'a/..'|path_join }}
----
{{ '192.168.0.1'|is_ip }} {{ 'fe80::1'|is_ipv6 }} {{ '300.1.1.1'|is_ip }} {{ '10.0.0.0/8'|is_ipv4 }} {{ '127.0.0.1'|is_ipv4(options='loopback') }} {{ '10.0.0.1'|is_ip(options='private') }} {{ '8.8.8.8'|is_ip(options='public') }} {{ '8.8.8.8'|is_ip('private') }} {{ '224.0.0.1'|is_ip('multicast') }} {{ 'fe80::1'|is_ip('ll') }} {{ '0.0.0.0'|is_ip('unspecified') }} {{ '240.0.0.1'|is_ip('reserved') }} {{ 'fec0::1'|is_ip('sl') }} {{ ''|is_ip }} {{ 'a'|is_ipv4 }}
----
{{ ['192.168.0.1', 'foo', 'fe80::', '10.0.0.0/8']|ipaddr }} {{ ['192.168.0.1', 'fe80::']|ipv4 }} {{ 'fe80::'|ipv6 }} {{ 'foo'|ipaddr }} {{ '1.2.3.4/255.255.255.0'|ipaddr }} {{ '192.168.0.12/24'|ip_host }} {{ ['1.2.3.4/8', 'x']|ip_host }} {{ '192.168.0.1/30'|network_hosts }} {{ '192.168.0.0/24'|network_size }} {{ '2001::/120'|network_size }} {{ 'x'|network_size }} {{ '10.0.0.0/31'|network_hosts }} {{ '10.0.0.1'|network_hosts }} {{ '::ffff:1.2.3.4'|ipaddr }}
----
{{ 'fe80::'|ipwrap }} {{ ['fe80::1', '1.2.3.4', 'h']|ipwrap }} {{ ['10.0.0.1', '11.0.0.1']|filter_by_networks(['10.0.0.0/8']) }} {{ {'e': ['10.0.0.1', '11.0.0.1']}|filter_by_networks(['11.0.0.0/8']) }} {{ 'AC:DE:48:00:00:01'|mac_str_to_bytes }} {{ ['1.1.1.1']|filter_by_networks(none) }}
----
{{ 1457456400|strftime }} {{ 1457456400|strftime('%Y-%m-%d %H:%M:%S') }} {{ '2002/12/25'|strftime('%y') }} {{ '2002/12/25 13:45'|strftime('%d.%m.%Y %H:%M') }} {{ '1040814000'|strftime('%Y-%m-%d') }} {{ '2016-11-05'|date_format('%A') }} {{ 1457456400.5|strftime('%B %d %j %p') }} {{ '2016-11-05T10:11:12'|strftime('%H%M%S') }} {{ 0|date_format('%a %b %e %I') }}
----
{{ {'s': [{'n': 'a', 'p': 80}, {'n': 'b', 'p': 25}], 'a': {'b': [10, {'c': 'd'}]}}|json_query('s[].p') }} {{ {'s': [{'n': 'a', 'p': 80}, {'n': 'b', 'p': 25}]}|json_query("s[?n=='a'].p | [0]") }} {{ {'s': [{'n': 'a', 'p': 80}]}|json_query('s[*].{x: n, y: p}') }} {{ {'s': [1, 2]}|json_query('length(s)') }} {{ {}|json_query('nope') }} {{ {'a': {'b': [10, {'c': 'd'}]}}|json_query('a.b[1].c') }} {{ [3, 1, 2]|json_query('sort(@)') }} {{ [3, 1, 2]|json_query('[-1]') }} {{ [1, 2, 3, 4]|json_query('[1:3]') }} {{ {'a': 1, 'b': 2}|json_query('keys(@)') }} {{ [{'a': 2}, {'a': 1}]|json_query('sort_by(@, &a)[*].a') }} {{ [1, 5, 9]|json_query('[?@ > `4`]') }} {{ {'x': 'y'}|json_query('x || z') }} {{ {'a b': 1}|json_query('"a b"') }} {{ [[1, 2], [3]]|json_query('[]') }} {{ {'a': {'x': 1}, 'b': {'x': 2}}|json_query('*.x') }} {{ ['a', 'b']|json_query("join('-', @)") }} {{ [1, 2]|json_query('[sum(@), max(@), avg(@)]') }}
----
{{ salt['test.echo']({'a': [1]}).a }} {{ salt.test.kw(b=2, a='x') }} {{ salt['test.echo']('a')|upper }} {{ 'test.echo' in salt }} {{ 'no.such' in salt }} {{ salt.get('test.lst')() }} {% set f = salt['test.echo'] %}{{ f(5) }}
----
{{ salt['no.such']() }}
----
{{ salt.test.lst()|sum }} {% set r = salt['test.lst']() %}{% do r.append(3) %}{{ r }} {{ salt['test.lst']() }} {{ salt['test.echo'](range(2)|list) }} {{ salt['test.echo']((1, 'a')|list) }}
""")
group("undef", r"""
{{ nope is defined }} {{ nope is undefined }} {{ grains.nope is defined }} {{ grains['nope'] is not defined }} {{ nope|default(1) + 1 }}
----
{{ nope.a }}
----
{{ nope['a'] }}
----
{{ nope() }}
----
{{ nope + 1 }}
----
{{ 1 + nope }}
----
{{ nope ~ 'a' }}
----
{{ not nope }}
----
{{ nope and 1 }}
----
{{ 1 in nope }}
----
{{ nope in [1] }}
----
{{ nope == nope }}
----
{{ nope|length }}
----
{{ nope|upper }}
----
{{ nope|list }}
----
{{ nope|join }}
----
{{ nope|int }}
----
{{ nope|first }}
----
{{ nope|replace('a', 'b') }}
----
{{ [1, nope]|sort }}
----
{{ grains.os.nope }}
----
{{ grains['os']['x'] }}
----
{{ users[0].zz }}
----
{{ (users|first).zz.y }}
----
{{ pillar.users.bob.groups[5] }}
----
{{ pillar['users']['zoe']['uid'] }}
----
{% if grains.nope %}{% endif %}
----
{{ 'x' if nope else 'y' }}
----
{{ ('x' if false) }}|{{ ('x' if false) ~ 'a' }}|{{ ('x' if false)|default('d') }}|{{ ('x' if false) is defined }}|{{ ('x' if false)|length }}
----
{{ ('x' if false).a }}
----
{{ ''.__class__ }}
----
{{ ''.__class__.__mro__ }}
----
{{ lst.__len__() }}
----
{{ 'a'['__class__'] }}
----
{{ {}._x }}
----
{{ ''|attr('__class__') }}
----
{{ range(1000000)|length }}
----
{{ raise('boom') }}
----
{{ 5() }}
----
{{ 'a'() }}
----
{{ lst(1) }}
----
{{ 'a'.upper(1) }}
----
{{ 'a'|upper(1) }}
----
{{ dict(1) }}
----
{{ range('a') }}
----
{{ 1 is divisibleby(0) }}
----
{{ 'a' is odd }}
----
{{ 'a' in 5 }}
----
{{ 5 in 'abc' }}
----
{{ 1 is nosuch }}
----
{% if false %}{{ 1|nosuch }}{% endif %}ok
----
{% if true %}{{ 1|nosuch }}{% endif %}
----
{% if true %}{{ 1 is nosuch }}{% endif %}
""")
group("tests", r"""
{{ 1 is number }} {{ true is number }} {{ true is integer }} {{ 1 is boolean }} {{ 1.0 is float }} {{ 'a' is string }} {{ ('a'|e) is string }} {{ {} is mapping }} {{ odict() is mapping }} {{ [] is sequence }} {{ 'a' is sequence }} {{ {} is sequence }} {{ 5 is sequence }} {{ range(2) is sequence }} {{ (x for x) if false }}
----
{{ [] is list }} {{ () is list }} {{ [] is iterable }} {{ 'a' is iterable }} {{ 5 is iterable }} {{ none is none }} {{ none is iterable }} {{ {}.keys() is iterable }} {{ {}.keys() is sequence }} {{ {}.keys() is list }}
----
{{ 3 is odd }} {{ 4 is even }} {{ 4 is divisibleby 2 }} {{ 4 is divisibleby(3) }} {{ 'a' is in ['a'] }} {{ 'a' is in 'abc' }} {{ 1 is eq 1 }} {{ 1 is ne 2 }} {{ 1 is lt 2 }} {{ 2 is ge 2 }} {{ 1 is sameas 1 }} {{ true is sameas true }} {{ [] is sameas [] }} {{ none is sameas none }}
----
{{ 'a' is lower }} {{ 'A' is upper }} {{ 'Ab' is lower }} {{ 'upper' is filter }} {{ 'nosuch' is filter }} {{ 'odd' is test }} {{ 'yaml' is filter }} {{ 'x' is escaped }} {{ range is callable }} {{ 'a'.upper is callable }} {{ salt['test.echo'] is callable }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ 0 is false }}
----
{{ not 1 is string }} {{ 1 is not string }} {{ 1 is string or true }} {{ [1, 2] is eq([1, 2]) }} {{ 'a' is defined and 'b' is defined }} {{ 1 + 1 is number }} {{ -1 is number }} {{ 1 is number is defined if false }}
----
{{ 1 is string is number }}
""")
group("syntax", """
{% if x %}
----
{% for x in y %}{% endif %}
----
{% endif %}
----
{{ 1 + }}
----
{{ [1, 2 }}
----
{{ (1, 2] }}
----
{{ 'abc }}
----
{{ a b }}
----
a\n\n{{ foo( }}
----
{% set 1 = 2 %}
----
{% set true = 2 %}
----
{% set a.b.c = 2 %}
----
{% for %}{% endfor %}
----
{% macro %}{% endmacro %}
----
{% macro m(a=1, b) %}{% endmacro %}
----
{% block a-b %}{% endblock %}
----
{% block a %}{% endblock b %}
----
{# open
----
{% raw %}x
----
{% nosuch %}
----
{% if true %}\n{% nosuch %}\n{% endif %}
----
{{ 1|nosuch }}
----
a\n{{ 1 is nosuch }}\n
----
{% call foo %}{% endcall %}
----
{% include %}
----
{% import 'x' %}
----
{% from 'x' import %}
----
{{ {'a' 1} }}
----
{{ f(a=1, 2) }}
----
{{ f(**a, *b) }}
----
{{ a[1:2:3:4] }}
----
{{ ! }}
----
{{ a.}}
----
{{ a.'b' }}
----
{{ '\\x4' }}
----
{{ 01 }}
----
{{ 1.2.3 }}
----
{{ 'a' 'b' \"c\" }}
----
{%- if x -%}\n{% else %}\n{% else %}\n{% endif %}
----
{{ }}
----
{% %}
----
{% 5 %}
----
{% elif x %}
----
{{ a ? b }}
----
{% if a %}{% for x in y %}\n{% endif %}{% endfor %}
----
{% load_yaml y %}{% endload %}
----
{{ lst[0, 1] }}
----
{{ 1 if 2 else }}
----
{{ not }}
----
{% filter nosuch %}{% endfilter %}
----
{{ é }} {{ a$b }}
----
{% do lst.pop() %}{{ lst }}
----
{{ x }
----
{% set x = %}
----
{% extends 'a' %}{% extends 'b' %}
""")

group("found", r"""
{% for i in [1, 2] %}{% continue %}{% else %}none{% endfor %} {% for i in [1, 2] %}{% break %}{% else %}none{% endfor %} {% for i in [1, 2] %}{% if loop.index == 2 %}{% break %}{% endif %}{% else %}none{% endfor %}
----
{% for loop in [1] %}{% endfor %}
----
{{ 5 is filter }} {{ 1.5 is test }} {{ none is filter }}
----
{{ [] is filter }}
----
{{ (2.675).as_integer_ratio() }} {{ (1e16).as_integer_ratio() }} {{ (7).as_integer_ratio() }} {{ (0.1).hex() }} {{ (-0.0).hex() }} {{ (1e100).hex() }}
----
{{ (255).to_bytes(2, 'big') }} {{ (1).to_bytes(2, 'little') }} {{ (5).to_bytes() }} {{ (-2).to_bytes(2, 'big', signed=true) }}
----
{{ (256).to_bytes(1, 'big') }}
----
{{ (-1).to_bytes(1, 'big') }}
----
{{ [1, 2]|min(true) }}
----
{{ ['a', 'B']|max(case_sensitive=true) }}
----
{{ 'a'|path_join(1) }}
----
{{ [1]|uuid }}
----
{{ 'abc'.encode()|uuid }} {{ 'abc'|uuid }}
----
{{ false|quote }} {{ none|quote }} {{ []|quote }} {{ ("a b'c"|escape)|quote }} {{ ('ab'|escape)|quote }}
----
{{ 5|quote }}
----
{{ [1]|to_num }}
----
{{ [1]|json_encode_dict }}
----
{{ {'a': 1}|json_encode_list }} {{ 'ab'|json_encode_list }} {{ (1, 'a')|json_encode_list }}
----
{{ [1]|mysql_to_dict('a') }}
----
{{ [none]|from_entries }}
----
{{ [1, true, 'x', 167772161]|ipv4 }} {{ [1, 10]|ip_host }} {{ [1]|network_size }} {{ 1|is_ip }} {{ [4294967296]|ipv6 }}
----
{{ '2001:DB8::0001'|ipwrap }} {{ '10.0.0.1'|ipwrap }} {{ ['fe80::1', 5]|ipwrap }}
----
{{ '2001:db8::/120'|ipwrap }}
----
{{ ['x']|filter_by_networks([]) }}
----
{{ []|compare_dicts({'a': 1}) }} {{ none|compare_dicts }}
----
{{ [none]|difference('abz') }}
----
{{ [1]|exactly_n_true('2') }}
----
{{ [].sort([]) }}
----
{{ '%(a)%' % {'a': 1} }}
----
{% filter length %}text{% endfilter %}
----
{% load_json as v %}[Infinity, -Infinity, 1, "NaN \" Infinity"]{% endload %}{{ v }}
----
{{ '{"a": [NaN]}'|load_json }}
----
{{ 'abc'|regex_replace('x', '\\1') }}
----
{{ 'abc'|regex_replace('x', '\\q') }}
----
{{ 'abc'|regex_replace('(?P<n>b)', '<\\g<n>\\g<1>>') }} {{ 'abc'|regex_replace('b', '\\-') }}
----
{{ '{:_}'.format('ABC') }}
----
{{ 'abc'|center(none) }}
----
{{ 'abc'|truncate(none) }}
----
{{ 'a b c d e f'|truncate(5.0, true, '', 0) }}
----
{{ 'abc'|truncate(2.5, true, '', 0) }}
----
{{ 'abc'|wordwrap(none) }}
----
{{ 'a'|replace('a', 'b', '2') }}
----
{{ (-0.4)|round(0, 'ceil') }} {{ (-0.0)|round(3, 'floor') }}
----
{{ 1.5|round(1, []) }}
----
{{ {1: 'a'}|xmlattr }}
----
{{ self }}
----
{{ ': '.find('', 10) }} {{ 'ab'.find('', 2) }} {{ 'ab'.find('', 2, 1) }} {{ 'ab'.startswith('', 3) }} {{ 'ab'.count('', 3) }} {{ 'ab'.count('', 2) }}
----
{{ 'ab'.index('', 3) }}
----
{% set d = {'b': 1} %}{% do d.update({'q': d.values()}) %}{{ d }}
----
{{ {(1, 2): 'tuple'}|json }}
----
{{ {(1, 2): 'tuple'}|tojson }}
----
{{ range(3)|tojson }}
----
{{ ({'a': 1}|items)|json }}
----
{{ ('a'|escape)|yaml }} {{ range(3)|yaml }} {{ {'a': 1}.keys()|yaml }} {{ (1, 'a')|yaml }}
----
{{ {}|set_dict_key_value(1, 2) }}
----
{{ []|tojson(indent='x') }} {{ 'a'|tojson(indent='x') }}
""")

group("worded", r"""
{{ 1457456400.5 | strftime('%c|%x|%X|%r|%f|%s|%z|%Z|') }}
----
{{ 1457456400.5 | strftime('%i|%o|%q|%v|%E|%J|%K|%L|%N|%O|%Q|%+') }}
----
{{ 1457456400.5 | strftime('%-d|%_d|%-m|%^a|%5d|%Ey|%Od|%:z|%%|%') }}
----
{{ 1457456400.5 | strftime('%a %A %b %B %C %d %D %e %F %g %G %h %H %I %j %k %l %m %M %p %P %R %S %T %u %U %V %w %W %y %Y') }}
----
{{ {1: 'a', none: 'b'}|json }}
----
{{ {1: 'a', 'x': 'b'}|tojson }}
----
{{ [1]|md5 }}
----
{{ none|base64_encode }}
----
{{ 'x'|filesizeformat }}
----
{{ 'a'.join() }}
----
{{ 'a'.center() }}
----
{{ 'a'.find() }}
----
{{ 'a'.replace() }}
----
{{ [].append() }}
----
{{ [].insert() }}
----
{{ [].index() }}
----
{{ {}.get() }}
----
{{ (1,).count() }}
""")
