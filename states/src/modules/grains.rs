//! `grains`: static grains. Salt: `salt/states/grains.py` behaviour.

use halite_core::value::DELIMITER;
use halite_core::{Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state};

/// The module.
pub static MODULE: StateModule =
    StateModule::new("grains", &[&EXISTS, &PRESENT, &LIST_PRESENT, &LIST_ABSENT, &ABSENT, &APPEND]);

/// The note of values that list states of this run have promised. Salt: `__context__["pending_grains"]`.
const PENDING: &str = "grains.pending";

/// The name with the usual delimiter, and the grain's value if there is one.
fn look(cx: &Context<'_>, name: &str, delimiter: &str) -> Result<(String, Option<Value>)> {
    let name = match delimiter {
        "" | DELIMITER => name.to_owned(),
        other => name.replace(other, DELIMITER),
    };
    // A grain that is None is told from one that is not there by asking with two defaults.
    let ask =
        |default: Value| -> Result<Value> { cx.call("grains.get", args![name.as_str(), default]) };
    let first = ask(Value::from(false))?;
    let there = first != Value::from(false) || ask(Value::from(true))? == Value::from(false);
    Ok((name, there.then_some(first)))
}

/// Sees whether a grain exists.
#[state]
fn exists<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(":".into())] delimiter: String,
) -> Result<Verdict<'a>> {
    let (name, held) = look(cx, &name, &delimiter)?;
    let outcome = match held {
        Some(_) => Outcome::new(Some(true), "Grain exists"),
        None => Outcome::new(Some(false), "Grain does not exist"),
    };
    Ok(Verdict::Settled(outcome.with("name", name)))
}

/// What `grains.set` said, as an outcome.
fn set_outcome(said: &Map, name: &str) -> Outcome {
    Outcome {
        result: said.get("result").and_then(Value::as_bool),
        comment: said.get("comment").map(Value::to_string).unwrap_or_default(),
        changes: said.get("changes").and_then(Value::as_map).cloned().unwrap_or_default(),
        ..Outcome::default()
    }
    .with("name", name)
}

/// Sees to it that a grain has a value.
#[state]
fn present<'a>(
    cx: &Context<'a>,
    /// The grain, or a path to a nested one.
    name: String,
    value: Value,
    #[default(":".into())] delimiter: String,
    /// Replace lists and maps.
    #[default(false)]
    force: bool,
) -> Result<Verdict<'a>> {
    let (name, held) = look(cx, &name, &delimiter)?;
    if held.as_ref() == Some(&value) {
        return Ok(Verdict::Settled(
            Outcome::new(Some(true), "Grain is already set").with("name", name),
        ));
    }
    let would = match held {
        None => Outcome::would(
            format!("Grain {name} is set to be added"),
            map! {"new" => name.as_str()},
        ),
        Some(_) => Outcome::would(
            format!("Grain {name} is set to be changed"),
            map! {"changed" => map!{name.as_str() => value.clone()}},
        ),
    };
    Ok(Verdict::change(would.with("name", name.as_str()), move |apply| {
        let said: Map =
            apply.call("grains.set", args![name.as_str(), value.clone(); force = force])?;
        let mut outcome = set_outcome(&said, &name);
        if outcome.result == Some(true) && !outcome.changes.is_empty() {
            outcome.comment = format!("Set grain {name} to {value}");
        }
        Ok(outcome)
    }))
}

/// Sees to it that a grain is gone, or `None`.
#[state]
fn absent<'a>(
    cx: &Context<'a>,
    name: String,
    /// Remove the grain itself, not only its value.
    #[default(false)]
    destructive: bool,
    #[default(":".into())] delimiter: String,
    /// Also if it is a list or a map.
    #[default(false)]
    force: bool,
) -> Result<Verdict<'a>> {
    let (name, held) = look(cx, &name, &delimiter)?;
    let Some(held) = held else {
        let comment = format!("Grain {name} does not exist");
        return Ok(Verdict::Settled(Outcome::new(Some(true), comment).with("name", name)));
    };
    let deleted = map! {"deleted" => name.as_str()};
    let emptied = map! {"grain" => name.as_str(), "value" => Value::Null};
    let would = match (destructive, held.is_null()) {
        (true, _) => Outcome::would(format!("Grain {name} is set to be deleted"), deleted.clone()),
        (false, true) => Outcome::new(None, ""),
        (false, false) => {
            let comment = format!("Value for grain {name} is set to be deleted (None)");
            Outcome::would(comment, emptied.clone())
        }
    };
    Ok(Verdict::change(would.with("name", name.as_str()), move |apply| {
        let call = args![name.as_str(), Value::Null; destructive = destructive, force = force];
        let said: Map = apply.call("grains.set", call)?;
        let mut outcome = set_outcome(&said, &name);
        if outcome.result == Some(true) {
            match (destructive, held.is_null()) {
                (true, _) => {
                    outcome.comment = format!("Grain {name} was deleted");
                    outcome.changes = deleted;
                }
                (false, true) => {}
                (false, false) => {
                    outcome.comment = format!("Value for grain {name} was set to None");
                    outcome.changes = emptied;
                }
            }
        }
        Ok(outcome)
    }))
}

/// Appends a value to a grain that is a list.
#[state]
fn append<'a>(
    cx: &Context<'a>,
    name: String,
    value: Value,
    /// Make a list of a grain that is none.
    #[default(false)]
    convert: bool,
    #[default(":".into())] delimiter: String,
) -> Result<Verdict<'a>> {
    let (name, held) = look(cx, &name, &delimiter)?;
    let named = {
        let name = name.clone();
        move |outcome: Outcome| outcome.with("name", name.as_str())
    };
    let settled = |result: bool, comment: String| {
        Ok(Verdict::Settled(named(Outcome::new(Some(result), comment))))
    };
    let known = held.as_ref().is_some_and(Value::truthy) || cx.grains.contains_key(name.as_str());
    if !known {
        return settled(false, format!("Grain {name} does not exist"));
    }
    let added = map! {"added" => value.clone()};
    let done = format!("Value {value} was added to grain {name}");
    match held {
        Some(Value::List(items)) => {
            if items.contains(&value) {
                return settled(
                    true,
                    format!("Value {value} is already in the list for grain {name}"),
                );
            }
            let would = format!("Value {value} in grain {name} is set to be added");
            Ok(Verdict::change(named(Outcome::would(would, added.clone())), move |apply| {
                apply.call_value("grains.append", args![name.as_str(), value])?;
                Ok(named(Outcome::done(done, added)))
            }))
        }
        single if convert => {
            let would = format!(
                "Grain {name} is set to be converted to list and value {value} will be added"
            );
            Ok(Verdict::change(named(Outcome::would(would, added.clone())), move |apply| {
                let mut items: Vec<Value> =
                    single.into_iter().filter(|held| !held.is_null()).collect();
                items.push(value);
                apply.call_value("grains.setval", args![name.as_str(), items])?;
                Ok(named(Outcome::done(done, added)))
            }))
        }
        _ => settled(false, format!("Grain {name} is not a valid list")),
    }
}

fn pending(cx: &Context<'_>, name: &str) -> Vec<Value> {
    let note = cx.job.note(PENDING);
    note.as_ref()
        .and_then(|note| note.get(name)?.as_list().map(<[Value]>::to_vec))
        .unwrap_or_default()
}

fn promise(cx: &Context<'_>, name: &str, values: &[Value]) {
    cx.job.change_note(PENDING, |note| {
        if !matches!(note, Value::Map(_)) {
            *note = Map::new().into();
        }
        let Some(note) = note.as_map_mut() else { return };
        let held = note.entry(name.into()).or_insert_with(|| Value::list([]));
        held.as_list_mut().into_iter().for_each(|held| held.extend(values.iter().cloned()));
    });
}

/// Sees to it that values are in a grain that is a list.
#[state]
fn list_present<'a>(
    cx: &Context<'a>,
    name: String,
    /// One value or a list of them.
    value: Value,
    #[default(":".into())] delimiter: String,
) -> Result<Verdict<'a>> {
    let (name, held) = look(cx, &name, &delimiter)?;
    let named = {
        let name = name.clone();
        move |outcome: Outcome| outcome.with("name", name.as_str())
    };
    let settled =
        |result: bool, text: String| Ok(Verdict::Settled(named(Outcome::new(Some(result), text))));
    let grain = held.filter(Value::truthy);
    let items = match &grain {
        None => None,
        Some(Value::List(items)) => Some(items.to_vec()),
        Some(_) => return settled(false, format!("Grain {name} is not a valid list")),
    };
    let promised = pending(cx, &name);
    let has = |wanted: &Value| {
        promised.contains(wanted) || items.as_ref().is_some_and(|items| items.contains(wanted))
    };
    let all: Vec<Value> = match &value {
        Value::List(list) => list.to_vec(),
        one => vec![one.clone()],
    };
    let (there, missing): (Vec<Value>, Vec<Value>) = all.into_iter().partition(has);
    if missing.is_empty() {
        return settled(
            true,
            match grain {
                Some(_) => format!("Value {value} is already in grain {name} (or pending)"),
                None => format!("Value {value} is already pending in grain {name}"),
            },
        );
    }
    promise(cx, &name, &missing);
    let several = matches!(value, Value::List(_));
    let value = if several { Value::from(missing.clone()) } else { value };
    let prefix = match (several && !there.is_empty(), &grain) {
        (false, _) => String::new(),
        (true, Some(_)) => format!(
            "Removed value {} from update due to value found in \"{name}\" (or pending).\n",
            Value::from(there)
        ),
        (true, None) => format!(
            "Removed value {} from update due to value already pending in \"{name}\".\n",
            Value::from(there)
        ),
    };
    let would = match &grain {
        Some(_) => format!("Value {value} is set to be appended to grain {name}"),
        None => format!("Grain {name} is set to be added"),
    };
    let shown = grain.unwrap_or_else(|| "".into());
    let predicted = named(Outcome::would(would, map! {"new" => shown}));
    Ok(Verdict::change(predicted, move |apply| {
        let new = apply.call_value("grains.append", args![name.as_str(), value.clone()])?;
        let now: Value = apply.call("grains.get", args![name.as_str(), Value::list([])])?;
        let now = now.as_list().unwrap_or_default();
        if !missing.iter().all(|wanted| now.contains(wanted)) {
            let comment = format!("Failed append value {value} to grain {name}");
            return Ok(named(Outcome::new(Some(false), comment)));
        }
        let comment = format!("{prefix}Append value {value} to grain {name}");
        Ok(named(Outcome::done(comment, map! {"new" => new})))
    }))
}

/// Sees to it that values are not in a grain that is a list.
#[state]
fn list_absent<'a>(
    cx: &Context<'a>,
    name: String,
    /// One value or a list of them.
    value: Value,
    #[default(":".into())] delimiter: String,
) -> Result<Verdict<'a>> {
    let (name, held) = look(cx, &name, &delimiter)?;
    let settled = |result: bool, text: String| {
        Ok(Verdict::Settled(Outcome::new(Some(result), text).with("name", name.as_str())))
    };
    let items = match held.filter(Value::truthy) {
        None => return settled(true, format!("Grain {name} does not exist")),
        Some(Value::List(items)) => items.to_vec(),
        Some(_) => return settled(false, format!("Grain {name} is not a valid list")),
    };
    let wanted = match value {
        Value::List(list) => list.to_vec(),
        one => vec![one],
    };
    let gone: Vec<Value> = wanted.iter().filter(|value| items.contains(value)).cloned().collect();
    let lines = |done: &str| {
        let line = |value: &Value| match items.contains(value) {
            true => format!("Value {value} {done}"),
            false => format!("Value {value} is absent from grain {name}"),
        };
        wanted.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let would = lines(&format!("in grain {name} is set to be deleted"));
    let did = lines(&format!("was deleted from grain {name}"));
    if gone.is_empty() {
        return settled(true, would);
    }
    let changes = map! {"deleted" => gone.clone()};
    let predicted = Outcome::would(would, changes.clone()).with("name", name.as_str());
    let name = name.clone();
    Ok(Verdict::change(predicted, move |apply| {
        for value in gone {
            apply.call_value("grains.remove", args![name.as_str(), value])?;
        }
        Ok(Outcome::done(did, changes).with("name", name.as_str()))
    }))
}
