//! `slsutil`: what formulas need of the renderers and of merging.
//! Salt: `salt/modules/slsutil.py` behaviour.

use std::path::{Path, PathBuf};

use halite_core::dictupdate::{self, Strategy, Update};
use halite_core::files::{Listing, SaltUrl};
use halite_core::{Apply, Context, Error, ExecModule, Map, Result, SaltEnv, Value, args, function};
use halite_render::{Pipe, TemplateRequest, serializers};

use crate::support::templates;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "slsutil",
    &[
        &UPDATE,
        &MERGE,
        &MERGE_ALL,
        &RENDERER,
        &SERIALIZE,
        &DESERIALIZE,
        &BANNER,
        &BOOLSTR,
        &FILE_EXISTS,
        &DIR_EXISTS,
        &PATH_EXISTS,
        &FINDUP,
    ],
);

/// What a template without a file has in place of its path.
const NO_FILE: &str = ":string:";

/// Merges a map into another, recursively.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.update '{foo: Foo}' '{bar: Bar}'
/// ```
#[function]
fn update(
    dest: Map,
    upd: Map,
    #[default(true)] recursive_update: bool,
    /// Join lists.
    #[default(false)]
    merge_lists: bool,
) -> Result<Map> {
    let mut merged = dest;
    let how = Update { recursive: recursive_update, merge_lists, strict: false };
    dictupdate::update(&mut merged, &upd, how)?;
    Ok(merged)
}

/// Merges a map over another by a strategy: aggregate, list, overwrite, recurse or smart.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.merge '{foo: Foo}' '{bar: Bar}'
/// ```
#[function]
fn merge(
    obj_a: Map,
    obj_b: Map,
    #[default("smart".into())] strategy: String,
    /// The renderer, which decides what `smart` is.
    #[default("yaml".into())]
    renderer: String,
    #[default(false)] merge_lists: bool,
) -> Map {
    dictupdate::merge(&obj_a, &obj_b, by_name(&strategy), &renderer, merge_lists)
}

/// Merges maps over each other, in order.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.merge_all '[{foo: Foo}, {foo: Bar}]'
/// ```
#[function]
fn merge_all(
    lst: Vec<Map>,
    #[default("smart".into())] strategy: String,
    #[default("yaml".into())] renderer: String,
    #[default(false)] merge_lists: bool,
) -> Map {
    let strategy = by_name(&strategy);
    let mut merged = Map::new();
    for over in &lst {
        merged = dictupdate::merge(&merged, over, strategy, &renderer, merge_lists);
    }
    merged
}

fn by_name(strategy: &str) -> Strategy {
    Strategy::parse(strategy).unwrap_or_else(|| {
        tracing::warn!("Unknown merging strategy '{strategy}', fallback to recurse");
        Strategy::None
    })
}

/// Renders a file or a text through a renderer pipe.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.renderer salt://path/to/file
/// salt '*' slsutil.renderer /path/to/file.jinja default_renderer='jinja'
/// salt '*' slsutil.renderer string='Hello, {{ name }}.' default_renderer=jinja name='world'
/// ```
#[function]
fn renderer(
    apply: &Apply<'_>,
    /// A file: `salt://`, another URL, or a path on this machine.
    #[default(None)]
    path: Option<String>,
    /// A text, in place of a file.
    #[default(None)]
    string: Option<String>,
    /// The pipe, unless the first line names one.
    #[default("jinja|yaml".into())]
    default_renderer: String,
    /// `saltenv`, `sls`, `context`, and variables for the template.
    #[kwargs]
    kwargs: Map,
) -> Result<Value> {
    let (path, string) = (path.filter(|p| !p.is_empty()), string.filter(|s| !s.is_empty()));
    let mut variables = Map::new();
    let (mut saltenv, mut sls) = ("base".to_owned(), String::new());
    for (name, value) in kwargs {
        match (name.as_str().unwrap_or_default(), value) {
            ("saltenv", value) => saltenv = value.to_string(),
            ("sls", value) => sls = value.to_string(),
            ("context", Value::Map(context)) => {
                variables.extend(context.iter().map(|(k, v)| (k.clone(), v.clone())));
            }
            (name, _) if name.starts_with("__pub_") => {}
            (_, value) => drop(variables.insert(name, value)),
        }
    }
    let engine = templates::engine();
    let pipe = Pipe::new(apply.opts, &engine).with_default(&default_renderer);
    let request = TemplateRequest {
        apply,
        files: apply.files,
        saltenv: &saltenv,
        sls: &sls,
        path: Some(Path::new(NO_FILE)),
        context: &variables,
    };
    let rendered = match (path, string) {
        (None, None) => {
            return Err(Error::usage("slsutil.renderer", "Must pass path or string."));
        }
        (Some(_), Some(_)) => {
            let what = "Must not pass both path and string.";
            return Err(Error::usage("slsutil.renderer", what));
        }
        (None, Some(text)) => pipe.compile(&text, &request)?,
        (Some(path), None) => match local(apply, &path, &saltenv)? {
            Some(file) => pipe.compile_file(&file, &request)?,
            None => {
                tracing::error!("Template does not exist: {path}");
                return Ok(Value::from(Map::new()));
            }
        },
    };
    Ok(rendered.into_value())
}

/// Where the file that a URL or path names can be read; `None` if it is not there.
fn local(apply: &Apply<'_>, path: &str, saltenv: &str) -> Result<Option<PathBuf>> {
    if let Some(url) = SaltUrl::parse(path)? {
        let env = url.saltenv.map_or_else(|| SaltEnv::parse(saltenv), Ok)?;
        return Ok(apply.files.cache_file(&url.path, &env)?.map(|found| found.path));
    }
    let file = match path.strip_prefix("file://") {
        Some(rest) => PathBuf::from(rest),
        None if path.contains("://") => {
            let cached: Value = apply.call("cp.get_url", args![path, ""; saltenv = saltenv])?;
            PathBuf::from(cached.to_string())
        }
        None => PathBuf::from(path),
    };
    Ok(apply.host.metadata(&file)?.is_some_and(|stat| stat.is_file()).then_some(file))
}

/// Writes data as text of a format.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.serialize json obj="{'foo': 'Foo!'}"
/// ```
#[function]
fn serialize(
    /// yaml, json or toml.
    serializer: String,
    obj: Value,
    /// Options of the format.
    #[kwargs]
    kwargs: Map,
) -> Result<String> {
    serializers::serialize(&serializer, &obj, &kwargs)
}

/// Reads data from text of a format.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.deserialize json '{"foo": "Foo!"}'
/// ```
#[function]
fn deserialize(
    /// yaml, json or toml.
    serializer: String,
    stream_or_string: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    match stream_or_string {
        Value::Str(text) => serializers::deserialize_with(&serializer, &text, &kwargs),
        // The command line has read it already.
        data => Ok(data),
    }
}

/// A block of comment lines for the head of a managed file.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.banner title='managed'
/// ```
#[function]
fn banner(
    #[default(72)] width: i64,
    #[default("#".into())] commentchar: String,
    #[default("#".into())] borderchar: String,
    #[default(None)] blockstart: Option<String>,
    #[default(None)] blockend: Option<String>,
    #[default("THIS FILE IS MANAGED BY SALT - DO NOT EDIT".into())] title: String,
    #[default("The contents of this file are managed by Salt. Any changes to this file may be \
               overwritten automatically and without warning.".into())]
    text: String,
    /// Whether the block ends with a line end.
    #[default(false)]
    newline: bool,
) -> Result<String> {
    let (left, right) = (commentchar.trim_end(), commentchar.trim());
    let count = |text: &str| text.chars().count();
    let width = usize::try_from(width).unwrap_or(0).min(BANNER_WIDTH_MAX);
    let inner = width.saturating_sub(count(left) + count(right) + 2);
    if inner == 0 {
        return Err(Error::execution("Width is too small to render banner"));
    }
    let first: String = borderchar.chars().take(1).collect();
    let border = first.repeat(width - count(left) - count(right));
    let border = format!("{commentchar}{border}{right}");
    let gap = " ".repeat(width.saturating_sub(2 * count(&commentchar)));
    let spacer = format!("{commentchar}{gap}{commentchar}");
    let mut block: Vec<String> = blockstart.into_iter().collect();
    block.extend([border.clone(), spacer.clone()]);
    for line in wrap(&title, inner) {
        // Python's `center` puts the odd space on the left if the width is odd.
        let free = inner - count(&line);
        let before = free / 2 + (free & inner & 1);
        let (before, after) = (" ".repeat(before), " ".repeat(free - before));
        block.push(format!("{left} {before}{line}{after} {right}"));
    }
    block.push(spacer);
    for line in wrap(&text, inner) {
        let after = " ".repeat(inner - count(&line));
        block.push(format!("{left} {line}{after} {right}"));
    }
    block.push(border);
    block.extend(blockend);
    Ok(block.join("\n") + if newline { "\n" } else { "" })
}

/// The widest banner, in columns.
const BANNER_WIDTH_MAX: usize = 10_000;

/// Breaks a text into lines of at most `width` characters; a word that is longer is cut where the
/// line it begins on is full. Salt: Python's `textwrap`.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        if let Some(line) = lines.last_mut() {
            let room = width.saturating_sub(line.chars().count() + 1);
            if word.len() <= room || (word.len() > width && room > 0) {
                let rest = word.split_off(word.len().min(room));
                line.push(' ');
                line.extend(word);
                word = rest;
            }
        }
        while !word.is_empty() {
            let rest = word.split_off(word.len().min(width));
            lines.push(word.into_iter().collect());
            word = rest;
        }
    }
    lines
}

/// One text or another, by the truth of a value.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.boolstr true yes no
/// ```
#[function]
fn boolstr(
    value: Value,
    #[default("true".into())] r#true: Value,
    #[default("false".into())] r#false: Value,
) -> Value {
    if value.truthy() { r#true } else { r#false }
}

fn listed(cx: &Context<'_>, path: &str, saltenv: &str, what: Listing) -> Result<bool> {
    let env = SaltEnv::parse(saltenv)?;
    Ok(cx.files.list(&env, what, path)?.iter().any(|known| known == path))
}

/// Whether a file is in the state tree.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.file_exists nginx/defaults.yaml
/// ```
#[function]
fn file_exists(
    cx: &Context<'_>,
    path: String,
    #[default("base".into())] saltenv: String,
) -> Result<bool> {
    listed(cx, &path, &saltenv, Listing::Files)
}

/// Whether a folder is in the state tree.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.dir_exists nginx/files
/// ```
#[function]
fn dir_exists(
    cx: &Context<'_>,
    path: String,
    #[default("base".into())] saltenv: String,
) -> Result<bool> {
    listed(cx, &path, &saltenv, Listing::Dirs)
}

/// Whether a file or folder is in the state tree.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.path_exists nginx/defaults.yaml
/// ```
#[function]
fn path_exists(
    cx: &Context<'_>,
    path: String,
    #[default("base".into())] saltenv: String,
) -> Result<bool> {
    exists(cx, &path, &saltenv)
}

fn exists(cx: &Context<'_>, path: &str, saltenv: &str) -> Result<bool> {
    Ok(listed(cx, path, saltenv, Listing::Files)? || listed(cx, path, saltenv, Listing::Dirs)?)
}

/// The nearest of some files in a folder of the state tree or one above it.
///
/// CLI Example:
///
/// ```text
/// salt '*' slsutil.findup formulas/shared/nginx map.jinja
/// ```
#[function]
fn findup(
    cx: &Context<'_>,
    /// Where to begin; empty for the root.
    startpath: String,
    filenames: Vec<String>,
    #[default("base".into())] saltenv: String,
) -> Result<String> {
    let parts = startpath.split('/').filter(|part| !part.is_empty() && *part != ".");
    let mut folder = parts.collect::<Vec<_>>().join("/");
    if !folder.is_empty() && !exists(cx, &folder, &saltenv)? {
        let what = format!("Starting path not found in the state tree: {folder}");
        return Err(Error::usage("slsutil.findup", what));
    }
    loop {
        for name in &filenames {
            let full = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if exists(cx, &full, &saltenv)? {
                return Ok(full);
            }
        }
        if folder.is_empty() {
            return Err(Error::execution("File pattern(s) not found in path ancestry"));
        }
        folder = folder.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fill_lines_and_long_ones_are_cut() {
        let lines = wrap("aa bb  cc ddddddd e", 5);
        assert_eq!(lines, ["aa bb", "cc dd", "ddddd", "e"]);
        assert!(wrap(" ", 5).is_empty());
    }

    #[test]
    fn parameters_have_pythons_names() {
        let names: Vec<&str> = BOOLSTR.spec.params.iter().map(|param| param.name).collect();
        assert_eq!(names, ["value", "true", "false"]);
    }
}
