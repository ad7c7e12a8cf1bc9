//! Whole vectors, one line each in `golden.txt`: pod, application, release, command line.

use super::*;

const GOLDEN: &str = include_str!("golden.txt");

fn pods() -> Vec<(&'static str, Snapshot)> {
    let ports = |first, second| vec![eth0(), first, second];
    let software = |first, second| Snapshot {
        hugepages: hugepages(vec![page(2 << 20, Some(1 << 30), &[(0, 1024, 1024)])]),
        ..pod(ports(first, second))
    };
    let (mac1, mac2) = ("02:00:00:00:01:01", "02:00:00:00:02:02");
    let vhost_pair = |mode| {
        software(
            with_mac(vhost("net1", mode, "/run/vhost/net1.sock"), mac1),
            with_mac(vhost("net2", mode, "/run/vhost/net2.sock"), mac2),
        )
    };
    vec![
        ("sr-iov", pod(ports(vf("net1", "0000:3b:02.6"), vf("net2", "0000:3b:02.1")))),
        ("vhost-client", vhost_pair(VhostMode::Client)),
        ("vhost-server", vhost_pair(VhostMode::Server)),
        (
            "memif",
            software(
                with_mac(memif("net1", MemifRole::Slave, "/run/memif/net1.sock"), mac1),
                with_mac(memif("net2", MemifRole::Master, "/run/memif/net2.sock"), mac2),
            ),
        ),
        (
            "vdpa",
            software(
                with_mac(vdpa("net1", "/dev/vhost-vdpa-0"), mac1),
                vdpa("net2", "/dev/vhost-vdpa-1"),
            ),
        ),
    ]
}

fn line(name: &str, snapshot: &Snapshot, app: App, release: &str) -> String {
    let builder = EalArgs::builder(snapshot).app(app).dpdk(release.parse().unwrap());
    let argv = builder.build().unwrap().argv("app", &[]);
    let words: Vec<_> = argv.iter().map(|word| shell_quote(word)).collect();
    format!("{name} {app} {release}: {}", words.join(" "))
}

#[test]
fn vectors_are_as_they_were_reviewed() {
    let mut lines = Vec::new();
    for (name, snapshot) in pods() {
        for app in [App::None, App::L3fwd, App::L2fwd, App::Testpmd] {
            lines.extend(
                ["22.11", "25.11", "26.07"].map(|release| line(name, &snapshot, app, release)),
            );
        }
    }
    let reviewed: Vec<&str> = GOLDEN.lines().collect();
    for (made, reviewed) in lines.iter().zip(&reviewed) {
        assert_eq!(made, reviewed);
    }
    assert_eq!(lines.len(), reviewed.len(), "the whole of it:\n{}", lines.join("\n"));
}
