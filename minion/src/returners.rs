//! Returners of this minion: those of a job and those configured. What one does not take is kept below
//! `cachedir/returners` and handed over when it takes things again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use halite_core::{JobState, Map, Opts, Value};
use halite_modules::give::{self, Gift};
use halite_wire::load::PublishLoad;

use crate::services::JobServices;
use crate::shared::Shared;
use crate::{Engine, limits};

fn folder(shared: &Shared) -> PathBuf {
    shared.opts().path("cachedir").join("returners")
}

fn with<R>(shared: &Arc<Shared>, body: impl FnOnce(&halite_core::Apply<'_>) -> R) -> R {
    let present = shared.present();
    let services = Arc::new(JobServices::new(Arc::clone(shared), ""));
    let engine = Engine { machine: present.machine, pillar: present.pillar, services };
    engine.with_apply(&JobState::default(), body)
}

/// The returners of every job: the option `return`, which `salt-call --return` sets.
fn configured(opts: &Opts) -> Vec<String> {
    match opts.get("return") {
        Some(Value::List(names)) => names.iter().flat_map(|name| own(&name.to_string())).collect(),
        _ => own(opts.str("return")),
    }
}

fn own(names: &str) -> Vec<String> {
    give::names(names).map(str::to_owned).collect()
}

/// Hands the return of a `salt-call` to the configured returners. Salt: `salt.cli.caller.BaseCaller.call`.
pub(crate) fn give_called(engine: &Engine, ret: &Map) {
    let opts = &engine.machine.opts;
    let wanted = configured(opts);
    if wanted.is_empty() {
        return;
    }
    let mut ret = ret.clone();
    ret.insert("success".into(), (ret.get("retcode") == Some(&Value::Int(0))).into());
    let (folder, gift) = (opts.path("cachedir").join("returners"), Gift::Return(ret));
    engine.with_apply(&JobState::default(), |apply| {
        wanted.iter().for_each(|name| give::give_or_keep(apply, &folder, name, &gift));
    });
}

/// Hands the return of a job to its returners.
pub(crate) fn give(shared: &Arc<Shared>, load: &PublishLoad, ret: &Map) {
    let opts = shared.opts();
    let configured = configured(&opts);
    let mut wanted: Vec<&str> = give::names(&load.ret).collect();
    wanted.extend(configured.iter().map(String::as_str));
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return;
    }
    let mut ret = ret.clone();
    ret.insert("id".into(), opts.str("id").into());
    for name in ["ret_config", "ret_kwargs"] {
        if let Some(value) = load.rest.get(name).filter(|value| value.truthy()) {
            ret.insert(name.into(), value.clone());
        }
    }
    let (folder, gift) = (folder(shared), Gift::Return(ret));
    with(shared, |apply| {
        wanted.iter().for_each(|name| give::give_or_keep(apply, &folder, name, &gift));
    });
    retry(shared);
}

/// Tries what was kept until nothing is left, in a thread of its own; one at a time.
pub(crate) fn retry(shared: &Arc<Shared>) {
    let folder = folder(shared);
    let waits = std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
    if !waits || shared.handing_over.swap(true, Ordering::AcqRel) {
        return;
    }
    let mine = Arc::clone(shared);
    let started = std::thread::Builder::new().name("returners".into()).spawn(move || {
        let _over = Over(&mine.handing_over);
        loop {
            std::thread::sleep(Duration::from_secs(limits::RETURNER_RETRY_SECS));
            if with(&mine, |apply| give::hand_over(apply, &folder)) == 0 {
                return;
            }
        }
    });
    if let Err(error) = started {
        shared.handing_over.store(false, Ordering::Release);
        tracing::error!("returners are not tried again: {error}");
    }
}

/// Says that the thread has ended, however it did.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
