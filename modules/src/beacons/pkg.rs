//! `pkg`: packages that can be upgraded, are installed or removed. Salt: `salt/beacons/pkg.py`.

use std::collections::BTreeMap;

use halite_core::{Args, Beacon, BeaconModule, Map, Result, Seen, Value, Watch, map};

/// The beacon.
pub static MODULE: BeaconModule = BeaconModule::new("pkg", validate, |config| {
    let lists = config.items.iter().filter_map(|item| item.get("pkgs")?.as_list());
    let refresh = config.get("refresh").is_some_and(Value::truthy);
    Box::new(Pkg { names: lists.flatten().cloned().collect(), refresh, last: BTreeMap::new() })
});

fn validate(settings: &Value) -> Result<(), String> {
    let Some(items) = settings.as_list() else {
        return Err("Configuration for pkg beacon must be a list.".into());
    };
    match items.iter().any(|item| matches!(item.get("pkgs"), Some(Value::List(_)))) {
        true => Ok(()),
        false => Err("Configuration for pkg beacon requires list of pkgs.".into()),
    }
}

struct Pkg {
    names: Vec<Value>,
    refresh: bool,
    last: BTreeMap<String, &'static str>,
}

fn ask(watch: &Watch<'_>, fun: &str, name: &Value, named: Map) -> Result<Value> {
    watch.apply.call_value(fun, Args { positional: vec![name.clone()], named })
}

impl Beacon for Pkg {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let mut events = Vec::new();
        for name in &self.names {
            let installed = ask(watch, "pkg.version", name, Map::new())?;
            let (status, version) = if installed.truthy() {
                let named = map! { "refresh" => self.refresh };
                let latest = ask(watch, "pkg.latest_version", name, named)?;
                if latest.truthy() { ("upgrade", latest) } else { ("installed", installed) }
            } else {
                ("not-installed", Value::Null)
            };
            // The first look only learns what is there.
            if self.last.insert(name.to_string(), status).is_some_and(|last| last != status) {
                events.push(map! { "pkg" => name, "version" => version, "status" => status });
            }
        }
        Ok(Seen::polled(events))
    }
}
