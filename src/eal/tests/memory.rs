//! How much memory, from where.

use super::*;

const M: u64 = 1 << 20;
const G: u64 = 1 << 30;

fn with_pages(pages: Vec<PageSize>) -> Snapshot {
    let path = "/run/net1.sock";
    let interfaces = vec![vhost("net1", VhostMode::Client, path)];
    Snapshot { hugepages: hugepages(pages), ..pod(interfaces) }
}

fn two_nodes(snapshot: &mut Snapshot) {
    snapshot.cpus = Some(cpus("2-3,10", &[], &[(0, "2-3"), (1, "10")]));
}

#[test]
fn one_node_gets_the_whole_limit_in_whole_pages() {
    let args = build(&with_pages(vec![page(2 * M, Some(101 * M), &[(0, 400, 400)])]));
    assert_eq!(after(&args.eal, "--socket-mem"), Some("100"));
    assert_eq!(after(&args.eal, "--socket-limit"), Some("100"));
    assert!(has(&args.eal, "--in-memory") && has(&args.eal, "--single-file-segments"));
    assert_eq!(codes(&args), []);
}

#[test]
fn memory_is_only_on_the_nodes_of_lcores_and_devices() {
    let mut snapshot = with_pages(vec![page(2 * M, Some(G), &[(0, 512, 512), (1, 512, 512)])]);
    snapshot.cpus = Some(cpus("10-11", &[], &[(1, "10-11")]));
    let args = build(&snapshot);
    assert_eq!(after(&args.eal, "--socket-mem"), Some("0,1024"));
    assert_eq!(after(&args.eal, "--socket-limit"), Some("1,1024"));
    snapshot.interfaces = vec![vf("net1", "0000:3b:02.1")];
    let args = build(&snapshot);
    assert_eq!(after(&args.eal, "--socket-mem"), Some("64,960"));
}

#[test]
fn lcores_share_the_limit_over_their_nodes() {
    let mut snapshot = with_pages(vec![page(2 * M, Some(1000 * M), &[])]);
    two_nodes(&mut snapshot);
    let args = build(&snapshot);
    assert_eq!(after(&args.eal, "--socket-mem"), Some("668,332"));
    snapshot.cpus.as_mut().unwrap().memory_nodes = Some(set("1"));
    let args = build(&snapshot);
    assert_eq!(after(&args.eal, "--socket-mem"), Some("0,1000"));
}

#[test]
fn what_is_asked_for_stays_within_the_limit() {
    let snapshot = with_pages(vec![page(2 * M, Some(512 * M), &[(0, 512, 512)])]);
    let with = |bytes| EalArgs::builder(&snapshot).memory(bytes).build().unwrap();
    assert_eq!(after(&with(300 * M).eal, "--socket-mem"), Some("300"));
    let args = with(2 * G);
    assert_eq!(after(&args.eal, "--socket-mem"), Some("512"));
    assert_eq!(codes(&args), [WarningCode::MemoryPlan]);
}

#[test]
fn an_unknown_limit_is_no_amount() {
    let snapshot = with_pages(vec![page(2 * M, None, &[(0, 512, 512)])]);
    let args = build(&snapshot);
    assert_eq!((after(&args.eal, "-m"), after(&args.eal, "--socket-mem")), (None, None));
    assert!(has(&args.eal, "--in-memory"));
    let args = EalArgs::builder(&snapshot).memory(256 * M).build().unwrap();
    assert_eq!(after(&args.eal, "--socket-mem"), Some("256"));
}

#[test]
fn unknown_nodes_take_the_soft_option() {
    let mut snapshot = with_pages(vec![page(2 * M, Some(512 * M), &[])]);
    snapshot.cpus = Some(cpus("2", &[], &[]));
    let args = build(&snapshot);
    assert_eq!(after(&args.eal, "-m"), Some("512"));
    assert_eq!(after(&args.eal, "--socket-mem"), None);
}

#[test]
fn no_hugepages_are_a_warning_that_says_what_to_do() {
    let none = page(2 * M, Some(0), &[(0, 512, 512)]);
    for pages in [vec![], vec![none]] {
        let args = build(&with_pages(pages));
        assert_eq!(codes(&args), [WarningCode::MemoryPlan]);
        assert!(args.warnings[0].text.contains("resources.limits hugepages-2Mi"));
        assert!(!has(&args.eal, "--in-memory"));
    }
}

#[test]
fn a_foreign_page_size_keeps_dpdk_in_the_mount_of_ours() {
    let foreign = page(G, Some(0), &[(0, 4, 4)]);
    let mut own = page(2 * M, Some(512 * M), &[(0, 512, 512)]);
    let args = build(&with_pages(vec![own.clone(), foreign.clone()]));
    assert_eq!(after(&args.eal, "--huge-dir"), Some("/hugepages-2Mi"));
    assert!(!has(&args.eal, "--in-memory"));
    own.mounts.clear();
    let snapshot = with_pages(vec![own, foreign]);
    assert_eq!(codes(&build(&snapshot)), [WarningCode::MemoryPlan]);
    let args = EalArgs::builder(&snapshot).dpdk(Release::NEWEST).build().unwrap();
    assert_eq!(after(&args.eal, "--pagesz-mem"), Some("1G:0"));
    assert_eq!(codes(&args), []);
}

#[test]
fn two_sizes_of_ours_are_both_used() {
    let args = build(&with_pages(vec![
        page(2 * M, Some(512 * M), &[(0, 512, 512)]),
        page(G, Some(2 * G), &[(0, 4, 4)]),
    ]));
    assert_eq!(after(&args.eal, "--socket-mem"), Some("2560"));
    assert!(has(&args.eal, "--in-memory"));
}

/// EAL takes pages of 1 GiB as long as a whole one fits, and the rest of a node from the others.
#[test]
fn no_node_needs_more_small_pages_than_the_limit_has() {
    let small = page(2 * M, Some(512 * M), &[(0, 512, 512), (1, 512, 512)]);
    let large = page(G, Some(2 * G), &[(0, 4, 4), (1, 4, 4)]);
    let mut snapshot = with_pages(vec![small, large]);
    two_nodes(&mut snapshot);
    let small_of = |args: &EalArgs| -> u64 {
        let all = after(&args.eal, "--socket-mem").unwrap();
        all.split(',').map(|node| node.parse::<u64>().unwrap() % 1024).sum()
    };
    let args = build(&snapshot);
    assert_eq!(after(&args.eal, "--socket-mem"), Some("2390,170"));
    for bytes in [3 * G, 2 * G, G + 300 * M, G, 300 * M] {
        let args = EalArgs::builder(&snapshot).memory(bytes).build().unwrap();
        assert!(small_of(&args) <= 512, "{bytes}: {:?}", args.eal);
    }
}

#[test]
fn a_short_node_and_pages_in_use_are_warnings() {
    let mut short = page(2 * M, Some(512 * M), &[(0, 512, 100)]);
    let args = build(&with_pages(vec![short.clone()]));
    assert_eq!(after(&args.eal, "--socket-mem"), Some("200"));
    assert_eq!(codes(&args), [WarningCode::MemoryPlan]);
    short.nodes[0].free_pages = 512;
    short.used = Some(256 * M);
    let args = build(&with_pages(vec![short]));
    assert!(args.warnings[0].text.contains("in use already"));
}

/// EAL would take the large pages that a node lacks from the small ones, past their limit.
#[test]
fn a_size_that_a_node_lacks_is_not_asked_of_another() {
    let small = |limit| page(2 * M, limit, &[(0, 2000, 2000)]);
    let large = |limit| page(G, limit, &[(0, 4, 0)]);
    let args = build(&with_pages(vec![small(Some(128 * M)), large(Some(G))]));
    assert_eq!(after(&args.eal, "--socket-mem"), Some("128"));
    assert_eq!(after(&args.eal, "--socket-limit"), Some("128"));
    assert_eq!(codes(&args), [WarningCode::MemoryPlan]);
    let with = |snapshot: &Snapshot| EalArgs::builder(snapshot).memory(G).build().unwrap();
    // What their own limit leaves of the small ones is there for the rest.
    let args = with(&with_pages(vec![small(Some(512 * M)), large(Some(G))]));
    assert_eq!(after(&args.eal, "--socket-mem"), Some("512"));
    let args = with(&with_pages(vec![small(None), large(None)]));
    assert_eq!((after(&args.eal, "--socket-mem"), codes(&args)), (Some("1024"), Vec::new()));
}

#[test]
fn vhost_vdpa_with_hugepages_in_files_is_a_warning() {
    let own = page(2 * M, Some(512 * M), &[(0, 512, 512)]);
    let with =
        |pages, interface| build(&Snapshot { hugepages: hugepages(pages), ..pod(vec![interface]) });
    let device = || vdpa("net1", "/dev/vhost-vdpa-0");
    let foreign = page(G, Some(0), &[(0, 4, 4)]);
    let args = with(vec![own.clone(), foreign.clone()], device());
    assert!(args.warnings[0].text.contains("IOTLB"), "{:?}", args.warnings);
    assert_eq!(codes(&with(vec![own.clone()], device())), []);
    assert_eq!(codes(&with(vec![own, foreign], vf("net1", "0000:3b:02.1"))), []);
}

#[test]
fn l3fwd_says_what_it_needs() {
    let snapshot = with_pages(vec![page(2 * M, Some(128 * M), &[(0, 512, 512)])]);
    let with = |app| EalArgs::builder(&snapshot).app(app).dpdk(Release::NEWEST).build().unwrap();
    assert_eq!(codes(&with(App::L3fwd)), [WarningCode::MemoryPlan]);
    assert_eq!(codes(&with(App::L2fwd)), []);
    assert!(has(&with(App::Testpmd).app, "--total-num-mbufs=16384"));
}

#[test]
fn without_hugepages_there_is_no_option_that_dpdk_refuses_beside_it() {
    let snapshot = with_pages(vec![page(2 * M, Some(512 * M), &[(0, 512, 512)])]);
    let args = EalArgs::builder(&snapshot).no_huge(true).build().unwrap();
    assert!(has(&args.eal, "--no-huge"));
    assert_eq!(after(&args.eal, "-m"), Some("512"));
    for option in ["--in-memory", "--single-file-segments", "--socket-mem", "--socket-limit"] {
        assert!(!has(&args.eal, option), "{option}");
    }
}

#[test]
fn the_iova_mode_is_what_the_ports_need() {
    let mode = |interfaces: Vec<Interface>| {
        let args = build(&pod(interfaces));
        args.eal.iter().find_map(|word| word.strip_prefix("--iova-mode=").map(str::to_owned))
    };
    let behind = |driver: &str, vfio: Option<&str>| {
        let mut one = vf("net9", "0000:3b:02.7");
        let vfio = vfio.map(str::to_owned);
        let no_iommu = vfio.is_some();
        one.hardware = Some(Hardware { vfio, no_iommu, ..bound(driver) });
        one
    };
    let real = || vf("net1", "0000:3b:02.1");
    let noiommu = || behind("vfio-pci", Some("/dev/vfio/3"));
    let va = Some("va".to_owned());
    assert_eq!(mode(vec![real()]), va);
    assert_eq!(mode(vec![noiommu()]), Some("pa".into()));
    assert_eq!(mode(vec![real(), noiommu()]), None);
    assert_eq!(mode(vec![behind("vfio-pci", None)]), None);
    assert_eq!(mode(vec![behind("mlx5_core", None)]), None);
    assert_eq!(mode(vec![behind("mlx5_core", None), real()]), va);
    assert_eq!(mode(vec![vdpa("net1", "/dev/vhost-vdpa-0")]), va);
    assert_eq!(mode(vec![memif("net1", MemifRole::Slave, "/m.sock")]), va);
    let snapshot = pod(vec![real()]);
    let forced = EalArgs::builder(&snapshot).iova_mode(IovaMode::Pa).build().unwrap();
    assert!(has(&forced.eal, "--iova-mode=pa"));
    let no_huge = |interface| {
        let snapshot = pod(vec![interface]);
        let made = EalArgs::builder(&snapshot).no_huge(true).build();
        made.map_or_else(|error| error.to_string(), |_| String::new())
    };
    assert!(no_huge(noiommu()).contains("leave --no-huge out"), "{}", no_huge(noiommu()));
    assert_eq!(no_huge(real()), "");
    let asked = EalArgs::builder(&snapshot).no_huge(true).iova_mode(IovaMode::Pa).build();
    assert!(asked.unwrap_err().to_string().starts_with("IOVA mode pa: "));
}
