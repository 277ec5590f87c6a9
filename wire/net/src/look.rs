//! What this process is doing right now, for somebody who sends it SIGUSR1: its threads, what each
//! waits in, its memory and open files. Salt writes its Python stack to a file of the same name.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Threads that are described at most.
const THREADS_SHOWN: usize = 1000;

/// Writes `salt-debug-<seconds>.log` into the folder for temporary files, and logs its name.
pub(crate) fn write() {
    let text = describe();
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let names = [
        format!("salt-debug-{seconds}.log"),
        format!("salt-debug-{seconds}-{}.log", std::process::id()),
    ];
    for name in names {
        let path: PathBuf = std::env::temp_dir().join(name);
        // Never through a link that somebody else has put there.
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        match file.and_then(|mut file| file.write_all(text.as_bytes())) {
            Ok(()) => return tracing::warn!("SIGUSR1: see {}", path.display()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return tracing::error!("cannot write {}: {error}", path.display()),
        }
    }
}

fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let line = read("/proc/self/cmdline").replace('\0', " ");
    let mut text = format!("{line}\npid {}\n", std::process::id());
    for line in read("/proc/self/status").lines() {
        if ["VmRSS", "VmHWM", "Threads", "State"].iter().any(|name| line.starts_with(name)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    let files = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "open files\t{files}\n\nthreads: id, name, state, what it waits in");
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    for thread in threads.take(THREADS_SHOWN) {
        let folder = thread.path();
        let part = |name: &str| {
            fs::read_to_string(folder.join(name)).unwrap_or_default().trim().to_owned()
        };
        let status = part("status");
        let state = status.lines().find_map(|line| line.strip_prefix("State:")).unwrap_or("?");
        let id = thread.file_name();
        let (name, waits) = (part("comm"), part("wchan"));
        let _ = writeln!(text, "{}\t{name}\t{}\t{waits}", id.to_string_lossy(), state.trim());
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn threads_are_listed_by_name() {
        let text = std::thread::Builder::new().name("looker".into()).spawn(super::describe);
        let text = text.expect("a thread").join().expect("ends");
        assert!(text.contains("VmRSS"), "{text}");
        assert!(text.lines().any(|line| line.contains("\tlooker\tR")), "{text}");
    }
}
