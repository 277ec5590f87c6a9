//! `locale`: languages of the system. Salt: `salt/modules/localemod.py` behaviour, for Linux.

use std::path::Path;

use halite_core::host::Command;
use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, args, function, map};

use crate::support::programs::{ask, tell};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("locale", &[&LIST_AVAIL, &GET_LOCALE, &SET_LOCALE, &AVAIL, &GEN_LOCALE]);

/// The file with the setting and its key, for families that keep it in a file of their own.
const FILES: &[(&str, &str, &str)] = &[
    ("Suse", "/etc/sysconfig/language", "RC_LANG"),
    ("RedHat", "/etc/sysconfig/i18n", "LANG"),
    ("Debian", "/etc/default/locale", "LANG"),
];

/// `language_TERRITORY.codeset@modifier charmap`, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
struct Parts {
    language: String,
    territory: String,
    codeset: String,
    modifier: String,
    charmap: String,
}

impl Parts {
    fn parse(locale: &str) -> Parts {
        let cut = |text: &str, at: char| {
            let (head, tail) = text.split_once(at).unwrap_or((text, ""));
            (head.to_owned(), tail.to_owned())
        };
        let (rest, charmap) = cut(locale, ' ');
        let (rest, modifier) = cut(&rest, '@');
        let (rest, codeset) = cut(&rest, '.');
        let (language, territory) = cut(&rest, '_');
        Parts { language, territory, codeset, modifier, charmap }
    }

    fn join(&self) -> String {
        let mut text = self.language.clone();
        for (before, part) in [
            ('_', &self.territory),
            ('.', &self.codeset),
            ('@', &self.modifier),
            (' ', &self.charmap),
        ] {
            if !part.is_empty() {
                text.push(before);
                text.push_str(part);
            }
        }
        text
    }
}

/// A locale as others are compared with it: `en_us.UTF-8 UTF-8` is `en_US.utf8`.
fn normal(locale: &str) -> String {
    let parts = Parts::parse(locale);
    let territory = parts.territory.to_uppercase();
    let codeset = parts.codeset.to_lowercase().replace('-', "");
    Parts { territory, codeset, charmap: String::new(), ..parts }.join()
}

fn grain<'c>(cx: &'c Context<'_>, name: &str) -> &'c str {
    cx.grains.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether systemd keeps the setting, given the releases of a family where it does not.
fn by_systemd(cx: &Context<'_>, not: impl Fn(&str, i64) -> bool) -> bool {
    let release = cx.grains.get("osmajorrelease").map(Value::to_string).unwrap_or_default();
    let release = release.parse().unwrap_or_default();
    cx.host.symlink_metadata(Path::new("/run/systemd/system")).is_ok_and(|found| found.is_some())
        && !not(grain(cx, "os_family"), release)
}

/// What `localectl status` says of the system's locale.
fn localectl(cx: &Context<'_>) -> Result<Map> {
    if cx.host.which("localectl").is_none() {
        return Err(Error::execution("Unable to find \"localectl\""));
    }
    let said = ask(cx.host, Command::new(["localectl", "status"]))?;
    if said.stderr.contains("Failed to connect to bus: No such file or directory") {
        return Err(Error::execution("Command \"localectl\" is in a degraded state."));
    }
    let (mut found, mut key) = (Map::new(), String::new());
    for line in said.stdout.lines() {
        let data = match line.split_once(": ") {
            Some((name, data)) => {
                key = name.trim().to_lowercase();
                data
            }
            None => line.trim(),
        };
        if key == "system locale" {
            if let Some((name, value)) = data.split_once('=') {
                found.insert(name.into(), value.into());
            }
        }
    }
    match key.is_empty() {
        true => Err(Error::execution("Unable to parse result of \"localectl\"")),
        false => Ok(found),
    }
}

fn all(cx: &Context<'_>) -> Result<Vec<String>> {
    let said = ask(cx.host, Command::new(["locale", "-a"]))?;
    Ok(said.stdout.split('\n').map(str::to_owned).collect())
}

/// Lists the locales that can be chosen.
///
/// CLI Example:
///
/// ```text
/// salt '*' locale.list_avail
/// ```
#[function]
fn list_avail(cx: &Context<'_>) -> Result<Vec<String>> {
    all(cx)
}

fn unsupported(cx: &Context<'_>) -> Error {
    Error::execution(format!("Error: \"{}\" is unsupported!", grain(cx, "oscodename")))
}

/// Gives the locale of the system.
///
/// CLI Example:
///
/// ```text
/// salt '*' locale.get_locale
/// ```
#[function]
fn get_locale(cx: &Context<'_>) -> Result<String> {
    if by_systemd(cx, |family, release| family == "Suse" && release == 12) {
        let found = localectl(cx)?;
        return Ok(found.get("LANG").map(Value::to_string).unwrap_or_default());
    }
    let family = grain(cx, "os_family");
    if family == "Gentoo" {
        let said = ask(cx.host, Command::new(["eselect", "--brief", "locale", "show"]))?;
        return Ok(said.stdout.trim().to_owned());
    }
    let (_, file, key) =
        FILES.iter().find(|(name, ..)| *name == family).ok_or_else(|| unsupported(cx))?;
    let text = cx.host.read(Path::new(file)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let value = value.and_then(|value| value.split('=').next()).unwrap_or_default();
    Ok(value.trim_end().replace('"', ""))
}

/// Writes the setting into a file.
fn put(apply: &Apply<'_>, file: &str, key: &str, value: &str) -> Result<()> {
    if !apply.cx.host.exists(Path::new(file)) {
        apply.call_value("file.touch", args![file])?;
    }
    let (pattern, line) = (format!("^{key}=.*"), format!("{key}={value}"));
    let words = args![file, pattern, line; append_if_not_found = true];
    apply.call_value("file.replace", words).map(drop)
}

/// Sets the locale of the system.
///
/// CLI Example:
///
/// ```text
/// salt '*' locale.set_locale 'en_US.UTF-8'
/// ```
#[function]
fn set_locale(apply: &Apply<'_>, locale: String) -> Result<bool> {
    let files = |family: &str, release| match family {
        "Suse" => release == 12,
        "Debian" => release >= 13,
        _ => false,
    };
    if by_systemd(apply, files) {
        let mut settings = localectl(apply)?;
        settings.insert("LANG".into(), locale.as_str().into());
        let settings = settings.iter().map(|(key, value)| format!("{key}={value}"));
        let words = ["localectl".to_owned(), "set-locale".to_owned()].into_iter().chain(settings);
        if !tell(apply, Command::new(words))?.success() {
            put(apply, "/etc/locale.conf", "LANG", &locale)?;
        }
        return Ok(true);
    }
    let family = grain(apply, "os_family");
    match family {
        "Gentoo" => {
            let words = ["eselect", "--brief", "locale", "set", &locale];
            return Ok(tell(apply, Command::new(words))?.success());
        }
        "Debian" => {
            let Some(update) = apply.cx.host.which("update-locale") else {
                return Err(Error::execution(
                    "Cannot set locale: \"update-locale\" was not found.",
                ));
            };
            tell(apply, Command::new([update.display().to_string()]))?;
        }
        _ => {}
    }
    let Some((_, file, key)) = FILES.iter().find(|(name, ..)| *name == family) else {
        return Err(Error::execution("Error: Unsupported platform!"));
    };
    put(apply, file, key, &format!("\"{locale}\""))?;
    Ok(true)
}

/// Whether a locale can be chosen.
///
/// CLI Example:
///
/// ```text
/// salt '*' locale.avail 'en_US.UTF-8'
/// ```
#[function]
fn avail(cx: &Context<'_>, locale: String) -> Result<bool> {
    let wanted = normal(&locale);
    Ok(all(cx)?.iter().any(|known| normal(known.trim()) == wanted))
}

/// Whether the system has the sources of a locale.
fn known(cx: &Context<'_>, locale: &str, short: &str) -> Result<bool> {
    if grain(cx, "os") == "Debian" || grain(cx, "os_family") == "Gentoo" {
        let words = args!["/usr/share/i18n/SUPPORTED", format!("^{locale}$")];
        return cx.call("file.search", words);
    }
    let folder = match grain(cx, "os_family") {
        "Suse" => "/usr/share/locale",
        _ => "/usr/share/i18n/locales",
    };
    match cx.host.read_dir(Path::new(folder)) {
        Ok(names) => Ok(names.iter().any(|name| name == short)),
        Err(_) => Err(Error::execution(format!("Locale \"{locale}\" is not available."))),
    }
}

/// Writes down that a locale is to be made.
fn listed(apply: &Apply<'_>, locale: &str, parts: &Parts) -> Result<()> {
    if apply.cx.host.exists(Path::new("/etc/locale.gen")) {
        let (pattern, line) = (format!("^\\s*#\\s*{locale}\\s*$"), format!("{locale}\n"));
        let words = args!["/etc/locale.gen", pattern, line; append_if_not_found = true];
        apply.call_value("file.replace", words)?;
    } else if grain(apply, "os") == "Ubuntu" {
        let file = format!("/var/lib/locales/supported.d/{}", parts.language);
        apply.call_value("file.touch", args![file.as_str()])?;
        let words = args![file, locale, locale; append_if_not_found = true];
        apply.call_value("file.replace", words)?;
    }
    Ok(())
}

/// The program that makes a locale.
fn generator(cx: &Context<'_>, locale: &str, parts: &Parts, verbose: bool) -> Result<Command> {
    let short = format!("{}_{}", parts.language, parts.territory);
    if cx.host.which("locale-gen").is_some() {
        let ubuntu = grain(cx, "os") == "Ubuntu";
        let mut words = vec!["locale-gen".to_owned()];
        words.extend((grain(cx, "os_family") == "Gentoo").then(|| "--generate".to_owned()));
        words.push(if ubuntu { normal(locale) } else { locale.to_owned() });
        return Ok(Command::new(words));
    }
    if cx.host.which("localedef").is_some() {
        let named = format!("{short}.{}", parts.codeset);
        let loud = if verbose { "--verbose" } else { "--quiet" };
        let words = ["localedef", "--force", "-i", &short, "-f", &parts.codeset, &named, loud];
        return Ok(Command::new(words));
    }
    Err(Error::execution("Command \"locale-gen\" or \"localedef\" was not found on this system."))
}

/// Makes a locale that can be chosen then; false if the system does not know it.
///
/// CLI Example:
///
/// ```text
/// salt '*' locale.gen_locale en_US.UTF-8
/// salt '*' locale.gen_locale 'en_IE.UTF-8 UTF-8'    # Debian and Gentoo only
/// ```
#[function]
fn gen_locale(
    apply: &Apply<'_>,
    locale: String,
    /// `verbose` gives all that the program said.
    #[kwargs]
    kwargs: Map,
) -> Result<Value> {
    let verbose = kwargs.get("verbose").is_some_and(Value::truthy);
    let (mut parts, mut locale) = (Parts::parse(&locale), locale);
    if parts.charmap.is_empty() && grain(apply, "os") != "Ubuntu" {
        parts.charmap = parts.codeset.clone();
        locale = parts.join();
    }
    let short = format!("{}_{}", parts.language, parts.territory);
    if !known(apply, &locale, &short)? {
        return Ok(false.into());
    }
    listed(apply, &locale, &parts)?;
    let said = tell(apply, generator(apply, &locale, &parts, verbose)?)?;
    Ok(match verbose {
        true => map! {
            "retcode" => said.retcode, "stdout" => said.stdout, "stderr" => said.stderr,
        }
        .into(),
        false => said.success().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_are_compared_without_their_dress() {
        for (text, want) in [
            ("en_US.UTF-8", "en_US.utf8"),
            ("en_us.utf8", "en_US.utf8"),
            ("de_DE@euro", "de_DE@euro"),
            ("en_IE.UTF-8 UTF-8", "en_IE.utf8"),
            ("C", "C"),
            ("C.UTF-8", "C.utf8"),
        ] {
            assert_eq!(normal(text), want);
        }
        assert_eq!(Parts::parse("a_B.c@d e").join(), "a_B.c@d e");
    }
}
