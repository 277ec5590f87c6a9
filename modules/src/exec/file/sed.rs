//! `file.sed`, `file.patch`: work left to `sed` and `patch`.

use halite_core::{Apply, Context, Error, ExecModule, Result, Value, args, function};

use super::shared::{expand, is_dir};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("file", &[&SED, &SED_CONTAINS, &PSED, &PATCH]);

fn escape(text: &str, all: bool) -> String {
    let text = text.replace('\'', "'\"'\"'").replace('/', "\\/");
    if !all {
        return text;
    }
    text.chars()
        .flat_map(|c| {
            let special = "^.[$()|*+?{".contains(c);
            special.then_some('\\').into_iter().chain([c])
        })
        .collect()
}

fn words(text: &str) -> Vec<Value> {
    text.split_whitespace().map(Value::str).collect()
}

/// Edits a file with `sed`; gives what `cmd.run_all` gives.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.sed /etc/httpd/httpd.conf 'LogLevel warn' 'LogLevel info'
/// ```
#[function]
fn sed(
    apply: &Apply<'_>,
    path: String,
    /// The pattern.
    before: Value,
    /// What takes its place.
    after: Value,
    /// Only on lines that this pattern finds.
    #[default(String::new())]
    limit: String,
    #[default(".bak".into())] backup: String,
    #[default("-r -e".into())] options: String,
    #[default("g".into())] flags: String,
    /// Take `before` and `after` as plain text.
    #[default(false)]
    escape_all: bool,
    /// Only on lines that `limit` does not find.
    #[default(false)]
    negate_match: bool,
) -> Result<Value> {
    let place = expand(apply.cx.host, &path);
    if !apply.host.exists(&place) {
        return Ok(false.into());
    }
    let (before, after) =
        (escape(&before.to_string(), escape_all), escape(&after.to_string(), escape_all));
    let limit = escape(&limit, escape_all);
    let limit = if limit.is_empty() { limit } else { format!("/{limit}/ ") };
    let not = if negate_match { "!" } else { "" };
    let mut argv = vec![Value::str("sed"), format!("-i{backup}").into()];
    argv.extend(words(&options));
    argv.push(format!("{limit}{not}s/{before}/{after}/{flags}").into());
    argv.push(Value::from(place));
    apply.call_value("cmd.run_all", args![argv; python_shell = false])
}

/// Whether `sed` would find something in a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.sed_contains /etc/crontab 'mymaintenance.sh'
/// ```
#[function]
fn sed_contains(
    cx: &Context<'_>,
    path: String,
    text: Value,
    #[default(String::new())] limit: String,
    #[default("g".into())] flags: String,
) -> Result<bool> {
    let place = expand(cx.host, &path);
    if !cx.host.exists(&place) {
        return Ok(false);
    }
    let (text, limit) = (escape(&text.to_string(), false), escape(&limit, false));
    let limit = if limit.is_empty() { limit } else { format!("/{limit}/ ") };
    let script = format!("{limit}s/{text}/$/p{flags}");
    let argv =
        vec![Value::str("sed"), "-n".into(), "-r".into(), "-e".into(), script.into(), place.into()];
    Ok(cx.call::<Value>("cmd.run", args![argv; python_shell = false])?.truthy())
}

/// Edits a file as `file.sed` does, without `sed`; patterns are Python's.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.psed /etc/httpd/httpd.conf 'LogLevel warn' 'LogLevel info'
/// ```
#[function]
fn psed(
    apply: &Apply<'_>,
    path: String,
    before: Value,
    after: Value,
    #[default(String::new())] limit: String,
    #[default(".bak".into())] backup: String,
    #[default("gMS".into())] flags: String,
    #[default(false)] escape_all: bool,
    #[default(false)] _multi: bool,
) -> Result<()> {
    if !limit.is_empty() {
        let what = "`limit` belongs to lines; use file.sed for it";
        return Err(Error::usage("file.psed", what));
    }
    let pattern = before.to_string();
    let pattern = if escape_all { regex::escape(&pattern) } else { pattern };
    let letters: Vec<Value> = flags
        .chars()
        .filter(|c| "iIMSX".contains(*c))
        .map(|c| c.to_ascii_uppercase().to_string().into())
        .collect();
    let count = i64::from(!flags.contains('g'));
    let call = args![
        path, pattern, after;
        flags = letters, backup = backup, count = count, show_changes = false
    ];
    apply.call_value("file.replace", call).map(drop)
}

/// Applies a patch to a file or a folder; gives what `cmd.run_all` gives.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.patch /opt/file.txt /tmp/file.txt.patch
/// ```
#[function]
fn patch(
    apply: &Apply<'_>,
    originalfile: String,
    patchfile: String,
    #[default(String::new())] options: String,
    #[default(false)] dry_run: bool,
) -> Result<Value> {
    let Some(program) = apply.host.which("patch") else {
        let what = "patch executable not found. Is the distribution's patch package installed?";
        return Err(Error::execution(what));
    };
    let mut argv: Vec<String> = vec![program.to_string_lossy().into_owned()];
    argv.extend(options.split_whitespace().map(str::to_owned));
    if dry_run {
        argv.push("--dry-run".into());
    }
    let has = |argv: &[String], starts: &[&str]| {
        argv.iter().skip(1).any(|word| starts.iter().any(|start| word.starts_with(start)))
    };
    if !has(&argv, &["-N", "--forward"]) {
        argv.push("--forward".into());
    }
    if !has(&argv, &["-r", "--reject-file"]) {
        argv.push("--reject-file=-".into());
    }
    argv.extend(["-i".to_owned(), patchfile]);
    if is_dir(apply.cx.host, std::path::Path::new(&originalfile)) {
        let strip = has(&argv, &["-p", "--strip="]);
        argv.extend(["-d".to_owned(), originalfile]);
        if !strip {
            argv.push("--strip=0".into());
        }
    } else {
        argv.push(originalfile);
    }
    apply.call_value("cmd.run_all", args![argv; python_shell = false])
}
