//! What the library before podnet got wrong, asked through its own C functions. Most bugs are asked of
//! the roots of tests/golden.rs; tests/roots/README.md says what each bug was.
#![cfg(feature = "capi")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test is to panic.

mod c_support;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use c_support::{Library, annotations, compiler, crate_dir, succeed};
use podnet::eal::EalArgs;
use tempfile::TempDir;

const ETH0: &str = " 0
  DeviceType = 1
  Name = cbr0
  Interface = eth0
  IPs = 10.244.0.5
  Mac = 0a:58:0a:f4:00:05
  Default = 1
";

/// Bug, root, and what tests/c/netutil_app.c prints of it: from GetInterfaces on everything, else a
/// part. `{eth0}` is the above.
const ANSWERS: &[(u32, &str, &str)] = &[
    // PCIDEVICE_*_INFO is no list of addresses: no phantoms, and eth0 stays a host interface.
    (
        1,
        "info-variable-beside-list",
        "GetInterfaces 0, 2\n{eth0} 1\n  DeviceType = 2\n  Name = default/sriov-a\n  \
         Interface = net1\n  Mac = 02:11:22:33:44:55\n  Type = 3\n  Pci.PciAddress = 0000:01:02.5\n",
    ),
    (
        1,
        "info-variable-eth0-alone",
        "GetInterfaces 0, 2\n{eth0} 1\n  DeviceType = 2\n  Type = 3\n  \
         Pci.PciAddress = 0000:01:02.5\n",
    ),
    // The default interface gets no function while the others have no status yet.
    (
        2,
        "status-incomplete-one-function",
        "GetInterfaces 0, 2\n{eth0} 1\n  DeviceType = 2\n  Type = 3\n  \
         Pci.PciAddress = 0000:3b:02.6\n",
    ),
    // Nor does a device plugin of a resource that is named so lose its list.
    (
        1,
        "resource-named-info",
        "GetInterfaces 0, 2\n{eth0} 1\n  DeviceType = 2\n  Name = default/sriov-a\n  \
         Interface = net1\n  Mac = 02:11:22:33:44:55\n  Type = 3\n  Pci.PciAddress = 0000:01:00.1\n",
    ),
    // Two resources without device-info: always in the order of the requests and addresses.
    (
        3,
        "two-resources-no-device-info",
        "GetInterfaces 0, 3\n{eth0} 1\n  DeviceType = 2\n  Name = default/a\n  Interface = net1\n  \
         Type = 3\n  Pci.PciAddress = 0000:3b:02.0\n 2\n  DeviceType = 2\n  Name = default/b\n  \
         Interface = net2\n  Type = 3\n  Pci.PciAddress = 0000:3b:0a.0\n",
    ),
    // An equals sign in an annotation, and in a variable beside the one that counts.
    (5, "quoting", "  Domain = x=y z\n"),
    (5, "environment-raw", "  Pci.PciAddress = 0000:01:00.1\n"),
    // Escaped quotes, backslashes, Unicode escapes and blanks.
    (6, "quoting", "  Search = a\"b\n  Search = c\\d\n"),
    (6, "quoting", "  Options = <&>\n"),
    // Broken is not "not there yet".
    (7, "status-malformed-json", "GetInterfaces 1, 0\n"),
    (7, "annotations-truncated-line", "GetInterfaces 1, 0\n"),
    (7, "status-absent", "GetInterfaces 0, 0\n"),
    (7, "no-annotations-file", "GetInterfaces 0, 0\n"),
    // CPUs of cgroup version 2, of 1 and of both.
    (8, "cgroup-v2-beside-container-root", "GetCPUInfo 0\n  CPUSet = 2-5\n"),
    (8, "cgroup-v1", "GetCPUInfo 0\n  CPUSet = 2-5\n"),
    (8, "cgroup-hybrid", "GetCPUInfo 0\n  CPUSet = 2-5\n"),
    // A line of another variable's value is no variable.
    (
        9,
        "environment-newline",
        "GetInterfaces 0, 2\n{eth0} 1\n  DeviceType = 2\n  Name = default/a\n  Interface = net1\n  \
         Type = 3\n  Pci.PciAddress = 0000:3b:02.6\n",
    ),
    // Sizes without a member of their own are summed; no files are no error.
    (10, "hugepages-sizes", "  ContainerName = app\n  Request = 34304\n  Limit = 34304\n"),
    (10, "no-annotations-file", "GetHugepages 0, 0\n"),
    (10, "downward-api-missing-directory", "GetHugepages 0, 1\n 0\n  Limit = 1024\n"),
    // Bytes become MiB, whatever the injector's unit is.
    (10, "hugepages-unit", "  Request1G = 2048\n  Limit1G = 2048\n  Limit2M = 128\n"),
    // The directory alone, without an annotation; and no directory named.
    (11, "userspace-files", "  VhostUser.Path = /run/usrspcni/6e1f0c2ab3d4-net1_vhost.sock\n"),
    (11, "userspace-cni-releases", "  Type = 4\n  VhostUser.Path = /var/lib/cni/usrspcni/a\n"),
    // Addresses of CNI 1.0, whose results say no version, of 0.2 and of 0.4.
    (11, "userspace-annotation", "  Interface = net1\n  IPs = 192.0.2.5/24\n  Type = 4\n"),
    (
        11,
        "userspace-cni-releases",
        "  Interface = net3\n  IPs = 192.0.2.3/24\n  IPs = 2001:db8::3/64\n",
    ),
    (
        11,
        "userspace-cni-releases",
        "  Interface = net1\n  IPs = 192.0.2.1/24\n  IPs = 2001:db8::1/64\n",
    ),
    (11, "userspace-cni-releases", "  Interface = net2\n  IPs = 192.0.2.2/24\n"),
    // Directory and file of a socket, and an interface of a type that nobody knows.
    (11, "userspace-annotation", "  VhostUser.Path = /run/usrspcni/6e1f0c2ab3d4-net1\n 2\n"),
    (
        11,
        "userspace-unknown-type",
        "GetInterfaces 0, 3\n{eth0} 1\n  Name = default/tap\n  Interface = net1\n 2\n  \
         DeviceType = 5\n  Name = default/memif\n  Interface = net2\n  Type = 5\n  \
         Memif.Role = 1\n  Memif.Path = /shared/m.sock\n  Memif.Mode = 2\n",
    ),
    // The status under its former name.
    (
        12,
        "deprecated-networks-status",
        "GetInterfaces 0, 2\n{eth0} 1\n  DeviceType = 1\n  Name = macvlan-conf\n  \
         Interface = net1\n  IPs = 192.168.1.205\n  Mac = 86:1d:96:ff:55:0d\n",
    ),
    // Accelerators and subfunctions are no network functions.
    (
        13,
        "accelerator",
        "GetInterfaces 0, 2\n{eth0} 1\n  DeviceType = 2\n  Name = default/sriov-a\n  \
         Interface = net1\n  Mac = 02:11:22:33:44:55\n  Type = 3\n  Pci.PciAddress = 0000:3b:02.0\n",
    ),
    (
        13,
        "subfunction",
        "GetInterfaces 0, 2\n{eth0} 1\n  DeviceType = 1\n  Name = default/sf-a\n  \
         Interface = net1\n",
    ),
    // PCIDEVICES= and MY_PCIDEVICE_X= are not the device plugin's.
    (
        13,
        "variables-of-others",
        "GetInterfaces 0, 2\n{eth0} 1\n  DeviceType = 1\n  Name = default/a\n  \
         Interface = net1\n",
    ),
    // An unknown word is refused instead of becoming another.
    (14, "device-info-unknown-words", "GetInterfaces 1, 0\n"),
];

/// An unknown word of a device-info, beside known ones.
const UNKNOWN_WORDS: &[&str] = &[
    r#"{"type": "vhost-user", "vhost-user": {"mode": "peer", "path": "/run/a.sock"}}"#,
    r#"{"type": "memif", "memif": {"role": "boss", "mode": "ip", "path": "/run/b.sock"}}"#,
    r#"{"type": "memif", "memif": {"role": "slave", "mode": "atm", "path": "/run/b.sock"}}"#,
];

/// A program that knows the layout alone and frees every string, under AddressSanitizer.
struct Program {
    directory: TempDir,
}

impl Program {
    fn new() -> Program {
        let library = Library::new();
        let directory = tempfile::tempdir().unwrap();
        let mut compiler = compiler();
        compiler.arg(crate_dir().join("tests/c/netutil_app.c"));
        compiler.arg("-o").arg(directory.path().join("app")).arg(library.archive());
        compiler.args(["-lpthread", "-ldl", "-lm"]);
        succeed(compiler.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]));
        Program { directory }
    }

    /// What it prints of a root when its arrays have so many elements.
    fn prints(&self, root: &Path, elements: usize) -> String {
        let mut command = Command::new(self.directory.path().join("app"));
        command.arg(elements.to_string()).env("PODNET_ROOT", root);
        let output = succeed(command.env("ASAN_OPTIONS", "detect_leaks=1"));
        String::from_utf8(output.stdout).unwrap()
    }
}

fn root(case: &str) -> PathBuf {
    crate_dir().join("tests/roots").join(case).join("root")
}

#[test]
fn every_bug_is_gone() {
    let program = Program::new();
    for (bug, case, answer) in ANSWERS {
        let answer = answer.replace("{eth0}", ETH0);
        let printed = program.prints(&root(case), 10);
        let right = match answer.starts_with("GetInterfaces") {
            true => printed.ends_with(&answer),
            false => printed.contains(&answer),
        };
        assert!(right, "bug {bug}: {case}: expected {answer}found {printed}");
    }
    // Those without a row have tests of their own below: 4, 14 and 15.
    let bugs: BTreeSet<u32> = ANSWERS.iter().map(|(bug, ..)| *bug).chain([4, 14, 15]).collect();
    assert!(bugs.into_iter().eq(1..=15));
}

/// Bug 3: every run of a program has other hashes.
#[test]
fn devices_are_assigned_alike_in_every_run() {
    let program = Program::new();
    let root = root("two-resources-no-device-info");
    let runs: BTreeSet<String> = (0..20).map(|_| program.prints(&root, 10)).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
}

/// Bug 4: a line of more than 64 KiB hides nothing, itself included.
#[test]
fn long_lines_are_read() {
    let long = "x".repeat(70_000);
    let status =
        format!(r#"[{{"name": "d/a", "interface": "net1", "dns": {{"domain": "{long}"}}}}]"#);
    let text = format!("first=\"{long}\"\n{}\n", annotations(&status));
    let root = tree::root(&[("etc/podnetinfo/annotations", &text)]);
    let printed = Program::new().prints(root.path(), 10);
    assert!(printed.contains("GetInterfaces 0, 1\n"), "{printed}");
    assert!(printed.contains(&format!("  Domain = {long}\n")));
}

/// Bug 9: a program that may not read its own /proc/self/environ has its variables.
#[test]
fn variables_are_found_where_the_environment_file_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;

    let library = Library::new();
    let status = r#"[{"name": "d/a", "interface": "net1"}]"#;
    let root = tree::root(&[("annotations", &annotations(status))]);
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(root.path(), open).unwrap();
    let program = root.path().join("undumpable");
    let mut compiler = compiler();
    compiler.arg(crate_dir().join("tests/c/netutil_undumpable.c")).arg("-o").arg(&program);
    succeed(compiler.arg(library.archive()).args(["-lpthread", "-ldl", "-lm"]));
    let mut command = Command::new(program);
    command.arg(root.path()).env_remove("PODNET_ROOT");
    assert_eq!(succeed(&mut command).stdout, b"none\n");
    command.env("PCIDEVICE_EXAMPLE_COM_A", "0000:01:02.5");
    assert_eq!(succeed(&mut command).stdout, b"0000:01:02.5\n");
}

/// Bug 14: each unknown word by itself, for another could hide it.
#[test]
fn each_unknown_word_is_refused() {
    let program = Program::new();
    for info in UNKNOWN_WORDS {
        let status = format!(r#"[{{"name": "d/a", "interface": "net1", "device-info": {info}}}]"#);
        let root = tree::root(&[("etc/podnetinfo/annotations", &annotations(&status))]);
        let printed = program.prints(root.path(), 10);
        assert!(printed.ends_with("GetInterfaces 1, 0\n"), "{info}: {printed}");
        let known = ["peer:client", "boss:master", "atm:ethernet"];
        let status = known.iter().fold(status, |status, pair| {
            let (unknown, word) = pair.split_once(':').unwrap();
            status.replace(unknown, word)
        });
        let root = tree::root(&[("etc/podnetinfo/annotations", &annotations(&status))]);
        let printed = program.prints(root.path(), 10);
        assert!(printed.contains("GetInterfaces 0, 1\n"), "{status}: {printed}");
    }
}

/// Bug 14: arrays that are too short by one element are filled, and nothing of the rest leaks. That
/// nobody zeroes them, and that the number populated is garbage before, is in every run here.
#[test]
fn arrays_too_short_by_one_are_filled() {
    let program = Program::new();
    for case in ["two-resources-no-device-info", "device-info-memif", "userspace-cni-releases"] {
        let full = program.prints(&root(case), 10);
        let (_, interfaces) = full.split_once("GetInterfaces 0, ").unwrap();
        let (count, interfaces) = interfaces.split_once('\n').unwrap();
        let fits = count.parse::<usize>().unwrap() - 1;
        let last = interfaces.find(&format!("\n {fits}\n")).expect("a last interface");
        let expected = format!("GetInterfaces 2, {fits}\n{}", &interfaces[..=last]);
        let printed = program.prints(&root(case), fits);
        assert!(printed.ends_with(&expected), "{case}: expected {expected}found {printed}");
    }
    let case = root("hugepages-injector");
    let full = program.prints(&case, 10);
    let (start, second) = full.split_once("\n 1\n").unwrap();
    assert!(start.contains("GetHugepages 0, 2\n") && second.contains("my-app-2"), "{full}");
    let expected = start.replace("GetHugepages 0, 2\n", "GetHugepages 2, 1\n");
    let printed = program.prints(&case, 1);
    assert!(printed.starts_with(&expected), "expected {expected}found {printed}");
}

/// Bug 15: DPDK has no `-w`.
#[test]
fn devices_are_allowed_with_the_option_that_dpdk_has() {
    let pod = podnet::Pod::builder().root(root("info-variable-beside-list")).build();
    let args = EalArgs::builder(&pod.snapshot().unwrap()).build().unwrap();
    let argv = args.argv("program", &[]);
    assert!(argv.windows(2).any(|pair| pair == ["-a", "0000:01:02.5"]), "{argv:?}");
    assert!(!argv.iter().any(|word| word == "-w"), "{argv:?}");
}
