//! Archives made here, good and bad.

use std::io::{Cursor, Read as _};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use halite_core::host::RealHost;

use super::zip::Zip;
use super::zip_write::{Header, Writer};
use super::{Fault, Kind, Place, tarball};

/// A member: type, path, what it links to, content.
type Part<'a> = (u8, &'a str, &'a str, &'a [u8]);

/// A tar archive with these members.
fn tar(parts: &[Part<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (kind, name, link, content) in parts {
        let mut block = [0_u8; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[100..107].copy_from_slice(b"0000640");
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[136..147].copy_from_slice(b"00000000001");
        block[156] = *kind;
        block[157..157 + link.len()].copy_from_slice(link.as_bytes());
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend(block);
        out.extend(*content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.extend([0; 1024]);
    out
}

fn untar(parts: &[Part<'_>], dest: &Path) -> Result<Vec<String>, Fault> {
    let (host, never) = (RealHost::new(), AtomicBool::new(false));
    let mut archive = tarball::open(Box::new(Cursor::new(tar(parts))))?;
    tarball::unpack(&mut archive, &mut Place::new(&host, dest, &never), false)
}

#[test]
fn members_land_in_the_folder_or_nowhere() {
    let folder = tempfile::tempdir().expect("there is room");
    let (dest, out) = (folder.path().join("dest"), folder.path().join("out"));
    std::fs::create_dir_all(&out).expect("can be made");
    let outside = out.display().to_string();
    let names = untar(
        &[
            (b'5', "d/", "", b""),
            (b'0', "d/f", "", b"one"),
            (b'2', "l", "d/f", b""),
            (b'1', "h", "d/f", b""),
        ],
        &dest,
    );
    assert_eq!(names.expect("is one"), ["d", "d/f", "l", "h"]);
    assert_eq!(std::fs::read(dest.join("l")).expect("is there"), b"one");
    assert_eq!(std::fs::read(dest.join("h")).expect("is there"), b"one");
    // An absolute path is taken as one below the folder.
    untar(&[(b'0', "/abs", "", b"x")], &dest).expect("is one");
    assert!(dest.join("abs").exists());
    for parts in [
        &[(b'0', "../evil", "", &b"x"[..])][..],
        &[(b'0', "d/../../evil", "", b"x")],
        &[(b'2', "away", outside.as_str(), b""), (b'0', "away/evil", "", b"x")],
        &[(b'2', "up", "..", b""), (b'0', "up/out/evil", "", b"x")],
        &[(b'2', "away2", outside.as_str(), b""), (b'5', "away2/evil/", "", b"")],
        &[(b'1', "hard", "../out", b"")],
    ] {
        let said = untar(parts, &dest).map_err(|fault| fault.to_string());
        assert!(said.as_ref().is_err_and(|why| why.contains("outside")), "{parts:?}: {said:?}");
    }
    assert_eq!(std::fs::read_dir(&out).expect("is there").count(), 0);
    assert!(!folder.path().join("evil").exists());
}

#[test]
fn what_is_no_archive_is_refused() {
    for bytes in
        [&b""[..], b"PK", &[7; 2000], b"\x1f\x8b\x08\0junk", b"BZh9junk", b"\xfd7zXZ\0junk"]
    {
        assert!(tarball::open(Box::new(Cursor::new(bytes.to_vec()))).is_err(), "{bytes:?}");
        assert!(Zip::open(Box::new(Cursor::new(bytes.to_vec()))).is_err(), "{bytes:?}");
    }
    let mut cut = tar(&[(b'0', "f", "", &[1; 4000])]);
    cut.truncate(1000);
    let folder = tempfile::tempdir().expect("there is room");
    let (host, never) = (RealHost::new(), AtomicBool::new(false));
    let mut archive = tarball::open(Box::new(Cursor::new(cut))).expect("begins as one");
    assert!(
        tarball::unpack(&mut archive, &mut Place::new(&host, folder.path(), &never), false)
            .is_err()
    );
}

#[test]
fn zip_archives_hold_what_was_packed() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("a.zip");
    let mut writer =
        Writer::new(Box::new(std::fs::File::create(&path).expect("can be made")), false);
    let content = b"hello hello hello".repeat(100);
    let time = [2024, 5, 6, 7, 8, 9];
    for (name, mode, content) in
        [("d/", 0o040_755, &b""[..]), ("d/é", 0o100_640, &content), ("empty", 0o100_600, b"")]
    {
        let header = Header { name, mode, time };
        writer.add(&header, &mut &*content, content.len() as u64).expect("is written");
    }
    writer.finish().expect("is written");
    let mut bytes = std::fs::read(&path).expect("is there");
    let mut zip = Zip::open(Box::new(Cursor::new(bytes.clone()))).expect("is one");
    let entries = zip.entries.clone();
    let kinds: Vec<_> =
        entries.iter().map(|e| (e.name.as_str(), e.kind(), e.mode & 0o777)).collect();
    assert_eq!(
        kinds,
        [("d/", Kind::Dir, 0o755), ("d/é", Kind::File, 0o640), ("empty", Kind::File, 0o600)]
    );
    let mut got = Vec::new();
    zip.content(&entries[1], None).expect("opens").read_to_end(&mut got).expect("is whole");
    assert_eq!(got, content);
    // A byte turned over is noticed.
    let name = "é".as_bytes();
    let at = bytes.windows(name.len()).position(|part| part == name).expect("the name is in it");
    bytes[at + 6] ^= 0x55;
    let mut zip = Zip::open(Box::new(Cursor::new(bytes))).expect("is one");
    let read = zip.content(&entries[1], None).expect("opens").read_to_end(&mut Vec::new());
    assert!(read.is_err());
}

#[test]
fn entries_that_lie_do_no_harm() {
    // A directory that claims more than there is, at every cut of a good archive.
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("a.zip");
    let mut writer =
        Writer::new(Box::new(std::fs::File::create(&path).expect("can be made")), false);
    let header = Header { name: "f", mode: 0o100_644, time: [1980, 1, 1, 0, 0, 0] };
    writer.add(&header, &mut &b"some content"[..], 12).expect("is written");
    writer.finish().expect("is written");
    let bytes = std::fs::read(&path).expect("is there");
    for at in 0..bytes.len() {
        for value in [0, 0x7f, 0xff] {
            let mut bad = bytes.clone();
            bad[at] = value;
            let Ok(mut zip) = Zip::open(Box::new(Cursor::new(bad))) else { continue };
            for entry in zip.entries.clone() {
                if let Ok(content) = zip.content(&entry, None) {
                    // Whatever comes of it, it comes to an end.
                    let _ = content.take(1 << 20).read_to_end(&mut Vec::new());
                }
            }
        }
    }
}
