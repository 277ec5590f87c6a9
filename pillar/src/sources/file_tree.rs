//! `file_tree`: a folder per minion and per nodegroup, whose files are the values.

use std::path::{Path, PathBuf};

use halite_core::dictupdate::{self, Strategy};
use halite_core::glob::fnmatch;
use halite_core::{Error, Map, Result, Value};
use halite_render::{Pipe, TemplateRequest};

use super::{Call, Source, nodegroups};

/// The source.
pub static MODULE: Source = Source { name: "file_tree", pillar };

/// How deep folders may nest.
const DEPTH_MAX: usize = 64;
/// The largest file that becomes a value, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

const ARGUMENTS: [&str; 8] = [
    "root_dir",
    "follow_dir_links",
    "debug",
    "keep_newline",
    "render_default",
    "renderer_blacklist",
    "renderer_whitelist",
    "template",
];

/// Salt: `salt/pillar/file_tree.py` behaviour; contents that are no UTF-8 are bytes.
fn pillar(call: Call<'_>) -> Result<Value> {
    call.known(&ARGUMENTS)?;
    let Some(root) = call.argument(0, "root_dir").map(Value::to_string) else {
        tracing::error!("file_tree: no root_dir specified");
        return Ok(Value::from(Map::new()));
    };
    let mut merged = Map::new();
    for folder in roots(&call, &root) {
        if !folder.is_dir() {
            tracing::error!(
                "file_tree: root_dir {} does not exist or is not a directory",
                folder.display()
            );
            continue;
        }
        merged = merge(&merged, &one_root(&call, &folder)?);
    }
    Ok(merged.into())
}

fn merge(under: &Map, over: &Map) -> Map {
    dictupdate::merge(under, over, Strategy::Recurse, "", false)
}

/// The folder itself, or that folder below each root of the pillar environment.
fn roots(call: &Call<'_>, root: &str) -> Vec<PathBuf> {
    if root.starts_with('/') {
        return vec![PathBuf::from(root)];
    }
    let options = &call.compiler.options;
    let Some(env) = &options.pillarenv else {
        tracing::error!("file_tree: root_dir is relative but pillarenv is not set");
        return Vec::new();
    };
    let all = options.opts.map("pillar_roots");
    let roots = all.get(env.as_str()).and_then(Value::as_list).unwrap_or_default();
    roots.iter().map(|base| Path::new(&base.to_string()).join(root)).collect()
}

fn one_root(call: &Call<'_>, root: &Path) -> Result<Map> {
    let compiler = call.compiler;
    let mut merged = Map::new();
    let groups = nodegroups::groups(&compiler.options.opts);
    for name in groups.keys() {
        let folder = root.join("nodegroups").join(name);
        if !name.contains('/') && folder.is_dir() && nodegroups::is_in(compiler, &groups, name) {
            merged = merge(&merged, &tree(call, &folder, "", 0)?);
        }
    }
    // An id is no path: it has no `/` and is not `..`.
    let folder = root.join("hosts").join(compiler.who.id.as_str());
    if folder.is_dir() {
        merged = merge(&merged, &tree(call, &folder, "", 0)?);
    }
    Ok(merged)
}

/// A folder as a map; `prefix` is its path below the minion's folder.
fn tree(call: &Call<'_>, folder: &Path, prefix: &str, depth: usize) -> Result<Map> {
    if depth > DEPTH_MAX {
        let text = format!("{}: folders nest deeper than {DEPTH_MAX}", folder.display());
        return Err(Error::execution(text));
    }
    let follow = call.argument(1, "follow_dir_links").is_some_and(Value::truthy);
    let (mut folders, mut files) = (Map::new(), Map::new());
    let entries = std::fs::read_dir(folder).map_err(|why| Error::file("list", folder, why))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    for name in names {
        let path = folder.join(&name);
        let Ok(stat) = path.metadata() else {
            tracing::error!("file_tree: {}: not a regular file", path.display());
            continue;
        };
        let below = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if stat.is_dir() {
            let inner = match path.is_symlink() && !follow {
                true => Map::new(),
                false => tree(call, &path, &below, depth + 1)?,
            };
            folders.insert(name.into(), inner.into());
        } else if stat.is_file() && stat.len() <= FILE_BYTES_MAX {
            files.insert(name.into(), content(call, &path, &below)?);
        } else {
            tracing::error!("file_tree: {}: not a regular file, or too large", path.display());
        }
    }
    folders.extend(files);
    Ok(folders)
}

fn content(call: &Call<'_>, path: &Path, below: &str) -> Result<Value> {
    let mut bytes = std::fs::read(path).map_err(|why| Error::file("read", path, why))?;
    if bytes.ends_with(b"\n") && !keeps_newline(call, below) {
        bytes.pop();
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(binary) => return Ok(Value::bytes(binary.into_bytes())),
    };
    if !call.argument(7, "template").is_some_and(|template| *template == Value::Bool(true)) {
        return Ok(text.into());
    }
    let compiler = call.compiler;
    let rendered = compiler.with_apply(|apply| {
        let context = Map::new();
        let request = TemplateRequest {
            apply,
            files: compiler.deps.roots,
            saltenv: "base",
            sls: "",
            path: Some(path),
            context: &context,
        };
        let mut opts = compiler.options.opts.clone();
        for (position, name) in [(5, "renderer_blacklist"), (6, "renderer_whitelist")] {
            opts = opts.with(name, call.argument(position, name).cloned().unwrap_or_default());
        }
        let mut pipe = Pipe::new(&opts, compiler.deps.engine);
        if let Some(default) = call.argument(4, "render_default") {
            pipe = pipe.with_default(&default.to_string());
        }
        pipe.compile(&text, &request)
    });
    Ok(rendered?.into_value())
}

/// Whether the last line end of a file is part of its value.
fn keeps_newline(call: &Call<'_>, below: &str) -> bool {
    match call.argument(3, "keep_newline") {
        Some(Value::List(globs)) => globs.iter().any(|glob| fnmatch(below, &glob.to_string())),
        Some(flag) => flag.truthy(),
        None => false,
    }
}
