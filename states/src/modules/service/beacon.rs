//! `service.mod_beacon`: `beacon: True` in `service.running` and `service.dead`.

use halite_core::{Context, Map, Result, StateModule, Value, Verdict, map, state};

use crate::support::beacon;

/// The module.
pub static MODULE: StateModule = StateModule::new("service", &[&MOD_BEACON]);

/// Watches a service that a state has put in place by the beacon `service`. Not to be used directly.
#[state]
fn mod_beacon<'a>(
    cx: &Context<'a>,
    /// The service.
    name: String,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let about = ("service", "service", ["running", "dead"]);
    beacon::mod_beacon(cx, about, &name, &kwargs, |_, of| {
        let data = map! {
            "onchangeonly" => of("onchangeonly", true.into()), "delay" => of("delay", 0.into()),
            "emitatstartup" => of("emitatstartup", false.into()),
            "uncleanshutdown" => of("emitatstartup", Value::Null),
        };
        map! {"services" => map! {name.as_str() => data}}
    })
}
