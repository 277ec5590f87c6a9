//! Clones of git repositories, by the program `git`: a bare clone per remote, and a folder of files
//! per commit that never changes once it is there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use halite_core::host::{Command, Output};
use halite_core::{Error, Map, Opts, Result, Value};

use crate::sources::Call;

/// How long one call of git may take.
const GIT_WAIT: Duration = Duration::from_secs(120);
/// How long a compile waits for another one that fetches.
const LOCK_WAIT: Duration = Duration::from_secs(150);
/// How long files of a commit that nobody asked for are kept.
const TREE_AGE: Duration = Duration::from_secs(24 * 3600);

/// A remote as `ext_pillar` sets it.
pub(crate) struct Remote {
    /// The text that names it: branch and URL.
    pub(crate) id: String,
    /// Branch, tag or commit; `__env__` is that of the environment asked for.
    pub(crate) branch: String,
    pub(crate) url: String,
    /// The branch that is the environment `base`.
    pub(crate) base: String,
    pub(crate) env: String,
    pub(crate) fallback: String,
    pub(crate) mountpoint: String,
    pub(crate) all_saltenvs: Option<String>,
    root: String,
    settings: Map,
}

impl Remote {
    /// Reads an item of `ext_pillar: - git:`.
    pub(crate) fn parse(item: &Value, opts: &Opts) -> Result<Remote> {
        let (id, own) = match item {
            Value::Map(map) => match map.first() {
                Some((id, Value::List(parts))) => {
                    let maps = parts.iter().filter_map(Value::as_map);
                    (id.to_string(), maps.flat_map(|map| map.clone()).collect::<Map>())
                }
                Some((id, Value::Map(own))) => (id.to_string(), (**own).clone()),
                _ => return Err(Error::execution("a git remote without settings ends in a colon")),
            },
            other => (other.to_string(), Map::new()),
        };
        let text = |name: &str, default: &str| {
            let own = own.get(name).cloned();
            let set = own.or_else(|| opts.get(&format!("git_pillar_{name}")).cloned());
            set.filter(|v| !v.is_null()).map_or_else(|| default.to_owned(), |v| v.to_string())
        };
        let (branch, url) = match id.trim().split_once(char::is_whitespace) {
            Some((branch, url)) => (branch.to_owned(), url.trim().to_owned()),
            None => (text("branch", "master"), id.trim().to_owned()),
        };
        if url.is_empty() || url.starts_with('-') {
            return Err(Error::execution(format!("{url:?} is no URL of a git repository")));
        }
        let names =
            ["user", "password", "privkey", "ssl_verify", "proxy", "depth", "update_interval"];
        let settings =
            names.iter().map(|name| (Value::str(*name), text(name, "").into())).collect();
        Ok(Remote {
            branch,
            url,
            base: text("base", "master"),
            env: text("env", ""),
            fallback: text("fallback", ""),
            mountpoint: inside(&text("mountpoint", "").replace("salt://", ""))?,
            all_saltenvs: own.get("all_saltenvs").map(Value::to_string),
            root: inside(&text("root", ""))?,
            settings,
            id,
        })
    }

    fn setting(&self, name: &str) -> String {
        self.settings.get(name).map(Value::to_string).unwrap_or_default()
    }
}

/// A path that stays below where it is put.
fn inside(path: &str) -> Result<String> {
    let path = path.trim_matches('/');
    match path.split('/').any(|part| part == "..") {
        true => Err(Error::execution(format!("{path:?} leads out of the repository"))),
        false => Ok(path.to_owned()),
    }
}

/// The clone of a remote.
pub(crate) struct Repository<'a> {
    call: &'a Call<'a>,
    remote: &'a Remote,
    folder: PathBuf,
}

impl<'a> Repository<'a> {
    /// The clone, brought up to date if it is older than the update interval. One that cannot be
    /// fetched serves what it has.
    pub(crate) fn open(call: &'a Call<'a>, remote: &'a Remote) -> Result<Repository<'a>> {
        let opts = &call.compiler.options.opts;
        let cache = opts.path("cachedir").join("git_pillar");
        let folder = cache.join(folder_name(&remote.url));
        fs::create_dir_all(&folder).map_err(|why| Error::file("make", &folder, why))?;
        let repository = Repository { call, remote, folder };
        let _lock = repository.lock()?;
        if repository.is_fresh() {
            return Ok(repository);
        }
        match repository.fetch() {
            Ok(()) => {
                let mark = repository.folder.join("fetched");
                fs::write(&mark, b"").map_err(|why| Error::file("write", &mark, why))?;
                repository.clean();
            }
            Err(why) if repository.folder.join("fetched").exists() => {
                tracing::error!("git_pillar remote '{}': {why}; the last state serves", remote.id);
            }
            Err(why) => return Err(why),
        }
        Ok(repository)
    }

    /// Keeps others from fetching at the same time; given back when it is dropped, also by death.
    fn lock(&self) -> Result<File> {
        let path = self.folder.join("update.lk");
        let file = File::options().create(true).append(true).open(&path);
        let file = file.map_err(|why| Error::file("open", &path, why))?;
        let begin = std::time::Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) if begin.elapsed() < LOCK_WAIT => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    let text = format!("`{}` is held by another process", path.display());
                    return Err(Error::execution(text));
                }
                Err(fs::TryLockError::Error(why)) => return Err(Error::file("lock", &path, why)),
            }
        }
    }

    fn is_fresh(&self) -> bool {
        let interval = self.remote.setting("update_interval").parse().unwrap_or(60);
        // Without a master's loop every run looks.
        let local = self.call.compiler.options.opts.role() == halite_core::Role::Minion;
        let fetched = fs::metadata(self.folder.join("fetched")).and_then(|meta| meta.modified());
        let age = fetched.ok().and_then(|then| SystemTime::now().duration_since(then).ok());
        !local && age.is_some_and(|age| age < Duration::from_secs(interval))
    }

    fn bare(&self) -> PathBuf {
        self.folder.join("repo.git")
    }

    fn fetch(&self) -> Result<()> {
        let bare = self.bare();
        if !bare.join("HEAD").exists() {
            self.must(&["init", "--quiet", "--bare", &bare.to_string_lossy()], None)?;
        }
        let depth = self.remote.setting("depth").parse::<u32>().unwrap_or(1);
        let depth = format!("--depth={depth}");
        let mut words = vec!["fetch", "--quiet", "--prune", "--force", "--no-tags"];
        if depth != "--depth=0" && self.remote.url.contains("://") {
            words.push(&depth);
        }
        words.extend(["--", &self.remote.url]);
        words.extend(["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]);
        self.must(&words, Some(&bare)).map(drop)
    }

    /// The folder of the files at a branch, tag or commit; `None` if there is none of that name.
    pub(crate) fn tree(&self, target: &str) -> Result<Option<PathBuf>> {
        let Some(commit) = self.commit(target)? else { return Ok(None) };
        let name = match self.remote.mountpoint.as_str() {
            "" => commit.clone(),
            mountpoint => format!("{commit}-{}", folder_name(mountpoint)),
        };
        let whole = self.folder.join("trees").join(name);
        if !whole.is_dir() {
            self.write_tree(&commit, &whole)?;
        }
        // Who is asked for stays.
        let used = File::open(&whole).and_then(|dir| dir.set_modified(SystemTime::now()));
        if let Err(why) = used {
            tracing::debug!("{}: {why}", whole.display());
        }
        // Mounted files stand below their mountpoint.
        let root = match self.remote.mountpoint.as_str() {
            "" => whole.join(&self.remote.root),
            _ => whole,
        };
        match root.is_dir() {
            true => Ok(Some(root)),
            false => {
                Err(Error::execution(format!("{target} has no folder {:?}", self.remote.root)))
            }
        }
    }

    fn commit(&self, target: &str) -> Result<Option<String>> {
        let sha = target.len() >= 7 && target.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut names = vec![format!("refs/heads/{target}"), format!("refs/tags/{target}")];
        names.extend(sha.then(|| target.to_owned()));
        for name in names {
            let name = format!("{name}^{{commit}}");
            let words = ["rev-parse", "--verify", "--quiet", "--end-of-options", &name];
            let output = self.git(&words, Some(&self.bare()))?;
            let commit = output.stdout_text().trim().to_owned();
            if output.success() && !commit.is_empty() {
                return Ok(Some(commit));
            }
        }
        Ok(None)
    }

    /// Writes the files of a commit: beside their place, then in one step.
    fn write_tree(&self, commit: &str, whole: &Path) -> Result<()> {
        let part = whole.with_extension(format!("{}.part", std::process::id()));
        let below = part.join(&self.remote.mountpoint);
        drop(fs::remove_dir_all(&part));
        fs::create_dir_all(&below).map_err(|why| Error::file("make", &below, why))?;
        let (index, work) = (part.with_extension("index"), below.to_string_lossy().into_owned());
        let index_name = index.to_string_lossy().into_owned();
        let source = match (self.remote.mountpoint.as_str(), self.remote.root.as_str()) {
            // A mounted remote shows its root, not what is around it.
            ("", _) | (_, "") => commit.to_owned(),
            (_, root) => format!("{commit}:{root}"),
        };
        let done = self
            .with_env(&["read-tree", &source], &[("GIT_INDEX_FILE", &index_name)])
            .and_then(|()| {
                let env =
                    [("GIT_INDEX_FILE", index_name.as_str()), ("GIT_WORK_TREE", work.as_str())];
                self.with_env(&["checkout-index", "--all", "--force"], &env)
            });
        drop(fs::remove_file(&index));
        if let Err(why) = done {
            drop(fs::remove_dir_all(&part));
            return Err(why);
        }
        match fs::rename(&part, whole) {
            Ok(()) => Ok(()),
            // Another compile was quicker.
            Err(_) if whole.is_dir() => {
                drop(fs::remove_dir_all(&part));
                Ok(())
            }
            Err(why) => Err(Error::file("make", whole, why)),
        }
    }

    /// Removes files of commits that nobody asked for in a while.
    fn clean(&self) {
        for entry in fs::read_dir(self.folder.join("trees")).into_iter().flatten().flatten() {
            let used = entry.metadata().and_then(|meta| meta.modified()).ok();
            let age = used.and_then(|then| SystemTime::now().duration_since(then).ok());
            if age.is_some_and(|age| age > TREE_AGE) {
                drop(fs::remove_dir_all(entry.path()));
            }
        }
    }

    fn with_env(&self, words: &[&str], env: &[(&str, &str)]) -> Result<()> {
        let mut command = self.command(words, Some(&self.bare()));
        for (name, value) in env {
            command.env.insert((*name).to_owned(), Some((*value).to_owned()));
        }
        self.checked(words, &command).map(drop)
    }

    fn must(&self, words: &[&str], bare: Option<&Path>) -> Result<Output> {
        self.checked(words, &self.command(words, bare))
    }

    fn checked(&self, words: &[&str], command: &Command) -> Result<Output> {
        let output = self.call.compiler.deps.host.run(command)?;
        if output.success() {
            return Ok(output);
        }
        let verb = words.first().copied().unwrap_or_default();
        let why = match output.timed_out {
            true => format!("no end within {}s", GIT_WAIT.as_secs()),
            false => output.stderr_text().trim().to_owned(),
        };
        let why =
            why.replace(&self.remote.url, &halite_core::outside::http::redacted(&self.remote.url));
        Err(Error::execution(format!("git {verb}: {why}")))
    }

    fn git(&self, words: &[&str], bare: Option<&Path>) -> Result<Output> {
        self.call.compiler.deps.host.run(&self.command(words, bare))
    }

    /// A call of git that asks nobody anything; secrets are in its environment, not its arguments.
    fn command(&self, words: &[&str], bare: Option<&Path>) -> Command {
        let mut command = Command::new(std::iter::once("git").chain(words.iter().copied()));
        command.timeout = Some(GIT_WAIT);
        let mut set =
            |name: &str, value: String| drop(command.env.insert(name.into(), Some(value)));
        set("GIT_TERMINAL_PROMPT", "0".into());
        set("GIT_ASKPASS", "true".into());
        if let Some(bare) = bare {
            set("GIT_DIR", bare.to_string_lossy().into_owned());
        }
        if self.remote.setting("ssl_verify") == "False" {
            set("GIT_SSL_NO_VERIFY", "1".into());
        }
        let key = self.remote.setting("privkey");
        let key =
            if key.is_empty() { key } else { format!(" -i '{}'", key.replace('\'', "'\\''")) };
        set("GIT_SSH_COMMAND", format!("ssh -o BatchMode=yes{key}"));
        let mut config: Vec<(&str, String)> = vec![("gc.auto", "0".into())];
        let (user, password) = (self.remote.setting("user"), self.remote.setting("password"));
        if !user.is_empty() && !password.is_empty() {
            let pair = STANDARD.encode(format!("{user}:{password}"));
            config.push(("http.extraHeader", format!("Authorization: Basic {pair}")));
        }
        let proxy = self.remote.setting("proxy");
        if !proxy.is_empty() {
            config.push(("http.proxy", proxy));
        }
        set("GIT_CONFIG_COUNT", config.len().to_string());
        for (at, (name, value)) in config.into_iter().enumerate() {
            set(&format!("GIT_CONFIG_KEY_{at}"), name.to_owned());
            set(&format!("GIT_CONFIG_VALUE_{at}"), value);
        }
        command
    }
}

/// A folder's name for a URL: readable, and apart for each.
fn folder_name(url: &str) -> String {
    let shown = halite_core::outside::http::redacted(url);
    let plain = shown.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let tail: Vec<char> = plain.collect();
    let tail: String = tail.iter().skip(tail.len().saturating_sub(48)).collect();
    // FNV-1a: names apart, nothing secret.
    let hash = url.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{tail}-{hash:016x}")
}
