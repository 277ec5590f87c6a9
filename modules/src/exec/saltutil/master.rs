//! Functions of the master on this machine, for a minion beside it. Salt: `saltutil.runner`, `saltutil.wheel`.

use std::path::Path;

use halite_core::services::MasterCall;
use halite_core::{Apply, Args, ExecModule, Map, Result, Value, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("saltutil", &[&RUNNER, &WHEEL]);

fn call(
    apply: &Apply<'_>,
    wheel: bool,
    fun: String,
    args: Args,
    user: String,
    full_return: bool,
) -> Result<Value> {
    let conf = apply.opts.path("conf_file");
    let config_dir = conf.parent().unwrap_or(Path::new("/etc/salt")).to_owned();
    apply.services.master_function(&MasterCall { config_dir, wheel, fun, args, user, full_return })
}

/// Who asked, and the arguments without what was put beside them.
fn sort_out(more: Map) -> (String, Map) {
    let user = more.get("__pub_user").filter(|user| user.truthy()).map(Value::to_string);
    let named = more.into_iter().filter(|(key, _)| !key.to_string().starts_with("__"));
    (user.unwrap_or_else(|| "UNKNOWN".into()), named.collect())
}

/// Runs a runner function of the master on this machine.
///
/// CLI Example:
///
/// ```text
/// salt master_minion saltutil.runner jobs.list_jobs
/// salt master_minion saltutil.runner test.arg arg="['baz']" kwarg="{'foo': 'bar'}"
/// ```
#[function]
fn runner(
    apply: &Apply<'_>,
    name: String,
    #[default(None)] arg: Option<Vec<Value>>,
    #[default(None)] kwarg: Option<Map>,
    /// Also give the run's id, its arguments and whether it succeeded.
    #[default(false)]
    full_return: bool,
    #[kwargs] more: Map,
) -> Result<Value> {
    let (user, own) = sort_out(more);
    let mut named = kwarg.unwrap_or_default();
    named.extend(own);
    let args = Args { positional: arg.unwrap_or_default(), named };
    call(apply, false, name, args, user, full_return)
}

/// Runs a wheel function of the master on this machine.
///
/// CLI Example:
///
/// ```text
/// salt my-local-minion saltutil.wheel key.accept jerry
/// salt my-local-minion saltutil.wheel minions.connected
/// ```
#[function]
fn wheel(
    apply: &Apply<'_>,
    name: String,
    #[args] args: Vec<Value>,
    #[kwargs] more: Map,
) -> Result<Value> {
    let (user, named) = sort_out(more);
    call(apply, true, name, Args { positional: args, named }, user, true)
}
