//! The 64 bytes each side sends first: signature, version, mechanism.

use super::codec::CodecError;

/// Length of a greeting in bytes.
pub const GREETING_BYTES: usize = 64;
/// Version 3, minor 1: the first with PING, PONG, SUBSCRIBE and CANCEL.
pub const MINOR: u8 = 1;

const MECHANISM_AT: usize = 12;
const MECHANISM_BYTES: usize = 20;

/// Our greeting: ZMTP 3.1, NULL mechanism, no server role (NULL has none).
pub fn greeting() -> [u8; GREETING_BYTES] {
    let mut out = [0; GREETING_BYTES];
    out[0] = 0xff;
    out[9] = 0x7f;
    out[10] = 3;
    out[11] = MINOR;
    out[MECHANISM_AT..MECHANISM_AT + 4].copy_from_slice(b"NULL");
    out
}

/// Checks as much of a greeting as has arrived, so that a wrong protocol is refused at its first
/// byte. `Some(minor)` once it is whole: the lower of the peer's minor version and ours.
pub fn check_greeting(bytes: &[u8]) -> Result<Option<u8>, CodecError> {
    let at = |i: usize| bytes.get(i).copied();
    if at(0).is_some_and(|b| b != 0xff) || at(9).is_some_and(|b| b & 1 == 0) {
        return Err(CodecError::Signature);
    }
    // Versions 1 and 2 have another framing; Salt has used 3 since libzmq 4.
    if let Some(major) = at(10).filter(|major| *major < 3) {
        return Err(CodecError::Version { major });
    }
    if bytes.len() < GREETING_BYTES {
        return Ok(None);
    }
    let mut expected = [0; MECHANISM_BYTES];
    expected[..4].copy_from_slice(b"NULL");
    let mechanism = &bytes[MECHANISM_AT..MECHANISM_AT + MECHANISM_BYTES];
    if mechanism != expected {
        return Err(CodecError::Mechanism { name: printable(mechanism) });
    }
    let minor = if bytes[10] > 3 { MINOR } else { bytes[11].min(MINOR) };
    Ok(Some(minor))
}

/// Bytes of a peer as text for logs: ASCII only, the rest escaped, cut at 64 bytes.
pub fn printable(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
    bytes[..end.min(64)].escape_ascii().to_string()
}
