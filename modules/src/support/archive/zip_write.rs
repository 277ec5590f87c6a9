//! Writes ZIP archives, deflated, as a stream: sizes follow each member's content.

use std::io::{self, Read, Write};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::Fault;

/// What needs the large form: the most that 32 bits hold stands for "see there".
const LARGE: u64 = 0xffff_ffff;
/// The same for the number of members.
const MANY: usize = 0xffff;
/// Flags: sizes follow, names are UTF-8.
const FLAGS: u16 = 0x808;

/// Names, mode and time of a member.
pub struct Header<'a> {
    /// Its path; that of a folder ends in `/`.
    pub name: &'a str,
    /// Unix mode with the kind of file.
    pub mode: u32,
    /// Local year, month, day, hour, minute, second.
    pub time: [u16; 6],
}

/// An archive that is being written.
pub struct Writer {
    out: Counted,
    directory: Vec<u8>,
    members: usize,
    large: bool,
    zip64: bool,
}

impl Writer {
    /// An archive written to `out`. `zip64` allows the large form, which old programs cannot read.
    pub fn new(out: Box<dyn Write + Send>, zip64: bool) -> Writer {
        let out = Counted { out, bytes: 0 };
        Writer { out, directory: Vec::new(), members: 0, large: false, zip64 }
    }

    /// Adds a member. `size` is what its content is thought to have.
    ///
    /// # Errors
    /// If the content cannot be read or the archive not written, or it needs the large form.
    pub fn add(
        &mut self,
        header: &Header<'_>,
        content: &mut dyn Read,
        size: u64,
    ) -> Result<(), Fault> {
        let offset = self.out.bytes;
        let folder = header.name.ends_with('/');
        // Deflating can make a content larger by a little.
        let large = size > LARGE - (LARGE >> 8);
        self.members += 1;
        self.large |= large || offset >= LARGE || self.members >= MANY;
        if self.large && !self.zip64 {
            return Err(Fault::Broken("Filesize would require ZIP64 extensions".into()));
        }
        let mut local = b"PK\x03\x04".to_vec();
        self.common(&mut local, header, large, folder);
        local.extend([0; 12]);
        local.extend(length(header.name).to_le_bytes());
        local.extend(if large { 20_u16 } else { 0 }.to_le_bytes());
        local.extend(header.name.as_bytes());
        if large {
            local.extend([1, 0, 16, 0]);
            local.extend([0; 16]);
        }
        self.out.write_all(&local)?;
        let (crc, plain, packed) = if folder { (0, 0, 0) } else { self.pack(content)? };
        if !large && (plain >= LARGE || packed >= LARGE) {
            return Err(Fault::Broken(format!("{} grew while it was read", header.name)));
        }
        let mut descriptor = b"PK\x07\x08".to_vec();
        descriptor.extend(crc.to_le_bytes());
        for number in [packed, plain] {
            if large {
                descriptor.extend(number.to_le_bytes())
            } else {
                descriptor.extend(short(number))
            }
        }
        self.out.write_all(&descriptor)?;
        self.list(header, folder, large, [u64::from(crc), packed, plain, offset]);
        Ok(())
    }

    /// Version, flags, method and time: what both headers of a member have.
    fn common(&self, into: &mut Vec<u8>, header: &Header<'_>, large: bool, folder: bool) {
        let [year, month, day, hour, minute, second] = header.time;
        into.extend(if large { 45_u16 } else { 20 }.to_le_bytes());
        into.extend(FLAGS.to_le_bytes());
        into.extend(if folder { 0_u16 } else { 8 }.to_le_bytes());
        into.extend(((hour << 11) | (minute << 5) | (second / 2)).to_le_bytes());
        // The format begins in 1980 and ends in 2107.
        let year = year.clamp(1980, 2107) - 1980;
        into.extend(((year << 9) | (month << 5) | day).to_le_bytes());
    }

    fn pack(&mut self, content: &mut dyn Read) -> io::Result<(u32, u64, u64)> {
        let (mut crc, mut plain, begin) = (Crc::new(), 0, self.out.bytes);
        let mut encoder = DeflateEncoder::new(&mut self.out, Compression::default());
        let mut chunk = vec![0; 1 << 16];
        loop {
            let n = content.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            crc.update(&chunk[..n]);
            plain += n as u64;
            encoder.write_all(&chunk[..n])?;
        }
        encoder.finish()?;
        Ok((crc.sum(), plain, self.out.bytes - begin))
    }

    /// The member's entry of the directory.
    fn list(&mut self, header: &Header<'_>, folder: bool, large: bool, numbers: [u64; 4]) {
        let [crc, packed, plain, offset] = numbers;
        let mut extra = Vec::new();
        if large {
            extra.extend(plain.to_le_bytes());
            extra.extend(packed.to_le_bytes());
        }
        if offset >= LARGE {
            extra.extend(offset.to_le_bytes());
        }
        let mut entry = b"PK\x01\x02\x2d\x03".to_vec();
        self.common(&mut entry, header, large || offset >= LARGE, folder);
        entry.extend(short(crc));
        for number in [packed, plain] {
            entry.extend(short(if large { LARGE } else { number }));
        }
        entry.extend(length(header.name).to_le_bytes());
        let extra_bytes = if extra.is_empty() { 0 } else { extra.len() as u16 + 4 };
        entry.extend(extra_bytes.to_le_bytes());
        entry.extend([0; 6]);
        let attributes = (header.mode << 16) | if folder { 0x10 } else { 0 };
        entry.extend(attributes.to_le_bytes());
        entry.extend(short(offset.min(LARGE)));
        entry.extend(header.name.as_bytes());
        if !extra.is_empty() {
            entry.extend([1, 0]);
            entry.extend((extra.len() as u16).to_le_bytes());
            entry.extend(extra);
        }
        self.directory.extend(entry);
    }

    /// Writes the directory.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self) -> Result<(), Fault> {
        let (at, bytes) = (self.out.bytes, self.directory.len() as u64);
        self.out.write_all(&self.directory)?;
        let members = self.members as u64;
        if self.large || at >= LARGE {
            let mut record = b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\x03\x2d\0\0\0\0\0\0\0\0\0".to_vec();
            for number in [members, members, bytes, at] {
                record.extend(number.to_le_bytes());
            }
            record.extend(b"PK\x06\x07\0\0\0\0");
            record.extend((at + bytes).to_le_bytes());
            record.extend([1, 0, 0, 0]);
            self.out.write_all(&record)?;
        }
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        let count = (self.members.min(MANY) as u16).to_le_bytes();
        end.extend(count);
        end.extend(count);
        end.extend(short(bytes.min(LARGE)));
        end.extend(short(at.min(LARGE)));
        end.extend([0, 0]);
        self.out.write_all(&end)?;
        Ok(self.out.flush()?)
    }
}

/// The low 32 bits: numbers beyond are in the large form.
fn short(number: u64) -> [u8; 4] {
    (number as u32).to_le_bytes()
}

fn length(name: &str) -> u16 {
    u16::try_from(name.len()).unwrap_or(u16::MAX)
}

/// Knows how much was written.
struct Counted {
    out: Box<dyn Write + Send>,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let n = self.out.write(data)?;
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
