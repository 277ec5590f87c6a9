//! What a master does with a stranger's frame up to the decision on its key.

#![no_main]

use halite_wire::envelope::{Envelope, Load, Origin};
use halite_wire::load::ClearCommand;
use halite_wire::signin::master::{Autosign, Facts, KeyState, decide};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for origin in [Origin::Remote, Origin::Local] {
        let Ok(envelope) = Envelope::parse(data, 2, origin) else { continue };
        assert!(envelope.version >= 2);
        let Load::Clear(load) = envelope.load else { continue };
        if let Ok(Some(ClearCommand::Auth(request))) = ClearCommand::parse(load) {
            let facts = Facts {
                key: KeyState::Unknown,
                autosign: Autosign::Ask,
                full: false,
                open_mode: false,
            };
            decide(&request, &facts);
        }
    }
});
