//! `alternatives`: which program a name in `/etc/alternatives` stands for. Salt: `salt/states/alternatives.py` as of 3007;
//! 3008 has given it away to an extension.

use halite_core::{
    Apply, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

/// The module.
pub static MODULE: StateModule =
    StateModule::new("alternatives", &[&INSTALL, &REMOVE, &AUTO, &SET]);

/// The return also tells the arguments.
fn telling(outcome: Outcome, given: &Map) -> Outcome {
    given.iter().fold(outcome, |outcome, (key, value)| {
        outcome.with(key.as_str().unwrap_or_default(), value.clone())
    })
}

fn current(cx: &Context<'_>, name: &str) -> Result<Option<String>> {
    let shown: Value = cx.call("alternatives.show_current", args![name])?;
    Ok(shown.as_str().map(str::to_owned))
}

/// Sees to it that a path is one of the choices of an alternative.
///
/// ```yaml
/// editor:
///   alternatives.install:
///     - link: /usr/bin/editor
///     - path: /usr/bin/nano
///     - priority: 50
/// ```
#[state]
fn install<'a>(
    cx: &Context<'a>,
    name: String,
    /// The link that leads into `/etc/alternatives`.
    link: Value,
    /// The choice.
    path: Value,
    /// The highest is taken while nobody has chosen.
    priority: Value,
) -> Result<Verdict<'a>> {
    let given = map! {
        "link" => link.clone(), "path" => path.clone(), "priority" => priority.clone(),
    };
    let exists = args![name.as_str(), path.to_string()];
    if cx.call::<bool>("alternatives.check_exists", exists.clone())? {
        let comment = format!("Alternative {path} for {name} is already registered");
        return Ok(Verdict::Settled(telling(Outcome::new(Some(true), comment), &given)));
    }
    let would = format!("Alternative will be set for {name} to {path} with priority {priority}");
    Ok(Verdict::change(telling(Outcome::new(None, would), &given), move |apply| {
        let words = args![name.as_str(), link.to_string(), path.to_string(), priority.clone()];
        let out: String = apply.call("alternatives.install", words)?;
        if !apply.call::<bool>("alternatives.check_exists", exists.clone())? {
            let comment = format!("Alternative for {name} not installed: {out}");
            return Ok(telling(Outcome::new(Some(false), comment), &given));
        }
        let comment = match apply.call::<bool>("alternatives.check_installed", exists)? {
            true => format!("Alternative for {name} set to path {path} with priority {priority}"),
            false => format!(
                "Alternative {path} for {name} registered with priority {priority} and not set to default"
            ),
        };
        let mut changes = map! {"name" => name.as_str()};
        changes.extend(given.clone());
        Ok(telling(Outcome::done(comment, changes), &given))
    }))
}

/// Sees to it that a path is not one of the choices of an alternative.
#[state]
fn remove<'a>(cx: &Context<'a>, name: String, path: String) -> Result<Verdict<'a>> {
    let given = map! {"path" => path.as_str()};
    let words = args![name.as_str(), path.as_str()];
    if !cx.call::<bool>("alternatives.check_exists", words.clone())? {
        let outcome = match current(cx, &name)? {
            Some(now) => {
                let comment = format!("Alternative for {name} is set to it's default path {now}");
                Outcome::new(Some(true), comment)
            }
            None => Outcome::new(Some(false), format!("Alternative for {name} doesn't exist")),
        };
        return Ok(Verdict::Settled(telling(outcome, &given)));
    }
    let would = Outcome::new(None, format!("Alternative for {name} will be removed"));
    Ok(Verdict::change(telling(would, &given), move |apply| {
        apply.call_value("alternatives.remove", words)?;
        let outcome = match current(apply, &name)? {
            Some(now) => {
                let comment = format!("Alternative for {name} removed. Falling back to path {now}");
                Outcome::done(comment, map! {"path" => now})
            }
            None => Outcome::new(Some(true), format!("Alternative for {name} removed")),
        };
        Ok(telling(outcome, &given))
    }))
}

/// Sees to it that the priorities decide.
#[state]
fn auto<'a>(cx: &Context<'a>, name: String) -> Result<Verdict<'a>> {
    let shown: String = cx.call("alternatives.display", args![name.as_str()])?;
    if shown.lines().next().is_some_and(|line| line.ends_with(" auto mode")) {
        return Ok(Verdict::correct(format!("{name} already in auto mode")));
    }
    let would = Outcome::new(None, format!("{name} will be put in auto mode"));
    Ok(Verdict::change(would, move |apply| {
        let said = apply.call_value("alternatives.auto", args![name])?;
        Ok(Outcome::done("", map! {"result" => said}))
    }))
}

fn chosen(apply: &Apply<'_>, name: &str, path: &str) -> Result<Outcome> {
    apply.call_value("alternatives.set", args![name, path])?;
    Ok(match current(apply, name)? {
        Some(now) if now == path => {
            let comment = format!("Alternative for {name} set to path {now}");
            Outcome::done(comment, map! {"path" => now})
        }
        _ => Outcome::new(Some(true), format!("Alternative for {name} not updated")),
    })
}

/// Sees to it that an alternative leads to a path.
///
/// ```yaml
/// editor:
///   alternatives.set:
///     - path: /usr/bin/vim.basic
/// ```
#[state]
fn set<'a>(cx: &Context<'a>, name: String, path: String) -> Result<Verdict<'a>> {
    let given = map! {"path" => path.as_str()};
    if current(cx, &name)?.as_deref() == Some(&path) {
        let comment = format!("Alternative for {name} already set to {path}");
        return Ok(Verdict::Settled(telling(Outcome::new(Some(true), comment), &given)));
    }
    let shown: String = cx.call("alternatives.display", args![name.as_str()])?;
    if !shown.lines().any(|line| line.starts_with(&path)) {
        let comment = format!("Alternative {path} for {name} doesn't exist");
        return Ok(Verdict::Settled(telling(Outcome::new(Some(false), comment), &given)));
    }
    let would = Outcome::new(None, format!("Alternative for {name} will be set to path {path}"));
    Ok(Verdict::change(telling(would, &given), move |apply| {
        Ok(telling(chosen(apply, &name, &path)?, &given))
    }))
}
