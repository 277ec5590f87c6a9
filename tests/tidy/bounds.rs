//! No queue without a bound: the kinds of channels that have none are not used.

use halite_tests::sources;

/// How channels and queues without a bound are made.
const UNBOUNDED: [&str; 6] = [
    "unbounded_channel",
    "unbounded()",
    "mpsc::channel()",
    "mpsc::channel::<",
    "SegQueue",
    "LinkedList<",
];

#[test]
fn no_channel_is_without_a_bound() {
    let mut faults = Vec::new();
    for (path, text) in sources("rs") {
        let name = path.to_string_lossy();
        // What ends with its test needs none.
        if name.contains("tests") || name.starts_with("bench/") {
            continue;
        }
        let imports = text.contains("use std::sync::mpsc::") && text.contains("channel");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (number, line) in (1..).zip(code.lines()) {
            let found = UNBOUNDED.iter().any(|word| line.contains(word))
                || (imports && line.contains("= channel()"));
            if found {
                faults.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "give it a bound with a name in limits.rs (sync_channel, mpsc::channel(N)):\n{}",
        faults.join("\n")
    );
}
