//! Publishes that come faster than they can be signed.

use super::*;
use crate::core::{Asked, Publication};
use crate::limits;

fn small() -> World {
    world(Map::new())
}

/// How many loads and keys go to the thread.
fn orders(outputs: &[Output]) -> (usize, usize) {
    let count = |is: fn(&Output) -> bool| outputs.iter().filter(|output| is(output)).count();
    (
        count(|output| matches!(output, Output::Publish(_))),
        count(|output| matches!(output, Output::Rotate(_))),
    )
}

fn fill(world: &mut World) {
    for _ in 0..limits::PUBLISHES_WAITING {
        let (reply, outputs) = world.publish(Map::new());
        assert!(reply.get("load").and_then(|load| load.get("jid")).is_some(), "{reply}");
        assert_eq!(orders(&outputs), (1, 0));
    }
}

#[test]
fn one_publish_too_many_is_refused_and_says_why() {
    let mut world = small();
    fill(&mut world);
    let (reply, outputs) = world.publish(Map::new());
    let error = reply.get("load").and_then(|load| load.get("error")).map(ToString::to_string);
    assert_eq!(
        error.as_deref(),
        Some("1024 publishes wait to be signed already; try again later"),
        "{reply}"
    );
    assert_eq!(orders(&outputs), (0, 0), "nothing is announced, kept or published");
    assert!(outputs.is_empty(), "{outputs:?}");
    world.core.sealed_so_far(1);
    let (reply, _) = world.publish(Map::new());
    assert!(reply.get("load").and_then(|load| load.get("error")).is_none(), "{reply}");
}

#[test]
fn jobs_of_the_masters_own_are_refused_as_well() {
    let mut world = small();
    fill(&mut world);
    world.core.publish(Publication::of("test.ping", "*", "root".into()), Asked::Nobody);
    assert!(world.core.poll().is_none());
    assert!(!world.core.may_seal(), "the reactor and engines are held back by this");
}

#[test]
fn a_new_key_waits_for_room_and_is_not_lost() {
    let mut world = small();
    fill(&mut world);
    let aes = world.core.aes.clone();
    let done = Done { news: vec![News::Rotate], ..Done::default() };
    world.core.handle(world.core.now, Input::Done(done));
    let early: Vec<Output> = std::iter::from_fn(|| world.core.poll()).collect();
    assert_eq!(orders(&early), (0, 0));
    assert!(world.core.aes.to_text() == aes.to_text(), "the old key is the one in use");
    world.core.sealed_so_far(limits::PUBLISHES_WAITING as u64);
    world.core.handle(world.core.now, Input::Tick);
    let late: Vec<Output> = std::iter::from_fn(|| world.core.poll()).collect();
    assert_eq!(orders(&late), (0, 1));
    assert!(world.core.aes.to_text() != aes.to_text());
}
