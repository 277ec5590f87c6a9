//! `revoke_auth`: a minion gives its key back.

use super::Call;
use crate::core::Core;
use crate::work::Work;

impl Core {
    pub(super) fn revoke_auth(&mut self, call: Call, preserve_minion_cache: bool) {
        if !self.settings.allow_revoke {
            tracing::warn!(who = %call.who, "A minion wants its key revoked, but allow_minion_key_revoke is off");
            return self.answer(&call, &false.into());
        }
        self.later(call, |seal| Work::Revoke { seal, preserve_minion_cache });
    }
}
