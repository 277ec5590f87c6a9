//! Users' own modules: which of them are copied from the file roots. Salt: `salt/utils/extmods.py` behaviour.

use halite_core::{Opts, Value};

/// Which of one kind are copied.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only these; an empty list is nothing at all.
    whitelist: Option<Vec<String>>,
    blacklist: Vec<String>,
}

impl Wanted {
    /// What the arguments say of one kind of module; without them the options of the same names count.
    pub fn of(opts: &Opts, form: &str, (whitelist, blacklist): (&Value, &Value)) -> Wanted {
        let list = |given: &Value, option: &str| match given {
            Value::Null => opts.get(option).and_then(|lists| names(lists, form)),
            given => names(given, form),
        };
        let whitelist = list(whitelist, "extmod_whitelist");
        let blacklist = list(blacklist, "extmod_blacklist").unwrap_or_default();
        Wanted { whitelist, blacklist }
    }

    /// Whether the module of this name is copied.
    pub fn takes(&self, name: &str) -> bool {
        let listed = |list: &[String]| list.iter().any(|one| one == name);
        self.whitelist.as_deref().is_none_or(listed) && !listed(&self.blacklist)
    }
}

/// The names that a list has for one kind of module: a map by kind, or names of that kind.
fn names(lists: &Value, form: &str) -> Option<Vec<String>> {
    match lists {
        Value::Map(by_form) => match by_form.get(form)? {
            Value::List(list) => Some(list.iter().map(Value::to_string).collect()),
            one => names(one, form),
        },
        Value::List(list) => Some(list.iter().map(Value::to_string).collect()),
        Value::Str(text) => Some(text.split(',').map(str::to_owned).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::{Map, map};

    #[test]
    fn lists_are_by_kind_and_an_empty_one_is_nothing() {
        let takes = |white: Value, black: Value| {
            let opts = Opts::from_map(halite_core::Role::Minion, Map::new());
            Wanted::of(&opts, "modules", (&white, &black)).takes("mine")
        };
        let none = || Value::Null;
        assert!(takes(none(), none()) && takes("mine,other".into(), none()));
        assert!(!takes(map! {"modules" => Value::list([])}.into(), none()));
        assert!(takes(map! {"states" => Value::list([])}.into(), none()));
        assert!(takes(map! {"modules" => vec!["mine"]}.into(), none()));
        assert!(!takes(vec!["min*"].into(), none()) && !takes(none(), "mine".into()));
        assert!(takes(none(), map! {"modules" => vec!["other"]}.into()));
    }
}
