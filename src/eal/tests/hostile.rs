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

fn l3fwd(snapshot: Snapshot) -> Result<EalArgs> {
    EalArgs::builder(&snapshot).app(App::L3fwd).build()
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
        for memory in [0, 1, u64::MAX] {
            let args = EalArgs::builder(&snapshot).app(app).memory(memory).build().unwrap();
            assert_eq!(args.ports.len(), 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn no_fact_adds_an_argument_or_a_key(
        name in fact(), network in fact(), mac in prop::option::of(fact()), path in fact(),
        host in fact(), container in fact(), uid in fact(),
    ) {
        let kinds: [fn(&str, &str) -> Interface; 3] = [
            |name, path| vhost(name, VhostMode::Server, path),
            vdpa,
            |name, path| memif(name, MemifRole::Master, path),
        ];
        for make in kinds {
            let harmless = l3fwd(pod(vec![with_mac(make("net1", "/a"), "02:11:22:33:44:55")]));
            let harmless = harmless.unwrap();
            let interface =
                Interface { mac: mac.clone(), network: network.clone(), ..make(&name, &path) };
            let mut snapshot = pod(vec![interface]);
            snapshot.container = Some(container.clone());
            snapshot.pod.uid = Some(uid.clone()).filter(|uid| !uid.is_empty());
            let Ok(args) = EalArgs::builder(&snapshot).app(App::L3fwd).host_name(&host).build()
            else {
                continue;
            };
            let has_mac = args.ports[0].devarg.contains("mac=");
            let mut expected = keys(&harmless.ports[0].devarg);
            expected.retain(|key| has_mac || *key != "mac");
            prop_assert_eq!(keys(&args.ports[0].devarg), expected);
            prop_assert_eq!(args.eal.len(), harmless.eal.len());
            prop_assert_eq!(&args.app, &harmless.app);
            prop_assert!(args.eal.iter().all(|word| !word.contains(char::is_control)));
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
