#!/usr/bin/env python3
"""Fills a master's job store with many returns and measures look-ups in it.

    bench/jobs.py --salt-run target/programs/salt-run --returns 10000000 [--per-job 1000] [--keep FOLDER]

Prints the time of `jobs.lookup_jid` within the store (a query like the runner's) and of the whole program, the median
of some. The store is written by the layout that `salt-run cache.store` makes.
"""
import argparse
import os
import sqlite3
import statistics
import subprocess
import tempfile
import time
from datetime import datetime, timedelta, timezone


def text(value):
    data = value.encode()
    return bytes([0xA0 | len(data)]) + data if len(data) < 32 else b"\xd9" + bytes([len(data)]) + data


def packed(pairs):
    out = bytes([0x80 | len(pairs)])
    for key, value in pairs.items():
        out += text(key)
        if value is True:
            out += b"\xc3"
        elif value == []:
            out += b"\x90"
        elif value == 0:
            out += b"\x00"
        else:
            out += text(value)
    return out


def fill(path, returns, per_job):
    store = sqlite3.connect(path)
    store.executescript("PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY; PRAGMA cache_size=-200000;")
    # One job in a thousand is another.
    asked = lambda fun: (packed({"fun": fun, "tgt": "*", "tgt_type": "glob", "user": "root", "arg": []}), fun)  # noqa: E731
    usual, rare = asked("test.ping"), asked("state.highstate")
    ret = packed({"return": True, "retcode": 0, "success": True, "fun": "test.ping"})
    begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
    jids = []
    for number in range(returns // per_job):
        at = begin + timedelta(seconds=number)
        jid, micros = at.strftime("%Y%m%d%H%M%S%f"), int(at.timestamp() * 1e6)
        jids.append(jid)
        load, fun = usual if number % 1000 else rare
        store.execute("INSERT INTO jobs (jid, at, load, minions, fun, tgt) VALUES (?, ?, ?, ?, ?, '*')",
                      (jid, micros, load, b"\x90", fun))
        rows = ((jid, f"minion{n:05}", micros + n, ret) for n in range(per_job))
        store.executemany("INSERT INTO returns (jid, id, at, ret) VALUES (?, ?, ?, ?)", rows)
        if number % 200 == 0:
            store.commit()
    store.commit()
    store.execute("PRAGMA journal_mode=WAL")
    store.close()
    return jids


def median_ms(run, times=9):
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        spent.append((time.perf_counter() - start) * 1000)
    return statistics.median(spent)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--salt-run", required=True)
    parser.add_argument("--returns", type=int, default=1_000_000)
    parser.add_argument("--per-job", type=int, default=1_000)
    parser.add_argument("--keep", help="a folder for the store; a temporary one if not given")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or temporary
        os.makedirs(f"{folder}/cache", exist_ok=True)
        with open(f"{folder}/master", "w", encoding="utf-8") as conf:
            conf.write(f"root_dir: {folder}\ncachedir: {folder}/cache\npki_dir: {folder}/pki\nsock_dir: {folder}/run\n")
        salt_run = [args.salt_run, "-c", folder]
        subprocess.run([*salt_run, "cache.store", "bench", "key", "value"], check=True)
        path = f"{folder}/cache/master.db"
        start = time.perf_counter()
        jids = fill(path, args.returns, args.per_job)
        seconds = time.perf_counter() - start
        print(f"filled: {args.returns} returns of {len(jids)} jobs in {seconds:.0f} s, {os.path.getsize(path) >> 20} MiB")
        store = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        middle = jids[len(jids) // 2]
        query = "SELECT id, ret FROM returns WHERE jid = ? ORDER BY id"
        print(f"query of one jid: {median_ms(lambda: store.execute(query, (middle,)).fetchall()):.1f} ms")
        day = middle[:4] + "-" + middle[4:6] + "-" + middle[6:8] + " " + middle[8:10] + ":" + middle[10:12]
        quiet = {"stdout": subprocess.DEVNULL, "check": True}
        calls = {
            "nothing (test.arg)": ["test.arg"],
            "jobs.lookup_jid": ["jobs.lookup_jid", middle],
            "jobs.list_jobs of a minute": ["jobs.list_jobs", f"start_time={day}", f"end_time={day}:59"],
            "jobs.list_jobs of a function": ["jobs.list_jobs", "search_function=state.*"],
            "jobs.last_run of a function": ["jobs.last_run", "function=state.highstate"],
            "jobs.list_jobs_filter 50": ["jobs.list_jobs_filter", "50"],
        }
        for name, words in calls.items():
            spent = median_ms(lambda words=words: subprocess.run([*salt_run, *words], **quiet))
            print(f"salt-run {name}: {spent:.1f} ms")


if __name__ == "__main__":
    main()
