//! What the SQL returners share: Salt's tables `jids`, `salt_returns`, `salt_events`.

use halite_core::outside::sql::{Connection, Server};
use halite_core::returner::{kept, text_option};
use halite_core::value::{parse_json, to_json};
use halite_core::{Apply, Map, Result, Value};

/// How long signing in and each statement may take, seconds.
const TIMEOUT_SECS: u64 = 10;

/// What differs between the returners.
pub(crate) struct Dialect {
    /// Where the options stand.
    pub(crate) section: &'static str,
    /// How the password's option is called.
    pub(crate) password: &'static str,
    /// Whether the tables have `alter_time`.
    pub(crate) dated: bool,
}

fn text(map: &Map, key: &str) -> Value {
    map.get(key).map(Value::to_string).unwrap_or_default().into()
}

fn json(value: &Value) -> Value {
    to_json(value, Default::default()).into()
}

fn whole(map: &Map) -> Value {
    json(&map.clone().into())
}

/// JSON of a column: text, or parsed by the driver already.
fn parsed(value: &Value) -> Value {
    match value.as_str() {
        Some(text) => parse_json(text).unwrap_or_default(),
        None => value.clone(),
    }
}

impl Dialect {
    fn connect(&self, apply: &Apply<'_>, ret: &Map) -> Result<Box<dyn Connection>> {
        let get = |name, default| text_option(apply.cx, self.section, ret, (name, default));
        let server = Server {
            host: get("host", "localhost"),
            port: get("port", "5432").parse().unwrap_or(5432),
            user: get("user", "salt"),
            password: get(self.password, "salt"),
            database: get("db", "salt"),
            timeout_secs: TIMEOUT_SECS,
        };
        apply.services.outside().postgres(&server)
    }

    /// Puts a return.
    pub(crate) fn returner(&self, apply: &Apply<'_>, ret: &Map) -> Result<()> {
        let (more, now) = match self.dated {
            true => (", alter_time", ", now()"),
            false => ("", ""),
        };
        let sql = format!(
            "INSERT INTO salt_returns (fun, jid, return, id, success, full_ret{more}) \
             VALUES ($1, $2, $3, $4, $5, $6{now})"
        );
        let success = if ret.get("success").is_some_and(Value::truthy) { "true" } else { "false" };
        let params = [
            text(ret, "fun"),
            text(ret, "jid"),
            json(&ret.get("return").cloned().unwrap_or_default()),
            text(ret, "id"),
            success.into(),
            whole(&kept(ret)),
        ];
        self.connect(apply, ret)?.execute(&sql, &params).map(drop)
    }

    /// Puts events.
    pub(crate) fn event_return(&self, apply: &Apply<'_>, events: &[Map]) -> Result<()> {
        let (more, now) = match self.dated {
            true => (", alter_time", ", now()"),
            false => ("", ""),
        };
        let sql = format!(
            "INSERT INTO salt_events (tag, data, master_id{more}) VALUES ($1, $2, $3{now})"
        );
        let mut to = self.connect(apply, &Map::new())?;
        to.execute("BEGIN", &[])?;
        for event in events {
            let data = json(&event.get("data").cloned().unwrap_or_default());
            to.execute(&sql, &[text(event, "tag"), data, apply.opts.str("id").into()])?;
        }
        to.execute("COMMIT", &[]).map(drop)
    }

    /// Puts a job. One that is there already is replaced where the table allows it.
    pub(crate) fn save_load(&self, apply: &Apply<'_>, jid: &str, load: &Map) -> Result<()> {
        let mut to = self.connect(apply, &Map::new())?;
        let there = to.query("SELECT 1 FROM jids WHERE jid = $1", &[jid.into()])?;
        if there.rows.is_empty() {
            to.execute("INSERT INTO jids (jid, load) VALUES ($1, $2)", &[jid.into(), whole(load)])?;
        }
        Ok(())
    }

    fn rows(&self, apply: &Apply<'_>, sql: &str, params: &[Value]) -> Result<Vec<Vec<Value>>> {
        Ok(self.connect(apply, &Map::new())?.query(sql, params)?.rows)
    }

    /// Rows of a name and JSON as a map.
    fn by_name(&self, apply: &Apply<'_>, sql: &str, params: &[Value]) -> Result<Map> {
        let rows = self.rows(apply, sql, params)?;
        let pair = |row: Vec<Value>| match row.as_slice() {
            [name, .., last] => Some((Value::from(name.to_string()), parsed(last))),
            _ => None,
        };
        Ok(rows.into_iter().filter_map(pair).collect())
    }

    /// A job.
    pub(crate) fn get_load(&self, apply: &Apply<'_>, jid: &str) -> Result<Map> {
        let rows = self.rows(apply, "SELECT load FROM jids WHERE jid = $1", &[jid.into()])?;
        let load = rows.first().and_then(|row| row.first()).map(parsed).unwrap_or_default();
        Ok(load.as_map().cloned().unwrap_or_default())
    }

    /// The returns of a job.
    pub(crate) fn get_jid(&self, apply: &Apply<'_>, jid: &str) -> Result<Map> {
        let sql = "SELECT id, full_ret FROM salt_returns WHERE jid = $1";
        self.by_name(apply, sql, &[jid.into()])
    }

    /// The newest returns of a function.
    pub(crate) fn get_fun(&self, apply: &Apply<'_>, fun: &str) -> Result<Map> {
        let sql = "SELECT s.id, s.jid, s.full_ret FROM salt_returns s \
                   JOIN (SELECT MAX(jid) AS jid, id FROM salt_returns WHERE fun = $1 GROUP BY id) m \
                   ON s.jid = m.jid AND s.id = m.id WHERE s.fun = $1";
        self.by_name(apply, sql, &[fun.into()])
    }

    /// All jobs.
    pub(crate) fn get_jids(&self, apply: &Apply<'_>) -> Result<Map> {
        self.by_name(apply, "SELECT jid, load FROM jids", &[])
    }

    /// All minions.
    pub(crate) fn get_minions(&self, apply: &Apply<'_>) -> Result<Vec<String>> {
        let rows = self.rows(apply, "SELECT DISTINCT id FROM salt_returns ORDER BY id", &[])?;
        Ok(rows.iter().filter_map(|row| row.first()).map(Value::to_string).collect())
    }

    /// Removes what is older. Salt: `_purge_jobs`.
    pub(crate) fn clean_old_jobs(&self, apply: &Apply<'_>, before_secs: i64) -> Result<()> {
        let mut to = self.connect(apply, &Map::new())?;
        let jobs = "DELETE FROM jids j WHERE EXISTS (SELECT 1 FROM salt_returns r WHERE r.jid = j.jid) \
                    AND NOT EXISTS (SELECT 1 FROM salt_returns r WHERE r.jid = j.jid \
                    AND r.alter_time >= to_timestamp($1::float8))";
        let before = [Value::from(before_secs.to_string())];
        to.execute(jobs, &before)?;
        for table in ["salt_returns", "salt_events"] {
            let sql = format!("DELETE FROM {table} WHERE alter_time < to_timestamp($1::float8)");
            to.execute(&sql, &before)?;
        }
        Ok(())
    }
}
