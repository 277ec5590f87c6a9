//! `_pillar`: compiled on another thread for the id of the session, sealed to its key, and kept in the data cache.

use halite_core::Map;
use halite_wire::load::PillarRequest;

use super::Call;
use crate::core::Core;
use crate::work::Work;

impl Core {
    pub(super) fn pillar(&mut self, call: Call, mut request: PillarRequest) {
        let Some(mut grains) = request.grains.take() else {
            return self.answer(&call, &Map::new().into());
        };
        // The id in the grains is the minion's own word; the session's is proven.
        grains.insert("id".into(), (&call.who).into());
        request.grains = Some(grains);
        let now = self.now;
        self.later(call, |seal| Work::Pillar { seal, request: Box::new(request), now });
    }
}
