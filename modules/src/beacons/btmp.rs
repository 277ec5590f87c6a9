//! `btmp`: failed logins. Salt: `salt/beacons/btmp.py`; here the file's growth wakes it.

use std::path::Path;

use halite_core::host::Read;
use halite_core::{Available, BeaconModule, Map, Value};

use crate::support::logins::{self, Logins};

/// The beacon.
pub static MODULE: BeaconModule =
    BeaconModule::new("btmp", validate, |config| Box::new(Logins::new(FILE, config, false)))
        .available(available);

const FILE: &str = "/var/log/btmp";

fn available(_grains: &Map, host: &dyn Read) -> Available {
    match host.exists(Path::new(FILE)) {
        true => Available::Yes,
        false => Available::No(format!("{FILE} does not exist.")),
    }
}

fn validate(settings: &Value) -> Result<(), String> {
    logins::validate("btmp", settings)
}
