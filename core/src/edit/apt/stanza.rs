//! A stanza of a `*.sources` file.

use super::{Entry, comma_words, truth};
use crate::value::{Map, Value};

/// Fields in order, between comments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stanza {
    fields: Vec<(String, String)>,
    /// The comments above.
    pub header: Vec<String>,
    footer: Vec<String>,
}

impl Stanza {
    /// The stanzas of a file.
    pub fn parse_all(text: &str) -> Vec<Stanza> {
        let mut found = Vec::new();
        let mut part = String::new();
        for line in text.lines() {
            match line.trim().is_empty() {
                false => part.extend([line, "\n"]),
                true if part.is_empty() => {}
                true => found.push(Stanza::parse(&std::mem::take(&mut part))),
            }
        }
        if !part.is_empty() {
            found.push(Stanza::parse(&part));
        }
        found
    }

    fn parse(text: &str) -> Stanza {
        let mut stanza = Stanza::default();
        for line in text.lines() {
            if line.starts_with('#') {
                let side =
                    if stanza.fields.is_empty() { &mut stanza.header } else { &mut stanza.footer };
                side.push(line.to_owned());
                continue;
            }
            let field = line
                .split_once(':')
                .filter(|(name, _)| !name.is_empty() && !name.contains(char::is_whitespace));
            match (field, stanza.fields.last_mut()) {
                (Some((name, value)), _) => stanza.set(name, value.trim()),
                (None, Some((_, value))) => value.extend(["\n", line]),
                (None, None) => {}
            }
        }
        for (_, value) in &mut stanza.fields {
            *value = value.trim().to_owned();
        }
        stanza
    }

    /// The stanza that an entry's data make, with the lists that `options` name.
    pub(super) fn of(entry: &Entry, options: &Map) -> Stanza {
        let words = |name: &str, own: &str| match options.get(name) {
            Some(Value::List(items)) if !items.is_empty() => {
                items.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")
            }
            _ => own.to_owned(),
        };
        let mut stanza = Stanza::default();
        stanza.set("Types", &words("types", &entry.kind));
        stanza.set("URIs", &words("uris", &entry.uri));
        stanza.set("Suites", &words("suites", &entry.dist));
        stanza.set("Components", &entry.comps.join(" "));
        if !entry.architectures.is_empty() {
            stanza.set("Architectures", &entry.architectures.join(" "));
        }
        if !entry.signed_by.is_empty() {
            stanza.set("Signed-By", &entry.signed_by);
        }
        if let Some(trusted) =
            options.get("trusted").filter(|trusted| **trusted != Value::Bool(false))
        {
            stanza.set_option("trusted", trusted);
        }
        if entry.disabled {
            stanza.set("Enabled", "no");
        }
        stanza
    }

    /// Whether it has no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// A field, whatever the case of its name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Sets a field.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.fields.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value.to_owned(),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Takes a field away.
    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
    }

    /// The words of a field.
    pub fn words(&self, name: &str) -> Vec<String> {
        self.get(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    }

    /// Whether it is turned off.
    pub fn disabled(&self) -> bool {
        self.get("Enabled").and_then(truth) == Some(false)
    }

    /// Sets what an option of `pkg.mod_repo` names; other names do nothing.
    pub fn set_option(&mut self, name: &str, value: &Value) {
        let field = match name {
            "architectures" => "Architectures",
            "types" => "Types",
            "uris" | "uri" => "URIs",
            "suites" | "dist" => "Suites",
            "comps" => "Components",
            "signedby" => "Signed-By",
            "disabled" if value.truthy() => return self.set("Enabled", "no"),
            "disabled" => return self.remove("Enabled"),
            "trusted" => {
                return match value {
                    Value::Bool(flag) => self.set("Trusted", if *flag { "yes" } else { "no" }),
                    Value::Str(text) if truth(text) == Some(true) => self.set("Trusted", "yes"),
                    Value::Str(_) => self.set("Trusted", "no"),
                    _ => self.remove("Trusted"),
                };
            }
            _ => return,
        };
        match value {
            Value::Null => self.remove(field),
            _ => self.set(field, &comma_words(value).join(" ")),
        }
    }

    /// One of its sources as a line.
    pub(super) fn as_line(&self, kind: &str, uri: &str, suite: &str) -> Entry {
        Entry {
            disabled: self.disabled(),
            kind: kind.into(),
            uri: uri.into(),
            dist: suite.into(),
            comps: self.words("Components"),
            architectures: self.words("Architectures"),
            // Salt sets it to `str(None)` where there is none.
            signed_by: self.get("Signed-By").unwrap_or("None").into(),
            trusted: self.get("Trusted").and_then(truth),
            ..Entry::default()
        }
    }

    /// The text for its file. Empty fields are left out.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.header.iter().for_each(|line| out.extend([line, "\n"]));
        for (name, value) in self.fields.iter().filter(|(_, value)| !value.is_empty()) {
            out.push_str(&format!("{name}: {value}\n"));
        }
        self.footer.iter().for_each(|line| out.extend([line, "\n"]));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stanza_stays_as_it_is_written() {
        let text = "# above\nTypes: deb deb-src\nURIs: http://a\nSuites: b c\nSigned-By:\n -----BEGIN\n .\n x\n# below\n";
        let all = Stanza::parse_all(&format!("\n{text}\n\nTypes: deb\nEnabled: no\n"));
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].words("types"), ["deb", "deb-src"]);
        assert_eq!(all[0].get("signed-by"), Some("-----BEGIN\n .\n x"));
        assert!(all[1].disabled() && !all[0].disabled());
        assert_eq!(all[0].text(), text.replace("Signed-By:\n ", "Signed-By: "));
    }
}
