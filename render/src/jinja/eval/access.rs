//! `a.b`, `a[b]`, `a[b:c]`, and what each type has under a name.

use std::rc::Rc;

use super::Rt;
use crate::jinja::fault::{Class, R, nearest, type_error, value_error};
use crate::jinja::methods;
use crate::jinja::value::{Block, LoopState, Method, Obj, Range, Val};

/// Names of Python's machinery that every object has: templates may not reach them.
const MACHINERY: [&str; 34] = [
    "__class__",
    "__doc__",
    "__dict__",
    "__dir__",
    "__init__",
    "__init_subclass__",
    "__new__",
    "__module__",
    "__repr__",
    "__str__",
    "__eq__",
    "__ne__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__hash__",
    "__getattribute__",
    "__setattr__",
    "__delattr__",
    "__reduce__",
    "__reduce_ex__",
    "__sizeof__",
    "__subclasshook__",
    "__format__",
    "__len__",
    "__iter__",
    "__contains__",
    "__getitem__",
    "__add__",
    "__mul__",
    "__mod__",
    "__globals__",
    "__code__",
];

impl Rt<'_> {
    /// `val.name`: what the object has by that name, else its item.
    pub(crate) fn get_attr(&self, val: &Val, name: &str) -> R<Val> {
        if let Val::Undef(undef) = val {
            return Err(undef.fault());
        }
        if let Some(found) = self.attribute(val, name)? {
            return Ok(found);
        }
        if let Val::Dict(dict) = val
            && let Some(found) = dict.get_str(name)
        {
            return Ok(found);
        }
        Ok(self.no_attribute(val, name))
    }

    /// `getattr` without the item: `None` is Python's AttributeError.
    pub(crate) fn attribute(&self, val: &Val, name: &str) -> R<Option<Val>> {
        if name.starts_with('_') {
            return Ok(MACHINERY.contains(&name).then(|| self.unsafe_attribute(val, name)));
        }
        if let Some(name) = methods::find(val, name) {
            return Ok(Some(Val::obj(Obj::Method(Method { object: val.clone(), name }))));
        }
        Ok(match val {
            Val::Int(_) | Val::Big(_) | Val::Bool(_) => match name {
                "real" | "numerator" => Some(Val::from_big(val.as_big().unwrap_or_default())),
                "imag" => Some(Val::Int(0)),
                "denominator" => Some(Val::Int(1)),
                _ => None,
            },
            Val::Float(_) => match name {
                "real" => Some(val.clone()),
                "imag" => Some(Val::Float(0.0)),
                _ => None,
            },
            Val::Tuple(tuple) => {
                let at = tuple.names.iter().position(|known| *known == name);
                at.and_then(|at| tuple.items.get(at).cloned())
            }
            Val::Range(range) => match name {
                "start" => Some(Val::Int(range.start)),
                "stop" => Some(Val::Int(range.stop)),
                "step" => Some(Val::Int(range.step)),
                _ => None,
            },
            Val::Obj(obj) => self.object_attribute(obj, name)?,
            _ => None,
        })
    }

    fn object_attribute(&self, obj: &Rc<Obj>, name: &str) -> R<Option<Val>> {
        Ok(match &**obj {
            Obj::Namespace(attrs) => attrs.borrow().get(name).cloned(),
            Obj::Macro(item) => match name {
                "name" => Some(Val::Str(item.def.name.clone())),
                "arguments" => {
                    Some(Val::tuple(item.def.params.iter().cloned().map(Val::Str).collect()))
                }
                "catch_kwargs" => Some(Val::Bool(item.def.kwargs)),
                "catch_varargs" => Some(Val::Bool(item.def.varargs)),
                "caller" => Some(Val::Bool(item.def.caller)),
                _ => None,
            },
            Obj::Cycler(cycler) if name == "current" => cycler.items.get(cycler.at.get()).cloned(),
            Obj::Cycler(cycler) if name == "pos" => Some(Val::Int(cycler.at.get() as i64)),
            Obj::Joiner(joiner) if name == "sep" => Some(joiner.separator.clone()),
            Obj::Loop(state) => self.loop_attribute(state, name)?,
            Obj::Module(module) => module.scope.exported(name),
            Obj::Blocks(root) => {
                let blocks = root.root.as_ref().map(|root| root.blocks.borrow().contains_key(name));
                (blocks == Some(true)).then(|| {
                    Val::obj(Obj::Block(Block { name: name.into(), depth: 0, scope: root.clone() }))
                })
            }
            Obj::Block(block) if name == "super" => Some(self.parent_block(block)),
            Obj::Salt => self.has_salt_module(name).then(|| Val::obj(Obj::SaltModule(name.into()))),
            Obj::SaltModule(module) => {
                let full = format!("{module}.{name}");
                self.request.salt.exists(&full).then(|| Val::obj(Obj::SaltFunction(full.into())))
            }
            _ => None,
        })
    }

    fn loop_attribute(&self, state: &LoopState, name: &str) -> R<Option<Val>> {
        let at = state.index0.get();
        let int = |int: usize| Some(Val::Int(int as i64));
        Ok(match name {
            "index" => int(at + 1),
            "index0" => int(at),
            "first" => Some(Val::Bool(at == 0)),
            "last" => Some(Val::Bool(!state.fill(self, at + 1)?)),
            "length" => int(state.fill_all(self)?),
            "revindex" => int(state.fill_all(self)? - at),
            "revindex0" => int(state.fill_all(self)? - at - 1),
            "depth" => int(state.depth0 + 1),
            "depth0" => int(state.depth0),
            "previtem" if at == 0 => {
                Some(self.undefined("there is no previous item", Class::Undefined, None))
            }
            "previtem" => state.seen.borrow().get(at - 1).cloned(),
            "nextitem" if state.fill(self, at + 1)? => state.seen.borrow().get(at + 1).cloned(),
            "nextitem" => Some(self.undefined("there is no next item", Class::Undefined, None)),
            _ => None,
        })
    }

    fn unsafe_attribute(&self, val: &Val, name: &str) -> Val {
        let message =
            format!("access to attribute '{name}' of '{}' object is unsafe.", val.type_name());
        self.undefined(message, Class::Security, None)
    }

    /// The undefined of a missing member, with the nearest key as hint.
    fn no_attribute(&self, val: &Val, name: &str) -> Val {
        let hint = match val {
            Val::Dict(dict) => {
                let keys = dict.keys();
                let names: Vec<&str> = keys.iter().filter_map(Val::as_str).collect();
                member_hint(name, &names)
            }
            Val::Obj(obj) if matches!(**obj, Obj::Salt | Obj::SaltModule(_)) => {
                let full = match &**obj {
                    Obj::SaltModule(module) => format!("{module}.{name}"),
                    _ => name.to_string(),
                };
                let names = self.request.salt.names();
                nearest(&full, names.iter().map(String::as_str))
                    .map(|near| format!("did you mean '{near}'?"))
            }
            Val::Obj(obj) => match &**obj {
                Obj::Module(module) => {
                    let names: Vec<String> =
                        module.scope.names().iter().map(|n| n.to_string()).collect();
                    nearest(name, names.iter().map(String::as_str))
                        .map(|near| format!("did you mean '{near}'?"))
                }
                _ => None,
            },
            _ => None,
        };
        let object = halite_core::value::repr_str(&val.object_repr());
        let name = halite_core::value::repr_str(name);
        self.undefined(format!("{object} has no attribute {name}"), Class::Undefined, hint)
    }

    /// `val[key]`: the item, else what the object has by that name.
    pub(crate) fn get_item(&self, val: &Val, key: &Val) -> R<Val> {
        if let Val::Undef(undef) = val {
            return Err(undef.fault());
        }
        if let Some(found) = self.item(val, key)? {
            return Ok(found);
        }
        if let Some(name) = key.as_str() {
            if let Some(found) = self.attribute(val, name)? {
                return Ok(found);
            }
            return Ok(self.no_attribute(val, name));
        }
        let shown = crate::jinja::value::repr(key);
        let message = format!("{} has no element {shown}", val.object_repr());
        Ok(self.undefined(message, Class::Undefined, None))
    }

    /// `val[key]` alone: `None` is Python's TypeError or LookupError.
    pub(crate) fn item(&self, val: &Val, key: &Val) -> R<Option<Val>> {
        if let Val::Undef(undef) = key
            && undef.strict
        {
            // Lists ask for an index and get no further; dicts hash the key, which fails.
            return match val {
                Val::Dict(_) => Err(undef.fault()),
                _ => Ok(None),
            };
        }
        Ok(match val {
            Val::Dict(dict) => {
                if key.hashable().is_err() {
                    return Ok(None);
                }
                dict.get(key)
            }
            Val::List(list) => index(key, list.len()).and_then(|at| list.get(at)),
            Val::Tuple(tuple) => {
                index(key, tuple.items.len()).and_then(|at| tuple.items.get(at).cloned())
            }
            Val::Str(text) => char_at(text, key).map(Val::str),
            Val::Markup(text) => char_at(text, key).map(Val::markup),
            Val::Bytes(bytes) => index(key, bytes.len())
                .and_then(|at| bytes.get(at))
                .map(|byte| Val::Int(i64::from(*byte))),
            Val::Range(range) => index(key, range.len()).map(|at| range.nth(at)),
            Val::Obj(obj) => match (&**obj, key.as_str()) {
                (Obj::Salt, Some(name)) => {
                    self.request.salt.exists(name).then(|| Val::obj(Obj::SaltFunction(name.into())))
                }
                _ => None,
            },
            _ => None,
        })
    }

    /// `val[start:stop:step]`.
    pub(crate) fn slice(&self, val: &Val, parts: [Option<Val>; 3]) -> R<Val> {
        if let Val::Undef(undef) = val {
            return Err(undef.fault());
        }
        let mut bounds = [None; 3];
        for (bound, part) in bounds.iter_mut().zip(&parts) {
            *bound = match part {
                None | Some(Val::None) => None,
                Some(part) => {
                    part.defined()?;
                    match part.as_int() {
                        Some(int) => Some(int),
                        None => {
                            return type_error(
                                "slice indices must be integers or None or have an __index__ method",
                            );
                        }
                    }
                }
            };
        }
        if bounds[2] == Some(0) {
            return value_error("slice step cannot be zero");
        }
        let pick = |items: &[Val]| -> Vec<Val> {
            slice_indices(items.len(), bounds).map(|at| items[at].clone()).collect()
        };
        Ok(match val {
            Val::List(list) => Val::list(pick(&list.items())),
            Val::Tuple(tuple) => Val::tuple(pick(&tuple.items)),
            Val::Str(text) => Val::str(slice_text(text, bounds)),
            Val::Markup(text) => Val::markup(slice_text(text, bounds)),
            Val::Bytes(bytes) => {
                let part: Vec<u8> =
                    slice_indices(bytes.len(), bounds).map(|at| bytes[at]).collect();
                Val::Bytes(part.into())
            }
            Val::Range(range) => {
                let mut at = slice_indices(range.len(), bounds);
                let step = range.step.saturating_mul(bounds[2].unwrap_or(1));
                let count = at.len() as i64;
                let start = at.next().map_or(0, |first| range.nth(first).as_int().unwrap_or(0));
                let stop = start.saturating_add(step.saturating_mul(count));
                Val::Range(Rc::new(Range { start, stop, step }))
            }
            other => {
                let message = format!("{} has no element slice(...)", other.object_repr());
                self.undefined(message, Class::Undefined, None)
            }
        })
    }
}

/// A hint about the members of a dict: the nearest, or a few that are there.
fn member_hint(name: &str, names: &[&str]) -> Option<String> {
    const SHOWN: usize = 8;
    if let Some(near) = nearest(name, names.iter().copied()) {
        return Some(format!("did you mean '{near}'?"));
    }
    if names.is_empty() {
        return Some("there are no keys".into());
    }
    let more = if names.len() > SHOWN { ", ..." } else { "" };
    Some(format!("keys that are there: {}{more}", names[..names.len().min(SHOWN)].join(", ")))
}

/// A Python index as position; `None` if it is none or out of range.
pub(crate) fn index(key: &Val, len: usize) -> Option<usize> {
    let at = key.as_int()?;
    let at = if at < 0 { at + len as i64 } else { at };
    usize::try_from(at).ok().filter(|at| *at < len)
}

fn char_at(text: &str, key: &Val) -> Option<String> {
    if text.is_ascii() {
        return index(key, text.len()).map(|at| text[at..=at].to_string());
    }
    let len = text.chars().count();
    index(key, len).and_then(|at| text.chars().nth(at)).map(String::from)
}

fn slice_text(text: &str, bounds: [Option<i64>; 3]) -> String {
    let chars: Vec<char> = text.chars().collect();
    slice_indices(chars.len(), bounds).map(|at| chars[at]).collect()
}

/// The positions that `[start:stop:step]` picks of `len` items; the step is not zero.
pub(crate) fn slice_indices(
    len: usize,
    [start, stop, step]: [Option<i64>; 3],
) -> impl ExactSizeIterator<Item = usize> {
    let len = len as i64;
    let step = step.unwrap_or(1);
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let clamp =
        |bound: i64| (if bound < 0 { bound.saturating_add(len) } else { bound }).clamp(low, high);
    let start = start.map_or(if step > 0 { low } else { high }, clamp);
    let stop = stop.map_or(if step > 0 { high } else { low }, clamp);
    let range = Range { start, stop, step };
    (0..range.len()).map(move |at| (i128::from(start) + i128::from(step) * at as i128) as usize)
}
