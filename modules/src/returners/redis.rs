//! `redis`: returns and jobs in a Redis server, with Salt's keys: `ret:<jid>`, `<minion>:<fun>`, `load:<jid>`,
//! `minions`. Salt 3006: `salt/returners/redis_return.py`.

use halite_core::outside::{RedisCommand, RedisServer};
use halite_core::returner::{kept, option, text_option};
use halite_core::value::{parse_json, to_json};
use halite_core::{Apply, Map, Result, Returner, Value};

/// The returner.
pub static MODULE: Returner = Returner {
    save_load: Some(save_load),
    get_load: Some(get_load),
    get_jid: Some(get_jid),
    get_fun: Some(get_fun),
    get_jids: Some(get_jids),
    get_minions: Some(get_minions),
    ..Returner::new("redis", returner)
};

const SECTION: &str = "redis";
const TIMEOUT_SECS: u64 = 10;

fn server(apply: &Apply<'_>, ret: &Map) -> RedisServer {
    let get = |name, default| text_option(apply.cx, SECTION, ret, (name, default));
    let text = |name| Some(get(name, "")).filter(|text| !text.is_empty());
    RedisServer {
        host: get("host", "salt"),
        port: get("port", "6379").parse().unwrap_or(6379),
        socket: text("unix_socket_path"),
        db: option(apply.cx, SECTION, ret, "db")
            .and_then(|db| db.to_string().parse().ok())
            .unwrap_or(0),
        password: text("password"),
        timeout_secs: TIMEOUT_SECS,
    }
}

fn command(words: &[&str]) -> RedisCommand {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn ask(apply: &Apply<'_>, ret: &Map, commands: &[RedisCommand]) -> Result<Vec<Value>> {
    apply.services.outside().redis(&server(apply, ret), commands)
}

fn one(apply: &Apply<'_>, words: &[&str]) -> Result<Value> {
    Ok(ask(apply, &Map::new(), &[command(words)])?.pop().unwrap_or_default())
}

/// How long things are kept. Salt: `keep_jobs_seconds`.
fn ttl(apply: &Apply<'_>) -> String {
    apply.opts.int("keep_jobs_seconds", 86_400).max(1).to_string()
}

fn text(map: &Map, key: &str) -> String {
    map.get(key).map(Value::to_string).unwrap_or_default()
}

fn returner(apply: &Apply<'_>, ret: &Map) -> Result<()> {
    let (id, jid, fun) = (text(ret, "id"), text(ret, "jid"), text(ret, "fun"));
    let key = format!("ret:{jid}");
    let json = to_json(&kept(ret).into(), Default::default());
    let commands = [
        command(&["HSET", &key, &id, &json]),
        command(&["EXPIRE", &key, &ttl(apply)]),
        command(&["SET", &format!("{id}:{fun}"), &jid]),
        command(&["SADD", "minions", &id]),
    ];
    ask(apply, ret, &commands).map(drop)
}

fn save_load(apply: &Apply<'_>, jid: &str, load: &Map) -> Result<()> {
    let json = to_json(&load.clone().into(), Default::default());
    one(apply, &["SETEX", &format!("load:{jid}"), &ttl(apply), &json]).map(drop)
}

/// What Redis gave as text: it may be bytes.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        other => Some(other.to_string()),
    }
}

fn parsed(value: &Value) -> Value {
    as_text(value).and_then(|text| parse_json(&text).ok()).unwrap_or_default()
}

fn get_load(apply: &Apply<'_>, jid: &str) -> Result<Map> {
    let found = one(apply, &["GET", &format!("load:{jid}")])?;
    Ok(parsed(&found).as_map().cloned().unwrap_or_default())
}

fn get_jid(apply: &Apply<'_>, jid: &str) -> Result<Map> {
    let found = one(apply, &["HGETALL", &format!("ret:{jid}")])?;
    Ok(pairs(&found).into_iter().map(|(id, ret)| (id.into(), ret)).collect())
}

/// A hash, which arrives as a map or as a flat list.
fn pairs(found: &Value) -> Vec<(String, Value)> {
    let pair = |key: &Value, value: &Value| Some((as_text(key)?, parsed(value)));
    match found {
        Value::Map(map) => map.iter().filter_map(|(key, value)| pair(key, value)).collect(),
        Value::List(items) => {
            items.chunks_exact(2).filter_map(|two| pair(&two[0], &two[1])).collect()
        }
        _ => Vec::new(),
    }
}

fn get_fun(apply: &Apply<'_>, fun: &str) -> Result<Map> {
    let mut found = Map::new();
    for id in get_minions(apply)? {
        let Some(jid) = as_text(&one(apply, &["GET", &format!("{id}:{fun}")])?) else { continue };
        let ret = parsed(&one(apply, &["HGET", &format!("ret:{jid}"), &id])?);
        if !ret.is_null() {
            found.insert(id.into(), ret);
        }
    }
    Ok(found)
}

fn get_jids(apply: &Apply<'_>) -> Result<Map> {
    let keys = one(apply, &["KEYS", "load:*"])?;
    let mut found = Map::new();
    for key in keys.as_list().unwrap_or_default().iter().filter_map(as_text) {
        let load = parsed(&one(apply, &["GET", &key])?);
        let jid = key.trim_start_matches("load:").to_owned();
        if !load.is_null() {
            found.insert(jid.into(), load);
        }
    }
    Ok(found)
}

fn get_minions(apply: &Apply<'_>) -> Result<Vec<String>> {
    let found = one(apply, &["SMEMBERS", "minions"])?;
    let mut ids: Vec<String> =
        found.as_list().unwrap_or_default().iter().filter_map(as_text).collect();
    ids.sort();
    Ok(ids)
}
