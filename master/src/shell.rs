//! The shell around the core: sockets, threads, the clock, signals. One task owns the core; it decides nothing itself.

mod accepted;
pub(crate) mod backlog;
mod start;
mod stop;

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use halite_core::host::trim::Quiet;
use halite_core::{Opts, Result};
use halite_net::bus::Bus;
use halite_net::ipc::EventPull;
use halite_net::signal::{Asked, Signals};
use halite_net::zmtp::publisher::PeerEvent;
use halite_net::zmtp::router::{Replier, Request, Router, RouterHandle};
use halite_wire::OsEntropy;
use tokio::sync::mpsc;

use crate::core::{Ask, Core, Done, Input, Now, Output, ReqId};
use crate::limits;
use crate::sealer::{Order, Sealer};
use crate::store::{Write, Writer};
use crate::work::{self, News, Outcome, Shared};
use accepted::AcceptedSeen;
use backlog::Backlog;

/// Largest message of a minion that proved its id, bytes.
const TRUSTED_BYTES: usize = halite_wire::limits::MAX_FRAME;

/// `worker_threads`: Salt's processes for requests are threads here.
fn work_threads(opts: &Opts) -> usize {
    usize::try_from(opts.int("worker_threads", 5)).unwrap_or(1).clamp(1, limits::WORK_THREADS)
}

/// `MWorker-0`, `MWorker-1`, ...: Salt's names, which logs show as `processName`.
fn worker_names() -> impl Fn() -> String + Send + Sync + 'static {
    let next = std::sync::atomic::AtomicUsize::new(0);
    move || format!("MWorker-{}", next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}

/// Runs the master until it is told to stop. The program around it has set up the log.
pub fn run(opts: &Opts) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(work_threads(opts))
        .thread_name_fn(worker_names())
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(daemon(opts)),
        Err(error) => {
            Err(halite_core::Error::execution(format!("cannot start the runtime: {error}")))
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "The master cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn daemon(opts: &Opts) -> Result<()> {
    let mut signals = Signals::listen().map_err(|error| start::net(&error))?;
    let mut shell = start::start(opts).await?;
    tracing::info!(
        publish = %shell.publisher.local_addr(), requests = %shell.router.local_addr(),
        "The master is ready"
    );
    shell.serve(&mut signals).await;
    shell.stop(&mut signals).await;
    Ok(())
}

/// Everything with an end outside.
struct Shell {
    core: Core,
    shared: Arc<Shared>,
    router: Router,
    router_handle: RouterHandle,
    publisher: halite_net::zmtp::publisher::Publisher,
    peers: mpsc::Receiver<PeerEvent>,
    pull: EventPull,
    bus: Bus,
    engines_stop: Arc<std::sync::atomic::AtomicBool>,
    asks: mpsc::Receiver<Ask>,
    _bus_server: halite_net::ipc::EventPublisher,
    finished: mpsc::Receiver<Outcome>,
    finish: mpsc::Sender<Outcome>,
    writer: Writer,
    store_thread: std::thread::JoinHandle<()>,
    sinks: Option<crate::sinks::Sinks>,
    unwritten: Backlog,
    sealer: Sealer,
    sealer_thread: std::thread::JoinHandle<()>,
    repliers: HashMap<ReqId, Replier>,
    next_req: u64,
    accepted_seen: AcceptedSeen,
    quiet: Quiet,
    pidfile: Option<std::path::PathBuf>,
}

/// What woke the owner task.
enum Woken {
    Request(Request),
    Peer(PeerEvent),
    Local(bytes::Bytes),
    Asked(Ask),
    Finished(Outcome),
    Stored,
    Sealed,
    Tick,
    Signal(Asked),
}

fn now() -> Now {
    Now(jiff::Timestamp::now().as_microsecond())
}

impl Shell {
    /// Serves until a stop signal.
    async fn serve(&mut self, signals: &mut Signals) {
        let mut ticker = tokio::time::interval(limits::TICK);
        ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let woken = tokio::select! {
                Some(outcome) = self.finished.recv() => Woken::Finished(outcome),
                Some(request) = self.router.next() => Woken::Request(request),
                Some(event) = self.peers.recv() => Woken::Peer(event),
                Some(message) = self.pull.next() => Woken::Local(message),
                // While nothing more can be signed, those who ask wait, and their queue with them.
                Some(ask) = self.asks.recv(), if self.core.may_seal() => Woken::Asked(ask),
                () = self.sealer.progress(), if !self.core.may_seal() => Woken::Sealed,
                () = self.writer.progress() => Woken::Stored,
                _ = ticker.tick() => Woken::Tick,
                asked = signals.next() => Woken::Signal(asked),
            };
            if !matches!(woken, Woken::Tick) {
                self.quiet.busy(Instant::now());
            }
            match woken {
                Woken::Request(request) => self.request(request),
                Woken::Peer(event) => self.input(Input::Peer(event)),
                Woken::Local(message) => self.input(Input::Local(message)),
                Woken::Asked(ask) => self.input(Input::Ask(ask)),
                Woken::Finished(outcome) => self.outcome(outcome),
                Woken::Stored => self.stored(),
                Woken::Sealed => self.core.sealed_so_far(self.sealer.done()),
                Woken::Tick => self.tick(),
                Woken::Signal(Asked::Reload) => {
                    tracing::info!(
                        "SIGHUP: the configuration is read at start only; restart to apply changes"
                    );
                }
                Woken::Signal(Asked::Stop | Asked::StopNow) => return,
            }
        }
    }

    fn request(&mut self, request: Request) {
        if let Some(ids) = self.accepted_seen.news(&self.shared.keys) {
            let news = vec![News::AcceptedNow(ids)];
            self.input(Input::Done(Done { news, ..Done::default() }));
        }
        let (conn, peer) = (request.conn, request.peer);
        let (frame, replier) = request.into_parts();
        self.next_req += 1;
        let req = ReqId(self.next_req);
        self.repliers.insert(req, replier);
        self.input(Input::Request { req, conn, peer, frame });
    }

    fn outcome(&mut self, outcome: Outcome) {
        if let Some((req, frame)) = outcome.reply {
            self.reply(req, frame);
        }
        self.input(Input::Done(outcome.done));
    }

    fn tick(&mut self) {
        self.quiet.tick(Instant::now());
        self.retry();
        self.input(Input::Tick);
    }

    fn input(&mut self, input: Input) {
        self.core.sealed_so_far(self.sealer.done());
        self.core.handle(now(), input);
        while let Some(output) = self.core.poll() {
            self.output(output);
        }
    }

    fn reply(&mut self, req: ReqId, frame: bytes::Bytes) {
        match self.repliers.remove(&req) {
            // The peer may have gone meanwhile.
            Some(replier) => drop(replier.send(frame)),
            None => tracing::error!(
                ?req,
                "A request was answered twice; this is a defect of the master"
            ),
        }
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Reply(req, frame) => self.reply(req, frame),
            Output::Trust(conn) => drop(self.router_handle.set_authenticated(conn, TRUSTED_BYTES)),
            Output::Bus(frame) => {
                if let Some(sinks) = &mut self.sinks {
                    sinks.event(&frame);
                }
                publish(&self.bus, &frame);
            }
            Output::Work(work) => {
                let (shared, finish) = (Arc::clone(&self.shared), self.finish.clone());
                let function = work.is_function();
                let run = move || {
                    // Only a master that has stopped waiting does not take it.
                    drop(finish.blocking_send(work::run(*work, &shared, &mut OsEntropy::new())));
                };
                if !function {
                    drop(tokio::task::spawn_blocking(run));
                } else if let Err(error) =
                    std::thread::Builder::new().name("runner".into()).spawn(run)
                {
                    tracing::error!(%error, "A runner cannot be started");
                }
            }
            Output::Publish(load) => self.order(Order::Publish(load)),
            Output::Rotate(aes) => self.order(Order::Rotate(aes)),
            Output::Store(write) => self.write(write),
        }
    }

    fn order(&self, order: Order) {
        if self.sealer.order(order).is_err() {
            tracing::error!("A publish is lost: the thread that signs publishes has ended");
        }
    }

    fn write(&mut self, write: Write) {
        if let Some(sinks) = &mut self.sinks {
            sinks.see(&write);
        }
        if self.unwritten.give(write, |write| self.writer.write(write)) {
            tracing::error!("The store is behind: new returns are refused until it caught up");
            self.core.handle(now(), Input::StoreFull(true));
        }
    }

    /// The store got on, or cannot write any more.
    fn stored(&mut self) {
        self.input(Input::Committed(self.writer.committed()));
        if self.writer.is_stuck() {
            self.input(Input::StoreFull(true));
        }
    }

    /// Tries again what had no room before.
    fn retry(&mut self) {
        self.unwritten.retry(|write| self.writer.write(write));
        if self.core.durable.said_full() && self.unwritten.len() == 0 && !self.writer.is_stuck() {
            self.input(Input::StoreFull(false));
        }
    }
}

/// Gives an event to the readers of its tag.
pub(crate) fn publish(bus: &Bus, frame: &bytes::Bytes) {
    let plain = halite_wire::frame::plain_body(frame);
    match plain.and_then(crate::events::tag_of) {
        Some(tag) => bus.publish(tag, frame),
        // Few carry a cause.
        None => match halite_wire::frame::open_frame(frame) {
            Ok((body, _)) => {
                bus.publish(crate::events::tag_of(&body).unwrap_or_default(), frame);
            }
            Err(error) => tracing::error!(%error, "An event of the master's own is broken"),
        },
    }
}
