//! `file`: every event as a line of JSON in a file that is bounded. Ours. Settings: `path`, `tags` (globs), `max_bytes`
//! (64 MiB), `keep` (full files kept beside it, 4).

use std::path::PathBuf;

use halite_core::{Error, Map, Result, Value};

use crate::reader::{Read, Reader, line, texts};
use crate::{Home, Lines};

/// Bytes of a file unless `max_bytes` says otherwise.
const FILE_BYTES: i64 = 64 << 20;

pub(crate) fn run(settings: &Map, home: &Home) -> Result<()> {
    let path = settings.get("path").and_then(Value::as_str).unwrap_or_default();
    if path.is_empty() {
        return Err(Error::execution(
            "the engine `file` needs `path`: where the events are written",
        ));
    }
    let number = |name: &str, default: i64| {
        settings.get(name).and_then(Value::as_i64).unwrap_or(default).max(0).unsigned_abs()
    };
    let keep = usize::try_from(number("keep", 4)).unwrap_or(4);
    let mut lines =
        Lines::new(PathBuf::from(path), number("max_bytes", FILE_BYTES).max(4_096), keep);
    let reader = Reader::new(home, &texts(settings, "tags"), "file");
    loop {
        match reader.next(home) {
            Read::Event(tag, data) => lines.add(&line(&tag, &data))?,
            Read::Quiet => {}
            Read::End => return Ok(()),
        }
    }
}
