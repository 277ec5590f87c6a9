//! `debconf`: answers to what Debian packages ask. Salt: `salt/states/debconfmod.py` behaviour.

use halite_core::{
    Args, Available, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, args, state,
};

/// The module.
pub static MODULE: StateModule =
    StateModule::new("debconf", &[&SET, &SET_FILE]).available(|grains, host| {
        let debian = grains.get("os_family").and_then(Value::as_str) == Some("Debian");
        Available::No(match (debian, host.which("debconf-get-selections")) {
            (true, Some(_)) => return Available::Yes,
            (false, _) => "debconf state only runs on Debian systems".into(),
            (true, None) => "debconf module could not be loaded".into(),
        })
    });

/// Gives the answers of a file.
///
/// ```yaml
/// ferm-debconf:
///   debconf.set_file:
///     - source: salt://pathto/pkg.selections
/// ```
#[state]
fn set_file<'a>(
    _cx: &Context<'a>,
    _name: String,
    source: Value,
    /// The renderer of the file.
    #[default(Value::Null)]
    template: Value,
    /// Variables of the template.
    #[default(Value::Null)]
    context: Value,
    /// Variables of the template that `context` does not have.
    #[default(Value::Null)]
    defaults: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    for (what, value) in [("Context", &context), ("Defaults", &defaults)] {
        if !value.is_null() && value.as_map().is_none() {
            return Ok(Verdict::fail(format!("{what} must be formed as a dict")));
        }
    }
    let would = Outcome::new(None, "Debconf selections would have been set.");
    Ok(Verdict::change(would, move |apply| {
        let filled = |value: Value| if value.is_null() { Map::new().into() } else { value };
        let done: bool = match template.truthy() {
            true => {
                let positional = vec![source, template, filled(context), filled(defaults)];
                apply.call("debconf.set_template", Args { positional, named: kwargs })?
            }
            false => {
                let positional = vec![source];
                apply.call("debconf.set_file", Args { positional, named: kwargs })?
            }
        };
        Ok(match done {
            true => Outcome::new(Some(true), "Debconf selections were set."),
            false => Outcome::new(Some(false), "Unable to set debconf selections from file."),
        })
    }))
}

/// One answer that is wanted.
struct Answer {
    question: String,
    kind: String,
    value: Value,
    given: bool,
}

fn answers(data: &Map, current: &Value) -> Result<Vec<Answer>> {
    let current = current.as_list().unwrap_or_default();
    data.iter()
        .map(|(question, wanted)| {
            let part = |key: &str| {
                wanted.get(key).cloned().ok_or_else(|| Error::execution(format!("'{key}'")))
            };
            let (kind, value) = (part("type")?.to_string(), part("value")?);
            let value = match kind.as_str() {
                "boolean" if value.truthy() => Value::from("true"),
                "boolean" => "false".into(),
                _ => value,
            };
            let question = question.to_string();
            let line = Value::from(vec![question.clone(), kind.clone(), value.to_string()]);
            Ok(Answer { given: current.contains(&line), question, kind, value })
        })
        .collect()
}

/// Sees to it that questions of a package have these answers.
///
/// ```yaml
/// nullmailer-debconf:
///   debconf.set:
///     - name: nullmailer
///     - data:
///         'shared/mailname': {'type': 'string', 'value': 'server.domain.tld'}
///         'nullmailer/relayhost': {'type': 'string', 'value': 'mail.domain.tld'}
/// ```
#[state]
fn set<'a>(
    cx: &Context<'a>,
    /// The package.
    name: String,
    /// Questions with type and value. A password is not shown.
    data: Map,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    let current: Value = cx.call("debconf.show", args![name.as_str()])?;
    let answers = answers(&data, &current)?;
    let mut comment = String::new();
    let mut changes = Map::new();
    for answer in &answers {
        if answer.given {
            let start = if comment.is_empty() { "Unchanged answers: " } else { "" };
            comment.push_str(&format!("{start}{} ", answer.question));
        } else {
            let value = format!("New value: {}", answer.value);
            changes.insert(answer.question.as_str().into(), value.into());
        }
    }
    if changes.is_empty() {
        return Ok(Verdict::correct("All specified answers are already set"));
    }
    Ok(Verdict::change(Outcome::would(comment.clone(), changes), move |apply| {
        let mut outcome = Outcome::done(comment, Map::new());
        for Answer { question, kind, value, .. } in answers.iter().filter(|answer| !answer.given) {
            let words = args![name.as_str(), question.as_str(), kind.as_str(), value.clone()];
            let told: Value = if !apply.call::<bool>("debconf.set", words)? {
                outcome.result = Some(false);
                outcome.comment = "Some settings failed to be applied.".into();
                "Failed to set!".into()
            } else if kind == "password" {
                "(password hidden)".into()
            } else {
                value.to_string().into()
            };
            outcome.changes.insert(question.as_str().into(), told);
        }
        Ok(outcome)
    }))
}
