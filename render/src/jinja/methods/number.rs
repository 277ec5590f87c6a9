//! Methods of numbers.

use num_bigint::{BigInt, Sign};
use num_traits::FromPrimitive;

use crate::jinja::eval::Args;
use crate::jinja::fault::{R, overflow_error, type_error, value_error};
use crate::jinja::value::Val;

pub(super) const INT: [&str; 6] =
    ["bit_length", "conjugate", "is_integer", "bit_count", "to_bytes", "as_integer_ratio"];
pub(super) const FLOAT: [&str; 4] = ["is_integer", "conjugate", "as_integer_ratio", "hex"];

/// How many bytes a number may be written in.
const LONGEST_BYTES: i64 = 1 << 20;

pub(super) fn int(val: &Val, name: &str, args: Args) -> R<Val> {
    let big = val.as_big().unwrap_or_default();
    Ok(match name {
        "bit_length" => Val::Int(big.bits() as i64),
        "bit_count" => Val::Int(big.magnitude().count_ones() as i64),
        "is_integer" => Val::Bool(true),
        "as_integer_ratio" => Val::tuple(vec![Val::from_big(big), Val::Int(1)]),
        "to_bytes" => to_bytes(&big, args)?,
        _ => Val::from_big(big),
    })
}

fn to_bytes(big: &BigInt, args: Args) -> R<Val> {
    let [length, order, signed] = args.bind("to_bytes", ["length", "byteorder", "signed"], 0)?;
    let length = length.map_or(Some(1), |length| length.as_int());
    let Some(length) = length.filter(|length| *length <= LONGEST_BYTES) else {
        return type_error("length must be a small integer");
    };
    let Ok(length) = usize::try_from(length) else {
        return value_error("length argument must be non-negative");
    };
    let signed = signed.map_or(Ok(false), |signed| signed.truthy())?;
    if big.sign() == Sign::Minus && !signed {
        return overflow_error("can't convert negative int to unsigned");
    }
    let mut bytes = if signed { big.to_signed_bytes_le() } else { big.to_bytes_le().1 };
    if big.sign() == Sign::NoSign {
        bytes.clear();
    }
    if bytes.len() > length {
        return overflow_error("int too big to convert");
    }
    bytes.resize(length, if big.sign() == Sign::Minus { 0xff } else { 0 });
    match order.as_ref().map(|order| order.as_str()) {
        None | Some(Some("big")) => bytes.reverse(),
        Some(Some("little")) => {}
        Some(Some(_)) => return value_error("byteorder must be either 'little' or 'big'"),
        Some(None) => return type_error("to_bytes() argument 'byteorder' must be str"),
    }
    Ok(Val::Bytes(bytes.into()))
}

pub(super) fn float(float: f64, name: &str) -> R<Val> {
    Ok(match name {
        "is_integer" => Val::Bool(float.fract() == 0.0),
        "hex" => Val::str(hex(float)),
        "as_integer_ratio" if float.is_nan() => {
            return value_error("cannot convert NaN to integer ratio");
        }
        "as_integer_ratio" if float.is_infinite() => {
            return overflow_error("cannot convert Infinity to integer ratio");
        }
        "as_integer_ratio" => ratio(float),
        _ => Val::Float(float),
    })
}

/// The fraction in lowest terms: its denominator is a power of two.
fn ratio(mut float: f64) -> Val {
    let mut halvings = 0u32;
    while float.fract() != 0.0 {
        float *= 2.0;
        halvings += 1;
    }
    let above = BigInt::from_f64(float).unwrap_or_default();
    Val::tuple(vec![Val::from_big(above), Val::from_big(BigInt::from(1) << halvings)])
}

/// `0x1.8000000000000p+1`.
fn hex(float: f64) -> String {
    if !float.is_finite() {
        return halite_core::value::float_repr(float);
    }
    let sign = if float.is_sign_negative() { "-" } else { "" };
    if float == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let bits = float.to_bits();
    let (exponent, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
    let (lead, power) = if exponent == 0 { (0, -1022) } else { (1, exponent as i64 - 1023) };
    format!("{sign}0x{lead}.{fraction:013x}p{power:+}")
}
