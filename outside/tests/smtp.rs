//! Mail against a server of our own: what is said, in which order, plain and encrypted, and what it refuses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use halite_core::Outside;
use halite_core::outside::mail::{Mail, MailServer, MailTls};
use halite_outside::Internet;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A certificate for `localhost` that signed itself, and its key.
const PEM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/mail.pem");

trait Both: Read + Write {}
impl<T: Read + Write> Both for T {}

fn encrypted(socket: TcpStream) -> Option<Box<dyn Both>> {
    let pem = std::fs::read(PEM).expect("the fixture is there");
    let key = PrivateKeyDer::from_pem_slice(&pem).expect("holds a key");
    let certificate = CertificateDer::from_pem_slice(&pem).expect("holds a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
        .expect("is a configuration");
    let connection = ServerConnection::new(Arc::new(config)).expect("begins");
    let mut stream = StreamOwned::new(connection, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).ok()?;
    }
    Some(Box::new(stream))
}

/// A mail server for one connection. It offers what it is told to, refuses addresses with `refused`, and tells what was
/// said to it.
struct Sink {
    port: u16,
    heard: Receiver<String>,
}

impl Sink {
    fn start(offers: &'static [&'static str]) -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("is bound").port();
        let (tell, heard) = channel();
        std::thread::spawn(move || {
            let Ok((socket, _)) = listener.accept() else { return };
            let twin = socket.try_clone().expect("is cloned");
            let mut stream = BufReader::new(Box::new(socket) as Box<dyn Both>);
            let mut twin = Some(twin);
            say(&mut stream, "220 sink");
            while let Some(line) = hear(&mut stream) {
                let word = line.split([' ', ':']).next().unwrap_or_default().to_owned();
                let refuse = line.contains("refused");
                drop(tell.send(line));
                match word.as_str() {
                    "EHLO" => say(&mut stream, &offered(offers)),
                    "STARTTLS" => {
                        say(&mut stream, "220 go");
                        let Some(inner) = twin.take().and_then(encrypted) else { return };
                        drop(tell.send("(encrypted)".to_owned()));
                        stream = BufReader::new(inner);
                    }
                    "AUTH" if offers.contains(&"AUTH LOGIN") => {
                        say(&mut stream, "334 UGFzc3dvcmQ6");
                        hear(&mut stream).map(|line| tell.send(line));
                        say(&mut stream, "235 in");
                    }
                    "AUTH" => say(&mut stream, "535 wrong password"),
                    "DATA" => {
                        say(&mut stream, "354 go");
                        while let Some(line) = hear(&mut stream) {
                            let end = line == ".";
                            drop(tell.send(format!("| {line}")));
                            if end {
                                break;
                            }
                        }
                        say(&mut stream, "250 taken");
                    }
                    "QUIT" => return say(&mut stream, "221 bye"),
                    _ if refuse => say(&mut stream, "550 no such user"),
                    _ => say(&mut stream, "250 ok"),
                }
            }
        });
        Sink { port, heard }
    }

    fn server(&self) -> MailServer {
        MailServer {
            host: "localhost".into(),
            port: self.port,
            tls: MailTls::Off,
            login: None,
            timeout_secs: 10,
        }
    }

    fn heard(self) -> Vec<String> {
        self.heard.iter().filter(|line| !line.starts_with("EHLO")).collect()
    }
}

fn offered(offers: &[&str]) -> String {
    let mut lines = vec!["250-sink".to_owned()];
    lines.extend(offers.iter().map(|offer| format!("250-{offer}")));
    lines.push("250 HELP".into());
    lines.join("\r\n")
}

fn say(stream: &mut BufReader<Box<dyn Both>>, line: &str) {
    let to = stream.get_mut();
    drop(to.write_all(format!("{line}\r\n").as_bytes()).and_then(|()| to.flush()));
}

fn hear(stream: &mut BufReader<Box<dyn Both>>) -> Option<String> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    Some(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn mail(to: &[&str]) -> Mail {
    Mail {
        from: "Salt <me@example.net>".into(),
        to: to.iter().map(|to| (*to).to_owned()).collect(),
        message: "Subject: x\r\n\r\nhello\n.\n".into(),
    }
}

#[test]
fn a_mail_is_said_as_pythons_smtplib_says_it() {
    let sink = Sink::start(&["SIZE 1000000"]);
    Internet::new().mail(&sink.server(), &mail(&["a@b", "refused@b"])).expect("is sent");
    let want = [
        "MAIL FROM:<me@example.net> SIZE=25",
        "RCPT TO:<a@b>",
        "RCPT TO:<refused@b>",
        "DATA",
        "| Subject: x",
        "| ",
        "| hello",
        "| ..",
        "| .",
        "QUIT",
    ];
    assert_eq!(sink.heard(), want);
}

#[test]
fn passwords_are_said_within_tls_and_only_to_whom_is_believed() {
    let login = Some(("ada".to_owned(), "secret".to_owned()));
    for tls in [MailTls::File(Path::new(PEM).into()), MailTls::Anything] {
        let sink = Sink::start(&["STARTTLS", "AUTH LOGIN"]);
        let server = MailServer { tls, login: login.clone(), ..sink.server() };
        Internet::new().mail(&server, &mail(&["a@b"])).expect("is sent");
        let heard = sink.heard();
        assert_eq!(
            heard[..4],
            ["STARTTLS", "(encrypted)", "AUTH LOGIN YWRh", "c2VjcmV0"],
            "{heard:?}"
        );
    }
    let sink = Sink::start(&["STARTTLS", "AUTH LOGIN"]);
    let bundle = tempfile::NamedTempFile::new().expect("a file");
    let other = include_str!("../../modules/tests/certificates/ca.pem");
    std::fs::write(bundle.path(), other).expect("is written");
    let server = MailServer { tls: MailTls::File(bundle.path().into()), login, ..sink.server() };
    let error = Internet::new().mail(&server, &mail(&["a@b"])).expect_err("is nobody's");
    assert!(error.to_string().contains("smtp.ca_bundle"), "{error}");
    assert_eq!(sink.heard(), ["STARTTLS"]);
}

#[track_caller]
fn refused(
    offers: &'static [&'static str],
    change: impl Fn(&mut MailServer),
    to: &[&str],
    want: &str,
) {
    let sink = Sink::start(offers);
    let mut server = sink.server();
    change(&mut server);
    let error = Internet::new().mail(&server, &mail(to)).expect_err("is refused").to_string();
    let port = sink.port.to_string();
    assert_eq!(error.replace(&port, "PORT"), format!("mail server localhost:PORT: {want}"));
}

#[test]
fn refusals_are_told() {
    let login = |server: &mut MailServer| server.login = Some(("ada".into(), "secret".into()));
    let tls = |server: &mut MailServer| server.tls = MailTls::Anything;
    refused(&[], |_| (), &["refused@b"], "no recipient was taken: refused@b: 550 no such user");
    refused(&["AUTH PLAIN"], login, &["a@b"], "signing in was refused: 535 wrong password");
    refused(
        &["AUTH GSSAPI"],
        login,
        &["a@b"],
        "it offers no way to sign in that is known here (CRAM-MD5, PLAIN, LOGIN)",
    );
    refused(&[], tls, &["a@b"], "it offers no encryption (STARTTLS), and smtp.tls is set");
}
