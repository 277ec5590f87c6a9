//! Publishing a job from another process (or a runner's thread) and collecting what comes back, as Salt's
//! `LocalClient` does: listen first, publish, gather, ask after those who are silent.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use halite_core::{Error, Map, Opts, Result, Value, map};
use halite_net::Endpoint;
use halite_net::ipc::{EventSink, EventSource, Framing};
use halite_net::zmtp::req::{ReqClient, ReqOptions};
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect, StreamDecoder};
use halite_wire::{envelope, frame};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::core::NO_JOB_FILES;
use crate::events::Event;
use crate::user_keys::{key_path, master_user};
use crate::{events, private_file};

/// Bytes of a key file at most.
const KEY_BYTES: u64 = 256;
/// How long the master may take to answer a publish unless `publish_timeout` says otherwise, seconds.
const PUBLISH_SECONDS: i64 = 30;

/// How often a watch that sees nothing asks whether to go on.
const WATCH_LOOK: Duration = Duration::from_millis(500);

/// A job to publish.
#[derive(Clone, Debug)]
pub struct Job {
    /// Who is meant.
    pub tgt: Value,
    /// How `tgt` is meant.
    pub tgt_type: String,
    /// The function, or a list of them.
    pub fun: Value,
    /// Its arguments, in the wire's form.
    pub arg: Vec<Value>,
    /// Returners.
    pub ret: String,
    /// `kwargs` of the request: metadata, delimiter and the like.
    pub kwargs: Map,
}

impl Job {
    /// A job with nothing special about it.
    pub fn new(tgt: impl Into<Value>, tgt_type: &str, fun: &str, arg: Vec<Value>) -> Job {
        let (tgt, fun) = (tgt.into(), fun.into());
        Job { tgt, tgt_type: tgt_type.into(), fun, arg, ret: String::new(), kwargs: Map::new() }
    }
}

/// What the master said to a publish.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The job's id.
    pub jid: String,
    /// Who is expected to return.
    pub minions: Vec<String>,
    /// Who was listed but is unknown.
    pub missing: Vec<String>,
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For returns before the silent ones are asked.
    pub timeout: Duration,
    /// For their answer, and again for as long as they say that they are at it.
    pub gather: Duration,
}

impl Patience {
    /// As `timeout` and `gather_job_timeout` say.
    pub fn of(opts: &Opts) -> Patience {
        let seconds =
            |name, default| Duration::from_secs_f64(opts.float(name, default).clamp(0.0, 1e6));
        Patience { timeout: seconds("timeout", 5.0), gather: seconds("gather_job_timeout", 10.0) }
    }
}

/// The way to the master of a configuration.
pub struct Client {
    opts: Opts,
    runtime: Runtime,
}

/// Splits the bus into events.
struct Events(StreamDecoder);

impl Framing for Events {
    type Item = (String, Map);

    fn next(
        &mut self,
        buffer: &mut BytesMut,
    ) -> std::result::Result<Option<(String, Map)>, String> {
        self.0.push(buffer);
        buffer.advance(buffer.len());
        let Some(framed) = self.0.next_value().map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let body = frame::body_of(&framed).map_err(|error| error.to_string())?;
        let (tag, data) = frame::read_event(body).map_err(|error| error.to_string())?;
        Ok(Some((tag.to_owned(), events::data_map(data))))
    }
}

type Bus = EventSource<Events>;

fn failed(error: &impl std::fmt::Display) -> Error {
    Error::execution(error.to_string())
}

/// Fires an event on the bus of the running master.
///
/// # Errors
/// If no master runs, or the user may not write to its socket.
pub fn fire(opts: &Opts, event: &Event) -> Result<()> {
    Client::new(opts)?.fire(event)
}

impl Client {
    /// A client; nothing is connected yet.
    ///
    /// # Errors
    /// If the runtime of its sockets cannot be made.
    pub fn new(opts: &Opts) -> Result<Client> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Client { opts: opts.clone(), runtime: runtime.map_err(|error| failed(&error))? })
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.opts.path("sock_dir").join(name)
    }

    /// Fires an event.
    ///
    /// # Errors
    /// If no master runs, or the user may not write to its socket.
    pub fn fire(&self, event: &Event) -> Result<()> {
        self.fire_caused(event, "")
    }

    /// Fires an event that carries the mark of what caused it.
    pub(crate) fn fire_caused(&self, event: &Event, cause: &str) -> Result<()> {
        let now = jiff::Timestamp::now().as_microsecond();
        let message = frame::caused_frame(&event.body(now), cause);
        let path = self.socket("master_event_pull.ipc");
        self.runtime
            .block_on(async {
                let mut sink = EventSink::connect(&path).await?;
                sink.send(&message).await
            })
            .map_err(|error| failed(&error))
    }

    async fn listen(&self) -> Result<Bus> {
        self.listen_at(&self.socket("master_event_pub.ipc")).await
    }

    async fn listen_at(&self, path: &Path) -> Result<Bus> {
        let decoder = Events(StreamDecoder::new(Dialect::Bus, Limits::ACCEPTED));
        let limit = Limits::ACCEPTED.bytes;
        EventSource::connect(path, decoder, limit).await.map_err(|_| {
            let text = "The salt master could not be contacted. Is master running?";
            Error::execution(format!("{text} ({})", path.display()))
        })
    }

    /// The key by which this process proves who runs it: the master's own if it can be read, else the user's.
    fn key(&self) -> Result<(String, String)> {
        let own = master_user(&self.opts);
        let mut users = vec![own];
        users.extend(std::env::var("USER").ok());
        for user in users {
            if let Ok(Some(key)) = private_file::read(&key_path(&self.opts, &user), KEY_BYTES) {
                return Ok((user, String::from_utf8_lossy(&key).trim().to_owned()));
            }
        }
        let folder = self.opts.path("cachedir");
        Err(Error::execution(format!(
            "no key of this user can be read in `{}`: does the master run, and may this user publish?",
            folder.display()
        )))
    }

    async fn send(&self, job: &Job) -> Result<Published> {
        let (user, key) = self.key()?;
        let mut kwargs = job.kwargs.clone();
        kwargs.insert(NO_JOB_FILES.into(), true.into());
        let load = map! {
            "cmd" => "publish",
            "fun" => job.fun.clone(),
            "arg" => job.arg.clone(),
            "tgt" => job.tgt.clone(),
            "tgt_type" => job.tgt_type.as_str(),
            "ret" => job.ret.as_str(),
            "jid" => "",
            "key" => key,
            "user" => user,
            "kwargs" => kwargs,
        };
        let reply = self.ask(load).await?;
        if let Some(message) = reply.get("error").map(|error| error.get("message").unwrap_or(error))
        {
            return Err(Error::execution(message.to_string()));
        }
        let load =
            reply.get("load").ok_or_else(|| Error::execution("the master refused the publish"))?;
        if let Some(error) = load.get("error") {
            return Err(Error::execution(error.to_string()));
        }
        let texts = |name: &str| {
            let items = load.get(name).and_then(Value::as_list).unwrap_or_default();
            items.iter().map(ToString::to_string).collect()
        };
        let jid = load.get("jid").map(ToString::to_string).unwrap_or_default();
        Ok(Published { jid, minions: texts("minions"), missing: texts("missing") })
    }

    async fn ask(&self, load: Map) -> Result<Value> {
        let host = match self.opts.str("interface") {
            "" | "0.0.0.0" => "127.0.0.1",
            "::" => "::1",
            given => given,
        };
        let port = u16::try_from(self.opts.int("ret_port", 4506)).unwrap_or(4506);
        let client = ReqClient::new(Endpoint::new(host, port), ReqOptions::default());
        let seconds = self.opts.int("publish_timeout", PUBLISH_SECONDS).max(1).unsigned_abs();
        let frame = Bytes::from(envelope::clear_request(load));
        let reply = client.request(frame, Duration::from_secs(seconds)).await;
        let reply = reply.map_err(|error| failed(&error))?;
        msgpack::decode(&reply, Dialect::Network, &Limits::ACCEPTED).map_err(|error| failed(&error))
    }

    /// Publishes and does not wait for returns.
    ///
    /// # Errors
    /// If the master cannot be reached, refuses, or knows nobody who is meant.
    pub fn publish(&self, job: &Job) -> Result<Published> {
        self.runtime.block_on(self.send(job))
    }

    /// Publishes and gives each return to `each` as it comes: the minion and the data of its event. The result is
    /// who never returned.
    ///
    /// # Errors
    /// As [`Client::publish`]; and if the bus is lost.
    pub fn run(
        &self,
        job: &Job,
        patience: Patience,
        mut each: impl FnMut(&str, &Map),
    ) -> Result<(Published, Vec<String>)> {
        self.publish_first(job, patience, |_| {}, &mut each)
    }

    /// As [`Client::run`]; `sent` is told the jid before anything is waited for.
    ///
    /// # Errors
    /// As [`Client::run`].
    pub fn publish_first(
        &self,
        job: &Job,
        patience: Patience,
        sent: impl FnOnce(&str),
        mut each: impl FnMut(&str, &Map),
    ) -> Result<(Published, Vec<String>)> {
        self.runtime.block_on(async {
            let mut bus = self.listen().await?;
            let published = self.send(job).await?;
            sent(&published.jid);
            let silent = self.gather(&mut bus, &published, patience, &mut each).await?;
            Ok((published, silent))
        })
    }

    /// Waits for the returns of a job that was published before; its minions are those still expected.
    ///
    /// # Errors
    /// If the bus cannot be reached or is lost.
    pub fn rejoin(
        &self,
        published: Published,
        patience: Patience,
        mut each: impl FnMut(&str, &Map),
    ) -> Result<(Published, Vec<String>)> {
        self.runtime.block_on(async {
            let mut bus = self.listen().await?;
            let silent = self.gather(&mut bus, &published, patience, &mut each).await?;
            Ok((published, silent))
        })
    }

    /// Gives each event of the bus to `each` until it says false, the time is over or the master ends. `idle` is asked
    /// about twice a second whether to go on.
    ///
    /// # Errors
    /// If no master runs or the bus is lost.
    pub fn watch_until(
        &self,
        end: Instant,
        idle: impl Fn() -> bool,
        mut each: impl FnMut(&str, &Map) -> bool,
    ) -> Result<()> {
        self.runtime.block_on(async {
            let mut bus = self.listen().await?;
            while idle() && Instant::now() < end {
                let wait = end.saturating_duration_since(Instant::now()).min(WATCH_LOOK);
                let Ok(event) = timeout(wait, bus.next()).await else { continue };
                match event.map_err(|error| failed(&error))? {
                    Some((tag, data)) if each(&tag, &data) => {}
                    _ => break,
                }
            }
            Ok(())
        })
    }

    /// Gives each event of the bus to `each` until it says false or the master ends.
    ///
    /// # Errors
    /// If no master runs or the bus is lost.
    pub fn watch(&self, each: impl FnMut(&str, &Map) -> bool) -> Result<()> {
        self.watch_at(&self.socket("master_event_pub.ipc"), each)
    }

    /// The same for the bus whose socket is at `path`: another master's, or a minion's.
    ///
    /// # Errors
    /// As [`Client::watch`].
    pub fn watch_at(&self, path: &Path, mut each: impl FnMut(&str, &Map) -> bool) -> Result<()> {
        self.runtime.block_on(async {
            let mut bus = self.listen_at(path).await?;
            while let Some((tag, data)) = bus.next().await.map_err(|error| failed(&error))? {
                if !each(&tag, &data) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Fires an event and waits for the one that answers it, whose tag is `reply`; `None` if none comes in time.
    ///
    /// # Errors
    /// As [`Client::fire`]; and if the bus is lost.
    pub fn ask_bus(&self, event: &Event, reply: &str, limit: Duration) -> Result<Option<Map>> {
        let now = jiff::Timestamp::now().as_microsecond();
        let message = frame::pub_frame(&event.body(now));
        let pull = self.socket("master_event_pull.ipc");
        let answer = async {
            let mut bus = self.listen().await?;
            let mut sink = EventSink::connect(&pull).await.map_err(|error| failed(&error))?;
            sink.send(&message).await.map_err(|error| failed(&error))?;
            while let Some((tag, data)) = bus.next().await.map_err(|error| failed(&error))? {
                if tag == reply {
                    return Ok(Some(data));
                }
            }
            Ok(None)
        };
        self.runtime.block_on(async { timeout(limit, answer).await.unwrap_or(Ok(None)) })
    }

    /// The key of the master's own user, if this user may read it. Salt: `get_master_key`.
    pub fn master_key(&self) -> Result<String> {
        self.key().map(|(_, key)| key)
    }

    async fn gather(
        &self,
        bus: &mut Bus,
        job: &Published,
        patience: Patience,
        each: &mut impl FnMut(&str, &Map),
    ) -> Result<Vec<String>> {
        let mut left: BTreeSet<String> = job.minions.iter().cloned().collect();
        let mut end = Instant::now() + patience.timeout;
        // The question after the silent: its jid, and who said that the job runs.
        let mut asked: Option<(String, BTreeSet<String>)> = None;
        while !left.is_empty() {
            let wait = end.saturating_duration_since(Instant::now());
            let Ok(event) = timeout(wait, bus.next()).await else {
                let running = asked.take().map(|(_, running)| running);
                // Asked, and nobody is at it.
                if running.is_some_and(|running| running.is_empty()) {
                    break;
                }
                asked = match self.find_job(&job.jid, &left).await {
                    Ok(jid) => Some((jid, BTreeSet::new())),
                    // Their keys are gone, say: nobody is left to wait for.
                    Err(error) => {
                        tracing::warn!("who is silent cannot be asked: {error}");
                        break;
                    }
                };
                end = Instant::now() + patience.gather;
                continue;
            };
            let Some((tag, data)) = event.map_err(|error| failed(&error))? else {
                return Err(Error::execution("the master ended while returns were awaited"));
            };
            if let Some(id) = returned(&tag, &job.jid) {
                if left.remove(id) || !job.minions.iter().any(|known| known == id) {
                    each(id, &data);
                }
            } else if let Some((jid, running)) = &mut asked
                && let Some(id) = returned(&tag, jid)
                && data.get("return").is_some_and(Value::truthy)
            {
                running.insert(id.to_owned());
            }
        }
        Ok(left.into_iter().collect())
    }

    async fn find_job(&self, jid: &str, ids: &BTreeSet<String>) -> Result<String> {
        let ids = Value::list(ids.iter().map(Value::str));
        let job = Job::new(ids, "list", "saltutil.find_job", vec![jid.into()]);
        self.send(&job).await.map(|published| published.jid)
    }
}

/// The minion whose return for `jid` the tag announces.
fn returned<'a>(tag: &'a str, jid: &str) -> Option<&'a str> {
    tag.strip_prefix("salt/job/")?.strip_prefix(jid)?.strip_prefix("/ret/")
}
