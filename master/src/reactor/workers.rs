//! The threads that run runner, wheel and caller reactions: as many as the configuration says, started when there is
//! work for them, with a queue that is bounded.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A thread without work ends after this long.
const IDLE: Duration = Duration::from_secs(30);

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

struct Inner {
    queue: Mutex<Queue>,
    wake: Condvar,
    threads_max: usize,
    waiting_max: usize,
}

/// The pool. Dropping it lets the threads end; what waits is not run.
pub(crate) struct Workers(Arc<Inner>);

impl Workers {
    /// A pool without threads yet.
    pub(crate) fn new(threads_max: usize, waiting_max: usize) -> Workers {
        let (queue, wake) = (Mutex::default(), Condvar::new());
        Workers(Arc::new(Inner { queue, wake, threads_max, waiting_max }))
    }

    /// Runs a job, now or when a thread is free; false if too many wait.
    pub(crate) fn run(&self, job: Job) -> bool {
        let mut queue = self.0.lock();
        if queue.jobs.len() >= self.0.waiting_max {
            return false;
        }
        queue.jobs.push_back(job);
        if queue.idle >= queue.jobs.len() || queue.threads >= self.0.threads_max {
            drop(queue);
            self.0.wake.notify_one();
            return true;
        }
        queue.threads += 1;
        drop(queue);
        let inner = Arc::clone(&self.0);
        let started =
            std::thread::Builder::new().name("reaction".into()).spawn(move || inner.work());
        if let Err(error) = started {
            tracing::error!(%error, "A thread for reactions cannot be started");
            let mut queue = self.0.lock();
            queue.threads -= 1;
            // Another thread takes the job; without any it cannot be run.
            return queue.threads > 0 || queue.jobs.pop_back().is_none();
        }
        true
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.closed = true;
        queue.jobs.clear();
        drop(queue);
        self.0.wake.notify_all();
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                drop(queue);
                let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
                if ran.is_err() {
                    tracing::error!("A reaction broke down; this is a defect of its function");
                }
                queue = self.lock();
                continue;
            }
            if queue.closed {
                break;
            }
            queue.idle += 1;
            let waited = self.wake.wait_timeout(queue, IDLE);
            let (found, late) = waited.unwrap_or_else(PoisonError::into_inner);
            queue = found;
            queue.idle -= 1;
            if late.timed_out() && queue.jobs.is_empty() {
                break;
            }
        }
        queue.threads -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn jobs_run_side_by_side_and_only_so_many_wait() {
        let workers = Workers::new(2, 3);
        let (started, begun) = channel();
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let job = || {
            let (started, gate) = (started.clone(), Arc::clone(&gate));
            Box::new(move || {
                started.send(()).expect("is awaited");
                let open = gate.0.lock().expect("is whole");
                drop(gate.1.wait_while(open, |open| !*open).expect("is whole"));
            })
        };
        assert!(workers.run(job()) && workers.run(job()));
        // Both threads are busy before the queue is filled.
        (0..2).for_each(|_| begun.recv().expect("begins"));
        assert!((0..3).all(|_| workers.run(job())));
        assert!(!workers.run(job()), "a fourth does not wait");
        *gate.0.lock().expect("is whole") = true;
        gate.1.notify_all();
        (0..3).for_each(|_| begun.recv().expect("begins"));
    }

    #[test]
    fn a_job_that_panics_does_not_take_its_thread_along() {
        let workers = Workers::new(1, 10);
        let (done, finished) = channel();
        workers.run(Box::new(|| std::panic::resume_unwind(Box::new("a test"))));
        workers.run(Box::new(move || done.send(()).expect("is awaited")));
        finished.recv_timeout(Duration::from_secs(10)).expect("the next one runs");
    }
}
