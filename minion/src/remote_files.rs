//! `salt://` files of the master, through the cache on this machine.

use std::io::{Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use halite_core::files::{FileClient, Found, Listing};
use halite_core::{Error, Map, Opts, Result, SaltEnv, Value, map};
use halite_render::files::{HashType, digest};
use halite_wire::load::FILE_MANIFEST;

use crate::asker::Asker;
use crate::limits;
use crate::snapshot::Snapshot;

/// Level of compression asked of the master.
const GZIP_LEVEL: i64 = 3;
/// Largest piece that is unpacked, bytes: a master's `file_buffer_size` is 1 MiB by default.
const PIECE_BYTES: u64 = 64 * 1024 * 1024;

/// A digest and what made it.
type Digest = (HashType, String);

/// The master's files.
pub(crate) struct RemoteFiles {
    asker: Asker,
    cache: PathBuf,
    id: String,
}

impl RemoteFiles {
    /// Over the way to the master.
    pub(crate) fn new(asker: Asker, opts: &Opts) -> RemoteFiles {
        RemoteFiles { asker, cache: opts.path("cachedir"), id: opts.str("id").to_owned() }
    }

    fn ask(&self, cmd: &str, path: &str, env: &SaltEnv, more: Map) -> Result<Value> {
        let mut load = map! {"path" => path, "saltenv" => env.as_str()};
        load.extend(more);
        self.asker.ask(cmd, load)
    }

    /// Where the cached copy of a file stands. The path is taken apart so that no part of it leads
    /// elsewhere.
    pub(crate) fn place(&self, path: &str, env: &SaltEnv) -> Result<PathBuf> {
        let plain = |part: &Component<'_>| matches!(part, Component::Normal(_));
        if path.is_empty() || !Path::new(path).components().all(|part| plain(&part)) {
            return Err(Error::bad_name("path of a salt:// file", path, "it leads elsewhere"));
        }
        Ok(self.cache.join("files").join(env.as_str()).join(path))
    }

    /// The manifest of an environment, if it is not the one with the mark `known`.
    pub(crate) fn ask_manifest(&self, env: &SaltEnv, known: &str) -> Result<Value> {
        self.asker.ask(FILE_MANIFEST, map! {"saltenv" => env.as_str(), "known" => known})
    }

    /// Writes a file below the cache in one step.
    pub(crate) fn keep(&self, path: &Path, content: &[u8]) -> Result<()> {
        let folder = path.parent().unwrap_or(&self.cache);
        fs::create_dir_all(folder).map_err(|error| Error::file("make", folder, error))?;
        let temp = folder.join(temporary(path));
        let done = fs::write(&temp, content).and_then(|()| fs::rename(&temp, path));
        done.map_err(|error| Error::file("write", path, error))
    }

    /// Hash and mode of the master's copy, in one question.
    fn remote_hash(&self, path: &str, env: &SaltEnv) -> Result<Option<(Digest, Option<u32>)>> {
        let reply = self.ask("_file_hash_and_stat", path, env, Map::new())?;
        let parts = reply.as_list().unwrap_or_default();
        let hash = parts.first().cloned().unwrap_or_default();
        let stat = parts.get(1).and_then(Value::as_list).unwrap_or_default();
        let mode = stat.first().and_then(Value::as_i64).and_then(|mode| u32::try_from(mode).ok());
        let text = |name: &str| hash.get(name).and_then(Value::as_str);
        match (text("hash_type").and_then(HashType::parse), text("hsum")) {
            (Some(hash_type), Some(hsum)) if !hsum.is_empty() => {
                Ok(Some(((hash_type, hsum.to_owned()), mode.map(|mode| mode & 0o7777))))
            }
            _ => Ok(None),
        }
    }

    /// Fetches all pieces into a file beside the place, which then takes it.
    fn fetch(&self, path: &str, env: &SaltEnv, place: &Path) -> Result<bool> {
        let folder = place.parent().unwrap_or(&self.cache);
        fs::create_dir_all(folder).map_err(|error| Error::file("make", folder, error))?;
        let temp = folder.join(temporary(place));
        let fail = |error| Error::file("write", &temp, error);
        let written =
            fs::File::create(&temp).map_err(fail).and_then(|file| self.pieces(path, env, file));
        let done = match written {
            Ok(true) => fs::rename(&temp, place).map(|()| true).map_err(fail),
            other => other,
        };
        if !matches!(done, Ok(true)) {
            // Half a file is of no use to anybody.
            let _ = fs::remove_file(&temp);
        }
        done
    }

    /// Writes piece after piece; whether the file is there at all.
    fn pieces(&self, path: &str, env: &SaltEnv, mut file: fs::File) -> Result<bool> {
        let mut loc: u64 = 0;
        loop {
            let more = map! {"loc" => loc, "gzip" => GZIP_LEVEL};
            let piece = self.ask("_serve_file", path, env, more)?;
            let data = piece.get("data").and_then(Value::as_bytes).unwrap_or_default();
            if data.is_empty() {
                return Ok(loc > 0 || piece.get("dest").is_some_and(Value::truthy));
            }
            let packed = piece.get("gzip").is_some_and(Value::truthy);
            let bytes = if packed { unpack(data) } else { Ok(data.to_vec()) };
            let bytes = bytes
                .map_err(|error| Error::execution(format!("salt://{path}: bad piece: {error}")))?;
            if bytes.is_empty() {
                return Err(Error::execution(format!("salt://{path}: a piece unpacks to nothing")));
            }
            loc += bytes.len() as u64;
            if loc > limits::FILE_BYTES {
                let most = limits::FILE_BYTES;
                return Err(Error::execution(format!("salt://{path} has more than {most} bytes")));
            }
            file.write_all(&bytes).map_err(|error| Error::file("write", path, error))?;
        }
    }

    fn texts(&self, cmd: &str, env: &SaltEnv, prefix: &str) -> Result<Vec<String>> {
        let load = map! {"saltenv" => env.as_str(), "prefix" => prefix};
        let list = self.asker.ask(cmd, load)?;
        let items = list.as_list().unwrap_or_default();
        let mut paths: Vec<String> =
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        paths.sort();
        Ok(paths)
    }
}

/// A name beside `place` that no other thread takes.
fn temporary(place: &Path) -> String {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let unique = format!("{:?}", std::thread::current().id());
    let unique: String = unique.chars().filter(char::is_ascii_digit).collect();
    format!(".{name}.{}.{unique}", std::process::id())
}

fn unpack(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = flate2::read::GzDecoder::new(data).take(PIECE_BYTES + 1).read_to_end(&mut bytes)?;
    if read as u64 > PIECE_BYTES {
        return Err(io::Error::other("it unpacks to more than 64 MiB"));
    }
    Ok(bytes)
}

impl FileClient for RemoteFiles {
    fn snapshot(&self) -> Option<Box<dyn FileClient + '_>> {
        Some(Box::new(Snapshot::new(self)))
    }

    fn envs(&self) -> Result<Vec<SaltEnv>> {
        let envs = self.asker.ask("_file_envs", Map::new())?;
        let names = envs.as_list().unwrap_or_default().iter().filter_map(Value::as_str);
        names.map(SaltEnv::parse).collect()
    }

    fn list(&self, env: &SaltEnv, what: Listing, prefix: &str) -> Result<Vec<String>> {
        let cmd = match what {
            Listing::Files => "_file_list",
            Listing::Dirs => "_dir_list",
            Listing::EmptyDirs => "_file_list_emptydirs",
        };
        self.texts(cmd, env, prefix)
    }

    fn cache_file(&self, path: &str, env: &SaltEnv) -> Result<Option<Found>> {
        let place = self.place(path, env)?;
        let Some(((hash_type, wanted), mode)) = self.remote_hash(path, env)? else {
            return Ok(None);
        };
        let has = |place: &Path| {
            let file = fs::File::open(place).ok()?;
            digest(hash_type, file).ok()
        };
        if has(&place).as_deref() != Some(wanted.as_str()) {
            if !self.fetch(path, env, &place)? {
                return Ok(None);
            }
            let found = has(&place);
            if found.as_deref() != Some(wanted.as_str()) {
                // It may have changed between the two questions: the hash of now decides.
                let now = self.remote_hash(path, env)?.map(|((_, hash), _)| hash);
                if found != now {
                    let what = format!("salt://{path}: the copy does not have the master's hash");
                    return Err(Error::execution(what));
                }
            }
        }
        Ok(Some(Found { path: place, mode }))
    }

    fn hash_file(&self, path: &str, env: &SaltEnv) -> Result<Option<(String, String)>> {
        let hash = self.remote_hash(path, env)?;
        Ok(hash.map(|((hash_type, hsum), _)| (hash_type.name().to_owned(), hsum)))
    }

    fn symlinks(&self, env: &SaltEnv, prefix: &str) -> Result<Map> {
        let load = map! {"saltenv" => env.as_str(), "prefix" => prefix};
        Ok(self.asker.ask("_symlink_list", load)?.as_map().cloned().unwrap_or_default())
    }

    fn master_opts(&self) -> Result<Map> {
        Ok(self.asker.ask("_master_opts", Map::new())?.as_map().cloned().unwrap_or_default())
    }

    fn master_tops(&self) -> Result<Map> {
        let load = map! {"opts" => map! {"id" => self.id.as_str()}};
        Ok(self.asker.ask("_master_tops", load)?.as_map().cloned().unwrap_or_default())
    }

    fn cache_dir(&self) -> PathBuf {
        self.cache.clone()
    }
}
