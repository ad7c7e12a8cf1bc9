//! `device-info`: the Device Information Spec of the NPWG, versions 1.0.0 and 1.1.0.
//!
//! Every member may be absent: the producers leave out what is empty, the
//! required ones of the specification included.

use serde_json::Value;

use super::Parsed;
use super::json::Members;
use super::pci::PciAddress;
use crate::snapshot::{
    Device, DeviceDetail, MemifDevice, MemifMode, MemifRole, PciDevice, VdpaDevice, VhostMode,
    VhostUserDevice,
};

pub(super) const VHOST_MODES: &[(&str, VhostMode)] =
    &[("client", VhostMode::Client), ("server", VhostMode::Server)];

pub(super) const MEMIF_ROLES: &[(&str, MemifRole)] =
    &[("master", MemifRole::Master), ("slave", MemifRole::Slave)];

/// The specification says `inject-punt`, the Go constant of its library is `punt`.
pub(super) const MEMIF_MODES: &[(&str, MemifMode)] = &[
    ("ethernet", MemifMode::Ethernet),
    ("ip", MemifMode::Ip),
    ("inject-punt", MemifMode::InjectPunt),
    ("punt", MemifMode::InjectPunt),
];

/// Reads the device-info at `place`. An unknown type is a [`DeviceDetail::Unknown`], no problem.
pub fn parse(place: &str, value: &Value) -> Parsed<Option<Device>> {
    let mut info = match Members::of(place, value) {
        Ok(members) => members,
        Err(problem) => return (None, vec![problem]),
    };
    let version = info.string("version").map(|text| text.strip_prefix('v').unwrap_or(text));
    let Some(type_name) = info.string("type") else {
        info.problem("type", "missing: it says which device this is");
        return (None, info.problems);
    };
    let detail = match type_name {
        // Without an address it is some PCI device, and no kernel netdev.
        "pci" => info
            .object("pci", pci)
            .map_or_else(|| DeviceDetail::Unknown("pci".to_owned()), DeviceDetail::Pci),
        "vdpa" => DeviceDetail::Vdpa(info.object("vdpa", vdpa)),
        "vhost-user" => DeviceDetail::VhostUser(info.object("vhost-user", vhost_user)),
        "memif" => DeviceDetail::Memif(info.object("memif", memif)),
        other => DeviceDetail::Unknown(other.to_owned()),
    };
    (Some(Device { version: version.map(str::to_owned), detail }), info.problems)
}

fn pci(pci: &mut Members<'_>) -> Option<PciDevice> {
    if pci.get("pci-address").is_none_or(|text| text == "") {
        pci.problem("pci-address", "missing");
        return None;
    }
    Some(PciDevice {
        address: address(pci, "pci-address")?,
        pf_address: address(pci, "pf-pci-address"),
        vhost_net: pci.owned("vhost-net"),
        rdma_devices: comma_list(pci.string("rdma-device")),
        representor: pci.owned("representor-device"),
    })
}

fn vdpa(vdpa: &mut Members<'_>) -> VdpaDevice {
    VdpaDevice {
        parent_device: vdpa.owned("parent-device"),
        driver: vdpa.owned("driver"),
        path: vdpa.owned("path"),
        pci_address: address(vdpa, "pci-address"),
        pf_address: address(vdpa, "pf-pci-address"),
        representor: vdpa.owned("representor-device"),
    }
}

fn vhost_user(vhost_user: &mut Members<'_>) -> VhostUserDevice {
    VhostUserDevice { mode: vhost_user.word("mode", VHOST_MODES), path: vhost_user.owned("path") }
}

fn memif(memif: &mut Members<'_>) -> MemifDevice {
    MemifDevice {
        role: memif.word("role", MEMIF_ROLES),
        mode: memif.word("mode", MEMIF_MODES),
        path: memif.owned("path"),
    }
}

fn address(members: &mut Members<'_>, key: &str) -> Option<PciAddress> {
    let text = members.string(key)?;
    text.parse().map_err(|why| members.problem(key, format!("{why}, found {text:?}"))).ok()
}

/// Producers join several RDMA devices with commas.
fn comma_list(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn device(value: Value) -> DeviceDetail {
        let (device, problems) = parse("device-info", &value);
        assert_eq!(problems, []);
        device.unwrap().detail
    }

    #[test]
    fn reads_all_four_types() {
        let DeviceDetail::Pci(pci) = device(json!({"type": "pci", "version": "v1.0.0", "pci": {
            "pci-address": "0000:3b:02.6", "rdma-device": "mlx5_3,mlx5_4",
            "pf-pci-address": "0000:3b:00.0", "vhost-net": "/dev/vhost-net",
            "representor-device": "eth3"}}))
        else {
            panic!("not pci");
        };
        assert_eq!(pci.address.to_string(), "0000:3b:02.6");
        assert_eq!(pci.pf_address.unwrap().to_string(), "0000:3b:00.0");
        assert_eq!(pci.rdma_devices, ["mlx5_3", "mlx5_4"]);
        assert_eq!(pci.vhost_net.as_deref(), Some("/dev/vhost-net"));
        assert_eq!(pci.representor.as_deref(), Some("eth3"));

        let vdpa = device(json!({"type": "vdpa", "version": "1.1.0", "vdpa": {
            "parent-device": "vdpa0", "driver": "vhost", "path": "/dev/vhost-vdpa-0",
            "pci-address": "0000:3b:02.6"}}));
        assert_eq!(
            vdpa,
            DeviceDetail::Vdpa(VdpaDevice {
                parent_device: Some("vdpa0".into()),
                driver: Some("vhost".into()),
                path: Some("/dev/vhost-vdpa-0".into()),
                pci_address: "0000:3b:02.6".parse().ok(),
                ..VdpaDevice::default()
            })
        );

        let vhost = device(json!({"type": "vhost-user",
            "vhost-user": {"mode": "server", "path": "/run/a.sock"}}));
        assert_eq!(
            vhost,
            DeviceDetail::VhostUser(VhostUserDevice {
                mode: Some(VhostMode::Server),
                path: Some("/run/a.sock".into())
            })
        );

        for (mode, meaning) in MEMIF_MODES {
            let memif = device(json!({"type": "memif",
                "memif": {"role": "slave", "path": "/run/m.sock", "mode": mode}}));
            assert_eq!(
                memif,
                DeviceDetail::Memif(MemifDevice {
                    role: Some(MemifRole::Slave),
                    mode: Some(*meaning),
                    path: Some("/run/m.sock".into())
                })
            );
        }
    }

    #[test]
    fn an_unknown_type_keeps_its_name() {
        assert_eq!(device(json!({"type": "cxl"})), DeviceDetail::Unknown("cxl".into()));
    }

    #[test]
    fn what_is_absent_is_none() {
        let memif = MemifDevice { role: None, mode: None, path: None };
        assert_eq!(device(json!({"type": "memif"})), DeviceDetail::Memif(memif));
        assert_eq!(
            device(json!({"type": "vdpa", "vdpa": {}})),
            DeviceDetail::Vdpa(VdpaDevice::default())
        );
    }

    #[test]
    fn names_the_place_of_what_is_wrong() {
        for (value, place) in [
            (json!([]), "device-info"),
            (json!({"version": "1.0.0"}), "device-info.type"),
            (json!({"type": 5}), "device-info.type"),
            (json!({"type": "pci"}), "device-info.pci.pci-address"),
            (json!({"type": "memif", "memif": []}), "device-info.memif"),
            (json!({"type": "pci", "pci": {}}), "device-info.pci.pci-address"),
            (json!({"type": "pci", "pci": {"pci-address": ""}}), "device-info.pci.pci-address"),
            (
                json!({"type": "pci", "pci": {"pci-address": "0000:02:01:6"}}),
                "device-info.pci.pci-address",
            ),
            (json!({"type": "memif", "memif": {"role": "boss"}}), "device-info.memif.role"),
        ] {
            let (_, problems) = parse("device-info", &value);
            assert_eq!(problems[0].place, place, "{value}");
        }
    }
}
