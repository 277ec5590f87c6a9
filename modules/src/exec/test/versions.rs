//! `test.version` and `test.versions_report`.

use halite_core::{Context, ExecModule, Map, SALT_VERSION, Value, function, map};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("test", &[&VERSION, &VERSIONS_INFORMATION, &VERSIONS_REPORT, &VERSIONS]);

/// Gives the version of Salt whose behaviour this minion has.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.version
/// ```
#[function]
fn version() -> &'static str {
    SALT_VERSION
}

/// Gives the versions of the program and of the system as a map.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.versions_information
/// ```
#[function]
fn versions_information(cx: &Context<'_>) -> Map {
    let grain = |name: &str| cx.grains.get(name).map(Value::to_string).unwrap_or_default();
    map! {
        "Salt Version" => map! { "Salt" => SALT_VERSION, "Halite" => env!("CARGO_PKG_VERSION") },
        "System Versions" => map! {
            "dist" => format!("{} {} {}", grain("os").to_lowercase(), grain("osrelease"),
                grain("oscodename")).trim_end(),
            "machine" => grain("cpuarch"),
            "release" => grain("kernelrelease"),
            "system" => grain("kernel"),
            "version" => format!("{} {}", grain("osfullname"), grain("osrelease")),
        },
    }
}

/// Gives the versions of the program and of the system as a table for people.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.versions_report
/// ```
#[function]
fn versions_report(cx: &Context<'_>) -> String {
    let all = versions_information(cx);
    let sections: Vec<(&Value, &Map)> =
        all.iter().filter_map(|(name, section)| Some((name, section.as_map()?))).collect();
    let names = sections.iter().flat_map(|(_, section)| section.keys());
    let width = names.map(|name| name.to_string().len()).max().unwrap_or(0) + 1;
    let mut lines: Vec<String> = Vec::new();
    for (title, section) in sections {
        lines.push(format!("{title}:"));
        for (name, version) in section {
            lines.push(format!("{name:>width$}: {version}", name = name.to_string()));
        }
        lines.push(" ".into());
    }
    lines.pop();
    lines.join("\n")
}

/// Gives the versions of the program and of the system. The same as `test.versions_report`.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.versions
/// ```
#[function]
fn versions(cx: &Context<'_>) -> String {
    versions_report(cx)
}
