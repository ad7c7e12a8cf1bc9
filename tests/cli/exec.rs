//! `exec`: what it refuses, and what the program gets.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::skip::skip;
use crate::support::{
    Pod, Run, memif_client, memif_server, own_cpu, path_with, pci, pod, run, script, status, vdpa,
    vhost_client, vhost_server,
};

pub const PRINT: &str = r#"printf '%s\n' "$@"; grep SigIgn /proc/$$/status"#;

/// A directory for sockets, whose paths are short.
pub fn sockets() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// `podnet exec OPTIONS -- PROGRAM` with a program that prints what it got.
pub fn exec(pod: &Pod, options: &str) -> Run {
    let program = script(pod.path().join("program"), PRINT);
    run(pod.command(&format!("exec --no-huge {options}")).arg("--").arg(program))
}

/// The same with arguments of the user's own.
pub fn exec_with(pod: &Pod, options: &str, args: &str) -> Run {
    let program = script(pod.path().join("program"), PRINT);
    let mut command = pod.command(&format!("exec {options} --"));
    run(command.arg(program).args(args.split_whitespace()))
}

fn has(run: &Run, word: &str) -> bool {
    run.out.lines().any(|line| line.contains(word))
}

/// An interface whose port comes up: its socket is ours to make.
fn works(name: &str) -> String {
    memif_server(name, Path::new("/tmp/podnet-test-absent.sock"))
}

/// A socket file that nobody has open any more.
pub fn stale(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
}

#[test]
fn becomes_the_program_with_all_that_the_caller_gave() {
    let dir = sockets();
    let path = dir.path().join("a.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let pod = pod(&status(&[vhost_client("net1", &path)]));
    let program = script(
        pod.path().join("program"),
        r#"echo "$$ $ODD-$1"; readlink /proc/$$/fd/7; printf '%s\n' "$@"; exit 7"#,
    );
    let shell = r#"exec 7</dev/null; exec "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", shell, "sh", env!("CARGO_BIN_EXE_podnet"), "--root"]).arg(pod.path());
    command.args(["exec", "--no-huge", "--"]).arg(program).args(["--log-level", "8"]);
    let child = command.env("ODD", "a=b\nc").stdout(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(7), "{out}");
    assert!(out.starts_with(&format!("{id} a=b\nc---lcores\n/dev/null\n--lcores\n0@")), "{out}");
    assert!(out.contains("\n--log-level\n8\n--\n"), "{out}");
}

#[test]
fn sigpipe_is_ignored_for_virtio_user_only() {
    let dir = sockets();
    let path = dir.path().join("a.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let ignored = |run: Run| {
        let line = run.out.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
        u64::from_str_radix(line, 16).unwrap() & 1 << 12 != 0
    };
    assert!(ignored(exec(&pod(&status(&[vhost_client("net1", &path)])), "")));
    assert!(!ignored(exec(&pod(&status(&[memif_client("net1", &path)])), "")));
}

#[test]
fn a_program_that_cannot_be_run_is_126_or_127() {
    let pod = pod(&status(&[works("net1")]));
    let absent = pod.run("exec -- no-such-program").ends(127);
    absent.says("podnet: no-such-program: cannot be run: no such file or directory: no directory");
    pod.run("exec -- /no/such/program").ends(127).says("directory: install it in the image");
    run(pod.command("exec --").arg("")).ends(2).says("podnet: PROGRAM: is an empty word: ");
    let file = pod.file("plain", "#!/bin/sh\n");
    run(pod.command("exec --").arg(&file)).ends(126).says("permission denied: make it executable");
    run(pod.command("exec --").arg(pod.path())).ends(126).says(": it is a directory: name a");
    // What only execve(2) knows.
    let program = script(pod.path().join("program"), "");
    let exec_of = |content: &str| {
        fs::write(&program, content).unwrap();
        run(pod.command("exec --no-huge --").arg(&program))
    };
    exec_of("#!/no/such/shell\n").ends(127).says("it is there, but not the interpreter (#!)");
    exec_of("\x7fELF").ends(126).says("exec format error: it is made for other processors than");
    exec_of("echo no\n").ends(126).says("a script without a first line such as #!/bin/sh\n");
    run(pod.command("exec --").arg("plain").env("PATH", path_with(pod.path()))).ends(126);
    pod.run("exec").ends(2);
    pod.run("exec true").ends(2);
}

#[test]
fn a_client_socket_must_have_somebody_behind_it() {
    let dir = sockets();
    let path = dir.path().join("a.sock");
    let pod = pod(&status(&[vhost_client("net1", &path)]));
    let refused = |why: &str| {
        let run = exec(&pod, "").ends(1);
        assert_eq!(run.out, "");
        run.says("podnet: port 0 net1 (ran/net1-net): ")
            .says(&format!("{}: {why}", path.display()));
        run.says("no port at all\n").says("podnet: not started: --force starts anyway\n");
    };
    refused("no socket there: start the vSwitch");
    stale(&path);
    refused("nobody listens on this socket");
    exec(&pod, "--force").ends(0);
    assert!(path.exists(), "the other side's to remove");
    fs::remove_file(&path).unwrap();
    fs::write(&path, "").unwrap();
    refused("no socket but another kind of file");
    let forced = exec(&pod, "--force").ends(0);
    assert!(has(&forced, "net_virtio_user"), "{forced:#?}");
    forced.says("podnet: warning: port 0 net1");
}

#[test]
fn a_port_that_would_be_lost_is_left_out() {
    let dir = sockets();
    let (absent, there) = (dir.path().join("a.sock"), dir.path().join("b.sock"));
    let _listener = UnixListener::bind(&there).unwrap();
    let pod = pod(&status(&[vhost_client("net1", &absent), vhost_client("net2", &there)]));
    let run = exec(&pod, "--app l2fwd").ends(0);
    run.says("podnet: warning: left out: port 0 net1");
    assert!(!has(&run, "a.sock") && has(&run, "b.sock") && has(&run, "0x1"), "{run:#?}");
    exec(&pod, "--network net1 net2").ends(1).says("--network asks for a port");
    exec(&pod, "--network net2").ends(0);
    let forced = exec(&pod, "--network net1,net2 --force").ends(0);
    assert!(has(&forced, "a.sock") && has(&forced, "b.sock"), "{forced:#?}");
}

#[test]
fn a_named_device_that_dpdk_cannot_take_is_refused() {
    let ip = works("net1").replace("ethernet", "ip");
    let pod = pod(&status(&[ip, works("net2")]));
    exec(&pod, "").ends(0).says("podnet: warning: net1 (ran/net1-net): not given to DPDK");
    exec(&pod, "--network net1").ends(1).says("--network asks for a port that would not come up");
}

#[test]
fn waits_for_sockets() {
    let dir = sockets();
    let path = dir.path().join("a.sock");
    let pod = pod(&status(&[vhost_client("net1", &path)]));
    exec(&pod, "--wait-sockets 200ms").ends(1).says("no socket there");
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        let listener = UnixListener::bind(path).unwrap();
        thread::sleep(Duration::from_secs(10));
        drop(listener);
    });
    exec(&pod, "--wait-sockets 10s").ends(0);
    drop(late);
}

#[test]
fn a_memif_client_needs_its_server() {
    let dir = sockets();
    let path = dir.path().join("m.sock");
    let pod = pod(&status(&[memif_client("net1", &path), works("net2")]));
    let run = exec(&pod, "").ends(0);
    run.says("left out: port 0 net1 (ran/net1-net): ").says("no socket there: start the memif");
    assert!(!has(&run, "net_memif_net1") && has(&run, "net_memif_net2"), "{run:#?}");
    exec(&pod, "--network net1").ends(1).says("--network asks for a port");
    stale(&path);
    exec(&pod, "--network net1").ends(1).says("nobody listens on this socket: restart the memif");
    fs::remove_file(&path).unwrap();
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        let listener = UnixListener::bind(path).unwrap();
        thread::sleep(Duration::from_secs(10));
        drop(listener);
    });
    exec(&pod, "--network net1 --wait-sockets 10s").ends(0).shows("net_memif_net1");
    drop(late);
}

#[test]
fn an_abstract_memif_server_is_found_by_its_name() {
    use std::os::linux::net::SocketAddrExt;
    let name = format!("podnet/memif-{}", std::process::id());
    let pod = pod(&status(&[memif_client("net1", Path::new(&format!("@{name}")))]));
    exec(&pod, "").ends(1).says(&format!("@{name}: no socket there: start the memif server"));
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    exec(&pod, "").ends(0).shows(&format!("socket={name},socket-abstract=yes"));
}

#[test]
fn an_af_xdp_port_needs_its_netdev_and_its_plugin() {
    let pod_of = |netdev: &str| {
        let entry = format!(r#"{{"name":"ran/xdp","interface":"{netdev}","dns":{{}}}}"#);
        let pod = pod(&status(&[entry]));
        pod.file("proc/self/environ", format!("AFXDP_DEVICES_POOL={netdev}\0"));
        pod
    };
    exec(&pod_of("absent0"), "").ends(1).says("absent0: this pod has no such netdev: attach it");
    exec(&pod_of("lo"), "").ends(0).shows("net_af_xdp_lo,iface=lo,");
    let with_plugin = pod_of("lo");
    let socket = "tmp/afxdp_dp/lo/afxdp.sock";
    with_plugin.file(socket, "");
    let run = exec(&with_plugin, "--dpdk 24.11").ends(1);
    run.says(&format!("/{socket}: no socket there: start the AF_XDP device plugin"));
}

#[test]
fn makes_way_for_its_own_sockets() {
    let dir = sockets();
    let path = dir.path().join("a.sock");
    let pod = pod(&status(&[vhost_server("net1", &path)]));
    exec(&pod, "").ends(0);
    stale(&path);
    exec(&pod, "--dry-run").ends(0);
    assert!(path.exists());
    exec(&pod, "").ends(0).says("a.sock: removed, ");
    assert!(!path.exists());
    let listener = UnixListener::bind(&path).unwrap();
    exec(&pod, "").ends(1).says("another process listens on this socket");
    drop(listener);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "data").unwrap();
    let refused = || {
        exec(&pod, "").ends(1).says("a.sock: a file that is no socket");
    };
    refused();
    assert_eq!(fs::read_to_string(&path).unwrap(), "data");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused();
    assert!(path.is_dir());
    fs::remove_dir(&path).unwrap();
    // Neither a symlink, nor the stale socket that it leads to.
    let target = dir.path().join("target.sock");
    stale(&target);
    std::os::unix::fs::symlink(&target, &path).unwrap();
    refused();
    assert!(path.is_symlink() && target.exists());
    fs::remove_file(&target).unwrap();
    refused();
    assert!(path.is_symlink());
    fs::remove_dir_all(dir.path()).unwrap();
    exec(&pod, "").ends(1).says("the socket is made there");
}

#[test]
fn long_socket_paths_get_a_short_name() {
    let dir = sockets();
    let deep = dir.path().join("d".repeat(100));
    fs::create_dir(&deep).unwrap();
    let (client, server) = (deep.join("client.sock"), deep.join("server.sock"));
    let _listener = listen_at(&deep, "client.sock");
    let pod = pod(&status(&[vhost_client("net1", &client), vhost_server("net2", &server)]));
    pod.run("eal --no-huge").ends(1).says("client.sock");
    let program = script(pod.path().join("program"), PRINT);
    let start = |options: &str| {
        let mut command = pod.command(&format!("exec --no-huge {options} --"));
        run(command.arg(&program).env("RUNTIME_DIRECTORY", dir.path())).ends(0)
    };
    start("--dry-run");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let run = start("");
    let paths: Vec<_> =
        run.out.split([',', '\n']).filter_map(|key| key.strip_prefix("path=")).collect();
    assert!(paths.iter().all(|path| path.len() <= 107), "{paths:?}");
    assert_eq!(fs::canonicalize(paths[0]).unwrap(), client.canonicalize().unwrap());
    drop(UnixListener::bind(paths[1]).unwrap());
    assert!(server.exists());
    start("").says("server.sock: removed, ");
    assert!(!server.exists());
}

#[test]
fn a_dry_run_changes_nothing() {
    let dir = sockets();
    let deep = dir.path().join("d".repeat(100));
    fs::create_dir(&deep).unwrap();
    let old = dir.path().join("old.sock");
    stale(&old);
    let pod =
        pod(&status(&[vhost_server("net1", &old), vhost_server("net2", &deep.join("long.sock"))]));
    let program = script(pod.path().join("program"), "exit 1");
    let run_of = |dry: &str| {
        let options = format!("exec --no-huge --app l3fwd --raise-limits {dry} --routes");
        let mut command = pod.command(&options);
        command.arg(dir.path().join("routes")).arg("--").arg(&program);
        run(command.env("RUNTIME_DIRECTORY", dir.path()))
    };
    let state = || {
        let below = |path: &Path| -> Vec<_> {
            let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
            entries.map(|one| (one.path(), one.metadata().unwrap().modified().unwrap())).collect()
        };
        (below(dir.path()), below(&deep))
    };
    let before = state();
    run_of("--dry-run").ends(0).shows("/long.sock").shows("old.sock");
    assert_eq!(state(), before);
    // The same without it does change all of that.
    run_of("").ends(1).says("old.sock: removed, ");
    let names = |name: &str| state().0.iter().any(|(path, _)| path.ends_with(name));
    assert!(!names("old.sock") && names("routes.ipv4"));
    assert!(state().0.iter().any(|(path, _)| path.to_string_lossy().contains("/podnet-")));
}

/// A trace of the system calls that could change something, and of those that start a program.
fn trace(command: &Command, into: &Path) -> Option<String> {
    const CALLS: &str = "open openat creat truncate ftruncate mkdir mkdirat rmdir unlink unlinkat \
                         rename renameat renameat2 link linkat symlink symlinkat mknod mknodat bind \
                         chmod fchmod fchmodat chown fchown fchownat setxattr prctl capset prlimit64 \
                         setrlimit mount kill execve";
    let calls = CALLS.split_whitespace().map(|call| format!("?{call}")).collect::<Vec<_>>();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-e", &format!("trace={}", calls.join(",")), "-o"]).arg(into);
    strace.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    let traced = strace.output().is_ok_and(|output| output.status.success());
    traced.then(|| fs::read_to_string(into).unwrap())
}

#[test]
fn a_dry_run_makes_no_system_call_that_changes_something() {
    let dir = sockets();
    let deep = dir.path().join("d".repeat(100));
    fs::create_dir(&deep).unwrap();
    let old = dir.path().join("old.sock");
    let pod =
        pod(&status(&[vhost_server("net1", &old), vhost_server("net2", &deep.join("long.sock"))]));
    let program = script(pod.path().join("program"), "exit 0");
    let changes = |dry: &str| -> Option<Vec<String>> {
        stale(&old);
        let mut command =
            pod.command(&format!("exec --no-huge --app l3fwd --raise-limits {dry} --routes"));
        command.arg(dir.path().join("routes")).arg("--").arg(&program);
        command.env("RUNTIME_DIRECTORY", dir.path());
        let trace = trace(&command, &dir.path().join("trace"))?;
        let reads = ["O_RDONLY", "O_PATH", "RLIMIT_STACK, NULL", "RLIMIT_MEMLOCK, NULL", "_READ"];
        let harmless = |line: &&str| reads.iter().any(|read| line.contains(read));
        // The first is podnet itself.
        Some(trace.lines().skip(1).filter(|one| !harmless(one)).map(str::to_owned).collect())
    };
    let Some(made) = changes("--dry-run") else {
        skip(
            "a_dry_run_makes_no_system_call_that_changes_something",
            "strace is not there, or may not trace",
        );
        return;
    };
    assert!(made.is_empty(), "{made:#?}");
    fs::remove_file(&old).unwrap();
    let made = changes("").unwrap().join("\n");
    for call in ["unlink", "symlink", "mkdir", "O_WRONLY", "execve", "RLIMIT_MEMLOCK, {"] {
        assert!(made.contains(call), "no {call}: {made}");
    }
}

#[test]
fn verbose_explains_every_argument() {
    let pod = pod(&status(&[works("net1")]));
    let program = script(pod.path().join("program"), PRINT);
    let explained = |verb: &str, more: &[&str]| {
        let mut command = pod.command(&format!("{verb} --no-huge --app l2fwd --verbose --"));
        run(command.args(more).args(["-l", "0", "--log-level", "8", "--", "-q", "4"])).ends(0)
    };
    let program = program.to_str().unwrap();
    for run in [explained("eal", &[]), explained("exec --dry-run", &[program])] {
        run.says("podnet: -l 0: yours; replaces --lcores 0@")
            .says("podnet: --log-level 8: yours\n");
        run.says("podnet: -q 4: yours; replaces -q 1\n").says("podnet: --: ends EAL's arguments");
        let reasons = run.err.lines().filter_map(|line| line.strip_prefix("podnet: "));
        let words: Vec<&str> = reasons
            .filter(|line| line.starts_with('-'))
            .flat_map(|line| line.split(": ").next().unwrap().split(' '))
            .collect();
        let line = run.out.trim_end().replace(program, "");
        assert_eq!(words, line.split_whitespace().collect::<Vec<_>>());
    }
}

/// Listens on a socket whose whole path is too long to be bound.
fn listen_at(directory: &Path, name: &str) -> UnixListener {
    let link = directory.parent().unwrap().join("l");
    std::os::unix::fs::symlink(directory, &link).unwrap();
    let listener = UnixListener::bind(link.join(name)).unwrap();
    fs::remove_file(link).unwrap();
    listener
}

#[test]
fn a_pci_device_must_be_here() {
    let pod = pod(&status(&[pci("net1", "0000:fe:1f.7")]));
    let run = exec(&pod, "").ends(1);
    run.says(
        "podnet: port 0 net1 (ran/net1-net): 0000:fe:1f.7: this system has no such PCI device",
    );
}

#[test]
fn a_vdpa_device_must_be_a_character_device_that_is_here() {
    let pod_of = |path: &Path| {
        let pod = pod(&status(&[vdpa("net1", path)]));
        pod.file(path.strip_prefix("/").unwrap().to_str().unwrap(), "c 244:1 0600\n");
        pod
    };
    let pod = pod_of(Path::new("/dev/vhost-vdpa-4094"));
    let absent = exec(&pod, "").ends(1);
    absent.says("/dev/vhost-vdpa-4094: no such file or directory: request its resource");
    let dir = sockets();
    let path = dir.path().join("vdpa");
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    exec(&pod_of(&path), "").ends(0).shows("net_virtio_user_net1,path=");
}

#[test]
fn cpus_must_be_allowed_to_this_process() {
    let pod = pod(&status(&[works("net1")]));
    pod.file("proc/self/status", "Cpus_allowed_list:\t4094\n");
    let refused = exec(&pod, "").ends(1);
    refused.says("podnet: CPU 4094: this process may run on ").says("not started");
    exec(&pod, "--force").ends(0).says("podnet: warning: CPU 4094: ");
    exec_with(&pod, "--no-huge", &format!("-l {}", own_cpu())).ends(0);
    let own = exec_with(&pod, "--no-huge", &format!("--lcores 0@{},(1-2)@4093", own_cpu())).ends(1);
    own.says("podnet: CPU 4093: this process may run on ");
}

#[test]
fn a_dry_run_prints_what_a_shell_would_start() {
    let dir = sockets();
    let path = dir.path().join("it's.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let pod = pod(&status(&[vhost_client("net1", &path)]));
    let dry = exec(&pod, "--dry-run").ends(0);
    assert_eq!(dry.out.lines().count(), 1);
    let shell = Command::new("sh").arg("-c").arg(&dry.out).output().unwrap();
    let printed = String::from_utf8(shell.stdout).unwrap();
    let arguments = |out: &str| out.split("SigIgn").next().unwrap().to_owned();
    assert_eq!(arguments(&printed), arguments(&exec(&pod, "").out));
}

#[test]
fn finds_the_release_in_the_program() {
    let pod = pod(&status(&[works("net1")]));
    let release = |program: &Path| {
        let mut command = pod.command("exec --no-huge --dry-run --verbose --");
        let run = run(command.arg(program)).ends(0);
        let line = run.err.lines().find(|line| line.contains(": from ")).unwrap();
        line.strip_prefix("podnet: DPDK ").unwrap()[..5].to_owned()
    };
    let dynamic = compile(&pod, "librte_eal.so.24", "");
    assert_eq!(release(&dynamic), "23.11");
    let text = r#"const char path[] = "DPDK_PLUGIN_PATH=/usr/lib/dpdk/pmds-26.2";"#;
    let with_path = compile(&pod, "libother.so.1", text);
    assert_eq!(release(&with_path), "26.07");
    let mut given = pod.command("exec --no-huge --dry-run --verbose --dpdk 25.11 --");
    run(given.arg(dynamic)).ends(0).says("podnet: DPDK 25.11: from --dpdk\n");
}

/// A program with `text` in it that needs the library `soname`.
fn compile(pod: &Pod, soname: &str, text: &str) -> PathBuf {
    let source =
        pod.file("program.c", format!("{text}\nint f(void);int main(void){{return f();}}"));
    let library_source = pod.file("library.c", "int f(void){return 0;}");
    let library = pod.path().join("library.so");
    let program = pod.path().join(format!("needs-{soname}"));
    let cc = |args: &[&std::ffi::OsStr]| {
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        assert!(Command::new(compiler).args(args).status().unwrap().success());
    };
    let soname = format!("-Wl,-soname,{soname}");
    let shared = [soname.as_ref(), "-shared".as_ref(), "-fPIC".as_ref(), "-o".as_ref()];
    cc(&[&shared[..], &[library.as_ref(), library_source.as_ref()]].concat());
    cc(&["-o".as_ref(), program.as_ref(), source.as_ref(), library.as_ref()]);
    program
}
