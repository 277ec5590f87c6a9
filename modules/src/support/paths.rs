//! Paths as the machine sees them.

use std::path::{Path, PathBuf};

use halite_core::host::Read;

/// The path with all links resolved, as far as it exists. Python: `os.path.realpath`.
pub fn real(host: &dyn Read, path: &Path) -> PathBuf {
    /// Links followed before giving up: the kernel's own bound.
    const LINKS_MAX: usize = 40;
    let mut left = LINKS_MAX;
    let mut done = PathBuf::from("/");
    let mut todo: Vec<String> = Vec::new();
    let push = |todo: &mut Vec<String>, path: &Path| {
        let parts: Vec<String> = path.to_string_lossy().split('/').map(str::to_owned).collect();
        todo.extend(parts.into_iter().rev());
    };
    push(&mut todo, path);
    while let Some(part) = todo.pop() {
        match part.as_str() {
            "" | "." => {}
            ".." => drop(done.pop()),
            name => {
                let next = done.join(name);
                let link = host.read_link(&next).ok().filter(|_| left > 0);
                match link {
                    Some(target) => {
                        left -= 1;
                        if target.is_absolute() {
                            done = PathBuf::from("/");
                        }
                        push(&mut todo, &target);
                    }
                    None => done = next,
                }
            }
        }
    }
    done
}
