"""What the generated cases are made of."""

PRELUDE = """{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\\njumps <over> "the" lazy dog' -%}
"""

FILTERS = {
    "default": ["nosuch | default('x')", "'' | default('x')", "'' | default('x', true)", "none | default('x')", "none | default('x', true)",
                "d.q | default(0)", "d.a.q | d([])", "nosuch | default", "0 | default(5, boolean=True)"],
    "join": ["words | join", "words | join(', ')", "nums | join('-')", "people | join('/', attribute='n')", "'abc' | join('.')", "[] | join(',')", "d | join(',')", "[none, true, 1.0] | join('|')"],
    "replace": ["text | replace('o', '0')", "'aaa' | replace('a', 'b', 2)", "12321 | replace('2', 'x')", "'' | replace('', 'y')"],
    "case": ["text | lower", "text | upper", "'hELLO wORLD' | title", "'hello world' | capitalize", "'a-b c_d\\'s' | title", "5 | upper", "none | lower"],
    "indent": ["'a\\nb\\n\\nc' | indent", "'a\\nb' | indent(2)", "'a\\nb' | indent(2, true)", "'a\\n\\nb' | indent(2, blank=true)", "'a\\nb' | indent('> ')", "'a\\nb\\n' | indent(width=3, first=True)"],
    "length": ["words | length", "d | length", "text | count", "'' | length", "range(7) | length"],
    "string-int-float": ["5 | string", "1.0 | string", "none | string", "[1, 'a'] | string", "'42' | int", "'42.9' | int", "'x' | int", "'x' | int(7)", "'0x1f' | int(base=16)",
                         "'0b11' | int(0, 2)", "'1.5' | float", "'x' | float", "'x' | float(2.5)", "3 | float", "true | int", "'1e3' | float", "none | int(9)", "' 12 ' | int"],
    "regex": ["'abc123' | regex_replace('[0-9]+', '#')", "'a.b' | regex_escape", "'foo bar' | regex_search('(o+) (b)')", "'foo' | regex_search('x')", "'foo' | regex_search('o')", "'foobar' | regex_match('foo(.*)')",
              "'xfoo' | regex_match('foo')", "'FOO' | regex_match('(f)', ignorecase=True)", "'a\\nb' | regex_search('^(b)', multiline=True)", "'yaml' | regex_replace('(.)a', '\\\\1A')", "'aBc' | regex_replace('b', 'x', ignorecase=True)"],
    "trim": ["'  a b ' | trim", "'xxaxx' | trim('x')", "5 | trim", "'\\n\\ta' | trim"],
    "sort": ["words | sort", "words | sort(case_sensitive=true)", "nums | sort", "nums | sort(reverse=true)", "people | sort(attribute='n') | map(attribute='n') | list", "people | sort(attribute='age,n') | map(attribute='n') | list",
             "d.a | sort", "'hello' | sort", "[[2, 'a'], [1, 'b']] | sort", "d | dictsort", "{'b': 1, 'A': 2} | dictsort", "{'b': 1, 'A': 2} | dictsort(true)", "{'b': 1, 'a': 2} | dictsort(by='value')", "{'b': 1, 'a': 2} | dictsort(reverse=true)"],
    "round-abs": ["2.567 | round", "2.567 | round(2)", "2.5 | round", "3.5 | round", "2.1 | round(method='ceil')", "2.9 | round(0, 'floor')", "-4 | abs", "25 | round(-1)", "2.5 | round | int", "1234.5678 | round(1, 'ceil')"],
    "format": ["'%s-%s' | format('a', 1)", "'%05.2f|%x|%o|%e' | format(3.14159, 255, 8, 12345.678)", "'%(a)s' | format(a='k')", "'%-5s|%5s|%+d' | format('a', 'b', 3)", "'%%' | format", "'%r %s' | format('q', none)"],
    "select": ["nums | select('gt', 1) | list", "nums | reject('odd') | list", "nums | select | list", "[0, '', 1, none] | select | list", "people | selectattr('age', 'eq', 30) | map(attribute='n') | list", "people | rejectattr('tags') | map(attribute='n') | list",
               "people | selectattr('tags', 'defined') | list | length", "words | select('match', '[a-b]') | list", "words | select('in', ['beta']) | list", "nums | map('string') | list", "words | map('upper') | join", "people | map(attribute='tags', default='none') | list", "words | map('replace', 'a', 'X') | list"],
    "first-last-reverse": ["words | first", "words | last", "[] | first is defined", "nums | reverse | list", "'abc' | reverse", "words | random is string", "'' | last is defined"],
    "sum-min-max": ["nums | sum", "people | sum(attribute='age')", "nums | sum(start=100)", "nums | min", "nums | max", "words | min", "words | max", "[1.5, 2] | sum", "nums | avg", "[] | sum", "5 | avg"],
    "batch-slice": ["nums | batch(2) | list", "nums | batch(3, 'x') | list", "nums | slice(3) | list", "nums | slice(2, 'x') | list", "range(7) | slice(3) | map('length') | list"],
    "groupby": ["people | groupby('age') | map('first') | list", "people | groupby('age') | map('last') | map('length') | list", "people | groupby('tags', default='none') | map('first') | list"],
    "unique": ["[1, 2, 1, 3] | unique", "words | unique | list", "['a', 'A'] | unique", "[[1], [1]] | unique"],
    "sets": ["[1, 2, 3] | intersect([2, 3, 4])", "[1, 2] | union([2, 3])", "[1, 2, 3] | difference([2])", "[1, 2] | symmetric_difference([2, 3])", "[{'a': 1}, {'b': 2}] | difference([{'a': 1}])", "[{'a': 1}] | union([{'a': 1}, {'c': 3}])"],
    "yaml-json": ["d.a | yaml", "d.a | yaml(False)", "d.a | json", "d.a | tojson", "words | yaml", "words | yaml(False)", "'<a> & \\'b\\'' | tojson", "'é' | json", "'é' | tojson", "none | yaml", "true | yaml", "'yes' | yaml", "'1' | yaml", "1.0 | json",
                  "{'b': 1, 'a': 2} | json", "{'b': 1, 'a': 2} | json(sort_keys=False)", "d.a | json(indent=2)", "d.a | tojson(indent=2)", "'multi\\nline' | yaml", "'' | yaml"],
    "yaml-quotes": ["'a\"b' | yaml_dquote", "\"a'b\" | yaml_squote", "'a: b' | yaml_encode", "5 | yaml_encode", "true | yaml_encode", "none | yaml_encode", "'é\\t' | yaml_dquote", "'x' | yaml_encode", "1.5 | yaml_encode", "'yes' | yaml_encode"],
    "load": ["'{a: [1, yes]}' | load_yaml", "'[1, {\"b\": null}]' | load_json", "'a: 010' | load_yaml", "('a: 1\\nb: 2' | load_yaml).b", "'5' | load_yaml", "'x' | load_text"],
    "python": ["d.a | python", "words | python", "text | python", "[words, words, words, words, words] | python"],
    "to_bool": ["'yes' | to_bool", "'True' | to_bool", "'1' | to_bool", "'on' | to_bool", "'no' | to_bool", "0 | to_bool", "3 | to_bool", "[] | to_bool", "[1] | to_bool", "none | to_bool", "'' | to_bool", "-1 | to_bool"],
    "sequence": ["'a' | sequence", "['a'] | sequence", "5 | sequence", "{'a': 1} | sequence", "(1, 2) | sequence", "none | sequence"],
    "quote": ["'a b' | quote", "\"it's\" | quote", "'plain' | quote", "'' | quote", "'$x;y' | quote"],
    "flatten": ["[1, [2, [3, [4]]]] | flatten", "[1, [2, [3, [4]]]] | flatten(levels=1)", "[none, [none, 1]] | flatten", "[none, [none, 1]] | flatten(preserve_nulls=True)"],
    "traverse": ["d | traverse('a:x:0')", "d | traverse('a:x:1:y')", "d | traverse('a:q', 'none')", "d | traverse('a.z', delimiter='.')", "d | traverse('nosuch')", "d | traverse('a:z')", "words | traverse('1')"],
    "entries": ["{'a': 1, 'b': 2} | to_entries", "[{'key': 'a', 'value': 1}, {'name': 'b', 'value': 2}] | from_entries", "{'a': {'b': 1}} | to_entries | from_entries"],
    "update-keys": ["{} | set_dict_key_value('a:b:c', 1)", "{'a': {'b': [1]}} | append_dict_key_value('a:b', 2)", "{'a': [1]} | extend_dict_key_value('a', [2, 3])", "{'a': {'b': 1}} | update_dict_key_value('a', {'c': 2})", "{} | set_dict_key_value('x.y', 1, delimiter='.')", "{} | append_dict_key_value('l', 1)"],
    "hash": ["'abc' | md5", "'abc' | sha1", "'abc' | sha256", "'abc' | sha512", "'abc' | base64_encode", "'YWJj' | base64_decode", "'get salted' | hmac('shared secret', 'eBWf9bstXg+NiP5AOwppB5HMvZiYMPzEM9W5YMm/AmQ=')", "'get salted' | hmac_compute('shared secret')", "'abc' | uuid", "'é' | md5"],
    "ip": ["'192.168.0.1' | is_ip", "'fe80::' | is_ipv6", "'x' | is_ip", "['192.168.0.1', 'fe80::1', 'x'] | ipaddr", "['192.168.0.1', 'fe80::1'] | ipv4", "['192.168.0.1', 'fe80::1'] | ipv6", "'192.168.0.12/24' | ip_host", "'192.168.0.0/29' | network_hosts", "'192.168.0.0/29' | network_size",
           "'192.168.0.1' | is_ipv4(options='global')", "'10.0.0.1/8' | ipaddr", "'fe80::1%eth0' | is_ipv6", "'2001:db8::1' | ipwrap", "['10.0.0.1', '2001:db8::1'] | ipwrap", "'127.0.0.1' | ipaddr('loopback')", "'256.1.1.1' | is_ipv4"],
    "numbers": ["'5' | to_num", "'5.5' | to_num", "'x' | to_num", "'0x1F' | is_hex", "'zz' | is_hex", "'1 KiB' | human_to_bytes", "'32GB' | human_to_bytes", "'32GB' | human_to_bytes(handle_metric=True)", "'32' | human_to_bytes(default_unit='GiB')", "'5' | str_to_num", "1048576 | filesizeformat", "1000 | filesizeformat", "1048576 | filesizeformat(true)"],
    "names": ["'snake_case_text' | to_camelcase", "'snake_case' | to_camelcase(uppercamel=True)", "'camelCaseText' | to_snake_case", "'HTTPServer' | to_snake_case", "'a b' | contains_whitespace", "'ab' | contains_whitespace"],
    "lists": ["words | is_list", "'x' | is_list", "words | is_iter", "5 | is_iter", "words | compare_lists(['beta'])", "{'a': 1} | compare_dicts({'a': 2})", "'lph' | substring_in_list(words)", "words | sorted_ignorecase", "[1, 0, 1] | exactly_n_true(2)", "[0, 1] | exactly_one_true", "['a*'] | check_whitelist_blacklist", "'abc' | check_whitelist_blacklist(whitelist=['a*'])", "'abc' | check_whitelist_blacklist(blacklist=['a*'])"],
    "itertools": ["[1, 2, 3] | combinations(2) | list", "[1, 2] | combinations_with_replacement(2) | list", "[1, 2, 3] | permutations(2) | list | length", "[1, 2] | product(['a', 'b']) | list", "[1, 2] | zip(['a', 'b']) | list", "[1, 2, 3] | zip_longest(['a'], fillvalue='-') | list", "'ABC' | compress([1, 0, 1]) | list", "[1] | zip([2], [3]) | list"],
    "json_query": ["people | json_query('[].n')", "people | json_query('[?age==`30`].n')", "d | json_query('a.x[0]')", "people | json_query('length(@)')", "people | json_query('max_by(@, &age).n')", "people | json_query('[].{name: n, years: age}')", "people | json_query('sort_by(@, &age)[0].n')", "words | json_query('join(`,`, @)')"],
    "text": ["text | wordcount", "text | truncate(10)", "text | truncate(10, true)", "text | truncate(12, false, '~')", "text | truncate(60, leeway=0)", "text | wordwrap(10)", "'abcdefghij' | wordwrap(4)", "text | center(60) | length", "'x' | center(5)", "text | striptags", "text | escape", "'<b>' | e", "'<b>' | forceescape", "'a b/ü' | urlencode", "{'a': 'b c', 'd': 1} | urlencode", "'see http://x.y/z now' | urlize"],
    "paths": ["'/a/b' | path_join('c', 'd')", "['/a', 'b'] | path_join if false else 'x'", "'/nosuch' | is_empty if false else 'x'", "'sh' | which is string", "'root' | get_uid"],
    "time": ["0 | strftime('%Y-%m-%d %H:%M:%S')", "'2002/12/25' | strftime", "'2002-12-25T10:11:12' | strftime('%d.%m.%y')", "1457456400 | strftime('%Y')", "'2016-02-29' | date_format", "1000000000 | date_format('%A %B %j')"],
    "dict-params": ["{'b': 1, 'a': [1, 2]} | dict_to_sls_yaml_params", "{'b': 1} | dict_to_sls_yaml_params(flow_style=True)"],
    "xml": ["{'root': {'a': 1, 'b': ['x', 'y'], 'c': {'d': 'e'}}} | xml", "{'root': 'text'} | xml"],
    "method_call": ["'a,b' | method_call('split', ',')", "'a' | method_call('nosuch')", "{'a': 1} | method_call('get', 'a')", "words | method_call('index', 'beta')"],
    "items-attr": ["{'a': 1} | items | list", "d.a | attr('keys') is defined", "people[0] | attr('n') is defined", "nosuch | items | list if false else 'skip'", "words | map('length') | sum", "[1, 2] | list", "'ab' | list", "{'a': 1} | list", "words | tojson | length"],
    "chains": ["words | map('lower') | unique | sort | join(',')", "(words | length) + (nums | sum)", "nums | map('abs') | select('divisibleby', 2) | list", "-nums | first if false else 'x'", "words[1:3] | join('+')", "nums[::-1] | join", "(nums | sort)[0]", "'%s' % words | join(' ')", "text.split() | map('length') | max"],
}

APART = {"groupby", "select", "sort", "xml"}

METHODS = {
    "split": ["'a,b,,c'.split(',')", "' a  b '.split()", "'a b c'.split(' ', 1)", "'a b c'.rsplit(' ', 1)", "'a\\nb\\r\\nc'.splitlines()", "'a\\nb'.splitlines(true)", "'k=v=w'.partition('=')", "'k=v=w'.rpartition('=')", "''.split(',')", "''.split()", "'a,b'.split(',', maxsplit=1)"],
    "strip": ["'  x '.strip()", "'xxaxx'.strip('x')", "'xxaxx'.lstrip('x')", "'xxaxx'.rstrip('x')", "'/a/b/'.strip('/')", "'prefix-a'.removeprefix('prefix-')", "'a.txt'.removesuffix('.txt')"],
    "test-text": ["'abc'.startswith('a')", "'abc'.startswith(('x', 'a'))", "'abc'.endswith('bc')", "'12'.isdigit()", "'1.2'.isdigit()", "'ab'.isalpha()", "'a1'.isalnum()", "' '.isspace()", "'AB'.isupper()", "'ab'.islower()", "'Ab Cd'.istitle()", "'ab'.isidentifier()", "'²'.isdigit()", "'½'.isnumeric()", "'5'.isdecimal()", "'abc'.startswith('b', 1)"],
    "find": ["'hello'.find('l')", "'hello'.find('x')", "'hello'.rfind('l')", "'hello'.index('e')", "'hello'.count('l')", "'hello'.find('l', 3)", "'aaa'.count('aa')", "'l' in 'hello'", "'x' not in 'hello'"],
    "change": ["'hello'.replace('l', 'L')", "'hello'.replace('l', 'L', 1)", "'hello'.upper()", "'HELLO'.lower()", "'hello world'.title()", "'hELLO'.swapcase()", "'hello'.capitalize()", "'ß'.casefold()", "'a\\tb'.expandtabs(4)", "'abc'.translate({97: 'x'})"],
    "pad": ["'a'.ljust(3, '-')", "'a'.rjust(3, '-')", "'a'.center(4, '*')", "'7'.zfill(3)", "'-7'.zfill(4)", "'abc'.ljust(2)"],
    "format": ["'{}-{}'.format(1, 'b')", "'{1}{0}'.format('a', 'b')", "'{x:>5}|'.format(x=3)", "'{:05.1f}'.format(2.345)", "'{0[a]}'.format({'a': 5})", "'{!r}'.format('q')", "'{:,}'.format(1234567)", "'{{}}'.format()", "'{:x} {:b} {:o}'.format(255, 5, 8)", "'{:<4}|{:^5}|'.format('a', 'b')", "'{:%}'.format(0.25)", "'{:+d}'.format(5)"],
    "join-encode": ["','.join(['a', 'b'])", "''.join('abc')", "'é'.encode('utf-8')", "'abc'.encode().decode()", "' '.join(words)", "','.join([])"],
    "percent": ["'%s' % 'a'", "'%s %s' % ('a', 1)", "'%d' % 3.9", "'%(k)s' % {'k': 'v'}", "'%5.1f|' % 2.25", "'%s' % [1, 2]", "'%x' % 255", "'%c' % 65", "'%s' % none", "'%r' % 'a'", "'%03d' % 7", "'%-4s|' % 'a'"],
    "dict": ["d.keys() | list", "d.values() | list | length", "d.items() | list | length", "d.get('b')", "d.get('q')", "d.get('q', 'x')", "d.a.get('x')[0]", "'b' in d", "3 in d", "d[3]", "{'a': 1}.copy()", "dict(a=1, b=2)", "dict([['a', 1]])", "dict({'a': 1}, b=2)", "{'a': 1} == {'a': 1}", "d.keys()", "{'a': 1}.items()", "{}.fromkeys(['a', 'b'], 0)"],
    "list": ["words.index('gamma')", "[1, 1, 2].count(1)", "words + ['z']", "[0] * 3", "words[0]", "words[-1]", "words[1:]", "words[:-1]", "'beta' in words", "[1, 2] == [1, 2]", "[1, 2] < [1, 3]", "words.copy()", "(1, 2)[0]", "(1, 2) + (3,)", "words[::2]", "words[5:]"],
    "mutate": ["words.append('x')", "words", "words.extend(['y', 'z'])", "words", "words.pop()", "words.pop(0)", "words.insert(1, 'i')", "words", "words.remove('i')", "words.reverse()", "words", "words.sort()", "words", "words.clear()", "words"],
    "mutate-dict": ["d.update({'n': 1})", "d | length", "d.pop('n')", "d.pop('q', 'none')", "d.setdefault('s', [])", "d.setdefault('b', 5)", "d.s.append(4)", "d.s", "d.popitem()", "d.update(k=1, l=2)", "d.l", "d.clear()", "d"],
    "numbers": ["7 // 2", "-7 // 2", "7 % 3", "-7 % 3", "2 ** 10", "7 / 2", "6 / 2", "1 + 1.5", "10 ** 20", "2 ** 0.5", "1 == 1.0", "1 < 2 < 3", "5 .bit_length()", "1e20", "1e16", "123456789.0", "0.1 + 0.2", "1e-5", "-0.0", "1_000", "0x1f", "true + 1", "3 * 'ab'"],
    "logic": ["1 and 2", "0 or 'x'", "not ''", "none or [] or 'z'", "1 if true else 2", "'a' if false", "1 in [1, 2] and 'y'", "not (1 > 2)", "'a' ~ 1 ~ none ~ true", "1 > 2 or 3", "'' and nosuch", "words and words[0]", "not nosuch is defined"],
    "tests": ["1 is odd", "2 is even", "4 is divisibleby(2)", "none is none", "true is boolean", "1 is number", "1.0 is float", "1 is integer", "'a' is string", "[] is iterable", "{} is mapping", "[] is sequence", "'a' is sequence", "words is list", "(1, 2) is list", "nosuch is undefined", "'abc' is match('a')", "'abc' is match('b')", "'A' is upper", "'a' is lower", "1 is sameas 1", "true is true", "false is false", "1 is eq 1", "1 is ne 2", "2 is gt 1", "1 is le 1", "1 is in [1]", "d is callable", "'a' is escaped", "'upper' is filter", "'odd' is test", "5 is not string"],
    "range-global": ["range(3) | list", "range(1, 10, 3) | list", "range(5, 0, -2) | list", "range(3)", "dict(x=1).x", "namespace(a=1).a", "[1, 2, 3] | length == range(3) | length", "cycler('a', 'b').next()", "joiner(', ')()", "lipsum(n=1) | length > 10", "odict([('a', 1)]) | length"],
    "slices-text": ["text[0]", "text[-3:]", "text[4:9]", "'abc'[::-1]", "text[:3] ~ '...'", "'abc'[1]", "'héllo'[1]", "'abc'[5:]"],
    "compare": ["'a' < 'b'", "'B' < 'a'", "1 < 1.5", "[1] == (1,)", "none == false", "0 == false", "'' == none", "{'a': 1} != {'a': 2}", "'1' == 1", "1 != 1.0", "(1, 2) < (1, 3)", "'a' in {'a': 1}", "none is none and none == none"],
}

PRINTING = {
    "scalars": ["none", "true", "false", "1", "1.0", "1.50", "1e100", "'text'", "''", "10000000000000000000000", "1 / 3", "2.0 ** 60", "1e15", "123e-7"],
    "lists": ["[1, 'a', none, true, 1.5]", "['a\\'b', 'c\"d', 'e\\nf', '\\t', 'é', '\\\\']", "[]", "[[], {}, ()]", "(1,)", "(1, 'a')", "()", "[['a'], ['b', ['c']]]", "['1', '1.0', 'yes', '']"],
    "dicts": ["{}", "{'a': 1}", "{'a': 'x', 'b': 'y\\nz'}", "{'a': {'b': ['c', 'd']}}", "{1: 2, none: 3, true: 4, 1.5: 5}", "{'a': none, 'b': true}", "{'q': 'it\\'s'}", "{'t': 'a\\tb', 'u': 'é'}", "{'l': ['x\\ny']}", "{(1, 2): 'tuple'}", "{'n': {'m': 'v'}}", "{'e': '', 'c': 'a: b #c'}"],
    "views": ["{'a': 1}.keys()", "{'a': 1}.values()", "{'a': 1}.items()", "range(2)", "words | map('upper') | list", "'a' | list", "d.a.keys() | list", "dict(a=1).items() | list"],
    "concatenation": ["'x' ~ [1, 'a']", "'x' ~ {'a': 1}", "[1] ~ [2]", "'%s' % {'a': 'b'}", "none ~ 1", "1.0 ~ ''", "true ~ false", "('a' ~ 'b') * 2", "{'a': [1, 'x']} | string", "[none, 'q'] | string", "(1, 2) ~ ''"],
    "nested": ["d", "people", "d.a", "[d.a, d.a]", "{'outer': d.a}", "people[0]", "[people[0].tags, words]", "{'k': words}", "[{'a': 'x\\ny'}]", "{'a': [{'b': 'c\\nd'}]}"],
    "attributes": ["d.a.z", "d['a']['z']", "people[0].n", "people.0.n", "d.a['x'].0", "d.C", "words.0", "loop is defined", "salt is defined", "grains is defined", "grains.id", "opts.id", "sls | default('no sls')", "saltenv"],
}

LIBRARY = {
    "lib.jinja": "{% set one = 1 %}\n{% set data = {'k': ['v', 2]} %}\n{% macro tag(name, cls='c') %}<{{ name }} {{ cls }} {{ varargs | default('none') }}>{% endmacro %}\n"
                 "{% macro who() %}{{ grains.id }} {{ words | default('unseen') }}{% endmacro %}\n{% macro wrap() %}[{{ caller() }}]{% endmacro %}\n{% set _hidden = 2 %}\n",
    "part.jinja": "part sees {{ words | default('nothing') }} {{ local | default('no local') }}\n",
    "base.jinja": "head\n{% block body %}base body{% endblock %}\n{% block foot %}foot{% endblock %}\n",
    "d.yaml": "a: 1\nb: [yes, 010, ~]\n", "d.json": "{\"a\": [1, null, 2.50]}\n", "d.txt": "plain {{ 1 + 1 }}\n", "bad.yaml": "a: b: c\n", "bad.json": "{a: 1}\n",
    "broken.jinja": "{% set x = 1 %}\n{% macro fail(v) %}{{ v.nosuch.more }}{% endmacro %}\n{% macro ok() %}fine{% endmacro %}\n", "syntax.jinja": "{% if %}\n",
}

STATEMENTS = {
    "loops": "{% for w in words %}{{ loop.index }}/{{ loop.index0 }}/{{ loop.revindex }}/{{ loop.revindex0 }} {{ loop.first }} {{ loop.last }} {{ loop.length }} {{ w }} {{ loop.previtem | default('-') }} {{ loop.nextitem | default('-') }} {{ loop.cycle('x', 'y') }}\n{% endfor %}"
             "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}\n{% for x in [] %}no{% else %}empty{% endfor %}\n{% for n in nums if n > 1 %}{{ n }} {{ loop.index }},{% endfor %}\n{% for a in [1, 2] %}{% for b in [3, 4] %}{{ a }}{{ b }}{{ loop.depth }} {% endfor %}{% endfor %}\n",
    "loop controls": "{% for n in nums %}{% if n == 2 %}{% continue %}{% endif %}{% if n > 5 %}{% break %}{% endif %}{{ n }} {% endfor %}\n{% for n in [1, 1, 2] %}{% if loop.changed(n) %}c{{ n }}{% endif %}{% endfor %}\n",
    "recursive": "{%- set tree = [{'n': 'a', 'c': [{'n': 'b', 'c': []}, {'n': 'c', 'c': [{'n': 'd', 'c': []}]}]}] %}\n{% for i in tree recursive %}{{ '  ' * loop.depth0 }}{{ i.n }}\n{{ loop(i.c) }}{% endfor %}",
    "if": "{% if words %}yes{% endif %}\n{% if not words %}a{% elif nums | length > 3 %}b{% else %}c{% endif %}\n{% if nosuch is defined %}d{% else %}e{% endif %}\n{{ 'x' if words else 'y' }}\n",
    "set": "{% set a, b = 1, 2 %}{{ a }}{{ b }}\n{% set block %}block {{ a }}\n{% endset %}{{ block }}\n{% set up | upper %}shout{% endset %}{{ up }}\n{% set ns = namespace(n=0, l=[]) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% do ns.l.append(i) %}{% endfor %}{{ ns.n }} {{ ns.l }}\n{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}\n{% if true %}{% set x = 3 %}{% endif %}{{ x }}\n",
    "macros": "{% macro f(a, b=2, c=a|default('z')) %}{{ a }}-{{ b }}-{{ c }}-{{ varargs }}-{{ kwargs }}{% endmacro %}{{ f(1) }}\n{{ f(1, 3) }}\n{{ f(1, 3, 4, 5, 6) }}\n{{ f(a=1, q=9) }}\n{{ f.name }} {{ f.arguments }}\n{% macro g() %}<{{ caller('x') }}>{% endmacro %}{% call(v) g() %}in {{ v }}{% endcall %}\n{% macro h() -%}\n  trimmed\n{%- endmacro %}[{{ h() }}]\n",
    "imports": "{% from 'lib.jinja' import tag, one as uno %}{{ tag('a') }} {{ uno }}\n{% import 'lib.jinja' as lib %}{{ lib.tag('b', 'x') }} {{ lib.data.k }}\n{% from 'lib.jinja' import who with context %}{{ who() }}\n{% from 'lib.jinja' import wrap %}{% call wrap() %}inner{% endcall %}\n{% set local = 5 %}{% include 'part.jinja' %}\n{% include 'part.jinja' without context %}\n{% include 'nosuch.jinja' ignore missing %}end\n",
    "data imports": "{% import_yaml 'd.yaml' as y %}{{ y }}\n{% import_json 'd.json' as j %}{{ j }}\n{% import_text 'd.txt' as t %}{{ t }}\n{% load_yaml as l %}\na: {{ 1 + 1 }}\nb: [x, y]\n{% endload %}{{ l.a }} {{ l.b }}\n{% load_json as lj %}{\"k\": [1]}{% endload %}{{ lj.k }}\n{% load_text as lt %} text {% endload %}[{{ lt }}]\n",
    "extends": "{% extends 'base.jinja' %}{% block body %}mine {{ super() }} {{ self.foot() }}{% endblock %}",
    "whitespace": "a\n  {% if true %}\n  b\n  {%- if true -%}\n  c\n  {%- endif %}\n  {% endif %}\nd {#- comment -#} e\n{{- 'f' -}}\n  g\n{%+ if true %}h{% endif +%}\n  i\n",
    "raw and filter": "{% raw %}{{ not }} {% if %}{% endraw %}\n{% filter upper %}shout {{ words[0] }}{% endfilter %}\n{% filter replace('a', 'o') | trim %}  banana {% endfilter %}\n{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a | default('gone') }}\n{% do words.append('x') %}{{ words | last }}\n{# {{ nosuch }} #}x\n{% print(1, 2) %}\n",
    "scoping": "{% macro m() %}{{ words | length }}{{ inner | default('?') }}{% endmacro %}{% set inner = 1 %}{{ m() }}\n{% for i in [1, 2] %}{% set acc = i %}{{ acc }}{% endfor %}{{ acc | default('none') }}\n{% with %}{% set w = 1 %}{% endwith %}{{ w | default('none') }}\n{% set f = [] %}{% for i in [1, 2] %}{% do f.append(i * 2) %}{% endfor %}{{ f }}\n{% block b %}{{ words | length }}{% endblock %}\n",
    "salt calls": "{{ salt['test.echo']('a') }} {{ salt.test.echo('b') }} {{ salt['pillar.get']('x:y', 'def') }} {{ salt['grains.get']('nosuch', [1]) }}\n{{ salt['config.get']('nosuch', 'd') }}\n{% set f = 'test.' ~ 'echo' %}{{ salt[f]('c') }} {{ salt.get('test.echo')('d') if salt.get is defined else 'n' }}\n{{ 'test.ping' in salt }} {{ 'no.such' in salt }} {{ salt['slsutil.merge']({'a': [1]}, {'a': [2]}, merge_lists=True) }}\n",
    "escapes": "{{ '{{' }} {{ '%}' }} {{ \"a'b\" }} {{ 'a\\x41\\u00e9' }} {{ 'tab\\there' }} {{ 'back\\\\slash' }} {{ \"q\\\"q\" }}\n{{ 'a' 'b' }} {{ 1, 2 }} {{ (1) }} {{ [1,] }} {{ {'a':1,} }}\n",
}

ERRORS = {
    "undefined": ["{{ nosuch }}", "{{ nosuch.more }}", "{{ d.nosuch }}", "{{ d['nosuch'] }}", "{{ d.nosuch.more }}", "{{ words[9] }}", "{{ people[0].nosuch }}", "{{ nosuch + 1 }}", "{{ nosuch | upper }}", "{{ nosuch() }}", "{% for x in nosuch %}{% endfor %}", "{% if nosuch %}{% endif %}", "{{ nosuch ~ 'a' }}", "{{ 'a'.nosuch }}", "{{ (1).nosuch }}", "{{ none.nosuch }}"],
    "types": ["{{ 1 + 'a' }}", "{{ 'a' + 1 }}", "{{ [] + 1 }}", "{{ none + 1 }}", "{{ {} + {} }}", "{{ 1 < 'a' }}", "{{ 5() }}", "{{ 'a'.upper(1) }}", "{{ words.append() }}", "{{ [] | first | upper }}", "{{ 1 / 0 }}", "{{ 'abc'.index('x') }}", "{{ words.index('x') }}", "{{ words.remove('x') }}", "{{ d.pop('x') }}", "{{ 'a' * 'b' }}", "{{ -'a' }}", "{{ {[]: 1} }}", "{{ range('x') }}", "{{ 5 | length }}", "{{ 5 | join }}"],
    "unpack": ["{% for a, b in [1] %}{% endfor %}", "{% for a, b in [[1, 2, 3]] %}{% endfor %}", "{% set a, b = 1 %}", "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}", "{{ dict(1) }}", "{{ namespace(1) }}"],
    "filters": ["{{ 1 | nosuch }}", "{{ 'a' is nosuch }}", "{{ 'a' | replace }}", "{{ 'a' | default(1, 2, 3) }}", "{{ 'a' | load_json }}", "{{ 'a: b: c' | load_yaml }}", "{{ d | yaml_encode }}", "{{ 'x' | human_to_bytes }}", "{{ [1] | map('nosuch') | list }}", "{{ words | sort(attribute='x') }}", "{{ [1, 'a'] | sort }}", "{{ 'a' | indent('x', 1, 2, 3) }}"],
    "salt": ["{{ salt['no.such']() }}", "{{ salt.no.such() }}", "{{ salt['test.echo']() }}", "{{ salt['cmd.run']() }}", "{{ salt.test.nosuch() }}", "{{ salt['pillar.get']() }}", "{{ salt['slsutil.renderer']('salt://nosuch.sls') }}", "{{ raise('my message') }}"],
    "imports": ["{% from 'lib.jinja' import nosuch %}{{ nosuch }}", "{% import 'nosuch.jinja' as x %}", "{% include 'nosuch.jinja' %}", "{% extends 'nosuch.jinja' %}", "{% import_yaml 'nosuch.yaml' as x %}", "{% import_yaml 'bad.yaml' as x %}", "{% import_json 'bad.json' as x %}", "{% load_yaml as x %}{a{% endload %}", "{% from 'lib.jinja' import _hidden %}{{ _hidden }}", "{% from '../up.jinja' import x %}"],
}

SCALARS = {
    "bool": ["yes", "no", "on", "off", "true", "True", "TRUE", "false", "y", "n", "yEs", "'yes'", "\"no\"", "Yes", "ON"],
    "null": ["~", "null", "Null", "NULL", "none", "None", "''", "\"\"", "nULL", "nil"],
    "int": ["0", "1", "-1", "+1", "010", "0644", "08", "0o17", "0x1F", "0xg", "0b101", "1_000", "1,000", "-010", "00", "0_1", "12345678901234567890", "1:30", "12:30:45", "01:30", "1:60", "8080:80"],
    "float": ["1.0", "1.50", ".5", "1.", "-1.5", "1e3", "1.0e3", "1.0e+3", "1e+3", "6.02e+23", ".inf", "-.INF", ".nan", "1_000.5", "1:30.5", "1.2.3", "0.1", "1.0e-7"],
    "date": ["2020-01-02", "2020-01-02 10:11:12", "2020-01-02T10:11:12Z", "10:11:12", "2020-1-2", "2001-12-14t21:59:43.10-05:00", "2020-13-45"],
    "quoted": ["'a: b'", "\"a\\tb\"", "\"a\\x41\\u00e9\"", "'it''s'", "\"line\\nbreak\"", "' lead'", "'trail '", "\"\\\\\"", "'#x'", "\"q\\\"q\"", "'%x'", "'@x'", "'`x'"],
    "plain": ["a b", "a#b", "a #b", "a:b", "a, b", "http://x/y", "-x", "- x y".replace("- ", "-"), "/a/b", "*.txt".replace("*", "x*"), "a{b}", "a[b]", "x=y", "50%", "1.2.3.4", "a'b", "salt://a/b?saltenv=x"],
    "flow": ["[a, b]", "[]", "{}", "{a: 1, b: [2, 3]}", "[{a: 1}, b]", "{a: , b: 2}", "[a, , b]".replace(", ,", ","), "{'a b': \"c\"}", "[1, 1.0, yes, ~, 'x']", "{1: a, yes: b, ~: c, 1.5: d}", "[[1], [[2]]]"],
    "tags": ["!!str 5", "!!int '5'", "!!float '5'", "!!bool 'yes'", "!!null ''", "!!str yes", "!!binary aGVsbG8=", "!!seq [a]", "!!map {a: 1}", "!!str"],
    "unicode": ["é", "\"\\u20ac\"", "日本", "'ü'", "\"\\U0001F600\"", "naïve"],
    "strings that look": ["'1'", "'1.0'", "'0x1'", "'null'", "'true'", "'~'", "'2020-01-02'", "'1:30'", "'010'", "'1_0'", "'='", "'<<'", "'.inf'", "'1e3'", "'y'", "'-'", "'?'", "'!x'", "'&x'", "'*x'"],
}

DOCUMENTS = {
    "block scalars": "a: |\n  x\n   y\n\n  z\nb: >\n  folded\n  text\n\n  para\nc: |-\n  strip\nd: |+\n  keep\n\ne: >-\n  one\n  two\nf: |2\n    two\ng: >+\n  k\n\n",
    "anchors": "base: &b {x: 1, y: [1]}\nuse: *b\nmerge:\n  <<: *b\n  y: 2\nlist: &l [1, 2]\nagain: *l\n",
    "merge list": "a: &a {x: 1}\nb: &b {y: 2}\nc:\n  <<: [*a, *b]\n  z: 3\n",
    "merge clash": "a: &a {x: 1}\nb: &b {x: 2}\nc:\n  <<: [*a, *b]\n",
    "nested": "a:\n- b\n- c:\n    d:\n    - e\n    - f: g\n      h: i\n-3: neg\n",
    "comments": "# head\na: 1 # tail\n# mid\nb: # empty\nc: x#y\n",
    "duplicate": "a: 1\nb: 2\na: 3\n",
    "duplicate deep": "x:\n  - {k: 1, k: 2}\n",
    "duplicate equal": "1: a\ntrue: b\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "markers": "---\na: 1\n...\n",
    "tab": "a:\n\t- b\n",
    "colon": "a: b: c\n",
    "unclosed": "a: [1, 2\nb: 3\n",
    "bad indent": "a:\n  b: 1\n c: 2\n",
    "unknown tag": "a: !foo bar\n",
    "python tag": "a: !!python/object:os.system x\n",
    "unknown alias": "a: *x\n",
    "list top": "- a\n- b\n",
    "scalar top": "just text\n",
    "complex key": "? [a, b]\n: c\n",
    "map key": "{a: b}: c\n",
    "crlf": "a: 1\r\nb: |\r\n  x\r\n  y\r\n",
    "quoted multi": "a: 'one\n  two\n\n  three'\nb: \"x \\\n  y\"\n",
    "directive": "%YAML 1.1\n---\na: 1\n",
    "unclosed quote": "a: 'b\n",
    "at sign": "a: @b\n",
    "percent": "a: %b\n",
    "dash dash": "a:\n  - - 1\n    - 2\n  - - 3\n",
    "empty values": "a:\nb:\n  c:\n  - \n  - ''\n",
    "long": "a: " + "word " * 40 + "\nb: " + "x" * 200 + "\n",
}

T = "  test.succeed_with_changes"
CHAINS = {
    "require three": "a:\n  test.fail_without_changes\nb:\n  test.nop:\n    - require:\n      - test: a\nc:\n  test.nop:\n    - require:\n      - test: b\nd:\n  test.nop:\n    - onfail:\n      - test: c\n",
    "onfail of onfail": "a:\n  test.fail_without_changes\nb:\n  test.fail_without_changes:\n    - onfail:\n      - test: a\nc:\n  test.nop:\n    - onfail:\n      - test: b\nd:\n  test.nop:\n    - require:\n      - test: c\n",
    "onfail stop": "a:\n  test.fail_without_changes\nb:\n  test.nop:\n    - onfail:\n      - test: a\n    - onfail_stop: False\nc:\n  test.nop:\n    - require:\n      - test: a\n",
    "watch chain": "a:\n" + T + "\nb:\n  test.succeed_without_changes:\n    - watch:\n      - test: a\nc:\n  test.succeed_without_changes:\n    - watch:\n      - test: b\nd:\n  test.succeed_without_changes:\n    - onchanges:\n      - test: c\n",
    "onchanges of skipped": "a:\n  test.succeed_without_changes\nb:\n" + T + ":\n    - onchanges:\n      - test: a\nc:\n" + T + ":\n    - onchanges:\n      - test: b\nd:\n  test.nop:\n    - require:\n      - test: b\ne:\n  test.nop:\n    - onfail:\n      - test: b\n",
    "prereq chain": "a:\n" + T + ":\n    - prereq:\n      - test: b\nb:\n" + T + ":\n    - prereq:\n      - test: c\nc:\n" + T + "\n",
    "prereq and require": "a:\n" + T + ":\n    - prereq:\n      - test: b\n    - require:\n      - test: z\nb:\n" + T + "\nz:\n  test.fail_without_changes\n",
    "prereq target has requisites": "a:\n" + T + ":\n    - prereq:\n      - test: b\nb:\n" + T + ":\n    - require:\n      - test: c\n    - onchanges:\n      - test: d\nc:\n  test.nop\nd:\n" + T + "\n",
    "prereq of watcher": "a:\n" + T + ":\n    - prereq:\n      - test: b\nb:\n  test.succeed_without_changes:\n    - watch:\n      - test: c\nc:\n" + T + "\n",
    "listen twice": "a:\n" + T + "\nb:\n" + T + "\nc:\n  test.nop:\n    - listen:\n      - test: a\n      - test: b\nd:\n  test.nop:\n    - listen:\n      - test: a\n",
    "listen missing": "a:\n  test.nop:\n    - listen:\n      - test: nosuch\n",
    "listen in": "a:\n" + T + ":\n    - listen_in:\n      - test: b\nb:\n  test.succeed_without_changes\n",
    "listen with fail": "a:\n  test.fail_with_changes\nb:\n  test.nop:\n    - listen:\n      - test: a\n",
    "sls requisite": "a:\n  test.nop:\n    - require:\n      - sls: a\n",
    "by name": "a:\n  test.nop:\n    - name: other\nb:\n  test.nop:\n    - require:\n      - test: other\n",
    "by bare id": "a:\n  test.nop\nb:\n  test.nop:\n    - require:\n      - a\n",
    "glob": "web1:\n" + T + "\nweb2:\n  test.nop\nc:\n  test.succeed_without_changes:\n    - watch:\n      - test: web*\n",
    "names as target": "a:\n  test.succeed_with_changes:\n    - names: [x, y]\nb:\n  test.succeed_without_changes:\n    - watch:\n      - test: a\nc:\n  test.nop:\n    - onchanges:\n      - test: y\n",
    "any of names": "a:\n  test.fail_without_changes:\n    - names: [x, y]\nb:\n  test.nop:\n    - onfail_any:\n      - test: a\nc:\n  test.nop:\n    - onfail_all:\n      - test: x\n      - test: y\n",
    "two modules": "a:\n  test.nop: []\n  cmd.run:\n    - name: 'true'\n    - require:\n      - test: a\n",
    "use": "a:\n  test.configurable_test_state:\n    - changes: True\n    - comment: from a\n    - result: True\n    - order: 5\nb:\n  test.configurable_test_state:\n    - use:\n      - test: a\nc:\n  test.configurable_test_state:\n    - comment: own\n    - use:\n      - test: a\n",
    "use in": "a:\n  test.configurable_test_state:\n    - changes: False\n    - comment: given\n    - use_in:\n      - test: b\nb:\n  test.configurable_test_state: []\n",
    "cycle": "a:\n  test.nop:\n    - require:\n      - test: a\n",
    "onchanges any mixed": "a:\n  test.fail_without_changes\nb:\n" + T + "\nc:\n  test.nop:\n    - onchanges_any:\n      - test: a\n      - test: b\nd:\n  test.nop:\n    - onchanges:\n      - test: a\n      - test: b\n",
    "watch any mixed": "a:\n  test.fail_without_changes\nb:\n" + T + "\nc:\n  test.succeed_without_changes:\n    - watch_any:\n      - test: a\n      - test: b\n",
    "skip req": "a:\n  test.nop:\n    - onlyif: 'false'\nb:\n  test.nop:\n    - require:\n      - test: a\nc:\n  test.nop:\n    - watch:\n      - test: a\nd:\n  test.nop:\n    - onchanges:\n      - test: a\n",
}

A = [["state.apply", "a"], ["state.apply", "a", "test=True"]]
ONE = [["state.apply", "a"]]
LOW = [["state.apply", "a"], ["state.show_low_sls", "a"]]
C = "  test.configurable_test_state:\n    - changes: %s\n    - result: %s\n    - comment: %s\n"
ENGINE = {
    "order numbers": ("".join("s%d:\n  test.nop:\n    - order: %s\n" % (at, o) for at, o in enumerate(["5", "last", "first", "-1", "1", "'3'", "2.5", "-5", "10001"])) + "plain:\n  test.nop\n", LOW),
    "order with requires": ("a:\n  test.nop:\n    - order: last\nb:\n  test.nop:\n    - order: 1\n    - require:\n      - test: c\nc:\n  test.nop\nd:\n  test.nop:\n    - order: first\n", LOW),
    "names": ("a:\n  test.nop:\n    - names:\n      - x\n      - y:\n        - v: 1\n      - x\n      - z\n    - v: 0\n", LOW),
    "names order": ("a:\n  test.nop:\n    - names: [q, p]\n    - order: 2\nb:\n  test.nop:\n    - order: 1\n", LOW),
    "names with requisite": ("a:\n  test.nop:\n    - names:\n      - x:\n        - require:\n          - test: b\n      - y\nb:\n  test.nop\n", LOW),
    "names bad": ("a:\n  test.nop:\n    - names: word\n", LOW),
    "failhard": ("a:\n  test.fail_without_changes:\n    - failhard: True\nb:\n  test.nop\n", A),
    "failhard of require": ("a:\n  test.fail_without_changes\nb:\n  test.nop:\n    - failhard: True\n    - require:\n      - test: a\nc:\n  test.nop\n", A),
    "onlyif": ("a:\n  test.nop:\n    - onlyif: 'true'\nb:\n  test.nop:\n    - onlyif: ['true', 'false']\nc:\n  test.nop:\n    - onlyif:\n      - fun: test.true\n      - fun: test.echo\n        args: ['']\nd:\n  test.nop:\n    - onlyif:\n      - fun: test.arg_clean\n        args: [x]\n        get_return: args\ne:\n  test.nop:\n    - onlyif: []\n", A),
    "unless": ("a:\n  test.nop:\n    - unless: 'true'\nb:\n  test.nop:\n    - unless: ['true', 'false']\nc:\n  test.nop:\n    - unless:\n      - fun: test.false\nd:\n  test.nop:\n    - unless:\n      - fun: test.true\n      - 'true'\n", A),
    "onlyif faults": ("a:\n  test.nop:\n    - onlyif:\n      - args: [x]\nb:\n  test.nop:\n    - unless:\n      - fun: no.such\nc:\n  test.nop:\n    - onlyif:\n      - 5\n", ONE),
    "onlyif and unless": ("a:\n  test.nop:\n    - onlyif: 'false'\n    - unless: 'true'\nb:\n  test.nop:\n    - onlyif: 'true'\n    - unless: 'true'\nc:\n  test.nop:\n    - creates: /etc\n    - onlyif: 'false'\n", A),
    "creates": ("a:\n  test.nop:\n    - creates: /etc\nb:\n  test.nop:\n    - creates: [/etc, /nosuch]\nc:\n  test.nop:\n    - creates: [/etc, /usr]\n", A),
    "check_cmd": ("a:\n  test.nop:\n    - check_cmd: 'true'\nb:\n  test.succeed_with_changes:\n    - check_cmd: ['true', 'false']\nc:\n  test.fail_without_changes:\n    - check_cmd: 'true'\n", A),
    "retry": ("a:\n  test.fail_without_changes:\n    - retry:\n        attempts: 2\n        interval: 0\nb:\n  test.nop:\n    - retry:\n        attempts: 2\n        interval: 0\n        until: False\nc:\n  test.nop:\n    - retry: {attempts: 3, interval: 0}\n", A),
    "retry odd": ("a:\n  test.nop:\n    - retry: False\nb:\n  test.nop:\n    - retry: {attempts: x, interval: y, until: z, splay: q}\nc:\n  test.nop:\n    - retry: {attempts: 1}\n", A),
    "retry with check_cmd": ("a:\n  test.nop:\n    - check_cmd: 'false'\n    - retry: {attempts: 2, interval: 0}\n", ONE),
    "parallel": ("a:\n  test.nop:\n    - parallel: True\nb:\n  test.fail_without_changes:\n    - parallel: True\nc:\n  test.nop:\n    - require:\n      - test: a\nd:\n  test.nop:\n    - require:\n      - test: b\n", ONE),
    "slots": ("a:\n  test.configurable_test_state:\n    - changes: False\n    - result: True\n    - comment: __slot__:salt:test.echo(hello)\nb:\n  test.configurable_test_state:\n    - comment: __slot__:salt:test.echo(hello) ~ ' world'\nc:\n  test.configurable_test_state:\n    - comment: __slot__:salt:test.arg(x, k=v).kwargs.k\nd:\n  test.nop:\n    - l:\n      - __slot__:salt:test.echo(q)\n", ONE),
    "slots odd": ("a:\n  test.configurable_test_state:\n    - comment: __slot__:salt:no.such(x)\nb:\n  test.configurable_test_state:\n    - comment: __slot__:nope\nc:\n  test.configurable_test_state:\n    - comment: '__slot__:salt:test.echo(x'\n", ONE),
    "aggregate flag": ("a:\n  test.nop:\n    - aggregate: True\nb:\n  test.nop:\n    - aggregate: True\n", LOW),
    "mod_watch": ("a:\n  test.succeed_with_changes\nb:\n  cmd.wait:\n    - name: echo waited\n    - watch:\n      - test: a\nc:\n  cmd.run:\n    - name: echo ran\n    - watch:\n      - test: a\nd:\n  test.fail_without_changes:\n    - watch:\n      - test: a\n", A),
    "configurable": ("a:\n" + C % ("True", "True", "one") + "b:\n" + C % ("False", "False", "two") + "c:\n" + C % ("False", "True", "[x, y]") + "d:\n  test.configurable_test_state:\n    - warnings: careful\n    - result: True\n    - changes: False\n", A),
    "configurable faults": ("a:\n  test.configurable_test_state:\n    - result: maybe\nb:\n  test.configurable_test_state:\n    - changes: maybe\nc:\n  test.configurable_test_state:\n    - warnings: [1]\n", ONE),
    "check pillar": ("a:\n  test.check_pillar:\n    - present: nosuch\nb:\n  test.check_pillar:\n    - string: [nosuch]\nc:\n  test.check_pillar:\n    - present: [a, b]\n    - verbose: True\n", A),
    "show notification": ("a:\n  test.show_notification:\n    - text: hello\nb:\n  test.show_notification:\n    - text: ''\n", A),
    "missing function": ("a:\n  test.nosuch\nb:\n  nomod.fun:\n    - x: 1\nc:\n  test.nop\n", A),
    "missing argument": ("a:\n  test.show_notification\nb:\n  cmd.script\n", ONE),
    "umask bad": ("a:\n  test.nop:\n    - umask: 99x\n", ONE),
    "cmd": ("a:\n  cmd.run:\n    - name: echo out; echo err >&2; exit 3\nb:\n  cmd.run:\n    - name: echo $X\n    - env:\n      - X: set\nc:\n  cmd.run:\n    - names: ['echo 1', 'echo 2']\nd:\n  cmd.run:\n    - name: exit 4\n    - success_retcodes: [4]\n", A),
    "cmd stateful": ("a:\n  cmd.run:\n    - name: 'echo; echo changed=yes comment=done'\n    - stateful: True\nb:\n  cmd.run:\n    - name: 'echo; echo changed=no comment=quiet'\n    - stateful: True\nc:\n  cmd.run:\n    - name: 'echo {\"changed\": true, \"comment\": \"json\", \"k\": 1}'\n    - stateful: True\n", A),
    "module run": ("a:\n  module.run:\n    - test.echo:\n      - text: hi\nb:\n  module.run:\n    - name: test.echo\n    - text: old\nc:\n  module.run:\n    - test.ping:\n    - test.true:\n", A),
    "module run faults": ("a:\n  module.run:\n    - no.such: []\nb:\n  module.run:\n    - name: no.such\nc:\n  module.run:\n    - test.echo:\nd:\n  module.run:\n    - test.exception:\n      - message: boom\n", ONE),
    "short forms": ("a: test.nop\nb:\n  test.nop: []\nc:\n  test:\n    - nop\nd:\n  test:\n    - nop\n    - v: 1\n", LOW),
    "bad forms": ("a:\n  test.nop:\nb:\n  test:\n    - v: 1\nc:\n  test.nop:\n    - succeed_with_changes\n", LOW),
    "bad ids": ("5:\n  test.nop\n", LOW),
    "dotted": ("a:\n  test.nop.extra: []\n", LOW),
    "several keys": ("a:\n  test.nop:\n    - v: 1\n      w: 2\n    - x: 3\n", LOW),
    "dunder": ("__a__:\n  test.nop\nb:\n  test.nop\n", LOW),
    "state argument": ("a:\n  test.nop:\n    - state: other\n    - fun: thing\n", LOW),
    "fire event": ("a:\n  test.nop:\n    - fire_event: True\nb:\n  test.nop:\n    - fire_event: tag/x\n", ONE),
    "no_log": ("a:\n  test.succeed_with_changes:\n    - no_log: True\nb:\n  cmd.run:\n    - name: echo secret\n    - no_log: True\n", ONE),
    "reload": ("a:\n  test.nop:\n    - reload_modules: True\n    - reload_grains: True\n    - reload_pillar: True\n", ONE),
    "result types": ("a:\n  test.succeed_with_changes:\n    - name: [x]\nb:\n  test.nop:\n    - name: 5\nc:\n  test.nop:\n    - name: ''\n", LOW),
}

FIRST = "one:\n  test.succeed_with_changes\ntwo:\n  test.succeed_without_changes:\n    - require:\n      - test: one\nthree:\n  test.nop:\n    - watch:\n      - test: two\n"
OTHER = "four:\n  test.nop\nfive:\n  test.fail_without_changes\n"
FUNCTIONS = {
    "sls_id": [["state.sls_id", "two", "a"], ["state.sls_id", "three", "a", "test=True"], ["state.sls_id", "nosuch", "a"], ["state.sls_id", "one", "nosuch"]],
    "single": [["state.single", "test.nop", "x"], ["state.single", "test.succeed_with_changes", "name=y", "test=True"], ["state.single", "test.nosuch", "x"], ["state.single", "nodots", "x"], ["state.single", "test.fail_without_changes", "x"]],
    "low": [["state.low", "{state: test, fun: nop, name: q, __id__: q}"], ["state.low", "{state: test, fun: nosuch, name: q, __id__: q}"]],
    "high": [["state.high", "{x: {test: [nop, {v: 1}]}}"], ["state.high", "{x: {test.nop: []}}"], ["state.high", "{x: {test: [nosuch]}}"]],
    "template_str": [["state.template_str", "x:\n  test.nop\n"], ["state.template_str", "include:\n  - a\n"], ["state.template_str", "{% for i in [1, 2] %}x{{ i }}:\n  test.nop\n{% endfor %}"], ["state.template_str", ""]],
    "show": [["state.show_sls", "a"], ["state.show_low_sls", "b"], ["state.show_sls", "a,b"], ["state.show_sls", "nosuch"]],
    "show high": [["state.show_highstate"], ["state.show_lowstate"], ["state.show_top"], ["state.show_states"], ["state.show_state_usage"]],
    "exists": [["state.sls_exists", "a"], ["state.sls_exists", "nosuch"], ["state.id_exists", "one", "a"], ["state.id_exists", "nosuch", "a"], ["state.id_exists", "one,four", "a,b"]],
    "highstate": [["state.highstate"], ["state.highstate", "test=True"], ["state.highstate", "exclude=b"], ["state.highstate", "whitelist=a"], ["state.highstate", "mock=True"]],
    "apply": [["state.apply"], ["state.apply", "a,b"], ["state.apply", "nosuch"], ["state.apply", "a", "exclude=[{id: one}]"], ["state.apply", "a", "mock=True"]],
    "sls": [["state.sls", "a", "terse=True"], ["state.sls", "a", "saltenv=nosuch"], ["state.sls", "b", "pillar={x: 1}"], ["state.sls", "a", "pillar=text"]],
    "test": [["state.test", "a"], ["state.test"]],
    "top": [["state.top", "top.sls"], ["state.top", "nosuch.sls"]],
    "disable": [["state.disable", "a"], ["state.list_disabled"], ["state.apply", "a"], ["state.enable", "a"], ["state.list_disabled"]],
    "request": [["state.request", "a"], ["state.check_request"], ["state.run_request"], ["state.clear_request"], ["state.check_request"]],
    "running": [["state.running"], ["state.clear_cache"]],
    "wrong arguments": [["state.sls"], ["state.single"], ["state.sls_id", "x"], ["state.show_sls"]],
    "sys": [["sys.list_functions", "test.t*"], ["sys.argspec", "test.echo"], ["sys.list_state_functions", "test"], ["sys.state_argspec", "test.nop"]],
    "test echo": [["test.arg", "1", "a=b", "[x, y]"], ["test.kwarg", "num=1", "txt=two", "env={a: b}"], ["test.arg_type", "1", "1.5", "yes", "text", "a=~"], ["test.echo", "010"]],
    "slsutil": [["slsutil.merge", "{a: {b: 1}}", "{a: {c: 2}}"], ["slsutil.merge_all", "[{a: 1}, {b: 2}, {a: 3}]"], ["slsutil.update", "{a: {b: 1}}", "{a: {c: 2}}"], ["slsutil.serialize", "json", "{a: [1]}"], ["slsutil.deserialize", "yaml", "a: [1]"], ["slsutil.boolstr", "true", "yes", "no"]],
    "defaults": [["defaults.merge", "{a: {b: 1}, l: [1]}", "{a: {c: 2}, l: [2]}"], ["defaults.merge", "{l: [1]}", "{l: [2]}", "merge_lists=True"], ["defaults.update", "{n: {a: 1}}", "{a: 0, b: 2}"], ["defaults.deepcopy", "{a: [1]}"]],
    "match": [["match.glob", "m1*"], ["match.compound", "G@os:* and m*"], ["match.list", "a,m1.example.org"], ["match.pcre", "m[0-9].*"], ["match.grain", "id:m1*"], ["match.filter_by", "{m1*: yes-it-is, default: no}"], ["match.compound", "not m1*"]],
    "hashutil": [["hashutil.digest", "abc", "md5"], ["hashutil.sha256_digest", "abc"], ["hashutil.base64_b64encode", "abc"], ["hashutil.base64_b64decode", "YWJj"], ["hashutil.hmac_signature", "get salted", "shared secret", "eBWf9bstXg+NiP5AOwppB5HMvZiYMPzEM9W5YMm/AmQ="]],
    "grains": [["grains.get", "os"], ["grains.get", "nosuch", "default=x"], ["grains.has_value", "id"], ["grains.item", "id", "nosuch"], ["grains.filter_by", "{default: {a: 1}}", "merge={b: 2}"], ["grains.equals", "id", "m1.example.org"]],
}

SHOWN = ("clean:\n  test.succeed_without_changes\nchanged:\n  test.succeed_with_changes\nfailed:\n  test.fail_without_changes\nnamed:\n  test.configurable_test_state:\n    - name: other name\n    - changes: True\n    - result: True\n"
         "    - comment: |\n        line one\n        line two\nwarned:\n  test.configurable_test_state:\n    - warnings: be careful\n    - changes: False\n    - result: True\nskipped:\n  test.nop:\n    - onchanges:\n      - test: clean\n")

VALUES = "{a: 1, b: [x, {y: [1, 2]}], c: null, d: 'multi\\nline', e: {}, f: [], g: yes, h: 1.50, i: 'é', j: '', k: [[1], [2, [3]]]}"
TABLE = "[{name: a, size: 10}, {name: bb, size: 200}]"
OUTPUTS = {}
for _out in ("nested", "json", "yaml", "txt", "raw", "pprint", "key", "table", "no_return", "nosuch"):
    for _name, _args in (("map", ["test.echo", VALUES]), ("list", ["test.echo", "[1, a, {b: [c]}, ~]"]), ("scalar", ["test.echo", "text"]), ("rows", ["test.echo", TABLE]), ("none", ["test.echo", "null"])):
        OUTPUTS["%s of %s" % (_out, _name)] = (_out, _args)
for _name in ("key of list", "key of rows", "key of scalar", "key of none", "no_return of map", "no_return of rows", "nosuch of rows", "nosuch of none", "table of map"):
    del OUTPUTS[_name]

HIGHSTATE = {}
for _output in ("full", "terse", "mixed", "changes", "filter", "full_id", "terse_id", "mixed_id", "changes_id", "nosuch"):
    HIGHSTATE[_output] = ({"state_output": _output}, ["state.apply", "a"])
HIGHSTATE.update({
    "test mode": ({}, ["state.apply", "a", "test=True"]),
    "quiet": ({"state_verbose": False}, ["state.apply", "a"]),
    "diff": ({"state_output_diff": True}, ["state.apply", "a"]),
    "no profile": ({"state_output_profile": False}, ["state.apply", "a"]),
    "percent": ({"state_output_pct": True}, ["state.apply", "a"]),
    "tabular": ({"state_output": "terse", "state_tabular": True}, ["state.apply", "a"]),
    "compress": ({"state_compress_ids": True}, ["state.apply", "a"]),
    "errors": ({}, ["state.apply", "nosuch"]),
    "quiet terse": ({"state_verbose": False, "state_output": "terse"}, ["state.apply", "a"]),
    "by argument": ({}, ["state.apply", "a", "state_output=terse"]),
    "single": ({}, ["state.single", "test.succeed_with_changes", "x"]),
})

SPLIT = {"states/top.sls": "base:\n  '*':\n    - a\n  'os:Debian':\n    - match: grain\n    - b\ndev:\n  '*':\n    - c\n", "states-dev/top.sls": "dev:\n  '*':\n    - a\nbase:\n  '*':\n    - d.e\nqa:\n  '*':\n    - b\n",
         "states-qa/top.sls": "qa:\n  'm1*':\n    - a\n    - d.*\nbase:\n  '*':\n    - c\n"}
ONLY = {"states/top.sls": "base:\n  '*':\n    - a\n"}
TOPS = {}
for _strategy in ("merge", "same", "merge_all", "nosuch"):
    for _name, _more in (("plain", {}), ("default top", {"default_top": "dev"}), ("env order", {"env_order": ["qa", "dev", "base"]}), ("saltenv", {"saltenv": "dev"}), ("top saltenv", {"state_top_saltenv": "qa"})):
        TOPS["%s %s" % (_strategy, _name)] = ({"top_file_merging_strategy": _strategy, **_more}, SPLIT)
TOPS.update({
    "base defines dev": ({}, {"states/top.sls": "base:\n  '*': [a]\ndev:\n  '*': [b]\n", "states-dev/top.sls": "dev:\n  '*': [c]\n"}),
    "matchers": ({}, {"states/top.sls": "base:\n  'm1.example.org': [a]\n  'G@roles:web and not x*': [b]\n  'E@m[0-9]': [c]\n  'roles:db':\n    - match: grain\n    - d.e\n  'x,m1.example.org':\n    - match: list\n    - a\n  'm1?example?org':\n    - match: glob\n    - b\n"}),
    "matchers two": ({"nodegroups": {"ng": "m1*", "two": "N@ng and G@os:Debian"}}, {"states/top.sls": "base:\n  'ng':\n    - match: nodegroup\n    - a\n  'N@two': [b]\n  'os:(De|Ub).*':\n    - match: grain_pcre\n    - c\n  'nosuch:x':\n    - match: pillar\n    - d.e\n  'm(1|2).*':\n    - match: pcre\n    - a\n"}),
    "include": ({}, {"states/top.sls": "include:\n  - more\nbase:\n  '*': [a]\n", "states/more.sls": "base:\n  '*': [b]\n"}),
    "duplicates": ({}, {"states/top.sls": "base:\n  '*': [a, b, a]\n  'm*': [b, a]\n"}),
    "glob sls": ({}, {"states/top.sls": "base:\n  '*': ['*', 'd.*']\n"}),
    "other env": ({}, {"states/top.sls": "base:\n  '*':\n    - a\n    - dev: b\n"}),
    "missing sls": ({}, {"states/top.sls": "base:\n  '*': [a, nosuch]\n"}),
    "missing env": ({}, {"states/top.sls": "nosuch:\n  '*': [a]\n"}),
    "nobody": ({}, {"states/top.sls": "base:\n  'x*': [a]\n"}),
    "empty": ({}, {"states/top.sls": ""}), "none": ({}, {}),
    "target text": ({}, {"states/top.sls": "base:\n  '*': a\n"}), "env text": ({}, {"states/top.sls": "base: a\n"}), "broken": ({}, {"states/top.sls": "base:\n  '*': [a\n"}),
    "jinja": ({}, {"states/top.sls": "base:\n{% for r in grains.roles %}\n  'roles:{{ r }}':\n    - match: grain\n    - {{ {'web': 'a', 'db': 'b'}[r] }}\n{% endfor %}\n"}),
    "jinja fault": ({}, {"states/top.sls": "base:\n  '*': [{{ nosuch.x }}]\n"}),
    "state top": ({"state_top": "other.sls"}, {"states/top.sls": "base:\n  '*': [a]\n", "states/other.sls": "base:\n  '*': [b]\n"}),
    "number target": ({}, {"states/top.sls": "base:\n  5: [a]\n  '*': [b]\n"}),
    "order kept": ({}, {"states/top.sls": "base:\n  'm*': [c]\n  '*': [b]\n  'm1*': [a]\n"}),
})
