//! Orders that change the schedule (`manage_schedule`). Salt: the methods of
//! `salt.utils.schedule.Schedule`, texts and tags included.

use std::sync::Arc;

use super::{Fire, Schedule, times};
use crate::map;
use crate::value::{Map, Value};

/// What an order leads to.
#[derive(Debug, Default, PartialEq)]
pub struct Managed {
    /// The event that answers: its tag and its data.
    pub answer: Option<(&'static str, Map)>,
    /// The jobs of the configuration are to be written to disk.
    pub persist: bool,
    /// A job that runs now.
    pub fire: Option<Fire>,
}

impl Schedule {
    /// Does what an order says; `None` if there is no such order.
    pub fn manage(&mut self, order: &Map, running: &dyn Fn(&str) -> usize) -> Option<Managed> {
        let name = order.get("name").map(ToString::to_string).unwrap_or_default();
        let persist = order.get("persist").is_some_and(Value::truthy);
        let given = order.get("schedule").cloned().unwrap_or_default();
        let changed = |this: &Schedule, tag| Managed {
            answer: Some((tag, this.answer())),
            persist,
            fire: None,
        };
        Some(match order.get("func").and_then(Value::as_str).unwrap_or_default() {
            "add" => {
                self.add(given);
                changed(self, "/salt/minion/minion_schedule_add_complete")
            }
            "modify" => {
                self.modify(&name, given);
                changed(self, "/salt/minion/minion_schedule_delete_complete")
            }
            "delete" => {
                self.delete(&name);
                changed(self, "/salt/minion/minion_schedule_delete_complete")
            }
            "enable" => {
                self.opts.insert("enabled".into(), true.into());
                changed(self, "/salt/minion/minion_schedule_enabled_complete")
            }
            "disable" => {
                self.opts.insert("enabled".into(), false.into());
                changed(self, "/salt/minion/minion_schedule_disabled_complete")
            }
            "enable_job" => {
                self.switch(&name, true);
                changed(self, "/salt/minion/minion_schedule_enabled_job_complete")
            }
            "disable_job" => {
                self.switch(&name, false);
                changed(self, "/salt/minion/minion_schedule_disabled_job_complete")
            }
            "run_job" => Managed { fire: self.job_now(&name, running), ..Managed::default() },
            "reload" => {
                self.reload(&given);
                Managed::default()
            }
            "save_schedule" => Managed {
                persist: true,
                ..say("/salt/minion/minion_schedule_saved", map! { "complete" => true })
            },
            "postpone_job" => {
                self.note(&name, "skip_explicit", order, "time");
                self.note(&name, "run_explicit", order, "new_time");
                say("/salt/minion/minion_schedule_postpone_job_complete", self.answer())
            }
            "skip_job" => {
                self.note(&name, "skip_explicit", order, "time");
                say("/salt/minion/minion_schedule_skip_job_complete", self.answer())
            }
            func => return self.tell(func, &name, order),
        })
    }

    /// Orders that only ask.
    fn tell(&self, func: &str, name: &str, order: &Map) -> Option<Managed> {
        Some(match func {
            "list" => {
                let source = order.get("where").map(ToString::to_string);
                let source = source.as_deref();
                let schedule = self.shown(source != Some("pillar"), source != Some("opts"));
                let data = map! { "complete" => true, "schedule" => schedule };
                say("/salt/minion/minion_schedule_list_complete", data)
            }
            "get_next_fire_time" => {
                let next = self.runs.get(name).and_then(super::run::Run::next);
                let next = next.map(|at| at.strftime(times::FORMAT).to_string());
                let data = map! { "complete" => true, "next_fire_time" => next };
                say("/salt/minion/minion_schedule_next_fire_time_complete", data)
            }
            "job_status" => {
                let data = self.shown(true, true).get(name).cloned();
                let data = data.unwrap_or_else(|| Map::new().into());
                let data = map! { "complete" => true, "data" => data };
                say("/salt/minion/minion_schedule_job_status_complete", data)
            }
            _ => return None,
        })
    }

    fn answer(&self) -> Map {
        map! { "complete" => true, "schedule" => self.shown(true, true) }
    }

    /// Adds a job; one of the pillar stays as it is. Used for the daemon's own jobs as well.
    pub fn add(&mut self, job: Value) {
        let Some((name, data)) = job.as_map().and_then(|job| job.first()) else { return };
        let mut data = data.clone();
        if let Some(data) = data.as_map_mut() {
            data.entry("enabled".into()).or_insert_with(|| true.into());
        }
        if self.in_pillar(&name.to_string()) {
            return;
        }
        if self.opts.insert(name.clone(), data.clone()) != Some(data) {
            self.runs.remove(&name.to_string());
        }
    }

    fn in_pillar(&self, name: &str) -> bool {
        self.pillar.contains_key(name)
    }

    fn modify(&mut self, name: &str, data: Value) {
        if self.opts.contains_key(name) || !self.in_pillar(name) {
            self.opts.insert(name.into(), data);
            self.runs.remove(name);
        }
    }

    /// Removes a job; one of the pillar stays.
    pub fn delete(&mut self, name: &str) {
        if self.opts.shift_remove(name).is_some() {
            self.runs.remove(name);
        }
    }

    fn switch(&mut self, name: &str, on: bool) {
        if let Some(Value::Map(data)) = self.opts.get_mut(name) {
            Arc::make_mut(data).insert("enabled".into(), on.into());
        }
    }

    fn reload(&mut self, given: &Value) {
        let jobs = given.get("schedule").unwrap_or(given);
        self.runs.clear();
        self.opts.extend(jobs.as_map().cloned().unwrap_or_default());
    }

    /// Notes a time at which a job is skipped or run.
    fn note(&mut self, name: &str, key: &str, order: &Map, which: &str) {
        let Some(Value::Map(data)) = self.opts.get_mut(name) else { return };
        let time = order.get(which).cloned().unwrap_or_default();
        let format = order.get("time_fmt").cloned().unwrap_or_else(|| times::FORMAT.into());
        let data = Arc::make_mut(data);
        let all = data.entry(key.into()).or_insert_with(|| Value::list([]));
        if let Some(all) = all.as_list_mut() {
            all.push(map! { "time" => time, "time_fmt" => format }.into());
        }
    }
}

fn say(tag: &'static str, data: Map) -> Managed {
    Managed { answer: Some((tag, data)), ..Managed::default() }
}
