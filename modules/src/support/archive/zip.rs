//! ZIP archives: the central directory, and members stored, deflated or compressed by bzip2, encrypted
//! with a password as `zip -e` does. PKWARE's APPNOTE.TXT; texts as Python's `zipfile` has them.

use std::io::{self, BufReader, Read, SeekFrom};

use flate2::Crc;
use halite_core::host::Input;
use halite_core::value::repr_str;

use super::{Fault, Kind, MEMBERS_MAX};

const NO_ZIP: Fault = Fault::NotOne("File is not a zip file");
/// Bytes of the record at the end, without its comment.
const END: usize = 22;
/// Longest comment, in bytes.
const COMMENT_MAX: usize = 65_535;
/// Largest central directory that is read, in bytes.
const DIRECTORY_MAX: u64 = 1 << 30;
/// Bytes of a local header, without name and extras.
const LOCAL: u64 = 30;
/// Bytes of an entry of the directory, without name, extras and comment.
const CENTRAL: usize = 46;
/// Bytes before an encrypted member's content.
const CIPHER_HEADER: u64 = 12;

/// The upper half of code page 437, in which old names are written.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// One member.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Its path as the archive has it.
    pub name: String,
    /// Unix mode with the kind of file; 0 where the archive's maker knows none.
    pub mode: u32,
    flags: u16,
    method: u16,
    time: u16,
    crc: u32,
    packed: u64,
    /// Bytes of its content.
    pub size: u64,
    offset: u64,
}

impl Entry {
    /// What it is, by its mode.
    pub fn kind(&self) -> Kind {
        match self.mode & 0o170_000 {
            0o120_000 => Kind::Link,
            0o040_000 => Kind::Dir,
            _ => Kind::File,
        }
    }

    /// Whether its content is encrypted.
    pub fn encrypted(&self) -> bool {
        self.flags & 1 != 0
    }
}

/// An archive that is open.
pub struct Zip {
    input: Box<dyn Input>,
    /// Its members, in the directory's order.
    pub entries: Vec<Entry>,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

fn read_at(input: &mut dyn Input, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
    input.seek(SeekFrom::Start(at))?;
    let mut found = Vec::new();
    input.take(bytes).read_to_end(&mut found)?;
    Ok(found)
}

/// Where the directory is.
struct Directory {
    offset: u64,
    bytes: u64,
    /// Bytes of something else before the archive: programs that unpack themselves.
    before: u64,
}

impl Zip {
    /// Opens an archive.
    ///
    /// # Errors
    /// [`Fault::NotOne`] for anything else, [`Fault::Broken`] if its directory is damaged.
    pub fn open(mut input: Box<dyn Input>) -> Result<Zip, Fault> {
        let directory = find_directory(&mut *input)?;
        let data = read_at(&mut *input, directory.offset + directory.before, directory.bytes)?;
        if (data.len() as u64) < directory.bytes {
            return Err(Fault::Broken("Truncated central directory".into()));
        }
        let mut entries = Vec::new();
        let mut rest = data.as_slice();
        while !rest.is_empty() {
            if rest.len() < CENTRAL
                || !rest.starts_with(b"PK\x01\x02")
                || entries.len() >= MEMBERS_MAX
            {
                return Err(Fault::Broken("Bad magic number for central directory".into()));
            }
            let (entry, bytes) = parse_entry(rest)?;
            entries.push(Entry { offset: entry.offset.saturating_add(directory.before), ..entry });
            rest = rest.get(bytes..).unwrap_or_default();
        }
        Ok(Zip { input, entries })
    }

    /// The content of a member, decrypted and unpacked; its checksum is looked at as it ends.
    ///
    /// # Errors
    /// A wrong or missing password, a method that is not known here.
    pub fn content(
        &mut self,
        entry: &Entry,
        password: Option<&[u8]>,
    ) -> Result<impl Read + '_, Fault> {
        let header = read_at(&mut *self.input, entry.offset, LOCAL)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(Fault::Broken("Bad magic number for file header".into()));
        }
        let skip = LOCAL + u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28));
        self.input.seek(SeekFrom::Start(entry.offset.saturating_add(skip)))?;
        let mut raw = BufReader::new((&mut self.input).take(entry.packed));
        let cipher = match entry.encrypted() {
            false => None,
            true => Some(unlock(&mut raw, entry, password)?),
        };
        let raw = BufReader::new(Decrypted { raw, cipher });
        let plain: Box<dyn Read + '_> = match entry.method {
            0 => Box::new(raw),
            8 => Box::new(flate2::bufread::DeflateDecoder::new(raw)),
            12 => Box::new(bzip2::bufread::BzDecoder::new(raw)),
            method => {
                let what =
                    format!("That compression method is not supported (compression type {method})");
                return Err(Fault::Broken(what));
            }
        };
        // A member never gives more than it promises: what else it has fails its checksum.
        let plain = plain.take(entry.size.saturating_add(1));
        Ok(Checked { plain, crc: Crc::new(), wanted: entry.crc, name: entry.name.clone() })
    }
}

/// Salt: what Python's `_EndRecData` looks for.
fn find_directory(input: &mut dyn Input) -> Result<Directory, Fault> {
    let length = input.seek(SeekFrom::End(0))?;
    let from = length.saturating_sub((END + COMMENT_MAX) as u64);
    let tail = read_at(input, from, length - from)?;
    let at = (0..=tail.len().checked_sub(END).ok_or(NO_ZIP)?)
        .rev()
        .find(|at| tail[*at..].starts_with(b"PK\x05\x06"))
        .ok_or(NO_ZIP)?;
    let (bytes, offset) = (u32_at(&tail, at + 12), u32_at(&tail, at + 16));
    let mut end = from + at as u64;
    let (mut bytes, mut offset) = (u64::from(bytes), u64::from(offset));
    // The locator of the large form stands right before.
    let locator = match end.checked_sub(20) {
        Some(place) => read_at(input, place, 20)?,
        None => Vec::new(),
    };
    if locator.starts_with(b"PK\x06\x07") {
        let record_at = u64_at(&locator, 8);
        let record = read_at(input, record_at, 56)?;
        if record.starts_with(b"PK\x06\x06") {
            (bytes, offset, end) = (u64_at(&record, 40), u64_at(&record, 48), record_at);
        }
    }
    let before = end.checked_sub(bytes).and_then(|at| at.checked_sub(offset));
    match before {
        Some(before) if bytes <= DIRECTORY_MAX => Ok(Directory { offset, bytes, before }),
        _ => Err(NO_ZIP),
    }
}

/// The entry at the beginning of `data`, and its length.
fn parse_entry(data: &[u8]) -> Result<(Entry, usize), Fault> {
    let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(data, at)));
    let end = CENTRAL + name + extra;
    let truncated = || Fault::Broken("Truncated central directory".into());
    let raw = data.get(CENTRAL..CENTRAL + name).ok_or_else(truncated)?;
    let more = data.get(CENTRAL + name..end).ok_or_else(truncated)?;
    let flags = u16_at(data, 8);
    let text =
        if flags & 0x800 != 0 { String::from_utf8_lossy(raw).into_owned() } else { cp437(raw) };
    let mut entry = Entry {
        name: text.split('\0').next().unwrap_or_default().to_owned(),
        mode: u32_at(data, 38) >> 16,
        flags,
        method: u16_at(data, 10),
        time: u16_at(data, 12),
        crc: u32_at(data, 16),
        packed: u64::from(u32_at(data, 20)),
        size: u64::from(u32_at(data, 24)),
        offset: u64::from(u32_at(data, 42)),
    };
    large_numbers(&mut entry, more);
    Ok((entry, end + comment))
}

/// Numbers that do not fit 32 bits stand in an extra field.
fn large_numbers(entry: &mut Entry, mut extras: &[u8]) {
    while extras.len() >= 4 {
        let bytes = usize::from(u16_at(extras, 2));
        let data = extras.get(4..4 + bytes).unwrap_or_default();
        if u16_at(extras, 0) == 1 {
            let mut at = 0;
            for number in [&mut entry.size, &mut entry.packed, &mut entry.offset] {
                if *number == u64::from(u32::MAX) && data.len() >= at + 8 {
                    *number = u64_at(data, at);
                    at += 8;
                }
            }
        }
        extras = extras.get(4 + bytes..).unwrap_or_default();
    }
}

fn cp437(raw: &[u8]) -> String {
    let high = |byte: u8| CP437.chars().nth(usize::from(byte - 128)).unwrap_or('?');
    raw.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { high(*byte) }).collect()
}

/// Reads the cipher's header and sees whether the password fits.
fn unlock(raw: &mut dyn Read, entry: &Entry, password: Option<&[u8]>) -> Result<Cipher, Fault> {
    let shown = repr_str(&entry.name);
    if entry.flags & 0x40 != 0 {
        return Err(Fault::Broken("strong encryption (flag bit 6)".into()));
    }
    let Some(password) = password else {
        let what = format!("File {shown} is encrypted, password required for extraction");
        return Err(Fault::Password(what));
    };
    let mut cipher = Cipher::new(password);
    let mut header = Vec::new();
    raw.take(CIPHER_HEADER).read_to_end(&mut header)?;
    header.iter_mut().for_each(|byte| *byte = cipher.decrypt(*byte));
    let check = if entry.flags & 8 != 0 { entry.time >> 8 } else { (entry.crc >> 24) as u16 };
    match header.last() {
        Some(last) if u16::from(*last) == check => Ok(cipher),
        _ => Err(Fault::Password(format!("Bad password for file {shown}"))),
    }
}

/// The keys of PKZIP's stream cipher.
struct Cipher([u32; 3]);

impl Cipher {
    fn new(password: &[u8]) -> Cipher {
        let mut cipher = Cipher([0x1234_5678, 0x2345_6789, 0x3456_7890]);
        password.iter().for_each(|byte| cipher.turn(*byte));
        cipher
    }

    fn turn(&mut self, byte: u8) {
        let [a, b, c] = &mut self.0;
        *a = crc_step(*a, byte);
        *b = b.wrapping_add(*a & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        *c = crc_step(*c, (*b >> 24) as u8);
    }

    fn decrypt(&mut self, byte: u8) -> u8 {
        let word = (self.0[2] | 2) & 0xffff;
        let plain = byte ^ ((word * (word ^ 1)) >> 8) as u8;
        self.turn(plain);
        plain
    }
}

/// One step of CRC-32 without its inversions.
fn crc_step(crc: u32, byte: u8) -> u32 {
    let mut low = (crc ^ u32::from(byte)) & 0xff;
    for _ in 0..8 {
        low = if low & 1 == 1 { (low >> 1) ^ 0xedb8_8320 } else { low >> 1 };
    }
    (crc >> 8) ^ low
}

struct Decrypted<R> {
    raw: R,
    cipher: Option<Cipher>,
}

impl<R: Read> Read for Decrypted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.raw.read(into)?;
        if let Some(cipher) = &mut self.cipher {
            into[..n].iter_mut().for_each(|byte| *byte = cipher.decrypt(*byte));
        }
        Ok(n)
    }
}

/// Ends in a fault if what was read is not what was packed.
struct Checked<R> {
    plain: R,
    crc: Crc,
    wanted: u32,
    name: String,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.plain.read(into)?;
        self.crc.update(&into[..n]);
        if n == 0 && !into.is_empty() && self.crc.sum() != self.wanted {
            return Err(io::Error::other(format!("Bad CRC-32 for file {}", repr_str(&self.name))));
        }
        Ok(n)
    }
}
