//! What a minion does when its session stands: pillar, then word to the master.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use halite_core::services::PillarRequest;
use halite_core::{Map, Value, map};

use crate::asker::Message;
use crate::core::Input;
use crate::shared::Shared;

/// Pause between two attempts to get the first pillar.
const PILLAR_PAUSE: Duration = Duration::from_secs(5);
/// Stack of the threads here, bytes: they call nothing of users.
const STACK_BYTES: usize = 1024 * 1024;

/// The first session: fetches the pillar, then lets jobs run and fires the start events.
pub(crate) fn first(shared: &Arc<Shared>) {
    if shared.opts().bool("caller") {
        return;
    }
    spawn(shared, |shared| {
        loop {
            match shared.fetch_pillar(&PillarRequest::default()) {
                Ok(pillar) => {
                    warn_of_errors(&pillar);
                    if shared.change(|present| present.pillar = pillar).is_err() {
                        return;
                    }
                    break;
                }
                Err(error) => tracing::error!("no pillar yet: {error}"),
            }
            thread::sleep(PILLAR_PAUSE);
        }
        if shared.asker.send(Message::Core(Input::Ready)).is_ok() {
            fire_start(shared);
        }
    });
}

/// The connection came back: the master is told as at a start.
pub(crate) fn again(shared: &Arc<Shared>) {
    spawn(shared, fire_start);
}

fn spawn(shared: &Arc<Shared>, work: fn(&Shared)) {
    let shared = Arc::clone(shared);
    let builder = thread::Builder::new().name("start".into()).stack_size(STACK_BYTES);
    if let Err(error) = builder.spawn(move || work(&shared)) {
        tracing::error!("cannot start a thread: {error}");
    }
}

fn warn_of_errors(pillar: &Map) {
    if let Some(errors) = pillar.get("_errors") {
        tracing::error!("the pillar has errors: {errors}");
    }
}

fn fire_start(shared: &Shared) {
    let present = shared.present();
    let opts = &present.machine.opts;
    let id = opts.str("id");
    let now = jiff::Zoned::now().strftime("%a %b %e %H:%M:%S %Y");
    let text = format!("Minion {id} started at {now}");
    let mut tags = vec![format!("salt/minion/{id}/start")];
    if opts.bool("enable_legacy_startup_events") {
        tags.insert(0, "minion_start".into());
    }
    let names = opts.list("start_event_grains");
    let grains: Map = names
        .iter()
        .filter_map(|name| {
            Some((Value::str(name), present.machine.grains.get(name.as_str())?.clone()))
        })
        .collect();
    for tag in tags {
        let mut load = map! {"pretag" => (), "tag" => tag.as_str(), "data" => text.as_str()};
        if !grains.is_empty() {
            load.insert("grains".into(), grains.clone().into());
        }
        if let Err(error) = shared.asker.ask("_minion_event", load) {
            tracing::warn!("the event {tag} was not taken: {error}");
        }
    }
}
