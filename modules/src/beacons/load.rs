//! `load`: load averages beyond limits. Salt: `salt/beacons/load.py`.

use halite_core::{Beacon, BeaconConfig, BeaconModule, Map, Result, Seen, Value, Watch};

use crate::support::beacon::{flat, not_bool, text};

/// The beacon.
pub static MODULE: BeaconModule =
    BeaconModule::new("load", validate, |config| Box::new(Load::new(config)));

const NAMES: [&str; 3] = ["1m", "5m", "15m"];

fn validate(settings: &Value) -> Result<(), String> {
    let settings = flat("load", settings)?;
    for key in ["emitatstartup", "onchangeonly"] {
        if not_bool(&settings, key) {
            return Err(format!("Configuration for load beacon option {key} must be a boolean."));
        }
    }
    let Some(averages) = settings.get("averages") else {
        return Err("Averages configuration is required for load beacon.".into());
    };
    let averages = averages.as_map().cloned().unwrap_or_default();
    if !NAMES.iter().any(|name| averages.contains_key(*name)) {
        return Err(
            "Averages configuration for load beacon must contain 1m, 5m or 15m items.".into()
        );
    }
    for name in NAMES {
        match averages.get(name).and_then(Value::as_list) {
            None => {
                return Err(
                    "Averages configuration for load beacon: 1m, 5m and 15m items must be a \
                            list of two items."
                        .into(),
                );
            }
            Some([_, _]) => {}
            Some(_) => {
                return Err(
                    "Configuration for load beacon: 1m, 5m and 15m items must be a list of \
                            two items."
                        .into(),
                );
            }
        }
    }
    Ok(())
}

/// The limits, and what was seen last.
struct Load {
    limits: Vec<(usize, f64, f64)>,
    onchangeonly: bool,
    emitatstartup: bool,
    last: Option<[f64; 3]>,
}

impl Load {
    fn new(config: &BeaconConfig) -> Load {
        let averages = config.map("averages");
        let limit =
            |value: &Value| value.as_f64().or_else(|| value.to_string().trim().parse().ok());
        let limits = NAMES.iter().enumerate().filter_map(|(index, name)| {
            let pair = averages.get(*name)?.as_list()?;
            Some((index, limit(pair.first()?)?, limit(pair.get(1)?)?))
        });
        Load {
            limits: limits.collect(),
            onchangeonly: config.get("onchangeonly").is_some_and(Value::truthy),
            emitatstartup: config.get("emitatstartup").is_none_or(Value::truthy),
            last: None,
        }
    }

    /// Whether averages are worth an event.
    fn decide(&mut self, now: [f64; 3]) -> bool {
        if !self.onchangeonly {
            return self
                .limits
                .iter()
                .any(|&(index, low, high)| now[index] < low || now[index] > high);
        }
        let first = self.last.is_none();
        let last = self.last.replace(now).unwrap_or(now);
        if first && !self.emitatstartup {
            return false;
        }
        self.limits.iter().any(|&(index, low, high)| {
            (now[index] > high && last[index] < high) || (now[index] < low && last[index] > low)
        })
    }
}

impl Beacon for Load {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let read = watch.round.once("loadavg", || text(watch.apply, "/proc/loadavg").into());
        let mut words = read.as_str().unwrap_or_default().split(' ').map(str::parse::<f64>);
        let mut now = [0.0; 3];
        for slot in &mut now {
            *slot = words.next().and_then(std::result::Result::ok).unwrap_or(0.0);
        }
        let event = || NAMES.iter().zip(now).map(|(name, n)| ((*name).into(), n.into()));
        let events = if self.decide(now) { vec![event().collect::<Map>()] } else { Vec::new() };
        Ok(Seen::polled(events))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    fn load(onchangeonly: bool, emitatstartup: bool) -> Load {
        let pair = |low: f64, high: f64| Value::list([low.into(), high.into()]);
        let averages =
            map! { "1m" => pair(0.5, 2.0), "5m" => pair(0.0, 9.0), "15m" => pair(0.0, 9.0) };
        let settings = Value::list([
            map! { "averages" => averages }.into(),
            map! { "onchangeonly" => onchangeonly, "emitatstartup" => emitatstartup }.into(),
        ]);
        assert_eq!(validate(&settings), Ok(()));
        Load::new(&BeaconConfig::new("load", &settings))
    }

    #[test]
    fn every_look_beyond_a_limit_or_only_the_crossing() {
        // (onchangeonly, emitatstartup, averages of one minute, what is told)
        let cases = [
            (false, true, vec![1.0, 3.0, 3.0, 0.1], vec![false, true, true, true]),
            (
                true,
                true,
                vec![3.0, 1.0, 3.0, 3.0, 0.1, 0.1],
                vec![false, false, true, false, true, false],
            ),
            (true, false, vec![3.0, 1.0, 3.0], vec![false, false, true]),
        ];
        for (only, at_start, averages, want) in cases {
            let mut beacon = load(only, at_start);
            let told: Vec<bool> = averages.iter().map(|n| beacon.decide([*n, 1.0, 1.0])).collect();
            assert_eq!(told, want, "{only} {at_start} {averages:?}");
        }
    }
}
