//! Lists the external pillars.

fn main() -> std::io::Result<()> {
    halite_plugins::list(&[("sources", "Source")])
}
