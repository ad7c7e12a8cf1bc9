//! `eal`: the same arguments in every form.

use std::path::Path;
use std::process::Command;

use crate::support::{Pod, pci, pod, podnet, run, status, vhost_client};

fn two_sockets() -> Pod {
    let one = vhost_client("net1", Path::new("/run/it's/net 1.sock"));
    let two = vhost_client("net2", Path::new("/run/vhost/net2.sock"));
    pod(&status(&[one, two]))
}

fn words(json: &serde_json::Value) -> Vec<&str> {
    json.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn a_shell_reads_back_the_same_arguments() {
    let pod = two_sockets();
    let own = "-- --log-level * -- $HOME `x` ; # \" \\";
    let args = "eal --app l3fwd --no-huge --dpdk 25.11";
    let json = pod.run(&format!("{args} --json {own}")).ends(0).json();
    let argv = words(&json["argv"]);
    assert!(argv.iter().any(|word| word.contains("path=/run/it's/net 1.sock")), "{argv:?}");
    assert!(argv.ends_with(&["$HOME", "`x`", ";", "#", "\"", "\\"]), "{argv:?}");

    let line = pod.run(&format!("{args} {own}")).ends(0).out;
    assert_eq!(line.lines().count(), 1);
    let script = format!("printf '%s\\0' {line}");
    let shell = Command::new("sh").arg("-c").arg(script).output().unwrap();
    let null = pod.run(&format!("{args} -0 {own}")).ends(0).out;
    assert_eq!(String::from_utf8(shell.stdout).unwrap(), null);
    assert_eq!(null.strip_suffix('\0').unwrap().split('\0').collect::<Vec<_>>(), argv);
}

#[test]
fn json_has_ports_lcores_and_warnings() {
    let json = two_sockets().run("eal --app l3fwd --no-huge --dpdk 22.11 --json").ends(0).json();
    let mut keys: Vec<_> = json.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["app", "argv", "eal", "lcores", "ports", "routes", "warnings"]);
    assert_eq!(json["ports"][1]["id"], 1);
    assert_eq!(json["ports"][1]["interface"], "net2");
    assert_eq!(json["ports"][1]["network"], "ran/net2-net");
    assert_eq!(
        json["ports"][1]["device"],
        serde_json::json!({"type": "vhost-user", "path": "/run/vhost/net2.sock", "server": false})
    );
    assert_eq!(json["lcores"].as_array().unwrap().len(), 1);
    let codes = words_of(&json["warnings"], "code");
    assert!(codes.contains(&"application"), "{codes:?}");
    assert_eq!(
        words(&json["argv"]).len(),
        words(&json["eal"]).len() + words(&json["app"]).len() + 1
    );
}

fn words_of<'a>(list: &'a serde_json::Value, key: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|one| one[key].as_str().unwrap()).collect()
}

#[test]
fn options_reach_the_builder() {
    let pod = two_sockets();
    let out = |args: &str| pod.run(&format!("eal --no-huge {args}")).ends(0).out;
    assert!(!out("--network net2").contains("net1"));
    assert!(!out("--network ran/net2-net,eth0").contains("net1"));
    assert!(out("--memory 64M").contains("-m 64 "));
    assert!(out("--memory 1Gi").contains("-m 1024 "));
    assert!(out("--file-prefix mine").contains("--file-prefix mine "));
    pod.run("eal --iova-mode pa").ends(0).shows("--iova-mode=pa");
    pod.run("eal --no-huge --iova-mode pa").ends(2).says("leave --no-huge out");
    pod.run("eal --secondary").ends(0).shows("--proc-type=secondary");
    assert!(out("--queues 3").contains("queues=3"));
    assert!(out("-- {eal} -- {nports} {net1.mac}").ends_with("-- 2 02:00:00:00:01:01\n"));
}

#[test]
fn kernel_netdevs_are_ports_when_asked_for() {
    let pod = pod(&status(&[r#"{"name":"ran/macvlan","interface":"net1"}"#.to_owned()]));
    let eal = |more: &str| pod.run(&format!("eal --no-huge {more}")).ends(0);
    eal("").says("--netdevs makes a port of it");
    assert!(eal("--netdevs tap").out.contains(" net_tap_net1,iface=dpdk-net1,remote=net1 "));
    for (flags, port) in [("0x1001", "dpdk-net1,remote=net1"), ("0x1102", "net1"), ("x", "dpdk-")] {
        pod.file("sys/class/net/net1/tun_flags", format!("{flags}\n"));
        eal("--netdevs tap").shows(&format!(" net_tap_net1,iface={port}"));
    }
    assert!(eal("--netdevs af-xdp").out.contains(" net_af_xdp_net1,iface=net1,queue_count=1 "));
    pod.run("eal --netdevs yes").ends(2);
}

/// DPDK counts combined channels, of which a veth has none however many queues it has.
#[test]
fn af_xdp_takes_one_queue_of_a_virtual_netdev() {
    let pod = pod(&status(&[r#"{"name":"ran/veth","interface":"net1"}"#.to_owned()]));
    for queue in ["rx-0", "rx-1", "tx-0", "tx-1"] {
        pod.file(&format!("sys/devices/virtual/net/net1/queues/{queue}/rps_cpus"), "0\n");
    }
    std::fs::create_dir_all(pod.path().join("sys/class/net")).unwrap();
    let link = pod.path().join("sys/class/net/net1");
    std::os::unix::fs::symlink("../../devices/virtual/net/net1", link).unwrap();
    let eal = |queues| pod.run(&format!("eal --no-huge --netdevs af-xdp --queues {queues}"));
    eal(1).ends(0).shows("queue_count=1");
    eal(2).ends(1).says("2 queues: net1 has 1 receive queues");
}

#[test]
fn next_hops_and_routes_are_by_network() {
    let pod = two_sockets();
    let directory = tempfile::tempdir().unwrap();
    let routes = directory.path().join("routes");
    let args = format!("eal --no-huge --app l3fwd --dpdk 25.11 --routes {}", routes.display());
    let hop = "--eth-dest net2=02:00:00:00:00:0b --eth-dest ran/net1-net=02:00:00:00:00:0a";
    let json = pod.run(&format!("{args} {hop} --json")).ends(0).json();
    let app = words(&json["app"]);
    assert!(app.contains(&"--eth-dest=1,02:00:00:00:00:0b"), "{app:?}");
    assert!(app.contains(&"--eth-dest=0,02:00:00:00:00:0a"), "{app:?}");
    for (family, network) in [("ipv4", "R198.18."), ("ipv6", "R2001:200:")] {
        let path = format!("{}.{family}", routes.display());
        assert!(app.contains(&format!("--rule_{family}={path}").as_str()), "{app:?}");
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(json["routes"][family]["text"], text);
        assert!(text.starts_with(network), "{text}");
    }
    pod.run(&format!("{args}/no/file")).ends(1).says("the routes are written there");
    pod.run("eal --no-huge --app l3fwd --eth-dest net2").ends(2).says("NET=MAC");
    pod.run("eal --no-huge --app l3fwd --eth-dest net2=x").ends(2).says("02:11:22:33:44:55");
    pod.run("eal --no-huge --app l3fwd --eth-dest eth0=02:00:00:00:00:01").ends(1).says("no port");
}

#[test]
fn the_vf_token_of_the_device_plugin_is_passed_on() {
    const TOKEN: &str = "02bddbbf-bbb0-4d79-886b-91bad3fbb510";
    let pod_of = |tokens: [&str; 2]| {
        let pod = pod(&status(&[pci("net1", "0000:3b:02.1"), pci("net2", "0000:3b:02.2")]));
        let info = |function: u32| {
            let token = tokens[function as usize - 1];
            format!(r#""0000:3b:02.{function}":{{"extra":{{"VFIO_TOKEN":"{token}"}}}}"#)
        };
        let list = "PCIDEVICE_INTEL_COM_VF=0000:3b:02.1,0000:3b:02.2";
        let variable = format!("PCIDEVICE_INTEL_COM_VF_INFO={{{},{}}}", info(1), info(2));
        pod.file("proc/self/environ", format!("{list}\0{variable}\0"));
        pod
    };
    let run = pod_of([TOKEN, TOKEN]).run("eal --no-huge --verbose").ends(0);
    run.shows(&format!("--vfio-vf-token {TOKEN} ")).says("from VFIO_TOKEN in PCIDEVICE_*_INFO");
    let other = TOKEN.replace('0', "1");
    pod_of([TOKEN, &other]).run("eal --no-huge").ends(1).says("VF token of 0000:3b:02.2: not that");
    pod_of([TOKEN, &other]).run("eal --no-huge --network net2").ends(0).shows(&other);
    for hostile in ["x --no-huge", "", "02bddbbf-bbb0-4d79-886b-91bad3fbb51,"] {
        let run = pod_of([hostile, TOKEN]).run("eal --no-huge").ends(1);
        run.says("VF token of 0000:3b:02.1: VFIO_TOKEN in PCIDEVICE_*_INFO: expected a UUID");
    }
    assert!(!two_sockets().run("eal --no-huge").out.contains("token"));
}

#[test]
fn a_program_that_adds_ports_itself_gets_their_devargs() {
    let sockets = [("net1", "/run/a.sock"), ("net2", "/run/b c.sock")];
    let sockets = sockets.map(|(name, path)| vhost_client(name, Path::new(path)));
    let pod = pod(&status(&sockets));
    let out = pod.run("eal --no-huge --devargs").ends(0).out;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    assert!(lines[0].starts_with("net1 net_virtio_user_net1,path=/run/a.sock,"), "{out}");
    assert!(lines[1].starts_with("net2 net_virtio_user_net2,path=/run/b c.sock,"), "{out}");
    assert_eq!(pod.run("eal --no-huge --devargs --network net2").ends(0).out.lines().count(), 1);
    pod.run("eal --devargs --json").ends(2);
}

#[test]
fn verbose_says_why() {
    let run = two_sockets().run("eal --no-huge --dpdk 25.11 --verbose").ends(0);
    run.says("podnet: DPDK 25.11: from --dpdk\n").says("podnet: --no-pci: ");
}

#[test]
fn wrong_usage_is_2_and_what_cannot_be_is_1() {
    let pod = two_sockets();
    for args in
        ["--app vpp", "--dpdk new", "--memory 1T", "--queues x", "--smt no", "--json -0", "x"]
    {
        pod.run(&format!("eal {args}")).ends(2);
    }
    for args in ["--dpdk 18.11", "--queues 0", "--app l3fwd --workers 0", "--file-prefix ../x"] {
        pod.run(&format!("eal --no-huge {args}")).ends(2);
    }
    pod.run("eal --no-huge -- {nope}").ends(2).says("{nope}");
    pod.run("eal --no-huge --force --dry-run --wait-sockets 1s").ends(0);
    pod.run("eal --network net9").ends(1).says("net9");
    pod.run("eal --no-huge -- {net1.colour}").ends(2).says("net1.colour");
    pod.run("eal --no-huge -- {net1.vdpa}").ends(1).says("net1.vdpa");
    pod.run("eal --no-huge -- x{eal}").ends(2).says("{eal}: expected to be a word of its own");
}

#[test]
fn hostile_names_make_no_argument() {
    let hostile = pci("net1", "0000:3b:02.1").replace("0000:3b:02.1", "0000:3b:02.1,x=y");
    let run = pod(&status(&[hostile])).run("eal --no-huge");
    assert!(!run.out.contains("x=y"), "{run:#?}");
    let socket = vhost_client("net1", Path::new("/run/s,server=1"));
    pod(&status(&[socket])).run("eal --no-huge").ends(1).says("/run/s,server=1");
}

#[test]
fn an_af_xdp_port_has_no_more_queues_than_its_netdev() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/roots/af-xdp/root");
    let eal = |queues| {
        let words = ["--root", root, "eal", "--json", "--dpdk", "25.11", "--queues", queues];
        run(podnet().args(words))
    };
    let made = eal("2").ends(0).json();
    assert!(made["ports"][0]["devarg"].as_str().unwrap().contains(",queue_count=2,"), "{made}");
    assert_eq!(made["ports"][0]["numaNode"], 1);
    let codes = made["warnings"].as_array().unwrap().iter().map(|one| one["code"].as_str());
    assert!(codes.flatten().all(|code| code != "application"), "{made}");
    eal("3").ends(1).says("3 queues: ens801f0 has 2 receive queues");
}
