//! `pkg` on Debian: keeping packages at their version.

use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function, map};

use super::shared::{Wanted, debian, wanted};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("pkg", &[&HOLD, &UNHOLD, &SET_SELECTIONS]).available(debian);

/// Keeps packages at their version.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.hold hello
/// ```
#[function]
fn hold(
    apply: &Apply<'_>,
    #[default(None)] name: Option<String>,
    #[default(None)] pkgs: Option<Value>,
    #[kwargs] _rest: Map,
) -> Result<Map> {
    select(apply, name, pkgs, "hold")
}

/// Lets packages be upgraded again.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.unhold hello
/// ```
#[function]
fn unhold(
    apply: &Apply<'_>,
    #[default(None)] name: Option<String>,
    #[default(None)] pkgs: Option<Value>,
    #[kwargs] _rest: Map,
) -> Result<Map> {
    select(apply, name, pkgs, "install")
}

fn select(apply: &Apply<'_>, name: Option<String>, pkgs: Option<Value>, to: &str) -> Result<Map> {
    let targets = wanted(name.as_deref(), pkgs.as_ref())?;
    if targets.is_empty() {
        let what = "One of name, pkgs, or sources must be specified.";
        return Err(Error::usage("pkg.hold", what));
    }
    let list: Map = apply.call("pkg.get_selections", halite_core::args![])?;
    let holding = to == "hold";
    let mut answers = Map::new();
    for Wanted { name, .. } in targets {
        let has = |state: &str| {
            let names = list.get(state).and_then(Value::as_list).unwrap_or_default();
            names.iter().any(|known| known.as_str() == Some(&name))
        };
        let known = list.keys().any(|state| has(state.as_str().unwrap_or_default()));
        let (mut result, mut changes) = (Value::Bool(true), Map::new());
        let comment = match (known, has("hold") == holding) {
            (false, _) => {
                result = false.into();
                let why = if holding { "not currently held." } else { "does not have a state." };
                format!("Package {name} {why}")
            }
            (true, true) if holding => format!("Package {name} is already set to be held."),
            (true, true) => format!("Package {name} is already set not to be held."),
            (true, false) if apply.test() => {
                result = Value::Null;
                let goal = if holding { "to be held." } else { "not to be held." };
                format!("Package {name} is set {goal}")
            }
            (true, false) => {
                let old = if holding { "install" } else { "hold" };
                set_selection(apply, &name, to)?;
                changes = map! {"old" => old, "new" => to};
                let now = if holding { "is now being held." } else { "is no longer being held." };
                format!("Package {name} {now}")
            }
        };
        let answer = map! {
            "name" => name.as_str(), "changes" => changes, "result" => result, "comment" => comment
        };
        answers.insert(name.into(), answer.into());
    }
    Ok(answers)
}

fn set_selection(apply: &Apply<'_>, name: &str, to: &str) -> Result<()> {
    let mut command = halite_core::host::Command::new(["dpkg", "--set-selections"]);
    command.stdin = Some(format!("{name} {to}\n").into_bytes());
    let out = apply.host.run(&command.c_locale())?;
    if out.success() { Ok(()) } else { Err(Error::execution(out.stderr_text().trim().to_owned())) }
}

/// Says what is wanted of packages: `{state: [names]}`.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.set_selections selection='{"install": ["netcat"]}'
/// ```
#[function]
fn set_selections(apply: &Apply<'_>, selection: Map) -> Result<Map> {
    let mut changes = Map::new();
    for (state, names) in &selection {
        let names = names.as_list().unwrap_or_default();
        for name in names {
            set_selection(apply, &name.to_string(), &state.to_string())?;
            changes.insert(name.clone(), map! {"new" => state.clone()}.into());
        }
    }
    Ok(changes)
}
