//! The reactor of a minion: events of its own bus call for functions of this machine. Salt: the engine `reactor` in the
//! minion's configuration, of which `caller` is what works there.

use std::sync::Arc;
use std::time::Duration;

use halite_core::glob::Glob;
use halite_core::{Map, Result, Value};
use halite_net::bus::{Bus, Delivered, Room, Subscription};
use halite_render::{JinjaEngine, Pipe, TemplateRequest};
use halite_states::reactor::{Chain, Chains, Kind, Reaction, Rule, Rules};
use halite_wire::frame;

use crate::Engine;
use crate::services::JobServices;
use crate::shared::{Present, Shared};

/// How long a read waits.
const PATIENCE: Duration = Duration::from_secs(3600);
/// The user of what the reactor runs. Salt: `ReactWrap.event_user`.
const USER: &str = "Reactor";

/// Starts it. It ends with the bus.
pub(crate) fn start(shared: &Arc<Shared>, bus: &Bus) {
    let option = shared.opts().get("reactor").cloned().unwrap_or_default();
    let (rules, odd) = Rules::parse(&option);
    odd.iter().for_each(|what| tracing::warn!("{what}"));
    if rules.is_empty() {
        return;
    }
    let topics: Vec<Glob> = rules.iter().map(|rule| rule.tag.clone()).collect();
    let subscription = bus.subscribe(&topics, Room::default());
    let (shared, chains) = (Arc::clone(shared), Chains::default());
    let reactor = Reactor { shared, rules, chains, templates: JinjaEngine::new() };
    let started = std::thread::Builder::new()
        .name("reactor".into())
        .spawn(move || reactor.run(&subscription));
    if let Err(error) = started {
        tracing::error!(%error, "The reactor cannot be started");
    }
}

struct Reactor {
    shared: Arc<Shared>,
    rules: Rules,
    chains: Chains,
    templates: JinjaEngine,
}

fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

impl Reactor {
    fn run(mut self, subscription: &Subscription) {
        loop {
            match subscription.next(PATIENCE) {
                Delivered::Message { topic, message } => self.message(&topic, &message),
                Delivered::Missed(count) => {
                    tracing::error!(count, "The reactor is too slow and missed events");
                }
                Delivered::Nothing => {}
                Delivered::Closed => return,
            }
        }
    }

    fn message(&mut self, tag: &str, message: &[u8]) {
        let Ok((body, _)) = frame::open_frame(message) else { return };
        let Ok((_, data)) = frame::read_event(&body) else { return };
        if data.get("user").and_then(Value::as_str) == Some(USER) {
            return;
        }
        let chain = self.chains.of(now(), tag);
        let rules: Vec<Rule> = self.rules.matching(tag).cloned().collect();
        rules.iter().for_each(|rule| self.react(rule, tag, &data, &chain));
    }

    fn react(&mut self, rule: &Rule, tag: &str, data: &Value, chain: &Chain) {
        let Present { machine, pillar, .. } = self.shared.present();
        let services = Arc::new(JobServices::new(Arc::clone(&self.shared), ""));
        let engine = Engine { machine, pillar, services };
        let job = engine.job("", "reactor", USER);
        let context = Map::new();
        let sls = engine.with_apply(&job, |apply| {
            let request = TemplateRequest {
                apply,
                files: apply.files,
                saltenv: "base",
                sls: "",
                path: None,
                context: &context,
            };
            let pipe = Pipe::new(apply.opts, &self.templates);
            halite_states::reactor::compile(&rule.files, tag, data, &pipe, &request)
        });
        for (file, why) in sls.faults {
            tracing::error!(tag, file, "Failed to render a reactor SLS: {why}");
        }
        for reaction in sls.reactions {
            let done = match reaction {
                Ok(reaction) => self.act(&engine, rule, &reaction, chain),
                Err(bad) => Err(bad.into()),
            };
            if let Err(why) = done {
                tracing::error!(tag, "A reaction is not run or failed: {why}");
            }
        }
    }

    fn act(
        &mut self,
        engine: &Engine,
        rule: &Rule,
        reaction: &Reaction,
        chain: &Chain,
    ) -> std::result::Result<(), Box<dyn std::error::Error>> {
        if reaction.kind != Kind::Caller {
            let (word, fun, id) = (reaction.kind.word(), &reaction.fun, &reaction.id);
            let what =
                format!("'{id}': {word}.{fun} needs a master; a minion's reactor has `caller`");
            return Err(what.into());
        }
        let chain = chain.follow(rule.tag.pattern(), reaction)?;
        if let Some(tag) = reaction.fires() {
            self.chains.caused_tag(now(), tag, chain);
        }
        let job = engine.job("", reaction.fun.as_str(), USER);
        let ran: Result<Value> =
            engine.with_apply(&job, |apply| apply.call_value(&reaction.fun, reaction.args.clone()));
        ran.map(drop).map_err(Into::into)
    }
}
