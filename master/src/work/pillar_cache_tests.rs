//! What is given again, to whom, and what never is.

use super::*;
use halite_core::map;
use halite_core::opts::Role;

fn grains(os: &str) -> Arc<Map> {
    Arc::new(map! {"os" => os})
}

#[test]
fn a_pillar_is_given_again_only_for_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.sls");
    std::fs::write(&file, "a: 1").expect("writes");
    let opts = map! {
        "pillar_cache" => true,
        "pillar_roots" => map! {"base" => vec![Value::from(folder.path())]},
    };
    let cache = PillarCache::new(&Opts::from_map(Role::Master, opts)).expect("is wanted");
    let id = |name: &str| MinionId::parse(name).expect("an id");
    let request = PillarRequest::default();
    let none = Map::new();
    let inputs = |os: &str| cache.inputs(&grains(os), &request, &none).expect("can be kept");
    let pillar = map! {"secret" => "of m1"};
    let nothing = Secrets::default();
    let get = |name: &str, inputs: &Inputs| cache.get(&id(name), inputs, &nothing);
    cache.put(&id("m1"), inputs("Debian"), (&pillar, &nothing), None);
    assert_eq!(get("m1", &inputs("Debian")), Some(pillar.clone()));
    // Never to another minion, nor with other grains or environments.
    assert_eq!(get("m2", &inputs("Debian")), None);
    assert_eq!(get("m1", &inputs("RedHat")), None);
    let dev = PillarRequest { pillarenv: Some("dev".into()), ..PillarRequest::default() };
    let dev = cache.inputs(&grains("Debian"), &dev, &none).expect("can be kept");
    assert_eq!(get("m1", &dev), None);
    // An override is for once.
    let once = PillarRequest { pillar_override: map! {"a" => 1}, ..PillarRequest::default() };
    assert!(cache.inputs(&grains("Debian"), &once, &none).is_none());
    // A changed file, a new one, one that is gone.
    std::fs::write(&file, "a: 22").expect("writes");
    assert_eq!(get("m1", &inputs("Debian")), None);
    cache.put(&id("m1"), inputs("Debian"), (&pillar, &nothing), None);
    assert!(get("m1", &inputs("Debian")).is_some());
    std::fs::create_dir(folder.path().join("sub")).expect("makes");
    assert_eq!(get("m1", &inputs("Debian")), None);
    cache.put(&id("m1"), inputs("Debian"), (&pillar, &nothing), None);
    cache.forget(&id("m1"));
    assert_eq!(get("m1", &inputs("Debian")), None);
    // Faults are not kept.
    cache.put(&id("m1"), inputs("Debian"), (&map! {"_errors" => vec!["x"]}, &nothing), None);
    assert_eq!(get("m1", &inputs("Debian")), None);
}

#[test]
fn time_ends_it_and_it_is_off_by_default() {
    let opts = |ttl: i64| {
        Opts::from_map(
            Role::Master,
            map! {
                "pillar_cache" => true, "pillar_cache_ttl" => ttl, "pillar_roots" => Map::new(),
            },
        )
    };
    let id = MinionId::parse("m1").expect("an id");
    let cache = PillarCache::new(&opts(0)).expect("is wanted");
    let request = PillarRequest::default();
    let inputs = cache.inputs(&grains("x"), &request, &Map::new()).expect("can be kept");
    let nothing = Secrets::default();
    cache.put(&id, inputs.clone(), (&Map::new(), &nothing), None);
    assert_eq!(cache.get(&id, &inputs, &nothing), None);
    assert!(PillarCache::new(&Opts::from_map(Role::Master, Map::new())).is_none());
}
