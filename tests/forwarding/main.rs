//! Proof that packets go through a pod: `podnet exec` starts Debian's own DPDK programs in one whose
//! interfaces end in a testpmd. `scripts/dpdk` makes those programs available.

mod checker;
#[allow(dead_code, reason = "the images' test uses more of it")]
mod lab;
mod places;
#[path = "../skip/mod.rs"]
mod skip;

use std::path::Path;
use std::time::Duration;

use lab::frames::COUNT;
use lab::trial::NEXT_HOP;
use lab::{App, Lab, Memory, Missing, Outcome, Place, Trial, Wiring};
use skip::skip;

fn run(trial: Trial) -> Outcome {
    lab::forward(&trial).unwrap_or_else(|why| panic!("{trial:?}: {why}"))
}

/// The same where the machine may lack what the trial needs.
fn run_if_possible(name: &str, trial: &Trial) -> Option<Outcome> {
    match lab::forward(trial) {
        Ok(outcome) => Some(outcome),
        Err(why) if why.is::<Missing>() => {
            skip(name, why);
            None
        }
        Err(why) => panic!("{trial:?}: {why}"),
    }
}

fn trial(app: App, wiring: Wiring) -> Trial<'static> {
    Trial {
        podnet: Path::new(env!("CARGO_BIN_EXE_podnet")),
        wiring,
        app,
        memory: Memory::NoHuge,
        place: Place::Here,
        queues: 1,
        options: &[],
        eal: &[],
        arguments: app.arguments(),
        patience: Duration::from_secs(30),
    }
}

fn assert_forwarded(outcome: &Outcome) {
    let arguments = outcome.arguments.join(" ");
    assert!(outcome.report.passed(), "{}\n{arguments}\n{}", outcome.report, outcome.logs);
    assert!(outcome.status.success(), "{}\n{}", outcome.status, outcome.logs);
    // The application counts what the capture does, on the ports that were planned.
    let ports = &outcome.ports;
    assert!(ports.as_planned, "{}\n{}", ports.said, outcome.logs);
    assert_eq!(ports.packets("net1"), Some((COUNT.into(), 0)), "{ports:?}");
    assert_eq!(ports.packets("net2"), Some((0, COUNT.into())), "{ports:?}");
}

fn has(outcome: &Outcome, argument: &str) -> bool {
    outcome.arguments.iter().any(|found| found == argument)
}

/// Of EAL's options about pages, those it ran with.
fn page_options(outcome: &Outcome) -> Vec<&str> {
    const ALL: [&str; 4] = ["--no-huge", "--in-memory", "--huge-dir", "--single-file-segments"];
    ALL.into_iter().filter(|option| has(outcome, option)).collect()
}

fn every_application(wiring: Wiring) {
    for app in App::ALL {
        let outcome = run(trial(app, wiring));
        assert_forwarded(&outcome);
        assert_eq!(page_options(&outcome), ["--no-huge"]);
    }
}

#[test]
fn every_application_over_vhost_user_client() {
    every_application(Wiring::VhostUserClient);
}

#[test]
fn every_application_over_vhost_user_server() {
    every_application(Wiring::VhostUserServer);
}

#[test]
fn every_application_over_memif_client() {
    every_application(Wiring::MemifClient);
}

#[test]
fn every_application_over_memif_server() {
    every_application(Wiring::MemifServer);
}

/// Kernel netdevs, with frames sent and counted by packet sockets at the peer's ends.
#[test]
fn every_application_over_netdevs() {
    for (wiring, key) in [
        (Wiring::AfXdp, "net_af_xdp_net1,iface=net1,"),
        (Wiring::Tap, "net_tap_net1,iface=net1,"),
        (Wiring::TapRedirect, "net_tap_net1,iface=dpdk-net1,remote=net1"),
    ] {
        for app in App::ALL {
            let name = format!("{wiring:?} ports of kernel netdevs");
            let Some(outcome) = run_if_possible(&name, &trial(app, wiring)) else { break };
            assert_forwarded(&outcome);
            assert!(outcome.arguments.iter().any(|word| word.contains(key)));
        }
    }
}

#[test]
fn eal_prints_what_exec_runs() {
    let trial = Trial { memory: Memory::Present, ..trial(App::L3fwd, Wiring::MemifClient) };
    let lab = Lab::open(&trial).unwrap();
    let macs = lab.write_pod(&trial).unwrap();
    let printed = String::from_utf8(lab.eal(&trial).output().unwrap().stdout).unwrap();
    let printed = printed.replace('\'', "");
    let outcome = lab.forward(&trial, macs).unwrap_or_else(|why| panic!("{why}"));
    assert_forwarded(&outcome);
    assert_eq!(has(&outcome, "--no-huge"), !outcome.hugepages);
    assert_eq!(printed.split_whitespace().collect::<Vec<_>>(), outcome.arguments[1..]);
}

/// Without single-file segments every page would be a memory region, and vhost-user has eight.
#[test]
fn hugepages_in_memory_and_in_files() {
    let modes = [(Memory::Borrowed, "--in-memory"), (Memory::Files, "--huge-dir")];
    for (memory, mode) in modes {
        for wiring in Wiring::SOCKETS {
            let trial = Trial { memory, ..trial(App::L3fwd, wiring) };
            let Some(outcome) = run_if_possible("hugepages_in_memory_and_in_files", &trial) else {
                return;
            };
            assert_forwarded(&outcome);
            let mut expected = vec![mode];
            expected.extend(wiring.is_vhost_user().then_some("--single-file-segments"));
            assert_eq!(page_options(&outcome), expected);
        }
    }
}

/// Its files keep their pages in the mount, and in the pod's account.
#[test]
fn hugepage_files_of_a_killed_process_are_told() {
    let trial = Trial { memory: Memory::Files, ..trial(App::Testpmd, Wiring::MemifServer) };
    let lab = match Lab::open(&trial) {
        Err(why) if why.is::<Missing>() => {
            return skip("hugepage_files_of_a_killed_process_are_told", why);
        }
        lab => lab.unwrap(),
    };
    lab.write_pod(&trial).unwrap();
    let [running, killed] = lab.kill(&trial).unwrap();
    let told = "hugepage files of DPDK processes that have ended hold ";
    assert!(!running.contains(told), "{running}");
    assert!(killed.contains(told) && killed.contains("rm -f "), "{killed}");
}

/// Each queue on an lcore of its own, and half of the packets through each. A vhost-user port of
/// 22.11 refuses the hashing that l3fwd asks for with more queues; testpmd does not.
#[test]
fn two_queues_and_two_lcores() {
    let halves = vec![COUNT as usize / 2; 2];
    for (app, wiring) in [
        (App::L3fwd, Wiring::MemifClient),
        (App::L3fwd, Wiring::MemifServer),
        (App::Testpmd, Wiring::MemifClient),
        (App::Testpmd, Wiring::VhostUserClient),
        (App::Testpmd, Wiring::VhostUserServer),
        (App::L3fwd, Wiring::Tap),
    ] {
        let trial = Trial { queues: 2, ..trial(app, wiring) };
        let Some(outcome) = run_if_possible("two_queues_and_two_lcores", &trial) else { return };
        assert_forwarded(&outcome);
        // Which queue of a tap device a packet takes is the kernel's choice.
        let by_queue = if wiring == Wiring::Tap { vec![COUNT as usize] } else { halves.clone() };
        assert_eq!(outcome.by_queue, by_queue, "{}", outcome.logs);
    }
}

#[test]
fn testpmd_sends_to_a_next_hop() {
    let hop = format!("net2={NEXT_HOP}");
    let options = &["--eth-dest", hop.as_str()];
    assert_forwarded(&run(Trial { options, ..trial(App::Testpmd, Wiring::VhostUserClient) }));
}

/// The check can fail: with one port of two, l3fwd runs as happily and nothing comes out.
#[test]
fn one_port_of_two_forwards_nothing() {
    let outcome = run(Trial {
        options: &["--network", "net1"],
        arguments: &[],
        patience: Duration::from_secs(2),
        ..trial(App::L3fwd, Wiring::MemifClient)
    });
    assert!(!outcome.report.passed());
    assert_eq!(outcome.report.to_string(), "0 of 100 packets forwarded");
    assert!(outcome.status.success(), "{}\n{}", outcome.status, outcome.logs);
}

/// Nor is it enough that as many packets come out: here they go to the wrong next hop.
#[test]
fn another_next_hop_is_noticed() {
    let arguments = &["--eth-dest=1,02:bb:00:00:00:03"];
    let outcome = run(Trial { arguments, ..trial(App::L3fwd, Wiring::VhostUserClient) });
    assert!(!outcome.report.passed());
    assert_eq!((outcome.report.forwarded, outcome.report.wrong.len()), (0, 100));
    let first = &outcome.report.wrong[0];
    assert!(
        first.contains(&format!("destination 02:bb:00:00:00:03, expected {NEXT_HOP}")),
        "{first}"
    );
}
