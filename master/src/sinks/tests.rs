//! Returners with what they return to: files, a web server, PostgreSQL and Redis of our own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use halite_core::{Apply, JobState, Map, Opts, Returner, Role, Value, map};
use halite_modules::give::{self, Gift};

use crate::services::MasterServices;

#[path = "../../../outside/tests/support/pg.rs"]
mod pg;
#[path = "../../../outside/tests/support/mod.rs"]
mod web;

const JID: &str = "20261127000000000001";

fn with<R>(dir: &Path, options: Map, body: impl FnOnce(&Apply<'_>) -> R) -> R {
    let mut values = map! {
        "cachedir" => dir.to_path_buf(), "pki_dir" => dir.join("pki"), "id" => "box_master",
        "sock_dir" => dir.join("run"),
    };
    values.extend(options);
    let opts = Opts::from_map(Role::Master, values);
    let services = MasterServices::new(&opts, "", Box::new(|_| {}));
    services.on_master(&opts, &Arc::new(Map::new()), &JobState::default(), body)
}

fn ret(id: &str) -> Map {
    map! {
        "id" => id, "jid" => JID, "fun" => "test.ping", "fun_args" => Value::list([]), "return" => true,
        "retcode" => 0, "success" => true,
    }
}

/// What every returner with a memory does: takes a job and returns, and gives them back.
#[track_caller]
fn remembers(apply: &Apply<'_>, name: &str) -> &'static Returner {
    let returner = give::known(name).expect("is there");
    let load = map! {"fun" => "test.ping", "tgt" => "*", "jid" => JID};
    give::give(apply, name, &Gift::Load(JID.into(), load.clone())).expect("takes the job");
    // A job that is told twice is one job.
    give::give(apply, name, &Gift::Load(JID.into(), load.clone())).expect("takes the job again");
    for id in ["web1", "web2"] {
        give::give(apply, name, &Gift::Return(ret(id))).expect("takes the return");
    }
    assert_eq!(returner.get_load.expect("has jobs")(apply, JID).expect("reads"), load);
    let by_jid = returner.get_jid.expect("has returns")(apply, JID).expect("reads");
    assert_eq!(by_jid.len(), 2);
    assert_eq!(by_jid["web1"].get("return"), Some(&true.into()));
    let by_fun = returner.get_fun.expect("has functions")(apply, "test.ping").expect("reads");
    assert_eq!(by_fun.len(), 2);
    assert!(returner.get_fun.expect("has functions")(apply, "x.y").expect("reads").is_empty());
    let jids = returner.get_jids.expect("has jobs")(apply).expect("reads");
    assert!(jids.contains_key(JID) && jids.len() == 1);
    assert_eq!(returner.get_minions.expect("has minions")(apply).expect("reads"), ["web1", "web2"]);
    returner
}

#[test]
fn sqlite3_remembers_and_forgets() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let options = map! {"returner.sqlite3.database" => dir.path().join("salt.db")};
    with(dir.path(), options, |apply| {
        let returner = remembers(apply, "sqlite3");
        returner.clean_old_jobs.expect("forgets")(apply, 4_000_000_000).expect("forgets");
        assert!(returner.get_minions.expect("has minions")(apply).expect("reads").is_empty());
        assert!(returner.get_jids.expect("has jobs")(apply).expect("reads").is_empty());
    });
}

#[test]
fn files_get_a_line_for_each_and_several_returners_get_all() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("events");
    let options = map! {
        "rawfile_json.filename" => file.clone(), "multi_returner" => vec!["rawfile_json", "sqlite3", "multi_returner"],
        "returner.sqlite3" => map! {"database" => dir.path().join("salt.db")},
    };
    with(dir.path(), options, |apply| {
        give::give(apply, "multi_returner", &Gift::Return(ret("web1"))).expect("takes it");
        let events = vec![map! {"tag" => "a/b", "data" => Map::new()}];
        give::give(apply, "rawfile_json", &Gift::Events(events.clone())).expect("takes events");
        let text = std::fs::read_to_string(&file).expect("is there");
        assert_eq!(text.lines().count(), 2);
        assert!(text.starts_with("{\"id\": \"web1\", \"jid\""), "{text}");
        let returner = give::known("multi_returner").expect("is there");
        assert_eq!(returner.get_jid.expect("asks")(apply, JID).expect("reads").len(), 1);
        let refused =
            give::give(apply, "sqlite3", &Gift::Events(events)).expect_err("has no events");
        assert_eq!(refused.to_string(), "'sqlite3.event_return' is not available.");
    });
}

#[test]
fn what_a_server_does_not_take_is_kept_and_handed_over_later() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let folder = dir.path().join("returners");
    let down =
        map! {"returner.http.url" => "http://127.0.0.1:1/hook", "returner.http.timeout" => 2};
    with(dir.path(), down, |apply| {
        for n in 0..3 {
            give::give_or_keep(apply, &folder, "http", &Gift::Return(ret(&format!("web{n}"))));
        }
        give::give_or_keep(apply, &folder, "nosuch", &Gift::Return(ret("x")));
        assert_eq!(
            give::hand_over(apply, &folder),
            3,
            "it is still down; an unknown returner keeps nothing"
        );
    });
    let server = web::Server::start(|_| web::answer("200 OK", "", "thanks"));
    let up = map! {"returner.http.url" => format!("{}/hook", server.url)};
    with(dir.path(), up, |apply| {
        std::fs::write(folder.join("00.json"), "{\"returner\": \"ht").expect("is written");
        assert_eq!(give::hand_over(apply, &folder), 0);
    });
    let bodies: Vec<String> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies.len(), 3);
    assert!(
        bodies[0].contains("\"id\": \"web0\"") && bodies[2].contains("\"id\": \"web2\""),
        "{bodies:?}"
    );
}

#[test]
fn jobs_returns_and_wanted_events_go_to_the_configured_returners() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("out");
    let opts = Opts::from_map(
        Role::Master,
        map! {
            "cachedir" => dir.path().to_path_buf(), "id" => "box_master", "ext_job_cache" => "rawfile_json",
            "event_return" => vec!["rawfile_json"], "event_return_whitelist" => vec!["salt/job/*"],
            "rawfile_json.filename" => file.clone(),
        },
    );
    let mut sinks = crate::sinks::Sinks::start(&opts).expect("starts").expect("is configured");
    sinks.see(&crate::store::Write::Return {
        jid: JID.into(),
        id: "web1".into(),
        at: 1,
        ret: ret("web1"),
    });
    for tag in ["salt/job/1/new", "salt/auth"] {
        let event = crate::events::Event::new(tag, map! {"x" => 1});
        sinks.event(&halite_wire::frame::pub_frame(&event.body(1)));
    }
    let until = Instant::now() + Duration::from_secs(20);
    let lines = || std::fs::read_to_string(&file).unwrap_or_default().lines().count();
    while lines() < 2 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    let text = std::fs::read_to_string(&file).expect("is there");
    assert!(
        text.contains("salt/job/1/new") && text.contains("web1") && !text.contains("salt/auth"),
        "{text}"
    );
    let wrong = opts.with("ext_job_cache", "nosuch");
    let started = crate::sinks::Sinks::start(&wrong);
    assert!(started.is_ok(), "what is not there is told, and the others go on");
}

/// Salt's tables, as its documentation has them.
const JSONB: [&str; 3] = [
    "CREATE TABLE jids (jid varchar(255) NOT NULL PRIMARY KEY, load jsonb NOT NULL)",
    "CREATE TABLE salt_returns (fun varchar(50) NOT NULL, jid varchar(255) NOT NULL, return jsonb NOT NULL, \
     id varchar(255) NOT NULL, success varchar(10) NOT NULL, full_ret jsonb NOT NULL, \
     alter_time TIMESTAMP WITH TIME ZONE DEFAULT NOW())",
    "CREATE TABLE salt_events (id BIGSERIAL PRIMARY KEY, tag varchar(255) NOT NULL, data jsonb NOT NULL, \
     alter_time TIMESTAMP WITH TIME ZONE DEFAULT NOW(), master_id varchar(255) NOT NULL)",
];
const TEXT: [&str; 3] = [
    "CREATE TABLE jids (jid varchar(20) PRIMARY KEY, load text NOT NULL)",
    "CREATE TABLE salt_returns (added TIMESTAMP WITH TIME ZONE DEFAULT now(), fun text NOT NULL, \
     jid varchar(20) NOT NULL, return text NOT NULL, id text NOT NULL, success boolean, full_ret text NOT NULL)",
    "CREATE TABLE salt_events (id SERIAL PRIMARY KEY, tag text NOT NULL, data text NOT NULL, \
     alter_time TIMESTAMP WITH TIME ZONE DEFAULT NOW(), master_id text NOT NULL)",
];

#[test]
fn postgresql_remembers_in_salts_tables() {
    for (name, password, tables) in [("pgjsonb", "pass", JSONB), ("postgres", "passwd", TEXT)] {
        let Some(cluster) = pg::Cluster::start() else { return };
        let server = cluster.server();
        let dir = tempfile::tempdir().expect("a temporary folder");
        let options = map! {
            format!("returner.{name}") => map! {
                "host" => server.host.as_str(), "port" => i64::from(server.port), "user" => server.user.as_str(),
                password => server.password.as_str(), "db" => server.database.as_str(),
            },
        };
        with(dir.path(), options, |apply| {
            let mut to = apply.services.outside().postgres(&server).expect("signs in");
            for table in tables {
                to.execute(table, &[]).expect("makes the table");
            }
            let returner = remembers(apply, name);
            let events = vec![map! {"tag" => "a/b", "data" => map! {"x" => 1}}];
            give::give(apply, name, &Gift::Events(events)).expect("takes events");
            let rows = to.query("SELECT tag, master_id FROM salt_events", &[]).expect("reads");
            assert_eq!(rows.rows, [vec![Value::from("a/b"), "box_master".into()]]);
            if let Some(clean) = returner.clean_old_jobs {
                clean(apply, 4_000_000_000).expect("forgets");
                let left = returner.get_minions.expect("has minions")(apply).expect("reads");
                assert!(left.is_empty());
            }
        });
    }
}

/// A server that ends with the value.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A Redis server on a socket; `None`, and a word, where none is installed.
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn redis(dir: &Path) -> Option<Running> {
    let socket = dir.join("redis.sock");
    let started = Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--unixsocket"])
        .arg(&socket)
        .current_dir(dir)
        .stdout(Stdio::null())
        .spawn();
    let Ok(child) = started else {
        eprintln!("skipped: Redis's server is not installed");
        return None;
    };
    let until = Instant::now() + Duration::from_secs(10);
    while !socket.exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    Some(Running(child))
}

#[test]
fn redis_remembers_under_salts_keys() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let Some(_server) = redis(dir.path()) else { return };
    let options = map! {"redis.unix_socket_path" => dir.path().join("redis.sock")};
    with(dir.path(), options, |apply| {
        remembers(apply, "redis");
    });
}

/// A mail server that takes one mail and gives its lines.
fn mail_sink() -> (u16, std::thread::JoinHandle<Vec<String>>) {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("is bound").port();
    let heard = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("somebody comes");
        let mut lines = BufReader::new(socket.try_clone().expect("is cloned")).lines();
        let mut say = |line: &str| socket.write_all(line.as_bytes()).expect("is written");
        let (mut letter, mut within) = (Vec::new(), false);
        say("220 sink\r\n");
        while let Some(Ok(line)) = lines.next() {
            match line.as_str() {
                "DATA" => within = true,
                "." => within = false,
                "QUIT" => break,
                _ if within => letter.push(line.clone()),
                _ => {}
            }
            match (line.as_str(), within) {
                ("DATA", _) => say("354 go\r\n"),
                (_, false) => say("250 ok\r\n"),
                (_, true) => {}
            }
        }
        letter
    });
    (port, heard)
}

#[test]
fn returns_and_events_are_mailed_as_salts_template_has_them() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let letter = |more: Map, gift: &Gift| {
        let (port, heard) = mail_sink();
        let mut options = map! {
            "smtp.from" => "me@example.net", "smtp.to" => "a@b,c@d", "smtp.host" => "127.0.0.1",
            "smtp.port" => i64::from(port),
        };
        options.extend(more);
        with(dir.path(), options, |apply| give::give(apply, "smtp", gift)).expect("is sent");
        let mut lines = heard.join().expect("ends");
        assert!(lines.remove(2).starts_with("Date: "));
        lines
    };
    // As Salt 3006.17 sent it, but for the date.
    let got = letter(map! {"smtp.fields" => "id,fun"}, &Gift::Return(ret("web1")));
    let want = [
        "From: me@example.net",
        "To: a@b, c@d",
        "Subject: Email from Salt web1 test.ping",
        "",
        "id: web1",
        "function: test.ping",
        "function args: []",
        "jid: 20261127000000000001",
        "return: True",
    ];
    assert_eq!(got, want);
    let template = dir.path().join("mail.j2");
    std::fs::write(&template, "act: {{act}}\nid: {{id}}\n").expect("is written");
    let more = map! {"smtp.subject" => "{{act}}ed key of {{id}}", "smtp.template" => template};
    let event = map! {"tag" => "salt/key", "data" => map! {"act" => "accept", "id" => "web1"}};
    let got = letter(more, &Gift::Events(vec![event]));
    assert_eq!(got[2..], ["Subject: accepted key of web1", "", "act: accept", "id: web1"]);
}

#[test]
fn local_cache_has_salts_files() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    with(dir.path(), map! {"hash_type" => "sha256"}, |apply| {
        let returner = give::known("local_cache").expect("is there");
        give::give(apply, "local_cache", &Gift::Return(ret("web1"))).expect("takes the return");
        // The second return of a minion is left out, as in Salt.
        let mut second = ret("web1");
        second.insert("return".into(), "other".into());
        give::give(apply, "local_cache", &Gift::Return(second)).expect("takes it");
        let load = map! {"fun" => "test.ping", "tgt" => "*", "jid" => JID};
        give::give(apply, "local_cache", &Gift::Load(JID.into(), load.clone())).expect("takes it");
        let by_jid = returner.get_jid.expect("has returns")(apply, JID).expect("reads");
        let want = map! {"web1" => map! {"return" => true, "retcode" => 0, "success" => true}};
        assert_eq!(by_jid, want);
        assert_eq!(returner.get_load.expect("has jobs")(apply, JID).expect("reads"), load);
        assert_eq!(returner.get_jids.expect("has jobs")(apply).expect("reads").len(), 1);
        // The SHA-256 of the jid, as `salt.utils.jid.jid_dir` splits it.
        let hash = "bc46ae9c345337dd0041de299412bf20f3fec1ee5bfa890c148bdec049fe1253";
        let path = dir.path().join("jobs").join(&hash[..2]).join(&hash[2..]).join("web1/return.p");
        let bytes = std::fs::read(path).expect("is there");
        assert_eq!(bytes, b"\x83\xa6return\xc3\xa7retcode\x00\xa7success\xc3");
        let mut evil = ret("web1");
        evil.insert("id".into(), "../../x".into());
        assert!(give::give(apply, "local_cache", &Gift::Return(evil)).is_err());
    });
}
