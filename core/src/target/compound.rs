//! `G@os:Debian and not ( web* or L@a,b )`: words, operators, parentheses, nodegroups.

use super::{DataPath, Network, Nodegroups, Pattern, Subject, Target, TargetError, range};
use crate::limits;
use crate::value::{DELIMITER, Value};

/// A parsed compound expression. `not` binds tighter than `and`, `and` tighter than `or`.
#[derive(Clone, Debug)]
pub enum Expr {
    /// One matcher.
    Is(Target),
    /// Nobody the inner expression means.
    Not(Box<Expr>),
    /// Both.
    And(Box<Expr>, Box<Expr>),
    /// Either.
    Or(Box<Expr>, Box<Expr>),
}

impl Expr {
    /// See [`Target::wanted_by_lists`].
    pub(super) fn wanted_by_lists<'a>(&'a self, wanted: &mut Vec<&'a str>) {
        match self {
            Expr::Is(target) => wanted.extend(target.wanted_by_lists()),
            Expr::Not(_) => {}
            Expr::And(left, right) | Expr::Or(left, right) => {
                left.wanted_by_lists(wanted);
                right.wanted_by_lists(wanted);
            }
        }
    }

    /// See [`Target::pillar_exact`].
    pub(super) fn pillar_exact(self) -> Expr {
        let exact = |expr: Box<Expr>| Box::new(expr.pillar_exact());
        match self {
            Expr::Is(target) => Expr::Is(target.pillar_exact()),
            Expr::Not(inner) => Expr::Not(exact(inner)),
            Expr::And(a, b) => Expr::And(exact(a), exact(b)),
            Expr::Or(a, b) => Expr::Or(exact(a), exact(b)),
        }
    }

    /// Whether `who` is meant; `None` while that hangs on unknown data.
    pub(super) fn decide(&self, who: &dyn Subject) -> Option<bool> {
        match self {
            Expr::Is(target) => target.decide(who),
            Expr::Not(inner) => inner.decide(who).map(|yes| !yes),
            Expr::And(a, b) => match (a.decide(who), b.decide(who)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Expr::Or(a, b) => match (a.decide(who), b.decide(who)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}

/// Parses a compound target: a text of words, or a list of them.
pub(super) fn parse(tgt: &Value, nodegroups: &Nodegroups) -> Result<Target, TargetError> {
    let words = words_of(tgt)?;
    finish(words, nodegroups, 0)
}

/// Parses the nodegroup `name`.
pub(super) fn parse_nodegroup(name: &str, groups: &Nodegroups) -> Result<Target, TargetError> {
    let words = nodegroup_words(name, groups)?;
    finish(words, groups, 1)
}

fn finish(words: Vec<String>, groups: &Nodegroups, depth: usize) -> Result<Target, TargetError> {
    let mut parser = Parser { words: &words, at: 0, groups, depth };
    let expr = parser.or()?;
    match words.get(parser.at) {
        None => Ok(Target::Compound(Box::new(expr))),
        Some(word) if word == ")" => {
            Err(parser.fault(parser.at, "`)` closes nothing; is a `(` missing?"))
        }
        Some(word) => {
            let why = format!("`{word}` needs `and` or `or` before it");
            Err(parser.fault(parser.at, &why))
        }
    }
}

fn words_of(tgt: &Value) -> Result<Vec<String>, TargetError> {
    let words: Vec<String> = match tgt {
        Value::Str(text) => text.split_whitespace().map(Into::into).collect(),
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other => {
            let kind = other.type_name();
            return Err(TargetError(format!("a compound target must be text or list, not {kind}")));
        }
    };
    if words.is_empty() {
        return Err(TargetError("the compound target is empty".into()));
    }
    if words.len() > limits::COMPOUND_WORDS {
        let most = limits::COMPOUND_WORDS;
        return Err(TargetError(format!("the compound target has more than {most} words")));
    }
    Ok(words)
}

/// Words without operators, matchers and stars are a list of ids; with characters of a pattern in
/// them they are a pattern. Salt: `_nodegroup_regex`.
fn plain_names(words: Vec<String>) -> Vec<String> {
    let special = |word: &String| {
        let matcher = word.as_bytes().first().is_some_and(u8::is_ascii_uppercase)
            && word.as_bytes().get(1) == Some(&b'@');
        matcher || word.contains('*') || matches!(word.as_str(), "and" | "or" | "not" | "(" | ")")
    };
    if words.is_empty() || words.iter().any(special) {
        return words;
    }
    let pattern = words.iter().any(|word| word.contains(['(', '[', '{', '\\', '?']));
    vec![format!("{}@{}", if pattern { 'E' } else { 'L' }, words.join(","))]
}

fn nodegroup_words(name: &str, groups: &Nodegroups) -> Result<Vec<String>, TargetError> {
    match groups.get(name) {
        Some(definition) => words_of(definition)
            .map(plain_names)
            .map_err(|error| TargetError(format!("nodegroup `{name}`: {error}"))),
        None => {
            let near = crate::text::nearest(name, groups.keys().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Err(TargetError(format!("there is no nodegroup `{name}`{hint}")))
        }
    }
}

struct Parser<'a> {
    words: &'a [String],
    at: usize,
    groups: &'a Nodegroups,
    depth: usize,
}

impl Parser<'_> {
    /// An error at a word, with the column it has when words are joined by one space.
    fn fault(&self, at: usize, why: &str) -> TargetError {
        let column: usize =
            self.words[..at.min(self.words.len())].iter().map(|w| w.len() + 1).sum();
        TargetError(format!("{why} (at column {} of `{}`)", column + 1, self.words.join(" ")))
    }

    fn word(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn or(&mut self) -> Result<Expr, TargetError> {
        let mut left = self.and()?;
        while self.word() == Some("or") {
            self.at += 1;
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, TargetError> {
        let mut left = self.not()?;
        // `a not b` means `a and not b`, as in Salt.
        while matches!(self.word(), Some("and" | "not")) {
            if self.word() == Some("and") {
                self.at += 1;
            }
            left = Expr::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, TargetError> {
        let mut odd = false;
        while self.word() == Some("not") {
            self.at += 1;
            odd = !odd;
        }
        let inner = self.atom()?;
        Ok(if odd { Expr::Not(Box::new(inner)) } else { inner })
    }

    fn atom(&mut self) -> Result<Expr, TargetError> {
        let at = self.at;
        let Some(word) = self.words.get(at) else {
            let before = self.words.last().map(String::as_str).unwrap_or_default();
            return Err(self.fault(at, &format!("`{before}` needs something on its right")));
        };
        self.at += 1;
        match word.as_str() {
            "and" | "or" => Err(self.fault(at, &format!("`{word}` needs something on its left"))),
            ")" => Err(self.fault(at, "`)` stands where a matcher should be")),
            "(" => {
                self.deeper(at)?;
                let inner = self.or()?;
                if self.word() != Some(")") {
                    return Err(self.fault(at, "this `(` is never closed"));
                }
                self.at += 1;
                self.depth -= 1;
                Ok(inner)
            }
            _ => self.matcher(at, word),
        }
    }

    fn deeper(&mut self, at: usize) -> Result<(), TargetError> {
        self.depth += 1;
        if self.depth > limits::TARGET_DEPTH {
            return Err(self.fault(at, "parentheses or nodegroups are nested too deep"));
        }
        Ok(())
    }

    /// One word: `X@pattern`, `Xd@pattern` with `d` as delimiter, or a glob over ids.
    fn matcher(&mut self, at: usize, word: &str) -> Result<Expr, TargetError> {
        let Some((letter, delimiter, pattern)) = split_engine(word) else {
            return Ok(Expr::Is(Target::Glob(word.into())));
        };
        let path =
            || DataPath { text: pattern.into(), delimiter: delimiter.unwrap_or(DELIMITER).into() };
        let target = match letter {
            'G' => Target::Grain(path()),
            'P' => Target::GrainPcre(path()),
            'I' => Target::Pillar(path()),
            'J' => Target::PillarPcre(path()),
            'L' => Target::List(super::ids_of(&Value::str(pattern))),
            'E' => Target::Pcre(Pattern::compile(pattern).map_err(|e| self.fault(at, &e.0))?),
            'S' => Target::Ipcidr(Network::parse(pattern).map_err(|e| self.fault(at, &e.0))?),
            'R' => Target::Range(range::expand(pattern).map_err(|e| self.fault(at, &e.0))?),
            'N' => return self.nodegroup(at, pattern),
            other => {
                let why = format!("`{other}@` is no matcher; known: E G I J L N P R S");
                return Err(self.fault(at, &why));
            }
        };
        Ok(Expr::Is(target))
    }

    fn nodegroup(&mut self, at: usize, name: &str) -> Result<Expr, TargetError> {
        self.deeper(at)?;
        let words = nodegroup_words(name, self.groups).map_err(|e| self.fault(at, &e.0))?;
        let inner = finish(words, self.groups, self.depth)?;
        self.depth -= 1;
        match inner {
            Target::Compound(expr) => Ok(*expr),
            other => Ok(Expr::Is(other)),
        }
    }
}

/// Splits `G@x` or `G%@x`. Only data matchers take a delimiter. A word such as `user@host` is a
/// glob: an engine is one capital letter.
fn split_engine(word: &str) -> Option<(char, Option<&str>, &str)> {
    let (head, pattern) = word.split_once('@')?;
    let letter = head.chars().next().filter(char::is_ascii_uppercase)?;
    let delimiter = &head[1..];
    match delimiter.chars().count() {
        _ if pattern.is_empty() => None,
        0 => Some((letter, None, pattern)),
        1 if "GPIJ".contains(letter) => Some((letter, Some(delimiter), pattern)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::MinionId;
    use crate::map;
    use crate::target::Known;

    fn groups() -> Nodegroups {
        Nodegroups::from([
            ("web".into(), Value::str("E@web\\d")),
            (
                "both".into(),
                Value::list([Value::str("N@web"), Value::str("or"), Value::str("db1")]),
            ),
            ("loop".into(), Value::str("N@loop")),
        ])
    }

    /// Who of web1, web2, db1 (Debian, Debian, unknown) is meant.
    fn meant(tgt: &str) -> Result<Vec<&'static str>, TargetError> {
        let target = Target::parse(&Value::str(tgt), "compound", None, &groups())?;
        let grains = map! {"os" => "Debian", "ipv4" => vec!["10.1.2.3"], "r" => map!{"a:b" => 1}};
        let all = [("web1", Some(&grains)), ("web2", Some(&grains)), ("db1", None)];
        let hit = all.into_iter().filter(|(id, grains)| {
            let id = MinionId::parse(id).expect("a valid id");
            target.matches(&Known { id: &id, grains: *grains, pillar: None })
        });
        Ok(hit.map(|(id, _)| id).collect())
    }

    #[track_caller]
    fn check(tgt: &str, want: &[&str]) {
        assert_eq!(meant(tgt).expect("parses"), want, "{tgt}");
    }

    #[track_caller]
    fn refuse(tgt: &str, want: &str) {
        let error = meant(tgt).expect_err("is refused").to_string();
        assert!(error.contains(want), "{tgt}: {error}");
    }

    #[test]
    fn words_operators_and_parentheses() {
        check("web* and G@os:Debian", &["web1", "web2"]);
        check("not L@web1 and E@web\\d", &["web2"]);
        check("( G@os:Debian or S@10.0.0.0/8 ) and not web1", &["web2"]);
        check("web* not web1", &["web2"]);
        check("db1 or web1 and web2", &["db1"]);
        check("G%@r%a:b%1", &["web1", "web2"]);
        check("N@both", &["web1", "web2", "db1"]);
        check("R@web1..2", &["web1", "web2"]);
        check("user@host", &[]);
    }

    #[test]
    fn unknown_data_matches_nobody() {
        check("not G@os:Debian", &[]);
        check("G@os:Debian or db1", &["web1", "web2", "db1"]);
        check("not ( G@os:Debian and web1 )", &["web2", "db1"]);
    }

    #[test]
    fn faults_say_where() {
        refuse("and web*", "`and` needs something on its left (at column 1");
        refuse("web* and", "`and` needs something on its right");
        refuse("web1 web2", "`web2` needs `and` or `or` before it (at column 6");
        refuse("( web1", "this `(` is never closed");
        refuse("web1 )", "`)` closes nothing");
        refuse("Z@x", "`Z@` is no matcher; known: E G I J L N P R S");
        refuse("N@wep", "did you mean `web`?");
        refuse("N@loop", "nested too deep");
        refuse("S@10.0.0.0/99", "is no IP address or network");
        refuse(&"( ".repeat(100), "nested too deep");
    }
}
