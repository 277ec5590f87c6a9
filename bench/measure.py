"""Times, processor time and memory of programs; the table that is printed."""

import os
import statistics
import subprocess
import time
from pathlib import Path

ROWS = []
HEAD = f"{'':58} {'ours':>10} {'Salt':>10} {'':4} {'Salt/ours':>10}  goal"


def row(what, ours, real, unit, goal=""):
    """Prints one line: our figure, Salt's, how many times ours goes into it."""
    ratio = f"{real / ours:8.1f} x" if ours and real else "        -"
    show = lambda value: "-" if value is None else f"{value:.1f}"  # noqa: E731
    line = f"{what:58} {show(ours):>10} {show(real):>10} {unit:4} {ratio}  {goal}"
    ROWS.append(line.rstrip())
    print(ROWS[-1], flush=True)


class Cost:
    """What several runs of one command cost."""

    def __init__(self, walls, cpus, size):
        self.best, self.median = min(walls), statistics.median(walls)
        self.cpu, self.size = min(cpus), size


def cost(argv, runs=7, ok=(0,)):
    """Wall and processor time in ms, largest resident size in MB."""
    walls, cpus = [], []
    for _ in range(runs):
        begun = time.perf_counter()
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in ok:
            text = said.decode(errors="replace")[-2000:]
            raise AssertionError(f"{argv} ended with {process.returncode}: {text}")
        walls.append((time.perf_counter() - begun) * 1000)
        cpus.append((usage.ru_utime + usage.ru_stime) * 1000)
    return Cost(walls, cpus, peak_mb(argv))


def peak_mb(argv):
    """Largest resident size of one more run, sampled: what `wait4` says includes the Python that started it."""
    peak = 0
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            try:
                text = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                break
            # It runs already when Popen is back.
            found = [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")]
            peak = max([peak, *found])
            time.sleep(0.0002)
    return peak / 1024


def both(what, ours, real, runs=7, real_runs=2, goal="", memory=""):
    """Rows for one command of both kinds; `real` may be None."""
    own = cost(ours, runs)
    theirs = cost(real, real_runs) if real else None
    pick = lambda name: None if theirs is None else getattr(theirs, name)  # noqa: E731
    row(what + ", best", own.best, pick("best"), "ms", goal)
    row(what + ", median", own.median, pick("median"), "ms")
    row(what + ", processor", own.cpu, pick("cpu"), "ms")
    row(what + ", memory", own.size, pick("size"), "MB", memory)


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
    """Memory of a daemon with its children, shared pages divided among their users."""
    total = 0
    for pid in family(daemon.process.pid):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


def rss_mb(daemon, field="VmRSS"):
    """Memory of a daemon's first process with all of its mapped file pages."""
    text = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return next(int(x.split()[1]) for x in text.splitlines() if x.startswith(field + ":")) / 1024


def cpu_ms(daemon):
    """Processor time of a daemon with its children so far."""
    ticks = 0
    for pid in family(daemon.process.pid):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")
