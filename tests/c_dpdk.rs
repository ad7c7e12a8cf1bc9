//! The C example starts the installed DPDK with the arguments that podnet makes.
#![cfg(feature = "capi")]
#![allow(clippy::unwrap_used)] // A test is to panic.

mod c_support;
mod tree;

use std::path::Path;
use std::process::Command;

use c_support::{Library, annotations, crate_dir, said, succeed};

/// Two memif interfaces as clients: their ports come up without a peer, with the link down. The
/// directory of their sockets must exist, though.
fn status(sockets: &Path) -> String {
    let interface = |name: &str, interface: &str| {
        format!(
            r#"{{"name": "d/{name}", "interface": "{interface}", "device-info":
                {{"type": "memif", "version": "1.1.0", "memif": {{"role": "slave",
                  "mode": "ethernet", "path": "{}/{name}.sock"}}}}}}"#,
            sockets.display()
        )
    };
    format!(
        r#"[{{"name": "cbr0", "interface": "eth0", "ips": ["10.0.0.2"], "default": true}},
            {}, {}]"#,
        interface("east", "net1"),
        interface("west", "net2")
    )
}

#[test]
fn the_example_brings_up_two_memif_ports() {
    let dpdk = Command::new("pkg-config").args(["--exists", "libdpdk"]).status();
    let there = dpdk.is_ok_and(|status| status.success());
    assert!(there, "no libdpdk: install the Debian packages libdpdk-dev and pkg-config");

    let library = Library::new();
    let directory = tempfile::tempdir().unwrap();
    let include = crate_dir().join("include");
    let libraries = library.directory().display();
    let program = directory.path().join("l3fwd_args");
    succeed(
        Command::new("make")
            .arg("-C")
            .arg(crate_dir().join("examples/c"))
            .arg(format!("OUT={}", directory.path().display()))
            .arg(format!("PODNET_CFLAGS=-I{}", include.display()))
            .arg(format!("PODNET_LIBS=-L{libraries} -Wl,-rpath,{libraries} -lpodnet"))
            .arg(&program),
    );

    let affinity = std::fs::read_to_string("/proc/self/status").unwrap();
    let root = tree::root(&[
        ("etc/podnetinfo/annotations", &annotations(&status(directory.path()))),
        // EAL can only run on CPUs of this machine.
        ("proc/self/status", &affinity),
        ("etc/hostname", &format!("podnet-test-{}\n", std::process::id())),
    ]);
    let output = succeed(
        Command::new(&program)
            .arg("--no-huge")
            .env("PODNET_ROOT", root.path())
            // DPDK's files go where the test may write, and go away with it.
            .env("XDG_RUNTIME_DIR", directory.path())
            .env("RUNTIME_DIRECTORY", directory.path()),
    );
    let printed = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = printed.lines().collect();
    let planned = |id: usize, interface: &str| {
        let line = format!("planned port {id}: ");
        let line = lines.iter().find_map(|found| found.strip_prefix(&line)).unwrap_or_default();
        let (name, on) = line.split_once(" on ").unwrap_or_default();
        assert_eq!(on, interface, "{}", said(&output));
        name.to_owned()
    };
    let (east, west) = (planned(0, "net1"), planned(1, "net2"));
    assert!(east.starts_with("net_memif") && west.starts_with("net_memif") && east != west);
    let ports = [format!("port 0: {east}"), format!("port 1: {west}")];
    let found = ["2 ports", "net1 is port 0", "net2 is port 1"];
    for line in ports.iter().map(String::as_str).chain(found) {
        assert!(lines.contains(&line), "no {line}: {}", said(&output));
    }
}
