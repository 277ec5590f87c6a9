//! `file.cached` and `file.not_cached`: copies of URLs in the minion's cache.

use std::path::Path;

use halite_core::signature::Signing;
use halite_core::{
    Apply, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

use super::shared::{real_path, refuse};
use crate::support::expand_user;
use crate::support::look_only::LookOnly;
use crate::support::source::is_remote;

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&CACHED, &NOT_CACHED]);

/// The path of a URL that means a file of this machine.
fn local_path(cx: &Context<'_>, url: &str) -> Option<String> {
    let path = match url.split_once("://") {
        Some(("file", path)) => path,
        Some(_) => return None,
        None => url,
    };
    let mut path = expand_user(cx, path);
    if !path.starts_with('/')
        && let Ok(here) = std::env::current_dir()
    {
        path = here.join(path).to_string_lossy().into_owned();
    }
    Some(real_path(cx.host, Path::new(&path)).display().to_string())
}

/// What is to be cached.
struct Want {
    url: String,
    hash: Value,
    hash_name: Value,
    signing: Signing,
    skip_verify: bool,
    use_etag: bool,
    env: String,
}

impl Want {
    /// Type and digest that the file must have.
    fn sum(&self, apply: &Apply<'_>) -> Result<Option<(String, String)>> {
        if !self.hash.truthy() {
            return Ok(None);
        }
        let mut call = args![;
            source = self.url.as_str(), source_hash = &self.hash,
            source_hash_name = &self.hash_name, saltenv = self.env.as_str()];
        call.named.extend(self.signing.hash_args());
        let sum: Map = apply.call("file.get_source_sum", call)?;
        let get = |key: &str| sum.get(key).map(Value::to_string).unwrap_or_default();
        Ok(Some((get("hash_type"), get("hsum"))))
    }

    fn copy(&self, apply: &Apply<'_>) -> Result<Option<String>> {
        let copy: Value =
            apply.call("cp.is_cached", args![self.url.as_str(), self.env.as_str()])?;
        Ok(copy.as_str().filter(|path| !path.is_empty()).map(str::to_owned))
    }

    fn predict(&self, apply: &Apply<'_>, sum: Option<&(String, String)>) -> Result<Outcome> {
        let url = &self.url;
        let comment = match (self.copy(apply)?, sum) {
            (None, _) => format!("File will be cached: {url}"),
            (Some(_), None) => format!("No hash found. File will be cached: {url}"),
            (Some(copy), Some((kind, wanted))) => {
                if digest(apply, &copy, kind)? == *wanted {
                    format!("File already cached: {url}")
                } else {
                    format!("Hashes don't match.\nFile will be cached: {url}")
                }
            }
        };
        Ok(Outcome::would(comment, Map::new()))
    }

    /// A file of this machine is there or it is not.
    fn local(
        &self,
        apply: &Apply<'_>,
        path: &str,
        sum: Option<&(String, String)>,
    ) -> Result<Outcome> {
        if !apply.host.exists(Path::new(path)) {
            let comment = format!("File {path} is not present on the minion");
            return Ok(Outcome::new(Some(false), comment));
        }
        let Some((kind, wanted)) = sum.filter(|_| !self.skip_verify) else {
            let comment = format!("File {path} is present on the minion");
            return Ok(Outcome::new(Some(true), comment));
        };
        let own = digest(apply, path, kind)?;
        Ok(if own == *wanted {
            let comment = format!("File {path} is present on the minion and has hash {own}");
            Outcome::new(Some(true), comment)
        } else {
            let comment = format!(
                "File {path} is present on the minion, but the hash ({own}) does not match the \
                 specified hash ({wanted})"
            );
            Outcome::new(Some(false), comment)
        })
    }

    fn fetch(&self, apply: &Apply<'_>, sum: Option<&(String, String)>) -> Result<Outcome> {
        let kind = sum.map_or_else(|| apply.opts.str("hash_type").to_owned(), |sum| sum.0.clone());
        let kind = if kind.is_empty() { "sha256".to_owned() } else { kind };
        let before = self.copy(apply)?.map(|copy| digest(apply, &copy, &kind)).transpose()?;
        let call = args![self.url.as_str(), self.env.as_str(); use_etag = self.use_etag];
        let copy = match apply.call::<Value>("cp.cache_file", call) {
            Ok(copy) => copy.as_str().unwrap_or_default().to_owned(),
            Err(error) => return Ok(Outcome::new(Some(false), error.to_string())),
        };
        if copy.is_empty() {
            let comment =
                format!("Failed to cache {}, check minion log for more information", self.url);
            return Ok(Outcome::new(Some(false), comment));
        }
        let after = digest(apply, &copy, &kind)?;
        let changes = if before.as_ref() == Some(&after) {
            Map::new()
        } else {
            map! {"hash" => map! {"old" => before, "new" => after.as_str()}}
        };
        let (result, comment) = match sum.filter(|_| !self.skip_verify) {
            None => (true, format!("File is cached to {copy}")),
            Some((_, wanted)) if *wanted == after => {
                (true, format!("File is already cached to {copy} with hash {after}"))
            }
            Some((_, wanted)) => {
                let what = format!(
                    "File is cached to {copy}, but the hash ({after}) does not match the specified \
                     hash ({wanted})"
                );
                (false, what)
            }
        };
        Ok(Outcome { result: Some(result), comment, changes, ..Outcome::default() })
    }
}

fn digest(apply: &Apply<'_>, path: &str, kind: &str) -> Result<String> {
    apply.call("file.get_hash", args![path, kind])
}

/// Sees to it that a URL's file is in the cache.
#[state]
fn cached<'a>(
    cx: &Context<'a>,
    /// The URL, or the path of a file of this machine.
    name: String,
    #[default(Value::str(""))] source_hash: Value,
    #[default(Value::Null)] source_hash_name: Value,
    #[default(false)] skip_verify: bool,
    #[default(Some("base".into()))] saltenv: Option<String>,
    #[default(false)] use_etag: bool,
    /// The signature that a list of digests must have: `True` for one within, or where it is.
    #[default(Value::Null)]
    source_hash_sig: Value,
    #[default(Value::Null)] signed_by_any: Value,
    #[default(Value::Null)] signed_by_all: Value,
    #[default(Value::Null)] keyring: Value,
    #[default(Value::Null)] gnupghome: Value,
    #[default("gpg".into())] sig_backend: String,
) -> Result<Verdict<'a>> {
    let signing = Signing {
        source_hash_sig,
        signed_by_any,
        signed_by_all,
        keyring,
        gnupghome,
        sig_backend,
        ..Signing::default()
    };
    if is_remote(&name) && !skip_verify && !source_hash.truthy() && !use_etag {
        return refuse(format!(
            "Unable to verify upstream hash of source file {name}, please set source_hash or set \
             skip_verify or use_etag to True"
        ));
    }
    let saltenv = saltenv.unwrap_or_else(|| crate::support::saltenv(cx));
    let hash_name = source_hash_name;
    let want = Want {
        url: name,
        hash: source_hash,
        hash_name,
        signing,
        skip_verify,
        use_etag,
        env: saltenv,
    };
    let host = LookOnly(cx.host);
    let apply = Apply { cx, host: &host };
    let sum = match want.sum(&apply) {
        Ok(sum) => sum,
        Err(error) => return refuse(error.to_string()),
    };
    if cx.test() {
        return Ok(Verdict::Settled(want.predict(&apply, sum.as_ref())?));
    }
    if let Some(path) = local_path(cx, &want.url) {
        return Ok(Verdict::Settled(want.local(&apply, &path, sum.as_ref())?));
    }
    Ok(Verdict::change(Outcome::default(), move |apply| want.fetch(apply, sum.as_ref())))
}

/// Sees to it that a URL's file is not in the cache.
#[state]
fn not_cached<'a>(
    cx: &Context<'a>,
    /// The URL.
    name: String,
    #[default(Some("base".into()))] saltenv: Option<String>,
) -> Result<Verdict<'a>> {
    let saltenv = saltenv.unwrap_or_else(|| crate::support::saltenv(cx));
    if let Some(path) = local_path(cx, &name) {
        let comment = format!("File {path} is a local path, no action taken");
        return Ok(Verdict::correct(comment));
    }
    let copy: Value = cx.call("cp.is_cached", args![name.as_str(), saltenv])?;
    let Some(copy) = copy.as_str().filter(|path| !path.is_empty()).map(str::to_owned) else {
        return Ok(Verdict::correct(format!("{name} is not cached")));
    };
    let would = Outcome::would(format!("{copy} is set to be deleted"), map! {"deleted" => true});
    Ok(Verdict::change(would, move |apply| {
        // What a file root itself holds is no copy.
        if !Path::new(&copy).starts_with(apply.files.cache_dir()) {
            return Ok(Outcome::new(Some(true), format!("{name} is not cached")));
        }
        Ok(match apply.host.remove_file(Path::new(&copy)) {
            Ok(()) => Outcome::done(format!("{copy} was deleted"), map! {"deleted" => true}),
            Err(error) => Outcome::new(Some(false), format!("Failed to delete {copy}: {error}")),
        })
    }))
}
