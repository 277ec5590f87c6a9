#!/usr/bin/env python3
"""Asks a program and a real Salt the same random questions and prints where the answers differ.

    ask.py AREA --salt-call PATH/salt-call --reference PREFIX [--count N] [--seed S] [--texts] [--show]

AREA: jinja, yaml, dump, output, cli. PREFIX is an installed real Salt (PREFIX/bin/python). The same seed asks the same questions.
"""
import argparse
import concurrent.futures
import importlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
CONF = """id: m1
file_client: local
root_dir: {work}/salt
file_roots: {{base: [{work}/{states}]}}
pillar_roots: {{base: [{work}/pillar]}}
log_level: quiet
log_level_logfile: quiet
enable_fqdns_grains: false
enable_gpu_grains: false
fileserver_list_cache_time: 0
"""
BATCH = 50
ENV = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC", "HOME": "/root", "SHELL": "/bin/bash"}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)


class Reference:
    def __init__(self, prefix, work):
        self.log = open(work + "/reference.log", "w")
        self.process = subprocess.Popen([prefix + "/bin/python", HERE + "/reference.py", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=ENV)

    def answers(self, questions):
        self.process.stdin.write(json.dumps(questions) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the reference ended, see reference.log")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.log.close()


def run(salt_call, argv):
    try:
        done = subprocess.run([salt_call, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, env=ENV)
    except subprocess.TimeoutExpired:
        return {"code": "timeout", "out": "", "err": ""}
    texts = [part.decode("utf-8", "surrogateescape") for part in (done.stdout, done.stderr)]
    return {"code": done.returncode, "out": texts[0], "err": texts[1][-3000:]}


def ours(options, work, question):
    if "render" not in question:
        return run(options.salt_call, [word.replace(work + "/conf", work + "/ours") for word in question["argv"]])
    got = run(options.salt_call, ["--local", "--config-dir", work + "/conf", "--out=json", "slsutil.renderer", "salt://" + question["render"], "default_renderer=" + question.get("renderer", "jinja")])
    try:
        return {"ok": json.loads(got["out"])["local"]}
    except (ValueError, KeyError):
        return {"error": got["err"], "code": got["code"]}


def normal(text):
    text = re.sub(r"0x[0-9a-f]{8,16}\b", "{{ADDR}}", text)
    text = re.sub(r"(__pub_pid\W+)\d+", r"\1PID", text)
    text = re.sub(r"\b20\d{18}\b", "{{JID}}", text)
    return re.sub(r"\b\d+\.\d+ ms|\b\d\d:\d\d:\d\d\.\d+", "{{TIME}}", text)


def run_normal(text):
    """A state run without what differs from run to run."""
    try:
        text = json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False)
    except ValueError:
        pass
    text = re.sub(r"Traceback \(most recent call last\).*?(?=\",?$|\Z)", "TRACEBACK", text, flags=re.M | re.S)
    text = normal(text)
    text = re.sub(r"(\"?'?(duration|pid)'?\"?:\s*)[\d.]+", r"\1N", text)
    text = re.sub(r"(Total run time:)\s+.*", r"\1 N", text)
    text = re.sub(r"(Duration: )\S+", r"\1N", text)
    text = re.sub(r"\d\d:\d\d:\d\d(\.\d+)?", "TIME", text)
    text = re.sub(r"(start_time'?\"?: '?\"?)\S+", r"\1N", text)
    requisites = lambda found: found.group(1) + ", ".join(sorted(found.group(2).split(", ")))
    text = re.sub(r"(One or more requisite failed: )([^\"\n\\]*)", requisites, text)
    return "\n".join(line.rstrip() for line in text.split("\n"))


def fault(text):
    """An error's own words: without where, and without a traceback."""
    text = re.sub(r"^Error running '[^']*': ", "", text)
    text = text.split("\nTraceback (most recent call last)")[0].split("\n  --> ")[0]
    text = re.split(r"; line \d+\n|\n/\S+\(\d+\):|\n  /\S+:\d+|\n\[ERROR", text)[0]
    return normal(text.strip().splitlines()[0] if text.strip() else "")


def same(want, got, unordered):
    want, got = normal(json.dumps(want)), normal(json.dumps(got))
    return want == got or unordered and sorted(want) == sorted(got)


def difference(want, got, texts, unordered):
    if "broken" in want:
        return None
    if "ok" in want or "error" in want:
        if "ok" in want and "ok" in got:
            return None if same(want["ok"], got["ok"], unordered) else "value"
        if "error" in want and "error" in got:
            return "text" if texts and fault(want["error"]) != fault(got["error"]) else None
        return "accepted" if "error" in want else "refused"
    if want["code"] != got["code"]:
        return "code"
    usage = all(re.match("\\n    \\S", one["out"]) for one in (want, got))  # a function's documentation is each one's own
    if not usage and run_normal(want["out"]) != run_normal(got["out"]):
        return "out"
    return "err" if texts and not want["out"] and fault(want["err"]) != fault(got["err"]) else None


def unified(want, got):
    import difflib

    lines = difflib.unified_diff(run_normal(want["out"]).split("\n"), run_normal(got["out"]).split("\n"), "salt", "ours", lineterm="", n=4)
    return "\n".join(list(lines)[2:40])


def short(answer):
    if "ok" in answer:
        return "      " + json.dumps(answer["ok"], ensure_ascii=False)[:600]
    if "error" in answer:
        return "ERROR " + fault(answer["error"])[:400]
    return "%s %s%s" % (answer["code"], json.dumps(answer["out"], ensure_ascii=False)[:1500], "" if answer["out"] else " ERR " + answer["err"][-300:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("area")
    parser.add_argument("--salt-call", required=True)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", action="store_true", help="compare the words of errors as well")
    parser.add_argument("--show", action="store_true", help="print every question")
    options = parser.parse_args()
    work = tempfile.mkdtemp(prefix="questions-")
    try:
        raise SystemExit(min(1, ask(options, work)))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def ask(options, work):
    area = importlib.import_module("q_" + options.area)
    write(work + "/conf/minion", CONF.format(work=work, states="states"))
    write(work + "/ours/minion", CONF.format(work=work, states="states").replace("/salt\n", "/own\n", 1))
    write(work + "/warm/minion", CONF.format(work=work + "/w", states="states"))
    write(work + "/w/states/x.sls", "a: {test.nop: []}\nb: {cmd.run: [{name: 'true'}]}\n")
    os.makedirs(work + "/states", exist_ok=True)
    questions = []
    for number, item in enumerate(area.questions(random.Random(options.seed), options.count)):
        questions.append(area.prepare(item, number, work))
    reference = Reference(options.reference, work)
    differ = 0
    with concurrent.futures.ThreadPoolExecutor(area.__dict__.get("WORKERS", 3)) as pool:
        for start in range(0, len(questions), BATCH):
            part = questions[start:start + BATCH]
            theirs = pool.submit(reference.answers, part)
            mine = list(pool.map(lambda one: ours(options, work, one), part))
            for question, want, got in zip(part, theirs.result(), mine):
                kind = difference(want, got, options.texts, question.get("unordered"))
                if kind or options.show:
                    differ += bool(kind)
                    if question.get("states") and want["out"] and got["out"]:
                        print("## %s %s\n%s" % (kind or "same", question["shown"], unified(want, got)), flush=True)
                        continue
                    print("## %s %s\n  salt %s\n  ours %s" % (kind or "same", question["shown"], short(want), short(got)), flush=True)
    reference.close()
    print("%d questions, %d differ (seed %d)" % (len(questions), differ, options.seed))
    return differ


if __name__ == "__main__":
    main()
