"""Measurements on a master's bus, reactor and job store."""

import sqlite3
import subprocess
import time
from contextlib import closing

from fleet import Crowd
from harness import OURS, Fleet, wait_for
from measure import cpu_ms

REACTION = """answer:
  local.test.ping:
    - tgt: nobody
"""


def busbench(fleet, folder, *words):
    """Figures of one run of `busbench` on the fleet's master."""
    argv = [str(folder / "busbench"), "--sock-dir", str(fleet.root / "m" / "s"),
            "--pid", str(fleet.master.process.pid), *map(str, words)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=7200)
    return {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}


def bus(programs, kind, folder, rate, seconds):
    """Events through the bus with ten readers: what arrives, what it costs, what memory does."""
    with Fleet(programs, kind) as fleet:
        fleet.start_master()
        # The first events of all grow what the rest then uses again.
        busbench(fleet, folder, "--rate", rate, "--seconds", 2)
        got = busbench(fleet, folder, "--rate", rate, "--seconds", seconds)
        return {
            "rate": got["slowest_reader_per_second"], "lost": got["sent"] - got["slowest_reader"],
            "cpu": got["master_cpu_per_second"] * 100, "begin": got["master_rss_begin_mb"],
            "largest": got["master_rss_largest_mb"],
        }


def reactor(programs, kind, folder, rate, seconds):
    """Events that each make the master publish a job."""
    with Fleet(programs, kind, {"reactor_worker_hwm": 1_000_000}) as fleet:
        file = fleet.root / "answer.sls"
        file.write_text(REACTION)
        fleet.configure(reactor=[{"bench/event": [str(file)]}])
        # Without an accepted key a job is not published. Nobody has the private half of this one.
        (fleet.root / "m" / "pki" / "minions").mkdir(parents=True)
        key = subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True).stdout
        public = subprocess.run(["openssl", "rsa", "-pubout"], input=key, check=True, capture_output=True).stdout
        (fleet.root / "m" / "pki" / "minions" / "nobody").write_bytes(public)
        fleet.start_master()
        got = busbench(fleet, folder, "--rate", rate, "--seconds", seconds, "--readers", 1, "--answer", "/publish\n\n")
        return {
            "rate": got["slowest_reader_per_second"], "open": got["sent"] - got["slowest_reader"],
            "cpu": got["master_cpu_per_second"] * 100, "largest": got["master_rss_largest_mb"],
        }


def stored(fleet):
    """How many returns are in our master's store."""
    path = fleet.root / "m" / "cache" / "master.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        return store.execute("SELECT count(*) FROM returns").fetchone()[0]


def returns(programs, folder, count, jobs=20):
    """Jobs to a whole swarm at once, until every return is on the disk. The swarm takes its part of the machine."""
    with Fleet(programs, OURS, {"timeout": 60, "max_open_files": 20000}) as fleet:
        fleet.start_master()
        with Crowd(fleet, folder, count) as crowd:
            crowd.pings(2)
            had, spent, begun = stored(fleet), cpu_ms(fleet.master), time.perf_counter()
            argv = [programs.path(OURS, "salt"), "-c", str(fleet.etc), "--async", "*", "test.ping"]
            for _ in range(jobs):
                subprocess.run(argv, check=True, capture_output=True, timeout=60)
            wanted = had + jobs * count
            wait_for("the returns", lambda: stored(fleet) >= wanted, 300, 0.02)
            seconds = time.perf_counter() - begun
            return {"rate": jobs * count / seconds, "cpu": (cpu_ms(fleet.master) - spent) / jobs / count * 1000}

