//! One low chunk of a reactor SLS as a call: both argument styles, the aliases of names. Salt: `ReactWrap.run`.

use halite_core::{Args, Jid, Map, Value};

use crate::compiler::LowChunk;

/// Who runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Minions, by a job.
    Local,
    /// The master, a runner function.
    Runner,
    /// The master, a wheel function.
    Wheel,
    /// This very machine, an execution function.
    Caller,
}

impl Kind {
    /// As it is written before the dot.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Local => "local",
            Kind::Runner => "runner",
            Kind::Wheel => "wheel",
            Kind::Caller => "caller",
        }
    }

    fn parse(word: &str) -> Option<Kind> {
        Some(match word {
            "local" | "cmd" => Kind::Local,
            "runner" => Kind::Runner,
            "wheel" => Kind::Wheel,
            "caller" => Kind::Caller,
            _ => return None,
        })
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    /// Who runs it.
    pub kind: Kind,
    /// The ID in the SLS.
    pub id: String,
    /// The SLS file.
    pub sls: String,
    /// The function.
    pub fun: String,
    /// Who is meant, of [`Kind::Local`].
    pub tgt: Value,
    /// How `tgt` is meant.
    pub tgt_type: String,
    /// Returners of a job.
    pub ret: Value,
    /// The arguments, where they are told from the rest.
    pub args: Args,
    /// What else stands there; in the old style of runners and wheels these may be arguments too.
    pub rest: Map,
    /// Whether `rest` holds the arguments: the function's parameters decide.
    pub loose: bool,
}

/// Why a chunk cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    /// No such kind.
    #[error("ReactWrap is missing a wrapper function for '{0}'")]
    Kind(String),
    /// `args` is neither a map nor a list of maps.
    #[error(
        "Reactor '{id}' failed to execute {kind} '{fun}': Incorrect argument format, check the Reactor System \
         documentation for the correct format."
    )]
    Args {
        /// The ID.
        id: String,
        /// The kind.
        kind: &'static str,
        /// The function.
        fun: String,
    },
    /// A job for nobody.
    #[error("Reactor '{id}': local.{fun} has no `tgt`")]
    NoTarget {
        /// The ID.
        id: String,
        /// The function.
        fun: String,
    },
}

/// Keys of a chunk that are the compiler's. Salt: `REACTOR_INTERNAL_KEYWORDS`.
const INTERNAL: [&str; 7] = ["__id__", "__sls__", "name", "order", "fun", "key", "state"];
/// Keys of a chunk that are the wrapper's.
const WRAPPER: [&str; 7] = ["tgt", "tgt_type", "expr_form", "ret", "args", "arg", "kwarg"];

impl Reaction {
    /// Reads a chunk.
    ///
    /// # Errors
    /// What Salt logs when it cannot run it.
    pub fn read(chunk: &LowChunk) -> Result<Reaction, Bad> {
        let data = &chunk.data;
        let kind = Kind::parse(chunk.state()).ok_or_else(|| Bad::Kind(chunk.state().to_owned()))?;
        let (id, fun) = (chunk.id().to_owned(), chunk.fun().to_owned());
        let (args, loose) = arguments(kind, &id, &fun, data)?;
        let tgt = data.get("tgt").cloned().unwrap_or_default();
        if kind == Kind::Local && !tgt.truthy() {
            return Err(Bad::NoTarget { id, fun });
        }
        let tgt_type = ["tgt_type", "expr_form"].iter().find_map(|name| data.get(*name));
        Ok(Reaction {
            kind,
            id,
            sls: chunk.text("__sls__").to_owned(),
            fun,
            tgt,
            tgt_type: tgt_type.map_or_else(|| "glob".into(), ToString::to_string),
            ret: data.get("ret").cloned().unwrap_or_else(|| "".into()),
            args,
            rest: data
                .iter()
                .filter(|(key, _)| !is_ours(key))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
            loose,
        })
    }

    /// The arguments, given the names of the function's parameters and whether it takes any name. Salt:
    /// `format_call` with the whole chunk.
    pub fn args_for(&self, params: &[&str], any: bool) -> Args {
        if !self.loose {
            return self.args.clone();
        }
        let named = self.rest.iter().filter(|(key, _)| {
            key.as_str().is_some_and(|key| any || params.contains(&key)) && !internal(key)
        });
        let mut args = self.args.clone();
        for (key, value) in named {
            args.named.entry(key.clone()).or_insert_with(|| value.clone());
        }
        args
    }
}

fn internal(key: &Value) -> bool {
    key.as_str().is_some_and(|key| key.starts_with("__"))
}

fn is_ours(key: &Value) -> bool {
    key.as_str().is_some_and(|key| INTERNAL.contains(&key) || WRAPPER.contains(&key))
}

fn arguments(kind: Kind, id: &str, fun: &str, data: &Map) -> Result<(Args, bool), Bad> {
    if let Some(args) = data.get("args") {
        for old in ["arg", "kwarg"].iter().filter(|old| data.contains_key(**old)) {
            let value = data.get(*old).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(
                "Reactor '{id}' is ignoring '{old}' param {value} due to presence of 'args' param. \
                 Check the Reactor System documentation for the correct argument format."
            );
        }
        return Ok((new_style(kind, id, fun, args)?, false));
    }
    let positional = match data.get("arg") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::List(items)) => items.iter().map(jid_as_text).collect(),
        Some(one) => vec![one.clone()],
    };
    let named = data.get("kwarg").and_then(Value::as_map).cloned().unwrap_or_default();
    let master = matches!(kind, Kind::Runner | Kind::Wheel);
    let loose = master && !(data.contains_key("arg") && data.contains_key("kwarg"));
    Ok((Args { positional, named }, loose))
}

/// Salt keeps numbers that are jids text. Salt: `condition_input`.
fn jid_as_text(value: &Value) -> Value {
    let number = value.type_name() == "int";
    match Some(value.to_string()).filter(|text| number && text.len() == 20) {
        Some(text) if Jid::parse(&text).is_ok() => text.into(),
        _ => value.clone(),
    }
}

fn new_style(kind: Kind, id: &str, fun: &str, args: &Value) -> Result<Args, Bad> {
    let bad = || Bad::Args { id: id.to_owned(), kind: kind.word(), fun: fun.to_owned() };
    match args {
        Value::Map(named) => Ok(Args::named((**named).clone())),
        Value::List(items) => {
            let maps = items.iter().map(Value::as_map).collect::<Option<Vec<_>>>();
            match maps.filter(|maps| maps.iter().all(|map| map.len() == 1)) {
                Some(maps) if !maps.is_empty() => {
                    let pairs = maps.into_iter().flat_map(|map| map.iter());
                    Ok(Args::named(pairs.map(|(k, v)| (k.clone(), v.clone())).collect()))
                }
                // Older `caller` reactions had a list of arguments there.
                _ if kind == Kind::Caller => {
                    Ok(Args { positional: items.to_vec(), named: Map::new() })
                }
                _ => Err(bad()),
            }
        }
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    fn read(data: Map) -> Result<Reaction, Bad> {
        Reaction::read(&LowChunk::from(data))
    }

    fn base(state: &str, fun: &str) -> Map {
        map! {"state" => state, "fun" => fun, "__id__" => "x", "name" => "x", "__sls__" => "/r.sls", "tgt" => "web1"}
    }

    fn with(state: &str, fun: &str, more: Map) -> Map {
        base(state, fun).into_iter().chain(more).collect()
    }

    #[test]
    fn both_styles_give_the_same_call() {
        let new =
            map! {"args" => vec![Value::from(map! {"cmd" => "ls"}), map! {"cwd" => "/"}.into()]};
        let old = map! {"kwarg" => map! {"cmd" => "ls", "cwd" => "/"}};
        let as_map = map! {"args" => map! {"cmd" => "ls", "cwd" => "/"}};
        for more in [new, old, as_map] {
            let got = read(with("local", "cmd.run", more)).expect("reads");
            assert_eq!(got.args, Args::named(map! {"cmd" => "ls", "cwd" => "/"}));
            assert_eq!((got.kind, got.tgt_type.as_str()), (Kind::Local, "glob"));
        }
        let more = map! {"arg" => vec![Value::from("ls"), Value::Int(5)], "tgt_type" => "grain", "ret" => "mysql"};
        let got = read(with("cmd", "cmd.run", more)).expect("reads");
        assert_eq!(got.args.positional, vec![Value::from("ls"), 5.into()]);
        assert_eq!((got.tgt_type.as_str(), got.ret), ("grain", "mysql".into()));
        let got = read(with("local", "test.ping", map! {"expr_form" => "list"})).expect("reads");
        assert_eq!(got.tgt_type, "list");
    }

    #[test]
    fn a_runner_of_the_old_style_takes_what_its_function_knows() {
        let got =
            read(with("runner", "state.orch", map! {"mods" => "a.b", "odd" => 1})).expect("reads");
        assert_eq!(got.args_for(&["mods", "saltenv"], false).named, map! {"mods" => "a.b"});
        assert_eq!(got.args_for(&["mods"], true).named, map! {"mods" => "a.b", "odd" => 1});
        let more = map! {"arg" => Value::list([]), "kwarg" => map! {"a" => 1}, "mods" => "no"};
        let got = read(with("wheel", "key.accept", more)).expect("reads");
        assert_eq!(got.args_for(&["mods"], true).named, map! {"a" => 1});
    }

    #[test]
    fn what_cannot_be_run_is_said_with_salts_words() {
        let got = read(with("local", "x.y", map! {"args" => vec!["a"]}));
        assert!(got.expect_err("is refused").to_string().contains("Incorrect argument format"));
        assert!(matches!(read(with("orch", "x.y", Map::new())), Err(Bad::Kind(_))));
        let mut none = base("local", "test.ping");
        none.shift_remove("tgt");
        assert!(matches!(read(none), Err(Bad::NoTarget { .. })));
        let got = read(with("caller", "test.arg", map! {"args" => vec!["a"]})).expect("reads");
        assert_eq!(got.args.positional, vec![Value::from("a")]);
    }
}
