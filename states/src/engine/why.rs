//! Which line of which top file brought an sls, and by which match.

use halite_core::{Map, Result, SaltEnv, Value, map};

use super::session::Session;
use crate::compiler::top::TopMatcher;
use crate::compiler::{Faults, Place, SlsPlaces, Step};
use crate::support::matcher::ThisMinion;

impl Session<'_> {
    /// The places of the top files, which are rendered again for it.
    fn top_places(&self) -> Vec<SlsPlaces> {
        let named = self.apply.opts.str("state_top");
        let named = named.strip_prefix("salt://").unwrap_or(named).trim_start_matches('/');
        let file = if named.is_empty() { "top.sls" } else { named };
        let envs = crate::compiler::SlsSource::envs(self);
        let places = envs.iter().filter_map(|env| {
            let env = SaltEnv::parse(env).ok()?;
            let path = self.apply.files.cache_file(file, &env).ok()??.path;
            let rendered = self.render_file(&path, env.as_str(), "").ok()?;
            SlsPlaces::new(&rendered, &path)
        });
        places.collect()
    }

    /// Gives faults about sls files that top files name the place in the top file.
    pub(crate) fn locate_in_tops(&self, faults: &mut Faults) {
        let lost =
            |fault: &&mut crate::compiler::Fault| fault.at.is_none() && fault.code == "unknown-sls";
        if !faults.iter_mut().any(|fault| lost(&fault)) {
            return;
        }
        let tops = self.top_places();
        for fault in faults.iter_mut().filter(|fault| lost(fault)) {
            let steps = fault.about.as_ref().map(|about| about.steps.clone()).unwrap_or_default();
            let [Step::Key(env), Step::Word(sls)] = steps.as_slice() else { continue };
            fault.at = tops.iter().find_map(|top| top.named(env, sls));
        }
    }

    /// For each environment and sls, the entries of top files that brought it here.
    ///
    /// # Errors
    /// If the master cannot be asked, or this minion's id is none.
    pub fn why(&self, merged: &Map) -> Result<Map> {
        let no_id = || halite_core::Error::execution("the minion id of this run is not valid");
        let minion = ThisMinion::new(self.apply.cx).ok_or_else(no_id)?;
        let tops = self.top_places();
        let cache = self.apply.files.cache_dir();
        let mut why = Map::new();
        for (env, section) in merged {
            if self.saltenv().is_some_and(|only| env.as_str() != Some(only)) {
                continue;
            }
            for (target, items) in section.as_map().into_iter().flatten() {
                let items = items.as_list().unwrap_or_default();
                let kind = items.iter().rev().find_map(|item| item.get("match")?.as_str());
                let kind = kind.unwrap_or("compound");
                if !minion.matches(target, kind) {
                    continue;
                }
                for sls in items.iter().filter_map(Value::as_str) {
                    let steps = [
                        Step::Key(env.to_string()),
                        Step::Key(target.to_string()),
                        Step::Word(sls.into()),
                    ];
                    let place = tops.iter().find_map(|top| top.find_all(&steps));
                    let place = place.map(|place| place.of_master(&cache));
                    let place = place.as_ref().map(shown).unwrap_or_default();
                    let entry = map! {"target" => target.clone(), "match" => kind, "line" => place};
                    add(&mut why, &env.to_string(), sls, entry.into());
                }
            }
        }
        for (env, names) in self.apply.files.master_tops()? {
            for sls in names.as_list().unwrap_or_default() {
                let entry = map! {"match" => "master_tops"};
                add(&mut why, &env.to_string(), &sls.to_string(), entry.into());
            }
        }
        Ok(why)
    }
}

fn shown(place: &Place) -> String {
    format!("{}:{}", place.file.display(), place.line)
}

fn add(why: &mut Map, env: &str, sls: &str, entry: Value) {
    let of_env = why.entry(env.into()).or_insert_with(|| Map::new().into());
    let Some(of_env) = of_env.as_map_mut() else { return };
    let entries = of_env.entry(sls.into()).or_insert_with(|| Value::list([]));
    entries.as_list_mut().into_iter().for_each(|entries| entries.push(entry.clone()));
}
