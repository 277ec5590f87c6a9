//! RSA keys that cost little: of 32 small primes instead of two large ones, so that ten thousand runs with all their
//! sign-ins end in minutes. Worthless outside; to the public half, which is the real one, they are keys like others.

use halite_wire::Entropy;
use halite_wire::crypto::{CryptoError, EncAlgo, PrivateKey, PublicKey, Secret, SigAlgo};
use num_bigint::BigUint;

use super::dice::Dice;

/// Bytes of the modulus.
const SIZE: usize = 256;
/// Primes of 64 bits that make it.
const PRIMES: usize = 32;
/// The public exponent.
const EXPONENT: u64 = 65_537;
/// Bytes of a SHA-1 digest, which the default algorithms use.
const DIGEST: usize = 20;
/// What stands before a SHA-1 digest in a PKCS#1 v1.5 signature (RFC 8017, 9.2).
const SHA1_INFO: [u8; 15] = *b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";

#[derive(Clone)]
struct Part {
    prime: u64,
    exponent: u64,
    /// 1 modulo this prime, 0 modulo the others.
    unit: BigUint,
}

/// A private key of a simulation.
#[derive(Clone)]
pub(super) struct QuickKey {
    public: PublicKey,
    modulus: BigUint,
    parts: Vec<Part>,
}

impl QuickKey {
    /// The key with this number: the same in every run.
    pub(super) fn numbered(number: u64) -> QuickKey {
        let mut dice = Dice::new(number, 0x6b65_7973);
        let mut primes = Vec::new();
        while primes.len() < PRIMES {
            // The highest bits set, so that the product has all its bits.
            let candidate = dice.next() | 0xff00_0000_0000_0001;
            if !(candidate - 1).is_multiple_of(EXPONENT)
                && is_prime(candidate)
                && !primes.contains(&candidate)
            {
                primes.push(candidate);
            }
        }
        let modulus: BigUint = primes.iter().map(|prime| BigUint::from(*prime)).product();
        let part = |prime: &u64| {
            let others = &modulus / prime;
            let rest = u64::try_from(&others % prime).expect("is below the prime");
            let exponent = inverse(EXPONENT, prime - 1);
            Part { prime: *prime, exponent, unit: others * power(rest, prime - 2, *prime) }
        };
        let parts = primes.iter().map(part).collect();
        let public = PublicKey::parse(&pem(&modulus)).expect("has the size of a key");
        QuickKey { public, modulus, parts }
    }

    fn raw(&self, block: &[u8]) -> Vec<u8> {
        let block = BigUint::from_bytes_be(block);
        let sum: BigUint = self
            .parts
            .iter()
            .map(|part| {
                let rest = u64::try_from(&block % part.prime).expect("is below the prime");
                &part.unit * power(rest, part.exponent, part.prime)
            })
            .sum();
        filled(&(sum % &self.modulus))
    }
}

impl PrivateKey for QuickKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn decrypt(
        &self,
        algo: EncAlgo,
        wrapped: &[u8],
        _: &mut dyn Entropy,
    ) -> Result<Secret, CryptoError> {
        assert_eq!(algo, EncAlgo::OaepSha1, "the others are not for simulations");
        let block = self.raw(wrapped);
        let (seed, data) = block[1..].split_at(DIGEST);
        let seed = xored(seed, &mask(data, DIGEST));
        let data = xored(data, &mask(&seed, data.len()));
        let (label, data) = data.split_at(DIGEST);
        let end = data.iter().position(|byte| *byte != 0).filter(|at| data[*at] == 1);
        match end {
            Some(at) if label == digest(b"") && block[0] == 0 => {
                Ok(Secret::new(data[at + 1..].to_vec()))
            }
            _ => Err(CryptoError::Refused),
        }
    }

    fn sign(
        &self,
        algo: SigAlgo,
        message: &[u8],
        _: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        assert_eq!(algo, SigAlgo::Sha1, "the others are not for simulations");
        let mut block = vec![0xff; SIZE];
        block[..2].copy_from_slice(&[0, 1]);
        let info = SIZE - DIGEST - SHA1_INFO.len();
        block[info - 1] = 0;
        block[info..SIZE - DIGEST].copy_from_slice(&SHA1_INFO);
        block[SIZE - DIGEST..].copy_from_slice(&digest(message));
        Ok(self.raw(&block))
    }

    fn x931_encrypt(&self, message: &[u8], _: &mut dyn Entropy) -> Result<Vec<u8>, CryptoError> {
        let mut block = vec![0xbb; SIZE];
        let text = SIZE - 1 - message.len();
        block[0] = 0x6b;
        block[text - 1] = 0xba;
        block[text..SIZE - 1].copy_from_slice(message);
        block[SIZE - 1] = 0xcc;
        let value = BigUint::from_bytes_be(&self.raw(&block));
        let other = &self.modulus - &value;
        Ok(filled(&value.min(other)))
    }
}

/// PKCS#1 in PEM.
fn pem(modulus: &BigUint) -> String {
    use base64::Engine;
    let mut der = vec![0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00];
    der.extend(modulus.to_bytes_be());
    der.extend([0x02, 0x03, 0x01, 0x00, 0x01]);
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n", lines.join("\n"))
}

fn filled(value: &BigUint) -> Vec<u8> {
    let bytes = value.to_bytes_be();
    let mut out = vec![0; SIZE - bytes.len()];
    out.extend(bytes);
    out
}

fn digest(message: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, message).as_ref().to_vec()
}

/// MGF1 with SHA-1 (RFC 8017, B.2.1).
fn mask(seed: &[u8], len: usize) -> Vec<u8> {
    let blocks = (0_u32..).flat_map(|count| digest(&[seed, &count.to_be_bytes()].concat()));
    blocks.take(len).collect()
}

fn xored(a: &[u8], b: &[u8]) -> Vec<u8> {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}

fn times(a: u64, b: u64, modulus: u64) -> u64 {
    u64::try_from(u128::from(a) * u128::from(b) % u128::from(modulus))
        .expect("is below the modulus")
}

fn power(base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let (mut base, mut result) = (base % modulus, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, base, modulus);
        }
        base = times(base, base, modulus);
        exponent >>= 1;
    }
    result
}

/// `1 / value` modulo a number that is prime to it.
fn inverse(value: u64, modulus: u64) -> u64 {
    let (mut a, mut b) = (i128::from(modulus), i128::from(value));
    let (mut x, mut y) = (0_i128, 1_i128);
    while b != 0 {
        let quotient = a / b;
        (a, b) = (b, a - quotient * b);
        (x, y) = (y, x - quotient * y);
    }
    u64::try_from(x.rem_euclid(i128::from(modulus))).expect("is below the modulus")
}

/// Miller and Rabin with the bases that decide for 64 bits.
fn is_prime(number: u64) -> bool {
    let twos = (number - 1).trailing_zeros();
    let odd = (number - 1) >> twos;
    [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37].iter().all(|base| {
        let mut value = power(*base, odd, number);
        if value == 1 || value == number - 1 {
            return true;
        }
        (1..twos).any(|_| {
            value = times(value, value, number);
            value == number - 1
        })
    })
}

#[test]
fn the_real_public_half_takes_what_a_quick_key_makes() {
    let key = QuickKey::numbered(1);
    let dice = &mut Dice::new(1, 1);
    for message in [&b"a"[..], b"some longer message"] {
        let sig = key.sign(SigAlgo::Sha1, message, dice).expect("signs");
        assert_eq!(key.public().verify(SigAlgo::Sha1, message, &sig), Ok(()));
        assert!(key.public().verify(SigAlgo::Sha1, b"other", &sig).is_err());
        let block = key.x931_encrypt(message, dice).expect("frames");
        assert_eq!(key.public().x931_decrypt(&block).expect("opens"), message);
        let wrapped = key.public().encrypt(EncAlgo::OaepSha1, message, dice).expect("wraps");
        assert_eq!(
            key.decrypt(EncAlgo::OaepSha1, &wrapped, dice).expect("unwraps").expose(),
            message
        );
        assert!(QuickKey::numbered(2).decrypt(EncAlgo::OaepSha1, &wrapped, dice).is_err());
    }
}
