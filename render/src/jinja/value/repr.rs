//! `str()` and `repr()`.

use halite_core::value::{float_repr, repr_bytes, repr_str};

use super::{DictKind, Obj, Val};
use crate::jinja::fault::R;

/// How deep `repr` goes; Python prints `...` for cycles, we do so at this depth too.
const DEEPEST_REPR: usize = 128;

/// `str(value)`; an error for a strict undefined.
pub(crate) fn to_text(val: &Val) -> R<std::borrow::Cow<'_, str>> {
    Ok(match val {
        Val::Str(text) | Val::Markup(text) => (&**text).into(),
        Val::Undef(undef) if undef.strict => return Err(undef.fault()),
        Val::Undef(_) => "".into(),
        Val::Obj(obj) if !matches!(**obj, Obj::Namespace(_)) => obj.text().into(),
        other => repr(other).into(),
    })
}

/// `repr(value)`.
pub(crate) fn repr(val: &Val) -> String {
    let mut out = String::new();
    write_repr(val, &mut out, &mut Vec::new());
    out
}

fn write_repr(val: &Val, out: &mut String, above: &mut Vec<*const ()>) {
    match val {
        Val::Undef(_) => out.push_str("Undefined"),
        Val::None => out.push_str("None"),
        Val::Bool(flag) => out.push_str(if *flag { "True" } else { "False" }),
        Val::Int(int) => out.push_str(&int.to_string()),
        Val::Big(big) => out.push_str(&big.to_string()),
        Val::Float(float) => out.push_str(&float_repr(*float)),
        Val::Str(text) => out.push_str(&repr_str(text)),
        Val::Markup(text) => {
            out.push_str("Markup(");
            out.push_str(&repr_str(text));
            out.push(')');
        }
        Val::Bytes(bytes) => out.push_str(&repr_bytes(bytes)),
        Val::Range(range) if range.step == 1 => {
            out.push_str(&format!("range({}, {})", range.start, range.stop));
        }
        Val::Range(range) => {
            out.push_str(&format!("range({}, {}, {})", range.start, range.stop, range.step));
        }
        Val::Iter(iter) if iter.type_name() == "generator" => {
            out.push_str(&format!("<generator object {} at 0x7f0000000000>", iter.name));
        }
        Val::Iter(iter) => out.push_str(&format!("<{} object at 0x7f0000000000>", iter.name)),
        Val::Obj(obj) => match &**obj {
            Obj::Module(module) => {
                out.push_str(&format!("<TemplateModule {}>", repr_str(&module.name)));
            }
            Obj::Namespace(attrs) => {
                let address: *const () = std::rc::Rc::as_ptr(obj).cast();
                if above.contains(&address) || above.len() >= DEEPEST_REPR {
                    return out.push_str("<Namespace ...>");
                }
                above.push(address);
                let attrs = attrs.borrow();
                let pair = |(k, v): (&std::sync::Arc<str>, &Val)| (Val::Str(k.clone()), v.clone());
                let dict = Val::dict(attrs.iter().map(pair));
                out.push_str("<Namespace ");
                write_repr(&dict, out, above);
                out.push('>');
                above.pop();
            }
            other => out.push_str(&other.text()),
        },
        container => write_container(container, out, above),
    }
}

fn write_container(val: &Val, out: &mut String, above: &mut Vec<*const ()>) {
    let (address, open, close): (*const (), _, _) = match val {
        Val::List(list) => (std::rc::Rc::as_ptr(list).cast(), "[", "]"),
        Val::Dict(dict) if dict.kind == DictKind::Ordered => {
            (std::rc::Rc::as_ptr(dict).cast(), "OrderedDict([", "])")
        }
        Val::Dict(dict) => (std::rc::Rc::as_ptr(dict).cast(), "{", "}"),
        Val::Set(set) if set.items.borrow().is_empty() => return out.push_str("set()"),
        Val::Set(set) => (std::rc::Rc::as_ptr(set).cast(), "{", "}"),
        Val::Tuple(tuple) => (std::rc::Rc::as_ptr(tuple).cast(), "(", ")"),
        Val::View(view) => (std::rc::Rc::as_ptr(view).cast(), "", ""),
        _ => (std::ptr::null(), "", ""),
    };
    if !address.is_null() && (above.contains(&address) || above.len() >= DEEPEST_REPR) {
        out.push_str(open);
        out.push_str("...");
        return out.push_str(close);
    }
    above.push(address);
    match val {
        Val::Dict(dict) if dict.kind == DictKind::Ordered && dict.len() == 0 => {
            out.push_str("OrderedDict()")
        }
        Val::Dict(dict) => {
            out.push_str(open);
            for (i, (key, item)) in dict.map().iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                let ordered = dict.kind == DictKind::Ordered;
                out.push_str(if ordered { "(" } else { "" });
                write_repr(&key.0, out, above);
                out.push_str(if ordered { ", " } else { ": " });
                write_repr(item, out, above);
                out.push_str(if ordered { ")" } else { "" });
            }
            out.push_str(close);
        }
        Val::List(list) => write_items(&list.items(), (open, close), out, above),
        Val::Tuple(tuple) => {
            let close = if tuple.items.len() == 1 { ",)" } else { close };
            write_items(&tuple.items, (open, close), out, above);
        }
        Val::Set(set) => write_items(&set.to_vec(), (open, close), out, above),
        Val::View(view) => {
            out.push_str(view.kind.name());
            write_items(&view.to_vec(), ("([", "])"), out, above);
        }
        _ => {}
    }
    above.pop();
}

fn write_items(
    items: &[Val],
    (open, close): (&str, &str),
    out: &mut String,
    above: &mut Vec<*const ()>,
) {
    out.push_str(open);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write_repr(item, out, above);
    }
    out.push_str(close);
}
