//! The minion's own event bus: two local sockets, and what events from tools there cause.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use halite_core::services::{ManageOrder, Refresh};
use halite_core::{Error, Map, Opts, Result, Value};
use halite_net::bus as net;
use halite_net::ipc::{EventPublisher, EventPull, LocalOptions, MODE_PULL};
use halite_net::{Notice, Overflow, limits as net_limits};
use halite_wire::frame;
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect, StreamDecoder};

use crate::keeper::Order;
use crate::shared::Shared;
use crate::{helpers, limits, services, store};

/// Mode of the reading socket: a minion's events are root's business, as with Salt.
const MODE_PUB: u32 = 0o600;

/// How long a tool waits for a daemon that does not read.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// How much is read from the bus at one time, in bytes.
const READ_BYTES: usize = 64 * 1024;

/// Both sockets.
pub(crate) struct Bus {
    _publisher: EventPublisher,
    inner: net::Bus,
    pull: EventPull,
    stop: Arc<AtomicBool>,
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.inner.close();
    }
}

/// Paths of the reading and of the writing socket. Salt: `salt.utils.event` behaviour.
pub(crate) fn paths(opts: &Opts) -> (PathBuf, PathBuf) {
    let id = opts.str("id").as_bytes();
    let name = match opts.str("hash_type") {
        "" => "sha256",
        name => name,
    };
    let hash_type = halite_render::files::HashType::parse(name).unwrap_or_default();
    let hex = halite_render::files::digest(hash_type, id).unwrap_or_default();
    let short = hex.get(..10).unwrap_or_default();
    let folder = opts.path("sock_dir");
    let path = |end: &str| folder.join(format!("minion_event_{short}_{end}.ipc"));
    (path("pub"), path("pull"))
}

impl Bus {
    /// Opens both sockets. Must be called inside the runtime.
    ///
    /// # Errors
    /// Names the socket that cannot be opened.
    pub(crate) fn open(opts: &Opts) -> Result<Bus> {
        store::make_private_dir(&opts.path("sock_dir"))?;
        let (publish, pull) = paths(opts);
        let missed: Notice =
            |missed| frame::missed_frame(missed, &crate::shared::stamp().to_string()).into();
        let overflow = Overflow { notice: Some(missed), ..Overflow::default() };
        let fail = |error: halite_net::NetError| Error::execution(error.to_string());
        let publisher = EventPublisher::bind(&publish, LocalOptions::with_mode(MODE_PUB), overflow);
        let most = net_limits::LOCAL_MESSAGE_BYTES;
        let pull = EventPull::bind(&pull, LocalOptions::with_mode(MODE_PULL), most);
        let publisher = publisher.map_err(fail)?;
        Ok(Bus {
            inner: net::Bus::with_socket(publisher.handle()),
            _publisher: publisher,
            pull: pull.map_err(fail)?,
            stop: Arc::default(),
        })
    }

    /// Tells workers where to publish, and starts what reads the bus: the engines and the reactor.
    pub(crate) fn share(&self, shared: &Arc<Shared>) {
        shared.set_bus(self.inner.clone());
        helpers::start(shared, &self.inner, &self.stop);
    }

    /// The next message that a tool wrote. Safe to use in `select!`.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        self.pull.next().await
    }

    /// Passes a message on to the readers, and does what its tag asks for.
    pub(crate) fn take(&self, shared: &Arc<Shared>, message: &[u8]) {
        let Ok(value) = msgpack::decode(message, Dialect::Bus, &Limits::ACCEPTED) else { return };
        let Ok((tag, data)) = frame::body_of(&value).and_then(frame::read_event) else { return };
        self.inner.publish(tag, &Bytes::copy_from_slice(message));
        react(shared, tag, data.as_map().cloned().unwrap_or_default());
    }
}

/// Does what an event of this minion's bus asks for, if it asks for something.
pub(crate) fn react(shared: &Arc<Shared>, tag: &str, data: Map) {
    if let Some(keeper) = shared.keeper() {
        match tag {
            "manage_beacons" | "manage_schedule" => {
                return keeper.tell(Order::Manage(tag.to_owned(), data, None));
            }
            "beacons_refresh" => return keeper.tell(Order::Changed),
            _ => {}
        }
    }
    let Some(what) = Reaction::to(tag) else { return };
    // A master that is away must not keep the others waiting.
    for link in shared.links() {
        let data = data.clone();
        let Some(place) = Place::take(&link) else {
            tracing::error!(
                "{} events of local tools are worked on already: {tag} is dropped",
                limits::EVENT_THREADS
            );
            return;
        };
        let spawned = std::thread::Builder::new().name("event".into()).spawn(move || {
            let _place = place;
            if let Err(error) = what.act(&link, data) {
                tracing::error!("an event of a local tool failed: {error}");
            }
        });
        if let Err(error) = spawned {
            tracing::error!("cannot start a thread: {error}");
        }
    }
}

/// Fires on the bus of the minion daemon of this machine; `false` if none runs.
///
/// # Errors
/// If it runs and does not take the event.
pub(crate) fn send(opts: &Opts, tag: &str, data: &Map) -> Result<bool> {
    let (_, pull) = paths(opts);
    let Ok(mut stream) = UnixStream::connect(&pull) else { return Ok(false) };
    let frame = frame::pull_frame(&frame::event_body(tag, data));
    stream
        .set_write_timeout(Some(SEND_TIMEOUT))
        .and_then(|()| stream.write_all(&frame))
        .map_err(|error| Error::file("write to", &pull, error))?;
    Ok(true)
}

/// Gives an order to the minion daemon of this machine and waits for the event that answers.
///
/// # Errors
/// If none runs here, or its bus cannot be used.
pub(crate) fn ask(opts: &Opts, order: &ManageOrder<'_>) -> Result<Option<Map>> {
    let (publish, _) = paths(opts);
    let mut events = UnixStream::connect(&publish).map_err(|error| {
        let file = publish.display();
        Error::execution(format!("no minion runs on this machine ({file}: {error})"))
    })?;
    let fail = |error| Error::file("read from", &publish, error);
    let mut reader = StreamDecoder::new(Dialect::Bus, Limits::ACCEPTED);
    let until = Instant::now() + order.wait;
    send(opts, order.tag, &order.data)?;
    let mut buffer = vec![0; READ_BYTES];
    loop {
        while let Some(value) =
            reader.next_value().map_err(|error| Error::execution(error.to_string()))?
        {
            let event = frame::body_of(&value).and_then(frame::read_event);
            if let Ok((tag, Value::Map(data))) = event {
                if tag == order.answer {
                    return Ok(Some(Arc::unwrap_or_clone(data)));
                }
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        events.set_read_timeout(Some(left)).map_err(fail)?;
        match events.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(count) => reader.push(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(None);
            }
            Err(error) => return Err(fail(error)),
        }
    }
}

/// A thread that does what an event asks for; the place is free again when this is dropped.
struct Place(Arc<Shared>);

impl Place {
    fn take(shared: &Arc<Shared>) -> Option<Place> {
        let busy = &shared.event_threads;
        let more = |count| (count < limits::EVENT_THREADS).then_some(count + 1);
        busy.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(Place(Arc::clone(shared)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.event_threads.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What an event of a local tool causes.
#[derive(Clone, Copy)]
enum Reaction {
    Refresh(Refresh),
    FireMaster,
}

impl Reaction {
    fn to(tag: &str) -> Option<Reaction> {
        Some(match tag {
            "pillar_refresh" => Reaction::Refresh(Refresh::Pillar),
            "grains_refresh" => Reaction::Refresh(Refresh::Grains),
            "module_refresh" => Reaction::Refresh(Refresh::Modules),
            "fire_master" => Reaction::FireMaster,
            _ => return None,
        })
    }

    fn act(self, shared: &Shared, data: Map) -> Result<()> {
        match self {
            Reaction::Refresh(what) => services::refresh(shared, what),
            Reaction::FireMaster => {
                let keep = ["data", "tag", "events", "pretag"];
                let load = data.into_iter().filter(|(key, value)| {
                    keep.iter().any(|name| key.as_str() == Some(name)) && *value != Value::Null
                });
                shared.asker.ask("_minion_event", load.collect()).map(drop)
            }
        }
    }
}
