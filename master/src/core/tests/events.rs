//! What local programs and the helpers of this process put on the bus.

use halite_wire::frame;

use super::*;
use crate::core::{Ask, Publication};
use crate::events::Event;

fn local(world: &mut World, frame: Vec<u8>) -> Vec<Output> {
    world.core.handle(world.core.now, Input::Local(frame.into()));
    std::iter::from_fn(|| world.core.poll()).collect()
}

fn bus(outputs: &[Output]) -> Vec<Vec<u8>> {
    let frames = outputs.iter().filter_map(|output| match output {
        Output::Bus(frame) => Some(frame.to_vec()),
        _ => None,
    });
    frames.collect()
}

#[test]
fn the_reactor_is_managed_with_the_masters_key_which_nobody_reads() {
    let mut world = world(Map::new());
    let tag = "salt/reactors/manage/add";
    let add = |key: Value| {
        let data = map! {"event" => "my/tag", "reactors" => vec!["/x.sls"], "key" => key};
        frame::pub_frame(&frame::event_body(tag, &data))
    };
    for wrong in [Value::Null, "guess".into()] {
        assert!(local(&mut world, add(wrong)).is_empty());
    }
    let key = world.key.clone();
    let outputs = local(&mut world, add(key.as_str().into()));
    let (body, _) = frame::open_frame(&bus(&outputs)[0]).expect("is a frame");
    let (got, data) = frame::read_event(&body).expect("is an event");
    assert_eq!((got, data.get("event"), data.get("key")), (tag, Some(&"my/tag".into()), None));
    assert!(!body.windows(key.len()).any(|window| window == key.as_bytes()));
}

#[test]
fn what_caused_an_event_stays_with_it() {
    let mut world = world(Map::new());
    let body = frame::event_body("my/tag", &map! {"a" => 1});
    let outputs = local(&mut world, frame::caused_frame(&body, "00ff"));
    let opened = frame::open_frame(&bus(&outputs)[0]).expect("is a frame");
    assert_eq!(opened, (body, "00ff".to_owned()));
}

#[test]
fn helpers_fire_and_publish() {
    let mut world = world(Map::new());
    let fire = Input::Ask(Ask::Fire(Event::new("my/tag", Map::new())));
    world.core.handle(world.core.now, fire);
    let fired: Vec<Output> = std::iter::from_fn(|| world.core.poll()).collect();
    assert_eq!(tags(&fired), ["my/tag"]);
    let jid = world.core.jids.next(world.core.now, false);
    let publication = Publication {
        jid: Some(jid.clone()),
        ..Publication::of("test.ping", "web*", "root".into())
    };
    world.core.handle(world.core.now, Input::Ask(Ask::Publish(Box::new(publication))));
    let outputs: Vec<Output> = std::iter::from_fn(|| world.core.poll()).collect();
    assert_eq!(tags(&outputs), [format!("salt/job/{jid}/new"), format!("salt/job/{jid}/publish")]);
    assert_eq!(published(&outputs), 1);
}

#[test]
fn an_event_of_ten_megabytes_is_cut_and_the_bus_goes_on() {
    let mut world = world(Map::new());
    let big = map! {"large" => "x".repeat(10 << 20), "small" => 1};
    let outputs = local(&mut world, frame::pub_frame(&frame::event_body("my/big", &big)));
    let (body, _) = frame::open_frame(&bus(&outputs)[0]).expect("is a frame");
    let (_, data) = frame::read_event(&body).expect("is an event");
    assert_eq!(
        (data.get("large"), data.get("small")),
        (Some(&"VALUE_TRIMMED".into()), Some(&1.into()))
    );
    let many: Map = (0..200).map(|n| (format!("v{n}").into(), "x".repeat(50_000).into())).collect();
    let outputs = local(&mut world, frame::pub_frame(&frame::event_body("my/many", &many)));
    assert!(bus(&outputs).is_empty(), "nothing in it is large by itself: it is refused");
    let outputs = local(&mut world, frame::pub_frame(&frame::event_body("my/next", &Map::new())));
    assert_eq!(tags(&outputs), ["my/next"]);
}

#[test]
fn a_minion_cannot_speak_for_another_nor_flood() {
    let mut world = world(map! {"minion_event_limit" => 5});
    let (mut web1, mut web2) = (world.sign_in("web1"), world.sign_in("web2"));
    let event = |tag: &str| map! {"tag" => tag, "data" => map! {"id" => "web2", "a" => 1}};
    let events = vec![event("my/tag"), event("salt/minion/web2/start"), event("salt/auth")];
    let (_, outputs) =
        world.ask(&mut web1, map! {"cmd" => "_minion_event", "events" => events, "pretag" => ()});
    assert_eq!(tags(&outputs), ["my/tag"], "reserved tags and those of others are dropped");
    let (body, _) = frame::open_frame(&bus(&outputs)[0]).expect("is a frame");
    let (_, data) = frame::read_event(&body).expect("is an event");
    assert_eq!(data.get("id"), Some(&"web1".into()));
    let mut fire = |who: &mut Minion| {
        let load = map! {"cmd" => "_minion_event", "tag" => "my/tag", "data" => map! {"a" => 1}};
        let (_, outputs) = world.ask(who, load);
        tags(&outputs)
    };
    let passed: Vec<String> = (0..10).flat_map(|_| fire(&mut web1)).collect();
    assert_eq!(passed, ["my/tag", "my/tag", "halite/minion/flood"], "two of five were left");
    assert_eq!(fire(&mut web2), ["my/tag"], "others are not held back");
}
