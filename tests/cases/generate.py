#!/usr/bin/env python3
"""Writes the inputs of the generated cases (topics g-*) from tables; `run_cases.py --record` makes their expectations.

    generate.py [--clean]      --clean: removes all g-* topics first (then everything must be recorded again)
"""
import os
import shutil
import sys

import yaml

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tables  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "cases")


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as fh:
        fh.write(text)


def case(topic, name, description, commands, files, **more):
    """One case: `commands` as lists of arguments or dicts, `files` by path below the case."""
    base = os.path.join(CASES, "g-" + topic, name)
    head = {"description": description, **more}
    head["commands"] = [cmd if isinstance(cmd, dict) else {"args": cmd} for cmd in commands]
    write(base + "/case.yaml", yaml.safe_dump(head, sort_keys=False, width=160))
    for path, text in files.items():
        write(os.path.join(base, path), text)


def slug(text):
    return "".join(ch if ch.isalnum() else "-" for ch in text).strip("-").lower()


def jinja():
    for topic, groups in (("filter", tables.FILTERS), ("method", tables.METHODS), ("print", tables.PRINTING)):
        for name, lines in groups.items():
            if name in tables.APART:  # some of these fail: each for itself
                files = {"states/t%d.sls" % at: tables.PRELUDE + "{{ %s }}\n" % line for at, line in enumerate(lines, 1)}
                case("jinja", "%s-%s" % (topic, slug(name)), "%s %s" % (topic, name),
                     [["slsutil.renderer", "salt://t%d.sls" % at, "default_renderer=jinja"] for at in range(1, len(lines) + 1)], files)
                continue
            text = tables.PRELUDE + "".join("%d: {{ %s }}\n" % (at, line) for at, line in enumerate(lines, 1))
            case("jinja", "%s-%s" % (topic, slug(name)), "%s %s" % (topic, name),
                 [["slsutil.renderer", "salt://t.sls", "default_renderer=jinja"]], {"states/t.sls": text})
    for name, body in tables.STATEMENTS.items():
        case("jinja", "statement-" + slug(name), "statements: " + name,
             [["slsutil.renderer", "salt://t.sls", "default_renderer=jinja"]],
             {"states/t.sls": tables.PRELUDE + body, **{"states/" + k: v for k, v in tables.LIBRARY.items()}})
    for name, lines in tables.ERRORS.items():  # several faults each: one sls per fault
        files, commands = {}, []
        for at, line in enumerate(lines, 1):
            files["states/e%d.sls" % at] = tables.PRELUDE + "a:\n  test.nop:\n    - v: %s\n" % line
            commands.append(["state.show_sls", "e%d" % at])
        case("error", slug(name), "faults: " + name, commands, {**files, **{"states/" + k: v for k, v in tables.LIBRARY.items()}})


def yaml_cases():
    for name, scalars in tables.SCALARS.items():
        body = "a:\n  test.nop:\n" + "".join("    - k%d: %s\n" % (at, text) for at, text in enumerate(scalars, 1))
        dumps = "{% import_yaml 'd.yaml' as d %}\n{{ d | yaml(False) }}\n---\n{{ d | yaml }}\n---\n{{ salt['slsutil.serialize']('yaml', d) }}\n---\n{{ d | json }}\n"
        data = "".join("k%d: %s\n" % (at, text) for at, text in enumerate(scalars, 1))
        case("yaml", slug(name), "scalars: " + name, [["state.show_sls", "a"], ["slsutil.renderer", "salt://dump.sls", "default_renderer=jinja"],
             {"args": ["slsutil.renderer", "salt://d.yaml", "default_renderer=yaml"], "out": "yaml"}],
             {"states/a.sls": body, "states/dump.sls": dumps, "states/d.yaml": data})
    for name, text in tables.DOCUMENTS.items():
        case("yaml", "document-" + slug(name), "a document: " + name, [["slsutil.renderer", "salt://d.yaml", "default_renderer=yaml"]],
             {"states/d.yaml": text})


OUTCOMES = {"chg": "succeed_with_changes", "ok": "succeed_without_changes", "bad": "fail_with_changes", "no": "fail_without_changes"}
KINDS = ["require", "watch", "onchanges", "onfail", "prereq", "listen", "require_any", "watch_any", "onchanges_any", "onfail_any", "onfail_all"]
FORMS_IN = ["require_in", "watch_in", "onchanges_in", "onfail_in", "prereq_in", "listen_in"]


def targets(suffix=""):
    return "".join("%s%s:\n  test.%s\n" % (name, suffix, fun) for name, fun in OUTCOMES.items())


def requisites():
    both = [["state.apply", "a"], ["state.apply", "a", "test=True"]]
    for kind in KINDS:
        text = targets() + "".join("of_%s:\n  test.succeed_with_changes:\n    - %s:\n      - test: %s\n" % (o, kind, o) for o in OUTCOMES)
        case("requisite", "one-" + kind, kind + " of each outcome", both, {"states/a.sls": text})
        text = targets() + "".join("of_%s_%s:\n  test.succeed_without_changes:\n    - %s:\n      - test: %s\n      - test: %s\n" % (a, b, kind, a, b)
                                   for a in OUTCOMES for b in OUTCOMES if a != b)
        case("requisite", "two-" + kind, kind + " of two outcomes", both, {"states/a.sls": text})
    for kind in FORMS_IN:
        text = "".join("%s:\n  test.%s:\n    - %s:\n      - test: of_%s\n" % (name, fun, kind, name) for name, fun in OUTCOMES.items())
        text += "".join("of_%s:\n  test.succeed_with_changes\n" % name for name in OUTCOMES)
        case("requisite", "in-" + kind, kind + " to each outcome", both + [["state.show_lowstate"]],
             {"states/a.sls": text, "states/top.sls": "base: {'*': [a]}\n"})
    for at, one in enumerate(KINDS):
        for two in KINDS[at + 1:]:
            text = targets("1") + targets("2") + "".join(
                "of_%s_%s:\n  test.succeed_with_changes:\n    - %s:\n      - test: %s1\n    - %s:\n      - test: %s2\n" % (a, b, one, a, two, b)
                for a in OUTCOMES for b in OUTCOMES)
            case("pairs", "%s-%s" % (one, two), "%s with %s, of all pairs of outcomes" % (one, two), both[:1] if (at % 2) else both, {"states/a.sls": text})
    for name, text in tables.CHAINS.items():
        case("requisite", "chain-" + slug(name), "a chain: " + name, both, {"states/a.sls": text})


def tops():
    for name, (config, files) in tables.TOPS.items():
        inputs = {path: text for path, text in files.items()}
        for env in ("states", "states-dev", "states-qa"):
            for sls in ("a", "b", "c", "d.e"):
                inputs["%s/%s.sls" % (env, sls.replace(".", "/"))] = "%s_%s:\n  test.nop\n" % (env, sls)
        commands = [["state.show_top"], ["state.show_highstate"], ["state.show_top", "saltenv=dev"], ["state.show_lowstate", "saltenv=qa"]]
        case("top", slug(name), "top files: " + name, commands, inputs, config=config, grains={"os": "Debian", "roles": ["web", "db"]})


def engine():
    for name, (text, commands) in tables.ENGINE.items():
        case("engine", slug(name), name, commands, {"states/a.sls": text, "states/b.sls": tables.OTHER, "states/top.sls": "base: {'*': [a, b]}\n"})
    for name, commands in tables.FUNCTIONS.items():
        case("function", slug(name), name, commands, {"states/a.sls": tables.FIRST, "states/b.sls": tables.OTHER, "states/top.sls": "base: {'*': [a, b]}\n"})


def outputs():
    for name, (out, args) in tables.OUTPUTS.items():
        case("output", slug(name), name, [{"args": args, "out": out}], {"states/a.sls": tables.SHOWN})
    for name, (config, args) in tables.HIGHSTATE.items():
        case("output", "highstate-" + slug(name), "highstate: " + name, [{"args": args, "out": "highstate"}], {"states/a.sls": tables.SHOWN}, config=config)


def main():
    if "--clean" in sys.argv[1:]:
        for topic in os.listdir(CASES):
            if topic.startswith("g-"):
                shutil.rmtree(os.path.join(CASES, topic))
    for make in (jinja, yaml_cases, requisites, tops, engine, outputs):
        make()


if __name__ == "__main__":
    main()
