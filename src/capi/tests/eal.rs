//! The options and results of `podnet_eal_args_new()`.

use super::super::eal::*;
use super::*;

#[test]
fn argv_may_be_permuted_and_written_to() {
    let status = r#"[{"name": "d/m", "interface": "net1", "device-info": {"type": "memif",
        "memif": {"role": "slave", "mode": "ethernet", "path": "/run/m.sock"}}}]"#;
    let directory = root(&[STATUS, ("etc/podnetinfo/annotations", &annotations(status))]);
    let pod = open(&directory);
    let networks = [c"net1".as_ptr()];
    let more = [c"--log-level=8".as_ptr(), c"--".as_ptr(), c"--parse-ptype".as_ptr()];
    let mut options = options();
    options.program = c"l3fwd".as_ptr();
    options.dpdk_version = c"DPDK 22.11.11".as_ptr();
    options.app = PODNET_APP_L3FWD;
    options.flags = PODNET_EAL_NO_HUGE | PODNET_EAL_MAIN_CPU;
    options.main_cpu = 3;
    (options.networks, options.networks_len) = (networks.as_ptr(), networks.len());
    (options.args, options.args_len) = (more.as_ptr(), more.len());
    let mut args = null_mut();
    let mut error = error();
    // SAFETY: all pointers are to live objects.
    let code = unsafe { podnet_eal_args_new(pod.0, &options, &mut args, &mut error) };
    assert_eq!(code, 0, "{}", text(&error));
    // SAFETY: it was just made.
    let view = unsafe { &mut *args };
    let argc = usize::try_from(view.argc).unwrap();
    // SAFETY: argv has a NULL after its last element.
    let argv = unsafe { std::slice::from_raw_parts_mut(view.argv, argc + 1) };
    assert!(argv[argc].is_null());
    let words: Vec<&str> = argv[..argc].iter().map(|word| string(*word).unwrap()).collect();
    assert_eq!(words[0], "l3fwd");
    assert_eq!(words[usize::try_from(view.eal_argc).unwrap()], "--");
    for word in ["--no-huge", "0@3", "--log-level=8", "--parse-ptype"] {
        assert!(words.contains(&word), "{word} is not in {words:?}");
    }
    let [port] = list(view.ports, view.ports_len) else { panic!("{} ports", view.ports_len) };
    assert_eq!((port.id, port.numa_node), (0, -1));
    assert_eq!((string(port.interface_name), string(port.network)), (Some("net1"), Some("d/m")));
    assert!(string(port.devarg).unwrap().contains("socket=/run/m.sock"));
    assert!(string(port.name).unwrap().starts_with("net_memif"));
    let lcores = list(view.lcores, view.lcores_len);
    assert_eq!((lcores[0].id, lcores[0].cpu), (0, 3));

    // What EAL and getopt() do.
    argv[..argc].reverse();
    // SAFETY: strings of argv may be written to.
    unsafe { *argv[0] = 0 };
    argv[1] = null_mut();
    // SAFETY: freed once.
    unsafe { podnet_eal_args_free(args) };
}

#[test]
fn the_vf_token_of_the_device_plugin_is_passed_on() {
    const TOKEN: &str = "02bddbbf-bbb0-4d79-886b-91bad3fbb510";
    let variables = format!(
        "PCIDEVICE_X_VF=0000:3b:02.1\0PCIDEVICE_X_VF_INFO=\
         {{\"0000:3b:02.1\":{{\"extra\":{{\"VFIO_TOKEN\":\"{TOKEN}\"}}}}}}\0"
    );
    let directory = root(&[STATUS, ("proc/self/environ", &variables)]);
    let pod = open(&directory);
    let mut args = null_mut();
    // SAFETY: all pointers are to live objects, and the result is freed once.
    unsafe {
        assert_eq!(podnet_eal_args_new(pod.0, null(), &mut args, null_mut()), 0);
        let argc = usize::try_from((*args).argc).unwrap();
        let argv = list((*args).argv.cast_const(), argc);
        let words: Vec<&str> = argv.iter().map(|word| string(*word).unwrap()).collect();
        assert!(words.windows(2).any(|pair| pair == ["--vfio-vf-token", TOKEN]), "{words:?}");
        podnet_eal_args_free(args);
    }
}

#[test]
fn kernel_netdevs_next_hops_and_routes_are_passed_on() {
    let status = r#"[{"name": "cbr0", "interface": "eth0", "default": true},
        {"name": "d/a", "interface": "net1", "ips": ["198.18.0.1/24"]}]"#;
    let directory = root(&[STATUS, ("etc/podnetinfo/annotations", &annotations(status))]);
    let pod = open(&directory);
    let hops = [c"d/a=02:00:00:00:00:09".as_ptr()];
    let given = podnet_eal_options {
        app: PODNET_APP_L3FWD,
        netdevs: PODNET_NETDEVS_TAP,
        next_hops: hops.as_ptr(),
        next_hops_len: 1,
        routes_ipv4: c"/run/4".as_ptr(),
        routes_ipv6: c"/run/6".as_ptr(),
        ..options()
    };
    let (mut args, mut error) = (null_mut(), error());
    // SAFETY: all pointers are to live objects.
    let code = unsafe { podnet_eal_args_new(pod.0, &given, &mut args, &mut error) };
    assert_eq!(code, 0, "{}", text(&error));
    // SAFETY: it was just made.
    let view = unsafe { &*args };
    let argv = list(view.argv.cast_const(), usize::try_from(view.argc).unwrap());
    let words: Vec<&str> = argv.iter().map(|word| string(*word).unwrap()).collect();
    for word in ["--eth-dest=0,02:00:00:00:00:09", "--rule_ipv4=/run/4", "--rule_ipv6=/run/6"] {
        assert!(words.contains(&word), "{word} is not in {words:?}");
    }
    let [port] = list(view.ports, view.ports_len) else { panic!("{} ports", view.ports_len) };
    assert!(string(port.devarg).unwrap().starts_with("net_tap"), "{words:?}");
    assert_eq!(
        (string(port.interface_name), strings(port.ips)),
        (Some("net1"), vec!["198.18.0.1/24"])
    );
    assert!(string(view.routes_ipv4).unwrap().contains("198.18.0.0/24 0"));
    assert!(string(view.routes_ipv6).is_some());
    // SAFETY: freed once.
    unsafe { podnet_eal_args_free(args) };
}

/// The arguments that `options` make, or why they make none.
fn words(options: &podnet_eal_options) -> Result<(Vec<String>, usize), String> {
    let directory = root(&[STATUS]);
    let pod = open(&directory);
    let mut args = null_mut();
    let mut error = error();
    // SAFETY: all pointers are to live objects, and the result is freed once.
    unsafe {
        let code = podnet_eal_args_new(pod.0, options, &mut args, &mut error);
        if code != 0 {
            assert_eq!((code, args.is_null()), (-libc::EINVAL, true));
            return Err(text(&error).to_owned());
        }
        let argc = usize::try_from((*args).argc).unwrap();
        let argv = list((*args).argv.cast_const(), argc);
        let words = argv.iter().map(|word| string(*word).unwrap().to_owned()).collect();
        let eal_argc = usize::try_from((*args).eal_argc).unwrap();
        podnet_eal_args_free(args);
        Ok((words, eal_argc))
    }
}

#[test]
fn a_program_may_have_any_name() {
    let more = [c"--".as_ptr(), c"-q".as_ptr()];
    for (name, args_len) in [(c"--", 2), (c"", 0)] {
        let given = podnet_eal_options {
            program: name.as_ptr(),
            args: more.as_ptr(),
            args_len,
            ..options()
        };
        let (made, eal_argc) = words(&given).unwrap();
        assert_eq!(made[0], name.to_str().unwrap());
        assert_eq!(made[eal_argc..], ["--", "-q"][..args_len.max(1)]);
    }
}

#[test]
fn lengths_that_are_garbage_are_refused() {
    let one = [c"net1".as_ptr()];
    let given = podnet_eal_options {
        networks: one.as_ptr(),
        args: one.as_ptr(),
        next_hops: one.as_ptr(),
        ..options()
    };
    for len in [usize::MAX, 65_537] {
        for (what, options) in [
            ("networks", podnet_eal_options { networks_len: len, ..given }),
            ("args", podnet_eal_options { args_len: len, ..given }),
            ("next_hops", podnet_eal_options { next_hops_len: len, ..given }),
        ] {
            let why = format!("options: {what}: {len} is no length of a list");
            assert_eq!(words(&options), Err(why));
        }
    }
}

fn options() -> podnet_eal_options {
    podnet_eal_options {
        size: size_of::<podnet_eal_options>(),
        program: null(),
        dpdk_version: null(),
        networks: null(),
        networks_len: 0,
        args: null(),
        args_len: 0,
        file_prefix: null(),
        memory: 0,
        flags: 0,
        app: PODNET_APP_NONE,
        queues: 0,
        workers: 0,
        main_cpu: 0,
        smt: PODNET_SMT_USE,
        iova_mode: PODNET_IOVA_DEFAULT,
        netdevs: PODNET_NETDEVS_SKIP,
        reserved: 0,
        next_hops: null(),
        next_hops_len: 0,
        routes_ipv4: null(),
        routes_ipv6: null(),
    }
}

#[test]
fn eal_options_are_checked() {
    type Change<'a> = &'a dyn Fn(&mut podnet_eal_options);
    let directory = root(&[STATUS]);
    let pod = open(&directory);
    let mut args = null_mut();
    let mut refused = |change: Change<'_>| {
        let mut options = options();
        change(&mut options);
        let mut error = error();
        // SAFETY: all pointers are to live objects.
        let code = unsafe { podnet_eal_args_new(pod.0, &options, &mut args, &mut error) };
        (code, text(&error).to_owned())
    };
    let null_item = [null()];
    let no_mac = [c"net1".as_ptr()];
    let cases: [(Change<'_>, &str); 13] = [
        (&|options| options.size = 0, "options: size: must be set to sizeof the struct"),
        (&|options| options.flags = 8, "options: flags: an unknown flag is set"),
        (&|options| options.app = 4, "options: app: 4 is none of the constants"),
        (&|options| options.smt = 2, "options: smt: 2 is none of the constants"),
        (&|options| options.iova_mode = 3, "options: iova_mode: 3 is none of the constants"),
        (&|options| options.netdevs = 3, "options: netdevs: 3 is none of the constants"),
        (&|options| options.routes_ipv6 = c"6".as_ptr(), "options: routes: set both files or none"),
        (
            &|options| (options.next_hops, options.next_hops_len) = (no_mac.as_ptr(), 1),
            "options: next_hops: expected NETWORK=MAC",
        ),
        (&|options| options.reserved = 1, "options: reserved: expected zero"),
        (
            &|options| options.networks_len = 1,
            "options: networks: is NULL, but its length is not 0",
        ),
        (
            &|options| (options.args, options.args_len) = (null_item.as_ptr(), 1),
            "options: args: has a NULL in it",
        ),
        (&|options| options.program = c"\xff".as_ptr(), "options: program: must be UTF-8"),
        (
            &|options| options.dpdk_version = c"new".as_ptr(),
            "DPDK version \"new\": expected one like 22.11",
        ),
    ];
    for (change, text) in cases {
        assert_eq!(refused(change), (-libc::EINVAL, text.to_owned()));
    }
    assert!(args.is_null());
    // SAFETY: all pointers are to live objects; NULL are the defaults.
    unsafe {
        assert_eq!(podnet_eal_args_new(pod.0, null(), &mut args, null_mut()), 0);
        assert_eq!(string(*(*args).argv), Some("podnet"));
        podnet_eal_args_free(args);
    }
}
