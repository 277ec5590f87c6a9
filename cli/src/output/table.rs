//! `table`: lists of maps as boxes.

use std::fmt::{self, Write};

use halite_core::Value;

use super::colors::Colors;
use super::nested::sorted;
use super::{OutputOpts, Outputter};

/// Widest column before text is wrapped at blanks.
const COLUMN_WIDTH: usize = 50;

/// Salt: `salt/output/table_out.py` behaviour.
pub(crate) struct Table;

impl Outputter for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn output(&self, opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        let mut out = Vec::new();
        show(Colors::new(opts.color), data, 0, &mut out);
        to.write_str(&out.join("\n"))
    }
}

fn show(colors: Colors, data: &Value, indent: usize, out: &mut Vec<String>) {
    match data {
        Value::Map(map) => {
            for (key, value) in sorted(map) {
                let (gray, end) = (colors.dark_gray(), colors.end());
                out.push(format!("{:indent$}{gray}{key}{end}:", ""));
                out.push(format!("{:indent$}{gray}----------{end}", ""));
                match value {
                    Value::List(rows) => show_rows(colors, rows, indent, out),
                    other => show(colors, other, indent + 4, out),
                }
            }
        }
        Value::List(rows) => show_rows(colors, rows, indent, out),
        _ => {}
    }
}

/// Rows of one kind: maps get a header of their keys, texts one column.
fn show_rows(colors: Colors, rows: &[Value], indent: usize, out: &mut Vec<String>) {
    let Some(first) = rows.first() else { return };
    if rows.iter().any(|row| row.type_name() != first.type_name()) {
        return;
    }
    let mut table: Vec<Vec<String>> = Vec::new();
    if let Value::Map(map) = first {
        table.push(sorted(map).iter().map(|(key, _)| title(&key.to_string())).collect());
    }
    for row in rows {
        table.push(match row {
            Value::Map(map) => sorted(map).iter().map(|(_, value)| value.to_string()).collect(),
            Value::List(cells) => cells.iter().map(Value::to_string).collect(),
            other => vec![other.to_string()],
        });
    }
    draw(colors, &table, indent + 4, out);
}

/// `some_key` as `Some Key`.
fn title(key: &str) -> String {
    let mut start = true;
    let letters = key.chars().map(|c| {
        let c = if c == '_' { ' ' } else { c };
        let shown = if start { c.to_uppercase().to_string() } else { c.to_lowercase().to_string() };
        start = !c.is_alphabetic();
        shown
    });
    letters.collect()
}

fn draw(colors: Colors, table: &[Vec<String>], indent: usize, out: &mut Vec<String>) {
    let mut wrapped: Vec<Vec<Vec<String>>> =
        table.iter().map(|row| row.iter().map(|cell| wrap(cell)).collect()).collect();
    // Salt shows of a row as many lines as its shortest cell has, and of the table as many columns
    // as its shortest row has.
    for row in &mut wrapped {
        let lines = row.iter().map(Vec::len).min().unwrap_or(0);
        row.iter_mut().for_each(|cell| cell.truncate(lines));
    }
    let columns = wrapped.iter().map(Vec::len).filter(|columns| *columns > 0).min().unwrap_or(0);
    let width = |column: usize| {
        let cells = wrapped.iter().filter_map(|row| row.get(column)).flatten();
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let rule = "-".repeat(4 + widths.iter().sum::<usize>() + 3 * columns.saturating_sub(1));
    let rule = format!("{:indent$}{}{rule}{}", "", colors.light_gray(), colors.end());
    out.push(rule.clone());
    for row in &wrapped {
        for line in 0..row.iter().map(Vec::len).max().unwrap_or(0) {
            let cell = |column: usize| {
                let text = row.get(column).and_then(|cell| cell.get(line));
                centered(text.map_or("", String::as_str), widths[column])
            };
            let cells: Vec<String> = (0..columns).map(cell).collect();
            let (white, end) = (colors.white(), colors.end());
            out.push(format!("{:indent$}{white}| {} |{end}", "", cells.join(" | ")));
        }
        out.push(rule.clone());
    }
}

/// Python's `str.center`.
fn centered(text: &str, width: usize) -> String {
    let length = text.chars().count();
    let pad = width.saturating_sub(length);
    let left = pad / 2 + (pad & width & 1);
    format!("{:left$}{text}{:right$}", "", "", right = pad - left)
}

/// Breaks a cell at blanks where a line would reach the column's width.
fn wrap(cell: &str) -> Vec<String> {
    let mut text = String::new();
    for (i, word) in cell.split(' ').enumerate() {
        if i > 0 {
            let line = text.rsplit('\n').next().unwrap_or_default().chars().count();
            let next = word.split('\n').next().unwrap_or_default().chars().count();
            text.push(if line + next >= COLUMN_WIDTH { '\n' } else { ' ' });
        }
        text.push_str(word);
    }
    text.split('\n').map(Into::into).collect()
}
