//! Debian's order of versions, without asking dpkg. Source: deb-version(7).

use std::cmp::Ordering;

/// Compares two versions: epoch, upstream version, revision.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (epoch_a, rest_a) = epoch(a);
    let (epoch_b, rest_b) = epoch(b);
    let (upstream_a, revision_a) = revision(rest_a);
    let (upstream_b, revision_b) = revision(rest_b);
    epoch_a
        .cmp(&epoch_b)
        .then_with(|| part(upstream_a, upstream_b))
        .then_with(|| part(revision_a, revision_b))
}

/// Takes the epoch off.
pub(super) fn without_epoch(version: &str) -> &str {
    epoch(version).1
}

fn epoch(version: &str) -> (u64, &str) {
    match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => {
            (epoch.parse().unwrap_or(0), rest)
        }
        _ => (0, version),
    }
}

fn revision(version: &str) -> (&str, &str) {
    version.rsplit_once('-').unwrap_or((version, ""))
}

/// Text and numbers in turn: text by a changed alphabet, numbers by size.
fn part(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (text_a, rest_a) = a.split_at(a.find(|c: char| c.is_ascii_digit()).unwrap_or(a.len()));
        let (text_b, rest_b) = b.split_at(b.find(|c: char| c.is_ascii_digit()).unwrap_or(b.len()));
        let order = text(text_a, text_b);
        if order != Ordering::Equal {
            return order;
        }
        let end = |s: &str| s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
        let (digits_a, next_a) = rest_a.split_at(end(rest_a));
        let (digits_b, next_b) = rest_b.split_at(end(rest_b));
        let order = number(digits_a, digits_b);
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (next_a, next_b);
    }
    Ordering::Equal
}

/// `~` before the end, the end before letters, letters before all else.
fn text(a: &str, b: &str) -> Ordering {
    let rank = |c: Option<char>| match c {
        Some('~') => -1,
        None => 0,
        Some(c) if c.is_ascii_alphabetic() => c as i32,
        Some(c) => c as i32 + 256,
    };
    let (mut a, mut b) = (a.chars(), b.chars());
    loop {
        let (x, y) = (a.next(), b.next());
        match rank(x).cmp(&rank(y)) {
            Ordering::Equal if x.is_none() => return Ordering::Equal,
            Ordering::Equal => {}
            order => return order,
        }
    }
}

/// Numbers of any length.
fn number(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        // Each line was confirmed with `dpkg --compare-versions`.
        for (a, order, b) in [
            ("1.0", Less, "1.1"),
            ("1.0~rc1", Less, "1.0"),
            ("1.0", Less, "1.0-1"),
            ("1.0-1", Less, "1.0-1+b1"),
            ("1.10", Greater, "1.9"),
            ("1:0.1", Greater, "9.9"),
            ("1.0a", Greater, "1.0"),
            ("1.0+x", Greater, "1.0a"),
            ("1.00", Equal, "1.0"),
            ("2.36-9+deb12u10", Greater, "2.36-9+deb12u9"),
            ("1.0~~", Less, "1.0~"),
            ("0:1.0", Equal, "1.0"),
        ] {
            assert_eq!(compare(a, b), order, "{a} {b}");
            assert_eq!(compare(b, a), order.reverse(), "{b} {a}");
        }
    }
}
