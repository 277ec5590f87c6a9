//! `rawfile_json`: each return, or each event, as a line of JSON in a file. Salt: `salt/returners/rawfile_json.py`.

use std::path::PathBuf;

use halite_core::returner::{kept, text_option};
use halite_core::value::to_json;
use halite_core::{Apply, Map, Result, Returner};

/// The returner.
pub static MODULE: Returner =
    Returner { event_return: Some(event_return), ..Returner::new("rawfile_json", returner) };

fn returner(apply: &Apply<'_>, ret: &Map) -> Result<()> {
    write(apply, ret, &[kept(ret)])
}

fn event_return(apply: &Apply<'_>, events: &[Map]) -> Result<()> {
    if events.is_empty() { Ok(()) } else { write(apply, &Map::new(), events) }
}

fn write(apply: &Apply<'_>, ret: &Map, lines: &[Map]) -> Result<()> {
    let default = ("filename", "/var/log/salt/events");
    let path = PathBuf::from(text_option(apply.cx, "rawfile_json", ret, default));
    let line = |map: &Map| to_json(&map.clone().into(), Default::default()) + "\n";
    let text: String = lines.iter().map(line).collect();
    apply.host.append(&path, text.as_bytes())
}
