//! Copies of files that are about to be changed, below `file_backup` in the minion's cache. Salt:
//! `salt.utils.files.backup_minion`.

use std::path::{Path, PathBuf};

use jiff::civil::DateTime;

use crate::Result;
use crate::host::Write;

/// How the time stands in the name of a copy.
const STAMP: &str = "%a_%b_%d_%H:%M:%S";

/// The folder that holds the copies of a folder's files.
pub fn kept_folder(cachedir: &Path, folder: &Path) -> PathBuf {
    cachedir.join("file_backup").join(folder.strip_prefix("/").unwrap_or(folder))
}

/// Keeps a copy of a file, with its mode and owner.
///
/// # Errors
/// If the copy cannot be written.
pub fn keep_copy(host: &dyn Write, cachedir: &Path, path: &Path) -> Result<()> {
    let folder = kept_folder(cachedir, path.parent().unwrap_or(Path::new("/")));
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|at| !at.as_os_str().is_empty() && !host.exists(at))
        .collect();
    for at in missing.into_iter().rev() {
        host.create_dir(at, None)?;
    }
    let micros = host.now_micros();
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let at = at.to_zoned(jiff::tz::TimeZone::system());
    let stamp =
        format!("{}_{:06}_{}", at.strftime(STAMP), micros.rem_euclid(1_000_000), at.strftime("%Y"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let copy = folder.join(format!("{name}_{stamp}"));
    let stat = host.metadata(path)?;
    host.write_atomic(&copy, &host.read(path)?, stat.as_ref().map(|stat| stat.mode))?;
    match stat {
        Some(stat) => host.chown(&copy, Some(stat.uid), Some(stat.gid), true),
        None => Ok(()),
    }
}

/// When the copy of this name was made, if it is one of the file called `base`.
pub fn kept_at(copy: &str, base: &str) -> Option<DateTime> {
    let stamp = copy.strip_prefix(base)?.strip_prefix('_')?;
    let (rest, year) = stamp.rsplit_once('_')?;
    let (clock, micros) = rest.rsplit_once('_')?;
    let whole: DateTime =
        jiff::fmt::strtime::parse(format!("{STAMP} %Y"), format!("{clock} {year}"))
            .and_then(|parsed| parsed.to_datetime())
            .ok()?;
    let micros: i32 = micros.parse().ok().filter(|micros| (0..1_000_000).contains(micros))?;
    whole.with().subsec_nanosecond(micros * 1000).build().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_name_of_a_copy_tells_its_time() {
        let name = "a_b.conf_Sat_Nov_28_04:34:07_000120_2026";
        let at = super::kept_at(name, "a_b.conf").expect("a copy");
        assert_eq!(
            at.strftime("%a %b %d %Y %H:%M:%S.%6f").to_string(),
            "Sat Nov 28 2026 04:34:07.000120"
        );
        for other in ["a_b.conf", "a_b.conf_x", "b.conf_Sat_Nov_28_04:34:07_000120_2026"] {
            assert_eq!(super::kept_at(other, "a_b.conf"), None, "{other}");
        }
    }
}
