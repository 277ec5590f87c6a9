//! Shell globs as Python's `fnmatch` reads them: `*`, `?`, `[seq]`, `[!seq]`; nothing else is special.

/// Whether `text` matches `pattern` as a whole. Takes time of at most `pattern * text`.
pub fn fnmatch(text: &str, pattern: &str) -> bool {
    matches(text, &tokens(pattern))
}

/// A pattern that is matched often: read once, and told apart by its literal beginning first.
#[derive(Clone, Debug)]
pub struct Glob {
    pattern: String,
    prefix: usize,
    tokens: Vec<Token>,
}

impl Glob {
    /// Reads a pattern; every text is one.
    pub fn new(pattern: &str) -> Glob {
        let prefix = pattern.find(['*', '?', '[']).unwrap_or(pattern.len());
        Glob { pattern: pattern.to_owned(), prefix, tokens: tokens(pattern) }
    }

    /// The pattern as it was written.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// What every text that matches begins with.
    pub fn prefix(&self) -> &str {
        &self.pattern[..self.prefix]
    }

    /// Whether `text` matches as a whole.
    pub fn matches(&self, text: &str) -> bool {
        if !text.starts_with(self.prefix()) {
            return false;
        }
        match &self.pattern[self.prefix..] {
            "" => text.len() == self.prefix,
            "*" => true,
            _ => matches(text, &self.tokens),
        }
    }
}

fn matches(text: &str, tokens: &[Token]) -> bool {
    let text: Vec<char> = text.chars().collect();
    // The last star seen, and where in the text its match ends so far: enough, since a later star
    // can take over whatever an earlier one would have tried.
    let (mut t, mut p, mut star) = (0, 0, None);
    while t < text.len() {
        match tokens.get(p) {
            Some(Token::Star) => {
                star = Some((p, t));
                p += 1;
            }
            Some(token) if token.takes(text[t]) => {
                t += 1;
                p += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (p, t) = (at + 1, from + 1);
            }
        }
    }
    tokens[p..].iter().all(|token| matches!(token, Token::Star))
}

/// Whether the text holds any of the characters that make it a glob.
pub fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

#[derive(Clone, Debug)]
enum Token {
    Star,
    Any,
    One(char),
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Token::Star => false,
            Token::Any => true,
            Token::One(one) => *one == c,
            Token::Set { negated, ranges } => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated
            }
        }
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = Vec::with_capacity(chars.len());
    let mut i = 0;
    while i < chars.len() {
        match chars[i] {
            '*' => {
                if !matches!(out.last(), Some(Token::Star)) {
                    out.push(Token::Star);
                }
            }
            '?' => out.push(Token::Any),
            '[' => match set(&chars[i + 1..]) {
                Some((token, length)) => {
                    out.push(token);
                    i += length;
                }
                None => out.push(Token::One('[')),
            },
            c => out.push(Token::One(c)),
        }
        i += 1;
    }
    out
}

/// The set after a `[`, and how many characters it took with its `]`; `None` if it never closes.
fn set(chars: &[char]) -> Option<(Token, usize)> {
    let negated = chars.first() == Some(&'!');
    let start = usize::from(negated);
    // A `]` in first place is a member.
    let end = start + 1 + chars.get(start + 1..)?.iter().position(|c| *c == ']')?;
    let body = &chars[start..end];
    let mut ranges = Vec::new();
    let mut i = 0;
    while i < body.len() {
        if i + 2 < body.len() && body[i + 1] == '-' {
            ranges.push((body[i], body[i + 2]));
            i += 3;
        } else {
            ranges.push((body[i], body[i]));
            i += 1;
        }
    }
    Some((Token::Set { negated, ranges }, end + 1))
}

#[cfg(test)]
mod tests {
    use super::{Glob, fnmatch};

    #[test]
    fn globs_are_fnmatch() {
        for (pattern, yes, no) in [
            ("web*", "web1", "xweb1"),
            ("*", "", "\u{0}no such"),
            ("w?b[1-3]", "web2", "web4"),
            ("[!a]b", "xb", "ab"),
            ("a[]]b", "a]b", "ab"),
            ("a[b", "a[b", "ab"),
            ("*a*b*c", "xaybzc", "xaybz"),
            ("{a,b}", "{a,b}", "a"),
        ] {
            assert!(fnmatch(yes, pattern), "{pattern} {yes}");
            assert!(pattern == "*" || !fnmatch(no, pattern), "{pattern} {no}");
            let glob = Glob::new(pattern);
            assert!(glob.matches(yes) && (pattern == "*" || !glob.matches(no)), "{pattern}");
        }
    }

    #[test]
    fn a_read_glob_knows_its_literal_beginning() {
        for (pattern, prefix, yes, no) in [
            ("salt/job/*/ret/*", "salt/job/", "salt/job/1/ret/a", "salt/job/1/new"),
            ("salt/auth", "salt/auth", "salt/auth", "salt/auth/x"),
            ("salt/*", "salt/", "salt/", "sal"),
        ] {
            let glob = Glob::new(pattern);
            assert_eq!((glob.prefix(), glob.pattern()), (prefix, pattern));
            assert!(glob.matches(yes) && !glob.matches(no), "{pattern}");
        }
    }

    #[test]
    fn many_stars_stay_cheap() {
        assert!(!fnmatch(&"a".repeat(5000), &format!("{}b", "*a".repeat(500))));
    }
}
