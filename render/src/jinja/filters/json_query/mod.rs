//! `json_query`: JMESPath expressions over data.

mod functions;
mod parse;

use parse::{Cmp, Node};

use crate::jinja::eval::{Args, Rt, index, slice_indices};
use crate::jinja::fault::{R, recursion_error, value_error};
use crate::jinja::value::{Obj, Val, compare, eq};

pub(super) const NAMES: &[&str] = &["json_query"];

/// How deep an expression may nest.
const DEEPEST: u32 = 60;

pub(super) fn call(rt: &Rt<'_>, _: &str, val: Val, args: Args) -> R<Val> {
    val.defined()?;
    let [expression] = args.bind("json_query", ["expr"], 1)?;
    let expression = rt.text(&expression.unwrap_or(Val::None))?;
    rt.step(expression.len() as u64)?;
    let node = match parse::parse(&expression) {
        Ok(node) => node,
        Err(error) => return value_error(format!("Invalid jmespath expression: {error}")),
    };
    search(rt, &node, &val, 0)
}

/// JMESPath's truth: empty text and containers, `false` and `null` are not true; zero is.
fn truthy(val: &Val) -> bool {
    match val {
        Val::None | Val::Bool(false) => false,
        Val::Str(_) | Val::Markup(_) | Val::List(_) | Val::Tuple(_) | Val::Dict(_) => {
            val.truthy().unwrap_or(true)
        }
        _ => true,
    }
}

fn items_of(val: &Val) -> Option<Vec<Val>> {
    match val {
        Val::List(list) => Some(list.to_vec()),
        Val::Tuple(tuple) => Some(tuple.items.clone()),
        _ => None,
    }
}

fn search(rt: &Rt<'_>, node: &Node, val: &Val, depth: u32) -> R<Val> {
    rt.step(1)?;
    if depth > DEEPEST {
        return recursion_error("the JMESPath expression nests too deep");
    }
    let sub = |node: &Node, val: &Val| search(rt, node, val, depth + 1);
    Ok(match node {
        Node::Current => val.clone(),
        Node::Literal(literal) => Val::from(literal),
        Node::Field(name) => match val {
            Val::Dict(dict) => dict.get_str(name).unwrap_or(Val::None),
            _ => Val::None,
        },
        Node::Index(at) => {
            let items = items_of(val).unwrap_or_default();
            index(&Val::Int(*at), items.len()).map_or(Val::None, |at| items[at].clone())
        }
        Node::Slice(bounds) => match items_of(val) {
            Some(items) => {
                Val::list(slice_indices(items.len(), *bounds).map(|at| items[at].clone()).collect())
            }
            None => Val::None,
        },
        Node::Sub(left, right) | Node::Pipe(left, right) => sub(right, &sub(left, val)?)?,
        Node::Projection(..) | Node::ValueProjection(..) | Node::Flatten(_) | Node::Filter(..) => {
            projection(rt, node, val, depth)?
        }
        Node::Compare(op, left, right) => comparison(*op, &sub(left, val)?, &sub(right, val)?)?,
        Node::And(left, right) => {
            let left = sub(left, val)?;
            if truthy(&left) { sub(right, val)? } else { left }
        }
        Node::Or(left, right) => {
            let left = sub(left, val)?;
            if truthy(&left) { left } else { sub(right, val)? }
        }
        Node::Not(operand) => Val::Bool(!truthy(&sub(operand, val)?)),
        Node::List(items) if !val.is_none() => {
            Val::list(items.iter().map(|item| sub(item, val)).collect::<R<_>>()?)
        }
        Node::Dict(pairs) if !val.is_none() => {
            let mut made = Vec::new();
            for (name, item) in pairs {
                made.push((Val::str(name), sub(item, val)?));
            }
            Val::dict(made)
        }
        Node::List(_) | Node::Dict(_) => Val::None,
        Node::Function(name, args) => functions::call(rt, name, args, val, depth)?,
        Node::Reference(_) => {
            return value_error("an expression reference stands where a value is wanted");
        }
    })
}

fn projection(rt: &Rt<'_>, node: &Node, val: &Val, depth: u32) -> R<Val> {
    let sub = |node: &Node, val: &Val| search(rt, node, val, depth + 1);
    Ok(match node {
        Node::Projection(left, right) => match items_of(&sub(left, val)?) {
            Some(items) => project(items, |item| sub(right, item))?,
            None => Val::None,
        },
        Node::ValueProjection(left, right) => match sub(left, val)? {
            Val::Dict(dict) => project(dict.values(), |item| sub(right, item))?,
            _ => Val::None,
        },
        Node::Flatten(left) => match items_of(&sub(left, val)?) {
            Some(items) => {
                let flat = items.into_iter().flat_map(|item| match items_of(&item) {
                    Some(inner) => inner,
                    None => vec![item],
                });
                Val::list(flat.collect())
            }
            None => Val::None,
        },
        Node::Filter(left, test, right) => match items_of(&sub(left, val)?) {
            Some(items) => {
                let mut kept = Vec::new();
                for item in items {
                    if truthy(&sub(test, &item)?) {
                        kept.push(item);
                    }
                }
                project(kept, |item| sub(right, item))?
            }
            None => Val::None,
        },
        _ => Val::None,
    })
}

/// What a projection keeps: everything but null.
fn project(items: Vec<Val>, mut each: impl FnMut(&Val) -> R<Val>) -> R<Val> {
    let mut kept = Vec::new();
    for item in items {
        let item = each(&item)?;
        if !item.is_none() {
            kept.push(item);
        }
    }
    Ok(Val::list(kept))
}

fn comparison(op: Cmp, left: &Val, right: &Val) -> R<Val> {
    use std::cmp::Ordering::{Greater, Less};
    let booleans = matches!(left, Val::Bool(_)) != matches!(right, Val::Bool(_));
    match op {
        Cmp::Eq => return Ok(Val::Bool(!booleans && eq(left, right)?)),
        Cmp::Ne => return Ok(Val::Bool(booleans || !eq(left, right)?)),
        _ => {}
    }
    let orderable =
        |val: &Val| (val.is_number() && !matches!(val, Val::Bool(_))) || val.as_str().is_some();
    if !orderable(left) || !orderable(right) || left.is_number() != right.is_number() {
        return Ok(Val::None);
    }
    let order = compare(left, right, "<")?;
    Ok(Val::Bool(match op {
        Cmp::Lt => order == Some(Less),
        Cmp::Le => order.is_some_and(|order| order != Greater),
        Cmp::Gt => order == Some(Greater),
        _ => order.is_some_and(|order| order != Less),
    }))
}

/// The JMESPath name of a type.
fn type_name(val: &Val) -> &'static str {
    match val {
        Val::None => "null",
        Val::Bool(_) => "boolean",
        Val::Int(_) | Val::Big(_) | Val::Float(_) => "number",
        Val::Str(_) | Val::Markup(_) => "string",
        Val::List(_) | Val::Tuple(_) => "array",
        Val::Obj(obj) if matches!(**obj, Obj::Module(_)) => "string",
        _ => "object",
    }
}
