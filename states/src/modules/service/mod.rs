//! What the files of `service` share: looking at a service, enabling and disabling it.

use halite_core::{Apply, Args, Context, Map, Outcome, Result, Value, args, map};

/// What is known of a service before anything is done.
pub(super) struct Seen {
    pub(super) running: bool,
    pub(super) enabled: bool,
}

/// Whether there is nothing to ask: systemd is installed but does not run.
pub(super) fn offline(cx: &Context<'_>) -> Result<bool> {
    if cx.exec.contains("service.offline") {
        cx.call("service.offline", args![])
    } else {
        Ok(false)
    }
}

/// The outcome where nothing can be done for want of a running systemd.
pub(super) fn offline_outcome() -> Outcome {
    Outcome::new(Some(true), "Running in OFFLINE mode. Nothing to do")
}

/// Looks at a service; `None` if there is none of that name.
pub(super) fn look(cx: &Context<'_>, name: &str, sig: Option<&Value>) -> Result<Option<Seen>> {
    if !cx.call::<bool>("service.available", args![name])? {
        return Ok(None);
    }
    Ok(Some(Seen { running: running(cx, name, sig)?, enabled: enabled(cx, name)? }))
}

/// Whether it runs.
pub(super) fn running(cx: &Context<'_>, name: &str, sig: Option<&Value>) -> Result<bool> {
    let mut args = args![name];
    if let Some(sig) = sig {
        args.positional.push(sig.clone());
    }
    Ok(cx.call::<Value>("service.status", args)?.truthy())
}

/// Whether it starts at boot; a provider that cannot tell counts as yes.
pub(super) fn enabled(cx: &Context<'_>, name: &str) -> Result<bool> {
    if !cx.exec.contains("service.enabled") {
        return Ok(true);
    }
    Ok(cx.call::<Value>("service.enabled", args![name])?.truthy())
}

/// Whether `enable` asks for a change of what happens at boot.
pub(super) fn boot_change(enable: Option<bool>, seen: &Seen) -> bool {
    enable.is_some_and(|wanted| wanted != seen.enabled)
}

/// The comment on what happens at boot. `state` is what the service does now: `Some(true)` it
/// runs, `Some(false)` it is dead, `None` it is as wanted.
fn boot_comment(name: &str, wanted: bool, state: Option<bool>, already: bool) -> String {
    let word = if wanted { "enabled" } else { "disabled" };
    let verb = if already { format!("is already {word}") } else { format!("has been {word}") };
    let now = match state {
        Some(true) => "is running",
        Some(false) => "is dead",
        None => "is in the desired state",
    };
    format!("Service {name} {verb}, and {now}")
}

/// What test mode says of a change at boot.
pub(super) fn boot_would(name: &str, wanted: bool) -> Outcome {
    let word = if wanted { "enabled" } else { "disabled" };
    Outcome::new(None, format!("Service {name} set to be {word}"))
}

/// Enables or disables, and merges what came of it into `outcome`, whose result stays the better
/// knowledge of whether the service itself is as wanted.
pub(super) fn settle_boot(
    apply: &Apply<'_>,
    name: &str,
    wanted: bool,
    state: Option<bool>,
    outcome: &mut Outcome,
) -> Result<()> {
    if enabled(apply.cx, name)? == wanted {
        outcome.comment = boot_comment(name, wanted, state, true);
        return Ok(());
    }
    let fun = if wanted { "service.enable" } else { "service.disable" };
    match apply.call::<Value>(fun, args![name]) {
        Ok(done) if done.truthy() => {
            outcome.comment = boot_comment(name, wanted, state, false);
            outcome.changes = map! {name => true};
        }
        failed => {
            let (what, joined) = match state {
                Some(true) => ("", "but the service is running"),
                None => ("", "but the service was already running"),
                Some(false) => ("", "and the service is dead"),
            };
            let goal = if wanted { "start at boot" } else { "not start at boot" };
            outcome.result = Some(false);
            outcome.comment =
                format!("Failed when setting service {name} to {goal},{what} {joined}");
            if let Err(error) = failed {
                outcome.comment.push_str(&format!(". Additional information follows:\n\n{error}"));
            }
        }
    }
    Ok(())
}

/// The options that a provider's function knows, out of those given to the state.
pub(super) fn known(cx: &Context<'_>, fun: &str, options: &Map) -> Args {
    let takes = |name: &str| {
        let spec = cx.exec.get(fun).map(|entry| entry.spec).ok();
        spec.is_some_and(|spec| spec.params.iter().any(|param| param.name == name))
    };
    let pass = ["no_block", "unmask", "unmask_runtime"];
    let named = options
        .iter()
        .filter(|(key, _)| key.as_str().is_some_and(|key| pass.contains(&key) && takes(key)));
    Args::named(named.map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// The common mistake of writing `enabled` for `enable`.
pub(super) fn wrong_option(name: &str, options: &Map) -> Option<String> {
    options.contains_key("enabled").then(|| {
        format!(
            "Service {name} uses non-existent option \"enabled\".  Perhaps \"enable\" option was \
             intended?"
        )
    })
}

/// `enable` as it is meant: text counts as Salt reads it.
pub(super) fn truth(enable: Option<&Value>) -> Option<bool> {
    match enable {
        None | Some(Value::Null) => None,
        Some(Value::Str(text)) => Some(text.eq_ignore_ascii_case("true")),
        Some(other) => Some(other.truthy()),
    }
}
