"""Random state runs: test.* and cmd.run states with requisites of all kinds, checks, retries, names, orders and odd forms; and how the
run is shown."""
import os

WORKERS = 2  # one waits for the real Salt: runs exclude each other
OUTCOMES = ["test.succeed_with_changes"] * 3 + ["test.succeed_without_changes"] * 3 + ["test.fail_without_changes"] * 2 + ["test.fail_with_changes", "test.nop", "test.configurable_test_state", "test.show_notification", "cmd.run", "cmd.run", "module.run", "test.mod_watch", "cmd.wait"]
REQUISITES = ["require", "require", "watch", "watch", "onchanges", "onfail", "prereq", "listen", "require_any", "watch_any", "onchanges_any", "onfail_any", "onfail_all", "use"]
INSIDE = ["require_in", "watch_in", "onchanges_in", "onfail_in", "prereq_in", "listen_in", "use_in"]
COMMANDS = ["'true'", "'false'", "[]", "['true', 'true']", "['true', 'false']", "['false', 'false']", "['false', 'true']", "'exit 3'", "[{fun: test.true}]", "[{fun: test.false}]", "{fun: test.true}", "{fun: test.false}", "[{fun: test.echo, args: [x]}]", "[{fun: test.echo, text: ''}]", "['true', {fun: test.true}]", "[{fun: test.nosuch}]", "[{fun: grains.get, args: [id], get_return: x}]", "[{}]", "''", "null", "true", "false",
            "1", "[1]", "[[a]]", "{}", "[{fun: match.compound, tgt: 'm*'}]", "[{fun: match.glob, args: ['m1']}]", "[{fun: pillar.get, args: ['a:b'], get_return: 'c'}]", "[{fun: file.file_exists, path: /etc/passwd}]", "[{fun: test.kwarg, a: 1, get_return: a}]", "[{fun: test.kwarg, a: {b: 0}, get_return: 'a:b'}]"]
SINGLE = ["require: foo", "require: [foo]", "require: [{test: nosuch}]", "require: [{nosuch: s1}]", "require: [{test: '*'}]", "require: [{id: s1}]", "require: [s1]", "require: {test: s1}", "require: [{test: s1, cmd: s2}]", "require: []", "require: null", "order: 1", "order: last", "order: first", "order: -1", "order: 'x'", "order: 1.5", "failhard: true", "failhard: yes", "fire_event: true", "reload_modules: true", "parallel: true", "aggregate: true", "names: []", "names: [n1, n2]",
          "names: [n1, {n2: [{comment: z}]}]", "names: n1", "name: other", "name: [a]", "name: 5", "name: null", "name: ''", "retry: true", "retry: {attempts: 2, interval: 0}", "retry: {until: false, attempts: 2, interval: 0}", "retry: 2", "check_cmd: ['true']", "check_cmd: ['false']", "check_cmd: [{fun: test.true}]", "creates: /etc/passwd", "creates: /nosuch", "creates: [/etc/passwd, /nosuch]", "creates: [/etc/passwd]", "comment: 'some text'", "comment: |\n        a\n        b",
          "bogus: 1", "__bogus: 1", "require: [{sls: s%d}]", "require: [{sls: nosuch}]", "onfail_stop: false", "onfail_stop: true", "runas: root", "umask: '022'", "test: true", "state: x", "fun: nop", "saltenv: base", "timeout: 5", "a: __slot__:salt:test.echo(x)", "comment: __slot__:salt:test.echo(hi)", "comment: __slot__:salt:test.nosuch(hi)", "changes: true", "result: false", "changes: random2", "listen: [{test: s0}, {cmd: s1}]", "onlyif: ['true']\n    - unless: ['true']",
          "no_log: true", "hide_output: true", "warnings: w", "warnings: [v, w]", "skip_req: [s0]", "use: [{test: s0}]", "order: 10000", "order: 100000", "check_pillar: 1", "env: [{A: b}]"]
SHOW = [["--out=highstate"], ["--out=highstate", "--state-output=mixed"], ["--out=highstate", "--state-output=terse"], ["--out=highstate", "--state-output=changes"], ["--out=highstate", "--state-output=filter"], ["--out=highstate", "--state-verbose=False"], ["--out=highstate", "--state-output=full_id"], ["--out=highstate", "--state-output=mixed_id"], ["--out=highstate", "--state-output=terse_id"], ["--out=highstate", "--state-output=changes_id"],
        ["--out=highstate", "--state-output=changes", "--state-verbose=False"], ["--out=highstate", "--no-color"], ["--out=highstate", "--force-color"], ["--out=nested"], ["--out=yaml"], ["--out=highstate", "--out-indent=2"], ["--out=json", "--out-indent=1"], []]


def value(rnd, mod):
    return rnd.choice(SINGLE)


def target(rnd, count):
    number = rnd.randrange(count + (rnd.random() < 0.03))
    return number


def state(rnd, at, kinds, count):
    """One state: its id, its function, and its arguments as lines."""
    fun = kinds[at]
    lines = []
    if fun == "cmd.run":
        lines.append("name: '%s'" % rnd.choice(["true", "false", "echo a", "echo b >&2; exit 2", "echo changed=no", "exit 3"]))
        if rnd.random() < 0.2:
            lines.append(rnd.choice(["stateful: true", "success_retcodes: [2, 3]", "hide_output: true", "cwd: /nosuch", "success_stdout: [a]", "ignore_timeout: true", "output_loglevel: quiet", "unless: 'true'", "onlyif: 'false'"]))
    if fun == "cmd.wait":
        lines.append("name: 'echo waited'")
    if fun == "module.run":
        lines.append(rnd.choice(["test.ping:", "test.true:", "test.false:", "test.echo: [{text: x}]", "test.nosuch:", "name: test.ping", "name: test.fail\n    - x: 1", "test.ping: []\n    - test.true: []", "test.kwarg: [{a: 1}]", "test.arg: [a, {b: 2}]", "test.echo: x"]))
    if fun == "test.configurable_test_state":
        lines += ["changes: %s" % rnd.choice(["true", "false", "'Random'"[:6] and "true"]), "result: %s" % rnd.choice(["true", "false"])]
        if rnd.random() < 0.3:
            lines.append("warnings: [w1]")
    if fun == "test.show_notification":
        lines.append("text: hello")
    for _ in range(rnd.choice([0, 1, 1, 1, 2, 3])):
        draw = rnd.random()
        other = target(rnd, count)
        if draw < 0.5:
            kind = rnd.choice(REQUISITES)
            wanted = {other, target(rnd, count)} - {at} if kind.endswith(("any", "all")) or rnd.random() < 0.2 else {other} - {at}
            if wanted:
                lines.append("%s: [%s]" % (kind, ", ".join("{%s: s%d}" % (kinds[number].split(".")[0] if number < count else "test", number) for number in sorted(wanted))))
        elif draw < 0.6:
            if other != at and other < count:
                lines.append("%s: [{%s: s%d}]" % (rnd.choice(INSIDE), kinds[other].split(".")[0], other))
        elif draw < 0.75:
            lines.append("%s: %s" % (rnd.choice(["onlyif", "unless", "onlyif", "unless", "check_cmd"]), rnd.choice(COMMANDS)))
        elif draw < 0.92:
            lines.append(rnd.choice(SINGLE))
    return "s%d:\n  %s:%s\n" % (at, fun, "".join("\n    - " + line for line in lines) or " []")


def document(rnd):
    count = rnd.randint(2, 5)
    kinds = [rnd.choice(OUTCOMES) for _ in range(count)]
    return "".join(state(rnd, at, kinds, count) for at in range(count))


FUNS = [["state.apply", "X"]] * 10 + [["state.apply", "X", "test=True"]] * 5 + [["state.sls", "X", "concurrent=True"], ["state.sls", "X", "exclude=s0"], ["state.sls", "X", "exclude=[{id: s1}]"], ["state.sls_id", "s0", "X"], ["state.sls_id", "s1", "X"], ["state.show_low_sls", "X"], ["state.show_sls", "X"], ["state.sls", "X", "mock=True"], ["state.sls", "X", "saltenv=base"], ["state.id_exists", "s0", "X"],
       ["state.sls_exists", "X"], ["state.sls", "X", "terse=True"], ["state.apply", "X", "pillar={a: {b: c}}"], ["state.show_states"], ["state.sls", "X", "state_output=terse"], ["state.apply", "X", "test=yes"], ["state.apply", "X", "test=0"], ["state.sls", "X", "exclude=X"], ["state.sls", "X,X"], ["state.sls", "[X]"], ["state.sls", "mods=X"], ["state.template", "FILE"]]


def questions(rnd, count):
    for _ in range(count):
        fun = rnd.choice(FUNS)
        show = rnd.choice(SHOW) if rnd.random() < 0.35 else ["--out=json"]
        yield document(rnd), fun, show


def prepare(item, number, work):
    text, fun, show = item
    name = "s%d" % number
    os.makedirs(work + "/states", exist_ok=True)
    with open(work + "/states/%s.sls" % name, "w", encoding="utf-8") as file:
        file.write(text.replace("%d", str(number)))
    words = [word.replace("FILE", work + "/states/%s.sls" % name).replace("X", name) for word in fun]
    return {"argv": ["--local", "--config-dir", work + "/conf", "--retcode-passthrough", *show, *words], "shown": " ".join(show + words) + "\n" + text, "states": True}
