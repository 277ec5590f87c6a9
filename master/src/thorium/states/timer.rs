//! `timer`: succeeds once in a while. Salt: `salt/thorium/timer.py` behaviour.

use halite_core::{Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, state};

use crate::thorium::order::number;
use crate::thorium::{Thorium, seconds as now_of};

/// The module.
pub static MODULE: StateModule = StateModule::new("timer", &[&HOLD]);

/// Succeeds when so many seconds are over since it was first asked, or succeeded last.
///
/// ```yaml
/// cooldown:
///   timer.hold:
///     - seconds: 900
/// ```
#[state]
fn hold<'a>(
    cx: &Context<'a>,
    /// The timer.
    name: String,
    /// How long, in seconds.
    seconds: Value,
) -> Result<Verdict<'a>> {
    let thorium = Thorium::of(cx)?;
    let seconds = number(&seconds)
        .ok_or_else(|| Error::execution(format!("seconds: {} is no number", seconds.repr())))?;
    let now = now_of(cx);
    Ok(Verdict::change(Outcome::would("Would look at the timer", Map::new()), move |_| {
        let key = format!("timer/{name}");
        let over = now - thorium.since(&key, now)? > seconds;
        if over {
            thorium.set_since(&key, Some(now));
        }
        Ok(Outcome::new(Some(over), ""))
    }))
}
