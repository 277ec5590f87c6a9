//! Salt's filters that look at this machine's files, and dates.

use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::given;
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{Class, Fault, R, type_error, value_error};
use crate::jinja::value::Val;

pub(super) const NAMES: &[&str] = &[
    "is_bin_file",
    "is_text_file",
    "is_empty",
    "list_files",
    "file_hashsum",
    "which",
    "get_uid",
    "date_format",
    "strftime",
];

/// How many files `list_files` may list.
const MOST_FILES: usize = 100_000;

/// How large a file `file_hashsum` may read, in bytes.
const LARGEST_HASHED: u64 = 1 << 30;

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    if matches!(name, "date_format" | "strftime") {
        let [format] = args.bind("strftime", ["format"], 0)?;
        let format = format.map_or(Ok("%Y-%m-%d".to_string()), |format| rt.text(&format))?;
        return strftime(rt, &val, &format);
    }
    if name == "get_uid" && val.is_none() {
        return Ok(Val::Int(i64::from(rustix::process::geteuid().as_raw())));
    }
    if name == "which" && !val.truthy()? {
        return Ok(Val::None);
    }
    let text = path_text(rt, name, &val)?;
    let path = Path::new(&text);
    Ok(match name {
        "is_empty" => Val::Bool(std::fs::metadata(path).is_ok_and(|meta| meta.len() == 0)),
        "is_bin_file" => {
            let head = path.is_file().then(|| head(path, 2048)).flatten();
            Val::Bool(head.is_some_and(|head| is_binary(&head)))
        }
        "is_text_file" => Val::Bool(head(path, 512).is_some_and(|head| !is_binary(&head))),
        "list_files" => list_files(rt, path)?,
        "file_hashsum" => {
            let [form] = args.bind("get_hash", ["form"], 0)?;
            let form = given(form).map_or(Ok("sha256".to_string()), |form| rt.text(&form))?;
            file_hash(path, &form)?
        }
        "which" => which(&text).map_or(Val::None, |path| Val::str(path.to_string_lossy())),
        _ => user_id(&text).map_or(Val::None, Val::Int),
    })
}

/// The path or name that a filter is about; Python refuses everything that is none.
fn path_text(rt: &Rt<'_>, name: &str, val: &Val) -> R<String> {
    val.defined()?;
    if let Val::Str(_) | Val::Markup(_) = val {
        return rt.text(val);
    }
    let kind = val.type_name();
    type_error(match name {
        "get_uid" => format!("getpwnam() argument must be str, not {kind}"),
        "which" => format!("access: path should be string, bytes or os.PathLike, not {kind}"),
        "is_bin_file" | "is_empty" => {
            format!("stat: path should be string, bytes, os.PathLike or integer, not {kind}")
        }
        _ => format!("expected str, bytes or os.PathLike object, not {kind}"),
    })
}

fn head(path: &Path, bytes: u64) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    std::fs::File::open(path).ok()?.take(bytes).read_to_end(&mut head).ok()?;
    Some(head)
}

/// Salt's guess: a NUL, or too many bytes that are no text.
fn is_binary(bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return false;
    }
    if bytes.contains(&0) {
        return true;
    }
    let utf8 = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        // Cut within a character.
        Err(error) => error.error_len().is_none(),
    };
    let text = |byte: u8| {
        matches!(byte, 32..=126 | b'\n' | b'\r' | b'\t' | 12 | 8)
            || (utf8 && (128..255).contains(&byte))
    };
    let odd = bytes.iter().filter(|byte| !text(**byte)).count();
    odd as f64 / bytes.len() as f64 > 0.30
}

fn list_files(rt: &Rt<'_>, path: &Path) -> R<Val> {
    let mut found = vec![path.to_path_buf()];
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            rt.step(10)?;
            if found.len() >= MOST_FILES {
                return value_error(format!(
                    "more than {MOST_FILES} files below {}",
                    path.display()
                ));
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(Val::list(found.iter().map(|path| Val::str(path.to_string_lossy())).collect()))
}

fn file_hash(path: &Path, form: &str) -> R<Val> {
    let failed = |error: std::io::Error| -> R<Val> {
        let number = error.raw_os_error().unwrap_or(0);
        let reason = error.to_string();
        let reason = reason.split(" (os error").next().unwrap_or_default();
        Err(Fault::new(Class::Other, format!("[Errno {number}] {reason}: '{}'", path.display())))
    };
    match std::fs::metadata(path) {
        Err(error) => return failed(error),
        Ok(meta) if meta.len() > LARGEST_HASHED => {
            return value_error(format!("{} has more than {LARGEST_HASHED} bytes", path.display()));
        }
        Ok(_) => {}
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return failed(error),
    };
    match super::hash::hex_digest(form, &bytes) {
        Some(digest) => Ok(Val::str(digest)),
        None => value_error(format!("Invalid hash type: {form}")),
    }
}

fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn which(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        let path = PathBuf::from(name);
        return executable(&path).then_some(path);
    }
    let usual = ["/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(usual.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path| executable(path))
}

fn user_id(name: &str) -> Option<i64> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(2)?.parse().ok()
}

fn strftime(rt: &Rt<'_>, val: &Val, format: &str) -> R<Val> {
    val.defined()?;
    let time = match val {
        Val::None => Some(jiff::Zoned::now().datetime()),
        Val::Str(text) | Val::Markup(text) => {
            parse_date(text).or_else(|| text.trim().parse().ok().and_then(local))
        }
        other => other.as_float().and_then(local),
    };
    let Some(time) = time else {
        return value_error(format!("Unable to parse {}", rt.text(val)?));
    };
    match jiff::fmt::strtime::format(c_format(format, time), time) {
        Ok(text) => Ok(Val::str(text)),
        Err(error) => value_error(format!("the format {format:?} is not understood: {error}")),
    }
}

/// The directives that mean the same in C and in jiff.
const SAME: &str = "aAbBCdDeFgGhHIjklmMnpPRStTuUVwWXyY%";

/// A format of C's `strftime` in the C locale, for a time without a zone, as one of jiff: what C does
/// not know stays as it is.
fn c_format(format: &str, time: DateTime) -> String {
    let mut out = String::with_capacity(format.len());
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let flags = |c: char| c.is_ascii_digit() || matches!(c, '-' | '_' | '^' | '#');
        let start = rest[1..].find(|c| !flags(c)).map_or(rest.len(), |at| at + 1);
        let known = |c: &char| SAME.contains(*c) || "cfrsxzZ".contains(*c);
        // `%Ey`, `%Od`: other numerals, which the C locale has not.
        let other = matches!(rest.as_bytes().get(start), Some(b'E' | b'O'));
        let place = start + usize::from(other && rest[start + 1..].starts_with(|c| known(&c)));
        let Some(directive) = rest[place..].chars().next().filter(known) else {
            out.push_str("%%");
            rest = &rest[1..];
            continue;
        };
        match directive {
            'c' => out.push_str("%a %b %e %H:%M:%S %Y"),
            'x' => out.push_str("%m/%d/%y"),
            'r' => out.push_str("%I:%M:%S %p"),
            'f' => out.push_str(&format!("{:06}", time.subsec_nanosecond() / 1000)),
            's' => {
                let zoned = time.to_zoned(TimeZone::system());
                out.push_str(&zoned.map_or(0, |time| time.timestamp().as_second()).to_string());
            }
            'z' | 'Z' => {}
            same => {
                out.push_str(&rest[..start]);
                out.push(same);
            }
        }
        rest = &rest[place + 1..];
    }
    out.push_str(rest);
    out
}

/// Seconds since 1970 as local time.
fn local(seconds: f64) -> Option<DateTime> {
    let micros = seconds * 1e6;
    if !micros.is_finite() || micros.abs() > 9e18 {
        return None;
    }
    let stamp = Timestamp::from_microsecond(micros.round() as i64).ok()?;
    Some(stamp.to_zoned(TimeZone::system()).datetime())
}

/// `2002/12/25`, `2002-12-25 13:45:10.5`, `2002-12-25T13:45Z`, and the words for days.
fn parse_date(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let now = jiff::Zoned::now().datetime();
    match text.to_ascii_lowercase().as_str() {
        "now" => return Some(now),
        "today" | "midnight" => return Some(now.date().at(0, 0, 0, 0)),
        "tomorrow" => return now.date().tomorrow().ok().map(|date| date.at(0, 0, 0, 0)),
        "yesterday" => return now.date().yesterday().ok().map(|date| date.at(0, 0, 0, 0)),
        _ => {}
    }
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let mut parts = date.split(['-', '/']);
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    if parts.next().is_some() {
        return None;
    }
    let date = Date::new(year, month, day).ok()?;
    let time = time.trim();
    if time.is_empty() {
        return Some(date.at(0, 0, 0, 0));
    }
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let mut parts = time[..zone].trim().splitn(3, ':');
    let (hour, minute) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let seconds: f64 = parts.next().map_or(Some(0.0), |seconds| seconds.parse().ok())?;
    if !(0.0..60.0).contains(&seconds) {
        return None;
    }
    let nanos = (seconds.fract() * 1e9) as i32;
    Some(date.to_datetime(Time::new(hour, minute, seconds.trunc() as i8, nanos).ok()?))
}
