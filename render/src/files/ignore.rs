//! `file_ignore_regex` and `file_ignore_glob`: files that are neither found nor listed.

use halite_core::Opts;

/// The patterns of both options.
#[derive(Default)]
pub(super) struct Ignore {
    regexes: Vec<fancy_regex::Regex>,
    globs: Vec<regex::Regex>,
}

impl Ignore {
    /// Takes the patterns that can be read; Salt drops the others with a log line as well.
    pub(super) fn new(opts: &Opts) -> Ignore {
        let regexes = opts.list("file_ignore_regex").into_iter().filter_map(|pattern| {
            fancy_regex::Regex::new(&pattern)
                .inspect_err(|why| {
                    tracing::warn!("file_ignore_regex: `{pattern}` is no pattern: {why}");
                })
                .ok()
        });
        let globs = opts.list("file_ignore_glob").into_iter().filter_map(|glob| pattern(&glob));
        Ignore { regexes: regexes.collect(), globs: globs.collect() }
    }

    /// Whether a path is to be passed over.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.regexes.iter().any(|regex| regex.is_match(path).unwrap_or(false))
            || self.globs.iter().any(|glob| glob.is_match(path))
    }
}

/// A shell pattern as a regex, by the rules of Python's `fnmatch`: `*` takes `/` too.
pub(super) fn pattern(glob: &str) -> Option<regex::Regex> {
    let mut out = String::from("(?s)^");
    let chars: Vec<char> = glob.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '[' => match class(&chars[at + 1..]) {
                Some((text, used)) => {
                    out.push_str(&text);
                    at += used;
                }
                None => out.push_str("\\["),
            },
            c => out.push_str(&regex::escape(&c.to_string())),
        }
        at += 1;
    }
    out.push('$');
    regex::Regex::new(&out).ok()
}

/// A set such as `!a-z]`; its regex and how many characters it takes.
fn class(rest: &[char]) -> Option<(String, usize)> {
    let negated = rest.first() == Some(&'!');
    let start = usize::from(negated);
    // A `]` in the first place is a member.
    let end = (start + 1..rest.len()).find(|at| rest[*at] == ']')?;
    let mut text = String::from(if negated { "[^" } else { "[" });
    for c in &rest[start..end] {
        match c {
            '-' => text.push('-'),
            c => text.push_str(&regex::escape(&c.to_string())),
        }
    }
    text.push(']');
    Some((text, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_fnmatch() {
        let cases = [
            ("*.pyc", "a/b.pyc", true),
            ("*.pyc", "a.py", false),
            ("*/.svn/*", "x/.svn/entries", true),
            ("a?c", "a/c", true),
            ("[!a]b", "cb", true),
            ("[!a]b", "ab", false),
            ("[a-c]", "b", true),
            ("a[", "a[", true),
            ("a.b", "axb", false),
        ];
        for (glob, text, want) in cases {
            assert_eq!(pattern(glob).expect(glob).is_match(text), want, "{glob} {text}");
        }
    }
}
