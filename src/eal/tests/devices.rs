//! Which devices become ports.

use super::*;

#[test]
fn ports_are_pci_by_address_and_then_the_rest_in_the_pod_s_order() {
    let snapshot = pod(vec![
        eth0(),
        memif("net1", MemifRole::Slave, "/run/memif.sock"),
        vf("net2", "0000:81:00.2"),
        vhost("net3", VhostMode::Client, "/run/net3.sock"),
        vf("net4", "0000:09:00.1"),
    ]);
    let args = build(&snapshot);
    let order: Vec<_> = args.ports.iter().map(|port| port.interface.as_deref().unwrap()).collect();
    assert_eq!(order, ["net4", "net2", "net1", "net3"]);
    let names: Vec<_> = args.ports.iter().map(|port| port.name.as_str()).collect();
    assert_eq!(names, ["0000:09:00.1", "0000:81:00.2", "net_memif_net1", "net_virtio_user_net3"]);
    assert_eq!(args.ports[3].id, 3);
    assert!(!has(&args.eal, "--no-pci"));
    assert_eq!(codes(&args), []);
}

#[test]
fn what_dpdk_cannot_take_is_skipped_with_its_reason() {
    let absent = Interface { hardware: None, ..vf("net1", "0000:3b:02.1") };
    let kernel = Interface { hardware: Some(bound("iavf")), ..vf("net2", "0000:3b:02.2") };
    let other = Interface { own: Some(false), ..vf("net3", "0000:3b:02.3") };
    let mut mellanox = vf("net4", "0000:3b:02.4");
    mellanox.hardware.as_mut().unwrap().vendor = Some("15b3".into());
    let ip = MemifDevice { role: None, mode: Some(MemifMode::Ip), path: Some("/m".into()) };
    let ip = with_device("net5", Kind::Memif, DeviceDetail::Memif(ip));
    let virtio = VdpaDevice { driver: Some("virtio".into()), ..VdpaDevice::default() };
    let virtio = with_device("net6", Kind::Vdpa, DeviceDetail::Vdpa(virtio));
    let unknown = with_device("net7", Kind::Unknown, DeviceDetail::Unknown("warp".into()));
    let macvlan = interface("net8", Kind::Host);
    let all = vec![eth0(), absent, kernel, other, mellanox, ip, virtio, unknown, macvlan];
    let mut snapshot = pod(all);
    snapshot.warnings.push(Warning {
        code: WarningCode::DeviceAbsent,
        path: "0000:3b:02.1".into(),
        text: String::new(),
    });
    let args = build(&snapshot);
    assert_eq!(args.ports, []);
    assert!(has(&args.eal, "--no-pci"));
    let reasons = [
        "no device 0000:3b:02.1",
        "iavf",
        "another container",
        "mlx5",
        "mode is ip",
        "virtio",
        "warp",
        "kernel netdev",
    ];
    for (number, (warning, reason)) in args.warnings.iter().zip(reasons).enumerate() {
        assert_eq!(warning.code, WarningCode::DeviceSkipped);
        assert!(warning.path.starts_with(&format!("net{} ", number + 1)), "{warning:?}");
        assert!(warning.text.contains(reason), "{warning:?}");
    }
    assert_eq!(args.warnings.len(), reasons.len());
}

#[test]
fn a_device_is_taken_on_trust_where_the_kernel_shows_nothing() {
    let args = build(&pod(vec![Interface { hardware: None, ..vf("net1", "0000:3b:02.1") }]));
    assert_eq!(after(&args.eal, "-a"), Some("0000:3b:02.1"));
    assert!(!args.eal.iter().any(|word| word.starts_with("--iova-mode")));
}

#[test]
fn bifurcated_drivers_stay() {
    let mlx5 = Interface { hardware: Some(bound("mlx5_core")), ..vf("net1", "0000:3b:02.1") };
    let args = build(&pod(vec![mlx5]));
    assert_eq!(after(&args.eal, "-a"), Some("0000:3b:02.1"));
    assert_eq!(codes(&args), []);
}

#[test]
fn one_device_is_one_port_however_many_interfaces_are_on_it() {
    let twice = [
        [vf("net1", "0000:3b:02.1"), vf("net1-1", "0000:3b:02.1")],
        [vhost("net1", VhostMode::Client, "/a"), vhost("net1-1", VhostMode::Client, "/a")],
    ];
    for interfaces in twice {
        let args = build(&pod(interfaces.to_vec()));
        assert_eq!(args.ports.len(), 1);
        assert_eq!(args.ports[0].interface.as_deref(), Some("net1"));
        assert!(args.reasons.iter().any(|reason| reason.why.contains("net1-1")));
    }
}

#[test]
fn own_functions_without_an_interface_are_ports_too() {
    let mut snapshot = pod(vec![vf("net1", "0000:3b:02.1")]);
    let unmatched = |address: &str, kind, own| UnmatchedDevice {
        kind,
        address: address.into(),
        own: Some(own),
        source: "PCIDEVICE_INTEL_COM_MIDHAUL".into(),
        hardware: Some(bound("vfio-pci")),
    };
    snapshot.unmatched_devices = vec![
        unmatched("0000:3b:02.0", UnmatchedKind::Pci, true),
        unmatched("0000:3b:02.2", UnmatchedKind::Pci, false),
        unmatched("mlx5_core.sf.4", UnmatchedKind::Subfunction, true),
    ];
    let args = build(&snapshot);
    let order: Vec<_> = args.ports.iter().map(|port| port.devarg.as_str()).collect();
    assert_eq!(order, ["0000:3b:02.0", "0000:3b:02.1", "auxiliary:mlx5_core.sf.4"]);
    assert_eq!(args.ports[0].interface, None);
    assert_eq!(codes(&args), [WarningCode::DeviceSkipped, WarningCode::PortOrder]);
    let named = EalArgs::builder(&snapshot).networks(["net1"]).build().unwrap();
    assert_eq!(named.ports.len(), 1);
}

#[test]
fn networks_are_named_in_full_in_short_or_by_interface() {
    let snapshot = pod(vec![eth0(), vf("net1", "0000:3b:02.1"), vf("net2", "0000:3b:02.2")]);
    for name in ["default/net2-network", "net2-network", "net2"] {
        let args = EalArgs::builder(&snapshot).networks([name]).build().unwrap();
        assert_eq!(args.ports.len(), 1, "{name}");
        assert_eq!(args.ports[0].interface.as_deref(), Some("net2"), "{name}");
    }
    let error = EalArgs::builder(&snapshot).networks(["net3"]).build().unwrap_err().to_string();
    assert!(error.contains("net3") && error.contains("net2 (default/net2-network)"), "{error}");
    let host = EalArgs::builder(&snapshot).networks(["eth0"]).build().unwrap();
    assert_eq!(codes(&host), [WarningCode::DeviceSkipped]);
}

#[test]
fn networks_that_are_not_attached_yet_are_told() {
    let mut snapshot = pod(vec![eth0(), vf("net1", "0000:3b:02.1")]);
    snapshot.pending_networks = vec!["ran/fronthaul@net7".into(), "midhaul".into()];
    let with = |names: &[&str]| EalArgs::builder(&snapshot).networks(names.to_vec()).build();
    let warned = |args: EalArgs| {
        assert!(args.warnings.iter().all(|one| one.code == WarningCode::NetworkPending));
        assert!(args.warnings.iter().all(|one| one.text.contains("--wait-networks 60s")));
        args.warnings.into_iter().map(|one| one.path).collect::<Vec<_>>()
    };
    assert_eq!(warned(with(&[]).unwrap()), ["ran/fronthaul@net7", "midhaul"]);
    assert!(warned(with(&["net1"]).unwrap()).is_empty());
    for name in ["net7", "fronthaul", "ran/fronthaul", "midhaul", "ran/midhaul"] {
        let error = with(&["net1", name]).unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains("not attached yet"), "{text}");
        assert!(text.contains("podnet wait"), "{text}");
    }
    for name in ["du/fronthaul", "ran/net7", ""] {
        assert!(with(&[name]).unwrap_err().to_string().contains("no such network"), "{name}");
    }
    // One of two attachments of a network is there.
    let again = "default/net1-network".to_owned();
    let half = Snapshot { pending_networks: vec![again.clone()], ..snapshot.clone() };
    let args = EalArgs::builder(&half).networks(["net1-network"]).build().unwrap();
    assert_eq!((args.ports.len(), warned(args)), (1, vec![again]));
}

#[test]
fn memifs_on_one_socket_get_ids_in_the_pod_s_order() {
    let path = "/run/memif.sock";
    let snapshot = pod(vec![
        memif("net1", MemifRole::Slave, path),
        memif("net2", MemifRole::Slave, path),
        memif("net3", MemifRole::Slave, "@vpp/memif-net3"),
    ]);
    let args = build(&snapshot);
    assert_eq!(
        args.ports[1].devarg,
        "net_memif_net2,role=client,id=1,socket=/run/memif.sock,socket-abstract=no"
    );
    assert_eq!(
        args.ports[2].devarg,
        "net_memif_net3,role=client,id=0,socket=vpp/memif-net3,socket-abstract=yes"
    );
    assert_eq!(codes(&args), [WarningCode::MemifShared]);
    let second = EalArgs::builder(&snapshot).networks(["net2"]).build().unwrap();
    assert!(second.ports[0].devarg.contains("id=1"));
}

#[test]
fn af_xdp_keys_follow_the_release() {
    let with = |socket: Option<&str>, map: Option<&str>| {
        let device = AfXdpDevice {
            netdev: "ens1".into(),
            socket: socket.map(str::to_owned),
            map: map.map(str::to_owned),
        };
        pod(vec![with_device("net1", Kind::AfXdp, DeviceDetail::AfXdp(device))])
    };
    let keys = |snapshot: &Snapshot, release: &str| {
        let release = release.parse().unwrap();
        let args = EalArgs::builder(snapshot).app(App::L3fwd).dpdk(release).build().unwrap();
        let keys = args.ports.first().map(|port| port.devarg.clone()).unwrap_or_default();
        (keys.replace("net_af_xdp_net1,iface=ens1,queue_count=1", "#"), has(&args.app, "-P"))
    };
    let plugin = with(Some("/tmp/afxdp.sock"), None);
    assert_eq!(keys(&plugin, "22.11").0, "");
    assert_eq!(keys(&plugin, "23.11"), ("#,use_cni=1".into(), false));
    assert_eq!(keys(&plugin, "24.11"), ("#,use_cni=1,dp_path=/tmp/afxdp.sock".into(), false));
    let map = with(None, Some("/tmp/afxdp_dp/ens1/xsks_map"));
    assert_eq!(
        keys(&map, "24.07"),
        ("#,use_pinned_map=1,dp_path=/tmp/afxdp_dp/ens1/xsks_map".into(), false)
    );
    assert_eq!(keys(&with(None, None), "22.11"), ("#".into(), true));
}

#[test]
fn virtio_user_has_eight_queue_pairs_before_23_03() {
    let snapshot = pod(vec![vhost("net1", VhostMode::Client, "/run/net1.sock")]);
    let with = |release: &str| {
        EalArgs::builder(&snapshot).queues(9).dpdk(release.parse().unwrap()).build()
    };
    assert!(with("22.11").unwrap_err().to_string().contains("9 queues"));
    assert!(with("23.03").unwrap().ports[0].devarg.contains("queues=9"));
}

#[test]
fn a_vdpa_device_s_path_comes_from_the_kernel_too() {
    let shown = |driver: &str| Hardware {
        vdpa: Some(VdpaHardware {
            name: "vp0".into(),
            driver: Some(driver.into()),
            char_device: Some("/dev/vhost-vdpa-1".into()),
            netdev: None,
        }),
        ..Hardware::default()
    };
    let device = DeviceDetail::Vdpa(VdpaDevice::default());
    let mut interface = with_device("net1", Kind::Vdpa, device);
    let args = build(&pod(vec![interface.clone()]));
    assert_eq!(codes(&args), [WarningCode::DeviceSkipped]);
    interface.hardware = Some(shown("vhost_vdpa"));
    let args = build(&pod(vec![interface.clone()]));
    assert!(args.ports[0].devarg.contains("path=/dev/vhost-vdpa-1,"));
    interface.hardware = Some(shown("virtio_vdpa"));
    assert_eq!(build(&pod(vec![interface])).ports, []);
}

#[test]
fn an_unmatched_vdpa_function_is_a_port_without_an_interface() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/roots/unmatched-vdpa/root");
    let mut snapshot = crate::Pod::builder().root(root).build().snapshot().unwrap();
    snapshot.cpus.get_or_insert_with(|| cpus("2-3", &[], &[]));
    let args = EalArgs::builder(&snapshot).build().unwrap();
    let devices: Vec<&str> = args.ports.iter().map(|port| port.devarg.as_str()).collect();
    assert_eq!(devices, ["net_virtio_user_port0,path=/dev/vhost-vdpa-0,queues=1,cq=1"]);
    assert_eq!(args.ports[0].interface, None);
}

#[test]
fn a_port_says_what_it_is_made_of() {
    let af_xdp = AfXdpDevice { netdev: "ens1".into(), socket: None, map: None };
    let args = build(&pod(vec![
        vf("net1", "0000:3b:02.1"),
        vhost("net2", VhostMode::Server, "/run/net2.sock"),
        vdpa("net3", "/dev/vhost-vdpa-0"),
        memif("net4", MemifRole::Slave, "@vpp/memif-net4"),
        with_device("net5", Kind::AfXdp, DeviceDetail::AfXdp(af_xdp)),
    ]));
    let devices: Vec<_> = args.ports.iter().map(|port| &port.device).collect();
    assert_eq!(
        serde_json::to_value(devices).unwrap(),
        serde_json::json!([
            {"type": "pci", "address": "0000:3b:02.1"},
            {"type": "vhost-user", "path": "/run/net2.sock", "server": true},
            {"type": "vhost-vdpa", "path": "/dev/vhost-vdpa-0"},
            {"type": "memif", "path": "@vpp/memif-net4", "server": false},
            {"type": "af-xdp", "netdev": "ens1", "socket": null, "map": null},
        ])
    );
}

/// A virtual function on its kernel driver, with a netdev.
fn kernel_vf(name: &str, address: &str, netdev: &str) -> Interface {
    let hardware = Hardware { netdevs: vec![netdev.into()], ..bound("iavf") };
    Interface { hardware: Some(hardware), ..vf(name, address) }
}

fn virtio_vdpa(name: &str) -> Interface {
    let device = VdpaDevice { driver: Some("virtio".into()), ..VdpaDevice::default() };
    with_device(name, Kind::Vdpa, DeviceDetail::Vdpa(device))
}

#[test]
fn kernel_netdevs_are_ports_when_asked_for() {
    let mut snapshot = pod(vec![
        eth0(),
        interface("net1", Kind::Host),
        kernel_vf("net2", "0000:3b:02.2", "ens3v2"),
        virtio_vdpa("net3"),
        vf("net4", "0000:3b:02.4"),
        Interface { own: Some(false), ..kernel_vf("net5", "0000:3b:02.5", "ens3v5") },
    ]);
    snapshot.unmatched_devices = vec![UnmatchedDevice {
        kind: UnmatchedKind::Pci,
        address: "0000:3b:02.6".into(),
        own: Some(true),
        source: "PCIDEVICE_INTEL_COM_MIDHAUL".into(),
        hardware: kernel_vf("", "0000:3b:02.6", "ens3v6").hardware,
    }];
    let devargs = |how| {
        let args = EalArgs::builder(&snapshot).netdevs(how).build().unwrap();
        assert_eq!(codes(&args), [WarningCode::DeviceSkipped]);
        assert!(args.warnings[0].path.starts_with("net5 "));
        args.ports.into_iter().map(|port| port.devarg).collect::<Vec<_>>()
    };
    assert_eq!(
        devargs(Netdevs::AfXdp),
        [
            "0000:3b:02.4",
            "net_af_xdp_net1,iface=net1,queue_count=1",
            "net_af_xdp_net2,iface=ens3v2,queue_count=1",
            "net_af_xdp_net3,iface=net3,queue_count=1",
            "net_af_xdp_port4,iface=ens3v6,queue_count=1",
        ]
    );
    assert_eq!(
        devargs(Netdevs::Tap),
        [
            "0000:3b:02.4",
            "net_tap_net1,iface=dpdk-net1,remote=net1",
            "net_tap_net2,iface=dpdk-ens3v2,remote=ens3v2",
            "net_tap_net3,iface=dpdk-net3,remote=net3",
            "net_tap_port4,iface=dpdk-ens3v6,remote=ens3v6",
        ]
    );
    snapshot.interfaces[3].mac = Some("02:11:22:33:44:55".into());
    let taps =
        EalArgs::builder(&snapshot).netdevs(Netdevs::Tap).facts(facts_of_taps(&["net3", "eth0"]));
    let taps = taps.build().unwrap();
    assert_eq!(taps.ports[1].devarg, "net_tap_net1,iface=dpdk-net1,remote=net1");
    assert_eq!(taps.ports[3].devarg, "net_tap_net3,iface=net3,mac=02:11:22:33:44:55");
    assert_eq!(build(&snapshot).ports.len(), 1);
    let named = EalArgs::builder(&snapshot).networks(["eth0"]).netdevs(Netdevs::Tap);
    assert_eq!(named.build().unwrap().ports, []);
}

#[test]
fn a_tap_device_has_a_name_of_its_own_that_a_netdev_may_have() {
    let mut names = vec!["abcdefghijklmno", "abcdefghijklmn", "abcdefghijxyz", "abcdefghij"];
    // Netdevs of the pod's own, one a tap device.
    names.extend(["dpdk-abcdefghij", "dpdk-abcde-1"]);
    let interfaces = names.iter().map(|name| interface(name, Kind::Host)).collect();
    let snapshot = pod(interfaces);
    let builder =
        EalArgs::builder(&snapshot).netdevs(Netdevs::Tap).facts(facts_of_taps(&["dpdk-abcde-1"]));
    let args = builder.build().unwrap();
    let iface = |port: &Port| {
        let keys = port.devarg.split(',').nth(1).unwrap();
        keys.strip_prefix("iface=").unwrap().to_owned()
    };
    let mut made: Vec<_> = args.ports.iter().map(iface).collect();
    assert!(made.iter().all(|name| name.len() <= 15), "{made:?}");
    assert_eq!(made.iter().filter(|name| names.contains(&name.as_str())).count(), 1, "{made:?}");
    made.sort();
    made.dedup();
    assert_eq!(made.len(), names.len());
    let long = pod(vec![interface("abcdefghijklmnop", Kind::Host)]);
    for how in [Netdevs::Tap, Netdevs::AfXdp] {
        let error = EalArgs::builder(&long).netdevs(how).build().unwrap_err().to_string();
        assert!(error.contains("16 bytes long, and a netdev's name has at most 15"), "{error}");
    }
}

#[test]
fn an_unmodified_old_l3fwd_starts_on_tap_devices_alone() {
    let snapshot = pod(vec![interface("net1", Kind::Host)]);
    let codes_of = |how| {
        let builder = EalArgs::builder(&snapshot).app(App::L3fwd).netdevs(how);
        codes(&builder.dpdk("22.11".parse().unwrap()).build().unwrap())
    };
    assert_eq!(codes_of(Netdevs::Tap), []);
    assert_eq!(codes_of(Netdevs::AfXdp), [WarningCode::Application]);
}

#[test]
fn subfunctions_are_ports_of_the_auxiliary_bus() {
    let mut snapshot = pod(vec![vf("net1", "0000:3b:02.1")]);
    let subfunction = |name: &str| UnmatchedDevice {
        kind: UnmatchedKind::Subfunction,
        address: name.into(),
        own: Some(true),
        source: "PCIDEVICE_NVIDIA_COM_SF".into(),
        hardware: None,
    };
    snapshot.unmatched_devices = vec![subfunction("mlx5_core.sf.4"), subfunction("other.sf.4")];
    let devargs = |snapshot: &Snapshot, release: &str| {
        let args = EalArgs::builder(snapshot).dpdk(release.parse().unwrap()).build().unwrap();
        let devargs: Vec<_> = args.ports.iter().map(|port| port.devarg.clone()).collect();
        (devargs, codes(&args), has(&args.eal, "--no-pci"))
    };
    let (skipped, order) = (WarningCode::DeviceSkipped, WarningCode::PortOrder);
    let both = vec!["0000:3b:02.1".to_owned(), "auxiliary:mlx5_core.sf.4".into()];
    assert_eq!(devargs(&snapshot, "21.08"), (both.clone(), vec![skipped, order], false));
    assert_eq!(devargs(&snapshot, "20.11"), (vec![both[0].clone()], vec![skipped; 2], false));
    snapshot.interfaces.clear();
    assert_eq!(devargs(&snapshot, "22.11"), (vec![both[1].clone()], vec![skipped], true));
    assert_eq!(
        serde_json::to_value(&build(&snapshot).ports[0].device).unwrap(),
        serde_json::json!({"type": "auxiliary", "name": "mlx5_core.sf.4"})
    );
}

fn with_subfunction(name: &str, subfunction: &str) -> Interface {
    let device = SubfunctionDevice { name: subfunction.into(), number: Some(88), parent: None };
    let hardware = Hardware { vfio: None, netdevs: vec![name.into()], ..bound("mlx5_core.sf") };
    let detail = DeviceDetail::Subfunction(device);
    Interface { hardware: Some(hardware), ..with_device(name, Kind::Subfunction, detail) }
}

/// A name is one word and one device argument, whoever gave it.
#[test]
fn a_subfunction_s_name_adds_no_key() {
    for name in
        ["mlx5_core.sf.4,class=vdpa", "mlx5_core.sf.4\n-a", "mlx5_core.sf.4 -a", "mlx5_core.sf.=1"]
    {
        let snapshot = pod(vec![with_subfunction("net1", name)]);
        let error = EalArgs::builder(&snapshot).build().unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{name:?}: {error}");
    }
}

/// The bus compares names byte for byte.
#[test]
fn subfunctions_are_in_the_order_of_their_names() {
    let mut snapshot = pod(vec![
        with_subfunction("net1", "mlx5_core.sf.9"),
        with_mac(with_subfunction("net2", "mlx5_core.sf.10"), "02:00:00:00:0a:01"),
    ]);
    let args = build(&snapshot);
    let ports: Vec<_> =
        args.ports.iter().map(|port| (port.interface.as_deref(), port.name.as_str())).collect();
    assert_eq!(ports, [(Some("net2"), "mlx5_core.sf.10"), (Some("net1"), "mlx5_core.sf.9")]);
    let first = &args.ports[0];
    assert_eq!(first.device, PortDevice::Auxiliary { name: "mlx5_core.sf.10".into() });
    assert_eq!((first.numa_node, first.mac.as_deref()), (Some(0), Some("02:00:00:00:0a:01")));
    assert_eq!(codes(&args), []);
    // Releases without the bus can be given its netdev.
    let old = || EalArgs::builder(&snapshot).dpdk(Release::OLDEST);
    assert_eq!(codes(&old().build().unwrap()), [WarningCode::DeviceSkipped; 2]);
    let netdevs = old().netdevs(Netdevs::AfXdp).build().unwrap();
    assert_eq!(netdevs.ports[0].devarg, "net_af_xdp_net1,iface=net1,queue_count=1");
    snapshot.warnings.push(Warning {
        code: WarningCode::DeviceAbsent,
        path: "mlx5_core.sf.9".into(),
        text: String::new(),
    });
    assert_eq!(build(&snapshot).ports.len(), 1);
}

#[test]
fn no_device_is_asked_for_more_queues_than_it_has() {
    let tap = pod(vec![interface("net1", Kind::Host)]);
    let memif = pod(vec![memif("net1", MemifRole::Slave, "/run/m.sock")]);
    for (snapshot, most, driver) in [(tap, 16, "net_tap"), (memif, 255, "net_memif")] {
        let with =
            |queues| EalArgs::builder(&snapshot).netdevs(Netdevs::Tap).queues(queues).build();
        with(most).unwrap();
        let error = with(most + 1).unwrap_err().to_string();
        assert!(error.contains(&format!("{driver} of DPDK 25.11 has at most {most}")), "{error}");
    }
    let netdev = pod(vec![interface("net1", Kind::Host)]);
    let with = |queues| EalArgs::builder(&netdev).netdevs(Netdevs::AfXdp).queues(queues).build();
    assert_eq!(codes(&with(1).unwrap()), []);
    assert_eq!(codes(&with(2).unwrap()), [WarningCode::Application]);
    let with = |queues| {
        let builder = EalArgs::builder(&netdev).netdevs(Netdevs::AfXdp).queues(queues);
        let rx_queues = vec![("net2".to_owned(), 1), ("net1".to_owned(), 4)];
        builder.facts(EalFacts { rx_queues, ..EalFacts::default() }).build()
    };
    assert_eq!(codes(&with(4).unwrap()), []);
    let error = with(5).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(error.to_string().contains("5 queues: net1 has 4 receive queues"), "{error}");
}

#[test]
fn l2fwd_has_one_queue_whatever_is_asked_for() {
    let snapshot = pod(vec![
        memif("net1", MemifRole::Slave, "/run/m.sock"),
        vhost("net2", VhostMode::Client, "/run/net2.sock"),
    ]);
    let l2fwd = |queues| {
        EalArgs::builder(&snapshot).app(App::L2fwd).dpdk(Release::OLDEST).queues(queues).build()
    };
    let (one, many) = (l2fwd(1).unwrap(), l2fwd(9).unwrap());
    assert_eq!((&one.eal, &one.app), (&many.eal, &many.app));
    assert!(one.ports[1].devarg.contains("queues=1,"));
    assert_eq!((codes(&one), codes(&many)), (vec![], vec![WarningCode::Application]));
    assert!(many.warnings[0].text.contains("9 queues are asked for"), "{many:?}");
}

#[test]
fn a_device_that_no_kernel_shows_is_no_other_container_s() {
    let absent = |own| Interface { hardware: None, own, ..vf("net1", "0000:3b:02.1") };
    let mut snapshot = pod(vec![absent(Some(false))]);
    snapshot.unmatched_devices.push(UnmatchedDevice {
        kind: UnmatchedKind::Pci,
        address: "0000:3b:02.2".into(),
        own: Some(false),
        source: "PCIDEVICE_X".into(),
        hardware: None,
    });
    let reasons = |snapshot: &Snapshot| {
        let args = build(snapshot);
        args.warnings.into_iter().map(|warning| warning.text).collect::<Vec<_>>()
    };
    assert!(reasons(&snapshot).iter().all(|text| text.contains("another container")));
    for path in ["0000:3b:02.1", "0000:3b:02.2"] {
        let code = WarningCode::DeviceAbsent;
        snapshot.warnings.push(Warning { code, path: path.into(), text: String::new() });
    }
    let reasons = reasons(&snapshot);
    assert!(reasons[0].contains("no device 0000:3b:02.1"), "{reasons:?}");
    assert!(reasons[1].contains("no device 0000:3b:02.2"), "{reasons:?}");
}

#[test]
fn applications_are_not_given_what_they_end_over() {
    let functions = |count: u32| {
        let vf = |number| vf(&format!("net{number}"), &format!("0000:{number:02x}:00.0"));
        let mut snapshot = pod((0..count).map(vf).collect());
        snapshot.cpus = Some(cpus("0-63", &[], &[]));
        snapshot
    };
    let build = |count, app, queues, workers| {
        let snapshot = functions(count);
        EalArgs::builder(&snapshot).app(app).queues(queues).workers(workers).build()
    };
    let says = |result: Result<EalArgs>, what: &str| {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains(what), "{error}");
    };
    build(16, App::L3fwd, 1, 1).unwrap();
    says(build(17, App::L3fwd, 1, 1), "17 queues on an lcore");
    build(1, App::L3fwd, 128, 8).unwrap();
    says(build(1, App::L3fwd, 129, 16), "129 queues of a port");
    build(16, App::L3fwd, 64, 64).unwrap();
    says(build(17, App::L3fwd, 64, 64), "17 queues on an lcore");
    for app in [App::L3fwd, App::L2fwd, App::Testpmd] {
        says(build(33, app, 1, 1), "33 ports");
    }
    build(15, App::L2fwd, 1, 1).unwrap();
    says(build(16, App::L2fwd, 1, 1), "16 ports on an lcore");
    build(32, App::L2fwd, 1, 3).unwrap();
    assert_eq!(codes(&build(33, App::None, 1, 1).unwrap()), [WarningCode::Application]);
}

fn facts_of_taps(names: &[&str]) -> EalFacts {
    let taps = names.iter().map(ToString::to_string).collect();
    EalFacts { taps, ..EalFacts::default() }
}
