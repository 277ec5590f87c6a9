//! `queue`: items that wait to be worked off. Salt: `salt/runners/queue.py`, `salt/queues/sqlite_queue.py` behaviour;
//! the files are those of Salt's sqlite backend.

use std::path::PathBuf;

use halite_core::value::{parse_json, to_json};
use halite_core::{Args, Context, Error, ExecModule, Map, Result, Value, function, map};
use rusqlite::{Connection, params};

use crate::events::Event;
use crate::private_file;
use crate::runner::{self, Call, Kind};
use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "queue",
    &[
        &INSERT,
        &DELETE,
        &LIST_QUEUES,
        &LIST_LENGTH,
        &LIST_ITEMS,
        &POP,
        &PROCESS_QUEUE,
        &INSERT_RUNNER,
        &PROCESS_RUNNER,
    ],
);

/// The queue of runners unless one is named or configured.
const RUNNERS: &str = "runners";

fn folder(cx: &Context<'_>) -> PathBuf {
    match cx.opts.str("sqlite_queue_dir") {
        "" => cx.opts.path("cachedir").join("queues"),
        given => given.into(),
    }
}

fn known(backend: &str, fun: &str) -> Result<()> {
    if backend == "sqlite" {
        return Ok(());
    }
    Err(Error::usage(
        format!("queue.{fun}"),
        format!("Function \"{backend}.{fun}\" is not available"),
    ))
}

/// Opens a queue; its name is also the name of its file and its table.
fn open(cx: &Context<'_>, queue: &str) -> Result<Connection> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if queue.is_empty() || queue.len() > 64 || !queue.chars().all(plain) {
        return Err(Error::execution(format!(
            "{} is no queue: a name is letters, digits, `_` and `-`, at most 64",
            Value::str(queue).repr()
        )));
    }
    let folder = folder(cx);
    private_file::make_dir(&folder)?;
    let connection = Connection::open(folder.join(format!("{queue}.db"))).map_err(failed)?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(failed)?;
    let table =
        format!("CREATE TABLE IF NOT EXISTS \"{queue}\"(id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    connection.execute_batch(&table).map_err(failed)?;
    Ok(connection)
}

fn failed(error: rusqlite::Error) -> Error {
    Error::execution(format!("the queue's file: {error}"))
}

/// Items as their texts: one, several, or a map as JSON.
fn texts(items: &Value) -> Vec<String> {
    match items {
        Value::List(items) => items.iter().map(ToString::to_string).collect(),
        Value::Map(_) => vec![to_json(items, Default::default())],
        one => vec![one.to_string()],
    }
}

fn put(cx: &Context<'_>, queue: &str, items: &Value) -> Result<Value> {
    let mut connection = open(cx, queue)?;
    let transaction = connection.transaction().map_err(failed)?;
    for text in texts(items) {
        let sql = format!("INSERT INTO \"{queue}\"(name) VALUES(?)");
        match transaction.execute(&sql, params![text]) {
            Ok(_) => {}
            Err(rusqlite::Error::SqliteFailure(code, _))
                if code.code == rusqlite::ErrorCode::ConstraintViolation =>
            {
                let which = if matches!(items, Value::List(_)) {
                    "One or more items already exists"
                } else {
                    "Item already exists"
                };
                let why = format!("UNIQUE constraint failed: {queue}.name");
                return Ok(format!("{which} in this queue. sqlite error: {why}").into());
            }
            Err(error) => return Err(failed(error)),
        }
    }
    transaction.commit().map_err(failed)?;
    Ok(true.into())
}

/// Adds an item or several to a queue.
///
/// CLI Example:
///
/// ```text
/// salt-run queue.insert myqueue myitem
/// salt-run queue.insert myqueue "['item1', 'item2', 'item3']"
/// ```
#[function]
fn insert(
    cx: &Context<'_>,
    queue: String,
    items: Value,
    #[default("sqlite".into())] backend: String,
) -> Result<Value> {
    known(&backend, "insert")?;
    put(cx, &queue, &items)
}

/// Takes an item or several out of a queue.
///
/// CLI Example:
///
/// ```text
/// salt-run queue.delete myqueue myitem
/// ```
#[function]
fn delete(
    cx: &Context<'_>,
    queue: String,
    items: Value,
    #[default("sqlite".into())] backend: String,
) -> Result<bool> {
    known(&backend, "delete")?;
    let connection = open(cx, &queue)?;
    for text in texts(&items) {
        let sql = format!("DELETE FROM \"{queue}\" WHERE name = ?");
        connection.execute(&sql, params![text]).map_err(failed)?;
    }
    Ok(true)
}

/// Lists the queues.
///
/// CLI Example:
///
/// ```text
/// salt-run queue.list_queues
/// ```
#[function]
fn list_queues(
    cx: &Context<'_>,
    #[default("sqlite".into())] backend: String,
) -> Result<Vec<String>> {
    known(&backend, "list_queues")?;
    let files = std::fs::read_dir(folder(cx)).into_iter().flatten().flatten();
    let names = files.filter_map(|file| {
        file.file_name().to_str().and_then(|name| name.strip_suffix(".db")).map(str::to_owned)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

fn items(connection: &Connection, queue: &str, limit: i64) -> Result<Vec<String>> {
    let sql = format!("SELECT name FROM \"{queue}\" ORDER BY id LIMIT ?");
    let mut query = connection.prepare(&sql).map_err(failed)?;
    let rows = query.query_map(params![limit], |row| row.get(0)).map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}

/// Lists the items of a queue.
///
/// CLI Example:
///
/// ```text
/// salt-run queue.list_items myqueue
/// ```
#[function]
fn list_items(
    cx: &Context<'_>,
    queue: String,
    #[default("sqlite".into())] backend: String,
) -> Result<Vec<String>> {
    known(&backend, "list_items")?;
    items(&open(cx, &queue)?, &queue, -1)
}

/// How many items a queue has.
///
/// CLI Example:
///
/// ```text
/// salt-run queue.list_length myqueue
/// ```
#[function]
fn list_length(
    cx: &Context<'_>,
    queue: String,
    #[default("sqlite".into())] backend: String,
) -> Result<i64> {
    known(&backend, "list_length")?;
    let sql = format!("SELECT count(*) FROM \"{queue}\"");
    open(cx, &queue)?.query_row(&sql, [], |row| row.get(0)).map_err(failed)
}

fn take(cx: &Context<'_>, queue: &str, quantity: &Value) -> Result<Vec<String>> {
    let number = quantity.as_i64().or_else(|| quantity.as_str()?.parse().ok());
    let limit = match (quantity.as_str(), number) {
        (Some("all"), _) => -1,
        (_, Some(number)) => number,
        (_, None) => {
            let shown = quantity.repr();
            return Err(Error::usage(
                "queue.pop",
                format!(
                    "Quantity must be an integer or \"all\".\nError: \"invalid literal for int() with base 10: {shown}\"."
                ),
            ));
        }
    };
    let mut connection = open(cx, queue)?;
    // Two that pop at a time never get the same item.
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(failed)?;
    let found = items(&transaction, queue, limit)?;
    for text in &found {
        let sql = format!("DELETE FROM \"{queue}\" WHERE name = ?");
        transaction.execute(&sql, params![text]).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    Ok(found)
}

/// A runner as it stands in a queue: JSON, in Salt's files with single quotes.
fn runner_of(text: &str) -> Value {
    parse_json(text).or_else(|_| parse_json(&text.replace('\'', "\""))).unwrap_or_default()
}

fn popped(cx: &Context<'_>, queue: &str, quantity: &Value, is_runner: bool) -> Result<Value> {
    let found = take(cx, queue, quantity)?;
    Ok(match is_runner {
        true => found.iter().map(|text| runner_of(text)).collect::<Vec<_>>().into(),
        false => found.into(),
    })
}

/// Takes the oldest items out of a queue and gives them.
///
/// CLI Example:
///
/// ```text
/// salt-run queue.pop myqueue
/// salt-run queue.pop myqueue all
/// ```
#[function]
fn pop(
    cx: &Context<'_>,
    queue: String,
    #[default(Value::from(1))] quantity: Value,
    #[default("sqlite".into())] backend: String,
    #[default(false)] is_runner: bool,
) -> Result<Value> {
    known(&backend, "pop")?;
    popped(cx, &queue, &quantity, is_runner)
}

/// Takes the oldest items out of a queue and fires them as the event `salt/queue/<queue>/process`.
///
/// CLI Example:
///
/// ```text
/// salt-run queue.process_queue myqueue all backend=sqlite
/// ```
#[function]
fn process_queue(
    cx: &Context<'_>,
    queue: String,
    #[default(Value::from(1))] quantity: Value,
    #[default("sqlite".into())] backend: String,
    #[default(false)] is_runner: bool,
) -> Result<Value> {
    process(cx, &queue, &quantity, &backend, is_runner)
}

fn process(
    cx: &Context<'_>,
    queue: &str,
    quantity: &Value,
    backend: &str,
    is_runner: bool,
) -> Result<Value> {
    let master = MasterServices::of(cx)?;
    let found = known(backend, "pop").and_then(|()| popped(cx, queue, quantity, is_runner));
    let items = match found {
        Ok(items) => items,
        Err(error) if error.is_usage() => {
            master.progress(map! {"errors" => error.to_string()});
            return Ok(false.into());
        }
        Err(error) => return Err(error),
    };
    let data = map! {"items" => items, "backend" => backend, "queue" => queue};
    master.tell(&Event::new(format!("salt/queue/{queue}/process"), data.clone()));
    Ok(data.into())
}

/// The queue of runners and its backend: as given, as `runner_queue` says, or our own.
fn runner_queue(
    cx: &Context<'_>,
    queue: Option<String>,
    backend: Option<String>,
) -> (String, String) {
    let configured = cx.opts.map("runner_queue");
    let option =
        |name: &str| configured.get(name).filter(|value| value.truthy()).map(Value::to_string);
    (
        queue.or_else(|| option("queue")).unwrap_or_else(|| RUNNERS.into()),
        backend.or_else(|| option("backend")).unwrap_or_else(|| "sqlite".into()),
    )
}

/// Adds a call of a runner function to a queue, to be run later by `queue.process_runner`.
///
/// CLI Example:
///
/// ```text
/// salt-run queue.insert_runner test.stdout_print
/// salt-run queue.insert_runner event.send test_insert_runner kwargs='{"data": {"foo": "bar"}}'
/// ```
#[function]
fn insert_runner(
    cx: &Context<'_>,
    fun: String,
    #[default(Value::Null)] args: Value,
    #[default(None)] kwargs: Option<Map>,
    #[default(None)] queue: Option<String>,
    #[default(None)] backend: Option<String>,
) -> Result<Value> {
    let args: Vec<Value> = match args {
        Value::Null => Vec::new(),
        Value::List(items) => items.to_vec(),
        text => text.to_string().split(',').map(Value::str).collect(),
    };
    let (queue, backend) = runner_queue(cx, queue, backend);
    known(&backend, "insert")?;
    let call = map! {"fun" => fun, "args" => args, "kwargs" => kwargs.unwrap_or_default()};
    put(cx, &queue, &call.into())
}

/// Runs the oldest runner functions of a queue.
///
/// CLI Example:
///
/// ```text
/// salt-run queue.process_runner
/// salt-run queue.process_runner 5
/// ```
#[function]
fn process_runner(
    cx: &Context<'_>,
    #[default(Value::from(1))] quantity: Value,
    #[default(None)] queue: Option<String>,
    #[default(None)] backend: Option<String>,
) -> Result<Value> {
    let (queue, backend) = runner_queue(cx, queue, backend);
    let data = process(cx, &queue, &quantity, &backend, true)?;
    let master = MasterServices::of(cx)?;
    for job in data.get("items").and_then(Value::as_list).unwrap_or_default() {
        let args = Args {
            positional: job.get("args").and_then(Value::as_list).unwrap_or_default().to_vec(),
            named: job.get("kwargs").and_then(Value::as_map).cloned().unwrap_or_default(),
        };
        let fun = job.get("fun").map(Value::to_string).unwrap_or_default();
        let print = master.printer();
        let call =
            Call { kind: Kind::Runner, fun, args, user: cx.job.user.clone(), jid: None, print };
        let ran = runner::run_within(cx.opts, call, cx.job, master.progress_lines());
        if !ran.success {
            tracing::error!(fun = cx.job.fun, "A queued runner failed: {}", ran.ret);
        }
    }
    Ok(Value::Null)
}
