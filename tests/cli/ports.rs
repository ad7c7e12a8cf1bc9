//! `ports`: a scripted application at the other side of the telemetry socket. Real ones are in
//! tests/forwarding.

#![allow(unsafe_code)] // std makes no sockets of packets.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{Pod, Run, pod, run, status, vhost_client};

const GREETING: &str = r#"{"version":"DPDK 22.11.11","pid":7,"max_output_len":2048}"#;

/// Listens at `path` as DPDK does, and answers every command of every connection.
fn serve(path: &Path, greeting: &str, answer: impl Fn(&str) -> String + Send + Sync + 'static) {
    let listener = listen(path);
    let greeting = greeting.to_owned();
    std::thread::spawn(move || {
        loop {
            // SAFETY: accept takes no pointers here; what it returns is ours.
            let mut peer = unsafe {
                let socket = libc::accept(
                    std::os::fd::AsRawFd::as_raw_fd(&listener),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                );
                assert!(socket >= 0);
                UnixStream::from(OwnedFd::from_raw_fd(socket))
            };
            if greeting == "silence" {
                std::mem::forget(peer);
                continue;
            }
            let _ = peer.write_all(greeting.as_bytes());
            let mut command = [0; 256];
            while let Ok(length @ 1..) = peer.read(&mut command) {
                let answer = answer(std::str::from_utf8(&command[..length]).unwrap());
                match answer.as_str() {
                    "close" => break,
                    "silence" => {}
                    answer => drop(peer.write_all(answer.as_bytes())),
                }
            }
        }
    });
}

fn listen(path: &Path) -> OwnedFd {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // SAFETY: the address is a zeroed sockaddr_un with a terminated path, and the socket is ours.
    unsafe {
        let socket = libc::socket(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0);
        assert!(socket >= 0);
        let mut address: libc::sockaddr_un = std::mem::zeroed();
        address.sun_family = libc::AF_UNIX as libc::sa_family_t;
        let bytes = path.as_os_str().as_bytes();
        assert!(bytes.len() < address.sun_path.len());
        for (to, from) in address.sun_path.iter_mut().zip(bytes) {
            *to = *from as libc::c_char;
        }
        let length = size_of::<libc::sockaddr_un>() as libc::socklen_t;
        assert_eq!(libc::bind(socket, (&raw const address).cast(), length), 0);
        assert_eq!(libc::listen(socket, 4), 0);
        OwnedFd::from_raw_fd(socket)
    }
}

/// An application with these ports, as 22.11 answers.
fn ports(names: &'static [&'static str]) -> impl Fn(&str) -> String + Send + Sync + 'static {
    move |command| {
        let (what, id) = command.split_once(',').unwrap_or((command, ""));
        let id: usize = id.parse().unwrap_or(0);
        let value = match what {
            "/ethdev/list" => serde_json::to_string(&Vec::from_iter(0..names.len())).unwrap(),
            "/ethdev/info" => format!(r#"{{"name":"{}","state":1}}"#, names[id]),
            "/ethdev/link_status" if id == 0 => r#"{"status":"UP","speed":10000}"#.to_owned(),
            "/ethdev/link_status" => r#"{"status":"DOWN"}"#.to_owned(),
            "/ethdev/stats" => format!(
                r#"{{"ipackets":20{id},"opackets":"{id}","ibytes":"0x10","obytes":0,"imissed":3,
                    "ierrors":1,"oerrors":1,"rx_nombuf":4}}"#
            ),
            _ => "null".to_owned(),
        };
        format!(r#"{{"{what}":{value}}}"#)
    }
}

const BOTH: [&str; 2] = ["net_virtio_user_net1", "net_virtio_user_net2"];

/// A pod with two vhost-user ports, and the runtime directory of the application.
struct Lab {
    pod: Pod,
    runtime: TempDir,
}

impl Lab {
    fn new() -> Lab {
        let one = vhost_client("net1", Path::new("/run/vhost/net1.sock"));
        let two = vhost_client("net2", Path::new("/run/vhost/net2.sock"));
        Lab { pod: pod(&status(&[one, two])), runtime: tempfile::tempdir().unwrap() }
    }

    fn socket(&self, prefix: &str) -> PathBuf {
        self.runtime.path().join("dpdk").join(prefix).join("dpdk_telemetry.v2")
    }

    fn run(&self, options: &str) -> Run {
        let options = format!("ports --no-huge --file-prefix p {options}");
        run(self.pod.command(&options).env("RUNTIME_DIRECTORY", self.runtime.path()))
    }
}

/// What `ports` makes of an application.
fn run_with(answer: impl Fn(&str) -> String + Send + Sync + 'static, options: &str) -> Run {
    let lab = Lab::new();
    serve(&lab.socket("p"), GREETING, answer);
    lab.run(options)
}

#[test]
fn shows_the_ports_as_planned() {
    let table = run_with(ports(&BOTH), "").ends(0);
    assert_eq!(
        table.out,
        "\
PORT  NAME                  INTERFACE  NETWORK       LINK  RX   TX  DROPPED  ERRORS
0     net_virtio_user_net1  net1       ran/net1-net  up    200  0   7        2
1     net_virtio_user_net2  net2       ran/net2-net  down  201  1   7        2
"
    );
    let json = run_with(ports(&BOTH), "--json").ends(0).json();
    assert_eq!(json["version"], "DPDK 22.11.11");
    assert_eq!((&json["pid"], &json["filePrefix"]), (&7.into(), &"p".into()));
    assert_eq!(json["differences"], serde_json::json!([]));
    let port = &json["ports"][1];
    assert_eq!((&port["id"], &port["planned"]), (&1.into(), &BOTH[1].into()));
    assert_eq!((&port["interface"], &port["link"]), (&"net2".into(), &"down".into()));
    assert_eq!((&port["rxPackets"], &port["txPackets"]), (&201.into(), &1.into()));
    assert_eq!((&port["rxBytes"], &port["rxDropped"]), (&16.into(), &7.into()));
}

#[test]
fn says_what_is_not_as_planned() {
    let shifted = run_with(ports(&["net_virtio_user_net2"]), "").ends(1);
    shifted.says("podnet: net_virtio_user_net1 (interface net1) is missing, planned as port 0: ");
    shifted.says("podnet: net_virtio_user_net2 (interface net2) is port 0, planned as port 1\n");
    shifted.shows("0     net_virtio_user_net2  net2       ran/net2-net");
    let last = run_with(ports(&BOTH[..1]), "").ends(1);
    last.says("net_virtio_user_net2 (interface net2) is missing");
    assert!(!last.err.contains("net1"), "{last:?}");
    let swapped = run_with(ports(&["net_virtio_user_net2", "net_virtio_user_net1"]), "").ends(1);
    swapped.says("net1) is port 1, planned as port 0").says("net2) is port 0, planned as port 1");
    let other = run_with(ports(&["net_virtio_user_net1", "net_null0"]), "--json").ends(1);
    other.says("port 1 is net_null0, which is not in the plan");
    assert_eq!(other.json()["differences"].as_array().unwrap().len(), 2);
    run_with(ports(&[]), "").ends(1).says("net1) is missing").says("net2) is missing");
    // The user's own come last, and are no difference.
    let more = run_with(ports(&["net_virtio_user_net1", "net_virtio_user_net2", "net_null0"]), "");
    more.ends(0).shows("\n2     net_null0             -          -");
    // The same application is another against another plan.
    run_with(ports(&BOTH), "--network net2").ends(1).says("port 1, planned as port 0");
}

/// 20.11 tells neither names nor basic statistics.
#[test]
fn understands_the_oldest_release() {
    let answer = |command: &str| match command.split(',').next().unwrap() {
        "/ethdev/list" => r#"{"/ethdev/list":[0,1]}"#.to_owned(),
        "/ethdev/xstats" => {
            r#"{"/ethdev/xstats":{"rx_good_packets":5,"tx_good_packets":6,"rx_missed_errors":1,
                "rx_errors":0,"tx_errors":0,"rx_mbuf_allocation_errors":1}}"#
                .to_owned()
        }
        what => format!(r#"{{"{what}":null}}"#),
    };
    let run = run_with(answer, "").ends(0);
    run.shows("0     -     net1       ran/net1-net  -     5   6   2        0\n");
    let one = |command: &str| match command {
        "/ethdev/list" => r#"{"/ethdev/list":["0"]}"#.to_owned(),
        _ => format!(r#"{{"{}":null}}"#, command.split(',').next().unwrap()),
    };
    run_with(one, "").ends(1).says("net_virtio_user_net2 (interface net2) is missing");
}

#[test]
fn a_malformed_answer_is_an_error() {
    let list = |answer: &'static str| run_with(move |_| answer.to_owned(), "--timeout 2s").ends(1);
    list("close").says("dpdk_telemetry.v2: closed the connection");
    for (answer, text) in [
        ("not JSON \u{1b}[31m", "expected a JSON object, found \"not JSON"),
        (r#"{"/ethdev/info":{}}"#, "another command"),
        (r#"{"/ethdev/list":null}"#, "expected a list of port numbers"),
        (r#"{"/ethdev/list":[-1]}"#, "expected a list of port numbers"),
        (r#"{"/ethdev/list":[4294967296]}"#, "expected a list of port numbers"),
        (r#"{"/ethdev/list":{"0":1}}"#, "expected a list of port numbers"),
        ("silence", "no answer in time"),
    ] {
        let run = list(answer);
        assert!(!run.err.contains('\u{1b}') && run.out.is_empty(), "{run:?}");
        run.says(text);
    }
    let many = format!(r#"{{"/ethdev/list":{:?}}}"#, Vec::from_iter(0..1025));
    let huge = run_with(move |_| many.clone(), "").ends(1);
    huge.says("an answer of more than 2048 bytes");
    let deep = |_: &str| format!(r#"{{"/ethdev/list":{}"#, "[".repeat(2000));
    run_with(deep, "").ends(1).says("expected a JSON object");
    let hostile = run_with(ports(&["net_virtio_user_net1", "x\\u001b[31m\\n"]), "").ends(1);
    assert!(!hostile.out.contains('\u{1b}') && !hostile.err.contains('\u{1b}'), "{hostile:?}");
    // Whatever a port's numbers are, the others are shown.
    let odd = |command: &str| match command {
        "/ethdev/stats,1" => {
            r#"{"/ethdev/stats":{"ipackets":-1,"opackets":[],"ierrors":{}}}"#.to_owned()
        }
        "/ethdev/link_status,1" => r#"{"/ethdev/link_status":7}"#.to_owned(),
        _ => ports(&BOTH)(command),
    };
    run_with(odd, "")
        .ends(0)
        .shows("1     net_virtio_user_net2  net2       ran/net2-net  -     -    -   -        -\n");
}

#[test]
fn what_greets_otherwise_is_no_dpdk() {
    for (greeting, text) in [
        ("hello", "expected a JSON object"),
        ("{}", "no DPDK: its greeting has no version"),
        ("silence", "no answer in time"),
    ] {
        let lab = Lab::new();
        serve(&lab.socket("p"), greeting, |_| "{}".to_owned());
        lab.run("--timeout 500ms").ends(1).says(text).says("no DPDK application");
    }
}

#[test]
fn without_an_application_says_what_to_do() {
    let lab = Lab::new();
    lab.run("").ends(1).says("no DPDK application with the file prefix p ").says("--no-telemetry");
    drop(listen(&lab.socket("p")));
    serve(&lab.socket("other"), GREETING, ports(&BOTH));
    lab.run("").ends(1).says("(there is: other)");
    run(lab
        .pod
        .command("ports --no-huge --file-prefix other")
        .env("RUNTIME_DIRECTORY", lab.runtime.path()))
    .ends(0);
    // The default is the plan's own, and what the plan refuses is refused here.
    lab.pod.run("ports --no-huge").ends(1).says("with the file prefix podnet");
    lab.run("--network net9").ends(1).says("net9");
    lab.run("--timeout 0").ends(1);
    lab.pod.run("ports --no-huge --file-prefix ../p").ends(2);
}

#[test]
fn of_several_instances_one_is_to_be_chosen() {
    let lab = Lab::new();
    let first = lab.socket("p");
    let second = first.with_file_name("dpdk_telemetry.v2:1");
    serve(&first, GREETING, ports(&BOTH));
    serve(&second, &GREETING.replace('7', "8"), ports(&BOTH[..1]));
    fs::write(first.with_file_name("dpdk_telemetry.v2:x"), "").unwrap();
    let run = lab.run("").ends(2);
    run.says("v2 of process 7").says("v2:1 of process 8").says("--instance");
    assert_eq!(lab.run("--instance 0 --json").ends(0).json()["pid"], 7);
    assert_eq!(lab.run("--instance 1 --json").ends(1).json()["pid"], 8);
    lab.run("--instance 2").ends(1).says("no DPDK application");
}

#[test]
fn a_stale_socket_beside_a_live_one_is_passed_over() {
    let lab = Lab::new();
    drop(listen(&lab.socket("p")));
    let live = lab.socket("p").with_file_name("dpdk_telemetry.v2:1");
    serve(&live, GREETING, ports(&BOTH));
    assert!(lab.run("--json").ends(0).json()["socket"].as_str().unwrap().ends_with("v2:1"));
}

#[test]
fn a_long_path_fits_through_its_directory() {
    let lab = Lab::new();
    let deep = lab.runtime.path().join("d".repeat(90));
    let short = lab.runtime.path().join("s");
    fs::create_dir(&deep).unwrap();
    std::os::unix::fs::symlink(&deep, &short).unwrap();
    serve(&short.join("dpdk/p/dpdk_telemetry.v2"), GREETING, ports(&BOTH));
    run(lab.pod.command("ports --no-huge --file-prefix p").env("RUNTIME_DIRECTORY", &deep)).ends(0);
}

#[test]
fn a_directory_that_cannot_be_read_is_named() {
    let lab = Lab::new();
    serve(&lab.socket("p"), GREETING, ports(&BOTH));
    let directory = lab.socket("p").parent().unwrap().to_owned();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o0)).unwrap();
    let readable = fs::read_dir(&directory).is_ok();
    let run = lab.run("--timeout 20s");
    match readable {
        // Root.
        true => drop(run.ends(0)),
        false => drop(run.ends(1).says("permission denied")),
    }
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A slow application is no dead one.
#[test]
fn waits_as_long_as_asked() {
    let slow = |command: &str| {
        std::thread::sleep(Duration::from_millis(30));
        ports(&BOTH)(command)
    };
    run_with(slow, "--timeout 30s").ends(0);
    let slower = |command: &str| {
        std::thread::sleep(Duration::from_millis(200));
        ports(&BOTH)(command)
    };
    run_with(slower, "--timeout 500ms").ends(1).says("no answer in time");
}
