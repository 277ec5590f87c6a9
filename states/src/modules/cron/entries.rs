//! `cron`: entries and variables of users' crontabs. Salt: `salt/states/cron.py` behaviour.

use halite_core::{
    Args, Available, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

/// The module.
pub static MODULE: StateModule =
    StateModule::new("cron", &[&PRESENT, &ABSENT, &ENV_PRESENT, &ENV_ABSENT]).available(
        |_, host| match host.which("crontab") {
            Some(_) => Available::Yes,
            None => Available::No("cron module could not be loaded".into()),
        },
    );

/// How an entry stands to what is wanted.
#[derive(Clone, Copy, PartialEq)]
enum Status {
    Absent,
    Present,
    Update,
}

/// Whether a value that is there has to give way; `None` wants nothing.
fn needs_change(old: &Value, new: &Value) -> bool {
    match new {
        Value::Null => false,
        new if old == new => false,
        Value::Str(text) if &**text == "random" => old.as_str() == Some("*"),
        _ => true,
    }
}

/// Whether an entry is the one that a command and an identifier mean.
fn matched(entry: &Map, cmd: &str, identifier: &Value) -> bool {
    let id = entry.get("identifier").filter(|id| id.truthy());
    match id {
        None => entry.get("cmd").and_then(Value::as_str) == Some(cmd),
        Some(id) => id.to_string() == identifier.to_string() && identifier.truthy(),
    }
}

/// Looks for an entry among those of `kind`; `wanted` are the fields it should have.
fn status(
    cx: &Context<'_>,
    user: &str,
    kind: &str,
    cmd: &str,
    identifier: &Value,
    wanted: &Map,
) -> Result<Status> {
    let tab: Map = cx.call("cron.list_tab", args![user])?;
    let entries = tab.get(kind).and_then(Value::as_list).unwrap_or_default();
    let found = entries.iter().filter_map(Value::as_map).find(|e| matched(e, cmd, identifier));
    let Some(entry) = found else { return Ok(Status::Absent) };
    let differs =
        wanted.iter().any(|(key, new)| needs_change(entry.get(key).unwrap_or(&Value::Null), new));
    Ok(if differs { Status::Update } else { Status::Present })
}

/// The identifier of an entry: its command unless another is given.
fn identity(identifier: Value, name: &str) -> Value {
    match identifier {
        Value::Bool(false) => name.into(),
        Value::Null => Value::Null,
        other => other.to_string().into(),
    }
}

fn would(what: &str, status: Status) -> Outcome {
    match status {
        Status::Absent => Outcome::new(None, format!("{what} is set to be added")),
        Status::Present => Outcome::new(Some(true), format!("{what} already present")),
        Status::Update => Outcome::new(None, format!("{what} is set to be updated")),
    }
}

/// What a change of a crontab came to, by the word the function gave.
fn settled(what: &str, user: &str, name: &str, said: &str, adding: bool) -> Outcome {
    let changes = map! {user => name};
    match said {
        "present" => Outcome::new(Some(true), format!("{what} already present")),
        "new" => Outcome::done(format!("{what} added to {user}'s crontab"), changes),
        "updated" => Outcome::done(format!("{what} updated"), changes),
        "absent" => Outcome::new(Some(true), format!("{what} already absent")),
        "removed" => Outcome::done(format!("{what} removed from {user}'s crontab"), changes),
        error => {
            let gap = if adding { "\n" } else { "" };
            let text = format!("{what} for user {user} failed to commit with error {gap}{error}");
            Outcome::failed(text, Map::new())
        }
    }
}

fn lower(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        value => value.to_string().to_lowercase().into(),
    }
}

/// Sees to it that a crontab has an entry.
///
/// ```yaml
/// date > /tmp/crontest:
///   cron.present:
///     - user: root
///     - minute: 7
///     - hour: 2
/// ```
#[state]
fn present<'a>(
    cx: &Context<'a>,
    /// The command.
    name: String,
    #[default("root".into())] user: String,
    #[default("*".into())] minute: Value,
    #[default("*".into())] hour: Value,
    #[default("*".into())] daymonth: Value,
    #[default("*".into())] month: Value,
    #[default("*".into())] dayweek: Value,
    /// Written above the entry.
    #[default(Value::Null)]
    comment: Value,
    /// Whether the entry is to be switched off.
    #[default(Value::Bool(false))]
    commented: Value,
    /// What the entry is known by; the command unless given.
    #[default(Value::Bool(false))]
    identifier: Value,
    /// `@daily` and its kin, in place of times.
    #[default(Value::Null)]
    special: Value,
) -> Result<Verdict<'a>> {
    let name = name.trim().to_owned();
    let identifier = identity(identifier, &name);
    let commented = commented == Value::Bool(true);
    let common = map! {
        "identifier" => &identifier, "cmd" => name.as_str(), "comment" => &comment,
        "commented" => commented,
    };
    let times = map! {
        "minute" => lower(&minute), "hour" => lower(&hour), "daymonth" => lower(&daymonth),
        "month" => lower(&month), "dayweek" => lower(&dayweek),
    };
    let (kind, fun, own, when) = match &special {
        Value::Null => ("crons", "cron.set_job", times.clone(), times),
        special => {
            let own = map! {"spec" => special};
            ("special", "cron.set_special", own, map! {"special" => special})
        }
    };
    let mut wanted = own;
    wanted.extend(common.clone());
    let what = format!("Cron {name}");
    let would = would(&what, status(cx, &user, kind, &name, &identifier, &wanted)?);
    Ok(Verdict::change(would, move |apply| {
        let mut named = when;
        named.extend(common);
        named.insert("user".into(), user.as_str().into());
        let said: String = apply.call(fun, Args::named(named))?;
        Ok(settled(&what, &user, &name, &said, true))
    }))
}

/// Sees to it that a crontab does not have an entry.
#[state]
fn absent<'a>(
    cx: &Context<'a>,
    /// The command.
    name: String,
    #[default("root".into())] user: String,
    #[default(Value::Bool(false))] identifier: Value,
    #[default(Value::Null)] special: Value,
    #[kwargs] _rest: Map,
) -> Result<Verdict<'a>> {
    let name = name.trim().to_owned();
    let identifier = identity(identifier, &name);
    let wanted = map! {"identifier" => &identifier, "cmd" => name.as_str()};
    let what = format!("Cron {name}");
    let would = match status(cx, &user, "crons", &name, &identifier, &wanted)? {
        Status::Absent => Outcome::new(Some(true), format!("{what} is absent")),
        _ => Outcome::new(None, format!("{what} is set to be removed")),
    };
    Ok(Verdict::change(would, move |apply| {
        let said: String = match special {
            Value::Null => {
                let args = args![user.as_str(), name.as_str(); identifier = identifier];
                apply.call("cron.rm_job", args)?
            }
            special => {
                let args = args![user.as_str(), name.as_str(); special = special,
                    identifier = identifier];
                apply.call("cron.rm_special", args)?
            }
        };
        Ok(settled(&what, &user, &name, &said, false))
    }))
}

fn env_status(cx: &Context<'_>, user: &str, name: &str, value: &Value) -> Result<Status> {
    let tab: Map = cx.call("cron.list_tab", args![user])?;
    let all = tab.get("env").and_then(Value::as_list).unwrap_or_default();
    let held = all.iter().find(|env| env.get("name").and_then(Value::as_str) == Some(name));
    let wanted = if value.is_null() { Value::str("") } else { value.clone() };
    Ok(match held {
        None => Status::Absent,
        Some(held) if held.get("value") == Some(&wanted) => Status::Present,
        Some(_) => Status::Update,
    })
}

/// Sees to it that a crontab has a variable.
///
/// ```yaml
/// MAILTO:
///   cron.env_present:
///     - value: root@example.com
/// ```
#[state]
fn env_present<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(Value::Null)] value: Value,
    #[default("root".into())] user: String,
) -> Result<Verdict<'a>> {
    let what = format!("Cron env {name}");
    let would = would(&what, env_status(cx, &user, &name, &value)?);
    Ok(Verdict::change(would, move |apply| {
        let args = args![user.as_str(), name.as_str(); value = value];
        let said: String = apply.call("cron.set_env", args)?;
        Ok(settled(&what, &user, &name, &said, true))
    }))
}

/// Sees to it that a crontab does not have a variable.
#[state]
fn env_absent<'a>(
    cx: &Context<'a>,
    name: String,
    #[default("root".into())] user: String,
) -> Result<Verdict<'a>> {
    let name = name.trim().to_owned();
    let what = format!("Cron env {name}");
    let would = match env_status(cx, &user, &name, &Value::Null)? {
        Status::Absent => Outcome::new(Some(true), format!("{what} is absent")),
        _ => Outcome::new(None, format!("{what} is set to be removed")),
    };
    Ok(Verdict::change(would, move |apply| {
        let said: String = apply.call("cron.rm_env", args![user.as_str(), name.as_str()])?;
        Ok(settled(&what, &user, &name, &said, false))
    }))
}
