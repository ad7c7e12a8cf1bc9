//! `exec` with devices of the user's own, with none, and as a secondary process.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::exec::{PRINT, exec, exec_with, sockets};
use crate::support::{pod, pod_with_annotations, run, script, status};

#[test]
fn devices_of_the_users_own_are_ports_too() {
    let pod = pod(&status(&[]));
    exec(&pod, "").ends(1).says("podnet: DPDK would run with no port at all: no interface has a");
    pod_with_annotations("k8s.v1.cni.cncf.io/networks=\"ran/a\"\n")
        .run("exec --no-huge -- sh")
        .ends(1)
        .says("no port at all: not attached yet: ran/a: wait for them with --wait-networks 60s\n");
    fs::remove_file(pod.path().join("etc/podnetinfo/annotations")).unwrap();
    let none = exec(&pod, "").ends(1);
    none.says("no annotations are mounted, and no variable lists a device: mount the Downward API");
    exec(&pod, "--network a").ends(1).says("the pod has no such network or interface; it has none");
    // Without {eal} the program is told nothing of hugepages, nor looked for.
    let placeholders = exec_with(&pod, "--no-huge --force", "{cpus}").ends(0);
    assert!(!placeholders.err.contains("hugepages"), "{placeholders:#?}");
    let program = script(pod.path().join("program"), PRINT);
    let mut command = pod.command("exec --no-huge --");
    run(command.arg(&program).args(["--vdev", "net_null0"])).ends(0).shows("net_null0");
}

#[test]
fn devices_of_the_users_own_are_looked_at_too() {
    let dir = sockets();
    let path = dir.path().join("a.sock");
    let pod = pod(&status(&[]));
    let client = format!("--vdev net_virtio_user0,path={}", path.display());
    let refused = exec_with(&pod, "--no-huge", &client).ends(1);
    refused.says(&format!("podnet: --vdev net_virtio_user0: {}: no socket", path.display()));
    refused.says("DPDK would run with no port at all\n");
    let beside = exec_with(&pod, "--no-huge", &format!("{client} --vdev net_null0")).ends(0);
    beside.says("warning: --vdev net_virtio_user0: ").shows("net_virtio_user0");
    exec_with(&pod, "--no-huge --force", &client).ends(0).says("warning: --vdev net_virtio_user0:");
    exec_with(&pod, "--no-huge", "-a 0000:fe:1f.7").ends(1).says("podnet: -a 0000:fe:1f.7: ");
    let bound = path.clone();
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        UnixListener::bind(bound).unwrap()
    });
    exec_with(&pod, "--no-huge --wait-sockets 20s", &client).ends(0).shows("net_virtio_user0");
    drop(late.join().unwrap());
    exec_with(&pod, "--no-huge", &client).ends(1).says("nobody listens on this socket");
    exec_with(&pod, "--no-huge", &format!("{client},server=1")).ends(0).says("a.sock: removed");
    assert!(!path.exists());
}

/// Locks a file as a primary process does, as long as it is open.
fn lock(path: &Path) -> fs::File {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let how = rustix::fs::FlockOperation::NonBlockingLockExclusive;
    rustix::fs::fcntl_lock(&file, how).unwrap();
    file
}

#[test]
fn a_secondary_process_needs_its_primary() {
    let pod = pod(&status(&[]));
    let program = script(pod.path().join("program"), PRINT);
    let start = |options: &str| {
        let mut command = pod.command(&format!("exec --secondary --file-prefix p {options} --"));
        run(command.arg(&program).env("RUNTIME_DIRECTORY", pod.path()))
    };
    let config = pod.path().join("dpdk/p/config");
    start("").ends(1).says(&format!("podnet: {}: no such file", config.display()));
    start("").ends(1).says("with the same --file-prefix").says("--proc-type=primary");
    pod.file("dpdk/p/config", "");
    start("").ends(1).says("config: its primary process has ended: start the primary");
    let locked = lock(&config);
    let started = start("").ends(0);
    started.shows("--proc-type=secondary\n").shows("--file-prefix\np\n");
    for option in ["-m", "--socket-mem", "--socket-limit", "--in-memory", "--huge-dir", "--no-huge"]
    {
        assert!(!started.out.lines().any(|line| line == option), "{option}: {started:#?}");
    }
    pod.file("dpdk/p/fbarray_nohugemem", "");
    start("").ends(1).says("its primary process runs with --no-huge");
    drop(locked);
    start("--force").ends(0).says("warning: ").says("has ended");
    start("--no-huge").ends(2).says("secondary process: it has the memory of the primary");
    start("--memory 1G").ends(2).says("secondary process: ");
    // The user's own words say the same.
    let own = exec_with(&pod, "--no-huge --file-prefix absent", "--proc-type=secondary").ends(1);
    own.says("dpdk/absent/config: no such file");
}
