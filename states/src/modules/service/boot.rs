//! `service.enabled`, `disabled`, `masked`, `unmasked`, and what a watched change does.

use halite_core::{Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state};

use super::shared::{boot_would, enabled as starts_at_boot, known, running, settle_boot};

/// The module.
pub static MODULE: StateModule =
    StateModule::new("service", &[&ENABLED, &DISABLED, &MASKED, &UNMASKED, &MOD_WATCH]);

/// Sees to it that a service starts at boot, whether or not it runs now.
#[state]
fn enabled<'a>(cx: &Context<'a>, name: String, #[kwargs] _rest: Map) -> Result<Verdict<'a>> {
    at_boot(cx, name, true)
}

/// Sees to it that a service does not start at boot, whether or not it runs now.
#[state]
fn disabled<'a>(cx: &Context<'a>, name: String, #[kwargs] _rest: Map) -> Result<Verdict<'a>> {
    at_boot(cx, name, false)
}

fn at_boot<'a>(cx: &Context<'a>, name: String, wanted: bool) -> Result<Verdict<'a>> {
    let word = if wanted { "enabled" } else { "disabled" };
    match cx.call::<bool>("service.available", args![name.as_str()]) {
        Ok(true) => {}
        Ok(false) if cx.test() => {
            let what = format!(
                "Service {name} not present; if created in this state run, it would have been {word}"
            );
            return Ok(Verdict::Settled(Outcome::new(None, what)));
        }
        Ok(false) => {
            let what = format!("The named service {name} is not available");
            return Ok(Verdict::Settled(Outcome::new(Some(!wanted), what)));
        }
        Err(error) => return Ok(Verdict::fail(error.to_string())),
    }
    if starts_at_boot(cx, &name)? == wanted {
        let what = format!("Service {name} is already {word}, and is in the desired state");
        return Ok(Verdict::correct(what));
    }
    Ok(Verdict::change(boot_would(&name, wanted), move |apply| {
        let mut outcome = Outcome::done("", Map::new());
        settle_boot(apply, &name, wanted, None, &mut outcome)?;
        Ok(outcome)
    }))
}

/// Sees to it that a unit cannot be started at all.
#[state]
fn masked<'a>(
    cx: &Context<'a>,
    name: String,
    /// Only until the next boot.
    #[default(false)]
    runtime: bool,
) -> Result<Verdict<'a>> {
    mask(cx, name, runtime, true)
}

/// Sees to it that a unit can be started again.
#[state]
fn unmasked<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(false)] runtime: bool,
) -> Result<Verdict<'a>> {
    mask(cx, name, runtime, false)
}

fn mask<'a>(cx: &Context<'a>, name: String, runtime: bool, wanted: bool) -> Result<Verdict<'a>> {
    if !cx.exec.contains("service.masked") {
        return Ok(Verdict::fail("Masking is not available on this minion"));
    }
    let word = if wanted { "masked" } else { "unmasked" };
    if cx.call::<bool>("service.masked", args![name.as_str(), runtime])? == wanted {
        return Ok(Verdict::correct(format!("Service {name} is already {word}")));
    }
    let would = Outcome::new(None, format!("Service {name} is set to be {word}"));
    Ok(Verdict::change(would, move |apply| {
        let fun = if wanted { "service.mask" } else { "service.unmask" };
        let done: bool = apply.call(fun, args![name.as_str(), runtime])?;
        Ok(match done {
            true => Outcome::done(
                format!("Service {name} was {word}"),
                map! {name.as_str() => map!{word => true}},
            ),
            false => {
                let verb = if wanted { "mask" } else { "unmask" };
                Outcome::failed(format!("Failed to {verb} service {name}"), Map::new())
            }
        })
    }))
}

/// Restarts, reloads, starts or stops a service when something it watches has changed.
#[state]
fn mod_watch<'a>(
    cx: &Context<'a>,
    name: String,
    /// The state function that watches.
    #[default(None)]
    sfun: Option<String>,
    #[default(None)] sig: Option<Value>,
    /// Reload instead of restarting.
    #[default(false)]
    reload: bool,
    /// Restart wholly, where the provider tells that apart.
    #[default(false)]
    full_restart: bool,
    /// With `reload`: restart if it cannot reload.
    #[default(false)]
    force: bool,
    #[kwargs] options: Map,
) -> Result<Verdict<'a>> {
    let up = running(cx, &name, sig.as_ref())?;
    let has = |fun: &str| cx.exec.contains(fun);
    let (fun, verb) = match sfun.as_deref() {
        Some("dead") if up => ("service.stop", "stop"),
        Some("dead") => return Ok(Verdict::correct("Service is already stopped")),
        Some("running") if !up => ("service.start", "start"),
        Some("running") if reload && force && has("service.force_reload") => {
            ("service.force_reload", "forcefully reload")
        }
        Some("running") if reload && has("service.reload") => ("service.reload", "reload"),
        Some("running") if full_restart && has("service.full_restart") => {
            ("service.full_restart", "fully restart")
        }
        Some("running") => ("service.restart", "restart"),
        other => {
            let what = format!("Unable to trigger watch for service.{}", other.unwrap_or("None"));
            return Ok(Verdict::fail(what));
        }
    };
    let past = if verb == "stop" { "stopped".to_owned() } else { format!("{verb}ed") };
    let would = Outcome::new(None, format!("Service is set to be {past}"));
    Ok(Verdict::change(would, move |apply| {
        let mut args = known(apply.cx, fun, &options);
        args.positional.insert(0, name.as_str().into());
        let done = match apply.call::<Value>(fun, args) {
            Ok(done) => done.truthy(),
            Err(error) => return Ok(Outcome::failed(error.to_string(), Map::new())),
        };
        let changes = map! {name.as_str() => done};
        Ok(match done {
            true => Outcome::done(format!("Service {past}"), changes),
            false => Outcome::failed(format!("Failed to {verb} the service"), changes),
        })
    }))
}
