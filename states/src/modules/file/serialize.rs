//! `file.serialize` and `file.decode`: files out of data.

use std::path::{Path, PathBuf};

use halite_core::dictupdate::{Update, update};
use halite_core::{
    Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};
use halite_render::serializers;

use super::content::Want;
use super::managed::judge;
use super::shared::{failed, is_file, owner, refuse};
use crate::support::expand_user;
use crate::support::perms::Perms;

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&SERIALIZE, &DECODE]);

/// What a key that is missing is shown as. Salt: `RecursiveDictDiffer.NONE_VALUE`.
const NOTHING: &str = "<_null_>";

/// Options as a map, or as a list of maps. Salt: `repack_dictlist`.
fn options(given: &Value) -> Map {
    match given {
        Value::Map(map) => (**map).clone(),
        Value::List(items) => {
            let maps = items.iter().filter_map(Value::as_map);
            maps.flat_map(|map| map.iter().map(|(k, v)| (k.clone(), v.clone()))).collect()
        }
        _ => Map::new(),
    }
}

/// The options of a format unless the state says otherwise.
fn defaults(format: &str, encoding: bool) -> Map {
    match format {
        "yaml" if encoding => map! {"default_flow_style" => false, "allow_unicode" => true},
        "yaml" => map! {"default_flow_style" => false},
        "json" => map! {
            "indent" => 2, "sort_keys" => true, "ensure_ascii" => !encoding,
            "separators" => Value::list([Value::str(","), Value::str(": ")]),
        },
        _ => Map::new(),
    }
}

/// What differs between two mappings, key by key. Salt: `recursive_diff`.
fn differing(old: &Map, new: &Map) -> Map {
    let mut out = Map::new();
    let pair = |old: Value, new: Value| Value::from(map! {"new" => new, "old" => old});
    for (key, value) in new {
        match old.get(key) {
            None => drop(out.insert(key.clone(), pair(NOTHING.into(), value.clone()))),
            Some(same) if same == value => {}
            Some(Value::Map(inner)) if value.as_map().is_some() => {
                let deeper = value.as_map().map(|value| differing(inner, value));
                out.insert(key.clone(), deeper.unwrap_or_default().into());
            }
            Some(other) => drop(out.insert(key.clone(), pair(other.clone(), value.clone()))),
        }
    }
    for (key, value) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
        out.insert(key.clone(), pair(value.clone(), NOTHING.into()));
    }
    out
}

/// The data, from the state itself or from the pillar. The fault is a comment.
fn given_data(
    cx: &Context<'_>,
    dataset: Value,
    pillar: Option<String>,
) -> Result<Value, &'static str> {
    match (dataset, pillar.filter(|path| !path.is_empty())) {
        (dataset, Some(_)) if dataset.truthy() => {
            Err("Only one of 'dataset' and 'dataset_pillar' is permitted")
        }
        (_, Some(path)) => Ok(cx.pillar_at(&path).unwrap_or_else(|| Value::str(""))),
        (Value::Null, None) => Err("Neither 'dataset' nor 'dataset_pillar' was defined"),
        (dataset, None) => Ok(dataset),
    }
}

/// Data merged into what a file has; what is no mapping takes its place.
fn merged(old: &Value, new: &Value) -> Result<Value> {
    match (old, new) {
        (Value::Map(old), Value::Map(new)) => {
            let mut all = (**old).clone();
            update(&mut all, new, Update::default())?;
            Ok(all.into())
        }
        (_, new) => Ok(new.clone()),
    }
}

/// Writes data to a file in a format such as YAML or JSON.
///
/// ```yaml
/// /etc/dummy/package.json:
///   file.serialize:
///     - serializer: json
///     - dataset:
///         name: naive
/// ```
#[state]
fn serialize<'a>(
    cx: &Context<'a>,
    /// Path of the file.
    name: String,
    /// The data.
    #[default(Value::Null)]
    dataset: Value,
    /// Where the pillar has the data.
    #[default(None)]
    dataset_pillar: Option<String>,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default(Value::Null)] mode: Value,
    #[default(Value::str(""))] backup: Value,
    #[default(false)] makedirs: bool,
    #[default(true)] show_changes: bool,
    #[default(true)] create: bool,
    /// Merge into the data that the file has.
    #[default(false)]
    merge_if_exists: bool,
    #[default(None)] encoding: Option<String>,
    #[default("strict".into())] encoding_errors: String,
    /// The format.
    #[default(None)]
    serializer: Option<String>,
    #[default(Value::Null)] serializer_opts: Value,
    #[default(Value::Null)] deserializer_opts: Value,
    #[default(Value::Null)] check_cmd: Value,
    #[default(None)] tmp_dir: Option<String>,
    #[default(String::new())] tmp_ext: String,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.serialize");
    }
    let path = PathBuf::from(&name);
    if !create && !is_file(cx.host, &path) {
        return Ok(Verdict::correct(format!(
            "File {name} is not present and is not set for creation"
        )));
    }
    let formatter = kwargs.get("formatter").filter(|formatter| formatter.truthy());
    if serializer.is_some() && formatter.is_some() {
        return refuse("Only one of serializer and formatter are allowed");
    }
    let format = serializer.or_else(|| formatter.map(Value::to_string));
    let format = format.unwrap_or_else(|| "yaml".into()).to_lowercase();
    let mut data = match given_data(cx, dataset, dataset_pillar) {
        Ok(data) => data,
        Err(fault) => return refuse(fault),
    };
    if !serializers::NAMES.contains(&&*format) {
        return refuse(format!(
            "The {format} serializer could not be found. It either does not exist or its \
             prerequisites are not installed."
        ));
    }
    let mut diff = None;
    if merge_if_exists && is_file(cx.host, &path) {
        let text = String::from_utf8_lossy(&cx.host.read(&path)?).into_owned();
        let old = match serializers::deserialize_with(&format, &text, &options(&deserializer_opts))
        {
            Ok(old) => old,
            Err(error) => return refuse(format!("Failed to deserialize existing data: {error}")),
        };
        if !old.is_null() {
            let merged = merged(&old, &data)?;
            if merged == old {
                return Ok(Verdict::correct(format!("The file {name} is in the correct state")));
            }
            if let (Value::Map(old), Value::Map(new)) = (&old, &merged) {
                diff = Some(differing(old, new));
            }
            data = merged;
        }
    }
    let contents = written(&format, &data, &serializer_opts, encoding.is_some())?;
    let want = Want {
        path,
        perms: Perms::new(owner(user, &kwargs), group, &mode),
        contents: Some(contents.into()),
        newline: true,
        encoding,
        encoding_errors,
        makedirs,
        replace: true,
        show_changes,
        backup,
        follow: true,
        check_cmd,
        tmp_dir,
        tmp_ext,
        keep_source: true,
        name: name.clone(),
        ..Want::default()
    };
    let verdict = judge(cx, want, true)?;
    let ignored = deserializer_opts.truthy() && !merge_if_exists;
    Ok(told_as_data(verdict, name, diff, ignored))
}

/// The data as the file's text.
fn written(format: &str, data: &Value, given: &Value, encoded: bool) -> Result<String> {
    let mut with = defaults(format, encoded);
    with.extend(options(given));
    Ok(serializers::serialize(format, data, &with)? + "\n")
}

/// The verdict in the words of `file.serialize`, with the diff of data in place of that of text.
fn told_as_data<'a>(
    verdict: Verdict<'a>,
    name: String,
    diff: Option<Map>,
    ignored: bool,
) -> Verdict<'a> {
    let tell = move |mut outcome: Outcome| {
        if let Some(diff) = diff.as_ref().filter(|_| outcome.result != Some(false)) {
            outcome.changes.insert("diff".into(), diff.clone().into());
        }
        if ignored {
            let text = "The 'deserializer_opts' option is ignored unless merge_if_exists is set to \
                        True.";
            outcome = outcome.with("warnings", vec![Value::str(text)]);
        }
        outcome
    };
    match verdict {
        Verdict::Settled(mut outcome) => {
            if outcome.result.is_none() {
                outcome.comment = format!("Dataset will be serialized and stored into {name}");
            }
            Verdict::Settled(tell(outcome))
        }
        Verdict::Change(plan) => {
            Verdict::change(plan.would, move |apply| (plan.apply)(apply).map(tell))
        }
    }
}

/// Writes what base64 text stands for to a file.
#[state]
fn decode<'a>(
    cx: &Context<'a>,
    /// Path of the file.
    name: String,
    /// The text.
    #[default(None)]
    encoded_data: Option<String>,
    /// Where the pillar has the text.
    #[default(None)]
    contents_pillar: Option<String>,
    #[default("base64".into())] _encoding_type: String,
    /// The kind of digest by which contents are compared.
    #[default("md5".into())]
    checksum: String,
) -> Result<Verdict<'a>> {
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let content = match (given(&encoded_data), given(&contents_pillar)) {
        (false, false) => {
            return Err(Error::execution(
                "Specify either the 'encoded_data' or 'contents_pillar' argument.",
            ));
        }
        (true, true) => {
            return Err(Error::execution(
                "Specify only one 'encoded_data' or 'contents_pillar' argument.",
            ));
        }
        (true, false) => encoded_data.unwrap_or_default(),
        (false, true) => cx
            .pillar_at(&contents_pillar.unwrap_or_default())
            .map(|value| value.to_string())
            .ok_or_else(|| Error::execution("Pillar data not found."))?,
    };
    let bytes = base64(&content)?;
    let path = PathBuf::from(expand_user(cx, &name));
    let digest = |bytes: &[u8]| -> Result<Value> {
        cx.call("hashutil.digest", args![Value::bytes(bytes), checksum.as_str()])
    };
    let new = digest(&bytes)?;
    let mut old = Value::Null;
    if is_file(cx.host, &path) {
        old = digest(&cx.host.read(&path)?)?;
        if old == new {
            return Ok(Verdict::correct("File is in the correct state."));
        }
    }
    let changes = map! {"old" => &old, "new" => new};
    let predicted = if old.is_null() { Map::new() } else { changes.clone() };
    let would = Outcome::would("File is set to be updated.", predicted);
    Ok(Verdict::change(would, move |apply| {
        if let Err(error) = apply.host.write_atomic(Path::new(&path), &bytes, None) {
            return Ok(failed(error.to_string()));
        }
        Ok(Outcome::done("File was updated.", changes))
    }))
}

/// What base64 text stands for; white space in it means nothing.
fn base64(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for c in text.bytes().filter(|c| !c.is_ascii_whitespace()) {
        let six = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return Err(Error::execution("encoded_data is no base64 text")),
        };
        (bits, count) = (bits << 6 | u32::from(six), count + 1);
        if count == 4 {
            bytes.extend(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    match count {
        0 => {}
        2 => bytes.extend(&(bits << 12).to_be_bytes()[1..2]),
        3 => bytes.extend(&(bits << 6).to_be_bytes()[1..3]),
        _ => return Err(Error::execution("encoded_data is no base64 text: Incorrect padding")),
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_text_is_read() {
        for (text, want) in
            [("aGVsbG8=", "hello"), ("aGVs\nbG8h", "hello!"), ("YQ==", "a"), ("", "")]
        {
            assert_eq!(base64(text).expect("is base64"), want.as_bytes());
        }
        assert!(base64("a").is_err());
        assert!(base64("a!").is_err());
    }

    #[test]
    fn mappings_are_compared_key_by_key() {
        let old = map! {"a" => 1, "b" => map! {"c" => 1, "d" => 2}, "gone" => 0};
        let new = map! {"a" => 1, "b" => map! {"c" => 2, "d" => 2}, "new" => 3};
        let want = map! {
            "b" => map! {"c" => map! {"new" => 2, "old" => 1}},
            "new" => map! {"new" => 3, "old" => NOTHING},
            "gone" => map! {"new" => NOTHING, "old" => 0},
        };
        assert_eq!(differing(&old, &new), want);
    }
}
