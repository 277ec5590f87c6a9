//! `file.get_diff`: what differs between two files.

use halite_core::diff::{Ignore, of_contents};
use halite_core::edit::Text;
use halite_core::{Context, Error, ExecModule, Result, Value, args, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("file", &[&GET_DIFF]);

/// Gives the difference of two files, of which either may be on the file server. With one of the
/// `ignore_` arguments: whether they differ in more than that, and the difference.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_diff /home/fred/.vimrc salt://users/fred/.vimrc
/// salt '*' file.get_diff /tmp/foo.txt /tmp/bar.txt
/// ```
#[function]
fn get_diff(
    cx: &Context<'_>,
    file1: String,
    file2: String,
    #[default("base".into())] saltenv: String,
    /// Whether the heads of the difference name the files.
    #[default(true)]
    show_filenames: bool,
    /// Whether the difference is shown; else only that there is one.
    #[default(true)]
    show_changes: bool,
    /// Whether `obfuscate_templates` hides the difference.
    #[default(false)]
    template: bool,
    #[default(Value::Null)] source_hash_file1: Value,
    #[default(Value::Null)] source_hash_file2: Value,
    #[default(false)] ignore_ordering: bool,
    #[default(false)] ignore_whitespace: bool,
    #[default(Value::Null)] ignore_comment_characters: Value,
) -> Result<Value> {
    let (mut places, mut missing) = (Vec::new(), Vec::new());
    for (file, sum) in [(&file1, &source_hash_file1), (&file2, &source_hash_file2)] {
        let call = args![file, &saltenv; source_hash = sum];
        let cached: Value = cx.call("cp.cache_file", call)?;
        match cached.as_str().filter(|place| !place.is_empty()) {
            Some(place) => places.push(place.to_owned()),
            None => missing.push(format!("File {file} not found")),
        }
    }
    let [before, after] = &places[..] else {
        let what = format!("Failed to cache one or more files: {}", missing.join(", "));
        return Err(Error::execution(what));
    };
    for place in [before, after] {
        if !cx.host.exists(place.as_ref()) {
            let what = format!("Failed to read {place}: No such file or directory");
            return Err(Error::execution(what));
        }
    }
    let (old, new) = (cx.host.read(before.as_ref())?, cx.host.read(after.as_ref())?);
    let ignore = Ignore::new(ignore_ordering, ignore_whitespace, &ignore_comment_characters);
    let (mut counts, mut shown) = (false, String::new());
    if let Some(diff) = of_contents(&old, &new) {
        counts = ignore.differs(&Text::from_bytes(&old).text, &Text::from_bytes(&new).text);
        shown = if template && cx.opts.bool("obfuscate_templates") {
            "<Obfuscated Template>".into()
        } else if !show_changes {
            "<show_changes=False>".into()
        } else {
            match diff.strip_prefix("--- \n+++ \n").filter(|_| show_filenames) {
                Some(rest) => format!("--- {before}\n+++ {after}\n{rest}"),
                None => diff,
            }
        };
    }
    Ok(if ignore.any() { vec![Value::from(counts), shown.into()].into() } else { shown.into() })
}
