//! For build scripts: lists a crate's plugin folders, so that a new module is one new file.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Writes `$OUT_DIR/<folder>.rs` (`a/b` as `a_b.rs`) for each folder below `src`: its files as Rust modules, and
/// `ALL`, the list of every `static MODULE:` in them. `ty` is the type of those statics.
///
/// A folder inside is a module with its files as children; its `mod.rs`, if there is one, becomes
/// the child `shared`.
///
/// # Errors
/// If a folder cannot be read or the listing cannot be written.
pub fn list(folders: &[(&str, &str)]) -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    for (folder, ty) in folders {
        let files = modules_below(&root.join("src").join(folder))?;
        let name = folder.replace('/', "_");
        fs::write(out.join(format!("{name}.rs")), listing(&files, ty))?;
    }
    Ok(())
}

/// Has cargo run the build script again when `path` changes.
#[expect(clippy::print_stdout, reason = "it is how a build script talks to cargo")]
fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

/// A plugin file: the Rust names on its way, and its path.
struct Plugin {
    path: PathBuf,
    name: String,
    children: Vec<Plugin>,
    has_module: bool,
}

/// Files and folders of one level, sorted; a folder `x/` is the module `x` (with `x/mod.rs` if there).
fn modules_below(folder: &Path) -> io::Result<Vec<Plugin>> {
    watch(folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            let children = modules_below(&path)?;
            found.push(Plugin { path, name: stem, children, has_module: false });
        } else if path.extension().is_some_and(|ext| ext == "rs") && stem != "mod" {
            watch(&path);
            let has_module = fs::read_to_string(&path)?.contains("static MODULE:");
            found.push(Plugin { path, name: stem, children: Vec::new(), has_module });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn listing(plugins: &[Plugin], ty: &str) -> String {
    let mut out = String::new();
    let mut names = Vec::new();
    write_level(plugins, "", &mut out, &mut names);
    out += &format!("/// Every module of this folder.\npub static ALL: &[&{ty}] = &[\n");
    for name in names {
        out += &format!("    &{name}::MODULE,\n");
    }
    out + "];\n"
}

fn write_level(plugins: &[Plugin], prefix: &str, out: &mut String, names: &mut Vec<String>) {
    for Plugin { path, name, children, has_module } in plugins {
        let rust = if name == "match" { "r#match" } else { name };
        if *has_module {
            names.push(format!("{prefix}{rust}"));
        }
        if path.is_dir() {
            *out += &format!("/// `{name}`, in several files.\npub mod {rust} {{\n");
            let own = path.join("mod.rs");
            if own.is_file() {
                *out += &format!("#[path = {own:?}]\nmod shared;\n");
            }
            write_level(children, &format!("{prefix}{rust}::"), out, names);
            *out += "}\n";
        } else {
            *out += &format!("#[path = {path:?}]\npub mod {rust};\n");
        }
    }
}
