//! HTTP against servers that behave, and some that do not.

mod support;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use halite_core::Outside;
use halite_core::outside::http::{Request, Trust};
use halite_outside::Internet;
use support::{Seen, Server, answer};

fn get(url: &str) -> Request {
    let mut request = Request::new("GET", url);
    request.timeout = Duration::from_secs(5);
    request
}

fn site(seen: &Seen) -> Vec<u8> {
    match seen.line.as_str() {
        "GET /plain" => answer("200 OK", "X-One: 1\r\n", "hello"),
        "GET /round" => answer("302 Found", "Location: /round\r\n", ""),
        "GET /moved" => answer("302 Found", "Location: /plain\r\n", "x"),
        "GET /file" if seen.header("if-none-match") == Some("\"t\"") => {
            answer("304 Not Modified", "", "")
        }
        "GET /file" => answer("200 OK", "ETag: \"t\"\r\n", "content"),
        "GET /short" => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec(),
        "GET /nonsense" => b"\0\xff\xfe nothing of the kind\r\n\r\n".to_vec(),
        "GET /headers" => [b"HTTP/1.1 200 OK\r\n".to_vec(), b"A: b\r\n".repeat(200_000)].concat(),
        line if line.starts_with("POST ") || line.starts_with("LIST ") => {
            answer("201 Created", "", &format!("{line} {}", seen.body))
        }
        _ => answer("404 Not Found", "", "nothing here"),
    }
}

#[test]
fn answers_of_any_status_are_answers() {
    let server = Server::start(site);
    let net = Internet::new();
    let plain = net.http(&get(&format!("{}/plain", server.url))).expect("answers");
    assert_eq!(
        (plain.status, plain.text().as_str(), plain.header("x-one")),
        (200, "hello", Some("1"))
    );
    let none = net.http(&get(&format!("{}/none", server.url))).expect("answers");
    assert_eq!(
        (none.status, none.reason(), none.text().as_str()),
        (404, "Not Found", "nothing here")
    );
    let moved = net.http(&get(&format!("{}/moved", server.url))).expect("answers");
    assert_eq!((moved.status, moved.url), (200, format!("{}/plain", server.url)));
    let mut stay = get(&format!("{}/moved", server.url));
    stay.redirects_max = 0;
    assert_eq!(net.http(&stay).expect("answers").status, 302);
}

#[test]
fn method_headers_body_and_auth_arrive() {
    let server = Server::start(site);
    let url = server.url.replace("http://", "http://ada:s%3acret@");
    for method in ["POST", "LIST"] {
        let mut request = get(&format!("{url}/x?a=b")).header("X-Two", "2");
        request.method = method.to_owned();
        request.body = (method == "POST").then(|| b"data".to_vec());
        let got = Internet::new().http(&request).expect("answers");
        assert_eq!(got.status, 201, "{}", got.text());
    }
    let seen = server.seen();
    assert_eq!((seen[0].line.as_str(), seen[0].body.as_str()), ("POST /x?a=b", "data"));
    assert_eq!(seen[0].header("authorization"), Some("Basic YWRhOnM6Y3JldA=="));
    assert_eq!(seen[0].header("x-two"), Some("2"));
    assert_eq!(seen[1].line, "LIST /x?a=b");
}

#[test]
fn a_download_is_whole_or_not_there() {
    let server = Server::start(site);
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("a/b");
    let net = Internet::new();
    let mut request = get(&format!("{}/file", server.url));
    request.etag = true;
    assert_eq!(net.download(&request, &place).expect("arrives").status, 200);
    assert_eq!(std::fs::read_to_string(&place).expect("is there"), "content");
    assert_eq!(net.download(&request, &place).expect("is known").status, 304);
    for broken in ["short", "none"] {
        let url = format!("{}/{broken}", server.url);
        let got = net.download(&get(&url), &place);
        assert!(got.is_err() || got.is_ok_and(|answer| !answer.success()), "{broken}");
        assert_eq!(std::fs::read_to_string(&place).expect("is there"), "content");
    }
    let mut names: Vec<_> = std::fs::read_dir(folder.path().join("a"))
        .expect("is there")
        .map(|entry| entry.expect("reads").file_name().into_string().expect("is text"))
        .collect();
    names.sort();
    assert_eq!(names, ["b", "b.etag"]);
}

#[track_caller]
fn refused(request: &Request, want: &str) {
    let why = Internet::new().http(request).expect_err("fails").to_string();
    assert!(why.contains(want), "{why}");
}

#[test]
fn servers_that_misbehave_end_in_an_error() {
    let server = Server::start(site);
    let url = |path: &str| format!("{}/{path}", server.url);
    refused(&get(&url("round")), "more than 10 redirects");
    refused(&get(&url("nonsense")), "GET http://127.0.0.1");
    refused(&get(&url("headers")), "GET http://127.0.0.1");
    refused(&get(&url("short")), "the answer broke off");
    let mut small = get(&url("plain"));
    small.body_bytes_max = 4;
    refused(&small, "longer than 4 bytes");
    refused(&get("gopher://h/"), "gopher://h/");
    refused(&get("http://u:hidden@[broken/"), "<redacted>");
    refused(&get(&url("plain")).header("A\n", "b"), "the header");
    let mut proxied = get("http://nosuch.invalid/plain");
    proxied.proxy = Some("http://127.0.0.1:1".to_owned());
    refused(&proxied, "nosuch.invalid");
}

#[test]
fn a_silent_server_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut request = get(&format!("http://{}/", silent.local_addr().expect("is bound")));
    request.timeout = Duration::from_millis(200);
    let begin = Instant::now();
    refused(&request, "no answer within 0.2s");
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[test]
fn a_file_of_authorities_must_hold_some() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "nothing").expect("writes");
    let mut request = get("https://127.0.0.1:1/");
    request.trust = Trust::File(file);
    refused(&request, "holds no certificate");
}
