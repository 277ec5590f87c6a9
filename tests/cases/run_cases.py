#!/usr/bin/env python3
"""Run the differential state/pillar corpus against any program that has the salt-call command line.

    run_cases.py --salt-call PATH [--cases DIR ...] [--filter GLOB] [-j N] [-v] [--record]

A case is a folder <dir>/<topic>/<name>/ with
    case.yaml      id, grains, config, setup, commands, description
    states/        copied to the file root of env "base" (states-<env>/ -> env <env>)
    pillar/        copied to the pillar root of env "base" (pillar-<env>/ -> env <env>)
    root/          copied to {{ROOT}}, the only place where the case may change files
    bin/           stand-in programs, put first on PATH
    expected/NN.json   what command NN (1-based) gave: retcode, and json or text, and the tree under {{ROOT}}
Tokens {{ROOT}} (scratch tree), {{STATES}} and {{PILLAR}} (base roots), {{CONF}} (config dir), {{WORK}} (all of it)
are replaced in every input file and argument, and put back in every output.
Needs Python 3.8+ and PyYAML (only to read case.yaml and write the config).
"""
import argparse
import concurrent.futures
import fnmatch
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENS = ("ROOT", "STATES", "PILLAR", "CONF", "WORK")
RE_TIME = re.compile(r"^\d\d:\d\d:\d\d(\.\d+)?$")
TB = "{{TRACEBACK...}}"  # a Python traceback and all after it: only what stands before it is compared
RE_REQ = re.compile(r"(One or more requisite failed: )(.*)")


def subst(text, paths):
    for tok in TOKENS:
        text = text.replace("{{%s}}" % tok, paths[tok])
    return text


def subst_any(obj, paths):
    if isinstance(obj, str):
        return subst(obj, paths)
    if isinstance(obj, list):
        return [subst_any(o, paths) for o in obj]
    if isinstance(obj, dict):
        return {subst_any(k, paths): subst_any(v, paths) for k, v in obj.items()}
    return obj


def norm_str(text, paths):
    for tok in TOKENS:  # ROOT etc. are below WORK: longest first
        text = text.replace(paths[tok], "{{%s}}" % tok)
    pos = text.find("Traceback (most recent call last):")
    if pos >= 0:
        text = text[:pos] + TB
    text = re.sub(r"\{\{WORK\}\}/salt/[^\s'\"]*?(/tmp|/__salt\.tmp\.)\S*", "{{TMPFILE}}", text)
    text = re.sub(r"/tmp/(__salt\.tmp\.|tmp)[A-Za-z0-9_]{8}", "{{TMPFILE}}", text)
    text = re.sub(r"0x[0-9a-f]{8,16}\b", "{{ADDR}}", text)
    if text.startswith("#### "):  # file.recurse in test mode lists its files in set order
        text = "\n\n\n".join(sorted(part.strip("\n") for part in re.split(r"\n+(?=#### )", text)))
    m = RE_REQ.search(text)
    if m:
        text = text[: m.start(2)] + ", ".join(sorted(m.group(2).split(", "))) + text[m.end(2):]
    return text


def norm_text(text, paths):
    text = norm_str(text, paths)
    text = re.sub(r"(Started: )\d\d:\d\d:\d\d\.\d+", r"\1{{TIME}}", text)
    text = re.sub(r"(Duration: )[\d.]+( ms)", r"\1{{DUR}}\2", text)
    text = re.sub(r"(Total run time:)\s+[\d.]+ m?s", r"\1 {{DUR}}", text)
    text = re.sub(r"\d\d:\d\d:\d\d\.\d+ \[\s*[\d.]+ ms\]", "{{TIME}} [{{DUR}}]", text)
    text = re.sub(r"(start_time['\"]?: ['\"]?)\d\d:\d\d:\d\d\.\d+", r"\1{{TIME}}", text)
    text = re.sub(r"(duration['\"]?: )[\d.]+", r"\1{{DUR}}", text)
    text = re.sub(r"(pid:\n\s+)\d+", r"\1{{PID}}", text)
    return "\n".join(line.rstrip() for line in text.rstrip().split("\n"))


def norm(obj, paths, key=None):
    if isinstance(obj, dict):
        return {norm_str(str(k), paths): norm(v, paths, k) for k, v in obj.items()}
    if isinstance(obj, list):
        if key == "removed" and all(isinstance(v, str) for v in obj):  # file.directory clean: set order
            obj = sorted(obj)
        return [norm(v, paths) for v in obj]
    if isinstance(obj, str):
        if isinstance(key, str) and key.endswith("jid") and re.match(r"^\d{20}$", obj):
            return "{{JID}}"
        if key == "start_time" and RE_TIME.match(obj):
            return "{{TIME}}"
        return norm_str(obj, paths)
    if isinstance(obj, (int, float)) and not isinstance(obj, bool):
        if key == "duration":
            return "{{DUR}}"
        if key in ("pid", "__pub_pid"):
            return "{{PID}}"
        if obj != obj:
            return "{{NaN}}"
        if obj in (float("inf"), float("-inf")):
            return "{{Infinity}}" if obj > 0 else "{{-Infinity}}"
    return obj


def snapshot(root, paths):
    out = {}
    for base, dirs, files in os.walk(root):
        dirs.sort()
        for name in sorted(dirs + files):
            full = os.path.join(base, name)
            rel = os.path.relpath(full, root)
            st = os.lstat(full)
            mode = "%04o" % stat.S_IMODE(st.st_mode)
            if stat.S_ISLNK(st.st_mode):
                out[rel] = {"link": norm_str(os.readlink(full), paths)}
            elif stat.S_ISDIR(st.st_mode):
                out[rel] = {"dir": mode}
            elif not stat.S_ISREG(st.st_mode):
                out[rel] = {"special": "%06o" % st.st_mode}
            else:
                with open(full, "rb") as fh:
                    data = fh.read()
                try:
                    out[rel] = {"mode": mode, "text": norm_str(data.decode("utf-8"), paths)}
                except UnicodeDecodeError:
                    out[rel] = {"mode": mode, "hex": data.hex()}
    return out


def copy_tree(src, dst, paths):
    os.makedirs(dst, exist_ok=True)
    for base, dirs, files in os.walk(src):
        rel = os.path.relpath(base, src)
        for name in dirs:
            os.makedirs(os.path.join(dst, rel, name), exist_ok=True)
        for name in files:
            if name == ".keep":
                continue
            with open(os.path.join(base, name), "rb") as fh:
                data = fh.read()
            try:
                data = subst(data.decode("utf-8"), paths).encode("utf-8")
            except UnicodeDecodeError:
                pass
            target = os.path.normpath(os.path.join(dst, rel, name))
            with open(target, "wb") as fh:
                fh.write(data)
            os.chmod(target, 0o644)


def setup_step(step, paths):
    (op, arg), = step.items()
    arg = subst_any(arg, paths)
    if op == "chmod":
        os.chmod(arg[0], int(str(arg[1]), 8))
    elif op == "symlink":
        os.symlink(arg[0], arg[1])
    elif op == "mkdir":
        os.makedirs(arg, exist_ok=True)
    elif op == "hex":  # [path, hexdigits]
        with open(arg[0], "wb") as fh:
            fh.write(bytes.fromhex(arg[1]))
    else:
        raise SystemExit("unknown setup step %r" % op)


APPLIES = ("state.apply", "state.sls", "state.highstate", "state.single")


def changed_again(args, text):
    """States of a second run that report changes: (tag, changes)."""
    if args[0] not in APPLIES or any(str(arg).startswith(("test=", "mock=", "queue=")) for arg in args):
        return []
    try:
        states = json.loads(text)["local"]
    except (ValueError, KeyError):
        return []
    if not isinstance(states, dict):
        return []
    return [(tag, ret["changes"]) for tag, ret in states.items() if isinstance(ret, dict) and ret.get("changes")]


def excused_again(label, tag, rules):
    """Whether a rule of the list allows changes in a second run: `fun GLOB reason` or `case LABEL TAG-GLOB reason`."""
    parts = tag.split("_|-")
    fun = parts[0] + "." + parts[-1]
    return any(fnmatch.fnmatchcase(fun, rule[1]) if rule[0] == "fun" else
               fnmatch.fnmatchcase(label, rule[1]) and fnmatch.fnmatchcase(tag, rule[2]) for rule in rules)


def run_case(case_dir, salt_call, timeout, twice=None):
    with open(os.path.join(case_dir, "case.yaml"), encoding="utf-8") as fh:
        case = yaml.safe_load(fh)
    work = tempfile.mkdtemp(prefix="sc-", dir="/tmp")
    try:
        paths = {
            "WORK": work, "ROOT": work + "/root", "STATES": work + "/states",
            "PILLAR": work + "/pillar", "CONF": work + "/conf",
        }
        os.umask(0o022)
        os.chmod(work, 0o755)
        for tok in ("ROOT", "STATES", "PILLAR", "CONF"):
            os.makedirs(paths[tok])
        file_roots, pillar_roots = {"base": [paths["STATES"]]}, {"base": [paths["PILLAR"]]}
        for entry in sorted(os.listdir(case_dir)):
            src = os.path.join(case_dir, entry)
            if entry in ("states", "pillar", "root"):
                copy_tree(src, paths[entry.upper()], paths)
            elif entry == "bin":
                copy_tree(src, work + "/bin", paths)
                for prog in os.listdir(work + "/bin"):
                    os.chmod(os.path.join(work, "bin", prog), 0o755)
            elif entry.startswith(("states-", "pillar-")):
                kind, env = entry.split("-", 1)
                copy_tree(src, os.path.join(work, entry), paths)
                (file_roots if kind == "states" else pillar_roots)[env] = [os.path.join(work, entry)]
        conf = {
            "id": case.get("id", "m1.example.org"), "file_client": "local", "root_dir": work + "/salt",
            "file_roots": file_roots, "pillar_roots": pillar_roots, "log_level": "quiet",
            "log_level_logfile": "quiet", "enable_fqdns_grains": False, "enable_gpu_grains": False,
        }
        if case.get("grains"):
            conf["grains"] = case["grains"]
        conf.update(subst_any(case.get("config") or {}, paths))
        with open(paths["CONF"] + "/minion", "w", encoding="utf-8") as fh:
            yaml.safe_dump(conf, fh, sort_keys=False)
        for step in case.get("setup") or []:
            setup_step(step, paths)
        # Nothing of the caller's environment but PATH: a machine without SHELL must give the same.
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": work, "SHELL": "/bin/bash",
               "CASE_ENV": "from-runner"}
        if os.path.isdir(work + "/bin"):
            env["PATH"] = work + "/bin:" + env["PATH"]
        results = []
        for cmd in case["commands"]:
            args = [subst(str(a), paths) for a in cmd["args"]]
            out = cmd.get("out", "json")
            argv = [salt_call, "--local", "--config-dir", paths["CONF"], "--out=" + out, "--retcode-passthrough"]
            if out not in ("json",):
                argv.append("--no-color")
            argv += args
            try:
                proc = subprocess.run(argv, env=env, cwd=work, stdin=subprocess.DEVNULL, timeout=timeout,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            except subprocess.TimeoutExpired:
                results.append({"retcode": "timeout"})
                continue
            res = {"retcode": proc.returncode}
            text = proc.stdout.decode("utf-8", "replace")
            if twice is not None:
                if out == "json" and args[0] in APPLIES:
                    again = subprocess.run(argv, env=env, cwd=work, stdin=subprocess.DEVNULL, timeout=timeout,
                                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
                    twice.extend(changed_again(args, again.stdout.decode("utf-8", "replace")))
                continue
            if out == "json":
                try:
                    res["json"] = norm(json.loads(text), paths)
                except ValueError:
                    res["text"] = norm_text(text, paths)
            else:
                res["text"] = norm_text(text, paths)
            err = proc.stderr.decode("utf-8", "replace")
            bad = re.search(r"Passed invalid arguments: (.*?)\.\n\nUsage:", err, re.S)
            if bad:  # Salt then prints the function's documentation on stdout: not compared
                res = {"retcode": proc.returncode, "invalid_arguments": norm_str(bad.group(1), paths)}
            elif not text.strip():
                err = re.sub(r".*(site-packages|Warning: ).*\n(  .*\n)?", "", err)
                res["stderr"] = norm_text(err, paths)
            if cmd.get("only") == "retcode":
                res = {"retcode": proc.returncode}
            if cmd.get("files"):
                res["files"] = snapshot(paths["ROOT"], paths)
            results.append(res)
        return case, results
    finally:
        shutil.rmtree(work, ignore_errors=True)


def first_diff(exp, got, path="$"):
    if isinstance(exp, dict) and isinstance(got, dict):
        for k in exp:
            if k not in got:
                return "%s.%s missing (expected %.120r)" % (path, k, exp[k])
        for k in got:
            if k not in exp:
                return "%s.%s unexpected (%.120r)" % (path, k, got[k])
        for k in exp:
            d = first_diff(exp[k], got[k], path + "." + k)
            if d:
                return d
        return None
    if isinstance(exp, list) and isinstance(got, list):
        for i, (a, b) in enumerate(zip(exp, got)):
            d = first_diff(a, b, "%s[%d]" % (path, i))
            if d:
                return d
        if len(exp) != len(got):
            return "%s has %d items, expected %d" % (path, len(got), len(exp))
        return None
    if isinstance(exp, str) and isinstance(got, str) and exp.endswith(TB):
        if got.startswith(exp[: -len(TB)].rstrip()):
            return None
    if type(exp) is not type(got) or exp != got:
        return "%s: expected %.200r got %.200r" % (path, exp, got)
    return None


def run_twice(todo, args, pool):
    """Second runs: nothing may change that the list does not allow."""
    with open(args.twice, encoding="utf-8") as fh:
        rules = [line.split(None, 3) for line in fh if line.strip() and not line.startswith("#")]
    seen = [[] for _ in todo]
    futs = [pool.submit(run_case, cdir, args.salt_call, args.timeout, again) for (_, cdir), again in zip(todo, seen)]
    bad = allowed = 0
    for (label, _), fut, again in zip(todo, futs, seen):
        fut.result()
        for tag, changes in again:
            if excused_again(label, tag, rules):
                allowed += 1
            else:
                bad += 1
                print("AGAIN %s %s: %.200r" % (label, tag, changes), flush=True)
    print("%d cases applied twice: %d states change every time as in Salt, %d more changed" % (len(todo), allowed, bad))
    return 1 if bad or not todo else 0


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--salt-call", required=True)
    ap.add_argument("--cases", action="append", help="folder(s) of topics; default: cases beside this script")
    ap.add_argument("--filter", action="append", help="glob on topic/name (repeatable)")
    ap.add_argument("-j", type=int, default=1)
    ap.add_argument("--timeout", type=float, default=90)
    ap.add_argument("--record", action="store_true", help="write expected/ from this program instead of comparing")
    ap.add_argument("--missing", action="store_true", help="with --record: only cases without expected/")
    ap.add_argument("--known", help="file of `topic/name reason` lines: cases that may differ (COMPATIBILITY.md); one "
                    "that passes all the same must be taken off the list")
    ap.add_argument("--twice", metavar="FILE", help="apply each state of each case twice and demand that the second run "
                    "changes nothing; FILE lists what changes every time in real Salt too")
    ap.add_argument("-v", action="store_true", help="show every difference, not the first of each case")
    args = ap.parse_args()
    known = {}
    if args.known:
        with open(args.known, encoding="utf-8") as fh:
            known = dict(line.split(None, 1) for line in fh if line.strip() and not line.startswith("#"))
    todo, excused, stale = [], 0, []
    for top in args.cases or [os.path.join(HERE, "cases")]:
        for topic in sorted(os.listdir(top)):
            tdir = os.path.join(top, topic)
            if topic.startswith("_") or not os.path.isdir(tdir):
                continue
            for name in sorted(os.listdir(tdir)):
                cdir = os.path.join(tdir, name)
                if not os.path.isfile(os.path.join(cdir, "case.yaml")):
                    continue
                label = topic + "/" + name
                if args.filter and not any(fnmatch.fnmatch(label, f) for f in args.filter):
                    continue
                if args.record and args.missing and os.path.isdir(os.path.join(cdir, "expected")):
                    continue
                todo.append((label, cdir))
    tally, failed = {}, []
    with concurrent.futures.ThreadPoolExecutor(max(1, args.j)) as pool:
        if args.twice:
            return run_twice(todo, args, pool)
        futs = [(label, cdir, pool.submit(run_case, cdir, args.salt_call, args.timeout)) for label, cdir in todo]
        for label, cdir, fut in futs:
            topic = label.split("/")[0]
            good = tally.setdefault(topic, [0, 0])
            good[1] += 1
            try:
                case, results = fut.result()
            except Exception as exc:  # pylint: disable=broad-except
                failed.append(label)
                print("FAIL %s: runner error: %r" % (label, exc))
                continue
            edir = os.path.join(cdir, "expected")
            if args.record:
                shutil.rmtree(edir, ignore_errors=True)
                os.makedirs(edir)
                for i, res in enumerate(results, 1):
                    with open(os.path.join(edir, "%02d.json" % i), "w", encoding="utf-8") as fh:
                        json.dump(res, fh, indent=1, ensure_ascii=False)
                        fh.write("\n")
                good[0] += 1
                continue
            diffs = []
            for i, (cmd, res) in enumerate(zip(case["commands"], results), 1):
                with open(os.path.join(edir, "%02d.json" % i), encoding="utf-8") as fh:
                    exp = json.load(fh)
                if not cmd.get("stderr"):
                    exp.pop("stderr", None)
                    res.pop("stderr", None)
                diff = first_diff(exp, res)
                if diff:
                    diffs.append("[%d %s] %s" % (i, " ".join(map(str, cmd["args"]))[:60], diff))
            if diffs and label in known:
                excused += 1
            elif diffs:
                failed.append(label)
                for d in diffs if args.v else diffs[:1]:
                    print("FAIL %s %s" % (label, d), flush=True)
            else:
                good[0] += 1
                if label in known:
                    stale.append(label)
    for topic, (ok, total) in sorted(tally.items()):
        print("%-14s %3d/%3d" % (topic, ok, total))
    print("%-14s %3d/%3d" % ("TOTAL", sum(t[0] for t in tally.values()), sum(t[1] for t in tally.values())))
    for label in stale:
        print("STALE %s passes: take it off the list of known differences" % label)
    total = sum(t[1] for t in tally.values())
    print("%d known differences" % excused)
    if failed:  # the end of a log must tell which, whatever was printed above
        print("failed: " + " ".join(failed))
    print("%d passed, %d failed" % (total - len(failed) - excused, len(failed) + len(stale)))
    return 1 if failed or stale or not total else 0


if __name__ == "__main__":
    sys.exit(main())
