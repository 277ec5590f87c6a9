//! `_mine`, `_mine_get`, `_mine_delete`, `_mine_flush`. Salt: `salt.daemons.masterapi.RemoteFuncs` behaviour.

use std::sync::Arc;

use halite_core::target::Target;
use halite_core::{Map, Value};
use halite_wire::load::Fun;

use super::Call;
use crate::autosign::expr_match;
use crate::core::Core;
use crate::store::{MINE, Write};
use crate::work::{MineQuery, Work};

impl Core {
    pub(super) fn mine(&mut self, call: &Call, data: Map, clear: bool) {
        let (key, at) = (call.who.to_string(), self.now.0);
        self.store(match clear {
            true => Write::Put { bank: MINE, key, at, data },
            false => Write::Merge { bank: MINE, key, at, data },
        });
        self.answer_stored(call, &true.into());
    }

    pub(super) fn mine_delete(&mut self, call: &Call, fun: &str) {
        let (key, field) = (call.who.to_string(), fun.to_owned());
        self.store(Write::RemoveField { bank: MINE, key, field });
        self.answer_stored(call, &true.into());
    }

    pub(super) fn mine_flush(&mut self, call: &Call) {
        self.store(Write::Remove { bank: MINE, key: Some(call.who.to_string()) });
        self.answer_stored(call, &true.into());
    }

    pub(super) fn mine_get(&mut self, call: Call, tgt: Value, tgt_type: &str, fun: &Fun) {
        let (functions, by_function) = match fun {
            Fun::One(names) => {
                let names: Vec<String> = names.split(',').map(str::to_owned).collect();
                let several = names.len() > 1;
                (names, several)
            }
            Fun::Many(names) => (names.iter().map(ToString::to_string).collect(), true),
        };
        let functions: Vec<String> =
            functions.into_iter().filter(|fun| self.mine_allowed(call.who.as_str(), fun)).collect();
        // Pillar is compared exactly here, so that nobody learns values by trying globs.
        let exact = match tgt_type {
            "pillar" => "pillar_exact",
            "compound" => "compound_pillar_exact",
            other => other,
        };
        let target = Target::parse(&tgt, exact, None, &self.settings.nodegroups);
        let Ok(target) = target.map(Arc::new) else {
            return self.answer(&call, &Map::new().into());
        };
        if functions.is_empty() {
            return self.answer(&call, &Map::new().into());
        }
        let found = self.who(&target);
        let query =
            MineQuery { target, sure: found.minions, open: found.open, functions, by_function };
        self.later(call, |seal| Work::MineGet { seal, query });
    }

    /// Option `mine_get`: expressions over ids, each with expressions over functions.
    fn mine_allowed(&self, who: &str, fun: &str) -> bool {
        let Some(rules) = &self.settings.mine_get else { return true };
        rules.iter().any(|(ids, functions)| {
            ids.as_str().is_some_and(|ids| expr_match(ids, who))
                && functions.as_list().is_some_and(|functions| {
                    functions.iter().filter_map(Value::as_str).any(|rule| expr_match(rule, fun))
                })
        })
    }
}
