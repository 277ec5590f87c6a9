//! `file.get_managed`, `file.check_managed`: what `file.managed` is made of, for those who call it
//! piece by piece.

use std::path::Path;

use halite_core::diff::Ignore;
use halite_core::outside::http::redacted;
use halite_core::signature::Signing;
use halite_core::{Apply, Error, ExecModule, Map, Result, Value, args, function, map};

use super::meta::{How, meta};
use super::shared::{Got, Owned, Wanted, clean, mode_of_source, temporary, within};
use crate::support::perms::{Perms, normalize_mode};
use crate::support::source::{TemplateArgs, own_names, render};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("file", &[&GET_MANAGED, &CHECK_MANAGED, &CHECK_MANAGED_CHANGES]);

fn both(defaults: Value, context: Value) -> Map {
    let mut all = Map::new();
    for map in [defaults, context] {
        if let Value::Map(map) = map {
            all.extend((*map).clone());
        }
    }
    all
}

/// The digest that the source is to have; the inner error is the comment.
fn sum_of(apply: &Apply<'_>, want: &Wanted, url: &str) -> Result<Result<Map, String>> {
    let local = url.strip_prefix("file://").unwrap_or(url);
    let at_home = local.len() != url.len() || !url.contains("://");
    if at_home && !apply.host.exists(Path::new(local)) {
        return Ok(Err(format!("Local file source {local} does not exist")));
    }
    if url.starts_with("salt://") {
        let sum = apply.call_value("cp.hash_file", args![url, &want.saltenv])?;
        let missing = || format!("Source file {url} not found in saltenv '{}'", want.saltenv);
        let sum = sum.as_map().filter(|sum| !sum.is_empty()).cloned();
        return Ok(sum.ok_or_else(missing));
    }
    if at_home && !want.source_hash.truthy() {
        let sum = apply.call_value("file.get_hash", args![local, "sha256"])?;
        return Ok(Ok(map! { "hsum" => sum, "hash_type" => "sha256" }));
    }
    if want.skip_verify || (!want.source_hash.truthy() && want.use_etag) {
        return Ok(Ok(Map::new()));
    }
    if !want.source_hash.truthy() {
        return Ok(Err(format!(
            "Unable to verify upstream hash of source file {}, please set source_hash or set \
             skip_verify to True",
            redacted(url)
        )));
    }
    let mut call = args![&want.name, url, want.source_hash.to_string(), &want.source_hash_name,
        &want.saltenv; verify_ssl = want.verify_ssl];
    call.named.extend(want.signing.hash_args());
    match apply.call("file.get_source_sum", call) {
        Ok(sum) => Ok(Ok(sum)),
        Err(Error::Cancelled) => Err(Error::Cancelled),
        Err(error) => Ok(Err(format!("Unable to manage file: {error}"))),
    }
}

/// The copy of a source, fetched if it is not the one wanted; the inner error is the comment.
fn copy_of(
    apply: &Apply<'_>,
    want: &Wanted,
    url: &str,
    sum: &mut Map,
) -> Result<Result<String, String>> {
    let checked = want.source_hash.truthy() || want.skip_verify || want.use_etag;
    let copy = apply.call_value("cp.is_cached", args![url, &want.saltenv])?;
    if let Some(copy) = copy.as_str().filter(|copy| checked && !copy.is_empty()) {
        let kind = sum.get("hash_type").map_or("sha256".into(), Value::to_string);
        let have = apply.call_value("file.get_hash", args![copy, &kind])?;
        if want.skip_verify {
            *sum = map! { "hsum" => have, "hash_type" => kind };
            return Ok(Ok(copy.to_owned()));
        }
        if !want.use_etag && sum.get("hsum") == Some(&have) {
            return Ok(Ok(copy.to_owned()));
        }
    }
    let call = args![url, &want.saltenv; source_hash = sum.get("hsum").cloned(),
        verify_ssl = want.verify_ssl, use_etag = want.use_etag];
    let shown = redacted(url);
    match apply.call_value("cp.cache_file", call) {
        Ok(copy) if copy.truthy() && apply.host.exists(Path::new(&copy.to_string())) => {
            Ok(Ok(copy.to_string()))
        }
        Ok(_) => Ok(Err(format!("Source file '{shown}' not found"))),
        Err(Error::Cancelled) => Err(Error::Cancelled),
        Err(error) => Ok(Err(format!("Failed to cache {shown}: {error}"))),
    }
}

/// Fetches and renders a source. A rendered file is a temporary one, which whoever takes it removes.
fn get(apply: &Apply<'_>, want: &Wanted) -> Result<Got> {
    if !want.source.truthy() {
        return Ok(Got::default());
    }
    let url = want.source.to_string();
    let mut sum = match sum_of(apply, want, &url)? {
        Ok(sum) => sum,
        Err(comment) => return Ok(Got::refused(comment)),
    };
    let local = url.strip_prefix("file://").unwrap_or(&url);
    let at_home = local.len() != url.len() || !url.contains("://");
    let remote = !at_home && !url.starts_with("salt://");
    let template = want.template.as_deref().filter(|template| !template.is_empty());
    let mut path = if at_home { local.to_owned() } else { String::new() };
    if !at_home && (template.is_some() || remote) {
        path = match copy_of(apply, want, &url, &mut sum)? {
            Ok(path) => path,
            Err(comment) => return Ok(Got::refused(comment)),
        };
    }
    if path == want.name {
        let what = "Source file cannot be the same as destination";
        return Err(Error::usage("file.get_managed", what));
    }
    let Some(template) = template else { return Ok(Got { path, sum, comment: String::new() }) };
    let with = TemplateArgs { template: template.to_owned(), context: want.context.clone() };
    let perms = Perms {
        user: want.owned.user.clone(),
        group: want.owned.group.clone(),
        mode: normalize_mode(&want.owned.mode),
    };
    let mut own = want.more.clone();
    own.extend(own_names(&want.name, &url, &perms));
    let text = String::from_utf8_lossy(&apply.host.read(Path::new(&path))?).into_owned();
    let rendered = within(apply, &want.saltenv, |apply| {
        render(apply, &text, Some(Path::new(&path)), &with, own)
    });
    match rendered {
        Ok(Ok(text)) => {
            let place = temporary(apply, text.as_bytes())?;
            let hsum = apply.call_value("file.get_hash", args![place.as_path(), "sha256"])?;
            Ok(Got {
                path: place.to_string_lossy().into_owned(),
                sum: map! { "hash_type" => "sha256", "hsum" => hsum },
                comment: String::new(),
            })
        }
        Ok(Err(comment)) => Ok(Got { path, sum: Map::new(), comment }),
        Err(Error::Cancelled) => Err(Error::Cancelled),
        Err(error) => Ok(Got { path, sum: Map::new(), comment: error.to_string() }),
    }
}

/// Fetches the source of a managed file and renders it: gives the path of what is to be put in
/// place, its digest, and a comment if that cannot be.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_managed /etc/httpd/conf.d/httpd.conf jinja salt://http/httpd.conf \
///     '{hash_type: md5, hsum: <md5sum>}' None root root '755' None base None None
/// ```
#[function]
fn get_managed(
    apply: &Apply<'_>,
    name: String,
    template: Option<String>,
    source: Value,
    source_hash: Value,
    source_hash_name: Value,
    user: Value,
    group: Value,
    mode: Value,
    attrs: Value,
    saltenv: String,
    context: Value,
    defaults: Value,
    #[default(false)] skip_verify: bool,
    #[default(true)] verify_ssl: bool,
    #[default(false)] use_etag: bool,
    #[default(Value::Null)] source_hash_sig: Value,
    #[default(Value::Null)] signed_by_any: Value,
    #[default(Value::Null)] signed_by_all: Value,
    #[default(Value::Null)] keyring: Value,
    #[default(Value::Null)] gnupghome: Value,
    #[default(false)] _ignore_ordering: bool,
    #[default(false)] _ignore_whitespace: bool,
    #[default(Value::Null)] _ignore_comment_characters: Value,
    #[default("gpg".into())] sig_backend: String,
    #[kwargs] kwargs: Map,
) -> Result<Vec<Value>> {
    let signing = Signing {
        source_hash_sig,
        signed_by_any,
        signed_by_all,
        keyring,
        gnupghome,
        sig_backend,
        ..Signing::default()
    };
    let want = Wanted {
        name,
        template,
        source,
        source_hash,
        source_hash_name,
        owned: Owned { user, group, mode, attrs },
        saltenv,
        context: both(defaults, context),
        skip_verify,
        verify_ssl,
        use_etag,
        signing,
        more: kwargs,
    };
    let got = get(apply, &want)?;
    Ok(vec![got.path.into(), got.sum.into(), got.comment.into()])
}

/// Looks at what a source would change; the inner error is the comment.
fn look(
    apply: &Apply<'_>,
    want: &mut Wanted,
    contents: &Value,
    keep_mode: bool,
    how: &How,
) -> Result<Result<(bool, Map), String>> {
    let call = args![&want.source, &want.source_hash, &want.saltenv];
    let chosen: Vec<Value> = apply.call("file.source_list", call)?;
    if let [source, hash] = &chosen[..] {
        want.source = source.clone();
        want.source_hash = hash.clone();
    }
    let got = if contents.is_null() { get(apply, want)? } else { Got::default() };
    if !got.comment.is_empty() {
        clean(apply, &got.path)?;
        return Ok(Err(got.comment));
    }
    if keep_mode && !got.path.is_empty() {
        let mode = mode_of_source(apply, &want.source.to_string(), &want.saltenv);
        want.owned.mode = mode.unwrap_or_else(|| want.owned.mode.clone());
    }
    let looked = meta(apply, want, &got, contents, how);
    clean(apply, &got.path)?;
    looked.map(Ok)
}

/// Whether a file is as it is to be: `True`, `None` if it would be changed, `False` if that cannot be
/// told; and a sentence about it.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.check_managed /etc/httpd/conf.d/httpd.conf salt://http/httpd.conf \
///     '{hash_type: md5, hsum: <md5sum>}' None root root '755' None jinja None None base
/// ```
#[function]
fn check_managed(
    apply: &Apply<'_>,
    name: String,
    source: Value,
    source_hash: Value,
    source_hash_name: Value,
    user: Value,
    group: Value,
    mode: Value,
    attrs: Value,
    template: Option<String>,
    context: Value,
    defaults: Value,
    saltenv: String,
    #[default(Value::Null)] contents: Value,
    #[default(false)] skip_verify: bool,
    #[default(Value::Null)] _seuser: Value,
    #[default(Value::Null)] _serole: Value,
    #[default(Value::Null)] _setype: Value,
    #[default(Value::Null)] _serange: Value,
    #[default(false)] follow_symlinks: bool,
    #[kwargs] kwargs: Map,
) -> Result<Vec<Value>> {
    let mut want = Wanted {
        name,
        template,
        source,
        source_hash,
        source_hash_name,
        owned: Owned { user, group, mode, attrs },
        saltenv,
        context: both(defaults, context),
        skip_verify,
        verify_ssl: true,
        use_etag: false,
        signing: Signing::default(),
        more: kwargs,
    };
    let how = How { follow: follow_symlinks, ignore: Ignore::default(), new_file_diff: false };
    let (_, mut changes) = match look(apply, &mut want, &contents, false, &how)? {
        Ok(looked) => looked,
        Err(comment) => return Ok(vec![false.into(), comment.into()]),
    };
    // What is made below the folder for temporary files is not judged by its owner.
    if Path::new(&want.name).starts_with(std::env::temp_dir()) {
        changes.retain(|key, _| !matches!(key.as_str(), Some("user" | "group" | "mode")));
    }
    if changes.is_empty() {
        let text = format!("The file {} is in the correct state", want.name);
        return Ok(vec![true.into(), text.into()]);
    }
    let mut text = "The following values are set to be changed:\n".to_owned();
    for (key, value) in &changes {
        text += &format!("{key}: {value}\n");
    }
    Ok(vec![Value::Null, text.into()])
}

/// Gives what would be changed at a managed file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.check_managed_changes /etc/httpd/conf.d/httpd.conf salt://http/httpd.conf \
///     '{hash_type: md5, hsum: <md5sum>}' None root root '755' None jinja None None base
/// ```
#[function]
fn check_managed_changes(
    apply: &Apply<'_>,
    name: String,
    source: Value,
    source_hash: Value,
    source_hash_name: Value,
    user: Value,
    group: Value,
    mode: Value,
    attrs: Value,
    template: Option<String>,
    context: Value,
    defaults: Value,
    saltenv: String,
    #[default(Value::Null)] contents: Value,
    #[default(false)] skip_verify: bool,
    #[default(false)] keep_mode: bool,
    #[default(Value::Null)] _seuser: Value,
    #[default(Value::Null)] _serole: Value,
    #[default(Value::Null)] _setype: Value,
    #[default(Value::Null)] _serange: Value,
    #[default(true)] verify_ssl: bool,
    #[default(false)] follow_symlinks: bool,
    #[default(false)] ignore_ordering: bool,
    #[default(false)] ignore_whitespace: bool,
    #[default(Value::Null)] ignore_comment_characters: Value,
    #[default(false)] new_file_diff: bool,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    let mut want = Wanted {
        name,
        template,
        source,
        source_hash,
        source_hash_name,
        owned: Owned { user, group, mode, attrs },
        saltenv,
        context: both(defaults, context),
        skip_verify,
        verify_ssl,
        use_etag: false,
        signing: Signing::default(),
        more: kwargs,
    };
    let ignore = Ignore::new(ignore_ordering, ignore_whitespace, &ignore_comment_characters);
    let how = How { follow: follow_symlinks, ignore, new_file_diff };
    Ok(match look(apply, &mut want, &contents, keep_mode, &how)? {
        Ok((counts, changes)) if how.ignore.any() => {
            vec![Value::from(counts), changes.into()].into()
        }
        Ok((_, changes)) => changes.into(),
        Err(comment) => vec![Value::from(false), comment.into()].into(),
    })
}
