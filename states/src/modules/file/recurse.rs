//! `file.recurse`: a folder of the file roots, file by file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use halite_core::files::{Listing, SaltUrl};
use halite_core::{
    Apply, Args, Changes, Context, Error, Map, Outcome, Result, SaltEnv, StateModule, Value,
    Verdict, map, state,
};

use super::clean::required;
use super::shared::{failed, is_dir, owner, refuse, remove};
use crate::support::look_only::LookOnly;
use crate::support::paths::lexical_target;
use crate::support::perms::{Perms, make_dirs, normalize_mode};
use crate::support::walk::{included, kept, listed, strays};
use crate::support::{expand_user, saltenv};

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&RECURSE]);

/// Which files of the sources are taken.
struct Pick {
    include: Value,
    exclude: Value,
    max_depth: Option<i64>,
    include_empty: bool,
    keep_symlinks: bool,
    merge: bool,
}

/// What the folder is to be.
struct Want {
    name: String,
    path: PathBuf,
    sources: Vec<(SaltEnv, String)>,
    pick: Pick,
    user: Value,
    group: Value,
    dir_mode: Value,
    file_mode: Value,
    sym_mode: Value,
    clean: bool,
    keep: BTreeSet<PathBuf>,
    replace: bool,
    force_symlinks: bool,
    /// Arguments for `file.managed` as they are.
    pass: Map,
}

/// Manages all files below a folder of the file roots.
///
/// ```yaml
/// /opt/code/flask:
///   file.recurse:
///     - source: salt://code/flask
///     - include_empty: True
/// ```
#[state]
fn recurse<'a>(
    cx: &Context<'a>,
    /// Path of the folder.
    name: String,
    /// A folder of the file roots, or several of which the first there is taken.
    source: Value,
    #[default(Value::Bool(true))] keep_source: Value,
    /// Remove what is not in the source.
    #[default(false)]
    clean: bool,
    #[default(Value::Null)] require: Value,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default(Value::Null)] dir_mode: Value,
    #[default(Value::Null)] file_mode: Value,
    #[default(Value::Null)] sym_mode: Value,
    #[default(Value::Null)] template: Value,
    #[default(Value::Null)] context: Value,
    #[default(true)] replace: bool,
    #[default(Value::Null)] defaults: Value,
    /// Make folders without files too.
    #[default(false)]
    include_empty: bool,
    #[default(Value::str(""))] backup: Value,
    #[default(Value::Null)] include_pat: Value,
    #[default(Value::Null)] exclude_pat: Value,
    #[default(None)] maxdepth: Option<i64>,
    #[default(false)] keep_symlinks: bool,
    #[default(false)] force_symlinks: bool,
    /// Take the files of all sources, not of the first alone.
    #[default(false)]
    merge: bool,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if kwargs.contains_key("mode") {
        return refuse(
            "'mode' is not allowed in 'file.recurse'. Please use 'file_mode' and 'dir_mode'.",
        );
    }
    let user = owner(user, &kwargs);
    let perms = Perms::new(user.clone(), group.clone(), &Value::Null);
    if let Some(fault) = perms.unknown_owner(cx.host).filter(|_| !cx.test()) {
        return refuse(fault);
    }
    let path = PathBuf::from(&name);
    if !path.is_absolute() {
        return refuse(format!("Specified file {name} is not an absolute path"));
    }
    let sources = match sources(cx, &source) {
        Ok(sources) => sources,
        Err(error) => return refuse(format!("Recurse failed: {error}")),
    };
    if !is_dir(cx.host, &path) && cx.host.exists(&path) {
        return refuse(format!("The path {name} exists and is not a directory"));
    }
    let mut pass: Map =
        kwargs.into_iter().filter(|(key, _)| key.as_str() != Some("makedirs")).collect();
    for (key, value) in [
        ("keep_source", keep_source),
        ("template", template),
        ("context", context),
        ("defaults", defaults),
        ("backup", backup),
    ] {
        pass.insert(key.into(), value);
    }
    let keep = if clean { required(cx, &path, &require)? } else { BTreeSet::new() };
    let (include, exclude) = (include_pat, exclude_pat);
    let want = Want {
        name,
        path,
        sources,
        pick: Pick { include, exclude, max_depth: maxdepth, include_empty, keep_symlinks, merge },
        user,
        group,
        dir_mode: normalize_mode(&dir_mode).into(),
        file_mode,
        sym_mode,
        clean,
        keep,
        replace,
        force_symlinks,
        pass,
    };
    if cx.test() {
        let host = LookOnly(cx.host);
        return Ok(Verdict::Settled(carry_out(&Apply { cx, host: &host }, &want, true)?));
    }
    Ok(Verdict::change(Outcome::default(), move |apply| carry_out(apply, &want, false)))
}

/// The sources that are folders of their environments. Salt: `_filter_recurse_sources`.
fn sources(cx: &Context<'_>, source: &Value) -> Result<Vec<(SaltEnv, String)>> {
    let env = SaltEnv::parse(&saltenv(cx))?;
    let mut found = Vec::new();
    for url in super::shared::texts(source) {
        let url = url.trim_end_matches('/');
        let Some(parsed) = SaltUrl::parse(url)? else {
            let what = format!("Invalid source '{url}' (must be a salt:// URI)");
            return Err(Error::execution(what));
        };
        let env = parsed.saltenv.unwrap_or_else(|| env.clone());
        if cx.files.list(&env, Listing::Dirs, &parsed.path)?.contains(&parsed.path)
            || parsed.path.is_empty()
        {
            found.push((env, parsed.path));
        }
    }
    if found.is_empty() {
        return Err(Error::execution("none of the specified sources were found"));
    }
    Ok(found)
}

/// What of the sources goes where.
#[derive(Default)]
struct Tree {
    /// Destination to URL.
    files: BTreeMap<PathBuf, String>,
    dirs: BTreeSet<PathBuf>,
    /// Destination to target as written.
    links: BTreeMap<PathBuf, String>,
    keep: BTreeSet<PathBuf>,
    /// Folders that have something in them.
    parents: BTreeSet<PathBuf>,
    /// Links to what another source made a file of: no empty folder takes their place.
    ignored: BTreeSet<PathBuf>,
}

impl Tree {
    fn occupied(&self, dest: &Path) -> bool {
        self.parents.contains(dest)
            || dest.ancestors().any(|at| self.files.contains_key(at) || self.links.contains_key(at))
    }

    /// Salt: `_gen_recurse_managed_files`.
    fn read(
        cx: &Context<'_>,
        top: &Path,
        sources: &[(SaltEnv, String)],
        pick: &Pick,
    ) -> Result<Tree> {
        let mut tree = Tree::default();
        let count = if pick.merge { sources.len() } else { 1 };
        for (env, root) in sources.iter().take(count) {
            tree.add(cx, top, env, root, pick)?;
        }
        Ok(tree)
    }

    fn add(
        &mut self,
        cx: &Context<'_>,
        top: &Path,
        env: &SaltEnv,
        root: &str,
        pick: &Pick,
    ) -> Result<()> {
        let prefix = if root.is_empty() { String::new() } else { format!("{root}/") };
        let mut files = cx.files.list(env, Listing::Files, root)?;
        files.retain(|file| file.starts_with(&prefix));
        if pick.keep_symlinks {
            let links = cx.files.symlinks(env, root)?;
            for (link, target) in &links {
                self.link(
                    top,
                    &prefix,
                    (&link.to_string(), &target.to_string()),
                    pick,
                    &mut files,
                )?;
            }
        }
        for file in &files {
            let Some(relative) = relative(file, &prefix, pick)? else { continue };
            let dest = top.join(relative);
            if self.occupied(&dest) {
                continue;
            }
            self.keep.insert(dest.clone());
            self.dirs.extend(dest.parent().map(Path::to_path_buf));
            self.parents.extend(dest.ancestors().skip(1).map(Path::to_path_buf));
            let escape = if file.contains('?') { "|" } else { "" };
            self.files.insert(dest, format!("salt://{escape}{file}?saltenv={env}"));
        }
        if pick.include_empty {
            for dir in cx.files.list(env, Listing::Dirs, root)? {
                let Some(relative) = relative(&dir, &prefix, pick)? else { continue };
                let dest = top.join(relative);
                if !self.ignored.contains(&dest) && !self.occupied(&dest) {
                    self.dirs.insert(dest.clone());
                    self.parents.insert(dest.clone());
                    self.keep.insert(dest);
                }
            }
        } else if pick.keep_symlinks {
            let dirs = cx.files.list(env, Listing::Dirs, root)?;
            self.drop_links_to_nothing(top, &prefix, &dirs);
        }
        Ok(())
    }

    /// Leaves out links to folders of the source that are empty and so are not made; then links to
    /// such links.
    fn drop_links_to_nothing(&mut self, top: &Path, prefix: &str, dirs: &[String]) {
        loop {
            let to_nothing = |(dest, target): &(&PathBuf, &String)| {
                let full = lexical_target(dest, target);
                let Ok(relative) = full.strip_prefix(top) else { return false };
                let source = format!("{prefix}{}", relative.display());
                dirs.contains(&source)
                    && !self.files.contains_key(&full)
                    && !self.parents.contains(&full)
                    && !self.links.contains_key(&full)
            };
            let gone: Vec<PathBuf> =
                self.links.iter().filter(to_nothing).map(|(dest, _)| dest.clone()).collect();
            if gone.is_empty() {
                return;
            }
            for dest in gone {
                self.links.remove(&dest);
            }
        }
    }

    /// A link of the source: files seen through it are not taken.
    fn link(
        &mut self,
        top: &Path,
        prefix: &str,
        (link, target): (&str, &str),
        pick: &Pick,
        files: &mut Vec<String>,
    ) -> Result<()> {
        let through = format!("{link}/");
        let to_folder = files.iter().any(|file| file.starts_with(&through));
        files.retain(|file| file != link && !file.starts_with(&through));
        let Some(relative) = relative(link, prefix, pick)? else { return Ok(()) };
        let dest = top.join(relative);
        if self.occupied(&dest) {
            return Ok(());
        }
        // What the link leads to may be another kind of thing in a source before this one.
        let full = lexical_target(&dest, target);
        if to_folder && self.files.contains_key(&full) {
            self.ignored.insert(dest);
        } else if to_folder || !self.dirs.contains(&full) {
            self.keep.insert(dest.clone());
            self.links.insert(dest, target.to_owned());
        }
        Ok(())
    }
}

/// The path below the source, if it is to be taken.
fn relative<'p>(path: &'p str, prefix: &str, pick: &Pick) -> Result<Option<&'p str>> {
    let Some(relative) = path.strip_prefix(prefix).filter(|rest| !rest.trim().is_empty()) else {
        return Ok(None);
    };
    let depth = relative.trim_matches('/').matches('/').count();
    let deep = pick.max_depth.is_some_and(|most| i64::try_from(depth).unwrap_or(i64::MAX) > most);
    if deep || relative.split('/').any(|part| part == "..") {
        return Ok(None);
    }
    Ok(included(relative, &pick.include, &pick.exclude)?.then_some(relative))
}

/// What a required `file.recurse` puts below its folder, for `clean` of another state.
///
/// # Errors
/// If its sources cannot be listed.
pub(crate) fn files_of(cx: &Context<'_>, low: &Map) -> Result<BTreeSet<PathBuf>> {
    let get = |key: &str| low.get(key).cloned().unwrap_or_default();
    let top = PathBuf::from(expand_user(cx, &get("name").to_string()));
    let Ok(sources) = sources(cx, &get("source")) else { return Ok(BTreeSet::new()) };
    let pick = Pick {
        include: get("include_pat"),
        exclude: get("exclude_pat"),
        max_depth: get("maxdepth").as_i64(),
        include_empty: get("include_empty").truthy(),
        keep_symlinks: get("keep_symlinks").truthy(),
        merge: get("merge").truthy(),
    };
    Ok(Tree::read(cx, &top, &sources, &pick)?.keep)
}

/// What the parts came to, joined as one return.
struct Joined {
    result: Option<bool>,
    comments: BTreeMap<PathBuf, Vec<String>>,
    changes: Changes,
}

impl Joined {
    fn add(&mut self, path: &Path, part: Outcome) {
        if part.result == Some(false) || self.result == Some(true) {
            self.result = part.result;
        }
        if part.result != Some(true) && !part.comment.is_empty() {
            self.comments.entry(path.to_path_buf()).or_default().push(part.comment);
        }
        if !part.changes.is_empty() {
            self.changes.insert(Value::from_os(path.as_os_str()), part.changes.into());
        }
    }

    fn finish(mut self, name: &str) -> Outcome {
        let parts = self.comments.iter().map(|(path, comments)| {
            format!("\n#### {} ####\n{}", path.display(), comments.join("\n"))
        });
        let mut comment = parts.collect::<Vec<_>>().join("\n").trim().to_owned();
        if comment.is_empty() {
            comment = format!("Recursively updated {name}");
        }
        if self.changes.is_empty() && self.result == Some(true) {
            comment = format!("The directory {name} is in the correct state");
        }
        let changes = std::mem::take(&mut self.changes);
        Outcome { result: self.result, comment, changes, ..Outcome::default() }
    }
}

/// Calls another state function of this crate for one path.
fn part(apply: &Apply<'_>, fun: &str, args: Map, test: bool) -> Result<Outcome> {
    let call = apply.states.get(fun)?.call;
    call(apply.cx, Args::named(args))?.settle(test, apply)
}

fn carry_out(apply: &Apply<'_>, want: &Want, test: bool) -> Result<Outcome> {
    let host = apply.host;
    let tree = Tree::read(apply.cx, &want.path, &want.sources, &want.pick)?;
    if !test && !is_dir(host, &want.path) {
        let mode = want.dir_mode.as_str().map(str::to_owned);
        let perms = Perms { user: want.user.clone(), group: want.group.clone(), mode };
        make_dirs(host, &want.path, &perms)?;
    }
    let mut joined =
        Joined { result: Some(true), comments: BTreeMap::new(), changes: Changes::new() };
    for dir in &tree.dirs {
        if clear(apply, want, dir, false, test, &mut joined)? {
            let args = map! {
                "name" => dir.as_path(), "user" => &want.user, "group" => &want.group,
                "dir_mode" => &want.dir_mode, "makedirs" => true,
            };
            joined.add(dir, part(apply, "file.directory", args, test)?);
        }
    }
    for (dest, url) in &tree.files {
        if apply.job.cancelled() {
            return Err(Error::Cancelled);
        }
        if clear(apply, want, dest, true, test, &mut joined)? {
            let mut args = want.pass.clone();
            args.extend(map! {
                "name" => dest.as_path(), "source" => url.as_str(), "user" => &want.user,
                "group" => &want.group, "mode" => &want.file_mode, "makedirs" => true,
                "replace" => want.replace,
            });
            joined.add(dest, part(apply, "file.managed", args, test)?);
        }
    }
    for (dest, target) in &tree.links {
        let args = map! {
            "name" => dest.as_path(), "target" => target.as_str(), "makedirs" => true,
            "force" => want.force_symlinks, "user" => &want.user, "group" => &want.group,
            "mode" => &want.sym_mode,
        };
        joined.add(dest, part(apply, "file.symlink", args, test)?);
    }
    if want.clean {
        clean(apply, want, tree.keep, test, &mut joined)?;
    }
    Ok(joined.finish(&want.name))
}

/// With `clean`, takes away a folder where a file is to be, or the reverse. Says whether the path
/// is free now.
fn clear(
    apply: &Apply<'_>,
    want: &Want,
    path: &Path,
    file: bool,
    test: bool,
    joined: &mut Joined,
) -> Result<bool> {
    let wrong = is_dir(apply.host, path) == file && apply.host.exists(path);
    if !want.clean || !wrong || (file && !want.replace) {
        return Ok(true);
    }
    let shown = path.display();
    let (would, did) = match file {
        true => (
            format!("Replacing directory {shown} with a file"),
            "Replaced directory with a new file",
        ),
        false => (format!("Replacing {shown} with a directory"), "Replaced file with a directory"),
    };
    if test {
        joined.add(path, Outcome::would(would, Changes::new()));
        return Ok(false);
    }
    remove(apply.host, path)?;
    joined.add(path, Outcome::done("", map! {"diff" => did}));
    Ok(true)
}

fn clean(
    apply: &Apply<'_>,
    want: &Want,
    keep: BTreeSet<PathBuf>,
    test: bool,
    joined: &mut Joined,
) -> Result<()> {
    let keep = kept(&want.path, keep.into_iter().chain(want.keep.iter().cloned()));
    let gone = strays(apply.host, &want.path, &keep, &want.pick.exclude, test)?;
    if gone.is_empty() {
        return Ok(());
    }
    if test {
        if joined.result == Some(true) {
            joined.result = None;
        }
        let paths = gone.iter().map(|path| path.display().to_string());
        joined.comments.entry("removed".into()).or_default().extend(paths);
        return Ok(());
    }
    for path in &gone {
        if let Err(error) = remove(apply.host, path) {
            joined.add(path, failed(error.to_string()));
        }
    }
    joined.changes.insert("removed".into(), listed(&gone));
    Ok(())
}
