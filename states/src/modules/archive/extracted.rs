//! `archive.extracted`: what is in an archive, in a folder.

use std::path::Path;

use halite_core::signature::Signing;
use halite_core::{
    Apply, Changes, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

use super::shared::{
    Found, Step, Stop, Sums, Want, comment_of, other_state, shown, source_sum, stop,
};
use super::unpack::{Progress, look, unpack};
use crate::support::look_only::LookOnly;
use crate::support::paths::{is_dir, is_file, real_path};
use crate::support::{expand_user, saltenv};

/// The module.
pub static MODULE: StateModule = StateModule::new("archive", &[&EXTRACTED]);

/// Formats there are.
const FORMATS: &[&str] = &["tar", "rar", "zip"];
/// Ends of names by which the format is guessed. Salt: `guess_archive_type`.
const TAR_ENDINGS: &[&str] = &[
    ".tar",
    ".tar.gz",
    ".tgz",
    ".tar.bz2",
    ".tbz2",
    ".tbz",
    ".tar.xz",
    ".txz",
    ".tar.lzma",
    ".tlz",
];

/// Extracts an archive into a folder, unless all of it is there already.
///
/// ```yaml
/// /opt:
///   archive.extracted:
///     - source: salt://apps/myapp-1.0.tar.gz
///     - user: www-data
///     - group: www-data
/// ```
#[state]
fn extracted<'a>(
    cx: &Context<'a>,
    /// The folder.
    name: String,
    /// `salt://`, `http(s)://`, a path, or several of which the first there is taken.
    source: Value,
    /// Digest that the archive must have: `sha256=..`, or a file of digests.
    #[default(Value::Null)]
    source_hash: Value,
    #[default(Value::Null)] source_hash_name: Value,
    /// Extract again when the archive's digest is another than last time.
    #[default(false)]
    source_hash_update: bool,
    /// Compare the archive's digest alone, not what is in it.
    #[default(false)]
    skip_files_list_verify: bool,
    #[default(false)] skip_verify: bool,
    /// Of a ZIP archive.
    #[default(Value::Null)]
    password: Value,
    /// Arguments for `tar` or `unzip`, which are then used.
    #[default(Value::Null)]
    options: Value,
    /// A command that decompresses a tar archive to its output, for listing it.
    #[default(Value::Null)]
    list_options: Value,
    /// Remove what is in the way.
    #[default(false)]
    force: bool,
    /// Extract whatever is there.
    #[default(false)]
    overwrite: bool,
    /// Remove what stands at the archive's top level first.
    #[default(false)]
    clean: bool,
    /// Remove the folder first.
    #[default(false)]
    clean_parent: bool,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    /// A path; if it is there nothing is extracted.
    #[default(Value::Null)]
    if_missing: Value,
    /// How many files are told at most; `True` for 100.
    #[default(false.into())]
    trim_output: Value,
    #[default(Value::Null)] use_cmd_unzip: Value,
    #[default(true)] extract_perms: bool,
    /// Refuse archives with more than one folder at the top.
    #[default(true)]
    enforce_toplevel: bool,
    #[default(Value::Null)] enforce_ownership_on: Value,
    /// `tar`, `zip` or `rar`; guessed by the source's name if not given.
    #[default(Value::Null)]
    archive_format: Value,
    #[default(false)] use_etag: bool,
    #[default(Value::Null)] signature: Value,
    #[default(Value::Null)] source_hash_sig: Value,
    #[default(Value::Null)] signed_by_any: Value,
    #[default(Value::Null)] signed_by_all: Value,
    #[default(Value::Null)] keyring: Value,
    #[default(Value::Null)] gnupghome: Value,
    #[default("gpg".into())] sig_backend: String,
    /// `keep_source`, and what the extracting function takes.
    #[kwargs]
    mut kwargs: Map,
) -> Result<Verdict<'a>> {
    kwargs.retain(|key, _| !key.as_str().is_some_and(|key| key.starts_with("__")));
    let mut warnings = Vec::new();
    let keep = kwargs.shift_remove("keep");
    let keep_source = kwargs.shift_remove("keep_source");
    if keep.is_some() && keep_source.is_some() {
        warnings.push(
            "Both 'keep_source' and 'keep' were used. Since these both do the same thing, 'keep' was \
             ignored.",
        );
    }
    let want = Want {
        name,
        source,
        source_hash,
        source_hash_name,
        source_hash_update,
        skip_files_list_verify,
        skip_verify,
        password,
        options: options.truthy().then(|| options.to_string()),
        list_options,
        force,
        overwrite,
        clean,
        clean_parent,
        user,
        group,
        if_missing,
        trim_output,
        use_cmd_unzip,
        extract_perms,
        enforce_toplevel,
        enforce_ownership_on,
        archive_format,
        use_etag,
        signing: Signing {
            signature,
            source_hash_sig,
            signed_by_any,
            signed_by_all,
            keyring,
            gnupghome,
            sig_backend,
        },
        keep_source: keep_source.or(keep).is_none_or(|keep| keep.truthy()),
        more: kwargs,
    };
    if cx.test() {
        let host = LookOnly(cx.host);
        return Ok(Verdict::Settled(whole(&Apply { cx, host: &host }, want, warnings)?));
    }
    Ok(Verdict::change(Outcome::default(), move |apply| whole(apply, want, warnings)))
}

/// The state from its first check to its end.
fn whole(apply: &Apply<'_>, mut want: Want, warnings: Vec<&'static str>) -> Result<Outcome> {
    let mut progress = Progress {
        warnings: warnings.into_iter().map(str::to_owned).collect(),
        changes: Changes::new(),
    };
    let ended = steps(apply, &mut want, &mut progress);
    let mut outcome = match ended {
        Ok(outcome) | Err(Stop::Done(outcome)) => outcome,
        Err(Stop::Failed(comment)) => {
            Outcome::failed(comment, std::mem::take(&mut progress.changes))
        }
        Err(Stop::Error(error)) => return Err(error),
    };
    if !progress.warnings.is_empty() {
        outcome = outcome.with("warnings", progress.warnings);
    }
    Ok(outcome)
}

fn steps(apply: &Apply<'_>, want: &mut Want, progress: &mut Progress) -> Step<Outcome> {
    check_paths(apply, want)?;
    if want.source_hash_update && !want.source_hash.truthy() {
        let what = "The 'source_hash_update' argument is ignored when 'source_hash' is not also \
                    specified.";
        progress.warnings.push(what.into());
    }
    if let Some(fault) = want.signing.unavailable(apply) {
        return stop(fault);
    }
    let source = choose(apply, want)?;
    let (source, is_local) = local(apply, source)?;
    let shown = shown(&source);
    if is_local && !is_file(apply.host, Path::new(&source)) {
        return stop(format!("Source file '{shown}' does not exist"));
    }
    let format = format_of(want, &source)?;
    check_options(apply, want, &format, progress)?;
    let sum = source_sum(apply, want, &source)?;
    let mut found = Found {
        shown,
        cached: source.clone(),
        source,
        is_local,
        format,
        sum,
        contents: Map::new(),
    };
    unchanged(apply, want, &found)?;
    if !is_local {
        found.cached = fetch(apply, want, &found)?;
    }
    if want.signing.signature.truthy() {
        let env = saltenv(apply.cx);
        let from = (env.as_str(), true);
        let signed =
            want.signing.check(apply, Path::new(&found.cached), &want.signing.signature, from);
        if let Err(error) = signed {
            return stop(format!("Failed verifying the source file's signature: {error}"));
        }
    }
    let remembered = Sums { apply, path: &found.cached }.remembered();
    if want.source_hash.truthy() && want.source_hash_update && !want.skip_verify && !apply.cx.test()
    {
        Sums { apply, path: &found.cached }.remember()?;
    }
    look(apply, want, &mut found)?;
    let outcome = unpack(apply, want, &found, remembered, progress)?;
    if !is_local && !want.keep_source {
        let call = map! {"name" => found.source.as_str(), "saltenv" => saltenv(apply.cx)};
        let removed = other_state(apply, "file.not_cached", call)?;
        if removed.result == Some(false) {
            progress.warnings.push(removed.comment);
        }
    }
    Ok(outcome)
}

/// Whether a value is no path, or an absolute one.
fn absolute_or_none(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|path| path.starts_with('/'))
}

fn check_paths(apply: &Apply<'_>, want: &mut Want) -> Step<()> {
    if want.skip_files_list_verify && want.skip_verify {
        return stop(
            "Only one of \"skip_files_list_verify\" and \"skip_verify\" can be set to True",
        );
    }
    if !want.name.starts_with('/') {
        return stop(format!("{} is not an absolute path", want.name));
    }
    want.name.truncate(want.name.trim_end_matches('/').len());
    if is_file(apply.host, Path::new(&want.name)) {
        return stop(format!("{} exists and is not a directory", want.name));
    }
    want.name.push('/');
    if !absolute_or_none(&want.if_missing) {
        return stop("Value for 'if_missing' is not an absolute path");
    }
    if !absolute_or_none(&want.enforce_ownership_on) {
        return stop("Value for 'enforce_ownership_on' is not an absolute path");
    }
    if let Some(path) = want.enforce_ownership_on.as_str() {
        if !Path::new(path).starts_with(&want.name) {
            let name = &want.name;
            return stop(format!("Value for 'enforce_ownership_on' must be within {name}"));
        }
    }
    if let Some(path) = want.if_missing.as_str().filter(|path| apply.host.exists(Path::new(path))) {
        return Err(Stop::Done(Outcome::new(Some(true), format!("Path {path} exists"))));
    }
    for (owner, fun, kind) in
        [(&want.user, "file.user_to_uid", "User"), (&want.group, "file.group_to_gid", "Group")]
    {
        if owner.truthy() && apply.call_value(fun, args![owner])?.as_i64().is_none() {
            return stop(format!("{kind} {owner} does not exist"));
        }
    }
    Ok(())
}

/// The source that is there.
fn choose(apply: &Apply<'_>, want: &Want) -> Step<String> {
    let call = args![&want.source, &want.source_hash, saltenv(apply.cx)];
    let chosen: Vec<Value> = apply.call("file.source_list", call).or_else(comment_of)?;
    match chosen.first().filter(|source| source.truthy()) {
        Some(source) => Ok(source.to_string()),
        None => stop(format!("Invalid source \"{}\"", want.source)),
    }
}

/// The path of a source on this machine, or the URL as it is.
fn local(apply: &Apply<'_>, source: String) -> Step<(String, bool)> {
    let path = match source.split_once("://") {
        Some(("file", path)) => path,
        Some(_) => return Ok((source, false)),
        None => &source,
    };
    let path = real_path(apply.host, Path::new(&expand_user(apply.cx, path.trim_end_matches('/'))));
    Ok((path.display().to_string(), true))
}

fn format_of(want: &Want, source: &str) -> Step<String> {
    if want.archive_format.truthy() {
        let format = want.archive_format.to_string().to_lowercase();
        if FORMATS.contains(&format.as_str()) {
            return Ok(format);
        }
        return stop(format!(
            "Invalid archive_format '{format}'. Either set it to a supported value ({}) or remove this \
             argument and the archive format will be guessed based on file extension.",
            FORMATS.join(", ")
        ));
    }
    let path = source.split(['?', '#']).next().unwrap_or(source).to_lowercase();
    if TAR_ENDINGS.iter().any(|end| path.ends_with(end)) {
        return Ok("tar".into());
    }
    match ["zip", "rar"].into_iter().find(|format| path.ends_with(&format!(".{format}"))) {
        Some(format) => Ok(format.into()),
        None => stop(format!(
            "Could not guess archive_format from the value of the 'source' argument. Please set this \
             archive_format to one of the following: {}",
            FORMATS.join(", ")
        )),
    }
}

/// Options and what they mean for a format.
fn check_options(
    apply: &Apply<'_>,
    want: &mut Want,
    format: &str,
    progress: &mut Progress,
) -> Step<()> {
    if format == "zip" {
        if want.options.is_some() {
            if !want.use_cmd_unzip.is_null() && !want.use_cmd_unzip.truthy() {
                return stop(
                    "'use_cmd_unzip' cannot be set to False if CLI options are being specified (via \
                     the 'options' argument). Either remove 'use_cmd_unzip', or set it to True.",
                );
            }
            want.use_cmd_unzip = true.into();
        }
        if want.password.truthy() && want.use_cmd_unzip.truthy() {
            let what = "Using a password in combination with setting 'use_cmd_unzip' to True is \
                        considered insecure. It is recommended to remove the 'use_cmd_unzip' argument \
                        (or set it to False) and allow Salt to extract the archive using Python's \
                        built-in ZIP file support.";
            progress.warnings.push(what.into());
        }
    } else if want.password.truthy() {
        return stop("The 'password' argument is only supported for zip archives");
    }
    if format == "rar" {
        if !["unrar", "rar"].iter().any(|program| apply.host.which(program).is_some()) {
            return stop(
                "archive.unrar function not available, rar/unrar might not be installed on minion",
            );
        }
        if want.options.is_some() {
            return stop(
                "The 'options' argument is only compatible with the following archive formats: tar, \
                 zip",
            );
        }
    }
    want.trim_output = match &want.trim_output {
        Value::Bool(true) => 100.into(),
        given if !given.truthy() => false.into(),
        given => match given.to_string().trim().parse::<i64>() {
            Ok(most) => most.into(),
            Err(_) => {
                return stop("Invalid value for trim_output, must be True/False or an integer");
            }
        },
    };
    Ok(())
}

/// Ends the state where the archive's digest is all that counts, and is as it was.
fn unchanged(apply: &Apply<'_>, want: &Want, found: &Found) -> Step<()> {
    if !want.skip_files_list_verify {
        return Ok(());
    }
    let env = saltenv(apply.cx);
    let cached = match found.is_local {
        true => found.source.clone().into(),
        false => apply.call_value("cp.is_cached", args![found.source.as_str(), env.as_str()])?,
    };
    let path = if cached.truthy() {
        cached.to_string()
    } else {
        let rest = found.source.split_once("://").map_or("", |(_, rest)| rest);
        let cachedir = Path::new(apply.opts.str("cachedir"));
        cachedir.join("extrn_files").join(env).join(rest).display().to_string()
    };
    let before = Sums { apply, path: &path }.remembered();
    let wanted = found.sum.get("hsum").map(Value::to_string);
    if before.is_none() || before != wanted {
        return Ok(());
    }
    let result = if apply.cx.test() { None } else { Some(true) };
    Err(Stop::Done(Outcome::new(
        result,
        format!(
            "Archive {} existing source sum is the same as the expected one and \
             skip_files_list_verify argument was set to True. Extraction is not needed",
            found.shown
        ),
    )))
}

/// The copy of an archive from elsewhere.
fn fetch(apply: &Apply<'_>, want: &Want, found: &Found) -> Step<String> {
    let shown = &found.shown;
    if apply.cx.test() {
        return Err(Stop::Done(Outcome::new(
            None,
            format!(
                "Archive {shown} would be cached (if necessary) and checked to discover if extraction \
                 is needed"
            ),
        )));
    }
    let env = saltenv(apply.cx);
    let mut call = map! {
        "name" => found.source.as_str(), "source_hash" => &want.source_hash,
        "source_hash_name" => &want.source_hash_name, "skip_verify" => want.skip_verify,
        "saltenv" => env.as_str(), "use_etag" => want.use_etag,
    };
    call.extend(want.signing.hash_args());
    let copied = other_state(apply, "file.cached", call);
    let copied = copied.or_else(|error| stop(format!("Failed to cache {shown}: {error}")))?;
    if copied.result != Some(true) {
        // As in Salt, what is returned is the other state's return, with its name.
        return Err(Stop::Done(copied.with("name", found.source.as_str())));
    }
    // Local runs read from the file roots: nothing of them is in the cache.
    for fun in ["cp.is_cached", "cp.cache_file"] {
        let path = apply.call_value(fun, args![found.source.as_str(), env.as_str()])?;
        if path.truthy() {
            return Ok(path.to_string());
        }
    }
    stop(format!("Failed to cache {shown}, check minion log for more information"))
}

/// Whether a path is a folder that can be extracted into.
pub(super) fn missing_folder(apply: &Apply<'_>, want: &Want) -> bool {
    !is_dir(apply.host, Path::new(&want.name))
}
