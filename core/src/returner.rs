//! Returners: where results go beside (or instead of) the master's own job cache. One file under `returners/` is one.

use crate::context::{Apply, Context};
use crate::error::{Error, Result};
use crate::value::{Map, Value};

/// One returner. Only what it can do is set; the rest is refused by name.
pub struct Returner {
    /// The name users write. Salt: `__virtualname__`.
    pub name: &'static str,
    /// Takes a return: `id`, `jid`, `fun`, `fun_args`, `return`, `retcode`, `success`.
    pub returner: fn(&Apply<'_>, ret: &Map) -> Result<()>,
    /// Takes events: `tag`, `data`.
    pub event_return: Option<fn(&Apply<'_>, events: &[Map]) -> Result<()>>,
    /// Takes a job as it was asked for.
    pub save_load: Option<fn(&Apply<'_>, jid: &str, load: &Map) -> Result<()>>,
    /// A job as it was asked for; empty if it is not known.
    pub get_load: Option<fn(&Apply<'_>, jid: &str) -> Result<Map>>,
    /// The whole returns of a job, by minion.
    pub get_jid: Option<fn(&Apply<'_>, jid: &str) -> Result<Map>>,
    /// The newest whole return of a function, by minion.
    pub get_fun: Option<fn(&Apply<'_>, fun: &str) -> Result<Map>>,
    /// The loads of all jobs, by jid.
    pub get_jids: Option<fn(&Apply<'_>) -> Result<Map>>,
    /// The minions that returned something.
    pub get_minions: Option<fn(&Apply<'_>) -> Result<Vec<String>>>,
    /// Forgets what is older than so many seconds since 1970.
    pub clean_old_jobs: Option<fn(&Apply<'_>, before_secs: i64) -> Result<()>>,
}

impl Returner {
    /// A returner that only takes returns.
    pub const fn new(name: &'static str, returner: fn(&Apply<'_>, &Map) -> Result<()>) -> Returner {
        Returner {
            name,
            returner,
            event_return: None,
            save_load: None,
            get_load: None,
            get_jid: None,
            get_fun: None,
            get_jids: None,
            get_minions: None,
            clean_old_jobs: None,
        }
    }

    /// Says that the returner has no such function, as Salt names it.
    pub fn lacks(&self, fun: &str) -> Error {
        Error::execution(format!("'{}.{fun}' is not available.", self.name))
    }
}

/// One option of a returner. Salt: `salt.returners.get_returner_options`: `ret_kwargs` of the return, then the
/// alternative configuration `ret_config` names, then `<section>.<name>` or `<section>: {<name>: ..}`.
pub fn option(cx: &Context<'_>, section: &str, ret: &Map, name: &str) -> Option<Value> {
    find_option([cx.opts.values(), cx.pillar], section, ret, name)
}

fn find_option(places: [&Map; 2], section: &str, ret: &Map, name: &str) -> Option<Value> {
    if let Some(value) = ret.get("ret_kwargs").and_then(|given| given.get(name)) {
        return Some(value.clone());
    }
    let set = |value: &Value| !value.is_null() && value.as_str() != Some("");
    let find = |section: &str| {
        places.into_iter().find_map(|place| {
            let nested = place.get(section).and_then(|section| section.get(name));
            let flat = || place.get(format!("{section}.{name}").as_str());
            nested.filter(|value| set(value)).or_else(flat).filter(|value| set(value)).cloned()
        })
    };
    let other = ret.get("ret_config").filter(|config| config.truthy()).map(Value::to_string);
    other.and_then(|config| find(&format!("{config}.{section}"))).or_else(|| find(section))
}

/// A return as it is kept: without `ret_kwargs`, in which passwords of the returner may stand.
pub fn kept(ret: &Map) -> Map {
    let keep = |key: &Value| key.as_str() != Some("ret_kwargs");
    ret.iter()
        .filter(|(key, _)| keep(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// An option as text, or its default.
pub fn text_option(
    cx: &Context<'_>,
    section: &str,
    ret: &Map,
    (name, default): (&str, &str),
) -> String {
    option(cx, section, ret, name).map_or_else(|| default.to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map;

    #[test]
    fn options_are_found_where_salt_finds_them() {
        let opts = map! {
            "returner.x.host" => "flat", "returner.y" => map! {"host" => "nested"},
            "alt.returner.x.host" => "alternative",
        };
        let pillar = map! {"returner.z.host" => "pillar"};
        let find = |section: &str, ret: Map| {
            find_option([&opts, &pillar], section, &ret, "host")
                .map_or_else(String::new, |v| v.to_string())
        };
        assert_eq!(find("returner.x", Map::new()), "flat");
        assert_eq!(find("returner.y", Map::new()), "nested");
        assert_eq!(find("returner.z", Map::new()), "pillar");
        assert_eq!(find("returner.x", map! {"ret_config" => "alt"}), "alternative");
        assert_eq!(find("returner.y", map! {"ret_config" => "alt"}), "nested");
        let given = map! {"ret_kwargs" => map! {"host" => "given"}, "ret_config" => "alt"};
        assert_eq!(kept(&given).keys().map(Value::to_string).collect::<Vec<_>>(), ["ret_config"]);
        assert_eq!(find("returner.x", given), "given");
    }
}
