//! `init`, `systemd`, `selinux`: told by files, no program is started.

use std::path::Path;

use halite_core::{Map, Value, map};
use memchr::memmem;

use crate::gather::{GrainModule, Look};

/// The family.
pub static MODULE: GrainModule = GrainModule { name: "init", collect };

fn collect(look: &Look<'_>) -> Map {
    let mut grains = map! { "init" => init(look) };
    if look.host.which("systemctl").is_some() && look.host.which("localectl").is_some() {
        let systemd = systemd(look);
        grains.insert("systemd".into(), systemd.into());
    }
    if look.host.which("selinuxenabled").is_some() {
        grains.insert("selinux".into(), selinux(look).into());
    }
    grains
}

/// The init system. Salt: `_linux_init_system` behaviour.
fn init(look: &Look<'_>) -> &'static str {
    if look.exists("/run/systemd/system") {
        return "systemd";
    }
    let line = look.text("/proc/1/cmdline").unwrap_or_default().replace('\0', " ");
    let words: Vec<&str> = line.split_whitespace().collect();
    let path = words.first().and_then(|word| look.host.which(word));
    if let Some(path) = path.filter(|path| path.to_string_lossy().ends_with("bin/init")) {
        let code = look.host.read(&path).unwrap_or_default().to_ascii_lowercase();
        let known = ["upstart", "sysvinit", "systemd"];
        return known
            .into_iter()
            .find(|name| memmem::find(&code, name.as_bytes()).is_some())
            .unwrap_or("unknown");
    }
    let runs = |program: &str| {
        let path = look.host.which(program).map(|path| path.to_string_lossy().into_owned());
        path.is_some_and(|path| words.contains(&path.as_str()))
    };
    match () {
        () if runs("supervisord") => "supervisord",
        () if runs("dumb-init") => "dumb-init",
        () if runs("tini") => "tini",
        () if words == ["runit"] || words.contains(&"/sbin/my_init") => "runit",
        () => "unknown",
    }
}

/// Version from the name of systemd's own library, features from the text that
/// `systemctl --version` prints and that stands in its program file.
fn systemd(look: &Look<'_>) -> Map {
    let folders = ["/usr/lib/systemd", "/lib/systemd"].map(str::to_owned).into_iter().chain(
        ["x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "i386-linux-gnu"]
            .into_iter()
            .map(|triple| format!("/usr/lib/{triple}/systemd")),
    );
    let version = folders
        .flat_map(|folder| look.names(&folder))
        .find_map(|name| library_version(&name))
        .unwrap_or_else(|| "UNDEFINED".into());
    let program = look.host.which("systemctl").unwrap_or_default();
    let features = features(look, &program).unwrap_or_default();
    map! { "version" => version, "features" => features }
}

/// `252` of `libsystemd-shared-252.so`, `255` of `libsystemd-shared-255.4-1.fc40.so`.
fn library_version(name: &str) -> Option<String> {
    let version = name.strip_prefix("libsystemd-shared-")?.strip_suffix(".so")?;
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    (end > 0).then(|| version[..end].to_owned())
}

fn features(look: &Look<'_>, program: &Path) -> Option<String> {
    let code = look.host.read(program).ok()?;
    features_in(&code)
}

/// The line of features in a program's bytes: what begins with `+PAM ` or `-PAM `.
fn features_in(code: &[u8]) -> Option<String> {
    let signed = |at: &usize| at.checked_sub(1).is_some_and(|at| b"+-".contains(&code[at]));
    let begin = memmem::find_iter(code, b"PAM ").find(signed)? - 1;
    let line = &code[begin..];
    let end = line.iter().position(|&byte| byte == 0 || byte == b'\n')?;
    String::from_utf8(line[..end].to_vec()).ok()
}

fn selinux(look: &Look<'_>) -> Map {
    let enabled = look.exists("/sys/fs/selinux/enforce");
    let mut grain = map! { "enabled" => enabled };
    if look.host.which("getenforce").is_some() {
        let enforced = match look.line("/sys/fs/selinux/enforce").as_deref() {
            Some("1") => "Enforcing",
            Some(_) => "Permissive",
            None => "Disabled",
        };
        grain.insert("enforced".into(), Value::str(enforced));
    }
    grain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_a_line_of_the_program() {
        let code = b"\x7fELF no PAM here\0-PAM +AUDIT -SELINUX\0+PAM later\n";
        assert_eq!(features_in(code).as_deref(), Some("-PAM +AUDIT -SELINUX"));
        assert_eq!(features_in(b"PAM without a sign\0"), None);
    }

    #[test]
    fn versions_stand_in_the_librarys_name() {
        assert_eq!(library_version("libsystemd-shared-252.so").as_deref(), Some("252"));
        assert_eq!(library_version("libsystemd-shared-255.4-1.fc40.so").as_deref(), Some("255"));
        assert_eq!(library_version("libsystemd-core-252.so"), None);
    }
}
