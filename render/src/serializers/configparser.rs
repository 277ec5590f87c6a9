//! The format `configparser`: sections of keys and values, as Python's `ConfigParser` reads and
//! writes them.

use std::collections::HashSet;

use halite_core::{Error, Map, Result, Value};

/// The section whose keys all others have.
const DEFAULT: &str = "DEFAULT";
/// How deep `%(names)s` may lead to one another. Python: `MAX_INTERPOLATION_DEPTH`.
const DEPTH_MAX: usize = 10;

/// Keys and values; a key may stand alone with `allow_no_value`.
type Section = Vec<(String, Option<String>)>;

#[derive(Default)]
struct Config {
    defaults: Section,
    sections: Vec<(String, Section)>,
    lone_keys: bool,
}

fn put(section: &mut Section, key: &str, value: Option<String>) {
    match section.iter_mut().find(|(known, _)| known == key) {
        Some((_, old)) => *old = value,
        None => section.push((key.to_owned(), value)),
    }
}

fn fault<T>(what: impl Into<String>) -> Result<T> {
    Err(Error::execution(what.into()))
}

impl Config {
    /// With the options of Python's class: `defaults`, `allow_no_value`.
    fn new(options: &Map) -> Result<Config> {
        let lone_keys = options.get("allow_no_value").is_some_and(Value::truthy);
        let mut config = Config { lone_keys, ..Config::default() };
        for (key, value) in options.get("defaults").and_then(Value::as_map).into_iter().flatten() {
            let key = key.to_string().to_lowercase();
            let value = config.checked(value)?;
            put(&mut config.defaults, &key, value);
        }
        Ok(config)
    }

    /// A value as it is kept; `%` must begin a name or stand twice.
    fn checked(&self, value: &Value) -> Result<Option<String>> {
        if value.is_null() {
            if self.lone_keys {
                return Ok(None);
            }
            return fault("option values must be strings");
        }
        let text = value.to_string();
        let mut rest = text.replace("%%", "");
        while let Some(from) = rest.find("%(") {
            let Some(until) = rest[from..].find(")s") else { break };
            rest.replace_range(from..from + until + 2, "");
        }
        match rest.find('%') {
            Some(at) => {
                let shown = Value::str(&text).repr();
                fault(format!("invalid interpolation syntax in {shown} at position {at}"))
            }
            None => Ok(Some(text)),
        }
    }

    fn write(&self) -> String {
        let mut out = String::new();
        let defaults = (!self.defaults.is_empty()).then_some((DEFAULT, &self.defaults));
        let others = self.sections.iter().map(|(name, keys)| (name.as_str(), keys));
        for (name, keys) in defaults.into_iter().chain(others) {
            out += &format!("[{name}]\n");
            for (key, value) in keys {
                match value {
                    Some(value) => out += &format!("{key} = {}\n", value.replace('\n', "\n\t")),
                    None => out += &format!("{key}\n"),
                }
            }
            out.push('\n');
        }
        out
    }

    fn read(&mut self, text: &str) -> Result<()> {
        // Which section the lines are of: `Some(None)` is that of the defaults.
        let mut current: Option<Option<usize>> = None;
        let (mut indent_of_key, mut in_value) = (0, false);
        let mut seen = HashSet::new();
        for (number, line) in text.lines().enumerate() {
            let number = number + 1;
            let stripped = line.trim();
            let indent = line.len() - line.trim_start().len();
            if stripped.starts_with(['#', ';']) {
                continue;
            }
            if stripped.is_empty() {
                // It belongs to a value only if that goes on after it.
                if let (true, Some(at)) = (in_value, current) {
                    self.append(at, "");
                }
                continue;
            }
            if in_value && indent > indent_of_key {
                if let Some(at) = current {
                    self.append(at, stripped);
                }
                continue;
            }
            indent_of_key = indent;
            if let Some(name) = header(stripped) {
                in_value = false;
                current = Some(self.open(name, number)?);
                continue;
            }
            let Some(at) = current else {
                let shown = Value::str(format!("{line}\n")).repr();
                return fault(format!(
                    "File contains no section headers.\nfile: '<string>', line: {number}\n{shown}"
                ));
            };
            let (key, value) = match stripped.split_once(['=', ':']) {
                Some((key, value)) if !key.trim().is_empty() => {
                    (key.trim_end(), Some(value.trim()))
                }
                None if self.lone_keys => (stripped, None),
                _ => {
                    let shown = Value::str(format!("{line}\n")).repr();
                    return fault(format!(
                        "Source contains parsing errors: '<string>'\n\t[line {number:>2}]: {shown}"
                    ));
                }
            };
            let key = key.to_lowercase();
            // The defaults that options give are no keys of the text.
            if !seen.insert((at, key.clone())) {
                return fault(format!(
                    "While reading from '<string>' [line {number:>2}]: option {} already exists",
                    Value::str(&key).repr()
                ));
            }
            let section = self.section(at);
            section.retain(|(known, _)| *known != key);
            section.push((key, value.map(str::to_owned)));
            in_value = value.is_some();
        }
        self.trim();
        Ok(())
    }

    /// Values end where their text does.
    fn trim(&mut self) {
        for (_, value) in
            self.sections.iter_mut().flat_map(|(_, keys)| keys).chain(&mut self.defaults)
        {
            if let Some(value) = value {
                value.truncate(value.trim_end().len());
            }
        }
    }

    fn section(&mut self, at: Option<usize>) -> &mut Section {
        match at {
            Some(index) => &mut self.sections[index].1,
            None => &mut self.defaults,
        }
    }

    fn append(&mut self, at: Option<usize>, line: &str) {
        if let Some((_, Some(value))) = self.section(at).last_mut() {
            value.push('\n');
            value.push_str(line);
        }
    }

    fn open(&mut self, name: &str, number: usize) -> Result<Option<usize>> {
        if name == DEFAULT {
            return Ok(None);
        }
        if self.sections.iter().any(|(known, _)| known == name) {
            return fault(format!(
                "While reading from '<string>' [line {number:>2}]: section {} already exists",
                Value::str(name).repr()
            ));
        }
        self.sections.push((name.to_owned(), Vec::new()));
        Ok(Some(self.sections.len() - 1))
    }

    /// The keys of a section with those of the defaults, names in values looked up.
    fn items(&self, name: &str, own: &Section) -> Result<Map> {
        let mut all = self.defaults.clone();
        for (key, value) in own {
            put(&mut all, key, value.clone());
        }
        let mut items = Map::new();
        for (key, value) in &all {
            let value = match value {
                Some(text) => Value::from(filled(&all, name, key, text, 1)?),
                None => Value::Null,
            };
            items.insert(Value::str(key), value);
        }
        Ok(items)
    }
}

fn header(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('[')?;
    inner.rfind(']').filter(|until| *until > 0).map(|until| &inner[..until])
}

/// A value with what its `%(names)s` stand for.
fn filled(all: &Section, section: &str, key: &str, text: &str, depth: usize) -> Result<String> {
    if depth > DEPTH_MAX {
        return fault(format!(
            "Recursion limit exceeded in value substitution: option '{key}' in section \
             '{section}' contains an interpolation key which cannot be substituted in {DEPTH_MAX} \
             steps. Raw value: '{text}'"
        ));
    }
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('%') {
        out += &rest[..at];
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("%%") {
            out.push('%');
            rest = after;
            continue;
        }
        let named = rest.strip_prefix("%(").and_then(|inner| inner.split_once(")s"));
        let Some((name, after)) = named else {
            return fault(format!("'%' must be followed by '%' or '(', found: '{rest}'"));
        };
        let name = name.to_lowercase();
        let Some((_, value)) = all.iter().find(|(known, _)| *known == name) else {
            return fault(format!(
                "Bad value substitution: option '{key}' in section '{section}' contains an \
                 interpolation key '{name}' which is not a valid option name. Raw value: '{text}'"
            ));
        };
        let value = value.as_deref().unwrap_or_default();
        out += &filled(all, section, key, value, depth + 1)?;
        if out.len() > halite_core::limits::COMMAND_OUTPUT_BYTES {
            return fault(format!("the value of '{key}' in section '{section}' grows too long"));
        }
        rest = after;
    }
    Ok(out + rest)
}

/// Writes sections.
///
/// # Errors
/// What is no dict of dicts, and `%` that begins no name.
pub(super) fn serialize(value: &Value, options: &Map) -> Result<String> {
    let Some(sections) = value.as_map() else {
        let kind = value.type_name();
        return fault(format!(
            "configparser can only serialize dictionaries, not <class '{kind}'>"
        ));
    };
    let mut config = Config::new(options)?;
    for (name, keys) in sections {
        let Some(keys) = keys.as_map() else {
            let kind = keys.type_name();
            return fault(format!("'{kind}' object has no attribute 'items'"));
        };
        let name = name.to_string();
        let mut section = Section::new();
        for (key, value) in keys {
            put(&mut section, &key.to_string().to_lowercase(), config.checked(value)?);
        }
        if name == DEFAULT {
            section.into_iter().for_each(|(key, value)| put(&mut config.defaults, &key, value));
        } else {
            config.sections.push((name, section));
        }
    }
    Ok(config.write())
}

/// Reads sections.
///
/// # Errors
/// Text that is not of the format, and names in values that are none.
pub(super) fn deserialize(text: &str, options: &Map) -> Result<Value> {
    let mut config = Config::new(options)?;
    config.read(text)?;
    let mut all = Map::new();
    for (name, keys) in &config.sections {
        all.insert(Value::str(name), config.items(name, keys)?.into());
    }
    Ok(all.into())
}

#[cfg(test)]
mod tests {
    use halite_core::map;

    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        deserialize(text, &Map::new()).map_err(|error| error.to_string())
    }

    // Expectations: Python 3.11's ConfigParser.
    #[test]
    fn sections_are_read_as_python_does() {
        let text = "[DEFAULT]\nx = 1\n[foo]\n# no\nBar : %(x)s%%\nlong = a\n  b\n\n  c\n\n[e]\n";
        let want = map! {
            "foo" => map! {"x" => "1", "bar" => "1%", "long" => "a\nb\n\nc"},
            "e" => map! {"x" => "1"},
        };
        assert_eq!(read(text), Ok(want.into()));
        for bad in [
            "a = 1\n",
            "[a]\nx\n",
            "[a]\nx=1\nx=2\n",
            "[a]\n[a]\n",
            "[a]\nx = %(y)s\n",
            "[a]\nx = %(x)s\n",
            "[a]\nx = %y\n",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn sections_are_written_as_python_does() {
        let data = map! {"foo" => map! {"Bar" => "%(x)s", "n" => 1, "l" => "a\nb"}}.into();
        let options = map! {"defaults" => map! {"y" => "z"}};
        let want = "[DEFAULT]\ny = z\n\n[foo]\nbar = %(x)s\nn = 1\nl = a\n\tb\n\n";
        assert_eq!(serialize(&data, &options).expect("fits"), want);
        for bad in [
            Value::from(1),
            map! {"a" => 1}.into(),
            map! {"a" => map! {"b" => "5%"}}.into(),
            map! {"a" => map! {"b" => ()}}.into(),
        ] {
            assert!(serialize(&bad, &Map::new()).is_err(), "{bad}");
        }
    }
}
