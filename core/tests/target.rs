//! Target expressions of any kind: parsed or refused, never a panic; the fuzz target `target` goes further.

use proptest::prelude::*;

#[path = "common/target_property.rs"]
mod property;

const PIECES: [&str; 44] = [
    "web*",
    "db1",
    "G@os:Debian",
    "G@deep:a:b*",
    "P@os:(Deb|Red).*",
    "I@app:port:80",
    "J@app:port:8.",
    "E@web[0-9]+",
    "L@web1,db1",
    "N@group",
    "S@10.0.0.0/8",
    "S@::1",
    "R@web1..9",
    "D@x:y",
    "G|@os|Debian",
    "and",
    "or",
    "not",
    "(",
    ")",
    " ",
    "  ",
    "@",
    ":",
    "::",
    ",",
    "*",
    "[",
    "]",
    "[!a]",
    "{",
    "?",
    "\\",
    "..",
    "-",
    "%cluster",
    "/",
    "/33",
    "é",
    "\u{0}",
    "\n",
    "99999999999999999999",
    "(?P<",
    "a{1000}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn words_in_any_order(picks in proptest::collection::vec(0..PIECES.len(), 0..12), spaced: bool) {
        let words: Vec<&str> = picks.into_iter().map(|pick| PIECES[pick]).collect();
        property::holds(&words.join(if spaced { " " } else { "" }));
    }

    #[test]
    fn any_text(text in "\\PC{0,40}") {
        property::holds(&text);
    }
}
