//! One value of a snapshot by its key: what `podnet get KEY` prints.
//!
//! | Key | Value |
//! |---|---|
//! | `cpus` | the allowed CPUs as a Linux list |
//! | `cpus.count` | how many they are |
//! | `cpus.nodes` | their NUMA nodes |
//! | `hugepages.SIZE.limit`, `hugepages.SIZE.request` | bytes; SIZE is `2M`, `1G` and the like |
//! | `NET.FIELD` | of an interface; FIELD is `pci mac ip ips mtu gateway path vdpa numa vfio` |
//!
//! `ip` is the first address without its prefix, `path` a socket or a vDPA device's character
//! device, `vdpa` its name on the vDPA bus, `vfio` the node of the IOMMU group.
//!
//! NET is an interface's name, or a network as `namespace/name` or `name`. It
//! ends at the last dot, for interface names may hold some.

use std::str::FromStr;

use crate::parse::size;
use crate::snapshot::{DeviceDetail, Interface, PageSize, Snapshot};

/// Why a key has no single value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// The snapshot has nothing for it; the text says what is missing.
    #[error("{0}")]
    None(String),
    /// Several interfaces answer, each with another value; these are their names.
    #[error("several interfaces are of this network, use the name of one: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// It is no key; the text says what was expected.
    #[error("{0}")]
    BadKey(String),
}

/// What can be asked of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Pci,
    Mac,
    /// The first address, without a prefix.
    Ip,
    /// All addresses, as their source has them.
    Ips,
    Mtu,
    Gateway,
    /// The socket, or the character device of a vDPA device.
    Path,
    /// The name on the vDPA bus.
    Vdpa,
    Numa,
    /// The VFIO node of the IOMMU group.
    Vfio,
}

const FIELDS: [(&str, Field); 10] = [
    ("pci", Field::Pci),
    ("mac", Field::Mac),
    ("ip", Field::Ip),
    ("ips", Field::Ips),
    ("mtu", Field::Mtu),
    ("gateway", Field::Gateway),
    ("path", Field::Path),
    ("vdpa", Field::Vdpa),
    ("numa", Field::Numa),
    ("vfio", Field::Vfio),
];

impl FromStr for Field {
    type Err = LookupError;

    fn from_str(text: &str) -> Result<Field, LookupError> {
        let found = FIELDS.iter().find(|(name, _)| *name == text);
        found.map(|(_, field)| *field).ok_or_else(|| bad_key(text))
    }
}

/// The value of `key`: never empty, and longer than one only where a key stands for a list.
///
/// # Errors
///
/// [`LookupError`], whose text does not repeat the key.
pub fn lookup(snapshot: &Snapshot, key: &str) -> Result<Vec<String>, LookupError> {
    let Some((subject, field)) = key.rsplit_once('.') else {
        return if key == "cpus" { cpus(snapshot, "") } else { Err(bad_key(key)) };
    };
    match (subject, subject.strip_prefix("hugepages."), field) {
        ("cpus", _, "count" | "nodes") => cpus(snapshot, field),
        (_, Some(size), "limit" | "request") => hugepages(snapshot, size, field).map(|v| vec![v]),
        _ => network(snapshot, subject, field.parse()?),
    }
}

fn cpus(snapshot: &Snapshot, field: &str) -> Result<Vec<String>, LookupError> {
    let cpus = snapshot.cpus.as_ref().ok_or_else(|| none("no source of the CPUs could be read"))?;
    match field {
        "count" => Ok(vec![cpus.count.to_string()]),
        "nodes" => some(
            cpus.nodes.iter().map(|node| node.node.to_string()).collect(),
            "the system does not show NUMA nodes",
        ),
        _ => Ok(vec![cpus.allowed.to_string()]),
    }
}

fn hugepages(snapshot: &Snapshot, size: &str, field: &str) -> Result<String, LookupError> {
    let bytes = size::page(size).ok_or_else(|| {
        LookupError::BadKey(format!("expected a page size like 2M or 1G, found {size:?}"))
    })?;
    let page = snapshot.hugepages.pages.iter().find(|page| page.size == bytes);
    let value = |page: &PageSize| if field == "limit" { page.limit } else { page.request };
    let bytes = page.and_then(value);
    bytes.map(|bytes| bytes.to_string()).ok_or_else(|| none("no source states it: it is unknown"))
}

fn network(snapshot: &Snapshot, name: &str, field: Field) -> Result<Vec<String>, LookupError> {
    let found = matching(snapshot, name);
    let Some((first, others)) = found.split_first() else {
        return Err(none(&format!("the pod has no interface or network {name:?}")));
    };
    let values = field_of(first, field);
    if others.iter().any(|other| field_of(other, field) != values) {
        return Err(LookupError::Ambiguous(found.iter().map(|one| label(one)).collect()));
    }
    some(values, "no source gives it for this interface")
}

/// The interfaces that `name` stands for: the one of that name, else those of that network.
pub fn matching<'a>(snapshot: &'a Snapshot, name: &str) -> Vec<&'a Interface> {
    let all = || snapshot.interfaces.iter();
    let by_name: Vec<_> = all().filter(|one| one.name.as_deref() == Some(name)).collect();
    if !by_name.is_empty() {
        return by_name;
    }
    all().filter(|one| is_network(&one.network, name)).collect()
}

/// Whether `wanted`, with or without a namespace, is the network `full`.
pub fn is_network(full: &str, wanted: &str) -> bool {
    let bare = full.rsplit_once('/').map_or(full, |(_, name)| name);
    !wanted.is_empty() && (full == wanted || bare == wanted)
}

/// How people tell interfaces apart.
fn label(interface: &Interface) -> String {
    interface.name.clone().unwrap_or_else(|| interface.network.clone())
}

fn field_of(interface: &Interface, field: Field) -> Vec<String> {
    let hardware = interface.hardware.as_ref();
    let one = match field {
        Field::Ips => return interface.ips.clone(),
        Field::Gateway => return interface.gateways.clone(),
        Field::Pci => interface.pci_address().map(|address| address.to_string()),
        Field::Mac => interface.mac.clone(),
        Field::Ip => interface.ips.first().map(|ip| without_prefix(ip).to_owned()),
        Field::Mtu => interface.mtu.map(|mtu| mtu.to_string()),
        Field::Path => interface.path().map(str::to_owned),
        Field::Vdpa => vdpa_name(interface),
        Field::Numa => hardware.and_then(|hw| hw.numa_node).map(|node| node.to_string()),
        Field::Vfio => hardware.and_then(|hw| hw.vfio.clone()),
    };
    one.into_iter().collect()
}

fn without_prefix(ip: &str) -> &str {
    ip.split_once('/').map_or(ip, |(address, _)| address)
}

fn vdpa_name(interface: &Interface) -> Option<String> {
    let shown = interface.hardware.as_ref().and_then(|hw| hw.vdpa.as_ref());
    let parent = match &interface.device.as_ref()?.detail {
        DeviceDetail::Vdpa(vdpa) => vdpa.parent_device.clone(),
        _ => None,
    };
    parent.or_else(|| shown.map(|vdpa| vdpa.name.clone()))
}

fn some(values: Vec<String>, missing: &str) -> Result<Vec<String>, LookupError> {
    if values.is_empty() { Err(none(missing)) } else { Ok(values) }
}

fn none(why: &str) -> LookupError {
    LookupError::None(why.to_owned())
}

fn bad_key(key: &str) -> LookupError {
    LookupError::BadKey(format!(
        "expected cpus, cpus.count, cpus.nodes, hugepages.SIZE.limit, hugepages.SIZE.request, or \
         NET.FIELD with a FIELD of {}, found {key:?}",
        FIELDS.map(|(name, _)| name).join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eal::tests::{bound, eth0, memif, pod, vdpa, vf, vhost, with_mac};
    use crate::snapshot::{Hardware, Hugepages, MemifRole, VdpaHardware, VhostMode};

    fn snapshot() -> Snapshot {
        let vlan = Interface {
            ips: vec!["192.0.2.5/24".into(), "2001:db8::5".into()],
            gateways: vec!["192.0.2.1".into()],
            ..with_mac(vf("net1.100", "0000:3b:02.1"), "02:11:22:33:44:55")
        };
        let vp0 = VdpaHardware { name: "vp0".into(), ..VdpaHardware::default() };
        let vdpa = Interface {
            hardware: Some(Hardware { vdpa: Some(vp0), ..bound("vp-vdpa") }),
            ..vdpa("net3", "/dev/vhost-vdpa-0")
        };
        let twice = |name: &str, path: &str| Interface {
            network: "other/twice".into(),
            ..vhost(name, VhostMode::Client, path)
        };
        pod(vec![
            eth0(),
            vlan,
            memif("net2", MemifRole::Slave, "/run/memif.sock"),
            vdpa,
            twice("net4", "/run/net4.sock"),
            twice("net5", "/run/net5.sock"),
        ])
    }

    fn get(key: &str) -> String {
        lookup(&snapshot(), key).unwrap().join(" ")
    }

    #[test]
    fn every_key_has_its_value() {
        let expected = [
            ("cpus", "2-3,34-35"),
            ("cpus.count", "4"),
            ("cpus.nodes", "0"),
            ("hugepages.1G.limit", "2147483648"),
            ("hugepages.1Gi.request", "2147483648"),
            ("net1.100.pci", "0000:3b:02.1"),
            ("net1.100.mac", "02:11:22:33:44:55"),
            ("net1.100.ip", "192.0.2.5"),
            ("net1.100.ips", "192.0.2.5/24 2001:db8::5"),
            ("net1.100.gateway", "192.0.2.1"),
            ("net1.100.mtu", "1500"),
            ("net1.100.numa", "0"),
            ("net1.100.vfio", "/dev/vfio/17"),
            ("net2.path", "/run/memif.sock"),
            ("default/net2-network.path", "/run/memif.sock"),
            ("net2-network.path", "/run/memif.sock"),
            ("net3.path", "/dev/vhost-vdpa-0"),
            ("net3.vdpa", "vp0"),
            ("net5.path", "/run/net5.sock"),
            ("twice.mtu", "1500"),
        ];
        for (key, value) in expected {
            assert_eq!(get(key), value, "{key}");
        }
    }

    #[test]
    fn what_is_missing_ambiguous_or_no_key_is_told_apart() {
        let error = |key| lookup(&snapshot(), key).unwrap_err();
        for key in
            ["hugepages.2M.limit", "net1.100.path", "net2.mac", "net9.pci", ".pci", "eth0.pci"]
        {
            assert!(matches!(error(key), LookupError::None(_)), "{key}: {:?}", error(key));
        }
        for key in
            ["", "net1", "net1.warp", "cpu", "cpus.sum", "hugepages.1X.limit", "hugepages.1G.used"]
        {
            assert!(matches!(error(key), LookupError::BadKey(_)), "{key}: {:?}", error(key));
        }
        let both = LookupError::Ambiguous(vec!["net4".into(), "net5".into()]);
        assert_eq!(error("twice.path"), both);
        assert_eq!(error("other/twice.path"), both);
        assert!(matches!(error("nobody/twice.path"), LookupError::None(_)));
    }

    #[test]
    fn unread_parts_have_no_values() {
        let unread = Snapshot { cpus: None, hugepages: Hugepages::default(), ..pod(Vec::new()) };
        for key in ["cpus", "cpus.count", "hugepages.1G.limit"] {
            assert!(matches!(lookup(&unread, key), Err(LookupError::None(_))), "{key}");
        }
    }
}
