//! What changed between two contents, as file states report it.

use halite_core::diff::unified;
use halite_core::edit::Text;

/// The diff of two contents; `None` if they are equal. Programs are named and not shown.
/// Salt: `file.get_diff` behaviour.
pub fn diff(before: &[u8], after: &[u8]) -> Option<String> {
    if before == after {
        return None;
    }
    let text = |bytes: &[u8]| bytes.is_empty() || Text::looks_like(bytes);
    Some(match (text(before), text(after)) {
        (true, true) => unified(&String::from_utf8_lossy(before), &String::from_utf8_lossy(after)),
        (false, true) => "Replace binary file with text file".into(),
        (true, false) => "Replace text file with binary file".into(),
        (false, false) => "Replace binary file".into(),
    })
}
