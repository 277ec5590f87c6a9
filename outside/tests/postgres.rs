//! PostgreSQL: a server of our own, where its programs are installed.

#[path = "support/pg.rs"]
mod pg;

use halite_core::outside::sql::{Connection, Server};
use halite_core::{Outside, Value, map};
use halite_outside::Internet;
use pg::Cluster;

fn connect(cluster: &Cluster) -> Box<dyn Connection> {
    Internet::new().postgres(&cluster.server()).expect("signs in")
}

#[track_caller]
fn check(at: &mut dyn Connection, statement: &str, params: &[Value], want: &str) {
    let rows = at.query(statement, params).expect(statement);
    let shown = Value::list(rows.rows.into_iter().map(Value::list));
    assert_eq!(shown.repr(), want, "{statement}");
}

#[test]
fn values_go_there_and_come_back() {
    let Some(cluster) = Cluster::start() else { return };
    let at = &mut *connect(&cluster);
    check(
        at,
        "SELECT 1, true, 'x', NULL, 1.5::float8, 2::numeric",
        &[],
        "[[1, True, 'x', None, 1.5, 2]]",
    );
    check(at, "SELECT '{\"a\": [1]}'::jsonb, '[2]'::json", &[], "[[{'a': [1]}, [2]]]");
    check(at, "SELECT ARRAY[1, NULL, 3], '\\x6162'::bytea", &[], "[[[1, None, 3], b'ab']]");
    check(
        at,
        "SELECT '2026-01-02 03:04:05.5+00'::timestamptz, '2026-01-02'::date",
        &[],
        "[['2026-01-02 03:04:05.5+00:00', '2026-01-02']]",
    );
    at.execute("CREATE TABLE t (a int, b jsonb, c timestamptz, d text)", &[]).expect("makes");
    let row: [Value; 4] =
        ["7".into(), map! {"k" => vec![1]}.into(), "2026-01-01 00:00:00".into(), 5.into()];
    let put = "INSERT INTO t VALUES ($1, $2, $3, $4)";
    assert_eq!(at.execute(put, &row).expect("puts"), 1);
    check(at, "SELECT a, b, d FROM t WHERE d = $1", &["5".into()], "[[7, {'k': [1]}, '5']]");
    let quoted = Value::str("'; DROP TABLE t; --");
    check(at, "SELECT a FROM t WHERE d = $1", &[quoted], "[]");
}

#[test]
fn faults_are_in_the_servers_words() {
    let Some(cluster) = Cluster::start() else { return };
    let mut at = connect(&cluster);
    let why = at.query("SELECT * FROM nothing", &[]).expect_err("fails").to_string();
    assert!(why.contains("relation \"nothing\" does not exist"), "{why}");
    let why = at.query("SELECT '{1}'::point[]", &[]).expect_err("fails").to_string();
    assert!(why.contains("malformed") || why.contains("invalid input"), "{why}");
    let why = at.query("SELECT '(1,2)'::point", &[]).expect_err("fails").to_string();
    assert!(why.contains("column::text"), "{why}");
    let slow = Server { timeout_secs: 1, ..cluster.server() };
    let mut slow = Internet::new().postgres(&slow).expect("signs in");
    let why = slow.query("SELECT pg_sleep(20)", &[]).expect_err("fails").to_string();
    assert!(why.contains("no answer within 1s"), "{why}");
    let nobody = Server { user: "nobody_here".into(), ..cluster.server() };
    let why = Internet::new().postgres(&nobody).err().expect("fails").to_string();
    assert!(why.contains("does not exist"), "{why}");
}

#[test]
fn nobody_there_is_an_error() {
    let server = Server {
        host: "127.0.0.1".into(),
        port: 1,
        user: "a".into(),
        password: String::new(),
        database: String::new(),
        timeout_secs: 5,
    };
    let why = Internet::new().postgres(&server).err().expect("fails").to_string();
    assert!(why.contains("postgres 127.0.0.1:1"), "{why}");
}
