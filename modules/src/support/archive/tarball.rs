//! Tar archives, plain or compressed by gzip, bzip2, xz or lzma: what Python's `tarfile` opens.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use halite_core::host::{FileKind, Input, Write};
use tar::{Archive, Entry, EntryType};

use super::{Fault, Kind, MEMBERS_MAX, Member, Place};

/// What Python says of a file that is no tar archive.
const NO_TAR: Fault = Fault::NotOne("file could not be opened successfully");
/// Memory for one xz or lzma dictionary, in KiB: what `xz -9` needs, and a third more.
const LZMA_KIB_MAX: u32 = 88 * 1024;
/// Bytes of a tar header.
const BLOCK: usize = 512;

/// A stream of a tar archive, decompressed.
type Stream = Box<dyn io::Read + Send>;

/// Opens an archive and sees to it that it is one.
///
/// # Errors
/// [`Fault::NotOne`] for anything else.
pub fn open(mut input: Box<dyn Input>) -> Result<Archive<Stream>, Fault> {
    let mut magic = [0; 6];
    let mut filled = 0;
    while filled < magic.len() {
        match input.read(&mut magic[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    input.rewind()?;
    let input = io::BufReader::with_capacity(1 << 16, input);
    let stream: Stream = match magic {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        [b'B', b'Z', b'h', ..] => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            Box::new(lzma_rust2::XzReader::new_mem_limit(input, true, LZMA_KIB_MAX))
        }
        // No magic, but nearly all such files begin with the usual properties.
        [0x5d, 0, 0, ..] => {
            let reader = lzma_rust2::LzmaReader::new_mem_limit(input, LZMA_KIB_MAX, None);
            Box::new(reader.map_err(|_| NO_TAR)?)
        }
        _ => Box::new(input),
    };
    from_stream(stream)
}

/// The archive that a program has decompressed.
///
/// # Errors
/// [`Fault::NotOne`] for anything else.
pub fn from_stream(mut stream: Stream) -> Result<Archive<Stream>, Fault> {
    let mut first = Vec::with_capacity(BLOCK);
    if stream.by_ref().take(BLOCK as u64).read_to_end(&mut first).is_err() || first.len() < BLOCK {
        return Err(NO_TAR);
    }
    let empty = first.iter().all(|byte| *byte == 0);
    if !empty && !checksum_fits(&first) {
        return Err(NO_TAR);
    }
    Ok(Archive::new(Box::new(Cursor::new(first).chain(stream))))
}

/// Whether a header's checksum is right: sum of all bytes, with blanks in place of the checksum.
fn checksum_fits(block: &[u8]) -> bool {
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| match at {
            148..156 => u32::from(b' '),
            _ => u32::from(*byte),
        })
        .sum();
    let text = String::from_utf8_lossy(&block[148..156]);
    let digits = text.trim_matches(|c: char| c == '\0' || c == ' ');
    u32::from_str_radix(digits, 8).is_ok_and(|given| given == sum)
}

/// The members, in their order. Folders are named without a `/` at the end, as Python names them.
///
/// # Errors
/// If the archive breaks off.
pub fn members(archive: &mut Archive<Stream>) -> Result<Vec<Member>, Fault> {
    let mut found = Vec::new();
    for entry in archive.entries()? {
        let entry = entry.map_err(broken)?;
        if found.len() >= MEMBERS_MAX {
            return Err(Fault::Broken(format!("more than {MEMBERS_MAX} members")));
        }
        found.push(Member { name: name(&entry), kind: kind(&entry) });
    }
    Ok(found)
}

fn broken(error: io::Error) -> Fault {
    Fault::Broken(error.to_string())
}

fn name(entry: &Entry<'_, Stream>) -> String {
    let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    match name.trim_end_matches('/') {
        "" => name,
        short => short.to_owned(),
    }
}

fn kind(entry: &Entry<'_, Stream>) -> Kind {
    match entry.header().entry_type() {
        EntryType::Directory => Kind::Dir,
        EntryType::Symlink => Kind::Link,
        // The old format has no type of its own for folders.
        EntryType::Regular if entry.path_bytes().ends_with(b"/") => Kind::Dir,
        _ => Kind::File,
    }
}

/// Owner, mode and time of what was unpacked. Python: `TarFile.chown`, `chmod`, `utime`.
struct Attributes {
    owner: Option<(u32, u32)>,
    mode: u32,
    mtime: f64,
}

/// Names of owners are looked up once.
struct Owners<'a> {
    host: &'a dyn Write,
    users: BTreeMap<String, Option<u32>>,
    groups: BTreeMap<String, Option<u32>>,
}

impl Owners<'_> {
    /// The owner by name, else by number.
    fn of(&mut self, entry: &Entry<'_, Stream>) -> Option<(u32, u32)> {
        let (host, header) = (self.host, entry.header());
        let text = |name: Result<Option<&str>, _>| name.ok().flatten().unwrap_or("").to_owned();
        let user = text(header.username());
        let uid = *self.users.entry(user.clone()).or_insert_with(|| {
            host.user(&user).ok().flatten().filter(|_| !user.is_empty()).map(|user| user.uid)
        });
        let group = text(header.groupname());
        let gid = *self.groups.entry(group.clone()).or_insert_with(|| {
            host.group(&group).ok().flatten().filter(|_| !group.is_empty()).map(|found| found.gid)
        });
        let number = |id: io::Result<u64>| id.ok().and_then(|id| u32::try_from(id).ok());
        Some((uid.or_else(|| number(header.uid()))?, gid.or_else(|| number(header.gid()))?))
    }
}

/// Unpacks all members into the folder and gives their names. `root` says that owners can be set.
///
/// # Errors
/// If the archive breaks off, a member would land elsewhere, or the machine refuses.
pub fn unpack(
    archive: &mut Archive<Stream>,
    place: &mut Place<'_>,
    root: bool,
) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    // Folders get what is theirs at the end, deepest first: they may not be writable.
    let mut folders: BTreeMap<PathBuf, Attributes> = BTreeMap::new();
    let mut owners = Owners { host: place.host(), users: BTreeMap::new(), groups: BTreeMap::new() };
    for entry in archive.entries()? {
        let mut entry = entry.map_err(broken)?;
        let name = name(&entry);
        let path = place.path_of(&name)?;
        let header = entry.header();
        let attributes = Attributes {
            owner: if root { owners.of(&entry) } else { None },
            mode: header.mode().unwrap_or(0o644) & 0o7777,
            mtime: header.mtime().unwrap_or(0) as f64,
        };
        match one(&mut entry, place, &path)? {
            Made::Folder => drop(folders.insert(path, attributes)),
            Made::File => settle(place, &path, &attributes)?,
            Made::Link => own(place, &path, &attributes)?,
            Made::Shared => {}
        }
        names.push(name);
        if names.len() > MEMBERS_MAX {
            return Err(Fault::Broken(format!("more than {MEMBERS_MAX} members")));
        }
    }
    for (path, attributes) in folders.iter().rev() {
        settle(place, path, attributes)?;
    }
    Ok(names)
}

enum Made {
    Folder,
    File,
    Link,
    /// A hard link: what it leads to has its attributes already.
    Shared,
}

fn one(entry: &mut Entry<'_, Stream>, place: &mut Place<'_>, path: &Path) -> Result<Made, Fault> {
    let header = entry.header();
    match (header.entry_type(), kind(entry)) {
        (_, Kind::Dir) => {
            place.make_dir(path)?;
            return Ok(Made::Folder);
        }
        (_, Kind::Link) => {
            place.link(Path::new(&link_target(entry)), path, true)?;
            return Ok(Made::Link);
        }
        (EntryType::Link, _) => {
            let target = place.path_of(&link_target(entry))?;
            if place.host().symlink_metadata(path)?.is_some() && target != *path {
                place.host().remove_file(path)?;
            }
            if target != *path {
                place.host().hard_link(&target, path)?;
            }
            return Ok(Made::Shared);
        }
        (special @ (EntryType::Fifo | EntryType::Block | EntryType::Char), _) => {
            let kind = match special {
                EntryType::Fifo => FileKind::Fifo,
                EntryType::Block => FileKind::Block,
                _ => FileKind::Char,
            };
            let number = |part: io::Result<Option<u32>>| part.ok().flatten().unwrap_or(0);
            let (major, minor) = (number(header.device_major()), number(header.device_minor()));
            place.host().mknod(path, kind, 0o600, major, minor)?;
        }
        _ => place.write(path, entry, 0o600)?,
    }
    Ok(Made::File)
}

fn link_target(entry: &Entry<'_, Stream>) -> String {
    entry
        .link_name_bytes()
        .map(|name| String::from_utf8_lossy(&name).into_owned())
        .unwrap_or_default()
}

fn own(place: &Place<'_>, path: &Path, attributes: &Attributes) -> Result<(), Fault> {
    if let Some((uid, gid)) = attributes.owner {
        place.host().chown(path, Some(uid), Some(gid), false)?;
    }
    Ok(())
}

fn settle(place: &Place<'_>, path: &Path, attributes: &Attributes) -> Result<(), Fault> {
    let host = place.host();
    let Some(stat) = host.symlink_metadata(path)?.filter(|stat| !stat.is_symlink()) else {
        // A link that stands for a folder: what it leads to is not the archive's.
        return Ok(());
    };
    own(place, path, attributes)?;
    host.chmod(path, attributes.mode)?;
    if stat.is_file() || stat.is_dir() {
        let atime = host.now_micros() as f64 / 1e6;
        host.set_times(path, atime, attributes.mtime)?;
    }
    Ok(())
}
