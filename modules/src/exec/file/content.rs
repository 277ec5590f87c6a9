//! `file.read`, `file.contains`, `file.grep`: what stands in files.

use std::path::Path;

use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, function};

use super::shared::{expand, glob};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "file",
    &[
        &READ,
        &SEEK_READ,
        &SEEK_WRITE,
        &CONTAINS,
        &CONTAINS_REGEX,
        &CONTAINS_GLOB,
        &GREP,
        &OPEN_FILES,
    ],
);

/// Gives a file's content.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.read /path/to/file
/// ```
#[function]
fn read(
    cx: &Context<'_>,
    path: String,
    /// Give bytes and not text.
    #[default(false)]
    binary: bool,
) -> Result<Value> {
    let path = expand(cx.host, &path);
    let bytes = cx.host.read(&path)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) if !binary => text.into(),
        Ok(text) => Value::bytes(text.into_bytes()),
        Err(error) => Value::bytes(error.into_bytes()),
    })
}

/// Gives a part of a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.seek_read /path/to/file 4096 0
/// ```
#[function]
fn seek_read(
    cx: &Context<'_>,
    path: String,
    /// Bytes to read.
    size: i64,
    /// Where to begin.
    offset: i64,
) -> Result<Value> {
    let bytes = cx.host.read(&expand(cx.host, &path))?;
    let from = usize::try_from(offset).unwrap_or(0).min(bytes.len());
    let until = from.saturating_add(usize::try_from(size).unwrap_or(0)).min(bytes.len());
    let part = &bytes[from..until];
    Ok(std::str::from_utf8(part).map_or_else(|_| Value::bytes(part), Value::str))
}

/// Writes into the middle of a file; gives how many bytes were written.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.seek_write /path/to/file 'some data' 4096
/// ```
#[function]
fn seek_write(
    apply: &Apply<'_>,
    path: String,
    data: Value,
    /// Where to begin, in bytes.
    offset: i64,
) -> Result<usize> {
    let place = super::shared::real(apply.cx.host, &expand(apply.cx.host, &path));
    let data = match &data {
        Value::Bytes(bytes) => bytes.to_vec(),
        other => other.to_string().into_bytes(),
    };
    let mut content = apply.host.read(&place)?;
    let from = usize::try_from(offset).ok().filter(|from| {
        from.saturating_add(data.len()) <= halite_core::limits::COMMAND_OUTPUT_BYTES
    });
    let Some(from) = from else {
        return Err(Error::usage("file.seek_write", format!("cannot write at {offset}")));
    };
    let until = from + data.len();
    if content.len() < until {
        content.resize(until, 0);
    }
    content[from..until].copy_from_slice(&data);
    apply.host.write_atomic(&place, &content, None)?;
    Ok(data.len())
}

fn text_of(cx: &Context<'_>, path: &str) -> Option<String> {
    let bytes = cx.host.read(&expand(cx.host, path)).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a file holds a text.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.contains /etc/crontab 'mymaintenance.sh'
/// ```
#[function]
fn contains(cx: &Context<'_>, path: String, text: Value) -> bool {
    let wanted = text.to_string();
    text_of(cx, &path).is_some_and(|content| content.contains(wanted.trim()))
}

/// Whether a line of a file matches a pattern.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.contains_regex /etc/crontab '^maint'
/// ```
#[function]
fn contains_regex(
    cx: &Context<'_>,
    path: String,
    regex: String,
    /// Characters to strip from the beginning of each line first.
    #[default(String::new())]
    lchar: String,
) -> Result<bool> {
    let compiled = halite_core::pyre::compile(&regex, halite_core::pyre::Flags::default())
        .map_err(|error| Error::execution(error.to_string()))?;
    let Some(content) = text_of(cx, &path) else { return Ok(false) };
    let strip: Vec<char> = lchar.chars().collect();
    let lines = halite_core::diff::split_lines(&content);
    let mut lines = lines.into_iter().map(|line| line.trim_start_matches(&strip[..]));
    Ok(lines.any(|line| compiled.is_match(line).unwrap_or(false)))
}

/// Whether the whole of a file matches a glob.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.contains_glob /etc/foobar '*cheese*'
/// ```
#[function]
fn contains_glob(cx: &Context<'_>, path: String, glob_expr: String) -> bool {
    text_of(cx, &path).is_some_and(|text| halite_core::glob::fnmatch(&text, &glob_expr))
}

/// Searches files with `grep`; gives what `cmd.run_all` gives.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.grep /etc/passwd nobody
/// salt '*' file.grep /etc/sysconfig/network-scripts/ifcfg-eth0 ipaddr -- -i
/// ```
#[function]
fn grep(
    cx: &Context<'_>,
    /// A path or glob.
    path: String,
    pattern: String,
    /// Options of `grep`, one a word.
    #[args]
    opts: Vec<Value>,
) -> Result<Value> {
    let place = expand(cx.host, &path);
    let mut argv = vec![Value::str("grep")];
    for option in &opts {
        let text = option.to_string();
        if text.split_whitespace().count() > 1 {
            let what = format!(
                "Passing multiple command line arguments in a single string is not supported, \
                 please pass the following arguments separately: {text}"
            );
            return Err(Error::usage("file.grep", what));
        }
        argv.push(option.clone());
    }
    argv.push(pattern.into());
    let found = glob(cx.host, &place);
    if found.is_empty() {
        argv.push(Value::from(place));
    }
    argv.extend(found.into_iter().map(Value::from));
    cx.call("cmd.run_all", halite_core::args![argv; python_shell = false])
}

/// Lists open files and the processes that hold them.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.open_files
/// salt '*' file.open_files by_pid=True
/// ```
#[function]
fn open_files(
    cx: &Context<'_>,
    /// Give files by process and not processes by file.
    #[default(false)]
    by_pid: bool,
) -> Map {
    let mut by_file: std::collections::BTreeMap<String, Vec<i64>> = Default::default();
    let mut by_process = Map::new();
    let pids = cx.host.read_dir(Path::new("/proc")).unwrap_or_default();
    for pid in pids.iter().filter_map(|name| name.parse::<i64>().ok()) {
        let folder = format!("/proc/{pid}/fd");
        let mut files = std::collections::BTreeSet::new();
        for fd in cx.host.read_dir(Path::new(&folder)).unwrap_or_default() {
            let link = cx.host.read_link(Path::new(&format!("{folder}/{fd}")));
            files.extend(link.ok().map(|link| link.to_string_lossy().into_owned()));
        }
        let files: Vec<String> = files.into_iter().filter(|file| file.starts_with('/')).collect();
        for file in &files {
            by_file.entry(file.clone()).or_default().push(pid);
        }
        if !files.is_empty() {
            by_process.insert(pid.into(), files.into());
        }
    }
    if by_pid {
        return by_process;
    }
    by_file.into_iter().map(|(file, pids)| (file.into(), pids.into())).collect()
}
