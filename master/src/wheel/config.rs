//! `config`: the master's configuration files. Salt: `salt/wheel/config.py` behaviour.

use std::path::PathBuf;

use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, function};
use halite_render::yaml::{self, DumpStyle};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("config", &[&VALUES, &APPLY, &UPDATE_CONFIG]);

/// All options.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.wheel config.values
/// ```
#[function]
fn values(cx: &Context<'_>) -> Map {
    (**cx.opts.values()).clone()
}

fn conf_file(cx: &Context<'_>) -> Result<PathBuf> {
    let path = cx.opts.path("conf_file");
    match path.as_os_str().is_empty() {
        true => Err(Error::execution("this master has no configuration file")),
        false if path.is_dir() => Ok(path.join("master")),
        false => Ok(path),
    }
}

/// Sets one option in the master's own configuration file; it holds from the master's next start. What else stands
/// in the file stays (comments do not). Salt writes all options, also those that nobody had set.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.wheel config.apply key=log_level value=info
/// ```
#[function]
fn apply(apply: &Apply<'_>, key: String, value: Value) -> Result<Value> {
    let path = conf_file(apply.cx)?;
    let text = match apply.host.exists(&path) {
        true => String::from_utf8_lossy(&apply.host.read(&path)?).into_owned(),
        false => String::new(),
    };
    let parsed = yaml::load(&text)
        .map_err(|error| Error::execution(format!("{}: {}", path.display(), error.problem)))?;
    let mut data = parsed.as_map().cloned().unwrap_or_default();
    data.insert(key.into(), value);
    let text = yaml::dump(&data.into(), DumpStyle::block());
    apply.host.write_atomic(&path, text.as_bytes(), None)?;
    Ok(Value::Null)
}

/// Writes `<file_name>.conf` into the folder of `default_include`.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.wheel config.update_config file_name=gui yaml_contents='{"id": 1}'
/// ```
#[function]
fn update_config(apply: &Apply<'_>, file_name: String, yaml_contents: Value) -> Result<String> {
    if file_name.is_empty() || file_name.contains(['/', '\\', '\0']) || file_name.starts_with('.') {
        return Ok("Invalid path".into());
    }
    let include = match apply.opts.str("default_include") {
        "" => "master.d/*.conf",
        given => given,
    };
    let below = std::path::Path::new(include).parent().map(PathBuf::from).unwrap_or_default();
    let folder = conf_file(apply.cx)?.parent().map(PathBuf::from).unwrap_or_default().join(below);
    if !apply.host.exists(&folder) {
        apply.host.create_dir(&folder, Some(0o755))?;
    }
    let name = format!("{file_name}.conf");
    let text = yaml::dump(&yaml_contents, DumpStyle::block());
    apply.host.write_atomic(&folder.join(&name), text.as_bytes(), None)?;
    Ok(format!("Wrote {name}"))
}
