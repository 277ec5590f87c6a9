//! `status`: what the status beacons of minions said last, and when. Salt: `salt/thorium/status.py` behaviour.

use halite_core::glob::fnmatch;
use halite_core::{
    Context, Map, MinionId, Outcome, Result, StateModule, Value, Verdict, map, state,
};

use crate::thorium::{Thorium, seconds};

/// The module.
pub static MODULE: StateModule = StateModule::new("status", &[&REG]);

/// Keeps the last data of each minion's status beacon in the register `status`.
///
/// ```yaml
/// statreg:
///   status.reg
/// ```
#[state]
fn reg<'a>(
    cx: &Context<'a>,
    /// Any name.
    name: String,
) -> Result<Verdict<'a>> {
    let _ = name;
    let (thorium, now) = (Thorium::of(cx)?, seconds(cx));
    Ok(Verdict::change(Outcome::would("Would keep the status", Map::new()), move |_| {
        let mut outcome = Outcome::new(Some(true), "");
        let mut registers = thorium.registers();
        registers.begin_table("status")?;
        let events = thorium.events();
        for event in events.iter().filter(|event| fnmatch(&event.tag, "salt/beacon/*/status/*")) {
            let id = event.data().get("id").map(Value::to_string).unwrap_or_default();
            // The master gives events of minions their sender's id; others may hold anything.
            let Ok(id) = MinionId::parse(&id) else { continue };
            let mut kept = map! {"recv_time" => now};
            let said = event.said();
            let news =
                said.iter().filter(|(key, _)| !matches!(key.as_str(), Some("id" | "recv_time")));
            kept.extend(news.map(|(key, value)| (key.clone(), value.clone())));
            registers.put("status", id.as_str().into(), kept.into());
            outcome.changes.insert(id.as_str().into(), true.into());
        }
        Ok(outcome)
    }))
}
