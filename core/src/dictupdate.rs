//! Merging maps the way Salt does: pillar sources, `slsutil.merge`, `grains.filter_by`, `defaults`.

use std::sync::Arc;

use crate::aggregate::aggregate;
use crate::error::{Error, Result};
use crate::limits;
use crate::value::{Map, Value};

/// How two maps become one. Salt: the names of `pillar_source_merging_strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// By the renderer: `aggregate` if it ends in `yamlex`, else `recurse`.
    Smart,
    /// Maps within maps are merged, the rest is replaced.
    Recurse,
    /// Top-level values are replaced, unless they carry marks of `yamlex`.
    Aggregate,
    /// Top-level values are replaced.
    Overwrite,
    /// Values of a key that both have become a list of two; keys of the second alone are lost.
    List,
    /// Sources are not to be merged; what is merged all the same is merged as `recurse`.
    None,
}

impl Strategy {
    /// The strategy of that name.
    pub fn parse(name: &str) -> Option<Strategy> {
        Some(match name {
            "smart" => Strategy::Smart,
            "recurse" => Strategy::Recurse,
            "aggregate" => Strategy::Aggregate,
            "overwrite" => Strategy::Overwrite,
            "list" => Strategy::List,
            "none" => Strategy::None,
            _ => return None,
        })
    }
}

/// What [`update`] does where both sides have a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// Maps within maps are merged.
    pub recursive: bool,
    /// Lists are joined, without what the first has already.
    pub merge_lists: bool,
    /// A map over a list is an error (only with `merge_lists`, and only at the top).
    pub strict: bool,
}

impl Default for Update {
    fn default() -> Update {
        Update { recursive: true, merge_lists: false, strict: false }
    }
}

/// Merges `over` into `into`. Salt: `salt.utils.dictupdate.update` behaviour.
///
/// # Errors
/// A map over a list, if `strict` asks for it.
pub fn update(into: &mut Map, over: &Map, how: Update) -> Result<()> {
    update_at(into, over, how, 0)
}

fn update_at(into: &mut Map, over: &Map, how: Update, depth: usize) -> Result<()> {
    for (key, value) in over {
        let old = into.get_mut(key).filter(|_| how.recursive && depth < limits::VALUE_DEPTH);
        match (old, value) {
            (Some(Value::Map(old)), Value::Map(new)) => {
                // Below the top nothing is strict; Salt does not hand the wish down.
                let how = Update { strict: false, recursive: true, ..how };
                if !Arc::ptr_eq(old, new) || how.merge_lists {
                    update_at(Arc::make_mut(old), new, how, depth + 1)?;
                }
            }
            (Some(Value::List(old)), Value::List(new)) if how.merge_lists => {
                let old = Arc::make_mut(old);
                for item in new.iter() {
                    if !old.contains(item) {
                        old.push(item.clone());
                    }
                }
            }
            (Some(Value::List(_)), Value::Map(_)) if how.merge_lists && how.strict => {
                let what = format!("the list under '{key}' cannot be merged with a map");
                return Err(Error::execution(what));
            }
            (Some(old), new) => *old = new.clone(),
            (None, new) => drop(into.insert(key.clone(), new.clone())),
        }
    }
    Ok(())
}

/// `under` with `over` merged over it. Salt: `salt.utils.dictupdate.merge` behaviour.
/// `renderer` decides what `Smart` means.
pub fn merge(
    under: &Map,
    over: &Map,
    strategy: Strategy,
    renderer: &str,
    merge_lists: bool,
) -> Map {
    let lists = Update { merge_lists, ..Update::default() };
    let yamlex = renderer.rsplit('|').next() == Some("yamlex") || renderer.starts_with("yamlex_");
    let how = match strategy {
        Strategy::Aggregate => return aggregated(under, over),
        Strategy::Smart if yamlex => return aggregated(under, over),
        Strategy::Overwrite => Update { recursive: false, ..Update::default() },
        Strategy::Smart | Strategy::Recurse => lists,
        Strategy::None => Update::default(),
        Strategy::List => {
            let both = |(key, value): (&Value, &Value)| {
                let value = match over.get(key) {
                    Some(other) => Value::from([value.clone(), other.clone()]),
                    None => value.clone(),
                };
                (key.clone(), value)
            };
            return under.iter().map(both).collect();
        }
    };
    let mut merged = under.clone();
    update(&mut merged, over, how).expect("only strict updates fail");
    merged
}

fn aggregated(under: &Map, over: &Map) -> Map {
    match aggregate(&under.clone().into(), &over.clone().into(), 1) {
        Value::Map(map) => Arc::unwrap_or_clone(map),
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map;

    fn sides() -> (Map, Map) {
        let one = map! {
            "a" => map!{"x" => 1, "y" => 2, "l" => vec![1, 2]}, "only" => "p",
            "l" => vec!["a", "b"], "m" => map!{"k" => "v"},
        };
        let two = map! {
            "a" => map!{"y" => 20, "z" => 30, "l" => vec![2, 3]}, "more" => "q",
            "l" => vec!["b", "c"], "m" => vec!["k"],
        };
        (one, two)
    }

    #[track_caller]
    fn check(strategy: Strategy, renderer: &str, merge_lists: bool, want: &str) {
        let (one, two) = sides();
        let merged = merge(&one, &two, strategy, renderer, merge_lists);
        assert_eq!(Value::from(merged).repr(), want);
    }

    #[test]
    fn strategies() {
        let recurse = "{'a': {'x': 1, 'y': 20, 'l': [2, 3], 'z': 30}, 'only': 'p', \
                       'l': ['b', 'c'], 'm': ['k'], 'more': 'q'}";
        let overwrite = "{'a': {'y': 20, 'z': 30, 'l': [2, 3]}, 'only': 'p', \
                         'l': ['b', 'c'], 'm': ['k'], 'more': 'q'}";
        let lists = "{'a': {'x': 1, 'y': 20, 'l': [1, 2, 3], 'z': 30}, 'only': 'p', \
                     'l': ['a', 'b', 'c'], 'm': ['k'], 'more': 'q'}";
        check(Strategy::Recurse, "jinja|yaml", false, recurse);
        check(Strategy::Smart, "jinja|yaml", false, recurse);
        check(Strategy::Smart, "jinja|yamlex", false, overwrite);
        check(Strategy::Overwrite, "", false, overwrite);
        check(Strategy::Aggregate, "", false, overwrite);
        check(Strategy::Recurse, "", true, lists);
        check(Strategy::None, "", true, recurse);
        let list = "{'a': [{'x': 1, 'y': 2, 'l': [1, 2]}, {'y': 20, 'z': 30, 'l': [2, 3]}], \
                    'only': 'p', 'l': [['a', 'b'], ['b', 'c']], 'm': [{'k': 'v'}, ['k']]}";
        check(Strategy::List, "", false, list);
    }

    #[test]
    fn strict_updates_refuse_a_map_over_a_list() {
        let how = Update { merge_lists: true, strict: true, recursive: true };
        let mut into = map! {"l" => vec![1]};
        assert!(update(&mut into, &map! {"l" => map!{"a" => 1}}, how).is_err());
        assert!(update(&mut into, &map! {"l" => vec![2]}, how).is_ok());
        assert_eq!(Value::from(into).repr(), "{'l': [1, 2]}");
    }
}
