//! AES-256-GCM between own peers: keys of one minion, one per direction, from a fresh secret.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce as Iv, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use super::{AesKey, CryptoError, Secret};
use crate::entropy::Entropy;

const TAG: usize = 16;

/// The secret a master sends at sign-in, wrapped for one minion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcmSecret(Secret);

impl GcmSecret {
    /// The secret of minion `id`, for as long as the master keeps `session` and `aes`.
    ///
    /// It is made of two fresh keys and not drawn anew for each `_auth`: anybody can send an
    /// `_auth` with somebody's public key, and that must not end the session of its owner. `aes` is
    /// new at every start of the master, so that nothing recorded before opens after.
    pub fn derive(session: &AesKey, aes: &AesKey, id: &str) -> GcmSecret {
        let prk = Salt::new(HKDF_SHA256, b"halite secret 1").extract(session.bytes());
        let mut bytes = vec![0; 32];
        prk.expand(&[aes.bytes(), id.as_bytes()], Len)
            .and_then(|okm| okm.fill(&mut bytes))
            .expect("32 bytes are far below what HKDF gives");
        GcmSecret(Secret::new(bytes))
    }

    /// From the unwrapped bytes; only 32 of them are a secret.
    pub fn from_bytes(bytes: &[u8]) -> Result<GcmSecret, CryptoError> {
        if bytes.len() != 32 {
            return Err(CryptoError::Refused);
        }
        Ok(GcmSecret(Secret::new(bytes.to_vec())))
    }

    /// The bytes to wrap.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

/// Who speaks. Each direction has its own key, so nothing can be sent back to its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A request.
    MinionToMaster,
    /// A reply.
    MasterToMinion,
}

impl Direction {
    fn label(self) -> &'static [u8] {
        match self {
            Direction::MinionToMaster => b"minion to master",
            Direction::MasterToMinion => b"master to minion",
        }
    }
}

/// The two keys of one session.
#[derive(Clone)]
pub struct GcmKeys {
    request: LessSafeKey,
    reply: LessSafeKey,
    id: Box<str>,
    /// Tells keys apart and nothing else.
    mark: [u8; 32],
}

impl fmt::Debug for GcmKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GcmKeys({}, redacted)", self.id)
    }
}

/// The same keys.
impl PartialEq for GcmKeys {
    fn eq(&self, other: &GcmKeys) -> bool {
        self.mark == other.mark
    }
}

impl Eq for GcmKeys {}

impl GcmKeys {
    /// Both keys for minion `id`.
    pub fn derive(secret: &GcmSecret, id: &str) -> GcmKeys {
        let prk = Salt::new(HKDF_SHA256, b"halite request channel 1").extract(secret.expose());
        let expand = |label: &[u8]| {
            let mut bytes = Zeroizing::new([0u8; 32]);
            let len = (label.len() as u64).to_be_bytes();
            prk.expand(&[&len, label, id.as_bytes()], Len)
                .and_then(|okm| okm.fill(&mut bytes[..]))
                .expect("32 bytes are far below what HKDF gives");
            bytes
        };
        let key = |direction: Direction| {
            let key = UnboundKey::new(&AES_256_GCM, &expand(direction.label())[..]);
            LessSafeKey::new(key.expect("the key has 32 bytes"))
        };
        GcmKeys {
            request: key(Direction::MinionToMaster),
            reply: key(Direction::MasterToMinion),
            id: id.into(),
            mark: *expand(b"mark"),
        }
    }

    fn key(&self, direction: Direction) -> &LessSafeKey {
        match direction {
            Direction::MinionToMaster => &self.request,
            Direction::MasterToMinion => &self.reply,
        }
    }

    /// What is authenticated beside the ciphertext.
    fn bound(&self, direction: Direction, version: i64, nonce: &str) -> Vec<u8> {
        let mut bound = Vec::with_capacity(96);
        for part in [direction.label(), self.id.as_bytes(), nonce.as_bytes()] {
            bound.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bound.extend_from_slice(part);
        }
        bound.extend_from_slice(&version.to_be_bytes());
        bound
    }

    /// Seals the plaintext that stands in `out` after 12 bytes of room; see [`GcmKeys::room`].
    pub(crate) fn seal(
        &self,
        direction: Direction,
        version: i64,
        nonce: &str,
        mut out: Vec<u8>,
        entropy: &mut dyn Entropy,
    ) -> Vec<u8> {
        // A random 96 bit IV: a key lives a day, far below the 2^32 messages it is good for.
        let mut iv = [0; NONCE_LEN];
        entropy.fill(&mut iv);
        let (room, plain) = out.split_at_mut(NONCE_LEN);
        room.copy_from_slice(&iv);
        let tag = self
            .key(direction)
            .seal_in_place_separate_tag(
                Iv::assume_unique_for_key(iv),
                Aad::from(self.bound(direction, version, nonce)),
                plain,
            )
            .expect("messages are bounded far below GCM's 64 GiB");
        out.extend_from_slice(tag.as_ref());
        out
    }

    /// A buffer to write the plaintext to.
    pub(crate) fn room() -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.resize(NONCE_LEN, 0);
        out
    }

    /// Opens a sealed message of that direction, version and nonce.
    pub(crate) fn open(
        &self,
        direction: Direction,
        version: i64,
        nonce: &str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (iv, cipher) = sealed.split_first_chunk().ok_or(CryptoError::Refused)?;
        let mut plain = cipher.to_vec();
        self.key(direction)
            .open_in_place(
                Iv::assume_unique_for_key(*iv),
                Aad::from(self.bound(direction, version, nonce)),
                &mut plain[..],
            )
            .map_err(|_| CryptoError::Refused)?;
        let len = plain.len().saturating_sub(TAG);
        plain.truncate(len);
        Ok(plain)
    }
}

/// The length of an AES-256 key, as `ring` asks for it.
struct Len;

impl KeyType for Len {
    fn len(&self) -> usize {
        32
    }
}
