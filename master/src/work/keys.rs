//! Looks at the pki folder and the drop file; takes a key back.

use std::collections::BTreeSet;

use halite_core::{Result, map};

use super::{News, Outcome, Seal, Shared, answer, signin};
use crate::events::{Event, tags};
use crate::keys::{KeyState, dropfile, take_dropfile};
use crate::store::{GRAINS, MINE, PILLAR, RESOURCES, Write};

pub(super) fn maintain(shared: &Shared) -> Outcome {
    let mut outcome = Outcome::default();
    match shared.keys.list(KeyState::Accepted) {
        Ok(ids) => {
            let ids: BTreeSet<_> = ids.into_iter().collect();
            outcome.done.news.push(News::Accepted(ids));
        }
        Err(error) => tracing::error!(%error, "The pki folder cannot be read"),
    }
    if take_dropfile(&shared.opts) {
        outcome.done.news.push(News::Rotate);
    }
    outcome
}

/// The minion wants its key forgotten; nobody who takes its id finds anything of it.
pub(super) fn revoke(seal: &Seal, preserve_minion_cache: bool, shared: &Shared) -> Outcome {
    let id = seal.who().clone();
    let remove = || -> Result<bool> {
        let there = shared.keys.remove(KeyState::Accepted, &id)?;
        signin::end_session(&id, &shared.opts)?;
        dropfile(&shared.opts)?;
        Ok(there)
    };
    // The answer is sealed before the session ends.
    let there = remove().unwrap_or_else(|error| {
        tracing::error!(%id, %error, "A key could not be revoked");
        false
    });
    let mut outcome = answer(seal, &there.into());
    if there {
        if !preserve_minion_cache {
            for bank in [GRAINS, PILLAR, MINE, RESOURCES] {
                outcome
                    .done
                    .news
                    .push(News::Store(Write::Remove { bank, key: Some(id.to_string()) }));
            }
        }
        let data = map! {"result" => true, "act" => "delete", "id" => &id};
        outcome.done.news.push(News::Event(Event::new(tags::KEY, data)));
        outcome.done.news.push(News::Revoked(id));
    }
    outcome
}
