//! `archive.list` and `archive.is_encrypted`: what is in an archive.

use std::collections::BTreeSet;
use std::path::Path;

use halite_core::{Apply, Error, ExecModule, Map, Result, Value, args, function, map};

use super::shared::{cached, clean_up, located};
use crate::support::archive::zip::Zip;
use crate::support::archive::{Fault, Kind, Member, tarball};
use crate::support::shlex;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("archive", &[&LIST, &IS_ENCRYPTED]);

/// Ends of names by which an archive's format is guessed. Salt: `guess_archive_type`.
const ENDINGS: &[(&str, &str)] = &[
    (".tar", "tar"),
    (".tar.gz", "tar"),
    (".tgz", "tar"),
    (".tar.bz2", "tar"),
    (".tbz2", "tar"),
    (".tbz", "tar"),
    (".tar.xz", "tar"),
    (".txz", "tar"),
    (".tar.lzma", "tar"),
    (".tlz", "tar"),
    (".zip", "zip"),
    (".rar", "rar"),
];

/// Paths in an archive, by kind. Folders end in `/`.
#[derive(Default)]
struct Listing {
    dirs: Vec<String>,
    files: Vec<String>,
    links: Vec<String>,
}

/// Lists what is in an archive; with `verbose` by kind, with what is at the top.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.list /path/to/myfile.tar.gz
/// salt '*' archive.list salt://foo.tar.gz strip_components=1
/// salt '*' archive.list https://domain.tld/myfile.zip source_hash=f1d2d2f924e986ac86fdf7b36c94bcdf32beec15
/// ```
#[function]
fn list(
    apply: &Apply<'_>,
    /// Path or URL.
    name: String,
    /// `tar`, `zip` or `rar`; guessed by the name if not given.
    #[default(None)]
    archive_format: Option<String>,
    /// A command that decompresses a tar archive to its output.
    #[default(Value::Null)]
    options: Value,
    /// Parts of paths that are left out at their beginning.
    #[default(Value::Null)]
    strip_components: Value,
    /// Remove the archive afterwards.
    #[default(false)]
    clean: bool,
    #[default(false)] verbose: bool,
    #[default("base".into())] saltenv: String,
    #[default(Value::Null)] source_hash: Value,
    #[default(false)] use_etag: bool,
) -> Result<Value> {
    let file = cached(apply, &name, saltenv, source_hash, use_etag)?;
    let work = || -> Result<Value> {
        there(apply, &file).map_err(|what| {
            Error::execution(format!("Failed to list contents of {name}: {what}"))
        })?;
        let strip = strip_of(&strip_components)?;
        let format = match archive_format.filter(|format| !format.is_empty()) {
            Some(format) => format,
            None => guess(&name).map(str::to_owned).ok_or_else(|| {
                let what =
                    "Unable to guess archive format, please pass an 'archive_format' argument.";
                Error::execution(what)
            })?,
        };
        let mut found = match format.as_str() {
            "tar" => list_tar(apply, &name, &file, &options)?,
            "zip" => list_zip(apply, &name, &file)?,
            "rar" => list_rar(apply, &name)?,
            other => return Err(Error::execution(format!("Unsupported archive format '{other}'"))),
        };
        if clean {
            clean_up(apply, &file);
        }
        if strip > 0 {
            found.strip(strip);
        }
        Ok(if verbose { found.by_kind().into() } else { found.all().into() })
    };
    work().map_err(|error| located(error, &file))
}

/// Python's text for a file that is not there.
fn there(apply: &Apply<'_>, file: &str) -> Result<(), String> {
    match apply.host.exists(Path::new(file)) {
        true => Ok(()),
        false => Err(format!("[Errno 2] No such file or directory: '{file}'")),
    }
}

fn strip_of(value: &Value) -> Result<usize> {
    if !value.truthy() {
        return Ok(0);
    }
    let number = match value {
        Value::Str(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    };
    match number.and_then(|number| usize::try_from(number).ok()) {
        Some(number @ 1..) => Ok(number),
        _ => Err(Error::execution("'strip_components' must be a positive integer")),
    }
}

fn guess(name: &str) -> Option<&'static str> {
    // Of a URL, its path.
    let path = name
        .split_once("://")
        .map_or(name, |(_, rest)| rest.split(['?', '#']).next().unwrap_or(rest));
    let path = path.to_lowercase();
    ENDINGS.iter().find(|(end, _)| path.ends_with(end)).map(|(_, format)| *format)
}

impl Listing {
    fn of(members: Vec<Member>) -> Listing {
        let mut found = Listing::default();
        for Member { name, kind } in members {
            match kind {
                Kind::Dir => found.dirs.push(format!("{name}/")),
                Kind::Link => found.links.push(name),
                Kind::File => found.files.push(name),
            }
        }
        found
    }

    fn strip(&mut self, parts: usize) {
        for list in [&mut self.dirs, &mut self.files, &mut self.links] {
            let stripped = list.iter().filter_map(|path| path.splitn(parts + 1, '/').nth(parts));
            *list = stripped.filter(|path| !path.is_empty()).map(str::to_owned).collect();
        }
    }

    fn all(self) -> Vec<String> {
        let mut all = [self.dirs, self.files, self.links].concat();
        all.sort();
        all
    }

    fn by_kind(mut self) -> Map {
        [&mut self.dirs, &mut self.files, &mut self.links].into_iter().for_each(|list| list.sort());
        let slashes = |path: &&String| path.matches('/').count();
        let top = |list: &[String]| -> Vec<String> {
            list.iter().filter(|path| slashes(path) == 0).cloned().collect()
        };
        let mut top_dirs: Vec<String> =
            self.dirs.iter().filter(|path| slashes(path) == 1).cloned().collect();
        // Archives need not list the folder that all of them is in.
        let prefix = common_prefix(self.dirs.iter().chain(&self.files).chain(&self.links));
        if let Some((first, _)) = prefix.split_once('/') {
            let folder = format!("{first}/");
            if !top_dirs.contains(&folder) {
                top_dirs.push(folder);
            }
        }
        let (top_files, top_links) = (top(&self.files), top(&self.links));
        map! {
            "dirs" => self.dirs, "files" => self.files, "links" => self.links,
            "top_level_dirs" => top_dirs, "top_level_files" => top_files,
            "top_level_links" => top_links,
        }
    }
}

fn common_prefix<'a>(mut paths: impl Iterator<Item = &'a String>) -> String {
    let Some(first) = paths.next() else { return String::new() };
    let mut prefix: &str = first;
    for path in paths {
        let same = prefix.chars().zip(path.chars()).take_while(|(a, b)| a == b);
        prefix = &prefix[..same.map(|(c, _)| c.len_utf8()).sum()];
    }
    prefix.to_owned()
}

fn list_tar(apply: &Apply<'_>, name: &str, file: &str, options: &Value) -> Result<Listing> {
    let input = apply.host.open(Path::new(file))?;
    match tarball::open(input).and_then(|mut archive| tarball::members(&mut archive)) {
        Ok(members) => return Ok(Listing::of(members)),
        Err(error @ Fault::Host(_)) => return Err(error.into_error()),
        Err(Fault::Io(error)) => {
            let what = format!("Failed to list contents of {name}: {error}");
            return Err(Error::execution(what));
        }
        Err(_) => {}
    }
    if apply.host.which("tar").is_none() {
        return Err(Error::execution("'tar' command not available"));
    }
    if let Some(members) = decompressed(apply, name, file, options)? {
        return Ok(Listing::of(members));
    }
    Err(Error::execution(format!(
        "Unable to list contents of {name}. If this is an XZ-compressed tar archive, install XZ Utils to \
         enable listing its contents. If it is compressed using something other than XZ, it may be \
         necessary to specify CLI options to decompress the archive. See the documentation for details."
    )))
}

/// The members of what a command makes of the archive; `None` if there is no command or no archive.
fn decompressed(
    apply: &Apply<'_>,
    name: &str,
    file: &str,
    options: &Value,
) -> Result<Option<Vec<Member>>> {
    let Some(text) = options.as_str() else { return Ok(None) };
    let mut line = shlex::split(text)?;
    if line.is_empty() {
        return Ok(None);
    }
    line.push(file.to_owned());
    let output = apply.host.query(&halite_core::host::Command::new(line))?;
    let why = output.stderr_text();
    let retcode = output.retcode;
    let stream = Box::new(std::io::Cursor::new(output.stdout));
    match tarball::from_stream(stream).and_then(|mut archive| tarball::members(&mut archive)) {
        Ok(members) => Ok(Some(members)),
        Err(_) if retcode != 0 => {
            Err(Error::execution(format!("Failed to decompress {name}: {}", why.trim())))
        }
        Err(_) => Ok(None),
    }
}

fn list_zip(apply: &Apply<'_>, name: &str, file: &str) -> Result<Listing> {
    let zip = open_zip(apply, name, file)?;
    let mut found = Listing::default();
    let mut dirs = BTreeSet::new();
    for entry in zip.entries {
        match entry.kind() {
            Kind::Link => found.links.push(entry.name),
            Kind::Dir => drop(dirs.insert(entry.name)),
            Kind::File => found.files.push(entry.name),
        }
    }
    // Archives made on Windows do not list folders, or list them as files.
    for path in &found.files {
        if let Some(at) = path.rfind('/') {
            dirs.insert(path[..=at].to_owned());
        }
    }
    found.files.retain(|path| !dirs.contains(path));
    found.dirs = dirs.into_iter().collect();
    Ok(found)
}

fn open_zip(apply: &Apply<'_>, name: &str, file: &str) -> Result<Zip> {
    Zip::open(apply.host.open(Path::new(file))?).map_err(|fault| match fault {
        Fault::NotOne(_) | Fault::Broken(_) => {
            Error::execution(format!("{name} is not a ZIP file"))
        }
        other => other.into_error(),
    })
}

fn list_rar(apply: &Apply<'_>, name: &str) -> Result<Listing> {
    if apply.host.which("rar").is_none() {
        return Err(Error::execution("rar command not available, is it installed?"));
    }
    let call = args![vec!["rar", "lt", name]; python_shell = false];
    let output = apply.call::<Value>("cmd.run", call)?.to_string();
    let mut found = Listing::default();
    let mut path = None;
    for line in output.lines() {
        match line.trim().split_once(':').map(|(key, value)| (key, value.trim())) {
            Some(("Name", value)) => path = Some(value.to_owned()),
            Some(("Type", kind)) => match path.take() {
                Some(path) if kind == "Directory" => found.dirs.push(format!("{path}/")),
                Some(path) => found.files.push(path),
                None => {}
            },
            _ => {}
        }
    }
    if found.dirs.is_empty() && found.files.is_empty() {
        return Err(Error::execution(format!(
            "Failed to list {name}, is it a rar file? If so, the installed version of rar may be too old \
             to list data in a parsable format."
        )));
    }
    Ok(found)
}

/// Whether a ZIP archive is protected by a password.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.is_encrypted /path/to/myfile.zip
/// salt '*' archive.is_encrypted salt://foo.zip
/// ```
#[function]
fn is_encrypted(
    apply: &Apply<'_>,
    /// Path or URL.
    name: String,
    /// Remove the archive afterwards.
    #[default(false)]
    clean: bool,
    #[default("base".into())] saltenv: String,
    #[default(Value::Null)] source_hash: Value,
    #[default(false)] use_etag: bool,
) -> Result<bool> {
    let file = cached(apply, &name, saltenv, source_hash, use_etag)?;
    there(apply, &file).map_err(|what| located(Error::execution(what), &file))?;
    let zip = open_zip(apply, &name, &file).map_err(|error| located(error, &file))?;
    let encrypted = zip.entries.iter().any(|entry| entry.encrypted());
    if clean {
        clean_up(apply, &file);
    }
    Ok(encrypted)
}
