//! How many jobs run at one time, and those that wait for their place.

use std::collections::VecDeque;

use halite_wire::load::{Fun, PublishLoad};

use crate::limits;

/// What becomes of a job that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It runs.
    Free,
    /// It waits for one that ends.
    Wait,
    /// So many wait that it is dropped.
    Full,
}

/// A job that waits.
pub trait Waits {
    /// The job.
    fn load(&self) -> &PublishLoad;
}

/// The places of jobs.
#[derive(Debug)]
pub struct Places<T> {
    busy: usize,
    waiting: VecDeque<T>,
    waiting_most: usize,
}

impl<T: Waits> Places<T> {
    /// All free; so many jobs may wait once they are not.
    pub fn new(waiting_most: usize) -> Places<T> {
        Places { busy: 0, waiting: VecDeque::new(), waiting_most }
    }

    /// What becomes of this job, while `most` may run. Functions that look after jobs are let past them.
    pub fn look(&self, load: &PublishLoad, most: usize) -> Place {
        let urgent = matches!(&load.fun, Fun::One(fun) if limits::URGENT.contains(&&**fun));
        let most = most + if urgent { limits::URGENT_RUNNING } else { 0 };
        match () {
            () if self.busy < most => Place::Free,
            () if self.waiting.len() < self.waiting_most => Place::Wait,
            () => Place::Full,
        }
    }

    /// A job runs.
    pub fn began(&mut self) {
        self.busy += 1;
    }

    /// A job has ended.
    pub fn ended(&mut self) {
        self.busy = self.busy.saturating_sub(1);
    }

    /// A job waits from now on.
    pub fn wait(&mut self, job: T) {
        self.waiting.push_back(job);
    }

    /// The first of those that wait, if there is a place for it.
    pub fn next(&mut self, most: usize) -> Option<T> {
        let free = |job: &T| self.look(job.load(), most) == Place::Free;
        self.waiting.front().is_some_and(free).then(|| self.waiting.pop_front())?
    }

    /// How many run.
    pub fn busy(&self) -> usize {
        self.busy
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Gives all that wait away.
    pub fn leave(&mut self) -> VecDeque<T> {
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use halite_core::{Value, map};

    use super::*;

    struct Job(PublishLoad);

    impl Waits for Job {
        fn load(&self) -> &PublishLoad {
            &self.0
        }
    }

    fn job(fun: &str) -> Job {
        let jid = "20261122000000000001";
        let load = map! {"fun" => fun, "arg" => Value::list([]), "tgt" => "*", "jid" => jid, "user" => "root"};
        Job(PublishLoad::parse(load).expect("is a job"))
    }

    #[test]
    fn so_many_run_and_so_many_wait() {
        let mut places = Places::new(2);
        let slow = job("cmd.run");
        for _ in 0..3 {
            assert_eq!(places.look(&slow.0, 3), Place::Free);
            places.began();
        }
        for _ in 0..2 {
            assert_eq!(places.look(&slow.0, 3), Place::Wait);
            places.wait(job("cmd.run"));
        }
        assert_eq!(places.look(&slow.0, 3), Place::Full);
        assert_eq!(places.look(&job("test.ping").0, 3), Place::Free, "a ping is let past");
        assert!(places.next(3).is_none());
        places.ended();
        assert!(places.next(3).is_some());
        places.began();
        assert!(places.next(3).is_none());
        assert_eq!((places.busy(), places.waiting(), places.leave().len()), (3, 1, 1));
    }
}
