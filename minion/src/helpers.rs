//! What runs beside the daemon and reads its bus: the engines of the configuration, and the reactor among them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use halite_core::{Map, Services};
use halite_engines::Home;
use halite_net::bus::Bus;

use crate::reactor;
use crate::services::JobServices;
use crate::shared::Shared;

/// Starts them. They end with the bus.
pub(crate) fn start(shared: &Arc<Shared>, bus: &Bus, stop: &Arc<AtomicBool>) {
    let opts = shared.opts();
    let entries = halite_engines::entries(opts.get("engines"));
    if entries.is_empty() {
        return;
    }
    if entries.iter().any(|entry| entry.module == "reactor") {
        reactor::start(shared, bus);
    }
    let local = opts.str("file_client") == "local";
    let services = JobServices::new(Arc::clone(shared), "");
    // Salt: engines of a minion fire on the master's bus unless the minion has no master.
    let fire = move |tag: &str, data: Map| match local {
        true => services.fire(tag, data).map(drop),
        false => services.fire_master(tag, data),
    };
    let (bus, stop) = (bus.clone(), Arc::clone(stop));
    halite_engines::start(&Home { opts, bus, fire: Arc::new(fire), stop }, &["reactor"]);
}
