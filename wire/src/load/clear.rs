//! What may come unsealed: sign-in, and the commands of local programs with their credentials.

use std::fmt;

use halite_core::{Map, Value};

use super::{AuthRequest, Fields, LoadError};

/// Every command that may come unsealed. Apart from `_auth` and `ping` each carries credentials
/// (`key`, `eauth` or `token`), which the handler checks before anything else.
#[derive(Clone)]
pub enum ClearCommand {
    /// Sign-in of a minion.
    Auth(Box<AuthRequest>),
    /// Publish a job.
    Publish(Map),
    /// Start a runner.
    Runner(Map),
    /// Call a wheel function.
    Wheel(Map),
    /// Trade eauth credentials for a token.
    MkToken(Map),
    /// Look up a token.
    GetToken(Map),
    /// Answered with the load itself.
    Ping(Map),
}

impl ClearCommand {
    /// Reads `load`. `Ok(None)` is an unknown or missing `cmd`, which is answered with an empty
    /// map.
    pub fn parse(mut load: Map) -> Result<Option<ClearCommand>, LoadError> {
        let cmd = match load.get("cmd") {
            Some(Value::Str(cmd)) => cmd.clone(),
            _ => return Ok(None),
        };
        if &*cmd != "ping" {
            load.shift_remove("cmd");
        }
        Ok(Some(match &*cmd {
            "_auth" => {
                ClearCommand::Auth(Box::new(AuthRequest::parse(Fields::new("_auth", load))?))
            }
            "publish" => ClearCommand::Publish(load),
            "runner" => ClearCommand::Runner(load),
            "wheel" => ClearCommand::Wheel(load),
            "mk_token" => ClearCommand::MkToken(load),
            "get_token" => ClearCommand::GetToken(load),
            "ping" => ClearCommand::Ping(load),
            _ => return Ok(None),
        }))
    }
}

/// Names only: the fields hold keys, passwords and tokens.
impl fmt::Debug for ClearCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, load) = match self {
            ClearCommand::Auth(request) => return request.fmt(f),
            ClearCommand::Publish(load) => ("publish", load),
            ClearCommand::Runner(load) => ("runner", load),
            ClearCommand::Wheel(load) => ("wheel", load),
            ClearCommand::MkToken(load) => ("mk_token", load),
            ClearCommand::GetToken(load) => ("get_token", load),
            ClearCommand::Ping(load) => ("ping", load),
        };
        let fields: Vec<&str> = load.keys().filter_map(Value::as_str).collect();
        write!(f, "{name} with the fields {fields:?}")
    }
}
