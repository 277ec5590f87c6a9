//! `wtmp`: logins and logouts. Salt: `salt/beacons/wtmp.py`; here the file's growth wakes it.

use std::path::Path;

use halite_core::host::Read;
use halite_core::{Available, BeaconModule, Map, Value};

use crate::support::logins::{self, Logins};

/// The beacon.
pub static MODULE: BeaconModule =
    BeaconModule::new("wtmp", validate, |config| Box::new(Logins::new(FILE, config, true)))
        .available(available);

const FILE: &str = "/var/log/wtmp";

fn available(_grains: &Map, host: &dyn Read) -> Available {
    match host.exists(Path::new(FILE)) {
        true => Available::Yes,
        false => Available::No(format!("{FILE} does not exist.")),
    }
}

fn validate(settings: &Value) -> Result<(), String> {
    logins::validate("wtmp", settings)
}
