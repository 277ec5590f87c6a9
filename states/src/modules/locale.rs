//! `locale`: languages of the system. Salt: `salt/states/locale.py` behaviour.

use halite_core::{Context, Error, Outcome, Result, StateModule, Verdict, args, map, state};

/// The module.
pub static MODULE: StateModule = StateModule::new("locale", &[&SYSTEM, &PRESENT]);

/// What fails is told; other errors end the state as they would in Salt.
fn told(error: Error) -> Result<Outcome> {
    match error {
        Error::Execution(why) => {
            Ok(Outcome::new(Some(false), format!("Failed to set system locale: {why}")))
        }
        other => Err(other),
    }
}

/// Sees to it that the system has this locale.
///
/// ```yaml
/// us_locale:
///   locale.system:
///     - name: en_US.UTF-8
/// ```
#[state]
fn system<'a>(cx: &Context<'a>, name: String) -> Result<Verdict<'a>> {
    match cx.call::<String>("locale.get_locale", args![]) {
        Ok(now) if now == name => {
            return Ok(Verdict::correct(format!("System locale {name} already set")));
        }
        Ok(_) => {}
        Err(error) => return told(error).map(Verdict::Settled),
    }
    let would = Outcome::new(None, format!("System locale {name} needs to be set"));
    Ok(Verdict::change(would, move |apply| {
        match apply.call::<bool>("locale.set_locale", args![name.as_str()]) {
            Ok(true) => {
                let changes = map! {"locale" => name.as_str()};
                Ok(Outcome::done(format!("Set system locale {name}"), changes))
            }
            Ok(false) => {
                Ok(Outcome::new(Some(false), format!("Failed to set system locale to {name}")))
            }
            Err(error) => told(error),
        }
    }))
}

/// Sees to it that a locale can be chosen.
///
/// ```yaml
/// us_locale:
///   locale.present:
///     - name: en_US.UTF-8
/// ```
#[state]
fn present<'a>(cx: &Context<'a>, name: String) -> Result<Verdict<'a>> {
    if cx.call::<bool>("locale.avail", args![name.as_str()])? {
        return Ok(Verdict::correct(format!("Locale {name} is already present")));
    }
    let would = Outcome::new(None, format!("Locale {name} needs to be generated"));
    Ok(Verdict::change(would, move |apply| {
        Ok(match apply.call::<bool>("locale.gen_locale", args![name.as_str()])? {
            true => {
                let changes = map! {"locale" => name.as_str()};
                Outcome::done(format!("Generated locale {name}"), changes)
            }
            false => Outcome::new(Some(false), format!("Failed to generate locale {name}")),
        })
    }))
}
