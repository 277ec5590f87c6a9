//! Who this minion is, and which Salt it stands for.

use std::path::PathBuf;

use halite_core::{Map, SALT_VERSION, Value, map};

use crate::gather::{GrainModule, Look};
use crate::support::digest;

/// The family.
pub static MODULE: GrainModule = GrainModule { name: "identity", collect };

/// [`SALT_VERSION`] in parts.
pub const SALT_VERSION_INFO: [i64; 2] = [3008, 3];

fn collect(look: &Look<'_>) -> Map {
    let id = look.opts.str("id");
    let program = look.host.read_link(std::path::Path::new("/proc/self/exe")).unwrap_or_default();
    let folder = program.parent().map(PathBuf::from).unwrap_or_default();
    let mut grains = map! {
        "id" => id,
        "master" => look.opts.get("master").cloned().unwrap_or_default(),
        "server_id" => server_id(id),
        "saltversion" => SALT_VERSION,
        "saltversioninfo" => SALT_VERSION_INFO.to_vec(),
        // There is no Python here. Formulas ask which one Salt runs on in order to pick package
        // names; the series that this version of Salt ships with is the answer they can use.
        "pythonversion" => vec![3.into(), 11.into(), 0.into(), Value::str("final"), 0.into()],
        "pythonpath" => Vec::<Value>::new(),
        "pythonexecutable" => program,
        "saltpath" => folder,
        "package" => (),
        "ca_truststore" => "os",
    };
    if let Some(machine) = machine_id(look) {
        grains.insert("machine_id".into(), machine.into());
    }
    if let Some(domain) = look.opts.get("append_domain") {
        grains.insert("append_domain".into(), domain.clone());
    }
    if look.opts.bool("grain_opts") {
        grains.insert("opts".into(), look.opts.values().clone().into());
    }
    grains
}

fn machine_id(look: &Look<'_>) -> Option<String> {
    look.line("/etc/machine-id").or_else(|| look.line("/var/lib/dbus/machine-id"))
}

/// The id's SHA-256 as a number, modulo 2^31.
fn server_id(id: &str) -> i64 {
    let bytes = digest::digest("sha256", id.as_bytes()).unwrap_or_default();
    let tail = bytes.last_chunk::<4>().copied().unwrap_or_default();
    i64::from(u32::from_be_bytes(tail) & 0x7fff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_ids_are_salts() {
        // Recorded: salt 3008.3, `salt-call --local --id m1 grains.get server_id`.
        assert_eq!(server_id("m1"), 890_885_657);
    }
}
