//! Whether a target means this minion, for top files and conditions.

use halite_core::target::{Known, Target};
use halite_core::{Context, Map, MinionId, Value};

use crate::compiler::top::TopMatcher;

/// This minion's data against targets.
pub struct ThisMinion<'a> {
    id: MinionId,
    cx: &'a Context<'a>,
    nodegroups: Map,
}

impl<'a> ThisMinion<'a> {
    /// The minion of a context. `None` if its id is none.
    pub fn new(cx: &'a Context<'a>) -> Option<ThisMinion<'a>> {
        let id = MinionId::parse(cx.opts.str("id")).ok()?;
        Some(ThisMinion { id, cx, nodegroups: cx.opts.map("nodegroups") })
    }

    /// The same with other nodegroups: a master's.
    pub fn with_nodegroups(mut self, nodegroups: Map) -> ThisMinion<'a> {
        self.nodegroups = nodegroups;
        self
    }
}

impl TopMatcher for ThisMinion<'_> {
    fn matches(&self, target: &Value, kind: &str) -> bool {
        let groups = self.nodegroups.iter();
        let nodegroups = groups.map(|(name, words)| (name.to_string(), words.clone())).collect();
        let parsed = Target::parse(target, kind, None, &nodegroups);
        match parsed {
            Ok(parsed) => {
                let grains: &Map = self.cx.grains;
                let pillar: &Map = self.cx.pillar;
                parsed.matches(&Known { id: &self.id, grains: Some(grains), pillar: Some(pillar) })
            }
            Err(error) => {
                tracing::error!("the target {target} matches nothing: {error}");
                false
            }
        }
    }
}

/// Whether a target means the minion of a context.
pub fn matches(cx: &Context<'_>, target: &Value, kind: &str) -> bool {
    ThisMinion::new(cx).is_some_and(|minion| minion.matches(target, kind))
}
