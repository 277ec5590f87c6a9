//! `file.mknod`, `file.touch`, `file.truncate`: files made empty or special.

use halite_core::host::FileKind;
use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function, map};

use super::change::dress;
use super::shared::{expand, parse_mode};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "file",
    &[&MKNOD, &MKNOD_CHRDEV, &MKNOD_BLKDEV, &MKNOD_FIFO, &TOUCH, &TRUNCATE],
);

/// Makes a special file: `c` or `u` a character device, `b` a block device, `p` a named pipe.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.mknod /dev/chr c 180 31
/// salt '*' file.mknod /dev/fifo p
/// ```
#[function]
fn mknod(
    apply: &Apply<'_>,
    name: String,
    ntype: String,
    #[default(0)] major: i64,
    #[default(0)] minor: i64,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default("0600".into())] mode: Value,
) -> Result<Map> {
    let kind = match ntype.as_str() {
        "c" | "u" => FileKind::Char,
        "b" => FileKind::Block,
        "p" => FileKind::Fifo,
        _ => {
            let what = "Node type unavailable: '{}'. Available node types are character ('c'), \
                        block ('b'), and pipe ('p')"
                .replace("{}", &ntype);
            return Err(Error::usage("file.mknod", what));
        }
    };
    make_node(apply, &name, kind, (major, minor), (&user, &group, &mode))
}

fn make_node(
    apply: &Apply<'_>,
    name: &str,
    kind: FileKind,
    (major, minor): (i64, i64),
    (user, group, mode): (&Value, &Value, &Value),
) -> Result<Map> {
    let place = expand(apply.cx.host, name);
    let word = match kind {
        FileKind::Fifo => "Fifo pipe",
        FileKind::Block => "Block device",
        _ => "Character device",
    };
    if apply.host.exists(&place) {
        let what = format!("File {name} already exists and is not a {}", word.to_lowercase());
        return Ok(
            map! { "name" => name, "changes" => Map::new(), "comment" => what, "result" => false },
        );
    }
    let changes = map! { "new" => format!("{word} {name} created.") };
    if apply.test() {
        let changes = map! { "new" => format!("{word} {name} created.") };
        return Ok(map! { "name" => name, "changes" => changes, "comment" => "", "result" => () });
    }
    let number = |number: i64| u32::try_from(number).unwrap_or(0);
    apply.host.mknod(&place, kind, parse_mode(mode)?, number(major), number(minor))?;
    dress(apply, &place, user, group, mode)?;
    Ok(map! { "name" => name, "changes" => changes, "comment" => "", "result" => true })
}

/// Makes a character device.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.mknod_chrdev /dev/chr 180 31
/// ```
#[function]
fn mknod_chrdev(
    apply: &Apply<'_>,
    name: String,
    major: i64,
    minor: i64,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default("0660".into())] mode: Value,
) -> Result<Map> {
    make_node(apply, &name, FileKind::Char, (major, minor), (&user, &group, &mode))
}

/// Makes a block device.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.mknod_blkdev /dev/blk 8 999
/// ```
#[function]
fn mknod_blkdev(
    apply: &Apply<'_>,
    name: String,
    major: i64,
    minor: i64,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default("0660".into())] mode: Value,
) -> Result<Map> {
    make_node(apply, &name, FileKind::Block, (major, minor), (&user, &group, &mode))
}

/// Makes a named pipe.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.mknod_fifo /dev/fifo
/// ```
#[function]
fn mknod_fifo(
    apply: &Apply<'_>,
    name: String,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default("0660".into())] mode: Value,
) -> Result<Map> {
    make_node(apply, &name, FileKind::Fifo, (0, 0), (&user, &group, &mode))
}

/// Sets the times of a file, and makes an empty one if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.touch /var/log/emptyfile
/// ```
#[function]
fn touch(
    apply: &Apply<'_>,
    name: String,
    /// Access time, seconds since 1970; now by default.
    #[default(Value::Null)]
    atime: Value,
    /// Change time, seconds since 1970; now by default.
    #[default(Value::Null)]
    mtime: Value,
) -> Result<bool> {
    let place = expand(apply.cx.host, &name);
    if !apply.host.exists(&place) {
        apply.host.write_atomic(&place, b"", None)?;
    }
    let now = apply.host.now_micros() as f64 / 1e6;
    let seconds = |value: &Value| match value {
        Value::Null => Ok(now),
        Value::Str(text) => text.trim().parse().map_err(|_| ()),
        other => other.as_f64().ok_or(()),
    };
    match (seconds(&atime), seconds(&mtime)) {
        (Ok(atime), Ok(mtime)) => apply.host.set_times(&place, atime, mtime)?,
        _ => return Err(Error::usage("file.touch", "atime and mtime must be integers")),
    }
    Ok(apply.host.exists(&place))
}

/// Cuts a file off, or fills it with zeros, to be as long as wanted.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.truncate /path/to/file 512
/// ```
#[function]
fn truncate(apply: &Apply<'_>, path: String, length: i64) -> Result<()> {
    let place = expand(apply.cx.host, &path);
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= halite_core::limits::COMMAND_OUTPUT_BYTES)
        .ok_or_else(|| {
            Error::usage("file.truncate", format!("cannot truncate to {length} bytes"))
        })?;
    let mut content = apply.host.read(&place)?;
    content.resize(length, 0);
    apply.host.write_atomic(&place, &content, None)
}
