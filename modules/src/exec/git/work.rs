//! `git`: changes in a checkout. Salt: `salt/modules/git.py`.

use halite_core::{Apply, Error, ExecModule, Result, Value, function};

use super::shared::{How, change, expand, options, words};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "git",
    &[&ADD, &BRANCH, &CHECKOUT, &COMMIT, &DISCARD_LOCAL_CHANGES, &RESET, &RM, &STASH],
)
.available(super::shared::here);

/// Adds files to the index.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.add /path/to/repo foo/bar.py
/// ```
#[function]
fn add(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    filename: String,
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
    let mut words = words(&Value::Null, &["add", "--verbose"], &Value::Null)?;
    words.splice(1..1, options(&git_opts)?);
    words.extend(options(&opts)?.into_iter().filter(|word| word != "-v" && word != "--verbose"));
    words.extend(["--".to_owned(), filename]);
    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout)
}

/// Makes, renames or deletes branches, or sets what they follow.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.branch /path/to/repo newbranch
/// ```
#[function]
fn branch(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// The branch.
    #[default(None)]
    name: Option<String>,
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
) -> Result<bool> {
    let mut words = words(&git_opts, &["branch"], &opts)?;
    words.extend(name);
    change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(true)
}

/// Checks a revision out.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.checkout /path/to/repo somebranch opts='-b'
/// ```
#[function]
fn checkout(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// The revision.
    #[default(None)]
    rev: Option<String>,
    /// Throw local changes away.
    #[default(false)]
    force: bool,
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
    let mut words = words(&Value::Null, &["checkout"], &Value::Null)?;
    words.splice(1..1, options(&git_opts)?);
    words.extend(force.then(|| "--force".to_owned()));
    let opts = options(&opts)?;
    let fresh = opts.iter().any(|word| word == "-b" || word == "-B");
    if rev.is_none() && !fresh {
        let what = "'rev' argument is required unless -b or -B in opts";
        return Err(Error::usage("git.checkout", what));
    }
    words.extend(opts.into_iter().chain(rev));
    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref())
            .quiet(ignore_retcode)
            .merged(),
    )?;
    Ok(said.stdout)
}

/// Commits what is in the index.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.commit /path/to/repo 'The commit message'
/// ```
#[function]
fn commit(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    message: String,
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
    /// Only this file.
    #[default(None)]
    filename: Option<String>,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let mut words = words(&git_opts, &["commit", "-m", &message], &opts)?;
    if let Some(filename) = filename {
        words.extend(["--".to_owned(), filename]);
    }
    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout)
}

/// Throws away what is not committed.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.discard_local_changes /path/to/repo
/// ```
#[function]
fn discard_local_changes(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// Only below this path.
    #[default(".".into())]
    path: String,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let words = words(&Value::Null, &["checkout", "--", &path], &Value::Null)?;

    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref())
            .quiet(ignore_retcode)
            .merged(),
    )?;
    Ok(said.stdout)
}

/// Sets the branch to a revision.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.reset /path/to/repo opts='--hard HEAD'
/// ```
#[function]
fn reset(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
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
    /// A key for ssh, or several.
    #[default(Value::Null)]
    identity: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let words = words(&git_opts, &["reset"], &opts)?;

    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref())
            .quiet(ignore_retcode)
            .with_key(&identity, "base"),
    )?;
    Ok(said.stdout)
}

/// Removes files from the index and the checkout.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.rm /path/to/repo foo/bar.py
/// ```
#[function]
fn rm_(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    filename: String,
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
    let mut words = words(&git_opts, &["rm"], &opts)?;
    words.extend(["--".to_owned(), filename]);
    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout)
}

/// Puts local changes aside, or back.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.stash /path/to/repo master
/// ```
#[function]
fn stash(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// `save`, `pop`, `list`, ...
    #[default("save".into())]
    action: String,
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
    let words = words(&git_opts, &["stash", &action], &opts)?;

    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout)
}
