//! Lines of public keys, as in `authorized_keys`.

/// Whether a word begins as the types of keys do.
fn is_type(word: &str) -> bool {
    let word = word.strip_prefix("sk-").unwrap_or(word);
    let rest = word.strip_prefix("ssh-").or_else(|| word.strip_prefix("ecds"));
    let allowed = |c: char| c.is_alphanumeric() || "_@.-".contains(c);
    rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(allowed))
}

/// A line taken apart: what stands before the type, and the type with all that follows.
pub fn split_key(line: &str) -> Option<(&str, &str)> {
    let starts = line.char_indices().map(|(at, _)| at);
    for at in starts {
        let rest = &line[at..];
        let (word, more) = rest.split_once(char::is_whitespace)?;
        if is_type(word) && !more.is_empty() {
            let before = &line[..at];
            let cut = before.strip_suffix(char::is_whitespace);
            return Some((cut.unwrap_or(before), rest));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::split_key;

    #[test]
    fn lines_are_taken_apart() {
        for (line, want) in [
            ("ssh-rsa AAA me", Some(("", "ssh-rsa AAA me"))),
            ("no-pty,a=\"b c\" ssh-rsa AAA", Some(("no-pty,a=\"b c\"", "ssh-rsa AAA"))),
            ("ecdsa-sha2-nistp256 AAA", Some(("", "ecdsa-sha2-nistp256 AAA"))),
            ("sk-ssh-ed25519@openssh.com A", Some(("", "sk-ssh-ed25519@openssh.com A"))),
            ("AAAA me", None),
            ("ssh-rsa", None),
            ("", None),
        ] {
            assert_eq!(split_key(line), want, "{line}");
        }
    }
}
