//! One value of a snapshot by its key: what `podnet get KEY` prints.
//!
//! | Key | Value |
//! |---|---|
//! | `cpus` | the allowed CPUs as a Linux list |
//! | `cpus.count` | how many they are |
//! | `cpus.nodes` | their NUMA nodes |
//! | `hugepages.SIZE.limit`, `hugepages.SIZE.request` | bytes; SIZE is `2M`, `1G` and the like |
//! | `NET.FIELD` | a [`Field`] of an interface |
//!
//! NET is an interface's name, or a network as `namespace/name` or `name`. It
//! ends at the last dot, for interface names may hold some.

use std::str::FromStr;

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

const EXPECTED: &str = "expected cpus, cpus.count, cpus.nodes, hugepages.SIZE.limit, \
                        hugepages.SIZE.request, or NET.FIELD with a FIELD of \
                        pci mac ip ips mtu gateway path vdpa numa vfio";

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
    let bytes = page_size(size).ok_or_else(|| {
        LookupError::BadKey(format!("expected a page size like 2M or 1G, found {size:?}"))
    })?;
    let hugepages =
        snapshot.hugepages.as_ref().ok_or_else(|| none("the hugepages could not be read"))?;
    let page = hugepages.pages.iter().find(|page| page.size == bytes);
    let value = |page: &PageSize| if field == "limit" { page.limit } else { page.request };
    let bytes = page.and_then(value);
    bytes.map(|bytes| bytes.to_string()).ok_or_else(|| none("no source states it: it is unknown"))
}

/// Bytes of `2M`, `1G`, `64K`, or `2Mi` and so on.
fn page_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.strip_suffix('i').unwrap_or(unit) {
        "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
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
pub(crate) fn matching<'a>(snapshot: &'a Snapshot, name: &str) -> Vec<&'a Interface> {
    let all = || snapshot.interfaces.iter();
    let by_name: Vec<_> = all().filter(|one| one.name.as_deref() == Some(name)).collect();
    if !by_name.is_empty() {
        return by_name;
    }
    all().filter(|one| is_network(&one.network, name)).collect()
}

/// Whether `wanted`, with or without a namespace, is the network `full`.
fn is_network(full: &str, wanted: &str) -> bool {
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
        Field::Path => path(interface),
        Field::Vdpa => vdpa_name(interface),
        Field::Numa => hardware.and_then(|hw| hw.numa_node).map(|node| node.to_string()),
        Field::Vfio => hardware.and_then(|hw| hw.vfio.clone()),
    };
    one.into_iter().collect()
}

fn without_prefix(ip: &str) -> &str {
    ip.split_once('/').map_or(ip, |(address, _)| address)
}

/// The socket of a vhost-user, memif or AF_XDP device, or the character device of a vDPA one.
pub(crate) fn path(interface: &Interface) -> Option<String> {
    let shown = interface.hardware.as_ref().and_then(|hw| hw.vdpa.as_ref());
    match &interface.device.as_ref()?.detail {
        DeviceDetail::VhostUser(vhost_user) => vhost_user.path.clone(),
        DeviceDetail::Memif(memif) => memif.path.clone(),
        DeviceDetail::AfXdp(af_xdp) => af_xdp.socket.clone().or_else(|| af_xdp.map.clone()),
        DeviceDetail::Vdpa(vdpa) => {
            vdpa.path.clone().or_else(|| shown.and_then(|vdpa| vdpa.char_device.clone()))
        }
        DeviceDetail::Pci(_) => shown.and_then(|vdpa| vdpa.char_device.clone()),
        DeviceDetail::Unknown(_) => None,
    }
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
    LookupError::BadKey(format!("{EXPECTED}, found {key:?}"))
}
