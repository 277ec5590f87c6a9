//! `test`: small functions to try out the bus, the loader and the outputters with.
//! Salt: `salt/modules/test.py` behaviour.

use halite_core::{
    Apply, Args, Context, Error, ExecModule, Map, Result, Value, args, function, map,
};

use crate::support::spec_file;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "test",
    &[
        &ECHO,
        &PING,
        &ASSERTION,
        &ATTR_CALL,
        &CONF_TEST,
        &CROSS_TEST,
        &DEPRECATION_WARNING,
        &EXCEPTION,
        &FALSE,
        &GET_OPTS,
        &MODULE_REPORT,
        &NOT_LOADED,
        &OPTS_PKG,
        &OUTPUTTER,
        &PROVIDER,
        &PROVIDERS,
        &RAISE_EXCEPTION,
        &RETCODE,
        &STACK,
        &TRUE,
        &TRY,
        &TTY,
    ],
);

/// Says that the minion is up and answers. No ICMP: the answer comes over the bus.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.ping
/// ```
#[function]
fn ping() -> bool {
    true
}

/// Gives back what it was given.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.echo 'foo bar baz quo qux'
/// ```
#[function]
fn echo(text: Value) -> Value {
    text
}

/// Fails unless its argument is true.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.assertion False
/// ```
#[function]
fn assertion_(assertion: bool) -> Result<()> {
    if assertion { Ok(()) } else { Err(Error::execution("")) }
}

/// Gives the grains, by way of a function that calls another.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.attr_call
/// ```
#[function]
fn attr_call(cx: &Context<'_>) -> Result<Value> {
    cx.call("grains.items", Args::default())
}

/// Gives the option `test.foo`, which is `unconfigured` unless somebody set it.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.conf_test
/// ```
#[function]
fn conf_test(cx: &Context<'_>) -> Result<Value> {
    cx.call("config.option", args!["test.foo"])
}

/// Calls another function by its name.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.cross_test file.gid_to_group 0
/// ```
#[function]
fn cross_test(
    apply: &Apply<'_>,
    func: String,
    /// Its positional arguments.
    #[default(Vec::new())]
    args: Vec<Value>,
) -> Result<Value> {
    apply.call_value(&func, Args { positional: args, named: Map::new() })
}

/// Logs a warning of the kind that announces a change to come.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.deprecation_warning
/// ```
#[function]
fn deprecation_warning() -> bool {
    tracing::warn!("This is a test deprecation warning by version.");
    tracing::warn!("This is a test deprecation warning by date very far into the future.");
    true
}

/// Raises an error.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.exception 'Oh noes!'
/// ```
#[function]
fn exception(#[default("Test Exception".into())] message: String) -> Result<Value> {
    Err(Error::execution(message))
}

/// Raises an error of a Python class by its name, with the arguments as its text.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.raise_exception TypeError "An integer is required"
/// salt '*' test.raise_exception salt.exceptions.CommandExecutionError "Something went wrong"
/// ```
#[function]
fn raise_exception(
    name: String,
    #[args] args: Vec<Value>,
    #[kwargs] _kwargs: Map,
) -> Result<Value> {
    let class = name.rsplit('.').next().unwrap_or(&name);
    if !class.ends_with("Error") && !class.ends_with("Exception") && !class.ends_with("Interrupt") {
        tracing::error!("No such exception: {name}");
        return Ok(false.into());
    }
    let text = match args.as_slice() {
        [] => String::new(),
        [one] => one.to_string(),
        many => format!("({})", many.iter().map(Value::repr).collect::<Vec<_>>().join(", ")),
    };
    if class == "SaltInvocationError" {
        return Err(Error::usage("test.raise_exception", text));
    }
    Err(Error::execution(text))
}

/// Says no.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.false
/// ```
#[function]
fn false_() -> bool {
    false
}

/// Says yes.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.true
/// ```
#[function]
fn true_() -> bool {
    true
}

/// Gives the configuration.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.get_opts
/// ```
#[function]
fn get_opts(cx: &Context<'_>) -> Value {
    cx.opts.values().clone().into()
}

/// Gives the configuration with the grains in it, as a salt-ssh host would be sent it.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.opts_pkg
/// ```
#[function]
fn opts_pkg(cx: &Context<'_>) -> Map {
    let mut all = (**cx.opts.values()).clone();
    all.insert("grains".into(), cx.grains.clone().into());
    all
}

/// Lists what is loaded: modules and functions.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.module_report
/// ```
#[function]
fn module_report(cx: &Context<'_>) -> Map {
    let functions: Vec<&str> = cx.exec.specs().map(|(name, _)| name).collect();
    let modules = modules(cx);
    let none: Vec<Value> = Vec::new();
    map! {
        "functions" => functions.clone(), "function_attrs" => functions.clone(),
        "function_subs" => functions, "modules" => modules.clone(), "module_attrs" => modules,
        "missing_attrs" => none.clone(), "missing_subs" => none,
    }
}

fn modules(cx: &Context<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in cx.exec.specs() {
        let module = name.split('.').next().unwrap_or(name);
        if names.last().is_none_or(|last| last != module) {
            names.push(module.to_owned());
        }
    }
    names
}

/// Lists the modules that cannot work here.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.not_loaded
/// ```
#[function]
fn not_loaded(cx: &Context<'_>) -> Vec<String> {
    cx.exec.missing().map(|(name, _)| name.to_owned()).collect()
}

/// Gives back a value, for trying out outputters.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.outputter foobar
/// ```
#[function]
fn outputter(data: Value) -> Value {
    data
}

/// Names the file that provides a module here: `aptpkg` for `pkg` on Debian.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.provider service
/// ```
#[function]
fn provider(cx: &Context<'_>, module: String) -> String {
    let prefix = format!("{module}.");
    let found = cx.exec.specs().find(|(name, _)| name.starts_with(&prefix));
    found.map(|(_, spec)| spec_file(spec).to_owned()).unwrap_or_default()
}

/// Maps the files that provide modules to the modules.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.providers
/// ```
#[function]
fn providers(cx: &Context<'_>) -> Map {
    let mut found = Map::new();
    for (name, spec) in cx.exec.specs() {
        let module = name.split('.').next().unwrap_or(name);
        found.entry(spec_file(spec).into()).or_insert_with(|| module.into());
    }
    found
}

/// Makes the job end with an exit code.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.retcode 42
/// ```
#[function]
fn retcode(cx: &Context<'_>, #[default(42)] code: i64) -> bool {
    cx.job.set_retcode(code);
    true
}

/// Says how the function was called: the job, its function, the depth of calls.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.stack
/// ```
#[function]
fn stack(cx: &Context<'_>) -> String {
    let (jid, fun, depth) = (&cx.job.jid, &cx.job.fun, cx.job.depth());
    format!("job {jid}\n  {fun}\n    test.stack at depth {depth}\n")
}

/// Calls another function and gives its result, or nothing if it failed.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.try test.false return_try_exception=True
/// ```
#[function]
fn try_(
    apply: &Apply<'_>,
    module: String,
    /// Give the error's text in place of nothing.
    #[default(false)]
    return_try_exception: bool,
    #[kwargs] kwargs: Map,
) -> Value {
    match apply.call_value(&module, Args::named(kwargs)) {
        Ok(value) => value,
        Err(error) if return_try_exception => error.to_string().into(),
        Err(_) => Value::Null,
    }
}

/// Says that this has become `cmd.tty`.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.tty tty0 'This is a test'
/// ```
#[function]
fn tty(#[args] _args: Vec<Value>, #[kwargs] _kwargs: Map) -> &'static str {
    "ERROR: This function has been moved to cmd.tty"
}
