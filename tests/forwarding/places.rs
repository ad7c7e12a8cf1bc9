//! The proof where containers run: under a limit, without privileges, and on a newer DPDK.

use crate::lab::frames::COUNT;
use crate::lab::place::LIMIT_MIB;
use crate::lab::{App, Lab, Memory, Missing, Place, Trial, Wiring};
use crate::{assert_forwarded, has, page_options, run_if_possible, skip, trial};

/// EAL looks at the node's free pages only. podnet tells it the limit, which it reads where a
/// container has it, and no page is refused.
#[test]
fn stays_within_the_limit_of_the_cgroup() {
    for wiring in [Wiring::VhostUserClient, Wiring::MemifClient] {
        let (memory, place) = (Memory::Borrowed, Place::Limited);
        let trial = Trial { memory, place, ..trial(App::L3fwd, wiring) };
        let name = "stays_within_the_limit_of_the_cgroup";
        let Some(outcome) = run_if_possible(name, &trial) else { return };
        assert_forwarded(&outcome);
        assert!(has(&outcome, "--socket-limit"), "{:?}", outcome.arguments);
        assert!(page_options(&outcome).contains(&"--in-memory"));
        let usage = outcome.usage.unwrap();
        assert_eq!(usage.limit, LIMIT_MIB << 20);
        assert!(usage.bytes > 0 && usage.bytes <= usage.limit, "{usage:?}");
        assert_eq!(usage.refused, 0, "{usage:?}");
    }
}

/// The limit is real: what EAL takes by itself does not fit.
#[test]
fn more_than_the_limit_does_not_start() {
    let trial = Trial {
        memory: Memory::Borrowed,
        place: Place::Limited,
        options: &["--force"],
        eal: &["-m", "400"],
        ..trial(App::L3fwd, Wiring::MemifClient)
    };
    let lab = match Lab::open(&trial) {
        Err(why) if why.is::<Missing>() => return skip("more_than_the_limit_does_not_start", why),
        lab => lab.unwrap(),
    };
    let macs = lab.write_pod(&trial).unwrap();
    let why = lab.forward(&trial, macs).unwrap_err().to_string();
    assert!(why.contains("Cannot init memory"), "{why}");
}

/// With nothing but its uid, and a runtime directory that is not there.
#[test]
fn an_unprivileged_user() {
    for (memory, wiring) in [
        (Memory::NoHuge, Wiring::VhostUserClient),
        (Memory::NoHuge, Wiring::MemifClient),
        (Memory::Borrowed, Wiring::VhostUserClient),
        (Memory::Borrowed, Wiring::MemifServer),
    ] {
        let trial = Trial { memory, place: Place::Unprivileged, ..trial(App::L3fwd, wiring) };
        let Some(outcome) = run_if_possible("an_unprivileged_user", &trial) else { return };
        assert_forwarded(&outcome);
        let expected = if memory == Memory::NoHuge { "--no-huge" } else { "--in-memory" };
        assert!(page_options(&outcome).contains(&expected), "{:?}", outcome.arguments);
        let directory = outcome.runtime_directory.expect("exec sets RUNTIME_DIRECTORY");
        assert!(directory.is_dir(), "{}", directory.display());
    }
}

/// From 23.11 on an unmodified l3fwd starts on these ports, if told so; and takes more queues on a
/// vhost-user port.
fn newer(suite: &'static str) {
    let place = Place::Suite(suite);
    let name = format!("the DPDK of {suite}");
    let others = [App::L2fwd, App::Testpmd].map(|app| (app, Wiring::VhostUserClient, 1));
    let two_queues = (App::L3fwd, Wiring::VhostUserClient, 2);
    let netdevs = [Wiring::AfXdp, Wiring::Tap].map(|wiring| (App::L3fwd, wiring, 1));
    let all = Wiring::SOCKETS.map(|wiring| (App::L3fwd, wiring, 1)).into_iter();
    for (app, wiring, queues) in all.chain(others).chain([two_queues]).chain(netdevs) {
        let trial = Trial { place, queues, ..trial(app, wiring) };
        let Some(outcome) = run_if_possible(&name, &trial) else { return };
        assert_forwarded(&outcome);
        assert_eq!(has(&outcome, "--relax-rx-offload"), app == App::L3fwd);
        assert_eq!(has(&outcome, "--disable-rss"), app == App::L3fwd && queues > 1);
        assert_eq!(outcome.by_queue, vec![COUNT as usize / queues; queues], "{}", outcome.logs);
    }
}

#[test]
fn the_dpdk_of_trixie() {
    newer("trixie");
}

#[test]
fn the_dpdk_of_sid() {
    newer("sid");
}
