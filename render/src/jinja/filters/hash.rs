//! Digests, base64 and randomness.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SecureRandom;
use sha2::Digest;

use super::basic::{optional_int, random_below};
use super::given;
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, type_error, value_error};
use crate::jinja::value::Val;

pub(super) const NAMES: &[&str] = &[
    "base64_encode",
    "base64_decode",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "hmac",
    "hmac_compute",
    "uuid",
    "random_str",
    "rand_str",
    "random_hash",
    "random_sample",
    "random_shuffle",
    "gen_mac",
];

/// The namespace of Salt's UUIDs.
const NAMESPACE: [u8; 16] = [
    0x91, 0x63, 0x3e, 0xbf, 0x1c, 0x86, 0x5e, 0x33, 0x93, 0x5a, 0x28, 0x06, 0x1f, 0x4b, 0x48, 0x0e,
];

/// How long random text may be.
const LONGEST_RANDOM: i64 = 1 << 20;

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    val.defined()?;
    Ok(match name {
        "base64_encode" => Val::str(STANDARD.encode(bytes_of(&val)?)),
        "base64_decode" => base64_decode(&bytes_of(&val)?)?,
        "md5" | "sha1" | "sha256" | "sha512" => {
            Val::str(hex_digest(name, &bytes_of(&val)?).unwrap_or_default())
        }
        "hmac" => {
            let [secret, challenge] = args.bind(name, ["shared_secret", "challenge_hmac"], 2)?;
            let tag = hmac(&bytes_of(&secret.unwrap_or(Val::None))?, &bytes_of(&val)?);
            let challenge = bytes_of(&challenge.unwrap_or(Val::None))?;
            Val::Bool(STANDARD.encode(tag).as_bytes() == &challenge[..])
        }
        "hmac_compute" => {
            let [secret] = args.bind(name, ["shared_secret"], 1)?;
            Val::str(hex(&hmac(&bytes_of(&secret.unwrap_or(Val::None))?, &bytes_of(&val)?)))
        }
        "uuid" => Val::str(uuid5(super::words::salt_text(&val)?.as_bytes())),
        "random_str" => {
            rt.request.salt.reads(None);
            let size = optional_int(Some(val))?.unwrap_or(32).clamp(0, LONGEST_RANDOM) as usize;
            let mut key = vec![0; size];
            if ring::rand::SystemRandom::new().fill(&mut key).is_err() {
                return value_error("the system gives no random bytes");
            }
            Val::str(&STANDARD.encode(key)[..size])
        }
        "rand_str" | "random_hash" => {
            let [kind] = args.bind("random_hash", ["hash_type"], 0)?;
            let kind = given(kind).map_or(Ok("md5".to_string()), |kind| rt.text(&kind))?;
            let size = optional_int(Some(val))?.unwrap_or(0).max(0) as u64;
            let number = random_below(rt, size.saturating_add(1)).to_string();
            match hex_digest(&kind, number.as_bytes()) {
                Some(text) => Val::str(text),
                None => {
                    return crate::jinja::fault::attribute_error(format!(
                        "module 'hashlib' has no attribute '{kind}'"
                    ));
                }
            }
        }
        "random_sample" => {
            let [size, seed] = args.bind("sample", ["size", "seed"], 1)?;
            let size = optional_int(size)?.unwrap_or(0);
            sample(rt, &val, size, given(seed))?
        }
        "random_shuffle" => {
            let [seed] = args.bind("shuffle", ["seed"], 0)?;
            let size = val.len()? as i64;
            sample(rt, &val, size, given(seed))?
        }
        _ => {
            let byte = || random_below(rt, 256);
            Val::str(format!("{}:{:02X}:{:02X}:{:02X}", rt.text(&val)?, byte(), byte(), byte()))
        }
    })
}

fn bytes_of(val: &Val) -> R<Vec<u8>> {
    val.defined()?;
    match val {
        Val::Str(text) | Val::Markup(text) => Ok(text.as_bytes().to_vec()),
        Val::Bytes(bytes) => Ok(bytes.to_vec()),
        other => type_error(format!(
            "expected str, bytes, or bytearray not <class '{}'>",
            other.type_name()
        )),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of one of `hashlib`'s names.
pub(super) fn hex_digest(name: &str, bytes: &[u8]) -> Option<String> {
    Some(match name {
        "md5" => hex(&md5::Md5::digest(bytes)),
        "sha1" => hex(&sha1::Sha1::digest(bytes)),
        "sha224" => hex(&sha2::Sha224::digest(bytes)),
        "sha256" => hex(&sha2::Sha256::digest(bytes)),
        "sha384" => hex(&sha2::Sha384::digest(bytes)),
        "sha512" => hex(&sha2::Sha512::digest(bytes)),
        _ => return None,
    })
}

fn hmac(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    ring::hmac::sign(&key, message).as_ref().to_vec()
}

fn base64_decode(bytes: &[u8]) -> R<Val> {
    // Python skips what is not of the alphabet and wants the padding.
    let kept: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        .collect();
    match STANDARD.decode(&kept) {
        Ok(decoded) => Ok(match String::from_utf8(decoded) {
            Ok(text) => Val::str(text),
            Err(error) => Val::Bytes(error.into_bytes().into()),
        }),
        Err(_) => value_error("Incorrect padding"),
    }
}

fn uuid5(name: &[u8]) -> String {
    let mut hasher = sha1::Sha1::new();
    hasher.update(NAMESPACE);
    hasher.update(name);
    let digest = hasher.finalize();
    let mut id = digest[..16].to_vec();
    id[6] = (id[6] & 0x0f) | 0x50;
    id[8] = (id[8] & 0x3f) | 0x80;
    let text = hex(&id);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// `size` members in random order; the same ones for the same seed.
fn sample(rt: &Rt<'_>, val: &Val, size: i64, seed: Option<Val>) -> R<Val> {
    let mut items = rt.iterate(val)?;
    let Some(size) = usize::try_from(size).ok().filter(|size| *size <= items.len()) else {
        return value_error("Sample larger than population or is negative");
    };
    let mut state = match &seed {
        Some(seed) => {
            let digest = sha2::Sha256::digest(crate::jinja::value::repr(seed).as_bytes());
            u64::from_le_bytes(digest[..8].try_into().unwrap_or_default())
        }
        None => rt.random(),
    };
    let mut next = |bound: usize| {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    };
    for at in 0..size {
        let other = at + next(items.len() - at);
        items.swap(at, other);
    }
    items.truncate(size);
    Ok(Val::list(items))
}
