//! `match`: whether this minion is meant by an expression. Salt: `salt/modules/match.py`.

use halite_core::dictupdate::{self, Update};
use halite_core::target::{Nodegroups, Subject, Target};
use halite_core::value::DELIMITER;
use halite_core::{Context, Error, ExecModule, Map, Result, Value, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "match",
    &[
        &COMPOUND,
        &IPCIDR,
        &PILLAR_PCRE,
        &PILLAR,
        &DATA,
        &GRAIN_PCRE,
        &GRAIN,
        &LIST,
        &PCRE,
        &GLOB,
        &NODEGROUP,
        &FILTER_BY,
        &SEARCH_BY,
        &IFELSE,
    ],
);

/// This minion, under its own id or another.
struct Own<'a> {
    id: String,
    cx: &'a Context<'a>,
}

impl Subject for Own<'_> {
    fn id(&self) -> &str {
        &self.id
    }

    fn grains(&self) -> Option<&Map> {
        Some(self.cx.grains)
    }

    fn pillar(&self) -> Option<&Map> {
        Some(self.cx.pillar)
    }
}

/// Decides; an expression that cannot be read matches nobody.
fn decide(cx: &Context<'_>, tgt: &Value, kind: &str, delimiter: &str, id: Option<&Value>) -> bool {
    let groups: Nodegroups = cx
        .opts
        .map("nodegroups")
        .iter()
        .map(|(name, group)| (name.to_string(), group.clone()))
        .collect();
    let id = id.filter(|id| !id.is_null());
    let own = Own { id: id.map_or_else(|| cx.opts.str("id").to_owned(), Value::to_string), cx };
    match Target::parse(tgt, kind, Some(delimiter), &groups) {
        Ok(target) => target.matches(&own),
        Err(error) => {
            tracing::error!("match.{kind}: {error}");
            false
        }
    }
}

/// Whether the minion is meant by a compound expression.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.compound 'L@cheese,foo and *'
/// ```
#[function]
fn compound(cx: &Context<'_>, tgt: Value, #[default(Value::Null)] minion_id: Value) -> bool {
    decide(cx, &tgt, "compound", DELIMITER, Some(&minion_id))
}

/// Whether the minion has an address in a network, or this address.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.ipcidr '192.168.44.0/24'
/// ```
#[function]
fn ipcidr(cx: &Context<'_>, tgt: Value) -> bool {
    decide(cx, &tgt, "ipcidr", DELIMITER, None)
}

/// Whether the minion's pillar matches a pattern.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.pillar_pcre 'cheese:(swiss|american)'
/// ```
#[function]
fn pillar_pcre(cx: &Context<'_>, tgt: Value, #[default(":".into())] delimiter: String) -> bool {
    decide(cx, &tgt, "pillar_pcre", &delimiter, None)
}

/// Whether the minion's pillar matches a glob.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.pillar 'cheese:foo'
/// ```
#[function]
fn pillar(cx: &Context<'_>, tgt: Value, #[default(":".into())] delimiter: String) -> bool {
    decide(cx, &tgt, "pillar", &delimiter, None)
}

/// Whether the minion's data store matches a glob.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.data 'spam:eggs'
/// ```
#[function]
fn data(cx: &Context<'_>, tgt: Value) -> bool {
    decide(cx, &tgt, "data", DELIMITER, None)
}

/// Whether the minion's grains match a pattern.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.grain_pcre 'os:Fedo.*'
/// ```
#[function]
fn grain_pcre(cx: &Context<'_>, tgt: Value, #[default(":".into())] delimiter: String) -> bool {
    decide(cx, &tgt, "grain_pcre", &delimiter, None)
}

/// Whether the minion's grains match a glob.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.grain 'os:Ubuntu'
/// ```
#[function]
fn grain(cx: &Context<'_>, tgt: Value, #[default(":".into())] delimiter: String) -> bool {
    decide(cx, &tgt, "grain", &delimiter, None)
}

/// Whether the minion's id is in a list.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.list 'server1,server2'
/// ```
#[function]
fn list(cx: &Context<'_>, tgt: Value, #[default(Value::Null)] minion_id: Value) -> bool {
    decide(cx, &tgt, "list", DELIMITER, Some(&minion_id))
}

/// Whether the minion's id matches a pattern.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.pcre '.*'
/// ```
#[function]
fn pcre(cx: &Context<'_>, tgt: Value, #[default(Value::Null)] minion_id: Value) -> bool {
    decide(cx, &tgt, "pcre", DELIMITER, Some(&minion_id))
}

/// Whether the minion's id matches a glob.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.glob '*'
/// ```
#[function]
fn glob(cx: &Context<'_>, tgt: Value, #[default(Value::Null)] minion_id: Value) -> bool {
    decide(cx, &tgt, "glob", DELIMITER, Some(&minion_id))
}

/// Whether the minion is in a nodegroup of the configuration.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.nodegroup web
/// ```
#[function]
fn nodegroup(cx: &Context<'_>, tgt: Value) -> bool {
    decide(cx, &tgt, "nodegroup", DELIMITER, None)
}

/// Picks the entry of a table whose key means this minion.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.filter_by '{foo*: Foo!, bar*: Bar!}' minion_id=bar03
/// ```
#[function]
fn filter_by(
    cx: &Context<'_>,
    /// Expressions and what each of them stands for.
    lookup: Map,
    #[default("compound".into())] tgt_type: String,
    #[default(Value::Null)] minion_id: Value,
    /// A map that is joined over the entry.
    #[default(Value::Null)]
    merge: Value,
    #[default(false)] merge_lists: bool,
    /// The entry taken when none matches.
    #[default("default".into())]
    default: Value,
) -> Result<Value> {
    let kind = tgt_type.trim_end_matches('_');
    for (key, entry) in &lookup {
        if !decide(cx, key, kind, DELIMITER, Some(&minion_id)) {
            continue;
        }
        if !merge.truthy() {
            return Ok(entry.clone());
        }
        let Value::Map(over) = &merge else {
            return Err(Error::execution("filter_by merge argument must be a dictionary."));
        };
        let Value::Map(under) = entry else { return Ok(merge) };
        let mut joined = (**under).clone();
        dictupdate::update(&mut joined, over, Update { merge_lists, ..Update::default() })?;
        return Ok(joined.into());
    }
    Ok(lookup.get(&default).cloned().unwrap_or_default())
}

/// Lists the keys of a table of lists, one of whose expressions means this minion.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.search_by '{web: [node1 or node2], db: [node2 or node]}'
/// ```
#[function]
fn search_by(
    cx: &Context<'_>,
    lookup: Map,
    #[default("compound".into())] tgt_type: String,
    #[default(Value::Null)] minion_id: Value,
) -> Value {
    let mut found: Vec<Value> = Vec::new();
    for (key, targets) in &lookup {
        for target in targets.as_list().unwrap_or_default() {
            if decide(cx, target, tgt_type.trim_end_matches('_'), DELIMITER, Some(&minion_id)) {
                found.push(key.clone());
            }
        }
    }
    if found.is_empty() { Value::Null } else { found.into() }
}

/// Picks by pairs of expression and value; the last argument is taken when none matches.
///
/// CLI Example:
///
/// ```text
/// salt '*' match.ifelse 'foo*' 'Foo!' 'bar*' 'Bar!' minion_id=bar03
/// ```
#[function]
fn ifelse(
    cx: &Context<'_>,
    #[args] args: Vec<Value>,
    #[default("compound".into())] tgt_type: String,
    #[default(Value::Null)] minion_id: Value,
    #[default(Value::Null)] merge: Value,
    #[default(false)] merge_lists: bool,
) -> Result<Value> {
    let Some((last, pairs)) = args.split_last().filter(|_| args.len() % 2 == 1) else {
        let what = "The ifelse function must have an odd number of arguments!";
        return Err(Error::execution(what));
    };
    let nobody = "SALT_IFELSE_MATCH_NOTHING";
    let default = "SALT_IFELSE_FUNCTION_DEFAULT";
    let mut lookup = Map::new();
    for pair in pairs.chunks(2) {
        let [key, value] = pair else { continue };
        let key = match key {
            Value::Bool(true) => "*".into(),
            Value::Bool(false) => nobody.into(),
            other => other.clone(),
        };
        lookup.insert(key, value.clone());
    }
    lookup.insert(default.into(), last.clone());
    filter_by(cx, lookup, tgt_type, minion_id, merge, merge_lists, default.into())
}
