//! `a:b:c`: looking into nested data by a path.

use super::Value;

/// What separates the parts of a path unless a caller says otherwise.
pub const DELIMITER: &str = ":";

/// Looking into nested data.
pub trait SubPath {
    /// Follows `path`; list members are found by index, and a list of maps by the first map that
    /// has the key. Salt: `salt.utils.data.traverse_dict_and_list`.
    fn traverse(&self, path: &str, delimiter: &str) -> Option<&Value>;

    /// Follows `path` through maps only. Salt: `salt.utils.data.traverse_dict`.
    fn traverse_dict(&self, path: &str, delimiter: &str) -> Option<&Value>;
}

impl SubPath for Value {
    fn traverse(&self, path: &str, delimiter: &str) -> Option<&Value> {
        let mut at = self;
        for part in split(path, delimiter) {
            at = match at {
                Value::List(items) => match part.parse::<i64>() {
                    Ok(index) => nth(items, index)?,
                    Err(_) => {
                        items.iter().filter_map(Value::as_map).find_map(|map| member(map, part))?
                    }
                },
                Value::Map(map) => member(map, part)?,
                _ => return None,
            };
        }
        Some(at)
    }

    fn traverse_dict(&self, path: &str, delimiter: &str) -> Option<&Value> {
        split(path, delimiter).try_fold(self, |at, part| member(at.as_map()?, part))
    }
}

fn split<'a>(path: &'a str, delimiter: &'a str) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    if delimiter.is_empty() {
        Box::new(std::iter::once(path))
    } else {
        Box::new(path.split(delimiter))
    }
}

/// A member by its text, or by the number that the text reads as (YAML keys may be numbers).
fn member<'a>(map: &'a super::Map, part: &str) -> Option<&'a Value> {
    map.get(part).or_else(|| map.get(&Value::Int(part.parse().ok()?)))
}

fn nth(items: &[Value], index: i64) -> Option<&Value> {
    let index = if index < 0 { index + items.len() as i64 } else { index };
    items.get(usize::try_from(index).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map;

    #[test]
    fn paths_go_through_maps_lists_and_lists_of_maps() {
        let data = Value::from(map! {"a" => map!{"b" => vec![1, 2], "c" => vec![map!{"d" => 3}]}});
        assert_eq!(data.traverse("a:b:1", ":"), Some(&Value::Int(2)));
        assert_eq!(data.traverse("a:c:d", ":"), Some(&Value::Int(3)));
        assert_eq!(data.traverse("a:x", ":"), None);
        assert_eq!(data.traverse_dict("a:b:1", ":"), None);
    }
}
