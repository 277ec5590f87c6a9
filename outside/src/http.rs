//! HTTP and HTTPS, blocking.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use halite_core::outside::http::{Request, Response};
use halite_core::{Error, Result};
use ureq::config::RedirectAuthHeaders;
use ureq::http::{HeaderName, HeaderValue};
use ureq::{Agent, Body, Proxy, ResponseExt};

use crate::{Internet, trust};

/// Most bytes of all headers of an answer together.
const HEADER_BYTES_MAX: usize = 256 * 1024;
/// How much is read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Sends a request; the body of the answer is in memory.
pub(crate) fn collect(internet: &Internet, request: &Request) -> Result<Response> {
    let (mut response, body) = send(internet, request)?;
    let mut kept = Vec::new();
    copy(request, body, |chunk| {
        kept.extend_from_slice(chunk);
        Ok(())
    })?;
    response.body = kept;
    Ok(response)
}

/// Sends a request; the body of the answer is not read yet.
pub(crate) fn send(internet: &Internet, request: &Request) -> Result<(Response, Body)> {
    let (url, auth) = credentials(&request.url);
    let auth = request.auth.clone().or(auth);
    let mut built = ureq::http::Request::builder().method(request.method.as_str()).uri(&url);
    if let Some(headers) = built.headers_mut() {
        for (name, value) in &request.headers {
            let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value))
            else {
                let text = format!("{}: the header {name:?} is none", request.shown_url());
                return Err(Error::execution(text));
            };
            headers.append(name, value);
        }
        if let Some((name, password)) = auth {
            let pair =
                base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
            if let Ok(value) = HeaderValue::from_str(&format!("Basic {pair}")) {
                headers.insert("authorization", value);
            }
        }
    }
    let agent = agent(internet, request)?;
    let not_one =
        |why: ureq::http::Error| Error::execution(format!("{}: {why}", request.shown_url()));
    let answer = match &request.body {
        Some(body) => agent.run(built.body(body.as_slice()).map_err(not_one)?),
        None => agent.run(built.body(()).map_err(not_one)?),
    };
    let answer = answer.map_err(|why| told(request, &why))?;
    let headers = answer.headers().iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let response = Response {
        status: answer.status().as_u16(),
        headers: headers.collect(),
        body: Vec::new(),
        url: answer.get_uri().to_string(),
    };
    Ok((response, answer.into_body()))
}

/// Hands the body over in chunks.
pub(crate) fn copy(
    request: &Request,
    body: Body,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut reader = body.into_with_config().limit(u64::MAX).reader();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut size = 0_u64;
    loop {
        if request.cancel.as_deref().is_some_and(cancelled) {
            return Err(Error::Cancelled);
        }
        let read = match reader.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            Err(why) => {
                let text = format!("{}: the answer broke off: {why}", request.shown_url());
                return Err(Error::execution(text));
            }
        };
        size += read as u64;
        if size > request.body_bytes_max {
            let most = request.body_bytes_max;
            let text = format!("{}: the answer is longer than {most} bytes", request.shown_url());
            return Err(Error::execution(text));
        }
        take(chunk.get(..read).unwrap_or_default())?;
    }
}

fn cancelled(switch: &AtomicBool) -> bool {
    switch.load(Ordering::Relaxed)
}

/// The URL without name and password, and these.
fn credentials(url: &str) -> (String, Option<(String, String)>) {
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let at = rest.get(..end)?.rfind('@')?;
        Some((scheme, rest.get(..at)?, rest.get(at + 1..)?))
    });
    let Some((scheme, who, rest)) = parts else { return (url.to_owned(), None) };
    let (name, password) = who.split_once(':').unwrap_or((who, ""));
    (format!("{scheme}://{rest}"), Some((unquoted(name), unquoted(password))))
}

/// Text with its `%41` read.
fn unquoted(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let code = (*byte == b'%')
            .then(|| text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()));
        match code.flatten() {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn agent(internet: &Internet, request: &Request) -> Result<Agent> {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(request.redirects_max)
        .max_redirects_will_error(request.redirects_max > 0)
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        .max_response_header_size(HEADER_BYTES_MAX)
        .timeout_connect(Some(request.connect_timeout))
        .timeout_global(Some(request.timeout))
        .user_agent(concat!("Halite/", env!("CARGO_PKG_VERSION")))
        .tls_config(trust::settings(internet, request)?);
    if let Some(proxy) = &request.proxy {
        let proxy = Proxy::new(proxy).map_err(|why| {
            Error::execution(format!("the proxy of {}: {why}", request.shown_url()))
        })?;
        config = config.proxy(Some(proxy));
    }
    Ok(config.build().new_agent())
}

/// The system's reason as Python prints it.
fn system_words(why: &io::Error) -> String {
    match why.raw_os_error() {
        Some(number) => {
            let text = why.to_string();
            let words = text.split(" (os error").next().unwrap_or(&text);
            format!("[Errno {number}] {words}")
        }
        None => why.to_string(),
    }
}

/// What went wrong, with the way out where there is one.
fn told(request: &Request, why: &ureq::Error) -> Error {
    let reason = match why {
        ureq::Error::Timeout(_) => {
            format!("no answer within {}s ({why})", request.timeout.as_secs_f64())
        }
        ureq::Error::HostNotFound => "the host's name is not known".to_owned(),
        ureq::Error::TooManyRedirects => {
            format!("more than {} redirects", request.redirects_max)
        }
        ureq::Error::Io(why) => system_words(why),
        other => other.to_string(),
    };
    // The words in brackets are those of Python, which people and programs look for.
    let (reason, hint) = match reason.contains("certificate") || reason.contains("UnknownIssuer") {
        true => (
            format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {reason}"),
            " (ca_bundle names a file of authorities; verify_ssl: False trusts anybody)",
        ),
        false => (reason, ""),
    };
    Error::execution(format!("{} {}: {reason}{hint}", request.method, request.shown_url()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_leave_the_url() {
        let (url, auth) = credentials("http://u%40x:p%3a@h:8/a@b");
        assert_eq!(url, "http://h:8/a@b");
        assert_eq!(auth, Some(("u@x".into(), "p:".into())));
        assert_eq!(credentials("http://h/%zz"), ("http://h/%zz".into(), None));
    }
}
