//! Python's operators.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

use super::{Rt, percent};
use crate::jinja::ast::BinOp;
use crate::jinja::fault::{Class, Fault, R, overflow_error, type_error, value_error};
use crate::jinja::filters::escaped;
use crate::jinja::value::{Val, eq};

/// How many bits an integer may have.
const MOST_BITS: u64 = 1 << 20;

fn zero<T>(text: &str) -> R<T> {
    Err(Fault::new(Class::ZeroDivision, text))
}

fn unsupported<T>(op: &str, a: &Val, b: &Val) -> R<T> {
    a.defined()?;
    b.defined()?;
    type_error(format!(
        "unsupported operand type(s) for {op}: '{}' and '{}'",
        a.type_name(),
        b.type_name()
    ))
}

pub(crate) fn binary(rt: &Rt<'_>, op: BinOp, a: &Val, b: &Val) -> R<Val> {
    if let Val::Undef(undef) = a {
        return Err(undef.fault());
    }
    // Text on the left of `%` formats an undefined operand, everything else refuses it.
    if let Val::Undef(undef) = b
        && !(op == BinOp::Mod && a.as_str().is_some())
    {
        return Err(undef.fault());
    }
    match op {
        BinOp::Add => add(rt, a, b),
        BinOp::Mul => multiply(rt, a, b),
        BinOp::Mod if a.as_str().is_some() || matches!(a, Val::Bytes(_)) => {
            percent::format(rt, a, b)
        }
        BinOp::Sub if matches!((a, b), (Val::Set(_), Val::Set(_))) => {
            let keep =
                set_items(a).into_iter().filter(|item| !set_has(b, item)).collect::<Vec<_>>();
            Ok(Val::Set(std::rc::Rc::new(crate::jinja::value::PySet::new(keep))))
        }
        _ if a.is_number() && b.is_number() => arithmetic(op, a, b),
        _ => unsupported(symbol(op), a, b),
    }
}

fn set_items(set: &Val) -> Vec<Val> {
    if let Val::Set(set) = set { set.to_vec() } else { Vec::new() }
}

fn set_has(set: &Val, item: &Val) -> bool {
    matches!(set, Val::Set(set) if set.items.borrow().contains(&crate::jinja::value::Key(item.clone())))
}

fn symbol(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "+",
        BinOp::Sub => "-",
        BinOp::Mul => "*",
        BinOp::Div => "/",
        BinOp::FloorDiv => "//",
        BinOp::Mod => "%",
        BinOp::Pow => "** or pow()",
    }
}

pub(crate) fn add(rt: &Rt<'_>, a: &Val, b: &Val) -> R<Val> {
    Ok(match (a, b) {
        (Val::Markup(x), y) if y.as_str().is_some() => Val::markup(format!("{x}{}", escaped(y))),
        (x, Val::Markup(y)) if x.as_str().is_some() => Val::markup(format!("{}{y}", escaped(x))),
        (Val::Str(x), Val::Str(y)) => {
            rt.bytes(x.len() + y.len())?;
            Val::Str(format!("{x}{y}").into())
        }
        (Val::Bytes(x), Val::Bytes(y)) => Val::Bytes([&**x, &**y].concat().into()),
        (Val::List(x), Val::List(y)) => {
            let mut items = x.to_vec();
            items.extend(y.to_vec());
            rt.step(items.len() as u64)?;
            Val::list(items)
        }
        (Val::Tuple(x), Val::Tuple(y)) => {
            Val::tuple(x.items.iter().chain(&y.items).cloned().collect())
        }
        (Val::Int(x), Val::Int(y)) => match x.checked_add(*y) {
            Some(sum) => Val::Int(sum),
            None => Val::from_big(BigInt::from(*x) + y),
        },
        (x, y) if x.is_number() && y.is_number() => arithmetic(BinOp::Add, x, y)?,
        (Val::Str(_) | Val::Markup(_) | Val::List(_) | Val::Tuple(_), y) => {
            let kind = if a.as_str().is_some() { "str" } else { a.type_name() };
            return type_error(format!(
                "can only concatenate {kind} (not \"{}\") to {kind}",
                y.type_name()
            ));
        }
        (Val::Bytes(_), y) => {
            return type_error(format!("can't concat {} to bytes", y.type_name()));
        }
        _ => return unsupported("+", a, b),
    })
}

fn multiply(rt: &Rt<'_>, a: &Val, b: &Val) -> R<Val> {
    let sequence = |val: &Val| {
        matches!(val, Val::Str(_) | Val::Markup(_) | Val::Bytes(_) | Val::List(_) | Val::Tuple(_))
    };
    let (seq, times) = match (sequence(a), sequence(b)) {
        (true, _) => (a, b),
        (_, true) => (b, a),
        _ if a.is_number() && b.is_number() => return arithmetic(BinOp::Mul, a, b),
        _ => return unsupported("*", a, b),
    };
    let Some(times) = times.as_int() else {
        if let Val::Big(_) = times {
            return overflow_error("cannot fit 'int' into an index-sized integer");
        }
        return type_error(format!(
            "can't multiply sequence by non-int of type '{}'",
            times.type_name()
        ));
    };
    let times = usize::try_from(times).unwrap_or(0);
    let size = match seq {
        Val::Str(text) | Val::Markup(text) => text.len(),
        Val::Bytes(bytes) => bytes.len(),
        other => other.len()?,
    };
    rt.bytes(size.saturating_mul(times))?;
    // Nothing, however often, is nothing; walking through it would take as long as the number says.
    let times = if size == 0 { 0 } else { times };
    let repeat = |items: &[Val]| -> Vec<Val> {
        std::iter::repeat_n(items, times).flatten().cloned().collect()
    };
    Ok(match seq {
        Val::Str(text) => Val::str(text.repeat(times)),
        Val::Markup(text) => Val::markup(text.repeat(times)),
        Val::Bytes(bytes) => Val::Bytes(bytes.repeat(times).into()),
        Val::List(list) => Val::list(repeat(&list.items())),
        Val::Tuple(tuple) => Val::tuple(repeat(&tuple.items)),
        _ => Val::None,
    })
}

fn arithmetic(op: BinOp, a: &Val, b: &Val) -> R<Val> {
    if matches!(a, Val::Float(_)) || matches!(b, Val::Float(_)) || op == BinOp::Div {
        return float_arithmetic(op, a, b);
    }
    if let (Some(x), Some(y)) = (a.as_int(), b.as_int()) {
        let small = match op {
            BinOp::Add => x.checked_add(y),
            BinOp::Sub => x.checked_sub(y),
            BinOp::Mul => x.checked_mul(y),
            BinOp::FloorDiv if y == 0 => return zero("integer division or modulo by zero"),
            BinOp::Mod if y == 0 => return zero("integer modulo by zero"),
            BinOp::FloorDiv => x
                .checked_div_euclid(y)
                .map(|q| if y < 0 && x.rem_euclid(y) != 0 { q - 1 } else { q }),
            BinOp::Mod => x.checked_rem_euclid(y).map(|r| if y < 0 && r != 0 { r + y } else { r }),
            BinOp::Pow if y >= 0 => u32::try_from(y).ok().and_then(|y| x.checked_pow(y)),
            _ => None,
        };
        if let Some(small) = small {
            return Ok(Val::Int(small));
        }
    }
    let (Some(x), Some(y)) = (a.as_big(), b.as_big()) else { return unsupported(symbol(op), a, b) };
    big_arithmetic(op, x, y)
}

fn big_arithmetic(op: BinOp, x: BigInt, y: BigInt) -> R<Val> {
    Ok(Val::from_big(match op {
        BinOp::Add => x + y,
        BinOp::Sub => x - y,
        BinOp::Mul => {
            if x.bits() + y.bits() > MOST_BITS {
                return overflow_error(format!("integers may have {MOST_BITS} bits"));
            }
            x * y
        }
        BinOp::FloorDiv if y.is_zero() => return zero("integer division or modulo by zero"),
        BinOp::Mod if y.is_zero() => return zero("integer modulo by zero"),
        BinOp::FloorDiv | BinOp::Mod => {
            let (mut quotient, mut rest) = (&x / &y, &x % &y);
            if !rest.is_zero() && rest.is_negative() != y.is_negative() {
                quotient -= 1;
                rest += &y;
            }
            if op == BinOp::Mod { rest } else { quotient }
        }
        _ => {
            if y.is_negative() {
                return float_arithmetic(BinOp::Pow, &Val::from_big(x), &Val::from_big(y));
            }
            let exponent = y.to_u32().filter(|exponent| {
                x.bits() <= 1 || x.bits().saturating_mul(u64::from(*exponent)) <= MOST_BITS
            });
            match exponent {
                Some(exponent) => x.pow(exponent),
                None => return overflow_error(format!("integers may have {MOST_BITS} bits")),
            }
        }
    }))
}

fn float_arithmetic(op: BinOp, a: &Val, b: &Val) -> R<Val> {
    let (Some(x), Some(y)) = (a.as_float(), b.as_float()) else {
        return unsupported(symbol(op), a, b);
    };
    if (x.is_infinite() && matches!(a, Val::Big(_)))
        || (y.is_infinite() && matches!(b, Val::Big(_)))
    {
        return overflow_error("int too large to convert to float");
    }
    let floats = matches!(a, Val::Float(_)) || matches!(b, Val::Float(_));
    Ok(Val::Float(match op {
        BinOp::Add => x + y,
        BinOp::Sub => x - y,
        BinOp::Mul => x * y,
        BinOp::Div if y == 0.0 => {
            return zero(if floats { "float division by zero" } else { "division by zero" });
        }
        BinOp::Div => x / y,
        BinOp::FloorDiv if y == 0.0 => return zero("float floor division by zero"),
        BinOp::Mod if y == 0.0 => return zero("float modulo"),
        BinOp::FloorDiv => {
            let rest = float_mod(x, y);
            let quotient = (x - rest) / y;
            let floor = quotient.floor();
            if quotient - floor > 0.5 { floor + 1.0 } else { floor }
        }
        BinOp::Mod => float_mod(x, y),
        BinOp::Pow => {
            if x == 0.0 && y < 0.0 {
                return zero("0.0 cannot be raised to a negative power");
            }
            if x < 0.0 && y.fract() != 0.0 && y.is_finite() {
                return value_error(
                    "a negative number to a broken power is complex, which templates do not have",
                );
            }
            let power = x.powf(y);
            if power.is_infinite() && x.is_finite() && y.is_finite() {
                return overflow_error("(34, 'Numerical result out of range')");
            }
            power
        }
    }))
}

fn float_mod(x: f64, y: f64) -> f64 {
    let rest = x % y;
    if rest == 0.0 {
        0f64.copysign(y)
    } else if (rest < 0.0) != (y < 0.0) {
        rest + y
    } else {
        rest
    }
}

pub(crate) fn negate(val: &Val) -> R<Val> {
    Ok(match val {
        Val::Undef(undef) => return Err(undef.fault()),
        Val::Float(float) => Val::Float(-float),
        other => match other.as_big() {
            Some(big) => Val::from_big(-big),
            None => {
                return type_error(format!("bad operand type for unary -: '{}'", val.type_name()));
            }
        },
    })
}

pub(crate) fn plus(val: &Val) -> R<Val> {
    Ok(match val {
        Val::Undef(undef) => return Err(undef.fault()),
        Val::Float(_) => val.clone(),
        other => match other.as_big() {
            Some(big) => Val::from_big(big),
            None => {
                return type_error(format!("bad operand type for unary +: '{}'", val.type_name()));
            }
        },
    })
}

/// `needle in haystack`.
pub(crate) fn contains(rt: &Rt<'_>, needle: &Val, haystack: &Val) -> R<bool> {
    match haystack {
        Val::Undef(undef) if undef.strict => Err(undef.fault()),
        Val::Str(text) | Val::Markup(text) => match needle.as_str() {
            Some(part) => Ok(text.contains(part)),
            None => {
                needle.defined()?;
                type_error(format!(
                    "'in <string>' requires string as left operand, not {}",
                    needle.type_name()
                ))
            }
        },
        Val::Bytes(bytes) => match needle {
            Val::Bytes(part) => {
                Ok(part.is_empty() || bytes.windows(part.len()).any(|window| *window == **part))
            }
            other => match other.as_int() {
                Some(byte) => Ok(bytes.iter().any(|known| i64::from(*known) == byte)),
                None => type_error(format!(
                    "a bytes-like object is required, not '{}'",
                    other.type_name()
                )),
            },
        },
        Val::Dict(dict) => {
            needle.hashable()?;
            Ok(dict.contains(needle))
        }
        Val::Set(_) => {
            needle.hashable()?;
            Ok(set_has(haystack, needle))
        }
        Val::View(view) if view.kind == crate::jinja::value::ViewKind::Keys => {
            needle.hashable()?;
            Ok(view.dict.contains(needle))
        }
        Val::Obj(obj) if matches!(**obj, crate::jinja::value::Obj::Salt) => {
            Ok(needle.as_str().is_some_and(|name| rt.request.salt.exists(name)))
        }
        Val::None | Val::Bool(_) | Val::Int(_) | Val::Big(_) | Val::Float(_) => {
            type_error(format!("argument of type '{}' is not iterable", haystack.type_name()))
        }
        other => {
            for item in rt.iterate(other)? {
                if item.same(needle) || eq(&item, needle)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}
