//! `pkg.removed` and `pkg.purged`.

use halite_core::{
    Args, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

use super::shared::{Desired, desired, installed_list};

/// The module.
pub static MODULE: StateModule = StateModule::new("pkg", &[&REMOVED, &PURGED]);

/// Sees to it that packages are not installed; their configuration files stay.
#[state]
pub(super) fn removed<'a>(
    cx: &Context<'a>,
    name: String,
    /// Remove only this version.
    #[default(None)]
    version: Option<String>,
    #[default(None)] pkgs: Option<Value>,
    #[kwargs] _rest: Map,
) -> Result<Verdict<'a>> {
    uninstall(cx, "remove", name, version, pkgs)
}

/// Sees to it that packages are not installed, and that nothing of their configuration is left.
#[state]
pub(super) fn purged<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(None)] version: Option<String>,
    #[default(None)] pkgs: Option<Value>,
    #[kwargs] _rest: Map,
) -> Result<Verdict<'a>> {
    uninstall(cx, "purge", name, version, pkgs)
}

fn uninstall<'a>(
    cx: &Context<'a>,
    action: &'static str,
    name: String,
    version: Option<String>,
    pkgs: Option<Value>,
) -> Result<Verdict<'a>> {
    let wanted = desired(&name, version.as_deref(), pkgs.as_ref(), None);
    let list = installed_list(cx)?;
    let left: Map = match action {
        "purge" => cx.call("pkg.list_pkgs", args![; removed = true])?,
        _ => Map::new(),
    };
    let there = |want: &Desired, list: &Map| -> Vec<String> {
        let known = list.iter().filter(|(known, have)| {
            let fits = want.version.as_ref().is_none_or(|version| have.as_str() == Some(version));
            fits && known
                .as_str()
                .is_some_and(|known| halite_core::glob::fnmatch(known, &want.name))
        });
        known.map(|(name, _)| name.to_string()).collect()
    };
    let mut targets: Vec<String> =
        wanted.iter().flat_map(|want| [there(want, &list), there(want, &left)]).flatten().collect();
    targets.sort();
    targets.dedup();
    if targets.is_empty() {
        return Ok(Verdict::correct(match (action, version.is_some()) {
            ("purge", _) => "None of the targeted packages are installed or partially installed",
            (_, true) => "All specified packages are not installed in the targeted version",
            (_, false) => "All specified packages are already absent",
        }));
    }
    let predicted = targets.iter().map(|target| {
        (Value::from(target.as_str()), map! {"new" => format!("{action}d"), "old" => ""}.into())
    });
    let comment = format!("The following packages will be {action}d: {}.", targets.join(", "));
    let would = Outcome::would(comment, predicted.collect());
    Ok(Verdict::change(would, move |apply| {
        let named = map! {"pkgs" => targets.clone()};
        let fun = if action == "purge" { "pkg.purge" } else { "pkg.remove" };
        let changes: Map = match apply.call(fun, Args::named(named)) {
            Ok(changes) => changes,
            Err(error) => return Ok(Outcome::failed(error.to_string(), Map::new())),
        };
        let list = installed_list(apply.cx)?;
        let failed: Vec<&str> =
            targets.iter().map(String::as_str).filter(|name| list.contains_key(*name)).collect();
        if !failed.is_empty() {
            let what = format!("The following packages failed to {action}: {}.", failed.join(", "));
            return Ok(Outcome::failed(what, changes));
        }
        let mut absent: Vec<&str> = wanted.iter().map(|want| want.name.as_str()).collect();
        absent
            .retain(|name| !targets.iter().any(|target| halite_core::glob::fnmatch(target, name)));
        absent.sort_unstable();
        let comment = if absent.is_empty() {
            format!("All targeted packages were {action}d.")
        } else {
            let gone = targets.join(", ");
            let absent = absent.join(", ");
            format!(
                "The following packages were not installed: {absent} The following packages were {action}d: {gone}."
            )
        };
        Ok(Outcome::done(comment, changes))
    }))
}
