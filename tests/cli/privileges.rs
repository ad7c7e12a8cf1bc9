//! What a program of a user other than root keeps, and `exec --raise-limits`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::{XattrFlags, setxattr};
use rustix::process::geteuid;
use rustix::thread::CapabilitySet;

use tempfile::TempDir;

use crate::skip::skip;
use crate::support::{Pod, Run, copy_podnet, pod, run, script, status, vdpa};

const IPC_LOCK: u64 = 1 << 14;
const NET_BIND_SERVICE: u64 = 1 << 10;
const NET_RAW: u64 = 1 << 13;

/// A pod with one device that pins memory, and the directory of the device.
fn pinning_pod() -> (Pod, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    // Stands for a vhost-vdpa device: a character device that everybody may open.
    let device = dir.path().join("vdpa");
    symlink("/dev/null", &device).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let pod = pod(&status(&[vdpa("net1", &device)]));
    pod.file(device.strip_prefix("/").unwrap().to_str().unwrap(), "c 244:1 0600\n");
    (pod, dir)
}

/// Lets everybody read what is below `path`.
fn open_up(path: &Path) {
    let mode = fs::metadata(path).unwrap().permissions().mode();
    let more = if path.is_dir() { 0o755 } else { 0o444 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode | more)).unwrap();
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| open_up(&entry.unwrap().path()));
    }
}

/// `setcap CAPABILITIES+p FILE`.
fn set_capabilities(file: &Path, capabilities: u64) {
    // VFS_CAP_REVISION_2: permitted and inheritable, the low halves first.
    let words = [0x0200_0000, capabilities as u32, 0, (capabilities >> 32) as u32, 0];
    let value: Vec<u8> = words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
    setxattr(file, "security.capability", &value, XattrFlags::empty()).unwrap();
}

/// A program that may lock 64 KiB, which may be raised to 1 MiB.
fn limited(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -Sl 64; ulimit -Hl 1024; exec "$@""#, "sh"]).arg(program);
    command
}

/// `podnet exec OPTIONS -- program ARGS` by user 1000, of a podnet whose file has `capabilities`.
fn exec(pod: &Pod, capabilities: u64, options: &str, args: &str) -> Run {
    let podnet = pod.path().join("podnet");
    copy_podnet(&podnet);
    let program = script(
        pod.path().join("program"),
        "grep -E 'Cap(Inh|Eff|Amb)|Max locked' /proc/self/status /proc/self/limits",
    );
    open_up(pod.path());
    set_capabilities(&podnet, capabilities);
    let mut command = limited(&podnet);
    command.arg("--root").arg(pod.path()).args(["exec", "--no-huge"]);
    command.args(options.split_whitespace()).arg("--").arg(program).args(args.split_whitespace());
    run(command.uid(1000).gid(1000)).ends(0)
}

fn capabilities(run: &Run, set: &str) -> u64 {
    let line = run.out.lines().find(|line| line.contains(set)).unwrap();
    u64::from_str_radix(line.split('\t').next_back().unwrap(), 16).unwrap()
}

/// The soft and the hard limit, as /proc shows them.
fn limits(run: &Run) -> Vec<&str> {
    let line = run.out.lines().find(|line| line.contains("Max locked memory")).unwrap();
    line.split_whitespace().skip(3).take(2).collect()
}

/// Whether file capabilities can be had; says that `test` is skipped where not.
fn may_set_capabilities(test: &str) -> bool {
    let root = geteuid().is_root();
    if !root {
        skip(test, "only root can give a file capabilities");
    }
    root
}

#[test]
fn a_user_gets_what_the_file_of_podnet_gives_only_when_asked_for() {
    if !may_set_capabilities("a_user_gets_what_the_file_of_podnet_gives_only_when_asked_for") {
        return;
    }
    let (pod, _device) = pinning_pod();
    let kept = exec(&pod, IPC_LOCK | NET_RAW, "", "");
    for set in ["CapEff", "CapAmb", "CapInh"] {
        assert_eq!(capabilities(&kept, set), 0, "{kept:#?}");
    }
    assert_eq!(limits(&kept), ["65536", "1048576"]);
    kept.says("memlock limit 64Ki: the devices need 512Mi pinned: podnet holds it and hands it on");
    kept.says("with --raise-limits (PODNET_RAISE_LIMITS=true)");

    let handed_on = exec(&pod, IPC_LOCK | NET_RAW, "--raise-limits", "");
    for set in ["CapEff", "CapAmb", "CapInh"] {
        assert_eq!(capabilities(&handed_on, set), IPC_LOCK | NET_RAW, "{handed_on:#?}");
    }
    assert_eq!(limits(&handed_on), ["1048576", "1048576"]);
    assert!(!handed_on.err.contains("memlock"), "{handed_on:#?}");

    let short = exec(&pod, NET_RAW, "--raise-limits", "");
    assert_eq!(capabilities(&short, "CapEff"), NET_RAW);
    short.says("memlock limit 1Mi: the devices need 512Mi pinned: name IPC_LOCK in");
    short.says("securityContext.capabilities.add").says("setcap cap_ipc_lock+p");
    exec(&pod, NET_RAW, "--memory 1M", "").says("pinned: raise it with --raise-limits (PODNET_");
}

#[test]
fn capabilities_that_the_devices_need_and_the_program_will_not_have_are_named() {
    if !may_set_capabilities(
        "capabilities_that_the_devices_need_and_the_program_will_not_have_are_named",
    ) {
        return;
    }
    let (pod, device) = pinning_pod();
    let packets = "--vdev net_af_packet0,iface=lo";
    let held =
        "podnet: warning: capability NET_RAW: the devices need it: podnet holds it and hands";
    exec(&pod, NET_RAW, "--memory 1M", packets).says(held).says("`setcap cap_net_raw+pe` on the");
    let handed_on = exec(&pod, NET_RAW, "--memory 1M --raise-limits", packets);
    assert!(!handed_on.err.contains("NET_RAW"), "{handed_on:#?}");
    let missing = exec(&pod, IPC_LOCK, "--memory 1M --raise-limits", packets);
    missing.says("capability NET_RAW: the devices need it: name NET_RAW in securityContext.");
    let physical = exec(&pod, IPC_LOCK, "", "{eal} --iova-mode pa");
    physical.says("capability SYS_ADMIN: the devices need it: name SYS_ADMIN in ");
    physical.says("capability SYS_RAWIO: ");
    // Of the user's own devices, each what its driver takes.
    let (empty, no_ports) = (crate::support::pod(&status(&[])), "--force --memory 1M");
    let needs = |args: &str| {
        let said = exec(&empty, NET_BIND_SERVICE, no_ports, args);
        let names = ["NET_ADMIN", "NET_RAW", "BPF"];
        let named = names.iter().filter(|name| said.err.contains(&format!("capability {name}: ")));
        let pins = said.err.contains("memlock limit").then_some("memlock");
        named.copied().chain(pins).collect::<Vec<_>>().join(" ")
    };
    let vdpa = format!("--vdev=virtio_user0,path={}", device.path().join("vdpa").display());
    for (args, needed) in [
        ("", ""),
        ("--vdev=net_null0", ""),
        ("--vdev=eth_af_packet0,iface=lo", "NET_RAW"),
        ("--vdev=net_tap0", "NET_ADMIN"),
        ("--vdev=net_af_xdp0,iface=lo", "NET_ADMIN NET_RAW BPF memlock"),
        ("--vdev=net_af_xdp0,iface=lo,use_cni=1,dp_path=/s", "NET_RAW memlock"),
        ("-a auxiliary:mlx5_core.sf.4", "NET_ADMIN NET_RAW memlock"),
        ("-a 0000:3b:02.1", "memlock"),
        (&vdpa, "memlock"),
    ] {
        assert_eq!(needs(args), needed, "{args}");
    }
    // A program with capabilities of its own has the right ones.
    let program = pod.path().join("program");
    set_capabilities(&program, NET_RAW);
    let podnet = pod.path().join("podnet");
    let mut command = limited(&podnet);
    command.arg("--root").arg(pod.path()).args(["exec", "--no-huge", "--"]).arg(program);
    let own = run(command.args(packets.split(' ')).uid(1000).gid(1000)).ends(0);
    assert!(!own.err.contains("the devices need"), "{own:#?}");
}

#[test]
fn a_user_gets_a_runtime_directory_that_can_be_written() {
    if !may_set_capabilities("a_user_gets_a_runtime_directory_that_can_be_written") {
        return;
    }
    let (pod, _device) = pinning_pod();
    let program = script(pod.path().join("program"), "echo ${RUNTIME_DIRECTORY-unset}");
    let podnet = pod.path().join("podnet");
    copy_podnet(&podnet);
    open_up(pod.path());
    let (good, bad) = (tempfile::tempdir().unwrap(), pod.path().join("absent"));
    fs::set_permissions(good.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let start = |variables: &[(&str, &Path)]| {
        let mut command = Command::new(&podnet);
        command.arg("--root").arg(pod.path()).args(["exec", "--no-huge", "--"]).arg(&program);
        command.env_remove("RUNTIME_DIRECTORY").env_remove("XDG_RUNTIME_DIR");
        run(command.envs(variables.iter().copied()).uid(1000).gid(1000)).ends(0)
    };
    // DPDK's own choice is as good; another that can't be written is replaced.
    assert_eq!(start(&[("XDG_RUNTIME_DIR", good.path())]).out, "unset\n");
    let replaced = start(&[("XDG_RUNTIME_DIR", &bad)]);
    let directory = Path::new(replaced.out.trim_end());
    assert!(directory.is_dir() && directory != bad, "{replaced:#?}");
    // The caller's stays, with a word.
    let callers = start(&[("RUNTIME_DIRECTORY", &bad)]);
    assert_eq!(callers.out, format!("{}\n", bad.display()));
    callers.says("can't be written, and DPDK keeps its runtime files there: mount an emptyDir");
}

#[test]
fn the_limit_is_lifted_where_the_capability_allows() {
    let (pod, _device) = pinning_pod();
    let program = script(pod.path().join("program"), "grep 'Max locked' /proc/self/limits");
    let mut command = limited(Path::new(env!("CARGO_BIN_EXE_podnet")));
    command.arg("--root").arg(pod.path()).args(["exec", "--no-huge", "--raise-limits", "--"]);
    let run = run(command.arg(program)).ends(0);
    let own = rustix::thread::capabilities(None).unwrap().effective;
    let limit = match own.contains(CapabilitySet::SYS_RESOURCE) {
        true => "unlimited",
        false => "1048576",
    };
    assert_eq!(limits(&run), [limit, limit]);
}
