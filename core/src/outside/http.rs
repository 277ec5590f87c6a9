//! A request and its answer, as data.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::limits;
use crate::opts::Opts;

/// What authorities a server's certificate may come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those that the machine trusts.
    #[default]
    Machine,
    /// Those of this PEM file alone.
    File(PathBuf),
    /// Any certificate at all. Salt: `verify_ssl: False`.
    Anything,
}

/// The certificate that the client shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCert {
    /// PEM file of the certificate and those above it.
    pub cert: PathBuf,
    /// PEM file of the key; `None`: it is in the same file.
    pub key: Option<PathBuf>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, `LIST`, ...
    pub method: String,
    /// `http://..` or `https://..`; a name and password in it become basic auth.
    pub url: String,
    /// Names and values. A name may stand twice.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
    /// Name and password of basic auth.
    pub auth: Option<(String, String)>,
    /// How long the connection may take.
    pub connect_timeout: Duration,
    /// How long all of it may take.
    pub timeout: Duration,
    /// Whose certificates are trusted.
    pub trust: Trust,
    /// The certificate that is shown.
    pub client_cert: Option<ClientCert>,
    /// URL of a proxy; `None`: what the environment names (`http_proxy`, `no_proxy`, ...).
    pub proxy: Option<String>,
    /// How many redirects are followed; 0 gives the redirect itself.
    pub redirects_max: u32,
    /// The longest body that is taken, in bytes.
    pub body_bytes_max: u64,
    /// Whether a download asks only for what changed since the last one (`If-None-Match`, with the
    /// tag kept beside the file in `<file>.etag`).
    pub etag: bool,
    /// The switch that ends the request early.
    pub cancel: Option<Arc<AtomicBool>>,
}

impl Request {
    /// A request with the usual bounds.
    pub fn new(method: &str, url: &str) -> Request {
        Request {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            auth: None,
            connect_timeout: Duration::from_secs(limits::HTTP_CONNECT_SECS),
            timeout: Duration::from_secs(limits::HTTP_SECS),
            trust: Trust::Machine,
            client_cert: None,
            proxy: None,
            redirects_max: limits::HTTP_REDIRECTS,
            body_bytes_max: limits::HTTP_BODY_BYTES,
            etag: false,
            cancel: None,
        }
    }

    /// The same with what the options say of every request: `http_connect_timeout`,
    /// `http_request_timeout`, `ca_bundle`, `verify_ssl`, `proxy_host` and its kin, `no_proxy`.
    #[must_use]
    pub fn with_opts(mut self, opts: &Opts) -> Request {
        let secs = |name: &str| opts.get(name).and_then(crate::Value::as_f64).filter(|n| *n > 0.0);
        let duration = |secs: f64| Duration::try_from_secs_f64(secs).ok();
        if let Some(wait) = secs("http_connect_timeout").and_then(duration) {
            self.connect_timeout = wait;
        }
        if let Some(wait) = secs("http_request_timeout").and_then(duration) {
            self.timeout = wait;
        }
        if opts.get("verify_ssl").is_some_and(|verify| !verify.is_null() && !verify.truthy()) {
            self.trust = Trust::Anything;
        } else if !opts.str("ca_bundle").is_empty() {
            self.trust = Trust::File(opts.path("ca_bundle"));
        }
        self.proxy = proxy(opts, &self.url);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The URL without what must not be told: name, password, query.
    pub fn shown_url(&self) -> String {
        redacted(self.url.split(['?', '#']).next().unwrap_or_default())
    }
}

/// The proxy of the options for a URL.
fn proxy(opts: &Opts, url: &str) -> Option<String> {
    let (host, port) = (opts.str("proxy_host"), opts.int("proxy_port", 0));
    if host.is_empty() || port == 0 || opts.list("no_proxy").iter().any(|no| no == host_of(url)) {
        return None;
    }
    Some(match (opts.str("proxy_username"), opts.str("proxy_password")) {
        ("", _) | (_, "") => format!("http://{host}:{port}"),
        (name, password) => format!("http://{name}:{password}@{host}:{port}"),
    })
}

/// The host of a URL, without port, name and password.
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    match place.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    }
}

/// A URL without the name and password in it. Salt: `salt.utils.url.redact_http_basic_auth`.
pub fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end).and_then(|place| place.rfind('@')) {
        Some(at) => format!("{scheme}://<redacted>{}", &rest[at..]),
        None => url.to_owned(),
    }
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// 200, 404, ...
    pub status: u16,
    /// Names and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The body, unpacked.
    pub body: Vec<u8>,
    /// The URL after redirects.
    pub url: String,
}

impl Response {
    /// Whether the status is of 200 to 299.
    pub fn success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of a name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text; what is no UTF-8 becomes U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What the standards call the status.
    pub fn reason(&self) -> &'static str {
        REASONS.iter().find(|(code, _)| *code == self.status).map_or("Unknown", |(_, name)| name)
    }
}

/// RFC 9110 and the registry behind it, in Python's words (`http.client.responses`).
const REASONS: &[(u16, &str)] = &[
    (100, "Continue"),
    (200, "OK"),
    (201, "Created"),
    (202, "Accepted"),
    (204, "No Content"),
    (206, "Partial Content"),
    (301, "Moved Permanently"),
    (302, "Found"),
    (303, "See Other"),
    (304, "Not Modified"),
    (307, "Temporary Redirect"),
    (308, "Permanent Redirect"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (407, "Proxy Authentication Required"),
    (408, "Request Timeout"),
    (409, "Conflict"),
    (410, "Gone"),
    (411, "Length Required"),
    (412, "Precondition Failed"),
    (413, "Request Entity Too Large"),
    (415, "Unsupported Media Type"),
    (418, "I'm a Teapot"),
    (422, "Unprocessable Entity"),
    (429, "Too Many Requests"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Gateway Timeout"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Role, map};

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        let shown = |url: &str| Request::new("GET", url).shown_url();
        assert_eq!(shown("https://u:p@h/x?token=1#y"), "https://<redacted>@h/x");
        assert_eq!(shown("https://h:8/x@y"), "https://h:8/x@y");
        assert_eq!(host_of("https://u:p@h:8/x"), "h");
        assert_eq!(host_of("http://[::1]:80/x"), "::1");
    }

    #[test]
    fn options_reach_the_request() {
        let data = map! {
            "proxy_host" => "p", "proxy_port" => 3128, "proxy_username" => "u",
            "proxy_password" => "s", "no_proxy" => vec!["near"], "http_request_timeout" => 1.5,
            "ca_bundle" => "/ca.pem",
        };
        let opts = Opts::from_map(Role::Minion, data);
        let far = Request::new("GET", "http://far/").with_opts(&opts);
        assert_eq!(far.proxy.as_deref(), Some("http://u:s@p:3128"));
        assert_eq!(far.timeout, Duration::from_millis(1500));
        assert_eq!(far.trust, Trust::File("/ca.pem".into()));
        assert_eq!(Request::new("GET", "http://near:80/").with_opts(&opts).proxy, None);
    }
}
