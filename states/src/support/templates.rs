//! The template language of sls files and managed files.

use halite_render::JinjaEngine;

/// The engine.
pub fn engine() -> JinjaEngine {
    JinjaEngine::new()
}
