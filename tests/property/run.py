#!/usr/bin/env python3
"""Compiles random small state trees with our salt-call and with real Salt and compares what both say.

    run.py --salt-call PATH --reference PREFIX [--trees N] [--seed S] [--keep]

PREFIX is an installed real Salt (PREFIX/bin/python and its site-packages). Every difference is printed with the seed of its tree;
`--seed S --trees 1 --keep` makes that one tree again and leaves it on disk.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from trees import Tree  # noqa: E402

CONF = """id: m1
file_client: local
root_dir: {work}/salt
file_roots: {{base: [{base}], dev: [{dev}]}}
pillar_roots: {{base: [{work}/pillar]}}
grains: {{os: Debian, os_family: Debian}}
log_level: quiet
log_level_logfile: quiet
enable_fqdns_grains: false
enable_gpu_grains: false
fileserver_list_cache_time: 0
"""


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as fh:
        fh.write(text)


def make(work, seed):
    """Writes a tree; gives its folder and its commands."""
    tree = Tree(seed)
    top = os.path.join(work, "trees", str(seed))
    for env in ("base", "dev"):
        os.makedirs(os.path.join(top, env), exist_ok=True)
    for path, text in tree.files.items():
        write(os.path.join(top, path), text)
    write(top + "/conf/minion", CONF.format(work=top, base=top + "/base", dev=top + "/dev"))
    return top, tree.commands()


def ours(salt_call, top, command):
    argv = [salt_call, "--local", "--config-dir", top + "/conf", "--out=json", *command]
    proc = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True)
    try:
        return {"ret": json.loads(proc.stdout)["local"]}
    except (ValueError, KeyError):
        err = re.search(r"Error running '[^']*': (.*)", proc.stderr, re.S)
        if err:
            return {"error": err.group(1).rstrip("\n")}
        return {"broken": [proc.returncode, proc.stdout[-500:], proc.stderr[-1500:]]}


def normal(value, folder):
    if isinstance(value, dict):
        return {key: normal(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item, folder) for item in value]
    if isinstance(value, str):
        value = value.split("Traceback (most recent call last)")[0].rstrip()
        if value.startswith("Recursive requisites were found: "):  # which cycle, and where it begins, is chance in Salt
            return "Recursive requisites were found"
        return value.replace(folder, "{{TREE}}")
    return value


def difference(want, got, path="$"):
    if isinstance(want, dict) and isinstance(got, dict):
        for key in list(want) + [key for key in got if key not in want]:
            if key not in got or key not in want:
                return "%s.%s only in %s" % (path, key, "Salt's" if key in want else "ours")
            found = difference(want[key], got[key], path + "." + key)
            if found:
                return found
        return None
    if isinstance(want, list) and isinstance(got, list):
        for at, (left, right) in enumerate(zip(want, got)):
            found = difference(left, right, "%s[%d]" % (path, at))
            if found:
                return found
        if len(want) != len(got):
            return "%s: %d entries in Salt's, %d in ours" % (path, len(want), len(got))
        return None
    if type(want) is not type(got) or want != got:
        return "%s:\n    Salt %.1500r\n    ours %.1500r" % (path, want, got)
    return None


def reference(prefix, work, trees):
    """All answers of real Salt."""
    os.makedirs(work + "/pillar", exist_ok=True)
    write(work + "/conf/minion", CONF.format(work=work, base=work + "/base", dev=work + "/dev"))
    lines = []
    for top, commands in trees:
        lines.append(json.dumps({"roots": {env: top + "/" + env for env in ("base", "dev")}, "commands": commands}))
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reference.py")
    proc = subprocess.run([prefix + "/bin/python", "-W", "ignore", script, work], input="\n".join(lines) + "\n", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    answers = [json.loads(line) for line in proc.stdout.splitlines()]
    if len(answers) != len(trees):
        raise SystemExit("real Salt answered for %d of %d trees\n%s" % (len(answers), len(trees), proc.stderr[-3000:]))
    return answers


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--salt-call", required=True)
    ap.add_argument("--reference", required=True, help="prefix of a real Salt: PREFIX/bin/python")
    ap.add_argument("--trees", type=int, default=100)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--keep", action="store_true")
    args = ap.parse_args()
    work = tempfile.mkdtemp(prefix="prop-")
    began = time.time()
    try:
        seeds = range(args.seed, args.seed + args.trees)
        trees = [make(work, seed) for seed in seeds]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            mine = list(pool.map(lambda tree: [ours(args.salt_call, tree[0], command) for command in tree[1]], trees))
        real = reference(args.reference, work, trees)
        bad = chunks = faults = 0
        for seed, (top, commands), wants, gots in zip(seeds, trees, real, mine):
            wrong = False
            for command, want, got in zip(commands, wants, gots):
                want, got = normal(want, work), normal(got, top)
                ret = want.get("ret")
                chunks += len(ret) if isinstance(ret, list) and ret and isinstance(ret[0], dict) else 0
                faults += "ret" not in want or bool(isinstance(ret, list) and ret and isinstance(ret[0], str))
                if "traceback" in want:  # Salt itself fell over: ours must refuse as well
                    found = None if "error" in got or isinstance(got.get("ret"), list) else "Salt ends in a traceback: %s\n got %.300r" % (want["traceback"], got)
                else:
                    found = difference(want, got)
                if found:
                    wrong = True
                    print("seed %d %s: %s" % (seed, " ".join(command), found), flush=True)
            bad += wrong
        print("%d trees, %d questions, %d low chunks and %d refusals compared, %.0f s; %d trees differ"
              % (len(trees), sum(len(commands) for _, commands in trees), chunks, faults, time.time() - began, bad))
        return 1 if bad or not trees else 0
    finally:
        if args.keep:
            print("kept in " + work)
        else:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
