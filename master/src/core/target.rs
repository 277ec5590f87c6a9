//! Who a target means among the accepted minions.

use std::collections::BTreeSet;
use std::sync::Arc;

use halite_core::MinionId;
use halite_core::target::{Known, Target};

use super::Core;

/// Whom a target means, as far as ids alone tell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ByName {
    /// Meant for sure.
    pub(crate) minions: Vec<MinionId>,
    /// Hanging on grains or pillar.
    pub(crate) open: Vec<MinionId>,
    /// Listed, but without an accepted key.
    pub(crate) missing: Vec<String>,
}

fn known(text: &str, accepted: &BTreeSet<MinionId>) -> Option<MinionId> {
    MinionId::parse(text).ok().filter(|id| accepted.contains(id))
}

/// Ids that lists name, within a compound target as well, and that have no accepted key.
pub(crate) fn missing(target: &Target, accepted: &BTreeSet<MinionId>) -> Vec<String> {
    let unknown = |text: &&str| known(text, accepted).is_none();
    target.wanted_by_lists().into_iter().filter(unknown).map(str::to_owned).collect()
}

/// Decides by id.
pub(crate) fn by_name(target: &Target, accepted: &BTreeSet<MinionId>) -> ByName {
    let mut found = ByName { minions: Vec::new(), open: Vec::new(), missing: Vec::new() };
    found.missing = missing(target, accepted);
    if let Some(listed) = target.listed() {
        found.minions.extend(listed.iter().filter_map(|text| known(text, accepted)));
        return found;
    }
    for id in accepted {
        match target.decide(&Known { id, grains: None, pillar: None }) {
            Some(true) => found.minions.push(id.clone()),
            Some(false) => {}
            None => found.open.push(id.clone()),
        }
    }
    found
}

impl Core {
    /// Whom a target means by id; the rest is to be looked up. Without a data cache, as in Salt, everybody whom the
    /// data could mean is expected to answer.
    pub(crate) fn who(&self, target: &Arc<Target>) -> ByName {
        let mut found = by_name(target, &self.accepted);
        if !self.settings.data_cache {
            found.minions.append(&mut found.open);
            found.minions.sort();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(tgt: &str, kind: &str) -> (String, String, String) {
        let accepted = ["db1", "web1", "web2"].map(|id| MinionId::parse(id).expect("is an id"));
        let target = Target::parse(&tgt.into(), kind, None, &Default::default()).expect("parses");
        let ByName { minions, open, missing } = by_name(&target, &accepted.into());
        let join =
            |ids: &[MinionId]| ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(" ");
        (join(&minions), join(&open), missing.join(" "))
    }

    #[track_caller]
    fn check(tgt: &str, kind: &str, minions: &str, open: &str, missing: &str) {
        assert_eq!(who(tgt, kind), (minions.into(), open.into(), missing.into()), "{kind} {tgt}");
    }

    #[test]
    fn ids_decide_where_they_can() {
        check("web*", "glob", "web1 web2", "", "");
        check("nobody", "glob", "", "", "");
        check("web[12]$", "pcre", "web1 web2", "", "");
        check("web1,x,../y", "list", "web1", "", "x ../y");
        check("os:Debian", "grain", "", "db1 web1 web2", "");
        check("web1 or G@os:Debian", "compound", "web1", "db1 web2", "");
        check("web1 and G@os:Debian", "compound", "", "web1", "");
        check("not G@os:Debian", "compound", "", "db1 web1 web2", "");
        check("L@web1,x or db1", "compound", "db1 web1", "", "x");
        check("web* and not L@web1,x", "compound", "web2", "", "");
    }
}
