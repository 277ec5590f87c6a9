//! `http_logstash`: posts events as JSON to a URL. Salt: the engine of that name; settings `url`, `tags` (globs; by
//! default new jobs and returns), `funs` (only these functions). A server that is away holds events up to the bound of
//! the reader, and what is lost then is told.

use std::time::Duration;

use halite_core::outside::http::Request;
use halite_core::{Error, Map, Outside, Result, Value};
use halite_outside::Internet;

use crate::Home;
use crate::reader::{Read, Reader, json, texts};
use crate::supervise::sleep;

/// The tags unless `tags` says otherwise.
const TAGS: [&str; 2] = ["salt/job/*/new", "salt/job/*/ret/*"];
/// How often an event is tried before it is given up.
const TRIES: u32 = 5;

pub(crate) fn run(settings: &Map, home: &Home) -> Result<()> {
    let url = settings.get("url").and_then(Value::as_str).unwrap_or_default();
    if url.is_empty() {
        return Err(Error::execution("the engine `http_logstash` needs `url`"));
    }
    let mut tags = texts(settings, "tags");
    if tags.is_empty() {
        tags = TAGS.map(str::to_owned).to_vec();
    }
    let funs = texts(settings, "funs");
    let (reader, internet) = (Reader::new(home, &tags, "http_logstash"), Internet::new());
    loop {
        let (tag, data) = match reader.next(home) {
            Read::Event(tag, data) => (tag, data),
            Read::Quiet => continue,
            Read::End => return Ok(()),
        };
        let fun = data.get("fun").and_then(Value::as_str).unwrap_or_default();
        if !funs.is_empty() && !funs.iter().any(|wanted| wanted == fun) {
            continue;
        }
        let mut fields = data.as_map().cloned().unwrap_or_default();
        let stamp = fields.shift_remove("_stamp").unwrap_or_default();
        let event = halite_core::map! {
            "@timestamp" => stamp, "@version" => 1, "tag" => tag.as_str(), "data" => fields,
        };
        if post(url, json(&event), home, &internet)? {
            return Ok(());
        }
    }
}

/// Posts a body; true if the daemon stops meanwhile.
fn post(url: &str, body: String, home: &Home, internet: &Internet) -> Result<bool> {
    let mut pause = Duration::from_millis(500);
    for attempt in 1..=TRIES {
        let mut request = Request::new("POST", url)
            .with_opts(&home.opts)
            .header("Content-Type", "application/json");
        request.body = Some(body.clone().into_bytes());
        let why = match internet.http(&request) {
            Ok(response) if response.status < 400 => return Ok(false),
            // What the server does not take now it will not take later.
            Ok(response) if response.status < 500 => {
                tracing::error!(status = response.status, "http_logstash: an event was refused");
                return Ok(false);
            }
            Ok(response) => format!("status {}", response.status),
            Err(error) => error.to_string(),
        };
        tracing::warn!(attempt, "http_logstash: an event could not be sent: {why}");
        if attempt == TRIES {
            return Err(Error::execution(format!(
                "{} does not take events: {why}",
                request.shown_url()
            )));
        }
        if sleep(home, pause) {
            return Ok(true);
        }
        pause *= 2;
    }
    Ok(false)
}
