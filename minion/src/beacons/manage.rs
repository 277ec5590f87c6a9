//! The configured beacons and the orders that change them (`manage_beacons`). Salt:
//! `salt.beacons.Beacon` behaviour, texts and tags included.

use std::sync::Arc;

use halite_core::{BeaconConfig, Map, Value, map};

/// An event that answers an order: its tag and its data.
pub(crate) type Answer = (&'static str, Map);

/// Beacons as they are configured, by the minion's files and by its pillar.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configured {
    /// Those of the configuration, with what orders changed.
    pub(crate) opts: Map,
    /// Those of the pillar.
    pub(crate) pillar: Map,
}

/// What a validation says: Salt's text, and whether it is valid.
pub(crate) type Validate<'a> = &'a dyn Fn(&str, &Value) -> (bool, String);

impl Configured {
    /// All of them; those of the configuration win.
    pub(crate) fn all(&self, opts: bool, pillar: bool) -> Map {
        let mut all = if pillar { self.pillar.clone() } else { Map::new() };
        if opts {
            all.extend(self.opts.clone());
        }
        all
    }

    /// Those that are to run.
    pub(crate) fn enabled(&self) -> Map {
        let mut all = self.all(true, true);
        if all.shift_remove("enabled").is_some_and(|value| !value.truthy()) {
            return Map::new();
        }
        all.retain(|_, settings| {
            BeaconConfig::new("", settings).get("enabled").is_none_or(Value::truthy)
        });
        all
    }

    /// Does what an order says; `None` if there is no such order.
    pub(crate) fn manage(
        &mut self,
        order: &Map,
        available: &[&str],
        validate: Validate<'_>,
    ) -> Option<Answer> {
        let name = order.get("name").map(ToString::to_string).unwrap_or_default();
        let data = order.get("beacon_data").cloned().unwrap_or_default();
        let yes = |key: &str| order.get(key).is_some_and(Value::truthy);
        Some(match order.get("func").and_then(Value::as_str).unwrap_or_default() {
            "add" => self.add(&name, data),
            "modify" => self.modify(&name, data),
            "delete" => self.delete(&name),
            "enable" => self.switch_all(true),
            "disable" => self.switch_all(false),
            "enable_beacon" => self.switch(&name, true),
            "disable_beacon" => self.switch(&name, false),
            "list" => {
                let beacons = self.all(yes("include_opts"), yes("include_pillar"));
                let tag = "/salt/minion/minion_beacons_list_complete";
                (tag, map! { "complete" => true, "beacons" => beacons })
            }
            "list_available" => {
                let names = Value::list(available.iter().map(|name| (*name).into()));
                let tag = "/salt/minion/minion_beacons_list_available_complete";
                (tag, map! { "complete" => true, "beacons" => names })
            }
            "validate_beacon" => {
                let (valid, comment) = validate(&name, &data);
                let tag = "/salt/minion/minion_beacon_validation_complete";
                (tag, map! { "complete" => true, "vcomment" => comment, "valid" => valid })
            }
            "reset" => {
                self.opts = Map::new();
                let comment = "Beacons have been reset";
                ("/salt/minion/minion_beacon_reset_complete", self.answer(true, comment.into()))
            }
            _ => return None,
        })
    }

    fn answer(&self, complete: bool, comment: String) -> Map {
        map! { "complete" => complete, "comment" => comment, "beacons" => self.opts.clone() }
    }

    fn add(&mut self, name: &str, data: Value) -> Answer {
        let tag = "/salt/minion/minion_beacon_add_complete";
        if self.pillar.contains_key(name) {
            let why =
                format!("Cannot update beacon item {name}, because it is configured in pillar.");
            return (tag, self.answer(false, why));
        }
        let comment = match self.opts.insert(name.into(), data) {
            Some(_) => format!("Updating settings for beacon item: {name}"),
            None => format!("Added new beacon item: {name}"),
        };
        (tag, self.answer(true, comment))
    }

    fn in_pillar(&self, doing: &str, name: &str) -> Option<Map> {
        self.pillar.contains_key(name).then(|| {
            let why = format!("Cannot {doing} beacon item {name}, it is configured in pillar.");
            self.answer(false, why)
        })
    }

    fn modify(&mut self, name: &str, data: Value) -> Answer {
        let tag = "/salt/minion/minion_beacon_modify_complete";
        if let Some(refusal) = self.in_pillar("modify", name) {
            return (tag, refusal);
        }
        self.opts.insert(name.into(), data);
        (tag, self.answer(true, format!("Updating settings for beacon item: {name}")))
    }

    fn delete(&mut self, name: &str) -> Answer {
        let tag = "/salt/minion/minion_beacon_delete_complete";
        if let Some(refusal) = self.in_pillar("delete", name) {
            return (tag, refusal);
        }
        let comment = match self.opts.shift_remove(name) {
            Some(_) => format!("Deleting beacon item: {name}"),
            None => format!("Beacon item {name} not found."),
        };
        (tag, self.answer(true, comment))
    }

    fn switch_all(&mut self, on: bool) -> Answer {
        self.opts.insert("enabled".into(), on.into());
        let data = map! { "complete" => true, "beacons" => self.opts.clone() };
        match on {
            true => ("/salt/minion/minion_beacons_enabled_complete", data),
            false => ("/salt/minion/minion_beacons_disabled_complete", data),
        }
    }

    /// Enables or disables one beacon.
    pub(crate) fn switch(&mut self, name: &str, on: bool) -> Answer {
        let (tag, doing, done) = match on {
            true => ("/salt/minion/minion_beacon_enabled_complete", "enable", "Enabling"),
            false => ("/salt/minion/minion_beacon_disabled_complete", "disable", "Disabling"),
        };
        if let Some(refusal) = self.in_pillar(doing, name) {
            return (tag, refusal);
        }
        match self.opts.get_mut(name) {
            Some(Value::Map(settings)) => {
                Arc::make_mut(settings).insert("enabled".into(), on.into());
            }
            Some(Value::List(items)) => {
                let items = Arc::make_mut(items);
                let flag = |item: &&mut Value| item.get("enabled").is_some();
                match items.iter_mut().find(flag).and_then(Value::as_map_mut) {
                    Some(item) => drop(item.insert("enabled".into(), on.into())),
                    None => items.push(map! { "enabled" => on }.into()),
                }
            }
            _ => {}
        }
        (tag, self.answer(true, format!("{done} beacon item {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured() -> Configured {
        let list = |item: Map| Value::list([item.into()]);
        Configured {
            opts: map! { "load" => list(map! { "interval" => 5 }) },
            pillar: map! { "ps" => list(map! { "processes" => Map::new() }) },
        }
    }

    fn order(configured: &mut Configured, order: Map) -> (String, String) {
        let validate = |_: &str, _: &Value| (true, "Valid beacon configuration".to_owned());
        let (tag, data) = configured.manage(&order, &["load", "ps"], &validate).expect("is known");
        (tag.rsplit('/').next().unwrap_or_default().into(), Value::from(data).repr())
    }

    #[test]
    fn orders_are_answered_in_salts_words() {
        let mut beacons = configured();
        let cases = [
            (
                map! { "func" => "list", "include_opts" => true, "include_pillar" => true },
                "minion_beacons_list_complete",
                "{'complete': True, 'beacons': {'ps': [{'processes': {}}], 'load': [{'interval': 5}]}}",
            ),
            (
                map! { "func" => "add", "name" => "ps", "beacon_data" => Value::list([]) },
                "minion_beacon_add_complete",
                "{'complete': False, 'comment': 'Cannot update beacon item ps, because it is configured in pillar.', 'beacons': {'load': [{'interval': 5}]}}",
            ),
            (
                map! { "func" => "disable_beacon", "name" => "load" },
                "minion_beacon_disabled_complete",
                "{'complete': True, 'comment': 'Disabling beacon item load', 'beacons': {'load': [{'interval': 5}, {'enabled': False}]}}",
            ),
            (
                map! { "func" => "enable_beacon", "name" => "load" },
                "minion_beacon_enabled_complete",
                "{'complete': True, 'comment': 'Enabling beacon item load', 'beacons': {'load': [{'interval': 5}, {'enabled': True}]}}",
            ),
            (
                map! { "func" => "delete", "name" => "nope" },
                "minion_beacon_delete_complete",
                "{'complete': True, 'comment': 'Beacon item nope not found.', 'beacons': {'load': [{'interval': 5}, {'enabled': True}]}}",
            ),
            (
                map! { "func" => "disable" },
                "minion_beacons_disabled_complete",
                "{'complete': True, 'beacons': {'load': [{'interval': 5}, {'enabled': True}], 'enabled': False}}",
            ),
            (
                map! { "func" => "reset" },
                "minion_beacon_reset_complete",
                "{'complete': True, 'comment': 'Beacons have been reset', 'beacons': {}}",
            ),
        ];
        for (given, tag, data) in cases {
            assert_eq!(order(&mut beacons, given), (tag.to_owned(), data.to_owned()));
        }
    }

    #[test]
    fn flags_keep_beacons_from_running() {
        let mut beacons = configured();
        assert_eq!(beacons.enabled().len(), 2);
        beacons.switch("load", false);
        assert_eq!(beacons.enabled().len(), 1);
        beacons.switch_all(false);
        assert!(beacons.enabled().is_empty());
    }
}
