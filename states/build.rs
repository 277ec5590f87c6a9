//! Lists the plugin folders.

fn main() -> std::io::Result<()> {
    halite_plugins::list(&[
        ("exec", "halite_core::ExecModule"),
        ("modules", "halite_core::StateModule"),
    ])
}
