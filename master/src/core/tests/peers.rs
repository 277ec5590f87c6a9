//! What minions may publish to others.

use super::*;
use crate::work::Work;

#[test]
fn peers_publish_what_they_are_granted() {
    let mut world = world(map! {"peer" => map! {"web.*" => vec!["test.*"]}});
    let (mut web1, mut db1) = (world.sign_in("web1"), world.sign_in("db1"));
    let load = |fun: &str| map! {"cmd" => "minion_pub", "fun" => fun, "arg" => Value::list([]), "tgt" => "*"};
    let (answer, outputs) = world.ask(&mut web1, load("test.ping"));
    let jid = answer.as_ref().and_then(|answer| answer.get("jid")).cloned().expect("has one");
    assert_eq!(published(&outputs), 1);
    for (who, fun) in [(&mut web1, "cmd.run"), (&mut db1, "test.ping")] {
        let (answer, outputs) = world.ask(who, load(fun));
        assert_eq!((answer, published(&outputs)), (Some(Map::new().into()), 0), "{fun}");
    }
    let (answer, _) = world.ask(&mut db1, map! {"cmd" => "pub_ret", "jid" => jid});
    assert_eq!(answer, Some("".into()), "only the minion that started a job reads its returns");
}

#[test]
fn a_peers_grant_for_a_target_reaches_whom_the_data_means() {
    let grants = map! {"web.*" => vec![map! {"G@role:front" => vec!["grains.get"], "db*" => vec!["test.ping"]}]};
    let mut world = world(map! {"peer" => grants});
    let (mut web1, _db1) = (world.sign_in("web1"), world.sign_in("db1"));
    let load = |fun: &str, tgt: &str| map! {"cmd" => "minion_pub", "fun" => fun, "arg" => Value::list([]), "tgt" => tgt};
    for (minions, expected) in [(vec![id("db1")], 1), (vec![id("web1")], 0), (vec![], 0)] {
        let (answer, outputs) = world.ask(&mut web1, load("grains.get", "db1"));
        assert!(
            answer.is_none() && published(&outputs) == 0,
            "nothing is done before the grains are known"
        );
        let ticket = outputs.iter().find_map(|output| match output {
            Output::Work(work) => match **work {
                Work::Target { ticket, .. } => Some(ticket),
                _ => None,
            },
            _ => None,
        });
        let news = News::Targeted { ticket: ticket.expect("is looked up"), minions };
        world
            .core
            .handle(world.core.now, Input::Done(Done { news: vec![news], ..Done::default() }));
        let outputs: Vec<Output> = std::iter::from_fn(|| world.core.poll()).collect();
        assert_eq!(published(&outputs), expected);
    }
}

#[test]
fn functions_in_one_text_are_granted_one_by_one() {
    let mut world = world(map! {"peer" => map! {"web.*" => vec!["test.*"]}});
    let mut web1 = world.sign_in("web1");
    let load = |fun: &str| map! {"cmd" => "minion_pub", "fun" => fun, "arg" => vec!["a b", ""], "tgt" => "*"};
    let (_, outputs) = world.ask(&mut web1, load("test.echo,test.ping"));
    let sent = outputs.iter().find_map(|output| match output {
        Output::Publish(load) => Some(load.clone()),
        _ => None,
    });
    let sent = sent.expect("is published");
    assert_eq!(sent.get("fun"), Some(&vec!["test.echo", "test.ping"].into()));
    assert_eq!(sent.get("arg"), Some(&Value::list([vec!["a", "b"].into(), Value::list([])])));
    for forbidden in ["test.ping,cmd.run", "cmd.run,test.ping", "saltutil.find_job"] {
        assert_eq!(published(&world.ask(&mut web1, load(forbidden)).1), 0, "{forbidden}");
    }
}
