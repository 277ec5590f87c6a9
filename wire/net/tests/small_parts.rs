//! Addresses, jitter and limits of local sockets: what needs no peer.

mod common;

use std::time::Duration;

use common::run;
use halite_net::{Endpoint, NetError, random_between};

fn check(text: &str, expected: Result<(&str, u16), &str>) {
    let read = Endpoint::parse_or(text, 4506);
    match (read, expected) {
        (Ok(e), Ok((host, port))) => {
            assert_eq!((e.host.as_str(), e.port), (host, port), "{text:?}");
            let again: Endpoint = e.to_string().parse().expect("what we print we read");
            assert_eq!(again, e);
        }
        (Err(e), Err(part)) => assert!(e.to_string().contains(part), "{text:?}: {e}"),
        (read, _) => panic!("{text:?}: {read:?}"),
    }
}

#[test]
fn host_and_port_in_all_forms() {
    check("salt", Ok(("salt", 4506)));
    check("salt:4507", Ok(("salt", 4507)));
    check("10.0.0.1:1", Ok(("10.0.0.1", 1)));
    check("[::1]", Ok(("::1", 4506)));
    check("[fe80::1%eth0]:9", Ok(("fe80::1%eth0", 9)));
    check("::1", Ok(("::1", 4506)));
    check("", Err("host is empty"));
    check(":4506", Err("host is empty"));
    check("salt:", Err("port is no number"));
    check("salt:65536", Err("port is no number"));
    check("salt:45:06", Err("no IPv6 address"));
    check("[::1", Err("closing bracket is missing"));
    check("[::1]4506", Err("after the closing bracket"));
    check("my salt", Err("white space"));
    assert!("salt".parse::<Endpoint>().is_err(), "a port is needed where none is given");
    assert_eq!(Endpoint::new("[::1]", 5).to_string(), "[::1]:5");
}

#[test]
fn names_are_resolved_or_named_in_the_error() {
    run(async {
        let numeric = Endpoint::new("::1", 4506).resolve().await.expect("numeric");
        assert_eq!(numeric, ["[::1]:4506".parse().expect("address")]);
        let missing = Endpoint::new("no-such-host.invalid", 1).resolve().await;
        let error = missing.expect_err("reserved never to exist");
        assert!(matches!(error, NetError::Resolve { .. }));
        assert!(error.to_string().contains("no-such-host.invalid") && error.is_temporary());
    });
}

#[test]
fn jitter_stays_inside_and_differs() {
    let (low, high) = (Duration::from_millis(1_000), Duration::from_millis(11_000));
    let drawn: Vec<_> = (0..500).map(|_| random_between(low, high)).collect();
    assert!(drawn.iter().all(|d| (low..=high).contains(d)));
    // Each quarter of the range is met by 500 draws unless luck fails by 60 orders of magnitude.
    for quarter in 0..4 {
        let from = low + (high - low) / 4 * quarter;
        assert!(drawn.iter().any(|d| (from..from + (high - low) / 4).contains(d)), "{quarter}");
    }
    assert_eq!(random_between(high, low), high);
    assert_eq!(random_between(low, low), low);
}
