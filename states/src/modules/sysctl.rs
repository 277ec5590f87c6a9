//! `sysctl`: kernel parameters. Salt: `salt/states/sysctl.py` behaviour.

use halite_core::{Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state};

/// The module.
pub static MODULE: StateModule = StateModule::new("sysctl", &[&PRESENT]);

/// What test mode says: the result, and in which words.
fn predicted(
    cx: &Context<'_>,
    name: &str,
    value: &str,
    config: &str,
) -> Result<(Option<bool>, String)> {
    let configured: Value = cx.call("sysctl.show", args![config])?;
    if configured.is_null() {
        return Ok((
            None,
            format!(
                "Sysctl option {name} might be changed, we failed to check config file at {config}. The file is either \
             unreadable, or missing."
            ),
        ));
    }
    let current: String = cx.call("sysctl.get", args![name])?;
    let listed = configured.get(name).is_some();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let blanks = |text: &str| {
        text.split([' ', '\t']).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    };
    if !current.is_empty() && listed && words(value) == words(&current) {
        return Ok((Some(true), format!("Sysctl value {name} = {value} is already set")));
    }
    if !current.is_empty() && !listed {
        return Ok((
            None,
            match blanks(&current) == blanks(value) {
                false => format!("Sysctl option {name} set to be changed to {value}"),
                true => format!(
                    "Sysctl value is currently set on the running system but not in a config file. Sysctl option {name} \
                 set to be changed to {value} in config file."
                ),
            },
        ));
    }
    if current.is_empty() && listed {
        return Ok((
            None,
            format!(
                "Sysctl value {name} is present in configuration file but is not present in the running config. The value \
             {name} is set to be changed to {value}"
            ),
        ));
    }
    Ok((None, format!("Sysctl option {name} would be changed to {value}")))
}

/// Sees to it that a kernel parameter has a value, now and after the next start.
#[state]
fn present<'a>(
    cx: &Context<'a>,
    name: String,
    value: Value,
    /// The file; by default that of `sysctl.default_config`.
    #[default(None)]
    config: Option<String>,
) -> Result<Verdict<'a>> {
    let config = match config {
        Some(config) => config,
        None => cx.call("sysctl.default_config", args![])?,
    };
    let would = match cx.test() {
        true => {
            let (result, comment) = predicted(cx, &name, &value.to_string(), &config)?;
            Outcome::new(result, comment)
        }
        false => Outcome::default(),
    };
    Ok(Verdict::change(would, move |apply| {
        let set: Result<String> =
            apply.call("sysctl.persist", args![name.as_str(), value.clone(), config]);
        Ok(match set.as_deref() {
            Ok("Updated") => {
                let changes: Map = map! { name.as_str() => value.clone() };
                Outcome::done(format!("Updated sysctl value {name} = {value}"), changes)
            }
            Ok("Already set") => {
                Outcome::new(Some(true), format!("Sysctl value {name} = {value} is already set"))
            }
            Ok(_) => Outcome::new(Some(true), ""),
            Err(error) => {
                Outcome::new(Some(false), format!("Failed to set {name} to {value}: {error}"))
            }
        })
    }))
}
