//! `git.latest` in test mode where there is a checkout.

use halite_core::url::redacted;
use halite_core::{Context, Outcome, changed};

use super::latest::{Remote, Reset, Upstream, Want};
use super::shared::{Story, joined, short};
use super::update::Local;

/// What is to happen to what the branch follows: the end of a sentence.
pub(super) fn tracking(remote: &Remote, upstream: Option<&str>) -> Option<String> {
    match (upstream, &remote.upstream) {
        (None, Upstream::Track(wanted)) => Some(format!("set to {wanted}")),
        (Some(_), Upstream::Unset) => Some("unset".to_owned()),
        (Some(held), Upstream::Track(wanted)) if held != wanted => {
            Some(format!("updated to {wanted}"))
        }
        _ => None,
    }
}

/// How the branch gets to what is wanted.
fn action(local: &Local) -> &'static str {
    match local.fast_forward {
        Some(false) => "hard-reset",
        Some(true) => "fast-forwarded",
        None => "updated",
    }
}

/// Says what an update would do.
pub(super) fn predicted(cx: &Context<'_>, want: &Want, remote: &Remote, local: &Local) -> Outcome {
    let mut story = Story::default();
    match remote.rev.as_deref() {
        None if want.bare => {
            let target = &want.checkout.target;
            story.add(format!("Bare repository at {target} would be fetched"));
        }
        None => {}
        Some(rev) if local.fetch_url.as_ref() != Some(&want.fetch_url) => {
            moved(want, local, rev, &mut story);
        }
        Some(rev) => steps(want, remote, local, rev, &mut story),
    }
    let text = joined(&story.comments);
    if !story.changes.is_empty() {
        story.end(None, text)
    } else if remote.rev.is_some() && !local.matches && !want.update_head && !text.is_empty() {
        story.end(Some(true), text)
    } else {
        story.up_to_date(cx, &want.checkout.target, false)
    }
}

/// The remote has another address.
fn moved(want: &Want, local: &Local, rev: &str, story: &mut Story) {
    let (remote, new) = (&want.remote, want.shown_url());
    let old = local.fetch_url.as_deref().map_or("None".to_owned(), redacted);
    story.add(format!("Remote '{remote}' would be changed from {old} to {new}"));
    if !local.has_remote_rev {
        story.add("Remote would be fetched");
    }
    if !local.matches && want.update_head {
        story.changes.extend(changed("revision", local.rev.clone(), rev));
        if local.fast_forward == Some(false) {
            story.changes.insert("forced update".into(), true.into());
        }
        let hash = short(Some(rev));
        story.add(format!("Repository would be {} to {hash}", action(local)));
    }
}

fn steps(want: &Want, remote: &Remote, local: &Local, rev: &str, story: &mut Story) {
    let other = want.other_branch(local.branch.as_deref());
    if !local.has_remote_rev {
        story.add(format!("Remote '{}' would be fetched", want.remote));
    }
    if !local.matches && (want.update_head || other.is_some()) {
        story.changes.extend(changed("revision", local.rev.clone(), rev));
    }
    let (old, new) = (short(local.rev.as_deref()), short(Some(rev)));
    match other {
        Some(branch) if local.branches.iter().any(|known| known == branch) => {
            let action = action(local);
            story.add(format!("Branch '{branch}' would be checked out and {action} to {new}"));
        }
        Some(branch) => {
            let loc = &remote.loc;
            story.add(format!(
                "New branch '{branch}' would be checked out, with {loc} as a starting point"
            ));
            if let Some(upstream) = remote.upstream.wanted() {
                story.add(format!("Tracking branch would be set to {upstream}"));
            }
        }
        None if local.matches => {}
        None if !want.update_head => story.add(format!(
            "Local HEAD ({old}) does not match {} but update_head=False, HEAD would not be updated locally",
            remote.loc
        )),
        None => {
            let hard = want.force_reset != Reset::No && local.has_remote_rev;
            let action = match local.fast_forward {
                Some(true) => "fast-forwarded",
                _ if hard => "hard-reset",
                _ => "updated",
            };
            story.add(format!("Repository would be {action} from {old} to {new}"));
        }
    }
    let step = tracking(remote, local.upstream.as_deref());
    story.comments.extend(step.map(|step| format!("Tracking branch would be {step}")));
}
