//! Lists the plugin folders.

fn main() -> std::io::Result<()> {
    halite_plugins::list(&[
        ("runners", "halite_core::ExecModule"),
        ("wheel", "halite_core::ExecModule"),
    ])
}
