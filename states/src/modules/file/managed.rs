//! `file.managed`: a file with a given content.

use std::path::PathBuf;

use halite_core::diff::Ignore;
use halite_core::signature::Signing;
use halite_core::{Context, Map, Outcome, Result, StateModule, Value, Verdict, state};

use super::content::{Fetch, Given, Want, is_there_already, template_args};
use super::place::{carry_out, predict};
use super::shared::{Seen, failed, owner, refuse};
use crate::support::expand_user;
use crate::support::look_only::LookOnly;
use crate::support::perms::Perms;

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&MANAGED]);

/// Arguments that are read and mean nothing on this system, or are read elsewhere.
const NOT_FOR_TEMPLATES: &[&str] = &["env", "owner", "file_mode", "selinux", "require", "watch"];

/// Manages a file: content, owner and mode.
///
/// ```yaml
/// /etc/http/conf/http.conf:
///   file.managed:
///     - source: salt://apache/http.conf
///     - user: root
///     - mode: "0644"
///     - template: jinja
/// ```
#[state]
#[expect(clippy::too_many_arguments, reason = "they are Salt's, and states name them")]
fn managed<'a>(
    cx: &Context<'a>,
    /// Path of the file.
    name: String,
    /// `salt://`, `http(s)://`, a path, or several of which the first there is taken.
    #[default(Value::Null)]
    source: Value,
    /// Digest of a source that is not from a file server: `sha256=..`, or a file of digests.
    #[default(Value::str(""))]
    source_hash: Value,
    /// The name to look for in a file of digests.
    #[default(Value::Null)]
    source_hash_name: Value,
    /// Whether the cached copy of the source stays.
    #[default(true)]
    keep_source: bool,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    /// Octal digits, or `keep` for the source's.
    #[default(Value::Null)]
    mode: Value,
    /// Attributes as `lsattr` shows them.
    #[default(None)]
    attrs: Option<String>,
    /// The language that the content is a template of.
    #[default(None)]
    template: Option<String>,
    /// Make missing folders.
    #[default(false)]
    makedirs: bool,
    /// Mode of folders made.
    #[default(Value::Null)]
    dir_mode: Value,
    /// Variables of the template.
    #[default(Value::Null)]
    context: Value,
    /// Whether a file that is there gets the content.
    #[default(true)]
    replace: bool,
    /// Variables of the template that `context` does not set.
    #[default(Value::Null)]
    defaults: Value,
    /// `minion`: keep the old file in the cache.
    #[default(Value::str(""))]
    backup: Value,
    #[default(true)] show_changes: bool,
    /// Whether a file that is not there is made.
    #[default(true)]
    create: bool,
    /// The content: a text or lines.
    #[default(Value::Null)]
    contents: Value,
    /// Folder of the copy that `check_cmd` sees.
    #[default(None)]
    tmp_dir: Option<String>,
    /// End of the name of that copy.
    #[default(String::new())]
    tmp_ext: String,
    #[default(Value::Null)] contents_pillar: Value,
    #[default(Value::Null)] contents_grains: Value,
    /// Whether the content ends in a newline.
    #[default(true)]
    contents_newline: bool,
    /// What separates the keys of `contents_pillar` and `contents_grains`.
    #[default(":".into())]
    contents_delimiter: String,
    #[default(None)] encoding: Option<String>,
    /// What to do with what the encoding cannot hold.
    #[default("strict".into())]
    encoding_errors: String,
    #[default(true)] allow_empty: bool,
    #[default(true)] follow_symlinks: bool,
    /// A command that must approve of the new content, given as its last argument.
    #[default(Value::Null)]
    check_cmd: Value,
    #[default(false)] skip_verify: bool,
    #[default(Value::Null)] _selinux: Value,
    #[default(Value::Null)] _win_owner: Value,
    #[default(Value::Null)] _win_perms: Value,
    #[default(Value::Null)] _win_deny_perms: Value,
    #[default(true)] _win_inheritance: bool,
    #[default(false)] _win_perms_reset: bool,
    #[default(true)] verify_ssl: bool,
    #[default(false)] use_etag: bool,
    /// A detached signature of the source.
    #[default(Value::Null)]
    signature: Value,
    #[default(Value::Null)] source_hash_sig: Value,
    /// Keys of which one must have signed.
    #[default(Value::Null)]
    signed_by_any: Value,
    /// Keys which all must have signed.
    #[default(Value::Null)]
    signed_by_all: Value,
    #[default(Value::Null)] keyring: Value,
    #[default(Value::Null)] gnupghome: Value,
    /// Whether another order of lines is no change to whoever requires this.
    #[default(false)]
    ignore_ordering: bool,
    #[default(false)] ignore_whitespace: bool,
    #[default(Value::Null)] ignore_comment_characters: Value,
    /// Whether the diff of a new file is shown.
    #[default(false)]
    new_file_diff: bool,
    #[default("gpg".into())] sig_backend: String,
    #[kwargs] mut kwargs: Map,
) -> Result<Verdict<'a>> {
    let signing = Signing {
        signature,
        source_hash_sig,
        signed_by_any,
        signed_by_all,
        keyring,
        gnupghome,
        sig_backend,
    };
    if let Some(fault) = signing.unavailable(cx) {
        return refuse(fault);
    }
    let keep_mode = mode.as_str().is_some_and(|mode| mode.eq_ignore_ascii_case("keep"));
    let user = owner(user, &kwargs);
    let perms = Perms::new(user, group, if keep_mode { &Value::Null } else { &mode });
    let given = Given { contents, contents_pillar, contents_grains, allow_empty };
    let contents = match given.find(cx, &source, keep_mode, &contents_delimiter) {
        Ok(contents) => contents,
        Err(fault) => return refuse(fault),
    };
    let template = match template_args(template, &defaults, &context) {
        Ok(template) => template,
        Err(fault) => return refuse(fault),
    };
    let file_mode = kwargs.contains_key("file_mode");
    kwargs.retain(|key, _| !key.as_str().is_some_and(|key| NOT_FOR_TEMPLATES.contains(&key)));
    let name = expand_user(cx, &name);
    let want = Want {
        path: PathBuf::from(&name),
        name,
        replace: replace && (source.truthy() || contents.is_some()),
        source,
        source_hash,
        source_hash_name,
        skip_verify,
        fetch: Fetch { verify_ssl, use_etag },
        signing,
        keep_source,
        contents,
        newline: contents_newline,
        template,
        encoding,
        encoding_errors,
        perms,
        attrs,
        keep_mode,
        makedirs,
        dir_mode,
        show_changes,
        new_file_diff,
        backup,
        follow: follow_symlinks,
        check_cmd,
        tmp_dir,
        tmp_ext,
        ignore: Ignore::new(ignore_ordering, ignore_whitespace, &ignore_comment_characters),
        more: kwargs,
    };
    let verdict = judge(cx, want, create)?;
    Ok(if file_mode { with_warning(verdict) } else { verdict })
}

/// The note about an argument that other functions of `file` take.
fn with_warning(verdict: Verdict<'_>) -> Verdict<'_> {
    let warn = |outcome: Outcome| {
        let text = "The 'file_mode' argument will be ignored.  Please use 'mode' instead to set \
                    file permissions.";
        outcome.with("warnings", vec![Value::str(text)])
    };
    match verdict {
        Verdict::Settled(outcome) => Verdict::Settled(warn(outcome)),
        Verdict::Change(plan) => {
            Verdict::change(warn(plan.would), move |apply| (plan.apply)(apply).map(warn))
        }
    }
}

/// Looks, and says what to do. In test mode all is looked at now; else when it is done, so that
/// templates are rendered once and may do what they do.
pub(crate) fn judge<'a>(cx: &Context<'a>, mut want: Want, create: bool) -> Result<Verdict<'a>> {
    if want.name.is_empty() {
        return refuse("Destination file name is required");
    }
    let seen = Seen::at(cx.host, &want.path)?;
    if !create && !seen.is_file() {
        let name = &want.name;
        return Ok(Verdict::correct(format!(
            "File {name} is not present and is not set for creation"
        )));
    }
    if let Some(fault) = want.perms.unknown_owner(cx.host).filter(|_| !cx.test()) {
        return refuse(fault);
    }
    if !want.path.is_absolute() {
        return refuse(format!("Specified file {} is not an absolute path", want.name));
    }
    if seen.is_dir() {
        return refuse(format!("Specified target {} is a directory", want.name));
    }
    if cx.test() {
        let host = LookOnly(cx.host);
        let apply = halite_core::Apply { cx, host: &host };
        want.replace = want.replace && !(seen.exists() && is_there_already(&apply, &want));
        return Ok(Verdict::Settled(predict(&apply, &want, &seen)?));
    }
    Ok(Verdict::change(Outcome::default(), move |apply| {
        want.replace = want.replace && !(seen.exists() && is_there_already(apply, &want));
        match carry_out(apply, &want, &seen) {
            Err(halite_core::Error::Cancelled) => Err(halite_core::Error::Cancelled),
            Err(error) => Ok(failed(format!("Unable to manage file: {error}"))),
            Ok(outcome) => Ok(outcome),
        }
    }))
}
