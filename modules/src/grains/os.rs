//! `os`, `os_family`, `osrelease`, ... from `os-release` and `lsb-release`.
//! Salt: `salt/grains/core.py`, `_linux_distribution_data` behaviour.

use halite_core::{Map, Value, map};

use super::os_names::{FAMILIES, NAMES, NAMES_BY_ID};
use crate::gather::{GrainModule, Look};

/// The family.
pub static MODULE: GrainModule = GrainModule { name: "os", collect };

/// Distributions whose `os-release` says all; for others `os` decides the family.
const TRUSTED_IDS: &[&str] =
    &["almalinux", "astra", "debian", "linuxmint", "mendel", "pop", "rocky", "ubuntu"];
/// Systems whose `osfinger` is made of `os` and not of `osfullname`.
const FINGER_BY_OS: &[&str] =
    &["Debian", "FreeBSD", "OpenBSD", "NetBSD", "Mac", "Raspbian", "AlmaLinux"];

fn collect(look: &Look<'_>) -> Map {
    let lsb_file = look.text("/etc/lsb-release").map(|text| parse_lsb(&text)).unwrap_or_default();
    let release = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| look.text(path))
        .map(|text| parse_os_release(&text))
        .unwrap_or_default();
    let dpkg_arch = look.line("/var/lib/dpkg/arch");
    let machine = std::env::consts::ARCH;
    describe(&release, lsb_file, dpkg_arch.as_deref(), machine)
}

/// The name of the machine's architecture as `uname -m` says it.
pub fn uname_machine(rust_arch: &str) -> &str {
    match rust_arch {
        "x86" => "i686",
        "arm" => "armv7l",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

/// All grains that follow from the release files.
fn describe(release: &Map, lsb: Map, dpkg_arch: Option<&str>, machine: &str) -> Map {
    let get = |key: &str| release.get(key).and_then(Value::as_str).unwrap_or_default().trim();
    let mut grains = lsb;
    let id = if get("ID").is_empty() { "linux" } else { get("ID") };
    let name = if get("NAME").is_empty() { "Linux" } else { get("NAME") };
    let os = os_name(name, id);
    let trusted = TRUSTED_IDS.contains(&id);
    let family = if trusted { family_of_id(id, get("ID_LIKE")) } else { family_of_os(&os) };
    let codename = codename(id, release);
    let osrelease = os_release_number(id, release);
    grains.insert("os".into(), Value::str(&os));
    grains.insert("os_family".into(), Value::str(&family));
    grains.insert("osfullname".into(), Value::str(name));
    if !grains.contains_key("lsb_distrib_id") {
        grains.insert("lsb_distrib_id".into(), Value::str(name));
        if !osrelease.is_empty() {
            grains.insert("lsb_distrib_release".into(), Value::str(&osrelease));
        }
        if !codename.is_empty() {
            grains.insert("lsb_distrib_codename".into(), Value::str(&codename));
        }
    }
    // Salt prints an empty code name where the distribution has none, but not for those it trusts.
    if !codename.is_empty() || !trusted {
        grains.insert("oscodename".into(), Value::str(&codename));
    }
    let uname = uname_machine(machine);
    let osarch = match family.as_str() {
        "Debian" => dpkg_arch.unwrap_or(debian_arch(uname)),
        _ => uname,
    };
    grains.insert("osarch".into(), Value::str(osarch));
    if !osrelease.is_empty() {
        grains.insert("osrelease".into(), Value::str(&osrelease));
        grains.extend(release_grains(&os, name, &osrelease));
    }
    grains
}

/// `osrelease_info`, `osmajorrelease` and `osfinger`.
fn release_grains(os: &str, fullname: &str, osrelease: &str) -> Map {
    let part = |part: &str| match part.parse::<i64>() {
        Ok(number) if part.bytes().all(|b| b.is_ascii_digit()) => Value::Int(number),
        _ => Value::str(part),
    };
    let info: Vec<Value> = osrelease.split('.').map(part).collect();
    let first = info.first().cloned().unwrap_or_default();
    let label = if FINGER_BY_OS.contains(&os) { os } else { fullname };
    let number = if matches!(os, "Ubuntu" | "Pop" | "NixOS") {
        osrelease.to_owned()
    } else {
        first.to_string()
    };
    let mut grains = map! { "osrelease_info" => info, "osfinger" => format!("{label}-{number}") };
    if let Value::Int(_) = first {
        grains.insert("osmajorrelease".into(), first);
    }
    grains
}

/// The short name that Salt has always used for a distribution.
fn os_name(name: &str, id: &str) -> String {
    if let Some((_, _, os)) = NAMES_BY_ID.iter().find(|(i, n, _)| *i == id && *n == name) {
        return (*os).to_owned();
    }
    let plain = without_linux(name);
    let short: String =
        plain.chars().filter(|c| *c != ' ').flat_map(char::to_lowercase).take(10).collect();
    match NAMES.iter().find(|(key, _)| *key == short) {
        Some((_, os)) => (*os).to_owned(),
        None => plain,
    }
}

/// A name without its ` GNU/Linux` or ` Linux`, whatever the case.
fn without_linux(name: &str) -> String {
    let mut out = name.to_owned();
    for word in ["gnu/linux", "linux"] {
        let lower = out.to_ascii_lowercase();
        let at = lower.match_indices(word).map(|(at, _)| at).find(|&at| {
            lower[..at].chars().next_back().is_some_and(|c| !c.is_alphanumeric() && c != '_')
        });
        if let Some(at) = at {
            let before = out[..at].chars().next_back().map_or(0, char::len_utf8);
            out.replace_range(at - before..at + word.len(), "");
        }
    }
    out.trim().to_owned()
}

fn family_of_os(os: &str) -> String {
    FAMILIES.iter().find(|(key, _)| *key == os).map_or(os, |(_, family)| family).to_owned()
}

/// The oldest ancestor that `ID_LIKE` names, as a family.
fn family_of_id(id: &str, like: &str) -> String {
    let ids: Vec<&str> = std::iter::once(id).chain(like.split_whitespace()).collect();
    let ancestor = match ids.as_slice() {
        [only] => only,
        ids if ids.contains(&"debian") || ids.contains(&"ubuntu") => "debian",
        ids => ids.last().copied().unwrap_or(id),
    };
    if ancestor == "fedora" {
        return "RedHat".into();
    }
    let mut chars = ancestor.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + &chars.as_str().to_lowercase()
}

fn codename(id: &str, release: &Map) -> String {
    let get = |key: &str| release.get(key).and_then(Value::as_str).unwrap_or_default();
    let in_brackets = |text: &str| {
        let (_, rest) = text.split_once('(')?;
        rest.rsplit_once(')').map(|(inner, _)| inner.to_owned())
    };
    match id {
        _ if !get("VERSION_CODENAME").is_empty() => get("VERSION_CODENAME").to_owned(),
        "astra" => get("VARIANT_ID").to_owned(),
        "almalinux" | "rocky" | "centos" | "rhel" | "fedora" | "ol" => {
            in_brackets(get("VERSION")).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn os_release_number(id: &str, release: &Map) -> String {
    let get = |key: &str| release.get(key).and_then(Value::as_str).unwrap_or_default();
    match get("VERSION_ID") {
        "" if id == "mendel" => {
            get("PRETTY_NAME").split_whitespace().nth(2).unwrap_or_default().to_owned()
        }
        "" => get("BUILD_ID").to_owned(),
        version => version.to_owned(),
    }
}

fn debian_arch(uname: &str) -> &str {
    match uname {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i686" | "i586" | "i386" => "i386",
        "armv7l" => "armhf",
        "ppc64le" => "ppc64el",
        other => other,
    }
}

/// `KEY=value` lines with a shell's quotes.
fn parse_os_release(text: &str) -> Map {
    let mut found = Map::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some((key, value)) = line.split_once('=') {
            found.insert(key.into(), unquote(value).into());
        }
    }
    found
}

fn unquote(value: &str) -> String {
    let inner = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value);
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

/// `DISTRIB_*` lines as `lsb_distrib_*` grains.
fn parse_lsb(text: &str) -> Map {
    let mut found = Map::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        let known = ["DISTRIB_ID", "DISTRIB_RELEASE", "DISTRIB_CODENAME", "DISTRIB_DESCRIPTION"];
        if known.contains(&key) {
            let value = value.trim_matches(['"', '\'']);
            found.insert(format!("lsb_{}", key.to_lowercase()).into(), value.trim_end().into());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[(&str, &str)]) {
        let grains = describe(&parse_os_release(text), Map::new(), None, "x86_64");
        for (key, want) in want {
            let got = grains.get(*key).map(Value::repr);
            assert_eq!(got.as_deref(), Some(*want), "{key} of {grains:?}");
        }
    }

    // The wanted values were recorded from salt 3008.3 (Debian) and from the osfinger keys that
    // public formulas use (the rest).
    #[test]
    fn distributions() {
        check(
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n\
             VERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n",
            &[
                ("os", "'Debian'"),
                ("os_family", "'Debian'"),
                ("osfinger", "'Debian-12'"),
                ("osarch", "'amd64'"),
                ("oscodename", "'bookworm'"),
                ("osmajorrelease", "12"),
                ("osrelease_info", "[12]"),
                ("lsb_distrib_id", "'Debian GNU/Linux'"),
                ("lsb_distrib_codename", "'bookworm'"),
            ],
        );
        check(
            "NAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=jammy\n",
            &[("os", "'Ubuntu'"), ("os_family", "'Debian'"), ("osfinger", "'Ubuntu-22.04'")],
        );
        check(
            "NAME=\"Rocky Linux\"\nVERSION=\"9.4 (Blue Onyx)\"\nID=\"rocky\"\n\
             ID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n",
            &[
                ("os", "'Rocky'"),
                ("os_family", "'RedHat'"),
                ("osfinger", "'Rocky Linux-9'"),
                ("oscodename", "'Blue Onyx'"),
                ("osrelease_info", "[9, 4]"),
            ],
        );
        check(
            "NAME=\"CentOS Linux\"\nVERSION=\"7 (Core)\"\nID=\"centos\"\nVERSION_ID=\"7\"\n",
            &[("os", "'CentOS'"), ("os_family", "'RedHat'"), ("osfinger", "'CentOS Linux-7'")],
        );
        check(
            "NAME=\"openSUSE Leap\"\nVERSION_ID=\"15.5\"\nID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
            &[("os_family", "'Suse'"), ("osfinger", "'openSUSE Leap-15'")],
        );
        check(
            "NAME=\"Arch Linux\"\nID=arch\nBUILD_ID=rolling\n",
            &[("os", "'Arch'"), ("os_family", "'Arch'"), ("osfinger", "'Arch Linux-rolling'")],
        );
        check(
            "NAME=\"AlmaLinux\"\nID=\"almalinux\"\nID_LIKE=\"rhel centos fedora\"\n\
             VERSION_ID=\"8.5\"\nVERSION=\"8.5 (Arctic Sphynx)\"\n",
            &[("os", "'AlmaLinux'"), ("os_family", "'RedHat'"), ("osfinger", "'AlmaLinux-8'")],
        );
    }
}
