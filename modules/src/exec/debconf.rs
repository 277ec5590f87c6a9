//! `debconf`: answers to what Debian packages ask. Salt: `salt/modules/debconfmod.py` behaviour.

use std::path::Path;

use halite_core::host::Command;
use halite_core::{
    Apply, Args, Available, Context, ExecModule, Map, Result, Value, args, function,
};

use crate::support::programs::{ask, tell};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("debconf", &[&GET_SELECTIONS, &SHOW, &SET, &SET_TEMPLATE, &SET_FILE])
        .available(|grains, host| {
            let debian = grains.get("os_family").and_then(Value::as_str) == Some("Debian");
            Available::No(match (debian, host.which("debconf-get-selections")) {
                (true, Some(_)) => return Available::Yes,
                (false, _) => {
                    "The debconfmod module could not be loaded: unsupported OS family".into()
                }
                (true, None) => {
                    "The debconfmod module could not be loaded: debconf-utils is not installed."
                        .into()
                }
            })
        });

/// Mode of a file with answers: some are passwords.
const ANSWERS_MODE: u32 = 0o600;

/// Package, question, type and value of each line.
fn parse(text: &str) -> Vec<[&str; 4]> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let word = |text: &'_ str| text.find([' ', '\t']);
    lines
        .filter_map(|line| {
            let (package, rest) = line.split_at(word(line)?);
            let rest = rest.trim_start_matches([' ', '\t']);
            let (question, rest) = rest.split_at(word(rest)?);
            let rest = rest.trim_start_matches([' ', '\t']);
            let (kind, rest) = rest.split_at(word(rest)?);
            let value = rest.trim_start_matches([' ', '\t']);
            (package.len() > 1).then_some([package, question, kind, value])
        })
        .collect()
}

fn selections(cx: &Context<'_>, empty: bool) -> Result<Map> {
    // The end of the output is trimmed: a last line without a value would lose what makes it one.
    let said = ask(cx.host, Command::new(["debconf-get-selections"]))?;
    let mut found = Map::new();
    for [package, question, kind, value] in parse(&said.stdout) {
        if empty || !value.is_empty() {
            let entry = found.entry(package.into()).or_insert_with(|| Value::list([]));
            if let Some(list) = entry.as_list_mut() {
                list.push(vec![question, kind, value].into());
            }
        }
    }
    Ok(found)
}

/// Gives all answers by package.
///
/// CLI Example:
///
/// ```text
/// salt '*' debconf.get_selections
/// ```
#[function]
fn get_selections(
    cx: &Context<'_>,
    /// Also questions without an answer.
    #[default(true)]
    fetchempty: bool,
) -> Result<Map> {
    selections(cx, fetchempty)
}

/// Gives the answers for a package.
///
/// CLI Example:
///
/// ```text
/// salt '*' debconf.show <package name>
/// ```
#[function]
fn show(cx: &Context<'_>, name: String) -> Result<Value> {
    Ok(selections(cx, true)?.shift_remove(name.as_str()).unwrap_or_default())
}

fn answer(apply: &Apply<'_>, path: &str) -> Result<()> {
    tell(apply, Command::new(["debconf-set-selections", path])).map(drop)
}

/// Gives an answer.
///
/// CLI Example:
///
/// ```text
/// salt '*' debconf.set <package> <question> <type> <value> [<value> ...]
/// ```
#[function]
fn set(
    apply: &Apply<'_>,
    package: String,
    question: String,
    type_: String,
    value: Value,
    #[args] extra: Vec<Value>,
) -> Result<bool> {
    let values = std::iter::once(&value).chain(&extra).map(Value::to_string);
    let value = values.collect::<Vec<_>>().join(" ");
    let line = format!("{package} {question} {type_} {value}");
    let name = format!("salt-{}", crate::support::token(apply.cx.host.now_micros()));
    let file = Path::new("/tmp").join(name);
    // Made anew and readable by its owner only from its first byte: answers can be passwords.
    std::io::Write::write_all(&mut apply.host.create(&file, ANSWERS_MODE)?, line.as_bytes())
        .map_err(|error| halite_core::Error::file("write", &file, error))?;
    let answered = answer(apply, &file.display().to_string());
    apply.host.remove_file(&file)?;
    answered.map(|()| true)
}

/// Gives the answers of a template.
///
/// CLI Example:
///
/// ```text
/// salt '*' debconf.set_template salt://pathto/pkg.selections.jinja jinja None None
/// ```
#[function]
fn set_template(
    apply: &Apply<'_>,
    path: Value,
    template: Value,
    context: Value,
    defaults: Value,
    #[default(None)] saltenv: Option<String>,
    #[kwargs] _kwargs: Map,
) -> Result<bool> {
    let saltenv = saltenv.as_deref().unwrap_or("base");
    let mut named = Args::default().named;
    for (key, value) in [
        ("path", path),
        ("dest", Value::Null),
        ("template", template),
        ("saltenv", saltenv.into()),
        ("context", context),
        ("defaults", defaults),
    ] {
        named.insert(key.into(), value);
    }
    let path = apply.call_value("cp.get_template", Args::named(named))?;
    from_file(apply, path, saltenv)
}

fn from_file(apply: &Apply<'_>, path: Value, saltenv: &str) -> Result<bool> {
    let cached = apply.call_value("cp.cache_file", args![path, saltenv])?;
    let Some(path) = cached.as_str().filter(|path| !path.is_empty()) else { return Ok(false) };
    answer(apply, path)?;
    Ok(true)
}

/// Gives the answers of a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' debconf.set_file salt://pathto/pkg.selections
/// ```
#[function]
fn set_file(
    apply: &Apply<'_>,
    path: Value,
    #[default("base".into())] saltenv: String,
    #[kwargs] _kwargs: Map,
) -> Result<bool> {
    from_file(apply, path, &saltenv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let text = "# question\nmysql  mysql/a\tstring\t1 2\nxx\txx/b\tpassword\t\nshort a\n";
        let want = [["mysql", "mysql/a", "string", "1 2"], ["xx", "xx/b", "password", ""]];
        assert_eq!(parse(text), want);
    }
}
