//! `_minion_event` and `_register_resources`. Tags are looked up in a list of what minions may fire.

use halite_core::{Map, Value, map};
use halite_wire::load::MinionEvents;

use super::Call;
use crate::core::Core;
use crate::events::{Event, data_map, minion_may_fire, tags};
use crate::limits;
use crate::store::{RESOURCES, Write};

impl Core {
    pub(super) fn minion_events(&mut self, call: &Call, events: MinionEvents) {
        let count = match &events {
            MinionEvents::One { .. } => 1,
            MinionEvents::Many { events, .. } => events.len(),
        };
        let now = self.now;
        let most = self.settings.events_per_window;
        let session = self.sessions.get_mut(&call.who);
        if let Some(session) = session
            && !session.may_fire(count, now, most)
        {
            // Once for each window: a flood of events is to be none of the log.
            if session.tell_flood() {
                let seconds = limits::EVENT_WINDOW.as_secs();
                tracing::warn!(
                    who = %call.who, most, seconds,
                    "A minion fires too many events; they are dropped (minion_event_limit)"
                );
                let data = map! {"id" => &call.who, "most" => most, "seconds" => seconds};
                self.fire(&Event::new(tags::FLOOD, data));
            }
            return self.answer(call, &Value::Null);
        }
        match events {
            MinionEvents::One { tag, mut load } => {
                load.insert("id".into(), (&call.who).into());
                self.minion_event(call, &tag, load);
            }
            MinionEvents::Many { pretag, events, .. } => {
                for (tag, data) in events {
                    let mut data = data_map(data);
                    // Whoever reacts to it may rely on who sent it.
                    data.insert("id".into(), (&call.who).into());
                    if let Some(pretag) = pretag.as_deref().filter(|pretag| !pretag.is_empty()) {
                        self.minion_event(call, &format!("{pretag}/{tag}"), data.clone());
                    }
                    self.minion_event(call, &tag, data);
                }
            }
        }
        self.answer(call, &Value::Null);
    }

    fn minion_event(&mut self, call: &Call, tag: &str, data: Map) {
        match minion_may_fire(&call.who, tag) {
            Ok(()) => self.fire(&Event::new(tag, data)),
            Err(why) => tracing::warn!(who = %call.who, tag, %why, "An event is dropped"),
        }
    }

    pub(super) fn register_resources(&mut self, call: &Call, resources: Map, grains: Map) {
        let data = map! {"resources" => resources, "resource_grains" => grains};
        let key = call.who.to_string();
        self.store(Write::Put { bank: RESOURCES, key, at: self.now.0, data });
        if self.settings.data_cache_events {
            let data = map! {"Resource cache refresh" => &call.who};
            self.fire(&Event::new(tags::resource_refresh(&call.who), data));
        }
        self.answer_stored(call, &true.into());
    }
}
