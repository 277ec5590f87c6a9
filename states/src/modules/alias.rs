//! `alias`: who receives the mail of a name. Salt: `salt/states/alias.py` behaviour.

use halite_core::{Context, Outcome, Result, StateModule, Value, Verdict, args, map, state};

/// The module.
pub static MODULE: StateModule = StateModule::new("alias", &[&PRESENT, &ABSENT]);

/// Sees to it that a mail alias leads to a target.
///
/// ```yaml
/// root:
///   alias.present:
///     - target: admin@example.com
/// ```
#[state]
fn present<'a>(
    cx: &Context<'a>,
    name: String,
    /// An address, or a list of them.
    target: Value,
) -> Result<Verdict<'a>> {
    if cx.call::<bool>("aliases.has_target", args![name.as_str(), target.clone()])? {
        return Ok(Verdict::correct(format!("Alias {name} already present")));
    }
    let would = Outcome::new(None, format!("Alias {name} -> {target} is set to be added"));
    Ok(Verdict::change(would, move |apply| {
        Ok(match apply.call("aliases.set_target", args![name.as_str(), target.clone()])? {
            true => Outcome::done(
                format!("Set email alias {name} -> {target}"),
                map! {"alias" => name.as_str()},
            ),
            false => Outcome::new(Some(false), format!("Failed to set alias {name} -> {target}")),
        })
    }))
}

/// Sees to it that there is no such mail alias.
#[state]
fn absent<'a>(cx: &Context<'a>, name: String) -> Result<Verdict<'a>> {
    if cx.call::<String>("aliases.get_target", args![name.as_str()])?.is_empty() {
        return Ok(Verdict::correct(format!("Alias {name} already absent")));
    }
    let would = Outcome::new(None, format!("Alias {name} is set to be removed"));
    Ok(Verdict::change(would, move |apply| {
        Ok(match apply.call("aliases.rm_alias", args![name.as_str()])? {
            true => Outcome::done(format!("Removed alias {name}"), map! {"alias" => name.as_str()}),
            false => Outcome::new(Some(false), format!("Failed to remove alias {name}")),
        })
    }))
}
