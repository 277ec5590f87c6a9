//! `listen` and `listen_in`: reactions that come after all states, and `mod_beacon`.

use std::collections::HashMap;

use indexmap::IndexMap;

use halite_core::{Map, Result, Value, map};

use super::run::{Returns, Runner};
use crate::compiler::LowChunk;
use crate::compiler::verify::is_requisite_keyword;

/// Who listens: (state module, ID or name), and to what.
type Listener = ((Value, Value), Vec<Value>);

/// Chunks by state module and any of: module, ID, name.
struct ByReference(HashMap<(Value, Value), Vec<usize>>);

impl ByReference {
    fn new(chunks: &[LowChunk], order: &[usize]) -> ByReference {
        let mut unique: IndexMap<[Value; 3], usize> = IndexMap::new();
        for index in order {
            let get = |key: &str| chunks[*index].data.get(key).cloned().unwrap_or_default();
            unique.insert([get("state"), get("__id__"), get("name")], *index);
        }
        let mut table: HashMap<(Value, Value), Vec<usize>> = HashMap::new();
        for (names, index) in &unique {
            for name in names {
                let found = table.entry((names[0].clone(), name.clone())).or_default();
                if found.last() != Some(index) {
                    found.push(*index);
                }
            }
        }
        ByReference(table)
    }

    fn find(&self, state: &Value, name: &Value) -> &[usize] {
        self.0.get(&(state.clone(), name.clone())).map(Vec::as_slice).unwrap_or_default()
    }
}

fn error_return(state: &Value, name: &Value) -> (String, Map) {
    let tag = format!("Listen_Error_|-listen_{name}_|-listen_{state}_|-Listen_Error");
    let ret = map! {
        "comment" => format!("Referenced state {state}: {name} does not exist"),
        "name" => format!("listen_{state}:{name}"), "result" => false, "changes" => Map::new(),
    };
    (tag, ret)
}

impl Runner<'_, '_> {
    /// Calls `mod_watch` of every state that listens to one that changed.
    /// Salt: `call_listen` behaviour.
    ///
    /// # Errors
    /// What ends a whole run.
    pub(crate) fn listen(&mut self, order: &[usize]) -> Result<()> {
        let listeners = self.listeners(order);
        if listeners.is_empty() {
            return Ok(());
        }
        let by_reference = ByReference::new(&self.chunks, order);
        let mut errors: IndexMap<String, Map> = IndexMap::new();
        let mut watchers: Vec<LowChunk> = Vec::new();
        for ((state, name), targets) in &listeners {
            for (target_state, target) in targets.iter().flat_map(|to| self.targets(to, order)) {
                let triggers = by_reference.find(&target_state, &target);
                if triggers.is_empty() {
                    errors.extend([error_return(&target_state, &target)]);
                    continue;
                }
                for trigger in triggers {
                    let tag = self.chunks[*trigger].tag();
                    let ret = self.running.get(&tag);
                    if !ret.and_then(|ret| ret.get("changes")).is_some_and(Value::truthy) {
                        continue;
                    }
                    let found = by_reference.find(state, name);
                    if found.is_empty() {
                        errors.extend([error_return(state, name)]);
                    }
                    watchers.extend(found.iter().map(|index| reaction(&self.chunks[*index])));
                }
            }
        }
        self.call_further(watchers)?;
        for (tag, mut ret) in errors {
            ret.insert("__run_num__".into(), self.next_run_num().into());
            self.running.insert(tag, ret);
        }
        Ok(())
    }

    fn listeners(&self, order: &[usize]) -> Vec<Listener> {
        let mut listeners = Vec::new();
        for index in order {
            let data = &self.chunks[*index].data;
            let get = |key: &str| data.get(key).cloned().unwrap_or_default();
            let items =
                |key: &str| data.get(key).and_then(Value::as_list).unwrap_or_default().to_vec();
            if data.contains_key("listen") {
                listeners.push(((get("state"), get("__id__")), items("listen")));
            }
            let mut own = Map::new();
            own.insert(get("state"), get("__id__"));
            for (state, name) in items("listen_in").iter().flat_map(|to| self.targets(to, order)) {
                listeners.push(((state, name), vec![own.clone().into()]));
            }
        }
        listeners
    }

    /// What a reference means, as (state module, name) pairs; a bare text is an ID or a name.
    fn targets(&self, to: &Value, order: &[usize]) -> Vec<(Value, Value)> {
        if let Some(pairs) = to.as_map() {
            return pairs.iter().map(|(state, name)| (state.clone(), name.clone())).collect();
        }
        let found = order
            .iter()
            .map(|index| &self.chunks[*index].data)
            .rfind(|data| data.get("__id__") == Some(to) || data.get("name") == Some(to));
        let pair = |data: &Map| Some((data.get("state")?.clone(), data.get("__id__")?.clone()));
        found.and_then(pair).into_iter().collect()
    }

    /// Runs chunks after the others: each tag once.
    fn call_further(&mut self, chunks: Vec<LowChunk>) -> Result<()> {
        let before = std::mem::take(&mut self.running);
        let first = self.chunks.len();
        self.chunks.extend(chunks);
        let order: Vec<usize> = (first..self.chunks.len()).collect();
        let done = self.call_chunks(&order);
        let later: Returns = std::mem::replace(&mut self.running, before);
        self.running.extend(later);
        done
    }

    /// Calls `mod_beacon` of the states that ask for a beacon. Salt: `call_beacons`.
    ///
    /// # Errors
    /// What ends a whole run.
    pub(crate) fn beacons(&mut self, order: &[usize]) -> Result<()> {
        let asks = order.iter().map(|index| &self.chunks[*index]);
        let asks = asks.filter(|chunk| chunk.data.contains_key("beacon"));
        let further: Vec<LowChunk> = asks
            .map(|chunk| {
                let mut low = chunk.clone();
                low.data.insert("sfun".into(), chunk.fun().into());
                low.data.insert("fun".into(), "mod_beacon".into());
                low.data.insert("__id__".into(), format!("beacon_{}", chunk.id()).into());
                low
            })
            .collect();
        if further.is_empty() { Ok(()) } else { self.call_further(further) }
    }
}

/// The `mod_watch` call of a listener.
fn reaction(chunk: &LowChunk) -> LowChunk {
    let mut low = chunk.clone();
    low.data.insert("sfun".into(), chunk.fun().into());
    low.data.insert("fun".into(), "mod_watch".into());
    low.data.insert("__id__".into(), format!("listener_{}", chunk.id()).into());
    low.data.retain(|key, _| !key.as_str().is_some_and(is_requisite_keyword));
    low
}
