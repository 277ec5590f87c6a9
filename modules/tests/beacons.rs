//! Beacons beside what Salt's own said: recorded from Salt 3008.3, `btmp` and `wtmp` from 3006.17.

use halite_core::Value;
use halite_core::value::parse_json;
use halite_modules::beacons::ALL;

/// Settings at which Salt's own check ends in an exception (the third field): ours says what is wrong, or lets them pass.
const EXCEPTION: Value = Value::Null;

#[test]
fn settings_are_checked_in_salts_words() {
    let recorded = parse_json(include_str!("beacons/validate.json")).expect("is JSON");
    let mut wrong = Vec::new();
    for (name, cases) in recorded.as_map().expect("is a map") {
        let name = name.as_str().expect("is text");
        let beacon = ALL.iter().find(|one| one.name == name).expect("is there");
        for case in cases.as_list().expect("is a list") {
            let [settings, valid, text] = case.as_list().expect("is a list") else {
                panic!("{case:?}")
            };
            let ours = (beacon.validate)(settings);
            let said = ours.clone().err().unwrap_or_else(|| "Valid beacon configuration".into());
            if *valid != EXCEPTION
                && (*valid != ours.is_ok().into() || text.as_str() != Some(&said))
            {
                wrong.push(format!("{name} {}:\n  Salt: {text}\n  ours: {said}", settings.repr()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
