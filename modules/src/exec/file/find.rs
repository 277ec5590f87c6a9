//! `file.find`: a walk over a tree with criteria. Salt: `salt/utils/find.py` behaviour.

use std::path::{Path, PathBuf};

use halite_core::host::{FileKind, Metadata};
use halite_core::pyre::{self, Flags};
use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function};

use super::shared::{expand, gid_of, glob, group_name, is_file, uid_of, user_name};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("file", &[&FIND]);

/// Finds files below a path. Criteria: `name`, `iname`, `regex`, `iregex`, `type` (`f d l b c p s`),
/// `owner`, `group`, `size` (`+10k`, `1m-2m`), `mtime` (`1d`, `-3h`), `grep`, `mindepth`, `maxdepth`;
/// `print=path,size,...` says what to give, `delete=f` removes what is found.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.find / type=f name='*.bak' size=+10m
/// salt '*' file.find /var mtime=+30d size=+10m print=path,size,mtime
/// salt '*' file.find /var/log name='*.[0-9]' mtime=+30d size=+10m delete
/// ```
#[function]
fn find(
    apply: &Apply<'_>,
    /// A path or glob.
    path: String,
    #[args] words: Vec<Value>,
    #[kwargs] mut kwargs: Map,
) -> Result<Value> {
    kwargs.retain(|key, _| !key.to_string().starts_with('_'));
    for (word, value) in [("delete", "f"), ("print", "path")] {
        if words.iter().any(|given| given.as_str() == Some(word)) {
            kwargs.insert(word.into(), value.into());
        }
    }
    let search = match Search::parse(apply, &kwargs) {
        Ok(search) => search,
        Err(error) => return Ok(format!("error: {error}").into()),
    };
    let mut found = Vec::new();
    for start in glob(apply.cx.host, &expand(apply.cx.host, &path)) {
        search.walk(apply, &start, &mut found)?;
    }
    found.sort_by_key(Value::to_string);
    Ok(found.into())
}

/// One thing that a file must be.
enum Criterion {
    /// A glob or pattern over the name.
    Name(fancy_regex::Regex),
    /// Kinds of file.
    Kind(Vec<FileKind>),
    Owner(Vec<u32>),
    Group(Vec<u32>),
    /// Bytes, from and to.
    Size(f64, f64),
    /// Time of last change in seconds since 1970, from and to.
    Changed(f64, f64),
    /// A pattern over the content.
    Content(fancy_regex::Regex),
}

struct Search {
    criteria: Vec<Criterion>,
    print: Option<Vec<String>>,
    delete: Option<Vec<FileKind>>,
    mindepth: usize,
    maxdepth: usize,
    test: bool,
}

fn kinds(letters: &str) -> Result<Vec<FileKind>> {
    let kind = |c| {
        Ok(match c {
            'f' => FileKind::File,
            'd' => FileKind::Dir,
            'l' => FileKind::Symlink,
            'b' => FileKind::Block,
            'c' => FileKind::Char,
            'p' => FileKind::Fifo,
            's' => FileKind::Socket,
            _ => {
                return Err(Error::execution(format!(
                    "invalid value for \"type\" option: {letters}"
                )));
            }
        })
    };
    letters.chars().map(kind).collect()
}

fn pattern(text: &str, ignorecase: bool) -> Result<fancy_regex::Regex> {
    pyre::compile(text, Flags { ignorecase, ..Flags::default() })
        .map_err(|_| Error::execution(format!("invalid regular expression: \"{text}\"")))
}

/// A glob as a pattern over the whole name.
fn glob_pattern(text: &str, ignorecase: bool) -> Result<fancy_regex::Regex> {
    let regex = crate::support::glob_regex(text)
        .ok_or_else(|| Error::execution(format!("invalid glob: \"{text}\"")))?;
    pattern(regex.as_str(), ignorecase)
}

impl Search {
    fn parse(apply: &Apply<'_>, options: &Map) -> Result<Search> {
        let mut search = Search {
            criteria: Vec::new(),
            print: None,
            delete: None,
            mindepth: 0,
            maxdepth: usize::MAX,
            test: false,
        };
        for (key, value) in options {
            let (key, text) = (key.to_string(), value.to_string());
            let depth = || usize::try_from(value.as_i64().unwrap_or(0)).unwrap_or(0);
            if !value.truthy() && !matches!(key.as_str(), "mindepth" | "maxdepth" | "test") {
                return Err(Error::execution(format!("missing value for \"{key}\" option")));
            }
            match key.as_str() {
                "mindepth" => search.mindepth = depth(),
                "maxdepth" => search.maxdepth = depth(),
                "test" => search.test = value.truthy(),
                "print" => {
                    search.print = Some(text.split(',').map(|p| p.trim().to_owned()).collect());
                }
                "delete" => search.delete = Some(kinds(&text)?),
                key => search.criteria.push(Criterion::parse(apply, key, &text)?),
            }
        }
        Ok(search)
    }

    fn walk(&self, apply: &Apply<'_>, start: &Path, found: &mut Vec<Value>) -> Result<()> {
        if self.mindepth == 0 {
            self.visit(apply, start, found)?;
        }
        let mut todo: Vec<(PathBuf, usize)> = vec![(start.to_owned(), 1)];
        while let Some((folder, depth)) = todo.pop() {
            if apply.job.cancelled() {
                return Err(Error::Cancelled);
            }
            for name in apply.host.read_dir(&folder).unwrap_or_default() {
                let place = folder.join(name);
                let Ok(Some(own)) = apply.host.symlink_metadata(&place) else { continue };
                if own.is_dir() && depth < self.maxdepth {
                    todo.push((place.clone(), depth + 1));
                }
                if depth >= self.mindepth && depth <= self.maxdepth {
                    self.visit(apply, &place, found)?;
                }
            }
        }
        Ok(())
    }

    fn visit(&self, apply: &Apply<'_>, place: &Path, found: &mut Vec<Value>) -> Result<()> {
        let followed = apply.host.metadata(place).ok().flatten();
        let own = apply.host.symlink_metadata(place).ok().flatten();
        let Some(stat) = followed.or_else(|| own.clone()) else { return Ok(()) };
        let link = own.is_some_and(|own| own.is_symlink());
        if !self.criteria.iter().all(|criterion| criterion.fits(apply, place, &stat, link)) {
            return Ok(());
        }
        if let Some(kinds) = &self.delete {
            let kind = if link { FileKind::Symlink } else { stat.kind };
            if !kinds.contains(&kind) {
                return Ok(());
            }
            if !self.test {
                if stat.is_dir() && !link {
                    apply.host.remove_dir_all(place)?;
                } else {
                    apply.host.remove_file(place)?;
                }
            }
            found.push(Value::from(place));
        }
        match &self.print {
            Some(parts) => found.push(shown(apply, place, &stat, parts)),
            None if self.delete.is_none() => found.push(Value::from(place)),
            None => {}
        }
        Ok(())
    }
}

/// Names or numbers with commas between them, each as the number it stands for.
fn ids(text: &str, number: impl Fn(&Value) -> Result<Option<u32>>) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for name in text.split(',').map(str::trim) {
        let name = name.parse::<i64>().map_or_else(|_| Value::str(name), Value::Int);
        found.extend(number(&name)?);
    }
    Ok(found)
}

impl Criterion {
    fn parse(apply: &Apply<'_>, key: &str, text: &str) -> Result<Criterion> {
        Ok(match key {
            "name" => Criterion::Name(glob_pattern(text, false)?),
            "iname" => Criterion::Name(glob_pattern(text, true)?),
            "regex" => Criterion::Name(pattern(text, false)?),
            "iregex" => Criterion::Name(pattern(text, true)?),
            "grep" => Criterion::Content(pattern(text, false)?),
            "type" => Criterion::Kind(kinds(text)?),
            "owner" | "user" => Criterion::Owner(ids(text, |name| uid_of(apply.cx.host, name))?),
            "group" => Criterion::Group(ids(text, |name| gid_of(apply.cx.host, name))?),
            "size" => {
                let (from, to) = span(text, size)?;
                Criterion::Size(from, to)
            }
            "mtime" => {
                let now = apply.host.now_micros() as f64 / 1e6;
                let (from, to) = span(text, age)?;
                // A greater age is an earlier time.
                Criterion::Changed(now - to, now - from)
            }
            _ => return Err(Error::execution(format!("invalid option \"{key}\""))),
        })
    }

    fn fits(&self, apply: &Apply<'_>, place: &Path, stat: &Metadata, link: bool) -> bool {
        let name = || place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match self {
            Criterion::Name(regex) => regex.is_match(&name()).unwrap_or(false),
            Criterion::Kind(kinds) => {
                kinds.contains(&stat.kind) && !link || (link && kinds.contains(&FileKind::Symlink))
            }
            Criterion::Owner(ids) => ids.contains(&stat.uid),
            Criterion::Group(ids) => ids.contains(&stat.gid),
            Criterion::Size(from, to) => (*from..=*to).contains(&(stat.size as f64)),
            Criterion::Changed(from, to) => (*from..=*to).contains(&stat.mtime),
            Criterion::Content(regex) => {
                is_file(apply.cx.host, place)
                    && apply.host.read(place).is_ok_and(|bytes| {
                        regex.is_match(&*String::from_utf8_lossy(&bytes)).unwrap_or(false)
                    })
            }
        }
    }
}

/// What `print` asks for of one file: alone, or as a list.
fn shown(apply: &Apply<'_>, place: &Path, stat: &Metadata, parts: &[String]) -> Value {
    let one = |part: &str| match part {
        "group" => group_name(apply.cx.host, stat.gid),
        "mode" => i64::from(stat.mode).into(),
        "mtime" => (stat.mtime as i64).into(),
        "name" => Value::from_os(place.file_name().unwrap_or_default()),
        "size" => stat.size.into(),
        "type" => match stat.kind {
            FileKind::File => "f",
            FileKind::Dir => "d",
            FileKind::Symlink => "l",
            FileKind::Fifo => "p",
            FileKind::Socket => "s",
            FileKind::Block => "b",
            FileKind::Char => "c",
        }
        .into(),
        "user" => user_name(apply.cx.host, stat.uid),
        _ => Value::from(place),
    };
    match parts {
        [part] => one(part),
        parts => Value::list(parts.iter().map(|part| one(part))),
    }
}

/// `+x` from x on, `-x` up to x, `x-y` between, `x` about x.
fn span(text: &str, unit: fn(&str) -> Option<(f64, f64)>) -> Result<(f64, f64)> {
    let bad = || Error::execution(format!("invalid size or time: \"{text}\""));
    if let Some(rest) = text.strip_prefix('+') {
        return Ok((unit(rest).ok_or_else(bad)?.0, f64::INFINITY));
    }
    if let Some(rest) = text.strip_prefix('-') {
        return Ok((0.0, unit(rest).ok_or_else(bad)?.0));
    }
    if let Some((from, to)) = text.split_once('-') {
        return Ok((unit(from).ok_or_else(bad)?.0, unit(to).ok_or_else(bad)?.0));
    }
    let (value, resolution) = unit(text).ok_or_else(bad)?;
    Ok((value, value + resolution))
}

/// Bytes of `10k`, and how exact that is meant to be.
fn size(text: &str) -> Option<(f64, f64)> {
    let text = text.trim().to_lowercase();
    let (digits, factor) = match text.chars().last()? {
        'b' => (&text[..text.len() - 1], 1.0),
        'k' => (&text[..text.len() - 1], 1024.0),
        'm' => (&text[..text.len() - 1], 1024.0_f64.powi(2)),
        'g' => (&text[..text.len() - 1], 1024.0_f64.powi(3)),
        't' => (&text[..text.len() - 1], 1024.0_f64.powi(4)),
        _ => (text.as_str(), 1.0),
    };
    let number: f64 = digits.parse().ok()?;
    Some((number * factor, factor - 1.0))
}

/// Seconds of `1w2d3h4m5s`, and how exact that is meant to be.
fn age(text: &str) -> Option<(f64, f64)> {
    let (mut total, mut digits, mut exact) = (0.0, String::new(), 86_400.0);
    for c in text.trim().chars() {
        if c.is_ascii_digit() || c == '.' {
            digits.push(c);
            continue;
        }
        let factor = match c {
            'w' => 604_800.0,
            'd' => 86_400.0,
            'h' => 3600.0,
            'm' => 60.0,
            's' => 1.0,
            _ => return None,
        };
        total += digits.parse::<f64>().ok()? * factor;
        exact = factor;
        digits.clear();
    }
    if !digits.is_empty() {
        // A number alone counts days.
        total += digits.parse::<f64>().ok()? * 86_400.0;
    }
    Some((total, exact - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages() {
        assert_eq!(span("+10k", size).ok(), Some((10_240.0, f64::INFINITY)));
        assert_eq!(span("-1m", size).ok(), Some((0.0, 1_048_576.0)));
        assert_eq!(span("1k-2k", size).ok(), Some((1024.0, 2048.0)));
        assert_eq!(span("1k", size).ok(), Some((1024.0, 2047.0)));
        assert_eq!(age("1d2h"), Some((93_600.0, 3599.0)));
        assert!(span("x", size).is_err());
    }
}
