//! Why a minion did not return: what stands beside its name.

use halite_core::{MinionId, Opts};
use halite_master::store::{DEPARTED, GRAINS, PRESENCE, Reader};

use super::Lost;
use crate::stamp;

/// What the master's files tell of minions.
pub(crate) struct Reasons {
    opts: Opts,
    /// `None` without a store: another master than ours.
    store: Option<Reader>,
    /// Whether the master keeps track of connections.
    presence: bool,
}

impl Reasons {
    /// Opens what there is.
    pub(crate) fn new(opts: &Opts) -> Reasons {
        let store = Reader::open(opts).ok();
        let tracked = |bank: &str| {
            let keys = store.as_ref().and_then(|store| store.keys(bank).ok());
            keys.is_some_and(|keys| !keys.is_empty())
        };
        let presence = tracked(PRESENCE) || tracked(DEPARTED);
        Reasons { opts: opts.clone(), store, presence }
    }

    /// Salt's first line, which scripts look for; what is known beyond it; where to look later.
    pub(crate) fn text(&self, jid: &str, id: &str, lost: &Lost) -> String {
        let (word, why) = self.why(jid, id, lost);
        let mut text = format!("Minion did not return. [{word}]");
        if let Some(why) = why {
            text.push('\n');
            text.push_str(&why);
        }
        if word == "No response" {
            text.push_str(
                "\nThe minions may not have all finished running and any remaining minions will \
                 return upon completion. To look up the return data for this job later, run the \
                 following command:\n\nsalt-run jobs.lookup_jid ",
            );
            text.push_str(jid);
        }
        text
    }

    fn why(&self, jid: &str, id: &str, lost: &Lost) -> (&'static str, Option<String>) {
        let response = "No response";
        if let Lost::Running { fun, seconds } = lost {
            return (response, Some(format!("It has been running {fun} for {seconds} s.")));
        }
        if !self.accepted(id) {
            let why = "The master has no accepted key of this name (salt-key -L).";
            return (response, Some(why.into()));
        }
        if *lost == Lost::Idle {
            let why = "It is connected and does not run the job: the return is late or lost.";
            return (response, Some(why.into()));
        }
        match self.connection(id) {
            Connection::Unknown => (response, None),
            Connection::Since(at) => {
                let since = stamp::local(at);
                let why = match stamp::jid(at, self.opts.bool("utc_jid")).as_str() > jid {
                    true => format!("It connected at {since}, after the job was sent."),
                    false => format!("It has been connected since {since} and did not answer."),
                };
                (response, Some(why))
            }
            Connection::Gone(at) => {
                let why = format!("It is not connected since {}.", stamp::local(at));
                ("Not connected", Some(why))
            }
            Connection::None(heard) => {
                let heard =
                    heard.map(|at| format!(" It last sent its grains at {}.", stamp::local(at)));
                let heard = heard.unwrap_or_else(|| " It has never sent its grains.".into());
                ("Not connected", Some(format!("It is not connected to the master.{heard}")))
            }
        }
    }

    fn accepted(&self, id: &str) -> bool {
        let folder = self.opts.path("pki_dir").join("minions");
        // A folder that cannot be read says nothing.
        MinionId::parse(id).is_ok_and(|id| folder.join(id).exists()) || folder.read_dir().is_err()
    }

    fn connection(&self, id: &str) -> Connection {
        let Some(store) = self.store.as_ref().filter(|_| self.presence) else {
            return Connection::Unknown;
        };
        let when = |bank: &str| store.fetch(bank, id).map(|entry| entry.map(|(at, _)| at));
        match when(PRESENCE) {
            Ok(Some(at)) => Connection::Since(at),
            Ok(None) => match when(DEPARTED) {
                Ok(Some(at)) => Connection::Gone(at),
                _ => Connection::None(when(GRAINS).ok().flatten()),
            },
            Err(_) => Connection::Unknown,
        }
    }
}

/// What the master knows of a minion's connection; times in microseconds since 1970.
enum Connection {
    Unknown,
    Since(i64),
    /// Not there since then.
    Gone(i64),
    /// Not there since the master started, at least; when it last sent its grains.
    None(Option<i64>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::{Role, map};

    #[test]
    fn salts_line_comes_first_and_the_reason_beside_it() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir_all(dir.path().join("minions")).expect("is made");
        std::fs::write(dir.path().join("minions/a"), "key").expect("is written");
        let opts = map! {"pki_dir" => dir.path(), "cachedir" => dir.path()};
        let reasons = Reasons::new(&Opts::from_map(Role::Master, opts));
        let first = "Minion did not return. [No response]\n";
        let lines = |id: &str, lost: Lost| {
            let text = reasons.text("1", id, &lost);
            assert!(text.starts_with(first), "{text}");
            assert!(text.ends_with("\n\nsalt-run jobs.lookup_jid 1"), "{text}");
            text.lines().nth(1).unwrap_or_default().to_owned()
        };
        assert!(lines("a", Lost::Silent).starts_with("The minions may not have all finished"));
        assert!(lines("b", Lost::Silent).contains("no accepted key"));
        assert!(lines("a", Lost::Idle).contains("late or lost"));
        let running = Lost::Running { fun: "test.sleep".into(), seconds: 7 };
        assert_eq!(lines("a", running), "It has been running test.sleep for 7 s.");
    }
}
