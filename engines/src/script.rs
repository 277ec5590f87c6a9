//! `script`: runs a command again and again; each line that it prints is an event with `tag` and `data`.
//! Salt: `salt.engines.script`. Settings: `cmd`, `output` (`json`), `interval` (1), `onchange`.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use halite_core::{Error, Map, Result, Value, map};
use halite_modules::support::shlex;
use halite_render::serializers;

use crate::Home;
use crate::supervise::sleep;

/// Longest line that is an event, bytes.
const LINE_BYTES: u64 = 1 << 20;
/// Tags whose last data is remembered for `onchange`.
const TAGS: usize = 10_000;

pub(crate) fn run(settings: &Map, home: &Home) -> Result<()> {
    let cmd = settings.get("cmd").map(ToString::to_string).unwrap_or_default();
    let words = shlex::split(&cmd)?;
    if words.is_empty() {
        return Err(Error::execution("the engine `script` needs `cmd`"));
    }
    let output = settings.get("output").and_then(Value::as_str).unwrap_or("json");
    // An unknown format is told at once, not with the first line.
    serializers::deserialize(output, "{}").map_err(|_| {
        Error::execution(format!("Unknown serializer `{output}` found for output option"))
    })?;
    let interval = settings.get("interval").and_then(Value::as_f64).unwrap_or(1.0);
    let interval =
        Duration::try_from_secs_f64(interval.max(0.01)).unwrap_or(Duration::from_secs(1));
    let onchange = settings.get("onchange").is_some_and(Value::truthy);
    let mut last: HashMap<String, Value> = HashMap::new();
    loop {
        once(&words, output, home, onchange.then_some(&mut last))?;
        if sleep(home, interval) {
            return Ok(());
        }
    }
}

/// Ends the command however the reading ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn once(
    words: &[String],
    output: &str,
    home: &Home,
    mut last: Option<&mut HashMap<String, Value>>,
) -> Result<()> {
    // Both streams in one, as Salt reads them.
    let (reader, writer) = std::io::pipe().map_err(|error| Error::execution(error.to_string()))?;
    let err = writer.try_clone().map_err(|error| Error::execution(error.to_string()))?;
    let child = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(err)
        .spawn()
        .map_err(|error| Error::execution(format!("cannot run `{}`: {error}", words[0])))?;
    let mut child = Running(child);
    let mut lines = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        let read = (&mut lines).take(LINE_BYTES).read_until(b'\n', &mut line);
        match read {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        if home.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        match serializers::deserialize(output, text.trim()) {
            Ok(event) => fire(&event, home, last.as_deref_mut())?,
            Err(error) => {
                tracing::error!(cmd = words[0], %error, "script: a line is no event");
            }
        }
    }
    let status = child.0.wait().map_err(|error| Error::execution(error.to_string()))?;
    if !status.success() {
        tracing::error!(
            "script: Command '{}' returned non-zero exit status: {status}",
            words.join(" ")
        );
    }
    Ok(())
}

fn fire(event: &Value, home: &Home, last: Option<&mut HashMap<String, Value>>) -> Result<()> {
    let Some(tag) = event.get("tag").and_then(Value::as_str).filter(|tag| !tag.is_empty()) else {
        return Ok(());
    };
    let mut data = match event.get("data") {
        Some(Value::Map(data)) => (**data).clone(),
        Some(other) if other.truthy() => map! {"data" => other.clone()},
        _ => Map::new(),
    };
    if !data.is_empty() {
        data.entry("id".into()).or_insert_with(|| home.opts.str("id").into());
    }
    if let Some(last) = last {
        let value = Value::from(data.clone());
        if last.get(tag) == Some(&value) {
            return Ok(());
        }
        if last.len() < TAGS || last.contains_key(tag) {
            last.insert(tag.to_owned(), value);
        }
    }
    (home.fire)(tag, data)
}
