//! `R@web1..10,db{1,2},-web3`: ids written as ranges. Cluster look-ups (`%name`) need a range
//! server, which is not supported.

use super::TargetError;

/// Most ids that one expression may come to.
const RANGE_IDS_MAX: usize = 100_000;

/// Expands a range expression to ids: `,` joins, `,-` takes away, `,&` keeps the common ones,
/// `a1..10` counts, `{x,y}` chooses.
///
/// # Errors
/// Cluster look-ups, unbalanced braces, ranges that are too large.
pub(super) fn expand(text: &str) -> Result<Vec<Box<str>>, TargetError> {
    let mut ids: Vec<Box<str>> = Vec::new();
    for part in split_top(text)? {
        let part = part.trim();
        match part.chars().next() {
            None => {}
            Some('-') => {
                let without = expand_part(part[1..].trim_start())?;
                ids.retain(|id| !without.contains(id));
            }
            Some('&') => {
                let common = expand_part(part[1..].trim_start())?;
                ids.retain(|id| common.contains(id));
            }
            Some(_) => {
                for id in expand_part(part)? {
                    if !ids.contains(&id) {
                        ids.push(id);
                    }
                }
            }
        }
    }
    Ok(ids)
}

/// Splits at the commas that stand in no braces.
fn split_top(text: &str) -> Result<Vec<&str>, TargetError> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        if depth < 0 {
            break;
        }
    }
    if depth != 0 {
        return Err(TargetError(format!("the braces of the range `{text}` do not match")));
    }
    parts.push(&text[start..]);
    Ok(parts)
}

fn expand_part(part: &str) -> Result<Vec<Box<str>>, TargetError> {
    if part.starts_with(['%', '@', '*', '?']) {
        let why = format!("`{part}` needs a range server, which is not supported; use a nodegroup");
        return Err(TargetError(why));
    }
    if let Some(open) = part.find('{') {
        let rest = &part[open..];
        let close = matching(rest)
            .ok_or_else(|| TargetError(format!("the braces of the range `{part}` do not match")))?;
        let mut ids = Vec::new();
        for choice in split_top(&rest[1..close])? {
            let whole = format!("{}{choice}{}", &part[..open], &rest[close + 1..]);
            ids.extend(expand_part(&whole)?);
            within(ids.len(), part)?;
        }
        return Ok(ids);
    }
    let Some((from, to)) = part.split_once("..") else { return Ok(vec![part.into()]) };
    let stem = from.trim_end_matches(|c: char| c.is_ascii_digit());
    let (first, last) = (&from[stem.len()..], to.strip_prefix(stem).unwrap_or(to));
    let digits = last.len() - last.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (last, tail) = last.split_at(digits);
    let (Ok(low), Ok(high)) = (first.parse::<usize>(), last.parse::<usize>()) else {
        return Err(TargetError(format!(
            "the range `{part}` does not count from number to number"
        )));
    };
    within(high.saturating_sub(low), part)?;
    let width = first.len();
    Ok((low..=high).map(|n| format!("{stem}{n:0width$}{tail}").into()).collect())
}

fn matching(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn within(count: usize, part: &str) -> Result<(), TargetError> {
    if count > RANGE_IDS_MAX {
        return Err(TargetError(format!("the range `{part}` means more than {RANGE_IDS_MAX} ids")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn ranges_count_choose_and_take_away() {
        for (text, want) in [
            ("a,b", "a b"),
            ("web1..3", "web1 web2 web3"),
            ("web08..web10", "web08 web09 web10"),
            ("n1..2.x", "n1.x n2.x"),
            ("{a,b}1..2", "a1 a2 b1 b2"),
            ("web1..3,-web2", "web1 web3"),
            ("web1..3,&web2..9", "web2 web3"),
        ] {
            assert_eq!(expand(text).expect("expands").join(" "), want, "{text}");
        }
        for bad in ["%cluster", "a{b", "a}b", "a..b", "x1..999999999"] {
            assert!(expand(bad).is_err(), "{bad}");
        }
    }
}
