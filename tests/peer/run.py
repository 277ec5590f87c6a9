#!/usr/bin/env python3
"""Peer tests: our programs and the real Salt's, together on loopback.

usage: run.py --bin FOLDER --salt FOLDER [--only PART] [3008 3007 3006]

FOLDER of --bin holds salt, salt-master, ... ; FOLDER of --salt holds 3008/bin/salt-master and so on
(see tests/peer/get-salt). Must run with a Python that has Salt and msgpack: it starts itself again
with the one of the first version.
"""

import argparse
import contextlib
import os
import sys
import threading
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
                lambda: scenarios.rotation(self, fleet, "web1"),
                lambda: scenarios.restart(self, fleet, "web1"),
            ):
                try:
                    part()
                except AssertionError as error:
                    raise AssertionError(f"{error}\n{fleet.logs()}") from None


def pair(master, minion):
    name = f"master_{master}_minion_{minion}"
    return type(name, (Pair,), {"master": master, "minion": minion, "__doc__": name})


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


def main():
    global PROGRAMS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--salt", required=True)
    parser.add_argument("--only", default="", help="run only tests whose name holds this")
    parser.add_argument("versions", nargs="*", default=["3008", "3007", "3006"])
    args = parser.parse_args()
    versions = args.versions or ["3008", "3007", "3006"]
    python = Path(args.salt).resolve() / versions[0] / "bin" / "python"
    if Path(sys.executable) != python:
        sys.stdout.flush()
        os.execv(python, [str(python), "-W", "ignore", *sys.argv])
    PROGRAMS = Programs(args.bin, args.salt)
    Mixed.real = tuple(versions[:2])
    cases = [pair(OURS, OURS)]
    for version in versions:
        cases += [pair(version, OURS), pair(OURS, version)]
    cases += [Mixed, PythonClient]
    loader = unittest.TestLoader()
    suite = unittest.TestSuite()
    for case in cases:
        if args.only in case.__name__:
            suite.addTests(loader.loadTestsFromTestCase(case))
    result = unittest.TextTestRunner(verbosity=2, descriptions=True).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"peer: {result.testsRun - failed} passed, {failed} failed")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
