//! The file server's answers. Paths are found and opened by the file roots, which let none lead out.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use halite_core::{Error, MinionId, Result, SaltEnv, Value, map};
use halite_wire::load::{FileRequest, Listing, Upload};

use super::{Outcome, Seal, Shared, answer_or};
use crate::requests::FileCommand;
use crate::{limits, private_file};

/// Options that every compile of a highstate needs.
const ENV_OPTS: [&str; 3] = ["top_file_merging_strategy", "env_order", "default_top"];
/// Options that compiling states needs besides.
const STATE_OPTS: [&str; 12] = [
    "renderer",
    "failhard",
    "state_top",
    "state_top_saltenv",
    "nodegroups",
    "state_auto_order",
    "state_events",
    "state_aggregate",
    "jinja_env",
    "jinja_sls_env",
    "jinja_lstrip_blocks",
    "jinja_trim_blocks",
];

pub(super) fn serve(seal: &Seal, command: FileCommand, shared: &Shared) -> Outcome {
    let otherwise = match &command {
        FileCommand::Serve { .. } => map! {"data" => "", "dest" => ""}.into(),
        FileCommand::Find(_) => map! {"path" => "", "rel" => ""}.into(),
        FileCommand::Hash(_) => Value::str(""),
        FileCommand::HashAndStat(_) => Value::list(["".into(), Value::Null]),
        FileCommand::List { what: Listing::Symlinks, .. } => halite_core::Map::new().into(),
        FileCommand::MasterOpts { .. } | FileCommand::Manifest { .. } => {
            halite_core::Map::new().into()
        }
        FileCommand::Envs | FileCommand::List { .. } => Value::list([]),
    };
    answer_or(seal, found(command, &otherwise, shared), &otherwise)
}

fn found(command: FileCommand, otherwise: &Value, shared: &Shared) -> Result<Value> {
    let roots = &shared.roots;
    let absent = || otherwise.clone();
    Ok(match command {
        FileCommand::MasterOpts { env_only } => master_opts(env_only, shared),
        FileCommand::Envs => roots.envs().into(),
        FileCommand::List { what, saltenv, prefix } => list(what, &saltenv, &prefix, shared),
        FileCommand::Find(file) => match roots.open(&file.path, &file.saltenv)? {
            // The path on this machine is nobody's business: both are the path below the root.
            Some(opened) => {
                let stat = stat(&opened.file).unwrap_or_default();
                map! {"path" => opened.rel.as_str(), "rel" => opened.rel, "stat" => stat}.into()
            }
            None => absent(),
        },
        FileCommand::Hash(file) => hash(&file, shared)?.unwrap_or_else(absent),
        FileCommand::HashAndStat(file) => match roots.open(&file.path, &file.saltenv)? {
            Some(opened) => {
                let stat = stat(&opened.file).unwrap_or_default();
                Value::list([hash(&file, shared)?.unwrap_or_default(), stat])
            }
            None => absent(),
        },
        FileCommand::Manifest { saltenv, known, asked } => {
            shared.manifests.answer(&shared.roots, &saltenv, &known, asked)?
        }
        FileCommand::Serve { file, loc, gzip } => {
            let chunk = roots.serve(&file.path, &file.saltenv, loc, limits::FILE_CHUNK_BYTES)?;
            let Some(chunk) = chunk else { return Ok(absent()) };
            let mut reply = map! {"dest" => chunk.dest};
            match gzip.filter(|_| !chunk.data.is_empty()) {
                Some(level) => {
                    reply.insert("data".into(), Value::bytes(compress(&chunk.data, level)?));
                    reply.insert("gzip".into(), level.into());
                }
                None => drop(reply.insert("data".into(), Value::bytes(chunk.data))),
            }
            reply.into()
        }
    })
}

fn compress(data: &[u8], level: u64) -> Result<Vec<u8>> {
    let level = u32::try_from(level.min(9)).unwrap_or(9);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    let failed =
        |error: std::io::Error| Error::execution(format!("cannot compress a file: {error}"));
    encoder.write_all(data).map_err(failed)?;
    encoder.finish().map_err(failed)
}

fn hash(file: &FileRequest, shared: &Shared) -> Result<Option<Value>> {
    let hash = shared.roots.hash(&file.path, &file.saltenv)?;
    let kind = shared.roots.hash_type().name();
    Ok(hash.map(|hex| map! {"hsum" => hex, "hash_type" => kind}.into()))
}

/// The fields of Python's `os.stat` in their order.
fn stat(file: &File) -> Option<Value> {
    let stat = file.metadata().ok()?;
    let unsigned = [u64::from(stat.mode()), stat.ino(), stat.dev(), stat.nlink()];
    let mut fields: Vec<Value> = unsigned.into_iter().map(Value::from).collect();
    fields.extend([Value::from(stat.uid()), stat.gid().into(), stat.size().into()]);
    fields.extend([stat.atime(), stat.mtime(), stat.ctime()].map(Value::from));
    Some(fields.into())
}

fn list(what: Listing, env: &SaltEnv, prefix: &str, shared: &Shared) -> Value {
    let tree = shared.roots.tree(env);
    let paths = match what {
        Listing::Files => &tree.files,
        Listing::Dirs => &tree.dirs,
        Listing::EmptyDirs => &tree.empty_dirs,
        Listing::Symlinks => return tree.links_below(prefix).into(),
    };
    let prefix = prefix.trim_matches('/');
    Value::list(paths.iter().filter(|path| path.starts_with(prefix)).map(Value::str))
}

/// What compiling a highstate on the minion needs to know. Salt: `RemoteFuncs._master_opts` behaviour.
fn master_opts(env_only: bool, shared: &Shared) -> Value {
    let roots = shared.roots.envs().into_iter().map(|env| (env, Value::list([])));
    let mut reply = map! {"file_roots" => Value::map(roots)};
    let names: &[&str] = if env_only { &[] } else { &STATE_OPTS };
    for name in ENV_OPTS.iter().chain(names) {
        let value = shared.opts.get(name).cloned().unwrap_or_default();
        reply.insert(Value::str(name), value);
    }
    reply.into()
}

pub(super) fn receive(seal: &Seal, upload: &Upload, shared: &Shared) -> Outcome {
    let result = store(seal.who(), upload, shared).map(Value::from);
    answer_or(seal, result, &false.into())
}

/// Stores a piece of a pushed file below `cachedir/minions/ID/files`. False if it is larger than allowed.
fn store(id: &MinionId, upload: &Upload, shared: &Shared) -> Result<bool> {
    let mib = u64::try_from(shared.opts.int("file_recv_max_size", 100)).unwrap_or(0);
    let end = upload.loc.saturating_add(upload.data.len() as u64);
    if upload.size.max(end) > mib.saturating_mul(1 << 20) {
        tracing::error!(%id, size = upload.size.max(end), "A pushed file exceeds file_recv_max_size");
        return Ok(false);
    }
    let folder = shared.opts.path("cachedir").join("minions").join(id.as_str()).join("files");
    // Every part is a plain name, as the wire has seen to.
    let parts = upload.path.iter().map(|part| &**part);
    let path = parts.fold(folder, |path: PathBuf, part| path.join(part));
    if let Some(parent) = path.parent() {
        private_file::make_dir(parent)?;
    }
    let write = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(upload.loc == 0).mode(0o600);
        let mut file = options.open(&path)?;
        file.seek(SeekFrom::Start(upload.loc))?;
        file.write_all(&upload.data)
    };
    write().map_err(|error| Error::file("write", &path, error))?;
    Ok(true)
}
