"""Measurements on running masters and minions: one pair, swarms, stalled subscribers, files."""

import json
import os
import socket
import statistics
import subprocess
import time

from harness import OURS, Fleet, wait_for
from measure import cost, cpu_ms, pss_mb, row, rss_mb


def pair(programs, kind):
    """One master, one minion of a kind: idle memory and the cost of `salt '*' test.ping`."""
    # The usual interval: the harness looks every second.
    with Fleet(programs, kind, {"loop_interval": 60}) as fleet:
        fleet.start_master()
        fleet.add_minion(kind, "m1")
        fleet.accept("m1")
        fleet.wait_ping("m1")
        # Idle: pages of the program are given back after five quiet seconds.
        time.sleep(12)
        minion = fleet.minions["m1"][1]
        sizes = pss_mb(fleet.master), pss_mb(minion), rss_mb(fleet.master), rss_mb(minion)
        argv = [programs.path(kind, "salt"), "-c", str(fleet.etc), "*", "test.ping"]
        return cost(argv, 15 if kind == OURS else 3), sizes


class Crowd:
    """A swarm that has signed in."""

    def __init__(self, fleet, swarm_bin, count):
        accepted = fleet.root / "m" / "pki" / "minions"
        argv = [str(swarm_bin / "swarm"), "-n", str(count), "--ret-port", str(fleet.ret_port),
                "--publish-port", str(fleet.publish_port), "--accept-in", str(accepted)]
        self.fleet, self.count, log = fleet, count, fleet.root / "swarm.log"
        before = cpu_ms(fleet.master)
        with open(log, "wb") as out:
            self.process = subprocess.Popen(argv, stderr=out, stdout=out)
        wait_for("the swarm", lambda: b"ready after" in log.read_bytes(), 600)
        ready = next(line for line in log.read_text().splitlines() if "ready after" in line)
        self.joined = float(ready.split()[-2])
        self.joined_cpu = cpu_ms(fleet.master) - before

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def pings(self, runs, fun="test.ping"):
        """Times in ms until the returns of all are printed."""
        programs, kind, times = self.fleet.programs, self.fleet.kind, []
        argv = [programs.path(kind, "salt"), "-c", str(self.fleet.etc), "--static", "--out=json",
                "*", fun]
        for _ in range(runs):
            begun = time.perf_counter()
            done = subprocess.run(argv, capture_output=True, text=True, timeout=300)
            times.append((time.perf_counter() - begun) * 1000)
            got = sum(value is True for value in json.loads(done.stdout).values())
            if got != self.count:
                print(f"# {kind}: {got} of {self.count} returned", flush=True)
        return times


def swarm(programs, kind, swarm_bin, count):
    """`salt '*' test.ping` over a swarm."""
    with Fleet(programs, kind, {"timeout": 60, "max_open_files": 20000}) as fleet:
        fleet.start_master()
        with Crowd(fleet, swarm_bin, count) as crowd:
            times = crowd.pings(9 if kind == OURS else 3)
            return {
                "best": min(times), "median": statistics.median(times), "joined": crowd.joined,
                "joined_cpu": crowd.joined_cpu, "pss": pss_mb(fleet.master),
            }


def pillars(programs, kind, swarm_bin, count):
    """Pillars of a swarm whose minions differ in grains that the pillar does not read, without and with a cache."""
    times = {}
    for name, cached in (("anew", False), ("cached", True)):
        with Fleet(programs, kind, {"timeout": 120, "max_open_files": 20000, "pillar_cache": cached}) as fleet:
            sites = "".join(f"    site{n}: {{port: {{{{ 8000 + {n} }}}}, os: {{{{ grains.os }}}}}}\n" for n in range(200))
            fleet.write("top.sls", "base:\n  '*': [all]\n", pillar=True)
            fleet.write("all.sls", "cores: {{ grains.get('num_cpus') }}\nsites:\n" + sites, pillar=True)
            fleet.start_master()
            with Crowd(fleet, swarm_bin, count) as crowd:
                crowd.pings(1)
                crowd.pings(1, "saltutil.refresh_pillar")
                before = cpu_ms(fleet.master)
                runs = 5 if kind == OURS else 1
                times[name] = statistics.median(crowd.pings(runs, "saltutil.refresh_pillar"))
                times[f"{name}_cpu"] = (cpu_ms(fleet.master) - before) / runs
    return times


def subscribe_and_stall(port):
    """A subscriber that says it wants everything and then reads nothing. RFC 37: ZMTP 3.1."""
    peer = socket.socket()
    # A small window: the master's side is to feel it soon.
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.connect(("127.0.0.1", port))
    greeting = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
    peer.sendall(greeting)
    have = b""
    while len(have) < 64:
        have += peer.recv(64 - len(have))
    body = b"\x05READY" + b"\x0bSocket-Type" + (3).to_bytes(4, "big") + b"SUB"
    peer.sendall(b"\x04" + bytes([len(body)]) + body)
    peer.sendall(b"\x00\x01\x01")
    return peer


def stalled(programs, kind, swarm_bin, count=100, peers=5, jobs=60, size=100_000):
    """Pings of a swarm before and while a few subscribers do not read and large jobs are published."""
    with Fleet(programs, kind, {"timeout": 60}) as fleet:
        fleet.start_master()
        with Crowd(fleet, swarm_bin, count) as crowd:
            runs = 15 if kind == OURS else 3
            crowd.pings(2)
            before = statistics.median(crowd.pings(runs))
            size_before = rss_mb(fleet.master)
            held = [subscribe_and_stall(fleet.publish_port) for _ in range(peers)]
            time.sleep(1)
            argv = [programs.path(kind, "salt"), "-c", str(fleet.etc), "--async", "-L", "swarm00000",
                    "test.echo", "x" * size]
            for _ in range(jobs if kind == OURS else jobs // 3):
                subprocess.run(argv, check=True, capture_output=True, timeout=60)
            after = statistics.median(crowd.pings(runs))
            grown = rss_mb(fleet.master) - size_before
            for peer in held:
                peer.close()
            return {"before": before, "after": after, "grown": grown}


def files(programs, kind, count=300):
    """A state run from the master that needs many small files: first, and again with all of them there."""
    with Fleet(programs, kind) as fleet:
        out = fleet.root / "out"
        os.makedirs(out)
        states = []
        for n in range(count):
            fleet.write(f"data/{n}", f"content {n}\n")
            states.append(f"{out}/{n}:\n  file.managed:\n    - source: salt://data/{n}\n")
        fleet.write("many.sls", "".join(states))
        fleet.start_master()
        fleet.add_minion(kind, "m1")
        fleet.accept("m1")
        fleet.wait_ping("m1")
        argv = [programs.path(kind, "salt"), "-c", str(fleet.etc), "m1", "state.apply", "many"]
        before = cpu_ms(fleet.master)
        first = cost(argv, 1)
        middle = cpu_ms(fleet.master)
        again = cost(argv, 5 if kind == OURS else 2)
        runs = 5 if kind == OURS else 2
        return {
            "first": first.best, "again": again.best, "first_cpu": middle - before,
            "again_cpu": (cpu_ms(fleet.master) - middle) / runs,
        }


def rows(results, names, unit_of):
    """Rows for the dictionaries of both kinds."""
    ours, real = results
    for key, what, goal in names:
        row(what, ours.get(key), real.get(key) if real else None, unit_of.get(key, "ms"), goal)
