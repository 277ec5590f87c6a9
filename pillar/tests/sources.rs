//! External pillars against servers and repositories of this test.

#[path = "../../outside/tests/support/pg.rs"]
mod pg;
#[path = "../../outside/tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use halite_core::host::RealHost;
use halite_core::opts::{Opts, Role};
use halite_core::services::{Alone, PillarRequest};
use halite_core::{JobState, Map, MinionId, Outside, Registry, Value, map};
use halite_outside::Internet;
use halite_pillar::{Deps, Subject, compile};
use halite_render::JinjaEngine;
use halite_render::files::LocalFiles;
use support::{Seen, Server, answer};

/// The pillar of minion `m 1` for options and an environment.
fn pillar_in(options: Map, pillarenv: Option<&str>) -> Value {
    let opts = Opts::from_map(Role::Master, options);
    let id = MinionId::parse("m 1").expect("an id");
    let grains = Arc::new(map! {"id" => "m 1", "role" => "web & db", "os" => "Debian"});
    let (exec, states) = (Registry::default(), Registry::default());
    let (roots, files) = (LocalFiles::pillar(&opts), LocalFiles::new(&opts));
    let (job, host, engine) = (JobState::default(), RealHost::new(), JinjaEngine::new());
    let outside = Internet::new();
    let deps = Deps {
        opts: &opts,
        exec: &exec,
        states: &states,
        host: &host,
        engine: &engine,
        roots: &roots,
        files: &files,
        services: &Alone(&outside),
        job: &job,
    };
    let request =
        PillarRequest { pillarenv: pillarenv.map(str::to_owned), ..PillarRequest::default() };
    let previous = Arc::new(Map::new());
    let who = Subject {
        id: &id,
        grains: &grains,
        request: &request,
        extra_minion_data: &Map::new(),
        previous: &previous,
    };
    compile(&who, &deps).into()
}

fn ext(name: &str, setting: impl Into<Value>, mut options: Map) -> Value {
    options.insert("ext_pillar".into(), vec![one(name, setting.into())].into());
    pillar_in(options, None)
}

#[track_caller]
fn check(got: &Value, want: &str) {
    assert_eq!(got.repr(), want);
}

/// A map of one entry.
fn one(key: impl Into<Value>, value: impl Into<Value>) -> Value {
    Value::map([(key.into(), value.into())])
}

/// One error, which says `want`.
#[track_caller]
fn fails(got: &Value, want: &str) {
    let errors = got.get("_errors").map(Value::repr).unwrap_or_default();
    assert!(errors.contains(want), "{errors} does not say {want}");
}

fn web(seen: &Seen) -> Vec<u8> {
    match seen.line.as_str() {
        "GET /p/m%201/web%20%26%20db.yaml" => answer("200 OK", "", "a: 1\nb: [x]\n"),
        "GET /json" => answer("200 OK", "", "{\"a\": {\"b\": null}}"),
        "GET /auth" if seen.header("authorization") == Some("Basic dTpw") => {
            answer("200 OK", "", &format!("k: {}", seen.header("x-k").unwrap_or("none")))
        }
        "GET /list" => answer("200 OK", "", "[1, 2]"),
        "GET /nonsense" => answer("200 OK", "", "a: [\0"),
        "GET /empty" => answer("200 OK", "", ""),
        _ => answer("403 Forbidden", "", "no"),
    }
}

#[test]
fn web_servers_give_pillar() {
    let server = Server::start(web);
    let url = |path: &str| format!("{}/{path}", server.url);
    let with_grains = map! {"url" => url("p/%s/<role>.yaml"), "with_grains" => true};
    check(&ext("http_yaml", with_grains, Map::new()), "{'a': 1, 'b': ['x']}");
    check(&ext("http_json", map! {"url" => url("json")}, Map::new()), "{'a': {'b': None}}");
    let named = map! {"url" => url("json"), "namespace" => "n"};
    check(&ext("http_json", named, Map::new()), "{'n': {'a': {'b': None}}}");
    let auth = map! {
        "url" => url("auth"), "username" => "u", "password" => "p",
        "header_dict" => map! {"X-K" => "v"},
    };
    check(&ext("http_yaml", auth, Map::new()), "{'k': 'v'}");
    check(&ext("http_yaml", map! {"url" => url("empty")}, Map::new()), "{}");
    let none = map! {"url" => url("<nosuch>"), "with_grains" => true};
    check(&ext("http_yaml", none, Map::new()), "{}");
}

#[test]
fn web_servers_that_do_not_end_in_an_error_that_names_them() {
    let server = Server::start(web);
    let url = |path: &str| format!("{}/{path}", server.url);
    fails(
        &ext("http_yaml", map! {"url" => url("none?token=hidden")}, Map::new()),
        "HTTP 403: Forbidden",
    );
    fails(&ext("http_json", map! {"url" => url("nonsense")}, Map::new()), "is no JSON");
    fails(&ext("http_yaml", map! {"url" => url("nonsense")}, Map::new()), "is no YAML");
    fails(&ext("http_yaml", map! {"url" => url("list")}, Map::new()), "not a dict");
    fails(&ext("http_yaml", map! {"url" => url("json"), "nope" => 1}, Map::new()), "'nope'");
    fails(&ext("http_yaml", "http://127.0.0.1:1/", Map::new()), "refused");
    let got = ext("http_yaml", map! {"url" => url("none?token=hidden")}, Map::new());
    assert!(!got.repr().contains("hidden"), "{}", got.repr());
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = format!("http://{}/", silent.local_addr().expect("is bound"));
    let short = map! {"http_request_timeout" => 0.2};
    fails(&ext("http_yaml", silent, short), "no answer within 0.2s");
}

fn vault(seen: &Seen) -> Vec<u8> {
    let data = |json: &str| answer("200 OK", "", &format!("{{\"data\": {json}}}"));
    if seen.line == "POST /v1/auth/approle/login" {
        return match seen.body.contains("\"role_id\": \"r\"") && seen.body.contains("\"s\"") {
            true => answer("200 OK", "", "{\"auth\": {\"client_token\": \"t\"}}"),
            false => answer("400 Bad Request", "", "{\"errors\": [\"invalid role\"]}"),
        };
    }
    if seen.header("x-vault-token") != Some("t") {
        return answer("403 Forbidden", "", "{}");
    }
    match seen.line.trim_start_matches("GET /v1/") {
        mount if mount.starts_with("sys/internal/ui/mounts/one/") => {
            data("{\"path\": \"one/\", \"options\": {\"version\": \"1\"}}")
        }
        mount if mount.starts_with("sys/internal/ui/mounts/two/") => {
            data("{\"path\": \"two/\", \"options\": {\"version\": \"2\"}}")
        }
        "one/shared" => data("{\"password\": \"s1\"}"),
        "two/data/m%201/x" => data("{\"data\": {\"own\": \"s2\"}, \"metadata\": {}}"),
        "two/data/web" => data("{\"data\": {\"w\": {\"a\": 1}}}"),
        "two/data/db" => data("{\"data\": {\"w\": {\"b\": 2}}}"),
        "two/data/broken" => answer("500 Internal Server Error", "", "{}"),
        _ => answer("404 Not Found", "", "{}"),
    }
}

#[test]
fn vaults_of_both_versions_are_read() {
    let server = Server::start(vault);
    let token = map! {"vault" => map! {
        "server" => map! {"url" => &server.url}, "auth" => map! {"method" => "token", "token" => "t"},
    }};
    check(&ext("vault", "path=one/shared", token.clone()), "{'password': 's1'}");
    check(&ext("vault", "path=two/{minion}/x", token.clone()), "{'own': 's2'}");
    let nested = map! {"conf" => "path=one/shared", "nesting_key" => "db"};
    check(&ext("vault", nested, token.clone()), "{'db': {'password': 's1'}}");
    check(&ext("vault", "path=two/nothing", token.clone()), "{}");
    let pillar = map! {"ext_pillar" => vec![
        one("cmd_json", "echo '{\"roles\": [\"web\", \"db\"]}'"),
        one("vault", "path=two/{pillar[roles]}"),
    ]};
    let pillar =
        pillar_in(token.iter().chain(&pillar).map(|(k, v)| (k.clone(), v.clone())).collect(), None);
    check(&pillar, "{'roles': ['web', 'db'], 'w': {'a': 1, 'b': 2}}");
    let role = |secret: &str| {
        map! {"vault" => map! {
            "url" => &server.url,
            "auth" => map! {"method" => "approle", "role_id" => "r", "secret_id" => secret},
        }}
    };
    check(&ext("vault", "path=one/shared", role("s")), "{'password': 's1'}");
    fails(&ext("vault", "path=one/shared", role("no")), "HTTP 400");
    fails(&ext("vault", "path=two/broken", token.clone()), "HTTP 500");
    fails(&ext("vault", "secret/x", token), "not a valid Vault ext_pillar config");
    fails(&ext("vault", "path=one/shared", Map::new()), "says nothing of a server");
}

#[test]
fn rows_of_postgres_are_pillar() {
    let Some(cluster) = pg::Cluster::start() else { return };
    let server = cluster.server();
    let mut at = Internet::new().postgres(&server).expect("signs in");
    at.execute("CREATE TABLE p (id text, k text, v jsonb)", &[]).expect("makes");
    at.execute("INSERT INTO p VALUES ('m 1', 'a', '{\"x\": 1}'), ('m2', 'b', '2')", &[])
        .expect("puts");
    let options = map! {"postgres" => map! {
        "host" => &server.host, "port" => i64::from(server.port), "user" => &server.user,
        "pass" => "", "db" => &server.database,
    }};
    let query = "SELECT k, v FROM p WHERE id LIKE %s";
    check(&ext("postgres", query, options.clone()), "{'a': {'x': 1}}");
    let named = map! {"n" => map! {"query" => "SELECT id, k FROM p ORDER BY k", "as_list" => true}};
    check(&ext("postgres", named, options.clone()), "{'n': {'m 1': 'a', 'm2': 'b'}}");
    fails(&ext("postgres", "SELECT nope", options.clone()), "column \"nope\" does not exist");
    drop(at);
    drop(cluster);
    fails(&ext("postgres", query, options), "postgres 127.0.0.1");
}

#[test]
fn commands_that_give_nonsense_give_nothing() {
    check(
        &ext("cmd_yamlex", "printf 'a: !aggregate [1]\\na: !aggregate [2]\\n'", Map::new()),
        "{'a': [1, 2]}",
    );
    check(&ext("cmd_yamlex", "printf 'a: ['", Map::new()), "{}");
    check(&ext("cmd_json", "printf '\\000\\377'", Map::new()), "{}");
}

/// A repository with files on branches.
struct Repo(tempfile::TempDir);

impl Repo {
    fn new() -> Repo {
        let repo = Repo(tempfile::tempdir().expect("a folder"));
        repo.git(&["init", "--quiet", "-b", "master"]);
        repo
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, words: &[&str]) {
        let who = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let done = Command::new("git").args(who).args(words).current_dir(self.path()).output();
        let done = done.expect("git is installed");
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn commit(&self, branch: &str, files: &[(&str, &str)]) {
        self.git(&["checkout", "--quiet", "-B", branch]);
        for (name, text) in files {
            let path = self.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(path, text).expect("a file");
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "-m", "x"]);
    }

    fn remote(&self, branch: &str) -> String {
        format!("{branch} {}", self.path().display())
    }
}

fn git(remotes: Vec<Value>, cache: &Path, more: Map, env: Option<&str>) -> Value {
    let mut options = map! {
        "cachedir" => cache, "ext_pillar" => vec![one("git", remotes)],
    };
    options.extend(more);
    pillar_in(options, env)
}

#[test]
fn branches_of_repositories_are_environments() {
    let (repo, cache) = (Repo::new(), tempfile::tempdir().expect("a folder"));
    let top = |env: &str| format!("{env}: {{'*': [a]}}\n");
    repo.commit(
        "master",
        &[("top.sls", &top("base")), ("a.sls", "a: master\n"), ("sub/b.sls", "b: 1\n")],
    );
    repo.commit("dev", &[("top.sls", &top("dev")), ("a.sls", "a: dev\n")]);
    repo.git(&["tag", "v1"]);
    let cache = cache.path();
    let run = |branch: &str, env| git(vec![repo.remote(branch).into()], cache, Map::new(), env);
    check(&run("master", None), "{'a': 'master'}");
    check(&run("dev", None), "{'a': 'dev'}");
    check(&run("__env__", None), "{'a': 'master'}");
    check(&run("__env__", Some("dev")), "{'a': 'dev'}");
    check(
        &run("__env__", Some("--upload-pack=x")),
        "{'_errors': ['Failed to load ext_pillar git: no remote gives any files; see the log for each']}",
    );
    fails(&run("nosuch", None), "no remote gives any files");
    let fallback = one(repo.remote("nosuch"), vec![one("fallback", "master"), one("env", "base")]);
    check(&git(vec![fallback], cache, Map::new(), None), "{'a': 'master'}");
    let tag = one(repo.remote("v1"), vec![one("env", "dev")]);
    check(&git(vec![tag], cache, Map::new(), None), "{'a': 'dev'}");
}

#[test]
fn several_remotes_serve_one_another() {
    let cache = tempfile::tempdir().expect("a folder");
    let (first, second) = (Repo::new(), Repo::new());
    first.commit(
        "master",
        &[
            ("pillar/top.sls", "base: {'*': [a, web.site.w]}\n"),
            ("pillar/a.sls", "include: [shared]\na: 1\n"),
        ],
    );
    second.commit("master", &[("shared.sls", "s: 2\n"), ("deep/w.sls", "w: 3\n")]);
    let rooted = one(first.remote("master"), vec![one("root", "pillar")]);
    let mounted =
        one(second.remote("master"), vec![one("mountpoint", "web/site"), one("root", "deep")]);
    let remotes = vec![rooted.clone(), second.remote("master").into(), mounted];
    check(&git(remotes.clone(), cache.path(), Map::new(), None), "{'s': 2, 'a': 1, 'w': 3}");
    let alone = map! {"git_pillar_includes" => false};
    fails(&git(remotes, cache.path(), alone, None), "SLS 'web.site.w' in environment 'base'");
    let out = one(first.remote("master"), vec![one("root", "../..")]);
    fails(&git(vec![out], cache.path(), Map::new(), None), "leads out of the repository");
}

#[test]
fn a_clone_is_renewed_and_serves_when_the_remote_is_gone() {
    let (repo, cache) = (Repo::new(), tempfile::tempdir().expect("a folder"));
    let top = ("top.sls", "base: {'*': [a]}\n");
    repo.commit("master", &[top, ("a.sls", "a: 1\n")]);
    let remotes = || vec![repo.remote("master").into()];
    check(&git(remotes(), cache.path(), Map::new(), None), "{'a': 1}");
    repo.commit("master", &[("a.sls", "a: 2\n")]);
    check(&git(remotes(), cache.path(), Map::new(), None), "{'a': 1}");
    let now = map! {"git_pillar_update_interval" => 0};
    check(&git(remotes(), cache.path(), now.clone(), None), "{'a': 2}");
    std::fs::rename(repo.path().join(".git"), repo.path().join("gone")).expect("renames");
    check(&git(remotes(), cache.path(), now, None), "{'a': 2}");
}
