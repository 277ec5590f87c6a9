//! Pillars compiled for many minions: how often, and that each gets its own.

use halite_core::opts::Role;

use super::*;

/// Files of a pillar root, and a machine over it.
fn machine(root: &std::path::Path, files: &[(&str, &str)], cached: bool) -> PillarMachine {
    for (name, text) in files {
        std::fs::write(root.join(name), text).expect("writes");
    }
    let opts = Opts::from_map(
        Role::Master,
        map! {
            "id" => "master", "pillar_cache" => cached, "pillar_cache_ttl" => 3600,
            "pillar_roots" => map! {"base" => vec![Value::from(root)]},
        },
    );
    PillarMachine::new(&opts, Arc::new(Roots::files(&opts)))
}

fn compile(machine: &PillarMachine, id: &str, grains: &Arc<Map>) -> (Map, Secrets) {
    let (id, secrets) = (MinionId::parse(id).expect("an id"), Secrets::default());
    (machine.compile(&id, grains, &Request::default(), &Map::new(), &secrets), secrets)
}

fn compiled(machine: &PillarMachine) -> usize {
    machine.compiled.load(Ordering::Relaxed)
}

const TOP: &str =
    "base:\n  '*': [all]\n  'web*': [web]\n  'os:RedHat':\n    - match: grain\n    - red\n";

#[test]
fn minions_that_differ_in_what_is_not_read_share_one_compile() {
    let root = tempfile::tempdir().expect("a folder");
    let files = [
        ("top.sls", TOP),
        (
            "all.sls",
            "os: {{ grains.os }}\nmem: {{ grains.get('mem', 1) }}\nid: {{ opts.pillarenv }}\n\
             far: {{ salt['grains.get']('nest:x') }}\nsecret_pillar: [pass]\npass: a-secret-of-all\n",
        ),
        (
            "web.sls",
            "web: {{ salt['grains.filter_by']({'Debian': 1, 'RedHat': 2}, grain='os') }}\n",
        ),
        ("red.sls", "red: True\n"),
    ];
    let machine = machine(root.path(), &files, true);
    for number in 0..1000 {
        let id = format!("{}{number}", if number % 2 == 0 { "web" } else { "db" });
        let os = if number % 4 < 2 { "Debian" } else { "RedHat" };
        let grains = Arc::new(map! {
            "id" => id.as_str(), "os" => os, "serial" => number, "nest" => map! {"x" => "far"},
        });
        let (pillar, secrets) = compile(&machine, &id, &grains);
        assert_eq!(pillar.get("os"), Some(&os.into()), "{id}");
        assert_eq!(pillar.get("far"), Some(&"far".into()), "{id}");
        assert_eq!(pillar.contains_key("web"), number % 2 == 0, "{id}");
        assert_eq!(pillar.contains_key("red"), os == "RedHat", "{id}");
        // Who gets it from the cache knows what is secret in it.
        assert_eq!(secrets.hide_text("x a-secret-of-all"), "x **********");
    }
    // Two systems, with and without web.
    assert_eq!(compiled(&machine), 4);
    std::fs::write(root.path().join("red.sls"), "red: changed\n").expect("writes");
    let grains = Arc::new(map! {"os" => "RedHat"});
    let (pillar, _) = compile(&machine, "db2", &grains);
    assert_eq!((pillar.get("red"), compiled(&machine)), (Some(&"changed".into()), 5));
}

/// Ways in which a file reads grains, or what else is a minion's own.
const READS: [&str; 20] = [
    "{{ grains.a }}",
    "{{ grains['b'] }}",
    "{{ grains.get('c', 'none') }}",
    "{{ grains.get('d')|default('x', true) }}",
    "{{ salt['grains.get']('nest:x', 'none') }}",
    "{{ salt['config.get']('b', 'none') }}",
    "{{ salt['config.get']('id') }}",
    "{{ grains|length }}",
    "{% for k in grains %}{{ k }}-{% endfor %}",
    "{% set g = grains %}{{ g.d|default('no') }}",
    "{{ opts.id }}",
    "{{ opts['minion_id'] }}",
    "{{ opts.get('grains', {}).get('a') }}",
    "{{ salt['grains.items']().get('c', 'none') }}",
    "{{ 'yes' if 'd' in grains else 'no' }}",
    "{% if grains.a == 1 %}{{ grains.get('b') }}{% else %}{{ grains.get('c') }}{% endif %}",
    "{% macro m(x) %}{{ x.b }}{% endmacro %}{{ m(grains) }}",
    "{% from 'map.jinja' import v with context %}{{ v }}",
    "{{ '{0[a]}'.format(grains) }}",
    "{{ salt['match.glob']('m1*') }}",
];

#[test]
fn no_minion_gets_what_another_one_would() {
    let mut seed: u64 = std::env::var("HALITE_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(7);
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut given_again = 0;
    for _ in 0..16 {
        let root = tempfile::tempdir().expect("a folder");
        let mut all = String::new();
        for line in 0..=random(3) {
            let read = READS[usize::try_from(random(20)).expect("small")];
            all += &format!("k{line}: \"{}\"\n", read.replace('"', "'"));
        }
        let web = READS[usize::try_from(random(4)).expect("small")];
        let web = format!("w: \"{web}\"\n");
        let files = [
            ("top.sls", "base:\n  '*': [all]\n  'a:1':\n    - match: grain\n    - web\n"),
            ("all.sls", all.as_str()),
            ("web.sls", web.as_str()),
            ("map.jinja", "{% set v = grains.get('c', 'none') %}"),
        ];
        let cached = machine(root.path(), &files, true);
        let fresh = machine(root.path(), &files, false);
        for _ in 0..50 {
            let id = format!("m{}", random(15));
            let mut grains = map! {
                "a" => random(2), "b" => ["1", "2"][usize::from(random(2) == 0)], "id" => id.as_str(),
                "nest" => map! {"x" => random(2)}, "unread" => random(1000),
            };
            for name in ["c", "d"] {
                if random(2) == 0 {
                    grains.insert(name.into(), random(2).into());
                }
            }
            let grains = Arc::new(grains);
            let (got, _) = compile(&cached, &id, &grains);
            let (want, _) = compile(&fresh, &id, &grains);
            assert_eq!(
                Value::from(got).repr(),
                Value::from(want).repr(),
                "{id} {grains:?}\n{all}{web}"
            );
        }
        given_again += 50 - compiled(&cached);
    }
    assert!(given_again > 80, "the cache did something: {given_again} of 800");
}

#[test]
fn chance_is_not_shared() {
    let root = tempfile::tempdir().expect("a folder");
    for read in [
        "{{ 1000000000|random_str }}",
        "{{ salt['random.get_str'](20, punctuation=False) }}",
        "{{ range(99999)|random }}-{{ range(99999)|random }}",
    ] {
        let read = read.replace("1000000000", "20");
        let files = [("top.sls", "base: {'*': [all]}\n"), ("all.sls", &format!("p: '{read}'\n"))];
        let machine = machine(root.path(), &files, true);
        let grains = Arc::new(map! {"os" => "x"});
        let (one, _) = compile(&machine, "m1", &grains);
        let (other, _) = compile(&machine, "m2", &grains);
        assert!(one.contains_key("p") && one != other, "{read}: {one:?}");
        assert_eq!(compile(&machine, "m1", &grains).0, one);
    }
}
