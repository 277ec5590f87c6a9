//! `git.latest`: checks out, resets and merges.

use halite_core::{Apply, Outcome, Result, Value};

use super::latest::{Remote, Reset, Want};
use super::shared::Story;
use super::update::Local;

/// Checks out the wanted branch if it is another.
pub(super) fn branch(
    apply: &Apply<'_>,
    want: &Want,
    remote: &Remote,
    local: &Local,
    rev: &str,
    story: &mut Story,
) -> Result<Option<Outcome>> {
    let Some(branch) = want.other_branch(local.branch.as_deref()) else { return Ok(None) };
    if local.dirty && !want.force_checkout {
        let own = local.branch.as_deref().unwrap_or("None");
        return Ok(Some(story.fail(format!(
            "Local branch '{own}' has uncommitted changes. Set 'force_checkout' to True to discard them and proceed."
        ))));
    }
    let fresh = !local.branches.iter().any(|known| known == branch);
    let (from, opts) = match (fresh, want.rev.as_str()) {
        (true, "HEAD") => (rev, vec!["-b", branch]),
        (true, other) => (remote.upstream.wanted().unwrap_or(other), vec!["-b", branch]),
        (false, _) => (branch, Vec::new()),
    };
    let named = [("force", want.force_checkout.into()), ("opts", Value::from(opts))];
    want.checkout.tell(apply, "checkout", vec![from.into()], &named)?;
    story.add(match fresh {
        true => {
            let loc = &remote.loc;
            format!("New branch '{branch}' was checked out, with {loc} as a starting point")
        }
        false => format!("'{from}' was checked out"),
    });
    Ok(None)
}

/// Gives up local work where that was asked for.
pub(super) fn discard(
    apply: &Apply<'_>,
    want: &Want,
    remote: &Remote,
    local: &Local,
    fast_forward: Option<bool>,
    story: &mut Story,
) -> Result<()> {
    if fast_forward == Some(false) {
        reset(apply, want, remote.rev.as_deref().unwrap_or_default())?;
        story.changes.insert("forced update".into(), true.into());
        if local.dirty {
            story.add("Uncommitted changes were discarded");
        }
        story.add(format!("Repository was hard-reset to {}", remote.loc));
    } else if fast_forward == Some(true) && local.dirty && want.force_reset != Reset::No {
        want.checkout.tell(apply, "discard_local_changes", Vec::new(), &[])?;
        story.add("Uncommitted changes were discarded");
    }
    Ok(())
}

fn reset(apply: &Apply<'_>, want: &Want, rev: &str) -> Result<()> {
    let opts = [("opts", Value::from(vec!["--hard", rev]))];
    want.checkout.tell(apply, "reset", Vec::new(), &opts).map(drop)
}

/// Moves the branch forward.
pub(super) fn forward(
    apply: &Apply<'_>,
    want: &Want,
    remote: &Remote,
    rev: &str,
    story: &mut Story,
) -> Result<Option<Outcome>> {
    if want.rev != "HEAD" && remote.upstream.wanted().is_none() {
        reset(apply, want, &want.rev)?;
        story.add(format!("Repository was reset to {} (fast-forward)", want.rev));
        return Ok(None);
    }
    let quiet = ("ignore_retcode", Value::from(true));
    let named = [("opts", Value::from(vec!["--quiet"])), quiet];
    match want.checkout.tell(apply, "symbolic_ref", vec!["HEAD".into()], &named) {
        Ok(name) if name.truthy() => {}
        Ok(_) => return Ok(Some(story.fail("Unable to fast-forward, HEAD is detached"))),
        Err(error) => return Ok(Some(story.failed(&error))),
    }
    let named = [("rev", rev.into()), ("opts", Value::from(vec!["--ff-only"]))];
    want.checkout.tell(apply, "merge", Vec::new(), &named)?;
    story.add(format!("Repository was fast-forwarded to {}", remote.loc));
    Ok(None)
}
