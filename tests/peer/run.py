#!/usr/bin/env python3
"""Peer tests: our programs and the real Salt's, together on loopback.

usage: run.py --bin FOLDER --salt FOLDER [--only PART] [--jobs N] [3008 3007 3006]

FOLDER of --bin holds salt, salt-master, ... ; FOLDER of --salt holds 3008/bin/salt-master and so on
(see tests/peer/get-salt). Must run with a Python that has Salt and msgpack: it starts itself again
with the one of the first version.
"""

import argparse
import concurrent.futures
import contextlib
import os
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import scenarios  # noqa: E402
from harness import OURS, Fleet, Programs, wait_for  # noqa: E402

PROGRAMS = None


def take_events(buffer, found):
    """Takes whole events off the front. 3006 writes a length of four bytes before each map."""
    import msgpack

    while buffer:
        start = 4 if buffer[0] == 0 else 0
        unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)
        unpacker.feed(buffer[start:])
        try:
            item = unpacker.unpack()
        except msgpack.OutOfData:
            break
        tag, _, data = item["body"].partition(b"\n\n")
        found[tag.decode()] = msgpack.unpackb(data, raw=False, strict_map_key=False)
        buffer = buffer[start + unpacker.tell():]
    return buffer


@contextlib.contextmanager
def bus(fleet):
    """Reads the master's bus as a third-party listener does: a plain stream of msgpack maps."""
    import socket

    found = {}
    link = socket.socket(socket.AF_UNIX)
    link.connect(str(fleet.root / "m" / "s" / "master_event_pub.ipc"))

    def listen():
        buffer = b""
        with contextlib.suppress(OSError):
            while chunk := link.recv(65536):
                buffer += chunk
                buffer = take_events(buffer, found)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield found.get
    finally:
        with contextlib.suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)
        link.close()
        thread.join(5)


class Pair(unittest.TestCase):
    """One master, one minion: the whole list."""

    master, minion = OURS, OURS

    def test_pair(self):
        with Fleet(PROGRAMS, self.master) as fleet:
            scenarios.lay_out(fleet)
            fleet.start_master()
            _, scratch = scenarios.add(fleet, self.minion, "web1")
            fleet.accept("web1")
            fleet.wait_ping("web1")
            for part in (
                lambda: scenarios.basics(self, fleet, "web1", scratch),
                lambda: scenarios.states(self, fleet, "web1", scratch),
                lambda: scenarios.events(self, fleet, "web1", bus),
                lambda: scenarios.rotation(self, fleet, "web1", bus),
                lambda: scenarios.restart(self, fleet, "web1"),
            ):
                try:
                    part()
                except AssertionError as error:
                    raise AssertionError(f"{error}\n{fleet.logs()}") from None


def pair(master, minion):
    name = f"master_{master}_minion_{minion}"
    return type(name, (Pair,), {"master": master, "minion": minion, "__doc__": name})


class HandOver(unittest.TestCase):
    """A real master's files taken over by ours and handed back, with a real minion and one of ours;
    the same for the files of minions."""

    real = "3008"

    def test_hand_over(self):
        with Fleet(PROGRAMS, self.real) as fleet:
            scenarios.lay_out(fleet)
            fleet.start_master()
            for name, kind in (("real1", self.real), ("our1", OURS)):
                scenarios.add(fleet, kind, name)
                fleet.accept(name)
            try:
                scenarios.master_there_and_back(self, fleet, OURS)
                scenarios.minion_there_and_back(self, fleet, "real1", OURS)
                scenarios.minion_there_and_back(self, fleet, "our1", self.real)
            except AssertionError as error:
                raise AssertionError(f"{error}\n{fleet.logs()}") from None


class Mixed(unittest.TestCase):
    """One master of ours, two real minions and two of ours: the same highstate for all."""

    real = ("3008", "3007")

    def test_mixed(self):
        with Fleet(PROGRAMS, OURS) as fleet:
            scenarios.lay_out(fleet)
            fleet.start_master()
            kinds = {"real1": self.real[0], "real2": self.real[-1], "our1": OURS, "our2": OURS}
            scratch = {}
            for name, kind in kinds.items():
                _, scratch[name] = scenarios.add(fleet, kind, name)
            for name in kinds:
                fleet.accept(name)
            fleet.wait_ping(*kinds)
            got = fleet.salt("*", "state.highstate", timeout=90)
            self.assertEqual(set(got), set(kinds))
            plain = {name: self.plain(got[name], name, scratch[name]) for name in kinds}
            for name in kinds:
                self.assertEqual(plain[name], plain["real1"], f"{name} differs\n{fleet.logs()}")
            again = fleet.salt("*", "state.highstate", timeout=90)
            for name in kinds:
                changed = [
                    tag for tag, ret in again[name].items() if ret["changes"] and "test_|-" not in tag
                ]
                self.assertEqual(changed, [], name)

    def plain(self, ret, name, scratch):
        """Results without what differs from run to run and from name to name."""
        self.assertIsInstance(ret, dict, ret)
        out = []
        for tag, chunk in sorted(ret.items(), key=lambda item: item[1]["__run_num__"]):
            chunk = {k: v for k, v in chunk.items() if k not in ("start_time", "duration")}
            chunk["changes"] = {k: v for k, v in chunk["changes"].items() if k != "pid"}
            text = repr((tag, sorted(chunk.items(), key=str)))
            out.append(text.replace(str(scratch), "SCRATCH").replace(name, "NAME"))
        return out


class PythonClient(unittest.TestCase):
    """Real Salt's Python LocalClient and event listener on the host of our master."""

    def test_local_client(self):
        import salt.client
        import salt.config
        import salt.utils.event

        with Fleet(PROGRAMS, OURS) as fleet:
            scenarios.lay_out(fleet)
            fleet.start_master()
            scenarios.add(fleet, OURS, "our1")
            fleet.accept("our1")
            fleet.wait_ping("our1")
            opts = salt.config.client_config(str(fleet.etc / "master"))
            with salt.client.LocalClient(mopts=opts) as client:
                self.assertEqual(client.cmd("*", "test.ping", timeout=20), {"our1": True})
                self.assertEqual(client.cmd("our1", "test.echo", ["hi"], timeout=20), {"our1": "hi"})
                job = client.run_job("*", "test.ping", timeout=20)
                self.assertEqual(job["minions"], ["our1"])
                rets = list(client.cmd_iter("*", "cmd.run", ["echo x"], timeout=20))
                self.assertEqual(rets[0]["our1"]["ret"], "x")
                full = client.cmd("*", "test.retcode", ["3"], full_return=True, timeout=20)
                self.assertIn("our1", full)
                none = client.cmd("nobody", "test.ping", timeout=5)
                self.assertEqual(none, {})
            with salt.utils.event.get_event(
                "master", sock_dir=opts["sock_dir"], opts=opts, listen=True
            ) as listener:
                wait_for("the listener's link", lambda: listener.connect_pub(timeout=5), 20)
                fleet.salt("our1", "event.send", "a/b", "x=1")
                event = wait_for("the event", lambda: listener.get_event(tag="a/b", wait=1), 20)
                self.assertEqual(event["data"]["x"], 1)


def one(name, args):
    """Runs one case in a process of its own: its name, how long it took, whether it passed, its output."""
    begun = time.monotonic()
    argv = [sys.executable, "-W", "ignore", __file__, "--bin", args.bin, "--salt", args.salt, "--one", name]
    done = subprocess.run([*argv, *args.versions], capture_output=True, text=True, check=False)
    return name, time.monotonic() - begun, done.returncode == 0, done.stdout + done.stderr


def run_all(names, args):
    """Runs the cases, some at a time: they wait more than they work."""
    failed = []
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(one, name, args) for name in names]):
            name, seconds, passed, output = done.result()
            print(f"{name}: {'ok' if passed else 'FAILED'} ({seconds:.0f} s)", flush=True)
            if not passed:
                failed.append(name)
                print(output, flush=True)
    print(f"peer: {len(names) - len(failed)} passed, {len(failed)} failed, {time.monotonic() - begun:.0f} s")
    return 1 if failed or not names else 0


def all_cases(versions):
    """Every pair with one of ours in it, and what needs more than a pair; the longest first."""
    Mixed.real = tuple(versions[:2])
    HandOver.real = versions[0]
    cases = [HandOver, Mixed]
    for version in reversed(versions):
        cases += [pair(version, OURS), pair(OURS, version)]
    cases += [PythonClient, pair(OURS, OURS)]
    return {case.__name__: case for case in cases}


def main():
    global PROGRAMS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--salt", required=True)
    parser.add_argument("--only", default="", help="run only cases whose name holds this")
    parser.add_argument("--jobs", type=int, default=3, help="cases at one time")
    parser.add_argument("--one", help="run this case, here")
    parser.add_argument("versions", nargs="*")
    args = parser.parse_args()
    args.versions = args.versions or ["3008", "3007", "3006"]
    python = Path(args.salt).resolve() / args.versions[0] / "bin" / "python"
    if Path(sys.executable) != python:
        sys.stdout.flush()
        os.execv(python, [str(python), "-W", "ignore", *sys.argv])
    cases = all_cases(args.versions)
    if not args.one:
        return run_all([name for name in cases if args.only in name], args)
    PROGRAMS = Programs(args.bin, args.salt)
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(cases[args.one])
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
