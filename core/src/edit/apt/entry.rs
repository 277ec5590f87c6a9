//! A line of `sources.list`.

use super::{comma_words, truth};
use crate::value::Value;

/// The kinds of source that there are.
const KINDS: [&str; 4] = ["deb", "deb-src", "rpm", "rpm-src"];

/// A line in its parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// It is no source: a comment, an empty line, a text.
    pub invalid: bool,
    /// It stands behind a `#`.
    pub disabled: bool,
    /// `deb` or `deb-src`.
    pub kind: String,
    /// The architectures that it names.
    pub architectures: Vec<String>,
    /// The key that signs it; empty if none is named.
    pub signed_by: String,
    /// Whether it is trusted without a signature.
    pub trusted: Option<bool>,
    /// The address.
    pub uri: String,
    /// The suite.
    pub dist: String,
    /// The components.
    pub comps: Vec<String>,
    /// What stands behind a `#` at the end.
    pub comment: String,
    /// The line as it was read.
    pub line: String,
    /// The file that it is of.
    pub file: String,
}

/// An option between brackets: its name, its whole text.
struct Choice {
    name: String,
    full: String,
    value: String,
}

/// What stands between brackets, in order. Salt: `_get_opts`.
fn choices(line: &str) -> Vec<Choice> {
    let inner =
        line.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(inner, _)| inner);
    let mut found: Vec<Choice> = Vec::new();
    for word in inner.filter(|inner| inner.contains('=')).unwrap_or_default().split_whitespace() {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let name = match name {
            name if name.starts_with("arch") => "arch",
            "signed-by" => "signedby",
            other => other,
        };
        let value = value.to_owned();
        match found.iter_mut().find(|choice| choice.name == name) {
            Some(old) => {
                old.value = if name == "arch" { format!("{},{value}", old.value) } else { value };
                old.full = word.into();
            }
            None => found.push(Choice { name: name.into(), full: word.into(), value }),
        }
    }
    found
}

impl Entry {
    /// Reads a line of `file`. What is no source is kept as it is.
    ///
    /// # Errors
    /// A source without a suite.
    pub fn parse(line: &str, file: &str) -> Result<Entry, String> {
        let mut entry = Entry { line: line.into(), file: file.into(), ..Entry::default() };
        let mut rest = line.trim();
        if rest.is_empty() {
            entry.invalid = true;
            return Ok(entry);
        }
        if let Some(behind) = rest.strip_prefix('#') {
            entry.disabled = true;
            rest = behind;
        }
        if let Some(at) = rest.find('#').filter(|at| *at > 0) {
            entry.comment = rest[at + 1..].to_owned();
            rest = &rest[..at];
        }
        let mut words = split(rest.trim());
        let kind = words.first().is_some_and(|word| KINDS.contains(&word.as_str()));
        let open = words.get(1).is_some_and(|word| word.starts_with('['));
        let closed = || words.iter().skip(1).any(|word| word.ends_with(']'));
        if !kind || words.len() < 3 || open && !closed() {
            entry.invalid = true;
            return Ok(entry);
        }
        if open {
            let bare = |word: &String| word.trim_matches(['[', ']']).to_owned();
            words = words.iter().map(bare).filter(|word| !word.is_empty()).collect();
            for choice in choices(line) {
                match choice.name.as_str() {
                    "arch" => entry.architectures = comma_words(&choice.value.as_str().into()),
                    "signedby" => entry.signed_by = choice.value.clone(),
                    "trusted" => entry.trusted = truth(&choice.value),
                    _ => {}
                }
                if let Some(at) = words.iter().position(|word| *word == choice.full) {
                    words.remove(at);
                }
            }
        }
        if words.len() < 3 {
            return Err(format!("Invalid repository definition: {}", words.join(" ")));
        }
        entry.comps = words.split_off(3);
        let [kind, uri, dist]: [String; 3] = words.try_into().expect("three are left");
        (entry.kind, entry.uri, entry.dist) = (kind, uri, dist);
        Ok(entry)
    }

    /// Sets what an option of the state or of `pkg.mod_repo` names; other names do nothing.
    pub fn set(&mut self, name: &str, value: &Value) {
        match name {
            "uri" => self.uri = value.to_string(),
            "dist" => self.dist = value.to_string(),
            "comps" => self.comps = comma_words(value),
            "architectures" => self.architectures = comma_words(value),
            "disabled" => self.disabled = value.truthy(),
            "file" => self.file = value.to_string(),
            "signedby" => self.signed_by = value.to_string(),
            "trusted" => {
                self.trusted = match value {
                    Value::Bool(flag) => Some(*flag),
                    Value::Str(text) => truth(text),
                    _ => None,
                }
            }
            _ => {}
        }
    }

    /// The line for its file, with its end. Salt: `repo_line`.
    pub fn repo_line(&self) -> String {
        if self.invalid {
            return self.line.clone();
        }
        let mut options = choices(&self.line);
        let mut put = |name: &str, full: String| match options.iter_mut().find(|o| o.name == name) {
            Some(old) => old.full = full,
            None => options.push(Choice { name: name.into(), full, value: String::new() }),
        };
        if !self.architectures.is_empty() {
            put("arch", format!("arch={}", self.architectures.join(",")));
        }
        if !self.signed_by.is_empty() {
            put("signedby", format!("signed-by={}", self.signed_by));
        }
        if self.trusted == Some(true) {
            put("trusted", "trusted=yes".into());
        }
        options.retain(|option| option.full != "trusted=no");
        let options: Vec<String> = options.into_iter().map(|option| option.full).collect();
        let mut words = Vec::new();
        words.extend(self.disabled.then(|| "#".to_owned()));
        words.push(self.kind.clone());
        words.extend((!options.is_empty()).then(|| format!("[{}]", options.join(" "))));
        words.extend([self.uri.clone(), self.dist.clone(), self.comps.join(" ")]);
        words.extend((!self.comment.is_empty()).then(|| format!("#{}", self.comment)));
        words.join(" ") + "\n"
    }

    /// The line without blanks around it.
    pub fn text(&self) -> String {
        self.repo_line().trim().to_owned()
    }

    /// A fresh line with the options that Salt knows by name.
    pub(super) fn plain_line(&self) -> String {
        let mut options = Vec::new();
        options.extend(
            (!self.architectures.is_empty())
                .then(|| format!("arch={}", self.architectures.join(","))),
        );
        options
            .extend((!self.signed_by.is_empty()).then(|| format!("signed-by={}", self.signed_by)));
        let options =
            if options.is_empty() { String::new() } else { format!("[{}]", options.join(" ")) };
        let parts = [self.kind.as_str(), &options, &self.uri, &self.dist];
        let parts = parts.into_iter().chain(self.comps.iter().map(String::as_str));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ") + "\n"
    }
}

/// Words; an address such as `cdrom:[Debian 12]/` is one.
fn split(line: &str) -> Vec<String> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let cdrom = line.find("cdrom:").and_then(|at| Some((at, at + line[at..].rfind('/')? + 1)));
    match cdrom {
        Some((begin, end)) => {
            let mut all = words(&line[..begin]);
            all.push(line[begin..end].trim().to_owned());
            all.extend(words(&line[end..]));
            all
        }
        None => words(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_and_written_as_salt_does() {
        let table = [
            ("deb http://a/ b main contrib", "deb http://a/ b main contrib"),
            (
                "  # deb  [arch=amd64,i386 signed-by=/k.asc]  http://a b  main",
                "# deb [arch=amd64,i386 signed-by=/k.asc] http://a b main",
            ),
            (
                "deb [ trusted=no arch=amd64 ] http://a b main # why",
                "deb [arch=amd64] http://a b main # why",
            ),
            ("deb http://a /", "deb http://a /"),
            ("# only words", "# only words"),
            ("deb cdrom:[Debian 12 disk]/ b main", "deb cdrom:[Debian 12 disk]/ b main"),
        ];
        for (line, text) in table {
            assert_eq!(
                Entry::parse(line, "/x.list").map(|e| e.text()),
                Ok(text.to_owned()),
                "{line}"
            );
        }
        let short = Entry::parse("deb [arch=amd64] http://a", "/x.list");
        assert_eq!(short, Err("Invalid repository definition: deb http://a".to_owned()));
    }
}
