"""Random YAML: scalars that may be numbers, all styles, tags, anchors, comments, odd indents; what they load as and how it is written again."""
import os

WORDS = ["a", "yes", "No", "ON", "off", "true", "False", "null", "~", "Null", "none", "0", "1", "-1", "010", "0x1F", "0b101", "1_000", "1.5", "1e3", "1.0e+3", ".5", "5.", ".inf", "-.INF", ".nan", "1:30", "12:30:45", "190:20:30.15", "2020-01-02", "2020-01-02 10:11:12", "2001-12-14t21:59:43.10-05:00", "0o17", "08",
         "1,000", "+1", "+.5", "-0", "0.0", "-0.0", "1.", "1e5", "1.5e-7", "y", "n", "=", "<<", "12345678901234567890", "a b", "a:b", "a#b", "a #b", "http://x/y", "x=y", "50%", "1.2.3", "it's", "a\"b", "\u00e9", "\u65e5\u672c", "NULL", "TRUE", "nan", "inf", ".Inf", "0xG", "0b2", "_1", "1_", "1__0", "0x_1", "-0x1", "0_7", "1.e3", "1.0e3", "0.1", "1:60", "01:30", "-1:30", "1:30:", "00", "-010", "+010", "09", "--1", "1e", "e1", "null ", "-", "?x", "a: ", "k:v", ":", "::", "a:", "-a", "- a", "[a", "a]", "{a", "a}", "a,b", "*", "&", "!", "|", ">", "%", "@", "`", "'", "\"", "#"]
QUOTED = ["'a: b'", "\"a\\tb\"", "\"\\x41\\u00e9\\U0001F600\"", "'it''s'", "\"l\\nb\"", "' lead'", "'trail '", "\"\\\\\"", "'#x'", "\"q\\\"q\"", "''", "\"\"", "'1'", "'yes'", "'null'", "\"\\0\\a\\b\\e\\f\\v\\N\\_\\L\\P\"", "\"a\\\n  b\"", "'a\n  b'", "'a\n\n  b'", "\"a\n  b\\n\n  c\"", "\"\\/\"", "\"\\q\"", "\"\\u12\"", "'1.5'", "'~'", "'0x1'", "' '", "\"\\ \"", "\"\\r\"", "'a\\nb'"]
TAGS = ["!!str", "!!int", "!!float", "!!bool", "!!null", "!!binary", "!!seq", "!!map", "!!set", "!!omap", "!!pairs", "!!timestamp", "!x", "!", "!!python/tuple", "!!python/unicode", "!!python/object:a", "!!nosuch", "!<tag:yaml.org,2002:str>", "!aggregate", "!reset"]
ALPHABET = ["0", "1", "2", "7", "9", ".", "_", "-", "+", ":", "e", "x", "b", "o", "E", "a", "f"]


class Maker:
    def __init__(self, rnd):
        self.rnd, self.anchors = rnd, 0

    def plain(self):
        rnd = self.rnd
        if rnd.random() < 0.5:
            return rnd.choice(WORDS[:80])
        if rnd.random() < 0.85:
            return "".join(rnd.choice(ALPHABET) for _ in range(rnd.randint(1, 8)))
        return rnd.choice(WORDS)

    def scalar(self):
        rnd = self.rnd
        draw = rnd.random()
        if draw < 0.72:
            text = self.plain()
        elif draw < 0.92:
            text = rnd.choice(QUOTED)
        else:
            text = ""
        if rnd.random() < 0.08:
            text = rnd.choice(TAGS) + " " + text
        return self.anchored(text)

    def anchored(self, text):
        rnd = self.rnd
        if rnd.random() < 0.06:
            self.anchors += 1
            return "&a%d %s" % (self.anchors, text)
        if self.anchors and rnd.random() < 0.08:
            return "*a%d" % rnd.randint(1, self.anchors + (rnd.random() < 0.1))
        return text

    def key(self):
        rnd = self.rnd
        draw = rnd.random()
        if draw < 0.6:
            return rnd.choice("abcdefghkmpqrstuvwxz") + rnd.choice(["", "1", "_x", "-y"])
        if draw < 0.9:
            return self.plain()
        if draw < 0.95:
            return rnd.choice(QUOTED[:12])
        return rnd.choice(["[a]", "{a: 1}", "? a", "? [a, b]", "<<", "", "!!str 1", "&k x", "'a':b"])

    def block_text(self, indent):
        rnd = self.rnd
        head = rnd.choice("|>") + rnd.choice(["", "", "-", "+", "2", "2-", "+1", "4"]) + rnd.choice(["", "", " # c", " "])
        pad = " " * (indent + rnd.choice([2, 2, 2, 1, 4]))
        lines = [rnd.choice(["x", "y z", "  more", "", "# no comment", "- item", "k: v", "\ttab", "trail  ", "\u00e9"]) for _ in range(rnd.randint(1, 5))]
        return head + "\n" + "\n".join(pad + line if line else rnd.choice(["", pad, " "]) for line in lines) + rnd.choice(["", "\n", "\n\n"])

    def flow(self, depth):
        rnd = self.rnd
        if depth > 3 or rnd.random() < 0.45:
            return self.scalar()
        count = rnd.randint(0, 3)
        gap = rnd.choice([" ", " ", " ", "", "\n    ", " # c\n   "])
        if rnd.random() < 0.5:
            return self.anchored("[" + ("," + gap).join(self.flow(depth + 1) for _ in range(count)) + rnd.choice(["", "", ",", " "]) + "]")
        return self.anchored("{" + ("," + gap).join(self.key() + rnd.choice([": ", ": ", ":", ""]) + self.flow(depth + 1) for _ in range(count)) + rnd.choice(["", "", ","]) + "}")

    def node(self, indent, depth):
        """What stands behind `key:` or `-`, with its line end."""
        rnd = self.rnd
        draw = rnd.random()
        comment = rnd.choice(["", "", "", "", " # c", "   "])
        if depth > 3 or draw < 0.5:
            return " " + self.scalar() + comment + "\n"
        if draw < 0.6:
            return " " + self.block_text(indent) + "\n"
        if draw < 0.7:
            return " " + self.flow(0) + comment + "\n"
        head = self.anchored("") if rnd.random() < 0.2 else ""
        if rnd.random() < 0.1:
            head = rnd.choice(TAGS)
        return (" " + head if head else "") + comment + "\n" + self.block(indent + rnd.choice([2, 2, 2, 4, 1]), depth + 1)

    def block(self, indent, depth):
        rnd = self.rnd
        pad = " " * indent
        out = ""
        is_list = rnd.random() < 0.45
        for _ in range(rnd.randint(1, 4)):
            if rnd.random() < 0.05:
                out += rnd.choice(["# comment\n", "\n", pad + "# c\n", "   \n", "\t\n"])
            wrong = " " if rnd.random() < 0.01 else ""
            if is_list:
                if rnd.random() < 0.25:
                    inner = self.block(indent + 2, depth + 1) if depth < 3 else pad + "  a: 1\n"
                    out += pad + wrong + "- " + inner.lstrip(" ")
                else:
                    out += pad + wrong + "-" + self.node(indent, depth + 1)
            elif self.anchors and rnd.random() < 0.06:
                out += pad + "<<: " + rnd.choice(["*a1", "*a%d" % self.anchors, "[*a1, *a%d]" % self.anchors, "{q: 1}", "[{q: 1}, {r: 2}]", "x"]) + "\n"
            else:
                out += pad + wrong + self.key() + ":" + self.node(indent, depth + 1)
        return out

    def document(self):
        rnd = self.rnd
        draw = rnd.random()
        if draw < 0.35:  # many scalars at once
            return "".join("k%d: %s\n" % (at, self.plain()) for at in range(12))
        if draw < 0.45:
            return "".join("- %s\n" % self.scalar() for _ in range(4))
        head = rnd.choice([""] * 10 + ["---\n", "%YAML 1.1\n---\n", "--- # c\n", "\ufeff", "%TAG ! tag:x,2000:\n---\n", "# c\n\n", "--- a\n", "---\n---\n", "%YAML 1.2\n---\n", "%FOO x\n---\n"])
        tail = rnd.choice([""] * 10 + ["...\n", "---\nb: 2\n", "# end", "...\n# c\n", "...\nx\n"])
        return head + self.block(0, 0) + tail


TEMPLATE = ("{%% import_yaml 'y%d.yaml' as y %%}\n{{ y }}\n---\n{{ [y] | string }}\n---\n{{ y | yaml(false) }}\n---\n{{ y | yaml }}\n---\n{{ salt['slsutil.serialize']('yaml', y) }}\n"
            "---\n{{ salt['slsutil.serialize']('yaml', y, default_flow_style=false) }}\n---\n{{ y | python }}\n---\n{{ [y] | dict_to_sls_yaml_params if false else '' }}\n")


def questions(rnd, count):
    for _ in range(count):
        yield Maker(rnd).document(), rnd.random() < 0.5


def put(work, name, text):
    os.makedirs(work + "/states", exist_ok=True)
    with open(os.path.join(work, "states", name), "w", encoding="utf-8", newline="") as file:
        file.write(text)


def prepare(item, number, work):
    text, written = item
    if written:
        put(work, "y%d.yaml" % number, "{% raw %}" + text + "{% endraw %}")
        put(work, "t%d.sls" % number, TEMPLATE % number)
        return {"render": "t%d.sls" % number, "shown": "WRITTEN " + text, "unordered": "!!set" in text}
    put(work, "t%d.sls" % number, text)
    return {"render": "t%d.sls" % number, "renderer": "yaml", "shown": "LOADED " + text, "unordered": "!!set" in text}
