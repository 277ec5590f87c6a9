//! What is hidden, in which forms, and what is not.

use super::*;
use crate::map;
use crate::opts::Role;

fn knowing(texts: &[&str]) -> Secrets {
    let secrets = Secrets::default();
    texts.iter().for_each(|text| secrets.learn(text));
    secrets
}

#[test]
fn known_texts_are_hidden_in_every_form() {
    let secrets = knowing(&["hunter22", "p'w\"d\\x", "line one of it\nline two of it\n"]);
    for (text, want) in [
        ("nothing here", "nothing here"),
        ("hunter22", "**********"),
        ("a=hunter22, b=hunter22!", "a=**********, b=**********!"),
        // A line of a secret with several, as a diff shows it.
        ("+  line two of it", "+  **********"),
        ("x 'line one of it\\nline two of it' y", "x '**********' y"),
        // base64, JSON, Python, URL, shell.
        ("aHVudGVyMjI=", "**********"),
        (r#"{"k": "p'w\"d\\x"}"#, r#"{"k": "**********"}"#),
        (r#"['p\'w"d\\x']"#, "['**********']"),
        ("p%27w%22d%5Cx", "**********"),
        ("echo 'p'\"'\"'w\"d\\x'", "echo '**********'"),
    ] {
        assert_eq!(secrets.hide_text(text), want, "{text}");
    }
}

#[test]
fn data_is_hidden_to_its_keys_and_numbers() {
    let secrets = knowing(&["hunter22", "ten-more"]);
    secrets.learn_value(&Value::from(12345678));
    let ret = map! {
        "cmd_|-a_|-echo hunter22_|-run" => map! {"result" => true, "changes" => map! {"pid" => 7}},
        "cmd_|-a_|-echo ten-more_|-run" => vec![Value::from("x"), Value::from("ten-more"), 12345678.into()],
        "pin" => 12345678, "longer" => 123456789, "raw" => Value::bytes("..hunter22"), "none" => (),
    };
    let shown = secrets.hide(ret.into());
    let want = "{'cmd_|-a_|-echo **********_|-run': {'result': True, 'changes': {'pid': 7}}, \
                'cmd_|-a_|-echo **********_|-run (2)': ['x', '**********', '**********'], \
                'pin': '**********', 'longer': '**********', 'raw': b'..**********', 'none': None}";
    assert_eq!(shown.repr(), want);
}

#[test]
fn what_is_short_or_common_is_no_secret() {
    let secrets = knowing(&["abc", "localhost", "result", "  ", ""]);
    assert!(secrets.is_empty());
    let ret = map! {"result" => true, "host" => "localhost"};
    assert_eq!(secrets.hide_map(ret.clone()), ret);
}

#[test]
fn the_configuration_and_the_pillar_mark_values() {
    let pillar = map! {
        "db" => map! {"user" => "writer", "password" => "first-secret"},
        "users" => vec![map! {"name" => "someone", "token" => "second-secret"}],
        "tls" => map! {"key" => "third-secret", "cert" => "fourth-secret"},
        "open" => "not-a-secret",
        "secret_pillar" => map! {"db:pass*" => true, "users:token" => (), "open" => false},
    };
    let opts = Opts::from_map(Role::Minion, map! {"secret_pillar" => vec!["tls", "no:such"]});
    let secrets = Secrets::of(&opts);
    secrets.learn_marked(&opts, &pillar);
    let shown = secrets.hide_map(pillar);
    let text = Value::from(shown).repr();
    assert_eq!(text.matches(HIDDEN).count(), 4, "{text}");
    assert!(
        !text.contains("-secret\"") && text.contains("not-a-secret") && text.contains("writer")
    );
}

#[test]
fn a_file_that_was_encrypted_as_a_whole_gives_its_values() {
    let secrets = knowing(&["user: root\npassword: hunter22\n"]);
    secrets.learn_parts(&map! {"password" => "hunter22", "other" => "unrelated"}.into());
    assert_eq!(secrets.hide_text("hunter22 unrelated"), "********** unrelated");
}

#[test]
fn sets_are_apart_and_logs_hide_those_that_live() {
    let opts = Opts::from_map(Role::Minion, Map::new());
    let base = Secrets::of(&opts);
    base.learn("of the pillar");
    let job = base.child(&opts);
    job.learn("of the job");
    assert_eq!(job.hide_text("of the pillar, of the job"), "**********, **********");
    assert_eq!(base.hide_text("of the pillar, of the job"), "**********, of the job");
    let logged = || opts.with("x", 1).book().hide_text("of the pillar, of the job".into());
    assert_eq!(logged(), "**********, **********");
    drop(job);
    assert_eq!(logged(), "**********, of the job");
    // Nothing of them is in a debug print.
    assert_eq!(format!("{base:?} {:?}", opts.book()).find("of the"), None);
}

#[test]
fn it_can_be_turned_off_and_is_bounded() {
    let off = Secrets::of(&Opts::from_map(Role::Minion, map! {"mask_secrets" => false}));
    off.learn("hunter22");
    assert_eq!(off.hide_text("hunter22"), "hunter22");
    let many = Secrets::default();
    (0..=limits::SECRETS).for_each(|number| many.learn(format!("secret-{number}-of-many")));
    // None can be told apart any more: nothing is shown.
    let shown = many.hide(map! {"comment" => "anything", "result" => true}.into());
    assert_eq!(shown.repr(), "{'comment': '**********', 'result': True}");
}

#[test]
fn what_a_master_tells_is_learnt_and_taken_out() {
    let master = knowing(&["hunter22"]);
    master.learn([0xff, 0xfe, 1, 2, 3]);
    let mut pillar = map! {"a" => "hunter22", WIRE_KEY => master.to_value()};
    let minion = Secrets::default();
    minion.learn_told(&mut pillar);
    assert_eq!(Value::from(pillar.clone()).repr(), "{'a': 'hunter22'}");
    assert_eq!(minion.hide_map(pillar), map! {"a" => HIDDEN});
    assert_eq!(minion.hide(Value::bytes([9, 0xff, 0xfe, 1, 2, 3])).repr(), "b'\\t**********'");
}
