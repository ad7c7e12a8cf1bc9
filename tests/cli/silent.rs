//! What DPDK fails on silently, or ends over without a hint, refused before the start: each row of
//! what was seen on real devices, on a system of the test's own making.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::skip::skip;
use crate::support::{
    Run, copy_podnet, memif_client, pci, pod, run, script, status, vdpa, vhost_client,
};

/// Takes the place of the machine's `/sys` and `/dev`, in a mount namespace.
struct System {
    dir: TempDir,
}

/// `$1` has the two directories; the rest is what to become.
const ENTER: &str = r#"set -e
: >"$1/dev/null"
mount --bind /dev/null "$1/dev/null"
mount --rbind "$1/dev" /dev
mount --bind "$1/sys" /sys
shift
exec "$@""#;
const UNSHARE: [&str; 4] = ["unshare", "--mount", "--propagation", "private"];

/// Says that `test` is skipped where no mount namespace can be had.
fn have_namespaces(test: &str) -> bool {
    let made = Command::new(UNSHARE[0]).args(&UNSHARE[1..]).arg("true").output();
    let made = made.is_ok_and(|output| output.status.success());
    if !made {
        skip(test, "unshare --mount needs root");
    }
    made
}

impl System {
    fn new() -> System {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let system = System { dir };
        fs::create_dir_all(system.path("dev")).unwrap();
        fs::create_dir_all(system.path("sys")).unwrap();
        system
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A PCI device in an IOMMU group.
    fn pci(&self, address: &str, driver: &str, group: u32) {
        let device = format!("sys/bus/pci/devices/{address}");
        let group = format!("sys/kernel/iommu_groups/{group}");
        fs::create_dir_all(self.path(&device)).unwrap();
        fs::create_dir_all(self.path(&group).join("devices")).unwrap();
        let link = |to: &str, at: String| symlink(Path::new("/").join(to), self.path(&at)).unwrap();
        link(&format!("sys/bus/pci/drivers/{driver}"), format!("{device}/driver"));
        link(&group, format!("{device}/iommu_group"));
        link(&device, format!("{group}/devices/{address}"));
    }

    /// A device node that `mode` opens to others than root.
    fn node(&self, path: &str, mode: u32) {
        let node = self.file(path, "");
        fs::set_permissions(node, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn netdev(&self, name: &str, flags: &str) {
        self.file(&format!("sys/class/net/{name}/flags"), flags);
    }

    fn exec(&self, row: &Row) -> Run {
        let pod = pod(&status(row.pod));
        let program = script(pod.path().join("program"), r#"printf '%s\n' "$@""#);
        fs::set_permissions(pod.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(UNSHARE[0]);
        command.args(&UNSHARE[1..]).args(["sh", "-c", ENTER, "sh"]).arg(self.dir.path());
        // Of a vDPA device that this container may open.
        pod.file("dev/vhost-vdpa-0", "c 244:1 0600\n");
        let mut podnet = PathBuf::from(env!("CARGO_BIN_EXE_podnet"));
        if row.user {
            command.args(["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"]);
            // Where every user may run it.
            podnet = pod.path().join("podnet");
            copy_podnet(&podnet);
        }
        command.arg(podnet).arg("--root").arg(pod.path()).arg("exec");
        command.args(row.options.split_whitespace()).arg("--").arg(program);
        command.args(row.args.split_whitespace()).env("RUNTIME_DIRECTORY", "/tmp");
        run(&mut command)
    }
}

/// One thing that goes wrong.
struct Row<'a> {
    /// What it is, by its name in the lab's log where it has one.
    name: &'a str,
    /// Interfaces of the pod.
    pod: &'a [String],
    system: &'a dyn Fn(&System),
    options: &'a str,
    /// The user's own arguments.
    args: &'a str,
    /// As user 1000.
    user: bool,
    /// What is said: where, what, and the next step.
    says: [&'a str; 2],
}

const NO_HUGE: &str = "--no-huge";
const FUNCTION: &str = "0000:41:10.2";

fn on_vfio(system: &System) {
    system.pci(FUNCTION, "vfio-pci", 21);
    system.node("dev/vfio/vfio", 0o666);
}

fn refuses(row: &Row) {
    let system = System::new();
    (row.system)(&system);
    let run = system.exec(row);
    let name = row.name;
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{name}: {run:#?}");
    row.says.iter().for_each(|text| assert!(run.err.contains(text), "{name}: {text:?}: {run:#?}"));
    assert!(run.err.contains("podnet: not started"), "{name}: {run:#?}");
    // It is what the row says that keeps it from starting.
    let forced = system.exec(&Row { options: &format!("{} --force", row.options), ..*row });
    assert_eq!(forced.code, Some(0), "{name}: {forced:#?}");
}

#[test]
fn devices_that_would_be_no_port_are_refused() {
    if !have_namespaces("devices_that_would_be_no_port_are_refused") {
        return;
    }
    let (vf, none) = (&[pci("net1", FUNCTION)][..], &[][..]);
    let own_vf = "-a 0000:41:10.2";
    let nothing: &dyn Fn(&System) = &|_| {};
    let row = |name, system, says| Row {
        name,
        pod: vf,
        system,
        options: NO_HUGE,
        args: "",
        user: false,
        says,
    };
    let rows = [
        row(
            "g07: on igbvf",
            &|system| system.pci(FUNCTION, "igbvf", 21),
            [
                "0000:41:10.2: bound to igbvf, and DPDK takes it from vfio-pci: ",
                "deviceType: vfio-pci",
            ],
        ),
        row(
            "g08: absent",
            nothing,
            [
                "0000:41:10.2: this system has no such PCI device: ",
                "delete the pod to have it allocated afresh",
            ],
        ),
        row(
            "a06: of another pod",
            &on_vfio,
            [
                "0000:41:10.2: /dev/vfio/21: no such file or directory: ",
                "resources.limits of this very container",
            ],
        ),
        row(
            "no /dev/vfio/vfio",
            &|system| system.pci(FUNCTION, "vfio-pci", 21),
            [
                "0000:41:10.2: /dev/vfio/vfio: no such file or directory: ",
                "resources.limits of this very container",
            ],
        ),
        Row {
            user: true,
            ..row(
                "u01: a user may not open it",
                &|system| {
                    on_vfio(system);
                    system.node("dev/vfio/21", 0o600);
                },
                [
                    "0000:41:10.2: /dev/vfio/21: permission denied: run as root, or ",
                    "device_ownership_from_security_context",
                ],
            )
        },
        row(
            "g13: a group that is not viable",
            &|system| {
                on_vfio(system);
                system.node("dev/vfio/21", 0o666);
                system.pci("0000:84:00.0", "shpchp", 21);
            },
            [
                "0000:41:10.2: IOMMU group 21 also has 0000:84:00.0 on shpchp: ",
                "bind those to vfio-pci on the node, or use another slot",
            ],
        ),
        row(
            "mlx5 without verbs",
            &|system| system.pci(FUNCTION, "mlx5_core", 21),
            [
                "0000:41:10.2: no /dev/infiniband/uverbs node of it is in this container: ",
                "isRdma: true",
            ],
        ),
    ];
    for row in &rows {
        refuses(row);
        // The same of the user's own.
        refuses(&Row { pod: none, args: own_vf, ..*row });
    }
}

#[test]
fn sockets_and_netdevs_that_would_be_no_port_are_refused() {
    if !have_namespaces("sockets_and_netdevs_that_would_be_no_port_are_refused") {
        return;
    }
    let path = Path::new("/tmp/podnet-test-nobody.sock");
    let (vhost, memif) = ([vhost_client("net1", path)], [memif_client("net1", path)]);
    let vhost_vdpa = [vdpa("net1", Path::new("/dev/vhost-vdpa-0"))];
    let netdev = [r#"{"name":"ran/net1-net","interface":"net1","dns":{}}"#.to_owned()];
    let nothing: &dyn Fn(&System) = &|_| {};
    let is_down: &dyn Fn(&System) = &|system| system.netdev("net1", "0x1002\n");
    let is_up: &dyn Fn(&System) = &|system| system.netdev("net1", "0x1043\n");
    let no_socket =
        ["nobody.sock: no socket there: start the", "or wait for it with --wait-sockets 30s"];
    let no_link = ["net1: its link is down: ", "`ip link set net1 up`"];
    let no_tun = [
        "/dev/net/tun: no such file or directory: ",
        "have a device plugin or a hostPath volume give this container the device",
    ];
    let no_function = [
        "mlx5_core.sf.4: this system has no such device on the auxiliary bus: ",
        "delete the pod to have one allocated afresh",
    ];
    let own_vhost = format!("--vdev net_virtio_user0,path={}", path.display());
    for (name, pod, system, options, args, says) in [
        ("g10: no vhost-user socket", &vhost[..], nothing, "", "", no_socket),
        ("g10, the user's own", &[], nothing, "", &*own_vhost, no_socket),
        ("no memif server", &memif, nothing, "", "", no_socket),
        (
            "no vDPA device",
            &vhost_vdpa,
            nothing,
            "",
            "",
            ["/dev/vhost-vdpa-0: no such file or directory: ", "vdpaType: vhost"],
        ),
        (
            "a10: packet sockets on a link that is down",
            &[],
            is_down,
            "",
            "--vdev=net_af_packet0,iface=net1",
            no_link,
        ),
        ("AF_XDP on a link that is down", &netdev, is_down, "--netdevs af-xdp", "", no_link),
        ("a tap device without its driver", &netdev, is_up, "--netdevs tap", "", no_tun),
        ("the user's own", &[], nothing, "", "--vdev net_tap0", no_tun),
        (
            "a subfunction of another node",
            &[],
            nothing,
            "",
            "-a auxiliary:mlx5_core.sf.4",
            no_function,
        ),
    ] {
        let options = &format!("{NO_HUGE} {options}");
        refuses(&Row { name, pod, system, options, args, user: false, says });
    }
}

/// Those that DPDK ends over, with no word about the container.
#[test]
fn cpus_and_memory_that_cannot_be_had_are_refused() {
    if !have_namespaces("cpus_and_memory_that_cannot_be_had_are_refused") {
        return;
    }
    let pools: &dyn Fn(&System) = &|system| {
        let pool = "sys/devices/system/node/node0/hugepages/hugepages-2048kB";
        system.file(&format!("{pool}/nr_hugepages"), "10\n");
        system.file(&format!("{pool}/free_hugepages"), "10\n");
    };
    let fix = "set resources.limits hugepages-2Mi or -1Gi of this container";
    for (name, options, args, says) in [
        (
            "a04: CPUs outside the cpuset",
            NO_HUGE,
            "--vdev net_null0 -l 4094",
            ["CPU 4094: this process may run on ", "give this container resources.limits.cpu"],
        ),
        (
            "a07: memory outside cpuset.mems",
            "",
            "--vdev net_null0 --socket-mem 0,0,0,64",
            [
                "hugepages: 64Mi planned on NUMA node 3, and this process may use the memory of ",
                "leave --socket-mem out, or have the kubelet's memory manager",
            ],
        ),
        (
            "a08: more than there is",
            "",
            "--vdev net_null0 --socket-mem 200",
            ["hugepages: 200Mi planned on NUMA node 0, 20Mi free there within ", fix],
        ),
        (
            "a08: in all",
            "",
            "--vdev net_null0 -m 200",
            ["hugepages: 200Mi planned, but of 2Mi pages 20Mi are free: ", fix],
        ),
    ] {
        refuses(&Row { name, pod: &[], system: pools, options, args, user: false, says });
    }
}

/// `g11`, `a05`: without an allow list DPDK probes every device of the node.
#[test]
fn no_other_device_is_left_to_be_probed() {
    if !have_namespaces("no_other_device_is_left_to_be_probed") {
        return;
    }
    let system = System::new();
    on_vfio(&system);
    system.node("dev/vfio/21", 0o666);
    let path = Path::new("/tmp/podnet-test-absent.sock");
    let pods = [[pci("net1", FUNCTION)], [crate::support::memif_server("net1", path)]];
    for (pod, words) in pods.iter().zip([&["-a", FUNCTION][..], &["--no-pci"]]) {
        let row = Row {
            name: "",
            pod,
            system: &|_| {},
            options: NO_HUGE,
            args: "",
            user: false,
            says: ["", ""],
        };
        let run = system.exec(&row).ends(0);
        let lines: Vec<&str> = run.out.lines().collect();
        assert!(lines.windows(words.len()).any(|some| some == words), "{run:#?}");
    }
}
