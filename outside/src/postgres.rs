//! PostgreSQL, blocking: each connection brings a small runtime of its own.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;

use futures_core::Stream;
use halite_core::limits::SQL_BYTES;
use halite_core::outside::sql::{Connection, Rows, Server};
use halite_core::{Error, Result, Value};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Config, NoTls, Row};

use crate::postgres_value::{Cell, Parameter};

/// A signed-in connection.
pub(crate) struct Client {
    runtime: Runtime,
    client: tokio_postgres::Client,
    place: String,
    wait: Duration,
}

impl Client {
    /// Signs in.
    pub(crate) fn connect(server: &Server) -> Result<Client> {
        let place = format!("postgres {}:{}", server.host, server.port);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|why| Error::execution(format!("{place}: {why}")))?;
        let wait = Duration::from_secs(server.timeout_secs.max(1));
        let mut config = Config::new();
        config.host(&server.host).port(server.port).user(&server.user).connect_timeout(wait);
        config.application_name("halite");
        if !server.password.is_empty() {
            config.password(&server.password);
        }
        if !server.database.is_empty() {
            config.dbname(&server.database);
        }
        let (client, connection) = bounded(&runtime, &place, wait, config.connect(NoTls))?;
        // It lives as long as the runtime and moves whenever the client waits.
        runtime.spawn(async move {
            if let Err(why) = connection.await {
                tracing::debug!("the connection to PostgreSQL ended: {why}");
            }
        });
        Ok(Client { runtime, client, place, wait })
    }
}

/// Waits, but not longer than the server's options allow.
fn bounded<T>(
    runtime: &Runtime,
    place: &str,
    wait: Duration,
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T> {
    let done = runtime.block_on(async { tokio::time::timeout(wait, work).await });
    match done {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(why)) => Err(Error::execution(format!("{place}: {}", told(&why)))),
        Err(_) => {
            let secs = wait.as_secs();
            Err(Error::execution(format!("{place}: no answer within {secs}s")))
        }
    }
}

/// The server's own words, with its hint, rather than "db error".
fn told(why: &tokio_postgres::Error) -> String {
    let Some(theirs) = why.as_db_error() else {
        let cause = std::error::Error::source(why);
        return cause.map_or_else(|| why.to_string(), |cause| format!("{why}: {cause}"));
    };
    let hint = theirs.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{}{hint}", theirs.message())
}

impl Connection for Client {
    fn query(&mut self, statement: &str, params: &[Value]) -> Result<Rows> {
        let client = &self.client;
        let found = bounded(&self.runtime, &self.place, self.wait, async {
            let prepared = client.prepare(statement).await?;
            let columns = prepared.columns().iter().map(|column| column.name().to_owned());
            let columns: Vec<String> = columns.collect();
            let stream = client.query_raw(&prepared, params.iter().map(Parameter)).await?;
            let mut stream = pin!(stream);
            let (mut rows, mut size) = (Vec::new(), 0_usize);
            while let Some(row) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
                let row = row?;
                size = size.saturating_add(row.raw_size_bytes());
                if size > SQL_BYTES {
                    return Ok(None);
                }
                rows.push(cells(&row, columns.len())?);
            }
            Ok(Some(Rows { columns, rows }))
        })?;
        found.ok_or_else(|| {
            let text = format!("{}: the result is larger than {SQL_BYTES} bytes", self.place);
            Error::execution(text)
        })
    }

    fn execute(&mut self, statement: &str, params: &[Value]) -> Result<u64> {
        let client = &self.client;
        bounded(&self.runtime, &self.place, self.wait, async {
            client.execute_raw(statement, params.iter().map(Parameter)).await
        })
    }
}

fn cells(row: &Row, count: usize) -> Result<Vec<Value>, tokio_postgres::Error> {
    (0..count)
        .map(|at| Ok(row.try_get::<_, Option<Cell>>(at)?.map_or(Value::Null, |c| c.0)))
        .collect()
}
