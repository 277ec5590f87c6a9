//! Batches that command lines run: their figures are kept, a bounded number of them, also over a restart.

use halite_wire::frame;

use super::*;
use crate::limits;
use crate::store::BATCHES;

fn jid(number: usize) -> String {
    format!("20261122000000{number:06}")
}

/// What the store is asked for when a batch tells of itself.
fn tell(world: &mut World, jid: &str, what: &str, active: i64) -> Vec<Write> {
    let state = map! {"jid" => jid, "fun" => "test.ping", "active" => active, "minions" => vec!["a"; 1_000]};
    let body = frame::event_body(&format!("salt/batch/{jid}/{what}"), &map! {"state" => state});
    world.core.handle(world.core.now, Input::Local(frame::pub_frame(&body).into()));
    let outputs: Vec<Output> = std::iter::from_fn(|| world.core.poll()).collect();
    let heard = outputs.iter().filter(|output| matches!(output, Output::Bus(_))).count();
    assert_eq!(heard, 1, "readers of the bus get the event as well");
    outputs.into_iter().filter_map(written).collect()
}

fn written(output: Output) -> Option<Write> {
    match output {
        Output::Store(write) => Some(write),
        _ => None,
    }
}

fn active(write: &Write) -> Option<i64> {
    match write {
        Write::Put { bank, data, .. } if *bank == BATCHES => data.get("active")?.as_i64(),
        _ => None,
    }
}

#[test]
fn figures_are_kept_and_lists_are_not() {
    let mut world = world(Map::new());
    let writes = tell(&mut world, &jid(1), "new", 2);
    let [Write::Put { bank, key, data, .. }] = writes.as_slice() else { panic!("{writes:?}") };
    assert_eq!((*bank, key.as_str()), (BATCHES, jid(1).as_str()));
    assert_eq!(data.get("fun"), Some(&"test.ping".into()));
    assert!(data.get("minions").is_none(), "{data:?}");
    let writes = tell(&mut world, &jid(1), "progress", 1);
    assert_eq!(writes.iter().filter_map(active).collect::<Vec<_>>(), [1]);
}

#[test]
fn what_no_batch_began_with_is_only_passed_on() {
    let mut world = world(Map::new());
    for (jid, what) in [(jid(1).as_str(), "progress"), ("../../x", "new"), ("", "new")] {
        assert!(tell(&mut world, jid, what, 1).is_empty(), "{jid} {what}");
    }
}

#[test]
fn only_so_many_are_kept() {
    let mut world = world(Map::new());
    for number in 0..limits::BATCHES_KEPT {
        assert_eq!(tell(&mut world, &jid(number), "new", 1).len(), 1);
    }
    let writes = tell(&mut world, &jid(limits::BATCHES_KEPT), "new", 1);
    let removed = writes.iter().find_map(|write| match write {
        Write::Remove { bank, key } if *bank == BATCHES => key.clone(),
        _ => None,
    });
    assert_eq!(removed, Some(jid(0)), "the oldest");
    assert!(tell(&mut world, &jid(0), "progress", 0).is_empty(), "which is known no more");
    assert_eq!(world.core.batches.len(), limits::BATCHES_KEPT);
}

#[test]
fn a_batch_goes_on_beside_a_master_that_starts_again() {
    let mut world = world(Map::new());
    let mut jids: Vec<String> = (0..limits::BATCHES_KEPT + 2).map(jid).collect();
    jids.push("no jid".into());
    world.core.restore(Vec::new(), jids);
    let outputs: Vec<Output> = std::iter::from_fn(|| world.core.poll()).collect();
    let gone: Vec<String> = outputs
        .into_iter()
        .filter_map(written)
        .filter_map(|write| match write {
            Write::Remove { bank, key } if bank == BATCHES => key,
            _ => None,
        })
        .collect();
    assert!(gone.contains(&"no jid".to_owned()) && gone.contains(&jid(0)), "{gone:?}");
    let last = jid(limits::BATCHES_KEPT + 1);
    let writes = tell(&mut world, &last, "progress", 3);
    assert_eq!(writes.iter().filter_map(active).collect::<Vec<_>>(), [3]);
}
