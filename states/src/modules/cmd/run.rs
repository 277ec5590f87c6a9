//! `cmd.run`, `cmd.script` and their waiting forms.

use halite_core::{Context, Map, Result, StateModule, Value, Verdict, state};

use super::shared::Job;

/// The module.
pub static MODULE: StateModule =
    StateModule::new("cmd", &[&RUN, &WAIT, &SCRIPT, &WAIT_SCRIPT, &MOD_WATCH]);

/// Puts declared arguments back beside the others: commands take them by name.
fn with(mut kwargs: Map, named: &[(&str, &Value)]) -> Map {
    for (name, value) in named.iter().filter(|(_, value)| !value.is_null()) {
        kwargs.insert((*name).into(), (*value).clone());
    }
    kwargs
}

/// Runs a command if its conditions let it.
///
/// ```yaml
/// date > /tmp/salt-run:
///   cmd.run:
///     - creates: /tmp/salt-run
/// ```
#[state]
fn run<'a>(
    cx: &Context<'a>,
    /// The command, read by a shell.
    name: String,
    #[default(Value::Null)] cwd: Value,
    #[default(Value::Null)] root: Value,
    #[default(Value::Null)] runas: Value,
    #[default(Value::Null)] shell: Value,
    #[default(Value::Null)] env: Value,
    #[default(Value::Null)] timeout: Value,
    #[default(Value::Bool(false))] stateful: Value,
    #[default(Value::Bool(false))] ignore_timeout: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let named = with(
        kwargs,
        &[
            ("cwd", &cwd),
            ("root", &root),
            ("runas", &runas),
            ("shell", &shell),
            ("env", &env),
            ("timeout", &timeout),
            ("stateful", &stateful),
            ("ignore_timeout", &ignore_timeout),
        ],
    );
    Job::new(cx, name, named, false).judge(cx)
}

/// Runs a command when a watched state changes.
#[state]
fn wait<'a>(
    _cx: &Context<'a>,
    _name: Value,
    #[default(Value::Null)] _runas: Value,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    Ok(Verdict::correct(""))
}

/// Runs a script from the file roots or elsewhere.
///
/// ```yaml
/// mysql.custom_install:
///   cmd.script:
///     - source: salt://mysql/custom_install.sh
/// ```
#[state]
fn script<'a>(
    cx: &Context<'a>,
    /// The source, unless `source` says it; words after the first are arguments.
    name: String,
    #[default(Value::Null)] source: Value,
    #[default(Value::Null)] template: Value,
    #[default(Value::Null)] cwd: Value,
    #[default(Value::Null)] runas: Value,
    #[default(Value::Null)] shell: Value,
    #[default(Value::Null)] env: Value,
    #[default(Value::Null)] timeout: Value,
    #[default(Value::Bool(false))] stateful: Value,
    #[default(Value::Null)] context: Value,
    #[default(Value::Null)] defaults: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let named = with(
        kwargs,
        &[
            ("source", &source),
            ("template", &template),
            ("cwd", &cwd),
            ("runas", &runas),
            ("shell", &shell),
            ("env", &env),
            ("timeout", &timeout),
            ("stateful", &stateful),
            ("context", &context),
            ("defaults", &defaults),
        ],
    );
    Job::new(cx, name, named, true).judge(cx)
}

/// Runs a script when a watched state changes.
#[state]
fn wait_script<'a>(
    _cx: &Context<'a>,
    _name: Value,
    #[default(Value::Null)] _runas: Value,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    Ok(Verdict::correct(""))
}

/// Runs the command or the script of a state whose watched states have changed.
#[state]
fn mod_watch<'a>(
    cx: &Context<'a>,
    name: String,
    /// The function that the state declares.
    #[default("".into())]
    sfun: String,
    #[default(Value::Null)] runas: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let named = with(kwargs, &[("runas", &runas)]);
    match sfun.as_str() {
        "wait" | "run" | "watch" => Job::new(cx, name, named, false).judge(cx),
        "wait_script" | "script" => Job::new(cx, name, named, true).judge(cx),
        _ => Ok(Verdict::fail(format!(
            "cmd.{sfun} does not work with the watch requisite, please use cmd.wait or \
             cmd.wait_script"
        ))),
    }
}
