#!/usr/bin/env python3
"""Measures our programs beside the real Salt's, in one run on one machine; prints a table.

usage: bench/run.py --bin FOLDER --salt FOLDER/3008/bin [--swarm-bin FOLDER] [--swarm 1000] [--only PART]

Figures are medians of several runs; memory is PSS (shared pages divided among their users) of all
processes of a program. Nothing here fails on a slow machine: it measures, it does not judge.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "peer"))
from harness import OURS, Fleet, Programs, wait_for  # noqa: E402

ROWS = []


def row(what, ours, real, unit, goal=""):
    ratio = f"{real / ours:8.1f} x" if ours and real else "        -"
    show = lambda value: "-" if value is None else f"{value:10.1f}"  # noqa: E731
    line = f"{what:52} {show(ours):>10} {show(real):>10} {unit:4} {ratio}  {goal}"
    ROWS.append(line)
    print(line, flush=True)


def timed(argv, runs=7):
    """Median wall time in ms and the largest resident size in MB."""
    times, size = [], 0
    for _ in range(runs):
        begun = time.perf_counter()
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        times.append((time.perf_counter() - begun) * 1000)
        size = max(size, usage.ru_maxrss / 1024)
    return statistics.median(times), size


def family(pid):
    pids = [pid]
    for each in pids:
        try:
            children = Path(f"/proc/{each}/task/{each}/children").read_text().split()
        except OSError:
            continue
        pids += [int(child) for child in children]
    return pids


def pss_mb(daemon):
    total = 0
    for pid in family(daemon.process.pid):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


def rss_mb(daemon):
    text = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return next(int(l.split()[1]) for l in text.splitlines() if l.startswith("VmRSS:")) / 1024


def local_call(programs, real):
    import tempfile

    with tempfile.TemporaryDirectory() as root:
        conf = {"root_dir": root, "id": "m", "file_client": "local", "file_roots": {"base": [f"{root}/srv"]},
                "pillar_roots": {"base": [f"{root}/pillar"]}, "enable_fqdns_grains": False}
        Path(root, "minion").write_text(json.dumps(conf))
        os.makedirs(f"{root}/srv")
        os.makedirs(f"{root}/pillar")
        lines = []
        for n in range(2000):
            lines.append(f"f{n}:\n  file.managed:\n    - name: {root}/out/{n}\n    - contents: 'n {n}'\n")
            if n:
                lines.append(f"    - require:\n      - file: f{n - 1}\n")
        Path(root, "srv", "many.sls").write_text("".join(lines))
        os.makedirs(f"{root}/out")

        def both(what, *args, runs=7, goal="", real_runs=3):
            argv = lambda kind: [programs.path(kind, "salt-call"), "-c", root, "--local", *args]  # noqa: E731
            ours = timed(argv(OURS), runs)
            theirs = timed(argv(real), real_runs) if real else (None, None)
            row(what, ours[0], theirs[0], "ms", goal)
            row(what + ", memory", ours[1], theirs[1], "MB")

        both("salt-call --local test.ping", "test.ping", goal="<= 10 ms")
        both("salt-call --local grains.items", "grains.items")
        subprocess.run([programs.path(OURS, "salt-call"), "-c", root, "--local", "state.apply", "many"],
                       stdout=subprocess.DEVNULL, check=True)
        both("2,000 chained file.managed, all correct", "state.apply", "many", goal="<= 60 ms, <= 40 MB",
             real_runs=1)


def pair(programs, kind):
    """One master, one minion of a kind: idle memory and the time of `salt '*' test.ping`."""
    with Fleet(programs, kind) as fleet:
        fleet.start_master()
        fleet.add_minion(kind, "m1")
        fleet.accept("m1")
        fleet.wait_ping("m1")
        time.sleep(3)
        minion = fleet.minions["m1"][1]
        sizes = pss_mb(fleet.master), pss_mb(minion), rss_mb(fleet.master), rss_mb(minion)
        argv = [programs.path(kind, "salt"), "-c", str(fleet.etc), "*", "test.ping"]
        return timed(argv, 9 if kind == OURS else 3)[0], sizes


def swarm(programs, kind, swarm_bin, count):
    """`salt '*' test.ping` over a swarm: ms until all returns are printed."""
    with Fleet(programs, kind, {"timeout": 60, "max_open_files": 20000}) as fleet:
        accepted = fleet.root / "m" / "pki" / "minions"
        fleet.start_master()
        argv = [str(swarm_bin / "swarm"), "-n", str(count), "--ret-port", str(fleet.ret_port),
                "--publish-port", str(fleet.publish_port), "--accept-in", str(accepted)]
        log = open(fleet.root / "swarm.log", "wb")
        begun = time.perf_counter()
        crowd = subprocess.Popen(argv, stderr=log, stdout=log)
        try:
            wait_for("the swarm", lambda: b"ready after" in (fleet.root / "swarm.log").read_bytes(), 600)
            joined = (time.perf_counter() - begun) * 1000
            times = []
            for _ in range(7 if kind == OURS else 2):
                begun = time.perf_counter()
                done = subprocess.run(
                    [programs.path(kind, "salt"), "-c", str(fleet.etc), "--static", "--out=json", "*", "test.ping"],
                    capture_output=True, text=True, timeout=300)
                times.append((time.perf_counter() - begun) * 1000)
                got = sum(value is True for value in json.loads(done.stdout).values())
                if got != count:
                    print(f"# {kind}: {got} of {count} returned", flush=True)
            return statistics.median(times), joined, pss_mb(fleet.master)
        finally:
            crowd.terminate()
            crowd.wait(20)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--salt", help="folder that holds 3008/bin")
    parser.add_argument("--swarm-bin", type=Path)
    parser.add_argument("--swarm", type=int, default=1000)
    parser.add_argument("--real-swarm", type=int, default=0, help="size of the swarm for the real master")
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    programs = Programs(args.bin, args.salt or ".")
    real = "3008" if args.salt else None
    print(f"{'':52} {'ours':>10} {'Salt':>10} {'':4} {'Salt/ours':>10}")
    if args.only in "local":
        local_call(programs, real)
    if args.only in "pair":
        ours, sizes = pair(programs, OURS)
        theirs, real_sizes = pair(programs, real) if real else (None, (None,) * 4)
        row("salt '*' test.ping, one minion", ours, theirs, "ms", "<= 20 ms")
        row("minion idle, PSS of all its processes", sizes[1], real_sizes[1], "MB", "<= 8 MB (RSS)")
        row("minion idle, RSS of its first process", sizes[3], real_sizes[3], "MB", "<= 8 MB")
        row("master idle, PSS of all its processes", sizes[0], real_sizes[0], "MB")
        row("master idle, RSS of its first process", sizes[2], real_sizes[2], "MB", "<= 15 MB")
    if args.only in "swarm" and args.swarm_bin:
        ours = swarm(programs, OURS, args.swarm_bin, args.swarm)
        theirs = swarm(programs, real, args.swarm_bin, args.real_swarm) if real and args.real_swarm else (None,) * 3
        row(f"salt '*' test.ping, {args.swarm} minions", ours[0], theirs[0], "ms", "<= 150 ms")
        row(f"{args.swarm} minions sign in", ours[1], theirs[1], "ms")
        row(f"master with {args.swarm} minions, PSS", ours[2], theirs[2], "MB")


if __name__ == "__main__":
    main()
