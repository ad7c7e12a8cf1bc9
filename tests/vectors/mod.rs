//! The argument vectors of every root, for every release that changed what DPDK takes.
//!
//! `tests/vectors/CASE` has a line for each application and each group of releases with one
//! vector. A root without CPUs is given `2-5`.

mod takes;

use std::fs;
use std::path::{Path, PathBuf};

use podnet::eal::{App, EalArgs, IovaMode, Netdevs, Release, Smt, shell_quote};
use podnet::{EalFacts, Snapshot};
use proptest::prelude::*;

use super::cases::{Case, cases, pod};
use super::tree;

const RELEASES: [&str; 7] = ["20.11", "21.11", "22.11", "23.11", "24.11", "25.11", "26.07"];
const APPS: [App; 4] = [App::None, App::L3fwd, App::L2fwd, App::Testpmd];

fn release(text: &str) -> Release {
    text.parse().unwrap()
}

/// The snapshot of a case, with CPUs, and the facts beside it.
fn snapshot(case: &Case) -> (Snapshot, EalFacts) {
    let found = pod(case).snapshot().unwrap();
    if found.cpus.is_some() {
        return (found, pod(case).eal_facts());
    }
    let copy = tempfile::tempdir().unwrap();
    tree::copy(&case.root, copy.path());
    let status = copy.path().join("proc/self/status");
    fs::create_dir_all(status.parent().unwrap()).unwrap();
    fs::write(status, "Cpus_allowed_list:\t2-5\n").unwrap();
    let case =
        Case { root: copy.path().into(), expect: PathBuf::new(), options: case.options.clone() };
    (pod(&case).snapshot().unwrap(), pod(&case).eal_facts())
}

/// The line of one vector, or why there is none.
fn vector(snapshot: &Snapshot, facts: &EalFacts, app: App, text: &str) -> String {
    let builder = EalArgs::builder(snapshot).facts(facts.clone());
    match builder.app(app).dpdk(release(text)).build() {
        Ok(made) => {
            let checked = takes::check(&made.eal, &made.app, app, release(text));
            checked.unwrap_or_else(|why| panic!("{app} of {text}: {why}: {made:#?}"));
            let argv = made.argv("", &[]).split_off(1);
            argv.iter().map(|word| shell_quote(word)).collect::<Vec<_>>().join(" ")
        }
        Err(error) => format!("# {error}"),
    }
}

/// The lines of a case, one for each application and group of releases.
fn lines(case: &Case) -> String {
    let (snapshot, facts) = snapshot(case);
    let mut lines = String::new();
    for app in APPS {
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for release in RELEASES {
            let vector = vector(&snapshot, &facts, app, release);
            match groups.iter_mut().find(|(known, _)| *known == vector) {
                Some((_, releases)) => releases.push(release),
                None => groups.push((vector, vec![release])),
            }
        }
        for (vector, releases) in groups {
            lines += &format!("{app} {}: {vector}\n", releases.join(","));
        }
    }
    lines
}

/// A sample may have the name of a root.
fn name(case: &Case) -> String {
    let (place, kind) = match case.root.ends_with("root") {
        true => (case.root.parent().unwrap(), ""),
        false => (case.root.as_path(), "sample-"),
    };
    format!("{kind}{}", place.file_name().unwrap().to_str().unwrap())
}

#[test]
fn the_vectors_of_every_root_are_as_they_were_reviewed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut wrong = String::new();
    let cases = cases();
    for case in &cases {
        let path = directory.join(name(case));
        let made = lines(case);
        if std::env::var_os("PODNET_BLESS").is_some() {
            fs::write(&path, &made).unwrap();
        }
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        for (number, line) in made.lines().enumerate() {
            if reviewed.lines().nth(number) != Some(line) {
                wrong += &format!("{}:{}: made {line}\n", path.display(), number + 1);
            }
        }
        assert!(reviewed.lines().count() <= made.lines().count(), "{}: too many", path.display());
    }
    assert!(wrong.is_empty(), "{wrong}where it is meant: {}", super::BLESS);
    let files = fs::read_dir(directory).unwrap().filter_map(Result::ok);
    let kept = files.filter(|file| file.path().extension().is_none()).count();
    assert_eq!(kept, cases.len(), "a file without a root, or two roots of one name");
}

#[test]
fn no_option_of_a_user_makes_a_vector_that_a_release_refuses() {
    let names =
        ["hugepages-sizes", "device-info-vhost-user", "device-info-pci", "no-iommu-host-node"];
    let wanted = |case: &Case| names.iter().any(|name| case.root.ends_with(format!("{name}/root")));
    let all: Vec<Snapshot> =
        cases().iter().filter(|case| wanted(case)).map(|case| snapshot(case).0).collect();
    assert_eq!(all.len(), names.len());
    for user in [
        "--huge-unlink",
        "--legacy-mem",
        "-b 0000:05:00.0",
        "-a 0000:05:00.0",
        "--no-pci",
        "--no-huge",
        "--no-huge -m 512",
        "--in-memory",
        "--single-file-segments",
        "--huge-dir /h",
        "-m 64",
        "--socket-mem 64",
        "--iova-mode=pa",
        "--proc-type=primary",
    ] {
        let words: Vec<String> = user.split(' ').map(str::to_owned).collect();
        for (pod, text) in all.iter().flat_map(|pod| RELEASES.map(|text| (pod, text))) {
            for (no_huge, secondary) in [(false, false), (true, false), (false, true)] {
                let builder = EalArgs::builder(pod).dpdk(release(text));
                let Ok(made) = builder.no_huge(no_huge).secondary(secondary).build() else {
                    continue;
                };
                let Ok(line) = made.command_line(pod, "p", &words) else { continue };
                let eal = line[1..].split(|word| word == "--").next().unwrap();
                let checked = takes::check(eal, &[], App::None, release(text));
                checked.unwrap_or_else(|why| panic!("{user}: {text}: {why}: {line:?}"));
            }
        }
    }
}

#[test]
fn no_options_make_a_vector_that_a_release_refuses() {
    let names = ["af-xdp-pools", "device-info-memif", "device-info-vhost-user", "device-info-vdpa"];
    let more = ["hugepages-sizes", "cpus-siblings-and-nodes", "device-info-pci", "hugepages-least"];
    let wanted = |case: &Case| {
        names.iter().chain(&more).any(|name| case.root.ends_with(format!("{name}/root")))
    };
    let all: Vec<Snapshot> =
        cases().iter().filter(|case| wanted(case)).map(|case| snapshot(case).0).collect();
    assert_eq!(all.len(), names.len() + more.len());
    let modes = prop::option::of(prop::sample::select(vec![IovaMode::Va, IovaMode::Pa]));
    let netdevs = prop::option::of(prop::sample::select(vec![Netdevs::AfXdp, Netdevs::Tap]));
    let choices = (
        prop::sample::select(APPS.to_vec()),
        prop::sample::select(RELEASES.to_vec()),
        0..all.len(),
        (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()),
        (modes, netdevs),
        (1_u32..12, 1_u32..6, prop::option::of(prop_oneof![0_u64..4 << 20, 0_u64..4 << 30])),
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1000));
    let run = |(app, text, which, flags, (mode, netdevs), (queues, workers, memory))| {
        let (no_huge, secondary, avoid, routes): (bool, bool, bool, bool) = flags;
        let mut facts = EalFacts::default();
        // Some of the interfaces, but not in every run.
        facts.taps.extend((workers % 2 == 1).then(|| "net1".to_owned()));
        let mut builder = EalArgs::builder(&all[which])
            .facts(facts)
            .app(app)
            .dpdk(release(text))
            .no_huge(no_huge)
            .secondary(secondary)
            .smt(if avoid { Smt::Avoid } else { Smt::Use })
            .queues(queues)
            .workers(workers)
            .iova_mode(mode)
            .netdevs(netdevs)
            .memory(memory);
        if routes {
            builder = builder.routes("/r4", "/r6");
        }
        if let Ok(made) = builder.build() {
            let checked = takes::check(&made.eal, &made.app, app, release(text));
            prop_assert!(checked.is_ok(), "{checked:?}: {made:#?}");
        }
        Ok(())
    };
    runner.run(&choices, run).unwrap();
}
