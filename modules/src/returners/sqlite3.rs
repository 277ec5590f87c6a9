//! `sqlite3`: returns and jobs in an SQLite file (`returner.sqlite3.database`), in Salt's tables. Salt 3006:
//! `salt/returners/sqlite3_return.py`. The tables are made if they are not there.

use std::path::PathBuf;
use std::time::Duration;

use halite_core::returner::text_option;
use halite_core::value::{parse_json, to_json};
use halite_core::{Apply, Error, Map, Result, Returner, Value};
use rusqlite::{Connection, ToSql, params};

/// The returner.
pub static MODULE: Returner = Returner {
    save_load: Some(save_load),
    get_load: Some(get_load),
    get_jid: Some(get_jid),
    get_fun: Some(get_fun),
    get_jids: Some(get_jids),
    get_minions: Some(get_minions),
    clean_old_jobs: Some(clean_old_jobs),
    ..Returner::new("sqlite3", returner)
};

const SECTION: &str = "returner.sqlite3";
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS jids (jid TEXT PRIMARY KEY, load TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS salt_returns (
    fun TEXT KEY, jid TEXT KEY, id TEXT KEY, fun_args TEXT, date TEXT NOT NULL, full_ret TEXT NOT NULL,
    success TEXT NOT NULL
);";

fn failed(path: &std::path::Path, error: &rusqlite::Error) -> Error {
    Error::execution(format!("{}: {error}", path.display()))
}

fn with<T>(
    apply: &Apply<'_>,
    ret: &Map,
    body: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T> {
    let get = |name, default| text_option(apply.cx, SECTION, ret, (name, default));
    let path = PathBuf::from(get("database", "/var/lib/salt/salt.db"));
    let seconds: f64 = get("timeout", "5.0").parse().unwrap_or(5.0);
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(&path)?;
        connection.busy_timeout(Duration::from_secs_f64(seconds.clamp(0.0, 600.0)))?;
        connection.execute_batch(TABLES)?;
        Ok(connection)
    };
    open().and_then(|connection| body(&connection)).map_err(|error| failed(&path, &error))
}

fn json(value: &Value) -> String {
    to_json(value, Default::default())
}

fn returner(apply: &Apply<'_>, ret: &Map) -> Result<()> {
    let text = |key: &str| ret.get(key).map(Value::to_string).unwrap_or_default();
    let args = ret.get("fun_args").filter(|args| args.truthy()).map(json);
    let now = jiff::Timestamp::from_microsecond(apply.host.now_micros()).unwrap_or_default();
    let date = now.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string();
    let success = if ret.get("success").is_some_and(Value::truthy) { "True" } else { "False" };
    with(apply, ret, |to| {
        let sql = "INSERT INTO salt_returns (fun, jid, id, fun_args, date, full_ret, success) \
                   VALUES (?, ?, ?, ?, ?, ?, ?)";
        let full = json(&ret.get("return").cloned().unwrap_or_default());
        to.execute(sql, params![text("fun"), text("jid"), text("id"), args, date, full, success])
    })
    .map(drop)
}

fn save_load(apply: &Apply<'_>, jid: &str, load: &Map) -> Result<()> {
    let load = json(&load.clone().into());
    with(apply, &Map::new(), |to| {
        to.execute("INSERT OR IGNORE INTO jids (jid, load) VALUES (?, ?)", params![jid, load])
    })
    .map(drop)
}

/// Rows of a name and JSON as a map.
fn by_name(apply: &Apply<'_>, sql: &str, params: &[&dyn ToSql]) -> Result<Map> {
    let rows: Vec<(String, String)> = with(apply, &Map::new(), |from| {
        let mut query = from.prepare(sql)?;
        query.query_map(params, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    })?;
    Ok(rows.into_iter().map(|(k, v)| (k.into(), parse_json(&v).unwrap_or_default())).collect())
}

fn get_load(apply: &Apply<'_>, jid: &str) -> Result<Map> {
    let found = by_name(apply, "SELECT jid, load FROM jids WHERE jid = ?", &[&jid])?;
    Ok(found.get(jid).and_then(Value::as_map).cloned().unwrap_or_default())
}

fn get_jid(apply: &Apply<'_>, jid: &str) -> Result<Map> {
    let found = by_name(apply, "SELECT id, full_ret FROM salt_returns WHERE jid = ?", &[&jid])?;
    Ok(found
        .into_iter()
        .map(|(id, ret)| (id, halite_core::map! {"return" => ret}.into()))
        .collect())
}

fn get_fun(apply: &Apply<'_>, fun: &str) -> Result<Map> {
    let sql = "SELECT s.id, s.full_ret FROM salt_returns s JOIN (SELECT MAX(jid) AS jid, id FROM salt_returns \
               WHERE fun = ?1 GROUP BY id) m ON s.jid = m.jid AND s.id = m.id WHERE s.fun = ?1";
    by_name(apply, sql, &[&fun])
}

fn get_jids(apply: &Apply<'_>) -> Result<Map> {
    by_name(apply, "SELECT jid, load FROM jids", &[])
}

fn get_minions(apply: &Apply<'_>) -> Result<Vec<String>> {
    with(apply, &Map::new(), |from| {
        let mut query = from.prepare("SELECT DISTINCT id FROM salt_returns ORDER BY id")?;
        query.query_map([], |row| row.get(0))?.collect()
    })
}

fn clean_old_jobs(apply: &Apply<'_>, before_secs: i64) -> Result<()> {
    let at = jiff::Timestamp::from_second(before_secs).unwrap_or_default();
    let date = at.strftime("%Y-%m-%d %H:%M:%S").to_string();
    with(apply, &Map::new(), |to| {
        let jobs = "DELETE FROM jids WHERE jid IN (SELECT jid FROM salt_returns GROUP BY jid HAVING MAX(date) < ?)";
        to.execute(jobs, params![date])?;
        to.execute("DELETE FROM salt_returns WHERE date < ?", params![date])
    })
    .map(drop)
}
