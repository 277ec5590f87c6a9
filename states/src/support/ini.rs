//! INI files: options and sections changed, comments and unknown lines kept.

use halite_core::{Changes, Map, Value, map};

/// One line of a section, or an option with its continuation lines.
#[derive(Clone, Debug, PartialEq)]
enum Entry {
    /// A comment, or a line that is no option: kept as it is.
    Raw(String),
    /// `key = value`.
    Option(String, String),
}

/// A section's lines.
type Section = Vec<Entry>;

/// An INI file.
#[derive(Clone, Debug, Default)]
pub struct Ini {
    top: Section,
    sections: Vec<(String, Section)>,
    separator: String,
    no_spaces: bool,
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with(['#', ';'])
}

fn header(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.strip_suffix(']').filter(|name| !name.is_empty())
}

fn option_of<'a>(line: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let (key, value) = line.split_once(separator)?;
    (!key.trim().is_empty()).then(|| (key.trim(), value.trim_start()))
}

fn parse_section(lines: &[&str], separator: &str) -> Section {
    let blank = |line: &&&str| line.is_empty();
    let start = lines.iter().take_while(blank).count();
    let end = lines.len() - lines[start..].iter().rev().take_while(blank).count();
    let mut section = Section::new();
    for line in &lines[start..end] {
        let indented = line.starts_with([' ', '\t']);
        match (section.last_mut(), option_of(line, separator)) {
            _ if is_comment(line) => section.push(Entry::Raw((*line).into())),
            (Some(Entry::Option(_, value)), _) if indented => {
                value.push('\n');
                value.push_str(line);
            }
            (_, Some((key, value))) => section.push(Entry::Option(key.into(), value.into())),
            _ => section.push(Entry::Raw((*line).into())),
        }
    }
    section
}

fn get<'a>(section: &'a Section, key: &str) -> Option<&'a str> {
    section.iter().find_map(|entry| match entry {
        Entry::Option(have, value) if have == key => Some(value.as_str()),
        _ => None,
    })
}

fn to_map(section: &Section) -> Map {
    let options = section.iter().filter_map(|entry| match entry {
        Entry::Option(key, value) => Some((Value::from(key.as_str()), Value::from(value.as_str()))),
        Entry::Raw(_) => None,
    });
    options.collect()
}

/// Sets an option; a commented one comes to life where it stands. What it was, if that differs.
fn set(section: &mut Section, key: &str, value: &str, separator: &str) -> Option<Map> {
    for entry in section.iter_mut() {
        if let Entry::Option(have, old) = entry
            && have == key
        {
            let changed = map! {"before" => old.as_str(), "after" => value};
            return (old != value).then(|| {
                *old = value.to_owned();
                changed
            });
        }
    }
    let commented = section.iter().position(|entry| match entry {
        Entry::Raw(line) => {
            let bare = line.trim_start_matches('#');
            bare != line && option_of(bare, separator).is_some_and(|(have, _)| have == key)
        }
        Entry::Option(..) => false,
    });
    let new = Entry::Option(key.into(), value.into());
    match commented {
        Some(at) => section[at] = new,
        None => section.push(new),
    }
    Some(map! {"before" => (), "after" => value})
}

fn remove(section: &mut Section, key: &str) -> Option<String> {
    let at =
        section.iter().position(|entry| matches!(entry, Entry::Option(have, _) if have == key))?;
    match section.remove(at) {
        Entry::Option(_, value) => Some(value),
        Entry::Raw(line) => Some(line),
    }
}

impl Ini {
    /// Reads a text. `separator` stands between names and values.
    pub fn parse(text: &str, separator: &str, no_spaces: bool) -> Ini {
        let separator = separator.trim();
        let separator = if separator.is_empty() { " " } else { separator };
        let mut ini = Ini { separator: separator.into(), no_spaces, ..Ini::default() };
        let lines: Vec<&str> = text.lines().collect();
        let heads: Vec<usize> =
            (0..lines.len()).filter(|at| header(lines[*at]).is_some()).collect();
        let first = heads.first().copied().unwrap_or(lines.len());
        ini.top = parse_section(&lines[..first], separator);
        for (n, at) in heads.iter().enumerate() {
            let end = heads.get(n + 1).copied().unwrap_or(lines.len());
            let body = parse_section(&lines[at + 1..end], separator);
            let name = header(lines[*at]).unwrap_or_default();
            ini.sections.push((name.into(), body));
        }
        ini
    }

    /// The text of it.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&self.top, &mut text);
        for (name, section) in &self.sections {
            if !text.is_empty() {
                text.push('\n');
            }
            text += &format!("[{name}]\n");
            self.write(section, &mut text);
        }
        text
    }

    fn write(&self, section: &Section, text: &mut String) {
        for entry in section {
            match entry {
                Entry::Raw(line) => *text += &format!("{line}\n"),
                Entry::Option(key, value) if self.no_spaces || self.separator == " " => {
                    *text += &format!("{key}{}{value}\n", self.separator);
                }
                Entry::Option(key, value) => {
                    *text += &format!("{key} {} {value}\n", self.separator)
                }
            }
        }
    }

    fn find(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|(have, _)| have == name).map(|(_, section)| section)
    }

    /// An option: of a section, or of the part above all sections.
    pub fn get(&self, section: Option<&str>, key: &str) -> Option<&str> {
        match section {
            None => get(&self.top, key),
            Some(name) => get(self.find(name)?, key),
        }
    }

    /// The names of the options above all sections, or of a section.
    pub fn options(&self, section: Option<&str>) -> Map {
        let section = section.map_or(Some(&self.top), |name| self.find(name));
        section.map(to_map).unwrap_or_default()
    }

    /// The names of all sections.
    pub fn sections(&self) -> Vec<String> {
        self.sections.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Sets options of a section, which is made if need be. What changed.
    /// Salt: `ini.set_option` behaviour.
    pub fn set(&mut self, name: &str, options: &Map) -> Changes {
        let separator = self.separator.clone();
        let all = options.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        if self.find(name).is_none() {
            let mut section = Section::new();
            all.for_each(|(key, value)| drop(set(&mut section, &key, &value, &separator)));
            let changes = map! {"before" => (), "after" => to_map(&section)};
            self.sections.push((name.into(), section));
            return changes;
        }
        let mut changes = Changes::new();
        for (_, section) in self.sections.iter_mut().filter(|(have, _)| have == name).take(1) {
            for (key, value) in options {
                if let Some(change) = set(section, &key.to_string(), &value.to_string(), &separator)
                {
                    changes.insert(key.clone(), change.into());
                }
            }
        }
        changes
    }

    /// Sets an option above all sections. What changed, if anything.
    pub fn set_top(&mut self, key: &str, value: &str) -> Option<Map> {
        let separator = self.separator.clone();
        set(&mut self.top, key, value, &separator)
    }

    /// Removes an option; its value.
    pub fn remove(&mut self, section: Option<&str>, key: &str) -> Option<String> {
        match section {
            None => remove(&mut self.top, key),
            Some(name) => {
                let found = self.sections.iter_mut().find(|(have, _)| have == name)?;
                remove(&mut found.1, key)
            }
        }
    }

    /// Removes a section; its options.
    pub fn remove_section(&mut self, name: &str) -> Option<Map> {
        let at = self.sections.iter().position(|(have, _)| have == name)?;
        Some(to_map(&self.sections.remove(at).1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_stay_and_commented_options_come_to_life() {
        let text = "# head\ntop=1\n\n[a]\n#k = old\nx = 1\n  more\nodd line\n\n\n[b]\ny=2\n";
        let mut ini = Ini::parse(text, "=", false);
        assert_eq!(ini.get(Some("a"), "x"), Some("1\n  more"));
        let changes = ini.set("a", &map! {"k" => "new", "z" => 5});
        assert_eq!(changes.len(), 2);
        assert_eq!(ini.set_top("top", "1"), None);
        assert_eq!(ini.remove(Some("b"), "y").as_deref(), Some("2"));
        let want = "# head\ntop = 1\n\n[a]\nk = new\nx = 1\n  more\nodd line\nz = 5\n\n[b]\n";
        assert_eq!(ini.to_text(), want);
        let again = Ini::parse(want, "=", false);
        assert_eq!(again.to_text(), want);
    }
}
