//! Steps that wait until somebody approves them: a file for each below the orchestration's folder, so that a decision
//! holds even if it is taken while the orchestration is broken off.

use std::fs;
use std::path::PathBuf;

use halite_core::value::{parse_json, to_json};
use halite_core::{Error, Map, Opts, Result, Value, map};

use super::journal::folder;
use crate::private_file;

/// Largest such file, bytes.
const BYTES: u64 = 65_536;

/// What somebody decided.
pub(crate) struct Said {
    pub(crate) approved: bool,
    pub(crate) user: String,
    pub(crate) reason: String,
}

/// The file of a step: its name in a form that is a file name.
fn path(opts: &Opts, jid: &str, name: &str) -> Result<PathBuf> {
    let hex: String = name.bytes().take(100).map(|byte| format!("{byte:02x}")).collect();
    Ok(folder(opts, jid)?.join(format!("approval-{hex}.json")))
}

fn read(path: &std::path::Path) -> Result<Map> {
    let bytes = private_file::read(path, BYTES)?.unwrap_or_default();
    let value = parse_json(&String::from_utf8_lossy(&bytes)).unwrap_or_default();
    Ok(value.as_map().cloned().unwrap_or_default())
}

fn write(opts: &Opts, jid: &str, name: &str, data: Map) -> Result<()> {
    let text = to_json(&data.into(), Default::default());
    private_file::write(&path(opts, jid, name)?, text.as_bytes(), 0o600)
}

/// A step begins to wait. What was decided already stays.
pub(crate) fn ask(opts: &Opts, jid: &str, name: &str, message: &str) -> Result<()> {
    if said(opts, jid, name)?.is_some() {
        return Ok(());
    }
    write(opts, jid, name, map! {"jid" => jid, "name" => name, "message" => message})
}

/// What was decided, if something was.
pub(crate) fn said(opts: &Opts, jid: &str, name: &str) -> Result<Option<Said>> {
    let data = read(&path(opts, jid, name)?)?;
    let text = |key: &str| data.get(key).map(Value::to_string).unwrap_or_default();
    Ok(data.get("approved").and_then(Value::as_bool).map(|approved| Said {
        approved,
        user: text("user"),
        reason: text("reason"),
    }))
}

/// Decides.
///
/// # Errors
/// If nothing waits under that name.
pub(crate) fn decide(opts: &Opts, jid: &str, name: &str, said: Said) -> Result<()> {
    let mut data = read(&path(opts, jid, name)?)?;
    if data.is_empty() {
        let waiting = waiting(opts)?;
        let names =
            waiting.iter().filter(|data| data.get("jid").and_then(Value::as_str) == Some(jid));
        let names: Vec<String> =
            names.filter_map(|data| data.get("name").map(Value::repr)).collect();
        let hint = match names.is_empty() {
            true => "nothing of this orchestration waits".to_owned(),
            false => format!("these wait: {}", names.join(", ")),
        };
        return Err(Error::execution(format!(
            "'{name}' of {jid} does not wait for approval; {hint}"
        )));
    }
    data.insert("approved".into(), said.approved.into());
    data.insert("user".into(), said.user.into());
    data.insert("reason".into(), said.reason.into());
    write(opts, jid, name, data)
}

/// A step waits no longer.
pub(crate) fn forget(opts: &Opts, jid: &str, name: &str) -> Result<()> {
    private_file::remove(&path(opts, jid, name)?).map(drop)
}

/// All steps that wait.
pub(crate) fn waiting(opts: &Opts) -> Result<Vec<Map>> {
    let root = opts.path("cachedir").join("orchestrations");
    let mut found = Vec::new();
    for run in fs::read_dir(root).into_iter().flatten().flatten() {
        for file in fs::read_dir(run.path()).into_iter().flatten().flatten() {
            if file.file_name().to_string_lossy().starts_with("approval-") {
                let data = read(&file.path())?;
                if !data.is_empty() && !data.contains_key("approved") {
                    found.push(data);
                }
            }
        }
    }
    found.sort_by_key(|data| data.get("jid").map(ToString::to_string));
    Ok(found)
}
