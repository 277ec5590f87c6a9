"""Starts masters and minions, ours and the real Salt's, in scratch roots on loopback."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

OURS = "ours"


class Programs:
    """Where the programs of each kind are."""

    def __init__(self, ours, salt):
        self.ours = Path(ours).resolve()
        self.salt = Path(salt).resolve()

    def path(self, kind, name):
        folder = self.ours if kind == OURS else self.salt / kind / "bin"
        return str(folder / name)


def wait_for(what, check, timeout=90.0, pause=0.1):
    """Waits until `check()` gives something true, and gives it back."""
    end = time.monotonic() + timeout
    last = None
    while time.monotonic() < end:
        try:
            got = check()
        except (OSError, ValueError, AssertionError) as error:
            last, got = error, None
        if got:
            return got
        time.sleep(pause)
    raise AssertionError(f"waited {timeout:.0f} s for {what} in vain" + (f": {last}" if last else ""))


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


class Daemon:
    """One running program with its log."""

    def __init__(self, name, argv, log):
        self.name, self.argv, self.log, self.process = name, argv, log, None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        return self

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, timeout=20.0):
        """Ends it as an operator does, and whatever is left after that."""
        if self.process is None:
            return None
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout)
        return self.kill()

    def kill(self):
        """Ends all its processes at once. Real Salt leaves workers behind when its parent is in a hurry;
        the group is ours alone."""
        if self.process is None:
            return None
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        code = self.process.wait(10)
        self.process = None
        return code

    def tail(self, lines=25):
        try:
            text = Path(self.log).read_text(errors="replace").splitlines()
            return "\n".join(line[:300] for line in text[-lines:])
        except OSError:
            return "(no log)"


class Fleet:
    """A master and its minions below one scratch root."""

    def __init__(self, programs, master_kind, master_config=None):
        self.programs, self.kind = programs, master_kind
        # Short: unix socket names go below it.
        self.root = Path(tempfile.mkdtemp(prefix="hp", dir="/tmp"))
        self.publish_port, self.ret_port = free_ports(2)
        self.minions = {}
        self.pki = self.root / "m" / "pki"
        self.srv = self.root / "srv"
        self.pillar = self.root / "pillar"
        for folder in (self.srv, self.pillar):
            folder.mkdir()
        config = {
            "interface": "127.0.0.1",
            "publish_port": self.publish_port,
            "ret_port": self.ret_port,
            "user": "root",
            "file_roots": {"base": [str(self.srv)]},
            "pillar_roots": {"base": [str(self.pillar)]},
            "worker_threads": 3,
            "loop_interval": 1,
            "timeout": 15,
            "gather_job_timeout": 3,
            "pillar_mask_output": False,
            "enable_fqdns_grains": False,
        }
        config.update(master_config or {})
        self.etc = self._config("m", "master", config)
        self.master = self._master(master_kind)

    def _master(self, kind):
        return Daemon(
            f"master {kind}",
            [self.programs.path(kind, "salt-master"), "-c", str(self.etc), "-l", "info"],
            self.root / "m" / "out.log",
        )

    def configure(self, **options):
        """Further options of the master, from its next start on."""
        folder = self.etc / "master.d"
        folder.mkdir(exist_ok=True)
        (folder / "more.conf").write_text(json.dumps(options))

    def hand_over(self, kind):
        """The master stops, and one of another make starts on its files."""
        self.master.stop()
        self.kind = kind
        self.master = self._master(kind)
        return self.start_master()

    def hand_over_minion(self, name, kind):
        """The same for a minion."""
        self.minions[name][1].stop()
        self.minions[name] = (kind, self._minion(kind, name).start())

    def _config(self, name, role, config):
        root = self.root / name
        etc = root / "etc"
        etc.mkdir(parents=True)
        base = {
            "root_dir": str(root),
            "pki_dir": str(root / "pki"),
            "cachedir": str(root / "cache"),
            "sock_dir": str(root / "s"),
            "pidfile": str(root / "pid"),
            "log_file": str(root / "log"),
            "log_level_logfile": "info",
        }
        base.update(config)
        # JSON is YAML.
        (etc / role).write_text(json.dumps(base, indent=1))
        return etc

    def write(self, path, text, pillar=False):
        file = (self.pillar if pillar else self.srv) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            file.write_bytes(text)
        else:
            file.write_text(text)
        return file

    def start_master(self):
        self.master.start()
        for port in (self.publish_port, self.ret_port):
            wait_for(f"port {port} of {self.master.name}", lambda: self._open(port))
        wait_for("the event bus", (self.root / "m" / "s" / "master_event_pub.ipc").exists)
        return self

    @staticmethod
    def _open(port):
        with socket.create_connection(("127.0.0.1", port), 1):
            return True

    def add_minion(self, kind, name, **config):
        config = {
            "id": name,
            "master": "127.0.0.1",
            "master_port": self.ret_port,
            "publish_port": self.publish_port,
            "acceptance_wait_time": 1,
            "acceptance_wait_time_max": 2,
            "recon_default": 100,
            "recon_max": 1000,
            "random_reauth_delay": 1,
            "auth_timeout": 3,
            "enable_fqdns_grains": False,
            "pillar_mask_output": False,
            "user": "root",
            **config,
        }
        self._config(name, "minion", config)
        daemon = self._minion(kind, name)
        self.minions[name] = (kind, daemon.start())
        return daemon

    def _minion(self, kind, name):
        etc = self.root / name / "etc"
        return Daemon(
            f"minion {kind} {name}",
            [self.programs.path(kind, "salt-minion"), "-c", str(etc), "-l", "info"],
            self.root / name / "out.log",
        )

    def accept(self, name):
        """Waits for the key and accepts it with the master's own salt-key."""
        pending = self.pki / "minions_pre" / name
        wait_for(f"the key of {name}", pending.exists)
        self.run("salt-key", "-y", "-a", name)
        assert (self.pki / "minions" / name).exists(), f"{name} is not accepted"

    def run(self, program, *args, timeout=120, check=True, config=None):
        """Runs one of the master's command line programs."""
        argv = [self.programs.path(self.kind, program), "-c", str(config or self.etc), *args]
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"{' '.join(argv)} exited {done.returncode}\n{done.stdout}{done.stderr}\n{self.logs()}"
            )
        return done

    def salt(self, tgt, fun, *args, timeout=40, options=()):
        """`salt TGT FUN`, as the data it prints."""
        done = self.run(
            "salt", *options, "--static", "--out=json", f"--timeout={timeout}", tgt, fun, *args,
            timeout=timeout + 100, check=False,
        )
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise AssertionError(
                f"salt {tgt} {fun} printed no JSON ({done.returncode}):\n"
                f"{done.stdout}{done.stderr}\n{self.logs()}"
            ) from None

    def wait_ping(self, *names, timeout=120):
        """Waits until all answer."""

        def all_there():
            got = self.salt(",".join(names), "test.ping", timeout=3, options=("-L",))
            return all(got.get(name) is True for name in names)

        wait_for(f"test.ping of {', '.join(names)}", all_there, timeout)

    def logs(self):
        daemons = [self.master, *(daemon for _, daemon in self.minions.values())]
        return "\n".join(f"--- {d.name}\n{d.tail()}" for d in daemons)

    def close(self):
        daemons = [*self.minions.values(), (self.kind, self.master)]
        for kind, daemon in daemons:
            if kind != OURS:
                daemon.kill()
        for _, daemon in daemons:
            daemon.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
