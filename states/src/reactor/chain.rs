//! Finds reactions that react to themselves: every reaction knows through which reactions it came to be.
//!
//! What a reaction causes is recognised by the jid of its job or run, by the mark that events of its own runner
//! carry, and, where it fires an event through a minion, by that event's tag for a while.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::reaction::Reaction;

/// How often the same reaction may stand in its own past before it is a loop.
const REPEATS: usize = 3;
/// Reactions that may follow from each other, however different they are.
const LENGTH: usize = 64;
/// Jids and tags whose cause is remembered.
const REMEMBERED: usize = 8_192;
/// How long an event through a minion may take to come back, microseconds.
const ECHO_MICROS: i64 = 60_000_000;

/// The reactions through which an event came to be, the first first. Empty for events from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain(Vec<u64>);

/// Why a chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Echo {
    /// The same reaction again and again.
    #[error("it reacts to events that it causes itself; stopped after {REPEATS} rounds")]
    Loop,
    /// One reaction causes the next without end.
    #[error("it is the last of {LENGTH} reactions of which each caused the next; stopped")]
    Endless,
}

impl Chain {
    /// The chain of what `reaction` of the rule `tag` will cause.
    ///
    /// # Errors
    /// If it comes back to itself.
    pub fn follow(&self, tag: &str, reaction: &Reaction) -> Result<Chain, Echo> {
        let link = link(tag, reaction);
        if self.0.iter().filter(|known| **known == link).count() >= REPEATS {
            return Err(Echo::Loop);
        }
        if self.0.len() >= LENGTH {
            return Err(Echo::Endless);
        }
        let mut links = self.0.clone();
        links.push(link);
        Ok(Chain(links))
    }

    /// Whether the event came from outside.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As it stands in an event's frame.
    pub fn to_text(&self) -> String {
        let links: Vec<String> = self.0.iter().map(|link| format!("{link:016x}")).collect();
        links.join(" ")
    }

    /// Reads what [`Chain::to_text`] wrote; what is none is left out.
    pub fn parse(text: &str) -> Chain {
        let links = text.split(' ').filter_map(|link| u64::from_str_radix(link, 16).ok());
        Chain(links.take(LENGTH).collect())
    }
}

fn link(tag: &str, reaction: &Reaction) -> u64 {
    let mut hasher = DefaultHasher::new();
    tag.hash(&mut hasher);
    (reaction.kind.word(), &reaction.fun, &reaction.sls, &reaction.id).hash(&mut hasher);
    reaction.tgt.to_string().hash(&mut hasher);
    hasher.finish()
}

/// Which jids and tags were caused by which reactions; bounded, the oldest are forgotten.
#[derive(Debug, Default)]
pub struct Chains {
    jids: HashMap<String, Chain>,
    tags: HashMap<String, (i64, Chain)>,
    order: VecDeque<(bool, String)>,
}

impl Chains {
    /// A reaction started this job or run.
    pub fn caused_jid(&mut self, jid: &str, chain: Chain) {
        if self.jids.insert(jid.to_owned(), chain).is_none() {
            self.order.push_back((true, jid.to_owned()));
        }
        self.bound();
    }

    /// A reaction, begun at `now`, makes a minion fire this tag.
    pub fn caused_tag(&mut self, now: i64, tag: &str, chain: Chain) {
        if self.tags.insert(tag.to_owned(), (now + ECHO_MICROS, chain)).is_none() {
            self.order.push_back((false, tag.to_owned()));
        }
        self.bound();
    }

    /// Through which reactions the event with this tag, at `now`, came to be.
    pub fn of(&self, now: i64, tag: &str) -> Chain {
        let jid = tag.strip_prefix("salt/job/").or_else(|| tag.strip_prefix("salt/run/"));
        let jid = jid.and_then(|rest| rest.split('/').next());
        if let Some(chain) = jid.and_then(|jid| self.jids.get(jid)) {
            return chain.clone();
        }
        let echo = self.tags.get(tag).filter(|(until, _)| now <= *until);
        echo.map(|(_, chain)| chain.clone()).unwrap_or_default()
    }

    fn bound(&mut self) {
        while self.order.len() > REMEMBERED {
            match self.order.pop_front() {
                Some((true, jid)) => drop(self.jids.remove(&jid)),
                Some((false, tag)) => drop(self.tags.remove(&tag)),
                None => return,
            }
        }
    }
}

/// The tag that a reaction makes somebody fire, where its arguments say so.
impl Reaction {
    /// The tag of the event that this function call fires, if it is one that does.
    pub fn fires(&self) -> Option<&str> {
        let known = ["event.send", "event.fire", "event.fire_master"].contains(&self.fun.as_str());
        let (place, args) = (usize::from(self.fun != "event.send"), &self.args);
        let named =
            ["tag"].iter().find_map(|name| args.named.get(*name).or_else(|| self.rest.get(*name)));
        let tag = named.or_else(|| args.positional.get(place));
        tag.filter(|_| known).and_then(|tag| tag.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::LowChunk;
    use halite_core::{Map, Value, map};

    fn reaction(tgt: &str, fun: &str, args: Vec<Value>) -> Reaction {
        let data: Map =
            map! {"state" => "local", "fun" => fun, "__id__" => "x", "tgt" => tgt, "arg" => args};
        Reaction::read(&LowChunk::from(data)).expect("reads")
    }

    #[test]
    fn the_same_reaction_may_not_cause_itself_for_ever() {
        let again = reaction("web1", "test.ping", Vec::new());
        let (mut chain, mut rounds) = (Chain::default(), 0);
        let end = loop {
            match Chain::parse(&chain.to_text()).follow("salt/job/*", &again) {
                Ok(next) => chain = next,
                Err(end) => break end,
            }
            rounds += 1;
        };
        assert_eq!((end, rounds), (Echo::Loop, REPEATS));
        // A rolling change goes on from host to host.
        let mut chain = Chain::default();
        for host in 0..LENGTH {
            let next = reaction(&format!("web{host}"), "state.apply", Vec::new());
            chain = chain.follow("salt/job/*", &next).expect("is another host");
        }
        assert_eq!(chain.follow("salt/job/*", &again), Err(Echo::Endless));
    }

    #[test]
    fn causes_are_found_by_jid_and_by_tag_and_forgotten() {
        let chain =
            Chain::default().follow("t", &reaction("a", "x.y", Vec::new())).expect("is new");
        let mut chains = Chains::default();
        chains.caused_jid("1", chain.clone());
        chains.caused_tag(0, "my/tag", chain.clone());
        assert_eq!(chains.of(0, "salt/job/1/ret/web1"), chain);
        assert_eq!(chains.of(0, "my/tag"), chain);
        assert!(chains.of(ECHO_MICROS + 1, "my/tag").is_empty());
        assert!(chains.of(0, "salt/job/2/ret/web1").is_empty());
        for jid in 0..REMEMBERED + 5 {
            chains.caused_jid(&format!("j{jid}"), Chain::default());
        }
        assert!(chains.of(0, "salt/job/1/ret/web1").is_empty());
        assert!(chains.order.len() <= REMEMBERED);
    }

    #[test]
    fn functions_that_fire_say_what() {
        let fires = |fun, args: Vec<Value>| reaction("a", fun, args).fires().map(str::to_owned);
        assert_eq!(fires("event.send", vec!["my/tag".into()]), Some("my/tag".into()));
        assert_eq!(
            fires("event.fire_master", vec!["data".into(), "my/tag".into()]),
            Some("my/tag".into())
        );
        assert_eq!(fires("cmd.run", vec!["ls".into()]), None);
    }
}
