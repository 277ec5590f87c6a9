#!/usr/bin/env python3
"""Measures our programs beside the real Salt's, in one run on one machine; prints a table.

usage: bench/run.py --bin FOLDER [--salt FOLDER] [--swarm-bin FOLDER] [--only PART[,PART...]]

Parts: local, states, graph, pillar, includes, pair, files, swarm, pillars, stalled, healing, beacons, bus, reactor,
returns, size. `--salt` is
the folder that holds `3008/bin`. Times are the best and the median of several runs; memory of a command is its largest resident
size. Nothing here fails on a slow machine: it measures, it does not judge.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "peer"))
import events  # noqa: E402
import fleet  # noqa: E402
import healing  # noqa: E402
from harness import OURS, Programs  # noqa: E402
from measure import HEAD, both, cost, row  # noqa: E402
from trees import Tree  # noqa: E402

PARTS = ["local", "states", "graph", "pillar", "includes", "pair", "files", "swarm", "pillars", "stalled",
         "healing", "beacons", "bus", "reactor", "returns", "size"]


class Bench:
    """What is measured, with what."""

    def __init__(self, args):
        self.programs = Programs(args.bin, args.salt or ".")
        self.real = args.release if args.salt else None
        self.swarm_bin, self.args = args.swarm_bin, args

    def call(self, kind, tree, *words):
        return [self.programs.path(kind, "salt-call"), "-c", str(tree.root), "--local", *words]

    def compared(self, what, tree, *words, **how):
        real = self.call(self.real, tree, *words) if self.real else None
        both(what, self.call(OURS, tree, *words), real, **how)

    def each(self, measure, *args, real=True):
        """One measurement of both kinds."""
        ours = measure(self.programs, OURS, *args)
        return ours, measure(self.programs, self.real, *args) if self.real and real else None

    def local(self):
        with tempfile.TemporaryDirectory() as root:
            tree = Tree(root)
            self.compared("salt-call --local test.ping", tree, "test.ping", runs=21, goal="<= 10 ms")
            self.compared("salt-call --local grains.items", tree, "grains.items", runs=11)

    def states(self):
        with tempfile.TemporaryDirectory() as root:
            tree = Tree(root)
            name = tree.chained(2000)
            subprocess.run(self.call(OURS, tree, "state.apply", name), stdout=subprocess.DEVNULL, check=True)
            self.compared("2,000 chained file.managed, all correct", tree, "state.apply", name, runs=9,
                          real_runs=1, goal="<= 60 ms", memory="<= 40 MB")

    def graph(self):
        with tempfile.TemporaryDirectory() as root:
            tree = Tree(root)
            base = cost(self.call(OURS, tree, "test.ping"), 9).cpu
            for count, goal in ((2500, ""), (5000, "<= 150 ms"), (10000, "")):
                name = tree.requisites(count)
                what = f"{count:,} states, {4 * count:,} requisites: compile"
                # Salt sorts these in minutes; once is enough.
                real = self.real if count <= self.args.real_graph else None
                argv = lambda kind: self.call(kind, tree, "state.show_low_sls", name, "--out=json")  # noqa: E731
                own = cost(argv(OURS), 7)
                theirs = cost(argv(real), 1) if real else None
                row(what + ", best", own.best, theirs and theirs.best, "ms", goal)
                row(what + ", processor above test.ping", own.cpu - base, None, "ms")
                row(what + ", memory", own.size, theirs and theirs.size, "MB")

    def pillar(self):
        with tempfile.TemporaryDirectory() as root:
            tree = Tree(root)
            option = f"--pillar-root={tree.pillar(1_000_000)}"
            self.compared("pillar of 1 MB rendered and read", tree, option, "pillar.get", "app7:port",
                          goal="<= 100 ms")

    def includes(self):
        with tempfile.TemporaryDirectory() as root:
            tree = Tree(root)
            name = tree.includes(500)
            self.compared("500 includes with map.jinja imports: compile", tree, "state.show_low_sls", name,
                          "--out=json", goal="<= 200 ms")

    def pair(self):
        ours, real = self.each(fleet.pair)
        theirs, sizes = real if real else (None, (None,) * 4)
        row("salt '*' test.ping, one minion, best", ours[0].best, theirs and theirs.best, "ms", "<= 20 ms")
        row("salt '*' test.ping, one minion, median", ours[0].median, theirs and theirs.median, "ms")
        row("minion idle, RSS of its first process", ours[1][3], sizes[3], "MB", "<= 8 MB")
        row("minion idle, PSS of all its processes", ours[1][1], sizes[1], "MB")
        row("master idle, RSS of its first process", ours[1][2], sizes[2], "MB", "<= 15 MB")
        row("master idle, PSS of all its processes", ours[1][0], sizes[0], "MB")

    def files(self):
        names = [
            ("first", "state run, 300 files from the master, none there", ""),
            ("first_cpu", "  processor of the master for it", ""),
            ("again", "the same, all files there", ""),
            ("again_cpu", "  processor of the master for it", ""),
        ]
        fleet.rows(self.each(fleet.files), names, {})

    def swarm(self):
        if not self.swarm_bin:
            return
        # Salt's master takes its time: it is measured with fewer minions, and ours once more with as many.
        sizes = {self.args.swarm: False, self.args.real_swarm: bool(self.real)}
        for count, real in sizes.items():
            names = [
                ("best", f"salt '*' test.ping, {count} minions, best", "<= 150 ms" if count == 1000 else ""),
                ("median", f"salt '*' test.ping, {count} minions, median", ""),
                ("joined", f"{count} minions sign in", ""),
                ("joined_cpu", f"{count} minions sign in, processor of the master", ""),
                ("pss", f"master with {count} minions, PSS", ""),
            ]
            both_kinds = self.each(fleet.swarm, self.swarm_bin, count, real=real)
            fleet.rows(both_kinds, names, {"pss": "MB"})

    def pillars(self):
        if not self.swarm_bin:
            return
        count = self.args.real_swarm
        names = [
            ("anew", f"pillars of {count} minions, compiled", ""),
            ("anew_cpu", "  processor of the master for it", ""),
            ("cached", "the same with pillar_cache; they differ in grains that are not read", ""),
            ("cached_cpu", "  processor of the master for it", ""),
        ]
        fleet.rows(self.each(fleet.pillars, self.swarm_bin, count), names, {})

    def stalled(self):
        if not self.swarm_bin:
            return
        names = [
            ("before", "test.ping of 100 minions, median", ""),
            ("after", "the same beside 5 subscribers that do not read", ""),
            ("grown", "what the master grew by meanwhile", ""),
        ]
        fleet.rows(self.each(fleet.stalled, self.swarm_bin), names, {"grown": "MB"})

    def healing(self):
        names = [
            ("file", "a spoiled file is healed, median", "<= 150 ms"),
            ("process", "a killed process runs again, median", "<= 500 ms"),
            ("disk", "a full disk has room again, median", "<= 1 s"),
        ]
        fleet.rows(self.each(healing.healing), names, {name: "ms" for name, _, _ in names})

    def beacons(self):
        names = [
            ("none", "a minion without beacons, percent of a core", ""),
            ("many", "a minion with 500 beacons, percent of a core", "<= 1"),
        ]
        fleet.rows(self.each(healing.cost), names, {"none": "%", "many": "%"})

    def bus(self):
        if not self.swarm_bin:
            return
        names = [
            ("rate", "events a second through the bus, each to 10 readers", ">= 50,000"),
            ("lost", "  events that the slowest reader did not get", "0"),
            ("cpu", "  of a core for the master's first process", ""),
            ("begin", "  RSS of the master's first process before", ""),
            ("largest", "  and its largest meanwhile", "flat"),
        ]
        units = {"rate": "/s", "lost": "", "cpu": "%", "begin": "MB", "largest": "MB"}
        fleet.rows(self.each(events.bus, self.swarm_bin, self.args.rate, self.args.seconds), names, units)

    def reactor(self):
        if not self.swarm_bin:
            return
        names = [
            ("rate", "reactions a second, each of them a job", ">= 2,000"),
            ("open", "  events without a reaction", "0"),
            ("cpu", "  of a core for the master's first process", ""),
            ("largest", "  its largest RSS meanwhile", ""),
        ]
        units = {"rate": "/s", "open": "", "cpu": "%", "largest": "MB"}
        fleet.rows(self.each(events.reactor, self.swarm_bin, 2000, 5), names, units)

    def returns(self):
        if not self.swarm_bin:
            return
        ours = events.returns(self.programs, self.swarm_bin, self.args.swarm)
        row("returns a second until all are on the disk", ours["rate"], None, "/s", ">= 20,000")
        row("  processor of the master for a thousand", ours["cpu"], None, "ms")

    def size(self):
        program = Path(self.programs.path(OURS, "salt")).resolve()
        row("the program, all names in one file", program.stat().st_size / 1e6, None, "MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="folder with our programs")
    parser.add_argument("--salt", help="folder that holds 3008/bin")
    parser.add_argument("--release", default="3008", help="which real Salt")
    parser.add_argument("--swarm-bin", type=Path, help="folder with the program swarm")
    parser.add_argument("--swarm", type=int, default=1000)
    parser.add_argument("--real-swarm", type=int, default=200, help="size of the swarm for the real master")
    parser.add_argument("--real-graph", type=int, default=10_000, help="largest graph for the real Salt")
    parser.add_argument("--rate", type=int, default=50_000, help="events a second for the bus")
    parser.add_argument("--seconds", type=int, default=10, help="how long; 600 and 3600 are the soaks")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    args = parser.parse_args()
    bench = Bench(args)
    print(HEAD)
    for part in args.only.split(","):
        if part not in PARTS:
            parser.error(f"no part {part!r}; there are: {', '.join(PARTS)}")
        getattr(bench, part)()


if __name__ == "__main__":
    main()
