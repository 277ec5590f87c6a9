//! `pkg` on Debian: what is installed, what could be.

use std::cmp::Ordering;

use halite_core::{Context, Error, ExecModule, Map, Result, Value, function, map};

use super::debversion::{compare, without_epoch};
use super::shared::{Kind, ask, debian, packages, stanzas};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "pkg",
    &[
        &LIST_PKGS,
        &VERSION,
        &LATEST_VERSION,
        &AVAILABLE_VERSION,
        &LIST_UPGRADES,
        &UPGRADE_AVAILABLE,
        &VERSION_CMP,
        &NORMALIZE_NAME,
        &PARSE_ARCH,
        &GET_SELECTIONS,
        &OWNER,
        &FILE_LIST,
        &INFO_INSTALLED,
    ],
)
.available(debian);

/// Lists the installed packages with their versions.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.list_pkgs
/// ```
#[function]
fn list_pkgs(
    cx: &Context<'_>,
    /// Give a list of versions per package.
    #[default(false)]
    versions_as_list: bool,
    /// List what was removed but not purged.
    #[default(false)]
    removed: bool,
    /// List what is installed and marked to be purged.
    #[default(false)]
    purge_desired: bool,
    #[kwargs] _rest: Map,
) -> Result<Map> {
    let mut list = match (removed, purge_desired) {
        (true, _) => packages(cx, Kind::Removed)?,
        (_, true) => packages(cx, Kind::PurgeDesired)?,
        _ => {
            let mut list = packages(cx, Kind::PurgeDesired)?;
            list.extend(packages(cx, Kind::Installed)?);
            list
        }
    };
    if versions_as_list {
        list.values_mut().for_each(|version| *version = Value::list([std::mem::take(version)]));
    }
    Ok(list)
}

/// Gives the installed version of packages: text for one, a map for several; empty if not installed.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.version bash
/// ```
#[function]
fn version(cx: &Context<'_>, #[args] names: Vec<Value>, #[kwargs] _rest: Map) -> Result<Value> {
    let list = packages(cx, Kind::Installed)?;
    Ok(per_name(&names, |name| list.get(name).cloned().unwrap_or_else(|| "".into())))
}

/// One name: its value; several: a map.
fn per_name(names: &[Value], value: impl Fn(&str) -> Value) -> Value {
    match names {
        [] => "".into(),
        [one] => value(&one.to_string()),
        many => {
            let pairs = many.iter().map(|name| (name.clone(), value(&name.to_string())));
            Value::from(pairs.collect::<Map>())
        }
    }
}

/// Gives the version that could be installed: empty if the newest is installed or none is known.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.latest_version bash
/// ```
#[function]
fn latest_version(
    cx: &Context<'_>,
    #[args] names: Vec<Value>,
    #[kwargs] options: Map,
) -> Result<Value> {
    if names.is_empty() {
        return Ok("".into());
    }
    let texts: Vec<String> = names.iter().map(Value::to_string).collect();
    let release = options
        .get("fromrepo")
        .filter(|release| release.truthy())
        .map(|release| format!("APT::Default-Release={release}"));
    let mut argv = vec!["apt-cache", "-q", "policy"];
    argv.extend(texts.iter().map(String::as_str));
    if let Some(release) = &release {
        argv.extend(["-o", release]);
    }
    let out = ask(cx, &argv)?.stdout_text();
    let candidates = candidates(&out);
    let installed = packages(cx, Kind::Installed)?;
    let shown = options.get("show_installed").is_some_and(Value::truthy);
    Ok(per_name(&names, |name| {
        let candidate = candidates.get(name).and_then(Value::as_str).unwrap_or_default();
        match installed.get(name).and_then(Value::as_str) {
            Some(have) if !shown && compare(have, candidate) != Ordering::Less => "".into(),
            _ => candidate.into(),
        }
    }))
}

/// Package to candidate out of `apt-cache policy`.
fn candidates(policy: &str) -> Map {
    let mut found = Map::new();
    let mut package = String::new();
    for line in policy.lines() {
        if !line.starts_with(' ') && line.ends_with(':') {
            package = line.trim_end_matches(':').to_owned();
        } else if let Some(version) = line.trim().strip_prefix("Candidate:") {
            let version = version.trim();
            let version = if version == "(none)" { "" } else { version };
            found.insert(package.as_str().into(), version.into());
        }
    }
    found
}

/// Another name of `pkg.latest_version`.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.available_version bash
/// ```
#[function]
fn available_version(
    cx: &Context<'_>,
    #[args] names: Vec<Value>,
    #[kwargs] options: Map,
) -> Result<Value> {
    latest_version(cx, names, options)
}

/// Lists what an upgrade would bring, with the new versions.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.list_upgrades refresh=False
/// ```
#[function]
fn list_upgrades(
    cx: &Context<'_>,
    /// Kept for callers of Salt's function; ask `pkg.refresh_db` first instead.
    #[default(false)]
    _refresh: bool,
    /// Count in what needs packages to be removed or added.
    #[default(true)]
    dist_upgrade: bool,
    #[kwargs] _rest: Map,
) -> Result<Map> {
    let kind = if dist_upgrade { "dist-upgrade" } else { "upgrade" };
    let out = ask(cx, &["apt-get", "--just-print", kind])?;
    if !out.success() {
        let why = out.stderr_text();
        return Err(Error::execution(format!("Failed to get upgrades: {}", why.trim())));
    }
    let lines = out.stdout_text();
    let upgrades = lines.lines().filter_map(|line| {
        let mut words = line.strip_prefix("Conf ")?.split(' ');
        let name = words.next()?;
        Some((Value::str(name), Value::str(words.next()?.strip_prefix('(')?)))
    });
    Ok(upgrades.collect())
}

/// Whether a newer version of a package could be installed.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.upgrade_available bash
/// ```
#[function]
fn upgrade_available(cx: &Context<'_>, name: String, #[kwargs] options: Map) -> Result<bool> {
    Ok(latest_version(cx, vec![name.into()], options)?.truthy())
}

/// Compares two versions: -1, 0 or 1.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.version_cmp '0.2.4-0ubuntu1' '0.2.4.1-0ubuntu1'
/// ```
#[function]
fn version_cmp(
    pkg1: String,
    pkg2: String,
    /// Leave what stands before a colon aside.
    #[default(false)]
    ignore_epoch: bool,
    #[kwargs] _rest: Map,
) -> i64 {
    let order = match ignore_epoch {
        true => compare(without_epoch(&pkg1), without_epoch(&pkg2)),
        false => compare(&pkg1, &pkg2),
    };
    order as i64
}

/// Takes the architecture off a package's name if it is this machine's.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.normalize_name zsh:amd64
/// ```
#[function]
fn normalize_name(cx: &Context<'_>, name: String) -> String {
    let osarch = cx.grains.get("osarch").and_then(Value::as_str).unwrap_or_default();
    match name.rsplit_once(':') {
        Some((bare, arch)) if arch == osarch || matches!(arch, "all" | "any") => bare.to_owned(),
        _ => name,
    }
}

/// Splits a package's name into name and architecture.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.parse_arch zsh:amd64
/// ```
#[function]
fn parse_arch(name: String) -> Map {
    match name.rsplit_once(':') {
        Some((bare, arch)) => map! {"name" => bare, "arch" => arch},
        None => map! {"name" => name, "arch" => ()},
    }
}

/// Lists packages by what is wanted of them: install, hold, deinstall, purge.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.get_selections 'python-*' state=hold
/// ```
#[function]
fn get_selections(
    cx: &Context<'_>,
    /// Glob over package names.
    #[default(None)]
    pattern: Option<String>,
    /// Only this state.
    #[default(None)]
    state: Option<String>,
) -> Result<Map> {
    let text = cx.host.read(std::path::Path::new(super::shared::STATUS_FILE))?;
    let text = String::from_utf8_lossy(&text);
    let mut by_state: std::collections::BTreeMap<&str, Vec<Value>> = Default::default();
    let matches = |name: &str| {
        pattern.as_deref().is_none_or(|pattern| halite_core::glob::fnmatch(name, pattern))
    };
    for stanza in stanzas(&text).filter(|stanza| matches(stanza.package)) {
        by_state.entry(stanza.want).or_default().push(stanza.package.into());
    }
    let wanted = |name: &str| state.as_deref().is_none_or(|state| state == name);
    let found = by_state.into_iter().filter(|(name, _)| wanted(name));
    Ok(found.map(|(name, packages)| (name.into(), packages.into())).collect())
}

/// Says which package a file belongs to.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.owner /usr/bin/apt-get
/// ```
#[function]
fn owner(cx: &Context<'_>, #[args] paths: Vec<Value>, #[kwargs] _rest: Map) -> Result<Value> {
    let mut owners = Map::new();
    for path in &paths {
        let out = ask(cx, &["dpkg-query", "-S", &path.to_string()])?.stdout_text();
        let owner = out.split(": ").next().filter(|_| out.contains(": ")).unwrap_or_default();
        owners.insert(path.clone(), owner.into());
    }
    Ok(per_name(&paths, |path| owners.get(path).cloned().unwrap_or_default()))
}

/// Lists the files of packages.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.file_list hostname
/// ```
#[function]
fn file_list(cx: &Context<'_>, #[args] packages: Vec<Value>, #[kwargs] _rest: Map) -> Result<Map> {
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for package in &packages {
        let out = ask(cx, &["dpkg-query", "-L", &package.to_string()])?;
        if out.success() {
            let text = out.stdout_text();
            files.extend(text.lines().filter(|line| line.starts_with('/')).map(Value::str));
        } else {
            errors.push(Value::str(out.stderr_text().trim()));
        }
    }
    Ok(map! {"errors" => errors, "files" => files})
}

/// Gives what is known of installed packages.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.info_installed bash
/// ```
#[function]
fn info_installed(
    cx: &Context<'_>,
    #[args] names: Vec<Value>,
    #[kwargs] _rest: Map,
) -> Result<Map> {
    let format = "${Package}\\t${Version}\\t${Architecture}\\t${Maintainer}\\t${Section}\\t\
                  ${Installed-Size}\\t${Homepage}\\t${binary:Summary}\\n";
    let texts: Vec<String> = names.iter().map(Value::to_string).collect();
    let mut argv = vec!["dpkg-query", "-W", "-f", format];
    argv.extend(texts.iter().map(String::as_str));
    let out = ask(cx, &argv)?;
    if !out.success() {
        return Err(Error::execution(out.stderr_text().trim().to_owned()));
    }
    let keys = ["version", "arch", "packager", "group", "install_size", "url", "summary"];
    let text = out.stdout_text();
    let rows = text.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let name = fields.next()?;
        let info = keys.iter().zip(fields).filter(|(_, value)| !value.is_empty());
        let info: Map = info.map(|(key, value)| ((*key).into(), value.into())).collect();
        Some((Value::str(name), info.into()))
    });
    Ok(rows.collect())
}
