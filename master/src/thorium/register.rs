//! The registers: what is kept of events, bounded in number and bytes. Pure.

use std::collections::{BTreeMap, VecDeque};

use halite_core::{Error, Map, Result, Value, map};

use crate::limits::{THORIUM_BYTES, THORIUM_REGISTERS, THORIUM_VALUES};

/// One register.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kept {
    /// Nothing yet: it was cleared.
    Empty,
    /// Each value once, in the order in which they came.
    Set(Map),
    /// Values in the order in which they came.
    List(VecDeque<Value>),
    /// A running average.
    Mean { total: Value, count: i64 },
    /// By name.
    Table(Map),
}

impl Kept {
    /// What checks look at. Salt: `__reg__[name]["val"]`.
    pub(crate) fn value(&self) -> Value {
        match self {
            Kept::Empty => Value::Null,
            Kept::Set(set) => Value::list(set.keys().cloned()),
            Kept::List(list) => Value::list(list.iter().cloned()),
            Kept::Mean { total, count } => mean(total, *count),
            Kept::Table(table) => table.clone().into(),
        }
    }

    /// What Python calls its kind.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Kept::Set(_) => "set",
            other => other.value().type_name(),
        }
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> Option<usize> {
        match self {
            Kept::Empty => Some(0),
            Kept::Set(map) | Kept::Table(map) => Some(map.len()),
            Kept::List(list) => Some(list.len()),
            Kept::Mean { .. } => None,
        }
    }
}

fn mean(total: &Value, count: i64) -> Value {
    match count {
        0 => 0.into(),
        _ => (total.as_f64().unwrap_or(0.0) / count as f64).into(),
    }
}

/// About how many bytes a value takes.
fn weight(value: &Value) -> usize {
    let own = 32;
    own + match value {
        Value::Str(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.iter().map(weight).sum(),
        Value::Map(map) => map.iter().map(|(key, value)| weight(key) + weight(value)).sum(),
        _ => 0,
    }
}

/// All registers by name.
#[derive(Debug)]
pub(crate) struct Registers {
    kept: BTreeMap<String, Kept>,
    bytes: usize,
    bytes_max: usize,
    values_max: usize,
    left_out: u64,
}

impl Default for Registers {
    fn default() -> Registers {
        Registers {
            kept: BTreeMap::new(),
            bytes: 0,
            bytes_max: THORIUM_BYTES,
            values_max: THORIUM_VALUES,
            left_out: 0,
        }
    }
}

impl Registers {
    /// A register by its name.
    pub(crate) fn get(&self, name: &str) -> Option<&Kept> {
        self.kept.get(name)
    }

    /// The register of a kind, made if there is none yet.
    fn of_kind(&mut self, name: &str, fresh: Kept) -> Result<&mut Kept> {
        if !self.kept.contains_key(name) && self.kept.len() >= THORIUM_REGISTERS {
            let most = THORIUM_REGISTERS;
            return Err(Error::execution(format!("there are {most} registers already")));
        }
        let kept = self.kept.entry(name.to_owned()).or_insert(Kept::Empty);
        if *kept == Kept::Empty {
            *kept = fresh;
            return Ok(kept);
        }
        if std::mem::discriminant(kept) == std::mem::discriminant(&fresh) {
            return Ok(kept);
        }
        let (is, wanted) = (kept.type_name(), fresh.type_name());
        Err(Error::execution(format!("the register '{name}' holds a {is}, not a {wanted}")))
    }

    /// Makes sure that a set is there.
    ///
    /// # Errors
    /// If there are too many registers, or it is one of another kind. So for the others that begin with `begin`.
    pub(crate) fn begin_set(&mut self, name: &str) -> Result<()> {
        self.of_kind(name, Kept::Set(Map::new())).map(drop)
    }

    /// Makes sure that a list is there.
    pub(crate) fn begin_list(&mut self, name: &str) -> Result<()> {
        self.of_kind(name, Kept::List(VecDeque::new())).map(drop)
    }

    /// Makes sure that an average is there.
    pub(crate) fn begin_mean(&mut self, name: &str) -> Result<()> {
        self.of_kind(name, Kept::Mean { total: 0.into(), count: 0 }).map(drop)
    }

    /// Makes sure that a table is there.
    pub(crate) fn begin_table(&mut self, name: &str) -> Result<()> {
        self.of_kind(name, Kept::Table(Map::new())).map(drop)
    }

    /// Adds to a set. A set that is full takes nothing new.
    pub(crate) fn add(&mut self, name: &str, value: Value) {
        let (more, fits) = (weight(&value), self.bytes_max.saturating_sub(self.bytes));
        let most = self.values_max;
        let Some(Kept::Set(set)) = self.kept.get_mut(name) else { return };
        if set.contains_key(&value) {
            return;
        }
        if set.len() >= most || more > fits {
            self.left_out += 1;
            return;
        }
        set.insert(value, Value::Null);
        self.bytes += more;
    }

    /// Puts a value at the end of a list; the oldest make room for it.
    pub(crate) fn push(&mut self, name: &str, value: Value) {
        let more = weight(&value);
        let (bytes_max, values_max) = (self.bytes_max, self.values_max);
        let Some(Kept::List(list)) = self.kept.get_mut(name) else { return };
        while list.len() >= values_max || self.bytes + more > bytes_max {
            match list.pop_front() {
                Some(old) => {
                    self.bytes -= weight(&old);
                    self.left_out += 1;
                }
                None => {
                    self.left_out += 1;
                    return;
                }
            }
        }
        list.push_back(value);
        self.bytes += more;
    }

    /// Keeps only the last `most` values of a list.
    pub(crate) fn prune(&mut self, name: &str, most: usize) {
        let Some(Kept::List(list)) = self.kept.get_mut(name) else { return };
        while list.len() > most {
            if let Some(old) = list.pop_front() {
                self.bytes -= weight(&old);
            }
        }
    }

    /// Takes a number into an average.
    pub(crate) fn average(&mut self, name: &str, number: &Value) {
        let Some(Kept::Mean { total, count }) = self.kept.get_mut(name) else { return };
        let sum = match (&*total, number) {
            (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::from),
            _ => None,
        };
        let float = || (total.as_f64().unwrap_or(0.0) + number.as_f64().unwrap_or(0.0)).into();
        *total = sum.unwrap_or_else(float);
        *count += 1;
    }

    /// Puts a value under a key of a table. A table that is full takes no new keys.
    pub(crate) fn put(&mut self, name: &str, key: Value, value: Value) {
        let most = self.values_max;
        let Some(Kept::Table(table)) = self.kept.get_mut(name) else { return };
        let old = table.get(&key).map_or(0, |old| weight(old) + weight(&key));
        let more = weight(&key) + weight(&value);
        let full = table.len() >= most && old == 0;
        if full || self.bytes - old + more > self.bytes_max {
            self.left_out += 1;
            return;
        }
        self.bytes = self.bytes - old + more;
        table.insert(key, value);
    }

    /// Takes a key out of a table.
    pub(crate) fn take(&mut self, name: &str, key: &str) {
        let Some(Kept::Table(table)) = self.kept.get_mut(name) else { return };
        if let Some(old) = table.shift_remove(key) {
            self.bytes -= weight(&old) + weight(&key.into());
        }
    }

    /// Empties a register; one that is not there stays away.
    pub(crate) fn clear(&mut self, name: &str) {
        if self.kept.contains_key(name) {
            self.kept.insert(name.to_owned(), Kept::Empty);
            self.weigh();
        }
    }

    /// Removes a register.
    pub(crate) fn delete(&mut self, name: &str) {
        self.kept.remove(name);
        self.weigh();
    }

    fn weigh(&mut self) {
        let of = |kept: &Kept| match kept {
            Kept::Empty | Kept::Mean { .. } => 0,
            Kept::Set(set) => set.keys().map(weight).sum(),
            Kept::List(list) => list.iter().map(weight).sum(),
            Kept::Table(table) => table.iter().map(|(k, v)| weight(k) + weight(v)).sum::<usize>(),
        };
        self.bytes = self.kept.values().map(of).sum();
    }

    /// How many values found no room, or made room for others, since this was asked last.
    pub(crate) fn take_left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    /// All of it as data. Sets are lists, or with `texts` what Python prints of them.
    pub(crate) fn to_map(&self, texts: bool) -> Map {
        let shown = |kept: &Kept| match kept {
            Kept::Empty => Map::new(),
            Kept::Mean { total, count } => {
                map! {"val" => kept.value(), "total" => total.clone(), "count" => *count}
            }
            Kept::Set(set) if texts => {
                let words: Vec<String> = set.keys().map(Value::repr).collect();
                let text = match words.is_empty() {
                    true => "set()".to_owned(),
                    false => format!("{{{}}}", words.join(", ")),
                };
                map! {"val" => text}
            }
            other => map! {"val" => other.value()},
        };
        self.kept.iter().map(|(name, kept)| (name.as_str().into(), shown(kept).into())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(bytes_max: usize, values_max: usize) -> Registers {
        Registers { bytes_max, values_max, ..Registers::default() }
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_bytes() {
        let mut registers = small(1_000, 3);
        registers.begin_set("set").expect("fits");
        registers.begin_list("list").expect("fits");
        registers.begin_table("table").expect("fits");
        for n in 0..10 {
            registers.add("set", n.into());
            registers.push("list", n.into());
            registers.put("table", n.into(), n.into());
        }
        let lens = ["set", "list", "table"].map(|name| registers.get(name).and_then(Kept::len));
        assert_eq!(lens, [Some(3); 3]);
        assert_eq!(registers.get("list").map(Kept::value), Some(vec![7, 8, 9].into()));
        assert_eq!(registers.get("set").map(Kept::value), Some(vec![0, 1, 2].into()));
        assert_eq!((registers.take_left_out(), registers.take_left_out()), (21, 0));
        registers.push("list", "x".repeat(2_000).into());
        assert!(registers.bytes <= 1_000, "{}", registers.bytes);
        for name in ["set", "list", "table"] {
            registers.delete(name);
        }
        assert_eq!(registers.bytes, 0);
    }

    #[test]
    fn bytes_are_counted_back() {
        let mut registers = small(100_000, 100);
        registers.begin_list("list").expect("fits");
        registers.begin_table("table").expect("fits");
        for n in 0..5_000 {
            registers.push("list", map! {"n" => n}.into());
            registers.prune("list", 5);
            registers.put("table", "one".into(), "x".repeat(n % 50).into());
            registers.take("table", if n % 3 == 0 { "one" } else { "other" });
        }
        let counted = registers.bytes;
        registers.weigh();
        assert_eq!(counted, registers.bytes);
        registers.clear("list");
        registers.begin_set("list").expect("an emptied register may become another kind");
        let wrong = registers.begin_mean("list").map_err(|error| error.to_string());
        assert_eq!(wrong, Err("the register 'list' holds a set, not a int".into()));
    }

    #[test]
    fn shown_as_salt_shows_them() {
        let mut registers = Registers::default();
        registers.begin_set("names").expect("fits");
        registers.begin_mean("avg").expect("fits");
        registers.add("names", "eve".into());
        registers.average("avg", &3.into());
        registers.average("avg", &4.into());
        let want = map! {
            "avg" => map! {"val" => 3.5, "total" => 7, "count" => 2},
            "names" => map! {"val" => "{'eve'}"},
        };
        assert_eq!(registers.to_map(true), want);
        assert_eq!(registers.to_map(false).get("names"), Some(&map! {"val" => vec!["eve"]}.into()));
    }
}
