//! A new key of publishes: after a key was deleted or rejected, or when asked for.

use halite_core::map;
use halite_wire::crypto::AesKey;
use halite_wire::limits::KEY_GRACE;

use super::{Asked, Core, Publication};
use crate::events::{Event, tags};

impl Core {
    /// Changes the key, as soon as there is room. Minions notice when the next publish does not open, and sign in again.
    pub(crate) fn rotate(&mut self) {
        self.sealing.rotate = !self.may_seal();
        if self.sealing.rotate {
            return;
        }
        let fresh = AesKey::generate(&mut *self.entropy);
        let before = std::mem::replace(&mut self.aes, fresh.clone());
        self.aes_before = Some((before, self.now.seconds().saturating_add(KEY_GRACE)));
        tracing::info!("Rotating master AES key");
        self.seal_with(fresh);
        self.fire(&Event::new(tags::ROTATED, map! {"rotate_aes_key" => true}));
        if self.settings.ping_on_rotate {
            let user = self.settings.user.clone();
            self.publish(Publication::of("test.ping", "*", user), Asked::Nobody);
        }
    }
}
