//! `gpg`: signatures, as the program `gpg` sees them.

use std::path::PathBuf;

use halite_core::host::Command;
use halite_core::{
    Apply, Available, Context, Error, ExecModule, Map, Result, Value, function, map,
};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("gpg", &[&VERIFY]).available(|_, host| match host.which("gpg") {
        Some(_) => Available::Yes,
        None => Available::No(
            "The gpg execution module cannot be loaded: gpg binary is not in the path.".into(),
        ),
    });

const TRUST_MODELS: &[&str] = &["pgp", "classic", "tofu", "tofu+pgp", "direct", "always", "auto"];

/// What `gpg` says of the owner of a key, and what Salt calls it.
const TRUST: &[(&str, &str)] = &[
    ("TRUST_UNDEFINED", "Undefined"),
    ("TRUST_NEVER", "Never"),
    ("TRUST_MARGINAL", "Marginal"),
    ("TRUST_FULLY", "Fully"),
    ("TRUST_ULTIMATE", "Ultimate"),
];

/// One signature of what was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Signature {
    key_id: String,
    username: Option<String>,
    /// Of the primary key, even if a subkey signed.
    fingerprint: Option<String>,
    status: &'static str,
    /// Only good signatures have one: neither bad nor expired, by a key that is neither.
    trust: Option<&'static str>,
}

/// Reads the lines of `--status-fd`. Each signature begins with `NEWSIG`.
fn signatures(status: &str) -> Vec<Signature> {
    let mut all: Vec<Signature> = Vec::new();
    let mut good = false;
    for line in status.lines().filter_map(|line| line.strip_prefix("[GNUPG:] ")) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "NEWSIG" {
            all.push(Signature::default());
            good = false;
            continue;
        }
        let Some(at) = all.last_mut() else { continue };
        let (first, more) = rest.split_once(' ').unwrap_or((rest, ""));
        let status = match word {
            "GOODSIG" => "signature good",
            "BADSIG" => "signature bad",
            "ERRSIG" => "signature error",
            "EXPSIG" => "signature expired",
            "EXPKEYSIG" => "signing key has expired",
            "REVKEYSIG" => "signing key was revoked",
            "NO_PUBKEY" => "no public key",
            "VALIDSIG" => {
                at.fingerprint = rest.split(' ').nth(9).or(Some(first)).map(str::to_owned);
                if good {
                    at.status = "signature valid";
                }
                continue;
            }
            _ => {
                let known = TRUST.iter().find(|(said, _)| *said == word);
                at.trust = known.map(|(_, level)| *level).filter(|_| good).or(at.trust);
                continue;
            }
        };
        good = word == "GOODSIG";
        at.status = status;
        at.key_id = first.to_owned();
        if good || matches!(word, "BADSIG" | "EXPSIG") {
            at.username = Some(more.to_owned());
        }
    }
    all
}

/// The folder of keys: given, the environment's, or the user's own.
fn home_of(cx: &Context<'_>, user: Option<&str>) -> Result<PathBuf> {
    if user == Some("salt") {
        return Ok(cx.opts.path("config_dir").join("gpgkeys"));
    }
    if user.is_none()
        && let Some(home) = cx.host.env("GNUPGHOME").filter(|home| !home.is_empty())
    {
        return Ok(home.into());
    }
    let name = match user {
        Some(user) => user,
        None if cx.opts.str("user").is_empty() => "root",
        None => cx.opts.str("user"),
    };
    match cx.host.user(name)? {
        Some(user) => Ok(user.home.join(".gnupg")),
        None => Err(Error::usage("gpg", format!("User {name} does not exist"))),
    }
}

fn failed(message: impl Into<String>) -> Map {
    map! { "res" => false, "message" => message.into() }
}

fn names(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other if other.truthy() => vec![other.to_string()],
        _ => Vec::new(),
    }
}

/// Verifies the signature of a text or of a file.
///
/// A signature is good if its key is in the keyring and neither the signature nor the key has
/// expired or was revoked. Name the keys in `signed_by_any` or `signed_by_all`: without them any key
/// of the keyring will do.
///
/// CLI Example:
///
/// ```text
/// salt '*' gpg.verify text='Hello there.  How are you?'
/// salt '*' gpg.verify filename='/path/to/important.file'
/// salt '*' gpg.verify filename='/path/to/important.file' trustmodel=direct
/// ```
#[function]
fn verify(
    apply: &Apply<'_>,
    #[default(None)] text: Option<String>,
    /// Whose keys are used; `salt` for those in the configuration's folder.
    #[default(None)]
    user: Option<String>,
    #[default(None)] filename: Option<String>,
    /// The folder of keys.
    #[default(None)]
    gnupghome: Option<String>,
    /// The path of a detached signature.
    #[default(None)]
    signature: Option<String>,
    #[default(None)] trustmodel: Option<String>,
    /// Fingerprints of which one must have signed.
    #[default(Value::Null)]
    signed_by_any: Value,
    /// Fingerprints which all must have signed.
    #[default(Value::Null)]
    signed_by_all: Value,
    /// The one file of keys to look in.
    #[default(None)]
    keyring: Option<String>,
) -> Result<Map> {
    if let Some(model) = trustmodel.as_deref().filter(|model| !TRUST_MODELS.contains(model)) {
        let known = TRUST_MODELS.join(", ");
        return Ok(failed(format!("Invalid trustmodel defined: {model}. Use one of: {known}")));
    }
    let home = match gnupghome {
        Some(home) => PathBuf::from(home),
        None => home_of(apply, user.as_deref())?,
    };
    if !apply.host.exists(&home) {
        apply.host.create_dir(&home, Some(0o700))?;
    }
    let (any, all) = (names(&signed_by_any), names(&signed_by_all));
    let mut argv: Vec<String> =
        ["gpg", "--status-fd", "1", "--no-tty", "--homedir"].map(str::to_owned).into();
    argv.push(home.to_string_lossy().into_owned());
    // In batch mode gpg stops at the first signature that is not good.
    if any.is_empty() && all.is_empty() {
        argv.push("--batch".into());
    }
    if let Some(keyring) = keyring {
        argv.extend(["--no-default-keyring".into(), "--keyring".into(), keyring]);
    }
    if let Some(model) = trustmodel {
        argv.extend(["--trust-model".into(), model]);
    }
    argv.push("--verify".into());
    let stdin = match (text.filter(|text| !text.is_empty()), filename, signature) {
        (Some(text), ..) => Some(text.into_bytes()),
        (None, Some(filename), Some(signature)) => {
            argv.extend(["--".into(), signature, filename]);
            None
        }
        (None, Some(filename), None) => Some(apply.host.read(filename.as_ref())?),
        _ => return Err(Error::usage("gpg.verify", "filename or text must be passed.")),
    };
    let ran = apply.host.query(&Command { stdin, ..Command::new(argv) }.c_locale())?;
    let found = signatures(&String::from_utf8_lossy(&ran.stdout));
    Ok(if any.is_empty() && all.is_empty() { of_anyone(&found) } else { of(&found, &any, &all) })
}

/// The verdict where no key is named.
fn of_anyone(found: &[Signature]) -> Map {
    let good = found.last().filter(|last| last.trust.is_some());
    match good {
        Some(good) if found.iter().all(|one| one.trust.is_some()) => map! {
            "res" => true, "username" => good.username.clone(), "key_id" => good.key_id.as_str(),
            "trust_level" => good.trust, "message" => "The signature is verified.",
        },
        _ => failed("The signature could not be verified."),
    }
}

/// The verdict where keys are named.
fn of(found: &[Signature], any: &[String], all: &[String]) -> Map {
    let signed = |key: &String| {
        found.iter().any(|one| one.trust.is_some() && one.fingerprint.as_ref() == Some(key))
    };
    let missing = all.iter().find(|key| !signed(key));
    let (res, message) = if !any.is_empty() && !any.iter().any(signed) {
        let what = "None of the public keys listed in signed_by_any provided a valid signature";
        (false, what.to_owned())
    } else if let Some(key) = missing {
        let what = "has not provided a valid signature, but was listed in signed_by_all";
        (false, format!("Public key {key} {what}"))
    } else {
        (true, "All required keys have provided a signature".to_owned())
    };
    let known = found.iter().filter(|one| one.fingerprint.is_some());
    let signatures: Vec<Map> = known
        .map(|one| {
            map! {
                "username" => one.username.clone(), "key_id" => one.key_id.as_str(),
                "fingerprint" => one.fingerprint.clone(), "trust_level" => one.trust,
                "status" => one.status,
            }
        })
        .collect();
    map! { "res" => res, "message" => message, "signatures" => signatures }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[GNUPG:] NEWSIG a@b\n[GNUPG:] SIG_ID x 2026-01-01 1\n[GNUPG:] GOODSIG KEY \
                        A B <a@b>\n[GNUPG:] VALIDSIG SUB 2026-01-01 1 0 4 0 1 8 00 FPR\n[GNUPG:] \
                        TRUST_ULTIMATE 0 pgp\n";

    #[test]
    fn only_good_signatures_have_trust() {
        let good = signatures(GOOD);
        assert_eq!(good.len(), 1);
        assert_eq!(good[0].trust, Some("Ultimate"));
        assert_eq!(good[0].fingerprint.as_deref(), Some("FPR"));
        assert_eq!(good[0].username.as_deref(), Some("A B <a@b>"));
        for word in ["BADSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"] {
            let bad = signatures(&GOOD.replace("GOODSIG", word));
            assert_eq!(bad[0].trust, None, "{word}");
            assert_eq!(of_anyone(&bad).get("res"), Some(&Value::Bool(false)), "{word}");
            let named = of(&bad, &["FPR".to_owned()], &[]);
            assert_eq!(named.get("res"), Some(&Value::Bool(false)), "{word}");
        }
        let two = signatures(&format!("{GOOD}{}", GOOD.replace("GOODSIG", "BADSIG")));
        assert_eq!(of_anyone(&two).get("res"), Some(&Value::Bool(false)));
        let named = of(&two, &[], &["FPR".to_owned(), "OTHER".to_owned()]);
        assert_eq!(named.get("res"), Some(&Value::Bool(false)));
        assert_eq!(of(&two, &["FPR".to_owned()], &[]).get("res"), Some(&Value::Bool(true)));
        assert_eq!(of_anyone(&[]).get("res"), Some(&Value::Bool(false)));
    }
}
