"""Random Jinja snippets: every filter, test, method and tag, with fitting and with odd arguments."""

VALUES = {
    "none": ["none"],
    "bool": ["true", "false"],
    "int": ["0", "1", "-1", "7", "255", "-3", "1024", "12345678901234567890", "1457456400"],
    "float": ["1.0", "0.5", "-2.5", "2.675", "1e100", "1e-7", "1e16", "123456.789", "-0.0"],
    "str": ["''", "'a'", "'abc'", "'Hello World'", "'  pad '", "'a,b,,c'", "'line1\\nline2\\n'", "'\\u00dcn\\u00efcode \\u00df'", "'\\u65e5\\u672c'", "'yes'", "'no'", "'True'", "'1.5'", "'42'", "'-7'",
            "'0x1F'", "'10.0.0.1'", "'192.168.0.12/24'", "'fe80::1'", "'2001:db8::/120'", "'2002-12-25'", "'a: 1'", "'{\"a\": [1, null]}'", "\"it's\"", "'q\"q'", "'tab\\there'", "'<b>x &amp; y</b>'",
            "'http://x.y/z?q=1'", "'foo_bar-baz'", "'camelCaseText'", "'aaa'", "'%s-%s'", "'%d'", "'{}'", "'{0}-{x}'", "'a b  c'", "'32GB'", "'\\\\n'", "'00:11:22:aa:bb:cc'", "'ABC'", "'a\\\\b'", "'key: [a, b]'", "'\\x00\\x1f'", "'x' * 90",
            "'word ' * 20", "'#c'", "'1e3'", "'null'", "'~'", "'\\u2028'", "'\\U0001F600'", "'-'", "': '", "'- a'"],
    "list": ["[]", "[1, 2, 3]", "['b', 'A', 'c']", "[1, 'a', none, true, 1.5]", "[[1, 2], [3, [4]]]", "[3, 1, 2, 3]", "['a', 'a', 'B']", "[none, none]", "['x\\ny', \"it's\"]", "[1.0, 2, 3.5]", "['10.0.0.1', 'fe80::1', 'x', '192.168.1.0/24']",
             "[{'n': 'x', 'v': 1}, {'n': 'y'}]", "[{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}]", "[['a', 1], ['b', 2]]", "[{}, [], '']", "[true, false, 0, 1]", "['a b', 'c']"],
    "dict": ["{}", "{'a': 1}", "{'a': 1, 'b': {'c': [1, 2], 'd': none}}", "{1: 'one', none: 2, true: 3, 2.5: 4}", "{'b': 2, 'a': 1, 'C': 3}", "{'x': 'line1\\nline2', 'y': \"it's\"}", "{'k': ['v', {'z': 1}]}", "{(1, 2): 'tuple'}", "{'key': 'k', 'value': 'v'}",
             "{'a': '', 'b': [], 'c': {}}", "{'\\u00e9': '\\u65e5'}", "{'root': {'a': [1, 2], 'b': 'x'}}", "{'a:b': 1, 'a': {'b': 2}}"],
    "tuple": ["()", "(1,)", "(1, 'a')", "('b', 'a')", "((1, 2), (3, 4))"],
    "other": ["range(5)", "nosuch", "d.nosuch", "'abc'.encode()", "'\\u00e9'.encode()", "d.items()", "d.keys()", "d.values()", "(l | map('string'))", "(l | select)", "namespace(a=1)", "cycler('a', 'b')", "joiner(',')", "set1", "m1", "l | batch(2)", "dict(a=1)", "('abc' | reverse)",
              "(l | groupby(0))", "range(3, 0, -1)", "range(0)", "('a' | escape)", "(d | to_entries)"],
}
KINDS = [("none", 1), ("bool", 1), ("int", 3), ("float", 2), ("str", 8), ("list", 6), ("dict", 4), ("tuple", 1), ("other", 2)]
PRELUDE = ("{%- set l = ['b', 'a', 'C', 3] -%}{%- set d = {'b': 1, 'a': {'x': [1, {'y': none}], 'z': 'q'}, 3: 'three'} -%}{%- set set1 = 'aa' | list | unique -%}"
           "{%- macro m1(a, b=2) %}<{{ a }}|{{ b }}|{{ varargs }}|{{ kwargs }}>{% endmacro -%}\n")

# name: (kinds of input that fit, list of argument makers: each a list of alternatives)
RE = ["'a'", "'(a)(b)?'", "'[0-9]+'", "'^l'", "'o.*'", "'(?i)A'", "'(?P<n>b)'", "'\\\\s+'", "'\\\\w'", "'$'", "''", "'('", "'.'", "'a|b'", "'\\\\bW'"]
NUM = ["0", "1", "2", "3", "-1", "10", "none", "true", "2.5", "'2'", "100"]
STR = ["'a'", "','", "''", "' '", "'-'", "'x'", "none", "1", "'ab'", "'<'"]
ATTR = ["'n'", "'v'", "'age'", "0", "'0'", "'nosuch'", "'n,age'", "'tags.0'", "'b.c'", "none"]
TESTS = ["'defined'", "'undefined'", "'none'", "'odd'", "'even'", "'string'", "'number'", "'mapping'", "'sequence'", "'iterable'", "'eq', 1", "'==', 'a'", "'gt', 1", "'in', [1, 'a']", "'divisibleby', 2", "'lower'", "'upper'", "'boolean'", "'integer'", "'float'",
         "'sameas', none", "'match', 'a'", "'true'", "'false'", "'callable'", "'ne', 'a'", "'lt', 3", "'nosuch'", "'equalto', 3", "'list'", "'escaped'", "'filter'", "'test'", "'>=', 2", "'!=', none"]
ANY = "any"
FILTERS = {
    "abs": ("int float", []), "attr": (ANY, [["'a'", "'upper'", "'keys'", "'__class__'", "'real'", "1"]]), "batch": ("list str", [NUM, STR]), "capitalize": ("str", []), "center": ("str", [NUM]), "count": ("list str dict", []), "d": (ANY, [STR, ["true", "false"]]),
    "default": (ANY, [STR, ["true", "false", "boolean=true", "default_value='q'"]]), "dictsort": ("dict", [["true", "false"], ["'key'", "'value'", "'x'"], ["reverse=true"]]), "e": (ANY, []), "escape": (ANY, []), "filesizeformat": ("int float str", [["true", "false", "binary=true"]]),
    "first": ("list str dict", []), "float": (ANY, [NUM, STR]), "forceescape": (ANY, []), "format": ("str", [STR, NUM, ["x=1", "a='b'"]]), "groupby": ("list", [ATTR, ["default='z'", "'q'", "case_sensitive=true"]]), "indent": ("str", [NUM + ["'> '"], ["true", "false", "first=true"], ["true", "blank=true"]]),
    "int": (ANY, [NUM, ["16", "2", "8", "0", "base=16", "10", "37", "36"]]), "join": ("list str dict tuple", [STR, ["attribute='n'", "'n'", "attribute=0"]]), "last": ("list str tuple", []), "length": ("list str dict", []), "list": (ANY, []), "lower": (ANY, []), "items": ("dict", []),
    "map": ("list dict str", [["'upper'", "'string'", "attribute='n'", "attribute='n', default='z'", "attribute=0", "'int'", "'length'", "'replace', 'a', 'b'", "'default', 'x'", "'nosuch'", "'join'", "'first'", "'list'", "'tojson'", "'float'", "'trim'", "'regex_replace', 'a', 'b'", "attribute='b.c'", "'sort', reverse=true", "'abs'", "'round', 1", "'format', 'x'"]]),
    "min": ("list str", [["true", "attribute='age'", "case_sensitive=true"]]), "max": ("list str", [["true", "attribute='age'", "case_sensitive=true"]]), "pprint": (ANY, []), "reject": ("list str", [TESTS]), "rejectattr": ("list", [ATTR, TESTS]), "select": ("list str", [TESTS]), "selectattr": ("list", [ATTR, TESTS]),
    "replace": ("str", [STR, STR, NUM]), "reverse": ("list str tuple", []), "round": ("float int", [NUM, ["'ceil'", "'floor'", "'common'", "'x'", "method='ceil'"]]), "safe": (ANY, []), "slice": ("list str", [NUM, STR]), "sort": ("list str dict", [["true", "reverse=true", "attribute='n'", "case_sensitive=true", "attribute='age,n'", "false, true", "attribute=0"]]),
    "string": (ANY, []), "striptags": ("str", []), "sum": ("list", [["attribute='age'", "start=10", "'v', 1", "attribute=0", "start=''", "start=[]"]]), "title": ("str", []), "trim": ("str", [STR]), "truncate": ("str", [NUM, ["true", "false"], STR, NUM]), "unique": ("list str", [["true", "attribute='n'", "case_sensitive=true"]]),
    "upper": (ANY, []), "urlencode": (ANY, []), "urlize": ("str", [NUM, ["true", "nofollow=true", "target='_b'", "rel='x'"]]), "wordcount": ("str", []), "wordwrap": ("str", [NUM, ["true", "false"], STR]), "xmlattr": ("dict", [["true", "false"]]), "tojson": (ANY, [["2", "indent=2", "indent=0", "indent='x'", "sort_keys=true", "none"]]),
    "yaml": (ANY, [["true", "false", "flow_style=false"]]), "json": (ANY, [["true", "false", "indent=2", "sort_keys=false", "false, 4"]]), "python": (ANY, []), "xml": ("dict list", []), "load_yaml": ("str", []), "load_json": ("str", []), "load_text": ("str", []),
    "dict_to_sls_yaml_params": ("dict", [["true", "flow_style=true"]]), "yaml_dquote": ("str", []), "yaml_squote": ("str", []), "yaml_encode": ("str int float bool none", []), "regex_search": ("str", [RE, ["true", "ignorecase=true"], ["multiline=true", "true"]]),
    "regex_match": ("str", [RE, ["true", "ignorecase=true"], ["multiline=true"]]), "regex_replace": ("str", [RE, ["'X'", "'\\\\1'", "'\\\\g<0>!'", "''", "'\\\\2-\\\\1'", "'$1'"], ["true", "ignorecase=true", "multiline=true"]]), "regex_escape": ("str", []),
    "uuid": (ANY, []), "union": ("list str tuple", [["[1, 'a', 9]", "'abz'", "[]", "(1, 2)", "none", "{'a': 1}"]]), "intersect": ("list str tuple", [["[1, 'a', 9]", "'abz'", "[]", "(1, 2)", "none"]]), "difference": ("list str tuple", [["[1, 'a', 9]", "'abz'", "[]", "none"]]),
    "symmetric_difference": ("list str tuple", [["[1, 'a', 9]", "'abz'", "[]", "none"]]), "avg": ("list int float", []), "sequence": (ANY, []), "skip": (ANY, []), "to_bool": (ANY, []), "quote": ("str", []), "method_call": ("str list dict", [["'upper'", "'split', ','", "'get', 'a'", "'nosuch'", "'index', 'a'", "'keys'"]]),
    "exactly_n_true": ("list", [NUM]), "exactly_one_true": ("list", []), "flatten": ("list tuple", [["1", "levels=1", "levels=0", "preserve_nulls=true", "-1"]]), "compare_lists": ("list", [["[1, 3]", "['b']", "[]", "none"]]), "compare_dicts": ("dict", [["{'a': 2}", "{}", "{'a': 1}", "[]"]]), "is_list": (ANY, []), "is_iter": (ANY, []),
    "substring_in_list": ("str", [["['abc', 'x']", "['Hello World']", "'abc'", "[]", "[1]"]]), "sorted_ignorecase": ("list", []), "json_query": (ANY, [["'[0]'", "'[].n'", "'a.b'", "'b.c[0]'", "'length(@)'", "'keys(@)'", "'@'", "'[?age>`26`]'", "'sort(@)'", "'['", "'*'", "'[*].n | [0]'", "'[-1:]'", "'to_string(@)'", "'type(@)'", "'sum(@)'", "'values(@)'", "'reverse(@)'",
                                     "'join(`-`, @)'", "'{x: a}'", "'[a, b]'", "'not_null(a, b)'", "'max(@)'", "'contains(@, `a`)'", "'avg(@)'", "'map(&n, @)'", "'starts_with(@, `a`)'", "'to_number(@)'", "'merge(@, `{\"z\": 1}`)'", "'[][]'", "'a || b'", "'!a'", "'a && b'", "'nosuch(@)'", "'abs(@)'", "'sort_by(@, &n)[].n'"]]),
    "traverse": (ANY, [["'a'", "'a:b'", "'b:c:0'", "0", "'0'", "'b:c:7'", "''", "'b.c'", "none", "'n'"], ["'dflt'", "none"], ["'.'", "delimiter='.'"]]), "to_entries": ("dict", []), "from_entries": ("list", []), "set_dict_key_value": ("dict", [["'a'", "'x:y:z'", "'b:c'", "'x.y'", "1"], ["1", "[1]", "none"], ["'.'", "delimiter='.'"]]),
    "append_dict_key_value": ("dict", [["'a'", "'x:y'", "'b:c'", "'k'"], ["1", "[1]", "none"]]), "extend_dict_key_value": ("dict", [["'a'", "'x:y'", "'b:c'", "'k'"], ["[1]", "'ab'", "{'q': 1}", "1", "none"]]), "update_dict_key_value": ("dict", [["'a'", "'x:y'", "'b'", "'k'"], ["{'q': 1}", "[['q', 1]]", "1", "none"]]),
    "mysql_to_dict": ("list", [["'a'", "'n'"]]), "json_encode_list": ("list", []), "json_encode_dict": ("dict", []), "date_format": ("str int none float", [["'%Y'", "'%H:%M:%S %j %U'", "'%%'", "'%q'", "''"]]), "strftime": ("str int none float", [["'%Y'", "'%d.%m.%y %a %b'", "'%s'", "'%I %p'", "'%G-W%V'", "'%-d'"]]),
    "path_join": ("str", [["'b'", "'/b'", "''", "'../c'", "1"], ["'c'", "'/'"]]), "is_empty": ("str", []), "is_bin_file": ("str", []), "is_text_file": ("str", []), "get_uid": ("str int", []), "which": ("str", []), "file_hashsum": ("str", []),
    "base64_encode": ("str", []), "base64_decode": ("str", []), "md5": ("str", []), "sha1": ("str", []), "sha256": ("str", []), "sha512": ("str", []), "hmac": ("str", [["'k'"], ["'eBWf9bstXg+NiP5AOwppB5HMvZiYMPzEM9W5YMm/AmQ='", "''"]]), "hmac_compute": ("str", [["'k'", "''"]]),
    "filter_by_networks": ("list", [["['10.0.0.0/8']", "['::/0']", "'10.0.0.0/8'", "none", "[]"]]), "ip_host": ("str list", []), "ipaddr": ("str list", [["'global'", "'private'", "'loopback'", "'multicast'", "'link-local'", "'reserved'", "'no'", "options='private'"]]), "ipv4": ("str list", [["'private'", "options='global'"]]), "ipv6": ("str list", [["'link-local'", "'private'"]]),
    "ipwrap": ("str list", []), "is_ip": (ANY, [["'private'", "options='global'"]]), "is_ipv4": (ANY, [["'private'"]]), "is_ipv6": (ANY, [["'link-local'"]]), "mac_str_to_bytes": ("str", []), "network_hosts": ("str list", []), "network_size": ("str list", []),
    "check_whitelist_blacklist": ("str", [["['a*']", "whitelist=['H*']", "'abc'", "none"], ["['*b*']", "blacklist=['a*']"]]), "contains_whitespace": ("str", []), "human_to_bytes": ("str", [["'GiB'", "default_unit='KB'", "'x'"], ["true", "handle_metric=true"]]), "is_hex": ("str", []), "str_to_num": ("str", []), "to_num": (ANY, []), "to_bytes": (ANY, []),
    "to_camelcase": ("str", [["true", "uppercamel=true"]]), "to_snake_case": ("str", []), "combinations": ("list str", [["2", "0", "5", "-1", "'x'"]]), "combinations_with_replacement": ("list str", [["2", "0"]]), "compress": ("list str", [["[1, 0, 1]", "'ab'", "[]"]]), "permutations": ("list", [["2", "none"]]), "product": ("list str", [["[1, 2]", "'xy'", "repeat=2"]]),
    "zip": ("list str", [["[1, 2]", "'xy'", "[]"], ["'pq'"]]), "zip_longest": ("list str", [["[1, 2]", "'xyzw'"], ["fillvalue='-'"]]),
}
PLAIN_TESTS = ["boolean", "callable", "defined", "divisibleby(2)", "divisibleby 3", "eq 1", "equalto('a')", "escaped", "even", "false", "filter", "float", "ge 1", "gt(0)", "in [1, 'a', none]", "in 'abc'", "in {'a': 1}", "integer", "iterable", "le 3", "list", "lower", "lt 2", "mapping", "match('a')",
               "match '.*b'", "match('A', ignorecase=true)", "match('^l', multiline=true)", "ne none", "none", "number", "odd", "sameas true", "sameas none", "sequence", "string", "test", "true", "undefined", "upper", "nosuch"]
METHODS = {
    "str": [("capitalize", []), ("casefold", []), ("center", [NUM, ["'*'", "' '"]]), ("count", [STR, NUM]), ("encode", [["'utf-8'", "'ascii'", "'latin-1'", "'utf-16'"], ["'ignore'", "'replace'"]]), ("endswith", [["'c'", "('c', 'd')", "''", "1"], NUM]), ("expandtabs", [NUM]), ("find", [STR, NUM, NUM]), ("format", [STR, NUM, ["x=1"]]),
            ("format_map", [["{'x': 1}", "d"]]), ("index", [STR]), ("isalnum", []), ("isalpha", []), ("isascii", []), ("isdecimal", []), ("isdigit", []), ("isidentifier", []), ("islower", []), ("isnumeric", []), ("isprintable", []), ("isspace", []), ("istitle", []), ("isupper", []), ("join", [["['a', 'b']", "'ab'", "[1]", "d", "()"]]), ("ljust", [NUM, ["'-'", "'ab'"]]),
            ("lower", []), ("lstrip", [STR]), ("partition", [STR]), ("removeprefix", [STR]), ("removesuffix", [STR]), ("replace", [STR, STR, NUM]), ("rfind", [STR]), ("rindex", [STR]), ("rjust", [NUM]), ("rpartition", [STR]), ("rsplit", [STR, NUM]), ("rstrip", [STR]), ("split", [STR, NUM]), ("splitlines", [["true", "keepends=true"]]), ("startswith", [["'a'", "('a', 'H')"], NUM]),
            ("strip", [STR]), ("swapcase", []), ("title", []), ("translate", [["{97: 'x'}", "{97: none}"]]), ("upper", []), ("zfill", [NUM]), ("nosuch", []), ("__len__", [])],
    "list": [("append", [NUM]), ("clear", []), ("copy", []), ("count", [NUM]), ("extend", [["[1]", "'ab'", "1", "d"]]), ("index", [NUM, NUM]), ("insert", [NUM, NUM]), ("pop", [NUM]), ("remove", [NUM]), ("reverse", []), ("sort", [["reverse=true", "key=none"]]), ("nosuch", [])],
    "dict": [("copy", []), ("fromkeys", [["['a', 'b']", "'ab'"], STR]), ("get", [["'a'", "1", "none", "[]"], STR]), ("items", []), ("keys", []), ("pop", [["'a'", "'q'"], STR]), ("popitem", []), ("setdefault", [["'a'", "'q'"], STR]), ("update", [["{'z': 1}", "z=1", "[['z', 1]]", "none"]]), ("values", []), ("clear", []), ("nosuch", [])],
    "int": [("bit_length", []), ("to_bytes", [["2, 'big'"]]), ("real", None), ("numerator", None), ("conjugate", [])],
    "float": [("is_integer", []), ("as_integer_ratio", []), ("hex", []), ("real", None)],
}
SPECS = ["", ":>8", ":<8", ":^9", ":*^9", ":05", ":+", ":,", ":x", ":#x", ":b", ":o", ":e", ":.2f", ":.3", ":%", ":8.2f", ":_", ":c", ":d", ":g", ":s", ":.1s", ":10s", ":n", ":=+8", ":<08.3f", ":#b", ":X", ":G", ": d", ":.0f", ":q", ":>{1}"]
CONVS = ["", "!r", "!s", "!a"]
PERCENTS = ["%s", "%r", "%d", "%i", "%5d", "%-5d|", "%05d", "%+d", "% d", "%x", "%X", "%#x", "%o", "%e", "%.2e", "%f", "%.1f", "%g", "%10.3f", "%c", "%%", "%5s", "%-5s|", "%.2s", "%a", "%u", "%*d", "%q", "%"]
OPS = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">", "<=", ">=", "and", "or", "in", "not in"]


class Maker:
    def __init__(self, rnd):
        self.rnd = rnd

    def value(self, kinds=ANY):
        rnd = self.rnd
        if kinds == ANY:
            names = [name for name, weight in KINDS for _ in range(weight)]
        else:
            names = kinds.split()
        return rnd.choice(VALUES[rnd.choice(names)])

    def arguments(self, slots):
        rnd, given, named = self.rnd, [], False
        for slot in slots:
            if rnd.random() < 0.25:
                break
            text = rnd.choice(slot) if rnd.random() < 0.93 else self.value()
            if named and "=" not in text.split("'")[0]:
                break
            named = named or "=" in text.split("'")[0]
            given.append(text)
        return ", ".join(given)

    def filtered(self, source=None, odd=0.25):
        rnd = self.rnd
        name = rnd.choice(list(FILTERS))
        fits, slots = FILTERS[name]
        if source is None:
            source = self.value(ANY if rnd.random() < odd else fits)
        args = self.arguments(slots)
        return "(%s) | %s%s" % (source, name, "(%s)" % args if args else "")

    def method(self):
        rnd = self.rnd
        kind = rnd.choice(["str"] * 5 + ["list"] * 2 + ["dict"] * 2 + ["int", "float"])
        name, slots = rnd.choice(METHODS[kind])
        if slots is None:
            return "(%s).%s" % (self.value(kind), name)
        return "(%s).%s(%s)" % (self.value(kind), name, self.arguments(slots))

    def formatted(self):
        rnd = self.rnd
        if rnd.random() < 0.5:
            fields = "".join("{%s%s%s}" % (rnd.choice(["", "0", "x", "0[0]", "1"]) if rnd.random() < 0.3 else "", rnd.choice(CONVS) if rnd.random() < 0.3 else "", rnd.choice(SPECS)) + rnd.choice(["", " ", "-"]) for _ in range(rnd.randint(1, 2)))
            return "'%s'.format(%s, %s, x=%s)" % (fields, self.value(), self.value(), self.value())
        parts = [rnd.choice(PERCENTS) for _ in range(rnd.randint(1, 2))]
        if rnd.random() < 0.15:
            return "'%%(a)%s' %% {'a': %s}" % (rnd.choice(PERCENTS)[1:] or "s", self.value())
        args = self.value() if len(parts) == 1 and rnd.random() < 0.7 else "(%s,)" % ", ".join(self.value() for _ in parts)
        return "'%s' %% %s" % (" ".join(parts), args)

    def operation(self):
        rnd = self.rnd
        if rnd.random() < 0.2:
            parts = [rnd.choice(["", "", "0", "1", "-1", "2", "10", "none"]) for _ in range(rnd.randint(1, 3))]
            return "(%s)[%s]" % (self.value("str list tuple dict other"), ":".join(parts) or "0")
        if rnd.random() < 0.1:
            return "%s%s" % (rnd.choice(["-", "+", "not "]), self.value())
        a, b = self.value(), self.value()
        if rnd.random() < 0.4:
            b = self.value(rnd.choice(["int", "float", "str", "list"]))
            a = self.value(rnd.choice(["int", "float", "str", "list"]))
        op = rnd.choice(OPS)
        if op == "**" or op == "*":
            a, b = self.value("float bool"), rnd.choice(["0", "2", "0.5", "-1", "3", "true", "'a'"])
        return "(%s) %s (%s)" % (a, op, b)

    def expression(self):
        rnd = self.rnd
        form = rnd.randint(0, 19)
        if form < 8:
            return self.filtered()
        if form < 11:
            text = self.filtered()
            for _ in range(rnd.randint(1, 2)):
                text = self.filtered(text)
            return text
        if form < 13:
            return "(%s) is %s%s" % (self.value(), rnd.choice(["", "not "]), rnd.choice(PLAIN_TESTS))
        if form < 16:
            return self.method()
        if form < 18:
            return self.formatted()
        return self.operation()

    def printed(self):
        text = self.expression()
        return rnd_wrap(self.rnd, text)


def rnd_wrap(rnd, text):
    if "|" in text and any("| " + lazy in text for lazy in ("map", "select", "reject", "batch", "slice", "combin", "compress", "permut", "product", "zip", "unique", "items", "reverse")):
        return "{{ (%s) | list }}" % text if rnd.random() < 0.9 else "{{ %s }}" % text
    return "{{ %s }}" % text


def questions(rnd, count):
    maker = Maker(rnd)
    from q_statements import statement

    for _ in range(count):
        body = maker.printed() if rnd.random() < 0.8 else statement(maker)
        yield PRELUDE + body + "\n"


def prepare(text, number, work):
    """The files of a question, and the question."""
    from q_statements import LIBRARY

    for name, library in LIBRARY.items() if number == 0 else ():
        put(work, name, library)
    put(work, "t%d.sls" % number, text)
    sets = any(name in text for name in ("union", "intersect", "difference", "unique", "set"))  # printed in an order of chance
    return {"render": "t%d.sls" % number, "shown": text[len(PRELUDE):].strip("\n"), "unordered": sets}


def put(work, name, text):
    import os

    path = os.path.join(work, "states", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
