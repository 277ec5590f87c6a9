//! The manifest of an environment: hash and mode of every file in one answer, for minions of our own.
//!
//! A state run asks once and then fetches what differs, instead of asking for each file. The answer must hold
//! what was there when the run asked, so nothing older is given; but all that asked while one was being made
//! share the next, so that a thousand minions at once cost a walk or two.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use halite_core::{Result, SaltEnv, Value, map};
use halite_render::files::{ManifestEntry, Roots, digest};

use crate::core::Now;

/// The manifests made last.
#[derive(Default)]
pub(crate) struct Manifests {
    made: Mutex<HashMap<SaltEnv, Made>>,
}

/// One manifest.
#[derive(Clone)]
struct Made {
    /// When the walk began.
    begun: Now,
    mark: Arc<str>,
    answer: Value,
}

impl Manifests {
    /// The manifest as of `asked` or later; `{"same": True}` if it is the one that has the mark `known`, and an
    /// empty map when there are too many files for one.
    pub(super) fn answer(
        &self,
        roots: &Roots,
        env: &SaltEnv,
        known: &str,
        asked: Now,
    ) -> Result<Value> {
        let made = self.made(roots, env, asked)?;
        let same = !known.is_empty() && *made.mark == *known;
        Ok(if same { map! {"same" => true}.into() } else { made.answer })
    }

    fn made(&self, roots: &Roots, env: &SaltEnv, asked: Now) -> Result<Made> {
        // Held while one is made: who waits here shares it or the next.
        let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = all.get(env).filter(|made| made.begun.0 >= asked.0) {
            return Ok(made.clone());
        }
        let begun = Now(jiff::Timestamp::now().as_microsecond());
        let made = make(roots, env, begun)?;
        // Names of environments come from outside; only configured ones are worth remembering.
        if roots.has_env(env.as_str()) {
            all.insert(env.clone(), made.clone());
        }
        Ok(made)
    }
}

fn make(roots: &Roots, env: &SaltEnv, begun: Now) -> Result<Made> {
    let Some(entries) = roots.manifest(env) else {
        return Ok(Made { begun, mark: "".into(), answer: map! {}.into() });
    };
    let mut text = String::new();
    for ManifestEntry { path, hash, mode } in &entries {
        let hash = hash.as_deref().unwrap_or_default();
        // NUL is in no path.
        let _ = write!(text, "{path}\0{hash}\0{mode}\0");
    }
    let mark = digest(roots.hash_type(), text.as_bytes())
        .map_err(|error| halite_core::Error::execution(error.to_string()))?;
    let files = entries.into_iter().map(|entry| {
        let hash = entry.hash.map_or(Value::Null, Value::from);
        (Value::from(entry.path), Value::from([hash, entry.mode.into()]))
    });
    let answer = map! {
        "hash_type" => roots.hash_type().name(),
        "mark" => mark.as_str(),
        "files" => Value::map(files),
    };
    Ok(Made { begun, mark: mark.into(), answer: answer.into() })
}

#[cfg(test)]
mod tests {
    use halite_core::opts::{Opts, Role};

    use super::*;

    #[test]
    fn nothing_older_than_the_question_and_nothing_twice() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().to_string_lossy().into_owned();
        let opts = map! {"file_roots" => map! {"base" => vec![Value::from(root)]}};
        let roots = Roots::files(&Opts::from_map(Role::Master, opts));
        let env = SaltEnv::parse("base").expect("is one");
        let manifests = Manifests::default();
        let ask = |known: &str, asked: i64| {
            manifests.answer(&roots, &env, known, Now(asked)).expect("answers")
        };
        let files =
            |answer: &Value| answer.get("files").and_then(Value::as_map).map(|map| map.len());
        let first = ask("", 0);
        assert_eq!(files(&first), Some(0));
        std::fs::write(dir.path().join("a"), b"a").expect("is written");
        assert_eq!(files(&ask("", 0)), Some(0), "one from after the question is good enough");
        let now = jiff::Timestamp::now().as_microsecond();
        let second = ask("", now + 1);
        assert_eq!(files(&second), Some(1), "an older one is not");
        let mark = second.get("mark").and_then(Value::as_str).expect("has a mark");
        assert_eq!(ask(mark, i64::MAX).get("same"), Some(&Value::Bool(true)));
        assert_eq!(files(&ask("another", i64::MAX)), Some(1));
    }
}
