//! What the wire's tests share.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use halite_core::Value;
use halite_wire::crypto::RsaKey;
use halite_wire::{Entropy, OsEntropy};

/// A file of recorded bytes.
pub fn vectors(name: &str) -> serde_json::Value {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the vectors are in the repository");
    serde_json::from_str(&text).expect("JSON")
}

/// A text of a vector.
pub fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// Bytes of a vector.
pub fn b64(value: &serde_json::Value) -> Vec<u8> {
    STANDARD.decode(text(value)).expect("base64")
}

/// A value of a vector; bytes are written `{"bytes_b64": ...}`.
pub fn value(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Value::Int(int),
            None => Value::Float(number.as_f64().expect("a number")),
        },
        Json::String(text) => Value::str(text),
        Json::Array(items) => Value::list(items.iter().map(value)),
        Json::Object(map) if map.contains_key("bytes_b64") => Value::bytes(b64(&map["bytes_b64"])),
        Json::Object(map) => Value::map(map.iter().map(|(key, item)| (key.as_str(), value(item)))),
    }
}

/// Python's `repr`.
pub fn repr(value: &Value) -> String {
    let join = |items: Vec<String>| items.join(", ");
    match value {
        Value::Str(text) => halite_core::value::repr_str(text),
        Value::Bytes(bytes) => halite_core::value::repr_bytes(bytes),
        Value::List(items) => format!("[{}]", join(items.iter().map(repr).collect())),
        Value::Map(map) => {
            let pairs = map.iter().map(|(key, item)| format!("{}: {}", repr(key), repr(item)));
            format!("{{{}}}", join(pairs.collect()))
        }
        other => other.to_string(),
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of hex.
pub fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The same byte for ever.
pub struct Fixed(pub u8);

impl Entropy for Fixed {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(self.0);
    }
}

/// Real randomness: blinding and padding must not matter to the results.
pub type OsEntropyForTests = OsEntropy;

/// A small generator for mutations; the same seed gives the same bytes.
pub struct Seeded(pub u64);

impl Seeded {
    /// The next number (splitmix64).
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = self.next() as u8;
        }
    }
}

/// A test key; they are kept as DER.
pub fn private(entry: &serde_json::Value) -> RsaKey {
    let body = text(&entry["pkcs1_der_b64"]);
    let (begin, end) = ("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----");
    RsaKey::parse(&format!("{begin}\n{body}\n{end}\n")).expect("a test key")
}

/// `master`, `minion` (2048 bits) or `big` (4096).
pub fn key(name: &str) -> RsaKey {
    private(&vectors("keys")[format!("{name}_pem")])
}

/// Chosen bytes first, then random ones.
pub struct Scripted(pub Vec<u8>);

impl Entropy for Scripted {
    fn fill(&mut self, out: &mut [u8]) {
        let have = self.0.len().min(out.len());
        for (place, byte) in out.iter_mut().zip(self.0.drain(..have)) {
            *place = byte;
        }
        OsEntropy::new().fill(&mut out[have..]);
    }
}
