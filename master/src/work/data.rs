//! Looking through cached minion data: targets over grains and pillar, mine data, returns.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use halite_core::target::{Subject, Target};
use halite_core::{Map, MinionId, Result, Value, map};
use halite_modules::support::mine_mark;

use super::{MineQuery, News, Outcome, Seal, Shared, answer_or};
use crate::core::nodegroups;
use crate::store::{GRAINS, MINE, PILLAR, Reader};

/// What marks mine data whose reading the minion restricted, and where its data is.
const MINE_ACL: &str = "__saltmine_acl__";
const MINE_DATA: &str = "__data__";

/// A minion as the store knows it; its data is read when a target asks for it.
struct Cached<'a> {
    id: &'a MinionId,
    reader: &'a Reader,
    grains: OnceCell<Option<Map>>,
    pillar: OnceCell<Option<Map>>,
}

impl<'a> Cached<'a> {
    fn new(id: &'a MinionId, reader: &'a Reader) -> Cached<'a> {
        Cached { id, reader, grains: OnceCell::new(), pillar: OnceCell::new() }
    }

    fn fetch<'b>(&self, cell: &'b OnceCell<Option<Map>>, bank: &str) -> Option<&'b Map> {
        let read =
            || self.reader.fetch(bank, self.id.as_str()).ok().flatten().map(|(_, data)| data);
        cell.get_or_init(read).as_ref()
    }
}

impl Subject for Cached<'_> {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn grains(&self) -> Option<&Map> {
        self.fetch(&self.grains, GRAINS)
    }

    fn pillar(&self) -> Option<&Map> {
        self.fetch(&self.pillar, PILLAR)
    }
}

/// Those of `ids` that the target means for sure: whoever has no cached data is not meant by data.
pub(crate) fn matching<'a>(
    target: &Target,
    ids: &'a [MinionId],
    reader: &Reader,
) -> Vec<&'a MinionId> {
    ids.iter().filter(|id| target.matches(&Cached::new(id, reader))).collect()
}

pub(super) fn target(
    ticket: u64,
    target: &Target,
    mut minions: Vec<MinionId>,
    open: &[MinionId],
    shared: &Shared,
) -> Outcome {
    let found = shared
        .readers
        .with(|reader| Ok(matching(target, open, reader).into_iter().cloned().collect::<Vec<_>>()));
    match found {
        Ok(found) => minions.extend(found),
        Err(error) => tracing::error!(%error, "A target over cached data could not be looked up"),
    }
    minions.sort();
    let mut outcome = Outcome::default();
    outcome.done.news.push(News::Targeted { ticket, minions });
    outcome
}

pub(super) fn mine_get(seal: &Seal, query: &MineQuery, shared: &Shared) -> Outcome {
    let result = shared.readers.with(|reader| mine(seal.who(), query, reader, shared));
    answer_or(seal, result, &Map::new().into())
}

/// What the asker itself has in the mine, by marks: it sends what has another one.
pub(super) fn mine_marks(seal: &Seal, shared: &Shared) -> Outcome {
    let result = shared.readers.with(|reader| {
        let found = reader.fetch(MINE, seal.who().as_str())?;
        let data = found.map(|(_, data)| data).unwrap_or_default();
        Ok(Value::map(data.iter().map(|(fun, value)| (fun.clone(), mine_mark(value).into()))))
    });
    answer_or(seal, result, &Map::new().into())
}

fn mine(asker: &MinionId, query: &MineQuery, reader: &Reader, shared: &Shared) -> Result<Value> {
    let mut ids: Vec<&MinionId> = query.sure.iter().collect();
    ids.extend(matching(&query.target, &query.open, reader));
    let asker = Cached::new(asker, reader);
    let mut found: BTreeMap<&str, Map> = BTreeMap::new();
    for id in ids {
        let Some((_, data)) = reader.fetch(MINE, id.as_str())? else { continue };
        for fun in &query.functions {
            let Some(entry) = data.get(fun.as_str()) else { continue };
            if let Some(value) = readable(entry, &asker, shared) {
                found.entry(fun).or_default().insert(id.into(), value);
            }
        }
    }
    if query.by_function {
        return Ok(Value::map(found.into_iter().map(|(fun, by_id)| (fun, by_id.into()))));
    }
    Ok(found.into_values().next().unwrap_or_default().into())
}

/// What the asker may see of a mine entry; restricted ones name who may (`allow_tgt`).
fn readable(entry: &Value, asker: &Cached<'_>, shared: &Shared) -> Option<Value> {
    if entry.get(MINE_ACL).is_none() {
        return Some(entry.clone());
    }
    let data = entry.get(MINE_DATA).cloned().unwrap_or_default();
    let Some(tgt) = entry.get("allow_tgt").filter(|tgt| tgt.truthy()) else { return Some(data) };
    let kind = entry.get("allow_tgt_type").and_then(Value::as_str).unwrap_or("glob");
    let groups = nodegroups(&shared.opts.map("nodegroups"));
    let allowed = Target::parse(tgt, kind, None, &groups).is_ok_and(|target| target.matches(asker));
    allowed.then_some(data)
}

pub(super) fn returns(seal: &Seal, jid: &str, shared: &Shared) -> Outcome {
    let result = shared.readers.with(|reader| {
        let returns = reader.returns(jid)?.into_iter();
        Ok(Value::map(returns.map(|ret| {
            let value = ret.ret.get("return").cloned().unwrap_or_default();
            (ret.id, map! {"ret" => value}.into())
        })))
    });
    answer_or(seal, result, &Map::new().into())
}
