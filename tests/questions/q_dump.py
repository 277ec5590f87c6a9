"""Random data written as YAML, JSON and Python text by filters and functions."""
import json
import os

TEXTS = ["", "a", "yes", "No", "null", "~", "1", "1.5", "010", "0x1F", "1e3", "1:30", "2020-01-02", "2020-01-02 10:11:12", "a: b", "a #b", "#a", "- a", "-", "? a", ": a", "[a", "{a", "a,b", "'q'", "\"q\"", "it's", "a\nb", "a\n", "\na", "a\n\nb", "  lead", "trail ", "\ttab", "a\tb", "\u00e9", "\u65e5\u672c", "\U0001F600", "\u2028", "\x00", "\x7f", "\x85", "\ufeff", "%a", "@a", "`a", "!a", "&a", "*a",
         "|", ">", "=", "<<", "...", "---", "--- a", "a:", "a::b", "http://x/y", "C:\\x", "\\n", "x" * 90, "word " * 25, "word " * 12 + "\nnext " * 3, "a  b", "a \n b", "\r", "a\r\nb", "0o17", "08", ".5", "5.", "+1", "1_000", "0b1", "on", "y", "n", ".inf", ".nan", "nan", "True", "a: b: c", "{{ x }}", "{% x %}", "key", "foo bar", "-a", "--", "?", ":", "", " ", "  ", "\n", "\n\n", "a\n ", " \na", "x" * 70 + " yyyyyyyyyyyyyyyyyyyy " + "z" * 30, "\xa0", "a\u2029b", "\ue000", "\x1b", "'", "\"", "''", "\\", "/"]
OTHERS = [None, True, False, 0, 1, -1, 42, 10**20, 1.0, 0.1, -2.5, 1e100, 1e-7, 1e16, 123456789.123, 1.5e300, 0.30000000000000004, 100000.0, 1e15, -0.0]


def data(rnd, depth=0):
    draw = rnd.random()
    if depth > 3 or draw < 0.35 and depth:
        return rnd.choice(TEXTS) if rnd.random() < 0.7 else rnd.choice(OTHERS)
    if draw < 0.65:
        return [data(rnd, depth + 1) for _ in range(rnd.choice([0, 1, 1, 2, 3, 6]))]
    return {rnd.choice(TEXTS) if rnd.random() < 0.4 else rnd.choice("abcdefgh") * rnd.randint(1, 3): data(rnd, depth + 1) for _ in range(rnd.choice([0, 1, 2, 3, 5]))}


WAYS = ["d | yaml(false)", "d | yaml", "d | json", "d | tojson", "d | json(indent=2)", "d | tojson(indent=1)", "d | python", "d | pprint", "d", "d | string", "salt['slsutil.serialize']('yaml', d)", "salt['slsutil.serialize']('yaml', d, default_flow_style=false)", "salt['slsutil.serialize']('json', d)",
        "salt['slsutil.serialize']('json', d, indent=3)", "salt['slsutil.serialize']('yaml', d, width=40, indent=4)", "d | map('yaml_dquote') | list", "d | map('yaml_squote') | list", "salt['slsutil.serialize']('yaml', d, allow_unicode=false)", "salt['slsutil.serialize']('yaml', d, explicit_start=true)", "d | map('string') | map('yaml_encode') | list", "d | json(sort_keys=false)"]


def questions(rnd, count):
    for _ in range(count):
        value = data(rnd)
        yield value, rnd.sample(WAYS, 4)


def prepare(item, number, work):
    value, ways = item
    os.makedirs(work + "/states", exist_ok=True)
    with open(work + "/states/d%d.json" % number, "w", encoding="utf-8") as file:
        json.dump(value, file)
    with open(work + "/states/t%d.sls" % number, "w", encoding="utf-8") as file:
        file.write("{%% set d = salt['slsutil.renderer']('salt://d%d.json', default_renderer='json') %%}\n" % number + "".join("[{{ %s }}]\n" % way for way in ways))
    return {"render": "t%d.sls" % number, "shown": json.dumps(value, ensure_ascii=False) + "\n   " + " ; ".join(ways)}
