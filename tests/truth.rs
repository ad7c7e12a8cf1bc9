//! Real kernels: what podnet says of every device and container of a virtual machine equals the
//! tables of what was built there.
//!
//! `tests/truth/KERNEL.json` is the machine's design and what lspci(8) and vdpa(8) printed; it
//! holds nothing that is not compared. The roots were captured there:
//! `samples/pods/lab-*` and `tests/roots/lab-*`.

#![allow(clippy::unwrap_used)] // A test is to panic.

mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use podnet::parse::cpulist::CpuSet;
use podnet::snapshot::{DeviceDetail, Hardware, Interface};
use podnet::{Pod, Snapshot};
use serde::Deserialize;

/// A kernel, the root whose sysfs shows its devices, and in which container's network namespace.
const KERNELS: [(&str, &str, Option<&str>); 3] = [
    ("6.12-v2", "tests/roots/lab-node-v2/root", None),
    ("6.1-v1", "samples/pods/lab-guaranteed-cgroup-v1", Some("ctr-a")),
    ("6.1-hybrid", "tests/roots/lab-ctr-a-hybrid/root", Some("ctr-a")),
];

const CONTAINERS: [(&str, &str, &str); 5] = [
    ("6.12-v2", "ctr-a", "samples/pods/lab-guaranteed"),
    ("6.12-v2", "ctr-b", "samples/pods/lab-burstable"),
    ("6.12-v2", "ctr-c", "tests/roots/lab-ctr-c-v2/root"),
    ("6.1-v1", "ctr-a", "samples/pods/lab-guaranteed-cgroup-v1"),
    ("6.1-hybrid", "ctr-a", "tests/roots/lab-ctr-a-hybrid/root"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Truth {
    pci: BTreeMap<String, Pci>,
    vdpa: BTreeMap<String, Vdpa>,
    numa: BTreeMap<u32, Node>,
    cpu: Cpu,
    containers: BTreeMap<String, Container>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pci {
    class: String,
    vendor: String,
    device: String,
    numa_node: i64,
    driver: Option<String>,
    iommu_group: u32,
    pf: Option<String>,
    vf_index: Option<u32>,
    netdev: Option<String>,
    dev_path: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vdpa {
    parent_pci: Option<String>,
    driver: Option<String>,
    dev_path: Option<String>,
    netdev: Option<String>,
    numa_node: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    cpus: String,
    #[serde(rename = "hugepages_2M")]
    hugepages_2m: u64,
    #[serde(rename = "hugepages_1G")]
    hugepages_1g: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cpu {
    online: String,
    isolated: String,
    cores: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Container {
    cpus: String,
    mems: String,
    cpu_quota_us: Option<f64>,
    cpu_period_us: f64,
    #[serde(rename = "hugetlb_2M")]
    hugetlb_2m: u64,
    #[serde(rename = "hugetlb_1G")]
    hugetlb_1g: u64,
    /// Device and node.
    vfio: BTreeMap<String, String>,
    /// Netdev and device.
    netdev: BTreeMap<String, String>,
    /// Device and node; kernel 6.1 has no vDPA.
    #[serde(default)]
    vhost_vdpa: BTreeMap<String, String>,
    /// Netdev and device.
    #[serde(default)]
    virtio_vdpa_netdev: BTreeMap<String, String>,
    hugepage_mounts: Vec<String>,
}

fn truth(kernel: &str) -> Truth {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/truth");
    let text = fs::read_to_string(directory.join(format!("{kernel}.json"))).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{kernel}: {error}"))
}

fn case(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What differs from the table, a line each, and how much was compared.
struct Report {
    row: String,
    lines: String,
    compared: usize,
}

impl Report {
    fn new() -> Report {
        Report { row: String::new(), lines: String::new(), compared: 0 }
    }

    fn equal<T: PartialEq + Debug>(&mut self, what: &str, found: T, expected: T) {
        self.compared += 1;
        if found != expected {
            writeln!(self.lines, "{}: {what}: expected {expected:?}, found {found:?}", self.row)
                .unwrap();
        }
    }

    #[track_caller]
    fn check(&self, compared: usize) {
        assert!(self.lines.is_empty(), "\n{}", self.lines);
        assert_eq!(self.compared, compared, "as many values as the tables have");
    }
}

/// A root on the machine of `capture`, in a container that may run on every CPU, whose environment
/// lists every PCI device and whose network-status every vDPA device.
fn machine(capture: &str, truth: &Truth) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for directory in ["sys", "dev"] {
        tree::copy(&case(capture).join(directory), &root.path().join(directory));
    }
    let write = |path: &str, text: String| tree::write(root.path(), path, text);
    let addresses: Vec<&str> = truth.pci.keys().map(String::as_str).collect();
    write("proc/self/environ", format!("PCIDEVICE_LAB={}\0", addresses.join(",")));
    write("proc/self/status", format!("Cpus_allowed_list:\t{}\n", truth.cpu.online));
    let entry = |name: &String| {
        format!(
            r#"{{"name": "{name}", "interface": "if-{name}", "device-info": {{"type": "vdpa",
                "version": "1.1.0", "vdpa": {{"parent-device": "{name}"}}}}}}"#
        )
    };
    let entries: Vec<String> = truth.vdpa.keys().map(entry).collect();
    write("etc/podnetinfo/network-status", format!("[{}]", entries.join(",")));
    root
}

/// The hardware of each PCI device, on an interface or on none.
fn hardware_by_address(snapshot: &Snapshot) -> BTreeMap<String, &Hardware> {
    let unmatched = snapshot
        .unmatched_devices
        .iter()
        .filter_map(|device| Some((device.address.clone(), device.hardware.as_ref()?)));
    let matched = snapshot.interfaces.iter().filter_map(|interface| {
        Some((interface.pci_address()?.to_string(), interface.hardware.as_ref()?))
    });
    unmatched.chain(matched).collect()
}

/// Netdevs are of a network namespace: the node's has those of the table, a container's its own.
fn netdev_in(truth: &Truth, container: Option<&str>, address: &str) -> Vec<String> {
    let Some(container) = container else {
        return truth.pci[address].netdev.clone().into_iter().collect();
    };
    let netdevs = truth.containers[container].netdev.iter();
    netdevs.filter(|(_, device)| *device == address).map(|(name, _)| name.clone()).collect()
}

#[test]
fn every_pci_device_is_what_it_was_made() {
    let mut report = Report::new();
    for (kernel, capture, container) in KERNELS {
        let truth = truth(kernel);
        let listed: BTreeSet<String> = fs::read_dir(case(capture).join("sys/bus/pci/devices"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(listed, truth.pci.keys().cloned().collect(), "{kernel}: devices of the capture");

        let root = machine(capture, &truth);
        let snapshot = Pod::builder().root(root.path()).build().snapshot().unwrap();
        let found = hardware_by_address(&snapshot);
        for (address, row) in &truth.pci {
            report.row = format!("{kernel} {address}");
            let Some(hardware) = found.get(address) else {
                panic!("{}: no such device in the snapshot", report.row);
            };
            let Hardware { physical_function, numa_node, .. } = hardware;
            report.equal("vendor", hardware.vendor.as_deref(), Some(row.vendor.as_str()));
            report.equal("device", hardware.device.as_deref(), Some(row.device.as_str()));
            let class = hardware.class.as_deref().and_then(|class| class.get(..4));
            report.equal("class", class, Some(row.class.as_str()));
            report.equal("driver", &hardware.driver, &row.driver);
            report.equal("NUMA node", *numa_node, u32::try_from(row.numa_node).ok());
            report.equal("IOMMU group", hardware.iommu_group, Some(row.iommu_group));
            report.equal("without an IOMMU", hardware.no_iommu, false);
            report.equal(
                "physical function",
                physical_function.map(|pf| pf.to_string()),
                row.pf.clone(),
            );
            report.equal("virtual function", hardware.virtual_function, row.vf_index);
            report.equal("VFIO node", &hardware.vfio, &row.dev_path);
            report.equal("netdevs", &hardware.netdevs, &netdev_in(&truth, container, address));
        }
    }
    report.check(3 * 33 * 11);
}

#[test]
fn every_vdpa_device_is_what_it_was_made() {
    let mut report = Report::new();
    for (kernel, capture, _) in KERNELS {
        let truth = truth(kernel);
        let root = machine(capture, &truth);
        let interfaces = Pod::builder().root(root.path()).build().interfaces().unwrap().interfaces;
        assert_eq!(interfaces.len(), truth.vdpa.len());
        for (interface, (name, row)) in interfaces.iter().zip(&truth.vdpa) {
            report.row = format!("{kernel} {name}");
            let hardware = interface.hardware.as_ref().unwrap();
            let vdpa = hardware.vdpa.as_ref().unwrap();
            let address = interface.pci_address().map(|address| address.to_string());
            report.equal("name", &vdpa.name, name);
            report.equal("driver", &vdpa.driver, &row.driver);
            report.equal("character device", &vdpa.char_device, &row.dev_path);
            report.equal("netdev", &vdpa.netdev, &row.netdev);
            report.equal("NUMA node", hardware.numa_node, row.numa_node);
            report.equal("PCI device", &address, &row.parent_pci);
        }
        // The same devices, reached from the PCI devices that they are on.
        let snapshot = Pod::builder().root(root.path()).build().snapshot().unwrap();
        for (address, hardware) in hardware_by_address(&snapshot) {
            report.row = format!("{kernel} {address}");
            let on = truth.vdpa.iter().find(|(_, row)| row.parent_pci.as_ref() == Some(&address));
            let name = hardware.vdpa.as_ref().map(|vdpa| &vdpa.name);
            report.equal("vDPA device", name, on.map(|(name, _)| name));
        }
    }
    report.check(5 * 6 + 3 * 33);
}

#[test]
fn cpus_and_pools_of_each_node_are_the_machines() {
    let mut report = Report::new();
    for (kernel, capture, _) in KERNELS {
        let truth = truth(kernel);
        let root = machine(capture, &truth);
        let snapshot = Pod::builder().root(root.path()).build().snapshot().unwrap();
        let cpus = snapshot.cpus.as_ref().unwrap();
        report.row = kernel.to_owned();
        report.equal("CPUs", cpus.allowed.to_string(), truth.cpu.online.clone());
        let cores: Vec<String> = cpus.cores.iter().map(ToString::to_string).collect();
        report.equal("cores", cores, truth.cpu.cores.clone());
        let nodes: Vec<u32> = cpus.nodes.iter().map(|node| node.node).collect();
        assert_eq!(nodes, truth.numa.keys().copied().collect::<Vec<u32>>());
        for (found, (node, row)) in cpus.nodes.iter().zip(&truth.numa) {
            report.row = format!("{kernel} node {node}");
            report.equal("CPUs", found.cpus.to_string(), row.cpus.clone());
            for (size, pages) in [(2 << 20, row.hugepages_2m), (1 << 30, row.hugepages_1g)] {
                let page = snapshot.hugepages.pages.iter().find(|page| page.size == size).unwrap();
                let pool = page.nodes.iter().find(|pool| pool.node == *node).unwrap();
                report.equal("pages", pool.total_pages, pages);
            }
        }
    }
    report.check(3 * (2 + 2 * 3));
}

#[test]
fn every_container_got_what_it_was_given() {
    let mut report = Report::new();
    let rows: usize = KERNELS.iter().map(|(kernel, ..)| truth(kernel).containers.len()).sum();
    assert_eq!(rows, CONTAINERS.len(), "a container of the tables without a root, or the reverse");
    for (kernel, name, capture) in CONTAINERS {
        let truth = truth(kernel);
        let row = &truth.containers[name];
        let snapshot = Pod::builder().root(case(capture)).build().snapshot().unwrap();
        report.row = format!("{kernel} {name}");
        compare_cpus(&mut report, &snapshot, &truth, row);
        compare_hugepages(&mut report, &snapshot, row);
        compare_devices(&mut report, &snapshot, row);
    }
    report.check(5 * (4 + 3) + 4 * 2 + 4 * 2 + 2 + 2);
}

fn compare_cpus(report: &mut Report, snapshot: &Snapshot, truth: &Truth, row: &Container) {
    let cpus = snapshot.cpus.as_ref().unwrap();
    let nodes = cpus.memory_nodes.as_ref().map(ToString::to_string);
    let cpuset = cpus.sources.cpuset.as_ref().map(ToString::to_string);
    report.equal("cpuset", cpuset.as_ref(), Some(&row.cpus));
    // Without a cpuset of its own a container is kept off the CPUs of isolcpus.
    let isolated: CpuSet = truth.cpu.isolated.parse().unwrap();
    let given: CpuSet = row.cpus.parse().unwrap();
    let allowed: CpuSet = match row.cpus == truth.cpu.online {
        true => given.iter().filter(|cpu| !isolated.contains(*cpu)).collect(),
        false => given,
    };
    report.equal("allowed CPUs", &cpus.allowed, &allowed);
    report.equal("memory nodes", nodes.as_ref(), Some(&row.mems));
    report.equal("quota", cpus.quota, row.cpu_quota_us.map(|quota| quota / row.cpu_period_us));
}

fn compare_hugepages(report: &mut Report, snapshot: &Snapshot, row: &Container) {
    let pages = &snapshot.hugepages.pages;
    for (size, limit) in [(2 << 20, row.hugetlb_2m), (1 << 30, row.hugetlb_1g)] {
        let page = pages.iter().find(|page| page.size == size);
        report.equal("hugepage limit", page.and_then(|page| page.limit), Some(limit));
    }
    let mounts: BTreeSet<&String> = pages.iter().flat_map(|page| &page.mounts).collect();
    report.equal("hugepage mounts", mounts, row.hugepage_mounts.iter().collect());
}

fn compare_devices(report: &mut Report, snapshot: &Snapshot, row: &Container) {
    let at = |address: &str| {
        let same = |interface: &&Interface| {
            interface.pci_address().is_some_and(|found| found.to_string() == address)
        };
        snapshot.interfaces.iter().find(same).unwrap_or_else(|| panic!("no interface {address}"))
    };
    let vdpa = |name: &str| {
        let same = |interface: &&Interface| {
            matches!(interface.device.as_ref().map(|device| &device.detail),
                Some(DeviceDetail::Vdpa(vdpa)) if vdpa.parent_device.as_deref() == Some(name))
        };
        let interface = snapshot.interfaces.iter().find(same);
        interface.unwrap_or_else(|| panic!("no interface on {name}"))
    };
    for (address, node) in &row.vfio {
        let hardware = at(address).hardware.as_ref().unwrap();
        report.equal("VFIO node", hardware.vfio.as_ref(), Some(node));
        report.equal("own", at(address).own, Some(true));
    }
    for (netdev, address) in &row.netdev {
        let hardware = at(address).hardware.as_ref().unwrap();
        report.equal("netdevs", &hardware.netdevs, &vec![netdev.clone()]);
        report.equal("interface", at(address).name.as_ref(), Some(netdev));
    }
    for (name, node) in &row.vhost_vdpa {
        let hardware = vdpa(name).hardware.as_ref().unwrap();
        let found = hardware.vdpa.as_ref().unwrap();
        report.equal("vhost-vdpa node", found.char_device.as_ref(), Some(node));
    }
    for (netdev, name) in &row.virtio_vdpa_netdev {
        let hardware = vdpa(name).hardware.as_ref().unwrap();
        let found = hardware.vdpa.as_ref().unwrap();
        report.equal("virtio-vdpa netdev", found.netdev.as_ref(), Some(netdev));
    }
}
