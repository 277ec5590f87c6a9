//! How the functions of `git` run the program: as whom, with which key, and what they make of its end.
//! Salt: `salt/modules/git.py`, `_git_run` behaviour.

use std::path::{Path, PathBuf};

use halite_core::host::Command;
use halite_core::url::{redacted, with_login};
use halite_core::{Apply, Available, Context, Error, Map, Result, Value, args};

use crate::support::programs::Said;
use crate::support::shlex;

/// What ssh is told where a key is named. Salt: `templates/git/ssh-id-wrapper`.
const SSH_OPTIONS: &str = "-oStrictHostKeyChecking=no -oPasswordAuthentication=no \
                           -oKbdInteractiveAuthentication=no -oChallengeResponseAuthentication=no";

/// How the base64 of an OpenSSH key without a passphrase begins, after what they all begin with.
const OPENSSH: (&str, &str) = ("b3BlbnNzaC1rZXktdjE", "AAAAABG5vbmU");

/// Where the functions are.
pub(super) fn here(_: &Map, host: &dyn halite_core::host::Read) -> Available {
    match host.which("git") {
        Some(_) => Available::Yes,
        None => {
            let why = "The git execution module cannot be loaded: git unavailable.";
            Available::No(why.into())
        }
    }
}

/// How git is to be run.
#[derive(Clone, Debug, Default)]
pub(super) struct How<'a> {
    cwd: Option<PathBuf>,
    user: Option<&'a str>,
    identity: Option<&'a Value>,
    saltenv: &'a str,
    quiet: bool,
    merged: bool,
    soft: bool,
}

impl<'a> How<'a> {
    /// As a user, anywhere.
    pub(super) fn anywhere(user: Option<&'a str>) -> How<'a> {
        How { user, saltenv: "base", ..How::default() }
    }

    /// As a user, in a folder.
    pub(super) fn within(cwd: PathBuf, user: Option<&'a str>) -> How<'a> {
        How { cwd: Some(cwd), ..How::anywhere(user) }
    }

    /// With a key, which may be a file of the master.
    pub(super) fn with_key(mut self, identity: &'a Value, saltenv: &'a str) -> How<'a> {
        self.identity = Some(identity).filter(|identity| identity.truthy());
        self.saltenv = saltenv;
        self
    }

    /// The job is not told of a failure.
    pub(super) fn quiet(mut self, quiet: bool) -> How<'a> {
        self.quiet = quiet;
        self
    }

    /// Errors go where output goes.
    pub(super) fn merged(mut self) -> How<'a> {
        self.merged = true;
        self
    }

    /// A bad end is no error.
    pub(super) fn soft(mut self) -> How<'a> {
        self.soft = true;
        self
    }

    fn command(&self, cx: &Context<'_>, words: &[String]) -> Command {
        let mut command = Command::new(words.iter().map(String::as_str)).c_locale();
        command.cwd.clone_from(&self.cwd);
        command.merge_stderr = self.merged;
        if let Some(user) = self.user {
            command.runas = Some(user.to_owned());
            if let Ok(Some(found)) = cx.host.user(user) {
                let home = found.home.display().to_string();
                for (name, value) in [("HOME", home.as_str()), ("USER", user), ("LOGNAME", user)] {
                    command.env.insert(name.into(), Some(value.into()));
                }
            }
        }
        command
    }
}

/// A path as users write it: relative ones are below the home of the user.
pub(super) fn expand(cx: &Context<'_>, path: &str, user: Option<&str>) -> PathBuf {
    let home = match user {
        Some(name) => cx.host.user(name).ok().flatten().map(|user| user.home),
        None => cx.host.env("HOME").map(PathBuf::from),
    };
    home.unwrap_or_default().join(path)
}

/// Options as a list or a line of words; `--` at the end would take what follows for names of files.
///
/// # Errors
/// If a quote is left open.
pub(super) fn options(opts: &Value) -> Result<Vec<String>> {
    let mut words = match opts {
        Value::Null => Vec::new(),
        Value::List(items) => return Ok(items.iter().map(Value::to_string).collect()),
        Value::Str(line) => shlex::split(line)?,
        other => vec![other.to_string()],
    };
    if words.last().is_some_and(|last| last == "--") {
        words.pop();
    }
    Ok(words)
}

/// `git GIT_OPTS COMMAND OPTS`.
///
/// # Errors
/// If a quote is left open.
pub(super) fn words(git_opts: &Value, command: &[&str], opts: &Value) -> Result<Vec<String>> {
    let mut words = vec!["git".to_owned()];
    words.extend(options(git_opts)?);
    words.extend(command.iter().map(|word| (*word).to_owned()));
    words.extend(options(opts)?);
    Ok(words)
}

/// An address with user and password in it.
///
/// # Errors
/// If there are some and the address is not of https.
pub(super) fn address(url: &str, user: &Value, password: &Value) -> Result<String> {
    with_login(url, user, password).map_err(|why| Error::usage("git", why))
}

/// Whether a key is of use only to somebody who knows its passphrase.
fn locked(cx: &Context<'_>, key: &Path) -> bool {
    let text = cx.host.read(key).unwrap_or_default();
    let text: String = String::from_utf8_lossy(&text).lines().skip(1).collect();
    let new = text.strip_prefix(OPENSSH.0).map(|rest| !rest.starts_with(OPENSSH.1));
    new.unwrap_or_else(|| text.contains("ENCRYPTED"))
}

/// The variables that have git use a key. One that others may read is copied first: ssh refuses it.
fn key_env(key: &str) -> [(&'static str, String); 2] {
    let run = format!(
        "k=$(mktemp) && cat \"$0\" > \"$k\" && ssh {SSH_OPTIONS} -i \"$k\" \"$@\"; r=$?; rm -f \"$k\"; exit $r"
    );
    let quote = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let command = format!("sh -c {} {}", quote(&run), quote(key));
    [("GIT_SSH_COMMAND", command), ("GIT_SSH_VARIANT", "ssh".to_owned())]
}

type Run<'r> = &'r dyn Fn(&Command) -> Result<Said>;

/// Tries one key after the other.
fn with_keys(
    cx: &Context<'_>,
    words: &[String],
    how: &How<'_>,
    keys: &[Value],
    run: Run<'_>,
) -> Result<Said> {
    let (mut errors, mut missing, mut last) = (Vec::new(), Vec::new(), None);
    for key in keys.iter().map(Value::to_string) {
        let mut file = key.clone();
        if key.contains("salt://") {
            let cached: Value = cx.call("cp.cache_file", args![key.as_str(), how.saltenv])?;
            let Some(path) = cached.as_str().filter(|path| !path.is_empty()) else { continue };
            file = path.to_owned();
        } else if !cx.host.metadata(Path::new(&key))?.is_some_and(|found| found.is_file()) {
            missing.push(key);
            continue;
        }
        if cx.opts.str("__cli") != "salt-call" && locked(cx, Path::new(&file)) {
            errors.push(format!(
                "Identity file {file} is passphrase-protected and cannot be used in a non-interactive command. Using \
                 salt-call from the minion will allow a passphrase-protected key to be used."
            ));
            continue;
        }
        let mut command = how.command(cx, words);
        let env = key_env(&file).into_iter().map(|(name, value)| (name.to_owned(), Some(value)));
        command.env.extend(env);
        let said = run(&command)?;
        if said.success() {
            return Ok(said);
        }
        let err = if how.merged { &said.stdout } else { &said.stderr };
        errors.extend((!err.is_empty()).then(|| redacted(err)));
        last = Some(said);
    }
    if let (true, Some(said)) = (how.soft, last) {
        return Ok(said);
    }
    let mut text = format!("Unable to authenticate using identity file:\n\n{}", errors.join("\n"));
    if !missing.is_empty() {
        text.push_str(if errors.is_empty() { "" } else { "\n\n" });
        let names = missing.join(", ");
        text.push_str(&format!("The following identity file(s) were not found: {names}"));
    }
    Err(Error::execution(text))
}

fn git(cx: &Context<'_>, words: &[String], how: &How<'_>, run: Run<'_>) -> Result<Said> {
    match how.identity {
        Some(Value::List(keys)) => return with_keys(cx, words, how, keys, run),
        Some(key) => return with_keys(cx, words, how, std::slice::from_ref(key), run),
        None => {}
    }
    let said = run(&how.command(cx, words))?;
    if said.success() || how.soft {
        return Ok(said);
    }
    let mut text = format!("Command '{}' failed", redacted(&words.join(" ")));
    let err = if how.merged { &said.stdout } else { &said.stderr };
    if !err.is_empty() {
        text.push_str(&format!(": {}", redacted(err)));
    }
    Err(Error::execution(text))
}

/// The job tells of a program that failed, as after `cmd.run_all`.
fn noted(cx: &Context<'_>, how: &How<'_>, said: Said) -> Said {
    if !said.success() && !how.quiet {
        cx.job.set_retcode(said.retcode);
    }
    said
}

/// Runs a git that only looks.
///
/// # Errors
/// What git says when it fails, unless `how` is soft.
pub(super) fn look(cx: &Context<'_>, words: &[String], how: &How<'_>) -> Result<Said> {
    let run = |command: &Command| Ok(noted(cx, how, Said::of(&cx.host.query(command)?)));
    git(cx, words, how, &run)
}

/// Runs a git that changes something.
///
/// # Errors
/// What git says when it fails, unless `how` is soft.
pub(super) fn change(apply: &Apply<'_>, words: &[String], how: &How<'_>) -> Result<Said> {
    let run = |command: &Command| Ok(noted(apply, how, Said::of(&apply.host.run(command)?)));
    git(apply, words, how, &run)
}

/// Further keyword arguments, of which only some are known. Salt: `salt.utils.args.invalid_kwargs`.
///
/// # Errors
/// If another is given.
pub(super) fn only(kwargs: Map, known: &[&str]) -> Result<Map> {
    let kept = |key: &Value| !key.as_str().is_some_and(|key| key.starts_with("__"));
    let kwargs: Map = kwargs.into_iter().filter(|(key, _)| kept(key)).collect();
    let odd = |key: &&Value| !known.contains(&key.as_str().unwrap_or_default());
    let odd: Vec<String> = kwargs
        .iter()
        .filter(|(key, _)| odd(key))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    match odd.is_empty() {
        true => Ok(kwargs),
        false => {
            let what = format!("The following keyword arguments are not valid: {}", odd.join(", "));
            Err(Error::usage("git", what))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_words() {
        let split = |value: Value| options(&value).expect("is closed");
        assert_eq!(split("--a 'b c' --".into()), ["--a", "b c"]);
        assert_eq!(split(vec!["x y", "--"].into()), ["x y", "--"]);
        assert_eq!(split(Value::Null), Vec::<String>::new());
        assert!(options(&"'a".into()).is_err());
    }
}
