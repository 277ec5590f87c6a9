//! `saltutil.sync_*`: users' own modules, copied from the file server.
//! Salt: `salt.utils.extmods.sync` behaviour.

use std::path::{Path, PathBuf};

use halite_core::files::Listing;
use halite_core::services::Refresh;
use halite_core::{Apply, ExecModule, Map, Result, SaltEnv, Value, args, function};

use crate::support::extmods::Wanted;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "saltutil",
    &[
        &SYNC_ALL,
        &SYNC_MODULES,
        &SYNC_STATES,
        &SYNC_GRAINS,
        &SYNC_RENDERERS,
        &SYNC_RETURNERS,
        &SYNC_OUTPUT,
        &SYNC_UTILS,
        &SYNC_BEACONS,
        &SYNC_SDB,
        &SYNC_MATCHERS,
        &SYNC_EXECUTORS,
        &SYNC_ENGINES,
        &SYNC_PILLAR,
        &SYNC_TOPS,
    ],
);

/// What `sync_all` copies, in Salt's order; the last two only without a master.
const ALL: &[&str] = &[
    "clouds",
    "beacons",
    "modules",
    "states",
    "sdb",
    "grains",
    "renderers",
    "returners",
    "output",
    "utils",
    "log_handlers",
    "executors",
    "proxymodules",
    "engines",
    "thorium",
    "serializers",
    "matchers",
    "resources",
];

/// Copies `_<form>/` of the environments; gives the names of what changed.
fn sync(
    apply: &Apply<'_>,
    form: &str,
    saltenv: Option<&[String]>,
    wanted: &Wanted,
) -> Result<Vec<String>> {
    let root = extension_folder(apply).join(form);
    let envs = match saltenv {
        Some(names) => names.iter().map(|name| SaltEnv::parse(name)).collect::<Result<_>>()?,
        None => vec![SaltEnv::base()],
    };
    let prefix = format!("_{form}/");
    let (mut kept, mut changed) = (Vec::new(), Vec::new());
    for env in &envs {
        for path in apply.files.list(env, Listing::Files, &prefix)? {
            let Some(below) = path.strip_prefix(&prefix) else { continue };
            let parts: Vec<&str> = below.split('/').collect();
            let name = module_name(&parts);
            if !wanted.takes(&name) || parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
                continue;
            }
            let Some(found) = apply.files.cache_file(&path, env)? else { continue };
            let place = root.join(below);
            kept.push(place.clone());
            let fresh = apply.host.read(&found.path)?;
            if apply.host.read(&place).ok().as_ref() == Some(&fresh) {
                continue;
            }
            if let Some(folder) = place.parent() {
                apply.call_value("file.mkdir", args![folder])?;
            }
            apply.host.write_atomic(&place, &fresh, None)?;
            changed.push(format!("{form}.{name}"));
        }
    }
    remove_stale(apply, &root, &kept)?;
    Ok(changed)
}

/// `a/b.py` as `a.b`; the module of a folder is the folder.
fn module_name(parts: &[&str]) -> String {
    let joined = parts.join(".");
    let stem = joined.rsplit_once('.').map_or(joined.as_str(), |(stem, _)| stem);
    stem.strip_suffix(".__init__").unwrap_or(stem).to_owned()
}

fn extension_folder(apply: &Apply<'_>) -> PathBuf {
    match apply.opts.str("extension_modules") {
        "" => apply.opts.path("cachedir").join("extmods"),
        set => PathBuf::from(set),
    }
}

/// Removes copies whose source is gone.
fn remove_stale(apply: &Apply<'_>, root: &Path, kept: &[PathBuf]) -> Result<()> {
    if !apply.opts.get("clean_dynamic_modules").is_none_or(Value::truthy) {
        return Ok(());
    }
    let mut todo = vec![root.to_owned()];
    while let Some(folder) = todo.pop() {
        for name in apply.host.read_dir(&folder).unwrap_or_default() {
            let place = folder.join(name);
            match apply.host.symlink_metadata(&place)? {
                Some(stat) if stat.is_dir() => todo.push(place),
                Some(_) if !kept.contains(&place) => apply.host.remove_file(&place)?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// Declares the functions that copy one kind of module.
macro_rules! sync_functions {
    ($($(#[doc = $doc:tt])* fn $name:ident($form:literal);)+) => {$(
        $(#[doc = $doc])*
        #[function]
        fn $name(
            apply: &Apply<'_>,
            /// Environments to copy from; `base` by default.
            #[default(None)] saltenv: Option<Vec<String>>,
            /// Load what was copied.
            #[default(true)] refresh: bool,
            /// Only these.
            #[default(Value::Null)] extmod_whitelist: Value,
            /// All but these.
            #[default(Value::Null)] extmod_blacklist: Value,
        ) -> Result<Vec<String>> {
            let lists = (&extmod_whitelist, &extmod_blacklist);
            let wanted = Wanted::of(apply.opts, $form, lists);
            let changed = sync(apply, $form, saltenv.as_deref(), &wanted)?;
            if refresh {
                apply.services.refresh(Refresh::Modules)?;
            }
            Ok(changed)
        }
    )+};
}

sync_functions! {
    /// Copies execution modules from `salt://_modules`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_modules
    /// ```
    fn sync_modules("modules");

    /// Copies state modules from `salt://_states`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_states saltenv=dev
    /// ```
    fn sync_states("states");

    /// Copies grains modules from `salt://_grains`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_grains
    /// ```
    fn sync_grains("grains");

    /// Copies renderers from `salt://_renderers`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_renderers
    /// ```
    fn sync_renderers("renderers");

    /// Copies returners from `salt://_returners`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_returners
    /// ```
    fn sync_returners("returners");

    /// Copies outputters from `salt://_output`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_output
    /// ```
    fn sync_output("output");

    /// Copies utility modules from `salt://_utils`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_utils
    /// ```
    fn sync_utils("utils");

    /// Copies beacons from `salt://_beacons`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_beacons
    /// ```
    fn sync_beacons("beacons");

    /// Copies sdb modules from `salt://_sdb`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_sdb
    /// ```
    fn sync_sdb("sdb");

    /// Copies matchers from `salt://_matchers`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_matchers
    /// ```
    fn sync_matchers("matchers");

    /// Copies executors from `salt://_executors`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_executors
    /// ```
    fn sync_executors("executors");

    /// Copies engines from `salt://_engines`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_engines
    /// ```
    fn sync_engines("engines");

    /// Copies pillar modules from `salt://_pillar`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_pillar
    /// ```
    fn sync_pillar("pillar");

    /// Copies top modules from `salt://_tops`; gives what changed.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' saltutil.sync_tops
    /// ```
    fn sync_tops("tops");
}

/// Copies all kinds of modules from the file server; gives what changed, by kind.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.sync_all
/// salt '*' saltutil.sync_all saltenv=dev
/// ```
#[function]
fn sync_all(
    apply: &Apply<'_>,
    #[default(None)] saltenv: Option<Vec<String>>,
    #[default(true)] refresh: bool,
    #[default(Value::Null)] extmod_whitelist: Value,
    #[default(Value::Null)] extmod_blacklist: Value,
    #[default(false)] _clean_pillar_cache: bool,
) -> Result<Map> {
    let local = apply.opts.str("file_client") == "local";
    let first: &[&str] = if local { &["tops"] } else { &[] };
    let last: &[&str] = if local { &["pillar", "wrapper"] } else { &[] };
    let lists = (&extmod_whitelist, &extmod_blacklist);
    let mut changed = Map::new();
    for form in first.iter().chain(ALL).chain(last) {
        let wanted = Wanted::of(apply.opts, form, lists);
        let done = sync(apply, form, saltenv.as_deref(), &wanted)?;
        changed.insert((*form).into(), done.into());
    }
    if refresh {
        apply.services.refresh(Refresh::Modules)?;
        apply.services.refresh(Refresh::Pillar)?;
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_named_by_their_path() {
        assert_eq!(module_name(&["mine.py"]), "mine");
        assert_eq!(module_name(&["pkg", "tool.py"]), "pkg.tool");
        assert_eq!(module_name(&["pkg", "__init__.py"]), "pkg");
    }
}
