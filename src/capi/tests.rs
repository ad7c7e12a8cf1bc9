//! The exports, called as C calls them. They run under Miri, too.

mod eal;

use std::ffi::{CStr, CString, c_char, c_int};
use std::fs;
use std::ptr::{null, null_mut};

use super::cpu::*;
use super::device::*;
use super::eal::{podnet_eal_args_free, podnet_eal_args_new};
use super::error::podnet_error;
use super::hugepages::*;
use super::interfaces::*;
use super::owned::podnet_strings;
use super::pod::*;
use super::watch::*;

/// A root with these files.
pub(crate) fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

pub(crate) const STATUS: (&str, &str) =
    ("proc/self/status", "Cpus_allowed_list:\t2-3\nMems_allowed_list:\t0\n");

/// An annotations file with this network-status.
pub(crate) fn annotations(status: &str) -> String {
    format!("k8s.v1.cni.cncf.io/network-status={status:?}\n")
}

const EVERY_TYPE: &str = r#"[
    {"name": "cbr0", "interface": "eth0", "ips": ["10.0.0.2"], "mac": "02:00:00:00:00:01",
     "default": true, "dns": {"nameservers": ["192.0.2.53"], "domain": "x.example",
     "search": ["a.example", "b.example"], "options": ["ndots:5"]}, "mtu": 1450,
     "gateway": ["10.0.0.1"]},
    {"name": "d/pci", "interface": "net1", "device-info": {"type": "pci", "version": "1.1.0", "pci":
        {"pci-address": "0000:3b:02.1", "pf-pci-address": "0000:3b:00.0", "rdma-device": "r0,r1",
         "vhost-net": "/dev/vhost-net", "representor-device": "eth3"}}},
    {"name": "d/vdpa", "interface": "net2", "device-info": {"type": "vdpa", "version": "1.0.0",
        "vdpa": {"parent-device": "vdpa0", "driver": "vhost", "path": "/dev/vhost-vdpa-0",
        "pci-address": "0000:65:00.3"}}},
    {"name": "d/vhost", "interface": "net3", "device-info": {"type": "vhost-user",
        "vhost-user": {"mode": "server", "path": "/run/a.sock"}}},
    {"name": "d/memif", "interface": "net4", "device-info": {"type": "memif",
        "memif": {"role": "slave", "mode": "ethernet", "path": "/run/m\u0000.sock"}}},
    {"name": "d/new", "interface": "net5", "device-info": {"type": "cxl"}}]"#;

struct Handle(*mut podnet);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it is from podnet_open().
        unsafe { podnet_close(self.0) };
    }
}

fn config(root: &CStr) -> podnet_config {
    podnet_config {
        size: size_of::<podnet_config>(),
        root: root.as_ptr(),
        downward_api_dir: null(),
        container_name: null(),
        flags: 0,
    }
}

fn open(directory: &tempfile::TempDir) -> Handle {
    let path = CString::new(directory.path().to_str().unwrap()).unwrap();
    let mut pod = null_mut();
    // SAFETY: all pointers are to live objects.
    assert_eq!(unsafe { podnet_open(&config(&path), &mut pod, null_mut()) }, 0);
    Handle(pod)
}

fn error() -> podnet_error {
    podnet_error { code: 0, text: [0; 1020] }
}

fn text(error: &podnet_error) -> &str {
    string(error.text.as_ptr()).unwrap()
}

/// A string of a result.
fn string<'a>(text: *const c_char) -> Option<&'a str> {
    // SAFETY: it is NULL or a string of a live result.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().unwrap())
}

/// A list of a result.
fn list<'a, T>(items: *const T, len: usize) -> &'a [T] {
    if len == 0 {
        assert!(items.is_null());
        return &[];
    }
    // SAFETY: a live result has `len` items.
    unsafe { std::slice::from_raw_parts(items, len) }
}

fn strings(texts: podnet_strings) -> Vec<&'static str> {
    list(texts.items, texts.len).iter().map(|item| string(*item).unwrap()).collect()
}

#[test]
fn open_refuses_misuse() {
    let mut pod = null_mut();
    let mut error = error();
    let root = c"/";
    let mut open = |config: &podnet_config| {
        // SAFETY: all pointers are to live objects.
        let code = unsafe { podnet_open(config, &mut pod, &mut error) };
        assert_eq!((code, code < 0), (error.code, true));
        (code, text(&error).to_owned())
    };
    for size in [0, 4, 7, 12, 39] {
        let (code, text) = open(&podnet_config { size, ..config(root) });
        assert_eq!(
            (code, &*text),
            (-libc::EINVAL, "config: size: must be set to sizeof the struct")
        );
    }
    let (code, text) = open(&podnet_config { size: usize::MAX, ..config(root) });
    assert!(code == -libc::E2BIG && text.contains("too big"), "{text}");
    let (code, text) = open(&podnet_config { flags: 2, ..config(root) });
    assert_eq!((code, &*text), (-libc::EINVAL, "config: flags: an unknown flag is set"));
    let (code, text) = open(&podnet_config { container_name: c"\xff".as_ptr(), ..config(root) });
    assert_eq!((code, &*text), (-libc::EINVAL, "config: container_name: must be UTF-8"));
    let (code, text) = open(&podnet_config { root: c"".as_ptr(), ..config(root) });
    assert_eq!((code, &*text), (-libc::EINVAL, "config: root: is empty"));
    let (code, text) = open(&podnet_config { downward_api_dir: c"".as_ptr(), ..config(root) });
    assert_eq!((code, &*text), (-libc::EINVAL, "config: downward_api_dir: is empty"));
    assert!(pod.is_null());
    // SAFETY: NULL is allowed everywhere.
    assert_eq!(unsafe { podnet_open(null(), null_mut(), null_mut()) }, -libc::EINVAL);
}

#[test]
fn open_takes_shorter_and_longer_structs() {
    #[repr(C)]
    struct Longer {
        known: podnet_config,
        unknown: [u64; 2],
    }
    let mut pod = null_mut();
    let mut error = error();
    let mut longer = Longer { known: config(c"/"), unknown: [0, 0] };
    longer.known.size = size_of::<Longer>();
    // SAFETY: `longer` has as many bytes as its size says.
    assert_eq!(unsafe { podnet_open((&raw const longer).cast(), &mut pod, &mut error) }, 0);
    drop(Handle(pod));
    longer.unknown[1] = 1 << 63;
    // SAFETY: see above.
    let code = unsafe { podnet_open((&raw const longer).cast(), &mut pod, &mut error) };
    assert_eq!(code, -libc::E2BIG);
    assert!(text(&error).contains("does not know"));

    // One with the root alone; what follows it in memory counts for nothing.
    let directory = root(&[STATUS]);
    let path = CString::new(directory.path().to_str().unwrap()).unwrap();
    let shorter = podnet_config { size: 16, flags: u64::MAX, ..config(&path) };
    // SAFETY: all pointers are to live objects.
    assert_eq!(unsafe { podnet_open(&shorter, &mut pod, null_mut()) }, 0);
    let pod = Handle(pod);
    let mut info = null_mut();
    // SAFETY: all pointers are to live objects; the result is freed once.
    unsafe {
        assert_eq!(podnet_get_cpu_info(pod.0, &mut info, null_mut()), 0);
        assert_eq!(string((*info).allowed.list), Some("2-3"));
        podnet_cpu_info_free(info);
    }
}

#[test]
fn null_is_refused_and_freed() {
    let directory = root(&[STATUS]);
    let pod = open(&directory);
    let mut error = error();
    let mut codes: Vec<c_int> = Vec::new();
    // SAFETY: NULL is allowed everywhere.
    unsafe {
        codes.push(podnet_get_cpu_info(null(), &mut null_mut(), &mut error));
        codes.push(podnet_get_cpu_info(pod.0, null_mut(), &mut error));
        codes.push(podnet_get_hugepages(null(), &mut null_mut(), &mut error));
        codes.push(podnet_get_hugepages(pod.0, null_mut(), &mut error));
        codes.push(podnet_get_interfaces(null(), &mut null_mut(), &mut error));
        codes.push(podnet_get_interfaces(pod.0, null_mut(), &mut error));
        codes.push(podnet_get_json(null(), &mut null_mut(), &mut error));
        codes.push(podnet_get_json(pod.0, null_mut(), &mut error));
        codes.push(podnet_eal_args_new(null(), null(), &mut null_mut(), &mut error));
        codes.push(podnet_eal_args_new(pod.0, null(), null_mut(), &mut error));
        codes.push(podnet_get_json(null(), null_mut(), null_mut()));
        codes.push(podnet_wait(null(), null(), &mut error));
        codes.push(podnet_watch_open(null(), &mut null_mut(), &mut error));
        codes.push(podnet_watch_open(pod.0, null_mut(), &mut error));
        codes.push(podnet_watch_fd(null()));
        codes.push(podnet_watch_next(null_mut(), &mut null_mut(), &mut error));
        codes.push(podnet_watch_next_json(null_mut(), &mut null_mut(), &mut error));
        codes.push(podnet_watch_next(null_mut(), null_mut(), &mut error));
        podnet_watch_close(null_mut());
        podnet_event_free(null_mut());
        podnet_close(null_mut());
        podnet_cpu_info_free(null_mut());
        podnet_hugepages_free(null_mut());
        podnet_interfaces_free(null_mut());
        podnet_eal_args_free(null_mut());
        podnet_string_free(null_mut());
    }
    assert_eq!(codes, [-libc::EINVAL; 18]);
    assert_eq!(text(&error), "ret: must not be NULL");
}

#[test]
fn a_failure_leaves_the_result_alone() {
    let directory = root(&[("etc/podnetinfo/annotations", &annotations("[{"))]);
    let pod = open(&directory);
    let mut interfaces = std::ptr::dangling_mut();
    let before = interfaces;
    let mut error = error();
    // SAFETY: all pointers are to live objects.
    let code = unsafe { podnet_get_interfaces(pod.0, &mut interfaces, &mut error) };
    assert_eq!((code, interfaces), (-libc::EBADMSG, before));
    let path = "/etc/podnetinfo/annotations: k8s.v1.cni.cncf.io/network-status: line 1";
    assert!(text(&error).starts_with(path), "{}", text(&error));
    drop(directory);
    // SAFETY: see above.
    let code = unsafe { podnet_get_json(pod.0, &mut null_mut(), &mut error) };
    assert_eq!(code, -libc::ENOENT);
}

#[test]
fn cpu_info_has_everything() {
    let directory = root(&[
        ("proc/self/status", "Cpus_allowed_list:\t2-5,34\nMems_allowed_list:\t0-1\n"),
        ("proc/self/cgroup", "0::/\n"),
        ("proc/self/mountinfo", "31 30 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n"),
        ("proc/self/environ", "OPENSHIFT_ISOLATED_CPUS=2-5\0OPENSHIFT_SHARED_CPUS=34\0"),
        ("sys/fs/cgroup/cpuset.cpus.effective", "2-5,34\n"),
        ("sys/fs/cgroup/cpu.max", "150000 100000\n"),
        ("sys/devices/system/node/online", "0-1\n"),
        ("sys/devices/system/node/node0/cpulist", "0-3,32-35\n"),
        ("sys/devices/system/node/node1/cpulist", "4-31\n"),
        ("sys/devices/system/cpu/cpu2/topology/thread_siblings_list", "2,34\n"),
    ]);
    let pod = open(&directory);
    let mut info = null_mut();
    // SAFETY: all pointers are to live objects.
    assert_eq!(unsafe { podnet_get_cpu_info(pod.0, &mut info, null_mut()) }, 0);
    // SAFETY: it was just made.
    let view = unsafe { &*info };
    let set = |set: &podnet_cpuset| (string(set.list), list(set.ids, set.len).to_vec());
    assert_eq!(set(&view.allowed), (Some("2-5,34"), vec![2, 3, 4, 5, 34]));
    assert_eq!(set(&view.isolated), (Some("2-5"), vec![2, 3, 4, 5]));
    assert_eq!(set(&view.shared), (Some("34"), vec![34]));
    assert_eq!(set(&view.housekeeping), (None, vec![]));
    assert_eq!(set(&view.affinity), set(&view.allowed));
    assert_eq!(set(&view.cpuset), set(&view.allowed));
    assert_eq!((view.cgroup_version, view.exclusive), (2, PODNET_NO));
    assert_eq!(view.exclusive_reason, PODNET_EXCLUSIVE_SHARED_CPUS);
    assert_eq!(view.quota, 1.5);
    let nodes = list(view.nodes, view.nodes_len);
    let nodes: Vec<_> = nodes.iter().map(|node| (node.node, string(node.cpus.list))).collect();
    assert_eq!(nodes, [(0, Some("2-3,34")), (1, Some("4-5"))]);
    let cores = list(view.cores, view.cores_len);
    assert_eq!(string(cores[0].cpus.list), Some("2,34"));
    // SAFETY: freed once.
    unsafe { podnet_cpu_info_free(info) };
}

#[test]
fn hugepages_have_everything() {
    let directory = root(&[
        ("etc/podnetinfo/annotations", ""),
        ("etc/podnetinfo/hugepages_1G_request_dpdk", "2048"),
        ("etc/podnetinfo/hugepages_1G_limit_dpdk", "2048"),
        ("etc/podnetinfo/hugepages_2M_limit_proxy", "64"),
        ("proc/self/environ", "CONTAINER_NAME=dpdk\0"),
        ("proc/self/mountinfo", "9 1 0:9 / /dev/hugepages rw - hugetlbfs none rw,pagesize=1024M\n"),
        ("sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "8\n"),
        ("sys/devices/system/node/online", "0\n"),
        ("sys/devices/system/node/node0/hugepages/hugepages-1048576kB/nr_hugepages", "8\n"),
        ("sys/devices/system/node/node0/hugepages/hugepages-1048576kB/free_hugepages", "6\n"),
    ]);
    let pod = open(&directory);
    let mut hugepages = null_mut();
    // SAFETY: all pointers are to live objects.
    assert_eq!(unsafe { podnet_get_hugepages(pod.0, &mut hugepages, null_mut()) }, 0);
    // SAFETY: it was just made.
    let view = unsafe { &*hugepages };
    let [page] = list(view.pages, view.pages_len) else { panic!("{} sizes", view.pages_len) };
    assert_eq!((page.size, page.request, page.limit), (1 << 30, 2 << 30, 2 << 30));
    assert_eq!((page.used, page.limit_source), (PODNET_NONE, PODNET_LIMIT_DOWNWARD_API));
    assert_eq!(strings(page.mounts), ["/dev/hugepages"]);
    let [node] = list(page.nodes, page.nodes_len) else { panic!("{} nodes", page.nodes_len) };
    assert_eq!((node.node, node.total_pages, node.free_pages), (0, 8, 6));
    let containers = list(view.containers, view.containers_len);
    assert_eq!(string(containers[1].name), Some("proxy"));
    assert_eq!((containers[1].request, containers[1].limit), (PODNET_NONE, 64 << 20));
    // SAFETY: freed once.
    unsafe { podnet_hugepages_free(hugepages) };
}

/// Looks at the interfaces of a pod with a device of every type.
fn with_interfaces(look: impl FnOnce(&podnet_interfaces, &[podnet_interface])) {
    let directory = root(&[
        ("etc/podnetinfo/annotations", &annotations(EVERY_TYPE)),
        ("proc/self/environ", "PCIDEVICE_A=0000:3b:02.1\0PCIDEVICE_B=0000:3b:02.6\0"),
    ]);
    let pod = open(&directory);
    let mut interfaces = null_mut();
    // SAFETY: all pointers are to live objects.
    assert_eq!(unsafe { podnet_get_interfaces(pod.0, &mut interfaces, null_mut()) }, 0);
    // SAFETY: it was just made.
    let view = unsafe { &*interfaces };
    look(view, list(view.interfaces, view.interfaces_len));
    // SAFETY: freed once.
    unsafe { podnet_interfaces_free(interfaces) };
}

#[test]
fn interfaces_have_everything() {
    with_interfaces(|view, all| {
        assert_eq!(view.state, PODNET_STATE_COMPLETE);
        assert_eq!(strings(view.pending_networks), [""; 0]);
        let kinds: Vec<u32> = all.iter().map(|interface| interface.kind).collect();
        let expected = [
            PODNET_KIND_HOST,
            PODNET_KIND_SR_IOV,
            PODNET_KIND_VDPA,
            PODNET_KIND_VHOST_USER,
            PODNET_KIND_MEMIF,
            PODNET_KIND_UNKNOWN,
        ];
        assert_eq!(kinds, expected);

        let eth0 = &all[0];
        assert_eq!((string(eth0.name), string(eth0.network)), (Some("eth0"), Some("cbr0")));
        assert_eq!((eth0.is_default, eth0.mtu), (1, 1450));
        assert_eq!(string(eth0.mac), Some("02:00:00:00:00:01"));
        assert_eq!(
            (strings(eth0.ips), strings(eth0.gateways)),
            (vec!["10.0.0.2"], vec!["10.0.0.1"])
        );
        assert!(eth0.device.is_null() && eth0.hardware.is_null());
        assert_eq!((eth0.evidence, eth0.own), (PODNET_EVIDENCE_NONE, PODNET_UNKNOWN));
        // SAFETY: never NULL.
        let dns = unsafe { &*eth0.dns };
        assert_eq!(strings(dns.nameservers), ["192.0.2.53"]);
        assert_eq!(string(dns.domain), Some("x.example"));
        assert_eq!(strings(dns.search), ["a.example", "b.example"]);
        assert_eq!(strings(dns.options), ["ndots:5"]);

        let net1 = &all[1];
        assert_eq!((net1.evidence, net1.own), (PODNET_EVIDENCE_DEVICE_INFO, PODNET_YES));
        assert_eq!((net1.mtu, string(net1.mac)), (PODNET_NONE, None));
        assert_eq!(strings(net1.sources), ["network-status", "PCIDEVICE_A"]);

        let unmatched = list(view.unmatched_devices, view.unmatched_devices_len);
        assert_eq!(unmatched.len(), 1);
        assert_eq!(
            (unmatched[0].device_type, unmatched[0].own),
            (PODNET_UNMATCHED_PCI, PODNET_YES)
        );
        assert_eq!(string(unmatched[0].address), Some("0000:3b:02.6"));
        assert_eq!(string(unmatched[0].source), Some("PCIDEVICE_B"));
    });
}

#[test]
fn devices_have_everything() {
    with_interfaces(|_, all| {
        let net1 = &all[1];
        // SAFETY: they have devices of these types.
        unsafe {
            let device = &*net1.device;
            assert_eq!(device.device_type, PODNET_DEVICE_PCI);
            assert_eq!(
                (string(device.type_name), string(device.version)),
                (Some("pci"), Some("1.1.0"))
            );
            let pci = &*device.pci;
            assert_eq!(string(pci.address), Some("0000:3b:02.1"));
            assert_eq!(string(pci.pf_address), Some("0000:3b:00.0"));
            assert_eq!(string(pci.vhost_net), Some("/dev/vhost-net"));
            assert_eq!(string(pci.representor), Some("eth3"));
            assert_eq!(strings(pci.rdma_devices), ["r0", "r1"]);
            assert!(device.vdpa.is_null() && device.memif.is_null());

            let vdpa = &*(*all[2].device).vdpa;
            assert_eq!(string(vdpa.path), Some("/dev/vhost-vdpa-0"));
            assert_eq!((string(vdpa.driver), string(vdpa.pf_address)), (Some("vhost"), None));
            let vhost = &*(*all[3].device).vhost_user;
            assert_eq!(
                (vhost.mode, string(vhost.path)),
                (PODNET_VHOST_SERVER, Some("/run/a.sock"))
            );
            let memif = &*(*all[4].device).memif;
            assert_eq!((memif.role, memif.mode), (PODNET_MEMIF_SLAVE, PODNET_MEMIF_ETHERNET));
            assert_eq!(string(memif.path), Some("/run/m\u{fffd}.sock"), "a NUL can't cut a path");
            let unknown = &*all[5].device;
            assert_eq!(unknown.device_type, PODNET_DEVICE_UNKNOWN);
            assert_eq!((string(unknown.type_name), string(unknown.version)), (Some("cxl"), None));
        }
    });
}

#[test]
fn json_is_the_snapshot() {
    let directory = root(&[STATUS]);
    let pod = open(&directory);
    let mut json = null_mut();
    // SAFETY: all pointers are to live objects.
    assert_eq!(unsafe { podnet_get_json(pod.0, &mut json, null_mut()) }, 0);
    let snapshot = crate::Pod::builder().root(directory.path()).build().snapshot().unwrap();
    assert_eq!(string(json).unwrap(), serde_json::to_string(&snapshot).unwrap());
    // SAFETY: freed once.
    unsafe { podnet_string_free(json) };
}

#[test]
fn the_version_is_the_crate_s() {
    assert_eq!(string(podnet_version()), Some(env!("CARGO_PKG_VERSION")));
}
