//! C programs on the shared and on the static library: plain, under AddressSanitizer and under
//! valgrind.
#![cfg(feature = "capi")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test is to panic.

mod c_support;
mod skip;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use c_support::{Library, annotations, compiler, crate_dir, run, said, succeed};
use skip::skip;
use tempfile::TempDir;

const STATUS: &str = r#"[{
    "name": "ovn-kubernetes", "interface": "eth0", "ips": ["10.128.2.14", "fd00::14"],
    "mac": "0A:58:0a:80:02:0e", "default": true,
    "dns": {"nameservers": ["192.0.2.53"], "domain": "x.example", "search": ["a.example"],
            "options": ["ndots:5"]}
},{
    "name": "ran/fronthaul", "interface": "net1", "mac": "02:11:22:33:44:55", "dns": {},
    "device-info": {"type": "pci", "version": "1.1.0", "pci": {"pci-address": "0000:3b:02.1",
        "pf-pci-address": "0000:3b:00.0", "rdma-device": "mlx5_3,mlx5_4",
        "vhost-net": "/dev/vhost-net"}}
},{
    "name": "ran/vdpa", "interface": "net2",
    "device-info": {"type": "vdpa", "version": "1.0.0", "vdpa": {"parent-device": "vdpa0",
        "driver": "vhost", "path": "/dev/vhost-vdpa-0", "pci-address": "0000:65:00.3",
        "pf-pci-address": "0000:65:00.0"}}
},{
    "name": "ran/new", "interface": "net3", "device-info": {"type": "cxl", "version": "9.0.0"}
},{
    "name": "ran/vhost", "interface": "net4",
    "device-info": {"type": "vhost-user", "version": "1.0.0",
        "vhost-user": {"mode": "server", "path": "/run/vhost/net4.sock"}}
},{
    "name": "ran/memif", "interface": "net5",
    "device-info": {"type": "memif", "version": "1.0.0",
        "memif": {"role": "slave", "mode": "ethernet", "path": "/run/memif/net5.sock"}}
}]"#;

/// What netutil_app prints of that pod.
const PRINTED: &str = "GetCPUInfo 0
  CPUSet = 2-5,34
GetHugepages 0, 2
  MyContainerName = dpdk
 0
  ContainerName = dpdk
  Request1G = 2048
  Limit1G = 2048
 1
  ContainerName = proxy
  Request = 512
  Limit2M = 64
GetInterfaces 0, 7
 0
  DeviceType = 1
  Name = ovn-kubernetes
  Interface = eth0
  IPs = 10.128.2.14
  IPs = fd00::14
  Mac = 0A:58:0a:80:02:0e
  Default = 1
  Nameservers = 192.0.2.53
  Domain = x.example
  Search = a.example
  Options = ndots:5
 1
  DeviceType = 2
  Name = ran/fronthaul
  Interface = net1
  Mac = 02:11:22:33:44:55
  Type = 3
  Version = 1.1.0
  Pci.PciAddress = 0000:3b:02.1
  Pci.Vhostnet = /dev/vhost-net
  Pci.RdmaDevice = mlx5_3,mlx5_4
  Pci.PfPciAddress = 0000:3b:00.0
 2
  DeviceType = 8
  Name = ran/vdpa
  Interface = net2
  Type = 8
  Version = 1.0.0
  Vdpa.ParentDevice = vdpa0
  Vdpa.Driver = vhost
  Vdpa.Path = /dev/vhost-vdpa-0
  Vdpa.PciAddress = 0000:65:00.3
  Vdpa.PfPciAddress = 0000:65:00.0
 3
  Name = ran/new
  Interface = net3
  Version = 9.0.0
 4
  DeviceType = 4
  Name = ran/vhost
  Interface = net4
  Type = 4
  Version = 1.0.0
  VhostUser.Mode = 1
  VhostUser.Path = /run/vhost/net4.sock
 5
  DeviceType = 5
  Name = ran/memif
  Interface = net5
  Type = 5
  Version = 1.0.0
  Memif.Role = 1
  Memif.Path = /run/memif/net5.sock
 6
  DeviceType = 2
  Type = 3
  Pci.PciAddress = 0000:3b:02.6
";

fn pod() -> TempDir {
    tree::root(&[
        ("etc/podnetinfo/annotations", &annotations(STATUS)),
        ("etc/podnetinfo/hugepages_1G_request_dpdk", "2048"),
        ("etc/podnetinfo/hugepages_1G_limit_dpdk", "2048"),
        ("etc/podnetinfo/hugepages_512M_request_proxy", "512"),
        ("etc/podnetinfo/hugepages_2M_limit_proxy", "64"),
        ("etc/elsewhere/annotations", "k8s.v1.cni.cncf.io/network-status=\"[{"),
        (
            "proc/self/environ",
            "CONTAINER_NAME=dpdk\0PCIDEVICE_INTEL_COM_FRONTHAUL=0000:3b:02.1\0\
             PCIDEVICE_INTEL_COM_MIDHAUL=0000:3b:02.6\0PCIDEVICE_INTEL_COM_MIDHAUL_INFO=\
             {\"0000:3b:02.6\":{\"generic\":{\"deviceID\":\"0000:3b:02.6\"}}}\0",
        ),
        ("proc/self/status", "Cpus_allowed_list:\t2-5,34\nMems_allowed_list:\t0\n"),
        ("proc/self/cgroup", "0::/\n"),
        (
            "proc/self/mountinfo",
            "912 905 0:28 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n",
        ),
        ("sys/fs/cgroup/cpuset.cpus.effective", "2-5,34\n"),
        ("sys/fs/cgroup/cpu.max", "850000 100000\n"),
        ("sys/devices/system/cpu/online", "0-63\n"),
        ("sys/devices/system/node/online", "0\n"),
        ("sys/devices/system/node/node0/cpulist", "0-63\n"),
    ])
}

/// How a program is linked and run.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Shared,
    Static,
    Sanitized,
    Valgrind,
}

const WAYS: [Way; 4] = [Way::Shared, Way::Static, Way::Sanitized, Way::Valgrind];

/// What `rustc --print native-static-libs` names, but for what the C compiler links anyway.
const STATIC_LIBRARIES: [&str; 3] = ["-lpthread", "-ldl", "-lm"];

/// Compiles `tests/c/NAME.c`.
fn build(name: &str, way: Way, library: &Library, to: &Path) -> PathBuf {
    let program = to.join(format!("{name}-{way:?}"));
    let mut compiler = compiler();
    compiler.arg(crate_dir().join(format!("tests/c/{name}.c"))).arg("-o").arg(&program);
    match way {
        Way::Shared | Way::Valgrind => {
            compiler.arg("-L").arg(library.directory());
            compiler.arg(format!("-Wl,-rpath,{}", library.directory().display()));
            compiler.args(["-lpodnet", "-lpthread"]);
        }
        Way::Static | Way::Sanitized => {
            compiler.arg(library.archive()).args(STATIC_LIBRARIES);
        }
    }
    if way == Way::Sanitized {
        compiler.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    }
    succeed(&mut compiler);
    if way == Way::Sanitized {
        let symbol = b"__asan_init";
        let bytes = fs::read(&program).unwrap();
        let linked = bytes.windows(symbol.len()).any(|window| window == symbol);
        assert!(linked, "{name}: AddressSanitizer is not linked");
    }
    program
}

fn command(program: &Path, way: Way, root: &TempDir) -> Command {
    let mut command = Command::new(program);
    if way == Way::Valgrind {
        let there = Command::new("valgrind").arg("--version").output().is_ok();
        assert!(there, "valgrind can't be run: install the Debian package valgrind");
        command = Command::new("valgrind");
        command.args(["--quiet", "--leak-check=full", "--error-exitcode=99"]);
        command.args(["--errors-for-leak-kinds=definite,indirect,possible"]).arg(program);
    }
    command.env("PODNET_ROOT", root.path()).env("ASAN_OPTIONS", "detect_leaks=1");
    command
}

/// Checks what a program prints on a pod, in every way to link and run it.
fn prints(name: &str, root: &TempDir, arguments: &[&str], printed: &str) {
    let library = Library::new();
    let directory = tempfile::tempdir().unwrap();
    for way in WAYS {
        let program = build(name, way, &library, directory.path());
        let output = succeed(command(&program, way, root).args(arguments));
        assert_eq!(String::from_utf8_lossy(&output.stdout), printed, "{name} {way:?}");
    }
}

#[test]
fn a_program_made_from_the_layout_alone() {
    prints("netutil_app", &pod(), &["10"], PRINTED);
}

#[test]
fn a_program_with_too_few_elements() {
    // The first of both lists.
    let [hugepages, interfaces, _] = PRINTED.split("\n 1\n").collect::<Vec<_>>()[..] else {
        panic!("two lists");
    };
    let (_, interfaces) = interfaces.split_once("GetInterfaces 0, 7\n").unwrap();
    let hugepages = hugepages.replace("GetHugepages 0, 2", "GetHugepages 2, 1");
    let printed = format!("{hugepages}\nGetInterfaces 2, 1\n{interfaces}\n");
    prints("netutil_app", &pod(), &["1"], &printed);
}

#[test]
fn a_program_with_malformed_input() {
    let root = tree::root(&[
        ("etc/podnetinfo/annotations", &annotations("[{\"name\": ")),
        ("etc/podnetinfo/hugepages_1G_limit_dpdk", "much"),
        ("proc/self/environ", "CONTAINER_NAME=dpdk\0"),
    ]);
    let printed = "GetCPUInfo 1\nGetHugepages 1, 0\nGetInterfaces 1, 0\n";
    prints("netutil_app", &root, &["10"], printed);
}

#[test]
fn a_program_with_more_addresses_and_dns_than_fit() {
    let ips: Vec<String> = (1..=11).map(|host| format!("\"192.0.2.{host}\"")).collect();
    let dns = r#"["a", "b", "c", "d", "e", "f"]"#;
    let status = format!(
        r#"[{{"name": "d/a", "interface": "net1", "ips": [{}], "mac": "02:00:00:00:00:01",
           "dns": {{"nameservers": {dns}, "domain": "x", "search": {dns}, "options": {dns}}}}}]"#,
        ips.join(", ")
    );
    let root = tree::root(&[
        ("etc/podnetinfo/annotations", &annotations(&status)),
        ("proc/self/status", "Cpus_allowed_list:\t0\n"),
    ]);
    let lines = |name: &str, values: &[&str]| -> String {
        values.iter().map(|value| format!("  {name} = {value}\n")).collect()
    };
    let five = ["a", "b", "c", "d", "e"];
    let printed = [
        "GetCPUInfo 0\n  CPUSet = 0\nGetHugepages 0, 0\nGetInterfaces 2, 1\n 0\n  DeviceType = 1\n"
            .to_owned(),
        lines("Name", &["d/a"]) + &lines("Interface", &["net1"]),
        ips[..10].iter().map(|ip| format!("  IPs = {}\n", ip.trim_matches('"'))).collect(),
        lines("Mac", &["02:00:00:00:00:01"]) + &lines("Nameservers", &five),
        lines("Domain", &["x"]) + &lines("Search", &five) + &lines("Options", &five),
    ];
    prints("netutil_app", &root, &["10"], &printed.concat());
}

/// A program that was linked against the old library finds ours under the old name.
#[test]
fn a_program_linked_against_the_old_library() {
    let directory = tempfile::tempdir().unwrap();
    let old = directory.path().join("old");
    fs::create_dir(&old).unwrap();
    let source = directory.path().join("old.c");
    let stubs = ["GetCPUInfo", "GetHugepages", "GetInterfaces"]
        .map(|name| format!("long {name}(void);\nlong {name}(void) {{ exit(77); }}\n"));
    fs::write(&source, format!("#include <stdlib.h>\n{}", stubs.concat())).unwrap();
    succeed(
        compiler().args(["-shared", "-fPIC", "-o"]).arg(old.join("libnetutil_api.so")).arg(&source),
    );
    let program = directory.path().join("netutil_app");
    succeed(
        compiler()
            .arg(crate_dir().join("tests/c/netutil_app.c"))
            .arg("-o")
            .arg(&program)
            .arg("-L")
            .arg(&old)
            .arg("-lnetutil_api"),
    );
    let library = Library::new();
    let root = pod();
    let with = |directory: &Path| {
        run(command(&program, Way::Shared, &root).arg("10").env("LD_LIBRARY_PATH", directory))
    };
    assert_eq!(with(&old).status.code(), Some(77), "the old library was linked");
    assert_eq!(said(&with(library.directory())), PRINTED);
}

#[test]
fn a_program_for_libnetutil_api_h() {
    let library = Library::new();
    let directory = tempfile::tempdir().unwrap();
    let root = pod();
    for way in WAYS {
        let program = build("netutil_header", way, &library, directory.path());
        let log = directory.path().join(format!("{way:?}.log"));
        let output = succeed(command(&program, way, &root).arg(&log));
        assert_eq!(said(&output), "passed\n", "{way:?}: nothing is logged to standard error");
    }
}

#[test]
fn a_program_for_podnet_h() {
    let root = pod();
    prints("podnet_app", &root, &[root.path().to_str().unwrap()], "passed\n");
}

#[test]
fn a_program_that_waits_and_watches() {
    // Nothing is there before the program writes it.
    let root = tree::root(&[("etc/podnetinfo/labels", "")]);
    prints("podnet_watch", &root, &[root.path().to_str().unwrap()], "passed\n");
}

/// No thread, no signal disposition, no file is left by any call; forks and 1,000 times of loading
/// and unloading leave nothing either.
#[test]
fn the_process_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let program = c_support::process(directory.path());
    let shared = Library::new().shared();
    let root = pod();
    let output = succeed(Command::new(&program).arg(&shared).arg(root.path()));
    assert_eq!(said(&output), "passed\n");
    let output = run(Command::new(&program).arg(&shared).arg(root.path()).arg("leak"));
    assert!(!output.status.success() && said(&output).contains("grown"), "{}", said(&output));
}

/// The checkers see what they are there for.
#[test]
fn a_leak_is_found() {
    let library = Library::new();
    let directory = tempfile::tempdir().unwrap();
    let root = pod();
    let path = root.path().to_str().unwrap();
    for (name, argument) in [("netutil_app", "10"), ("podnet_app", path), ("podnet_watch", path)] {
        for (way, words) in [(Way::Sanitized, "LeakSanitizer"), (Way::Valgrind, "definitely lost")]
        {
            let program = build(name, way, &library, directory.path());
            let output = run(command(&program, way, &root).args([argument, "leak"]));
            let text = said(&output);
            assert!(!output.status.success() && text.contains(words), "{name} {way:?}: {text}");
        }
    }
}

/// `PODNET_ROOT` is for whoever starts the program; a setuid program reads the real system.
#[test]
fn podnet_root_counts_for_nothing_in_privileged_programs() {
    use std::os::unix::fs::{PermissionsExt, chown};

    // Not under /tmp, where set-group-ID may count for nothing.
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = build("netutil_app", Way::Static, &Library::new(), directory.path());
    let root = pod();
    let output = succeed(command(&program, Way::Static, &root).arg("10"));
    assert!(said(&output).contains("ovn-kubernetes"));
    // Another group than ours makes the program privileged; only root can give it one.
    if let Err(why) = chown(&program, None, Some(1)) {
        let name = "podnet_root_counts_for_nothing_in_privileged_programs";
        return skip(name, format_args!("a file of another group: {why}"));
    }
    fs::set_permissions(&program, fs::Permissions::from_mode(0o2755)).unwrap();
    let output = succeed(command(&program, Way::Static, &root).arg("10"));
    assert!(!said(&output).contains("ovn-kubernetes"), "{}", said(&output));
}
