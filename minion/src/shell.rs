//! The owner task: sockets, timers, workers and the disk around the core.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use halite_core::Opts;
use halite_core::host::trim::Quiet;
use halite_net::zmtp::conn::ConnOptions;
use halite_net::zmtp::req::{ReqClient, ReqOptions};
use halite_net::zmtp::sub::{SubEvent, SubOptions, Subscriber};
use halite_net::{Endpoint, signal};
use halite_wire::OsEntropy;
use halite_wire::load::PublishLoad;
use tokio::sync::mpsc;

use crate::asker::Message;
use crate::bus::Bus;
use crate::core::{Address, Core, Input, Now, Output, Place, Places};
use crate::job_queue::{JobQueue, Waiting};
use crate::keys::Keys;
use crate::shared::Shared;
use crate::store::{self, Store};
use crate::{limits, start, worker};

/// Longest sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

/// How the owner task ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// Exit code of the process.
    pub(crate) code: u8,
    /// Why, if it is worth a line.
    pub(crate) why: String,
}

impl End {
    fn fine() -> End {
        End { code: 0, why: String::new() }
    }
}

/// Everything the owner task holds.
pub(crate) struct Shell {
    core: Core,
    shared: Arc<Shared>,
    messages: mpsc::Receiver<Message>,
    store: Store,
    keys: Keys,
    entropy: OsEntropy,
    began: Instant,
    client: Option<(Address, ReqClient)>,
    subscriber: Option<Subscriber>,
    bus: Option<Bus>,
    places: Places<Waiting>,
    waiting: JobQueue,
    cancelled: bool,
    quiet: Quiet,
    end: Option<End>,
}

/// What the loop woke up for.
enum Event {
    Message(Message),
    Publish(SubEvent),
    Bus(Bytes),
    Tick,
    Signal(signal::Asked),
}

impl Shell {
    pub(crate) fn new(
        core: Core,
        shared: Arc<Shared>,
        messages: mpsc::Receiver<Message>,
        store: Store,
        keys: Keys,
        bus: Option<Bus>,
    ) -> Shell {
        let waiting = JobQueue::new(&shared.opts());
        Shell {
            core,
            shared,
            messages,
            store,
            keys,
            entropy: OsEntropy::new(),
            began: Instant::now(),
            client: None,
            subscriber: None,
            bus,
            places: Places::new(limits::JOBS_WAITING),
            waiting,
            cancelled: false,
            quiet: Quiet::new(Instant::now()),
            end: None,
        }
    }

    /// Runs until a signal, the core or [`Message::Finish`] ends it.
    pub(crate) async fn run(mut self, mut signals: Option<signal::Signals>) -> End {
        let mut stop_at = None;
        self.feed(Input::Tick);
        loop {
            if let Some(end) = self.end.take() {
                if let Some(keeper) = self.shared.keeper() {
                    keeper.stop();
                }
                self.shared.asker.close();
                return end;
            }
            match self.next(signals.as_mut(), stop_at).await {
                Event::Message(message) => self.message(message),
                Event::Publish(event) => self.publish_event(event),
                Event::Bus(body) => self.bus_message(&body),
                Event::Tick => {
                    if self.places.busy() == 0 {
                        self.quiet.tick(Instant::now());
                    }
                    self.feed(Input::Tick);
                }
                Event::Signal(signal::Asked::Reload) => tracing::info!("SIGHUP: nothing to reload"),
                Event::Signal(signal::Asked::StopNow) => {
                    self.end = Some(End { code: 1, why: "stopped at once".into() });
                }
                Event::Signal(signal::Asked::Stop) => {
                    tracing::info!("stopping: no more jobs are taken");
                    self.subscriber = None;
                    self.leave_queue();
                    self.feed(Input::Stop);
                    stop_at = Some(Instant::now() + grace(&self.shared.opts()));
                }
            }
            if let Some(at) = stop_at {
                stop_at = Some(self.stopping(at));
            }
        }
    }

    /// What waits stays on disk for the next start.
    fn leave_queue(&mut self) {
        for waiting in self.places.leave() {
            let jid = &waiting.load.jid;
            if waiting.is_kept() {
                tracing::warn!("stopping: job {jid} waits for the next start");
            } else {
                tracing::error!("stopping: job {jid} does not run any more");
            }
            self.shared.running().remove(jid.as_str());
        }
    }

    /// Takes up what waited when an earlier run of this program ended.
    fn resume_queue(&mut self) {
        for waiting in self.waiting.left() {
            tracing::info!("job {} waited since the last run", waiting.load.jid);
            self.start_or_queue(waiting);
        }
    }

    /// Ends the process once all is done, or the time is up.
    fn stopping(&mut self, at: Instant) -> Instant {
        if self.places.busy() == 0 && self.core.is_quiet() {
            self.end.get_or_insert_with(End::fine);
        } else if Instant::now() >= at && self.end.is_none() {
            if !std::mem::replace(&mut self.cancelled, true) && self.shared.cancel_all() > 0 {
                tracing::warn!("stopping: the jobs that still run are cancelled");
                return Instant::now() + Duration::from_secs(limits::STOP_FLUSH_SECS);
            }
            for (jid, job) in self.shared.running().iter() {
                let fun = job.load.get("fun").map(ToString::to_string).unwrap_or_default();
                tracing::error!("job {jid} ({fun}) did not end when asked to: abandoned");
            }
            if !self.core.is_quiet() {
                tracing::warn!("stopping with unsent returns; they are kept on disk");
            }
            self.end = Some(End::fine());
        }
        at
    }

    async fn next(
        &mut self,
        signals: Option<&mut signal::Signals>,
        stop_at: Option<Instant>,
    ) -> Event {
        let now = self.now().ms;
        let due =
            self.core.deadline().map_or(IDLE, |at| Duration::from_millis(at.saturating_sub(now)));
        let rest = |at: Instant| at.saturating_duration_since(Instant::now());
        let stop = stop_at.map_or(IDLE, rest);
        let quiet = self.quiet.due().filter(|_| self.places.busy() == 0).map_or(IDLE, rest);
        let (subscriber, bus) = (self.subscriber.as_mut(), self.bus.as_mut());
        tokio::select! {
            biased;
            Some(asked) = of(signals.map(signal::Signals::next)) => Event::Signal(asked),
            Some(message) = self.messages.recv() => Event::Message(message),
            Some(Some(event)) = of(subscriber.map(Subscriber::next)) => Event::Publish(event),
            Some(Some(body)) = of(bus.map(Bus::next)) => Event::Bus(body),
            () = tokio::time::sleep(due.min(stop).min(quiet).min(IDLE)) => Event::Tick,
        }
    }

    fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now { ms, unix }
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Core(input) => {
                let ready = matches!(input, Input::Ready);
                self.feed(input);
                if ready && self.end.is_none() {
                    self.resume_queue();
                }
            }
            Message::WorkerDone(jid) => {
                tracing::debug!("job {jid} has ended");
                self.quiet.busy(Instant::now());
                self.places.ended();
                let most = self.shared.jobs_most();
                while let Some(next) = self.places.next(most) {
                    self.spawn_job(next.release());
                }
            }
            Message::Run(load) => self.start_job(*load),
            Message::Finish => self.end = Some(End::fine()),
        }
    }

    fn publish_event(&mut self, event: SubEvent) {
        match event {
            SubEvent::Connected { peer } => {
                tracing::info!("subscribed to the publishes of {peer}");
                self.feed(Input::Subscribed);
            }
            SubEvent::Message(frame) => self.feed(Input::Published(frame)),
            SubEvent::Disconnected { reason } => self.feed(Input::Lost(reason)),
            SubEvent::Unreachable { reason, again_in } => {
                tracing::debug!("{reason}; next attempt in {} ms", again_in.as_millis());
            }
        }
    }

    fn bus_message(&mut self, body: &[u8]) {
        let shared = Arc::clone(&self.shared);
        if let Some(bus) = &self.bus {
            bus.take(&shared, body);
        }
    }

    /// Gives the core an input and does all it asks for.
    fn feed(&mut self, input: Input) {
        let now = self.now();
        self.core.handle(now, &mut self.entropy, input);
        while let Some(output) = self.core.poll() {
            if let Some(input) = self.act(output) {
                let now = self.now();
                self.core.handle(now, &mut self.entropy, input);
            }
        }
    }

    /// Does one thing; what comes of it at once goes back to the core.
    fn act(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Request { req, to, frame, timeout_ms } => {
                self.request(req, to, frame.into(), Duration::from_millis(timeout_ms));
            }
            Output::Subscribe { host, port } => self.subscribe(&host, port),
            Output::SignedIn { first: true } => start::first(&self.shared),
            Output::SignedIn { first: false } => {}
            Output::Reconnected => start::again(&self.shared),
            Output::Run(load) => self.start_job(*load),
            Output::Answer { id, answer } => self.shared.asker.answer(id, answer),
            Output::Pin { pem, gcm } => {
                if let Err(error) = self.keys.pin(&pem, gcm) {
                    tracing::error!("the master's key is not pinned: {error}");
                }
            }
            Output::Keep => self.store.keep_window(self.core.window()),
            Output::Spool { name, load } => {
                if !self.store.spool(&name, &load) {
                    return Some(Input::Unspooled { name, load });
                }
            }
            Output::Sync { name } => {
                let path = self.store.return_path(&name);
                drop(tokio::task::spawn_blocking(move || store::sync(&path)));
            }
            Output::Bury { name } => self.store.bury(&name),
            Output::Unspool { name } => {
                let load = self.store.unspool(&name);
                return Some(Input::Spooled { name, load });
            }
            Output::Drop { name } => self.store.drop_return(&name),
            Output::Exit { code, why } => self.end = Some(End { code, why }),
        }
        None
    }

    fn request(&mut self, req: u64, to: Address, frame: Bytes, limit: Duration) {
        let client = match &self.client {
            Some((at, client)) if *at == to => client.clone(),
            _ => {
                let endpoint = Endpoint::new(&to.host, to.port);
                let client = ReqClient::new(
                    endpoint,
                    ReqOptions { conn: self.conn(), ..ReqOptions::default() },
                );
                self.client = Some((to, client.clone()));
                client
            }
        };
        let messages = self.shared.asker.messages();
        tokio::spawn(async move {
            let reply = client.request(frame, limit).await.map_err(|error| error.to_string());
            // The owner task has gone only if the process is ending.
            let _ = messages.send(Message::Core(Input::Reply { req, reply })).await;
        });
    }

    fn conn(&self) -> ConnOptions {
        ConnOptions::of(&self.shared.opts())
    }

    fn subscribe(&mut self, host: &str, port: u16) {
        let opts = self.shared.opts();
        let ms = |name: &str, default: f64| {
            Duration::from_millis(opts.float(name, default).max(0.0) as u64)
        };
        let options = SubOptions {
            conn: self.conn(),
            identity: Bytes::copy_from_slice(opts.str("id").as_bytes()),
            recon_default: ms("recon_default", 1000.0),
            recon_max: ms("recon_max", 10_000.0),
            recon_randomize: opts.bool("recon_randomize"),
            ..SubOptions::default()
        };
        self.subscriber = Some(Subscriber::start(Endpoint::new(host, port), options));
    }

    /// Runs a job, or queues it while enough run.
    fn start_job(&mut self, load: PublishLoad) {
        match self.places.look(&load, self.shared.jobs_most()) {
            Place::Free => self.spawn_job(load),
            Place::Wait => {
                let waiting = self.waiting.take(load);
                self.enqueue(waiting);
            }
            Place::Full => {
                let waiting = self.places.waiting();
                tracing::error!("{waiting} jobs wait already: {} is dropped", load.jid);
            }
        }
    }

    /// The same with a job that waited.
    fn start_or_queue(&mut self, waiting: Waiting) {
        match self.places.look(&waiting.load, self.shared.jobs_most()) {
            Place::Free => self.spawn_job(waiting.release()),
            Place::Wait | Place::Full => self.enqueue(waiting),
        }
    }

    fn enqueue(&mut self, waiting: Waiting) {
        // A master that asks for it must hear that the job is not lost.
        self.shared.list(&waiting.load, Arc::default());
        self.places.wait(waiting);
    }

    /// Runs a job in a thread of its own.
    fn spawn_job(&mut self, load: PublishLoad) {
        self.quiet.busy(Instant::now());
        let jid = load.jid.as_str().to_owned();
        let shared = Arc::clone(&self.shared);
        let builder =
            std::thread::Builder::new().name(jid.clone()).stack_size(limits::WORKER_STACK_BYTES);
        let spawned = builder.spawn(move || {
            worker::work(&shared, &load);
            let jid = load.jid.as_str().to_owned();
            let asker = shared.asker.clone();
            // What the job held is freed before its end is told.
            drop((shared, load));
            // The owner task has gone only if the process is ending.
            let _ = asker.send(Message::WorkerDone(jid));
        });
        match spawned {
            Ok(_) => self.places.began(),
            Err(error) => tracing::error!("job {jid} cannot be started: {error}"),
        }
    }
}

/// How long running jobs get when the minion is told to stop: `halite_grace_secs`.
fn grace(opts: &Opts) -> Duration {
    let given = opts.float("halite_grace_secs", limits::STOP_GRACE_SECS);
    Duration::from_secs_f64(given.clamp(0.0, limits::STOP_GRACE_MOST_SECS))
}

/// A future that may not be there; then it never comes.
async fn of<F: Future>(future: Option<F>) -> Option<F::Output> {
    match future {
        Some(future) => Some(future.await),
        None => std::future::pending().await,
    }
}
