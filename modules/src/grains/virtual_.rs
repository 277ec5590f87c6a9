//! `virtual` and `virtual_subtype`: what the machine runs on. Salt runs `systemd-detect-virt` and
//! looks at files; here the files say it all.

use std::path::Path;

use halite_core::{Map, map};

use crate::gather::{GrainModule, Look};

/// The family.
pub static MODULE: GrainModule = GrainModule { name: "virtual", collect };

/// Words of the firmware's vendor or product, `virtual` and `virtual_subtype`.
const BY_FIRMWARE: &[(&str, &str, Option<&str>)] = &[
    ("Amazon EC2", "Nitro", Some("Amazon EC2")),
    ("RHEV Hypervisor", "kvm", Some("rhev")),
    ("oVirt", "kvm", Some("ovirt")),
    ("Nutanix", "kvm", Some("Nutanix AHV")),
    ("Google", "gce", None),
    ("VirtualBox", "VirtualBox", None),
    ("innotek GmbH", "VirtualBox", None),
    ("VMware", "VMware", None),
    ("VMW", "VMware", None),
    ("BHYVE", "bhyve", None),
    ("Parallels", "Parallels", None),
    ("Bochs", "kvm", None),
    ("KVM", "kvm", None),
    ("QEMU", "kvm", None),
    ("OpenStack", "kvm", None),
    ("Xen", "xen", None),
];

fn collect(look: &Look<'_>) -> Map {
    let mut kind = String::from("physical");
    let mut subtype: Option<String> = None;
    if let Some(name) = container(look) {
        kind = if matches!(name, "openvzve" | "openvzhn") { name } else { "container" }.into();
        if kind == "container" {
            subtype = Some(name.into());
        }
    } else if let Some((word, sub)) = machine(look) {
        kind = word.into();
        subtype = sub;
    }
    if subtype.is_none() && in_chroot(look) {
        subtype = Some("chroot".into());
    }
    cgroups(look, &mut kind, &mut subtype);
    if subtype.is_some() && kind == "physical" {
        kind = "virtual".into();
    }
    let mut grains = map! { "virtual" => kind };
    if let Some(subtype) = subtype {
        grains.insert("virtual_subtype".into(), subtype.into());
    }
    grains
}

/// The kind of container, by the marks that container managers leave.
fn container(look: &Look<'_>) -> Option<&'static str> {
    if look.is_dir("/proc/vz") {
        if look.exists("/proc/vz/version") {
            return Some("openvzhn");
        }
        if look.exists("/proc/vz/veinfo") {
            return Some("openvzve");
        }
    }
    let told = look.line("/run/systemd/container").or_else(|| {
        let environ = look.text("/proc/1/environ")?;
        environ.split('\0').find_map(|entry| entry.strip_prefix("container=").map(str::to_owned))
    });
    match told.as_deref() {
        Some(name) if name.starts_with("lxc") => return Some("LXC"),
        Some(name) if name.contains("podman") => return Some("Podman"),
        Some(name) if name.contains("docker") => return Some("Docker"),
        Some("systemd-nspawn") => return Some("systemd-nspawn"),
        _ => {}
    }
    if look.exists("/run/.containerenv") {
        return Some("Podman");
    }
    look.exists("/.dockerenv").then_some("Docker")
}

/// The kind of virtual machine.
fn machine(look: &Look<'_>) -> Option<(&'static str, Option<String>)> {
    let dmi = |file: &str| look.line(&format!("/sys/class/dmi/id/{file}")).unwrap_or_default();
    let (vendor, product) = (dmi("sys_vendor"), dmi("product_name"));
    let words = format!("{vendor}\n{product}\n{}\n{}", dmi("bios_vendor"), dmi("board_vendor"));
    if vendor == "Microsoft Corporation" && product == "Virtual Machine" {
        return Some(("VirtualPC", None));
    }
    if look.is_dir("/proc/xen") || look.line("/sys/hypervisor/type").as_deref() == Some("xen") {
        return Some(("xen", Some(xen(look, &product).into())));
    }
    if let Some((_, kind, subtype)) = BY_FIRMWARE.iter().find(|(word, _, _)| words.contains(word)) {
        let subtype = match *subtype {
            Some("Amazon EC2") if !product.is_empty() => Some(format!("Amazon EC2 ({product})")),
            other => other.map(str::to_owned),
        };
        return Some((kind, subtype));
    }
    // Firecracker and cloud-hypervisor have no firmware tables; the processor tells all the same.
    let cpu = look.text("/proc/cpuinfo").unwrap_or_default();
    let mut flags = cpu.lines().filter(|line| line.starts_with("flags"));
    flags
        .any(|line| line.split_whitespace().any(|flag| flag == "hypervisor"))
        .then_some(("kvm", None))
}

fn xen(look: &Look<'_>, product: &str) -> &'static str {
    let capabilities = look.text("/proc/xen/capabilities").unwrap_or_default();
    if look.exists("/proc/xen/xsd_kva") || capabilities.contains("control_d") {
        "Xen Dom0"
    } else if product == "HVM domU" {
        "Xen HVM DomU"
    } else {
        "Xen PV DomU"
    }
}

/// Whether `/` is not the root of the first process.
fn in_chroot(look: &Look<'_>) -> bool {
    let of = |path: &str| {
        let stat = look.host.metadata(Path::new(path)).ok().flatten()?;
        Some((stat.device, stat.inode))
    };
    match (of("/"), of("/proc/1/root/.")) {
        (Some(own), Some(init)) => own != init,
        _ => false,
    }
}

/// What the control groups of the first process say. Salt: `/proc/1/cgroup` in `_virtual`.
fn cgroups(look: &Look<'_>, kind: &mut String, subtype: &mut Option<String>) {
    let text = look.text("/proc/1/cgroup").unwrap_or_default();
    if text.contains(":/lxc/") {
        (*kind, *subtype) = ("container".into(), Some("LXC".into()));
    } else if text.contains(":/kubepods/") {
        *subtype = Some("kubernetes".into());
    } else if text.contains(":/libpod_parent/") {
        *subtype = Some("libpod".into());
    } else if [":/system.slice/docker", ":/docker/", ":/docker-ce/"]
        .iter()
        .any(|x| text.contains(x))
    {
        (*kind, *subtype) = ("container".into(), Some("Docker".into()));
    }
}
