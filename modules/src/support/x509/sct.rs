//! Signed certificate timestamps as OpenSSL prints them. RFC 6962, 3.3.

use std::fmt::Write;

/// Hash and signature of TLS 1.2 (RFC 5246, 7.4.1.4.1) that logs use.
const SIGNATURES: &[([u8; 2], &str)] =
    &[([4, 3], "ecdsa-with-SHA256"), ([4, 1], "sha256WithRSAEncryption")];

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// Bytes with their length before them.
fn sized<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let size = take(bytes, 2)?;
    take(bytes, usize::from(u16::from_be_bytes([size[0], size[1]])))
}

/// All timestamps of a list.
pub(super) fn list(mut bytes: &[u8]) -> Option<String> {
    let mut all = sized(&mut bytes)?;
    let mut texts = Vec::new();
    while !all.is_empty() {
        texts.push(one(sized(&mut all)?)?);
    }
    Some(texts.join("\n"))
}

fn one(mut bytes: &[u8]) -> Option<String> {
    let version = take(&mut bytes, 1)?[0];
    let log = take(&mut bytes, 32)?;
    let millis = u64::from_be_bytes(take(&mut bytes, 8)?.try_into().ok()?);
    let extensions = sized(&mut bytes)?;
    let algorithm: [u8; 2] = take(&mut bytes, 2)?.try_into().ok()?;
    let signature = sized(&mut bytes)?;
    let at = jiff::Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    let name = SIGNATURES.iter().find(|(known, _)| *known == algorithm);
    let name = name.map_or_else(
        || format!("{:02X}{:02X}", algorithm[0], algorithm[1]),
        |(_, name)| (*name).to_owned(),
    );
    let extensions = if extensions.is_empty() { "none".to_owned() } else { wrapped(extensions) };
    let mut out = String::from("Signed Certificate Timestamp:");
    let shown = if version == 0 { "v1 (0x0)".into() } else { format!("unknown ({version:#x})") };
    write!(out, "\n    Version   : {shown}\n    Log ID    : {}", wrapped(log)).ok()?;
    write!(out, "\n    Timestamp : {} GMT", at.strftime("%b %e %H:%M:%S.%3f %Y")).ok()?;
    write!(out, "\n    Extensions: {extensions}\n    Signature : {name}").ok()?;
    write!(out, "\n                {}", wrapped(signature)).ok()?;
    Some(out)
}

/// Sixteen bytes to a line.
fn wrapped(bytes: &[u8]) -> String {
    let lines: Vec<String> = bytes.chunks(16).map(super::text::colons).collect();
    lines.join(":\n                ")
}
