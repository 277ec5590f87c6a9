//! `git.latest` where there is a checkout: what it is at, and how it gets to what is wanted.

use std::collections::BTreeSet;

use halite_core::url::redacted;
use halite_core::{Apply, Context, Error, Map, Outcome, Result, Value, args, changed};

use super::latest::{Kind, Remote, Reset, Upstream, Want};
use super::predict::tracking;
use super::shared::{Story, bare, joined, short};

pub(super) use super::predict::predicted;

const NO_BRANCH: &str = "Cannot set/unset upstream tracking branch, local HEAD refers to nonexistent branch. This may have \
                         been caused by cloning a remote repository for which the default branch was renamed or deleted. If \
                         you are unable to fix the remote repository, you can work around this by setting the 'branch' \
                         argument (which will ensure that the named branch is created if it does not already exist).";

/// What the checkout is at.
pub(super) struct Local {
    pub(super) branches: Vec<String>,
    tags: BTreeSet<String>,
    pub(super) rev: Option<String>,
    pub(super) branch: Option<String>,
    /// What the wanted branch is at.
    pub(super) base_rev: Option<String>,
    pub(super) matches: bool,
    pub(super) dirty: bool,
    pub(super) has_remote_rev: bool,
    pub(super) fast_forward: Option<bool>,
    pub(super) upstream: Option<String>,
    pub(super) fetch_url: Option<String>,
}

fn refused<T>(why: impl Into<String>) -> Result<Result<T, Outcome>> {
    Ok(Err(Outcome::new(Some(false), why)))
}

/// Looks at the checkout; an outcome where nothing more is to be done.
pub(super) fn look(
    cx: &Context<'_>,
    want: &Want,
    remote: &Remote,
) -> Result<Result<Local, Outcome>> {
    let checkout = &want.checkout;
    let branches: Vec<String> = checkout.ask(cx, "list_branches", Vec::new(), &[])?;
    let tags: Vec<String> = checkout.ask(cx, "list_tags", Vec::new(), &[])?;
    let rev = checkout.revision(cx);
    let branch = checkout.maybe(cx, "current_branch", Vec::new(), &[]);
    if !want.bare && remote.rev.is_none() && rev.is_some() {
        return refused(
            "Remote repository is empty, cannot update from a non-empty to an empty repository",
        );
    }
    let (mut base_rev, mut base_branch) = (rev.clone(), branch.clone());
    match want.other_branch(branch.as_deref()) {
        Some(other) if branches.iter().any(|branch| branch == other) => {
            base_branch = Some(other.to_owned());
            let of = vec![format!("{other}^{{commit}}").into()];
            let quiet = [("ignore_retcode", true.into())];
            match checkout.ask::<String>(cx, "rev_parse", of, &quiet) {
                Ok(hash) => base_rev = Some(hash),
                Err(error) => {
                    let why = bare(&error);
                    return refused(format!(
                        "Unable to get position of local branch '{other}': {why}"
                    ));
                }
            }
        }
        Some(_) => base_rev.clone_from(&remote.rev),
        None => {}
    }
    let remotes: Map = checkout.ask(cx, "remotes", Vec::new(), &[("redact_auth", false.into())])?;
    let fetch_url = remotes.get(want.remote.as_str()).and_then(|found| found.get("fetch"));
    let dirty = !want.bare
        && checkout
            .ask::<String>(cx, "diff", vec!["HEAD".into()], &[])
            .is_ok_and(|diff| !diff.is_empty());
    let abbreviated = ("opts", Value::from(vec!["--abbrev-ref"]));
    let upstream = base_branch.and_then(|branch| {
        let of = vec![format!("{branch}@{{upstream}}").into()];
        checkout.maybe(cx, "rev_parse", of, &[abbreviated])
    });
    let local = Local {
        branches,
        tags: tags.into_iter().collect(),
        matches: remote.is(rev.as_deref()),
        rev,
        branch,
        base_rev,
        dirty,
        has_remote_rev: false,
        fast_forward: None,
        upstream: upstream.filter(|name| !name.is_empty()),
        fetch_url: fetch_url.map(Value::to_string),
    };
    compared(cx, want, remote, local)
}

/// Compares the checkout with the repository.
fn compared(
    cx: &Context<'_>,
    want: &Want,
    remote: &Remote,
    mut local: Local,
) -> Result<Result<Local, Outcome>> {
    let target = &want.checkout.target;
    if local.dirty && local.matches {
        if want.force_reset != Reset::Yes {
            return Ok(Err(Story::default().up_to_date(cx, target, true)));
        }
        if cx.test() {
            let mut story = Story::default();
            story.changes.insert("forced update".into(), true.into());
            return Ok(Err(story.end(
                None,
                format!(
                    "{target} is up-to-date, but with uncommitted changes. Since 'force_reset' is set to True, these local \
                     changes would be reset. To only reset when there are changes in the remote repository, set \
                     'force_reset' to 'remote-changes'."
                ),
            )));
        }
    }
    local.has_remote_rev = match has_remote_rev(cx, want, remote, &local) {
        Ok(has) => has,
        Err(why) => return refused(why),
    };
    if local.dirty && want.force_reset != Reset::RemoteChanges {
        local.fast_forward = Some(false);
    }
    if local.has_remote_rev {
        if let Some(kept) = head_kept(want, remote, &local) {
            return Ok(Err(kept));
        }
        if local.fast_forward != Some(false) {
            local.fast_forward = Some(ancestor(cx, want, remote, &local, true)?);
        }
    }
    if local.fast_forward == Some(false) && want.force_reset == Reset::No {
        return refused(not_fast_forward(want, remote, &local));
    }
    Ok(Ok(local))
}

/// The outcome where the branch is left behind on purpose.
fn head_kept(want: &Want, remote: &Remote, local: &Local) -> Option<Outcome> {
    if local.matches || want.update_head || want.other_branch(local.branch.as_deref()).is_some() {
        return None;
    }
    let loc = match (want.rev.as_str(), remote.loc.strip_prefix("remote HEAD")) {
        ("HEAD", Some(rest)) => format!("Remote head{}", rest.to_lowercase()),
        _ => remote.loc.clone(),
    };
    let hash = short(local.rev.as_deref());
    Some(Outcome::new(
        Some(true),
        format!(
            "{loc} is already present and local HEAD ({hash}) does not match, but update_head=False. HEAD has not been \
             updated locally."
        ),
    ))
}

/// Whether what is wanted has already been fetched.
fn has_remote_rev(
    cx: &Context<'_>,
    want: &Want,
    remote: &Remote,
    local: &Local,
) -> Result<bool, String> {
    let Some(rev) = remote.rev.as_deref() else { return Ok(false) };
    let at_base = local.base_rev.as_deref().is_some_and(|base| base.starts_with(rev));
    if remote.kind == Some(Kind::Sha1) && at_base {
        return Ok(true);
    }
    if want.checkout.parsed(cx, &format!("{rev}^{{commit}}")).is_none() {
        return Ok(false);
    }
    match (remote.kind, &remote.upstream) {
        (Some(Kind::Branch), Upstream::Track(name)) => {
            let copy = || want.checkout.parsed(cx, name);
            Ok(local.fetch_url.is_some() && copy().as_deref() == Some(rev))
        }
        (Some(Kind::Tag), _) if local.tags.contains(&want.rev) => {
            let own = want.checkout.parsed(cx, &format!("{}^{{commit}}", want.rev));
            match own.as_deref() == Some(rev) {
                true => Ok(true),
                false if want.force_reset != Reset::No => Ok(false),
                false => Err(format!(
                    "'{}' is a tag, but the remote SHA1 for this tag ({}) doesn't match the local SHA1 ({}). Set \
                     'force_reset' to True to force this update.",
                    want.rev,
                    short(Some(rev)),
                    short(own.as_deref())
                )),
            }
        }
        (Some(Kind::Sha1), _) => Ok(true),
        _ => Ok(false),
    }
}

fn ancestor(
    cx: &Context<'_>,
    want: &Want,
    remote: &Remote,
    local: &Local,
    quiet: bool,
) -> Result<bool> {
    let Some(base) = &local.base_rev else { return Ok(true) };
    let refs = vec![base.clone(), remote.rev.clone().unwrap_or_default()];
    let named =
        [("refs", refs.into()), ("is_ancestor", true.into()), ("ignore_retcode", quiet.into())];
    want.checkout.ask(cx, "merge_base", Vec::new(), &named)
}

/// Why the checkout cannot follow without loss.
fn not_fast_forward(want: &Want, remote: &Remote, local: &Local) -> String {
    let branch = local.branch.as_deref().unwrap_or("None");
    let (rev, default) = (&want.rev, remote.default_branch.as_deref());
    let hint = match (want.branch.is_none(), rev == "HEAD", default) {
        (true, false, _) if branch != rev => format!(
            " The desired rev ({rev}) differs from the name of the local branch ({branch}), if the desired rev is a branch \
             name then a forced update could possibly be avoided by setting the 'branch' argument to '{rev}' instead."
        ),
        (true, true, Some(default)) if branch != default => format!(
            " The default remote branch ({default}) differs from the local branch ({branch}). This could be caused by \
             changing the default remote branch, or if the local branch was manually changed. Rather than forcing an \
             update, it may be advisable to set the 'branch' argument to '{default}' instead. To ensure that this state \
             follows the '{default}' branch instead of the remote HEAD, set the 'rev' argument to '{default}'."
        ),
        _ => String::new(),
    };
    let (pre, post) = (short(local.base_rev.as_deref()), short(remote.rev.as_deref()));
    let what = match local.dirty && pre != post {
        true => format!("from {pre} to {post}"),
        false => format!("to {post}"),
    };
    let other = want.other_branch(local.branch.as_deref());
    let other = other.map(|branch| format!(" (after checking out local branch '{branch}')"));
    let (why, or, discard) = match local.dirty {
        true => (
            "there are uncommitted changes",
            " (or 'remote-changes')",
            " and discard these changes",
        ),
        false => ("this is not a fast-forward merge", "", ""),
    };
    format!(
        "Repository would be updated {what}{}, but {why}. Set 'force_reset' to True{or} to force this update{discard}.{hint}",
        other.unwrap_or_default()
    )
}

/// What `git branch` is to be told for the branch to follow the wanted one, with a comment.
pub(super) fn branch_step(
    want: &Want,
    remote: &Remote,
    upstream: Option<&str>,
    branches: &[String],
) -> Option<(String, Vec<String>)> {
    let step = tracking(remote, upstream)?;
    let comment = format!("Tracking branch was {step}");
    match remote.upstream.wanted() {
        None => Some((comment, vec!["--unset-upstream".into()])),
        // A branch that is made follows what it is made of.
        Some(_) if want.branch.as_ref().is_some_and(|branch| !branches.contains(branch)) => None,
        Some(name) => Some((comment, vec!["--set-upstream-to".into(), name.into()])),
    }
}

/// Why submodules are not where they are to be.
pub(super) fn no_submodules(error: &Error) -> String {
    format!("Failed to update submodules: {}", bare(error))
}

/// Brings the checkout to what is wanted.
pub(super) fn update(
    apply: &Apply<'_>,
    want: &Want,
    remote: &Remote,
    local: &Local,
    story: &mut Story,
) -> Result<Outcome> {
    if remote.rev.is_some() && local.fetch_url.as_ref() != Some(&want.fetch_url) {
        set_remote(apply, want, local, story)?;
    }
    let ended = match &remote.rev {
        Some(rev) => advance(apply, want, remote, local, rev, story)?,
        None if want.bare => {
            match want.checkout.fetch(apply, &want.remote, want.force_fetch, &want.refspecs) {
                Ok(new) => {
                    let more = if new { ", resulting in updated refs" } else { "" };
                    let target = &want.checkout.target;
                    story.add(format!("Bare repository at {target} was fetched{more}"));
                    None
                }
                Err(error) => Some(story.fail(no_fetch(&error))),
            }
        }
        None => None,
    };
    if let Some(ended) = ended {
        return Ok(ended);
    }
    let new = want.checkout.revision(apply);
    if !want.bare && !remote.is(new.as_deref()) {
        return Ok(story.fail("Failed to update repository"));
    }
    if local.rev == new {
        return Ok(story.up_to_date(apply, &want.checkout.target, false));
    }
    story.changes.extend(changed("revision", local.rev.clone(), new));
    Ok(story.end(Some(true), joined(&story.comments)))
}

fn set_remote(apply: &Apply<'_>, want: &Want, local: &Local, story: &mut Story) -> Result<()> {
    let checkout = &want.checkout;
    let words = args![checkout.target.as_str();
        url = want.name.as_str(), remote = want.remote.as_str(), user = checkout.user.clone(),
        https_user = checkout.https_user.clone(), https_pass = checkout.https_pass.clone()
    ];
    apply.call_value("git.remote_set", words)?;
    let (remote, url) = (&want.remote, want.shown_url());
    match &local.fetch_url {
        None => {
            story.add(format!("Remote '{remote}' set to {url}"));
            let new = format!("{} => {remote}", want.name);
            story.changes.insert("new".into(), new.into());
        }
        Some(old) => {
            let old = redacted(old);
            story.add(format!("Remote '{remote}' changed from {old} to {url}"));
        }
    }
    Ok(())
}

fn no_fetch(error: &Error) -> String {
    let why = bare(error);
    format!(
        "Fetch failed. Set 'force_fetch' to True to force the fetch if the failure was due to not being able to \
         fast-forward. Output of the fetch command follows:\n\n{why}"
    )
}

/// Tells of tags that are new and removes those that are gone; whether there was any.
fn tags(apply: &Apply<'_>, want: &Want, local: &Local, story: &mut Story) -> Result<bool> {
    let checkout = &want.checkout;
    let mut named = checkout.key().to_vec();
    named.push(("opts", "--tags".into()));
    named.push(("remote", want.remote.as_str().into()));
    named.push(("ignore_retcode", true.into()));
    let listed: Map = apply.cx.call("git.ls_remote", checkout.call(Vec::new(), &named))?;
    let names = listed.keys().filter_map(Value::as_str).filter(|name| !name.contains("^{}"));
    let theirs: BTreeSet<String> = names.map(|name| name.replace("refs/tags/", "")).collect();
    if theirs == local.tags {
        return Ok(false);
    }
    let new: Vec<String> = theirs.difference(&local.tags).cloned().collect();
    if !new.is_empty() {
        story.changes.insert("new_tags".into(), new.into());
    }
    let mut gone = Vec::new();
    for tag in local.tags.difference(&theirs).filter(|_| want.sync_tags) {
        let more = vec![tag.as_str().into()];
        match checkout.tell(apply, "tag", more, &[("opts", "-d".into())]) {
            Ok(_) => gone.push(tag.clone()),
            Err(error) => {
                let text = format!("Failed to remove local tag '{tag}':\n\n{error}\n\n");
                story.warnings.push(text);
            }
        }
    }
    if !gone.is_empty() {
        let names = gone.join(", ");
        story.add(format!("The following tags were removed from the local checkout: {names}"));
        story.changes.insert("deleted_tags".into(), gone.into());
    }
    Ok(true)
}

/// Fetches, checks out and moves the branch; an outcome if that came to its end early.
fn advance(
    apply: &Apply<'_>,
    want: &Want,
    remote: &Remote,
    local: &Local,
    rev: &str,
    story: &mut Story,
) -> Result<Option<Outcome>> {
    let step = branch_step(want, remote, local.upstream.as_deref(), &local.branches);
    if step.is_some() && local.branch.is_none() {
        return Ok(Some(story.fail(NO_BRANCH)));
    }
    let other_tags = tags(apply, want, local, story)?;
    let mut fast_forward = local.fast_forward;
    if other_tags || !local.has_remote_rev {
        match fetched(apply, want, remote, local, rev, story)? {
            Ok(forward) => fast_forward = Some(forward),
            Err(outcome) => return Ok(Some(outcome)),
        }
    }
    if let Some(failed) = super::switch::branch(apply, want, remote, local, rev, story)? {
        return Ok(Some(failed));
    }
    super::switch::discard(apply, want, remote, local, fast_forward, story)?;
    if let Some((comment, opts)) = step {
        want.checkout.tell(apply, "branch", Vec::new(), &[("opts", opts.into())])?;
        story.add(comment);
    }
    if fast_forward == Some(true) && !remote.is(local.base_rev.as_deref()) {
        if let Some(failed) = super::switch::forward(apply, want, remote, rev, story)? {
            return Ok(Some(failed));
        }
    }
    if want.submodules {
        if let Err(error) = want.checkout.submodules(apply) {
            return Ok(Some(story.fail(no_submodules(&error))));
        }
    }
    Ok(None)
}

/// Fetches; whether the branch can follow without loss.
fn fetched(
    apply: &Apply<'_>,
    want: &Want,
    remote: &Remote,
    local: &Local,
    rev: &str,
    story: &mut Story,
) -> Result<Result<bool, Outcome>> {
    let checkout = &want.checkout;
    match checkout.fetch(apply, &want.remote, want.force_fetch, &want.refspecs) {
        Ok(true) => story.add(format!("{} was fetched, resulting in updated refs", want.name)),
        Ok(false) => {}
        Err(error) => return Ok(Err(story.fail(no_fetch(&error)))),
    }
    let of = vec![format!("{rev}^{{commit}}").into()];
    let quiet = [("ignore_retcode", Value::from(true))];
    if let Err(error) = checkout.ask::<String>(apply, "rev_parse", of, &quiet) {
        let (rev, name) = (&want.rev, &want.name);
        let why = format!("Fetch did not successfully retrieve rev '{rev}' from {name}: {error}");
        return Ok(Err(story.end(Some(false), why)));
    }
    if let Some(kept) = head_kept(want, remote, local) {
        return Ok(Err(story.end(kept.result, kept.comment)));
    }
    let forward = ancestor(apply, want, remote, local, false)?;
    if want.force_reset == Reset::No && (!forward || local.dirty) {
        return Ok(Err(story.fail(not_fast_forward(want, remote, local))));
    }
    Ok(Ok(forward))
}
