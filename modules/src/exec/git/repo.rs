//! `git`: repositories as a whole. Salt: `salt/modules/git.py`.

use std::path::Path;

use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, function};

use super::shared::{How, change, expand, look, only, options, words};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("git", &[&VERSION, &INIT, &IS_WORKTREE, &DIFF, &MERGE_BASE, &ARCHIVE])
        .available(super::shared::here);

/// Gives the version of git.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.version
/// ```
#[function]
fn version(
    cx: &Context<'_>,
    /// As a list of numbers.
    #[default(false)]
    versioninfo: bool,
) -> Result<Value> {
    let words = words(&Value::Null, &["--version"], &Value::Null)?;
    let said = look(cx, &words, &How::anywhere(None).soft())?;
    let text = said.stdout.split('(').next().unwrap_or_default();
    let version = text.split_whitespace().last().unwrap_or("unknown");
    if !versioninfo {
        return Ok(version.into());
    }
    let number = |part: &str| part.parse::<i64>().map_or_else(|_| part.into(), Value::from);
    Ok(version.split('.').map(number).collect::<Vec<_>>().into())
}

/// Makes a repository.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.init /path/to/repo bare=True
/// ```
#[function]
fn init(
    apply: &Apply<'_>,
    /// Where it is to be.
    cwd: String,
    /// Without a checkout.
    #[default(false)]
    bare: bool,
    /// The folder that it is a copy of.
    #[default(None)]
    template: Option<String>,
    /// Where its data are to be.
    #[default(None)]
    separate_git_dir: Option<String>,
    /// Who else may write.
    #[default(Value::Null)]
    shared: Value,
    /// Further options of the command.
    #[default("".into())]
    opts: Value,
    /// Further options of git.
    #[default("".into())]
    git_opts: Value,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let mut words = words(&git_opts, &["init"], &Value::Null)?;
    words.extend(bare.then(|| "--bare".to_owned()));
    words.extend(template.map(|folder| format!("--template={folder}")));
    words.extend(separate_git_dir.map(|folder| format!("--separate-git-dir={folder}")));
    words.extend(match &shared {
        Value::Null => None,
        Value::Int(mode) => Some(format!("--shared=0{mode}")),
        other => Some(format!("--shared={}", other.to_string().to_lowercase())),
    });
    words.extend(options(&opts)?);
    words.push(expand(apply, &cwd, user.as_deref()).display().to_string());
    let how = How::anywhere(user.as_deref()).quiet(ignore_retcode);
    Ok(change(apply, &words, &how)?.stdout)
}

/// Whether a folder is a worktree of a repository elsewhere.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.is_worktree /path/to/repo
/// ```
#[function]
fn is_worktree(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<bool> {
    let place = expand(cx, &cwd, user.as_deref());
    let words = words(&Value::Null, &["rev-parse", "--show-toplevel"], &Value::Null)?;
    if !cx.host.exists(&place) {
        return Ok(false);
    }
    let said = look(cx, &words, &How::within(place, user.as_deref()).quiet(true).soft())?;
    if !said.success() {
        return Ok(false);
    }
    let text = cx.host.read(&Path::new(&said.stdout).join(".git")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let target = text.lines().next().and_then(|line| line.strip_prefix("gitdir:"));
    Ok(target.is_some_and(|target| target.trim_start().starts_with('/')))
}

/// Gives the differences between revisions, or from one to the checkout.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.diff /path/to/repo HEAD~1
/// ```
#[function]
fn diff(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// From this revision.
    #[default(None)]
    item1: Option<String>,
    /// To this revision.
    #[default(None)]
    item2: Option<String>,
    /// Further options of the command.
    #[default("".into())]
    opts: Value,
    /// Further options of git.
    #[default("".into())]
    git_opts: Value,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Compare files that need not be in a repository.
    #[default(false)]
    no_index: bool,
    /// Compare with the index.
    #[default(false)]
    cached: bool,
    /// Only these paths, as a list or with commas.
    #[default(Value::Null)]
    paths: Value,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    if no_index && cached {
        let what = "The 'no_index' and 'cached' options cannot be used together";
        return Err(Error::execution(what));
    }
    let mut words = words(&git_opts, &["diff"], &opts)?;
    let items = [item1, item2].into_iter().flatten().filter(|item| !item.is_empty());
    match (no_index, cached) {
        (true, _) => words.push("--no-index".into()),
        (_, true) => words.extend(std::iter::once("--cached".to_owned()).chain(items.take(1))),
        (false, false) => words.extend(items),
    }
    let paths: Vec<String> = match &paths {
        Value::Null => Vec::new(),
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other => other.to_string().split(',').map(str::to_owned).collect(),
    };
    if !paths.is_empty() {
        words.push("--".into());
        words.extend(paths);
    }
    let how = match cwd.is_empty() {
        true => How::anywhere(user.as_deref()),
        false => How::within(expand(cx, &cwd, user.as_deref()), user.as_deref()),
    };
    let how = how.merged().quiet(no_index);
    Ok(look(cx, &words, &if no_index { how.soft() } else { how })?.stdout)
}

/// Gives the best common ancestor of revisions.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.merge_base /path/to/repo upstream/mybranch
/// ```
#[function]
fn merge_base(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// The revisions, as a list or with commas.
    #[default(Value::Null)]
    refs: Value,
    /// The best ancestor of all of them.
    #[default(false)]
    octopus: bool,
    /// Whether the first is an ancestor of the second.
    #[default(false)]
    is_ancestor: bool,
    /// Those that cannot be reached from others.
    #[default(false)]
    independent: bool,
    /// Where the branch left this one.
    #[default(None)]
    fork_point: Option<String>,
    /// Further options of the command.
    #[default("".into())]
    opts: Value,
    /// Further options of git.
    #[default("".into())]
    git_opts: Value,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
    /// `all`: all of the best ancestors.
    #[kwargs]
    kwargs: Map,
) -> Result<Value> {
    let all = only(kwargs, &["all"])?.get("all").is_some_and(Value::truthy);
    let mut refs: Vec<String> = match &refs {
        Value::Null => Vec::new(),
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other => other.to_string().split(',').map(|name| name.trim().to_owned()).collect(),
    };
    let fork_point = fork_point.filter(|point| !point.is_empty());
    let modes = [octopus, independent, is_ancestor, fork_point.is_some()];
    let wrong = if all && modes[1..].contains(&true) {
        "The 'all' argument is not compatible with 'independent', 'is_ancestor', or 'fork_point'"
    } else if modes.iter().filter(|mode| **mode).count() > 1 {
        "Only one of 'octopus', 'independent', 'is_ancestor', and 'fork_point' is permitted"
    } else if is_ancestor && refs.len() != 2 {
        "Two refs/commits are required if 'is_ancestor' is True"
    } else if fork_point.is_some() && refs.len() > 1 {
        "At most one ref/commit can be passed if 'fork_point' is specified"
    } else {
        ""
    };
    if !wrong.is_empty() {
        return Err(Error::usage("git.merge_base", wrong));
    }
    if fork_point.is_some() && refs.is_empty() {
        refs.push("HEAD".into());
    }
    let mut words = words(&git_opts, &["merge-base"], &opts)?;
    for (wanted, option) in [
        (all, "--all"),
        (octopus, "--octopus"),
        (is_ancestor, "--is-ancestor"),
        (independent, "--independent"),
        (fork_point.is_some(), "--fork-point"),
    ] {
        words.extend(wanted.then(|| option.to_owned()));
    }
    words.extend(fork_point.into_iter().chain(refs));
    let how = How::within(expand(cx, &cwd, user.as_deref()), user.as_deref());
    let how = how.quiet(ignore_retcode);
    let said = look(cx, &words, &if is_ancestor { how.soft() } else { how })?;
    Ok(match (is_ancestor, all) {
        (true, _) => said.success().into(),
        (_, true) => said.stdout.lines().collect::<Vec<_>>().into(),
        (false, false) => said.stdout.lines().next().unwrap_or_default().into(),
    })
}

/// Writes a revision into an archive.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.archive /path/to/repo /path/to/archive.tar
/// ```
#[function]
fn archive(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// The archive.
    output: String,
    /// The revision.
    #[default("HEAD".into())]
    rev: String,
    /// What stands before the names; by default the name of the checkout.
    #[default(None)]
    prefix: Option<String>,
    /// Further options of git.
    #[default("".into())]
    git_opts: Value,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
    /// `format`: tar or zip.
    #[kwargs]
    kwargs: Map,
) -> Result<bool> {
    let kwargs = only(kwargs, &["format"])?;
    let place = expand(apply, &cwd, user.as_deref());
    let mut words = words(&git_opts, &["archive"], &Value::Null)?;
    if prefix.as_deref() != Some("") {
        let base = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        words.extend(["--prefix".to_owned(), prefix.unwrap_or(format!("{base}/"))]);
    }
    if let Some(format) = kwargs.get("format").filter(|format| format.truthy()) {
        words.extend(["--format".to_owned(), format.to_string()]);
    }
    let output = expand(apply, &output, user.as_deref()).display().to_string();
    words.extend(["--output".to_owned(), output, rev]);
    change(apply, &words, &How::within(place, user.as_deref()).quiet(ignore_retcode))?;
    Ok(true)
}
