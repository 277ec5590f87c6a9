"""How arguments on the command line are typed: values, key=value, quotes, lists, maps."""
from q_yaml import QUOTED, WORDS, Maker as Yaml

FUNS = ["test.arg", "test.arg", "test.kwarg", "test.arg_type", "test.arg_repr", "test.arg_clean", "test.echo", "test.outputter"]
ODD = ["a=b=c", "=a", "a=", "a==b", "a =b", "a= b", "a b=c", "_a=1", "a.b=1", "a-b=1", "1a=2", "é=1", "__x=1", "a=[1, 2]", "a={b: c}", "[1, 2]", "{a: 1}", "[a", "{a", "{a: b", "[1,2],3", "{}", "[]", "a=[]", "a={}", "--a", "-1", "--", "-x", "a: 1", "- a", "a=- b", "a=- b\n- c", "a\nb", "a=b\nc", "x: y: z", "a='b c'", "a=\"b\"", "'a=b'", "\"a=b\"", "http://x/?a=b", "/a=b",
       "a=None", "None", "a=True", "a= ", " a", "a ", "", " ", "\t", "a\tb", "#x", "a #x", "a=#x", "a=b #x", "1 # c", "!x", "!!int 5", "&a b", "*a", "a=*b", "%x", "@x", "`x`", "|", ">", "a=|", "{{ x }}", "{% x %}", "$x", "a,b", "a=1,2", "1,2", "(1, 2)", "u'x'", "b'x'", "0x", "1_0", "a=1_0", "1e5", "a=1e5", "1E5", "1.0e5", "NaN", "inf", "a=~", "~", "null", "1:2", "10:20", "a=10:20", "2020-01-02", "a=2020-01-02", "0644", "a=0644", "0o10", "00", "1.0", "1.50",
       "1,000", "true", "yes", "no", "on", "off", "Yes", "TRUE", "a=yes", "key='[1]'", "'[1]'", "\"{a: 1}\"", "[yes, no, 010, ~, 1_0]", "{a: yes, b: 010, c: ~}", "[{a: 1}, [b]]", "{a: {b: [1]}}", "a={b: 1, b: 2}", "{1: 2}", "{yes: no}", "{a: b, }", "[ ]", "[a, 'b', \"c\"]", "12345678901234567890", "-0", "+1", ".5", "5.", "a=.5", "-.5", "1 2", "01", "08", "a=08"]
SINGLE = {"test.echo", "test.outputter"}


def questions(rnd, count):
    yaml = Yaml(rnd)
    for _ in range(count):
        fun = rnd.choice(FUNS)
        given = []
        for _ in range(1 if fun in SINGLE else rnd.randint(1, 4)):
            draw = rnd.random()
            text = rnd.choice(ODD) if draw < 0.4 else yaml.plain() if draw < 0.65 else rnd.choice(QUOTED) if draw < 0.72 else yaml.flow(1)
            if rnd.random() < 0.35:
                text = rnd.choice(["a", "b", "key", "a_b", "X1"]) + "=" + text
            given.append(text)
        if any("\x00" in text or text.startswith("-") or text.startswith("__") for text in given):
            continue
        yield [fun, *given]


def prepare(item, number, work):
    return {"argv": ["--local", "--config-dir", work + "/conf", "--out=json", *item], "shown": repr(item)}
