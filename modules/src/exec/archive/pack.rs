//! Archives without programs: `archive.zip`, `archive.unzip` and `archive.untar`.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use halite_core::host::Metadata;
use halite_core::{Apply, Error, ExecModule, Result, Value, function};

use super::shared::{owner, rendered, sources, trimmed, words};
use crate::support::archive::zip::{Entry, Zip};
use crate::support::archive::zip_write::{Header, Writer};
use crate::support::archive::{Fault, Kind, LINK_BYTES_MAX, Place, tarball};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("archive", &[&ZIP, &UNZIP, &UNTAR]);

/// Kinds of files in a mode.
const DIR: u32 = 0o040_000;
const FILE: u32 = 0o100_000;

/// Packs files and folders into a ZIP archive; gives what is in it.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.zip /tmp/zipfile.zip /tmp/sourcefile1,/tmp/sourcefile2
/// salt '*' archive.zip /tmp/baz.zip baz.txt cwd=/foo/bar
/// ```
#[function]
fn zip(
    apply: &Apply<'_>,
    zip_file: String,
    /// A list, or a text with commas. Wildcards are resolved.
    sources: Value,
    /// The language that the paths are templates of.
    #[default(None)]
    template: Option<String>,
    /// The folder that paths begin at, also within the archive.
    #[default(None)]
    cwd: Option<String>,
    /// Whose the archive is to be.
    #[default(None)]
    runas: Option<String>,
    /// Allow archives of more than 4 GiB.
    #[default(false)]
    zip64: bool,
) -> Result<Vec<String>> {
    let usage = |what: &str| Error::usage("archive.zip", what);
    let own = owner(apply, runas.as_deref())?;
    let zip_file = rendered(apply, zip_file, template.as_deref())?;
    let mut list = self::sources(apply, &sources);
    if template.is_some() {
        let texts = list.into_iter().map(|path| rendered(apply, path, template.as_deref()));
        list = texts.collect::<Result<_>>()?;
    }
    match &cwd {
        Some(cwd) if !cwd.starts_with('/') => return Err(usage("cwd must be absolute")),
        None if list.iter().any(|path| !path.starts_with('/')) => {
            return Err(usage("Relative paths require the 'cwd' parameter"));
        }
        _ => {}
    }
    let fail = |fault: Fault| match fault {
        Fault::Host(Error::Cancelled) => Error::Cancelled,
        other => Error::execution(format!("Exception encountered creating zipfile: {other}")),
    };
    let path = PathBuf::from(&zip_file);
    let out = apply.host.create(&path, 0o644).map_err(|error| fail(error.into()))?;
    let root = cwd.as_deref().unwrap_or("/");
    let mut packer =
        Packer { apply, root, writer: Writer::new(out, zip64), names: Vec::new(), zip_file: &path };
    for source in &list {
        packer.add(&Path::new(root).join(source)).map_err(fail)?;
    }
    let Packer { writer, names, .. } = packer;
    writer.finish().map_err(fail)?;
    if let Some((uid, gid)) = own {
        apply.host.chown(&path, Some(uid), Some(gid), true)?;
    }
    Ok(names)
}

/// An archive that grows.
struct Packer<'a> {
    apply: &'a Apply<'a>,
    root: &'a str,
    writer: Writer,
    names: Vec<String>,
    zip_file: &'a Path,
}

impl Packer<'_> {
    /// Adds a path and all below it; one that is not there is left out.
    fn add(&mut self, path: &Path) -> Result<(), Fault> {
        if self.apply.cx.job.cancelled() {
            return Err(Error::Cancelled.into());
        }
        let Some(stat) = self.apply.host.metadata(path)? else { return Ok(()) };
        // Within `cwd` paths are relative to it, else to the root.
        let inside = path.strip_prefix(self.root).or_else(|_| path.strip_prefix("/"));
        let name = inside.unwrap_or(path).display().to_string();
        if !stat.is_dir() {
            let size = stat.size;
            let mut content = self.apply.host.open(path)?;
            return self.put(&name, &stat, &mut content, size);
        }
        let name = if name.is_empty() { "./".to_owned() } else { format!("{name}/") };
        self.put(&name, &stat, &mut std::io::empty(), 0)?;
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for entry in self.apply.host.read_dir(path)? {
            let below = path.join(entry);
            match self.apply.host.metadata(&below)? {
                // The archive itself may be in a folder that is packed.
                Some(_) if below == self.zip_file => {}
                Some(stat) if stat.is_dir() => folders.push(below),
                Some(_) => files.push(below),
                None => {}
            }
        }
        for below in files {
            self.add(&below)?;
        }
        for below in folders {
            // As Python walks: links to folders are not followed.
            if self.apply.host.symlink_metadata(&below)?.is_some_and(|stat| stat.is_dir()) {
                self.add(&below)?;
            }
        }
        Ok(())
    }

    fn put(
        &mut self,
        name: &str,
        stat: &Metadata,
        content: &mut dyn std::io::Read,
        size: u64,
    ) -> Result<(), Fault> {
        let kind = if stat.is_dir() { DIR } else { FILE };
        let header = Header { name, mode: kind | stat.mode, time: local_time(stat.mtime) };
        self.writer.add(&header, content, size)?;
        self.names.push(name.to_owned());
        Ok(())
    }
}

fn local_time(seconds: f64) -> [u16; 6] {
    let moment = jiff::Timestamp::from_second(seconds as i64).unwrap_or_default();
    let local = moment.to_zoned(jiff::tz::TimeZone::system());
    let parts = [local.month(), local.day(), local.hour(), local.minute(), local.second()];
    let [month, day, hour, minute, second] = parts.map(|part| u16::try_from(part).unwrap_or(0));
    [u16::try_from(local.year()).unwrap_or(0), month, day, hour, minute, second]
}

/// Unpacks a ZIP archive; gives what was in it.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.unzip /tmp/zipfile.zip /home/strongbad/ excludes=file_1,file_2
/// salt '*' archive.unzip /tmp/zipfile.zip /home/strongbad/ password='BadPassword'
/// ```
#[function]
fn unzip(
    apply: &Apply<'_>,
    zip_file: String,
    dest: String,
    /// What is left out: a list, or a text with commas.
    #[default(Value::Null)]
    excludes: Value,
    /// For `cmd_unzip`; means nothing here.
    #[default(Value::Null)]
    _options: Value,
    #[default(None)] template: Option<String>,
    /// Whose the files are to be.
    #[default(None)]
    runas: Option<String>,
    /// How many members are told at most; `True` for 100.
    #[default(false.into())]
    trim_output: Value,
    #[default(Value::Null)] password: Value,
    /// Give files and folders the modes that the archive has for them.
    #[default(true)]
    extract_perms: bool,
) -> Result<Vec<String>> {
    let own = owner(apply, runas.as_deref())?;
    let zip_file = rendered(apply, zip_file, template.as_deref())?;
    let dest = rendered(apply, dest, template.as_deref())?;
    let excludes: BTreeSet<String> =
        if excludes.truthy() { words(&excludes).into_iter().collect() } else { BTreeSet::new() };
    let password = match &password {
        Value::Bytes(bytes) => Some(bytes.to_vec()),
        other => other.truthy().then(|| other.to_string().into_bytes()),
    };
    let switch = apply.cx.job.cancel_switch();
    let mut place = Place::new(apply.host, Path::new(&dest), &switch);
    place.owner = own;
    let work = |place: &mut Place<'_>| -> Result<Vec<String>, Fault> {
        let mut zip = Zip::open(apply.host.open(Path::new(&zip_file))?)?;
        let wanted: Vec<Entry> =
            zip.entries.iter().filter(|entry| !excludes.contains(&entry.name)).cloned().collect();
        for entry in &wanted {
            let perms = extract_perms.then_some(entry.mode & 0o7777);
            unpack_one(&mut zip, entry, place, password.as_deref(), perms)?;
        }
        Ok(wanted.into_iter().map(|entry| entry.name).collect())
    };
    match work(&mut place) {
        Ok(names) => Ok(trimmed(names, &trim_output)),
        Err(Fault::Host(Error::Cancelled)) => Err(Error::Cancelled),
        Err(fault) => {
            Err(Error::execution(format!("Exception encountered unpacking zipfile: {fault}")))
        }
    }
}

fn unpack_one(
    zip: &mut Zip,
    entry: &Entry,
    place: &mut Place<'_>,
    password: Option<&[u8]>,
    perms: Option<u32>,
) -> Result<(), Fault> {
    // Parts that lead out are left out, as Python does.
    let parts = entry.name.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
    let path = place.path_of(&parts.collect::<Vec<_>>().join("/"))?;
    if entry.kind() == Kind::Link {
        let mut target = String::new();
        zip.content(entry, password)?.take(LINK_BYTES_MAX).read_to_string(&mut target)?;
        return Ok(place.link(Path::new(&target), &path, false)?);
    }
    if entry.name.ends_with('/') {
        place.make_dir(&path)?;
    } else {
        place.write(&path, &mut zip.content(entry, password)?, 0o666)?;
    }
    match perms {
        // Archives of systems without modes have none: what was made has the usual ones.
        None | Some(0) => Ok(()),
        Some(mode) => Ok(place.host().chmod(&path, mode)?),
    }
}

/// Unpacks a tar archive without the program `tar`, plain or compressed by gzip, bzip2, xz or lzma;
/// gives what was in it.
///
/// Owners, modes and times are the archive's. Members that would land outside the folder, by their
/// names or through links, are refused.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.untar /tmp/tarfile.tar.gz /target/directory
/// ```
#[function]
fn untar(
    apply: &Apply<'_>,
    /// Path of the archive.
    name: String,
    /// The folder that it is unpacked into.
    dest: String,
) -> Result<Vec<String>> {
    let switch = apply.cx.job.cancel_switch();
    let mut place = Place::new(apply.host, Path::new(&dest), &switch);
    let root = rustix::process::geteuid().is_root();
    let input = apply.host.open(Path::new(&name))?;
    tarball::open(input)
        .and_then(|mut archive| tarball::unpack(&mut archive, &mut place, root))
        .map_err(Fault::into_error)
}
