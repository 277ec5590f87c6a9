//! `fnmatch`: the glob of sls names and requisites, as Python has it.

/// Whether a text has any of the characters by which Salt tells a glob from a name.
pub fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', ']'])
}

/// Whether `name` matches `pattern`. `*` and `?` match any character, `[..]` and `[!..]` one of a
/// set; a `[` without end is itself.
pub fn fnmatch(name: &str, pattern: &str) -> bool {
    if !is_glob(pattern) {
        return name == pattern;
    }
    let name: Vec<char> = name.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    matches(&name, &pattern)
}

/// Names of `names` that match, in their order. Salt: `fnmatch.filter`.
pub fn filter<'a>(names: &'a [String], pattern: &str) -> Vec<&'a str> {
    names.iter().map(String::as_str).filter(|name| fnmatch(name, pattern)).collect()
}

/// Greedy matching with one point to go back to: linear in practice, never exponential.
fn matches(name: &[char], pattern: &[char]) -> bool {
    let (mut n, mut p) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() && pattern[p] == '*' {
            back = Some((n, p + 1));
            p += 1;
            continue;
        }
        let step = (n < name.len() && p < pattern.len())
            .then(|| one(name[n], &pattern[p..]))
            .flatten();
        match (step, back) {
            (Some(width), _) => {
                n += 1;
                p += width;
            }
            (None, _) if n == name.len() && p == pattern.len() => return true,
            (None, Some((from, after))) if from < name.len() => {
                back = Some((from + 1, after));
                n = from + 1;
                p = after;
            }
            _ => return false,
        }
    }
}

/// Whether one character matches the head of the pattern, and how long that head is.
fn one(c: char, pattern: &[char]) -> Option<usize> {
    match pattern[0] {
        '?' => Some(1),
        '[' => match set_end(pattern) {
            None => (c == '[').then_some(1),
            Some(end) => {
                let negated = pattern[1] == '!';
                let body = &pattern[if negated { 2 } else { 1 }..end];
                (in_set(c, body) != negated).then_some(end + 1)
            }
        },
        literal => (literal == c).then_some(1),
    }
}

fn set_end(pattern: &[char]) -> Option<usize> {
    let mut from = 1;
    if pattern.get(from) == Some(&'!') {
        from += 1;
    }
    if pattern.get(from) == Some(&']') {
        from += 1;
    }
    pattern.iter().skip(from).position(|c| *c == ']').map(|at| at + from)
}

fn in_set(c: char, body: &[char]) -> bool {
    let mut i = 0;
    while i < body.len() {
        if i + 2 < body.len() && body[i + 1] == '-' {
            if body[i] <= c && c <= body[i + 2] {
                return true;
            }
            i += 3;
        } else {
            if body[i] == c {
                return true;
            }
            i += 1;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_fnmatch_does() {
        for (name, pattern) in [
            ("web.nginx", "web.*"),
            ("a", "?"),
            ("ab", "[a-c]b"),
            ("xb", "[!a-c]b"),
            ("", "*"),
            ("aXbXc", "a*b*c"),
            ("[", "["),
            ("]", "[]]"),
            ("a.b", "*.b"),
        ] {
            assert!(fnmatch(name, pattern), "{name} {pattern}");
        }
        for (name, pattern) in [("web", "web.*"), ("ab", "?"), ("db", "[!d]b"), ("a", ""), ("ac", "a*b")] {
            assert!(!fnmatch(name, pattern), "{name} {pattern}");
        }
    }

    #[test]
    fn many_stars_do_not_explode() {
        let name = "a".repeat(5000);
        assert!(!fnmatch(&name, &format!("{}b", "a*".repeat(50))));
    }
}
