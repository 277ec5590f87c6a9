//! `git`: settings. Salt: `salt/modules/git.py`.

use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, function};

use super::shared::{How, change, expand, look, only, words};
use crate::support::programs::Said;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "git",
    &[&CONFIG_GET, &CONFIG_GET_REGEXP, &CONFIG_GET_REGEX, &CONFIG_SET, &CONFIG_UNSET],
)
.available(super::shared::here);

/// Gives the value of a setting; with `all`, all of its values.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.config_get user.name cwd=/path/to/repo
/// ```
#[function]
fn config_get(
    cx: &Context<'_>,
    /// The setting.
    key: String,
    /// The checkout; not needed for `global`.
    #[default(None)]
    cwd: Option<String>,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
    /// `global`: the configuration of the user.
    #[kwargs]
    kwargs: Map,
) -> Result<Value> {
    let mut kwargs = only(kwargs, &["global", "all"])?;
    let all = kwargs.shift_remove("all").is_some_and(|all| all.truthy());
    let place = Place::of(cx, cwd.as_deref(), user.as_deref(), &kwargs)?;
    let said = place.get(cx, &["--get-all", &key], ignore_retcode)?;
    if said.retcode == 1 {
        return Ok(Value::Null);
    }
    let values: Vec<&str> = said.stdout.lines().collect();
    Ok(match all {
        true => values.into(),
        false => values.last().copied().unwrap_or_default().into(),
    })
}

/// Gives the settings whose names match, with all their values.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.config_get_regexp cwd=/path/to/repo 'user\\..*'
/// ```
#[function]
fn config_get_regexp(
    cx: &Context<'_>,
    /// The pattern.
    key: String,
    /// A pattern for the values.
    #[default(None)]
    value_regex: Option<String>,
    /// The checkout; not needed for `global`.
    #[default(None)]
    cwd: Option<String>,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
    /// `global`: the configuration of the user.
    #[kwargs]
    kwargs: Map,
) -> Result<Map> {
    let place = Place::of(cx, cwd.as_deref(), user.as_deref(), &only(kwargs, &["global"])?)?;
    place.matching(cx, &key, value_regex.as_deref(), ignore_retcode)
}

/// The same as `git.config_get_regexp`.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.config_get_regex cwd=/path/to/repo 'user\\..*'
/// ```
#[function]
fn config_get_regex(
    cx: &Context<'_>,
    /// The pattern.
    key: String,
    /// A pattern for the values.
    #[default(None)]
    value_regex: Option<String>,
    /// The checkout; not needed for `global`.
    #[default(None)]
    cwd: Option<String>,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
    /// `global`: the configuration of the user.
    #[kwargs]
    kwargs: Map,
) -> Result<Map> {
    let place = Place::of(cx, cwd.as_deref(), user.as_deref(), &only(kwargs, &["global"])?)?;
    place.matching(cx, &key, value_regex.as_deref(), ignore_retcode)
}

/// Sets a setting; gives its values.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.config_set user.name 'Foo Bar' cwd=/path/to/repo
/// ```
#[function]
fn config_set(
    apply: &Apply<'_>,
    /// The setting.
    key: String,
    /// The value.
    #[default(None)]
    value: Option<String>,
    /// Several values, as a list or with commas.
    #[default(Value::Null)]
    multivar: Value,
    /// The checkout; not needed for `global`.
    #[default(None)]
    cwd: Option<String>,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
    /// `global`: the configuration of the user.
    #[kwargs]
    kwargs: Map,
) -> Result<Value> {
    let kwargs = only(kwargs, &["add", "global"])?;
    let place = Place::of(apply, cwd.as_deref(), user.as_deref(), &kwargs)?;
    if value.is_some() && !multivar.is_null() {
        let what = "Only one of 'value' and 'multivar' is permitted";
        return Err(Error::usage("git.config_set", what));
    }
    let add = kwargs.get("add").is_some_and(Value::truthy);
    let values = match (value, &multivar) {
        (Some(value), _) => vec![value],
        (None, Value::List(items)) => items.iter().map(Value::to_string).collect(),
        (None, one) => one.to_string().split(',').map(str::to_owned).collect(),
    };
    for (at, value) in values.iter().enumerate() {
        let how = if at == 0 && !add { "--replace-all" } else { "--add" };
        place.set(apply, &[how, &key, value], ignore_retcode)?;
    }
    let said = place.get(apply, &["--get-all", &key], ignore_retcode)?;
    Ok(match said.retcode {
        1 => Value::Null,
        _ => said.stdout.lines().collect::<Vec<_>>().into(),
    })
}

/// Removes a setting; with `all`, all of its values.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.config_unset user.name cwd=/path/to/repo
/// ```
#[function]
fn config_unset(
    apply: &Apply<'_>,
    /// The setting.
    key: String,
    /// Only values that match.
    #[default(None)]
    value_regex: Option<String>,
    /// The checkout; not needed for `global`.
    #[default(None)]
    cwd: Option<String>,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
    /// `global`: the configuration of the user.
    #[kwargs]
    kwargs: Map,
) -> Result<bool> {
    let kwargs = only(kwargs, &["all", "global"])?;
    let place = Place::of(apply, cwd.as_deref(), user.as_deref(), &kwargs)?;
    let all = kwargs.get("all").is_some_and(Value::truthy);
    let how = if all { "--unset-all" } else { "--unset" };
    let mut words = vec![how, place.scope(), &key];
    words.extend(value_regex.as_deref());
    let said = place.unset(apply, &words, ignore_retcode)?;
    let why = match said.retcode {
        0 => return Ok(true),
        1 => "Section or key is invalid".to_owned(),
        5 if place.get(apply, &["--get-all", &key], ignore_retcode)?.retcode == 1 => {
            format!("Key '{key}' does not exist")
        }
        5 => {
            let more = match value_regex {
                Some(_) => " and value_regex matches multiple values",
                None => "",
            };
            format!("Multiple values exist for key '{key}'{more}")
        }
        6 => "The value_regex is invalid".to_owned(),
        code => {
            let text = format!("Failed to unset key '{key}', git config returned exit code {code}");
            if said.stderr.is_empty() { text } else { format!("{text}; {}", said.stderr) }
        }
    };
    Err(Error::execution(why))
}

/// Whose configuration it is.
struct Place<'a> {
    how: How<'a>,
    global: bool,
}

impl<'a> Place<'a> {
    fn of(
        cx: &Context<'_>,
        cwd: Option<&str>,
        user: Option<&'a str>,
        kwargs: &Map,
    ) -> Result<Place<'a>> {
        let global = kwargs.get("global").is_some_and(Value::truthy);
        let how = match cwd {
            Some(cwd) => How::within(expand(cx, cwd, user), user),
            None if global => How::anywhere(user),
            None => {
                let what = "'cwd' argument required unless global=True";
                return Err(Error::usage("git.config", what));
            }
        };
        Ok(Place { how, global })
    }

    fn scope(&self) -> &'static str {
        if self.global { "--global" } else { "--local" }
    }

    fn get(&self, cx: &Context<'_>, more: &[&str], quiet: bool) -> Result<Said> {
        let mut words = words(&Value::Null, &["config", self.scope()], &Value::Null)?;
        words.extend(more.iter().map(|word| (*word).to_owned()));
        look(cx, &words, &self.how.clone().quiet(quiet).soft())
    }

    fn matching(
        &self,
        cx: &Context<'_>,
        key: &str,
        value: Option<&str>,
        quiet: bool,
    ) -> Result<Map> {
        let words: Vec<&str> = ["--get-regexp", key].into_iter().chain(value).collect();
        let said = self.get(cx, &words, quiet)?;
        let mut found = Map::new();
        if said.retcode == 1 {
            return Ok(found);
        }
        for (name, value) in said.stdout.lines().filter_map(|line| line.split_once(' ')) {
            let entry = found.entry(name.into()).or_insert_with(|| Value::list([]));
            if let Some(values) = entry.as_list_mut() {
                values.push(value.trim_start().into());
            }
        }
        Ok(found)
    }

    fn set(&self, apply: &Apply<'_>, more: &[&str], quiet: bool) -> Result<Said> {
        let mut words = words(&Value::Null, &["config"], &Value::Null)?;
        words.extend(self.global.then(|| "--global".to_owned()));
        words.extend(more.iter().map(|word| (*word).to_owned()));
        change(apply, &words, &self.how.clone().quiet(quiet))
    }

    fn unset(&self, apply: &Apply<'_>, more: &[&str], quiet: bool) -> Result<Said> {
        let mut words = words(&Value::Null, &["config"], &Value::Null)?;
        words.extend(more.iter().map(|word| (*word).to_owned()));
        change(apply, &words, &self.how.clone().quiet(quiet).soft())
    }
}
