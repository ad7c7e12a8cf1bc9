//! The images of samples/, really built and run: by buildah on a base of debootstrap's, and by runc
//! and crun. `scripts/images` installs these four; no registry, no daemon.
#![cfg(all(feature = "capi", feature = "cli"))]
#![allow(clippy::unwrap_used)] // A test is to panic.

mod apps;
mod build;
mod bundle;
mod hugetlb;
#[path = "../forwarding/lab/mod.rs"]
#[allow(dead_code, reason = "the forwarding test uses more of it")]
mod lab;
#[path = "../skip/mod.rs"]
mod skip;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use build::{Image, base, podnet, said, sample, top};
use bundle::{CRUN, CRUN_IN_V1, Container, RUNC, Runtime};
use lab::frames::Mac;
use lab::trial::NEXT_HOP;
use lab::{App, Lab, Memory, Missing, Outcome, Place, Trial, Wiring};
use skip::skip;

/// As a pod sees it; the kubelet has laid it out.
const POD: &str = "samples/pods/vhost-user-client";
const MACS: [Mac; 2] = [Mac([2, 0, 0, 0, 1, 1]), Mac([2, 0, 0, 0, 2, 2])];
const SOCKETS: [&str; 2] = ["/run/vhost/net1.sock", "/run/vhost/net2.sock"];

/// Makes each line of the program's output reach the test at once.
const UNBUFFERED: [&str; 2] = ["LD_PRELOAD=/usr/libexec/coreutils/libstdbuf.so", "_STDBUF_O=L"];

/// Whether images can be built here at all.
fn is_root(test: &str) -> bool {
    let root = said(std::process::Command::new("id").arg("-u")) == "0";
    if !root {
        skip(test, "not root: neither debootstrap nor buildah's chroot can work");
    }
    root
}

/// runc, and crun in the way that can start a container here.
fn runtimes() -> &'static [Runtime] {
    static FOUND: OnceLock<Vec<Runtime>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let refusal = |runtime| {
            let mut pod = Container::new(base(), runtime);
            pod.entrypoint = Some(vec!["/bin/true".to_owned()]);
            let (_, err, well) = run(&pod);
            (!well).then_some(err)
        };
        let crun = [CRUN, CRUN_IN_V1].into_iter().find(|crun| refusal(*crun).is_none());
        if crun.is_none() {
            skip("*, in crun", refusal(CRUN).unwrap_or_default().trim());
        }
        [RUNC].into_iter().chain(crun).collect()
    })
}

fn dpdk_app() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| sample("dpdk_app"))
}

/// A container in the sample's pod.
fn container<'a>(image: &'a Image, runtime: Runtime) -> Container<'a> {
    Container::new(image, runtime)
        .mount(&top().join(POD).join("etc/podnetinfo"), "/etc/podnetinfo")
        .env(&["CONTAINER_NAME=l3fwd"])
        .env(&UNBUFFERED)
}

fn trial(app: App) -> Trial<'static> {
    Trial {
        podnet: Path::new(env!("CARGO_BIN_EXE_podnet")),
        wiring: Wiring::VhostUserClient,
        app,
        memory: Memory::NoHuge,
        place: Place::Here,
        queues: 1,
        options: &[],
        eal: &[],
        arguments: &[],
        patience: Duration::from_secs(10),
    }
}

/// With the sockets of the lab's peer, which a CNI plugin makes accessible to the pod.
fn with_sockets<'a>(container: Container<'a>, lab: &Lab) -> Container<'a> {
    let mut container = container;
    container.cpus = lab.pod_cpus().to_string();
    let pairs = lab.sockets().into_iter().zip(SOCKETS);
    pairs.fold(container, |container, (from, to)| container.mount(&from, to))
}

fn forward(lab: &Lab, trial: &Trial, pod: &dyn Fn() -> std::process::Command) -> Outcome {
    let open = |socket: PathBuf| fs::set_permissions(socket, fs::Permissions::from_mode(0o666));
    let start = || {
        lab.sockets().into_iter().try_for_each(open)?;
        Ok(pod())
    };
    lab.forward_through(trial, MACS, &start).unwrap_or_else(|why| panic!("{why}"))
}

#[track_caller]
fn assert_forwarded(outcome: &Outcome) {
    assert!(outcome.report.passed(), "{}\n{}", outcome.report, outcome.logs);
}

/// Both outputs, and whether it ended well.
fn run(container: &Container) -> (String, String, bool) {
    let output = container.run();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.success())
}

#[test]
fn dpdk_app_has_what_it_needs_and_no_more() {
    if !is_root("dpdk_app_has_what_it_needs_and_no_more") {
        return;
    }
    let image = dpdk_app();
    let megabytes = |image: &Image| image.size() as f64 / 1e6;
    let (all, base) = (megabytes(image), megabytes(base()));
    let note =
        format!("dpdk_app: {all:.1} MB, of which the base has {base:.1}: {:.1} added", all - base);
    let _ = writeln!(io::stderr(), "{note}");
    assert!(all - base < 150.0, "{note}");
    assert_plain(image);
    assert_eq!(image.words("Entrypoint"), ["/usr/local/bin/podnet", "exec"]);
    let podnet = image.rootfs.join("usr/local/bin/podnet");
    let capabilities = said(std::process::Command::new("getcap").arg(podnet));
    let expected = "cap_net_admin,cap_net_raw,cap_ipc_lock,cap_sys_nice=p";
    assert!(capabilities.ends_with(expected), "{capabilities}");
}

/// No user is root, and nothing in it compiles.
fn assert_plain(image: &Image) {
    let (user, group) = image.user();
    assert!(user != 0 && group != 0, "{}: {user}:{group}", image.name);
    for directory in ["bin", "usr/bin", "usr/local/bin"] {
        for tool in ["cc", "gcc", "c++", "ld", "as", "rustc", "cargo", "go", "make", "pkg-config"] {
            let path = image.rootfs.join(directory).join(tool);
            assert!(!path.exists(), "{}: has {}", image.name, path.display());
        }
    }
    for file in ["usr/include/stdio.h", "usr/local/include/podnet.h"] {
        assert!(!image.rootfs.join(file).exists(), "{}: has /{file}", image.name);
    }
}

#[test]
fn l3fwd_in_a_container_forwards() {
    if !is_root("l3fwd_in_a_container_forwards") {
        return;
    }
    let next_hop = format!("PODNET_ETH_DEST=net2={NEXT_HOP}");
    for &runtime in runtimes() {
        let pod = container(dpdk_app(), runtime).env(&["PODNET_NO_HUGE=1", &next_hop]);
        let trial = trial(App::L3fwd);
        let lab = Lab::open(&trial).unwrap();
        let pod = with_sockets(pod, &lab);
        let outcome = forward(&lab, &trial, &|| pod.command());
        assert_forwarded(&outcome);
        let _ = writeln!(io::stderr(), "dpdk_app: l3fwd in {}: {}", runtime.name, outcome.report);
    }
}

#[test]
fn a_variable_chooses_testpmd_or_l2fwd() {
    if !is_root("a_variable_chooses_testpmd_or_l2fwd") {
        return;
    }
    for (app, variables) in [
        (App::Testpmd, ["PODNET_APP=testpmd", "PODNET_ARGS=-- --no-flush-rx"]),
        (App::L2fwd, ["PODNET_APP=l2fwd", "PODNET_ARGS="]),
    ] {
        let pod = container(dpdk_app(), RUNC).env(&["PODNET_NO_HUGE=yes"]).env(&variables);
        let trial = trial(app);
        let lab = Lab::open(&trial).unwrap();
        let pod = with_sockets(pod, &lab);
        assert_forwarded(&forward(&lab, &trial, &|| pod.command()));
    }
}

/// The limit is that of a cgroup, the file system that of an emptyDir with an fsGroup.
#[test]
fn l3fwd_in_a_container_takes_limited_hugepages() {
    const NAME: &str = "l3fwd_in_a_container_takes_limited_hugepages";
    if !is_root(NAME) {
        return;
    }
    match limited_hugepages() {
        Ok(()) => {}
        Err(why) if why.is::<Missing>() => skip(NAME, why),
        Err(why) => panic!("{why}"),
    }
}

fn limited_hugepages() -> lab::Result<()> {
    let image = dpdk_app();
    let trial = Trial { memory: Memory::Borrowed, ..trial(App::L3fwd) };
    let lab = Lab::open(&trial)?;
    let mount = hugetlb::Mount::new(image.user().1);
    let args = format!("PODNET_ARGS=-- --eth-dest=1,{NEXT_HOP}");
    let limit = hugetlb::Limit::new(300)?;
    let pod = container(image, RUNC).env(&["PODNET_MEMORY=300M", &args]);
    let mut pod = with_sockets(pod.mount(mount.path(), "/hugepages-2Mi"), &lab);
    pod.parent = limit.path();
    let outcome = forward(&lab, &trial, &|| pod.command());
    assert_forwarded(&outcome);
    assert_eq!(limit.usage()?.refused, 0);
    drop(pod);

    // It was in force: under a lower one the same memory is not to be had.
    let limit = hugetlb::Limit::new(64)?;
    let mut pod = container(image, RUNC).env(&["PODNET_MEMORY=300M"]).args(&["--force"]);
    pod.parent = limit.path();
    let (_, err, well) = run(&pod.mount(mount.path(), "/hugepages-2Mi"));
    assert!(!well && err.contains("Cannot init memory"), "{err}");
    assert!(limit.usage()?.refused > 0);
    Ok(())
}

#[test]
fn a_network_or_socket_that_is_not_there_is_named() {
    if !is_root("a_network_or_socket_that_is_not_there_is_named") {
        return;
    }
    for &runtime in runtimes() {
        let absent = container(dpdk_app(), runtime)
            .env(&["PODNET_NETWORK=absent", "PODNET_WAIT_NETWORKS=0s"]);
        let (_, err, well) = run(&absent);
        assert!(!well && err.contains("absent") && err.contains("podnet: "), "{err}");
        let no_sockets = container(dpdk_app(), runtime).env(&["PODNET_NO_HUGE=1"]);
        let (_, err, well) = run(&no_sockets);
        assert!(!well && err.contains("/var/run/vhost/net1.sock"), "{err}");
        assert!(err.contains("DPDK would run with no port at all"), "{err}");
    }
}

#[test]
fn the_image_of_podnet_shows_what_it_was_given() {
    if !is_root("the_image_of_podnet_shows_what_it_was_given") {
        return;
    }
    for &runtime in runtimes() {
        let (out, err, well) = run(&container(podnet(), runtime).args(&["show", "--json"]));
        assert!(well, "{err}");
        let seen: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(seen["cpus"]["allowed"], "0", "{out}");
        assert_eq!(seen["container"], "l3fwd", "{out}");
        assert_eq!(seen["state"], "complete", "{out}");
        assert_eq!(seen["hugepages"]["pages"][0]["limit"], 1 << 30, "{out}");
        let paths = [1, 2].map(|at| &seen["interfaces"][at]["device"]["vhostUser"]["path"]);
        assert_eq!(paths, ["/var/run/vhost/net1.sock", "/var/run/vhost/net2.sock"], "{out}");
    }
}

/// The table of the page has exactly the variables that `podnet exec` reads.
#[test]
fn the_page_has_every_variable() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_podnet"));
    let help =
        said(command.args(["exec", "--help"])).split_whitespace().collect::<Vec<_>>().join(" ");
    let read = help.split("[env: ").skip(1).filter_map(|rest| rest.split('=').next());
    let read: BTreeSet<&str> = read.chain(["PODNET_ARGS", "CONTAINER_NAME"]).collect();
    let page = fs::read_to_string(top().join("samples/dpdk_app/README.md")).unwrap();
    let names = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let names: BTreeSet<&str> =
        names.filter(|name| name.starts_with("PODNET_") || read.contains(name)).collect();
    assert!(read.len() > 20, "{read:?}");
    assert_eq!(names, read);
}

/// Capabilities of the pod reach the program of a user other than root through podnet's file.
#[test]
fn the_program_gets_the_capabilities_of_the_pod() {
    if !is_root("the_program_gets_the_capabilities_of_the_pod") {
        return;
    }
    const NET_ADMIN: u64 = 1 << 12;
    const NET_RAW: u64 = 1 << 13;
    const IPC_LOCK: u64 = 1 << 14;
    let added = vec!["CAP_NET_ADMIN", "CAP_IPC_LOCK"];
    let all = NET_ADMIN | NET_RAW | IPC_LOCK;
    for (added, raise, escalation, expected) in [
        (vec![], "true", true, NET_RAW),
        (added.clone(), "true", true, all),
        (added.clone(), "false", true, 0),
        // The runtime still has them when it starts the entry point: nothing is escalated.
        (added, "true", false, all),
    ] {
        // A placeholder leaves the other words as they are.
        let script = ["sh", "-c", "id -u; grep CapEff /proc/self/status", "{nports}"];
        let mut pod = container(dpdk_app(), RUNC).args(&["--force", "--"]).args(&script);
        if raise == "false" {
            pod = pod.env(&["PODNET_RAISE_LIMITS=false"]);
        }
        pod.capabilities = added;
        pod.allow_privilege_escalation = escalation;
        let (out, err, well) = run(&pod);
        assert!(well, "{err}");
        let effective = out.trim().strip_prefix("65532\nCapEff:\t").unwrap();
        assert_eq!(u64::from_str_radix(effective, 16).unwrap(), expected, "{out}{err}");
    }
}
