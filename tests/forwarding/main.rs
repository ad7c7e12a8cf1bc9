//! Proof that packets go through a pod: `podnet exec` starts Debian's own DPDK programs in one whose
//! interfaces end in a testpmd. `scripts/dpdk` makes those programs available.

mod checker;
mod lab;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use lab::{App, Lab, Memory, NEXT_HOP, Outcome, Trial, Wiring};

fn run(trial: Trial) -> Outcome {
    lab::forward(&trial).unwrap_or_else(|why| panic!("{why}"))
}

fn trial<'a>(app: App, wiring: Wiring, arguments: &'a [&'a str]) -> Trial<'a> {
    Trial {
        podnet: Path::new(env!("CARGO_BIN_EXE_podnet")),
        wiring,
        app,
        memory: Memory::NoHuge,
        options: &[],
        arguments,
        patience: Duration::from_secs(10),
    }
}

/// The next hop is the only thing that podnet cannot know.
fn l3fwd<'a>(wiring: Wiring) -> Trial<'a> {
    trial(App::L3fwd, wiring, &["--eth-dest=1,02:bb:00:00:00:02"])
}

fn assert_forwarded(outcome: &Outcome) {
    assert!(outcome.report.passed(), "{}\n{}", outcome.report, outcome.logs);
    assert!(outcome.status.success(), "{}\n{}", outcome.status, outcome.logs);
}

fn has(outcome: &Outcome, argument: &str) -> bool {
    outcome.arguments.iter().any(|found| found == argument)
}

#[test]
fn l3fwd_over_vhost_user_client() {
    let outcome = run(l3fwd(Wiring::VhostUserClient));
    assert_forwarded(&outcome);
    assert!(has(&outcome, "--no-huge") && !has(&outcome, "--single-file-segments"));
}

#[test]
fn eal_prints_what_exec_runs() {
    let trial = l3fwd(Wiring::MemifClient);
    let lab = Lab::open(trial.memory).unwrap();
    let macs = lab.write_pod(trial.wiring).unwrap();
    let printed = String::from_utf8(lab.eal(&trial).output().unwrap().stdout).unwrap();
    let printed = printed.replace('\'', "");
    let outcome = lab.forward(&trial, macs).unwrap_or_else(|why| panic!("{why}"));
    assert_forwarded(&outcome);
    assert_eq!(printed.split_whitespace().collect::<Vec<_>>(), outcome.arguments[1..]);
}

#[test]
fn l3fwd_over_vhost_user_server() {
    assert_forwarded(&run(Trial { memory: Memory::Present, ..l3fwd(Wiring::VhostUserServer) }));
}

#[test]
fn l3fwd_over_memif_client() {
    assert_forwarded(&run(l3fwd(Wiring::MemifClient)));
}

#[test]
fn l3fwd_over_memif_server() {
    let o = run(l3fwd(Wiring::MemifServer));
    println!("{}", o.logs);
    assert_forwarded(&o);
}

/// Without single-file segments every page would be a memory region, and vhost-user has eight.
#[test]
fn l3fwd_on_hugepages() {
    for wiring in [Wiring::VhostUserClient, Wiring::MemifClient] {
        let outcome = run(Trial { memory: Memory::Borrowed, ..l3fwd(wiring) });
        assert_forwarded(&outcome);
        if !outcome.hugepages {
            let note = "l3fwd_on_hugepages: this machine gives none: it ran with --no-huge";
            let _ = writeln!(io::stderr(), "{note}");
        }
        let single_file = outcome.hugepages && wiring == Wiring::VhostUserClient;
        assert_eq!(has(&outcome, "--single-file-segments"), single_file, "{:?}", outcome.arguments);
        assert_eq!(has(&outcome, "--no-huge"), !outcome.hugepages, "{:?}", outcome.arguments);
    }
}

#[test]
fn l2fwd_over_vhost_user_client() {
    assert_forwarded(&run(trial(App::L2fwd, Wiring::VhostUserClient, &[])));
}

#[test]
fn testpmd_over_memif_client() {
    assert_forwarded(&run(trial(
        App::Testpmd,
        Wiring::MemifClient,
        &["--total-num-mbufs=16384", "--no-flush-rx"],
    )));
}

/// The check can fail: with one port of two, l3fwd runs as happily and nothing comes out.
#[test]
fn one_port_of_two_forwards_nothing() {
    let outcome = run(Trial {
        options: &["--network", "net1"],
        patience: Duration::from_secs(2),
        ..trial(App::L3fwd, Wiring::MemifClient, &[])
    });
    assert!(!outcome.report.passed());
    assert_eq!(outcome.report.to_string(), "0 of 200 packets forwarded");
    assert!(outcome.status.success(), "{}\n{}", outcome.status, outcome.logs);
}

/// Nor is it enough that as many packets come out: here they go to the wrong next hop.
#[test]
fn another_next_hop_is_noticed() {
    let arguments = ["--eth-dest=1,02:bb:00:00:00:03"];
    let outcome = run(trial(App::L3fwd, Wiring::VhostUserClient, &arguments));
    assert!(!outcome.report.passed());
    assert_eq!((outcome.report.forwarded, outcome.report.wrong.len()), (0, 200));
    let first = &outcome.report.wrong[0];
    assert!(
        first.contains(&format!("destination 02:bb:00:00:00:03, expected {NEXT_HOP}")),
        "{first}"
    );
}
