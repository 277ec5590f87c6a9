//! The thread: gathers events, runs the chunks over them, reads the files again. Salt: `ThorState.start_runtime`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use halite_core::glob::Glob;
use halite_core::{Error, Result, Value};
use halite_net::bus::{Delivered, Room, Subscription};
use halite_states::compiler::Compiled;
use halite_states::engine::Returns;

use super::compile::Machine;
use super::heard::Heard;
use super::{Thorium, lock};
use crate::limits::THORIUM_EVENTS;
use crate::reactor::Parts;
use crate::services::MasterServices;

/// How long nothing may happen before the thread looks whether it is to end.
const LOOK: Duration = Duration::from_millis(200);
/// How often the files are looked at for changes.
const FILES: Duration = Duration::from_secs(1);
/// How often the files are compiled anew whether they changed or not: they may hold what templates read elsewhere.
/// Salt: `thorium_recompile`.
const RECOMPILE_SECS: f64 = 300.0;

struct Runtime {
    thorium: Arc<Thorium>,
    machine: Machine,
    stop: Arc<AtomicBool>,
    interval: Duration,
    recompile: Duration,
    /// The last thing that the log was told of a chunk.
    told: HashMap<String, String>,
}

pub(super) fn start(stop: Arc<AtomicBool>, parts: Parts) -> Result<()> {
    let opts = parts.opts.clone();
    let room = Room { messages: THORIUM_EVENTS, ..Room::default() };
    let subscription = parts.bus.subscribe(&[Glob::new("*")], room);
    let thorium = Arc::new(Thorium::new(parts));
    let print: crate::services::Print = Box::new(|line| tracing::info!("{line}"));
    let services = MasterServices::new(&opts, "", print).with_thorium(Arc::clone(&thorium));
    let seconds = |name: &str, usual: f64| {
        Duration::try_from_secs_f64(opts.float(name, usual).clamp(0.01, 86_400.0)).unwrap_or(FILES)
    };
    let runtime = Runtime {
        thorium,
        machine: Machine::new(&opts, services),
        stop,
        interval: seconds("thorium_interval", 0.5),
        recompile: seconds("thorium_recompile", RECOMPILE_SECS),
        told: HashMap::new(),
    };
    std::thread::Builder::new()
        .name("thorium".into())
        .spawn(move || runtime.run(&subscription))
        .map(drop)
        .map_err(|error| Error::execution(format!("cannot start Thorium: {error}")))
}

impl Runtime {
    fn run(mut self, subscription: &Subscription) {
        tracing::info!("Thorium reads the bus");
        let mut compiled: Option<Compiled> = None;
        let (mut mark, mut looked, mut read) = (None, Instant::now(), Instant::now());
        while !self.stop.load(Ordering::Relaxed) {
            let now = Instant::now();
            let look = mark.is_none() || now.duration_since(looked) >= FILES;
            if look {
                looked = now;
                let seen = Some(self.machine.mark());
                if seen != mark || now.duration_since(read) >= self.recompile {
                    (mark, read) = (seen, now);
                    compiled = self.compile(compiled);
                }
            }
            let Some(events) = self.gather(subscription) else { return };
            let (Some(compiled), false) = (&compiled, events.is_empty()) else { continue };
            *lock(&self.thorium.events) = Arc::new(events);
            match self.machine.run(compiled) {
                Ok(returns) => self.tell(&returns),
                Err(error) => tracing::error!(%error, "Exception in Thorium"),
            }
            *lock(&self.thorium.events) = Arc::default();
            self.rest(now);
        }
    }

    /// The new chunks, or those there were if the files are not in order.
    fn compile(&mut self, before: Option<Compiled>) -> Option<Compiled> {
        match self.machine.compile() {
            Ok(compiled) => {
                tracing::info!(states = compiled.chunks.len(), "Thorium has read its files");
                self.told.clear();
                Some(compiled)
            }
            Err(error) => {
                let what = if before.is_some() {
                    "goes on with what it had"
                } else {
                    "waits for better files"
                };
                tracing::error!("Thorium {what}: {error}");
                before
            }
        }
    }

    /// What came, waiting a moment for the first; `None` at the end of the bus.
    fn gather(&self, subscription: &Subscription) -> Option<Vec<Heard>> {
        let mut events = Vec::new();
        let mut patience = LOOK;
        while events.len() < THORIUM_EVENTS {
            match subscription.next(patience) {
                Delivered::Message { topic, message } => events.push(Heard::new(topic, message)),
                Delivered::Missed(count) => {
                    tracing::warn!(count, "Thorium is too slow and missed events");
                }
                Delivered::Nothing => break,
                Delivered::Closed => return None,
            }
            patience = Duration::ZERO;
        }
        Some(events)
    }

    /// Waits until the next look is due.
    fn rest(&self, began: Instant) {
        while !self.stop.load(Ordering::Relaxed) {
            let left = self.interval.saturating_sub(began.elapsed());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(LOOK));
        }
    }

    /// Tells the log of states that broke, once for each text.
    fn tell(&mut self, returns: &Returns) {
        let left_out = self.thorium.registers().take_left_out();
        if left_out > 0 {
            tracing::warn!(
                left_out,
                "Thorium's registers are full: values are left out; `prune`, `reg.clear` and `reg.delete` make room"
            );
        }
        for (tag, ret) in returns {
            let comment = ret.get("comment").map(Value::to_string).unwrap_or_default();
            let failed = ret.get("result").is_some_and(|result| !result.truthy());
            let ran = ret.get("__state_ran__").is_none_or(Value::truthy);
            if !failed || !ran || comment.is_empty() {
                self.told.remove(tag);
                continue;
            }
            if self.told.get(tag) != Some(&comment) {
                let id = ret.get("__id__").map(Value::to_string).unwrap_or_default();
                tracing::warn!(id, "Thorium: {comment}");
                self.told.insert(tag.clone(), comment);
            }
        }
    }
}
