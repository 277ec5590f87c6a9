//! Publishes: opened, told apart from old ones, matched, handed to the workers.

use bytes::Bytes;
use halite_core::Value;
use halite_core::target::{Known, Nodegroups, Target};
use halite_wire::load::PublishLoad;
use halite_wire::session::PublishError;

use super::{Core, Now, Output};

impl Core {
    /// A packet arrived.
    pub(super) fn published(&mut self, now: Now, frame: Bytes) {
        if self.stopping {
            return;
        }
        if self.is_up() {
            self.open_publish(now, &frame, false);
        } else if self.subscriber.is_some() {
            self.hold(frame);
        }
    }

    /// Opens a packet; one that does not open is kept for after a new sign-in, once.
    pub(super) fn open_publish(&mut self, now: Now, frame: &Bytes, again: bool) {
        let Some(subscriber) = &mut self.subscriber else { return };
        match subscriber.open(frame, now.unix) {
            Ok(load) => self.job(now, load),
            Err(PublishError::Key) if !again => self.hold(frame.clone()),
            Err(PublishError::NotForUs(enc)) => {
                tracing::debug!("a publish with enc {enc} passed by")
            }
            Err(error) => tracing::warn!("a publish was dropped: {error}"),
        }
    }

    fn hold(&mut self, frame: Bytes) {
        let most = self.settings.bounds.packets;
        if self.held.len() < most {
            self.held.push_back(frame);
        } else {
            tracing::error!("more than {most} publishes wait for a sign-in: dropped");
        }
    }

    fn job(&mut self, now: Now, load: PublishLoad) {
        // Only what is for us is noted: the parts of a batch come one after the other under one jid.
        if !self.is_for_us(&load) {
            return;
        }
        if !self.kept.window.is_new(load.jid.as_str(), self.settings.jids) {
            tracing::debug!("job {} was seen before", load.jid);
            return;
        }
        self.arrivals.note(load.jid.as_str(), now.ms, self.settings.bounds.jobs);
        self.emit(Output::Keep);
        if self.ready {
            self.emit(Output::Run(Box::new(load)));
        } else if self.early.len() < self.settings.bounds.jobs {
            self.early.push_back(load);
        } else {
            let (most, jid) = (self.settings.bounds.jobs, &load.jid);
            tracing::error!("{most} jobs wait for the pillar already: {jid} is dropped");
        }
    }

    fn is_for_us(&self, load: &PublishLoad) -> bool {
        let delimiter = load.rest.get("delimiter").and_then(Value::as_str);
        let target = Target::parse(&load.tgt, &load.tgt_type, delimiter, &Nodegroups::new());
        let known = Known {
            id: &self.settings.signin.id,
            grains: Some(&self.facts.grains),
            pillar: Some(&self.facts.pillar),
        };
        match target {
            Ok(target) => target.matches(&known),
            Err(error) => {
                tracing::debug!("job {}: {error}", load.jid);
                false
            }
        }
    }

    /// Jobs may run now.
    pub(super) fn become_ready(&mut self) {
        self.ready = true;
        for load in std::mem::take(&mut self.early) {
            self.emit(Output::Run(Box::new(load)));
        }
    }
}
