//! The variables that tell a template where it stands.

use std::path::Path;

use halite_core::{Map, Value};

/// `tplpath`, `tplfile`, `tpldir`, `tpldot`, `slspath`, `slsdotpath`, `slscolonpath`, `sls_path`
/// of a template: its path on this machine and its sls name (empty if it is no sls).
/// Salt: `salt.utils.templates.generate_sls_context` behaviour.
pub fn sls_context(path: Option<&Path>, sls: &str) -> Map {
    let mut slspath = sls.replace('.', "/").trim_end_matches('/').to_owned();
    let mut map = Map::new();
    let mut set = |name: &str, value: &str| drop(map.insert(name.into(), Value::str(value)));
    if let Some(path) = path {
        let full = path.to_string_lossy();
        set("tplpath", &full);
        let single = format!("{slspath}.sls");
        let init = format!("{slspath}/init.sls");
        let file = if sls.is_empty() {
            full.rsplit('/').next().unwrap_or_default()
        } else if full.ends_with(&single) {
            &single
        } else if full.ends_with(&init) {
            &init
        } else {
            // Not the file of that sls: only its own place is known.
            let parent = Path::new(sls).parent().map_or("", |parent| parent.to_str().unwrap_or(""));
            set("tplfile", sls);
            set("tpldir", if parent.is_empty() { "." } else { parent });
            return map;
        };
        set("tplfile", file);
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        set("tpldir", if folder.is_empty() { "." } else { folder });
        set("tpldot", &folder.replace('/', "."));
        slspath = folder.to_owned();
    }
    set("slspath", &slspath);
    set("slsdotpath", &slspath.replace('/', "."));
    set("slscolonpath", &slspath.replace('/', ":"));
    set("sls_path", &slspath.replace('/', "_"));
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, sls: &str, want: &str) {
        let context = sls_context(Some(Path::new(path)), sls);
        let names = ["tplfile", "tpldir", "tpldot", "slspath", "slscolonpath"];
        let got = names.map(|name| context.get(name).map_or("-".into(), Value::to_string));
        assert_eq!(got.join(" "), want);
    }

    #[test]
    fn places_as_salt_names_them() {
        check("/srv/x/y/z.sls", "x.y.z", "x/y/z.sls x/y x.y x/y x:y");
        check("/srv/x/init.sls", "x", "x/init.sls x x x x");
        check("/srv/t.sls", "t", "t.sls .   ");
        check("/srv/top.sls", "", "top.sls .   ");
        check("/srv/a/b.conf", "a/b.conf", "a/b.conf a - - -");
    }
}
