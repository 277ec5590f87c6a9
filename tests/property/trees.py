"""Random small state trees, the same for the same seed."""
import random

IDS = ["alpha", "beta", "gamma", "delta", "eps one", "/etc/zeta.conf", "eta*x"]
FUNS = [("test", "nop"), ("test", "succeed_with_changes"), ("cmd", "run"), ("cmd", "wait"), ("file", "managed"),
        ("file", "directory"), ("service", "running"), ("environ", "setenv"), ("user", "present"), ("pkg", "installed")]
KINDS = ["require", "watch", "onchanges", "onfail", "prereq", "listen", "require_any", "watch_any", "onchanges_any",
         "onfail_any", "onfail_all", "use"]
IN_KINDS = ["require_in", "watch_in", "onchanges_in", "onfail_in", "prereq_in", "listen_in", "use_in"]
SLS = ["one", "two", "three.init", "three.sub", "four.five.six", "seven"]
VALUES = ["yes", "'yes'", "010", "1.50", "null", "[1, two]", "{k: v, n: [x]}", "'#x'", "1_000", "0x1F", "~", "on", "1:30", "2020-01-02", '"a\\tb"']


class Tree:
    """One tree: `files` by path (first part: the environment), and what to ask about it."""

    def __init__(self, seed):
        self.rnd = random.Random(seed)
        self.files = {}
        self.known = []  # (id, module, name) of all states so far
        self.count = 0
        rnd = self.rnd
        self.names = rnd.sample(SLS, rnd.randint(1, 4))
        for sls in self.names:
            self.files["base/" + sls.replace(".", "/") + ".sls"] = self.sls(sls)
        self.dev = []
        if self.often(0.35):
            for sls in rnd.sample(SLS, rnd.randint(1, 2)):
                self.dev.append(sls)
                self.files["dev/" + sls.replace(".", "/") + ".sls"] = self.sls(sls)
        if self.often(0.2):
            self.files["base/vars.jinja"] = "{% set items = ['p', 'q'] %}\n{% macro st(id) %}\n{{ id }}:\n  test.nop\n{% endmacro %}\n"
        self.files["base/top.sls"] = self.top()
        if self.dev and self.often(0.3):
            self.files["dev/top.sls"] = self.top()

    def often(self, share):
        return self.rnd.random() < share

    def call_name(self, sls):
        return sls[: -len(".init")] if sls.endswith(".init") else sls

    def commands(self):
        mods = [self.call_name(sls) for sls in self.names]
        self.rnd.shuffle(mods)
        some = mods[: self.rnd.randint(1, len(mods))]
        if self.often(0.03):
            some.append("missing")
        if self.often(0.05):
            some = ["th*"]
        out = [["state.show_low_sls", ",".join(some)], ["state.show_lowstate"]]
        if self.often(0.4):
            out += [["state.show_highstate"], ["state.show_top"]]
        if self.often(0.3):
            out.append(["state.show_sls", ",".join(some)])
        if self.known and self.often(0.3):
            out.append(["state.show_low_sls", ",".join(some), "exclude=" + self.call_name(self.rnd.choice(SLS))])
        return out

    def top(self):
        rnd, lines = self.rnd, []
        for env, names in (("base", self.names), ("dev", self.dev)):
            if not names or (env == "dev" and self.often(0.3)):
                continue
            lines.append(env + ":")
            for target in rnd.sample(["'*'", "m1", "'os:Debian'", "'G@os:Debian and m*'", "'nobody*'"], rnd.randint(1, 3)):
                lines.append("  %s:" % target)
                if target == "'os:Debian'":
                    lines.append("    - match: grain")
                for sls in rnd.sample(names, rnd.randint(1, len(names))):
                    lines.append("    - " + self.call_name(sls))
                if self.often(0.02):
                    lines.append("    - missing")
                if self.dev and self.often(0.05):
                    lines.append("    - dev: " + self.call_name(self.dev[0]))
        return "\n".join(lines) + "\n"

    def sls(self, own):
        rnd, lines = self.rnd, []
        if self.often(0.35):
            lines.append("include:")
            for sls in rnd.sample(self.names, min(len(self.names), rnd.randint(1, 2))):
                if self.often(0.02):
                    sls = rnd.choice(SLS + [".sub", "..one", ".", "missing"])
                elif own.startswith("three.") and self.often(0.5):
                    sls = {"three.init": ".init", "three.sub": ".sub"}.get(sls, "..%s" % sls if "." not in sls else sls)
                sls = self.call_name(sls)
                lines.append("  - base: %s" % sls if self.often(0.06) else "  - " + sls)
        if self.often(0.12) and self.known:
            ident, module, _ = rnd.choice(self.known)
            lines += ["extend:", "  %s:" % self.quoted(ident), "    %s:" % (module if self.often(0.9) else "cmd")]
            lines += self.arguments(6, rnd.randint(1, 2)) or ["      - extra: 1"]
        if self.often(0.06):
            lines += ["exclude:", "  - " + (rnd.choice(["sls: one", "id: beta", "two", "sls: th*"]))]
        for _ in range(rnd.randint(1, 4)):
            lines += self.state(own)
        if self.often(0.008):
            lines.append("text that is no state")
        return "\n".join(lines) + "\n"

    def quoted(self, text):
        return "'%s'" % text if "*" in text else text

    def state(self, own):
        rnd = self.rnd
        if self.often(0.07):  # a loop
            self.count += 1
            ident = "loop%d" % self.count
            self.known.append((ident + "1", "test", ident + "1"))
            body = ["{% for i in range(1, " + str(rnd.randint(1, 4)) + ") %}", ident + "{{ i }}:", "  test.nop:", "    - v: {{ loop.last }}"]
            if self.often(0.5):
                body += ["    {% if not loop.first %}", "    - require:", "      - test: %s{{ i - 1 }}" % ident, "    {% endif %}"]
            return body + ["{% endfor %}"]
        free = [ident for ident in IDS if self.often(0.02) or ident not in {known[0] for known in self.known}]
        ident = rnd.choice(free) if free and self.often(0.3) else "s%d" % self.count
        self.count += 1
        lines = [self.quoted(ident) + ":"]
        for module, fun in self.functions():
            name = None
            args = []
            if self.often(0.3):
                name = rnd.choice(["/tmp/n%d" % self.count, "echo n%d" % self.count, "beta"])
                args.append("      - name: " + name)
            elif self.often(0.12):
                args += ["      - names:"] + ["        - n%d" % n for n in range(rnd.randint(1, 3))]
                if self.often(0.4):
                    args += ["        - special:", "          - mode: '0600'", "          - v: 2"]
            args += self.arguments(6, rnd.randint(0, 3))
            self.known.append((ident, module, name or ident))
            if not args:
                lines.append("  %s.%s: []" % (module, fun) if self.often(0.7) else "  %s.%s" % (module, fun))
                if not lines[-1].endswith("]"):
                    return lines  # nothing may stand below a short declaration
            elif self.often(0.2):
                lines += ["  %s:" % module] + [line[2:] for line in ["      - " + fun] + args]
            else:
                lines += ["  %s.%s:" % (module, fun)] + [line[2:] for line in args]
        return lines

    def functions(self):
        first = self.rnd.choice(FUNS)
        if self.often(0.12):
            second = self.rnd.choice(FUNS)
            if second[0] != first[0]:
                return [first, second]
        return [first]

    def arguments(self, indent, count):
        rnd, pad, lines, used = self.rnd, " " * indent, [], set()
        for _ in range(count):
            what = rnd.random()
            if what < 0.2:
                key = "arg%d" % rnd.randint(1, 4)
                lines.append("%s- %s: %s" % (pad, key, rnd.choice(VALUES)))
            elif what < 0.32:
                if "order" not in used:
                    used.add("order")
                    lines.append("%s- order: %s" % (pad, rnd.choice(["1", "5", "first", "last", "-1", "-10", "'5'", "10500", "2.5"])))
            elif what < 0.8:
                kind = rnd.choice(KINDS[:4]) if self.often(0.6) else rnd.choice(KINDS)
                if kind not in used:
                    used.add(kind)
                    lines += self.requisite(pad, kind)
            else:
                kind = rnd.choice(IN_KINDS)
                if kind not in used:
                    used.add(kind)
                    lines += self.requisite(pad, kind)
        return lines

    def requisite(self, pad, kind):
        rnd = self.rnd
        if self.often(0.005):
            return ["%s- %s: word" % (pad, kind)]
        lines = ["%s- %s:" % (pad, kind)]
        for _ in range(1 if self.often(0.7) else 2):
            lines.append("%s  - %s" % (pad, self.reference()))
        return lines

    def reference(self):
        rnd, what = self.rnd, self.rnd.random()
        if what < 0.006 or not self.known:
            return rnd.choice(["test: nosuch", "nosuch", "sls: nosuch", "test.nop: alpha", "test: [a]", "a: {b: c}"])
        ident, module, name = rnd.choice(self.known)
        ident, name = self.quoted(ident), self.quoted(name)
        if what < 0.6:
            return "%s: %s" % (module, ident)
        if what < 0.7:
            return "%s: %s" % (module, name)
        if what < 0.78:
            return "id: %s" % ident
        if what < 0.86:
            return ident
        if what < 0.95:
            return "sls: %s" % self.call_name(rnd.choice(self.names))
        return rnd.choice(["test: 's*'", "sls: 't*'", "file: '/etc/*'", "id: 'al*'"])
