//! From a salt:// path to data: file roots, Jinja, YAML, the renderer pipe.

pub mod files;
pub mod yaml;
