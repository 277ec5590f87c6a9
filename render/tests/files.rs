//! File roots: what is found, listed, served, and what is refused.

use std::os::unix::fs::symlink;
use std::path::Path;

use halite_core::files::Listing;
use halite_core::opts::{Opts, Role};
use halite_core::{FileClient, Map, SaltEnv, Value, map};
use halite_render::files::{LocalFiles, Roots};

fn write(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    std::fs::write(path, text).expect("a file");
}

/// Two roots of base, one of dev, `__env__` for the rest, and a secret outside.
fn tree(extra: Map) -> (tempfile::TempDir, Opts) {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |path: &str| dir.path().join(path);
    write(at("one/a.sls"), "one");
    write(at("one/sub/b.txt"), "0123456789");
    write(at("one/x.pyc"), "");
    write(at("two/a.sls"), "two");
    write(at("two/only.sls"), "two");
    write(at("dev/d.sls"), "dev");
    write(at("any/qa/q.sls"), "qa");
    write(at("secret"), "s");
    std::fs::create_dir_all(at("one/empty")).expect("a folder");
    symlink("../secret", at("one/out")).expect("a link");
    symlink("sub", at("one/in")).expect("a link");
    symlink(at("dev"), at("one/todev")).expect("a link");
    symlink(".", at("one/sub/loop")).expect("a link");
    let path = |name: &str| Value::from(at(name));
    let mut opts = map! {
        "file_roots" => map! {
            "base" => vec![path("one"), path("two")],
            "dev" => vec![path("dev")],
            "__env__" => vec![path("any/__env__")],
        },
        "file_ignore_glob" => vec!["*.pyc"],
    };
    opts.extend(extra);
    (dir, Opts::from_map(Role::Minion, opts))
}

fn env(name: &str) -> SaltEnv {
    SaltEnv::parse(name).expect("an environment")
}

#[track_caller]
fn content(files: &LocalFiles, path: &str, saltenv: &str) -> Option<String> {
    let found = files.cache_file(path, &env(saltenv)).expect("asks");
    found.map(|found| std::fs::read_to_string(found.path).expect("reads"))
}

#[test]
fn the_first_root_wins_and_nothing_climbs_out() {
    let (_dir, opts) = tree(Map::new());
    let files = LocalFiles::new(&opts);
    let cases = [
        ("a.sls", "base", Some("one")),
        ("only.sls", "base", Some("two")),
        ("./sub/../a.sls", "base", Some("one")),
        ("d.sls", "dev", Some("dev")),
        ("q.sls", "qa", Some("qa")),
        ("in/b.txt", "base", Some("0123456789")),
        ("todev/d.sls", "base", Some("dev")),
        ("d.sls", "base", None),
        ("a.sls", "prod", None),
        ("x.pyc", "base", None),
        ("sub", "base", None),
        ("", "base", None),
        ("../secret", "base", None),
        ("sub/../../secret", "base", None),
        ("/etc/passwd", "base", None),
        ("out", "base", None),
    ];
    for (path, saltenv, want) in cases {
        assert_eq!(content(&files, path, saltenv).as_deref(), want, "{saltenv} {path}");
    }
}

#[test]
fn links_out_of_the_roots_need_an_option() {
    let (_dir, opts) = tree(map! {"fileserver_followsymlinks_outside" => true});
    assert_eq!(content(&LocalFiles::new(&opts), "out", "base").as_deref(), Some("s"));
    let (_dir, opts) = tree(map! {"fileserver_followsymlinks" => false});
    let files = LocalFiles::new(&opts);
    assert_eq!(content(&files, "todev/d.sls", "base"), None);
    assert_eq!(content(&files, "in/b.txt", "base").as_deref(), Some("0123456789"));
}

#[test]
fn listings() {
    let (_dir, opts) = tree(Map::new());
    let files = LocalFiles::new(&opts);
    let list = |what, prefix| files.list(&env("base"), what, prefix).expect("lists").join(" ");
    assert_eq!(list(Listing::Files, ""), "a.sls in/b.txt only.sls sub/b.txt todev/d.sls");
    assert_eq!(list(Listing::Files, "/sub/"), "sub/b.txt");
    assert_eq!(list(Listing::Dirs, ""), "empty in in/loop sub sub/loop todev");
    assert_eq!(list(Listing::EmptyDirs, ""), "empty");
    let links = files.symlinks(&env("base"), "").expect("links");
    assert_eq!(Value::from(links).repr(), "{'in': 'sub', 'in/loop': '.', 'sub/loop': '.'}");
    let envs = files.envs().expect("envs");
    assert_eq!(envs, [env("__env__"), env("base"), env("dev")]);
}

#[test]
fn chunks_and_digests() {
    let (dir, opts) = tree(Map::new());
    let roots = Roots::files(&opts);
    let chunk = |loc, size| {
        let chunk = roots.serve("sub/b.txt", &env("base"), loc, size).expect("serves");
        chunk.map(|chunk| String::from_utf8(chunk.data).expect("text"))
    };
    assert_eq!(chunk(0, 4).as_deref(), Some("0123"));
    assert_eq!(chunk(8, 4).as_deref(), Some("89"));
    assert_eq!(chunk(10, 4).as_deref(), Some(""));
    assert_eq!(roots.serve("no", &env("base"), 0, 4).expect("serves"), None);

    let files = LocalFiles::new(&opts);
    let hash = || files.hash_file("a.sls", &env("base")).expect("hashes").expect("is there");
    let first = hash();
    assert_eq!(first.0, "sha256");
    assert_eq!(first, hash());
    write(dir.path().join("one/a.sls"), "changed");
    assert_ne!(first, hash());
}

#[test]
fn patterns_in_roots_are_expanded() {
    let (dir, _) = tree(Map::new());
    let roots = map! {"base" => vec![Value::from(dir.path().join("*o*"))]};
    let opts = Opts::from_map(Role::Minion, map! {"file_roots" => roots});
    assert_eq!(content(&LocalFiles::new(&opts), "only.sls", "base").as_deref(), Some("two"));
}
