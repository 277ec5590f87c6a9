//! What a minion does when its session stands: pillar, then word to the master.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use halite_core::host::{Read, RealHost};
use halite_core::services::PillarRequest;
use halite_core::{Jid, Map, Value, map};
use halite_wire::load::{Fun, PublishLoad};

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
        let opts = shared.opts();
        if opts.bool("beacons_before_connect") || opts.bool("scheduler_before_connect") {
            shared.keep();
        }
        loop {
            match shared.renew_pillar(&PillarRequest::default()) {
                Ok(pillar) => {
                    warn_of_errors(&pillar);
                    break;
                }
                Err(error) => tracing::error!("no pillar yet: {error}"),
            }
            thread::sleep(PILLAR_PAUSE);
        }
        if shared.asker.send(Message::Core(Input::Ready)).is_ok() {
            shared.keep();
            fire_start(shared);
            startup_states(shared);
        }
    });
}

/// What `startup_states` asks for. Salt: `salt.minion.Minion._state_run` behaviour.
fn startup_states(shared: &Shared) {
    let opts = shared.opts();
    let (fun, arg) = match opts.str("startup_states") {
        "" => return,
        "highstate" => ("state.highstate", Vec::new()),
        "sls" => {
            ("state.sls", vec![Value::list(opts.list("sls_list").into_iter().map(Value::from))])
        }
        "top" => ("state.top", vec![Value::str(opts.str("top_file"))]),
        other => {
            return tracing::error!("startup_states: `{other}` is none of highstate, sls, top");
        }
    };
    let load = PublishLoad {
        fun: Fun::One(fun.into()),
        arg,
        tgt: opts.str("id").into(),
        tgt_type: "glob".into(),
        jid: Jid::at(RealHost::new().now_micros()),
        ret: opts.str("ext_job_cache").into(),
        user: "root".into(),
        rest: Map::new(),
    };
    // If the owner task has gone, the process is ending.
    let _ = shared.asker.send(Message::Run(Box::new(load)));
}

/// The connection came back: the master is told as at a start.
pub(crate) fn again(shared: &Arc<Shared>) {
    spawn(shared, fire_start);
}

fn spawn(shared: &Arc<Shared>, work: fn(&Arc<Shared>)) {
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

fn fire_start(shared: &Arc<Shared>) {
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
