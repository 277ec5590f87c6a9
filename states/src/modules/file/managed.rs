//! `file.managed`: a file with a given content.

use std::path::{Path, PathBuf};

use halite_core::value::SubPath;
use halite_core::{
    Apply, Changes, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, state,
};

use super::shared::{
    back_up, failed, folder_of, is_dir, is_file, is_link, lexists, owner, real_path, refuse,
    split_lines, texts,
};
use crate::support::look_only::LookOnly;
use crate::support::perms::{Perms, make_dirs, normalize_mode, searchable};
use crate::support::source::{self, TemplateArgs};
use crate::support::{diff::diff, expand_user};

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&MANAGED]);

/// The mode that a temporary file has before it becomes the managed one.
const TEMPORARY: &str = "0600";

/// What the file is to be.
struct Want {
    path: PathBuf,
    name: String,
    source: Value,
    source_hash: Value,
    skip_verify: bool,
    contents: Option<Value>,
    newline: bool,
    template: Option<TemplateArgs>,
    encoding: Option<String>,
    perms: Perms,
    keep_mode: bool,
    makedirs: bool,
    dir_mode: Value,
    replace: bool,
    show_changes: bool,
    new_file_diff: bool,
    backup: Value,
    follow: bool,
    check_cmd: Value,
}

/// The content that is wanted, with the mode of its source.
#[derive(Default)]
struct Content {
    bytes: Option<Vec<u8>>,
    from_source: bool,
    mode: Option<u32>,
}

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
fn managed<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(Value::Null)] source: Value,
    #[default(Value::str(""))] source_hash: Value,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default(Value::Null)] mode: Value,
    #[default(None)] template: Option<String>,
    #[default(false)] makedirs: bool,
    #[default(Value::Null)] dir_mode: Value,
    #[default(Value::Null)] context: Value,
    #[default(true)] replace: bool,
    #[default(Value::Null)] defaults: Value,
    #[default(Value::str(""))] backup: Value,
    #[default(true)] show_changes: bool,
    #[default(true)] create: bool,
    #[default(Value::Null)] contents: Value,
    #[default(Value::Null)] contents_pillar: Value,
    #[default(Value::Null)] contents_grains: Value,
    #[default(true)] contents_newline: bool,
    #[default(":".into())] contents_delimiter: String,
    #[default(None)] encoding: Option<String>,
    #[default(true)] allow_empty: bool,
    #[default(true)] follow_symlinks: bool,
    #[default(Value::Null)] check_cmd: Value,
    #[default(false)] skip_verify: bool,
    #[default(false)] new_file_diff: bool,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let given = Given { contents, contents_pillar, contents_grains, allow_empty };
    let keep_mode = mode.as_str().is_some_and(|mode| mode.eq_ignore_ascii_case("keep"));
    let perms =
        Perms::new(owner(user, &kwargs), group, if keep_mode { &Value::Null } else { &mode });
    let contents = match given.find(cx, &source, keep_mode, &contents_delimiter) {
        Ok(contents) => contents,
        Err(fault) => return refuse(fault),
    };
    let name = expand_user(cx, &name);
    let replace = replace && (source.truthy() || contents.is_some());
    let template = match template_args(template, &defaults, &context) {
        Ok(template) => template,
        Err(fault) => return refuse(fault),
    };
    let want = Want {
        path: PathBuf::from(&name),
        name,
        source,
        source_hash,
        skip_verify,
        contents,
        newline: contents_newline,
        template,
        encoding,
        perms,
        keep_mode,
        makedirs,
        dir_mode,
        replace,
        show_changes,
        new_file_diff,
        backup,
        follow: follow_symlinks,
        check_cmd,
    };
    judge(cx, want, create)
}

fn template_args(
    template: Option<String>,
    defaults: &Value,
    context: &Value,
) -> Result<Option<TemplateArgs>, &'static str> {
    let map = |value: &Value, fault| match value {
        Value::Map(map) => Ok((**map).clone()),
        other if !other.truthy() => Ok(Map::new()),
        _ => Err(fault),
    };
    let mut all = map(defaults, "Defaults must be formed as a dict")?;
    all.extend(map(context, "Context must be formed as a dict")?);
    let template = template.filter(|template| !template.is_empty());
    Ok(template.map(|template| TemplateArgs { template, context: all }))
}

/// The arguments that say what the content is.
struct Given {
    contents: Value,
    contents_pillar: Value,
    contents_grains: Value,
    allow_empty: bool,
}

impl Given {
    /// The content, if one of them is given. The fault is a comment.
    fn find(
        &self,
        cx: &Context<'_>,
        source: &Value,
        keep_mode: bool,
        delimiter: &str,
    ) -> Result<Option<Value>, String> {
        let all = "'contents', 'contents_pillar', or 'contents_grains'";
        let sources = [&self.contents, &self.contents_pillar, &self.contents_grains];
        let count = sources.iter().filter(|value| !value.is_null()).count();
        if source.truthy() && count > 0 {
            return Err(format!("'source' cannot be used in combination with {all}"));
        }
        if keep_mode && count > 0 {
            return Err(format!("Mode preservation cannot be used in combination with {all}"));
        }
        if count > 1 {
            return Err(
                "Only one of 'contents', 'contents_pillar', and 'contents_grains' is permitted"
                    .into(),
            );
        }
        let (found, id) = if !self.contents_pillar.is_null() {
            let data = Value::from(std::sync::Arc::clone(cx.pillar));
            let found = look_up(&data, &self.contents_pillar, delimiter);
            let fault = |path| format!("Pillar {path} does not exist");
            (Some(found.map_err(fault)?), format!("contents_pillar {}", self.contents_pillar))
        } else if !self.contents_grains.is_null() {
            let data = Value::from(std::sync::Arc::clone(cx.grains));
            let found = look_up(&data, &self.contents_grains, delimiter);
            let fault = |path| format!("Grain {path} does not exist");
            (Some(found.map_err(fault)?), format!("contents_grains {}", self.contents_grains))
        } else {
            let given = Some(self.contents.clone()).filter(|contents| !contents.is_null());
            (given, "'contents'".into())
        };
        match &found {
            Some(value) if !self.allow_empty && !value.truthy() => Err(format!(
                "{id} value would result in empty contents. Set allow_empty to True to allow the \
                 managed file to be empty."
            )),
            Some(Value::List(items)) if items.is_empty() => Err(
                "Contents specified by contents/contents_pillar/contents_grains is not a string \
                 or list of strings, and is not binary data. SLS is likely malformed."
                    .into(),
            ),
            _ => Ok(found),
        }
    }
}

/// One path or several, joined by line ends. The fault is the path that is not there.
fn look_up(data: &Value, paths: &Value, delimiter: &str) -> Result<Value, String> {
    let get = |path: &str| data.traverse(path, delimiter).cloned().ok_or_else(|| path.to_owned());
    match paths {
        Value::List(paths) => {
            let parts = paths.iter().map(|path| get(&path.to_string()).map(|v| v.to_string()));
            Ok(parts.collect::<Result<Vec<_>, _>>()?.join("\n").into())
        }
        path => get(&path.to_string()),
    }
}

/// Looks, and says what to do. In test mode all is looked at now; else when it is done, so that
/// templates are rendered once.
fn judge<'a>(cx: &Context<'a>, want: Want, create: bool) -> Result<Verdict<'a>> {
    if want.name.is_empty() {
        return refuse("Destination file name is required");
    }
    if !create && !is_file(cx.host, &want.path) {
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
    if is_dir(cx.host, &want.path) {
        return refuse(format!("Specified target {} is a directory", want.name));
    }
    if cx.test() {
        return Ok(Verdict::Settled(predict(cx, &want)?));
    }
    Ok(Verdict::change(Outcome::default(), move |apply| match deed(apply, &want) {
        Ok(outcome) => Ok(outcome),
        Err(error) => Ok(failed(format!("Unable to manage file: {error}"))),
    }))
}

/// What test mode says.
fn predict(cx: &Context<'_>, want: &Want) -> Result<Outcome> {
    let name = &want.name;
    if !want.replace && cx.host.exists(&want.path) {
        let changes = want.perms.differing(cx.host, &want.path, want.follow)?;
        let stat = cx.host.metadata(&want.path)?;
        let comment = match (changes.get("mode"), stat) {
            (Some(mode), Some(stat)) => format!(
                "File {name} will be updated with permissions {mode} from its current state of \
                 {:04o}",
                stat.mode
            ),
            _ => format!("File {name} not updated"),
        };
        let result = if changes.is_empty() { Some(true) } else { None };
        return Ok(Outcome { result, comment, changes, ..Outcome::default() });
    }
    let host = LookOnly(cx.host);
    let content = match content(&Apply { cx, host: &host }, want)? {
        Ok(content) => content,
        Err(fault) => return Ok(failed(fault)),
    };
    let mut changes = Changes::new();
    let there = cx.host.exists(&want.path);
    if !there && !want.new_file_diff {
        changes.insert("newfile".into(), name.as_str().into());
    } else {
        let have = if there { cx.host.read(&want.path)? } else { Vec::new() };
        if let Some(diff) = content.bytes.as_ref().and_then(|bytes| diff(&have, bytes)) {
            changes.insert("diff".into(), shown_diff(cx, want, diff).into());
        }
        let perms = with_source_mode(want, &content);
        changes.extend(perms.differing(cx.host, &want.path, want.follow)?);
    }
    if changes.is_empty() {
        return Ok(Outcome::new(Some(true), format!("The file {name} is in the correct state")));
    }
    let comment = format!(
        "The file {name} is set to be changed\nNote: No changes made, actual changes may\nbe \
         different due to other states."
    );
    Ok(Outcome::would(comment, changes))
}

fn shown_diff(cx: &Context<'_>, want: &Want, diff: String) -> String {
    if cx.opts.bool("obfuscate_templates") {
        "<Obfuscated Template>".into()
    } else if want.show_changes {
        diff
    } else {
        "<show_changes=False>".into()
    }
}

fn with_source_mode(want: &Want, content: &Content) -> Perms {
    let mut perms = want.perms.clone();
    if let Some(mode) = content.mode.filter(|_| want.keep_mode) {
        perms.mode = Some(format!("{mode:04o}"));
    }
    perms
}

/// The content from `contents` or from the source, rendered. The inner fault is a comment.
fn content(apply: &Apply<'_>, want: &Want) -> Result<Result<Content, String>> {
    if let Some(given) = &want.contents {
        if let Value::Bytes(bytes) = given {
            return Ok(Ok(Content { bytes: Some(bytes.to_vec()), ..Content::default() }));
        }
        let mut text = String::new();
        for line in texts(given).iter().flat_map(|part| split_lines(part)) {
            text += line;
            text.push('\n');
        }
        if !want.newline {
            text.truncate(text.trim_end_matches(['\n', '\r']).len());
        }
        if let Some(with) = &want.template {
            match source::render(apply, &text, None, with, own_names(apply, want, ""))? {
                Ok(rendered) => text = rendered,
                Err(fault) => return Ok(Err(fault)),
            }
        }
        let bytes = encode(&text, want.encoding.as_deref())?;
        return Ok(Ok(Content { bytes: Some(bytes), ..Content::default() }));
    }
    if !want.source.truthy() {
        return Ok(Ok(Content::default()));
    }
    let (url, hash) = source::choose(apply.cx, &want.source, &want.source_hash)?;
    let found = match source::fetch(apply.cx, &url, &hash, want.skip_verify)? {
        Ok(found) => found,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut bytes = apply.host.read(&found.path)?;
    if let Some(fault) = wrong_hash(apply, want, &found, &hash)? {
        return Ok(Err(fault));
    }
    if let Some(with) = &want.template {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let own = own_names(apply, want, &url);
        match source::render(apply, &text, Some(&found.path), with, own)? {
            Ok(rendered) => bytes = rendered.into_bytes(),
            Err(fault) => return Ok(Err(fault)),
        }
    }
    Ok(Ok(Content { bytes: Some(bytes), from_source: true, mode: found.mode }))
}

fn own_names(apply: &Apply<'_>, want: &Want, url: &str) -> Map {
    let mut own = source::own_names(&want.name, url, &want.perms);
    let texts = apply.job.note(super::accumulated::NOTE);
    if let Some(texts) = texts.as_ref().and_then(|all| all.get(&want.name)) {
        own.insert("accumulator".into(), texts.clone());
    }
    own
}

/// The complaint about a source from elsewhere whose digest is not the given one.
fn wrong_hash(
    apply: &Apply<'_>,
    want: &Want,
    found: &source::Source,
    hash: &Value,
) -> Result<Option<String>> {
    if want.skip_verify || !hash.truthy() || found.url.starts_with("salt://") {
        return Ok(None);
    }
    let Some((kind, wanted)) = source::parse_hash(&hash.to_string()) else { return Ok(None) };
    let path = found.path.display().to_string();
    let actual: String = apply.call("file.get_hash", args![path, kind.as_str()])?;
    Ok((actual != wanted).then(|| {
        format!(
            "Specified {kind} checksum for {} ({wanted}) does not match actual checksum ({actual}). \
             If the 'source_hash' value refers to a remote file with multiple possible matches, then \
             it may be necessary to set 'source_hash_name'.",
            found.url
        )
    }))
}

/// A text in an encoding by Python's name: UTF-8, Latin-1 or ASCII.
fn encode(text: &str, encoding: Option<&str>) -> Result<Vec<u8>> {
    let name = encoding.unwrap_or("utf-8").to_lowercase().replace('_', "-");
    let most = match name.as_str() {
        "utf-8" | "utf8" => return Ok(text.as_bytes().to_vec()),
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => 0xff,
        "ascii" | "us-ascii" => 0x7f,
        _ => {
            let what = format!("unknown encoding: {name}; known are utf-8, latin-1, ascii");
            return Err(halite_core::Error::execution(what));
        }
    };
    let byte = |c: char| match u8::try_from(u32::from(c)) {
        Ok(byte) if byte <= most => Ok(byte),
        _ => Err(halite_core::Error::execution(format!(
            "'{name}' codec can't encode character {c:?}"
        ))),
    };
    text.chars().map(byte).collect()
}

fn deed(apply: &Apply<'_>, want: &Want) -> Result<Outcome> {
    let (host, name) = (apply.host, &want.name);
    if !want.replace && host.exists(&want.path) {
        let (changes, faults) = want.perms.enforce(host, &want.path, want.follow)?;
        let comment = match (changes.is_empty(), faults.is_empty()) {
            (true, true) => format!("File {name} exists with proper permissions. No changes made."),
            _ => faults.join("\n"),
        };
        return Ok(Outcome {
            result: Some(faults.is_empty()),
            comment,
            changes,
            ..Outcome::default()
        });
    }
    let content = match content(apply, want)? {
        Ok(content) => content,
        Err(fault) => return Ok(failed(format!("Unable to manage file: {fault}"))),
    };
    let there = lexists(host, &want.path);
    if want.check_cmd.truthy() {
        let have = if is_file(host, &want.path) { Some(host.read(&want.path)?) } else { None };
        if let Some(bytes) = content.bytes.as_ref().filter(|bytes| have.as_ref() != Some(*bytes))
            && let Some(refused) = run_check_cmd(apply, want, bytes)?
        {
            return Ok(refused);
        }
    }
    if there { update(apply, want, &content) } else { create_file(apply, want, &content) }
}

/// Asks `check_cmd` about the new content, in a file of its own.
fn run_check_cmd(apply: &Apply<'_>, want: &Want, bytes: &[u8]) -> Result<Option<Outcome>> {
    let name = format!(".salt-check-{:x}", apply.host.now_micros());
    let temp = std::env::temp_dir().join(name);
    apply.host.write_atomic(&temp, bytes, Some(0o600))?;
    let command = format!("{} {}", want.check_cmd, temp.display());
    let ran: Result<Value> =
        apply.call_value("cmd.run_all", args![command; python_shell = true, ignore_retcode = true]);
    apply.host.remove_file(&temp)?;
    let ran = ran?;
    if ran.get("retcode").and_then(Value::as_i64) == Some(0) {
        return Ok(None);
    }
    let mut comment = "check_cmd execution failed".to_owned();
    for stream in ["stdout", "stderr"] {
        if let Some(text) = ran.get(stream).filter(|text| text.truthy()) {
            comment += &format!("\n{text}");
        }
    }
    Ok(Some(failed(comment).with("skip_watch", true)))
}

fn update(apply: &Apply<'_>, want: &Want, content: &Content) -> Result<Outcome> {
    let (host, name) = (apply.host, &want.name);
    let mut changes = Changes::new();
    let link = is_link(host, &want.path);
    let real = if link && want.follow { real_path(host, &want.path) } else { want.path.clone() };
    if let Some(bytes) = &content.bytes {
        if link && !want.follow {
            host.remove_file(&want.path)?;
            host.write_atomic(&want.path, bytes, None)?;
            changes.insert("diff".into(), "Replace symbolic link with regular file".into());
        } else {
            let have = if host.exists(&real) { host.read(&real)? } else { Vec::new() };
            if let Some(diff) = diff(&have, bytes) {
                back_up(apply, &want.backup, &real)?;
                host.write_atomic(&real, bytes, None)?;
                changes.insert("diff".into(), shown_diff(apply.cx, want, diff).into());
            }
        }
    }
    let perms = with_source_mode(want, content);
    let (more, faults) = perms.enforce(host, &want.path, want.follow)?;
    changes.extend(more);
    let comment = if !changes.is_empty() {
        format!("File {name} updated")
    } else if faults.is_empty() {
        format!("File {name} is in the correct state")
    } else {
        faults.join("\n")
    };
    Ok(Outcome { result: Some(faults.is_empty()), comment, changes, ..Outcome::default() })
}

/// The mode of folders made for a file: the file's, searchable where it is readable.
fn folder_mode(want: &Want) -> Option<String> {
    normalize_mode(&want.dir_mode).or_else(|| want.perms.mode.as_deref().map(searchable))
}

fn create_file(apply: &Apply<'_>, want: &Want, content: &Content) -> Result<Outcome> {
    let (host, name) = (apply.host, &want.name);
    let folder = folder_of(&want.path);
    if !is_dir(host, folder) {
        if !want.makedirs {
            return Ok(failed("Parent directory not present"));
        }
        let perms = Perms { mode: folder_mode(want), ..want.perms.clone() };
        make_dirs(host, folder, &perms)?;
    }
    let perms = with_source_mode(want, content);
    let bits = perms.mode.as_deref().map(crate::support::perms::mode_bits).transpose()?;
    let bytes = content.bytes.clone().unwrap_or_default();
    host.write_atomic(&want.path, &bytes, bits)?;
    let mut changes = Changes::new();
    let mut comment = format!("File {name} updated");
    if content.bytes.is_none() {
        changes.insert("new".into(), format!("file {name} created").into());
        comment = "Empty file".into();
    } else {
        let shown = diff(b"", &bytes).filter(|_| want.new_file_diff);
        changes.insert("diff".into(), shown.unwrap_or_else(|| "New file".into()).into());
    }
    let (more, faults) = perms.enforce(host, &want.path, true)?;
    changes.extend(more);
    if content.from_source || perms.mode.is_some() {
        let mode = mode_at(apply, &want.path)?;
        if mode != TEMPORARY {
            changes.insert("mode".into(), mode.into());
        }
    }
    if !faults.is_empty() {
        comment = faults.join("\n");
    }
    Ok(Outcome { result: Some(faults.is_empty()), comment, changes, ..Outcome::default() })
}

fn mode_at(apply: &Apply<'_>, path: &Path) -> Result<String> {
    let stat = apply.host.metadata(path)?;
    Ok(stat.map_or_else(|| TEMPORARY.into(), |stat| format!("{:04o}", stat.mode)))
}
