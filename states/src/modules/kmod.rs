//! `kmod`: modules of the kernel. Salt: `salt/states/kmod.py` behaviour.

use halite_core::{Apply, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, state};

use crate::support::texts;

/// The module.
pub static MODULE: StateModule = StateModule::new("kmod", &[&PRESENT, &ABSENT]);

fn wanted(name: String, mods: &Option<Value>) -> Vec<String> {
    match mods {
        Some(list @ Value::List(_)) => texts(list),
        _ => vec![name],
    }
}

fn names(cx: &Context<'_>, persist: bool) -> Result<Vec<String>> {
    cx.call("kmod.mod_list", args![persist])
}

/// `one` with a single name, `many` with several; nothing with none.
fn line(mods: &[String], one: &str, many: &str) -> Option<String> {
    match mods {
        [] => None,
        [single] => Some(one.replace("{}", single)),
        several => Some(many.replace("{}", &several.join(", "))),
    }
}

/// Calls a function for each module; what changed, and the lines for the user.
fn each(
    apply: &Apply<'_>,
    mods: &[String],
    (fun, done, verb, failing): (&str, &str, &str, &str),
    args_of: impl Fn(&str) -> halite_core::Args,
) -> Result<(Map, Vec<String>, bool)> {
    let (mut changes, mut fine) = (Map::new(), true);
    let (mut yes, mut no, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for name in mods {
        if changes.contains_key(name.as_str()) {
            yes.push(name.clone());
            continue;
        }
        match apply.call_value(fun, args_of(name))? {
            Value::List(moved) if moved.is_empty() => {
                fine = false;
                no.push(name.clone());
            }
            Value::List(moved) => {
                moved.iter().for_each(|module| drop(changes.insert(module.clone(), done.into())));
                yes.push(name.clone());
            }
            said => {
                fine = false;
                failed.push(format!("Failed to {failing} kernel module {name}: {said}"));
            }
        }
    }
    let mut lines = Vec::new();
    let (one, many) = (format!("{verb} kernel module {{}}"), format!("{verb} kernel modules {{}}"));
    lines.extend(line(&yes, &one, &many));
    let one = format!("Failed to {failing} kernel module {{}}");
    let many = format!("Failed to {failing} kernel modules {{}}");
    lines.extend(line(&no, &one, &many));
    lines.extend(failed);
    Ok((changes, lines, fine))
}

/// Sees to it that modules are loaded.
#[state]
fn present<'a>(
    cx: &Context<'a>,
    name: String,
    /// Also at each start.
    #[default(false)]
    persist: bool,
    /// Several modules in place of the name.
    #[default(None)]
    mods: Option<Value>,
) -> Result<Verdict<'a>> {
    let mods = wanted(name, &mods);
    let mut held = names(cx, false)?;
    if persist {
        let kept = names(cx, true)?;
        held.retain(|name| kept.contains(name));
    }
    let (there, missing): (Vec<String>, Vec<String>) =
        mods.into_iter().partition(|name| held.contains(name));
    let already = line(
        &there,
        "Kernel module {} is already present",
        "Kernel modules {} are already present",
    );
    if missing.is_empty() {
        return Ok(Verdict::correct(already.unwrap_or_default()));
    }
    let set = line(
        &missing,
        "Kernel module {} is set to be loaded",
        "Kernel modules {} are set to be loaded",
    );
    let would: Vec<String> = already.iter().cloned().chain(set).collect();
    Ok(Verdict::change(Outcome::new(None, would.join("\n")), move |apply| {
        let all: Vec<String> = apply.call("kmod.available", args![])?;
        let (loadable, unknown): (Vec<String>, Vec<String>) =
            missing.into_iter().partition(|name| all.contains(name));
        let mut said: Vec<String> = already.into_iter().collect();
        said.extend(line(
            &unknown,
            "Kernel module {} is unavailable",
            "Kernel modules {} are unavailable",
        ));
        let words = ("kmod.load", "loaded", "Loaded", "load");
        let (changes, lines, fine) = each(apply, &loadable, words, |name| args![name, persist])?;
        said.extend(lines);
        let result = Some(fine && unknown.is_empty());
        Ok(Outcome { result, comment: said.join("\n"), changes, ..Outcome::default() })
    }))
}

/// Sees to it that modules are not loaded.
#[state]
fn absent<'a>(
    cx: &Context<'a>,
    name: String,
    /// Also at each start.
    #[default(false)]
    persist: bool,
    /// Comment its line out in place of removing it.
    #[default(true)]
    comment: bool,
    /// Several modules in place of the name.
    #[default(None)]
    mods: Option<Value>,
) -> Result<Verdict<'a>> {
    let mods = wanted(name, &mods);
    let mut held = names(cx, false)?;
    if persist {
        held.extend(names(cx, true)?);
    }
    let gone =
        line(&mods, "Kernel module {} is already removed", "Kernel modules {} are already removed");
    let there: Vec<String> = mods.into_iter().filter(|name| held.contains(name)).collect();
    let Some(would) = line(
        &there,
        "Kernel module {} is set to be removed",
        "Kernel modules {} are set to be removed",
    ) else {
        return Ok(Verdict::correct(gone.unwrap_or_default()));
    };
    Ok(Verdict::change(Outcome::new(None, would), move |apply| {
        let words = ("kmod.remove", "removed", "Removed", "remove");
        let (changes, lines, fine) =
            each(apply, &there, words, |name| args![name, persist, comment])?;
        Ok(Outcome { result: Some(fine), comment: lines.join("\n"), changes, ..Outcome::default() })
    }))
}
