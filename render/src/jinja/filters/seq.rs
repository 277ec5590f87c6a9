//! Filters about sequences.

use super::basic::optional_int;
use super::{attribute_path, given};
use crate::jinja::eval::{Args, Rt, ops};
use crate::jinja::fault::{R, type_error, value_error};
use crate::jinja::value::{Val, compare, less};

pub(super) const NAMES: &[&str] =
    &["batch", "join", "reverse", "slice", "sum", "min", "max", "avg"];

/// How many parts `slice` may make.
const MOST_SLICES: i64 = 1_000_000;

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    Ok(match name {
        "join" => join(rt, &val, args)?,
        "batch" => batch(rt, &val, args)?,
        "slice" => slice(rt, &val, args)?,
        "sum" => {
            let [attribute, start] = args.bind("do_sum", ["attribute", "start"], 0)?;
            let mut sum = start.unwrap_or(Val::Int(0));
            if sum.as_str().is_some() {
                return type_error("sum() can't sum strings [use ''.join(seq) instead]");
            }
            for item in rt.iterate(&val)? {
                let item = match given(attribute.clone()) {
                    Some(path) => attribute_path(rt, &item, &path, None)?,
                    None => item,
                };
                sum = ops::binary(rt, crate::jinja::ast::BinOp::Add, &sum, &item)?;
            }
            sum
        }
        "min" | "max" => {
            let [] = args.bind(if name == "min" { "lst_min" } else { "lst_max" }, [], 0)?;
            let items = rt.iterate(&val)?;
            let mut items = items.into_iter();
            let Some(mut best) = items.next() else {
                return value_error(format!("{name}() arg is an empty sequence"));
            };
            for item in items {
                let better = if name == "min" {
                    less(&item, &best, "<")?
                } else {
                    compare(&item, &best, ">")? == Some(std::cmp::Ordering::Greater)
                };
                if better {
                    best = item;
                }
            }
            best
        }
        "avg" => average(rt, &val)?,
        _ => reverse(rt, &val)?,
    })
}

fn average(rt: &Rt<'_>, val: &Val) -> R<Val> {
    if val.hashable().is_ok() {
        return match super::basic::to_float(val) {
            Some(float) => Ok(float),
            None => type_error(format!(
                "float() argument must be a string or a real number, not '{}'",
                val.type_name()
            )),
        };
    }
    let items = rt.iterate(val)?;
    let mut sum = Val::Int(0);
    for item in &items {
        sum = ops::binary(rt, crate::jinja::ast::BinOp::Add, &sum, item)?;
    }
    ops::binary(rt, crate::jinja::ast::BinOp::Div, &sum, &Val::Int(items.len() as i64))
}

fn reverse(rt: &Rt<'_>, val: &Val) -> R<Val> {
    match val {
        Val::Str(text) => Ok(Val::str(text.chars().rev().collect::<String>())),
        Val::Markup(text) => Ok(Val::markup(text.chars().rev().collect::<String>())),
        other => {
            let mut items = rt.iterate(other)?;
            items.reverse();
            Ok(match other {
                Val::List(_) => Val::iter("list_reverseiterator", items),
                Val::Iter(_) | Val::Set(_) => Val::list(items),
                _ => Val::iter("reversed", items),
            })
        }
    }
}

fn join(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let [separator, attribute] = args.bind("do_join", ["d", "attribute"], 0)?;
    let separator = separator.map_or(Ok(String::new()), |separator| rt.text(&separator))?;
    let attribute = given(attribute);
    let mut out = String::new();
    for (at, item) in rt.iterate(val)?.into_iter().enumerate() {
        if at > 0 {
            out.push_str(&separator);
        }
        let item = match &attribute {
            Some(path) => attribute_path(rt, &item, path, None)?,
            None => item,
        };
        out.push_str(&crate::jinja::value::to_text(&item)?);
    }
    rt.bytes(out.len())?;
    Ok(Val::str(out))
}

fn batch(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let [count, fill] = args.bind("do_batch", ["linecount", "fill_with"], 1)?;
    let count = optional_int(count)?.unwrap_or(0);
    let mut rows: Vec<Vec<Val>> = Vec::new();
    for item in rt.iterate(val)? {
        match rows.last_mut() {
            Some(row) if row.len() as i64 != count => row.push(item),
            // Jinja hands out a row once it is full: rows of none are full before the first item.
            None if count == 0 => rows.extend([Vec::new(), vec![item]]),
            _ => rows.push(vec![item]),
        }
    }
    if let (Some(fill), Some(last)) = (given(fill), rows.last_mut()) {
        let missing = usize::try_from(count.saturating_sub(last.len() as i64)).unwrap_or(0);
        rt.step(missing as u64)?;
        rt.check_size(missing)?;
        last.extend(std::iter::repeat_n(fill, missing));
    }
    Ok(Val::iter("do_batch", rows.into_iter().map(Val::list).collect()))
}

fn slice(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let [slices, fill] = args.bind("sync_do_slice", ["slices", "fill_with"], 1)?;
    let slices = optional_int(slices)?.unwrap_or(0).min(MOST_SLICES);
    if slices == 0 {
        return Err(crate::jinja::fault::Fault::new(
            crate::jinja::fault::Class::ZeroDivision,
            "integer division or modulo by zero",
        ));
    }
    let items = rt.iterate(val)?;
    let slices = usize::try_from(slices).unwrap_or(0);
    rt.step(slices as u64)?;
    let (each, extra) = (items.len() / slices.max(1), items.len() % slices.max(1));
    let fill = given(fill);
    let mut rows = Vec::with_capacity(slices);
    let mut start = 0;
    for number in 0..slices {
        let end = start + each + usize::from(number < extra);
        let mut row = items[start..end].to_vec();
        if let Some(fill) = fill.as_ref().filter(|_| number >= extra) {
            row.push(fill.clone());
        }
        rows.push(Val::list(row));
        start = end;
    }
    Ok(Val::iter("sync_do_slice", rows))
}
