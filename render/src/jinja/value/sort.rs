//! A stable sort whose comparison may fail, and which survives orders that are none.

use super::{Val, less};
use crate::jinja::fault::R;

/// Sorts `items` by `key` as Python's `sorted` does: stable, by `<` alone.
pub(crate) fn sort_by(
    items: Vec<Val>,
    reverse: bool,
    mut key: impl FnMut(&Val) -> R<Val>,
) -> R<Vec<Val>> {
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        keyed.push((key(&item)?, item));
    }
    // Python reverses before and after, so that equal members keep their order.
    if reverse {
        keyed.reverse();
    }
    let mut keyed = merge_sort(keyed)?;
    if reverse {
        keyed.reverse();
    }
    Ok(keyed.into_iter().map(|(_, item)| item).collect())
}

fn merge_sort(mut items: Vec<(Val, Val)>) -> R<Vec<(Val, Val)>> {
    if items.len() < 2 {
        return Ok(items);
    }
    let right = merge_sort(items.split_off(items.len() / 2))?;
    let left = merge_sort(items)?;
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let from_right = less(&b.0, &a.0, "<")?;
        out.extend(if from_right { right.next() } else { left.next() });
    }
    out.extend(left);
    out.extend(right);
    Ok(out)
}
