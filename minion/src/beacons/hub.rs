//! The kernel's word for all beacons: one epoll over one inotify, processes, the network, commands.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use halite_core::beacon::{OVERFLOW, PathEvent, Sources};
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use rustix::fs::inotify;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::limits;

/// Events that come whatever was asked for: unmounted, queue ran over, watch gone.
const ALWAYS: u32 = 0x2000 | OVERFLOW | 0x8000;
/// The kernel has dropped a watch.
const IGNORED: u32 = 0x8000;
/// `IN_MASK_ADD`: two beacons may watch one inode.
const MASK_ADD: u32 = 0x2000_0000;
/// Links, IPv4 and IPv6 addresses: bits of the rtnetlink groups.
const NETWORK_GROUPS: u32 = 0x1 | 0x10 | 0x100;
const WAKE: u64 = 0;
const INOTIFY: u64 = 1;
const NETWORK: u64 = 2;
const FIRST: u64 = 3;

/// A beacon, by number.
pub(crate) type Owner = u64;

/// Wakes the hub from another thread.
#[derive(Clone)]
pub(crate) struct Waker(Arc<OwnedFd>);

impl Waker {
    /// Has [`Hub::wait`] return.
    pub(crate) fn wake(&self) {
        // It can only be full, and then it wakes as well.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }
}

/// A watch of a path.
struct Sub {
    owner: Owner,
    wd: i32,
    path: PathBuf,
    mask: u32,
}

/// A process that tells by its end.
struct Process {
    owner: Owner,
    pid: i32,
    fd: OwnedFd,
}

/// A command whose lines are read.
struct Running {
    owner: Owner,
    name: String,
    child: Child,
    pipe: OwnedFd,
    part: Vec<u8>,
    lines: VecDeque<String>,
    ended: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All that wakes beacons.
pub(crate) struct Hub {
    epoll: OwnedFd,
    wake: Waker,
    inotify: Option<OwnedFd>,
    subs: BTreeMap<u64, Sub>,
    queues: BTreeMap<Owner, VecDeque<PathEvent>>,
    processes: BTreeMap<u64, Process>,
    network: Option<OwnedFd>,
    network_owners: BTreeSet<Owner>,
    commands: BTreeMap<u64, Running>,
    next: u64,
}

fn listen(epoll: &OwnedFd, fd: impl AsFd, token: u64) -> io::Result<()> {
    let data = epoll::EventData::new_u64(token);
    epoll::add(epoll, fd, data, epoll::EventFlags::IN)?;
    Ok(())
}

impl Hub {
    /// # Errors
    /// If the process has no descriptors left.
    pub(crate) fn new() -> io::Result<Hub> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        listen(&epoll, &wake, WAKE)?;
        Ok(Hub {
            epoll,
            wake: Waker(Arc::new(wake)),
            inotify: None,
            subs: BTreeMap::new(),
            queues: BTreeMap::new(),
            processes: BTreeMap::new(),
            network: None,
            network_owners: BTreeSet::new(),
            commands: BTreeMap::new(),
            next: FIRST,
        })
    }

    pub(crate) fn waker(&self) -> Waker {
        self.wake.clone()
    }

    /// The sources of one beacon.
    pub(crate) fn of(&mut self, owner: Owner) -> Own<'_> {
        Own { hub: self, owner }
    }

    /// Waits until something happens or the time is up; gives the beacons that are meant.
    pub(crate) fn wait(&mut self, limit: Duration) -> BTreeSet<Owner> {
        let mut buffer = [MaybeUninit::<epoll::Event>::uninit(); 64];
        let limit = Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        };
        let mut tokens = Vec::new();
        // An interrupted wait is a short one.
        if let Ok((events, _)) = epoll::wait(&self.epoll, &mut buffer, Some(&limit)) {
            tokens.extend(events.iter().map(|event| event.data.u64()));
        }
        let mut woken = BTreeSet::new();
        for token in tokens {
            match token {
                WAKE => drop(rustix::io::read(&*self.wake.0, &mut [0u8; 8])),
                INOTIFY => self.read_inotify(&mut woken),
                NETWORK => self.read_network(&mut woken),
                token => self.read_other(token, &mut woken),
            }
        }
        woken
    }

    fn read_inotify(&mut self, woken: &mut BTreeSet<Owner>) {
        let Some(fd) = &self.inotify else { return };
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut reader = inotify::Reader::new(fd, &mut buffer);
        let mut dropped = Vec::new();
        while let Ok(event) = reader.next() {
            let (wd, mask) = (event.wd(), event.events().bits());
            let name = event.file_name().map(|name| name.to_string_lossy().into_owned());
            let meant = self.subs.iter().filter(|(_, sub)| {
                mask & OVERFLOW != 0
                    || (sub.wd == wd && mask & (sub.mask | ALWAYS) & !0xF000_0000 != 0)
            });
            for (id, sub) in meant {
                let queue = self.queues.entry(sub.owner).or_default();
                woken.insert(sub.owner);
                if queue.len() < limits::BEACON_QUEUE {
                    let (name, cookie) = (name.clone().unwrap_or_default(), event.cookie());
                    queue.push_back(PathEvent { watch: *id, mask, cookie, name });
                } else if let Some(last) = queue.back_mut() {
                    last.mask = OVERFLOW;
                }
            }
            if mask & IGNORED != 0 {
                dropped.push(wd);
            }
        }
        for sub in self.subs.values_mut().filter(|sub| dropped.contains(&sub.wd)) {
            sub.wd = -1;
        }
    }

    fn read_network(&mut self, woken: &mut BTreeSet<Owner>) {
        let Some(fd) = &self.network else { return };
        // What has changed is read anew by those who are woken.
        while rustix::io::read(fd, &mut [0u8; 8192]).is_ok_and(|count| count > 0) {}
        woken.extend(&self.network_owners);
    }

    fn read_other(&mut self, token: u64, woken: &mut BTreeSet<Owner>) {
        if let Some(process) = self.processes.remove(&token) {
            // Closing it would do as well, unless a child holds a copy.
            let _ = epoll::delete(&self.epoll, &process.fd);
            woken.insert(process.owner);
            tracing::debug!("process {} has ended", process.pid);
            return;
        }
        let Some(command) = self.commands.get_mut(&token) else { return };
        woken.insert(command.owner);
        let mut buffer = [0u8; 16 * 1024];
        loop {
            match rustix::io::read(&command.pipe, &mut buffer) {
                Ok(0) => {
                    command.ended = true;
                    // A pipe at its end would wake for ever.
                    let _ = epoll::delete(&self.epoll, &command.pipe);
                    break;
                }
                Ok(count) => command.part.extend_from_slice(&buffer[..count]),
                Err(_) => break,
            }
        }
        while let Some(end) = command.part.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = command.part.drain(..=end).collect();
            let text = String::from_utf8_lossy(&line[..end]).into_owned();
            if command.lines.len() == limits::BEACON_QUEUE {
                command.lines.pop_front();
            }
            command.lines.push_back(text);
        }
        if command.part.len() > limits::BEACON_LINE_BYTES {
            command.part.clear();
        }
    }

    /// Ends all that a beacon watches.
    pub(crate) fn forget(&mut self, owner: Owner) {
        let ids: Vec<u64> =
            self.subs.iter().filter(|(_, sub)| sub.owner == owner).map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.unwatch(id));
        self.queues.remove(&owner);
        self.processes.retain(|_, process| process.owner != owner);
        self.network_owners.remove(&owner);
        self.commands.retain(|_, command| command.owner != owner);
    }

    fn unwatch(&mut self, id: u64) {
        let Some(sub) = self.subs.remove(&id) else { return };
        let shared = self.subs.values().any(|other| other.wd == sub.wd);
        if let (Some(fd), false, true) = (&self.inotify, shared, sub.wd >= 0) {
            // It may have gone with its file.
            let _ = inotify::remove_watch(fd, sub.wd);
        }
    }

    fn token(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// The hub as one beacon sees it.
pub(crate) struct Own<'a> {
    hub: &'a mut Hub,
    owner: Owner,
}

impl Sources for Own<'_> {
    fn watch_path(&mut self, path: &Path, mask: u32) -> io::Result<u64> {
        let hub = &mut *self.hub;
        if hub.inotify.is_none() {
            let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
            let fd = inotify::init(flags)?;
            listen(&hub.epoll, &fd, INOTIFY)?;
            hub.inotify = Some(fd);
        }
        let fd = hub.inotify.as_ref().expect("it was made above");
        let flags = inotify::WatchFlags::from_bits_retain(mask | MASK_ADD);
        let wd = inotify::add_watch(fd, path, flags)?;
        let id = hub.token();
        let path = path.to_path_buf();
        hub.subs.insert(id, Sub { owner: self.owner, wd, path, mask });
        Ok(id)
    }

    fn unwatch_path(&mut self, watch: u64) {
        self.hub.unwatch(watch);
    }

    fn watched_path(&self, watch: u64) -> Option<PathBuf> {
        self.hub.subs.get(&watch).map(|sub| sub.path.clone())
    }

    fn path_events(&mut self) -> Vec<PathEvent> {
        self.hub.queues.remove(&self.owner).unwrap_or_default().into()
    }

    fn watch_process(&mut self, pid: i32) -> io::Result<()> {
        let hub = &mut *self.hub;
        let owner = self.owner;
        if hub.processes.values().any(|known| known.pid == pid && known.owner == owner) {
            return Ok(());
        }
        if hub.processes.len() >= limits::BEACON_PROCESSES {
            return Err(io::Error::other("too many processes are watched"));
        }
        let number = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
        let fd = pidfd_open(number, PidfdFlags::empty())?;
        let token = hub.token();
        listen(&hub.epoll, &fd, token)?;
        hub.processes.insert(token, Process { owner, pid, fd });
        Ok(())
    }

    fn watch_network(&mut self) -> io::Result<()> {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, netlink, socket_with};
        let hub = &mut *self.hub;
        if hub.network.is_none() {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            // rtnetlink is protocol 0 of its family.
            let fd = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
            bind(&fd, &netlink::SocketAddrNetlink::new(0, NETWORK_GROUPS))?;
            listen(&hub.epoll, &fd, NETWORK)?;
            hub.network = Some(fd);
        }
        hub.network_owners.insert(self.owner);
        Ok(())
    }

    fn watch_command(&mut self, name: &str, argv: &[&str], errors: bool) -> io::Result<()> {
        let owner = self.owner;
        let mine = |command: &Running| command.owner == owner && command.name == name;
        self.hub
            .commands
            .retain(|_, command| !(mine(command) && command.ended && command.lines.is_empty()));
        if self.hub.commands.values().any(mine) {
            return Ok(());
        }
        let (program, rest) = argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let pipe = |wanted: bool| if wanted { Stdio::piped() } else { Stdio::null() };
        let mut command = std::process::Command::new(program);
        command.args(rest).stdin(Stdio::null()).stdout(pipe(!errors)).stderr(pipe(errors));
        let mut child = command.spawn()?;
        let out = child.stdout.take().map(OwnedFd::from);
        let pipe = out.or(child.stderr.take().map(OwnedFd::from)).ok_or(io::ErrorKind::Other)?;
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let token = self.hub.token();
        listen(&self.hub.epoll, &pipe, token)?;
        let (part, lines) = (Vec::new(), VecDeque::new());
        let running = Running { owner, name: name.into(), child, pipe, part, lines, ended: false };
        self.hub.commands.insert(token, running);
        Ok(())
    }

    fn command_lines(&mut self, name: &str) -> (Vec<String>, bool) {
        let owner = self.owner;
        let mut all = self.hub.commands.values_mut();
        match all.find(|command| command.owner == owner && command.name == name) {
            Some(command) => (command.lines.drain(..).collect(), !command.ended),
            None => (Vec::new(), false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    /// Waits until `owner` is woken.
    fn woken(hub: &mut Hub, owner: Owner) {
        for _ in 0..50 {
            if hub.wait(LONG).contains(&owner) {
                return;
            }
        }
        panic!("beacon {owner} is not woken");
    }

    #[test]
    fn two_beacons_share_a_folder_and_get_what_each_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut hub = Hub::new().expect("a hub");
        let first = hub.of(1).watch_path(folder.path(), 0x100).expect("is watched");
        hub.of(2).watch_path(folder.path(), 0x200).expect("is watched");
        let file = folder.path().join("a");
        std::fs::write(&file, "x").expect("is written");
        std::fs::remove_file(&file).expect("is removed");
        woken(&mut hub, 2);
        let created = hub.of(1).path_events();
        assert_eq!(created.len(), 1);
        assert_eq!((created[0].watch, created[0].mask, &*created[0].name), (first, 0x100, "a"));
        let deleted = hub.of(2).path_events();
        assert_eq!((deleted.len(), deleted[0].mask), (1, 0x200));
        hub.forget(2);
        std::fs::write(&file, "x").expect("is written");
        woken(&mut hub, 1);
        assert_eq!(hub.of(2).path_events(), [], "nothing comes after the end");
    }

    #[test]
    fn a_folder_that_goes_is_told() {
        let top = tempfile::tempdir().expect("a folder");
        let folder = top.path().join("d");
        std::fs::create_dir(&folder).expect("is made");
        let mut hub = Hub::new().expect("a hub");
        hub.of(1).watch_path(&folder, 0x2).expect("is watched");
        std::fs::remove_dir(&folder).expect("is removed");
        woken(&mut hub, 1);
        assert_eq!(hub.of(1).path_events().last().map(|event| event.mask), Some(IGNORED));
    }

    #[test]
    fn ends_of_processes_and_lines_of_commands_wake() {
        let mut hub = Hub::new().expect("a hub");
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("starts");
        let pid = i32::try_from(child.id()).expect("fits");
        hub.of(1).watch_process(pid).expect("is watched");
        child.kill().expect("is killed");
        woken(&mut hub, 1);
        child.wait().expect("has ended");
        assert!(hub.of(1).watch_process(0).is_err());
        hub.of(2)
            .watch_command("echo", &["sh", "-c", "echo one; echo two"], false)
            .expect("starts");
        let mut lines = Vec::new();
        let mut runs = true;
        while runs {
            woken(&mut hub, 2);
            let (more, still) = hub.of(2).command_lines("echo");
            lines.extend(more);
            runs = still;
        }
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn another_thread_wakes_it() {
        let mut hub = Hub::new().expect("a hub");
        let waker = hub.waker();
        let thread = std::thread::spawn(move || waker.wake());
        assert!(hub.wait(LONG).is_empty(), "no beacon is meant");
        thread.join().expect("ends");
    }
}
