//! A master and minions of the built binary in a scratch root, on loopback.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// The binary under test.
const SALT: &str = env!("CARGO_BIN_EXE_salt");
/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two looks at a condition.
const LOOK: Duration = Duration::from_millis(25);

/// Waits until `condition` gives something.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        thread::sleep(LOOK);
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A daemon that ends with its test.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Its resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("is told");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    /// Asks it to end and waits for that.
    pub(crate) fn stop(mut self) {
        let pid = self.pid().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(asked.success());
        wait_for("the daemon's end", || self.0.try_wait().expect("is ours"));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A master's and its minions' files, and their ports.
pub(crate) struct Fleet {
    root: tempfile::TempDir,
    pub(crate) publish_port: u16,
    pub(crate) ret_port: u16,
}

impl Fleet {
    /// A scratch root with the configuration of a master.
    pub(crate) fn new() -> Fleet {
        let root = tempfile::Builder::new().prefix("hd").tempdir().expect("a scratch folder");
        let fleet = Fleet { root, publish_port: free_port(), ret_port: free_port() };
        fs::create_dir_all(fleet.path("srv/pillar")).expect("made");
        fs::create_dir_all(fleet.path("srv/salt")).expect("made");
        fleet
    }

    /// A path below the root.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    /// Writes a file below the root.
    pub(crate) fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("below the root")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// Starts the master with its files below `root_dir`.
    pub(crate) fn master_in(&self, root_dir: &Path) -> Daemon {
        self.master_with(root_dir, "")
    }

    /// The same with more lines in its configuration.
    pub(crate) fn master_with(&self, root_dir: &Path, more: &str) -> Daemon {
        let text = format!(
            "root_dir: {}\ninterface: 127.0.0.1\npublish_port: {}\nret_port: {}\nauto_accept: True\n\
             timeout: 20\nfile_roots: {{base: [{}]}}\npillar_roots: {{base: [{}]}}\n{more}\n",
            root_dir.display(),
            self.publish_port,
            self.ret_port,
            self.path("srv/salt").display(),
            self.path("srv/pillar").display(),
        );
        self.write("conf/master", &text);
        self.start("salt-master")
    }

    /// Starts the master.
    pub(crate) fn master(&self) -> Daemon {
        self.master_in(&self.path("master"))
    }

    /// Starts a minion.
    pub(crate) fn minion(&self, id: &str) -> Daemon {
        self.minion_in(&self.path("minion"), id, &[self.ret_port])
    }

    /// Starts a minion with its files below `root_dir`, of the masters at these ports.
    pub(crate) fn minion_in(&self, root_dir: &Path, id: &str, masters: &[u16]) -> Daemon {
        let masters: Vec<String> = masters.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let text = format!(
            "root_dir: {}\nid: {id}\nmaster: [{}]\nrecon_default: 100\nrecon_max: 200\nreturn_retry_timer: 1\n\
             return_retry_timer_max: 1\nrandom_reauth_delay: 1\nacceptance_wait_time: 1\n",
            root_dir.display(),
            masters.join(", "),
        );
        self.write("conf/minion", &text);
        self.start("salt-minion")
    }

    fn start(&self, program: &str) -> Daemon {
        let mut command = Command::new(SALT);
        command.arg(program).arg("-c").arg(self.path("conf"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Daemon(command.spawn().expect("starts"))
    }

    /// Starts a program that writes its output into a file.
    pub(crate) fn start_into(&self, program: &str, args: &[&str], file: &Path) -> Daemon {
        let out = fs::File::create(file).expect("made");
        let mut command = Command::new(SALT);
        command.arg(program).arg("-c").arg(self.path("conf")).args(args);
        command.stdin(Stdio::null()).stdout(out).stderr(Stdio::null());
        Daemon(command.spawn().expect("starts"))
    }

    /// Runs a program to its end.
    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new(SALT);
        // `salt` is the binary's own name; the others are called by their first word.
        command.args((program != "salt").then_some(program));
        command.arg("-c").arg(self.path("conf")).args(args);
        command.stdin(Stdio::null()).output().expect("runs")
    }

    /// What a program prints.
    pub(crate) fn says(&self, program: &str, args: &[&str]) -> String {
        let output = self.run(program, args);
        let out = String::from_utf8_lossy(&output.stdout);
        format!("{out}{}", String::from_utf8_lossy(&output.stderr))
    }

    /// Waits until the minion answers.
    #[track_caller]
    pub(crate) fn wait_for_ping(&self, id: &str) {
        wait_for("test.ping", || {
            let ping = ["-t", "5", id, "test.ping", "--out=txt"];
            self.says("salt", &ping).contains(&format!("{id}: True")).then_some(())
        });
    }

    /// The minion's log.
    pub(crate) fn minion_log(&self) -> String {
        fs::read_to_string(self.path("minion/var/log/salt/minion")).unwrap_or_default()
    }

    /// Waits for a line of a log that holds all of these.
    #[track_caller]
    pub(crate) fn wait_for_line(&self, log: fn(&Fleet) -> String, parts: &[&str]) {
        wait_for(&format!("a line with {parts:?}"), || {
            let found = log(self).lines().any(|line| parts.iter().all(|part| line.contains(part)));
            found.then_some(())
        });
    }

    /// The master's log.
    pub(crate) fn master_log(&self) -> String {
        fs::read_to_string(self.path("master/var/log/salt/master")).unwrap_or_default()
    }
}
