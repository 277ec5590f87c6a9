//! `reg`: keeps fields of events in registers. Salt: `salt/thorium/reg.py` behaviour.

use halite_core::{Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, state};

use crate::autosign::Expr;
use crate::thorium::Thorium;
use crate::thorium::order::number;

/// The module.
pub static MODULE: StateModule = StateModule::new("reg", &[&SET, &LIST, &MEAN, &CLEAR, &DELETE]);

/// Keeps each value of a field once.
///
/// ```yaml
/// seen_minions:
///   reg.set:
///     - add: id
///     - match: 'my/login'
/// ```
#[state]
fn set_<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// The field.
    add: String,
    /// The tag: a glob or a regular expression.
    match_: String,
) -> Result<Verdict<'a>> {
    let thorium = Thorium::of(cx)?;
    let would = Outcome::would(format!("Would keep {add}"), Map::new());
    Ok(Verdict::change(would, move |_| {
        let tags = Expr::new(&match_);
        let mut outcome = Outcome::new(Some(true), "");
        let mut registers = thorium.registers();
        registers.begin_set(&name)?;
        for event in thorium.events().iter().filter(|event| tags.matches(&event.tag)) {
            let value = match event.said().get(add.as_str()) {
                None | Some(Value::Null) => "None".into(),
                Some(Value::List(_) | Value::Map(_)) => {
                    let what = format!("the field {add} of {} is no single value", event.tag);
                    return Err(Error::execution(what));
                }
                Some(value) => value.clone(),
            };
            outcome.changes.insert(add.as_str().into(), value.clone());
            registers.add(&name, value);
        }
        Ok(outcome)
    }))
}

/// Keeps fields of each event, in the order in which they came.
///
/// ```yaml
/// failures:
///   reg.list:
///     - add: id,reason
///     - match: 'deploy/failed'
///     - stamp: True
///     - prune: 10
/// ```
#[state]
fn list_<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// The fields: a list, or one text with commas.
    add: Value,
    /// The tag: a glob or a regular expression.
    match_: String,
    /// Whether to keep the time of the event as `time`.
    #[default(false)]
    stamp: bool,
    /// How many are kept; 0 for all.
    #[default(0)]
    prune: i64,
) -> Result<Verdict<'a>> {
    let thorium = Thorium::of(cx)?;
    let fields: Vec<String> = match &add {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        one => one.to_string().split(',').map(str::to_owned).collect(),
    };
    let would = Outcome::would(format!("Would keep {}", fields.join(", ")), Map::new());
    Ok(Verdict::change(would, move |_| {
        let tags = Expr::new(&match_);
        let mut registers = thorium.registers();
        registers.begin_list(&name)?;
        for event in thorium.events().iter().filter(|event| tags.matches(&event.tag)) {
            let said = event.said();
            let mut item = Map::new();
            for field in &fields {
                let Some(value) = said.get(field.as_str()) else { continue };
                item.insert(field.as_str().into(), value.clone());
                if stamp {
                    let time = event.data().get("_stamp").cloned().unwrap_or_default();
                    item.insert("time".into(), time);
                }
            }
            registers.push(&name, item.into());
        }
        if let Ok(most @ 1..) = usize::try_from(prune) {
            registers.prune(&name, most);
        }
        Ok(Outcome::new(Some(true), ""))
    }))
}

/// Keeps the average of a field; what is no number is passed over.
///
/// ```yaml
/// mean_load:
///   reg.mean:
///     - add: load
///     - match: 'my/load'
/// ```
#[state]
fn mean<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// The field.
    add: String,
    /// The tag: a glob or a regular expression.
    match_: String,
) -> Result<Verdict<'a>> {
    let thorium = Thorium::of(cx)?;
    let would = Outcome::would(format!("Would take {add} into the average"), Map::new());
    Ok(Verdict::change(would, move |_| {
        let tags = Expr::new(&match_);
        let mut registers = thorium.registers();
        registers.begin_mean(&name)?;
        for event in thorium.events().iter().filter(|event| tags.matches(&event.tag)) {
            let said = event.said();
            let value = match said.get(add.as_str()) {
                Some(Value::Str(text)) => match text.trim().parse::<f64>() {
                    Ok(float) => float.into(),
                    Err(_) => continue,
                },
                Some(value) if number(value).is_some_and(f64::is_finite) => value.clone(),
                _ => continue,
            };
            registers.average(&name, &value);
        }
        Ok(Outcome::new(Some(true), ""))
    }))
}

/// Empties a register.
///
/// ```yaml
/// failures:
///   reg.clear
/// ```
#[state]
fn clear<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
) -> Result<Verdict<'a>> {
    let thorium = Thorium::of(cx)?;
    Ok(Verdict::change(Outcome::would("Would be emptied", Map::new()), move |_| {
        thorium.registers().clear(&name);
        Ok(Outcome::new(Some(true), ""))
    }))
}

/// Removes a register.
///
/// ```yaml
/// failures:
///   reg.delete
/// ```
#[state]
fn delete<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
) -> Result<Verdict<'a>> {
    let thorium = Thorium::of(cx)?;
    Ok(Verdict::change(Outcome::would("Would be removed", Map::new()), move |_| {
        thorium.registers().delete(&name);
        Ok(Outcome::new(Some(true), ""))
    }))
}
