//! Returns of jobs that minions begin by themselves.

use super::*;

fn scheduled(jid: &str) -> Map {
    map! {"cmd" => "_return", "jid" => jid, "fun" => "test.ping", "fun_args" => vec![1], "schedule" => "beat",
    "return" => true, "retcode" => 0, "success" => true}
}

/// The return with this jid, sent twice since the first answer got lost: how many returns are kept, and under which jids.
fn sent_twice(keys: SessionKeys, jid: &str) -> Vec<String> {
    let mut world = world(Map::new());
    let mut web1 = world.sign_in_with("web1", keys);
    let mut kept = Vec::new();
    for _ in 0..2 {
        let (answer, outputs) = world.ask(&mut web1, scheduled(jid));
        assert_eq!(answer, Some(Value::Null));
        for output in outputs {
            match output {
                Output::Store(Write::Return { jid, .. }) => kept.push(jid),
                Output::Store(Write::Job { load, minions, .. }) => {
                    assert_eq!(
                        (load.get("tgt"), minions.as_slice()),
                        (Some(&"web1".into()), &["web1".to_owned()][..])
                    );
                    assert_eq!(load.get("arg"), Some(&vec![1].into()));
                }
                _ => {}
            }
        }
    }
    kept
}

#[test]
fn a_scheduled_return_that_comes_again_is_kept_once() {
    let jid = "20261122000000000001";
    let keys = gcm();
    assert_eq!(sent_twice(keys, jid), [jid]);
    // A minion of Salt's leaves the jid to the master: it cannot be told that it is the same return.
    let aes = SessionKeys::aes(&AesKey::generate(&mut OsEntropy::new()));
    assert_eq!(sent_twice(aes, "req").len(), 2);
}
