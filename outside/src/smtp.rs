//! Mail: SMTP (RFC 5321) over one connection, with STARTTLS (RFC 3207) and AUTH (RFC 4954).

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use halite_core::outside::mail::{Mail, MailServer, MailTls};
use halite_core::{Error, Result};
use md5::{Digest, Md5};

use crate::tls::{self, Stream};
use crate::{Internet, redis};

/// Most bytes of one line of an answer, and most lines.
const LINE_BYTES_MAX: usize = 4 * 1024;
const LINES_MAX: usize = 256;
/// The port on which TLS begins with the first byte. RFC 8314.
const TLS_PORT: u16 = 465;

/// What ends a mail.
const END: &[u8] = b".\r\n";

/// A server's answer.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    code: u16,
    lines: Vec<String>,
}

impl Answer {
    fn is(&self, class: u16) -> bool {
        self.code / 100 == class
    }
}

struct Talk {
    stream: BufReader<Box<dyn Stream>>,
    place: String,
}

impl Talk {
    fn new(stream: Box<dyn Stream>, place: &str) -> Talk {
        Talk { stream: BufReader::new(stream), place: place.to_owned() }
    }

    fn told(&self, why: impl std::fmt::Display) -> Error {
        Error::execution(format!("mail server {}: {why}", self.place))
    }

    fn say(&mut self, line: &str) -> Result<Answer> {
        self.write(format!("{line}\r\n").as_bytes())?;
        self.hear()
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let to = self.stream.get_mut();
        to.write_all(bytes).and_then(|()| to.flush()).map_err(|why| self.told(why))
    }

    fn hear(&mut self) -> Result<Answer> {
        answer(&mut self.stream).map_err(|why| self.told(why))
    }

    /// The answer, if it is of the class that is wanted.
    fn must(&self, doing: &str, answer: Answer, class: u16) -> Result<Answer> {
        match answer.is(class) {
            true => Ok(answer),
            false => {
                let said = answer.lines.join(" ");
                Err(self.told(format!("{doing} was refused: {} {said}", answer.code)))
            }
        }
    }

    /// Says who we are; gives what the server offers.
    fn greet(&mut self) -> Result<Vec<String>> {
        let name = local_name();
        let offered = self.say(&format!("EHLO {name}"))?;
        if offered.is(2) {
            return Ok(offered.lines.iter().skip(1).map(|line| line.to_uppercase()).collect());
        }
        let old = self.say(&format!("HELO {name}"))?;
        self.must("HELO", old, 2).map(|_| Vec::new())
    }
}

/// Hands a mail to a server.
pub(crate) fn send(internet: &Internet, server: &MailServer, mail: &Mail) -> Result<()> {
    let place = format!("{}:{}", server.host, server.port);
    let (mut talk, offered) = open(internet, server, &place)?;
    if let Some((user, password)) = &server.login {
        sign_in(&mut talk, &offered, (user, password))?;
    }
    let message = wire_form(&mail.message);
    let size = offered.iter().any(|line| line.split(' ').next() == Some("SIZE"));
    let eight = !mail.message.is_ascii() && offered.iter().any(|line| line == "8BITMIME");
    let mut from = format!("MAIL FROM:<{}>", address(&mail.from));
    if size {
        from += &format!(" SIZE={}", message.len() - END.len());
    }
    if eight {
        from += " BODY=8BITMIME";
    }
    let taken = talk.say(&from)?;
    talk.must("the sender", taken, 2)?;
    let mut refused = Vec::new();
    for to in &mail.to {
        let answer = talk.say(&format!("RCPT TO:<{}>", address(to)))?;
        if !answer.is(2) {
            refused.push(format!("{to}: {} {}", answer.code, answer.lines.join(" ")));
        }
    }
    if refused.len() == mail.to.len() {
        return Err(talk.told(format!("no recipient was taken: {}", refused.join("; "))));
    }
    if !refused.is_empty() {
        tracing::error!("mail server {place} refused recipients: {}", refused.join("; "));
    }
    let ready = talk.say("DATA")?;
    talk.must("DATA", ready, 3)?;
    talk.write(&message)?;
    let taken = talk.hear()?;
    talk.must("the mail", taken, 2)?;
    // It is taken, whatever follows.
    drop(talk.say("QUIT"));
    Ok(())
}

/// Encrypts the connection, and says what to do where that fails.
fn encrypted(
    internet: &Internet,
    server: &MailServer,
    socket: TcpStream,
) -> Result<Box<dyn Stream>> {
    tls::wrap(internet, &server.tls, &server.host, socket).map_err(|why| {
        Error::execution(format!(
            "mail server {why} (name its authority, or its own certificate, in smtp.ca_bundle, or set smtp.verify_tls: False)"
        ))
    })
}

/// Connects, encrypts as it is wanted, and greets.
fn open(internet: &Internet, server: &MailServer, place: &str) -> Result<(Talk, Vec<String>)> {
    let wait = Duration::from_secs(server.timeout_secs.max(1));
    let socket = redis::connect_tcp(&server.host, server.port, wait)
        .map_err(|why| Error::execution(format!("mail server {place}: {why}")))?;
    let begins_with_tls = server.tls != MailTls::Off && server.port == TLS_PORT;
    if begins_with_tls {
        let mut talk = Talk::new(encrypted(internet, server, socket)?, place);
        return welcome(&mut talk).map(|offered| (talk, offered));
    }
    let told = |why| Error::execution(format!("mail server {place}: {why}"));
    let plain = socket.try_clone().map_err(told)?;
    let mut talk = Talk::new(Box::new(plain), place);
    let offered = welcome(&mut talk)?;
    if server.tls == MailTls::Off {
        return Ok((talk, offered));
    }
    if !offered.iter().any(|line| line == "STARTTLS") {
        return Err(talk.told("it offers no encryption (STARTTLS), and smtp.tls is set"));
    }
    let ready = talk.say("STARTTLS")?;
    talk.must("STARTTLS", ready, 2)?;
    if !talk.stream.buffer().is_empty() {
        // CVE-2011-0411: what came before the encryption must not be taken for what comes within it.
        return Err(talk.told("it said more than it was asked before the encryption began"));
    }
    let mut talk = Talk::new(encrypted(internet, server, socket)?, place);
    let offered = talk.greet()?;
    Ok((talk, offered))
}

fn welcome(talk: &mut Talk) -> Result<Vec<String>> {
    let first = talk.hear()?;
    talk.must("the connection", first, 2)?;
    talk.greet()
}

/// Signs in by the first of CRAM-MD5, PLAIN and LOGIN that is offered, as Python's `smtplib`.
fn sign_in(talk: &mut Talk, offered: &[String], (user, password): (&str, &str)) -> Result<()> {
    let ways: Vec<&str> = offered
        .iter()
        .filter_map(|line| line.strip_prefix("AUTH ").or_else(|| line.strip_prefix("AUTH=")))
        .flat_map(str::split_whitespace)
        .collect();
    let answer = if ways.contains(&"CRAM-MD5") {
        let asked = talk.say("AUTH CRAM-MD5")?;
        let asked = talk.must("signing in", asked, 3)?;
        let question = STANDARD.decode(asked.lines.concat()).map_err(|why| talk.told(why))?;
        let digest = hmac_md5(password.as_bytes(), &question);
        talk.say(&STANDARD.encode(format!("{user} {digest}")))?
    } else if ways.contains(&"PLAIN") {
        talk.say(&format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{password}"))))?
    } else if ways.contains(&"LOGIN") {
        let asked = talk.say(&format!("AUTH LOGIN {}", STANDARD.encode(user)))?;
        talk.must("signing in", asked, 3)?;
        talk.say(&STANDARD.encode(password))?
    } else {
        return Err(
            talk.told("it offers no way to sign in that is known here (CRAM-MD5, PLAIN, LOGIN)")
        );
    };
    talk.must("signing in", answer, 2).map(drop)
}

/// RFC 2104 with MD5, as hex: what CRAM-MD5 (RFC 2195) wants.
fn hmac_md5(key: &[u8], message: &[u8]) -> String {
    let mut block = [0u8; 64];
    match key.len() > block.len() {
        true => block[..16].copy_from_slice(&Md5::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Md5::new().chain_update(pad(0x36)).chain_update(message).finalize();
    let outer = Md5::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bare address of `Name <address>`, without what would begin another command.
fn address(text: &str) -> String {
    let bare = match (text.rfind('<'), text.rfind('>')) {
        (Some(from), Some(to)) if from < to => &text[from + 1..to],
        _ => text,
    };
    bare.trim().chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect()
}

/// Lines end in CR LF, a dot at a line's start is doubled, a dot alone ends it all. RFC 5321, 4.5.2.
fn wire_form(message: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    let unified = message.replace("\r\n", "\n").replace('\r', "\n");
    for line in unified.strip_suffix('\n').unwrap_or(&unified).split('\n') {
        if line.starts_with('.') {
            out.push(b'.');
        }
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(END);
    out
}

/// What this machine is called in the greeting: its name if it has dots, else an address literal, as `smtplib`.
fn local_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    match name.contains('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
    {
        true => name.to_owned(),
        false => "[127.0.0.1]".to_owned(),
    }
}

fn line(stream: &mut impl Read) -> Result<String, String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    loop {
        stream.read_exact(&mut byte).map_err(|why| why.to_string())?;
        match byte {
            [b'\n'] => break,
            [other] => line.push(other),
        }
        if line.len() > LINE_BYTES_MAX {
            return Err("the answer is no SMTP".to_owned());
        }
    }
    Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
}

/// One answer of any number of lines.
fn answer(stream: &mut impl Read) -> Result<Answer, String> {
    let mut lines = Vec::new();
    while lines.len() < LINES_MAX {
        let line = line(stream)?;
        let code: Option<u16> = line.get(..3).and_then(|code| code.parse().ok());
        let code = code.ok_or_else(|| "the answer is no SMTP".to_owned())?;
        lines.push(line.get(4..).unwrap_or_default().trim().to_owned());
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(Answer { code, lines });
        }
    }
    Err("the answer is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let got = answer(&mut text.as_bytes());
        let got =
            got.map_or_else(|why| format!("! {why}"), |a| format!("{} {:?}", a.code, a.lines));
        assert_eq!(got, want);
    }

    #[test]
    fn answers_are_read() {
        check("250 ok\r\n", r#"250 ["ok"]"#);
        check("250-mx\r\n250-SIZE 1\r\n250 HELP\r\n", r#"250 ["mx", "SIZE 1", "HELP"]"#);
        check("354\n", r#"354 [""]"#);
    }

    #[test]
    fn nonsense_ends_in_an_error() {
        check("HTTP/1.1 400\r\n", "! the answer is no SMTP");
        check("25", "! failed to fill whole buffer");
        check(&"250-x\r\n".repeat(1_000), "! the answer is too long");
        check(&"2".repeat(10_000), "! the answer is no SMTP");
    }

    #[test]
    fn messages_cannot_end_early_and_addresses_cannot_add_commands() {
        let wire = String::from_utf8(wire_form("a\n.\r\n..b\rc\n")).expect("is text");
        assert_eq!(wire, "a\r\n..\r\n...b\r\nc\r\n.\r\n");
        assert_eq!(address("Ada <ada@example.org>"), "ada@example.org");
        assert_eq!(address(" bob@example.org\r\nRCPT TO:<x@y>"), "x@y");
        assert_eq!(address("bob@example.org\r\nDATA"), "bob@example.orgDATA");
    }

    #[test]
    fn cram_md5_is_as_in_its_rfc() {
        let question = b"<1896.697170952@postoffice.reston.mci.net>";
        assert_eq!(hmac_md5(b"tanstaaftanstaaf", question), "b913a602c7eda7a495b4e6e7334d3890");
    }
}
