//! `http`: each return, or each batch of events, as JSON to a URL (a webhook). Options `returner.http.url`, `method`,
//! `header_dict`, `username`, `password`, `timeout`.

use std::time::Duration;

use halite_core::outside::http::Request;
use halite_core::returner::{kept, option, text_option};
use halite_core::value::to_json;
use halite_core::{Apply, Error, Map, Result, Returner, Value};

/// The returner.
pub static MODULE: Returner =
    Returner { event_return: Some(event_return), ..Returner::new("http", returner) };

const SECTION: &str = "returner.http";

fn returner(apply: &Apply<'_>, ret: &Map) -> Result<()> {
    send(apply, ret, &kept(ret).into())
}

fn event_return(apply: &Apply<'_>, events: &[Map]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    send(apply, &Map::new(), &events.to_vec().into())
}

fn send(apply: &Apply<'_>, ret: &Map, body: &Value) -> Result<()> {
    let get = |name, default| text_option(apply.cx, SECTION, ret, (name, default));
    let url = get("url", "");
    if url.is_empty() {
        return Err(Error::execution("the option returner.http.url is not set"));
    }
    let mut request = Request::new(&get("method", "POST"), &url);
    request.headers = vec![("Content-Type".into(), "application/json".into())];
    if let Some(Value::Map(headers)) = option(apply.cx, SECTION, ret, "header_dict") {
        request.headers.extend(headers.iter().map(|(k, v)| (k.to_string(), v.to_string())));
    }
    let user = get("username", "");
    if !user.is_empty() {
        request.auth = Some((user, get("password", "")));
    }
    let seconds: f64 = get("timeout", "10").parse().unwrap_or(10.0);
    request.timeout = Duration::from_secs_f64(seconds.clamp(0.1, 600.0));
    request.body = Some(to_json(body, Default::default()).into_bytes());
    let answer = apply.services.outside().http(&request)?;
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    Err(Error::execution(format!("{} answered {}", request.shown_url(), answer.status)))
}
