//! `swapusage`: how much swap is used. Salt: `salt/beacons/swapusage.py`.

use halite_core::{Beacon, BeaconConfig, BeaconModule, Error, Result, Seen, Value, Watch};

use crate::support::beacon::{fact, flat, memory, percent, share};

/// The beacon.
pub static MODULE: BeaconModule =
    BeaconModule::new("swapusage", validate, |config| Box::new(Usage { limit: limit(config) }));

fn validate(settings: &Value) -> Result<(), String> {
    match flat("swapusage", settings)?.contains_key("percent") {
        true => Ok(()),
        false => Err("Configuration for swapusage beacon requires percent.".into()),
    }
}

fn limit(config: &BeaconConfig) -> Result<f64, String> {
    percent(config.get("percent").unwrap_or(&Value::Null))
}

struct Usage {
    limit: Result<f64, String>,
}

impl Beacon for Usage {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let limit = self.limit.clone().map_err(Error::execution)?;
        let total = memory(watch, "SwapTotal");
        let used = share(total.saturating_sub(memory(watch, "SwapFree")), total);
        let events = if used >= limit { vec![fact("swapusage", used)] } else { Vec::new() };
        Ok(Seen::polled(events))
    }
}
