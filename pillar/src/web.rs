//! What `http_yaml` and `http_json` share: the URL of a minion and the request.

use std::time::Duration;

use halite_core::outside::http::{Request, Response};
use halite_core::value::{DELIMITER, SubPath};
use halite_core::{Error, Result, Value};

use crate::sources::Call;

/// How long an external pillar waits for a server, unless `http_request_timeout` is shorter.
pub(crate) const WAIT_SECS: u64 = 60;
/// The longest answer that is taken, in bytes.
pub(crate) const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A request with the options of this program and the bounds of external pillars.
pub(crate) fn request(call: &Call<'_>, method: &str, url: &str) -> Request {
    let mut request = Request::new(method, url).with_opts(&call.compiler.options.opts);
    request.timeout = request.timeout.min(Duration::from_secs(WAIT_SECS));
    request.body_bytes_max = ANSWER_BYTES_MAX;
    request
}

/// Asks the server that the arguments name. `None` if a grain of the URL is not there.
pub(crate) fn fetch(call: &Call<'_>) -> Result<Option<Response>> {
    let url = call.text(0, "url")?.replace("%s", &quoted(call.compiler.who.id.as_str()));
    let with_grains = call.argument(1, "with_grains").is_some_and(Value::truthy);
    let Some(url) = (if with_grains { with_data(call, &url) } else { Some(url) }) else {
        return Ok(None);
    };
    let mut request = request(call, "GET", &url);
    if let Some(headers) = call.argument(2, "header_dict").and_then(Value::as_map) {
        let pairs = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        request.headers.extend(pairs);
    }
    let text = |position, name| call.argument(position, name).map(Value::to_string);
    request.auth = text(4, "username").zip(text(5, "password"));
    if let Some([name, password]) = call.argument(3, "auth").and_then(Value::as_list) {
        request.auth = Some((name.to_string(), password.to_string()));
    }
    let answer = call.compiler.deps.services.outside().http(&request)?;
    if !answer.success() {
        let (status, reason) = (answer.status, answer.reason());
        let shown = request.shown_url();
        return Err(Error::execution(format!("{shown}: HTTP {status}: {reason}")));
    }
    Ok(Some(answer))
}

/// An answer that is not of its format.
pub(crate) fn no_data(answer: &Response, format: &str, why: &str) -> Error {
    let shown = Request::new("GET", &answer.url).shown_url();
    Error::execution(format!("the answer of {shown} is no {format}: {why}"))
}

/// The URL with each `<grain>` replaced by its value.
fn with_data(call: &Call<'_>, url: &str) -> Option<String> {
    let grains = Value::from(call.compiler.who.grains.clone());
    let (mut out, mut rest) = (String::new(), url);
    while let Some((before, name, after)) = rest
        .split_once('<')
        .and_then(|(before, rest)| rest.split_once('>').map(|(name, after)| (before, name, after)))
    {
        let value = grains.traverse(name, DELIMITER).filter(|value| value.truthy());
        let Some(value) = value else {
            let id = call.compiler.who.id;
            tracing::error!("Unable to get minion '{id}' grain: {name}");
            return None;
        };
        out.push_str(before);
        out.push_str(&quoted(&value.to_string()));
        rest = after;
    }
    Some(out + rest)
}

/// Text as a part of a URL. Python: `urllib.parse.quote`, which leaves `/` alone.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
