//! `postgres`: the rows of queries, as a tree whose keys are the columns from left to right.

use halite_core::dictupdate::{Update, update};
use halite_core::outside::sql::{Rows, Server, numbered};
use halite_core::value::parse_json;
use halite_core::{Error, Map, Result, Value};

use super::{Call, Source};
use crate::web;

/// The source.
pub static MODULE: Source = Source { name: "postgres", pillar };

/// Salt: `salt/pillar/postgres.py` and `sql_base.py` behaviour; `%s` is the minion's id.
fn pillar(call: Call<'_>) -> Result<Value> {
    let queries = queries(&call);
    let mut result = Value::from(Map::new());
    if queries.is_empty() {
        return Ok(result);
    }
    let id = Value::str(call.compiler.who.id.as_str());
    let mut connection = call.compiler.deps.services.outside().postgres(&server(&call)?)?;
    for (root, query) in queries {
        let params = if query.statement.contains("%s") { vec![id.clone()] } else { Vec::new() };
        let rows = connection.query(&numbered(&query.statement), &params)?;
        let focus = match root {
            Some(root) => {
                let map = result.as_map_mut().ok_or_else(no_map)?;
                map.insert(root.clone(), Map::new().into());
                map.get_mut(&root).ok_or_else(no_map)?
            }
            None => &mut result,
        };
        Tree { focus, query: &query, rows: &rows }.fill()?;
    }
    Ok(result)
}

fn no_map() -> Error {
    Error::execution("a row's key is there already and is no dict")
}

fn server(call: &Call<'_>) -> Result<Server> {
    let set: Map = call.compiler.options.opts.map("postgres");
    let text = |name: &str, default: &str| {
        set.get(name).filter(|value| !value.is_null()).map_or(default.to_owned(), Value::to_string)
    };
    let port =
        text("port", "5432").parse().map_err(|_| Error::execution("postgres:port is none"))?;
    Ok(Server {
        host: text("host", "localhost"),
        port,
        user: text("user", "salt"),
        password: text("pass", "salt"),
        database: text("db", "salt"),
        timeout_secs: web::WAIT_SECS,
    })
}

/// A query and how its rows become data.
struct Query {
    statement: String,
    depth: usize,
    as_list: bool,
    as_json: bool,
    with_lists: Vec<usize>,
    ignore_null: bool,
}

/// The queries in the order they are run: those without a name, then the named ones sorted.
fn queries(call: &Call<'_>) -> Vec<(Option<Value>, Query)> {
    let mut named: Vec<_> = call.args.named.iter().collect();
    named.sort_by_key(|(name, _)| name.to_string());
    let plain = call.args.positional.iter().map(|value| (None, value));
    let named = named.into_iter().map(|(name, value)| (Some(name.clone()), value));
    plain.chain(named).filter_map(|(root, value)| Some((root, query(value)?))).collect()
}

fn query(value: &Value) -> Option<Query> {
    let number = |value: Option<&Value>| {
        value.and_then(Value::as_i64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
    };
    let mut query = Query {
        statement: String::new(),
        depth: 0,
        as_list: false,
        as_json: false,
        with_lists: Vec::new(),
        ignore_null: false,
    };
    match value {
        Value::Str(text) => query.statement = text.to_string(),
        Value::List(items) => {
            query.statement = items.first()?.to_string();
            query.depth = number(items.get(1));
        }
        Value::Map(set) => {
            let flag = |name: &str| set.get(name).is_some_and(Value::truthy);
            query.statement = set.get("query")?.to_string();
            query.depth = number(set.get("depth"));
            (query.as_list, query.as_json) = (flag("as_list"), flag("as_json"));
            query.ignore_null = flag("ignore_null");
            query.with_lists = match set.get("with_lists") {
                Some(Value::Str(text)) => {
                    text.split(',').filter_map(|part| part.trim().parse().ok()).collect()
                }
                Some(Value::List(items)) => items.iter().map(|item| number(Some(item))).collect(),
                _ => Vec::new(),
            };
        }
        _ => return None,
    }
    (!query.statement.is_empty()).then_some(query)
}

/// A step into the data.
#[derive(Clone, PartialEq)]
enum Step {
    Key(Value),
    Item(usize),
}

/// Where a row stands.
type Place = Vec<Step>;

/// The data under construction.
struct Tree<'a> {
    focus: &'a mut Value,
    query: &'a Query,
    rows: &'a Rows,
}

impl Tree<'_> {
    fn fill(&mut self) -> Result<()> {
        let count = self.rows.columns.len();
        if count == 0 {
            return Ok(());
        }
        let depth = match self.query.depth {
            0 => count - 1,
            depth if depth >= count => count - 1,
            depth => depth,
        };
        // Keys whose values become lists in the end, by the map they are in.
        let mut listed: Vec<(Place, Vec<Value>)> = Vec::new();
        for row in &self.rows.rows {
            if self.query.as_json && count == 1 {
                self.document(&row[0])?;
                continue;
            }
            self.row(row, depth, &mut listed)?;
        }
        for (place, keys) in listed.iter().rev() {
            for key in keys {
                let Some(value) = self.map(place)?.get_mut(key) else { continue };
                *value = match std::mem::take(value) {
                    Value::Map(map) => Value::list(map.values().cloned()),
                    Value::List(items) => Value::List(items),
                    other => Value::list([other]),
                };
            }
        }
        Ok(())
    }

    /// A row that is one JSON document.
    fn document(&mut self, cell: &Value) -> Result<()> {
        let read = match cell {
            Value::Str(text) => parse_json(text)
                .map_err(|why| Error::execution(format!("a row is no JSON: {why}")))?,
            other => other.clone(),
        };
        let Value::Map(over) = &read else {
            let kind = read.type_name();
            let text = format!("as_json rows must decode to a dict, got {kind}");
            return Err(Error::execution(text));
        };
        let how = Update { merge_lists: self.query.as_list, ..Update::default() };
        update(self.map(&Place::new())?, over, how)
    }

    /// The map at a place.
    fn map(&mut self, place: &[Step]) -> Result<&mut Map> {
        let mut at = &mut *self.focus;
        for step in place {
            at = match step {
                Step::Key(key) => at.as_map_mut().and_then(|map| map.get_mut(key)),
                Step::Item(index) => at.as_list_mut().and_then(|list| list.get_mut(*index)),
            }
            .ok_or_else(no_map)?;
        }
        at.as_map_mut().ok_or_else(no_map)
    }

    fn row(
        &mut self,
        row: &[Value],
        depth: usize,
        listed: &mut Vec<(Place, Vec<Value>)>,
    ) -> Result<()> {
        let mut note = |place: &Place, key: &Value| match listed.iter_mut().find(|l| l.0 == *place)
        {
            Some((_, keys)) if keys.contains(key) => {}
            Some((_, keys)) => keys.push(key.clone()),
            None => listed.push((place.clone(), vec![key.clone()])),
        };
        let (count, query) = (row.len(), self.query);
        let listing = |column: usize| query.with_lists.contains(&(column + 1));
        let mut place = Place::new();
        for (column, key) in row.iter().enumerate().take(depth.saturating_sub(1)) {
            if listing(column) {
                note(&place, key);
            }
            self.descend(&mut place, key)?;
        }
        if depth + 1 == count {
            return self.leaf(&place, row, listing);
        }
        let Some(key) = depth.checked_sub(1).and_then(|column| row.get(column)) else {
            return Ok(());
        };
        self.map(&place)?.entry(key.clone()).or_insert_with(|| Map::new().into());
        if listing(depth - 1) {
            note(&place, key);
        }
        place.push(Step::Key(key.clone()));
        for (column, value) in row.iter().enumerate().take(count).skip(depth) {
            let name = Value::str(&self.rows.columns[column]);
            if listing(column) {
                note(&place, &name);
            }
            let value = value.clone();
            let map = self.map(&place)?;
            match map.get_mut(&name) {
                Some(old) if query.as_list => append(old, value),
                _ if query.ignore_null && value.is_null() => {}
                _ => drop(map.insert(name, value)),
            }
        }
        Ok(())
    }

    /// One level down, with Salt's ways for what is there already.
    fn descend(&mut self, place: &mut Place, key: &Value) -> Result<()> {
        let as_list = self.query.as_list;
        let map = self.map(place)?;
        place.push(Step::Key(key.clone()));
        match map.get_mut(key) {
            Some(Value::Map(_)) => {}
            Some(old) if as_list || matches!(old, Value::List(_)) => {
                append(old, Map::new().into());
                let last = old.as_list().map_or(0, |items| items.len().saturating_sub(1));
                place.push(Step::Item(last));
            }
            _ => drop(map.insert(key.clone(), Map::new().into())),
        }
        Ok(())
    }

    /// The last two columns are a key and its value.
    fn leaf(
        &mut self,
        place: &Place,
        row: &[Value],
        listing: impl Fn(usize) -> bool,
    ) -> Result<()> {
        // A single column is its own key.
        let ([.., key, value] | [key @ value]) = row else { return Ok(()) };
        let (as_list, ignore_null) = (self.query.as_list, self.query.ignore_null);
        let map = self.map(place)?;
        match map.get_mut(key) {
            Some(old) if as_list || listing(row.len().saturating_sub(2)) => {
                append(old, value.clone())
            }
            None if listing(row.len().saturating_sub(2)) => {
                map.insert(key.clone(), Value::list([value.clone()]));
            }
            _ if ignore_null && value.is_null() => {}
            _ => drop(map.insert(key.clone(), value.clone())),
        }
        Ok(())
    }
}

/// A value behind what is there, in a list.
fn append(old: &mut Value, value: Value) {
    if !matches!(old, Value::List(_)) {
        *old = Value::list([std::mem::take(old)]);
    }
    if let Some(items) = old.as_list_mut() {
        items.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[track_caller]
    fn check(query: Map, rows: &[&[&str]], want: &str) {
        let columns = ["a", "b", "c", "d"].map(str::to_owned);
        let width = rows.first().map_or(0, |row| row.len());
        let rows = Rows {
            columns: columns[..width].to_vec(),
            rows: rows
                .iter()
                .map(|row| {
                    row.iter()
                        .map(|cell| if *cell == "-" { Value::Null } else { Value::str(*cell) })
                        .collect()
                })
                .collect(),
        };
        let mut set = query;
        set.insert("query".into(), "q".into());
        let query = super::query(&set.into()).expect("is one");
        let mut focus = Value::from(Map::new());
        Tree { focus: &mut focus, query: &query, rows: &rows }.fill().expect("fits");
        assert_eq!(focus.repr(), want);
    }

    #[test]
    fn rows_become_a_tree() {
        let rows: &[&[&str]] = &[&["x", "k", "1"], &["x", "l", "2"], &["y", "k", "3"]];
        check(map! {}, rows, "{'x': {'k': '1', 'l': '2'}, 'y': {'k': '3'}}");
        check(map! {"depth" => 1}, rows, "{'x': {'b': 'l', 'c': '2'}, 'y': {'b': 'k', 'c': '3'}}");
        check(
            map! {"depth" => 1, "as_list" => true},
            rows,
            "{'x': {'b': ['k', 'l'], 'c': ['1', '2']}, 'y': {'b': 'k', 'c': '3'}}",
        );
        let twice: &[&[&str]] = &[&["x", "1"], &["x", "2"], &["y", "-"]];
        check(map! {}, twice, "{'x': '2', 'y': None}");
        check(map! {"as_list" => true, "ignore_null" => true}, twice, "{'x': ['1', '2']}");
        check(map! {"with_lists" => "1"}, twice, "{'x': ['1', '2'], 'y': [None]}");
        check(map! {"with_lists" => "1"}, rows, "{'x': ['1', '2'], 'y': ['3']}");
        check(
            map! {"as_json" => true},
            &[&["{\"a\": {\"b\": 1}}"], &["{\"a\": {\"c\": 2}}"]],
            "{'a': {'b': 1, 'c': 2}}",
        );
    }
}
