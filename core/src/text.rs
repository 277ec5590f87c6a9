//! Small text helpers: "did you mean", quoting for a shell.

/// The candidate nearest to `word`, if it is near enough to be a slip of the hand.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let most = (length / 3).max(1);
    candidates
        .into_iter()
        // Each letter more or less is a step: most candidates are told by their length alone.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= most)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edit distance with transpositions (optimal string alignment), over characters.
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut row: Vec<usize> = vec![0; b.len() + 1];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row[j] = best;
        }
        // The row before the last is written over next.
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()]
}

/// Quotes one word for `sh`, as Python's `shlex.quote` does.
pub fn shell_quote(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\"'\"'"))
    }
}

/// How much of a line is shown, in characters.
const SHOWN_CHARS: usize = 160;

/// A line of a source with its number and a caret below.
pub fn pointed(line: &str, number: u32, column: u32) -> String {
    let column = column.max(1) as usize;
    let width = token_width(line, column);
    // A long line is shown around the caret.
    let from = if column > SHOWN_CHARS { column - SHOWN_CHARS / 2 } else { 1 };
    let shown: String = line.chars().skip(from - 1).take(SHOWN_CHARS).collect();
    let number = number.to_string();
    let blank = " ".repeat(number.len());
    let lead: String =
        shown.chars().take(column - from).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let carets = "^".repeat(width.clamp(1, SHOWN_CHARS));
    format!("\n  {blank} |\n  {number} | {shown}\n  {blank} | {lead}{carets}")
}

/// How many characters the word at a column has: a quoted text, a key up to its colon, or what
/// stands together. At least 1.
pub fn token_width(line: &str, column: usize) -> usize {
    let rest: Vec<char> = line.chars().skip(column.max(1) - 1).collect();
    let Some(first) = rest.first() else { return 1 };
    if matches!(first, '\'' | '"') {
        let end = rest.iter().skip(1).position(|c| c == first);
        return end.map_or(rest.len(), |end| end + 2);
    }
    let ends = |at: usize| {
        rest[at].is_whitespace()
            || matches!(rest[at], ',' | '}' | ']' | ')' | '|' | '(')
            || (rest[at] == ':' && rest.get(at + 1).is_none_or(|c| c.is_whitespace()))
    };
    (0..rest.len()).find(|at| ends(*at)).unwrap_or(rest.len()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_forgives_slips_only() {
        let names = ["publish_port", "ret_port", "pki_dir"];
        assert_eq!(nearest("pubish_port", names), Some("publish_port"));
        assert_eq!(nearest("pik_dir", names), Some("pki_dir"));
        assert_eq!(nearest("something_else", names), None);
    }

    #[test]
    fn quoting_is_shlex() {
        assert_eq!(shell_quote("a b'c"), "'a b'\"'\"'c'");
        assert_eq!(shell_quote("/etc/x=1"), "/etc/x=1");
        assert_eq!(shell_quote(""), "''");
    }

    #[test]
    fn the_word_at_a_column_has_its_width() {
        for (line, column, want) in
            [("a: 'b c' d", 4, 5), ("x", 9, 1), ("- a:b, c", 3, 3), ("{{ foo.bar }}", 4, 7)]
        {
            assert_eq!(token_width(line, column), want, "{line} {column}");
        }
    }
}
