//! `pkg` on Debian: installing, removing, refreshing.

use std::cmp::Ordering;
use std::path::Path;

use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function, map};

use super::debversion::compare;
use super::shared::{Kind, Wanted, act, ask, debian, difference, packages, wanted};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("pkg", &[&INSTALL, &REMOVE, &PURGE, &AUTOREMOVE, &UPGRADE, &REFRESH_DB])
        .available(debian);

/// Where apt keeps its lists.
const LISTS: &str = "/var/lib/apt/lists";

/// Installs packages; gives what changed.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.install hello
/// ```
#[function]
fn install(
    apply: &Apply<'_>,
    /// One package, or several separated by commas.
    #[default(None)]
    name: Option<String>,
    /// Refresh the lists first.
    #[default(false)]
    refresh: bool,
    /// Release to install from.
    #[default(None)]
    fromrepo: Option<String>,
    /// Install what is not signed.
    #[default(false)]
    skip_verify: bool,
    /// Packages as a list: texts, or `{name: version}`.
    #[default(None)]
    pkgs: Option<Value>,
    /// Package files as a list of `{name: path}`.
    #[default(None)]
    sources: Option<Value>,
    /// Install again what is installed.
    #[default(false)]
    reinstall: bool,
    /// Fetch only.
    #[default(false)]
    downloadonly: bool,
    #[kwargs] options: Map,
) -> Result<Map> {
    let targets = match sources.as_ref().and_then(Value::as_list) {
        Some(items) => source_files(apply, items)?,
        None => wanted(name.as_deref(), pkgs.as_ref())?,
    };
    if targets.is_empty() {
        return Ok(Map::new());
    }
    if refresh {
        refresh_db(apply, 0, false)?;
    }
    let old = packages(apply, Kind::Installed)?;
    let single = options.get("version").filter(|version| version.truthy() && targets.len() == 1);
    let mut plan = Plan::default();
    for target in &targets {
        let version = single.map(Value::to_string).or_else(|| target.version.clone());
        plan.add(apply, target, version, &old, reinstall)?;
    }
    let prefix = install_command(&options, skip_verify, fromrepo.as_deref(), downloadonly);
    let mut errors = std::mem::take(&mut plan.errors);
    for argv in plan.commands(&prefix) {
        let out = act(apply, &argv)?;
        if !out.success() && !out.stderr.is_empty() {
            errors.push(out.stderr_text().trim().to_owned());
        }
    }
    let new = packages(apply, Kind::Installed)?;
    let mut changes = difference(&old, &new);
    for name in &plan.reinstalled {
        let version = |list: &Map| list.get(name.as_str()).cloned().unwrap_or_else(|| "".into());
        let entry = map! {"old" => version(&old), "new" => version(&new)};
        changes.entry(name.as_str().into()).or_insert_with(|| entry.into());
    }
    finish("installing", errors, changes)
}

/// What apt is to be told, sorted by how it must be told.
#[derive(Default)]
struct Plan {
    install: Vec<String>,
    downgrade: Vec<String>,
    again: Vec<String>,
    reinstalled: Vec<String>,
    errors: Vec<String>,
}

impl Plan {
    fn add(
        &mut self,
        apply: &Apply<'_>,
        target: &Wanted,
        version: Option<String>,
        old: &Map,
        reinstall: bool,
    ) -> Result<()> {
        let name = &target.name;
        let have = old.get(name.as_str()).and_then(Value::as_str);
        let Some(version) = version else {
            if reinstall && have.is_some() {
                self.again.push(name.clone());
                self.reinstalled.push(name.clone());
            } else {
                self.install.push(name.clone());
            }
            return Ok(());
        };
        let Some(version) = choose(apply, name, &version)? else {
            self.errors.push(format!("No version matching '{name}{version}' could be found"));
            return Ok(());
        };
        let word = format!("{name}={version}");
        match have.map(|have| compare(&version, have)) {
            Some(Ordering::Equal) if reinstall => {
                self.again.push(word);
                self.reinstalled.push(name.clone());
            }
            Some(Ordering::Less) => self.downgrade.push(word),
            _ => self.install.push(word),
        }
        Ok(())
    }

    fn commands(&self, prefix: &[String]) -> Vec<Vec<String>> {
        let command = |extra: &[&str], words: &[String]| {
            let mut argv = prefix.to_vec();
            let last = argv.pop();
            argv.extend(extra.iter().map(|word| (*word).to_owned()));
            argv.extend(last);
            argv.extend(words.iter().cloned());
            argv
        };
        let mut commands = Vec::new();
        if !self.install.is_empty() {
            commands.push(command(&[], &self.install));
        }
        if !self.downgrade.is_empty() {
            commands.push(command(&["--allow-downgrades"], &self.downgrade));
        }
        if !self.again.is_empty() {
            commands.push(command(&["--reinstall"], &self.again));
        }
        commands
    }
}

/// The version meant: itself, or the newest that `>=1.2` and the like allow.
fn choose(apply: &Apply<'_>, name: &str, version: &str) -> Result<Option<String>> {
    if !version.starts_with(['<', '>']) {
        return Ok(Some(version.trim_start_matches('=').trim().to_owned()));
    }
    let (sign, wanted) = version.split_at(version.find(|c| !"<>=".contains(c)).unwrap_or(1));
    let wanted = wanted.trim();
    let out = ask(apply, &["apt-cache", "madison", name])?.stdout_text();
    let mut found: Vec<&str> = out.lines().filter_map(|line| line.split('|').nth(1)).collect();
    found = found.into_iter().map(str::trim).collect();
    found.sort_by(|a, b| compare(b, a));
    let fits = |candidate: &&str| {
        let order = compare(candidate, wanted);
        match sign {
            "<" => order == Ordering::Less,
            "<=" => order != Ordering::Greater,
            ">" => order == Ordering::Greater,
            _ => order != Ordering::Less,
        }
    };
    Ok(found.into_iter().find(fits).map(str::to_owned))
}

fn install_command(options: &Map, unsigned: bool, from: Option<&str>, fetch: bool) -> Vec<String> {
    let flag = |name: &str| options.get(name).is_some_and(Value::truthy);
    let mut argv = vec!["apt-get", "-q", "-y"];
    if flag("force_conf_new") {
        argv.extend(["-o", "DPkg::Options::=--force-confnew"]);
    } else {
        let old =
            ["-o", "DPkg::Options::=--force-confold", "-o", "DPkg::Options::=--force-confdef"];
        argv.extend(old);
    }
    match options.get("install_recommends").map(Value::truthy) {
        Some(true) => argv.push("--install-recommends"),
        Some(false) => argv.push("--no-install-recommends"),
        None => {}
    }
    for (set, word) in [
        (flag("only_upgrade"), "--only-upgrade"),
        (unsigned, "--allow-unauthenticated"),
        (flag("force_yes"), "--force-yes"),
        (fetch, "--download-only"),
    ] {
        if set {
            argv.push(word);
        }
    }
    if let Some(release) = from {
        argv.extend(["-t", release]);
    }
    argv.push("install");
    argv.into_iter().map(Into::into).collect()
}

/// Package files, fetched where they are URLs.
fn source_files(apply: &Apply<'_>, items: &[Value]) -> Result<Vec<Wanted>> {
    let mut files = Vec::new();
    for item in items {
        let source = match item {
            Value::Map(map) => map.values().next().map(Value::to_string).unwrap_or_default(),
            other => other.to_string(),
        };
        let path = match source.contains("://") {
            true => apply
                .call::<Option<String>>("cp.cache_file", halite_core::args![source.as_str()])?,
            false => Some(source.clone()),
        };
        let path = path.filter(|path| !path.is_empty());
        let path = path.ok_or_else(|| {
            Error::execution(format!("The package file {source} could not be fetched"))
        })?;
        files.push(Wanted { name: path, version: None });
    }
    Ok(files)
}

/// Changes, or the error that carries them.
fn finish(doing: &str, errors: Vec<String>, changes: Map) -> Result<Map> {
    if errors.is_empty() {
        return Ok(changes);
    }
    let mut what = format!("Problem encountered {doing} package(s). Additional info follows:\n");
    if !changes.is_empty() {
        let names: Vec<String> = changes.keys().map(Value::to_string).collect();
        what.push_str(&format!("\nchanged all the same:\n    - {}", names.join("\n    - ")));
    }
    let errors: Vec<String> = errors.iter().map(|e| e.replace('\n', "\n      ")).collect();
    what.push_str(&format!("\nerrors:\n    - {}", errors.join("\n    - ")));
    Err(Error::execution(what))
}

fn uninstall(
    apply: &Apply<'_>,
    action: &str,
    name: Option<String>,
    pkgs: Option<Value>,
) -> Result<(Map, Map)> {
    let targets = wanted(name.as_deref(), pkgs.as_ref())?;
    let (old, old_removed) = (packages(apply, Kind::Installed)?, packages(apply, Kind::Removed)?);
    let known = old.keys().chain(old_removed.keys().filter(|_| action == "purge"));
    let known = known.filter_map(Value::as_str);
    let named: Vec<String> = known
        .filter(|name| targets.iter().any(|target| halite_core::glob::fnmatch(name, &target.name)))
        .map(str::to_owned)
        .collect();
    if named.is_empty() {
        return Ok((Map::new(), Map::new()));
    }
    let mut argv: Vec<String> = ["apt-get", "-q", "-y", action].map(Into::into).to_vec();
    argv.extend(named);
    let out = act(apply, &argv)?;
    let changes = difference(&old, &packages(apply, Kind::Installed)?);
    let removed = difference(&old_removed, &packages(apply, Kind::Removed)?);
    let failed = !out.success() && !out.stderr.is_empty();
    let errors = if failed { vec![out.stderr_text().trim().to_owned()] } else { Vec::new() };
    Ok((finish("removing", errors, changes)?, removed))
}

/// Removes packages; their configuration files stay.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.remove hello
/// ```
#[function]
fn remove(
    apply: &Apply<'_>,
    #[default(None)] name: Option<String>,
    #[default(None)] pkgs: Option<Value>,
    #[kwargs] _rest: Map,
) -> Result<Map> {
    Ok(uninstall(apply, "remove", name, pkgs)?.0)
}

/// Removes packages with their configuration files.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.purge hello
/// ```
#[function]
fn purge(
    apply: &Apply<'_>,
    #[default(None)] name: Option<String>,
    #[default(None)] pkgs: Option<Value>,
    #[kwargs] _rest: Map,
) -> Result<Map> {
    let (installed, removed) = uninstall(apply, "purge", name, pkgs)?;
    if installed.is_empty() && removed.is_empty() {
        return Ok(Map::new());
    }
    Ok(map! {"removed" => removed, "installed" => installed})
}

/// Removes packages that nothing needs any more.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.autoremove
/// ```
#[function]
fn autoremove(
    apply: &Apply<'_>,
    /// Say only what would be removed.
    #[default(false)]
    list_only: bool,
    /// Remove configuration files as well.
    #[default(false)]
    purge: bool,
) -> Result<Value> {
    if list_only {
        let out = ask(apply, &["apt-get", "--assume-no", "autoremove"])?.stdout_text();
        let after = out.split("The following packages will be REMOVED:").nth(1).unwrap_or_default();
        let names = after.lines().skip(1).take_while(|line| line.starts_with(' '));
        let names = names.flat_map(str::split_whitespace).map(Value::str);
        return Ok(Value::list(names));
    }
    let old = packages(apply, Kind::Installed)?;
    let mut argv: Vec<String> = ["apt-get", "-q", "-y"].map(Into::into).to_vec();
    if purge {
        argv.push("--purge".into());
    }
    argv.push("autoremove".into());
    act(apply, &argv)?;
    Ok(difference(&old, &packages(apply, Kind::Installed)?).into())
}

/// Upgrades everything; gives what changed.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.upgrade
/// ```
#[function]
fn upgrade(
    apply: &Apply<'_>,
    #[default(true)] refresh: bool,
    /// Also where packages have to be removed or added.
    #[default(false)]
    dist_upgrade: bool,
    #[kwargs] options: Map,
) -> Result<Map> {
    if refresh {
        refresh_db(apply, 0, false)?;
    }
    let old = packages(apply, Kind::Installed)?;
    let fetch = options.get("downloadonly").is_some_and(Value::truthy);
    let unsigned = options.get("skip_verify").is_some_and(Value::truthy);
    let mut argv = install_command(&options, unsigned, None, fetch);
    argv.pop();
    argv.push(if dist_upgrade { "dist-upgrade" } else { "upgrade" }.into());
    let out = act(apply, &argv)?;
    let changes = difference(&old, &packages(apply, Kind::Installed)?);
    let errors = if out.success() { vec![] } else { vec![out.stderr_text().trim().to_owned()] };
    finish("upgrading", errors, changes)
}

/// Refreshes the lists of packages: source to whether something new was fetched (`None`: nothing
/// new).
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.refresh_db
/// ```
#[function]
fn refresh_db(
    apply: &Apply<'_>,
    /// Do nothing if the lists are younger than so many seconds.
    #[default(0)]
    cache_valid_time: i64,
    /// Fail if one source cannot be reached.
    #[default(false)]
    failhard: bool,
) -> Result<Map> {
    if cache_valid_time > 0 {
        let age = apply.host.metadata(Path::new(LISTS))?.map(|lists| lists.mtime);
        let now = apply.host.now_micros() as f64 / 1e6;
        if age.is_some_and(|mtime| mtime + cache_valid_time as f64 > now) {
            return Ok(Map::new());
        }
    }
    let out = act(apply, &["apt-get".into(), "-q".into(), "update".into()])?;
    if !out.success() {
        return Err(Error::execution(out.stderr_text().trim().to_owned()));
    }
    let (mut sources, mut errors) = (Map::new(), Vec::new());
    for line in out.stdout_text().lines() {
        let mut words = line.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        let source = rest.join(" ");
        let source = source.split(" [").next().unwrap_or_default().to_owned();
        let fresh: Value = match kind {
            kind if kind.contains("Get") => true.into(),
            kind if kind.contains("Hit") => Value::Null,
            kind if kind.contains("Ign") => false.into(),
            kind if kind.contains("Err") => {
                errors.push(source.clone());
                false.into()
            }
            _ => continue,
        };
        sources.insert(source.into(), fresh);
    }
    if failhard && !errors.is_empty() {
        return Err(Error::execution(format!("Error getting repos: {}", errors.join(", "))));
    }
    Ok(sources)
}
