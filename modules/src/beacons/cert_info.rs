//! `cert_info`: certificates that expire soon. Salt: `salt/beacons/cert_info.py`. A file is read again when it has
//! changed; what OpenSSL cannot print, which ends Salt's look, is told by its bytes.

use std::collections::BTreeMap;
use std::path::Path;

use halite_core::{Beacon, BeaconModule, Map, Result, Seen, Value, Watch, map};
use jiff::civil::DateTime;

use crate::support::beacon::flat;
use crate::support::x509::{self, Certificate, Name};

/// The beacon.
pub static MODULE: BeaconModule = BeaconModule::new("cert_info", validate, |config| {
    Box::new(CertInfo { settings: config.flat.clone(), known: BTreeMap::new() })
});

/// Days before the end at which a certificate is told, unless they are set.
const NOTIFY_DAYS: i64 = 45;

fn validate(settings: &Value) -> Result<(), String> {
    match flat("cert_info", settings)?.contains_key("files") {
        true => Ok(()),
        false => Err("Configuration for cert_info beacon must contain files option.".into()),
    }
}

struct CertInfo {
    settings: Map,
    /// Certificates that were read, by path, with what their files were then; `None` for those that are none.
    known: BTreeMap<String, (Stamp, Option<Certificate>)>,
}

/// Inode, size and times of change, which tell whether a file is another one.
type Stamp = (u64, u64, [u64; 2]);

impl Beacon for CertInfo {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let now = jiff::Timestamp::from_second(watch.now as i64).unwrap_or_default();
        let now = now.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let days = |from: Option<&Value>| from.and_then(Value::as_i64);
        let usual = days(self.settings.get("notify_days")).unwrap_or(NOTIFY_DAYS);
        let files = self.settings.get("files").and_then(Value::as_list).unwrap_or_default();
        let mut told = Vec::new();
        for file in files {
            let (path, limit) = match file.as_map().and_then(|map| map.iter().next()) {
                Some((path, own)) => (path.to_string(), days(own.get("notify_days"))),
                None => (file.to_string(), None),
            };
            let limit = limit.unwrap_or(usual);
            let Some(certificate) = read(&mut self.known, watch, &path) else { continue };
            if limit < 0 || days_left(certificate, now) <= limit {
                told.push(facts(&path, certificate, now).into());
            }
        }
        let events = match told.is_empty() {
            true => Vec::new(),
            false => vec![map! {"certificates" => Value::list(told)}],
        };
        Ok(Seen::polled(events))
    }
}

/// The certificate of a file. What keeps it from being read is logged once for each state of the file.
fn read<'a>(
    known: &'a mut BTreeMap<String, (Stamp, Option<Certificate>)>,
    watch: &Watch<'_>,
    path: &str,
) -> Option<&'a Certificate> {
    let host = watch.apply.host;
    let stat = host.metadata(Path::new(path)).ok().flatten();
    let stamp = stat.as_ref().map_or_else(Stamp::default, |stat| {
        (stat.inode, stat.size, [stat.mtime.to_bits(), stat.ctime.to_bits()])
    });
    if known.get(path).is_none_or(|(then, _)| *then != stamp) {
        let parsed = match stat {
            None => Err("no such file".to_owned()),
            Some(stat) if stat.size > x509::FILE_BYTES_MAX => Err("it is too large".to_owned()),
            Some(_) => {
                host.read(Path::new(path)).map_err(|why| why.to_string()).and_then(|bytes| {
                    Certificate::from_pem(&String::from_utf8_lossy(&bytes)).map_err(str::to_owned)
                })
            }
        };
        let parsed = parsed
            .inspect_err(|why| tracing::error!("Unable to load certificate {path} ({why})"))
            .ok();
        known.insert(path.to_owned(), (stamp, parsed));
    }
    known.get(path).and_then(|(_, parsed)| parsed.as_ref())
}

/// Whole days until the end, rounded down.
fn days_left(certificate: &Certificate, now: DateTime) -> i64 {
    let left = certificate.not_after.duration_since(now).as_secs();
    left.div_euclid(24 * 60 * 60)
}

fn shown(name: &Name) -> String {
    name.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect::<Vec<_>>().join(",")
}

fn by_key(name: &Name) -> Value {
    Value::map(name.iter().map(|(key, value)| (*key, value.as_str().into())))
}

fn facts(path: &str, certificate: &Certificate, now: DateTime) -> Map {
    let raw = |at: DateTime| at.strftime("%Y%m%d%H%M%SZ").to_string();
    let text = |at: DateTime| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let extensions = certificate.extensions.iter().map(|(name, said)| {
        let data = said.as_str();
        map! {"ext_name" => *name, "ext_data" => data}.into()
    });
    map! {
        "cert_path" => path, "issuer" => shown(&certificate.issuer), "issuer_dict" => by_key(&certificate.issuer),
        "notAfter_raw" => raw(certificate.not_after), "notAfter" => text(certificate.not_after),
        "notBefore_raw" => raw(certificate.not_before), "notBefore" => text(certificate.not_before),
        "serial_number" => Value::from_bigint(certificate.serial.clone()),
        "signature_algorithm" => x509::signature(&certificate.signature),
        "subject" => shown(&certificate.subject), "subject_dict" => by_key(&certificate.subject),
        "version" => certificate.version, "extensions" => Value::list(extensions),
        "has_expired" => certificate.not_after < now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::value::parse_json;

    /// Certificates and what Salt 3008 with pyOpenSSL 24.0.0 told of them.
    macro_rules! recorded {
        ($name:literal) => {{
            (
                include_str!(concat!("../../tests/certificates/", $name, ".pem")),
                include_str!(concat!("../../tests/certificates/", $name, ".json")),
                concat!($name, ".pem"),
            )
        }};
    }

    #[test]
    fn certificates_are_told_as_salt_tells_them() {
        let now = "2026-11-28T05:00:00".parse().expect("is a time");
        let all = [
            recorded!("server"),
            recorded!("ca"),
            recorded!("ed"),
            recorded!("pss"),
            recorded!("sct"),
        ];
        for (pem, told, path) in all {
            let certificate = Certificate::from_pem(pem).expect("is a certificate");
            let want = parse_json(told).expect("is JSON");
            let want = want.as_list().and_then(|events| events.first()?.get("certificates"));
            let want = want.and_then(|all| all.as_list()?.first().cloned()).unwrap_or_default();
            let got: Value = facts(path, &certificate, now).into();
            for (key, value) in want.as_map().expect("is a map") {
                let ours = got.get(key.as_str().unwrap_or_default()).cloned().unwrap_or_default();
                assert_eq!(ours.repr(), value.repr(), "{path} {key}");
            }
            assert_eq!(got, want);
        }
    }

    #[test]
    fn days_are_whole_and_rounded_down() {
        let certificate = Certificate::from_pem(recorded!("pss").0).expect("is a certificate");
        for (now, want) in [
            ("2020-12-31T00:00:00", 1),
            ("2020-12-31T00:00:01", 0),
            ("2021-01-01T00:00:00", 0),
            ("2021-01-01T00:00:01", -1),
        ] {
            assert_eq!(days_left(&certificate, now.parse().expect("is a time")), want, "{now}");
        }
    }

    #[test]
    fn settings_are_checked() {
        let check =
            |settings: Value| validate(&settings).map_or_else(|why| why, |()| "valid".into());
        assert_eq!(check(Map::new().into()), "Configuration for cert_info beacon must be a list.");
        assert_eq!(
            check(Value::list([])),
            "Configuration for cert_info beacon must contain files option."
        );
        assert_eq!(check(Value::list([map! {"files" => Value::list([])}.into()])), "valid");
    }
}
