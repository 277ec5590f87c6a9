//! What a state function says (its verdict) and what the engine makes of it.

use crate::context::Apply;
use crate::error::Result;
use crate::value::{Map, Value};

/// The changes of a state, as they stand in its return.
pub type Changes = Map;

/// `{key: {old: .., new: ..}}`, the usual shape of changes.
pub fn changed(key: &str, old: impl Into<Value>, new: impl Into<Value>) -> Changes {
    crate::map! { key => crate::map! { "old" => old.into(), "new" => new.into() } }
}

/// Result, comment and changes of a state, predicted or real.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// `None` is "would change" (or "not called").
    pub result: Option<bool>,
    /// One or more lines for the user.
    pub comment: String,
    /// What changed or would change.
    pub changes: Changes,
    /// Further members of the return (`warnings`, `skip_watch`, ...).
    pub extra: Map,
}

impl Outcome {
    /// An outcome without changes.
    pub fn new(result: Option<bool>, comment: impl Into<String>) -> Outcome {
        Outcome { result, comment: comment.into(), ..Outcome::default() }
    }

    /// It worked, with these changes.
    pub fn done(comment: impl Into<String>, changes: Changes) -> Outcome {
        Outcome { result: Some(true), comment: comment.into(), changes, ..Outcome::default() }
    }

    /// It failed; something may have changed all the same.
    pub fn failed(comment: impl Into<String>, changes: Changes) -> Outcome {
        Outcome { result: Some(false), comment: comment.into(), changes, ..Outcome::default() }
    }

    /// It would do this: result `None`.
    pub fn would(comment: impl Into<String>, changes: Changes) -> Outcome {
        Outcome { result: None, comment: comment.into(), changes, ..Outcome::default() }
    }

    /// The same with one more member of the return.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Outcome {
        self.extra.insert(key.into(), value.into());
        self
    }
}

/// What a state function found. It has looked only: it holds nothing with which to write.
pub enum Verdict<'a> {
    /// Nothing (more) to do: correct, refused or failed.
    Settled(Outcome),
    /// Something to change.
    Change(Plan<'a>),
}

/// What is to be changed, predicted and as an action. Only the engine can run the action.
pub struct Plan<'a> {
    /// What test mode reports.
    pub would: Outcome,
    /// The change itself.
    pub apply: ApplyFn<'a>,
}

/// A change waiting for the right to happen.
pub type ApplyFn<'a> = Box<dyn FnOnce(&Apply<'_>) -> Result<Outcome> + Send + 'a>;

impl<'a> Verdict<'a> {
    /// The machine is as wanted.
    pub fn correct(comment: impl Into<String>) -> Verdict<'a> {
        Verdict::Settled(Outcome::new(Some(true), comment))
    }

    /// It cannot be done.
    pub fn fail(comment: impl Into<String>) -> Verdict<'a> {
        Verdict::Settled(Outcome::new(Some(false), comment))
    }

    /// It is to be changed: `would` is test mode's answer, `apply` does it.
    pub fn change(
        would: Outcome,
        apply: impl FnOnce(&Apply<'_>) -> Result<Outcome> + Send + 'a,
    ) -> Verdict<'a> {
        Verdict::Change(Plan { would, apply: Box::new(apply) })
    }

    /// Comes to an outcome: in test mode the prediction, else the deed.
    ///
    /// # Errors
    /// What the deed raised.
    pub fn settle(self, test: bool, apply: &Apply<'_>) -> Result<Outcome> {
        match self {
            Verdict::Settled(outcome) => Ok(outcome),
            Verdict::Change(plan) if test => Ok(plan.would),
            Verdict::Change(plan) => (plan.apply)(apply),
        }
    }
}
