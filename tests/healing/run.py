#!/usr/bin/env python3
"""Faults on a machine, healed by beacon and reactor: real daemons, the configuration of examples/healing.

A managed file is overwritten, a process is killed, a service is stopped, a small disk is filled. Measured is the time from the
fault to the moment at which the machine is as it was, seen from outside.

  tests/healing/run.py --bin DIR [--rounds 5] [--port PORT] [--json FILE] [--no-limits]

DIR holds salt-master and salt-minion: ours, or the real Salt's bin folder (then use --no-limits).
"""

import argparse
import ctypes
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "healing"
NOTICE = "This file is looked after.\n"
# From fault to repaired, in milliseconds, in the median.
LIMITS = {"file": 150, "process": 500, "unit": 1000, "disk": 1000}
APP = "healed-app"
UNIT = "healed-unit"
UNIT_APP = "healed-daemon"
# A service of a machine without systemd; the minion sees it among those in /etc/init.d.
INIT_SCRIPT = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          {unit}
# Required-Start:
# Required-Stop:
# Default-Start:     2 3 4 5
# Default-Stop:
### END INIT INFO
pid=$(cat {machine}/{unit}.pid 2>/dev/null)
runs() {{ [ -n "$pid" ] && readlink /proc/$pid/exe >/dev/null 2>&1; }}
case "$1" in
  start) runs || {{ setsid {machine}/{app} 86400 </dev/null >/dev/null 2>&1 & echo $! > {machine}/{unit}.pid; }} ;;
  stop) runs && kill $pid; rm -f {machine}/{unit}.pid ;;
  restart) $0 stop; $0 start ;;
  status) runs || exit 3 ;;
esac
"""
PR_SET_CHILD_SUBREAPER = 36


def yaml(path, data):
    """JSON is YAML."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1))


def free_ports():
    """The first of two neighbouring ports that nobody listens on."""
    for port in range(26100, 32000, 2):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two free ports")


class Lab:
    """A master and a minion in a scratch root."""

    def __init__(self, bin_dir, port, real, beacons=None):
        self.bin, self.port, self.real, self.beacons = Path(bin_dir), port, real, beacons
        self.root = Path(tempfile.mkdtemp(prefix="halite-healing-"))
        self.machine = self.root / "machine"
        self.daemons = []
        self.mounted = False
        self.units = False

    def __enter__(self):
        self.machine.mkdir()
        shutil.copy(shutil.which("sleep"), self.machine / APP)
        (self.machine / "notice").write_text(NOTICE)
        self.start_app()
        self.start_unit()
        self.mount()
        self.configure()
        try:
            self.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        for daemon in reversed(self.daemons):
            daemon.send_signal(signal.SIGTERM)
        for daemon in self.daemons:
            try:
                daemon.wait(15)
            except subprocess.TimeoutExpired:
                daemon.kill()
        self.stop_app()
        self.stop_app(UNIT_APP)
        if self.mounted:
            subprocess.run(["umount", self.machine / "disk"], check=False)
        if kind is not None:
            for log in self.root.glob("*.log"):
                print(f"--- {log.name}", *log.read_text(errors="replace").splitlines()[-15:], sep="\n", file=sys.stderr)
        shutil.rmtree(self.root, ignore_errors=True)

    def mount(self):
        disk = self.machine / "disk"
        disk.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], capture_output=True, check=False)
        self.mounted = done.returncode == 0

    def configure(self):
        rules = {"inotify": "file", "ps": "process", "service": "unit", "diskusage": "disk"}
        yaml(self.root / "master" / "master", {
            "interface": "127.0.0.1", "publish_port": self.port, "ret_port": self.port + 1,
            "root_dir": str(self.root / "m"), "auto_accept": True, "worker_threads": 3,
            "file_roots": {"base": [str(EXAMPLE / "salt")]}, "pillar_roots": {"base": [str(self.root / "pillar")]},
            "log_level": "warning", "user": "root",
            "reactor": [{f"salt/beacon/*/{beacon}/*": [str(EXAMPLE / "reactor" / f"{sls}.sls")]} for beacon, sls in rules.items()],
        })
        beacons = {"ps": [{"processes": {APP: "stopped"}}]}
        if self.units:
            wish = {"onchangeonly": True, "emitatstartup": False}
            wish["uncleanshutdown"] = str(self.machine / f"{UNIT}.pid")
            beacons["service"] = [{"services": {UNIT: wish}}]
        if self.mounted:
            beacons["diskusage"] = [{str(self.machine / "disk"): "80%"}]
        notice = str(self.machine / "notice")
        if not self.real:
            beacons["inotify"] = [{"files": {notice: {"mask": ["close_write"]}}}]
        else:
            beacons["inotify"] = [{"files": {notice: {"mask": ["modify"]}}}]
        if self.beacons is not None:
            beacons = self.beacons(self.machine)
        yaml(self.root / "minion" / "minion", {
            "id": "web1", "master": "127.0.0.1", "publish_port": self.port, "master_port": self.port + 1,
            "root_dir": str(self.root / "s"), "acceptance_wait_time": 1, "log_level": "warning", "user": "root",
            "grains": {"healing_root": str(self.machine)}, "beacons": beacons,
        })

    def spawn(self, program, *arguments):
        log = open(self.root / f"{program}.log", "ab")
        command = [str(self.bin / program), *arguments]
        if self.units and program == "salt-minion":
            # The service is one of the machine that the minion sees, and of no other.
            within = f"mount --bind {self.root / 'init.d'} /etc/init.d && exec \"$@\""
            command = ["unshare", "-m", "--propagation", "private", "sh", "-c", within, "sh", *command]
        daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self.daemons.append(daemon)

    def start(self):
        self.spawn("salt-master", "-c", str(self.root / "master"))
        self.spawn("salt-minion", "-c", str(self.root / "minion"))
        ping = [self.bin / "salt", "-c", str(self.root / "master"), "-t", "3", "web1", "test.ping"]
        until = time.monotonic() + 90
        while time.monotonic() < until:
            done = subprocess.run(ping, capture_output=True, text=True, check=False)
            if "True" in done.stdout:
                # The first round of the beacons has been.
                time.sleep(3 if not self.real else 8)
                return
            time.sleep(0.3)
        raise RuntimeError("the minion does not answer")

    def app_pids(self, name=APP):
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    stat = Path("/proc", entry, "stat").read_text()
                except OSError:
                    continue
                if f"({name})" in stat and stat.rsplit(")", 1)[1].split()[0] != "Z":
                    found.append(int(entry))
        return found

    def start_app(self):
        # Orphans become ours, to be waited for: a killed one would stay behind as a zombie where process 1
        # waits for none, and `pgrep` and psutil count those.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        subprocess.run(["setsid", "-f", self.machine / APP, "86400"], stdin=subprocess.DEVNULL, check=True)
        while not self.app_pids():
            time.sleep(0.01)

    def start_unit(self):
        init = self.root / "init.d"
        init.mkdir()
        shutil.copy(shutil.which("sleep"), self.machine / UNIT_APP)
        self.script = init / UNIT
        self.script.write_text(INIT_SCRIPT.format(unit=UNIT, app=UNIT_APP, machine=self.machine))
        self.script.chmod(0o755)
        try:
            may = ["unshare", "-m", "--propagation", "private", "mount", "--bind", init, "/etc/init.d"]
            done = subprocess.run(may, capture_output=True, check=False).returncode
            booted = Path("/run/systemd/system").exists()
            self.units = done == 0 and not booted and shutil.which("service") is not None
        except OSError:
            self.units = False
        if self.units:
            subprocess.run([self.script, "start"], check=True)
            while not self.app_pids(UNIT_APP):
                time.sleep(0.01)

    def stop_app(self, name=APP):
        for pid in self.app_pids(name):
            try:
                target = os.readlink(f"/proc/{pid}/exe")
            except OSError:
                continue
            if target.startswith(str(self.machine)):
                os.kill(pid, signal.SIGKILL)
                try:
                    os.waitpid(pid, 0)
                except ChildProcessError:
                    while pid in self.app_pids(name):
                        time.sleep(0.0005)

    # The faults, and how the machine looks when it is well.

    def break_file(self):
        (self.machine / "notice").write_text("spoiled\n")

    def file_is_well(self):
        return (self.machine / "notice").read_text() == NOTICE

    def break_process(self):
        self.stop_app()

    def process_is_well(self):
        return bool(self.app_pids())

    def break_unit(self):
        pids = self.app_pids(UNIT_APP)
        subprocess.run([self.script, "stop"], check=True)
        for pid in pids:
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass

    def unit_is_well(self):
        return bool(self.app_pids(UNIT_APP))

    def break_disk(self):
        with open(self.machine / "disk" / "cache", "wb") as cache:
            cache.write(b"x" * 7_500_000)

    def disk_is_well(self):
        return not (self.machine / "disk" / "cache").exists()

    def measure(self, fault):
        """Breaks and waits for the healing; gives milliseconds."""
        well = getattr(self, f"{fault}_is_well")
        assert well(), f"{fault}: not well before the fault"
        getattr(self, f"break_{fault}")()
        began = time.monotonic()
        assert not well(), f"{fault}: the fault is none"
        while not well():
            if time.monotonic() - began > 60:
                raise RuntimeError(f"{fault}: not healed within 60 s")
            time.sleep(0.001)
        return (time.monotonic() - began) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=0, help="the first of two ports; free ones if it is not given")
    parser.add_argument("--only", default="file,process,unit,disk")
    parser.add_argument("--json", help="write the times there")
    parser.add_argument("--no-limits", action="store_true", help="measure only; also for the real Salt")
    options = parser.parse_args()
    failed, results = False, {}
    with Lab(options.bin, options.port or free_ports(), real=options.no_limits) as lab:
        for fault in options.only.split(","):
            if fault == "disk" and not lab.mounted:
                print("disk      skipped: no right to mount a tmpfs here")
                continue
            if fault == "unit" and not lab.units:
                print("unit      skipped: no right to mount over /etc/init.d, no service(8), or systemd runs")
                continue
            times = []
            for _ in range(options.rounds):
                times.append(lab.measure(fault))
                # The reactions that the healing itself causes come to rest.
                time.sleep(1.5 if not options.no_limits else 6)
            results[fault] = times
            median = statistics.median(times)
            late = not options.no_limits and median > LIMITS[fault]
            failed |= late
            shown = " ".join(f"{value:.0f}" for value in times)
            print(f"{fault:9} median {median:6.0f} ms  most {max(times):6.0f} ms  ({shown})" + ("  TOO LATE" if late else ""), flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(results))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
