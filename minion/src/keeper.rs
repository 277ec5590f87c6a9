//! The thread beside the owner task that does what comes by itself: beacons and schedule.
//!
//! It owns the kernel's wake-ups ([`Hub`]) and a clock; what is decided is decided by the cores it
//! drives ([`Beacons`], [`Timetable`]).

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use halite_core::{Error, Map, Result, Value, map};

use crate::beacons::Beacons;
use crate::beacons::hub::{Hub, Waker};
use crate::services::JobServices;
use crate::shared::{Present, Shared};
use crate::timetable::Timetable;
use crate::{Engine, limits, proc};

/// Longest sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

/// What the thread is told.
pub(crate) enum Order {
    /// An event that changes or asks (`manage_beacons`): its tag, its data, who waits for the answer.
    Manage(String, Map, Option<SyncSender<Map>>),
    /// Pillar, grains or functions are other ones.
    Changed,
    /// The end.
    Stop,
}

/// The thread, from outside.
pub(crate) struct Keeper {
    orders: SyncSender<Order>,
    waker: Waker,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the process has no descriptors or threads left.
    pub(crate) fn start(shared: &Arc<Shared>) -> Result<Keeper> {
        let fail =
            |error: std::io::Error| Error::execution(format!("no beacons, no schedule: {error}"));
        let hub = Hub::new().map_err(fail)?;
        let waker = hub.waker();
        let (orders, inbox) = sync_channel(limits::KEEPER_ORDERS);
        let shared = Arc::clone(shared);
        let builder = std::thread::Builder::new().name("keeper".into());
        let spawned = builder.stack_size(limits::WORKER_STACK_BYTES).spawn(move || {
            Work::new(shared, hub).run(&inbox);
        });
        Ok(Keeper { orders, waker, thread: Mutex::new(Some(spawned.map_err(fail)?)) })
    }

    /// Tells the thread something.
    pub(crate) fn tell(&self, order: Order) {
        match self.orders.try_send(order) {
            Ok(()) => self.waker.wake(),
            Err(_) => tracing::error!("beacons and schedule are busy: an order is dropped"),
        }
    }

    /// Ends the thread and what it has started.
    pub(crate) fn stop(&self) {
        self.tell(Order::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        // A look of a beacon may hang; the process ends all the same.
        let until = Instant::now() + Duration::from_millis(limits::KEEPER_STOP_MS);
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// What the thread holds.
struct Work {
    shared: Arc<Shared>,
    hub: Hub,
    began: Instant,
    beacons: Beacons,
    timetable: Timetable,
}

impl Work {
    fn new(shared: Arc<Shared>, hub: Hub) -> Work {
        let Present { machine, .. } = shared.present();
        let opts = &machine.opts;
        let round = (opts.float("loop_interval", 1.0) * 1000.0).max(0.0) as u64;
        let beacons = Beacons::new(opts.str("id"), round, opts.get("beacons"), &machine.grains);
        let timetable = Timetable::new(opts);
        Work { shared, hub, began: Instant::now(), beacons, timetable }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn run(mut self, inbox: &Receiver<Order>) {
        self.changed();
        loop {
            let now = self.now();
            let due = self.beacons.deadline();
            let beacons = due.map(|at| Duration::from_millis(at.saturating_sub(now)));
            let wait = [beacons, self.timetable.wait()].into_iter().flatten().min();
            let woken = self.hub.wait(wait.unwrap_or(IDLE));
            loop {
                match inbox.try_recv() {
                    Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return,
                    Ok(Order::Changed) => self.changed(),
                    Ok(Order::Manage(tag, order, answer)) => self.manage(&tag, &order, answer),
                    Err(TryRecvError::Empty) => break,
                }
            }
            let now = self.now();
            self.beacons.wake(&woken, now);
            if self.beacons.deadline().is_some_and(|at| at <= now) {
                self.look(now);
            }
            if self.timetable.wait().is_some_and(|left| left.is_zero()) {
                self.timetable.round(&self.shared);
            }
        }
    }

    fn changed(&mut self) {
        let pillar = self.shared.present().pillar;
        let now = self.now();
        self.beacons.set_pillar(&pillar, &mut self.hub, now);
        self.timetable.set_pillar(&pillar);
        self.timetable.round(&self.shared);
    }

    /// Does what an event asks for and answers with one.
    fn manage(&mut self, tag: &str, order: &Map, waiting: Option<SyncSender<Map>>) {
        let now = self.now();
        let answer = match tag {
            "manage_beacons" => self.beacons.manage(order, &mut self.hub, now).map(Some),
            _ => {
                let answer = self.timetable.manage(order, &self.shared);
                self.timetable.round(&self.shared);
                answer
            }
        };
        let Some(answer) = answer else {
            let func = order.get("func").map(ToString::to_string).unwrap_or_default();
            return tracing::error!("Function \"{func}\" is unavailable ({tag})");
        };
        // Some orders have no answer: reload, run_job.
        let Some((answer_tag, data)) = answer else { return };
        if let Err(error) = self.shared.fire(answer_tag, data.clone()) {
            tracing::error!("the event {answer_tag} is not fired: {error}");
        }
        if let Some(waiting) = waiting {
            // Who waited may have given up.
            let _ = waiting.try_send(data);
        }
    }

    /// Has the beacons look and sends the master what they saw.
    fn look(&mut self, now: u64) {
        let Present { machine, pillar, secrets } = self.shared.present();
        let services = Arc::new(JobServices::new(Arc::clone(&self.shared), ""));
        let engine = Engine { machine, pillar, services };
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let (beacons, hub, shared) = (&mut self.beacons, &mut self.hub, &self.shared);
        let job = engine.job("", "beacon", "root");
        let (events, answers) = engine.with_apply(&job, |apply| {
            beacons.round(apply, hub, (now, unix), || states_run(shared))
        });
        for (tag, data) in answers {
            // The bus may be closing; nothing else waits for this.
            let _ = self.shared.fire(tag, data);
        }
        if events.is_empty() {
            return;
        }
        let events = secrets.hide(Value::list(events));
        // Local readers are told as well; without a bus there are none.
        let _ = self.shared.fire("__beacons_return", map! { "beacons" => events.clone() });
        let load = map! { "cmd" => "_minion_event", "pretag" => (), "events" => events };
        self.shared.links().iter().for_each(|link| link.tell_master(load.clone()));
    }
}

/// Whether a state function runs on this minion.
fn states_run(shared: &Shared) -> bool {
    let is_state = |job: &Map| {
        let fun = job.get("fun").map(ToString::to_string).unwrap_or_default();
        fun.starts_with("state")
    };
    shared.running().values().any(|job| is_state(&job.load))
        || proc::of_other_processes(&shared.proc_dir).iter().any(is_state)
}
