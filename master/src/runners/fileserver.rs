//! `fileserver`: what the file roots hold. Salt: `salt/runners/fileserver.py` behaviour.

use halite_core::{Context, ExecModule, Map, Result, SaltEnv, function};
use halite_render::files::Tree;

use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "fileserver",
    &[
        &CLEAR_CACHE,
        &CLEAR_LOCK,
        &CLEAR_FILE_LIST_CACHE,
        &DIR_LIST,
        &EMPTY_DIR_LIST,
        &ENVS,
        &FILE_LIST,
        &LOCK,
        &SYMLINK_LIST,
        &UPDATE,
    ],
);

fn tree(cx: &Context<'_>, saltenv: &str) -> Result<std::sync::Arc<Tree>> {
    Ok(MasterServices::of(cx)?.roots().tree(&SaltEnv::parse(saltenv)?))
}

/// Lists the environments.
///
/// CLI Example:
///
/// ```text
/// salt-run fileserver.envs
/// ```
#[function]
fn envs(
    cx: &Context<'_>,
    #[default(None)] backend: Option<Vec<String>>,
    #[default(false)] sources: bool,
) -> Result<Vec<String>> {
    let _ = (backend, sources);
    Ok(MasterServices::of(cx)?.roots().envs())
}

/// Lists the files of an environment.
///
/// CLI Example:
///
/// ```text
/// salt-run fileserver.file_list
/// salt-run fileserver.file_list saltenv=prod
/// ```
#[function]
fn file_list(
    cx: &Context<'_>,
    #[default("base".into())] saltenv: String,
    #[default(None)] backend: Option<Vec<String>>,
) -> Result<Vec<String>> {
    let _ = backend;
    Ok(tree(cx, &saltenv)?.files.iter().cloned().collect())
}

/// Lists the folders of an environment.
///
/// CLI Example:
///
/// ```text
/// salt-run fileserver.dir_list
/// ```
#[function]
fn dir_list(
    cx: &Context<'_>,
    #[default("base".into())] saltenv: String,
    #[default(None)] backend: Option<Vec<String>>,
) -> Result<Vec<String>> {
    let _ = backend;
    Ok(tree(cx, &saltenv)?.dirs.iter().cloned().collect())
}

/// Lists the folders of an environment that hold nothing.
///
/// CLI Example:
///
/// ```text
/// salt-run fileserver.empty_dir_list
/// ```
#[function]
fn empty_dir_list(
    cx: &Context<'_>,
    #[default("base".into())] saltenv: String,
    #[default(None)] backend: Option<Vec<String>>,
) -> Result<Vec<String>> {
    let _ = backend;
    Ok(tree(cx, &saltenv)?.empty_dirs.iter().cloned().collect())
}

/// Lists the symbolic links of an environment with what they point to.
///
/// CLI Example:
///
/// ```text
/// salt-run fileserver.symlink_list
/// ```
#[function]
fn symlink_list(
    cx: &Context<'_>,
    #[default("base".into())] saltenv: String,
    #[default(None)] backend: Option<Vec<String>>,
) -> Result<Map> {
    let _ = backend;
    Ok(tree(cx, &saltenv)?.links_below(""))
}

/// Updates the file server. Local roots are always as new as the disk.
///
/// CLI Example:
///
/// ```text
/// salt-run fileserver.update
/// ```
#[function]
fn update(
    cx: &Context<'_>,
    #[default(None)] backend: Option<Vec<String>>,
    #[kwargs] kwargs: Map,
) -> Result<bool> {
    let _ = (backend, kwargs);
    MasterServices::of(cx)?.roots().clear_lists();
    Ok(true)
}

/// Empties the file server's cache. Local roots have none.
///
/// CLI Example:
///
/// ```text
/// salt-run fileserver.clear_cache
/// ```
#[function]
fn clear_cache(#[default(None)] backend: Option<Vec<String>>) -> &'static str {
    let _ = backend;
    "No cache was cleared"
}

/// Removes locks of file servers. Local roots have none.
///
/// CLI Example:
///
/// ```text
/// salt-run fileserver.clear_lock
/// ```
#[function]
fn clear_lock(
    #[default(None)] backend: Option<Vec<String>>,
    #[default(None)] remote: Option<String>,
) -> &'static str {
    let _ = (backend, remote);
    "No locks were removed"
}

/// Locks file servers. Local roots need no lock.
///
/// CLI Example:
///
/// ```text
/// salt-run fileserver.lock
/// ```
#[function]
fn lock(
    #[default(None)] backend: Option<Vec<String>>,
    #[default(None)] remote: Option<String>,
) -> &'static str {
    let _ = (backend, remote);
    "No locks were set"
}

/// Forgets listings of environments. They are kept by the running master only, and only for
/// `fileserver_list_cache_time` seconds.
///
/// CLI Example:
///
/// ```text
/// salt-run fileserver.clear_file_list_cache
/// ```
#[function]
fn clear_file_list_cache(
    cx: &Context<'_>,
    #[default(None)] saltenv: Option<Vec<String>>,
    #[default(None)] backend: Option<Vec<String>>,
) -> Result<Map> {
    let _ = (saltenv, backend);
    MasterServices::of(cx)?.roots().clear_lists();
    Ok(Map::new())
}
