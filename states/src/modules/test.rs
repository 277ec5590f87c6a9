//! `test`: states that do nothing, to try out requisites with.

use halite_core::{
    Changes, Context, Error, Map, Outcome, Result, StateModule, Type, Value, Verdict, changed, map,
    state,
};

/// The module.
pub static MODULE: StateModule = StateModule::new(
    "test",
    &[
        &NOP,
        &SUCCEED_WITHOUT_CHANGES,
        &FAIL_WITHOUT_CHANGES,
        &SUCCEED_WITH_CHANGES,
        &FAIL_WITH_CHANGES,
        &CONFIGURABLE_TEST_STATE,
        &SHOW_NOTIFICATION,
        &CHECK_PILLAR,
        &MOD_WATCH,
    ],
);

fn pretended() -> Changes {
    changed("testing", "Unchanged", "Something pretended to change")
}

/// A comment; a list of lines is joined.
fn lines(comment: &Value) -> String {
    match comment {
        Value::List(lines) => lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

/// A comment that is no text is returned as it is.
fn as_given(outcome: Outcome, comment: &Value) -> Outcome {
    match comment {
        Value::Int(_) | Value::Float(_) | Value::Bool(true) | Value::Map(_) if comment.truthy() => {
            outcome.with("comment", comment)
        }
        _ => outcome,
    }
}

fn comment(kwargs: &Map, default: &str) -> String {
    kwargs.get("comment").map_or_else(|| default.to_owned(), Value::to_string)
}

/// Does nothing, successfully.
#[state]
fn nop<'a>(_cx: &Context<'a>, _name: Value, #[kwargs] _kwargs: Map) -> Result<Verdict<'a>> {
    Ok(Verdict::correct("Success!"))
}

/// Succeeds and changes nothing.
#[state]
fn succeed_without_changes<'a>(
    _cx: &Context<'a>,
    _name: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    Ok(Verdict::correct(comment(&kwargs, "Success!")))
}

/// Fails and changes nothing.
#[state]
fn fail_without_changes<'a>(
    _cx: &Context<'a>,
    _name: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let would = "If we weren't testing, this would be a failure!";
    Ok(Verdict::change(Outcome::new(Some(false), would), move |_| {
        let outcome = Outcome::new(Some(false), comment(&kwargs, "Failure!"));
        Ok(as_given(outcome, &kwargs.get("comment").cloned().unwrap_or_default()))
    }))
}

/// Succeeds and pretends to change something.
#[state]
fn succeed_with_changes<'a>(
    _cx: &Context<'a>,
    _name: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let would = "If we weren't testing, this would be successful with changes";
    Ok(Verdict::change(Outcome::would(would, pretended()), move |_| {
        Ok(Outcome::done(comment(&kwargs, "Success!"), pretended()))
    }))
}

/// Fails and pretends to change something.
#[state]
fn fail_with_changes<'a>(
    _cx: &Context<'a>,
    _name: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let would = "If we weren't testing, this would be failed with changes";
    Ok(Verdict::change(Outcome::would(would, pretended()), move |_| {
        Ok(Outcome::failed(comment(&kwargs, "Failure!"), pretended()))
    }))
}

/// Whether `True`, `False` or `Random` is meant; `None` if something else is.
fn chosen(cx: &Context<'_>, value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        other if other.to_string().eq_ignore_ascii_case("random") => {
            Some(cx.host.now_micros() % 2 == 0)
        }
        _ => None,
    }
}

/// Comes to the result, changes and comment that it is given.
#[state]
fn configurable_test_state<'a>(
    cx: &Context<'a>,
    _name: Value,
    /// Whether to pretend a change: true, false or `Random`.
    #[default(Value::Bool(true))]
    changes: Value,
    /// Whether to succeed: true, false or `Random`.
    #[default(Value::Bool(true))]
    result: Value,
    /// The comment.
    #[default(Value::str(""))]
    comment: Value,
    /// One warning or several.
    #[default(Value::Null)]
    warnings: Value,
    /// Whether a false result is kept in test mode.
    #[default(false)]
    allow_test_mode_failure: bool,
) -> Result<Verdict<'a>> {
    let fun = "test.configurable_test_state";
    let changing = chosen(cx, &changes).ok_or_else(|| {
        Error::usage(
            fun,
            "You have specified the state option 'changes' with invalid arguments. It must be \
             either True, False, or 'Random'",
        )
    })?;
    let successful = chosen(cx, &result).ok_or_else(|| {
        Error::usage(
            fun,
            "You have specified the state option 'result' with invalid arguments. It must be \
             either True, False, or 'Random'",
        )
    })?;
    let mut outcome = Outcome::new(Some(successful), lines(&comment));
    if changing {
        outcome.changes = pretended();
    }
    match &warnings {
        Value::Null => {}
        Value::Str(one) => outcome = outcome.with("warnings", vec![Value::str(one)]),
        Value::List(_) => outcome = outcome.with("warnings", &warnings),
        _ => {
            return Err(Error::usage(
                fun,
                "You have specified the state option 'warnings' with invalid arguments. It must \
                 be a string or a list of strings",
            ));
        }
    }
    let mut would = outcome.clone();
    let keeps = allow_test_mode_failure && result.as_bool() == Some(false);
    would.result = match changes.as_bool() {
        _ if keeps => Some(false),
        Some(false) => Some(true),
        _ => None,
    };
    if !comment.truthy() {
        would.comment = "This is a test".into();
    }
    (outcome, would) = (as_given(outcome, &comment), as_given(would, &comment));
    Ok(Verdict::change(would, move |_| Ok(outcome)))
}

/// Succeeds with a text as its comment.
#[state]
fn show_notification<'a>(
    _cx: &Context<'a>,
    _name: Value,
    /// The text.
    #[default(Value::Null)]
    text: Value,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    match text.truthy() {
        true => {
            let outcome = Outcome::new(Some(true), text.to_string());
            Ok(Verdict::Settled(as_given(outcome, &text)))
        }
        false => Err(Error::usage("test.show_notification", "Missing required argument text.")),
    }
}

/// Says which of the watched states have changed something.
#[state]
fn mod_watch<'a>(
    _cx: &Context<'a>,
    _name: Value,
    /// The function that the state declares.
    #[default(Value::Null)]
    _sfun: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let watched = kwargs.get("__reqs__").and_then(|reqs| reqs.get("watch")?.as_list());
    let changed = watched
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_map)
        .filter(|low| low.get("__changed__").is_some_and(Value::truthy));
    let name = |low: &Map| {
        let get = |key: &str| low.get(key).cloned().unwrap_or_default();
        format!("{}: {}", get("state"), get("__id__"))
    };
    let changed: Vec<String> = changed.map(name).collect();
    let changes = kwargs.get("changes").and_then(Value::as_map).cloned();
    let result = kwargs.get("result").map_or(Some(true), Value::as_bool);
    Ok(Verdict::Settled(Outcome {
        result,
        comment: comment(&kwargs, "Watch statement fired."),
        changes: changes.unwrap_or_else(|| map! {"Requisites with changes" => changed}),
        extra: Map::new(),
    }))
}

/// The kinds of pillar data that can be checked, as Python prints their types.
const KINDS: [(Option<Type>, &str); 6] = [
    (None, ""),
    (Some(Type::Bool), "<class 'bool'>"),
    (Some(Type::Int), "<class 'int'>"),
    (Some(Type::Str), "(<class 'str'>,)"),
    (Some(Type::List), "<class 'list'>"),
    (Some(Type::Map), "<class 'dict'>"),
];

fn is_of(value: &Value, kind: Option<Type>) -> bool {
    match kind {
        Some(Type::Bool) => value.as_bool().is_some(),
        Some(Type::Int) => matches!(value, Value::Int(_) | Value::Big(_) | Value::Bool(_)),
        Some(Type::Str) => value.as_str().is_some(),
        Some(Type::List) => value.as_list().is_some(),
        Some(Type::Map) => value.as_map().is_some(),
        _ => true,
    }
}

/// Checks that pillar keys are there and of the right kind.
#[state]
fn check_pillar<'a>(
    cx: &Context<'a>,
    _name: Value,
    /// Keys that must be there.
    #[default(Value::Null)]
    present: Value,
    /// Keys that must be booleans.
    #[default(Value::Null)]
    boolean: Value,
    /// Keys that must be whole numbers.
    #[default(Value::Null)]
    integer: Value,
    /// Keys that must be texts.
    #[default(Value::Null)]
    string: Value,
    /// Keys that must be lists.
    #[default(Value::Null)]
    listing: Value,
    /// Keys that must be mappings.
    #[default(Value::Null)]
    dictionary: Value,
    /// Whether to name the keys that passed as well.
    #[default(false)]
    verbose: bool,
) -> Result<Verdict<'a>> {
    let given = [present, boolean, integer, string, listing, dictionary];
    if !given.iter().any(Value::truthy) {
        return Err(Error::usage("test.check_pillar", "Missing required argument text."));
    }
    let (mut failed, mut fine) = (Map::new(), Map::new());
    for ((kind, shown), keys) in KINDS.iter().zip(&given) {
        let keys = match keys {
            Value::Str(_) => vec![keys.clone()],
            Value::List(items) => items.to_vec(),
            other if !other.truthy() => continue,
            _ => {
                return Err(Error::usage(
                    "test.check_pillar",
                    "keys are a text or a list of texts",
                ));
            }
        };
        for key in keys {
            let value = cx.pillar_at(&key.to_string()).filter(|value| !value.is_null());
            // Salt 3008 looks at the masked pillar, where all but lists and mappings is text.
            let value = value.map(|value| match value {
                Value::List(_) | Value::Map(_) => value,
                other => other.to_string().into(),
            });
            match value {
                None => drop(failed.insert(key, Value::Null)),
                Some(value) if !is_of(&value, *kind) => drop(failed.insert(key, (*shown).into())),
                Some(_) => drop(fine.insert(key, (*shown).into())),
            }
        }
    }
    let mut comment = String::new();
    for (key, kind) in &failed {
        comment += &match kind {
            Value::Null => format!("Pillar key \"{key}\" is missing.\n"),
            kind => format!("Pillar key \"{key}\" is not {kind}.\n"),
        };
    }
    if verbose && !fine.is_empty() {
        comment += "Those keys passed the check:\n";
        for (key, kind) in &fine {
            let kind = if kind.truthy() { kind.to_string() } else { "None".into() };
            comment += &format!("- {key} ({kind})\n");
        }
    }
    Ok(Verdict::Settled(Outcome::new(Some(failed.is_empty()), comment)))
}
