//! Firmware, disks, graphics: what `/sys` tells. Salt: `_hw_data`, `disks`, `uefi`,
//! `_linux_gpu_data`, `mdadm`, `fibre_channel_host` behaviour.

use std::path::Path;

use halite_core::{Map, Value, map};

use crate::gather::{GrainModule, Look};

/// The family.
pub static MODULE: GrainModule = GrainModule { name: "hardware", collect };

/// Grain and the file below `/sys/class/dmi/id` that holds it.
const FIRMWARE: &[(&str, &str)] = &[
    ("biosversion", "bios_version"),
    ("biosvendor", "bios_vendor"),
    ("boardname", "board_name"),
    ("productname", "product_name"),
    ("manufacturer", "sys_vendor"),
    ("biosreleasedate", "bios_date"),
    ("uuid", "product_uuid"),
    ("serialnumber", "product_serial"),
];

/// PCI vendors that Salt names; all others are `unknown`.
const GPU_VENDORS: &[(&str, &str)] = &[
    ("0x10de", "nvidia"),
    ("0x1002", "amd"),
    ("0x8086", "intel"),
    ("0x102b", "matrox"),
    ("0x1a03", "aspeed"),
];

fn collect(look: &Look<'_>) -> Map {
    let mut grains = firmware(look);
    grains.extend(disks(look));
    let gpus = gpus(look);
    grains.insert("num_gpus".into(), gpus.len().into());
    grains.insert("gpus".into(), gpus.into());
    grains.insert("fibre_channel_host".into(), look.is_dir("/sys/class/fc_host").into());
    let efi = ["/sys/firmware/efi/efivars", "/sys/firmware/efi/vars"];
    let efi = efi.into_iter().find(|path| look.exists(path));
    grains.insert("efi".into(), efi.is_some().into());
    let secure = efi.is_some_and(|path| secure_boot(look, path));
    grains.insert("efi-secure-boot".into(), secure.into());
    let transactional = look.host.which("transactional-update").is_some();
    grains.insert("transactional".into(), transactional.into());
    if let Some(text) = look.text("/proc/mdstat") {
        grains.insert("mdadm".into(), raids(&text).into());
    }
    grains
}

fn firmware(look: &Look<'_>) -> Map {
    let mut grains = Map::new();
    for (grain, file) in FIRMWARE {
        let Some(text) = look.text(&format!("/sys/class/dmi/id/{file}")) else { continue };
        let text = text.trim();
        let text = if *grain == "uuid" { text.to_lowercase() } else { text.to_owned() };
        grains.insert((*grain).into(), text.into());
    }
    grains
}

/// Disks by the kernel's word on whether they rotate; virtual ones are left out.
fn disks(look: &Look<'_>) -> Map {
    let (mut disks, mut ssds) = (Vec::new(), Vec::new());
    for name in look.names("/sys/block") {
        let link = look.host.read_link(Path::new(&format!("/sys/block/{name}")));
        if link.is_ok_and(|link| link.starts_with("../devices/virtual")) {
            continue;
        }
        match look.line(&format!("/sys/block/{name}/queue/rotational")).as_deref() {
            Some("0") => ssds.push(name),
            Some("1") => disks.push(name),
            _ => {}
        }
    }
    map! { "disks" => disks, "ssds" => ssds }
}

/// Display controllers; Salt asks `lspci`, so without that program there are none.
fn gpus(look: &Look<'_>) -> Vec<Map> {
    let wanted = look.opts.get("enable_lspci").is_none_or(Value::truthy)
        && look.opts.get("enable_gpu_grains").is_none_or(Value::truthy);
    if !wanted || look.host.which("lspci").is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for name in look.names("/sys/bus/pci/devices") {
        let of = |file: &str| look.line(&format!("/sys/bus/pci/devices/{name}/{file}"));
        let class = of("class").unwrap_or_default();
        // VGA (0300) and 3D (0302) controllers.
        if !class.starts_with("0x0300") && !class.starts_with("0x0302") {
            continue;
        }
        let (vendor, device) = (of("vendor").unwrap_or_default(), of("device").unwrap_or_default());
        let known = GPU_VENDORS.iter().find(|(id, _)| *id == vendor).map(|(_, name)| *name);
        let model = model_name(look, &vendor, &device).unwrap_or(device);
        found.push(map! { "vendor" => known.unwrap_or("unknown"), "model" => model });
    }
    found
}

/// A device's name in the list of PCI ids.
fn model_name(look: &Look<'_>, vendor: &str, device: &str) -> Option<String> {
    let text =
        look.text("/usr/share/misc/pci.ids").or_else(|| look.text("/usr/share/hwdata/pci.ids"))?;
    let (vendor, device) = (vendor.strip_prefix("0x")?, device.strip_prefix("0x")?);
    let of_vendor = text.lines().skip_while(|line| !line.starts_with(vendor)).skip(1);
    let mut devices = of_vendor.take_while(|line| line.starts_with(['\t', '#']));
    let line = devices.find_map(|line| line.strip_prefix('\t')?.strip_prefix(device))?;
    Some(line.trim().to_owned())
}

fn secure_boot(look: &Look<'_>, folder: &str) -> bool {
    let names: Vec<String> =
        look.names(folder).into_iter().filter(|name| name.starts_with("SecureBoot-")).collect();
    let [name] = names.as_slice() else { return false };
    let file = if folder.ends_with("efivars") {
        format!("{folder}/{name}")
    } else {
        format!("{folder}/{name}/data")
    };
    look.host.read(Path::new(&file)).is_ok_and(|bytes| bytes.last() == Some(&1))
}

fn raids(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with("Personalities : "));
    let mut names: Vec<String> =
        lines.filter_map(|line| Some(line.split_once(" : ")?.0.to_owned())).collect();
    names.sort();
    names.dedup();
    names
}
