//! Arguments of a call, and how they meet a function's parameters: as in Python.

use crate::error::{Error, Result};
use crate::registry::Spec;
use crate::value::{FromValue, Map, Type, Value};

/// Positional and keyword arguments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Args {
    /// In the order given.
    pub positional: Vec<Value>,
    /// By name, in the order given.
    pub named: Map,
}

/// `args![1, "a"; user = "x", cwd = dir]`: arguments for [`crate::Context::call`].
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        $crate::Args { positional: vec![$($crate::Value::from($value)),*], named: $crate::Map::new() }
    };
    ($($value:expr),* ; $($name:ident = $named:expr),+ $(,)?) => {{
        let mut named = $crate::Map::new();
        $(named.insert($crate::Value::str(stringify!($name)), $crate::Value::from($named));)+
        $crate::Args { positional: vec![$($crate::Value::from($value)),*], named }
    }};
}

impl Args {
    /// Only keyword arguments.
    pub fn named(named: Map) -> Args {
        Args { positional: Vec::new(), named }
    }

    /// Reads the wire's form: a list in which maps with `__kwarg__: true` are keyword arguments.
    /// Salt: `salt.minion.load_args_and_kwargs` behaviour.
    pub fn from_wire(items: &[Value]) -> Args {
        let mut args = Args::default();
        for item in items {
            match item.as_map() {
                Some(map) if map.get("__kwarg__").is_some_and(Value::truthy) => {
                    let named = map.iter().filter(|(key, _)| key.as_str() != Some("__kwarg__"));
                    args.named.extend(named.map(|(k, v)| (k.clone(), v.clone())));
                }
                _ => args.positional.push(item.clone()),
            }
        }
        args
    }

    /// The wire's form of these arguments.
    pub fn to_wire(&self) -> Vec<Value> {
        let mut items = self.positional.clone();
        if !self.named.is_empty() {
            let mut named = self.named.clone();
            named.insert("__kwarg__".into(), true.into());
            items.push(named.into());
        }
        items
    }

    /// Binds to the parameters of `spec` as a Python call would: one slot per parameter, then the
    /// extra positional (`*args`) and extra named (`**kwargs`) ones.
    ///
    /// # Errors
    /// Python's texts for unknown, doubled, missing and too many arguments.
    pub fn bind(self, fun: &str, spec: &Spec) -> Result<Bound> {
        let mut slots: Vec<Option<Value>> = Vec::with_capacity(spec.params.len());
        let mut positional = self.positional.into_iter();
        let given = positional.len();
        slots.extend(positional.by_ref().take(spec.positional).map(Some));
        slots.resize(spec.params.len(), None);
        let extra: Vec<Value> = positional.collect();
        if !extra.is_empty() && !spec.extra_positional {
            return Err(Error::usage(fun, too_many(spec, given)));
        }
        let mut named = Map::new();
        let mut unknown = Vec::new();
        for (key, value) in self.named {
            let name = key.as_str().unwrap_or_default();
            match spec.params.iter().position(|param| param.name == name) {
                Some(i) if slots[i].is_some() => {
                    let what = format!("{}() got multiple values for argument '{name}'", spec.name);
                    return Err(Error::usage(fun, what));
                }
                Some(i) => slots[i] = Some(value),
                // Salt adds `__pub_*` to every published call; functions that do not ask never see them.
                None if name.starts_with("__pub_") && !spec.extra_named => {}
                None if spec.extra_named => drop(named.insert(key, value)),
                None => unknown.push(name.to_owned()),
            }
        }
        if !unknown.is_empty() {
            return Err(Error::usage(fun, invalid_keywords(fun, &unknown)));
        }
        let missing: Vec<&str> = (spec.params.iter().zip(&slots))
            .filter(|(param, slot)| param.default.is_none() && slot.is_none())
            .map(|(param, _)| param.name)
            .collect();
        if !missing.is_empty() {
            return Err(Error::usage(fun, missing_text(spec, &missing)));
        }
        Ok(Bound { slots: slots.into_iter(), extra, named })
    }
}

/// Salt: `salt.utils.args.invalid_kwargs` behaviour.
fn invalid_keywords(fun: &str, names: &[String]) -> String {
    match names {
        [one] => format!("'{one}' is an invalid keyword argument for '{fun}'"),
        many => {
            let (last, rest) = many.split_last().expect("never called without names");
            let rest: Vec<String> = rest.iter().map(|name| format!("'{name}'")).collect();
            format!("{}, and '{last}' are invalid keyword arguments for '{fun}'", rest.join(", "))
        }
    }
}

fn too_many(spec: &Spec, given: usize) -> String {
    let most = spec.params.len();
    let least = spec.params.iter().filter(|param| param.default.is_none()).count();
    let takes = if least == most { most.to_string() } else { format!("from {least} to {most}") };
    let plural = if most == 1 && least == most { "" } else { "s" };
    let verb = if given == 1 { "was" } else { "were" };
    format!("{}() takes {takes} positional argument{plural} but {given} {verb} given", spec.name)
}

fn missing_text(spec: &Spec, missing: &[&str]) -> String {
    let quoted: Vec<String> = missing.iter().map(|name| format!("'{name}'")).collect();
    let list = match quoted.as_slice() {
        [one] => one.clone(),
        [a, b] => format!("{a} and {b}"),
        [rest @ .., last] => format!("{}, and {last}", rest.join(", ")),
        [] => String::new(),
    };
    let plural = if missing.len() == 1 { "" } else { "s" };
    format!(
        "{}() missing {} required positional argument{plural}: {list}",
        spec.name,
        missing.len()
    )
}

#[cold]
fn wrong_type(fun: &str, name: &str, wanted: Type, value: &Value) -> Error {
    let (wanted, kind, shown) = (wanted.name(), value.type_name(), value.repr());
    Error::usage(fun, format!("`{fun}` expects `{name}` to be {wanted}, got {kind} {shown}"))
}

#[cold]
fn absent(fun: &str, name: &str) -> Error {
    Error::usage(fun, format!("{fun} needs the argument '{name}'"))
}

/// Arguments in the order of the parameters; used by the code that `#[function]` makes.
pub struct Bound {
    slots: std::vec::IntoIter<Option<Value>>,
    extra: Vec<Value>,
    named: Map,
}

impl Bound {
    /// The next parameter's value, or its default when none was given.
    ///
    /// # Errors
    /// If the value is of a type that the parameter does not take.
    pub fn take<T: FromValue>(
        &mut self,
        fun: &str,
        name: &str,
        default: impl FnOnce() -> Option<T>,
    ) -> Result<T> {
        match self.given(fun, name)? {
            Some(value) => Ok(value),
            None => default().ok_or_else(|| absent(fun, name)),
        }
    }

    /// The next parameter's value, if one was given. Apart from [`Bound::take`], of which there is one for each of
    /// some two thousand parameters: this one exists once for each type.
    #[inline(never)]
    fn given<T: FromValue>(&mut self, fun: &str, name: &str) -> Result<Option<T>> {
        let Some(value) = self.slots.next().flatten() else { return Ok(None) };
        T::from_value(value).map(Some).map_err(|value| wrong_type(fun, name, T::TYPE, &value))
    }

    /// What `*args` receives.
    pub fn take_extra(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.extra)
    }

    /// What `**kwargs` receives.
    pub fn take_named(&mut self) -> Map {
        std::mem::take(&mut self.named)
    }
}
