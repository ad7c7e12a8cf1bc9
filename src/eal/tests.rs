//! Snapshots made by hand, and what becomes of them.

mod devices;
mod golden;
mod hostile;
mod layout;
mod memory;

use std::collections::BTreeMap;

use super::process::MAX_PREFIX;
use super::*;
use crate::parse::cpulist::CpuSet;
use crate::snapshot::*;

/// Two cores of NUMA node 0 with their siblings, and 2 GiB in pages of 1 GiB.
pub(crate) fn pod(interfaces: Vec<Interface>) -> Snapshot {
    Snapshot {
        schema: "podnet/v1",
        pod: PodIdentity {
            name: Some("du-0".into()),
            namespace: Some("ran".into()),
            uid: Some("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".into()),
            labels: BTreeMap::new(),
        },
        container: Some("dpdk".into()),
        state: State::Complete,
        pending_networks: Vec::new(),
        cpus: Some(cpus("2-3,34-35", &["2,34", "3,35"], &[(0, "2-3,34-35")])),
        hugepages: hugepages(vec![page(1 << 30, Some(2 << 30), &[(0, 8, 6)])]),
        interfaces,
        unmatched_devices: Vec::new(),
        claims: Vec::new(),
        warnings: Vec::new(),
    }
}

pub(crate) fn set(text: &str) -> CpuSet {
    text.parse().unwrap()
}

pub(crate) fn cpus(allowed: &str, cores: &[&str], nodes: &[(u32, &str)]) -> CpuInfo {
    let node = |(node, cpus): &(u32, &str)| NodeCpus { node: *node, cpus: set(cpus) };
    CpuInfo {
        allowed: set(allowed),
        count: set(allowed).len(),
        exclusive: Exclusive::Unknown,
        exclusive_reason: None,
        isolated: None,
        shared: None,
        housekeeping: None,
        quota: None,
        memory_nodes: None,
        nodes: nodes.iter().map(node).collect(),
        cores: cores.iter().map(|core| set(core)).collect(),
        sources: CpuSources::default(),
    }
}

pub(crate) fn hugepages(pages: Vec<PageSize>) -> Hugepages {
    Hugepages { pages, containers: Vec::new() }
}

/// A page size with a limit, and `(node, total, free)` of each NUMA node's pool.
pub(crate) fn page(size: u64, limit: Option<u64>, pools: &[(u32, u64, u64)]) -> PageSize {
    PageSize {
        size,
        request: limit,
        limit,
        used: Some(0),
        limit_source: limit.map(|_| LimitSource::Cgroup),
        mounts: vec![format!("/hugepages-{}Mi", size >> 20)],
        nodes: pools
            .iter()
            .map(|&(node, total_pages, free_pages)| NodePages { node, total_pages, free_pages })
            .collect(),
    }
}

pub(crate) fn interface(name: &str, kind: Kind) -> Interface {
    Interface {
        name: Some(name.into()),
        network: format!("default/{name}-network"),
        kind,
        default: false,
        mac: None,
        mtu: Some(1500),
        ips: vec!["192.0.2.5/24".into()],
        gateways: Vec::new(),
        dns: Dns::default(),
        evidence: None,
        own: None,
        device: None,
        hardware: None,
        sources: vec!["network-status".into()],
    }
}

pub(crate) fn with_device(name: &str, kind: Kind, detail: DeviceDetail) -> Interface {
    Interface {
        device: Some(Device { version: Some("1.1.0".into()), detail }),
        evidence: Some(Evidence::DeviceInfo),
        own: Some(true),
        ..interface(name, kind)
    }
}

pub(crate) fn eth0() -> Interface {
    Interface { default: true, network: "cbr0".into(), ..interface("eth0", Kind::Host) }
}

/// A virtual function on vfio-pci, on NUMA node 0.
pub(crate) fn vf(name: &str, address: &str) -> Interface {
    let detail = DeviceDetail::Pci(PciDevice {
        address: address.parse().unwrap(),
        pf_address: None,
        vhost_net: None,
        rdma_devices: Vec::new(),
        representor: None,
    });
    Interface { hardware: Some(bound("vfio-pci")), ..with_device(name, Kind::SrIov, detail) }
}

pub(crate) fn bound(driver: &str) -> Hardware {
    let vfio = (driver == "vfio-pci").then(|| "/dev/vfio/17".to_owned());
    Hardware {
        vendor: Some("8086".into()),
        driver: Some(driver.into()),
        numa_node: Some(0),
        vfio,
        ..Hardware::default()
    }
}

pub(crate) fn vhost(name: &str, mode: VhostMode, path: &str) -> Interface {
    let device = VhostUserDevice { mode: Some(mode), path: Some(path.into()) };
    with_device(name, Kind::VhostUser, DeviceDetail::VhostUser(device))
}

pub(crate) fn memif(name: &str, role: MemifRole, path: &str) -> Interface {
    let mode = Some(MemifMode::Ethernet);
    let device = MemifDevice { role: Some(role), mode, path: Some(path.into()) };
    with_device(name, Kind::Memif, DeviceDetail::Memif(device))
}

pub(crate) fn vdpa(name: &str, path: &str) -> Interface {
    let device = VdpaDevice {
        driver: Some("vhost".into()),
        path: Some(path.into()),
        ..VdpaDevice::default()
    };
    with_device(name, Kind::Vdpa, DeviceDetail::Vdpa(device))
}

pub(crate) fn with_mac(interface: Interface, mac: &str) -> Interface {
    Interface { mac: Some(mac.into()), ..interface }
}

fn build(snapshot: &Snapshot) -> EalArgs {
    EalArgs::builder(snapshot).build().unwrap()
}

/// The value of an option that is a word of its own.
fn after<'a>(words: &'a [String], option: &str) -> Option<&'a str> {
    let place = words.iter().position(|word| word == option)?;
    words.get(place + 1).map(String::as_str)
}

fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|other| other == word)
}

fn codes(args: &EalArgs) -> Vec<WarningCode> {
    args.warnings.iter().map(|warning| warning.code).collect()
}

#[test]
fn options_out_of_range_are_refused() {
    let snapshot = pod(vec![vf("net1", "0000:3b:02.1")]);
    let builder = || EalArgs::builder(&snapshot).app(App::L3fwd);
    let errors = [
        (builder().queues(0).build(), "0 queues: expected 1 to 1024"),
        (builder().queues(2000).build(), "2000 queues: expected"),
        (builder().workers(0).build(), "workers"),
        (builder().main_cpu(7).build(), "main CPU 7"),
        (builder().memory(0).build(), "memory of 0 bytes: expected 1048576 bytes"),
        (builder().memory(512 << 20).build(), "memory of 536870912 bytes: less than one page"),
        (builder().dpdk("19.11".parse().unwrap()).build(), "DPDK 19.11"),
        (builder().file_prefix("a/b").build(), "file prefix"),
        (builder().file_prefix("%s").build(), "file prefix"),
        (builder().file_prefix("-x").build(), "file prefix"),
    ];
    for (result, subject) in errors {
        assert!(result.unwrap_err().to_string().starts_with(subject), "{subject}");
    }
}

#[test]
fn a_release_that_is_not_known_yet_is_told() {
    let snapshot = pod(vec![vf("net1", "0000:3b:02.1")]);
    let build = |release: Release| EalArgs::builder(&snapshot).dpdk(release).build().unwrap();
    assert_eq!(codes(&build(Release::NEWEST)), []);
    let newer = build("99.12".parse().unwrap());
    assert_eq!(newer.eal, build(Release::NEWEST).eal);
    assert_eq!(codes(&newer), [WarningCode::Application]);
    let text = &newer.warnings[0].text;
    assert!(text.starts_with("DPDK 99.12: podnet knows releases up to 26.07"), "{text}");
}

#[test]
fn the_file_prefix_is_the_pod_s_and_always_valid() {
    let prefix = |snapshot: &Snapshot, host: &str| {
        let facts = EalFacts { host_name: Some(host.to_owned()), ..EalFacts::default() };
        let args = EalArgs::builder(snapshot).facts(facts).build().unwrap();
        after(&args.eal, "--file-prefix").unwrap().to_owned()
    };
    let mut snapshot = pod(Vec::new());
    assert_eq!(prefix(&snapshot, "du-0"), "podnet-0f1e2d3c-dpdk");
    snapshot.pod.uid = None;
    assert_eq!(prefix(&snapshot, "du-0.ran"), "podnet-du-0.ran-dpdk");
    snapshot.container = None;
    assert_eq!(prefix(&snapshot, "a/%b\n"), "podnet-a--b-");
    assert_eq!(prefix(&snapshot, &"x".repeat(300)).len(), MAX_PREFIX);
}

#[test]
fn every_argument_has_its_reason_and_json_has_its_keys() {
    let snapshot = pod(vec![vf("net1", "0000:3b:02.1"), vdpa("net2", "/dev/vhost-vdpa-0")]);
    let args = EalArgs::builder(&snapshot).app(App::L3fwd).build().unwrap();
    let explained: Vec<&str> =
        args.reasons.iter().flat_map(|reason| reason.argument.split(' ')).collect();
    let all: Vec<&str> = args.eal.iter().chain(&args.app).map(String::as_str).collect();
    assert_eq!(explained, all);
    assert!(args.reasons.iter().all(|reason| !reason.why.is_empty()));
    let json = serde_json::to_value(&args).unwrap();
    assert_eq!(json["ports"][0]["numaNode"], 0);
    assert_eq!(json["lcores"][0]["cpu"], 2);
}

#[test]
fn a_secondary_process_takes_the_primary_s_memory() {
    let snapshot = pod(vec![vhost("net1", VhostMode::Client, "/run/net1.sock")]);
    let args = EalArgs::builder(&snapshot).secondary(true).build().unwrap();
    assert!(has(&args.eal, "--proc-type=secondary"));
    for option in ["--in-memory", "--socket-mem", "-m", "--iova-mode=va"] {
        assert!(!has(&args.eal, option), "{option}");
    }
    let secondary = || EalArgs::builder(&snapshot).secondary(true);
    assert!(matches!(secondary().no_huge(true).build(), Err(Error::Invalid { .. })));
    assert!(matches!(secondary().memory(1 << 30).build(), Err(Error::Invalid { .. })));
}
