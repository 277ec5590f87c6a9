//! `hashutil`: encodings and digests. Salt: `salt/modules/hashutil.py` behaviour.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use halite_core::{Apply, Context, Error, ExecModule, Result, Value, function};

use crate::support::digest::{digest, hex, hex_digest};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "hashutil",
    &[
        &BASE64_B64ENCODE,
        &BASE64_B64DECODE,
        &BASE64_ENCODESTRING,
        &BASE64_DECODESTRING,
        &BASE64_ENCODEFILE,
        &BASE64_DECODEFILE,
        &DIGEST,
        &DIGEST_FILE,
        &MD5_DIGEST,
        &SHA256_DIGEST,
        &SHA512_DIGEST,
        &HMAC_SIGNATURE,
        &HMAC_COMPUTE,
        &GITHUB_SIGNATURE,
    ],
);

/// Bytes of one HMAC block, for digests up to SHA-256 and for larger ones.
const BLOCKS: [usize; 2] = [64, 128];

fn bytes_of(value: &Value) -> Vec<u8> {
    value.as_bytes().map_or_else(|| value.to_string().into_bytes(), <[u8]>::to_vec)
}

fn text(bytes: Vec<u8>) -> Value {
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => Value::bytes(error.into_bytes()),
    }
}

/// Encodes a text in Base64, on one line.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.base64_b64encode 'get salted'
/// ```
#[function]
fn base64_b64encode(instr: Value) -> String {
    STANDARD.encode(bytes_of(&instr))
}

/// Decodes a text from Base64.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.base64_b64decode 'Z2V0IHNhbHRlZA=='
/// ```
#[function]
fn base64_b64decode(instr: Value) -> Result<Value> {
    // Python drops all that is no Base64.
    let plain: Vec<u8> = bytes_of(&instr)
        .into_iter()
        .filter(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
        .collect();
    STANDARD.decode(plain).map(text).map_err(|_| Error::execution("Incorrect padding"))
}

/// Encodes a text in Base64, in lines of 76 characters.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.base64_encodestring 'get salted'
/// ```
#[function]
fn base64_encodestring(instr: Value) -> String {
    lines(&bytes_of(&instr))
}

/// Base64 as mails have it: 57 bytes a line, each line with its end.
fn lines(bytes: &[u8]) -> String {
    bytes.chunks(57).map(|chunk| STANDARD.encode(chunk) + "\n").collect()
}

/// Decodes a text from Base64 in lines.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.base64_decodestring instr='Z2V0IHNhbHRlZAo='
/// ```
#[function]
fn base64_decodestring(instr: Value) -> Result<Value> {
    base64_b64decode(instr)
}

/// Gives a file's content in Base64, in lines.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.base64_encodefile /path/to/binary_file
/// ```
#[function]
fn base64_encodefile(cx: &Context<'_>, fname: String) -> Result<String> {
    Ok(lines(&cx.host.read(std::path::Path::new(&fname))?))
}

/// Decodes a text from Base64 into a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.base64_decodefile instr='Z2V0IHNhbHRlZAo=' outfile='/path/to/binary_file'
/// ```
#[function]
fn base64_decodefile(apply: &Apply<'_>, instr: Value, outfile: String) -> Result<bool> {
    let decoded = bytes_of(&base64_b64decode(instr)?);
    apply.host.write_atomic(std::path::Path::new(&outfile), &decoded, None)?;
    Ok(true)
}

fn checked(kind: &str, data: &[u8]) -> Result<String> {
    hex_digest(kind, data)
        .ok_or_else(|| Error::execution(format!("Hash func '{kind}' is not supported.")))
}

/// Gives the digest of a text.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.digest 'get salted'
/// ```
#[function]
fn digest_(instr: Value, #[default("md5".into())] checksum: String) -> Result<String> {
    checked(&checksum, &bytes_of(&instr))
}

/// Gives the digest of a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.digest_file /path/to/file
/// ```
#[function]
fn digest_file(
    cx: &Context<'_>,
    infile: String,
    #[default("md5".into())] checksum: String,
) -> Result<String> {
    let path = std::path::Path::new(&infile);
    if !cx.host.exists(path) {
        return Err(Error::execution(format!("File path '{infile}' not found.")));
    }
    checked(&checksum, &cx.host.read(path)?)
}

/// Gives the MD5 digest of a text.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.md5_digest 'get salted'
/// ```
#[function]
fn md5_digest(instr: Value) -> Result<String> {
    checked("md5", &bytes_of(&instr))
}

/// Gives the SHA-256 digest of a text.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.sha256_digest 'get salted'
/// ```
#[function]
fn sha256_digest(instr: Value) -> Result<String> {
    checked("sha256", &bytes_of(&instr))
}

/// Gives the SHA-512 digest of a text.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.sha512_digest 'get salted'
/// ```
#[function]
fn sha512_digest(instr: Value) -> Result<String> {
    checked("sha512", &bytes_of(&instr))
}

/// RFC 2104.
fn hmac(kind: &str, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let block = BLOCKS[usize::from(matches!(kind, "sha384" | "sha512"))];
    let mut key = if key.len() > block { digest(kind, key)? } else { key.to_vec() };
    key.resize(block, 0);
    let inner: Vec<u8> = key.iter().map(|byte| byte ^ 0x36).chain(data.iter().copied()).collect();
    let inner = digest(kind, &inner)?;
    let outer: Vec<u8> = key.iter().map(|byte| byte ^ 0x5c).chain(inner).collect();
    digest(kind, &outer)
}

/// Whether a signature in Base64 is the HMAC-SHA256 of a text under a secret.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.hmac_signature 'get salted' 'shared secret' 'eBWf9bstXg+NiP5AOwppB5HMvZiYMPzEM9W5YMm/AmQ='
/// ```
#[function]
fn hmac_signature(string: Value, shared_secret: Value, challenge_hmac: Value) -> bool {
    let own = hmac("sha256", &bytes_of(&shared_secret), &bytes_of(&string)).unwrap_or_default();
    let told = STANDARD.decode(bytes_of(&challenge_hmac)).unwrap_or_default();
    same(&own, &told)
}

/// Compares without telling by the time it takes where two texts differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// Gives the HMAC-SHA256 of a text under a secret, in hex.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.hmac_compute 'get salted' 'shared secret'
/// ```
#[function]
fn hmac_compute(string: Value, shared_secret: Value) -> String {
    hex(&hmac("sha256", &bytes_of(&shared_secret), &bytes_of(&string)).unwrap_or_default())
}

/// Whether a webhook's signature, `kind=hex`, is that of a text under a secret.
///
/// CLI Example:
///
/// ```text
/// salt '*' hashutil.github_signature '{"ref":"x"}' 'shared secret' 'sha1=bc6550fc290acf5b42283fa8deaf55cea0f8c206'
/// ```
#[function]
fn github_signature(string: Value, shared_secret: Value, challenge_hmac: String) -> bool {
    let Some((kind, told)) = challenge_hmac.split_once('=') else { return false };
    let own = hmac(kind, &bytes_of(&shared_secret), &bytes_of(&string)).unwrap_or_default();
    !own.is_empty() && same(hex(&own).as_bytes(), told.as_bytes())
}
