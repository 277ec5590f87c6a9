#!/usr/bin/env python3
"""Feeds state trees that no program should have to read, and demands a clear refusal within a bound.

    bad_input.py --salt-call PATH [--filter GLOB]

Each input stands in a tree beside a good state that would write a file. The program must end by itself within the time, below the memory,
without a panic; it must say something that names the fault; and nothing of the tree may have been applied.
"""
import argparse
import fnmatch
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

SECONDS, MEGABYTES = 20, 1500
GOOD = "marker:\n  cmd.run:\n    - name: touch {root}/applied\n    - order: first\n"


def expression(text):
    return {"bad.sls": "a:\n  test.nop:\n    - v: %s\n" % text}


def chain(count):
    files = {"bad.sls": "include: [c0]\n"}
    for at in range(count):
        files["c%d.sls" % at] = "include: [c%d]\ns%d:\n  test.nop\n" % (at + 1, at)
    files["c%d.sls" % count] = "include: [nosuch]\n"
    return files


def laughs():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for at in range(1, 12):
        lines.append("a%d: &a%d [%s]" % (at, at, ", ".join(["*a%d" % (at - 1)] * 10)))
    return "\n".join(lines) + "\n"


# name: (files, words of which one must be said)
INPUTS = {
    "loop without end": (expression("{% for i in range(1000000000) %}{% for j in range(1000000000) %}x{% endfor %}{% endfor %}"), "more than|too |limit"),
    "text times": (expression("{{ 'x' * 10000000000 }}"), "more than|Too many|too |limit"),
    "doubling": (expression("{% set ns = namespace(x='ab') %}{% for i in range(64) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x | length }}"), "more than|Too many|too |limit"),
    "doubling list": (expression("{% set l = [1] %}{% for i in range(64) %}{% do l.extend(l) %}{% endfor %}{{ l | length }}"), "more than|Too many|too |limit"),
    "power tower": (expression("{{ 9 ** (9 ** 9) }}"), "integers may have"),
    "pad": (expression("{{ 'a'.ljust(10000000000) }}"), "more than|Too many|too |limit"),
    "percent width": (expression("{{ '%10000000000d' % 1 }}"), "more than|Too many|too |limit"),
    "format width": (expression("{{ '{:>10000000000}'.format(1) }}"), "more than|Too many|too |limit"),
    "range list": (expression("{{ range(1000000000000) | list | length }}"), "more than|too |limit"),
    "permutations": (expression("{{ range(30) | permutations | list | length }}"), "more than|Too many|too |limit"),
    "macro calls itself": (expression("{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}"), "recursion|deep|depth"),
    "template includes itself": ({"bad.sls": "{% include 'bad.sls' %}\n"}, "recursion|deep|depth"),
    "imports in a circle": ({"bad.sls": "{% import 'x.jinja' as x %}\n", "x.jinja": "{% import 'y.jinja' as y %}\n", "y.jinja": "{% import 'x.jinja' as x %}\n"}, "recursion|deep|depth"),
    "parentheses": (expression("{{ " + "(" * 100000 + "1" + ")" * 100000 + " }}"), "deep|nest|recursion|long"),
    "brackets": (expression("{{ " + "[" * 100000 + " }}"), "deep|nest|recursion|expected|unexpected|end"),
    "includes 2000 deep": (chain(2000), "nosuch|deep"),
    "includes in a circle with a fault": ({"bad.sls": "include: [x]\n", "x.sls": "include: [bad, nosuch]\n"}, "nosuch"),
    "100 MB of YAML": ({"bad.sls": b"a:\n  test.nop:\n    - v: " + b"x" * 100_000_000 + b"\n"}, "bytes|MiB|large|big|limit|long"),
    "a million lines": ({"bad.sls": b"- x\n" * 1_000_000}, "dictionary|limit|large|bytes|nodes"),
    "alias bomb": ({"bad.sls": laughs()}, "alias"),
    "alias of itself": ({"bad.sls": "a: &a [*a]\n"}, "alias|recursive"),
    "deep flow": ({"bad.sls": "a: " + "[" * 100000 + "\n"}, "deep|nest|level|expected|limit"),
    "deep block": ({"bad.sls": "".join("  " * at + "k:\n" for at in range(2000))}, "deep|nest|level|limit"),
    "NUL": ({"bad.sls": b"a:\n  test.nop:\n    - v: a\x00b\n"}, "control|special|character|unacceptable|NUL"),
    "no UTF-8": ({"bad.sls": b"a:\n  test.nop:\n    - v: \xff\xfe\xfa\n"}, "utf|UTF|decode|codec"),
    "import without UTF-8": ({"bad.sls": "{% import 'x.jinja' as x %}\n", "x.jinja": b"\xff\xfe\n"}, "utf|UTF|decode|codec"),
    "requisites in a circle": ({"bad.sls": "a:\n  test.nop:\n    - require:\n      - test: b\nb:\n  test.nop:\n    - require:\n      - test: a\n"}, "Recursive|cycle"),
    "a folder as sls": ({"bad.sls/x": "x"}, "not available|No matching|folder|directory"),
    "a link to itself": ({"bad.sls": "link:bad.sls"}, "not available|No matching|link|cannot"),
    "a pipe as sls": ({"bad.sls": "pipe:"}, "not available|No matching|pipe|cannot|dictionary"),
    "id of a megabyte": ({"bad.sls": "x" * 1_000_000 + ":\n  test.nosuch\n"}, "mapping values|key|expected|could not"),
    "a regex that backtracks": (expression("{{ ('a' * 60 ~ 'b') | regex_match('(a+)+$') | string | nosuchfilter }}"), "nosuchfilter"),
    "unclosed everything": ({"bad.sls": "{% if true %}{% for x in [1] %}{{ x\n"}, "syntax|expected|end"),
}


def lay(root, name, content):
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if isinstance(content, str) and content.startswith("link:"):
        os.symlink(content[5:], path)
    elif content == "pipe:":
        os.mkfifo(path)
    else:
        with open(path, "wb") as fh:
            fh.write(content if isinstance(content, bytes) else content.encode())


def run(salt_call, name, files, words, roots=None):
    work = tempfile.mkdtemp(prefix="bad-")
    try:
        tree = work + "/states"
        lay(tree, "good.sls", GOOD.format(root=work))
        for path, content in files.items():
            lay(tree, path, content)
        conf = work + "/conf"
        lay(conf, "minion", "id: m1\nfile_client: local\nroot_dir: %s/salt\nfile_roots: {base: %s}\nlog_level: quiet\nlog_level_logfile: quiet\n"
            % (work, [root.format(work=work) for root in roots or ["{work}/states"]]))
        argv = [salt_call, "--local", "-c", conf, "--out=json", "--retcode-passthrough", "state.apply", "good,bad"]
        began = time.time()
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit)
        alarm = threading.Timer(SECONDS, proc.kill)
        alarm.start()
        chunks = [[], []]
        readers = [threading.Thread(target=lambda pipe, to: to.append(pipe.read()), args=pair) for pair in zip((proc.stdout, proc.stderr), chunks)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        _, status, usage = os.wait4(proc.pid, 0)
        proc.returncode = os.waitstatus_to_exitcode(status)
        alarm.cancel()
        out, err = (b"".join(part) for part in chunks)
        if time.time() - began >= SECONDS:
            return "still running after %d s" % SECONDS
        took = time.time() - began
        text = (out + err).decode("utf-8", "replace")
        peak = usage.ru_maxrss // 1024
        if proc.returncode < 0 or proc.returncode >= 100 or "panicked" in text:
            return "ended with %d: %s" % (proc.returncode, text[-300:])
        if proc.returncode == 0:
            return "was taken: %s" % text[:300]
        if not re.search(words, text):
            return "says nothing of %s: %s" % (words, text[:400])
        if len(text) > 20_000_000:
            return "says %d bytes" % len(text)
        if os.path.exists(work + "/applied"):
            return "was applied by half"
        if peak > MEGABYTES:
            return "took %d MB" % peak
        print("ok   %-36s %5.1f s %5d MB" % (name, took, peak))
        return None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--salt-call", required=True)
    ap.add_argument("--filter", default="*")
    args = ap.parse_args()
    todo = [(name, files, words, None) for name, (files, words) in INPUTS.items()]
    todo += [("file root that is a file", {}, "not available|No matching|not found", ["{work}/conf/minion"]),
             ("file root that is not there", {}, "not available|No matching|not found", ["{work}/nosuch"])]
    todo = [entry for entry in todo if fnmatch.fnmatch(entry[0], args.filter)]
    bad = 0
    for name, files, words, roots in todo:
        fault = run(args.salt_call, name, files, words, roots)
        if fault:
            bad += 1
            print("FAIL %s: %s" % (name, fault), flush=True)
    print("%d inputs, %d not refused as they should be" % (len(todo), bad))
    return 1 if bad or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
