//! Looks at what a chunk depends on and says what is to happen with it.

use halite_core::{Map, Value, map};

use super::run::Runner;
use super::status::{Mark, Marks, Status, status};
use crate::compiler::{Kind, LowChunk};

/// The dependencies of a chunk by kind, each kind's in the order in which they stand in the graph.
pub(crate) type Required = Vec<(Kind, Vec<usize>)>;

impl Runner<'_, '_> {
    /// Decides on a chunk. Salt: `_check_requisites` behaviour.
    pub(crate) fn decide(&mut self, low: &LowChunk) -> (Status, Required) {
        let mut required: Required = Vec::new();
        for (kind, chunk) in self.graph.dependencies(&low.tag(), low.flag("__prereq__")) {
            match required.iter_mut().find(|(have, _)| *have == kind) {
                Some((_, chunks)) => chunks.push(chunk),
                None => required.push((kind, vec![chunk])),
            }
        }
        let mut all = Marks::default();
        let mut pending = false;
        for (kind, chunks) in &required {
            let tags: Vec<String> = chunks.iter().map(|chunk| self.chunks[*chunk].tag()).collect();
            if low.flag("parallel") {
                pending = !self.reconcile(Some(&tags));
            } else {
                self.wait_for(Some(&tags));
            }
            let mut marks = Marks::default();
            for tag in &tags {
                self.mark(*kind, tag, pending, &mut marks);
            }
            all.join(marks.settle(*kind));
        }
        (status(all, pending), required)
    }

    /// Adds what one dependency says.
    fn mark(&self, kind: Kind, tag: &str, pending: bool, marks: &mut Marks) {
        let base = kind.base();
        let ret = match base {
            Kind::Prereq => self.pre.get(tag),
            _ => self.running.get(tag),
        };
        let Some(ret) = ret else { return marks.add(Mark::Unmet) };
        if pending {
            return;
        }
        if ret.get("skip_req").is_some_and(Value::truthy) {
            marks.add(Mark::SkipReq);
        }
        let result = ret.get("result").and_then(Value::as_bool);
        let changed = ret.get("changes").is_some_and(Value::truthy);
        match base {
            Kind::Onfail if result == Some(true) => return marks.add(Mark::Onfail),
            Kind::Onchanges if result == Some(false) || !changed => {
                return marks.add(Mark::Onchanges);
            }
            Kind::Onchanges => return marks.add(Mark::OnchangesMet),
            Kind::Onfail => {}
            _ if result == Some(false) => return marks.add(Mark::Fail),
            Kind::Watch if changed => return marks.add(Mark::Change),
            _ => {}
        }
        match base {
            Kind::Prereq if result.is_none() => marks.add(Mark::Premet),
            Kind::Prereq => marks.add(Mark::Pre),
            _ if ret.get("__state_ran__").is_none_or(Value::truthy) => marks.add(Mark::Met),
            _ => {}
        }
    }

    /// `sls.id` of every dependency that failed.
    pub(crate) fn failed(&self, required: &Required) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for chunk in required.iter().flat_map(|(_, chunks)| chunks) {
            let low = &self.chunks[*chunk];
            let tag = low.tag();
            let Some(ret) = self.pre.get(&tag).or_else(|| self.running.get(&tag)) else { continue };
            if ret.get("result").and_then(Value::as_bool) == Some(false) {
                let sls = low.data.get("__sls__").cloned().unwrap_or_default();
                let name = format!("{sls}.{}", low.id());
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// What `mod_watch` is told of the dependencies: kind to chunks with whether they changed.
    pub(crate) fn told(&self, required: &Required) -> Map {
        let mut told = Map::new();
        for (kind, chunks) in required {
            let chunks = chunks.iter().map(|chunk| {
                let low = &self.chunks[*chunk];
                let ret = self.running.get(&low.tag());
                let changed = ret.and_then(|ret| ret.get("changes")).is_some_and(Value::truthy);
                Value::from(map! {
                    "state" => low.state(), "fun" => low.fun(), "__id__" => low.id(),
                    "name" => low.text("name"), "__sls__" => low.text("__sls__"),
                    "__changed__" => changed,
                })
            });
            told.insert(kind.name().into(), chunks.collect::<Vec<_>>().into());
        }
        told
    }
}
