//! The drop-in, called as C calls it. It runs under Miri, too.

use std::ffi::{CStr, c_char};
use std::ptr::{dangling_mut, null, null_mut};

use super::*;
use crate::capi::tests::{STATUS, annotations, root};

fn pod(directory: &tempfile::TempDir) -> Pod {
    Pod::builder().root(directory.path()).assign_by_order(true).build()
}

fn string<'a>(text: *mut c_char) -> Option<&'a str> {
    // SAFETY: it is NULL or a string of a live response.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().unwrap())
}

fn strings(texts: &[*mut c_char]) -> Vec<&str> {
    texts.iter().map_while(|text| string(*text)).collect()
}

/// A caller's arrays, full of what an uninitialised one may hold.
fn elements<T>(len: usize) -> Vec<T> {
    let mut elements = Vec::with_capacity(len);
    // SAFETY: any bytes are a `T`; pointers among them are not followed.
    unsafe {
        std::ptr::write_bytes::<T>(elements.as_mut_ptr(), 0x5a, len);
        elements.set_len(len);
    }
    elements
}

/// Runs GetInterfaces on a pod, hands the populated elements to `check`, and frees them.
fn with_interfaces(pod: &Pod, allocated: usize, check: impl FnOnce(i64, &[InterfaceData])) {
    let mut array = elements::<InterfaceData>(allocated);
    let mut response = InterfaceResponse {
        numIfaceAllocated: i32::try_from(allocated).unwrap(),
        numIfacePopulated: 77,
        pIface: array.as_mut_ptr(),
    };
    let code = guard("test", || {
        response.numIfacePopulated = 0;
        // SAFETY: the array has as many elements.
        let elements = unsafe { zeroed(response.pIface, response.numIfaceAllocated) }?;
        get_interfaces(pod, &mut response, elements)
    });
    let populated = usize::try_from(response.numIfacePopulated).unwrap();
    check(code, &array[..populated]);
    for element in &mut array[populated..] {
        assert!(element.strings().all(|string| string.is_null()), "the rest is zeroed");
    }
    response.pIface = array.as_mut_ptr();
    // SAFETY: `response` is as GetInterfaces() leaves it; freeing twice is harmless.
    unsafe {
        FreeInterfaces(&mut response);
        FreeInterfaces(&mut response);
    }
    assert_eq!(response.numIfacePopulated, 0);
    assert!(array.iter_mut().flat_map(InterfaceData::strings).all(|string| string.is_null()));
}

fn with_hugepages(
    pod: &Pod,
    allocated: usize,
    check: impl FnOnce(i64, Option<&str>, &[HugepagesData]),
) {
    let mut array = elements::<HugepagesData>(allocated);
    let mut response = HugepagesResponse {
        numStructAllocated: i32::try_from(allocated).unwrap(),
        numStructPopulated: 0,
        MyContainerName: null_mut(),
        pHugepages: array.as_mut_ptr(),
    };
    let code = guard("test", || {
        // SAFETY: the array has as many elements.
        let elements = unsafe { zeroed(response.pHugepages, response.numStructAllocated) }?;
        get_hugepages(pod, &mut response, elements)
    });
    let populated = usize::try_from(response.numStructPopulated).unwrap();
    check(code, string(response.MyContainerName), &array[..populated]);
    response.pHugepages = array.as_mut_ptr();
    // SAFETY: `response` is as GetHugepages() leaves it; freeing twice is harmless.
    unsafe {
        FreeHugepages(&mut response);
        FreeHugepages(&mut response);
    }
    assert!(response.MyContainerName.is_null() && response.numStructPopulated == 0);
    assert!(array.iter().all(|element| element.ContainerName.is_null()));
}

fn figures(data: &HugepagesData) -> [i64; 6] {
    [data.Request, data.Limit, data.Request1G, data.Limit1G, data.Request2M, data.Limit2M]
}

#[test]
fn null_fails_and_frees_nothing() {
    let mut hugepages = HugepagesResponse {
        numStructAllocated: 10,
        numStructPopulated: 7,
        MyContainerName: dangling_mut(),
        pHugepages: null_mut(),
    };
    let mut interfaces =
        InterfaceResponse { numIfaceAllocated: 10, numIfacePopulated: 7, pIface: null_mut() };
    // SAFETY: NULL is allowed everywhere.
    unsafe {
        assert_eq!(GetCPUInfo(null_mut()), NETUTIL_ERRNO_FAIL);
        assert_eq!(GetHugepages(null_mut()), NETUTIL_ERRNO_FAIL);
        assert_eq!(GetInterfaces(null_mut()), NETUTIL_ERRNO_FAIL);
        assert_eq!(SetConfig(null()), NETUTIL_ERRNO_FAIL);
        assert_eq!(GetHugepages(&mut hugepages), NETUTIL_ERRNO_FAIL);
        assert_eq!(GetInterfaces(&mut interfaces), NETUTIL_ERRNO_FAIL);
        FreeCPUInfo(null_mut());
        FreeHugepages(null_mut());
        FreeInterfaces(null_mut());
    }
    assert_eq!((hugepages.numStructPopulated, interfaces.numIfacePopulated), (0, 0));
    assert!(hugepages.MyContainerName.is_null());
    let mut array = elements::<InterfaceData>(1);
    interfaces.pIface = array.as_mut_ptr();
    interfaces.numIfaceAllocated = -1;
    // SAFETY: a negative number is refused.
    assert_eq!(unsafe { GetInterfaces(&mut interfaces) }, NETUTIL_ERRNO_FAIL);
}

#[test]
fn the_cpuset_is_the_cgroup_s_else_the_affinity() {
    let cgroup = [
        STATUS,
        ("proc/self/cgroup", "0::/\n"),
        ("proc/self/mountinfo", "31 30 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n"),
        ("sys/fs/cgroup/cpuset.cpus.effective", "2-5\n"),
    ];
    for (files, cpuset) in [(&cgroup[..], "2-5"), (&cgroup[..1], "2-3")] {
        let directory = root(files);
        let mut response = CPUResponse { CPUSet: null_mut() };
        get_cpu_info(&pod(&directory), &mut response).unwrap();
        assert_eq!(string(response.CPUSet), Some(cpuset));
        // SAFETY: `response` is as GetCPUInfo() leaves it; freeing twice is harmless.
        unsafe {
            FreeCPUInfo(&mut response);
            FreeCPUInfo(&mut response);
        }
        assert!(response.CPUSet.is_null());
    }
    let mut response = CPUResponse { CPUSet: null_mut() };
    let nothing = get_cpu_info(&pod(&root(&[])), &mut response);
    assert!(matches!(nothing, Err(Failure::Read(Error::Missing { .. }))));
}

const FILES: [(&str, &str); 7] = [
    ("etc/podnetinfo/hugepages_1G_request_dpdk", "2048"),
    ("etc/podnetinfo/hugepages_1G_limit_dpdk", "4096"),
    ("etc/podnetinfo/hugepages_2M_request_dpdk", "512"),
    ("etc/podnetinfo/hugepages_64K_request_dpdk", "3"),
    ("etc/podnetinfo/hugepages_512M_request_dpdk", "1024"),
    ("etc/podnetinfo/hugepages_2M_limit_proxy", "64"),
    ("proc/self/environ", "CONTAINER_NAME=dpdk\0"),
];

#[test]
fn hugepages_are_mib_per_container() {
    let directory = root(&FILES);
    with_hugepages(&pod(&directory), 2, |code, own, populated| {
        assert_eq!((code, own), (NETUTIL_ERRNO_SUCCESS, Some("dpdk")));
        let names: Vec<_> = populated.iter().map(|data| string(data.ContainerName)).collect();
        assert_eq!(names, [Some("dpdk"), Some("proxy")]);
        assert_eq!(figures(&populated[0]), [1027, 0, 2048, 4096, 512, 0]);
        assert_eq!(figures(&populated[1]), [0, 0, 0, 0, 0, 64]);
    });
    with_hugepages(&pod(&directory), 1, |code, own, populated| {
        assert_eq!((code, own), (NETUTIL_ERRNO_SIZE_ERROR, Some("dpdk")));
        assert_eq!(figures(&populated[0]), [1027, 0, 2048, 4096, 512, 0]);
    });
    with_hugepages(&pod(&directory), 0, |code, _, populated| {
        assert_eq!((code, populated.len()), (NETUTIL_ERRNO_SIZE_ERROR, 0));
    });
}

#[test]
fn without_files_the_cgroup_is_one_entry() {
    let directory = root(&[
        ("proc/self/cgroup", "0::/\n"),
        ("proc/self/mountinfo", "31 30 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n"),
        ("sys/fs/cgroup/hugetlb.1GB.max", "2147483648\n"),
        ("sys/fs/cgroup/hugetlb.2MB.max", "0\n"),
    ]);
    with_hugepages(&pod(&directory), 1, |code, own, populated| {
        assert_eq!((code, own, populated.len()), (NETUTIL_ERRNO_SUCCESS, None, 1));
        assert_eq!(string(populated[0].ContainerName), None);
        assert_eq!(figures(&populated[0]), [0, 0, 0, 2048, 0, 0]);
    });
    with_hugepages(&pod(&root(&[])), 1, |code, _, populated| {
        assert_eq!((code, populated.len()), (NETUTIL_ERRNO_SUCCESS, 0));
    });
}

#[test]
fn malformed_input_populates_nothing() {
    let bad_number = ("etc/podnetinfo/hugepages_1G_limit_dpdk", "much");
    with_hugepages(&pod(&root(&[FILES[0], bad_number])), 2, |code, own, populated| {
        assert_eq!((code, own, populated.len()), (NETUTIL_ERRNO_FAIL, None, 0));
    });
    for status in ["[{", "{}", r#"[{"name": "a", "interface": "net1"}, 5]"#] {
        let directory = root(&[("etc/podnetinfo/annotations", &annotations(status))]);
        with_interfaces(&pod(&directory), 2, |code, populated| {
            assert_eq!((code, populated.len()), (NETUTIL_ERRNO_FAIL, 0), "{status}");
        });
    }
}

const FIVE: &str = r#"[
    {"name": "cbr0", "interface": "eth0", "ips": ["10.0.0.2"], "mac": "02:00:00:00:00:AB",
     "default": true},
    {"name": "d/pci", "interface": "net1", "device-info": {"type": "pci", "version": "1.1.0", "pci":
        {"pci-address": "0000:3b:02.1", "pf-pci-address": "0000:3b:00.0", "rdma-device": "r0,r1",
         "vhost-net": "/dev/vhost-net"}}},
    {"name": "d/vdpa", "interface": "net2", "device-info": {"type": "vdpa", "version": "1.0.0",
        "vdpa": {"parent-device": "vdpa0", "driver": "vhost", "path": "/dev/vhost-vdpa-0",
        "pci-address": "0000:65:00.3", "pf-pci-address": "0000:65:00.0"}}},
    {"name": "", "device-info": {"type": "vhost-user", "vhost-user": {"path": "/run/a.sock"}}},
    {"name": "d/memif", "interface": "net4", "device-info": {"type": "memif",
        "memif": {"role": "slave", "mode": "punt", "path": "/run/m.sock"}}}]"#;

#[test]
fn interfaces_have_everything() {
    let directory = root(&[("etc/podnetinfo/annotations", &annotations(FIVE))]);
    with_interfaces(&pod(&directory), 10, |code, all| {
        assert_eq!((code, all.len()), (NETUTIL_ERRNO_SUCCESS, 5));
        let types: Vec<_> =
            all.iter().map(|data| (data.DeviceType, data.NetworkStatus.DeviceInfo.Type)).collect();
        let expected = [
            (NETUTIL_TYPE_HOST, NETUTIL_TYPE_UNKNOWN),
            (NETUTIL_TYPE_PCI, NETUTIL_TYPE_PCI),
            (NETUTIL_TYPE_VDPA, NETUTIL_TYPE_VDPA),
            (NETUTIL_TYPE_VHOST, NETUTIL_TYPE_VHOST),
            (NETUTIL_TYPE_MEMIF, NETUTIL_TYPE_MEMIF),
        ];
        assert_eq!(types, expected);

        let eth0 = &all[0].NetworkStatus;
        assert_eq!((string(eth0.Name), string(eth0.Interface)), (Some("cbr0"), Some("eth0")));
        assert_eq!(strings(&eth0.IPs), ["10.0.0.2"]);
        assert_eq!(string(eth0.Mac), Some("02:00:00:00:00:AB"), "as the annotation has it");
        assert_eq!((eth0.Default, all[1].NetworkStatus.Default), (1, 0));

        let device = &all[1].NetworkStatus.DeviceInfo;
        assert_eq!(string(device.Version), Some("1.1.0"));
        assert_eq!(string(device.Pci.PciAddress), Some("0000:3b:02.1"));
        assert_eq!(string(device.Pci.PfPciAddress), Some("0000:3b:00.0"));
        assert_eq!(string(device.Pci.RdmaDevice), Some("r0,r1"));
        assert_eq!(string(device.Pci.Vhostnet), Some("/dev/vhost-net"));

        let vdpa = &all[2].NetworkStatus.DeviceInfo.Vdpa;
        assert_eq!(string(vdpa.ParentDevice), Some("vdpa0"));
        assert_eq!(string(vdpa.Driver), Some("vhost"));
        assert_eq!(string(vdpa.Path), Some("/dev/vhost-vdpa-0"));
        assert_eq!(string(vdpa.PciAddress), Some("0000:65:00.3"));
        assert_eq!(string(vdpa.PfPciAddress), Some("0000:65:00.0"));

        let status = &all[3].NetworkStatus;
        assert_eq!((string(status.Name), string(status.Interface)), (None, None));
        assert_eq!(string(status.DeviceInfo.Version), None);
        // A mode that nothing names is neither client nor server.
        assert_eq!(status.DeviceInfo.VhostUser.Mode, -1);
        assert_eq!(string(status.DeviceInfo.VhostUser.Path), Some("/run/a.sock"));

        let memif = &all[4].NetworkStatus.DeviceInfo.Memif;
        let (role, mode) = (NETUTIL_MEMIF_ROLE_SLAVE, NETUTIL_MEMIF_MODE_INJECT_PUNT);
        assert_eq!((memif.Role, memif.Mode, string(memif.Path)), (role, mode, Some("/run/m.sock")));
    });
}

#[test]
fn every_word_has_its_number() {
    let interface = |info: &str| {
        let status = format!(r#"[{{"name": "d/a", "interface": "net1", "device-info": {info}}}]"#);
        root(&[("etc/podnetinfo/annotations", &annotations(&status))])
    };
    for (mode, number) in
        [("client", NETUTIL_VHOST_MODE_CLIENT), ("server", NETUTIL_VHOST_MODE_SERVER)]
    {
        let info = format!(r#"{{"type": "vhost-user", "vhost-user": {{"mode": "{mode}"}}}}"#);
        with_interfaces(&pod(&interface(&info)), 1, |_, all| {
            assert_eq!(all[0].NetworkStatus.DeviceInfo.VhostUser.Mode, number);
        });
    }
    for (role, mode, numbers) in [
        ("master", "ethernet", (NETUTIL_MEMIF_ROLE_MASTER, NETUTIL_MEMIF_MODE_ETHERNET)),
        ("slave", "ip", (NETUTIL_MEMIF_ROLE_SLAVE, NETUTIL_MEMIF_MODE_IP)),
    ] {
        let info =
            format!(r#"{{"type": "memif", "memif": {{"role": "{role}", "mode": "{mode}"}}}}"#);
        with_interfaces(&pod(&interface(&info)), 1, |_, all| {
            let memif = &all[0].NetworkStatus.DeviceInfo.Memif;
            assert_eq!((memif.Role, memif.Mode), numbers);
        });
    }
    // An unknown mode is malformed, and not taken for another.
    let info = r#"{"type": "vhost-user", "vhost-user": {"mode": "both"}}"#;
    with_interfaces(&pod(&interface(info)), 1, |code, _| assert_eq!(code, NETUTIL_ERRNO_FAIL));
    // An unknown type is unknown.
    with_interfaces(&pod(&interface(r#"{"type": "cxl"}"#)), 1, |code, all| {
        assert_eq!((code, all[0].DeviceType), (NETUTIL_ERRNO_SUCCESS, NETUTIL_TYPE_UNKNOWN));
    });
}

#[test]
fn too_few_elements_leave_a_valid_part() {
    let directory = root(&[("etc/podnetinfo/annotations", &annotations(FIVE))]);
    for allocated in [0, 1, 4] {
        with_interfaces(&pod(&directory), allocated, |code, all| {
            assert_eq!((code, all.len()), (NETUTIL_ERRNO_SIZE_ERROR, allocated));
            if let Some(last) = all.get(3) {
                assert_eq!(
                    string(last.NetworkStatus.DeviceInfo.VhostUser.Path),
                    Some("/run/a.sock")
                );
            }
        });
    }
}

#[test]
fn long_lists_are_cut_and_the_rest_is_filled() {
    let ips: Vec<String> = (1..=11).map(|host| format!("\"192.0.2.{host}\"")).collect();
    let six = r#"["a", "b", "c", "d", "e", "f"]"#;
    let status = format!(
        r#"[{{"name": "d/a", "interface": "net1", "ips": [{}], "mac": "02:00:00:00:00:01",
            "dns": {{"nameservers": {six}, "domain": "x", "search": {six}, "options": {six}}},
            "device-info": {{"type": "pci", "pci": {{"pci-address": "0000:3b:02.1"}}}}}},
           {{"name": "d/b", "interface": "net2", "ips": ["192.0.2.99"]}}]"#,
        ips.join(", ")
    );
    let directory = root(&[("etc/podnetinfo/annotations", &annotations(&status))]);
    with_interfaces(&pod(&directory), 10, |code, all| {
        assert_eq!((code, all.len()), (NETUTIL_ERRNO_SIZE_ERROR, 2));
        let status = &all[0].NetworkStatus;
        assert_eq!(strings(&status.IPs).len(), 10);
        assert_eq!(string(status.IPs[9]), Some("192.0.2.10"));
        for list in [&status.DNS.Nameservers, &status.DNS.Search, &status.DNS.Options] {
            assert_eq!(strings(list), ["a", "b", "c", "d", "e"]);
        }
        assert_eq!(
            (string(status.Mac), string(status.DNS.Domain)),
            (Some("02:00:00:00:00:01"), Some("x"))
        );
        assert_eq!(string(status.DeviceInfo.Pci.PciAddress), Some("0000:3b:02.1"));
        assert_eq!(strings(&all[1].NetworkStatus.IPs), ["192.0.2.99"]);
    });
    // Ten and five are not too many.
    let ten = annotations(&status.replace(", \"192.0.2.11\"", "").replace(", \"f\"", ""));
    with_interfaces(&pod(&root(&[("etc/podnetinfo/annotations", &ten)])), 2, |code, all| {
        assert_eq!((code, all.len()), (NETUTIL_ERRNO_SUCCESS, 2));
    });
}

#[test]
fn devices_without_device_info_are_given_by_order() {
    let status = r#"[{"name": "cbr0", "interface": "eth0", "default": true},
        {"name": "d/a", "interface": "net1"}, {"name": "d/b", "interface": "net2"}]"#;
    let annotations = annotations(status) + "k8s.v1.cni.cncf.io/networks=\"a,b\"\n";
    let info = "{\"0000:3b:02.2\":{\"generic\":{\"deviceID\":\"0000:3b:02.2\"}}}";
    let variables = format!(
        "PCIDEVICE_X=0000:3b:02.2\0PCIDEVICE_X_INFO={info}\0PCIDEVICE_Y=0000:3b:02.1,0000:3b:02.3\0"
    );
    let directory =
        root(&[("etc/podnetinfo/annotations", &annotations), ("proc/self/environ", &variables)]);
    with_interfaces(&pod(&directory), 10, |code, all| {
        assert_eq!(code, NETUTIL_ERRNO_SUCCESS);
        let devices: Vec<_> = all
            .iter()
            .map(|data| {
                let status = &data.NetworkStatus;
                let address = string(status.DeviceInfo.Pci.PciAddress);
                (string(status.Interface), data.DeviceType, status.DeviceInfo.Type, address)
            })
            .collect();
        let (host, sriov, pci) = (NETUTIL_TYPE_HOST, NETUTIL_TYPE_SRIOV, NETUTIL_TYPE_PCI);
        let expected = [
            (Some("eth0"), host, NETUTIL_TYPE_UNKNOWN, None),
            (Some("net1"), sriov, pci, Some("0000:3b:02.1")),
            (Some("net2"), sriov, pci, Some("0000:3b:02.2")),
            (None, sriov, pci, Some("0000:3b:02.3")),
        ];
        assert_eq!(devices, expected);
        assert_eq!(string(all[3].NetworkStatus.Name), None);
    });
}

/// Issue 2: `_INFO` makes no phantom, and eth0 takes no device.
#[test]
fn eth0_alone_is_host() {
    let status = r#"[{"name": "cbr0", "interface": "eth0", "default": true}]"#;
    let variables = "PCIDEVICE_X=0000:01:02.5\0PCIDEVICE_X_INFO={\"0000:01:02.5\":{\"generic\":\
                     {\"deviceID\":\"0000:01:02.5\"}}}\0";
    let directory = root(&[
        ("etc/podnetinfo/annotations", &annotations(status)),
        ("proc/self/environ", variables),
    ]);
    with_interfaces(&pod(&directory), 10, |code, all| {
        assert_eq!((code, all.len()), (NETUTIL_ERRNO_SUCCESS, 2));
        assert_eq!(all[0].DeviceType, NETUTIL_TYPE_HOST);
        assert_eq!(all[1].DeviceType, NETUTIL_TYPE_SRIOV);
        let address = string(all[1].NetworkStatus.DeviceInfo.Pci.PciAddress);
        assert_eq!(address, Some("0000:01:02.5"));
    });
}

/// The old library lost a status behind a long line, and values with `=` and escapes.
#[test]
fn long_lines_and_escapes_lose_nothing() {
    // Miri takes a minute for as much as others do.
    let kib = if cfg!(miri) { 2 } else { 200 };
    let long = format!("a.example/long=\"{}\"\n", "x".repeat(kib * 1024));
    let status = r#"[{"name": "d/a = \"b\" \\ c", "interface": "net1", "ips": ["192.0.2.1"]}]"#;
    let directory = root(&[("etc/podnetinfo/annotations", &(long + &annotations(status)))]);
    with_interfaces(&pod(&directory), 10, |code, all| {
        assert_eq!((code, all.len()), (NETUTIL_ERRNO_SUCCESS, 1));
        assert_eq!(string(all[0].NetworkStatus.Name), Some(r#"d/a = "b" \ c"#));
    });
}

#[test]
fn a_panic_is_a_failure() {
    assert_eq!(guard("test", || panic!("seven")), NETUTIL_ERRNO_FAIL);
}

/// A root that the golden tests have too.
fn golden(case: &str) -> Pod {
    let root = format!("{}/tests/roots/{case}/root", env!("CARGO_MANIFEST_DIR"));
    Pod::builder().root(root).assign_by_order(true).build()
}

#[test]
fn the_userspace_cni_s_addresses_stand_in_for_absent_ones() {
    with_interfaces(&golden("userspace-annotation"), 10, |code, interfaces| {
        assert_eq!(code, NETUTIL_ERRNO_SUCCESS);
        let addresses: Vec<_> =
            interfaces.iter().flat_map(|one| strings(&one.NetworkStatus.IPs)).collect();
        assert!(addresses.contains(&"192.0.2.5/24") && addresses.contains(&"192.0.2.6/24"));
    });
}

#[test]
fn a_vdpa_function_without_an_interface_is_not_lost() {
    with_interfaces(&golden("unmatched-vdpa"), 10, |code, interfaces| {
        assert_eq!(code, NETUTIL_ERRNO_SUCCESS);
        let last = interfaces.last().unwrap();
        assert_eq!((last.DeviceType, string(last.NetworkStatus.Name)), (NETUTIL_TYPE_SRIOV, None));
        assert!(string(last.NetworkStatus.DeviceInfo.Pci.PciAddress).is_some());
    });
}
