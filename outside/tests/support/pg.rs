//! A PostgreSQL cluster in a folder of its own, for one test.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use halite_core::outside::sql::Server;

/// A running server; it ends with the value.
pub(crate) struct Cluster {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Cluster {
    /// Starts one; says why if it cannot.
    #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
    pub(crate) fn start() -> Option<Cluster> {
        let Some(programs) = programs() else {
            eprintln!("skipped: PostgreSQL's server is not installed");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a folder");
        let everyone = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(folder.path(), everyone).expect("is ours");
        let data = folder.path().join("data");
        let made = as_user(&programs.join("initdb"))
            .args(["-A", "trust", "-U", "salt", "-N", "-E", "UTF8", "--locale=C", "-D"])
            .arg(&data)
            .current_dir("/")
            .output()
            .expect("starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
        let port = port.expect("a free port").port();
        let child = as_user(&programs.join("postgres"))
            .args(["-h", "127.0.0.1", "-F", "-c", "log_min_messages=fatal", "-k"])
            .arg(folder.path())
            .args(["-p", &port.to_string(), "-D"])
            .arg(&data)
            .current_dir("/")
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("starts");
        let mut cluster = Cluster { child, port, _folder: folder };
        cluster.wait(&programs);
        Some(cluster)
    }

    fn wait(&mut self, programs: &Path) {
        let end = Instant::now() + Duration::from_secs(60);
        let port = self.port.to_string();
        loop {
            let ready = Command::new(programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &port])
                .status();
            if ready.is_ok_and(|status| status.success()) {
                return;
            }
            assert!(Instant::now() < end, "PostgreSQL does not start");
            assert!(self.child.try_wait().is_ok_and(|end| end.is_none()), "PostgreSQL ended");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How to sign in.
    pub(crate) fn server(&self) -> Server {
        Server {
            host: "127.0.0.1".into(),
            port: self.port,
            user: "salt".into(),
            password: String::new(),
            database: "postgres".into(),
            timeout_secs: 20,
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT to the server itself: it ends its children, then itself.
        let pid = self.child.id().to_string();
        drop(Command::new("kill").args(["-INT", &pid]).status());
        drop(self.child.wait());
    }
}

/// The folder of `initdb` and its kin.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = debian.chain(std::env::split_paths(&path)).collect();
    all.into_iter().find(|folder| folder.join("initdb").is_file())
}

/// A command as somebody who is not root: the server refuses to be.
fn as_user(program: &Path) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n");
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}
