//! `pkg.latest` and `pkg.uptodate`.

use halite_core::{
    Args, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

use super::shared::{Desired, desired, installable, installed_list, refresh_wanted};

/// The module.
pub static MODULE: StateModule = StateModule::new("pkg", &[&LATEST, &UPTODATE]);

/// Most names in a comment before it becomes a count.
const NAMES_MAX: usize = 10;

/// Sees to it that packages are installed in the newest version there is.
#[state]
pub(super) fn latest<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(None)] refresh: Option<Value>,
    #[default(None)] fromrepo: Option<String>,
    #[default(false)] skip_verify: bool,
    #[default(None)] pkgs: Option<Value>,
    #[kwargs] options: Map,
) -> Result<Verdict<'a>> {
    let wanted = desired(&name, None, pkgs.as_ref(), None);
    if wanted.is_empty() {
        return Ok(Verdict::correct("No packages to install provided"));
    }
    let current = installed_list(cx)?;
    let (mut targets, mut problems) = (Vec::new(), Vec::new());
    for want in &wanted {
        let newest: Value = cx.call("pkg.latest_version", args![want.name.as_str()])?;
        if newest.truthy() {
            targets.push(want.clone());
        } else if !current.contains_key(want.name.as_str()) {
            problems.push(format!("No information found for '{}'.", want.name));
        }
    }
    if !problems.is_empty() {
        return Ok(Verdict::fail(problems.join(" ")));
    }
    if targets.is_empty() {
        return Ok(Verdict::correct(all_current(&wanted)));
    }
    let names = sorted(&targets);
    let comment = format!("The following packages would be installed/upgraded: {names}");
    let would = Outcome::would(comment, installable(cx, &targets, &current)?);
    let mut named = options;
    let items: Vec<Value> = targets.iter().map(Desired::item).collect();
    named.insert("pkgs".into(), items.into());
    named.insert("refresh".into(), refresh_wanted(refresh.as_ref()).into());
    named.insert("skip_verify".into(), skip_verify.into());
    if let Some(release) = fromrepo {
        named.insert("fromrepo".into(), release.into());
    }
    Ok(Verdict::change(would, move |apply| {
        let changes: Map = match apply.call("pkg.install", Args::named(named)) {
            Ok(changes) => changes,
            Err(error) => {
                let what = format!("An error was encountered while installing package(s): {error}");
                return Ok(Outcome::failed(what, Map::new()));
            }
        };
        let (good, bad): (Vec<Desired>, Vec<Desired>) =
            targets.into_iter().partition(|target| changes.contains_key(target.name.as_str()));
        let mut lines = Vec::new();
        if !bad.is_empty() {
            lines.push(format!("The following packages failed to update: {}", sorted(&bad)));
        }
        if !good.is_empty() {
            let names = sorted(&good);
            lines.push(format!(
                "The following packages were successfully installed/upgraded: {names}"
            ));
        }
        let comment = lines.join(" ");
        Ok(if bad.is_empty() {
            Outcome::done(comment, changes)
        } else {
            Outcome::failed(comment, changes)
        })
    }))
}

fn sorted(list: &[Desired]) -> String {
    let mut names: Vec<&str> = list.iter().map(|item| item.name.as_str()).collect();
    names.sort_unstable();
    names.join(", ")
}

fn all_current(wanted: &[Desired]) -> String {
    match wanted {
        [one] => format!("Package {} is already up-to-date", one.name),
        many if many.len() > NAMES_MAX => format!("All {} packages are up-to-date.", many.len()),
        many => format!("All packages are up-to-date ({}).", sorted(many)),
    }
}

/// Sees to it that every package is in the newest version there is.
#[state]
fn uptodate<'a>(
    cx: &Context<'a>,
    _name: String,
    #[default(false)] refresh: bool,
    #[default(None)] pkgs: Option<Value>,
    #[kwargs] options: Map,
) -> Result<Verdict<'a>> {
    let upgrades: Map = cx.call("pkg.list_upgrades", args![; refresh = false])?;
    let chosen = pkgs.as_ref().and_then(Value::as_list);
    let chosen = |name: &Value| chosen.is_none_or(|list| list.contains(name));
    let current = installed_list(cx)?;
    let predicted: Map = upgrades
        .iter()
        .filter(|(name, _)| chosen(name))
        .map(|(name, new)| {
            let old = current.get(name).cloned().unwrap_or_else(|| "".into());
            (name.clone(), map! {"new" => new.clone(), "old" => old}.into())
        })
        .collect();
    if predicted.is_empty() {
        return Ok(Verdict::correct("System is already up-to-date"));
    }
    let would = Outcome::would("System update will be performed", predicted);
    Ok(Verdict::change(would, move |apply| {
        let mut named = options;
        named.insert("refresh".into(), refresh.into());
        match apply.call::<Map>("pkg.upgrade", Args::named(named)) {
            Ok(changes) => Ok(Outcome::done("Upgrade ran successfully", changes)),
            Err(error) => Ok(Outcome::failed(error.to_string(), Map::new())),
        }
    }))
}
