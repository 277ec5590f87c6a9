"""Healing by beacon and reactor, and what many beacons cost."""

import importlib.util
import os
import statistics
import time
from pathlib import Path

from harness import OURS

RUN = Path(__file__).resolve().parent.parent / "tests" / "healing" / "run.py"
TICKS = os.sysconf("SC_CLK_TCK")


def lab(programs, kind, port, beacons=None):
    spec = importlib.util.spec_from_file_location("healing", RUN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = Path(programs.path(kind, "salt-call")).parent
    return module.Lab(folder, port, real=kind != OURS, beacons=beacons)


def healing(programs, kind, rounds=5):
    """From fault to healed machine, in milliseconds, median."""
    found = {}
    with lab(programs, kind, 26300) as at_work:
        # The real one's inotify beacon needs a package that its own distribution does not have.
        faults = ["file", "process", "disk"] if kind == OURS else ["process", "disk"]
        for fault in faults:
            if fault == "disk" and not at_work.mounted:
                continue
            times = []
            for _ in range(rounds):
                times.append(at_work.measure(fault))
                time.sleep(1.5 if kind == OURS else 6)
            found[fault] = statistics.median(times)
    return found


def processor(pids):
    used = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        used += int(fields[11]) + int(fields[12])
    return used / TICKS


def family(pid):
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in family(int(child)))]


def five_hundred(machine):
    """500 beacons of the common kinds, all content."""
    beacons = {}
    for number in range(100):
        folder = machine / f"watched{number}"
        folder.mkdir()
        kinds = {
            "inotify": [{"files": {str(folder): {"mask": ["create", "modify", "delete"]}}}],
            "ps": [{"processes": {"healed-app": "stopped"}}],
            "load": [{"averages": {"1m": [0.0, 900.0], "5m": [0.0, 900.0], "15m": [0.0, 900.0]}}],
            "memusage": [{"percent": "101%"}],
            "diskusage": [{"/": "101%"}],
        }
        for kind, settings in kinds.items():
            beacons[f"{kind}{number}"] = [*settings, {"beacon_module": kind}]
    return beacons


def cost(programs, kind, seconds=10):
    """Percent of a core that a minion with 500 beacons takes, and one without."""
    found = {}
    for name, beacons in [("none", lambda machine: {}), ("many", five_hundred)]:
        with lab(programs, kind, 26310, beacons) as at_work:
            pids = family(at_work.daemons[-1].pid)
            before = processor(pids)
            time.sleep(seconds)
            found[name] = (processor(pids) - before) / seconds * 100
    return found
