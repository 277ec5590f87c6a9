//! Digests by Python's names.

use md5::Digest as _;

/// Hex digest of `data` by the algorithm that Python's `hashlib` calls `kind`; `None` if unknown.
pub fn hex_digest(kind: &str, data: &[u8]) -> Option<String> {
    Some(hex(&digest(kind, data)?))
}

/// Digest of `data`; `None` if the algorithm is unknown.
pub fn digest(kind: &str, data: &[u8]) -> Option<Vec<u8>> {
    Some(match kind.to_ascii_lowercase().as_str() {
        "md5" => md5::Md5::digest(data).to_vec(),
        "sha1" => sha1::Sha1::digest(data).to_vec(),
        "sha224" => sha2::Sha224::digest(data).to_vec(),
        "sha256" => sha2::Sha256::digest(data).to_vec(),
        "sha384" => sha2::Sha384::digest(data).to_vec(),
        "sha512" => sha2::Sha512::digest(data).to_vec(),
        _ => return None,
    })
}

/// Lower case hex of bytes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
