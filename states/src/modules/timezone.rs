//! `timezone`: the time zone of the system. Salt: `salt/states/timezone.py` behaviour.

use halite_core::{Context, Map, Outcome, Result, StateModule, Value, Verdict, args, state};

/// The module.
pub static MODULE: StateModule = StateModule::new("timezone", &[&SYSTEM]);

/// Sees to it that the system has a time zone, and that its hardware clock runs by UTC.
#[state]
fn system<'a>(
    cx: &Context<'a>,
    name: String,
    /// Whether the hardware clock is to run by UTC.
    #[default(true)]
    utc: bool,
) -> Result<Verdict<'a>> {
    let same = match cx.call::<bool>("timezone.zone_compare", args![name.as_str()]) {
        Ok(same) => same,
        Err(error) => {
            return Ok(Verdict::fail(format!(
                "Unable to compare desired timezone '{name}' to system timezone: {error}"
            )));
        }
    };
    let by_utc = cx.call::<String>("timezone.get_hwclock", args![])? != "localtime";
    let clock = utc && !by_utc;
    if same && !clock {
        let mut said = vec![format!("Timezone {name} already set")];
        said.extend(utc.then(|| format!("UTC already set to {name}")));
        return Ok(Verdict::correct(said.join(", ")));
    }
    let mut would = Vec::new();
    would.extend((!same).then(|| format!("Timezone {name} needs to be set")));
    would.extend(clock.then(|| "UTC needs to be set to True".to_owned()));
    Ok(Verdict::change(Outcome::new(None, would.join(", ")), move |apply| {
        let (mut said, mut changes, mut result) = (Vec::new(), Map::new(), None);
        if !same {
            let set = apply.call_value("timezone.set_zone", args![name.as_str()])?;
            result = Some(set.truthy());
            said.push(match set.truthy() {
                true => {
                    changes.insert("timezone".into(), name.as_str().into());
                    format!("Set timezone {name}")
                }
                false => "Failed to set timezone".to_owned(),
            });
        }
        if clock {
            let set: Value = apply.call_value("timezone.set_hwclock", args!["UTC"])?;
            result = Some(set.truthy());
            said.push(match set.truthy() {
                true => {
                    changes.insert("utc".into(), true.into());
                    "Set UTC to True".to_owned()
                }
                false => "Failed to set UTC to True".to_owned(),
            });
        }
        Ok(Outcome { result, comment: said.join(", "), changes, ..Outcome::default() })
    }))
}
