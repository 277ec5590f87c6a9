//! `saltutil.refresh_pillar` and its kin: what is to be read again.

use halite_core::services::Refresh;
use halite_core::{Apply, ExecModule, Map, Result, Value, args, function, map};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "saltutil",
    &[
        &REFRESH_PILLAR,
        &PILLAR_REFRESH,
        &REFRESH_GRAINS,
        &REFRESH_MODULES,
        &REFRESH_BEACONS,
        &REFRESH_MATCHERS,
        &REVOKE_AUTH,
        &REGEN_KEYS,
        &RUNNER,
        &CMD,
    ],
);

/// Has the pillar compiled anew.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.refresh_pillar
/// salt '*' saltutil.refresh_pillar wait=True timeout=60
/// ```
#[function]
fn refresh_pillar(
    apply: &Apply<'_>,
    #[default(false)] _wait: bool,
    #[default(30)] _timeout: i64,
    #[default(true)] _clean_cache: bool,
) -> Result<bool> {
    apply.services.refresh(Refresh::Pillar)
}

/// Has the pillar compiled anew. The same as `saltutil.refresh_pillar`.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.pillar_refresh
/// ```
#[function]
fn pillar_refresh(
    apply: &Apply<'_>,
    #[default(false)] wait: bool,
    #[default(30)] timeout: i64,
    #[default(true)] clean_cache: bool,
) -> Result<bool> {
    refresh_pillar(apply, wait, timeout, clean_cache)
}

/// Has the grains read anew, and the pillar compiled with them.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.refresh_grains
/// ```
#[function]
fn refresh_grains(
    apply: &Apply<'_>,
    #[default(true)] refresh_pillar: bool,
    #[default(false)] _clean_pillar_cache: bool,
) -> Result<bool> {
    apply.services.refresh(Refresh::Grains)?;
    if refresh_pillar {
        apply.services.refresh(Refresh::Pillar)?;
    }
    Ok(true)
}

/// Has users' own modules loaded anew.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.refresh_modules
/// ```
#[function]
fn refresh_modules(apply: &Apply<'_>, #[kwargs] _kwargs: Map) -> Result<bool> {
    apply.services.refresh(Refresh::Modules)
}

/// Has the beacons set up anew.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.refresh_beacons
/// ```
#[function]
fn refresh_beacons(apply: &Apply<'_>) -> Result<bool> {
    apply.services.refresh(Refresh::Beacons)
}

/// Does nothing, successfully: matchers are part of the program.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.refresh_matchers
/// ```
#[function]
fn refresh_matchers() -> bool {
    true
}

/// Has the master forget this minion's key.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.revoke_auth
/// ```
#[function]
fn revoke_auth(apply: &Apply<'_>, #[default(false)] preserve_minion_cache: bool) -> Result<bool> {
    let load = map! {
        "id" => apply.opts.str("id"), "preserve_minion_cache" => preserve_minion_cache,
    };
    apply.services.ask_master("revoke_auth", load)?;
    Ok(true)
}

/// Removes the minion's keys; new ones are made at the next start, and the master must accept them.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.regen_keys
/// ```
#[function]
fn regen_keys(apply: &Apply<'_>) -> Result<()> {
    let folder = apply.opts.path("pki_dir");
    for name in apply.host.read_dir(&folder)? {
        let place = folder.join(name);
        if matches!(apply.host.symlink_metadata(&place)?, Some(stat) if !stat.is_dir()) {
            apply.host.remove_file(&place)?;
        }
    }
    Ok(())
}

/// Has the master run a runner, where its `peer_run` allows it.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.runner manage.up
/// salt '*' saltutil.runner cache.grains arg='[web1]'
/// ```
#[function]
fn runner(
    apply: &Apply<'_>,
    name: String,
    #[default(Value::Null)] arg: Value,
    #[default(None)] kwarg: Option<Map>,
    #[default(false)] _full_return: bool,
    #[default("base".into())] _saltenv: String,
    #[default(Value::Null)] _jid: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    let mut words = match arg {
        Value::Null => Vec::new(),
        Value::List(items) => items.to_vec(),
        one => vec![one],
    };
    let mut named = kwarg.unwrap_or_default();
    named.extend(kwargs.into_iter().filter(|(key, _)| !key.to_string().starts_with("__")));
    words.extend(named.iter().map(|(key, value)| format!("{key}={value}").into()));
    apply.call_value("publish.runner", args![name, words])
}

/// Has other minions run a function, where the master's `peer` allows it.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.cmd 'web*' test.ping
/// ```
#[function]
fn cmd(
    apply: &Apply<'_>,
    tgt: Value,
    fun: String,
    #[default(Value::Null)] arg: Value,
    #[default(None)] timeout: Option<i64>,
    #[default("glob".into())] tgt_type: String,
    #[default(String::new())] ret: String,
    #[default(Value::Null)] _kwarg: Value,
    #[default(false)] _ssh: bool,
    #[kwargs] _kwargs: Map,
) -> Result<Value> {
    let timeout = timeout.unwrap_or(5);
    apply.call_value(
        "publish.full_data",
        args![tgt, fun, arg; tgt_type = tgt_type, returner = ret, timeout = timeout],
    )
}
