//! Accepting, rejecting and deleting.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use halite_core::{Map, MinionId, Opts, Result, Value, map};
use halite_master::keys::{KeyState, KeyStore, dropfile};

use super::show::{ORDER, Shown};
use super::{Cli, globs};
use crate::client::{Voice, block_on};
use crate::{exit, log};

/// What is done to keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Accept,
    Reject,
    Delete,
}

impl Verb {
    /// What has been done.
    fn done(self) -> &'static str {
        match self {
            Verb::Accept => "accepted",
            Verb::Reject => "rejected",
            Verb::Delete => "deleted",
        }
    }

    /// `act` of the event.
    fn act(self) -> &'static str {
        match self {
            Verb::Delete => "delete",
            other => other.done(),
        }
    }
}

/// Which keys beside the pending ones are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Include {
    accepted: bool,
    rejected: bool,
    denied: bool,
}

impl Include {
    /// As the options say: only a reject means accepted keys, only an accept rejected ones.
    pub(super) fn of(verb: Verb, cli: &Cli) -> Include {
        Include {
            accepted: verb != Verb::Accept
                && (cli.include_accepted || verb == Verb::Reject && cli.include_all),
            rejected: verb != Verb::Reject
                && (cli.include_rejected || verb == Verb::Accept && cli.include_all),
            denied: cli.include_denied,
        }
    }

    fn has(self, state: KeyState) -> bool {
        match state {
            KeyState::Pending => true,
            KeyState::Accepted => self.accepted,
            KeyState::Rejected => self.rejected,
            KeyState::Denied => self.denied,
        }
    }

    /// The states in words: `unaccepted, rejected or denied`.
    fn words(self) -> String {
        let more =
            [(self.accepted, "accepted"), (self.rejected, "rejected"), (self.denied, "denied")];
        let mut words = vec!["unaccepted"];
        words.extend(more.iter().filter(|(has, _)| *has).map(|(_, word)| *word));
        let last = words.pop().unwrap_or_default();
        if words.is_empty() { last.to_owned() } else { format!("{} or {last}", words.join(", ")) }
    }
}

/// One use of the program.
pub(super) struct Job {
    pub(super) verb: Verb,
    pub(super) glob: String,
    pub(super) include: Include,
    pub(super) yes: bool,
    /// Keep cached data of the minions whose keys go.
    pub(super) keep: bool,
}

type Found = Vec<(KeyState, Vec<MinionId>)>;

/// Finds the keys, asks, changes them, and tells the master.
pub(super) fn run(opts: &Opts, shown: &Shown<'_>, job: &Job) -> Result<ExitCode> {
    let store = KeyStore::open(opts)?;
    let found = find(&store, job)?;
    let ok = ExitCode::from(exit::OK);
    if found.is_empty() {
        let (glob, words) = (&job.glob, job.include.words());
        log::say(&format!("The key glob '{glob}' does not match any {words} keys."));
        return Ok(ok);
    }
    log::say(&format!("The following keys are going to be {}:", job.verb.done()));
    let lists = found.iter().map(|(state, ids)| {
        (Value::str(state.folder()), ids.iter().map(Value::from).collect::<Vec<_>>().into())
    });
    shown.map(lists.collect())?;
    if !job.yes && !proceed(job.verb, &mut io::stdin().lock())? {
        return Ok(ok);
    }
    let events = change(&store, &found, job.verb)?;
    for event in &events {
        let id = event.get("id").map(Value::to_string).unwrap_or_default();
        log::say(&format!("Key for minion {id} {}.", job.verb.done()));
    }
    if job.verb != Verb::Accept && opts.bool("rotate_aes_key") {
        dropfile(opts)?;
    }
    if job.verb != Verb::Accept && !job.keep && !opts.bool("preserve_minion_cache") {
        forget_cached(opts, &store)?;
    }
    tell(opts, events);
    Ok(ok)
}

/// What the glob means, in Salt's order of states.
fn find(store: &KeyStore, job: &Job) -> Result<Found> {
    let matches = store.glob_match(&globs(&job.glob))?;
    let meant = |state: KeyState| job.verb == Verb::Delete || job.include.has(state);
    let of = |state| matches.iter().find(move |(of, _)| *of == state).cloned();
    Ok(ORDER.into_iter().filter(|state| meant(*state)).filter_map(of).collect())
}

/// Asks. No answer at all is a no.
fn proceed(verb: Verb, input: &mut dyn BufRead) -> Result<bool> {
    let (question, usual) = match verb {
        Verb::Delete => ("Proceed? [N/y] ", "n"),
        _ => ("Proceed? [n/Y] ", "y"),
    };
    let mut out = io::stdout();
    // Without a terminal to show the question on, the answer still counts.
    let _ = write!(out, "{question}").and_then(|()| out.flush());
    let mut answer = String::new();
    if input.read_line(&mut answer).unwrap_or(0) == 0 {
        log::say("");
        return Ok(false);
    }
    let answer = answer.trim_end_matches(['\r', '\n']);
    let answer = if answer.is_empty() { usual } else { answer };
    Ok(answer.to_lowercase().starts_with('y'))
}

/// Changes the keys; the events to fire.
fn change(store: &KeyStore, found: &Found, verb: Verb) -> Result<Vec<Map>> {
    let mut events = Vec::new();
    for (state, ids) in found {
        for id in ids {
            let mut event = map! {"result" => true, "act" => verb.act(), "id" => id};
            let changed = match verb {
                Verb::Delete => store.remove(*state, id)?,
                verb => {
                    let to = match verb {
                        Verb::Accept => KeyState::Accepted,
                        _ => KeyState::Rejected,
                    };
                    match store.change(id, *state, to) {
                        Ok(Some(key)) => {
                            event.insert("pub".into(), key.into());
                            true
                        }
                        Ok(None) => false,
                        Err(error) => {
                            // Salt: the same, and it is no failure of the others.
                            log::complain(&error.to_string());
                            false
                        }
                    }
                }
            };
            if changed {
                events.push(event);
            }
        }
    }
    Ok(events)
}

/// Removes the cached grains and pillar of minions without any key, where they are kept in files
/// as a Salt master does. Our own master forgets them by itself when it hears of the change.
fn forget_cached(opts: &Opts, store: &KeyStore) -> Result<()> {
    let known: Vec<String> =
        store.list_all()?.into_values().flatten().map(|id| id.to_string()).collect();
    for bank in ["grains", "pillar"] {
        let folder = opts.path("cachedir").join(bank);
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // `id.p`, or `id:environment.p`.
            let Some(id) = name.strip_suffix(".p").and_then(|key| key.split(':').next()) else {
                continue;
            };
            if !known.iter().any(|known| known == id) {
                halite_master::private_file::remove(&entry.path())?;
            }
        }
    }
    Ok(())
}

/// Fires the events, if a master runs here.
fn tell(opts: &Opts, events: Vec<Map>) {
    let fired = block_on(async {
        let mut voice = Voice::connect(opts).await?;
        for event in events {
            voice.fire("salt/key", event).await?;
        }
        Ok(())
    });
    if let Err(error) = fired {
        tracing::debug!("Nobody was told of the keys: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../../tests/minion.pub");

    fn answer(verb: Verb, text: &str) -> bool {
        proceed(verb, &mut text.as_bytes()).expect("asks")
    }

    #[test]
    fn an_empty_answer_accepts_but_does_not_delete() {
        assert!(answer(Verb::Accept, "\n"));
        assert!(answer(Verb::Reject, "Yes\n"));
        assert!(!answer(Verb::Accept, "n\n"));
        assert!(!answer(Verb::Delete, "\n"));
        assert!(answer(Verb::Delete, "y\r\n"));
        assert!(!answer(Verb::Accept, ""), "no input is no consent");
    }

    #[test]
    fn the_states_are_named() {
        assert_eq!(Include::default().words(), "unaccepted");
        let all = Include { accepted: true, rejected: true, denied: true };
        assert_eq!(all.words(), "unaccepted, accepted, rejected or denied");
        let one = Include { rejected: true, ..Include::default() };
        assert_eq!(one.words(), "unaccepted or rejected");
    }

    #[test]
    fn a_reject_leaves_accepted_keys_alone_unless_they_are_included() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = KeyStore::at(dir.path()).expect("is made");
        let id = |text: &str| MinionId::parse(text).expect("is an id");
        store.put(KeyState::Accepted, &id("a"), KEY).expect("is stored");
        store.put(KeyState::Pending, &id("b"), KEY).expect("is stored");
        let mut job = Job {
            verb: Verb::Reject,
            glob: "*".into(),
            include: Include::default(),
            yes: true,
            keep: false,
        };
        assert_eq!(find(&store, &job).expect("finds"), [(KeyState::Pending, vec![id("b")])]);
        job.include.accepted = true;
        let found = find(&store, &job).expect("finds");
        let events = change(&store, &found, Verb::Reject).expect("changes");
        assert_eq!(events.len(), 2);
        assert_eq!(events[0].get("act"), Some(&"rejected".into()));
        assert_eq!(store.list(KeyState::Rejected).expect("lists"), [id("a"), id("b")]);
    }

    #[test]
    fn what_is_no_key_stays_where_it_is() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = KeyStore::at(dir.path()).expect("is made");
        let id = MinionId::parse("a").expect("is an id");
        store.put(KeyState::Pending, &id, "nonsense").expect("is stored");
        let found = vec![(KeyState::Pending, vec![id.clone()])];
        let events = change(&store, &found, Verb::Accept).expect("changes");
        assert!(events.is_empty());
        assert_eq!(store.list(KeyState::Pending).expect("lists"), [id]);
    }
}
