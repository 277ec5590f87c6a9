//! Starting: folders, keys, store, sockets; nothing is served before all of it is there.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use halite_core::host::RealHost;
use halite_core::host::trim::Quiet;
use halite_core::{Error, MinionId, Opts, Result};
use halite_engines::Home;
use halite_net::bus::Bus;
use halite_net::ipc::{self, EventPublisher, EventPull, LocalOptions};
use halite_net::zmtp::conn::{ConnOptions, Heartbeat};
use halite_net::zmtp::publisher::{Publisher, PublisherOptions};
use halite_net::zmtp::router::{Router, RouterOptions};
use halite_net::{Endpoint, NetError, Notice, Overflow};
use halite_render::files::Roots;
use halite_wire::crypto::{AesKey, PrivateKey, SigAlgo};
use halite_wire::error::{HANDLER_FAILED, bare};
use halite_wire::{OsEntropy, frame};
use tokio::sync::mpsc;

use super::backlog::Backlog;
use super::{Shell, now};
use crate::autosign::AutoSign;
use crate::core::{Ask, Core, JidSource, Settings, Start};
use crate::events::Event;
use crate::keys::{KeyState, KeyStore, MasterKeys};
use crate::reactor::Parts;
use crate::sealer::Sealer;
use crate::store::{self, Readers, Writer};
use crate::user_keys::UserKeys;
use crate::work::{Manifests, PillarMachine, Shared};
use crate::{events, limits, private_file, reactor, schedule, thorium};

/// A network error as the master's.
pub(super) fn net(error: &NetError) -> Error {
    Error::execution(error.to_string())
}

/// Makes everything.
pub(super) async fn start(opts: &Opts) -> Result<Shell> {
    folders(opts)?;
    let mut entropy = OsEntropy::new();
    let keys = KeyStore::open(opts)?;
    let master = Arc::new(MasterKeys::load(opts, &mut entropy)?);
    let aes = AesKey::generate(&mut entropy);
    let users = UserKeys::make(opts, &RealHost::new(), &mut entropy)?;
    let accepted: BTreeSet<MinionId> = keys.list(KeyState::Accepted)?.into_iter().collect();
    let store_path = store::path(opts);
    let (writer, store_thread) = Writer::start(&store_path)?;

    let (router, publisher, peers) = bind(opts).await?;
    let (bus_server, pull) = bus(opts)?;
    markers(opts)?;
    let (sealer, sealer_thread) =
        Sealer::start(&aes, publish_algorithm(opts), Arc::clone(&master), publisher.handle())?;

    let roots = Arc::new(Roots::files(opts));
    let readers = Readers::new(store_path, writer.clone());
    let settings = Arc::new(Settings::of(opts));
    let entropy = Box::new(OsEntropy::new());
    let mut core = Core::new(Start { settings, now: now(), entropy, users, accepted, aes });
    let before = readers
        .with(|reader| Ok((reader.jobs(limits::JOBS_REMEMBERED)?, reader.keys(store::BATCHES)?)))?;
    core.restore(before.0, before.1);
    let shared = Shared {
        opts: opts.clone(),
        keys,
        autosign: AutoSign::of(opts),
        pub_sig: pub_sig(&master)?,
        master,
        readers,
        pillar: PillarMachine::new(opts, Arc::clone(&roots)),
        roots,
        manifests: Manifests::default(),
    };
    let (finish, finished) = mpsc::channel(limits::WORK_WAITING);
    let (asker, asks) = mpsc::channel(limits::ASKS_WAITING);
    let bus = Bus::with_socket(bus_server.handle());
    schedule::start(opts)?;
    let engines_stop = start_helpers(opts, &bus, asker, core.jids.clone())?;
    Ok(Shell {
        core,
        shared: Arc::new(shared),
        router_handle: router.handle(),
        router,
        publisher,
        peers,
        pull,
        bus,
        engines_stop,
        asks,
        _bus_server: bus_server,
        finished,
        finish,
        writer,
        store_thread,
        sinks: crate::sinks::Sinks::start(opts)?,
        unwritten: Backlog::default(),
        sealer,
        sealer_thread,
        repliers: HashMap::new(),
        accepted_seen: super::AcceptedSeen::default(),
        next_req: 0,
        quiet: Quiet::new(Instant::now()),
        pidfile: pidfile(opts)?,
    })
}

/// The reactor and the engines; the switch that ends the engines.
fn start_helpers(
    opts: &Opts,
    bus: &Bus,
    asks: mpsc::Sender<Ask>,
    jids: JidSource,
) -> Result<Arc<AtomicBool>> {
    let asker = asks.clone();
    let parts = Parts { opts: opts.clone(), bus: bus.clone(), asks, jids };
    reactor::start(parts.clone())?;
    let stop = Arc::new(AtomicBool::new(false));
    let fire = move |tag: &str, data| {
        let ask = Ask::Fire(Event::new(tag, data));
        asker.blocking_send(ask).map_err(|_| Error::execution("the master stops"))
    };
    let home = Home {
        opts: opts.clone(),
        bus: bus.clone(),
        fire: Arc::new(fire),
        stop: Arc::clone(&stop),
    };
    halite_engines::start(&home, &["reactor", "thorium"]);
    thorium::start(&home, parts)?;
    Ok(stop)
}

/// Folders that users of `publisher_acl` must be able to pass are open to them; else they are the owner's alone.
fn folders(opts: &Opts) -> Result<()> {
    let mode = if opts.map("publisher_acl").is_empty() { 0o700 } else { 0o755 };
    for name in ["cachedir", "sock_dir"] {
        let path = opts.path(name);
        if !path.is_dir() {
            let made = DirBuilder::new().recursive(true).mode(mode).create(&path);
            made.map_err(|error| Error::file("make the folder", &path, error))?;
        }
    }
    // Nobody has a token here; what Salt's tools find in its place is an empty folder.
    private_file::make_dir(&opts.path("cachedir").join("tokens"))?;
    private_file::make_dir(&opts.path("cachedir").join("sessions"))
}

fn port(opts: &Opts, name: &str, default: i64) -> Result<u16> {
    let given = opts.int(name, default);
    u16::try_from(given).map_err(|_| Error::execution(format!("option {name}: {given} is no port")))
}

type Sockets = (Router, Publisher, mpsc::Receiver<halite_net::zmtp::publisher::PeerEvent>);

async fn bind(opts: &Opts) -> Result<Sockets> {
    let interface = match opts.str("interface") {
        "" => "0.0.0.0",
        given => given,
    };
    let backlog = i32::try_from(opts.int("zmq_backlog", 1_000)).unwrap_or(1_000);
    let router = RouterOptions::default();
    let router = RouterOptions {
        conn: ConnOptions { heartbeat: Heartbeat::of(opts), ..router.conn.clone() },
        backlog,
        fallback_reply: Some(bare(HANDLER_FAILED).into()),
        ..router
    };
    let at = Endpoint::new(interface, port(opts, "ret_port", 4506)?);
    let router = Router::bind(&at, router).await.map_err(|error| net(&error))?;
    let at = Endpoint::new(interface, port(opts, "publish_port", 4505)?);
    let publisher = PublisherOptions::default();
    let queue = opts.int("halite_subscriber_bytes", 0);
    let publisher = PublisherOptions {
        conn: ConnOptions { limit_bytes: publisher.conn.limit_bytes, ..ConnOptions::of(opts) },
        overflow: match usize::try_from(queue) {
            Ok(queue_bytes) if queue_bytes > 0 => Overflow { queue_bytes, ..publisher.overflow },
            _ => publisher.overflow,
        },
        backlog,
        ..PublisherOptions::default()
    };
    let (publisher, peers) = Publisher::bind(&at, publisher).await.map_err(|error| net(&error))?;
    Ok((router, publisher, peers))
}

fn bus(opts: &Opts) -> Result<(EventPublisher, EventPull)> {
    let folder = opts.path("sock_dir");
    let publish = LocalOptions::with_mode(ipc::MODE_PUBLISH);
    let missed: Notice = |missed| frame::missed_frame(missed, &events::stamp(now().0)).into();
    let overflow = Overflow { notice: Some(missed), ..Overflow::default() };
    let publish = EventPublisher::bind(&folder.join("master_event_pub.ipc"), publish, overflow);
    let pull = LocalOptions::with_mode(ipc::MODE_PULL);
    let pull = EventPull::bind(
        &folder.join("master_event_pull.ipc"),
        pull,
        halite_net::limits::LOCAL_MESSAGE_BYTES,
    );
    Ok((publish.map_err(|error| net(&error))?, pull.map_err(|error| net(&error))?))
}

/// Files by which Salt's own clients see that a master runs; nothing listens there.
pub(super) const MARKERS: [&str; 2] = ["publish_pull.ipc", "workers.ipc"];

fn markers(opts: &Opts) -> Result<()> {
    for name in MARKERS {
        let path = opts.path("sock_dir").join(name);
        // A real master may have left its socket there.
        private_file::remove(&path)?;
        private_file::write(&path, b"", 0o600)?;
    }
    Ok(())
}

fn publish_algorithm(opts: &Opts) -> Option<SigAlgo> {
    let signs = opts.get("sign_pub_messages").is_none_or(halite_core::Value::truthy);
    let name = opts.str("publish_signing_algorithm");
    signs.then(|| SigAlgo::parse(name).unwrap_or_default())
}

/// The signature over the own public key by the signing key, in base64 with its newline.
fn pub_sig(master: &MasterKeys) -> Result<Option<String>> {
    let Some(sign) = &master.sign else { return Ok(None) };
    let public = master.key.public().pem().as_bytes();
    let signature = sign
        .sign(SigAlgo::Sha1, public, &mut OsEntropy::new())
        .map_err(|error| Error::execution(format!("master_sign_pubkey: {error}")))?;
    Ok(Some(base64_line(&signature)))
}

/// Base64 in one line with a newline, as Python's `b2a_base64` writes it.
fn base64_line(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len() * 4 / 3 + 5);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out.push('\n');
    out
}

fn pidfile(opts: &Opts) -> Result<Option<std::path::PathBuf>> {
    let path = opts.path("pidfile");
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
        fs::create_dir_all(folder)
            .map_err(|error| Error::file("make the folder", folder, error))?;
    }
    private_file::write(&path, std::process::id().to_string().as_bytes(), 0o644)?;
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_pythons() {
        for (bytes, want) in [
            (&b""[..], "\n"),
            (b"f", "Zg==\n"),
            (b"fo", "Zm8=\n"),
            (b"foo", "Zm9v\n"),
            (b"foob", "Zm9vYg==\n"),
        ] {
            assert_eq!(super::base64_line(bytes), want);
        }
    }
}
