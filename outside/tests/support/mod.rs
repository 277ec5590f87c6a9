//! A tiny HTTP server for tests: one connection at a time, answers by path.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// `GET /path?query`.
    pub(crate) line: String,
    /// Names in lower case, and values.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
}

impl Seen {
    /// A header's value.
    #[allow(dead_code, reason = "not every test looks at headers")]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A server that runs until the test ends.
pub(crate) struct Server {
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Starts one; `answer` gives what is sent, byte for byte.
    pub(crate) fn start(answer: impl Fn(&Seen) -> Vec<u8> + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("is bound"));
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = read(&stream) else { continue };
                let bytes = answer(&request);
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                // A client that had enough is no fault.
                drop((&stream).write_all(&bytes));
            }
        });
        Server { url, seen }
    }

    /// What came so far.
    #[allow(dead_code, reason = "not every test looks back")]
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An answer of a status with a body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let size = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {size}\r\nConnection: close\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

fn read(stream: &TcpStream) -> Option<Seen> {
    let mut reader = BufReader::new(stream);
    let mut seen = Seen::default();
    let mut size = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.split_once(": ") {
            Some((name, value)) if !seen.line.is_empty() => {
                let name = name.to_lowercase();
                if name == "content-length" {
                    size = value.parse().ok()?;
                }
                seen.headers.push((name, value.to_owned()));
            }
            _ => seen.line = line.rsplit_once(' ')?.0.to_owned(),
        }
    }
    let mut body = vec![0; size];
    reader.read_exact(&mut body).ok()?;
    seen.body = String::from_utf8_lossy(&body).into_owned();
    Some(seen)
}
