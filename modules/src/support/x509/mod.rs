//! X.509 certificates as OpenSSL names and prints their parts. RFC 5280.

mod names;
mod sct;
mod text;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::asn1::AnyRef;
use der::{Reader, SliceReader, Tag, Tagged};
use jiff::civil::DateTime;
use num_bigint::BigInt;

pub use names::{extension, signature};

/// Most bytes of a file that is read as a certificate.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Names of attributes and their values, in the order of the certificate. OpenSSL's short names.
pub type Name = Vec<(&'static str, String)>;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    /// 0 for version 1, 2 for version 3.
    pub version: i64,
    /// Its number at the issuer.
    pub serial: BigInt,
    /// The dotted number of the algorithm of its signature.
    pub signature: String,
    /// Who signed it.
    pub issuer: Name,
    /// Whose it is.
    pub subject: Name,
    /// Since when it is valid, UTC.
    pub not_before: DateTime,
    /// Until when, UTC.
    pub not_after: DateTime,
    /// Short names of extensions and what they say.
    pub extensions: Vec<(&'static str, String)>,
}

/// One piece of DER: its tag and what it holds.
#[derive(Clone, Copy)]
struct Item<'a> {
    tag: Tag,
    body: &'a [u8],
}

impl<'a> Item<'a> {
    fn inner(self) -> Option<Vec<Item<'a>>> {
        items(self.body)
    }

    /// Whether this is the context's `[number]`.
    fn is(self, number: u32) -> bool {
        self.tag.is_context_specific() && self.tag.number().value() == number
    }

    /// What is below `[number]` among `items`.
    fn below(items: &[Item<'a>], number: u32) -> Option<Item<'a>> {
        items.iter().copied().find(|item| item.is(number))
    }
}

/// All items of a piece; `None` if it is no DER.
fn items(bytes: &[u8]) -> Option<Vec<Item<'_>>> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        let item: AnyRef<'_> = reader.decode().ok()?;
        found.push(Item { tag: item.tag(), body: item.value() });
    }
    Some(found)
}

fn sole(bytes: &[u8]) -> Option<Item<'_>> {
    items(bytes)?.first().copied()
}

/// The dotted form of an object's number.
fn dotted(bytes: &[u8]) -> String {
    let mut arcs: Vec<u128> = Vec::new();
    let mut arc = 0u128;
    for byte in bytes {
        arc = arc.saturating_mul(128).saturating_add(u128::from(byte & 0x7f));
        if byte & 0x80 == 0 {
            match arcs.is_empty() {
                true => arcs.extend([(arc / 40).min(2), arc - (arc / 40).min(2) * 40]),
                false => arcs.push(arc),
            }
            arc = 0;
        }
    }
    arcs.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

/// The text of one of ASN.1's kinds of strings.
fn string(item: Item<'_>) -> String {
    match item.tag {
        Tag::BmpString => {
            let units = item.body.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
            char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
        }
        Tag::TeletexString => item.body.iter().copied().map(char::from).collect(),
        _ => String::from_utf8_lossy(item.body).into_owned(),
    }
}

fn name(item: Item<'_>) -> Option<Name> {
    let mut found = Name::new();
    for set in item.inner()? {
        for attribute in set.inner()? {
            let [kind, value] = attribute.inner()?.try_into().ok()?;
            found.push((names::attribute(&dotted(kind.body)), string(value)));
        }
    }
    Some(found)
}

/// `UTCTime` has two digits of a year: 50 and above are of the last century. RFC 5280, 4.1.2.5.1.
fn time(item: Item<'_>) -> Option<DateTime> {
    let text = std::str::from_utf8(item.body).ok()?.strip_suffix('Z')?;
    let text = match item.tag {
        Tag::UtcTime => match text.get(..2)? < "50" {
            true => format!("20{text}"),
            false => format!("19{text}"),
        },
        _ => text.to_owned(),
    };
    jiff::fmt::strtime::parse("%Y%m%d%H%M%S", text).ok()?.to_datetime().ok()
}

impl Certificate {
    /// Reads the first certificate of a text in PEM form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_pem(text: &str) -> Result<Certificate, &'static str> {
        let labels = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
        let begins = labels.iter().filter_map(|label| {
            let begin = format!("-----BEGIN {label}-----");
            Some((text.find(&begin)?, begin.len(), label))
        });
        let (at, len, label) = begins.min().ok_or("it holds no certificate in PEM form")?;
        let rest = &text[at + len..];
        let end = rest.find(&format!("-----END {label}-----")).ok_or("its end is missing")?;
        let body: String = rest[..end].split_whitespace().collect();
        let bytes = STANDARD.decode(body).map_err(|_| "it is no base64")?;
        Certificate::from_der(&bytes).ok_or("it is no X.509 certificate")
    }

    /// Reads a certificate; `None` if it is none.
    pub fn from_der(bytes: &[u8]) -> Option<Certificate> {
        let [tbs, algorithm, _signature] = sole(bytes)?.inner()?.get(..3)?.try_into().ok()?;
        let fields = tbs.inner()?;
        let (version, fields) = match fields.first()?.is(0) {
            true => (number(sole(fields[0].body)?), &fields[1..]),
            false => (BigInt::from(0), &fields[..]),
        };
        let [serial, _, issuer, valid, subject] = *fields.get(..5)?.first_chunk::<5>()?;
        let [not_before, not_after] = valid.inner()?.try_into().ok()?;
        let extensions = match Item::below(fields.get(5..)?, 3) {
            Some(all) => sole(all.body)?.inner()?,
            None => Vec::new(),
        };
        Some(Certificate {
            version: i64::try_from(version).ok()?,
            serial: number(serial),
            signature: dotted(algorithm.inner()?.first()?.body),
            issuer: name(issuer)?,
            subject: name(subject)?,
            not_before: time(not_before)?,
            not_after: time(not_after)?,
            extensions: extensions.into_iter().map(one_extension).collect::<Option<_>>()?,
        })
    }
}

fn number(item: Item<'_>) -> BigInt {
    BigInt::from_signed_bytes_be(item.body)
}

/// Name and text of an extension; what is not known, or is not what its name says, is shown by its bytes.
fn one_extension(item: Item<'_>) -> Option<(&'static str, String)> {
    let parts = item.inner()?;
    let (oid, value) = (dotted(parts.first()?.body), parts.last()?.body);
    let text = text::extension(&oid, value).unwrap_or_else(|| text::colons(value));
    Some((extension(&oid), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_objects_are_dotted() {
        for (bytes, want) in [
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d][..], "1.2.840.113549"),
            (&[0x55, 0x1d, 0x20, 0x00], "2.5.29.32.0"),
            (&[0x88, 0x37, 0x03], "2.999.3"),
            (&[], ""),
        ] {
            assert_eq!(dotted(bytes), want);
        }
    }

    #[test]
    fn nonsense_is_told_and_never_a_panic() {
        let check = |text: &str| Certificate::from_pem(text).expect_err("is refused");
        assert_eq!(check("hello"), "it holds no certificate in PEM form");
        assert_eq!(check("-----BEGIN CERTIFICATE-----\nAAAA"), "its end is missing");
        let framed = |body: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        };
        assert_eq!(check(&framed("#")), "it is no base64");
        assert_eq!(check(&framed("AAAA")), "it is no X.509 certificate");
        let whole = include_str!("../../../tests/certificates/server.pem");
        let body: String = whole.lines().filter(|line| !line.starts_with("-----")).collect();
        let good = STANDARD.decode(body).expect("is base64");
        for at in 0..good.len() {
            assert_eq!(Certificate::from_der(&good[..at]), None, "cut at {at}");
            for flip in [1, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                drop(Certificate::from_der(&bad));
            }
        }
    }
}
