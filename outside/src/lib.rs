//! Services of others: HTTP, PostgreSQL, Redis, mail. The one implementation of [`halite_core::Outside`];
//! calls block, and each opens and closes its own connection.

mod http;
mod postgres;
mod postgres_value;
mod redis;
mod save;
mod smtp;
mod tls;
mod trust;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use halite_core::outside::{RedisCommand, RedisServer, http as request, mail, sql};
use halite_core::{Outside, Result, Value};
use ureq::tls::Certificate;

/// The network of this machine. Cheap to make; it reads the machine's list of authorities once, at
/// the first request that needs it.
#[derive(Clone, Debug, Default)]
pub struct Internet {
    authorities: Arc<OnceLock<Vec<Certificate<'static>>>>,
}

impl Internet {
    /// A door that was not used yet.
    pub fn new() -> Internet {
        Internet::default()
    }
}

impl Outside for Internet {
    fn http(&self, request: &request::Request) -> Result<request::Response> {
        http::collect(self, request)
    }

    fn download(&self, request: &request::Request, to: &Path) -> Result<request::Response> {
        save::download(self, request, to)
    }

    fn postgres(&self, server: &sql::Server) -> Result<Box<dyn sql::Connection>> {
        Ok(Box::new(postgres::Client::connect(server)?))
    }

    fn redis(&self, server: &RedisServer, commands: &[RedisCommand]) -> Result<Vec<Value>> {
        redis::run(server, commands)
    }

    fn mail(&self, server: &mail::MailServer, mail: &mail::Mail) -> Result<()> {
        smtp::send(self, server, mail)
    }
}
