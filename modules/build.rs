//! Lists the plugin folders.

fn main() -> std::io::Result<()> {
    halite_plugins::list(&[
        ("exec", "halite_core::ExecModule"),
        ("beacons", "halite_core::BeaconModule"),
        ("returners", "halite_core::Returner"),
        ("grains", "crate::gather::GrainModule"),
    ])
}
