//! The machine itself.

use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use super::spawn::prepare;
use super::{Command, FileKind, Group, Input, Metadata, Output, Read, User, Write};
use crate::error::{Error, Result};
use crate::limits;

/// How often a running command is looked at for time-out and cancel.
const POLL: Duration = Duration::from_millis(5);
/// Longest pause between two looks.
const POLL_MAX: Duration = Duration::from_millis(50);
/// How long output is still read after a command's end when a grandchild holds the pipe.
const DRAIN: Duration = Duration::from_secs(2);

/// Files up to this size, in bytes, are read in one call once their size is known.
const SMALL_FILE: usize = 256 * 1024;

/// This machine.
#[derive(Debug, Default)]
pub struct RealHost {
    temp_names: AtomicU64,
    cancel: Option<Arc<AtomicBool>>,
}

impl RealHost {
    /// The machine this process runs on.
    pub fn new() -> RealHost {
        RealHost::default()
    }

    /// The same machine; its commands are killed once `switch` is true.
    pub fn cancelled_by(switch: Arc<AtomicBool>) -> RealHost {
        RealHost { cancel: Some(switch), ..RealHost::default() }
    }
}

fn found(result: io::Result<fs::Metadata>, path: &Path) -> Result<Option<Metadata>> {
    match result {
        Ok(stat) => Ok(Some(metadata(&stat))),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            _ => Err(Error::file("stat", path, error)),
        },
    }
}

fn metadata(stat: &fs::Metadata) -> Metadata {
    let kind = stat.file_type();
    let time = |seconds: i64, nanos: i64| seconds as f64 + nanos as f64 / 1e9;
    Metadata {
        kind: match () {
            () if kind.is_dir() => FileKind::Dir,
            () if kind.is_symlink() => FileKind::Symlink,
            () if kind.is_fifo() => FileKind::Fifo,
            () if kind.is_socket() => FileKind::Socket,
            () if kind.is_block_device() => FileKind::Block,
            () if kind.is_char_device() => FileKind::Char,
            () => FileKind::File,
        },
        mode: stat.mode() & 0o7777,
        uid: stat.uid(),
        gid: stat.gid(),
        size: stat.size(),
        atime: time(stat.atime(), stat.atime_nsec()),
        mtime: time(stat.mtime(), stat.mtime_nsec()),
        ctime: time(stat.ctime(), stat.ctime_nsec()),
        inode: stat.ino(),
        device: stat.dev(),
        rdev: stat.rdev(),
        links: stat.nlink(),
    }
}

/// One `read` with room for a byte more tells that a file still ends where it was seen to end.
fn read_seen(path: &Path, size: u64) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let size = match usize::try_from(size) {
        Ok(size) if (1..=SMALL_FILE).contains(&size) => size,
        _ => return fs::read(path),
    };
    let mut file = fs::File::open(path)?;
    let mut bytes = vec![0; size + 1];
    let count = file.read(&mut bytes)?;
    bytes.truncate(count);
    if count != size {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

impl Read for RealHost {
    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        fs::read(path).map_err(|error| Error::file("read", path, error))
    }

    fn read_seen(&self, path: &Path, size: u64) -> Result<Vec<u8>> {
        read_seen(path, size).map_err(|error| Error::file("read", path, error))
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Input>> {
        match fs::File::open(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(Error::file("read", path, error)),
        }
    }

    fn metadata(&self, path: &Path) -> Result<Option<Metadata>> {
        found(fs::metadata(path), path)
    }

    fn symlink_metadata(&self, path: &Path) -> Result<Option<Metadata>> {
        found(fs::symlink_metadata(path), path)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf> {
        fs::read_link(path).map_err(|error| Error::file("read the link", path, error))
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<String>> {
        let fail = |error| Error::file("list", path, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(fail)? {
            names.push(entry.map_err(fail)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn query(&self, command: &Command) -> Result<Output> {
        run(self, command)
    }

    fn now_micros(&self) -> i64 {
        jiff::Timestamp::now().as_microsecond()
    }

    fn users(&self) -> Result<Vec<User>> {
        let text = fs::read("/etc/passwd").map_err(|e| Error::file("read", "/etc/passwd", e))?;
        Ok(String::from_utf8_lossy(&text).lines().filter_map(parse_user).collect())
    }

    fn groups(&self) -> Result<Vec<Group>> {
        let text = fs::read("/etc/group").map_err(|e| Error::file("read", "/etc/group", e))?;
        Ok(String::from_utf8_lossy(&text).lines().filter_map(parse_group).collect())
    }

    fn user(&self, name: &str) -> Result<Option<User>> {
        match self.users()?.into_iter().find(|user| user.name == name) {
            Some(user) => Ok(Some(user)),
            // `getent` takes a number for an id; here it is a name.
            None if name.bytes().all(|b| b.is_ascii_digit()) => Ok(None),
            None => Ok(self.getent("passwd", name).and_then(|line| parse_user(&line))),
        }
    }

    fn group(&self, name: &str) -> Result<Option<Group>> {
        match self.groups()?.into_iter().find(|group| group.name == name) {
            Some(group) => Ok(Some(group)),
            None if name.bytes().all(|b| b.is_ascii_digit()) => Ok(None),
            None => Ok(self.getent("group", name).and_then(|line| parse_group(&line))),
        }
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn environ(&self) -> Vec<(String, String)> {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        let runnable = |path: &Path| {
            fs::metadata(path).is_ok_and(|stat| stat.is_file() && stat.mode() & 0o111 != 0)
        };
        if program.contains('/') {
            return Some(PathBuf::from(program)).filter(|path| runnable(path));
        }
        let path = self.env("PATH").unwrap_or_default();
        // Daemons are started with short paths; administrators' programs are looked for all the same.
        let usual = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        let folders = path.split(':').filter(|folder| !folder.is_empty()).chain(usual);
        folders.map(|folder| Path::new(folder).join(program)).find(|path| runnable(path))
    }
}

impl RealHost {
    /// Asks NSS (LDAP, SSSD, ...) for a name that the local file does not have.
    fn getent(&self, database: &str, name: &str) -> Option<String> {
        if name.is_empty() || name.starts_with('-') || !self.nss_beyond_files(database) {
            return None;
        }
        let mut command = Command::new(["getent", database, name]);
        command.timeout = Some(Duration::from_secs(10));
        let output = run(self, &command).ok().filter(Output::success)?;
        Some(output.stdout_text().lines().next()?.to_owned())
    }

    /// Whether `nsswitch.conf` names sources other than the local files.
    fn nss_beyond_files(&self, database: &str) -> bool {
        let text = fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(database)?.strip_prefix(':'));
        line.is_some_and(|sources| {
            sources.split_whitespace().any(|source| !matches!(source, "files" | "compat"))
        })
    }
}

fn parse_user(line: &str) -> Option<User> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, gid, gecos, home, shell] = fields[..] else { return None };
    Some(User {
        name: name.into(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        gecos: gecos.into(),
        home: home.into(),
        shell: shell.into(),
    })
}

fn parse_group(line: &str) -> Option<Group> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, gid, members] = fields[..] else { return None };
    let members = members.split(',').filter(|member| !member.is_empty()).map(Into::into);
    Some(Group { name: name.into(), gid: gid.parse().ok()?, members: members.collect() })
}

impl Write for RealHost {
    fn append(&self, path: &Path, content: &[u8]) -> Result<()> {
        let open = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        open.and_then(|mut file| file.write_all(content))
            .map_err(|error| Error::file("write", path, error))
    }

    fn write_atomic(&self, path: &Path, content: &[u8], mode: Option<u32>) -> Result<()> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let number = self.temp_names.fetch_add(1, Ordering::Relaxed);
        let stem = path.file_name().unwrap_or_default().to_string_lossy();
        let salt = jiff::Timestamp::now().subsec_nanosecond();
        let name = format!(".{stem:.200}.{:x}.{salt:x}.{number:x}.tmp", std::process::id());
        let temp = folder.join(name);
        let old = fs::symlink_metadata(path).ok().filter(|stat| stat.is_file());
        let open_mode = if mode.is_some() || old.is_some() { 0o600 } else { 0o666 };
        let done = (|| {
            let mut file =
                fs::OpenOptions::new().write(true).create_new(true).mode(open_mode).open(&temp)?;
            file.write_all(content)?;
            if let Some(old) = &old {
                let owner = (old.uid(), old.gid());
                if (file.metadata()?.uid(), file.metadata()?.gid()) != owner {
                    std::os::unix::fs::fchown(&file, Some(owner.0), Some(owner.1))?;
                }
            }
            if let Some(mode) = mode.or(old.as_ref().map(|old| old.mode() & 0o7777)) {
                file.set_permissions(fs::Permissions::from_mode(mode))?;
            }
            drop(file);
            fs::rename(&temp, path)
        })();
        done.map_err(|error| {
            // The temporary file must not stay; the first error is the one worth telling.
            let _ = fs::remove_file(&temp);
            Error::file("write", path, error)
        })
    }

    fn create(&self, path: &Path, mode: u32) -> Result<Box<dyn io::Write + Send>> {
        // A program that runs keeps its old file, and a link is not followed.
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path),
        }
        .map(|file| Box::new(file) as Box<dyn io::Write + Send>)
        .map_err(|error| Error::file("write", path, error))
    }

    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<()> {
        fs::create_dir(path).map_err(|error| Error::file("make the folder", path, error))?;
        mode.map_or(Ok(()), |mode| self.chmod(path, mode))
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        fs::remove_file(path).map_err(|error| Error::file("remove", path, error))
    }

    fn remove_dir_all(&self, path: &Path) -> Result<()> {
        fs::remove_dir_all(path).map_err(|error| Error::file("remove", path, error))
    }

    fn symlink(&self, target: &Path, link: &Path) -> Result<()> {
        std::os::unix::fs::symlink(target, link).map_err(|error| Error::file("link", link, error))
    }

    fn hard_link(&self, target: &Path, link: &Path) -> Result<()> {
        fs::hard_link(target, link).map_err(|error| Error::file("link", link, error))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                fs::copy(from, to).and_then(|_| fs::remove_file(from))
            }
            other => other,
        }
        .map_err(|error| Error::file("rename", from, error))
    }

    fn chmod(&self, path: &Path, mode: u32) -> Result<()> {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|error| Error::file("change the mode of", path, error))
    }

    fn chown(&self, path: &Path, uid: Option<u32>, gid: Option<u32>, follow: bool) -> Result<()> {
        let chown = if follow { std::os::unix::fs::chown } else { std::os::unix::fs::lchown };
        chown(path, uid, gid).map_err(|error| Error::file("change the owner of", path, error))
    }

    fn set_times(&self, path: &Path, atime: f64, mtime: f64) -> Result<()> {
        let at = |seconds: f64| {
            std::time::UNIX_EPOCH + Duration::try_from_secs_f64(seconds).unwrap_or_default()
        };
        let times = fs::FileTimes::new().set_accessed(at(atime)).set_modified(at(mtime));
        fs::File::open(path)
            .and_then(|file| file.set_times(times))
            .map_err(|error| Error::file("set the times of", path, error))
    }

    fn mknod(&self, path: &Path, kind: FileKind, mode: u32, major: u32, minor: u32) -> Result<()> {
        let kind = match kind {
            FileKind::Fifo => rustix::fs::FileType::Fifo,
            FileKind::Block => rustix::fs::FileType::BlockDevice,
            _ => rustix::fs::FileType::CharacterDevice,
        };
        let device = rustix::fs::makedev(major, minor);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path,
            kind,
            rustix::fs::Mode::from_raw_mode(mode),
            device,
        )
        .map_err(|error| Error::file("make", path, error.into()))
    }
}

/// Starts a command in a process group of its own and sees it to its end.
fn run(host: &RealHost, command: &Command) -> Result<Output> {
    let shown = command.argv.first().cloned().unwrap_or_default();
    let fail =
        |error: io::Error| Error::execution(format!("Unable to run command '{shown}': {error}"));
    let mut child = prepare(host, command)?.spawn().map_err(fail)?;
    let pid = child.id();
    if command.detach {
        // Somebody has to wait for it, or it stays as a zombie until this process ends.
        thread::spawn(move || child.wait());
        return Ok(Output { pid, ..Output::default() });
    }
    let stdin = child.stdin.take().map(|mut pipe| {
        let input = command.stdin.clone().unwrap_or_default();
        // A command that does not read its input closes the pipe: that is its right.
        thread::spawn(move || drop(pipe.write_all(&input)))
    });
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    let switch = command.cancel.as_ref().or(host.cancel.as_ref());
    let (status, timed_out, cancelled) = wait(&mut child, command.timeout, switch).map_err(fail)?;
    drop(stdin);
    let output = Output {
        retcode: match status.code() {
            Some(code) => code.into(),
            None => -i64::from(status.signal().unwrap_or(0)),
        },
        stdout: stdout.map(finish).unwrap_or_default(),
        stderr: stderr.map(finish).unwrap_or_default(),
        pid,
        timed_out,
    };
    if cancelled { Err(Error::Cancelled) } else { Ok(output) }
}

type Collected = (std::sync::mpsc::Receiver<()>, std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

/// Reads a pipe in a thread, up to the limit; beyond it, reads and drops.
fn collect(mut pipe: impl io::Read + Send + 'static) -> Collected {
    let (done, wait) = std::sync::mpsc::sync_channel(1);
    let kept = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let into = std::sync::Arc::clone(&kept);
    thread::spawn(move || {
        let mut chunk = [0; 8192];
        while let Ok(n @ 1..) = io::Read::read(&mut pipe, &mut chunk) {
            let Ok(mut kept) = into.lock() else { break };
            let room = limits::COMMAND_OUTPUT_BYTES.saturating_sub(kept.len()).min(n);
            kept.extend_from_slice(&chunk[..room]);
        }
        // The receiver may have stopped waiting.
        let _ = done.send(());
    });
    (wait, kept)
}

/// Takes what was read; does not wait for ever for a grandchild that keeps the pipe open.
fn finish((wait, kept): Collected) -> Vec<u8> {
    let _ = wait.recv_timeout(DRAIN);
    kept.lock().map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default()
}

/// Waits for the end, the time-out or the cancel switch; the latter two end the whole group.
fn wait(
    child: &mut Child,
    timeout: Option<Duration>,
    switch: Option<&Arc<AtomicBool>>,
) -> io::Result<(std::process::ExitStatus, bool, bool)> {
    if timeout.is_none() && switch.is_none() {
        return Ok((child.wait()?, false, false));
    }
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, false, false));
        }
        let cancelled = switch.is_some_and(|switch| switch.load(Ordering::Relaxed));
        let late = timeout.is_some_and(|most| start.elapsed() >= most);
        if cancelled || late {
            kill_group(child);
            return Ok((child.wait()?, late, cancelled));
        }
        thread::sleep(pause);
        pause = (pause * 2).clamp(Duration::ZERO, if pause < POLL { POLL } else { POLL_MAX });
    }
}

fn kill_group(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended in this very moment.
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_report_code_output_and_timeout() {
        let host = RealHost::new();
        let out =
            host.query(&Command::shell("/bin/sh", "echo a; echo b >&2; exit 3")).expect("runs");
        assert_eq!((out.retcode, &*out.stdout, &*out.stderr), (3, &b"a\n"[..], &b"b\n"[..]));
        let mut slow = Command::shell("/bin/sh", "sleep 60");
        slow.timeout = Some(Duration::from_millis(20));
        let out = host.query(&slow).expect("starts");
        assert!(out.timed_out);
        assert_eq!(out.retcode, -9);
        let mut masked = Command::shell("/bin/sh", "umask; echo e >&2");
        (masked.umask, masked.merge_stderr) = (Some(0o77), true);
        assert_eq!(host.query(&masked).expect("runs").stdout_text(), "0077\ne\n");
    }
}
