//! `status`: figures of the functions of the module `status`. Salt: `salt/beacons/status.py`.

use halite_core::{
    Args, Beacon, BeaconConfig, BeaconModule, Context, Error, Map, Result, Seen, Value, Watch, map,
};

use crate::support::beacon::flat;

/// The beacon.
pub static MODULE: BeaconModule =
    BeaconModule::new("status", validate, |config| Box::new(Status { wanted: wanted(config) }));

/// What is told where nothing is asked for.
const USUAL: &[&str] = &["loadavg", "cpustats", "meminfo", "vmstats", "time"];
/// What is set beside the functions.
const SETTINGS: &[&str] =
    &["beacon_module", "disable_during_state_run", "enabled", "interval", "rate_limit", "run_once"];

fn validate(settings: &Value) -> Result<(), String> {
    flat("status", settings).map(drop)
}

fn wanted(config: &BeaconConfig) -> Vec<(String, Vec<Value>)> {
    let all = config.items.iter().flat_map(|item| item.iter());
    let own = all.filter(|(key, _)| {
        let key = key.to_string();
        !key.starts_with('_') && !SETTINGS.contains(&key.as_str())
    });
    let list =
        |value: &Value| value.as_list().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
    let given: Vec<_> = own.map(|(key, value)| (key.to_string(), list(value))).collect();
    if given.is_empty() {
        return USUAL.iter().map(|name| ((*name).into(), vec!["all".into()])).collect();
    }
    given
}

struct Status {
    wanted: Vec<(String, Vec<Value>)>,
}

/// One function's figures, whole or in part. A function that is not there ends the look, as in Salt.
fn figures(cx: &Context<'_>, name: &str, items: &[Value]) -> Result<Value> {
    let data: Value = match cx.call(&format!("status.{name}"), Args::default()) {
        Ok(data) => data,
        Err(error @ Error::Unavailable { .. }) => return Err(error),
        Err(error) => {
            tracing::debug!("the status beacon cannot call status.{name}: {error}");
            return Ok(Map::new().into());
        }
    };
    let mut part = Map::new();
    for item in items {
        if item.as_str() == Some("all") {
            return Ok(data);
        }
        let index = item.as_i64().or_else(|| item.to_string().parse().ok());
        let found = match &data {
            Value::Map(map) => map.get(item).cloned(),
            Value::List(list) => index.and_then(|n| list.get(usize::try_from(n).ok()?).cloned()),
            Value::Str(text) => index
                .and_then(|n| text.chars().nth(usize::try_from(n).ok()?))
                .map(|letter| letter.to_string().into()),
            _ => None,
        };
        match found {
            Some(value) => drop(part.insert(item.clone(), value)),
            None => {
                let what = item.repr();
                return Ok(format!("Status beacon is incorrectly configured: {what}").into());
            }
        }
    }
    Ok(part.into())
}

impl Beacon for Status {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let mut data = Map::new();
        for (name, items) in &self.wanted {
            data.insert(name.into(), figures(watch.apply, name, items)?);
        }
        let now = jiff::Timestamp::from_microsecond((watch.now * 1e6) as i64).unwrap_or_default();
        let tag = now.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string();
        Ok(Seen::polled(vec![map! { "tag" => tag, "data" => data }]))
    }
}
