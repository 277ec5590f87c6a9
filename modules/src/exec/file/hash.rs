//! `file.get_hash`, `file.get_source_sum`: digests of files and what sources say of them.

use std::path::Path;

use halite_core::outside::http::redacted;
use halite_core::signature::Signing;
use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, args, function, map};

use super::shared::{expand, is_file};
use crate::support::digest;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "file",
    &[&GET_SUM, &GET_HASH, &CHECK_HASH, &GET_SOURCE_SUM, &EXTRACT_HASH, &SOURCE_LIST],
);

/// Algorithms and the length of their digests in hex.
const LENGTHS: &[(&str, usize)] =
    &[("sha512", 128), ("sha384", 96), ("sha256", 64), ("sha224", 56), ("sha1", 40), ("md5", 32)];

fn kind_of_length(length: usize) -> Option<&'static str> {
    LENGTHS.iter().find(|(_, known)| *known == length).map(|(kind, _)| *kind)
}

/// Gives the digest of a file, or says that there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_sum /etc/passwd sha512
/// ```
#[function]
fn get_sum(
    cx: &Context<'_>,
    path: String,
    #[default("sha256".into())] form: String,
) -> Result<String> {
    let place = expand(cx.host, &path);
    if !is_file(cx.host, &place) {
        return Ok("File not found".into());
    }
    hash_at(cx, &place, &form)
}

fn hash_at(cx: &Context<'_>, place: &Path, form: &str) -> Result<String> {
    let content = cx.host.read(place)?;
    digest::hex_digest(form, &content)
        .ok_or_else(|| Error::execution(format!("Invalid hash type: {form}")))
}

/// Gives the digest of a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_hash /etc/shadow
/// ```
#[function]
fn get_hash(
    cx: &Context<'_>,
    path: String,
    #[default("sha256".into())] form: String,
    #[default(65536)] _chunk_size: i64,
) -> Result<String> {
    hash_at(cx, &expand(cx.host, &path), &form)
}

/// Whether a file has this digest.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.check_hash /etc/fstab sha256:fd8fb3d5e2a1d2e6ff7bd5cf6f2ce7ce7ac0ae1e3f3e3a1b1c1d1e1f10111213
/// ```
#[function]
fn check_hash(
    cx: &Context<'_>,
    path: String,
    /// `kind:digest`, `kind=digest`, or a digest whose length tells its kind.
    file_hash: Value,
) -> Result<bool> {
    let Some(text) = file_hash.as_str() else {
        return Err(Error::usage("file.check_hash", "hash must be a string"));
    };
    let split = text.split_once(':').or_else(|| text.split_once('='));
    let (kind, wanted) = match (split, kind_of_length(text.len())) {
        (Some(pair), _) => pair,
        (None, Some(kind)) => (kind, text),
        (None, None) => {
            let known: Vec<String> =
                LENGTHS.iter().rev().map(|(kind, length)| format!("{kind} ({length})")).collect();
            let what = format!(
                "Hash {text} (length: {}) could not be matched to a supported hash type. The \
                 supported hash types and lengths are: {}",
                text.len(),
                known.join(", ")
            );
            return Err(Error::usage("file.check_hash", what));
        }
    };
    Ok(hash_at(cx, &expand(cx.host, &path), kind)? == wanted)
}

fn bad_source_hash(source_hash: &str) -> Error {
    Error::execution(format!(
        "Source hash {source_hash} format is invalid. The supported formats are: 1) a hash, 2) \
         an expression in the format <hash_type>=<hash>, or 3) either a path to a local file \
         containing hashes, or a URI of a remote hash file. Supported protocols for remote hash \
         files are: salt, file, http, https, ftp, swift, s3. The hash may also not be of a \
         valid length, the following are supported hash types and lengths: md5 (32), sha1 (40), \
         sha224 (56), sha256 (64), sha384 (96), sha512 (128)."
    ))
}

/// Gives kind and digest that a source is said to have, as `{hash_type, hsum}`.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_source_sum /tmp/foo.tar.gz source_hash=499ae16dcae71eeb7c3a30c75ea7a1a6
/// salt '*' file.get_source_sum /tmp/foo.tar.gz https://mydomain/foo.tar.gz source_hash=https://mydomain/hashes.sha256
/// ```
#[function]
fn get_source_sum(
    apply: &Apply<'_>,
    /// The file's name, to be found in a list of digests.
    #[default(String::new())]
    file_name: String,
    /// The source, to be found in a list of digests.
    #[default(String::new())]
    source: String,
    /// A digest, `kind=digest`, or a file of digests.
    #[default(String::new())]
    source_hash: String,
    /// The name to look for in a list of digests.
    #[default(None)]
    source_hash_name: Option<String>,
    #[default("base".into())] saltenv: String,
    /// Whether the certificate of the server that has the list must be trusted.
    #[default(true)]
    verify_ssl: bool,
    /// The signature that the list must have: `True` for one within, or where it is.
    #[default(Value::Null)]
    source_hash_sig: Value,
    #[default(Value::Null)] signed_by_any: Value,
    #[default(Value::Null)] signed_by_all: Value,
    #[default(Value::Null)] keyring: Value,
    #[default(Value::Null)] gnupghome: Value,
    #[default("gpg".into())] sig_backend: String,
    #[kwargs] _kwargs: Map,
) -> Result<Map> {
    let remote = crate::exec::config::is_file_proto(&source_hash);
    if source_hash.starts_with('/') || remote {
        let mut path = source_hash.clone();
        if remote {
            let call = args![&source_hash, &saltenv; verify_ssl = verify_ssl];
            let cached = apply.call_value("cp.cache_file", call)?;
            path = match cached.as_str() {
                Some(cached) if !cached.is_empty() => cached.to_owned(),
                _ => {
                    let what = format!("Source hash file {} not found", redacted(&source_hash));
                    return Err(Error::execution(what));
                }
            };
            if source_hash_sig.truthy() {
                let signing = Signing {
                    signed_by_any,
                    signed_by_all,
                    keyring,
                    gnupghome,
                    sig_backend,
                    ..Signing::default()
                };
                let from = (saltenv.as_str(), verify_ssl);
                signing.check(apply, path.as_ref(), &source_hash_sig, from)?;
            }
        }
        let found = find_hash(apply, &path, "", &file_name, &source, source_hash_name.as_deref())?;
        return found.ok_or_else(|| bad_source_hash(&source_hash));
    }
    let (kind, sum) = match source_hash.split_once('=') {
        Some((kind, sum)) => (kind.trim().to_owned(), sum.trim().to_owned()),
        None => match kind_of_length(source_hash.len()) {
            Some(kind) => (kind.to_owned(), source_hash.clone()),
            None => return Err(bad_source_hash(&source_hash)),
        },
    };
    let hex = !sum.is_empty() && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some((_, wanted)) = LENGTHS.iter().find(|(known, _)| *known == kind) else {
        let known: Vec<&str> = LENGTHS.iter().map(|(kind, _)| *kind).collect();
        return Err(Error::execution(format!(
            "Invalid hash type '{kind}'. Supported hash types are: {}. Either remove the hash \
             type and simply use '{sum}' as the source_hash, or change the hash type to a \
             supported type.",
            known.join(", ")
        )));
    };
    match kind_of_length(sum.len()) {
        Some(_) if hex && sum.len() == *wanted => {}
        Some(right) if hex => {
            return Err(Error::execution(format!(
                "Invalid length ({}) for hash type '{kind}'. Either remove the hash type and \
                 simply use '{sum}' as the source_hash, or change the hash type to '{right}'",
                sum.len()
            )));
        }
        _ => return Err(bad_source_hash(&source_hash)),
    }
    Ok(map! { "hash_type" => kind, "hsum" => sum.to_lowercase() })
}

/// Finds the digest of a file in a list of digests, as `sha256sum` and its kin write it.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.extract_hash /path/to/hash/file sha512 /etc/foo
/// ```
#[function]
fn extract_hash(
    cx: &Context<'_>,
    /// The list.
    hash_fn: String,
    #[default("sha256".into())] hash_type: String,
    #[default(String::new())] file_name: String,
    #[default(String::new())] source: String,
    #[default(None)] source_hash_name: Option<String>,
) -> Result<Value> {
    let found =
        find_hash(cx, &hash_fn, &hash_type, &file_name, &source, source_hash_name.as_deref())?;
    Ok(found.map_or(Value::Null, Value::from))
}

fn find_hash(
    cx: &Context<'_>,
    list: &str,
    kind: &str,
    file_name: &str,
    source: &str,
    wanted: Option<&str>,
) -> Result<Option<Map>> {
    let text = String::from_utf8_lossy(&cx.host.read(&expand(cx.host, list))?).into_owned();
    let length = LENGTHS.iter().find(|(known, _)| *known == kind).map(|(_, length)| *length);
    let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let (mut by_name, mut by_source, mut by_wanted, mut any) = (None, None, None, None);
    for line in text.lines() {
        let words: Vec<&str> = line
            .split(|c: char| c.is_whitespace() || matches!(c, '=' | '(' | ')'))
            .filter(|word| !word.is_empty())
            .collect();
        let is_sum = |word: &&&str| {
            let fits = length.map_or(kind_of_length(word.len()).is_some(), |l| word.len() == l);
            fits && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let Some(sum) = words.iter().find(is_sum) else { continue };
        let entry = map! {
            "hsum" => sum.to_lowercase(),
            "hash_type" => kind_of_length(sum.len()).unwrap_or_default(),
        };
        let names: Vec<String> =
            words.iter().map(|word| word.trim_start_matches(['*', '.', '/']).to_owned()).collect();
        let named = |name: &str| {
            let name = name.trim_start_matches(['*', '.', '/']);
            !name.is_empty() && names.iter().any(|known| known == name || base(known) == base(name))
        };
        if wanted.is_some_and(named) {
            by_wanted.get_or_insert(entry.clone());
        }
        if named(&base(file_name)) {
            by_name.get_or_insert(entry.clone());
        }
        if named(&base(source)) {
            by_source.get_or_insert(entry.clone());
        }
        any.get_or_insert(entry);
    }
    if wanted.is_some() {
        return Ok(by_wanted);
    }
    // A list of one line may hold the digest alone.
    Ok(by_name.or(by_source).or(any))
}

/// Picks the first source of a list that is there; gives source and digest.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.source_list salt://http/httpd.conf '{hash_type: md5, hsum: abc}' base
/// ```
#[function]
fn source_list(
    apply: &Apply<'_>,
    source: Value,
    source_hash: Value,
    #[default("base".into())] saltenv: String,
) -> Result<Vec<Value>> {
    let Value::List(candidates) = &source else { return Ok(vec![source, source_hash]) };
    for candidate in candidates.iter() {
        let (name, sum) = match candidate {
            Value::Map(map) => match map.first() {
                Some((name, sum)) => (name.to_string(), sum.clone()),
                None => continue,
            },
            name => (name.to_string(), source_hash.clone()),
        };
        let there = if let Some(path) = name.strip_prefix("file://") {
            apply.host.exists(Path::new(path))
        } else if name.starts_with('/') {
            apply.host.exists(Path::new(&name))
        } else {
            let found = apply.call_value("cp.hash_file", args![&name, &saltenv])?;
            found.truthy() || apply.call_value("cp.cache_file", args![&name, &saltenv])?.truthy()
        };
        if there {
            return Ok(vec![name.into(), sum]);
        }
    }
    Err(Error::execution("none of the specified sources were found"))
}
