//! The signals of a daemon. One test, alone in its program: signals are for the whole process.

mod common;

use common::{run, soon};
use halite_net::signal::{Asked, Signals};
use rustix::process::{Signal, getpid, kill_process};

#[test]
fn stop_reload_and_stop_at_once() {
    run(async {
        let mut signals = Signals::listen().expect("listen");
        let send = |signal| kill_process(getpid(), signal).expect("signal");
        send(Signal::HUP);
        assert_eq!(soon("reload", signals.next()).await, Asked::Reload);
        send(Signal::TERM);
        assert_eq!(soon("stop", signals.next()).await, Asked::Stop);
        send(Signal::HUP);
        assert_eq!(soon("reload", signals.next()).await, Asked::Reload);
        send(Signal::INT);
        assert_eq!(soon("stop now", signals.stop_requested()).await, Asked::StopNow);
    });
}
