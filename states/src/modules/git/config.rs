//! `git.config_set` and `git.config_unset`: settings of a checkout or of a user.

use halite_core::{
    Apply, Args, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, changed, map,
    state,
};

use super::shared::{bare, here, odd, text};

/// The module.
pub static MODULE: StateModule =
    StateModule::new("git", &[&CONFIG_SET, &CONFIG_UNSET]).available(here);

/// Whose setting it is.
struct Place {
    repo: Value,
    user: Value,
    global: bool,
}

const NO_REPO: &str = "Non-global config options require the 'repo' argument to be set";

impl Place {
    fn of(kwargs: &Map, known: &[&str], repo: Value, user: Value) -> Result<Place, String> {
        if let Some(text) = odd(kwargs, known) {
            return Err(text);
        }
        let global = kwargs.get("global").is_some_and(Value::truthy);
        match global || repo.truthy() {
            true => Ok(Place { repo, user, global }),
            false => Err(NO_REPO.to_owned()),
        }
    }

    fn args(&self, more: &[(&str, Value)]) -> Args {
        let mut named: Map =
            more.iter().map(|(key, value)| ((*key).into(), value.clone())).collect();
        named.insert("cwd".into(), self.repo.clone());
        named.insert("user".into(), self.user.clone());
        named.insert("global".into(), self.global.into());
        Args::named(named)
    }

    fn title(&self, global: &'static str) -> &'static str {
        if self.global { global } else { "" }
    }

    /// Settings whose names match, with their values.
    fn matching(&self, cx: &Context<'_>, key: &str, value: Option<&str>) -> Result<Map> {
        let words = self.args(&[
            ("key", key.into()),
            ("value_regex", value.map(str::to_owned).into()),
            ("ignore_retcode", true.into()),
        ]);
        cx.call("git.config_get_regexp", words)
    }
}

/// Sees to it that a setting has a value, or several.
///
/// ```yaml
/// user.email:
///   git.config_set:
///     - value: me@example.com
///     - repo: /srv/site
/// ```
#[state]
fn config_set<'a>(
    cx: &Context<'a>,
    /// The setting.
    name: String,
    #[default(Value::Null)] value: Value,
    /// Several values, as a list or with commas.
    #[default(Value::Null)]
    multivar: Value,
    /// The checkout; not needed with `global`.
    #[default(Value::Null)]
    repo: Value,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] _password: Value,
    #[default(Value::Null)] _output_encoding: Value,
    /// `global`: the configuration of the user.
    #[kwargs]
    kwargs: Map,
) -> Result<Verdict<'a>> {
    if !value.is_null() && !multivar.is_null() {
        return Ok(Verdict::fail("Only one of 'value' and 'multivar' is permitted"));
    }
    let place = match Place::of(&kwargs, &["global"], repo, user) {
        Ok(place) => place,
        Err(why) => return Ok(Verdict::fail(why)),
    };
    let (desired, shown): (Vec<String>, String) = match (&value, &multivar) {
        (Value::Null, Value::List(items)) => {
            let values: Vec<String> = items.iter().map(Value::to_string).collect();
            (values.clone(), Value::from(values).repr())
        }
        (Value::Null, many) => {
            let values: Vec<String> = many.to_string().split(',').map(str::to_owned).collect();
            (values.clone(), Value::from(values).repr())
        }
        (one, _) => (vec![one.to_string()], format!("'{one}'")),
    };
    let desired = Value::from(desired);
    let quiet = ("ignore_retcode", Value::Bool(true));
    let words = place.args(&[("key", name.as_str().into()), ("all", true.into()), quiet]);
    let pre: Value = cx.call("git.config_get", words)?;
    let title = place.title("Global key ");
    if pre == desired {
        return Ok(Verdict::correct(format!("{title}'{name}' is already set to {shown}")));
    }
    let done = if pre.is_null() { "added as" } else { "set to" };
    let would = Outcome::would(
        format!("{title}'{name}' would be {done} {shown}"),
        map! {"old" => pre.clone(), "new" => desired.clone()},
    );
    Ok(Verdict::change(would, move |apply| {
        let words = [("key", name.as_str().into()), ("value", text(&value).into())];
        let words = place.args(&[&words[..], &[("multivar", multivar)]].concat());
        let failing = format!("Failed to set {}'{name}' to {shown}", place.title("global key "));
        let post = match apply.call_value("git.config_set", words) {
            Ok(post) => post,
            Err(error @ Error::Execution(_)) => {
                return Ok(Outcome::new(Some(false), format!("{failing}: {}", bare(&error))));
            }
            Err(other) => return Err(other),
        };
        let right = post == desired;
        let changes =
            if pre == post { Map::new() } else { changed(&name, pre.clone(), post.clone()) };
        Ok(match right {
            true => Outcome::done(format!("{title}'{name}' was {done} {shown}"), changes),
            false => Outcome::failed(failing, changes),
        })
    }))
}

/// Values by setting, as texts for users.
fn listed(found: &Map, only_many: bool) -> Vec<String> {
    let lists = found.iter().map(|(key, values)| (key, values.as_list().unwrap_or_default()));
    lists
        .filter(|(_, values)| !only_many || values.len() > 1)
        .map(|(key, values)| {
            let values: Vec<String> = values.iter().map(Value::to_string).collect();
            format!("{key} ({})", values.join(", "))
        })
        .collect()
}

/// Sees to it that a setting is not there.
#[state]
fn config_unset<'a>(
    cx: &Context<'a>,
    /// The setting, or a pattern for several.
    name: String,
    /// Only values that match.
    #[default(Value::Null)]
    value_regex: Value,
    /// The checkout; not needed with `global`.
    #[default(Value::Null)]
    repo: Value,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] _password: Value,
    #[default(Value::Null)] _output_encoding: Value,
    /// `global`: the configuration of the user. `all`: all of its values.
    #[kwargs]
    kwargs: Map,
) -> Result<Verdict<'a>> {
    let place = match Place::of(&kwargs, &["global", "all"], repo, user) {
        Ok(place) => place,
        Err(why) => return Ok(Verdict::fail(why)),
    };
    let all = kwargs.get("all").is_some_and(Value::truthy);
    let value = text(&value_regex);
    let key = format!("^{}$", name.trim_start_matches('^').trim_end_matches('$'));
    let found = place.matching(cx, &key, value.as_deref())?;
    if found.is_empty() {
        return Ok(Verdict::correct("No matching keys are set"));
    }
    let many = if all { Vec::new() } else { listed(&found, true) };
    if !many.is_empty() {
        let what = match value {
            Some(_) => "Multiple values are matched by value_regex for the following keys",
            None => "Multivar(s) matched by the key expression",
        };
        let many = many.join("; ");
        return Ok(Verdict::fail(format!("{what} (set 'all' to True to force removal): {many}")));
    }
    let comment = format!("{} key(s) would have value(s) unset", found.len());
    Ok(Verdict::change(Outcome::would(comment, found.clone()), move |apply| {
        unset(apply, &place, (&name, &key), value.as_deref(), all, &found)
    }))
}

fn unset(
    apply: &Apply<'_>,
    place: &Place,
    (name, key): (&str, &str),
    value: Option<&str>,
    all: bool,
    found: &Map,
) -> Result<Outcome> {
    let pre = place.matching(apply, key, None)?;
    let mut failed = Vec::new();
    for key in found.keys() {
        let words = place.args(&[
            ("key", name.into()),
            ("value_regex", value.map(str::to_owned).into()),
            ("all", all.into()),
        ]);
        match apply.call_value("git.config_unset", words) {
            Ok(_) => {}
            Err(Error::Execution(_)) => failed.push(key.to_string()),
            Err(other) => return Err(other),
        }
    }
    if !failed.is_empty() {
        let keys = failed.join(", ");
        return Ok(Outcome::new(
            Some(false),
            format!(
                "Error(s) occurred unsetting values for the following keys (see the minion log for details): {keys}"
            ),
        ));
    }
    let post = place.matching(apply, key, None)?;
    let mut changes = Map::new();
    for (key, values) in &pre {
        let left = post.get(key).and_then(Value::as_list).unwrap_or_default();
        let values = values.as_list().unwrap_or_default();
        let gone: Vec<Value> =
            values.iter().filter(|value| !left.contains(value)).cloned().collect();
        if !gone.is_empty() {
            changes.insert(key.clone(), gone.into());
        }
    }
    let still = place.matching(apply, key, value)?;
    Ok(match still.is_empty() {
        true => Outcome::done("Value(s) successfully unset", changes),
        false => {
            let left = listed(&still, false).join("; ");
            Outcome::failed(format!("Failed to unset value(s): {left}"), changes)
        }
    })
}
