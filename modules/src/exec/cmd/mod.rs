//! Running commands for `cmd.*`: what a request means, how it is carried out.
//! Salt: `salt/modules/cmdmod.py`, `_run` behaviour.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use halite_core::host::Command;
use halite_core::{Context, Error, Map, Result, Value, map};

/// What a caller of a `cmd.*` function may say about a command.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    /// A text, or a list of words.
    pub(super) cmd: Value,
    pub(super) cwd: Option<String>,
    pub(super) stdin: Option<String>,
    pub(super) runas: Option<String>,
    pub(super) group: Option<String>,
    /// Empty for this process's `SHELL`.
    pub(super) shell: Option<String>,
    pub(super) python_shell: Option<bool>,
    pub(super) env: Value,
    pub(super) clean_env: bool,
    pub(super) template: Option<String>,
    pub(super) rstrip: bool,
    pub(super) umask: Value,
    pub(super) output_encoding: Option<String>,
    pub(super) output_loglevel: String,
    pub(super) hide_output: bool,
    pub(super) timeout: Value,
    pub(super) reset_system_locale: bool,
    pub(super) ignore_retcode: bool,
    pub(super) saltenv: Option<String>,
    pub(super) redirect_stderr: bool,
    pub(super) bg: bool,
    pub(super) raise_err: bool,
    pub(super) prepend_path: Option<String>,
    pub(super) success_retcodes: Value,
    pub(super) success_stdout: Value,
    pub(super) success_stderr: Value,
    /// Further keyword arguments: `__pub_*` of a published call, `stdin_raw_newlines`.
    pub(super) kwargs: Map,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Ran {
    pub(super) pid: u32,
    /// `None` for a command in the background.
    pub(super) retcode: Option<i64>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    /// The shape of `cmd.run_all`.
    pub(super) fn into_map(self) -> Map {
        map! {
            "pid" => self.pid, "retcode" => self.retcode,
            "stdout" => self.stdout, "stderr" => self.stderr,
        }
    }
}

/// Categories that are set to `C`, so that output can be parsed.
const LOCALE: &[&str] = &[
    "LC_CTYPE",
    "LC_NUMERIC",
    "LC_TIME",
    "LC_COLLATE",
    "LC_MONETARY",
    "LC_MESSAGES",
    "LC_PAPER",
    "LC_NAME",
    "LC_ADDRESS",
    "LC_TELEPHONE",
    "LC_MEASUREMENT",
    "LC_IDENTIFICATION",
    "LANGUAGE",
];
/// How long a login shell may take to print a user's environment.
const LOGIN_MAX: Duration = Duration::from_secs(10);

/// Carries out a request; sets the job's return code.
pub(super) fn run(cx: &Context<'_>, request: &Request) -> Result<Ran> {
    let shell = match request.shell.as_deref() {
        Some("") => Some(cx.host.env("SHELL").unwrap_or_else(|| "/bin/sh".into())),
        other => other.map(str::to_owned),
    };
    if let Some(shell) = &shell {
        if cx.host.which(shell).is_none() || !shell.starts_with('/') {
            return Err(Error::execution(format!("The shell {shell} is not available")));
        }
    }
    let mut cmd = request.cmd.clone();
    let mut cwd = working_folder(cx, request);
    if let Some(engine) = &request.template {
        cmd = render(cx, request, engine, &cmd)?;
        cwd = render(cx, request, engine, &Value::str(&cwd))?.to_string();
    }
    if cmd.as_str().is_some_and(|text| text.trim().is_empty()) {
        // Python's words come first: Salt ends in them.
        return Err(Error::execution("list index out of range: the command is empty"));
    }
    if request.kwargs.contains_key("__pub_jid") {
        check_allowed(cx, &cmd)?;
    }
    let through_shell = match request.python_shell {
        Some(wanted) => wanted,
        None => {
            let published = request.kwargs.get("__pub_jid").is_some_and(Value::truthy);
            published || cx.opts.get("cmd_safe").is_some_and(|safe| !safe.truthy())
        }
    };
    if let Some(user) = &request.runas {
        if cx.host.user(user)?.is_none() {
            return Err(Error::execution(format!("User '{user}' is not available")));
        }
    }
    let env = environment(cx, request, shell.as_deref())?;
    let umask = umask(&request.umask)?;
    let is_dir = matches!(cx.host.metadata(Path::new(&cwd)), Ok(Some(stat)) if stat.is_dir());
    if !cwd.starts_with('/') || !is_dir {
        let what = format!("Specified cwd '{cwd}' either not absolute or does not exist");
        return Err(Error::execution(what));
    }
    let (argv, shown) = words(&cmd, shell.as_deref(), through_shell)?;
    let expected = Expected::read(request)?;
    let timeout = seconds(&request.timeout)?;
    let mut command = Command::new(argv);
    command.cwd = Some(PathBuf::from(&cwd));
    command.env = env;
    command.clean_env = request.clean_env;
    command.runas.clone_from(&request.runas);
    command.group.clone_from(&request.group);
    command.umask = umask;
    command.stdin = request.stdin.as_ref().filter(|_| !request.bg).map(|text| stdin(text, request));
    command.timeout = timeout;
    command.merge_stderr = request.redirect_stderr && !request.bg;
    command.detach = request.bg;
    command.cancel = Some(cx.job.cancel_switch());
    finish(cx, request, &command, &shown, &expected)
}

/// Runs what was prepared and reads its results.
fn finish(
    cx: &Context<'_>,
    request: &Request,
    command: &Command,
    shown: &Value,
    expected: &Expected,
) -> Result<Ran> {
    if let Some(text) = missing_program(cx, command, shown, request) {
        return Err(Error::execution(text));
    }
    let output = cx.host.query(command)?;
    if output.timed_out {
        let shown_timeout = request.timeout.to_string();
        let text = format!("{shown} : Timed out after {shown_timeout} seconds");
        return Ok(Ran { pid: output.pid, retcode: Some(1), stdout: text, stderr: String::new() });
    }
    if request.bg {
        cx.job.set_retcode(0);
        return Ok(Ran { pid: output.pid, ..Ran::default() });
    }
    let decode = |bytes: &[u8]| {
        let text = decode(bytes, request.output_encoding.as_deref());
        if request.rstrip { text.trim_end().to_owned() } else { text }
    };
    let (stdout, stderr) = (decode(&output.stdout), decode(&output.stderr));
    let mut retcode = output.retcode;
    if expected.met(retcode, &stdout, &stderr) {
        retcode = 0;
    }
    cx.job.set_retcode(if request.ignore_retcode { 0 } else { retcode });
    if retcode != 0 && !request.ignore_retcode && request.output_loglevel != "quiet" {
        let name = first_word(shown);
        tracing::error!("Command '{name}' failed with return code: {retcode}");
    }
    Ok(Ran { pid: output.pid, retcode: Some(retcode), stdout, stderr })
}

/// The first word of a command, as logs name it: arguments may hold secrets.
pub(super) fn first_word(cmd: &Value) -> String {
    let text = match cmd.as_list() {
        Some(items) => items.first().map(Value::to_string).unwrap_or_default(),
        None => cmd.to_string(),
    };
    text.split_whitespace().next().unwrap_or_default().to_owned()
}

fn working_folder(cx: &Context<'_>, request: &Request) -> String {
    if let Some(cwd) = request.cwd.as_ref().filter(|cwd| !cwd.is_empty()) {
        return cwd.clone();
    }
    let home = match &request.runas {
        Some(user) => cx.host.user(user).ok().flatten().map(|user| user.home),
        None => cx.host.env("HOME").map(PathBuf::from),
    };
    match home {
        Some(home) if matches!(cx.host.metadata(&home), Ok(Some(stat)) if stat.is_dir()) => {
            home.to_string_lossy().into_owned()
        }
        _ => "/".into(),
    }
}

fn render(cx: &Context<'_>, request: &Request, engine: &str, text: &Value) -> Result<Value> {
    let saltenv = request.saltenv.as_deref().unwrap_or("base");
    crate::support::rendered(cx, text.to_string(), engine, saltenv).map(Value::from).map_err(
        |error| match error.to_string() {
            text if text.starts_with("Attempted to render") => error,
            text => Error::execution(format!("Failed to execute cmd with error: {text}")),
        },
    )
}

/// Salt: `_check_avail`: `cmd_blacklist_glob` and `cmd_whitelist_glob` of the configuration.
fn check_allowed(cx: &Context<'_>, cmd: &Value) -> Result<()> {
    let text = match cmd.as_list() {
        Some(items) => items.iter().map(Value::to_string).collect::<Vec<_>>().join(" "),
        None => cmd.to_string(),
    };
    let hit = |name: &str| {
        let globs = cx.opts.list(name);
        (!globs.is_empty())
            .then(|| globs.iter().any(|glob| crate::support::glob_matches(glob, &text)))
    };
    let refused = hit("cmd_blacklist_glob") == Some(true);
    if refused || hit("cmd_whitelist_glob") == Some(false) {
        return Err(Error::execution(format!("The shell command \"{text}\" is not permitted")));
    }
    Ok(())
}

/// Variables to set or unset over what this process has.
fn environment(
    cx: &Context<'_>,
    request: &Request,
    shell: Option<&str>,
) -> Result<BTreeMap<String, Option<String>>> {
    let mut env: BTreeMap<String, Option<String>> = BTreeMap::new();
    if !request.clean_env {
        env.extend(cx.job.env());
        // The service manager's socket belongs to the minion, not to what it starts.
        env.insert("NOTIFY_SOCKET".into(), None);
    }
    if let Some(user) = &request.runas {
        env.extend(login_environment(cx, user, shell)?);
    }
    let given = given_environment(&request.env);
    env.extend(given.into_iter().map(|(name, value)| (name, Some(value))));
    if request.reset_system_locale {
        for name in LOCALE {
            env.entry((*name).into()).or_insert_with(|| Some("C".into()));
        }
    }
    if let Some(first) = &request.prepend_path {
        let old = match env.get("PATH") {
            Some(set) => set.clone(),
            None if request.clean_env => None,
            None => cx.host.env("PATH"),
        };
        let path = old.map_or_else(|| first.clone(), |old| format!("{first}:{old}"));
        env.insert("PATH".into(), Some(path));
    }
    Ok(env)
}

/// `env` as a map, or as a list of maps with one pair each.
fn given_environment(env: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| if value.is_null() { String::new() } else { value.to_string() };
    let of = |map: &Map| -> Vec<(String, String)> {
        map.iter().map(|(key, value)| (key.to_string(), text(value))).collect()
    };
    match env {
        Value::Map(map) => of(map),
        Value::List(items) => items.iter().filter_map(Value::as_map).flat_map(of).collect(),
        _ => Vec::new(),
    }
}

/// What a login of `user` sets, profile files included; a login that fails sets the plain facts.
fn login_environment(
    cx: &Context<'_>,
    user: &str,
    shell: Option<&str>,
) -> Result<BTreeMap<String, Option<String>>> {
    let mut env = BTreeMap::new();
    let known = cx.host.user(user)?;
    let own = cx.grains.get("username").and_then(Value::as_str) == Some(user);
    if let (Some(su), false) = (cx.host.which("su"), own) {
        let shell = shell.unwrap_or("/bin/sh");
        let su = su.to_string_lossy();
        let mut login = Command::new([&*su, "-s", shell, "-", user, "-c", "env -0"]);
        login.timeout = Some(LOGIN_MAX);
        login.stdin = Some(Vec::new());
        let output = cx.host.query(&login)?;
        if output.success() {
            for entry in output.stdout_text().split('\0') {
                if let Some((name, value)) = entry.split_once('=') {
                    env.insert(name.to_owned(), Some(value.to_owned()));
                }
            }
        }
    }
    env.remove("_");
    env.insert("USER".into(), Some(user.to_owned()));
    if let Some(known) = known {
        env.insert("HOME".into(), Some(known.home.to_string_lossy().into_owned()));
    }
    Ok(env)
}

fn umask(value: &Value) -> Result<Option<u32>> {
    if value.is_null() {
        return Ok(None);
    }
    let text = value.to_string();
    match text.trim_start_matches('0') {
        "" => Err(Error::execution("Zero umask is not allowed.")),
        digits => match u32::from_str_radix(digits, 8) {
            Ok(mask) => Ok(Some(mask & 0o777)),
            Err(_) => Err(Error::execution(format!("Invalid umask: '{text}'"))),
        },
    }
}

fn seconds(timeout: &Value) -> Result<Option<Duration>> {
    if !timeout.truthy() {
        return Ok(None);
    }
    match timeout {
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
            let seconds = timeout.as_f64().unwrap_or(0.0);
            Ok(Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
        }
        other => Err(Error::execution(format!("Error: timeout {other} must be a number"))),
    }
}

/// Program and arguments, and the command as messages show it.
fn words(cmd: &Value, shell: Option<&str>, through_shell: bool) -> Result<(Vec<String>, Value)> {
    let list = |items: &[Value]| -> Vec<String> { items.iter().map(Value::to_string).collect() };
    match (cmd, through_shell) {
        (Value::List(items), false) => Ok((list(items), cmd.clone())),
        (cmd, true) => {
            let shell = shell.unwrap_or("/bin/sh").to_owned();
            let mut argv = vec![shell, "-c".into()];
            match cmd {
                // Python: the first word is the script, the others are its `$0`, `$1`, ...
                Value::List(items) => argv.extend(list(items)),
                text => argv.push(text.to_string()),
            }
            Ok((argv, cmd.clone()))
        }
        (text, false) => {
            let words = crate::support::shlex::split(&text.to_string())?;
            // A number is no text to split: it stands for itself.
            let shown = match text {
                Value::Str(_) => Value::from(words.clone()),
                other => other.clone(),
            };
            Ok((words, shown))
        }
    }
}

fn stdin(text: &str, request: &Request) -> Vec<u8> {
    // A newline typed as `\n` on the command line is meant as one.
    if request.kwargs.get("stdin_raw_newlines").is_some_and(Value::truthy) {
        text.as_bytes().to_vec()
    } else {
        text.replace("\\n", "\n").into_bytes()
    }
}

/// Salt's line for a program that is not there, known before anything is started.
fn missing_program(
    cx: &Context<'_>,
    command: &Command,
    shown: &Value,
    request: &Request,
) -> Option<String> {
    let program = command.argv.first()?;
    let there = !program.is_empty() && cx.host.which(program).is_some();
    let relative = command.cwd.as_ref().is_some_and(|cwd| cx.host.exists(&cwd.join(program)));
    if there || (program.contains('/') && relative) {
        return None;
    }
    let denied = program.contains('/') && cx.host.exists(Path::new(program));
    let reason = if denied {
        format!("[Errno 13] Permission denied: {}", Value::str(program).repr())
    } else {
        format!("[Errno 2] No such file or directory: {}", Value::str(program).repr())
    };
    let cwd = command.cwd.as_ref().map(|cwd| cwd.to_string_lossy().into_owned());
    let context = map! {
        "cwd" => cwd, "shell" => false, "stdout" => -1,
        "stderr" => if request.redirect_stderr { -2 } else { -1 },
        "with_communicate" => true, "timeout" => request.timeout.clone(), "bg" => request.bg,
        "close_fds" => true,
    };
    let shown =
        if request.output_loglevel == "quiet" { Value::str("REDACTED") } else { shown.clone() };
    let context = Value::from(context).repr();
    Some(format!("Unable to run command '{shown}' with the context '{context}', reason: {reason}"))
}

/// Output as text. Python's codecs that occur: UTF-8 and the single byte ones of the West.
fn decode(bytes: &[u8], encoding: Option<&str>) -> String {
    let name = encoding.unwrap_or("utf-8").to_ascii_lowercase().replace('_', "-");
    match name.as_str() {
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "cp819" => {
            bytes.iter().map(|&byte| char::from(byte)).collect()
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// What counts as success beside return code 0.
struct Expected {
    retcodes: Vec<i64>,
    stdout: Vec<String>,
    stderr: Vec<String>,
}

impl Expected {
    fn read(request: &Request) -> Result<Expected> {
        let mut retcodes = Vec::new();
        for item in items(&request.success_retcodes) {
            retcodes.push(item.trim().parse().map_err(|_| {
                Error::usage("cmd.run", "success_retcodes must be a list of integers")
            })?);
        }
        let (stdout, stderr) = (items(&request.success_stdout), items(&request.success_stderr));
        Ok(Expected { retcodes, stdout, stderr })
    }

    fn met(&self, retcode: i64, stdout: &str, stderr: &str) -> bool {
        self.retcodes.contains(&retcode)
            || self.stdout.iter().any(|text| stdout.contains(text))
            || self.stderr.iter().any(|text| stderr.contains(text))
    }
}

/// Salt: `salt.utils.args.split_input` behaviour.
fn items(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other => other.to_string().split(',').map(|part| part.trim().to_owned()).collect(),
    }
}
