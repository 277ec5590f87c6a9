//! `saltutil`: copies users' own modules from the file roots to `extension_modules`.
//! Salt: `salt/runners/saltutil.py` behaviour.

use std::fs;
use std::path::Path;

use halite_core::{Apply, Error, ExecModule, Map, Result, SaltEnv, Value, function};
use halite_modules::support::extmods::Wanted;

use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "saltutil",
    &[
        &SYNC_ALL,
        &SYNC_CACHE,
        &SYNC_CLOUDS,
        &SYNC_EAUTH_TOKENS,
        &SYNC_ENGINES,
        &SYNC_EXECUTORS,
        &SYNC_FILESERVER,
        &SYNC_GRAINS,
        &SYNC_MODULES,
        &SYNC_OUTPUT,
        &SYNC_PILLAR,
        &SYNC_PROXYMODULES,
        &SYNC_QUEUES,
        &SYNC_RENDERERS,
        &SYNC_RETURNERS,
        &SYNC_ROSTER,
        &SYNC_RUNNERS,
        &SYNC_SDB,
        &SYNC_SERIALIZERS,
        &SYNC_STATES,
        &SYNC_THORIUM,
        &SYNC_TOPS,
        &SYNC_UTILS,
        &SYNC_WHEEL,
        &SYNC_WRAPPER,
    ],
);

/// What `sync_all` copies: the kind, which is the folder `_kind` below the roots.
const KINDS: [&str; 24] = [
    "cache",
    "clouds",
    "engines",
    "executors",
    "fileserver",
    "grains",
    "modules",
    "output",
    "pillar",
    "proxy",
    "queues",
    "renderers",
    "returners",
    "roster",
    "runners",
    "sdb",
    "serializers",
    "states",
    "thorium",
    "tokens",
    "tops",
    "utils",
    "wheel",
    "wrapper",
];

/// Copies the files of one kind that are new or changed, removes those that are gone; names what was done.
fn sync(
    apply: &Apply<'_>,
    saltenv: &str,
    kind: &str,
    lists: (&Value, &Value),
) -> Result<Vec<String>> {
    let wanted = Wanted::of(apply.opts, kind, lists);
    let roots = MasterServices::of(apply.cx)?.roots();
    let env = SaltEnv::parse(saltenv)?;
    let to = apply.opts.path("extension_modules").join(kind);
    if apply.opts.str("extension_modules").is_empty() {
        return Err(Error::execution("option extension_modules is not set"));
    }
    fs::create_dir_all(&to).map_err(|error| Error::file("make the folder", &to, error))?;
    let prefix = format!("_{kind}/");
    let mut done = Vec::new();
    let mut there = Vec::new();
    for path in &roots.tree(&env).files {
        let Some(name) = path.strip_prefix(&prefix) else { continue };
        if !wanted.takes(&module_name(name)) {
            continue;
        }
        let Some(mut opened) = roots.open(path, &env)? else { continue };
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut opened.file, &mut content)
            .map_err(|error| Error::file("read", &opened.path, error))?;
        let target = to.join(name);
        there.push(target.clone());
        if fs::read(&target).ok().as_deref() == Some(&content) {
            continue;
        }
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)
                .map_err(|error| Error::file("make the folder", parent, error))?;
        }
        apply.host.write_atomic(&target, &content, Some(0o600))?;
        done.push(title(kind, name));
    }
    done.extend(remove_others(apply, &to, &there, kind)?);
    Ok(done)
}

fn remove_others(
    apply: &Apply<'_>,
    folder: &Path,
    there: &[std::path::PathBuf],
    kind: &str,
) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for name in apply.host.read_dir(folder)? {
        let path = folder.join(&name);
        if path.is_file() && !there.contains(&path) {
            apply.host.remove_file(&path)?;
            done.push(title(kind, &name));
        }
    }
    Ok(done)
}

/// `modules.mine` for `_modules/mine.py`.
fn title(kind: &str, name: &str) -> String {
    format!("{kind}.{}", module_name(name))
}

fn module_name(path: &str) -> String {
    path.strip_suffix(".py").unwrap_or(path).replace('/', ".")
}

/// Copies all kinds of modules.
///
/// CLI Example:
///
/// ```text
/// salt-run saltutil.sync_all
/// ```
#[function]
fn sync_all(
    apply: &Apply<'_>,
    #[default(Some("base".into()))] saltenv: Option<String>,
    #[default(Value::Null)] extmod_whitelist: Value,
    #[default(Value::Null)] extmod_blacklist: Value,
) -> Result<Map> {
    let saltenv = saltenv.unwrap_or_else(|| "base".into());
    let lists = (&extmod_whitelist, &extmod_blacklist);
    let done = |kind: &&str| {
        let shown = if *kind == "proxy" { "proxymodules" } else { kind };
        Ok((shown.into(), sync(apply, &saltenv, kind, lists)?.into()))
    };
    KINDS.iter().map(done).collect()
}

macro_rules! one_kind {
    ($($name:ident $kind:literal $doc:literal;)*) => { $(
        #[doc = $doc]
        #[function]
        fn $name(
            apply: &Apply<'_>,
            #[default(Some("base".into()))] saltenv: Option<String>,
            #[default(Value::Null)] extmod_whitelist: Value,
            #[default(Value::Null)] extmod_blacklist: Value,
        ) -> Result<Vec<String>> {
            let lists = (&extmod_whitelist, &extmod_blacklist);
            sync(apply, saltenv.as_deref().unwrap_or("base"), $kind, lists)
        }
    )* };
}

one_kind! {
    sync_clouds "clouds"
        "Copies the files of `salt://_clouds`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_clouds\n```";
    sync_eauth_tokens "tokens"
        "Copies the files of `salt://_tokens`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_eauth_tokens\n```";
    sync_proxymodules "proxy"
        "Copies the files of `salt://_proxy`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_proxymodules\n```";
    sync_queues "queues"
        "Copies the files of `salt://_queues`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_queues\n```";
    sync_thorium "thorium"
        "Copies the files of `salt://_thorium`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_thorium\n```";
    sync_wrapper "wrapper"
        "Copies the files of `salt://_wrapper`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_wrapper\n```";
    sync_cache "cache"
        "Copies the files of `salt://_cache`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_cache\n```";
    sync_engines "engines"
        "Copies the files of `salt://_engines`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_engines\n```";
    sync_executors "executors"
        "Copies the files of `salt://_executors`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_executors\n```";
    sync_fileserver "fileserver"
        "Copies the files of `salt://_fileserver`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_fileserver\n```";
    sync_grains "grains"
        "Copies the files of `salt://_grains`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_grains\n```";
    sync_modules "modules"
        "Copies the files of `salt://_modules`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_modules\n```";
    sync_output "output"
        "Copies the files of `salt://_output`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_output\n```";
    sync_pillar "pillar"
        "Copies the files of `salt://_pillar`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_pillar\n```";
    sync_renderers "renderers"
        "Copies the files of `salt://_renderers`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_renderers\n```";
    sync_returners "returners"
        "Copies the files of `salt://_returners`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_returners\n```";
    sync_roster "roster"
        "Copies the files of `salt://_roster`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_roster\n```";
    sync_runners "runners"
        "Copies the files of `salt://_runners`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_runners\n```";
    sync_sdb "sdb"
        "Copies the files of `salt://_sdb`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_sdb\n```";
    sync_serializers "serializers"
        "Copies the files of `salt://_serializers`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_serializers\n```";
    sync_states "states"
        "Copies the files of `salt://_states`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_states\n```";
    sync_tops "tops"
        "Copies the files of `salt://_tops`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_tops\n```";
    sync_utils "utils"
        "Copies the files of `salt://_utils`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_utils\n```";
    sync_wheel "wheel"
        "Copies the files of `salt://_wheel`.\n\nCLI Example:\n\n```text\nsalt-run saltutil.sync_wheel\n```";
}
