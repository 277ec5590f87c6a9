//! `pillar_roots`: the files of the pillar roots. Salt: `salt/wheel/pillar_roots.py` behaviour.

use halite_core::{Apply, Context, ExecModule, Map, Result, Value, function};

use crate::root_files::RootFiles;

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("pillar_roots", &[&FIND, &LIST_ENV, &LIST_ROOTS, &READ, &WRITE]);

fn files<'a>(cx: &'a Context<'_>) -> RootFiles<'a> {
    RootFiles::of(cx.opts, "pillar_roots")
}

/// Lists the places of a file, each with whether it is text (`txt`) or not (`bin`).
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.wheel pillar_roots.find top.sls
/// ```
#[function]
fn find(
    cx: &Context<'_>,
    path: String,
    #[default("base".into())] saltenv: String,
) -> Result<Vec<Map>> {
    files(cx).find(&path, &saltenv)
}

/// Shows the tree of each root of an environment: folders as maps, files as `f`.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.wheel pillar_roots.list_env
/// ```
#[function]
fn list_env(cx: &Context<'_>, #[default("base".into())] saltenv: String) -> Result<Map> {
    files(cx).list_env(&saltenv)
}

/// Shows the trees of all environments.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.wheel pillar_roots.list_roots
/// ```
#[function]
fn list_roots(cx: &Context<'_>) -> Result<Map> {
    files(cx).list_roots()
}

/// Reads a text file from each root that has it.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.wheel pillar_roots.read top.sls
/// ```
#[function]
fn read(
    cx: &Context<'_>,
    path: String,
    #[default("base".into())] saltenv: String,
) -> Result<Vec<Map>> {
    files(cx).read(&path, &saltenv)
}

/// Writes a file below a root: the first one, unless `index` says another.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.wheel pillar_roots.write data='a: 1' path=a.sls
/// ```
#[function]
fn write(
    apply: &Apply<'_>,
    data: Value,
    path: String,
    #[default("base".into())] saltenv: String,
    #[default(0)] index: i64,
) -> Result<String> {
    files(apply.cx).write(apply, &data.to_string(), &path, (&saltenv, index))
}
