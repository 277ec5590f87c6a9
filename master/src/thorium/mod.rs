//! Thorium: SLS files whose states gather events in registers, check them and act. They are compiled like any states,
//! and run over the events that came since the last look. Salt: `salt.thorium`, the engine `thorium`.

mod calculate;
mod compile;
mod heard;
mod order;
mod outlet;
mod register;
#[cfg(test)]
mod tests;
mod thread;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use halite_core::{Context, Error, Result};
use halite_engines::Home;

use crate::limits::THORIUM_TIMERS;
use crate::reactor::Parts;
use crate::services::MasterServices;
use heard::Heard;
use outlet::Outlet;
use register::Registers;

/// The states.
#[expect(unreachable_pub, reason = "the listing of a plugin folder is for all who may see it")]
pub(crate) mod states {
    include!(concat!(env!("OUT_DIR"), "/thorium_states.rs"));
}

/// What the states share from one look to the next.
pub(crate) struct Thorium {
    registers: Mutex<Registers>,
    events: Mutex<Arc<Vec<Heard>>>,
    timers: Mutex<BTreeMap<String, f64>>,
    outlet: Outlet,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Thorium {
    fn new(parts: Parts) -> Thorium {
        Thorium {
            registers: Mutex::default(),
            events: Mutex::default(),
            timers: Mutex::default(),
            outlet: Outlet::new(parts),
        }
    }

    /// That of a state's context.
    ///
    /// # Errors
    /// If the state is not run by Thorium.
    pub(crate) fn of<'a>(cx: &Context<'a>) -> Result<&'a Thorium> {
        let thorium = MasterServices::of(cx)?.thorium().map(Arc::as_ref);
        thorium.ok_or_else(|| Error::execution("this state needs the engine `thorium` around it"))
    }

    /// The registers. Salt: `__reg__`.
    pub(crate) fn registers(&self) -> MutexGuard<'_, Registers> {
        lock(&self.registers)
    }

    /// The events of this look. Salt: `__events__`.
    pub(crate) fn events(&self) -> Arc<Vec<Heard>> {
        Arc::clone(&lock(&self.events))
    }

    /// The way to jobs and the master's functions.
    pub(crate) fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    /// The moment that is kept under `name`, which is `now` if none is.
    ///
    /// # Errors
    /// If too many are kept.
    pub(crate) fn since(&self, name: &str, now: f64) -> Result<f64> {
        let mut timers = lock(&self.timers);
        if timers.len() >= THORIUM_TIMERS && !timers.contains_key(name) {
            return Err(Error::execution(format!("there are {THORIUM_TIMERS} timers already")));
        }
        Ok(*timers.entry(name.to_owned()).or_insert(now))
    }

    /// Keeps another moment under `name`, or none.
    pub(crate) fn set_since(&self, name: &str, moment: Option<f64>) {
        let mut timers = lock(&self.timers);
        match moment {
            Some(moment) => drop(timers.insert(name.to_owned(), moment)),
            None => drop(timers.remove(name)),
        }
    }
}

/// Seconds since 1970 UTC.
fn seconds(cx: &Context<'_>) -> f64 {
    cx.host.now_micros() as f64 / 1e6
}

/// Starts Thorium if the configuration names its engine. It ends with the bus.
///
/// # Errors
/// No thread.
pub(crate) fn start(home: &Home, parts: Parts) -> Result<()> {
    let engines = halite_engines::entries(home.opts.get("engines"));
    match engines.iter().any(|engine| engine.module == "thorium") {
        true => thread::start(Arc::clone(&home.stop), parts),
        false => Ok(()),
    }
}
