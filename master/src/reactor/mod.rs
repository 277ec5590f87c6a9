//! The reactor in the daemon: reads the bus, decides by the rules what an event calls for, and has it done. The
//! decisions are `halite_states::reactor`; here are its thread, its workers and its dead letters.

mod act;
pub(crate) mod core;
mod dead;
mod settings;
#[cfg(test)]
mod tests;
mod thread;
pub(crate) mod workers;

use halite_core::{Opts, Result};
use halite_net::bus::Bus;
use tokio::sync::mpsc::Sender;

use crate::core::{Ask, JidSource};

pub(crate) use act::EXTRAS;
#[cfg(test)]
pub(crate) use dead::Letter;
pub(crate) use dead::path as dead_letters_path;
pub(crate) use settings::{Settings, rules_of};
#[cfg(test)]
pub(crate) use thread::topics;

/// Begins of tags by which runners talk to the reactor.
pub(crate) const MANAGE: &str = "salt/reactors/manage";
/// The user of what the reactor runs; events of that user call for nothing. Salt: `ReactWrap.event_user`.
pub(crate) const USER: &str = "Reactor";

/// What the thread works with; Thorium's as well.
#[derive(Clone)]
pub(crate) struct Parts {
    /// The configuration.
    pub(crate) opts: Opts,
    /// Where events come from.
    pub(crate) bus: Bus,
    /// The way to the owner task: jobs and events.
    pub(crate) asks: Sender<Ask>,
    /// The same jids as the owner's.
    pub(crate) jids: JidSource,
}

/// Starts the reactor if the configuration has rules or asks for it. It ends with the bus.
///
/// # Errors
/// Limits that cannot be read, or no thread.
pub(crate) fn start(parts: Parts) -> Result<()> {
    match Settings::of(&parts.opts)? {
        Some(settings) => thread::start(settings, parts),
        None => Ok(()),
    }
}
