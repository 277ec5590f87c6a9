//! Addresses with a user and a password in them. Salt: `salt/utils/url.py`.

use crate::value::Value;

fn quoted(value: &Value) -> String {
    let mut out = String::new();
    for byte in value.to_string().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// An address with user and password in it; unchanged if both are `None`.
///
/// # Errors
/// If the address is not of https: a text for users.
pub fn with_login(url: &str, user: &Value, password: &Value) -> Result<String, &'static str> {
    if user.is_null() && password.is_null() {
        return Ok(url.to_owned());
    }
    let Some(rest) = url.strip_prefix("https://") else {
        return Err("Basic Auth only supported for HTTPS");
    };
    Ok(match password {
        Value::Null => format!("https://{}@{rest}", quoted(user)),
        password => format!("https://{}:{}@{rest}", quoted(user), quoted(password)),
    })
}

/// A text without the users and passwords of the web addresses in it: on each line, all from the first
/// address to the last `@` is hidden.
pub fn redacted(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let lower = line.to_ascii_lowercase();
        let starts =
            ["http://", "https://"].map(|start| lower.find(start).map(|at| at + start.len()));
        let start = starts.into_iter().flatten().min();
        match (start, line.rfind('@')) {
            (Some(start), Some(end)) if end >= start => {
                format!("{}<redacted>{}", &line[..start], &line[end..])
            }
            _ => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_take_and_lose_passwords() {
        let none = Value::Null;
        assert_eq!(with_login("http://a/b", &none, &none), Ok("http://a/b".into()));
        let full = with_login("https://a/b", &"u@x".into(), &"p:/".into()).expect("is https");
        assert_eq!(full, "https://u%40x:p%3A%2F@a/b");
        assert_eq!(redacted(&full), "https://<redacted>@a/b");
        assert_eq!(with_login("https://a", &"u".into(), &none), Ok("https://u@a".into()));
        assert!(with_login("git@a:b", &"u".into(), &none).is_err());
        assert_eq!(redacted("git@a:b"), "git@a:b");
        assert_eq!(redacted("x HTTP://u:p@h\ny@z"), "x HTTP://<redacted>@h\ny@z");
    }
}
