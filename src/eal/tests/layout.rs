//! Which CPUs become lcores.

use super::*;

fn lcores(args: &EalArgs) -> &str {
    after(&args.eal, "--lcores").unwrap()
}

fn with_cpus(cpus: CpuInfo) -> Snapshot {
    let path = "/run/net1.sock";
    Snapshot { cpus: Some(cpus), ..pod(vec![vhost("net1", VhostMode::Client, path)]) }
}

fn plan(snapshot: &Snapshot, app: App) -> EalArgs {
    EalArgs::builder(snapshot).app(app).build().unwrap()
}

#[test]
fn each_application_gets_the_lcores_it_uses() {
    let snapshot = with_cpus(cpus("2-5", &[], &[(0, "2-5")]));
    assert_eq!(lcores(&plan(&snapshot, App::L3fwd)), "0@2");
    assert_eq!(lcores(&plan(&snapshot, App::L2fwd)), "0@2");
    assert_eq!(lcores(&plan(&snapshot, App::Testpmd)), "0@2,1@3");
    assert_eq!(lcores(&plan(&snapshot, App::None)), "0@2,1@3,2@4,3@5");
    let two = EalArgs::builder(&snapshot).workers(2).build().unwrap();
    assert_eq!(lcores(&two), "0@2,1@3,2@4");
    let main = EalArgs::builder(&snapshot).main_cpu(4).build().unwrap();
    assert_eq!(lcores(&main), "0@4,1@2,2@3,3@5");
}

#[test]
fn l3fwd_has_a_send_queue_for_each_lcore() {
    let snapshot = with_cpus(cpus("130-133", &[], &[]));
    let builder = || EalArgs::builder(&snapshot).app(App::L3fwd);
    let args = builder().workers(2).build().unwrap();
    assert_eq!(lcores(&args), "0@130,1@131");
    assert!(args.ports[0].devarg.contains("queues=2"));
    assert!(has(&args.app, "--config=(0,0,0),(0,1,1)"));
    let args = builder().queues(4).workers(2).build().unwrap();
    assert!(has(&args.app, "--config=(0,0,0),(0,1,1),(0,2,0),(0,3,1)"));
    assert!(has(&args.app, "--disable-rss"));
}

/// Of what sends on more than one queue.
#[test]
fn the_peer_of_a_memif_needs_as_many_queues() {
    let interface = memif("net1", MemifRole::Slave, "/run/net1.sock");
    let snapshot = Snapshot { cpus: Some(cpus("2-5", &[], &[])), ..pod(vec![interface]) };
    let warned = |app, workers, queues| {
        let builder = EalArgs::builder(&snapshot).app(app).workers(workers).queues(queues);
        let warnings = builder.build().unwrap().warnings;
        warnings.iter().any(|one| one.text.contains("the memif's peer"))
    };
    assert!(warned(App::L3fwd, 2, 1) && warned(App::L3fwd, 1, 2) && warned(App::Testpmd, 1, 2));
    assert!(!warned(App::L3fwd, 1, 1) && !warned(App::Testpmd, 2, 1) && !warned(App::L2fwd, 1, 2));
}

#[test]
fn too_few_cpus_are_a_warning_and_never_two_pollers_on_one() {
    let snapshot = with_cpus(cpus("4-5", &[], &[]));
    let args = EalArgs::builder(&snapshot).app(App::L3fwd).workers(4).build().unwrap();
    assert_eq!(lcores(&args), "0@4,1@5");
    assert_eq!(codes(&args), [WarningCode::CpusFew]);
    assert!(args.warnings[0].text.starts_with("cpus: 4 lcores wanted"));
}

#[test]
fn testpmd_shares_a_single_cpu_between_main_and_worker() {
    let args = plan(&with_cpus(cpus("5", &[], &[])), App::Testpmd);
    assert_eq!(lcores(&args), "0@5,1@5");
    assert!(has(&args.app, "--nb-cores=1"));
    assert_eq!(codes(&args), []);
}

#[test]
fn workers_are_isolated_and_the_main_lcore_is_not() {
    let mut info = cpus("2-7", &[], &[(0, "2-7")]);
    info.isolated = Some(set("4-7"));
    info.shared = Some(set("2-3"));
    let snapshot = with_cpus(info);
    assert_eq!(lcores(&plan(&snapshot, App::Testpmd)), "0@2,1@4");
    assert_eq!(lcores(&plan(&snapshot, App::L3fwd)), "0@4");
    let mut info = snapshot.cpus.clone().unwrap();
    info.housekeeping = Some(set("1,3"));
    assert_eq!(lcores(&plan(&with_cpus(info), App::Testpmd)), "0@3,1@4");
}

#[test]
fn siblings_come_last_and_can_be_left_out() {
    let snapshot = with_cpus(cpus("0-3", &["0-1", "2-3"], &[]));
    let builder = || EalArgs::builder(&snapshot).app(App::L3fwd);
    assert_eq!(lcores(&builder().workers(2).build().unwrap()), "0@0,1@2");
    assert_eq!(lcores(&builder().workers(4).build().unwrap()), "0@0,1@1,2@2,3@3");
    let args = builder().workers(4).smt(Smt::Avoid).build().unwrap();
    assert_eq!(lcores(&args), "0@0,1@2");
    assert_eq!(codes(&args), [WarningCode::CpusFew]);
    let args = EalArgs::builder(&snapshot).smt(Smt::Avoid).main_cpu(3).build().unwrap();
    assert_eq!(lcores(&args), "0@3,1@0");
}

#[test]
fn workers_are_near_the_devices() {
    let mut snapshot = pod(vec![vf("net1", "0000:81:00.2")]);
    snapshot.interfaces[0].hardware.as_mut().unwrap().numa_node = Some(1);
    snapshot.cpus = Some(cpus("2-3,10-11", &[], &[(0, "2-3"), (1, "10-11")]));
    assert_eq!(lcores(&plan(&snapshot, App::L3fwd)), "0@10");
}

#[test]
fn no_more_lcores_than_dpdk_is_built_for() {
    let args = plan(&with_cpus(cpus("0-255", &[], &[])), App::None);
    assert_eq!(args.lcores.len(), 128);
    assert_eq!(args.lcores[127].cpu, 127);
    assert_eq!(codes(&args), [WarningCode::CpusFew]);
}

#[test]
fn a_quota_below_the_pollers_is_a_warning() {
    let mut info = cpus("2-3", &[], &[]);
    info.quota = Some(1.5);
    assert_eq!(codes(&plan(&with_cpus(info), App::None)), [WarningCode::CpusFew]);
}

#[test]
fn without_cpus_there_are_no_arguments() {
    let snapshot = Snapshot { cpus: None, ..pod(Vec::new()) };
    let error = EalArgs::builder(&snapshot).build().unwrap_err();
    assert_eq!(error.errno(), libc::ENOENT);
}
