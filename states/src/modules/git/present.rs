//! `git.present`: a repository, made empty.

use std::path::Path;

use halite_core::{Context, Map, Outcome, Result, StateModule, Value, Verdict, args, state};

use super::shared::{Checkout, Story, here, joined};

/// The module.
pub static MODULE: StateModule = StateModule::new("git", &[&PRESENT]).available(here);

/// Sees to it that there is a repository.
///
/// ```yaml
/// /srv/git/site.git:
///   git.present
/// ```
#[state]
fn present<'a>(
    cx: &Context<'a>,
    /// Where it is to be.
    name: String,
    /// Whether a folder with something else in it gives way.
    #[default(false)]
    force: bool,
    /// Without a checkout.
    #[default(true)]
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
    /// Who makes it.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<Verdict<'a>> {
    let folder = Path::new(&name);
    let kind = if bare { "bare " } else { "" };
    let mut story = Story::default();
    let checkout = Checkout { target: name.clone(), user: user.clone(), ..Checkout::default() };
    if cx.host.metadata(folder)?.is_some_and(|found| found.is_dir()) {
        let head = cx.host.metadata(&folder.join("HEAD"))?.is_some_and(|found| found.is_file());
        if bare && head || !bare && checkout.exists(cx, ".git")? {
            return Ok(Verdict::correct(""));
        }
        if force {
            story.changes.insert("forced init".into(), true.into());
        } else if !cx.host.read_dir(folder)?.is_empty() {
            return Ok(Verdict::fail(format!(
                "Target '{name}' exists, is non-empty, and is not a git repository. Set the 'force' option to True to \
                 remove this directory's contents and proceed with initializing a repository"
            )));
        }
    }
    let mut would = Map::new();
    would.insert("new".into(), name.as_str().into());
    would.extend(story.changes.clone());
    let comment = match would.contains_key("forced init") {
        true => format!(
            "Target directory {name} exists. Since force=True, the contents of {name} would be deleted, and a \
             {kind}repository would be initialized in its place."
        ),
        false => format!("New {kind}repository would be created"),
    };
    Ok(Verdict::change(Outcome::would(comment, would), move |apply| {
        if story.changes.contains_key("forced init") {
            let folder = Path::new(&name);
            let link = apply.host.symlink_metadata(folder)?.is_some_and(|found| found.is_symlink());
            let gone = match link {
                true => apply.host.remove_file(folder),
                false => apply.host.remove_dir_all(folder),
            };
            if let Err(error) = gone {
                let text = format!("Unable to remove {name}: {error}");
                return Ok(Outcome::new(Some(false), text));
            }
        }
        let user = user.as_deref();
        let words = args![
            name.as_str(), bare, template.as_deref(), separate_git_dir.as_deref(), shared;
            user = user
        ];
        apply.call_value("git.init", words)?;
        story.add(format!("Initialized {kind}repository in {name}"));
        for (what, value) in [("Template directory", template), ("Gitdir", separate_git_dir)] {
            let value = value.filter(|value| !value.is_empty());
            story.comments.extend(value.map(|value| format!("{what} set to {value}")));
        }
        story.changes.insert("new".into(), name.as_str().into());
        Ok(story.end(Some(true), joined(&story.comments)))
    }))
}
