//! `environ`: variables of the environment that later commands of the run see.

use halite_core::{
    Changes, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, state,
};

/// The module.
pub static MODULE: StateModule = StateModule::new("environ", &[&SETENV]);

/// What a variable is now: as the job has set it, else as the process has it.
fn current(cx: &Context<'_>, name: &str) -> Option<String> {
    match cx.job.env().get(name) {
        Some(set) => set.clone(),
        None => cx.host.env(name),
    }
}

/// What setting these variables changes. `False` empties a variable, or unsets it.
fn changes(cx: &Context<'_>, wanted: &Map, false_unsets: bool) -> Changes {
    let mut changes = Changes::new();
    for (name, value) in wanted {
        let now = current(cx, &name.to_string());
        if value.as_bool() == Some(false) {
            match now.as_deref() {
                Some(_) if false_unsets => drop(changes.insert(name.clone(), Value::Null)),
                now if !false_unsets && now != Some("") => {
                    drop(changes.insert(name.clone(), "".into()));
                }
                _ => {}
            }
        } else if value.as_str() != Some(&now.unwrap_or_default()) {
            // A number is never what the environment holds.
            changes.insert(name.clone(), value.clone());
        }
    }
    changes
}

/// Sets variables of the environment.
///
/// ```yaml
/// does_not_matter:
///   environ.setenv:
///     - value:
///         foo: bar
///         baz: quux
/// ```
#[state]
fn setenv<'a>(
    cx: &Context<'a>,
    /// The variable, if `value` is not a mapping.
    name: String,
    /// The value, a mapping of several, or false.
    value: Value,
    /// Whether false unsets a variable instead of emptying it.
    #[default(false)]
    false_unsets: bool,
    /// Whether all other variables are to go.
    #[default(false)]
    clear_all: bool,
    #[default(Value::Bool(false))] update_minion: Value,
    #[default(Value::Bool(false))] permanent: Value,
) -> Result<Verdict<'a>> {
    let wanted = match &value {
        Value::Str(_) | Value::Bool(false) => {
            let mut one = Map::new();
            one.insert(name.into(), value.clone());
            one
        }
        Value::Map(map) => (**map).clone(),
        _ => return Ok(Verdict::fail("Environ value must be string, dict or False")),
    };
    let mut predicted = changes(cx, &wanted, false_unsets);
    if clear_all {
        let gone = if false_unsets { Value::Null } else { "".into() };
        let set: Map = cx.call("environ.items", args![])?;
        for key in set.into_keys().filter(|key| !wanted.contains_key(key)) {
            predicted.entry(key).or_insert_with(|| gone.clone());
        }
    }
    if predicted.is_empty() {
        let would = "Environ values are already set with the correct values";
        return Ok(Verdict::change(Outcome::new(Some(true), would), |_| {
            let comment = "Environ values were already set with the correct values";
            Ok(Outcome::new(Some(true), comment))
        }));
    }
    // Salt says True here, not None.
    let failing = predicted.clone();
    let would = Outcome::done("Environ values will be changed", predicted);
    Ok(Verdict::change(would, move |apply| {
        // Salt gives up at the first value that is neither text nor False.
        if wanted.values().any(|value| value.as_str().is_none() && value.as_bool() != Some(false)) {
            return Ok(Outcome::failed("Failed to set environ variables", failing));
        }
        let args = args![wanted, false_unsets, clear_all, update_minion, permanent];
        let set = apply.call_value("environ.setenv", args)?;
        match set.as_map() {
            Some(changes) => Ok(Outcome::done("Environ values were set", changes.clone())),
            None => Ok(Outcome::new(Some(false), "Failed to set environ variables")),
        }
    }))
}
