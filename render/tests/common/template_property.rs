//! What must hold for every template; shared with the fuzz target `jinja`.

use halite_core::{Value, map};
use halite_render::JinjaEngine;
use halite_render::jinja::request::{Limits, NoCalls, NoFiles, Options, Request};

/// Most bytes of text that a template may make here.
const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// The template renders or is refused within its bounds, and gives the same each time unless it draws by lot.
pub(crate) fn holds(source: &str) {
    let context = map! {
        "a" => 1, "b" => "text", "l" => vec![Value::from(3), Value::from("x"), Value::Null],
        "d" => map! {"k" => vec![Value::from(1.5)], "x" => map! {"y" => true}},
    };
    let options = Options::default();
    let request = Request {
        source,
        name: "/cache/x.sls",
        context: &context,
        salt: &NoCalls,
        loader: &NoFiles,
        options: &options,
        limits: Limits { steps: 50_000, depth: 200, output_bytes: OUTPUT_BYTES_MAX },
    };
    if let Ok(text) = JinjaEngine::new().render_request(&request) {
        assert!(text.len() <= OUTPUT_BYTES_MAX, "{} bytes", text.len());
    }
}
