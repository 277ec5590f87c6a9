//! `service.running` and `service.dead`.

use std::time::{Duration, Instant};

use halite_core::{Apply, Context, Map, Outcome, Result, StateModule, Value, Verdict, map, state};

use super::shared::{
    Seen, boot_change, boot_would, enabled, known, look, offline, offline_outcome,
    running as is_up, settle_boot, truth, wrong_option,
};

/// The module.
pub static MODULE: StateModule = StateModule::new("service", &[&RUNNING, &DEAD]);

/// Sees to it that a service runs, and (with `enable`) what happens at boot.
#[state]
fn running<'a>(
    cx: &Context<'a>,
    name: String,
    /// Whether it is to start at boot; not looked at unless given.
    #[default(None)]
    enable: Option<Value>,
    /// What to look for in the process list, for services without a status of their own.
    #[default(None)]
    sig: Option<Value>,
    /// Seconds to wait after starting it.
    #[default(None)]
    init_delay: Option<f64>,
    #[kwargs] options: Map,
) -> Result<Verdict<'a>> {
    toggle(cx, Wanted { up: true, name, enable: truth(enable.as_ref()), sig, init_delay, options })
}

/// Sees to it that a service does not run, and (with `enable`) what happens at boot.
#[state]
fn dead<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(None)] enable: Option<Value>,
    #[default(None)] sig: Option<Value>,
    #[default(None)] init_delay: Option<f64>,
    #[kwargs] options: Map,
) -> Result<Verdict<'a>> {
    toggle(cx, Wanted { up: false, name, enable: truth(enable.as_ref()), sig, init_delay, options })
}

struct Wanted {
    up: bool,
    name: String,
    enable: Option<bool>,
    sig: Option<Value>,
    init_delay: Option<f64>,
    options: Map,
}

fn toggle<'a>(cx: &Context<'a>, wanted: Wanted) -> Result<Verdict<'a>> {
    let name = &wanted.name;
    if let Some(mistake) = wrong_option(name, &wanted.options) {
        return Ok(Verdict::fail(mistake));
    }
    if offline(cx)? {
        return Ok(Verdict::Settled(offline_outcome()));
    }
    let seen = match look(cx, name, wanted.sig.as_ref()) {
        Ok(Some(seen)) => seen,
        Ok(None) => return Ok(Verdict::Settled(absent(cx, &wanted))),
        Err(error) => return Ok(Verdict::fail(error.to_string())),
    };
    if seen.running == wanted.up {
        let now = if wanted.up { "already running" } else { "already dead" };
        let comment = format!("The service {name} is {now}");
        return Ok(match wanted.enable {
            Some(enable) if boot_change(wanted.enable, &seen) => {
                let name = name.clone();
                Verdict::change(boot_would(&name, enable), move |apply| {
                    let mut outcome = Outcome::done(comment, Map::new());
                    settle_boot(apply, &name, enable, None, &mut outcome)?;
                    Ok(outcome)
                })
            }
            _ => Verdict::correct(comment),
        });
    }
    let goal = if wanted.up { "set to start" } else { "set to be killed" };
    let would = Outcome::new(None, format!("Service {name} is {goal}"));
    Ok(Verdict::change(would, move |apply| wanted.run(apply, &seen)))
}

fn absent(cx: &Context<'_>, wanted: &Wanted) -> Outcome {
    let name = &wanted.name;
    if cx.test() {
        let past = if wanted.up { "started" } else { "stopped" };
        let what = format!(
            "Service {name} not present; if created in this state run, it would have been {past}"
        );
        return Outcome::new(None, what);
    }
    Outcome::new(Some(!wanted.up), format!("The named service {name} is not available"))
}

impl Wanted {
    fn run(&self, apply: &Apply<'_>, before: &Seen) -> Result<Outcome> {
        let name = self.name.as_str();
        let fun = if self.up { "service.start" } else { "service.stop" };
        let mut args = known(apply.cx, fun, &self.options);
        args.positional.insert(0, name.into());
        let failed = || {
            let what = if self.up { "failed to start" } else { "failed to die" };
            Outcome::failed(format!("Service {name} {what}"), Map::new())
        };
        match apply.call::<Value>(fun, args) {
            Ok(done) if done.truthy() => {}
            Ok(_) => return Ok(failed()),
            Err(error) => return Ok(Outcome::failed(error.to_string(), Map::new())),
        }
        if let Some(seconds) = self.init_delay.filter(|seconds| *seconds > 0.0) {
            pause(apply, seconds);
        }
        let up = is_up(apply.cx, name, self.sig.as_ref())?;
        let mut outcome = if up == self.up {
            let done = if self.up {
                format!("Started service {name}")
            } else {
                format!("Service {name} was killed")
            };
            Outcome::done(done, Map::new())
        } else {
            failed()
        };
        if up != before.running || enabled(apply.cx, name)? != before.enabled {
            outcome.changes = map! {name => up};
        }
        if let Some(enable) = self.enable {
            let (changes, result) = (outcome.changes.clone(), outcome.result);
            settle_boot(apply, name, enable, Some(up), &mut outcome)?;
            if outcome.changes.is_empty() {
                outcome.changes = changes;
            }
            outcome.result = outcome.result.min(result);
        }
        if let (true, Some(seconds)) = (self.up, self.init_delay.filter(|s| *s > 0.0)) {
            outcome.comment.push_str(&format!("\nDelayed return for {seconds} seconds"));
        }
        Ok(outcome)
    }
}

/// Waits, unless the job is cancelled meanwhile.
fn pause(apply: &Apply<'_>, seconds: f64) {
    let end = Instant::now() + Duration::try_from_secs_f64(seconds).unwrap_or_default();
    while Instant::now() < end && !apply.job.cancelled() {
        std::thread::park_timeout(Duration::from_millis(50).min(end - Instant::now()));
    }
}
