//! Answers that promise something leave when it is written.

use super::*;
use crate::limits;

#[test]
fn a_store_that_is_behind_turns_returns_away() {
    let mut world = world(Map::new());
    let mut web1 = world.sign_in("web1");
    world.core.handle(world.core.now, Input::StoreFull(true));
    let ret = map! {"cmd" => "_return", "jid" => "req", "fun" => "test.ping", "return" => true};
    assert_eq!(world.ask(&mut web1, ret.clone()).0, None);
    world.core.handle(world.core.now, Input::StoreFull(false));
    assert_eq!(world.ask(&mut web1, ret).0, Some(Value::Null));
}

/// Hands a frame to the core without writing anything; the replies to that request.
fn unwritten(world: &mut World, who: &mut Minion, load: Map) -> (ReqId, Vec<Bytes>) {
    let sealed = who.wire.seal_request(load, world.core.now.seconds(), &mut OsEntropy::new());
    world.requests += 1;
    let req = ReqId(world.requests);
    let frame = Bytes::from(sealed.frame);
    let input = Input::Request { req, conn: ConnId(1), peer: peer(), frame };
    world.core.handle(world.core.now, input);
    (req, replies(world, req))
}

fn replies(world: &mut World, req: ReqId) -> Vec<Bytes> {
    let mut found = Vec::new();
    while let Some(output) = world.core.poll() {
        match output {
            Output::Reply(to, frame) if to == req => found.push(frame),
            Output::Store(_) => world.stored += 1,
            _ => {}
        }
    }
    found
}

fn own_return() -> Map {
    map! {"cmd" => "_return", "jid" => "req", "fun" => "test.ping", "return" => true}
}

#[test]
fn a_return_is_answered_when_it_is_written() {
    let mut world = world(Map::new());
    let mut web1 = world.sign_in("web1");
    let (req, at_once) = unwritten(&mut world, &mut web1, own_return());
    assert_eq!(at_once.len(), 0);
    let (now, stored) = (world.core.now, world.stored);
    world.core.handle(now, Input::Committed(stored - 1));
    assert_eq!(replies(&mut world, req).len(), 0, "the job is written, the return is not");
    world.core.handle(now, Input::Committed(stored));
    assert_eq!(replies(&mut world, req).len(), 1);
}

#[test]
fn whoever_waits_for_a_disk_that_is_full_is_told_to_come_again() {
    let mut world = world(Map::new());
    let mut web1 = world.sign_in("web1");
    let (req, at_once) = unwritten(&mut world, &mut web1, own_return());
    assert_eq!(at_once.len(), 0);
    world.core.handle(world.core.now, Input::StoreFull(true));
    let refused = halite_wire::error::bare(halite_wire::error::HANDLER_FAILED);
    assert_eq!(replies(&mut world, req), [refused]);
    world.core.handle(world.core.now, Input::Committed(world.stored));
    assert_eq!(replies(&mut world, req).len(), 0, "it was answered");
}

#[test]
fn a_store_that_cannot_write_is_not_asked_for_more_and_more() {
    let mut world = world(Map::new());
    for _ in 0..limits::STORE_BACKLOG + 10 {
        let bank = crate::store::MINE;
        world.core.store(Write::Remove { bank, key: None });
    }
    replies(&mut world, ReqId(0));
    assert_eq!(world.stored, limits::STORE_BACKLOG as u64);
}
