//! Package sources of apt: lines of `sources.list` and stanzas of `*.sources`.
//! Salt: `salt/utils/pkg/deb.py` behaviour.

mod entry;
mod stanza;

pub use entry::Entry;
pub use stanza::Stanza;

use crate::value::{Map, Value};

/// The file of sources that name no other.
pub const MAIN_FILE: &str = "/etc/apt/sources.list";
/// The folder of further files.
pub const PARTS_FOLDER: &str = "/etc/apt/sources.list.d/";

/// What apt's files read as: `yes` and `no` in their many spellings; `None` for other words.
pub fn truth(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "no" | "false" | "without" | "off" | "disable" | "0" => Some(false),
        "yes" | "true" | "with" | "on" | "enable" | "1" => Some(true),
        _ => None,
    }
}

/// One source in one of the two forms.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A line.
    Line(Entry),
    /// A stanza, and its file.
    Stanza(Stanza, String),
}

impl Source {
    /// The sources of a file.
    ///
    /// # Errors
    /// A line that cannot be understood.
    pub fn parse_file(path: &str, text: &str) -> Result<Vec<Source>, String> {
        if path.ends_with(".sources") {
            let stanzas = Stanza::parse_all(text).into_iter();
            return Ok(stanzas.map(|stanza| Source::Stanza(stanza, path.to_owned())).collect());
        }
        text.lines().map(|line| Entry::parse(line, path).map(Source::Line)).collect()
    }

    /// The file that it stands in.
    pub fn file(&self) -> &str {
        match self {
            Source::Line(entry) => &entry.file,
            Source::Stanza(_, file) => file,
        }
    }

    /// Whether it is no source (a comment, an empty line).
    pub fn invalid(&self) -> bool {
        match self {
            Source::Line(entry) => entry.invalid,
            Source::Stanza(stanza, _) => stanza.is_empty(),
        }
    }

    /// Whether it is turned off.
    pub fn disabled(&self) -> bool {
        match self {
            Source::Line(entry) => entry.disabled,
            Source::Stanza(stanza, _) => stanza.disabled(),
        }
    }

    /// `deb`, `deb-src`; for a stanza its whole field.
    pub fn kind(&self) -> &str {
        match self {
            Source::Line(entry) => &entry.kind,
            Source::Stanza(stanza, _) => stanza.get("Types").unwrap_or_default(),
        }
    }

    fn words(&self, field: &str, own: impl Fn(&Entry) -> Vec<String>) -> Vec<String> {
        match self {
            Source::Line(entry) => own(entry),
            Source::Stanza(stanza, _) => stanza.words(field),
        }
    }

    /// The kinds.
    pub fn kinds(&self) -> Vec<String> {
        self.words("Types", |entry| vec![entry.kind.clone()])
    }

    /// The addresses.
    pub fn uris(&self) -> Vec<String> {
        self.words("URIs", |entry| vec![entry.uri.clone()])
    }

    /// The suites.
    pub fn suites(&self) -> Vec<String> {
        self.words("Suites", |entry| match entry.dist.is_empty() {
            true => Vec::new(),
            false => vec![entry.dist.clone()],
        })
    }

    /// The components.
    pub fn comps(&self) -> Vec<String> {
        self.words("Components", |entry| entry.comps.clone())
    }

    /// The architectures.
    pub fn architectures(&self) -> Vec<String> {
        self.words("Architectures", |entry| entry.architectures.clone())
    }

    /// The key that signs it; `None` where a stanza has no such field.
    pub fn signed_by(&self) -> Value {
        match self {
            Source::Line(entry) => entry.signed_by.as_str().into(),
            Source::Stanza(stanza, _) => stanza.get("Signed-By").map_or(Value::Null, Value::from),
        }
    }

    /// The text that stands for it in its file, without line end.
    pub fn text(&self) -> String {
        match self {
            Source::Line(entry) => entry.text(),
            Source::Stanza(stanza, _) => stanza.text().trim().to_owned(),
        }
    }

    /// The data by which Salt compares it: `suite`, `uri` and `kind` as single values.
    fn data(&self, uri: &str, suite: &str, kind: &str, line: String) -> Map {
        crate::map! {
            "file" => self.file(),
            "comps" => self.comps(),
            "disabled" => self.disabled(),
            "enabled" => !self.disabled(),
            "dist" => suite,
            "suites" => self.suites(),
            "type" => kind,
            "types" => self.kinds(),
            "uri" => uri,
            "uris" => self.uris(),
            "line" => line,
            "architectures" => self.architectures(),
            "signedby" => self.signed_by(),
        }
    }

    /// One map for each address, suite and kind, as `pkg.list_repos` shows them.
    pub fn listed(&self) -> Vec<(String, Map)> {
        let mut found = Vec::new();
        for uri in self.uris() {
            for suite in self.suites() {
                for kind in self.kinds() {
                    let line = match self {
                        Source::Line(entry) => entry.line.trim().to_owned(),
                        Source::Stanza(stanza, _) => stanza.as_line(&kind, &uri, &suite).text(),
                    };
                    found.push((uri.clone(), self.data(&uri, &suite, &kind, line)));
                }
            }
        }
        found
    }

    /// What the state `pkgrepo.managed` wants, as data: with what `options` name beside the line `repo`.
    ///
    /// # Errors
    /// A line that cannot be understood.
    pub fn wanted(repo: &str, options: &Map) -> Result<Map, String> {
        let mut entry = Entry::parse(repo, MAIN_FILE)?;
        for (key, value) in options {
            entry.set(key.as_str().unwrap_or_default(), value);
        }
        let file = options.get("file").and_then(Value::as_str).unwrap_or(MAIN_FILE);
        let source = if file.ends_with(".sources") {
            Source::Stanza(Stanza::of(&entry, options), file.to_owned())
        } else {
            let mut new = Entry::parse(&entry.plain_line(), file)?;
            new.disabled = entry.disabled;
            new.trusted = match options.get("trusted") {
                Some(value) if value.truthy() => Some(true),
                _ => new.trusted,
            };
            new.line = new.repo_line();
            Source::Line(new)
        };
        let first = |words: &[String]| words.join(" ");
        let (uri, suite, kind) = match &source {
            Source::Line(new) => (new.uri.clone(), new.dist.clone(), new.kind.clone()),
            Source::Stanza(..) => {
                (first(&source.uris()), first(&source.suites()), first(&source.kinds()))
            }
        };
        let mut data = source.data(&uri, &suite, &kind, source.text());
        data.shift_remove("enabled");
        data.insert("signedby".into(), entry.signed_by.as_str().into());
        Ok(data)
    }
}

/// Comments as one line.
pub fn joined_comments(comments: &Value) -> String {
    let texts = match comments {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other => vec![other.to_string()],
    };
    texts.join(" ").trim().to_owned()
}

/// A line whose address has no slash at its end.
pub fn strip_uri(repo: &str) -> String {
    let words = repo.split_whitespace().map(|word| {
        let address = ["http://", "https://", "ftp://"].iter().any(|begin| word.starts_with(begin));
        if address { word.trim_end_matches('/') } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The words of a text or the items of a list, apart at commas.
pub fn comma_words(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other => other.to_string().split(',').map(|word| word.trim().to_owned()).collect(),
    }
}
