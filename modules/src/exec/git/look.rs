//! `git`: what a checkout is and holds. Salt: `salt/modules/git.py`.

use halite_core::url::redacted;
use halite_core::{Context, Error, ExecModule, Map, Result, Value, function};

use super::shared::{How, expand, look, words};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "git",
    &[
        &CURRENT_BRANCH,
        &DESCRIBE,
        &LIST_BRANCHES,
        &LIST_TAGS,
        &REV_PARSE,
        &REVISION,
        &MERGE_TREE,
        &STATUS,
        &REMOTES,
        &REMOTE_GET,
    ],
)
.available(super::shared::here);

/// Gives the branch that is checked out; `HEAD` if none is.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.current_branch /path/to/repo
/// ```
#[function]
fn current_branch(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let words = words(&Value::Null, &["rev-parse", "--abbrev-ref", "HEAD"], &Value::Null)?;

    let said = look(
        cx,
        &words,
        &How::within(expand(cx, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout)
}

/// Names a revision after the nearest tag.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.describe /path/to/repo develop
/// ```
#[function]
fn describe(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// The revision.
    #[default("HEAD".into())]
    rev: String,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let words = words(&Value::Null, &["describe", "--always", &rev], &Value::Null)?;

    let said = look(
        cx,
        &words,
        &How::within(expand(cx, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout)
}

/// Lists the branches.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.list_branches /path/to/repo remote=True
/// ```
#[function]
fn list_branches(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// Those of the remotes.
    #[default(false)]
    remote: bool,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<Vec<String>> {
    let words = words(
        &Value::Null,
        &[
            "for-each-ref",
            "--format",
            "%(refname:short)",
            if remote { "refs/remotes/" } else { "refs/heads/" },
        ],
        &Value::Null,
    )?;

    let said = look(
        cx,
        &words,
        &How::within(expand(cx, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout.lines().map(str::to_owned).collect())
}

/// Lists the tags.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.list_tags /path/to/repo
/// ```
#[function]
fn list_tags(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<Vec<String>> {
    let words = words(
        &Value::Null,
        &["for-each-ref", "--format", "%(refname:short)", "refs/tags/"],
        &Value::Null,
    )?;

    let said = look(
        cx,
        &words,
        &How::within(expand(cx, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout.lines().map(str::to_owned).collect())
}

/// Gives what `git rev-parse` says.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.rev_parse /path/to/repo HEAD
/// ```
#[function]
fn rev_parse(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// The revision.
    #[default(None)]
    rev: Option<String>,
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
    let mut words = words(&git_opts, &["rev-parse"], &opts)?;
    words.extend(rev);
    let said = look(
        cx,
        &words,
        &How::within(expand(cx, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout)
}

/// Gives the hash of a revision.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.revision /path/to/repo mybranch
/// ```
#[function]
fn revision(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// The revision.
    #[default("HEAD".into())]
    rev: String,
    /// Its first digits only.
    #[default(false)]
    short: bool,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let mut words = words(&Value::Null, &["rev-parse"], &Value::Null)?;
    words.extend(short.then(|| "--short".to_owned()));
    words.push(rev);
    let said = look(
        cx,
        &words,
        &How::within(expand(cx, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout)
}

/// Gives what a merge would do.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.merge_tree /path/to/repo branch1 branch2
/// ```
#[function]
fn merge_tree(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    ref1: String,
    ref2: String,
    /// Where both came from.
    #[default(None)]
    base: Option<String>,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let mut words = words(&Value::Null, &["merge-tree"], &Value::Null)?;
    let base = match base {
        Some(base) => base,
        None => merged_at(cx, &cwd, &ref1, &ref2)?,
    };
    words.extend([base, ref1, ref2]);
    let said = look(
        cx,
        &words,
        &How::within(expand(cx, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout)
}

/// Lists the files that differ, by what happened to them.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.status /path/to/repo
/// ```
#[function]
fn status(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<Map> {
    let words = words(&Value::Null, &["status", "-z", "--porcelain"], &Value::Null)?;

    let said = look(
        cx,
        &words,
        &How::within(expand(cx, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(status_of(&said.stdout))
}

/// Gives the remotes with their addresses.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.remotes /path/to/repo
/// ```
#[function]
fn remotes(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Hide passwords in addresses.
    #[default(true)]
    redact_auth: bool,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<Map> {
    let words = words(&Value::Null, &["remote", "--verbose"], &Value::Null)?;

    let said = look(
        cx,
        &words,
        &How::within(expand(cx, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(remotes_of(&said.stdout, redact_auth))
}

/// Gives the addresses of a remote.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.remote_get /path/to/repo upstream
/// ```
#[function]
fn remote_get(
    cx: &Context<'_>,
    /// The checkout.
    cwd: String,
    /// The remote.
    #[default("origin".into())]
    remote: String,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Hide passwords in addresses.
    #[default(true)]
    redact_auth: bool,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<Value> {
    let place = expand(cx, &cwd, user.as_deref());
    let how = How::within(place.clone(), user.as_deref()).quiet(ignore_retcode);
    let words = words(&Value::Null, &["remote", "--verbose"], &Value::Null)?;
    let all = remotes_of(&look(cx, &words, &how)?.stdout, redact_auth);
    all.get(remote.as_str()).cloned().ok_or_else(|| {
        let place = place.display();
        Error::execution(format!(
            "Remote '{remote}' not present in git checkout located at {place}"
        ))
    })
}

fn merged_at(cx: &Context<'_>, cwd: &str, ref1: &str, ref2: &str) -> Result<String> {
    let words = words(&Value::Null, &["merge-base", ref1, ref2], &Value::Null)?;
    let said = look(cx, &words, &How::within(expand(cx, cwd, None), None));
    let unknown =
        || Error::execution(format!("Unable to determine merge base for {ref1} and {ref2}"));
    let said = said.map_err(|_| unknown())?;
    said.stdout.lines().next().map(str::to_owned).ok_or_else(unknown)
}

/// What `git status -z --porcelain` lists.
fn status_of(text: &str) -> Map {
    let mut found = Map::new();
    for line in text.split('\0') {
        let line = line.trim_start();
        let Some((state, name)) = line.split_once(char::is_whitespace) else { continue };
        let state = match state {
            "M" => "modified",
            "A" => "new",
            "D" => "deleted",
            "??" => "untracked",
            other => other,
        };
        let entry = found.entry(state.into()).or_insert_with(|| Value::list([]));
        if let Some(names) = entry.as_list_mut() {
            names.push(name.trim_start().into());
        }
    }
    found
}

/// What `git remote --verbose` lists.
fn remotes_of(text: &str, redact: bool) -> Map {
    let mut found = Map::new();
    for line in text.lines() {
        let Some((name, rest)) = line.split_once(char::is_whitespace) else { continue };
        let Some((url, action)) = rest.trim().rsplit_once(char::is_whitespace) else { continue };
        let action = action.trim_start_matches('(').trim_end_matches(')').to_lowercase();
        if !["fetch", "push"].contains(&action.as_str()) {
            continue;
        }
        let url = if redact { redacted(url) } else { url.to_owned() };
        let entry = found.entry(name.into()).or_insert_with(|| Map::new().into());
        if let Some(entry) = entry.as_map_mut() {
            entry.insert(action.into(), url.into());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_are_read() {
        let text =
            "origin\thttps://u:p@x/y (fetch)\norigin\thttps://u:p@x/y (push)\nb\t/p q (fetch)\n";
        let found = remotes_of(text, true);
        assert_eq!(
            Value::from(found).repr(),
            "{'origin': {'fetch': 'https://<redacted>@x/y', 'push': 'https://<redacted>@x/y'}, 'b': {'fetch': '/p q'}}"
        );
        let found = status_of(" M a b\0?? c\0A  d\0");
        assert_eq!(
            Value::from(found).repr(),
            "{'modified': ['a b'], 'untracked': ['c'], 'new': ['d']}"
        );
    }
}
