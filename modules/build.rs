//! Lists the plugin folders.

fn main() -> std::io::Result<()> {
    halite_plugins::list(&[
        ("exec", "halite_core::ExecModule"),
        ("beacons", "halite_core::BeaconModule"),
        ("grains", "crate::gather::GrainModule"),
    ])
}
