//! `smtp`: each return, or each event's data, as a mail. Salt 3006: `salt/returners/smtp_return.py`. Options `smtp.from`,
//! `to`, `host`, `port`, `username`, `password`, `tls`, `subject`, `fields`, `template`, `renderer`, `gpgowner`; ours:
//! `ca_bundle`, `verify_tls`, `timeout`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use halite_core::host::Command;
use halite_core::outside::mail::{Mail, MailServer, MailTls};
use halite_core::returner::{kept, option, text_option};
use halite_core::{Apply, Args, Error, Map, Result, Returner, Value, map};

/// The returner.
pub static MODULE: Returner =
    Returner { event_return: Some(event_return), ..Returner::new("smtp", returner) };

const SECTION: &str = "smtp";
const PORT: u16 = 25;
const TIMEOUT_SECS: u64 = 30;
/// The text of a mail, unless `template` names another.
const TEMPLATE: &str = "id: {{id}}\r\nfunction: {{fun}}\r\nfunction args: {{fun_args}}\r\njid: {{jid}}\r\n\
                        return: {{return}}\r\n";

fn event_return(apply: &Apply<'_>, events: &[Map]) -> Result<()> {
    let data = events.iter().filter_map(|event| event.get("data").and_then(Value::as_map));
    data.filter(|data| !data.is_empty()).try_for_each(|data| returner(apply, data))
}

fn returner(apply: &Apply<'_>, ret: &Map) -> Result<()> {
    let needed = |name: &str| {
        let value = text_option(apply.cx, SECTION, ret, (name, ""));
        if value.is_empty() {
            return Err(Error::execution(format!("the option smtp.{name} is not set")));
        }
        Ok(value)
    };
    let (from, to, host) = (needed("from")?, needed("to")?, needed("host")?);
    let to = list(&to);
    let server = server(apply, ret, host)?;
    let subject = subject(apply, ret)?;
    let text = encrypted(apply, ret, &to, text(apply, ret)?)?;
    let message = letter(&from, &to, &date(apply.host.now_micros()), &subject, &text);
    apply.services.outside().mail(&server, &Mail { from, to, message })
}

fn list(text: &str) -> Vec<String> {
    crate::give::names(text).map(str::to_owned).collect()
}

fn server(apply: &Apply<'_>, ret: &Map, host: String) -> Result<MailServer> {
    let get = |name: &str| text_option(apply.cx, SECTION, ret, (name, ""));
    let number = |name: &str, usual: u64| match get(name) {
        text if text.is_empty() => Ok(usual),
        text => text
            .parse()
            .map_err(|_| Error::execution(format!("smtp.{name}: `{text}` is no number"))),
    };
    let says = |name: &str, what: bool| {
        option(apply.cx, SECTION, ret, name).is_some_and(|value| value.as_bool() == Some(what))
    };
    let tls = match (says("tls", true), says("verify_tls", false), get("ca_bundle")) {
        (false, ..) => MailTls::Off,
        (true, true, _) => MailTls::Anything,
        (true, false, bundle) if bundle.is_empty() => MailTls::Machine,
        (true, false, bundle) => MailTls::File(bundle.into()),
    };
    let (user, password) = (get("username"), get("password"));
    let port = number("port", u64::from(PORT))?;
    Ok(MailServer {
        host,
        port: u16::try_from(port)
            .map_err(|_| Error::execution(format!("smtp.port: `{port}` is no port")))?,
        tls,
        login: (!user.is_empty() && !password.is_empty()).then_some((user, password)),
        timeout_secs: number("timeout", TIMEOUT_SECS)?.clamp(1, 600),
    })
}

/// Renders a text, or a file, with the return's keys as variables.
fn rendered(apply: &Apply<'_>, ret: &Map, key: &str, source: &str) -> Result<String> {
    let renderer = text_option(apply.cx, SECTION, ret, ("renderer", "jinja"));
    let named = map! {key => source, "default_renderer" => renderer, "context" => kept(ret)};
    let value: Value = apply.call("slsutil.renderer", Args { positional: Vec::new(), named })?;
    Ok(value.to_string())
}

fn subject(apply: &Apply<'_>, ret: &Map) -> Result<String> {
    let mut subject = text_option(apply.cx, SECTION, ret, ("subject", "Email from Salt"));
    for field in list(&text_option(apply.cx, SECTION, ret, ("fields", ""))) {
        if let Some(value) = ret.get(field.as_str()) {
            subject += &format!(" {value}");
        }
    }
    rendered(apply, ret, "string", &subject)
}

fn text(apply: &Apply<'_>, ret: &Map) -> Result<String> {
    let template = text_option(apply.cx, SECTION, ret, ("template", ""));
    if template.is_empty() {
        return rendered(apply, ret, "string", TEMPLATE);
    }
    if !apply.host.exists(std::path::Path::new(&template)) {
        return Err(Error::execution(format!("smtp.template: there is no file {template}")));
    }
    rendered(apply, ret, "path", &template)
}

/// The text for the eyes of the recipients alone, if `gpgowner` says whose keys are used.
fn encrypted(apply: &Apply<'_>, ret: &Map, to: &[String], text: String) -> Result<String> {
    let owner = text_option(apply.cx, SECTION, ret, ("gpgowner", ""));
    if owner.is_empty() {
        return Ok(text);
    }
    let info: Map = apply
        .call("user.info", Args { positional: vec![owner.as_str().into()], named: Map::new() })?;
    let home = info
        .get("home")
        .map(Value::to_string)
        .ok_or_else(|| Error::execution(format!("smtp.gpgowner: there is no user `{owner}`")))?;
    let keys = format!("{home}/.gnupg");
    let mut argv = vec![
        "gpg",
        "--homedir",
        &keys,
        "--batch",
        "--trust-model",
        "always",
        "--encrypt",
        "--armor",
    ];
    to.iter().for_each(|to| argv.extend(["--recipient", to.as_str()]));
    let output =
        apply.host.run(&Command { stdin: Some(text.into_bytes()), ..Command::new(argv) })?;
    let out = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.retcode == 0 {
        return Ok(out(&output.stdout));
    }
    tracing::error!("smtp: the text cannot be encrypted, only an error message will be sent");
    let why = out(&output.stderr);
    Ok(format!(
        "Encryption failed, the return data was not sent.\r\n\r\nencryption failed\r\n{why}"
    ))
}

/// The date of a header, in local time. RFC 5322, 3.3.
fn date(now_micros: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(now_micros).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}

/// Headers and text. What is not ASCII, at which Salt fails, is sent as UTF-8; a header stays one line.
fn letter(from: &str, to: &[String], date: &str, subject: &str, text: &str) -> String {
    let (from, to, subject) = (header(from), header(&to.join(", ")), header(subject));
    let mut letter = format!("From: {from}\r\nTo: {to}\r\nDate: {date}\r\nSubject: {subject}\r\n");
    if !text.is_ascii() {
        letter += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
                   Content-Transfer-Encoding: 8bit\r\n";
    }
    letter + "\r\n" + text
}

/// Bytes of one encoded word's text: with its frame it stays within 75. RFC 2047, 2.
const WORD_BYTES: usize = 45;

fn header(text: &str) -> String {
    let one_line =
        text.split(['\r', '\n']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    if one_line.is_ascii() {
        return one_line;
    }
    let mut words = vec![String::new()];
    for c in one_line.chars() {
        if words.last().is_some_and(|word| word.len() + c.len_utf8() > WORD_BYTES) {
            words.push(String::new());
        }
        words.last_mut().into_iter().for_each(|word| word.push(c));
    }
    let words: Vec<String> =
        words.iter().map(|word| format!("=?utf-8?b?{}?=", STANDARD.encode(word))).collect();
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_ascii_are_salts_and_others_name_their_alphabet() {
        let to = ["a@b".to_owned(), "c@d".to_owned()];
        assert_eq!(
            letter("me@x", &to, "D", "two\r\nlines", "x: 1\n"),
            "From: me@x\r\nTo: a@b, c@d\r\nDate: D\r\nSubject: two lines\r\n\r\nx: 1\n"
        );
        let other = letter("me@x", &to, "D", "Grüße", "ä");
        assert!(
            other.contains("\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\nMIME-Version: 1.0\r\n"),
            "{other}"
        );
        assert!(other.ends_with("8bit\r\n\r\nä"), "{other}");
        let long = header(&"ü".repeat(100));
        assert!(
            long.split("\r\n ").all(|word| word.len() <= 75)
                && long.matches("=?utf-8?b?").count() > 3
        );
    }

    #[test]
    fn dates_are_as_mail_has_them() {
        let date = date(1_764_300_000_000_000);
        assert!(jiff::fmt::rfc2822::parse(&date).is_ok(), "{date}");
    }
}
