//! A pod's data is hostile input.

use proptest::prelude::*;

use super::*;

/// What a fact may hold: ordinary text, and everything that means something to DPDK or a shell.
fn fact() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9/_.:-]{0,20}",
        "net[0-9]{1,2}",
        "/run/[a-z0-9 ._%@-]{1,20}",
        "02:11:22:33:44:[0-9a-f]{2}",
        "\\PC{0,20}",
        "[,=\\[\\]\\x00\n\r\t -]{0,6}",
        "(/run/|net|@|--|-a|02:11:22:33:44:5)[a-z0-9,=\\[\n -]{0,12}",
    ]
}

/// The keys of a device argument, as DPDK splits it.
fn keys(devarg: &str) -> Vec<&str> {
    devarg.split(',').skip(1).map(|pair| pair.split('=').next().unwrap_or_default()).collect()
}

fn refuses(interface: Interface, place: &str) {
    let error = EalArgs::builder(&pod(vec![interface])).build().unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains(place), "{error}");
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
}

#[test]
fn names_that_are_no_single_word_are_refused() {
    let path = "/run/net1.sock";
    let long = "a".repeat(400);
    let longer = format!("{long},queues=9");
    for name in ["net1,queues=9", "a=b", "a b", "-net1", "--vdev", "a\nb", "a\0b", "", "é", &longer]
    {
        refuses(vhost(name, VhostMode::Client, path), "interface name");
        refuses(vf(name, "0000:3b:02.1"), "interface name");
    }
}

#[test]
fn paths_that_are_more_than_a_path_are_refused() {
    for path in
        ["/run/a,server=1", "/run/a\n", "/run/a\0b", "/run/a=b", "/run/[a", "run/a", "", "-a"]
    {
        refuses(vhost("net1", VhostMode::Client, path), "path");
        refuses(memif("net1", MemifRole::Slave, path), "path");
        refuses(vdpa("net1", path), "path");
    }
    for name in ["@a,id=1", "@", "@a\n"] {
        refuses(memif("net1", MemifRole::Slave, name), "socket name");
    }
}

#[test]
fn mac_addresses_are_mac_addresses() {
    for mac in [
        "02:11:22:33:44",
        "02:11:22:33:44:55,queues=9",
        "01:11:22:33:44:55",
        "x",
        "+2:11:22:33:44:55",
        "02:11:22:33:44:55:66",
    ] {
        refuses(with_mac(vhost("net1", VhostMode::Client, "/run/a"), mac), "MAC address");
    }
    let zero = with_mac(vhost("net1", VhostMode::Client, "/run/a"), "00:00:00:00:00:00");
    assert!(!build(&pod(vec![zero])).ports[0].devarg.contains("mac="));
}

#[test]
fn a_socket_s_path_fits_into_its_address() {
    let path = |length: usize| format!("/{}", "s".repeat(length - 1));
    build(&pod(vec![vhost("net1", VhostMode::Client, &path(107))]));
    refuses(vhost("net1", VhostMode::Client, &path(108)), "108 bytes long");
    refuses(memif("net1", MemifRole::Slave, &path(108)), "108 bytes long");
    build(&pod(vec![vdpa("net1", &path(108))]));
}

#[test]
fn names_are_short_and_unique() {
    let long = "n".repeat(80);
    let other = format!("{long}x");
    let snapshot = pod(vec![
        vhost(&long, VhostMode::Client, "/run/a"),
        vhost(&other, VhostMode::Client, "/run/b"),
        Interface { name: None, ..vhost("", VhostMode::Client, "/run/c") },
    ]);
    let names: Vec<String> = build(&snapshot).ports.into_iter().map(|port| port.name).collect();
    assert!(names.iter().all(|name| name.len() <= 63), "{names:?}");
    assert_ne!(names[0], names[1]);
    assert_eq!(names[2], "net_virtio_user_port2");
}

#[test]
fn absurd_numbers_do_no_harm() {
    let mut snapshot = pod(vec![vf("net1", "0000:3b:02.1")]);
    snapshot.interfaces[0].hardware.as_mut().unwrap().numa_node = Some(u32::MAX);
    snapshot.cpus.as_mut().unwrap().memory_nodes = Some(set("0,65535"));
    let sizes = [0, 1, 3, 1 << 21, 1 << 63, u64::MAX];
    let pools = [(0, u64::MAX, u64::MAX), (7, 1, 0)];
    let pages =
        sizes.map(|size| PageSize { used: Some(u64::MAX), ..page(size, Some(u64::MAX), &pools) });
    snapshot.hugepages = hugepages(pages.to_vec());
    for app in [App::None, App::L3fwd, App::Testpmd] {
        for memory in [1 << 20, u64::MAX] {
            let args = EalArgs::builder(&snapshot).app(app).memory(memory).build().unwrap();
            assert_eq!(args.ports.len(), 1);
        }
    }
}

/// The texts that a pod's data and its user give, where nobody means harm.
const HARMLESS: [&str; 13] = [
    "net1",
    "/run/a",
    "ens1",
    "default/a",
    "02:11:22:33:44:55",
    "192.0.2.5/24",
    "du-0",
    "dpdk",
    "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "02bddbbf-bbb0-4d79-886b-91bad3fbb510",
    "02:00:00:00:00:0a",
    "/rules",
    "mine",
];

type Facts = [String; HARMLESS.len()];

/// What may end a value, or begin another, behind what would be taken.
const ENDS: [&str; 10] = [",a", ",queues=9", "=a", "[a", "]", " a", " --a", "\n-a", "\0", "\u{85}"];

/// Those, a few of them spoilt: of many at once one would be refused, and hide the others.
fn facts() -> impl Strategy<Value = Facts> {
    let end = prop::option::of(prop::sample::select(&ENDS[..]));
    prop::collection::vec((0..HARMLESS.len(), fact(), end), 1..4).prop_map(|changes| {
        let mut facts = HARMLESS.map(str::to_owned);
        for (which, fact, end) in changes {
            facts[which] = end.map_or(fact, |end| format!("{}{end}", HARMLESS[which]));
        }
        facts
    })
}

fn af_xdp(name: &str, netdev: &str, socket: Option<&str>, map: Option<&str>) -> Snapshot {
    let [socket, map] = [socket, map].map(|path| path.map(str::to_owned));
    let device = AfXdpDevice { netdev: netdev.into(), socket, map };
    pod(vec![with_device(name, Kind::AfXdp, DeviceDetail::AfXdp(device))])
}

fn subfunction(name: &str) -> Snapshot {
    let device = UnmatchedDevice {
        kind: UnmatchedKind::Subfunction,
        address: format!("mlx5_core.sf.{name}"),
        own: Some(true),
        source: "PCIDEVICE_A".into(),
        hardware: None,
    };
    Snapshot { unmatched_devices: vec![device], ..pod(Vec::new()) }
}

/// A pod with one port of each kind: of a name, a path and a netdev.
const PODS: [fn(&str, &str, &str) -> Snapshot; 10] = [
    |name, _, _| pod(vec![vf(name, "0000:3b:02.1")]),
    |name, path, _| pod(vec![vhost(name, VhostMode::Server, path)]),
    |name, path, _| pod(vec![vhost(name, VhostMode::Client, path)]),
    |name, path, _| pod(vec![vdpa(name, path)]),
    |name, path, _| pod(vec![memif(name, MemifRole::Master, path)]),
    |name, _, netdev| af_xdp(name, netdev, None, None),
    |name, path, netdev| af_xdp(name, netdev, Some(path), None),
    |name, path, netdev| af_xdp(name, netdev, None, Some(path)),
    |name, _, _| pod(vec![interface(name, Kind::Host)]),
    |_, _, netdev| subfunction(netdev),
];

/// The arguments for the one port of a pod, with every option that takes a text.
fn arguments(facts: &Facts, make: usize, how: Netdevs, is_tap: bool) -> Result<EalArgs> {
    let [name, path, netdev, network, mac, ip, host, container, uid, token, hop, rules, prefix] =
        facts;
    let mut snapshot = PODS[make](name, path, netdev);
    for interface in &mut snapshot.interfaces {
        interface.network = network.clone();
        interface.mac = Some(mac.clone());
        interface.ips = vec![ip.clone()];
    }
    snapshot.container = Some(container.clone());
    snapshot.pod.uid = Some(uid.clone()).filter(|uid| !uid.is_empty());
    let mut builder = EalArgs::builder(&snapshot)
        .app(App::L3fwd)
        .facts(EalFacts {
            host_name: Some(host.clone()),
            vf_tokens: vec![("0000:3b:02.1".parse().unwrap(), token.clone())],
            taps: is_tap.then(|| name.clone()).into_iter().collect(),
            ..EalFacts::default()
        })
        .netdevs(how)
        .routes(format!("{rules}.ipv4"), format!("{rules}.ipv6"));
    if !snapshot.interfaces.is_empty() {
        builder = builder.next_hop(name, hop);
    }
    if prefix != "mine" {
        builder = builder.file_prefix(prefix);
    }
    builder.build()
}

/// The words but for their values: an option and its name, or that a word is none.
fn shape(words: &[String]) -> Vec<&str> {
    words
        .iter()
        .map(
            |word| {
                if word.starts_with('-') { word.split('=').next().unwrap_or_default() } else { "" }
            },
        )
        .collect()
}

/// The lines of a rule file are a network and a port.
fn is_rule(line: &str) -> bool {
    let parts = line.strip_prefix('R').and_then(|rest| rest.split_once(' '));
    parts.is_some_and(|(network, port)| {
        let prefix = network.split_once('/').map(|(address, bits)| (address.parse(), bits.parse()));
        matches!(prefix, Some((Ok::<std::net::IpAddr, _>(_), Ok::<u8, _>(_)))) && port == "0"
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]
    #[test]
    fn no_fact_adds_an_argument_or_a_key(
        facts in facts(), make in 0..PODS.len(),
        (how, is_tap) in (prop::sample::select(vec![Netdevs::AfXdp, Netdevs::Tap]), any::<bool>()),
    ) {
        let harmless = arguments(&HARMLESS.map(str::to_owned), make, how, is_tap).unwrap();
        if let Ok(args) = arguments(&facts, make, how, is_tap) {
            prop_assert_eq!(shape(&args.eal), shape(&harmless.eal));
            prop_assert_eq!(shape(&args.app), shape(&harmless.app));
            let has_mac = args.ports[0].devarg.contains("mac=");
            let mut expected = keys(&harmless.ports[0].devarg);
            expected.retain(|key| has_mac || *key != "mac");
            prop_assert_eq!(keys(&args.ports[0].devarg), expected);
            let one_value = |pair: &str| pair.matches(['=', '[', ']']).count() == 1;
            prop_assert!(args.ports[0].devarg.split(',').skip(1).all(one_value));
            let words = args.eal.iter().chain(&args.app);
            prop_assert!(words.clone().all(|word| !word.contains(char::is_control)));
            let hops = words.filter_map(|word| word.strip_prefix("--eth-dest="));
            prop_assert!(hops.into_iter().all(|hop| hop.split(',').count() == 2));
            let routes = args.routes.unwrap();
            prop_assert!(routes.ipv4.text.lines().chain(routes.ipv6.text.lines()).all(is_rule));
        }
    }

    #[test]
    fn nothing_panics_whatever_the_user_gives(
        words in prop::collection::vec("\\PC{0,8}|-{1,2}[a-zA-Z=]{0,6}|[{}.a-z0-9]{0,12}", 0..8)
    ) {
        let snapshot = pod(vec![vf("net1", "0000:3b:02.1")]);
        let args = EalArgs::builder(&snapshot).app(App::L3fwd).build().unwrap();
        let argv = args.argv("l3fwd", &words);
        prop_assert_eq!(&argv[0], "l3fwd");
        for word in &words {
            prop_assert!(word == "--" || argv.contains(word));
        }
        if let Ok(line) = args.command_line(&snapshot, "l3fwd", &words) {
            prop_assert_eq!(&line[0], "l3fwd");
        }
    }
}
