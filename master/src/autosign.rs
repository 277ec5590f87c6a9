//! Who is accepted or rejected without the operator: `auto_accept`, `autosign_file`, `autoreject_file`,
//! `minions_autosign/ID`, `autosign_grains_dir`. Salt: `salt.daemons.masterapi.AutoKey` behaviour.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use halite_core::glob::fnmatch;
use halite_core::{Map, MinionId, Opts};
use halite_wire::signin::master::Autosign;

use crate::{limits, private_file};

/// The options that decide about new keys.
#[derive(Clone, Debug, Default)]
pub struct AutoSign {
    /// `auto_accept`.
    pub auto_accept: bool,
    /// `open_mode`.
    pub open_mode: bool,
    /// `autosign_file`.
    pub sign_file: Option<PathBuf>,
    /// `autoreject_file`.
    pub reject_file: Option<PathBuf>,
    /// `autosign_grains_dir`.
    pub grains_dir: Option<PathBuf>,
    /// `minions_autosign` below `pki_dir`.
    pub stubs: PathBuf,
    /// `autosign_timeout`; none: stubs never age.
    pub stub_age: Option<Duration>,
    /// `permissive_pki_access`: a group may write these files.
    pub group_may_write: bool,
}

impl AutoSign {
    /// Reads the options.
    pub fn of(opts: &Opts) -> AutoSign {
        let file = |name| Some(opts.path(name)).filter(|path| !path.as_os_str().is_empty());
        let minutes = u64::try_from(opts.int("autosign_timeout", 120)).unwrap_or(0);
        AutoSign {
            auto_accept: opts.bool("auto_accept"),
            open_mode: opts.bool("open_mode"),
            sign_file: file("autosign_file"),
            reject_file: file("autoreject_file"),
            grains_dir: file("autosign_grains_dir"),
            stubs: opts.path("pki_dir").join("minions_autosign"),
            stub_age: (minutes > 0).then(|| Duration::from_secs(minutes * 60)),
            group_may_write: opts.bool("permissive_pki_access"),
        }
    }

    /// What holds for `id`, which offers these grains. Asked for the word on a key that is not accepted yet: a
    /// stub in `minions_autosign` is used up by it.
    pub fn word(&self, id: &MinionId, grains: &Map, now: SystemTime) -> Autosign {
        if self.listed(self.reject_file.as_deref(), id.as_str()) {
            return Autosign::Reject;
        }
        let sign = self.auto_accept
            || self.listed(self.sign_file.as_deref(), id.as_str())
            || self.take_stub(id, now)
            || self.grain_says_so(grains);
        if sign { Autosign::Accept } else { Autosign::Ask }
    }

    fn lines(&self, path: &Path) -> Vec<String> {
        if let Err(why) = self.may_trust(path) {
            tracing::warn!(path = %path.display(), why, "Wrong permissions, ignoring content");
            return Vec::new();
        }
        match private_file::read(path, limits::AUTOSIGN_FILE_BYTES) {
            Ok(Some(content)) => {
                let text = String::from_utf8_lossy(&content).into_owned();
                let lines = text.lines().map(str::trim);
                lines
                    .filter(|line| !line.is_empty() && !line.starts_with('#'))
                    .map(str::to_owned)
                    .collect()
            }
            Ok(None) => Vec::new(),
            Err(error) => {
                tracing::warn!(%error, "an autosign file is passed by");
                Vec::new()
            }
        }
    }

    /// Nobody but the owner (or, if allowed, the group) may be able to write it.
    fn may_trust(&self, path: &Path) -> Result<(), &'static str> {
        let Ok(stat) = fs::metadata(path) else { return Ok(()) };
        match stat.mode() {
            mode if mode & 0o002 != 0 => Err("everybody may write it"),
            mode if mode & 0o020 != 0 && !self.group_may_write => Err("its group may write it"),
            _ => Ok(()),
        }
    }

    fn listed(&self, file: Option<&Path>, id: &str) -> bool {
        let Some(file) = file else { return false };
        self.lines(file).iter().any(|line| expr_match(line, id))
    }

    fn take_stub(&self, id: &MinionId, now: SystemTime) -> bool {
        if let (Some(age), Ok(entries)) = (self.stub_age, fs::read_dir(&self.stubs)) {
            for entry in entries.flatten() {
                let made = entry.metadata().and_then(|stat| stat.modified()).unwrap_or(now);
                if now.duration_since(made).is_ok_and(|since| since > age) {
                    tracing::warn!(stub = %entry.path().display(), "Autosign keyid expired");
                    drop(fs::remove_file(entry.path()));
                }
            }
        }
        fs::remove_file(self.stubs.join(id.as_str())).is_ok()
    }

    fn grain_says_so(&self, grains: &Map) -> bool {
        let Some(folder) = self.grains_dir.as_deref().filter(|_| !grains.is_empty()) else {
            return false;
        };
        // The folder names the grains, never the sender: no name of his becomes a path.
        let Ok(entries) = fs::read_dir(folder) else { return false };
        entries.flatten().any(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(value) = grains.get(name.as_str()) else { return false };
            let value = value.to_string();
            self.lines(&entry.path()).contains(&value)
        })
    }
}

/// Whether `line` means `text`, as [`Expr`] says.
pub fn expr_match(line: &str, text: &str) -> bool {
    Expr::new(line).matches(text)
}

/// A glob, or a regular expression for the whole of a text; the regular expressions are of linear time.
/// Salt: `salt.utils.stringutils.expr_match`.
pub(crate) struct Expr {
    glob: String,
    regex: Option<regex::Regex>,
}

impl Expr {
    pub(crate) fn new(line: &str) -> Expr {
        let regex = regex::Regex::new(&format!(r"\A(?:{line})\z")).ok();
        Expr { glob: line.to_owned(), regex }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        fnmatch(text, &self.glob) || self.regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;
    use std::os::unix::fs::PermissionsExt;

    fn id(text: &str) -> MinionId {
        MinionId::parse(text).expect("is an id")
    }

    fn file(path: &Path, content: &str, mode: u32) {
        fs::write(path, content).expect("is written");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("is set");
    }

    #[test]
    fn files_list_globs_and_expressions() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("autosign");
        file(&path, "# web*\nweb*\n\ndb\\d+\nup", 0o644);
        let auto = AutoSign { sign_file: Some(path.clone()), ..AutoSign::default() };
        let word = |name: &str| auto.word(&id(name), &Map::new(), SystemTime::now());
        let sign = |name: &str| word(name) == Autosign::Accept;
        assert!(sign("web1") && sign("db12") && sign("up"));
        assert!(!sign("db") && !sign("ups") && !sign("xdb1"));
        file(&path, "*", 0o666);
        assert!(!sign("web1"), "a file that everybody may write does not count");
        file(&path, "*", 0o664);
        assert!(!sign("web1"));
        let group = AutoSign { group_may_write: true, ..auto.clone() };
        assert_eq!(group.word(&id("a"), &Map::new(), SystemTime::now()), Autosign::Accept);
        let reject = AutoSign { reject_file: group.sign_file.clone(), ..group };
        assert_eq!(reject.word(&id("a"), &Map::new(), SystemTime::now()), Autosign::Reject);
    }

    #[test]
    fn a_stub_serves_once_and_ages() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let age = Some(Duration::from_secs(60));
        let auto = AutoSign { stubs: dir.path().into(), stub_age: age, ..AutoSign::default() };
        let now = SystemTime::now();
        file(&dir.path().join("a"), "", 0o600);
        assert_eq!(auto.word(&id("a"), &Map::new(), now), Autosign::Accept);
        assert_eq!(auto.word(&id("a"), &Map::new(), now), Autosign::Ask);
        file(&dir.path().join("b"), "", 0o600);
        assert_eq!(auto.word(&id("b"), &Map::new(), now + Duration::from_secs(120)), Autosign::Ask);
        assert!(!dir.path().join("b").exists());
    }

    #[test]
    fn grains_are_compared_as_whole_lines() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        file(&dir.path().join("uuid"), "# 7\n42\nabc\n", 0o600);
        let auto = AutoSign { grains_dir: Some(dir.path().into()), ..AutoSign::default() };
        let word = |grains: Map| auto.word(&id("a"), &grains, SystemTime::now());
        let sign = |grains: Map| word(grains) == Autosign::Accept;
        assert!(sign(map! {"uuid" => 42}) && sign(map! {"uuid" => "abc"}));
        assert!(
            !sign(map! {"uuid" => "ab"}) && !sign(map! {"../uuid" => "abc"}) && !sign(Map::new())
        );
    }
}
