//! `check`: states that succeed by what registers and events say. Salt: `salt/thorium/check.py` behaviour.

use std::cmp::Ordering;

use halite_core::{Context, Error, Outcome, Result, StateModule, Value, Verdict, state};

use crate::autosign::Expr;
use crate::thorium::Thorium;
use crate::thorium::order::{compare, no_order, number};
use crate::thorium::register::Kept;

/// The module.
pub static MODULE: StateModule = StateModule::new(
    "check",
    &[
        &GT, &GTE, &LT, &LTE, &EQ, &NE, &CONTAINS, &EVENT, &LEN_GT, &LEN_GTE, &LEN_LT, &LEN_LTE,
        &LEN_EQ, &LEN_NE,
    ],
);

/// A verdict on the register, if it is there.
fn on<'a>(
    cx: &Context<'a>,
    name: &str,
    holds: impl FnOnce(&Kept) -> Result<bool>,
) -> Result<Verdict<'a>> {
    match Thorium::of(cx)?.registers().get(name) {
        None => Ok(Verdict::fail(format!("Value {name} not in register"))),
        Some(kept) => Ok(Verdict::Settled(Outcome::new(Some(holds(kept)?), ""))),
    }
}

fn ordered<'a>(
    cx: &Context<'a>,
    name: &str,
    value: &Value,
    (op, holds): (&str, fn(Ordering) -> bool),
) -> Result<Verdict<'a>> {
    on(cx, name, |kept| match kept {
        Kept::Set(_) => Err(no_order(kept.type_name(), value.type_name(), op)),
        kept => Ok(compare(&kept.value(), value, op)?.is_some_and(holds)),
    })
}

fn len<'a>(
    cx: &Context<'a>,
    name: &str,
    value: &Value,
    (op, holds): (&str, fn(Ordering) -> bool),
) -> Result<Verdict<'a>> {
    on(cx, name, |kept| {
        let none =
            || Error::execution(format!("object of type '{}' has no len()", kept.type_name()));
        let len = Value::from(kept.len().ok_or_else(none)?);
        match op {
            "==" | "!=" => Ok(equal(&len, value) == (op == "==")),
            _ => Ok(compare(&len, value, op)?.is_some_and(holds)),
        }
    })
}

fn equal(a: &Value, b: &Value) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// Succeeds if the value of the register is greater.
///
/// ```yaml
/// my_register:
///   check.gt:
///     - value: 42
/// ```
#[state]
fn gt<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    ordered(cx, &name, &value, (">", Ordering::is_gt))
}

/// Succeeds if the value of the register is greater or equal.
///
/// ```yaml
/// my_register:
///   check.gte:
///     - value: 42
/// ```
#[state]
fn gte<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    ordered(cx, &name, &value, (">=", Ordering::is_ge))
}

/// Succeeds if the value of the register is less.
///
/// ```yaml
/// my_register:
///   check.lt:
///     - value: 42
/// ```
#[state]
fn lt<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    ordered(cx, &name, &value, ("<", Ordering::is_lt))
}

/// Succeeds if the value of the register is less or equal.
///
/// ```yaml
/// my_register:
///   check.lte:
///     - value: 42
/// ```
#[state]
fn lte<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    ordered(cx, &name, &value, ("<=", Ordering::is_le))
}

/// Succeeds if the value of the register is equal.
///
/// ```yaml
/// my_register:
///   check.eq:
///     - value: 42
/// ```
#[state]
fn eq<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    on(cx, &name, |kept| Ok(!matches!(kept, Kept::Set(_)) && equal(&kept.value(), &value)))
}

/// Succeeds if the value of the register is not equal.
///
/// ```yaml
/// my_register:
///   check.ne:
///     - value: 42
/// ```
#[state]
fn ne<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    on(cx, &name, |kept| Ok(matches!(kept, Kept::Set(_)) || !equal(&kept.value(), &value)))
}

/// Succeeds if the register holds the value; with `count_*`, if it holds it so many times.
///
/// ```yaml
/// users:
///   check.contains:
///     - value: eve
/// ```
#[state]
fn contains<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What is looked for.
    value: Value,
    #[default(Value::Null)] count_lt: Value,
    #[default(Value::Null)] count_lte: Value,
    #[default(Value::Null)] count_eq: Value,
    #[default(Value::Null)] count_gte: Value,
    #[default(Value::Null)] count_gt: Value,
    #[default(Value::Null)] count_ne: Value,
) -> Result<Verdict<'a>> {
    type Holds = fn(Ordering) -> bool;
    let bounds: [(&Value, Holds); 6] = [
        (&count_lt, Ordering::is_lt),
        (&count_lte, Ordering::is_le),
        (&count_eq, Ordering::is_eq),
        (&count_gte, Ordering::is_ge),
        (&count_gt, Ordering::is_gt),
        (&count_ne, Ordering::is_ne),
    ];
    on(cx, &name, |kept| {
        let times = match kept {
            Kept::Empty | Kept::Mean { .. } => return Ok(false),
            Kept::Set(map) | Kept::Table(map) => usize::from(map.contains_key(&value)),
            Kept::List(list) => list.iter().filter(|item| equal(item, &value)).count(),
        };
        if bounds.iter().all(|(bound, _)| bound.is_null()) {
            return Ok(times > 0);
        }
        let times = Value::from(times);
        for (bound, holds) in bounds.iter().filter(|(bound, _)| !bound.is_null()) {
            if !compare(&times, bound, "<")?.is_some_and(holds) {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

/// Succeeds if an event of this tag came since the last look.
///
/// ```yaml
/// salt/foo/*/bar:
///   check.event
/// ```
#[state]
fn event<'a>(
    cx: &Context<'a>,
    /// The tag: a glob or a regular expression.
    name: String,
) -> Result<Verdict<'a>> {
    let tags = Expr::new(&name);
    let came = Thorium::of(cx)?.events().iter().any(|event| tags.matches(&event.tag));
    Ok(Verdict::Settled(Outcome::new(Some(came), "")))
}

/// Succeeds if the number of values in the register is greater.
///
/// ```yaml
/// my_register:
///   check.len_gt:
///     - value: 42
/// ```
#[state]
fn len_gt<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    len(cx, &name, &value, (">", Ordering::is_gt))
}

/// Succeeds if the number of values in the register is greater or equal.
///
/// ```yaml
/// my_register:
///   check.len_gte:
///     - value: 42
/// ```
#[state]
fn len_gte<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    len(cx, &name, &value, (">=", Ordering::is_ge))
}

/// Succeeds if the number of values in the register is less.
///
/// ```yaml
/// my_register:
///   check.len_lt:
///     - value: 42
/// ```
#[state]
fn len_lt<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    len(cx, &name, &value, ("<", Ordering::is_lt))
}

/// Succeeds if the number of values in the register is less or equal.
///
/// ```yaml
/// my_register:
///   check.len_lte:
///     - value: 42
/// ```
#[state]
fn len_lte<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    len(cx, &name, &value, ("<=", Ordering::is_le))
}

/// Succeeds if the number of values in the register is equal.
///
/// ```yaml
/// my_register:
///   check.len_eq:
///     - value: 42
/// ```
#[state]
fn len_eq<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    len(cx, &name, &value, ("==", Ordering::is_eq))
}

/// Succeeds if the number of values in the register is not equal.
///
/// ```yaml
/// my_register:
///   check.len_ne:
///     - value: 42
/// ```
#[state]
fn len_ne<'a>(
    cx: &Context<'a>,
    /// The register.
    name: String,
    /// What it is compared with.
    value: Value,
) -> Result<Verdict<'a>> {
    len(cx, &name, &value, ("!=", Ordering::is_ne))
}
