//! The option `reactor`: which SLS files an event calls for.

use halite_core::glob::Glob;
use halite_core::{Map, Value, map};

/// One entry of the map.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which tags it is for.
    pub tag: Glob,
    /// Paths, `salt://` URLs, globs of paths.
    pub files: Vec<String>,
    /// The entry as it was written.
    entry: Value,
}

/// All entries, in their order.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
}

impl Rules {
    /// Reads the option. What is no entry is left out, as Salt does, and named in the second result.
    pub fn parse(option: &Value) -> (Rules, Vec<String>) {
        let (mut rules, mut odd) = (Vec::new(), Vec::new());
        for entry in option.as_list().unwrap_or_default() {
            match Rule::parse(entry) {
                Some(rule) => rules.push(rule),
                None => odd.push(format!(
                    "reactor: {entry} is ignored: an entry is a map of one tag to its SLS files"
                )),
            }
        }
        if option.as_list().is_none() && !option.is_null() && option.truthy() {
            odd.push("reactor: a list of `tag: [files]` is expected; nothing is done".into());
        }
        (Rules { rules }, odd)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The entries that a tag calls for.
    pub fn matching<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| rule.tag.matches(tag))
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The map as it was written. Salt: `reactor.list`.
    pub fn list(&self) -> Value {
        Value::list(self.rules.iter().map(|rule| rule.entry.clone()))
    }

    /// Adds an entry. Salt: `Reactor.add_reactor`.
    pub fn add(&mut self, tag: &str, files: &Value) -> Map {
        if self.rules.iter().any(|rule| rule.tag.pattern() == tag) {
            return map! {"status" => false, "comment" => "Reactor already exists."};
        }
        match Rule::parse(&map! {tag => files.clone()}.into()) {
            Some(rule) => {
                self.rules.push(rule);
                map! {"status" => true, "comment" => "Reactor added."}
            }
            None => {
                let comment = "The files of a reactor are a path or a list of paths.";
                map! {"status" => false, "comment" => comment}
            }
        }
    }

    /// Takes an entry out. Salt: `Reactor.delete_reactor`.
    pub fn delete(&mut self, tag: &str) -> Map {
        match self.rules.iter().position(|rule| rule.tag.pattern() == tag) {
            Some(at) => {
                self.rules.remove(at);
                map! {"status" => true, "comment" => "Reactor deleted."}
            }
            None => map! {"status" => false, "comment" => "Reactor does not exists."},
        }
    }
}

impl Rule {
    fn parse(entry: &Value) -> Option<Rule> {
        let (tag, files) = entry.as_map().filter(|map| map.len() == 1)?.first()?;
        let files = match files {
            Value::Str(file) => vec![file.to_string()],
            Value::List(files) => {
                files.iter().map(|file| file.as_str().map(str::to_owned)).collect::<Option<_>>()?
            }
            _ => return None,
        };
        Some(Rule { tag: Glob::new(&tag.to_string()), files, entry: entry.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(entries: Vec<Value>) -> (Rules, Vec<String>) {
        Rules::parse(&entries.into())
    }

    #[test]
    fn entries_are_salts() {
        let (rules, odd) = rules(vec![
            map! {"salt/minion/*/start" => vec!["/srv/a.sls", "salt://b.sls"]}.into(),
            map! {"salt/*" => "/srv/c/*.sls"}.into(),
            map! {"a" => "x", "b" => "y"}.into(),
            "text".into(),
            map! {"n" => 5}.into(),
        ]);
        assert_eq!(odd.len(), 3, "{odd:?}");
        let files =
            |tag| rules.matching(tag).flat_map(|rule| rule.files.clone()).collect::<Vec<_>>();
        assert_eq!(files("salt/minion/web1/start"), ["/srv/a.sls", "salt://b.sls", "/srv/c/*.sls"]);
        assert_eq!(files("salt/auth"), ["/srv/c/*.sls"]);
        assert!(files("other").is_empty());
        assert_eq!(Rules::parse(&"nonsense".into()).1.len(), 1);
    }

    #[test]
    fn entries_come_and_go_with_salts_words() {
        let (mut rules, _) = rules(vec![map! {"a" => "x"}.into()]);
        let comment = |map: Map| map.get("comment").map(ToString::to_string).unwrap_or_default();
        assert_eq!(comment(rules.add("a", &"y".into())), "Reactor already exists.");
        assert_eq!(comment(rules.add("b", &vec!["y"].into())), "Reactor added.");
        assert_eq!(rules.list(), vec![map! {"a" => "x"}, map! {"b" => vec!["y"]}].into());
        assert_eq!(comment(rules.delete("a")), "Reactor deleted.");
        assert_eq!(comment(rules.delete("a")), "Reactor does not exists.");
        assert_eq!(rules.add("c", &5.into()).get("status"), Some(&false.into()));
    }
}
