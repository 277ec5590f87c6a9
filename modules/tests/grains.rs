//! The core grains of the machine that runs the tests.

use halite_core::host::RealHost;
use halite_core::{Map, Opts, Role, Value, map};
use halite_modules::grains;

fn opts(values: Map) -> Opts {
    Opts::from_map(Role::Minion, values)
}

/// The grains that public states use, most used first.
const USED: &[&str] = &[
    "os_family",
    "osfinger",
    "os",
    "id",
    "host",
    "fqdn",
    "init",
    "kernel",
    "saltversioninfo",
    "osarch",
    "osrelease",
    "cpuarch",
    "ipv4",
    "nodename",
    "ip4_interfaces",
    "osfullname",
    "fqdn_ip4",
    "domain",
    "mem_total",
    "saltversion",
    "pythonversion",
    "server_id",
    "num_cpus",
    "virtual",
    "osrelease_info",
    "kernelrelease",
    "ipv6",
    "fqdn_ip6",
    "localhost",
    "username",
    "uid",
    "gid",
    "groupname",
    "pid",
    "path",
    "systempath",
    "shell",
    "cwd",
    "dns",
    "disks",
    "ssds",
    "locale_info",
    "ip_interfaces",
    "ip6_interfaces",
    "hwaddr_interfaces",
    "ps",
    "efi",
    "master",
];

#[test]
fn the_grains_that_states_use_are_there() {
    let grains = grains::collect(&opts(map! {"id" => "m1"}), &RealHost::new());
    let missing: Vec<_> = USED.iter().filter(|name| !grains.contains_key(**name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(grains.get("id"), Some(&Value::str("m1")));
    assert_eq!(grains.get("kernel"), Some(&Value::str("Linux")));
}

#[test]
fn configuration_wins_over_the_file_and_the_file_over_the_machine() {
    let host = RealHost::new();
    let file = map! {"os" => "file", "kernel" => "file", "role" => map! {"a" => 1}};
    let configured = map! {"os" => "conf", "role" => map! {"b" => 2}};
    let values = map! {"id" => "m1", "grains" => configured};
    let grains = grains::collect_with_file(&opts(values.clone()), &host, &file);
    assert_eq!(grains.get("os"), Some(&Value::str("conf")));
    assert_eq!(grains.get("kernel"), Some(&Value::str("file")));
    assert_eq!(grains.get("role"), Some(&Value::from(map! {"b" => 2})));
    let mut deep = values;
    deep.insert("grains_deep_merge".into(), true.into());
    deep.insert("grains_blacklist".into(), vec!["ip*", "cpu_?odel"].into());
    let grains = grains::collect_with_file(&opts(deep), &host, &file);
    assert_eq!(grains.get("role"), Some(&Value::from(map! {"a" => 1, "b" => 2})));
    assert!(!grains.contains_key("ipv4") && !grains.contains_key("cpu_model"));
}
