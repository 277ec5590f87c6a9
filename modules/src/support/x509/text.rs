//! What extensions say, in OpenSSL's words (`X509V3_EXT_print` behaviour).

use std::net::Ipv4Addr;

use der::Tag;

use super::{Item, Name, dotted, items, name, names, number, sct, sole, string};

/// Bytes as `AB:CD`.
pub(super) fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// What the extension says; `None` if it is not known or is not what its number says.
pub(super) fn extension(oid: &str, value: &[u8]) -> Option<String> {
    match oid {
        "2.5.29.14" => Some(colons(sole(value)?.body)),
        "2.5.29.15" => Some(bits(sole(value)?, USES)),
        "2.16.840.1.113730.1.1" => Some(bits(sole(value)?, NETSCAPE)),
        "2.5.29.17" | "2.5.29.18" => Some(join(sole(value)?, ", ", general)?),
        "2.5.29.19" => basic_constraints(sole(value)?),
        "2.5.29.30" => name_constraints(sole(value)?),
        "2.5.29.31" | "2.5.29.46" => join(sole(value)?, "\n", distribution_point),
        "2.5.29.32" => join(sole(value)?, "\n", policy),
        "2.5.29.33" => join(sole(value)?, ", ", |pair| {
            let [from, to] = pair.inner()?.try_into().ok()?;
            Some(format!("{}:{}", object(from), object(to)))
        }),
        "2.5.29.35" => authority_key(sole(value)?),
        "2.5.29.36" => {
            let parts = sole(value)?.inner()?;
            let said = ["Require Explicit Policy", "Inhibit Policy Mapping"];
            let said = (0..).zip(said).filter_map(|(number, title)| {
                let part = Item::below(&parts, number)?;
                Some(format!("{title}:{}", super::number(part)))
            });
            Some(said.collect::<Vec<_>>().join(", "))
        }
        "2.5.29.37" => join(sole(value)?, ", ", |item| Some(object(item))),
        "2.5.29.54" => Some(number(sole(value)?).to_string()),
        "1.3.6.1.5.5.7.1.1" | "1.3.6.1.5.5.7.1.11" => join(sole(value)?, "\n", |access| {
            let [method, place] = access.inner()?.try_into().ok()?;
            Some(format!("{} - {}", object(method), general(place)?))
        }),
        "1.3.6.1.5.5.7.1.24" => join(sole(value)?, ", ", |item| {
            Some(match number(item) {
                n if n == 5.into() => "status_request".to_owned(),
                n if n == 17.into() => "status_request_v2".to_owned(),
                n => n.to_string(),
            })
        }),
        "1.3.6.1.4.1.11129.2.4.2" => sct::list(sole(value)?.body),
        "1.3.6.1.4.1.11129.2.4.3" => Some("NULL".to_owned()),
        "1.3.6.1.5.5.7.48.1.5" => Some(String::new()),
        _ if oid.starts_with("2.16.840.1.113730.1.") => Some(string(sole(value)?)),
        _ => None,
    }
}

const USES: &[&str] = &[
    "Digital Signature",
    "Non Repudiation",
    "Key Encipherment",
    "Data Encipherment",
    "Key Agreement",
    "Certificate Sign",
    "CRL Sign",
    "Encipher Only",
    "Decipher Only",
];
const NETSCAPE: &[&str] = &[
    "SSL Client",
    "SSL Server",
    "S/MIME",
    "Object Signing",
    "Unused",
    "SSL CA",
    "S/MIME CA",
    "Object Signing CA",
];
const REASONS: &[&str] = &[
    "Unused",
    "Key Compromise",
    "CA Compromise",
    "Affiliation Changed",
    "Superseded",
    "Cessation Of Operation",
    "Certificate Hold",
    "Privilege Withdrawn",
    "AA Compromise",
];

/// The names of the bits that are set. The first byte says how many bits of the last are none.
fn bits(item: Item<'_>, names: &[&str]) -> String {
    let bytes = item.body.get(1..).unwrap_or_default();
    let set = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0);
    let found = names.iter().enumerate().filter(|(at, _)| set(*at)).map(|(_, name)| *name);
    found.collect::<Vec<_>>().join(", ")
}

fn join<'a>(
    list: Item<'a>,
    between: &str,
    text: impl Fn(Item<'a>) -> Option<String>,
) -> Option<String> {
    Some(list.inner()?.into_iter().map(text).collect::<Option<Vec<_>>>()?.join(between))
}

fn object(item: Item<'_>) -> String {
    names::object(dotted(item.body))
}

fn basic_constraints(item: Item<'_>) -> Option<String> {
    let parts = item.inner()?;
    let is_ca = parts.iter().any(|part| part.tag == Tag::Boolean && part.body != [0]);
    let mut out = String::from(if is_ca { "CA:TRUE" } else { "CA:FALSE" });
    if let Some(length) = parts.iter().find(|part| part.tag == Tag::Integer) {
        out += &format!(", pathlen:{}", number(*length));
    }
    Some(out)
}

/// A general name. RFC 5280, 4.2.1.6.
fn general(item: Item<'_>) -> Option<String> {
    Some(match item.tag.number().value() {
        0 => format!("othername:{}", other_name(item)?),
        1 => format!("email:{}", string(item)),
        2 => format!("DNS:{}", string(item)),
        3 => "X400Name:<unsupported>".to_owned(),
        4 => format!("DirName:{}", one_line(&name(sole(item.body)?)?)),
        5 => "EdiPartyName:<unsupported>".to_owned(),
        6 => format!("URI:{}", string(item)),
        7 => format!("IP Address:{}", address(item.body)),
        8 => format!("Registered ID:{}", object(item)),
        _ => return None,
    })
}

/// Names of other kinds that OpenSSL prints: number, title, whether they are UTF-8 (or IA5).
const OTHER_NAMES: &[(&str, &str, Tag)] = &[
    ("1.3.6.1.4.1.311.20.2.3", "UPN", Tag::Utf8String),
    ("1.3.6.1.5.5.7.8.5", "XmppAddr", Tag::Utf8String),
    ("1.3.6.1.5.5.7.8.7", "SRVName", Tag::Ia5String),
    ("1.3.6.1.5.5.7.8.8", "NAIRealm", Tag::Utf8String),
    ("1.3.6.1.5.5.7.8.9", "SmtpUTF8Mailbox", Tag::Utf8String),
];

fn other_name(item: Item<'_>) -> Option<String> {
    let [kind, value] = item.inner()?.try_into().ok()?;
    let (kind, value) = (dotted(kind.body), sole(value.body)?);
    let known = OTHER_NAMES.iter().find(|(oid, _, tag)| *oid == kind && *tag == value.tag);
    Some(known.map_or_else(
        || "<unsupported>".to_owned(),
        |(_, title, _)| format!("{title}:{}", string(value)),
    ))
}

/// An address; in constraints with its mask.
fn address(bytes: &[u8]) -> String {
    let v4 = |four: &[u8]| <[u8; 4]>::try_from(four).map(Ipv4Addr::from).ok();
    let v6 = |bytes: &[u8]| {
        let units = bytes.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
        units.map(|unit| format!("{unit:X}")).collect::<Vec<_>>().join(":")
    };
    match (bytes.len(), v4(bytes), bytes.split_at(bytes.len() / 2)) {
        (4, Some(address), _) => address.to_string(),
        (8, _, (address, mask)) => match (v4(address), v4(mask)) {
            (Some(address), Some(mask)) => format!("{address}/{mask}"),
            _ => "<invalid>".to_owned(),
        },
        (16, ..) => v6(bytes),
        (32, _, (address, mask)) => format!("{}/{}", v6(address), v6(mask)),
        _ => "<invalid>".to_owned(),
    }
}

/// A name on one line. OpenSSL: `X509_NAME_print_ex` with `XN_FLAG_ONELINE`.
fn one_line(name: &Name) -> String {
    let part = |(key, value): &(&str, String)| {
        let mut shown = String::new();
        for c in value.chars() {
            match c {
                '"' | '\\' => shown.extend(['\\', c]),
                ' '..='~' => shown.push(c),
                other => {
                    other.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| {
                        shown += &format!("\\{byte:02X}");
                    });
                }
            }
        }
        let special = value.contains([',', '+', '"', '<', '>', ';'])
            || value.starts_with(['#', ' '])
            || value.ends_with(' ');
        if special { format!("{key} = \"{shown}\"") } else { format!("{key} = {shown}") }
    };
    name.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// A name as paths are written. OpenSSL: `X509_NAME_oneline`.
fn slashed(name: &Name) -> String {
    let mut out = String::new();
    for (key, value) in name {
        out += &format!("/{key}=");
        for byte in value.bytes() {
            match byte {
                b' '..=b'~' => out.push(char::from(byte)),
                other => out += &format!("\\x{other:02X}"),
            }
        }
    }
    out
}

/// The key of the issuer. The prefix `keyid:` is there only beside other facts.
fn authority_key(item: Item<'_>) -> Option<String> {
    let parts = item.inner()?;
    let mut lines = Vec::new();
    if let Some(key) = Item::below(&parts, 0) {
        let prefix = if parts.len() > 1 { "keyid:" } else { "" };
        lines.push(format!("{prefix}{}", colons(key.body)));
    }
    if let Some(names) = Item::below(&parts, 1) {
        for one in names.inner()? {
            lines.push(match one.is(4) {
                true => format!("DirName:{}", slashed(&name(sole(one.body)?)?)),
                false => general(one)?,
            });
        }
    }
    if let Some(serial) = Item::below(&parts, 2) {
        lines.push(format!("serial:{}", colons(serial.body)));
    }
    Some(lines.join("\n"))
}

fn name_constraints(item: Item<'_>) -> Option<String> {
    let parts = item.inner()?;
    let mut lines = Vec::new();
    for (number, title) in [(0, "Permitted:"), (1, "Excluded:")] {
        let Some(trees) = Item::below(&parts, number) else { continue };
        lines.push(title.to_owned());
        for tree in trees.inner()? {
            let base = *tree.inner()?.first()?;
            lines.push(match base.is(7) {
                true => format!("  IP:{}", address(base.body)),
                false => format!("  {}", general(base)?),
            });
        }
    }
    Some(lines.join("\n"))
}

/// Where a list of revoked certificates is. OpenSSL breaks no line before the reasons.
fn distribution_point(item: Item<'_>) -> Option<String> {
    let parts = item.inner()?;
    let names = |list: Item<'_>| join(list, "\n", |one| Some(format!("  {}", general(one)?)));
    let mut out = String::new();
    if let Some(place) = Item::below(&parts, 0) {
        let place = sole(place.body)?;
        out += &match place.is(0) {
            true => format!("Full Name:\n{}", names(place)?),
            false => format!("Relative Name:\n  {}", one_line(&relative(place)?)),
        };
    }
    if let Some(reasons) = Item::below(&parts, 1) {
        out += &format!("Reasons:\n  {}", bits(reasons, REASONS));
    }
    if let Some(issuer) = Item::below(&parts, 2) {
        let line = if out.is_empty() { "" } else { "\n" };
        out += &format!("{line}CRL Issuer:\n{}", names(issuer)?);
    }
    Some(out)
}

fn relative(item: Item<'_>) -> Option<Name> {
    let mut found = Name::new();
    for attribute in items(item.body)? {
        let [kind, value] = attribute.inner()?.try_into().ok()?;
        found.push((names::attribute(&dotted(kind.body)), string(value)));
    }
    Some(found)
}

fn policy(item: Item<'_>) -> Option<String> {
    let parts = item.inner()?;
    let mut lines = vec![format!("Policy: {}", object(*parts.first()?))];
    let Some(qualifiers) = parts.get(1) else { return lines.pop() };
    for qualifier in qualifiers.inner()? {
        let [kind, value] = qualifier.inner()?.try_into().ok()?;
        match dotted(kind.body).as_str() {
            "1.3.6.1.5.5.7.2.1" => lines.push(format!("  CPS: {}", string(value))),
            "1.3.6.1.5.5.7.2.2" => lines.extend(user_notice(value)?),
            other => lines.push(format!("  Unknown Qualifier: {other}")),
        }
    }
    Some(lines.join("\n"))
}

fn user_notice(item: Item<'_>) -> Option<Vec<String>> {
    let mut lines = vec!["  User Notice:".to_owned()];
    for part in item.inner()? {
        if part.tag != Tag::Sequence {
            lines.push(format!("    Explicit Text: {}", string(part)));
            continue;
        }
        let [organization, numbers] = part.inner()?.try_into().ok()?;
        let numbers = numbers.inner()?;
        let title = if numbers.len() > 1 { "Numbers" } else { "Number" };
        let numbers: Vec<String> = numbers.into_iter().map(|n| number(n).to_string()).collect();
        lines.push(format!("    Organization: {}", string(organization)));
        lines.push(format!("    {title}: {}", numbers.join(", ")));
    }
    Some(lines)
}
