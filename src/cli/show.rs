//! `podnet show`.

use std::io::{self, Write};

use anstyle::Style;
use podnet::snapshot::{
    CpuInfo, Device, DeviceDetail, Evidence, Hugepages, Interface, PageSize, Snapshot, State,
    UnmatchedDevice,
};
use serde::Serialize;

use super::args::{Global, ShowArgs, Subject};
use super::table::{BOLD, CAUTION, Cell, PLAIN, Table};
use super::text::visible;
use super::units::show_size;
use super::{Outcome, end, print_json, warn_of};

pub fn run(global: &Global, args: &ShowArgs) -> Outcome {
    let snapshot = global.pod().snapshot()?;
    if args.json {
        print_subject_json(&snapshot, args.subject)?;
    } else {
        print_people(&mut global.stdout(), &snapshot, args.subject)?;
    }
    if !(args.json && args.subject.is_none()) {
        snapshot.warnings.iter().for_each(warn_of);
    }
    end(&snapshot.warnings)
}

/// The snapshot's keys that answer for the interfaces.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InterfacesOnly<'a> {
    state: State,
    pending_networks: &'a [String],
    interfaces: &'a [Interface],
    unmatched_devices: &'a [UnmatchedDevice],
}

fn print_subject_json(snapshot: &Snapshot, subject: Option<Subject>) -> Outcome {
    match subject {
        None => print_json(snapshot),
        Some(Subject::Cpus) => print_json(&snapshot.cpus),
        Some(Subject::Hugepages) => print_json(&snapshot.hugepages),
        Some(Subject::Interfaces) => print_json(&InterfacesOnly {
            state: snapshot.state,
            pending_networks: &snapshot.pending_networks,
            interfaces: &snapshot.interfaces,
            unmatched_devices: &snapshot.unmatched_devices,
        }),
    }
}

/// The parts, those that have something to say, with an empty line between.
fn print_people(
    out: &mut impl Write,
    snapshot: &Snapshot,
    subject: Option<Subject>,
) -> io::Result<()> {
    let wants = |one: Subject| subject.is_none_or(|subject| subject == one);
    let mut head = Vec::new();
    let mut tables = [Vec::new(), Vec::new(), Vec::new()];
    if subject.is_none() {
        print_pod(&mut head, snapshot)?;
    }
    if wants(Subject::Interfaces) {
        print_networks(&mut head, snapshot)?;
        interfaces(&snapshot.interfaces).print(&mut tables[1])?;
        unmatched(&snapshot.unmatched_devices).print(&mut tables[2])?;
    }
    if wants(Subject::Cpus) {
        print_cpus(&mut head, snapshot.cpus.as_ref())?;
    }
    if wants(Subject::Hugepages) {
        match &snapshot.hugepages {
            found if found.pages.is_empty() => line(&mut head, "Hugepages", "none", PLAIN)?,
            found => hugepages(found).print(&mut tables[0])?,
        }
    }
    let parts: Vec<_> =
        [&head].into_iter().chain(&tables).filter(|part| !part.is_empty()).collect();
    for (index, part) in parts.into_iter().enumerate() {
        out.write_all(if index > 0 { b"\n" } else { b"" })?;
        out.write_all(part)?;
    }
    out.flush()
}

fn line(out: &mut impl Write, name: &str, value: &str, style: Style) -> io::Result<()> {
    writeln!(out, "{BOLD}{name:<11}{BOLD:#}{style}{}{style:#}", visible(value))
}

fn print_pod(out: &mut impl Write, snapshot: &Snapshot) -> io::Result<()> {
    let pod = &snapshot.pod;
    let name = pod.name.as_deref().unwrap_or("unknown");
    let mut text = match &pod.namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    };
    if let Some(uid) = &pod.uid {
        text.push_str(&format!("  uid {uid}"));
    }
    line(out, "Pod", &text, PLAIN)?;
    line(out, "Container", snapshot.container.as_deref().unwrap_or("unknown"), PLAIN)
}

fn print_networks(out: &mut impl Write, snapshot: &Snapshot) -> io::Result<()> {
    let (text, style) = match snapshot.state {
        State::Complete => ("complete".to_owned(), PLAIN),
        State::Pending => (format!("pending: {}", snapshot.pending_networks.join(", ")), CAUTION),
        State::NoAnnotations => ("unknown: no annotations file is mounted".to_owned(), CAUTION),
        State::NoStatus => ("none requested, and no status".to_owned(), PLAIN),
        other => (other.to_string(), PLAIN),
    };
    line(out, "Networks", &text, style)
}

fn print_cpus(out: &mut impl Write, cpus: Option<&CpuInfo>) -> io::Result<()> {
    let Some(cpus) = cpus else {
        return line(out, "CPUs", "unknown", CAUTION);
    };
    let mut text = format!("{}  count {}  exclusive {}", cpus.allowed, cpus.count, cpus.exclusive);
    cpus.exclusive_reason.iter().for_each(|reason| text.push_str(&format!(" ({reason})")));
    let sets = [
        ("isolated", &cpus.isolated),
        ("shared", &cpus.shared),
        ("housekeeping", &cpus.housekeeping),
    ];
    for (name, set) in sets {
        set.iter().for_each(|set| text.push_str(&format!("  {name} {set}")));
    }
    cpus.quota.iter().for_each(|quota| text.push_str(&format!("  quota {quota}")));
    line(out, "CPUs", &text, PLAIN)?;
    let nodes = cpus.nodes.iter().map(|node| format!("{}: {}", node.node, node.cpus));
    list(out, "  by node", nodes)?;
    list(out, "  by core", cpus.cores.iter().map(|core| core.to_string()))
}

fn list(out: &mut impl Write, name: &str, items: impl Iterator<Item = String>) -> io::Result<()> {
    let text = items.collect::<Vec<_>>().join("  ");
    if text.is_empty() { Ok(()) } else { line(out, name, &text, PLAIN) }
}

fn hugepages(hugepages: &Hugepages) -> Table<7> {
    let mut table = Table::new(["HUGEPAGES", "REQUEST", "LIMIT", "FROM", "USED", "FREE", "MOUNTS"]);
    hugepages.pages.iter().for_each(|page| table.row(hugepages_row(page)));
    table
}

fn hugepages_row(page: &PageSize) -> [Cell; 7] {
    let free = page
        .nodes
        .iter()
        .map(|node| format!("node{}:{}/{}", node.node, node.free_pages, node.total_pages));
    [
        show_size(page.size).into(),
        page.request.map(show_size).into(),
        page.limit.map_or_else(|| Cell::new("unknown", CAUTION), |size| show_size(size).into()),
        page.limit_source.map(|source| source.to_string()).into(),
        page.used.map(show_size).into(),
        free.collect::<Vec<_>>().join(" ").into(),
        page.mounts.join(" ").into(),
    ]
}

fn interfaces(interfaces: &[Interface]) -> Table<9> {
    let mut table = Table::new([
        "INTERFACE",
        "NETWORK",
        "KIND",
        "DEVICE",
        "DRIVER",
        "NUMA",
        "MAC",
        "IPS",
        "EVIDENCE",
    ]);
    interfaces.iter().for_each(|one| table.row(interface_row(one)));
    table
}

fn interface_row(one: &Interface) -> [Cell; 9] {
    let hardware = one.hardware.as_ref();
    let default = if one.default { " (default)" } else { "" };
    [
        one.name.as_deref().into(),
        format!("{}{default}", one.network).into(),
        one.kind.to_string().into(),
        one.device.as_ref().and_then(device).into(),
        hardware.and_then(|hardware| hardware.driver.as_deref()).into(),
        hardware.and_then(|hardware| hardware.numa_node).map(|node| node.to_string()).into(),
        one.mac.as_deref().into(),
        one.ips.join(",").into(),
        evidence(one),
    ]
}

/// Which device, and for a socket which part we play on it.
fn device(device: &Device) -> Option<String> {
    let part = |part: Option<String>, path: &Option<String>| {
        let words = [part, path.clone()].into_iter().flatten().collect::<Vec<_>>();
        Some(words.join(" "))
    };
    match &device.detail {
        DeviceDetail::Pci(pci) => Some(pci.address.to_string()),
        DeviceDetail::Vdpa(vdpa) => vdpa.path.clone().or_else(|| vdpa.parent_device.clone()),
        DeviceDetail::VhostUser(vhost) => part(vhost.mode.map(|m| m.to_string()), &vhost.path),
        DeviceDetail::Memif(memif) => part(memif.role.map(|r| r.to_string()), &memif.path),
        DeviceDetail::AfXdp(af_xdp) => Some(af_xdp.netdev.clone()),
        DeviceDetail::Subfunction(subfunction) => Some(subfunction.name.clone()),
        _ => None,
    }
}

/// The evidence; what is merely inferred, or another container's, stands out.
fn evidence(one: &Interface) -> Cell {
    let Some(evidence) = one.evidence else {
        return Cell::from("");
    };
    if one.own == Some(false) {
        return Cell::new(format!("{evidence} (other container)"), CAUTION);
    }
    let weak = matches!(evidence, Evidence::OnlyCandidate | Evidence::Order);
    Cell::new(evidence.to_string(), if weak { CAUTION } else { PLAIN })
}

fn unmatched(devices: &[UnmatchedDevice]) -> Table<6> {
    let mut table = Table::new(["UNMATCHED DEVICE", "TYPE", "DRIVER", "NUMA", "OWN", "SOURCE"]);
    for device in devices {
        let hardware = device.hardware.as_ref();
        table.row([
            Cell::new(&device.address, CAUTION),
            device.kind.to_string().into(),
            hardware.and_then(|hardware| hardware.driver.as_deref()).into(),
            hardware.and_then(|hardware| hardware.numa_node).map(|node| node.to_string()).into(),
            device.own.map(|own| if own { "yes" } else { "no" }).into(),
            device.source.as_str().into(),
        ]);
    }
    table
}
