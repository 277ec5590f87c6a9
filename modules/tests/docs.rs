//! Every function says how it is called, and what it says is true.

use halite_core::Registry;
use halite_core::host::RealHost;

#[test]
fn every_function_has_an_example_that_names_a_function() {
    let grains = halite_core::map! {"kernel" => "Linux", "os_family" => "Debian", "os" => "Debian"};
    let registry = Registry::load(halite_modules::exec::ALL, &grains, &RealHost::new());
    let mut wrong = Vec::new();
    for module in halite_modules::exec::ALL {
        for function in module.functions {
            let full = format!("{}.{}", module.name, function.spec.name);
            let Some((_, examples)) = function.spec.doc.split_once("CLI Example:") else {
                wrong.push(format!("{full} has no CLI Example"));
                continue;
            };
            let lines = examples.lines().map(str::trim);
            let calls: Vec<&str> = lines.filter(|line| line.starts_with("salt")).collect();
            let named = |line: &&str| line.split_whitespace().any(|word| word == full);
            if !calls.iter().any(named) {
                wrong.push(format!("{full}: no example calls it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(registry.contains("test.ping"));
}
