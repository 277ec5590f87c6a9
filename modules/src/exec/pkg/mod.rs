//! What the files of Debian's `pkg` share: names given in several forms, the list of packages,
//! calls of apt.

use std::path::Path;
use std::time::Duration;

use halite_core::host::{Command, Output};
use halite_core::{Apply, Available, Context, Error, Map, Result, Value, host, map};

/// dpkg's own list of packages.
pub(super) const STATUS_FILE: &str = "/var/lib/dpkg/status";
/// How long a query of apt or dpkg may take.
const QUERY_WAIT: Duration = Duration::from_secs(120);
/// How long installing may take: large upgrades on slow disks do.
const CHANGE_WAIT: Duration = Duration::from_secs(4 * 3600);
/// How often a locked package database is tried again.
const LOCK_TRIES: u32 = 8;

/// Debian and what descends from it.
pub(super) fn debian(grains: &Map, host: &dyn host::Read) -> Available {
    if grains.get("os_family").and_then(Value::as_str) != Some("Debian") {
        return Available::No("it is for Debian and its descendants".into());
    }
    match host.which("apt-get") {
        Some(_) => Available::Yes,
        None => Available::No("the program apt-get is missing".into()),
    }
}

/// What is asked for: package (or file) and version.
pub(super) struct Wanted {
    /// Package name, or the path of a package file.
    pub(super) name: String,
    /// The version, if one is asked for; may begin with `<`, `<=`, `>`, `>=`, `=`.
    pub(super) version: Option<String>,
}

/// Reads `name` (commas separate several) or `pkgs` (texts and one-key maps).
/// Salt: `pkg_resource.parse_targets` behaviour.
pub(super) fn wanted(name: Option<&str>, pkgs: Option<&Value>) -> Result<Vec<Wanted>> {
    match pkgs {
        Some(Value::List(items)) => items.iter().map(wanted_item).collect(),
        Some(Value::Str(text)) => Ok(split(text)),
        Some(Value::Null) | None => Ok(split(name.unwrap_or_default())),
        Some(other) => {
            let kind = other.type_name();
            Err(Error::execution(format!(
                "Invalidly formatted pkgs parameter: a {kind}, not a list"
            )))
        }
    }
}

fn split(text: &str) -> Vec<Wanted> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| Wanted { name: name.into(), version: None }).collect()
}

fn wanted_item(item: &Value) -> Result<Wanted> {
    match item {
        Value::Map(map) => match map.iter().next() {
            Some((name, version)) if map.len() == 1 => Ok(Wanted {
                name: name.to_string(),
                version: Some(version.to_string()).filter(|_| version.truthy()),
            }),
            _ => Err(Error::execution("Invalidly formatted pkgs parameter. See minion log.")),
        },
        other => Ok(Wanted { name: other.to_string(), version: None }),
    }
}

/// `{name: {old, new}}` for every package whose version differs.
/// Salt: `salt.utils.data.compare_dicts` behaviour.
pub(super) fn difference(old: &Map, new: &Map) -> Map {
    let mut changes = Map::new();
    for name in new.keys().chain(old.keys()) {
        let version = |list: &Map| list.get(name).cloned().unwrap_or_else(|| "".into());
        let (before, after) = (version(old), version(new));
        if before != after {
            changes.insert(name.clone(), map! {"old" => before, "new" => after}.into());
        }
    }
    changes
}

/// One stanza of the status file.
pub(super) struct Stanza<'a> {
    /// What is wanted: install, hold, deinstall, purge.
    pub(super) want: &'a str,
    /// Where it stands: installed, config-files, not-installed, half-installed, ...
    pub(super) state: &'a str,
    /// Package name.
    pub(super) package: &'a str,
    /// Version, empty if none.
    pub(super) version: &'a str,
    /// Architecture.
    pub(super) arch: &'a str,
}

/// Reads the status file, stanza by stanza.
pub(super) fn stanzas(text: &str) -> impl Iterator<Item = Stanza<'_>> {
    text.split("\n\n").filter_map(|block| {
        let field =
            |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let mut status = field("Status")?.split(' ');
        let (want, _, state) = (status.next()?, status.next()?, status.next()?);
        Some(Stanza {
            want,
            state,
            package: field("Package")?,
            version: field("Version").unwrap_or_default(),
            arch: field("Architecture").unwrap_or_default(),
        })
    })
}

/// Which packages to list.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Installed.
    Installed,
    /// Removed, configuration files left.
    Removed,
    /// Installed, to be purged.
    PurgeDesired,
}

/// Packages of a kind with their versions, by name. Salt: `aptpkg.list_pkgs` behaviour.
pub(super) fn packages(cx: &Context<'_>, kind: Kind) -> Result<Map> {
    let text = cx.host.read(Path::new(STATUS_FILE))?;
    let text = String::from_utf8_lossy(&text);
    let osarch = cx.grains.get("osarch").and_then(Value::as_str).unwrap_or_default();
    let mut found: Vec<(String, &str)> = Vec::new();
    for stanza in stanzas(&text).filter(|stanza| !stanza.version.is_empty()) {
        let installed = stanza.state.contains("installed");
        let own = match stanza.want {
            "install" | "hold" if installed => Kind::Installed,
            "deinstall" => Kind::Removed,
            "purge" if stanza.state == "installed" => Kind::PurgeDesired,
            _ => continue,
        };
        if own == kind {
            let foreign = osarch == "amd64" && stanza.arch != "all" && stanza.arch != osarch;
            let arch = if foreign { format!(":{}", stanza.arch) } else { String::new() };
            found.push((format!("{}{arch}", stanza.package), stanza.version));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(name, version)| (name.into(), version.into())).collect())
}

/// Whether an option means yes. Salt: `salt.utils.data.is_true` behaviour.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Str(text) => text.eq_ignore_ascii_case("true"),
        other => other.truthy(),
    }
}

/// The environment in which apt and dpkg ask nothing.
fn quiet(mut command: Command, wait: Duration) -> Command {
    for (name, value) in [
        ("APT_LISTBUGS_FRONTEND", "none"),
        ("APT_LISTCHANGES_FRONTEND", "none"),
        ("DEBIAN_FRONTEND", "noninteractive"),
        ("UCF_FORCE_CONFFOLD", "1"),
    ] {
        command.env.insert(name.into(), Some(value.into()));
    }
    command.timeout = Some(wait);
    command.c_locale()
}

/// Asks apt or dpkg something.
pub(super) fn ask(cx: &Context<'_>, argv: &[&str]) -> Result<Output> {
    cx.host.query(&quiet(Command::new(argv.iter().copied()), QUERY_WAIT))
}

/// Has apt or dpkg change something; waits while another has the lock.
pub(super) fn act(apply: &Apply<'_>, argv: &[String]) -> Result<Output> {
    let mut command = quiet(Command::new(argv.iter().cloned()), CHANGE_WAIT);
    command.cancel = Some(apply.job.cancel_switch());
    // apt waits for the lock by itself, as long as Salt does.
    let seconds: u32 = (1..=LOCK_TRIES).map(|n| 2_u32.pow(n)).sum();
    if argv.first().is_some_and(|program| program == "apt-get") {
        command.argv.splice(1..1, ["-o".into(), format!("DPkg::Lock::Timeout={seconds}")]);
    }
    apply.host.run(&command)
}
