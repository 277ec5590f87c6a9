//! `diskusage`: file systems that are fuller than a limit. Salt: `salt/beacons/diskusage.py`.

use halite_core::{
    Beacon, BeaconConfig, BeaconModule, Error, Result, Seen, Value, Watch, map, pyre,
};

use crate::support::beacon::{flat, percent, share, text};

/// The beacon.
pub static MODULE: BeaconModule = BeaconModule::new("diskusage", validate, |config| {
    Box::new(DiskUsage { limits: limits(config), mounts: String::new(), found: Vec::new() })
});

fn validate(settings: &Value) -> Result<(), String> {
    flat("diskusage", settings).map(drop)
}

/// What is set beside the mount points.
const SETTINGS: &[&str] =
    &["beacon_module", "disable_during_state_run", "enabled", "interval", "rate_limit", "run_once"];

fn limits(config: &BeaconConfig) -> Vec<(String, Value)> {
    let first = config.items.iter().flat_map(|item| item.iter());
    let pairs = first.map(|(key, value)| (key.to_string(), value.clone()));
    let own = |key: &str| SETTINGS.contains(&key) || key.starts_with('_');
    pairs.filter(|(key, _)| !own(key)).collect()
}

struct DiskUsage {
    limits: Vec<(String, Value)>,
    /// The kernel's table of mounts, and the mount points that the limits mean by it.
    mounts: String,
    found: Vec<(String, Result<f64, String>)>,
}

/// The mount points of `/proc/self/mounts`.
fn points(mounts: &str) -> impl Iterator<Item = String> + '_ {
    let fields = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    fields.map(|field| {
        let plain = field.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n");
        plain.replace("\\134", "\\")
    })
}

impl DiskUsage {
    /// Mount points by pattern, in the order of the limits.
    fn find(&mut self, mounts: &str) {
        self.found.clear();
        for (pattern, limit) in &self.limits {
            let whole =
                if pattern.ends_with('$') { pattern.clone() } else { format!("{pattern}$") };
            let regex = match pyre::compile_match(&whole) {
                Ok(regex) => regex,
                Err(error) => {
                    tracing::error!("the diskusage beacon leaves out {pattern}: {error}");
                    continue;
                }
            };
            let hits = points(mounts).filter(|point| regex.is_match(point).unwrap_or(false));
            self.found.extend(hits.map(|point| (point, percent(limit))));
        }
        self.mounts = mounts.to_owned();
    }
}

impl Beacon for DiskUsage {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let read = watch.round.once("mounts", || text(watch.apply, "/proc/self/mounts").into());
        let mounts = read.as_str().unwrap_or_default();
        if self.mounts != mounts {
            self.find(mounts);
        }
        let mut events = Vec::new();
        for (point, limit) in &self.found {
            let Ok(figures) = rustix::fs::statvfs(point.as_str()) else {
                tracing::warn!("{point} is not a valid mount point.");
                continue;
            };
            let used = figures.f_blocks.saturating_sub(figures.f_bfree);
            let used = share(used, used + figures.f_bavail);
            if used >= limit.clone().map_err(Error::execution)? {
                events.push(map! { "diskusage" => used, "mount" => point.as_str() });
            }
        }
        Ok(Seen::polled(events))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_mount_points() {
        let mounts =
            "/dev/sda1 / ext4 rw 0 0\n/dev/sdb /home xfs rw 0 0\ntmpfs /mnt/a\\040b tmpfs rw 0 0\n";
        let find = |pattern: &str| {
            let limits = vec![(pattern.to_owned(), Value::from("90%"))];
            let mut beacon = DiskUsage { limits, mounts: String::new(), found: Vec::new() };
            beacon.find(mounts);
            beacon.found.into_iter().map(|(point, _)| point).collect::<Vec<_>>()
        };
        assert_eq!(find("/"), ["/"]);
        assert_eq!(find(r"^\/(?!home).*$"), ["/", "/mnt/a b"]);
        assert_eq!(find("/mnt/a b"), ["/mnt/a b"]);
        assert_eq!(find("/srv"), [""; 0]);
    }

    #[test]
    fn settings_are_no_mount_points() {
        let settings = Value::list([
            map! { "interval" => 5 }.into(),
            map! { "/" => "63%" }.into(),
            map! { "_x" => 1 }.into(),
        ]);
        let names: Vec<String> =
            limits(&BeaconConfig::new("d", &settings)).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["/"]);
    }
}
