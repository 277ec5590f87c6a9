//! `key`: fingerprints of this minion's key and its master's. Salt: `salt/modules/key.py`.

use halite_core::{Context, Error, ExecModule, Result, function};

use crate::support::digest;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("key", &[&FINGER, &FINGER_MASTER]);

/// The digest of a PEM file's body: without its first and last line, newlines included.
/// Salt: `salt.utils.crypt.pem_finger` behaviour.
fn pem_finger(text: &str, kind: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> =
        text.split_inclusive('\n').filter(|line| !line.trim().is_empty()).collect();
    let body = lines.get(1..lines.len().saturating_sub(1)).unwrap_or_default().concat();
    let sum = digest::digest(kind, body.as_bytes())?;
    let pairs: Vec<String> = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(pairs.join(":"))
}

fn finger_of(cx: &Context<'_>, file: &str, hash_type: Option<String>) -> Result<String> {
    let set = match cx.opts.str("hash_type") {
        "" => "sha256",
        set => set,
    };
    let kind = hash_type.unwrap_or_else(|| set.to_owned());
    // A key that is not there has no fingerprint: Salt gives an empty text.
    let Ok(bytes) = cx.host.read(&cx.opts.path("pki_dir").join(file)) else {
        return Ok(String::new());
    };
    pem_finger(&String::from_utf8_lossy(&bytes), &kind)
        .ok_or_else(|| Error::execution(format!("unsupported hash type {kind}")))
}

/// Gives the fingerprint of the minion's public key.
///
/// CLI Example:
///
/// ```text
/// salt '*' key.finger
/// ```
#[function]
fn finger(cx: &Context<'_>, #[default(None)] hash_type: Option<String>) -> Result<String> {
    finger_of(cx, "minion.pub", hash_type)
}

/// Gives the fingerprint of the master's public key, as `master_finger` wants it.
///
/// CLI Example:
///
/// ```text
/// salt '*' key.finger_master
/// ```
#[function]
fn finger_master(cx: &Context<'_>, #[default(None)] hash_type: Option<String>) -> Result<String> {
    finger_of(cx, "minion_master.pub", hash_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_of_the_file_does_not_count() {
        let text = "-----BEGIN PUBLIC KEY-----\nAAAA\nBBBB\n-----END PUBLIC KEY-----\n";
        let want = digest::hex_digest("md5", b"AAAA\nBBBB\n").expect("is known");
        let got = pem_finger(text, "md5").expect("is known").replace(':', "");
        assert_eq!(got, want);
        assert_eq!(pem_finger(&text.replace('\n', "\r\n"), "md5"), pem_finger(text, "md5"));
    }
}
