//! Values to and from PostgreSQL's types.

use std::error::Error;

use halite_core::Value;
use halite_core::value::{JsonStyle, parse_json, to_json};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type};

type Fault = Box<dyn Error + Sync + Send>;

/// A parameter: text of whatever type the server expects.
#[derive(Debug)]
pub(crate) struct Parameter<'a>(pub(crate) &'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _ty: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        let text = match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Bool(flag) => if *flag { "true" } else { "false" }.to_owned(),
            Value::Bytes(bytes) => {
                bytes.iter().fold(String::from("\\x"), |text, byte| text + &format!("{byte:02x}"))
            }
            Value::Map(_) | Value::List(_) => to_json(self.0, JsonStyle::default()),
            other => other.to_string(),
        };
        if text.contains('\0') {
            return Err("PostgreSQL holds no text with NUL in it".into());
        }
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    fn encode_format(&self, _ty: &Type) -> Format {
        Format::Text
    }

    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        self.to_sql(ty, out)
    }
}

/// A cell of a result.
pub(crate) struct Cell(pub(crate) Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Cell, Fault> {
        if let Kind::Array(_) = ty.kind() {
            let items = Vec::<Option<Cell>>::from_sql(ty, raw)?;
            return Ok(Cell(Value::list(
                items.into_iter().map(|item| item.map_or(Value::Null, |c| c.0)),
            )));
        }
        if let Kind::Domain(inner) = ty.kind() {
            return Cell::from_sql(inner, raw);
        }
        let value = match *ty {
            Type::BOOL => bool::from_sql(ty, raw)?.into(),
            Type::INT2 => i64::from(i16::from_sql(ty, raw)?).into(),
            Type::INT4 => i64::from(i32::from_sql(ty, raw)?).into(),
            Type::INT8 => i64::from_sql(ty, raw)?.into(),
            Type::OID => i64::from(u32::from_sql(ty, raw)?).into(),
            Type::FLOAT4 => f64::from(f32::from_sql(ty, raw)?).into(),
            Type::FLOAT8 => f64::from_sql(ty, raw)?.into(),
            Type::BYTEA => Value::bytes(raw),
            Type::JSON => json(raw)?,
            // The first byte is the version of the form.
            Type::JSONB => json(raw.get(1..).unwrap_or_default())?,
            Type::NUMERIC => numeric(raw).ok_or("not a number of PostgreSQL")?,
            Type::UUID => uuid(raw).into(),
            Type::TIMESTAMP => moment(raw, false)?.into(),
            Type::TIMESTAMPTZ => moment(raw, true)?.into(),
            Type::DATE => date(raw)?.into(),
            Type::VOID => Value::Null,
            _ if textual(ty) => Value::str(std::str::from_utf8(raw)?),
            _ => {
                let name = ty.name();
                return Err(format!("the type {name} is not read; cast it: column::text").into());
            }
        };
        Ok(Cell(value))
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }
}

/// Types whose binary form is their text.
fn textual(ty: &Type) -> bool {
    let plain = [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME, Type::UNKNOWN, Type::XML];
    plain.contains(ty) || matches!(ty.kind(), Kind::Enum(_)) || ty.name() == "citext"
}

fn json(raw: &[u8]) -> Result<Value, Fault> {
    let text = std::str::from_utf8(raw)?;
    parse_json(text).map_err(|why| why.to_string().into())
}

fn words(raw: &[u8]) -> impl Iterator<Item = i16> + '_ {
    raw.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]]))
}

/// A `numeric`: digits to the base of 10,000. Whole numbers stay whole.
fn numeric(raw: &[u8]) -> Option<Value> {
    let mut words = words(raw);
    let (count, weight) = (words.next()?, words.next()?);
    let (sign, scale) = (words.next()? as u16, words.next()?);
    if sign != 0 && sign != 0x4000 {
        return Some(Value::Float(f64::NAN));
    }
    let digits: Vec<i16> = words.take(usize::try_from(count).ok()?).collect();
    let mut text = String::from(if sign == 0 { "" } else { "-" });
    let digit =
        |at: i32| usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
    let weight = i32::from(weight);
    text.push_str(&digit(0).to_string());
    if weight < 0 {
        text = String::from(if sign == 0 { "0" } else { "-0" });
    }
    (1..=weight).for_each(|at| text.push_str(&format!("{:04}", digit(at))));
    if scale == 0 {
        return Some(text.parse::<i64>().map_or_else(|_| Value::str(&text), Value::Int));
    }
    text.push('.');
    let places = (i32::from(scale) + 3) / 4;
    (weight + 1..=weight + places).for_each(|at| text.push_str(&format!("{:04}", digit(at))));
    text.parse().ok().map(Value::Float)
}

fn uuid(raw: &[u8]) -> String {
    let mut text = String::new();
    for (at, byte) in raw.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Microseconds between 1970 and 2000, where PostgreSQL's time begins.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

fn moment(raw: &[u8], zone: bool) -> Result<String, Fault> {
    let micros = i64::from_be_bytes(raw.try_into()?);
    let micros = micros.checked_add(EPOCH_MICROS).ok_or("the time is out of range")?;
    let time = jiff::Timestamp::from_microsecond(micros)?;
    let text = time.strftime("%Y-%m-%d %H:%M:%S%.f").to_string();
    Ok(if zone { text + "+00:00" } else { text })
}

fn date(raw: &[u8]) -> Result<String, Fault> {
    let days = i64::from(i32::from_be_bytes(raw.try_into()?));
    let micros = days.checked_mul(86_400_000_000).ok_or("the date is out of range")?;
    let time = jiff::Timestamp::from_microsecond(micros + EPOCH_MICROS)?;
    Ok(time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[i16], want: &str) {
        let raw: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        assert_eq!(numeric(&raw).expect("is a number").repr(), want);
    }

    #[test]
    fn numbers_are_read() {
        check(&[0, 0, 0, 0], "0");
        check(&[1, 0, 0, 0, 42], "42");
        check(&[2, 1, 0x4000, 0, 12, 34], "-120034");
        check(&[2, 0, 0, 2, 3, 1400], "3.14");
        check(&[1, -1, 0, 4, 25], "0.0025");
        check(&[1, 1, 0, 1, 2], "20000.0");
    }
}
