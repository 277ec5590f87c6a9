//! A snapshot against a master that a thread plays: what is asked, and how often.

use std::sync::mpsc;
use std::thread;

use halite_core::opts::{Opts, Role};
use halite_core::{Value, map};

use super::*;
use crate::asker::{Asker, Message};
use crate::core::Input;

/// The digest of `content` as the master gives it.
fn md5(content: &str) -> String {
    digest(HashType::Md5, content.as_bytes()).expect("hashes")
}

/// Runs `run` over a snapshot; `answer` is the master. What was asked, in order.
fn asked(
    answer: impl Fn(&str, &Map) -> Value + Send + 'static,
    cache: &std::path::Path,
    run: impl FnOnce(&Snapshot<'_>),
) -> Vec<String> {
    let (asker, mut inbox) = Asker::new();
    let (seen, all) = mpsc::channel();
    let answers = asker.clone();
    let master = thread::spawn(move || {
        while let Some(Message::Core(Input::Ask { id, load, .. })) = inbox.blocking_recv() {
            let cmd = load.get("cmd").and_then(Value::as_str).unwrap_or_default().to_owned();
            let path = load.get("path").and_then(Value::as_str).unwrap_or_default();
            let _ = seen.send(format!("{cmd} {path}").trim().to_owned());
            answers.answer(id, Ok(answer(&cmd, &load)));
        }
    });
    let opts = map! {"cachedir" => cache.to_string_lossy().into_owned(), "id" => "m"};
    let files = RemoteFiles::new(asker.clone(), &Opts::from_map(Role::Minion, opts));
    run(&Snapshot::new(&files));
    // Anything but a question ends the master.
    asker.send(Message::Finish).expect("is taken");
    master.join().expect("the master ends");
    all.try_iter().collect()
}

fn manifest(files: &[(&str, &str)]) -> Value {
    let files = files.iter().map(|(path, content)| {
        (Value::str(path), Value::from([Value::from(md5(content)), 0o644.into()]))
    });
    map! {"hash_type" => "md5", "mark" => "m1", "files" => Value::map(files)}.into()
}

fn one_by_one(cmd: &str, load: &Map, content: &str) -> Value {
    match cmd {
        "_file_hash_and_stat" => {
            let hash = map! {"hash_type" => "md5", "hsum" => md5(content)};
            Value::from([Value::from(hash), Value::list([0o100_644.into()])])
        }
        "_serve_file" if load.get("loc").and_then(Value::as_i64) == Some(0) => {
            map! {"data" => content, "dest" => "x"}.into()
        }
        _ => map! {"data" => "", "dest" => ""}.into(),
    }
}

#[test]
fn one_question_for_what_is_the_same_and_only_what_differs_is_fetched() {
    let cache = tempfile::tempdir().expect("a folder");
    let env = SaltEnv::parse("base").expect("is one");
    let base = cache.path().join("files/base");
    fs::create_dir_all(&base).expect("is made");
    fs::write(base.join("same"), "1").expect("is written");
    fs::write(base.join("other"), "old").expect("is written");
    let master = |cmd: &str, load: &Map| match cmd {
        "_file_manifest" if load.get("known").and_then(Value::as_str) == Some("m1") => {
            map! {"same" => true}.into()
        }
        "_file_manifest" => manifest(&[("same", "1"), ("other", "new")]),
        _ => one_by_one(cmd, load, "new"),
    };
    let run = |files: &Snapshot<'_>| {
        assert!(files.cache_file("same", &env).expect("asks").is_some());
        assert!(files.cache_file("absent", &env).expect("asks").is_none());
        assert_eq!(files.list(&env, Listing::Files, "").expect("lists"), ["other", "same"]);
        let found = files.cache_file("other", &env).expect("asks").expect("is there");
        assert_eq!(fs::read_to_string(found.path).expect("reads"), "new");
        let hash = files.hash_file("other", &env).expect("asks");
        assert_eq!(hash, Some(("md5".into(), md5("new"))));
    };
    let all = asked(master, cache.path(), run);
    assert_eq!(
        all,
        ["_file_manifest", "_file_hash_and_stat other", "_serve_file other", "_serve_file other"]
    );
    assert_eq!(asked(master, cache.path(), run), ["_file_manifest"], "the second run");
}

#[test]
fn a_master_without_manifests_is_asked_file_by_file() {
    let cache = tempfile::tempdir().expect("a folder");
    let env = SaltEnv::parse("base").expect("is one");
    let master = |cmd: &str, load: &Map| match cmd {
        "_file_manifest" => map! {}.into(),
        _ => one_by_one(cmd, load, "1"),
    };
    let all = asked(master, cache.path(), |files| {
        for _ in 0..2 {
            assert!(files.cache_file("a", &env).expect("asks").is_some());
        }
    });
    let want = [
        "_file_manifest",
        "_file_hash_and_stat a",
        "_serve_file a",
        "_serve_file a",
        "_file_hash_and_stat a",
    ];
    assert_eq!(all, want);
}
