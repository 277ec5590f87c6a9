//! What must hold for every target expression; shared with the fuzz target `target`.

use halite_core::target::{Known, Nodegroups, Target};
use halite_core::{Map, MinionId, Value, map};

/// Every type of target, as `tgt_type` names it.
const TYPES: [&str; 14] = [
    "glob",
    "pcre",
    "list",
    "grain",
    "grain_pcre",
    "pillar",
    "pillar_pcre",
    "pillar_exact",
    "data",
    "ipcidr",
    "range",
    "compound",
    "compound_pillar_exact",
    "nodegroup",
];

fn grains() -> Map {
    map! {
        "os" => "Debian", "osmajorrelease" => 12, "ipv4" => vec![Value::from("10.0.0.7")],
        "roles" => vec![Value::from("web"), Value::from("db")],
        "deep" => map! {"a" => map! {"b:c" => "d", "n" => ()}},
    }
}

/// The expression parses or is refused; what parses decides about a minion all of whose data is known, the same
/// each time, and `not` of it decides the other way round.
pub(crate) fn holds(text: &str) {
    let id = MinionId::parse("web1.example.org").expect("is one");
    let (grains, pillar) = (grains(), map! {"app" => map! {"port" => 80}});
    let known = Known { id: &id, grains: Some(&grains), pillar: Some(&pillar) };
    let blank = Known { id: &id, grains: None, pillar: None };
    let groups = Nodegroups::new();
    let tgt = Value::str(text);
    for tgt_type in TYPES {
        let Ok(target) = Target::parse(&tgt, tgt_type, None, &groups) else { continue };
        let decided = target.decide(&known);
        assert_eq!(target.decide(&known), decided, "{tgt_type} {text:?}");
        if tgt_type != "data" && !text.contains("D@") {
            assert!(decided.is_some(), "all is known: {tgt_type} {text:?}");
        }
        let _ = target.decide(&blank);
        if tgt_type == "compound" {
            let not = Value::from(format!("not ( {text} )"));
            if let Ok(not) = Target::parse(&not, tgt_type, None, &groups) {
                assert_eq!(not.decide(&known), decided.map(|yes| !yes), "{text:?}");
            }
        }
    }
}
