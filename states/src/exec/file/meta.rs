//! `file.check_file_meta`: what differs between a file and what it is to be.

use std::path::Path;

use halite_core::diff::{Ignore, of_contents};
use halite_core::host::Metadata;
use halite_core::signature::Signing;
use halite_core::{Apply, Context, ExecModule, Map, Result, Value, args, function, map};

use super::shared::{Got, Owned, Wanted, attr};
use crate::support::perms::Perms;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("file", &[&CHECK_FILE_META]);

/// What is there, and how it differs from what was compared with it.
struct Compared<'a> {
    have: Vec<u8>,
    ignore: &'a Ignore,
    counts: bool,
    changes: Map,
}

impl Compared<'_> {
    fn with(&mut self, apply: &Apply<'_>, new: &[u8]) {
        let Some(diff) = of_contents(&self.have, new) else { return };
        let text = |bytes| halite_core::edit::Text::from_bytes(bytes).text;
        self.counts = self.ignore.differs(&text(&self.have), &text(new));
        let hidden = apply.opts.bool("obfuscate_templates");
        let shown = if hidden { "<Obfuscated Template>".to_owned() } else { diff };
        self.changes.insert("diff".into(), shown.into());
    }
}

/// The content of a source whose digest is not the file's. The inner `None` is one that cannot be had.
fn other_content(
    apply: &Apply<'_>,
    want: &Wanted,
    got: &Got,
    is_file: bool,
) -> Result<Option<Option<Vec<u8>>>> {
    let Some(wanted) = got.sum.get("hsum") else { return Ok(None) };
    let kind = got.sum.get("hash_type").map_or("sha256".into(), Value::to_string);
    let call = args![want.name.as_str(), kind];
    if is_file && apply.call_value("file.get_hash", call)? == *wanted {
        return Ok(None);
    }
    let mut path = got.path.clone();
    if path.is_empty() && want.source.truthy() {
        let call = args![&want.source, &want.saltenv; source_hash = wanted,
            verify_ssl = want.verify_ssl];
        path = apply.call_value("cp.cache_file", call)?.to_string();
    }
    match path.is_empty() {
        true => Ok(Some(None)),
        false => Ok(Some(Some(apply.host.read(Path::new(&path))?))),
    }
}

/// How differences are looked at.
pub(super) struct How {
    pub(super) follow: bool,
    pub(super) ignore: Ignore,
    pub(super) new_file_diff: bool,
}

/// Whether content differs in what counts, and all that differs.
pub(super) fn meta(
    apply: &Apply<'_>,
    want: &Wanted,
    got: &Got,
    contents: &Value,
    how: &How,
) -> Result<(bool, Map)> {
    let (host, place) = (apply.host, Path::new(&want.name));
    let lstat = if how.follow { host.metadata(place)? } else { None };
    let stat = match lstat {
        Some(stat) => Some(stat),
        None => host.symlink_metadata(place)?,
    };
    if stat.is_none() && !how.new_file_diff {
        return Ok((true, map! { "newfile" => want.name.as_str() }));
    }
    let mut compared =
        Compared { have: Vec::new(), ignore: &how.ignore, counts: false, changes: Map::new() };
    if stat.as_ref().is_some_and(|stat| !stat.is_dir()) {
        compared.have = host.read(place).unwrap_or_default();
    }
    let is_file = stat.as_ref().is_some_and(Metadata::is_file);
    if let Some(content) = other_content(apply, want, got, is_file)? {
        match content {
            Some(content) => compared.with(apply, &content),
            None => drop(compared.changes.insert("sum".into(), "Checksum differs".into())),
        }
    }
    match contents {
        Value::Null => {}
        Value::Bytes(bytes) => compared.with(apply, bytes),
        other => compared.with(apply, other.to_string().as_bytes()),
    }
    let (counts, mut changes) = (compared.counts, compared.changes);
    if let Some(stat) = &stat {
        let perms = Perms::new(want.owned.user.clone(), want.owned.group.clone(), &want.owned.mode);
        changes.extend(perms.differing_of(host, Some(stat)));
        if let Some(attrs) = attr(&want.owned.attrs)
            && !crate::support::attrs::differing(host, place, &attrs)?.is_empty()
        {
            changes.insert("attrs".into(), attrs.into());
        }
    }
    Ok((counts, changes))
}

/// Gives what differs between a file and a source that was fetched already. With one of the
/// `ignore_` arguments: whether they differ in more than that, and what differs.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.check_file_meta /etc/httpd/conf.d/httpd.conf None salt://http/httpd.conf \
///     '{hash_type: md5, hsum: <md5sum>}' root root '755' None base
/// ```
#[function]
fn check_file_meta(
    cx: &Context<'_>,
    name: String,
    sfn: Option<String>,
    source: Value,
    source_sum: Value,
    user: Value,
    group: Value,
    mode: Value,
    attrs: Value,
    saltenv: String,
    #[default(Value::Null)] contents: Value,
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
) -> Result<Value> {
    let host = crate::support::look_only::LookOnly(cx.host);
    let apply = Apply { cx, host: &host };
    let want = Wanted {
        name,
        template: None,
        source,
        source_hash: Value::Null,
        source_hash_name: Value::Null,
        owned: Owned { user, group, mode, attrs },
        saltenv,
        context: Map::new(),
        skip_verify: false,
        verify_ssl,
        use_etag: false,
        signing: Signing::default(),
        more: Map::new(),
    };
    let sum = source_sum.as_map().cloned().unwrap_or_default();
    let got = Got { path: sfn.unwrap_or_default(), sum, comment: String::new() };
    let ignore = Ignore::new(ignore_ordering, ignore_whitespace, &ignore_comment_characters);
    let how = How { follow: follow_symlinks, ignore, new_file_diff };
    let (counts, changes) = meta(&apply, &want, &got, &contents, &how)?;
    Ok(match how.ignore.any() {
        true => vec![Value::from(counts), changes.into()].into(),
        false => changes.into(),
    })
}
