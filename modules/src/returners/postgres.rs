//! `postgres`: returns, jobs and events in PostgreSQL as text, in Salt's tables `jids`, `salt_returns`, `salt_events`.
//! Salt: `salt/returners/postgres.py`.

use halite_core::Returner;

use crate::support::sql_returns::Dialect;

/// The returner.
pub static MODULE: Returner = Returner {
    event_return: Some(|apply, events| SQL.event_return(apply, events)),
    save_load: Some(|apply, jid, load| SQL.save_load(apply, jid, load)),
    get_load: Some(|apply, jid| SQL.get_load(apply, jid)),
    get_jid: Some(|apply, jid| SQL.get_jid(apply, jid)),
    get_fun: Some(|apply, fun| SQL.get_fun(apply, fun)),
    get_jids: Some(|apply| SQL.get_jids(apply)),
    get_minions: Some(|apply| SQL.get_minions(apply)),
    ..Returner::new("postgres", |apply, ret| SQL.returner(apply, ret))
};

const SQL: Dialect = Dialect { section: "returner.postgres", password: "passwd", dated: false };
