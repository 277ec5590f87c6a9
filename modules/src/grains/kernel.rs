//! Kernel, processor, memory. Salt: `_linux_cpudata`, `_linux_memdata`, `kernelparams` behaviour.

use halite_core::{Map, Value, map};

use crate::gather::{GrainModule, Look};

/// The family.
pub static MODULE: GrainModule = GrainModule { name: "kernel", collect };

fn collect(look: &Look<'_>) -> Map {
    let of = |name: &str| look.line(&format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    let machine = match of("arch") {
        arch if !arch.is_empty() => arch,
        _ => super::os::uname_machine(std::env::consts::ARCH).to_owned(),
    };
    let mut grains = map! {
        "kernel" => of("ostype"),
        "kernelrelease" => of("osrelease"),
        "kernelversion" => of("version"),
        "nodename" => of("hostname"),
        "cpuarch" => machine,
    };
    grains.extend(cpu(&look.text("/proc/cpuinfo").unwrap_or_default()));
    grains.extend(memory(&look.text("/proc/meminfo").unwrap_or_default()));
    if let Some(line) = look.text("/proc/cmdline") {
        grains.insert("kernelparams".into(), params(&line));
    }
    grains
}

fn cpu(text: &str) -> Map {
    let mut count = 0;
    let mut model = "Unknown";
    let mut flags = "";
    for (key, value) in text.lines().filter_map(|line| line.split_once(':')) {
        // Python's split at every colon keeps what stands before the second.
        let value = value.split(':').next().unwrap_or(value).trim();
        match key.trim() {
            "processor" => count += 1,
            "# processors" => count = value.parse().unwrap_or(count),
            "vendor_id" | "model name" | "cpu" => model = value,
            "flags" | "Features" => flags = value,
            "Processor" => {
                model = value.split('-').next().unwrap_or(value);
                count = 1;
            }
            _ => {}
        }
    }
    let flags: Vec<&str> = flags.split_whitespace().collect();
    map! { "num_cpus" => count, "cpu_model" => model, "cpu_flags" => flags }
}

/// Memory and swap in MiB.
fn memory(text: &str) -> Map {
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<i64>().ok());
        kib.unwrap_or(0) / 1024
    };
    map! { "mem_total" => of("MemTotal"), "swap_total" => of("SwapTotal") }
}

/// `[name, value]` pairs of the boot line; a word that is not exactly `name=value` has no value.
fn params(line: &str) -> Value {
    let pairs = split_words(line).into_iter().map(|word| {
        let parts: Vec<&str> = word.split('=').collect();
        match parts[..] {
            [name, value] => vec![Value::str(name), Value::str(value.trim_matches('"'))],
            _ => vec![Value::str(parts.first().unwrap_or(&"")), Value::Null],
        }
    });
    Value::list(pairs.map(Value::from))
}

/// Words as a shell splits them: quotes group and vanish.
fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_lines_are_split_like_a_shell_would() {
        let got = params("ro quiet console=ttyS0,115200 root=UUID=1-2 dyndbg=\"file x +p\"\n");
        assert_eq!(
            got.repr(),
            "[['ro', None], ['quiet', None], ['console', 'ttyS0,115200'], ['root', None], \
             ['dyndbg', 'file x +p']]"
        );
    }

    #[test]
    fn processors_are_counted() {
        let text = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: X @ 2.5GHz\nflags\t\t: fpu vme\n\
                    processor\t: 1\nmodel name\t: X @ 2.5GHz\n";
        let got = cpu(text);
        assert_eq!(
            Value::from(got).repr(),
            "{'num_cpus': 2, 'cpu_model': 'X @ 2.5GHz', 'cpu_flags': ['fpu', 'vme']}"
        );
        let got = memory("MemTotal:       24684224 kB\nSwapTotal:             0 kB\n");
        assert_eq!(Value::from(got).repr(), "{'mem_total': 24105, 'swap_total': 0}");
    }
}
