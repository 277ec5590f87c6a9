//! The minion daemon from its start to its end; and the same link to a master for `salt-call`.

use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use halite_core::{Error, FileClient, Opts, Result};
use halite_render::files::LocalFiles;
use halite_wire::crypto::PrivateKey;

use crate::asker::{Asker, Message};
use crate::bus::Bus;
use crate::core::{Core, Facts, Kept, Settings};
use crate::keys::Keys;
use crate::links::{self, Common, Plan};
use crate::remote_files::RemoteFiles;
use crate::shared::{MasterDoor, Shared};
use crate::shell::{End, Shell};
use crate::store::Store;
use crate::{Machine, core, proc};

/// A process id on disk; removed when this is dropped.
struct PidFile(PathBuf);

impl PidFile {
    fn write(opts: &Opts) -> Option<PidFile> {
        let path = opts.path("pidfile");
        if path.as_os_str().is_empty() {
            return None;
        }
        if let Some(folder) = path.parent() {
            // If it cannot be made, writing the file says so.
            let _ = std::fs::create_dir_all(folder);
        }
        let mut options = std::fs::OpenOptions::new();
        let written =
            options.create(true).truncate(true).write(true).mode(0o644).open(&path).and_then(
                |mut file| {
                    std::io::Write::write_all(&mut file, std::process::id().to_string().as_bytes())
                },
            );
        match written {
            Ok(()) => Some(PidFile(path)),
            Err(error) => {
                tracing::warn!("cannot write the pid to {}: {error}", path.display());
                None
            }
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Somebody may have removed it already.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Runs the minion until a signal ends it; gives the exit code.
///
/// # Errors
/// What keeps it from starting: keys, folders, options, sockets.
pub fn run(opts: Opts, door: MasterDoor) -> Result<u8> {
    if opts.str("master_type") == "disable" {
        let what = "master_type is `disable`: without a master there is nothing for the daemon to \
                    do; use salt-call --local";
        return Err(Error::execution(what));
    }
    let _pid_file = PidFile::write(&opts);
    let end = runtime()?.block_on(async move {
        let mut bus = Some(Bus::open(&opts)?);
        let common = Arc::new(Common::default());
        let mut shells = Vec::new();
        for plan in links::plan(opts) {
            let (shell, shared) = prepare(plan, bus.take(), door, &common)?;
            if shells.is_empty() {
                proc::clean(&shared.proc_dir);
            }
            shells.push(shell);
        }
        links::run(shells).await
    })?;
    if !end.why.is_empty() {
        tracing::error!("{}", end.why);
    }
    Ok(end.code)
}

/// A link to the master in a thread of its own.
pub(crate) struct Link {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<End>>>,
}

impl Link {
    /// Starts the thread; it signs in at once.
    ///
    /// # Errors
    /// What keeps it from starting.
    pub(crate) fn start(opts: Opts, door: MasterDoor) -> Result<Link> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let builder = std::thread::Builder::new().name("link".into());
        let thread = builder.spawn(move || {
            runtime()?.block_on(async move {
                let plan = Plan { opts: links::in_order(opts), folder: None };
                let (shell, shared) = prepare(plan, None, door, &Arc::default())?;
                // The starter waits for it.
                let _ = sender.send(shared);
                Ok(shell.run(None).await)
            })
        });
        let thread = thread.map_err(|error| Error::execution(format!("no thread: {error}")))?;
        match receiver.recv() {
            Ok(shared) => Ok(Link { shared, thread: Some(thread) }),
            Err(_) => Err(ended(thread)),
        }
    }

    /// What jobs share with it.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Waits for its end, and why it came by itself; `None` if it is still there.
    pub(crate) fn wait_failure(&mut self) -> Option<(u8, String)> {
        // Its end is what lets all go that wait for an answer, so it is near if it came.
        let until = std::time::Instant::now() + std::time::Duration::from_millis(500);
        while !self.thread.as_ref()?.is_finished() && std::time::Instant::now() < until {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let thread = self.thread.take_if(|thread| thread.is_finished())?;
        match thread.join() {
            Ok(Ok(end)) => Some((end.code, end.why)),
            Ok(Err(error)) => Some((1, error.to_string())),
            Err(_) => Some((1, "the link to the master panicked".into())),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.shared.asker.send(Message::Finish);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn ended(thread: JoinHandle<Result<End>>) -> Error {
    match thread.join() {
        Ok(Err(error)) => error,
        Ok(Ok(end)) => Error::execution(end.why),
        Err(_) => Error::execution("the link to the master panicked"),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::execution(format!("cannot start the runtime: {error}")))
}

/// Keys, folders, grains, functions: all that stands before the first packet.
fn prepare(
    plan: Plan,
    bus: Option<Bus>,
    door: MasterDoor,
    common: &Arc<Common>,
) -> Result<(Shell, Arc<Shared>)> {
    let Plan { opts, folder } = plan;
    let keys = Keys::open(&opts, folder.as_deref())?;
    let store = Store::open(&opts, folder.as_deref())?;
    let bits = usize::try_from(opts.int("keysize", 2048)).unwrap_or(2048);
    let key: Arc<dyn PrivateKey> = Arc::new(keys.own(bits)?);
    let grains = Machine::read_grains(&opts);
    let mut settings = Settings::from_opts(&opts)?;
    settings.signin.autosign_grains = core::autosign(&opts, &grains);
    let (master, gcm) = keys.master()?;
    let (window, mark) = store.window(settings.jids);
    // `salt-call` leaves the daemon's returns to the daemon.
    let returns = if settings.caller { Vec::new() } else { store.returns() };
    let kept = Kept { master, gcm, window, mark, returns };
    let (asker, messages) = Asker::new();
    let files: Arc<dyn FileClient> = match opts.str("file_client") {
        "local" => Arc::new(LocalFiles::new(&opts)),
        _ => Arc::new(RemoteFiles::new(asker.clone(), &opts)),
    };
    let facts = Facts { grains: Arc::clone(&grains), pillar: Arc::default() };
    let machine = Arc::new(Machine::load(opts, grains, files));
    let shared = Arc::new(Shared::new(machine, asker, door, Arc::clone(common)));
    common.join(&shared);
    if let Some(bus) = &bus {
        bus.share(&shared);
    }
    let core = Core::new(settings, key, facts, kept);
    Ok((Shell::new(core, Arc::clone(&shared), messages, store, keys, bus), shared))
}
