//! Lists the plugin folders.

fn main() -> std::io::Result<()> {
    halite_plugins::list(&[
        ("runners", "halite_core::ExecModule"),
        ("wheel", "halite_core::ExecModule"),
        ("exec", "halite_core::ExecModule"),
        ("states", "halite_core::StateModule"),
        ("thorium/states", "halite_core::StateModule"),
    ])
}
