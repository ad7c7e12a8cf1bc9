//! Every root of a pod under `tests/roots` and `samples/pods` gives the snapshot that is kept for
//! it, through the crate, the C interface and the command.
//!
//! `tests/roots/CASE` holds `root/`, `expect.json` and, where the case needs any, `options`: the
//! command's options, one word a line. A sample's snapshot is `tests/samples/POD.json`. The text
//! of warnings is for people and not compared.

#![allow(clippy::unwrap_used)] // A test is to panic.

#[cfg(feature = "capi")]
mod c_support;

mod cases;
mod tree;
mod vectors;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

#[cfg(feature = "capi")]
use cases::list_of;
use cases::{Case, cases, differences, names, pod};
use podnet::eal::{App, EalArgs};
use podnet::{Pod, Snapshot};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;

const BLESS: &str = "PODNET_BLESS=1 cargo test --test golden";

/// The snapshot without the texts of its warnings. Each has to have one, on one line: a name from
/// a pod can't forge another.
fn without_texts(case: &Case, mut snapshot: Snapshot, report: &mut String) -> Snapshot {
    for warning in &mut snapshot.warnings {
        if warning.text.trim().is_empty() || warning.text.contains('\n') {
            let root = case.root.display();
            writeln!(report, "{root}: expected a line of text, found {:?}", warning.text).unwrap();
        }
        warning.text.clear();
    }
    snapshot
}

/// Adds what differs from the expectation of `case` to `report`.
fn compare(case: &Case, found: &Value, report: &mut String) {
    let name = case.expect.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display();
    let text = fs::read_to_string(&case.expect).unwrap_or_else(|_| "null".to_owned());
    let expected: Value = serde_json::from_str(&text).unwrap();
    let mut lines = Vec::new();
    differences("", &expected, found, &mut lines);
    for line in lines {
        writeln!(report, "{name}: {}", line.trim_start_matches('.')).unwrap();
    }
}

fn check(report: &str) {
    assert!(report.is_empty(), "\n{report}If what was found is right: {BLESS}\n");
}

#[test]
fn the_crate_gives_the_expected_snapshots() {
    let bless = std::env::var_os("PODNET_BLESS").is_some();
    let mut report = String::new();
    for case in cases() {
        let snapshot = without_texts(&case, pod(&case).snapshot().unwrap(), &mut report);
        if bless {
            let text = serde_json::to_string_pretty(&snapshot).unwrap();
            fs::write(&case.expect, text + "\n").unwrap();
        }
        compare(&case, &serde_json::to_value(&snapshot).unwrap(), &mut report);
    }
    check(&report);
}

/// The calls for one subject agree with the snapshot, and one of them fails exactly when a warning
/// of the snapshot tells of a failure.
#[test]
fn the_calls_for_one_subject_agree_with_the_snapshot() {
    let mut report = String::new();
    for case in cases() {
        let root = case.root.display();
        let mut differs = |subject| writeln!(report, "{root}: {subject} differ").unwrap();
        let pod = pod(&case);
        let snapshot = pod.snapshot().unwrap();
        let (cpus, hugepages, all) = (pod.cpu_info(), pod.hugepages(), pod.interfaces());
        if cpus.as_ref().is_ok_and(|cpus| Some(cpus) != snapshot.cpus.as_ref()) {
            differs("the CPUs");
        }
        if hugepages.as_ref().is_ok_and(|hugepages| *hugepages != snapshot.hugepages) {
            differs("the hugepages");
        }
        if all.as_ref().is_ok_and(|all| {
            all.interfaces != snapshot.interfaces
                || all.unmatched_devices != snapshot.unmatched_devices
                || all.state != snapshot.state
                || all.pending_networks != snapshot.pending_networks
        }) {
            differs("the interfaces");
        }
        let told = snapshot.warnings.iter().any(|warning| warning.code.is_failure());
        let failed = cpus.is_err() && snapshot.cpus.is_some() || hugepages.is_err() || all.is_err();
        if told != failed {
            differs("the failures");
        }
    }
    check(&report);
}

/// What `tests/c/golden.c` prints of the structs, made from the expected JSON.
#[cfg(feature = "capi")]
mod c_view {
    use super::Value;

    fn text(value: &Value) -> String {
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    /// `name=value` for each key of `value`, where the struct calls it `name`.
    fn members(value: &Value, names: &[(&str, &str)], lines: &mut Vec<String>) {
        lines.extend(names.iter().map(|(name, key)| format!("{name}={}", text(&value[*key]))));
    }

    fn list(value: &Value, name: &str, lines: &mut Vec<String>) {
        let items = value.as_array().into_iter().flatten();
        lines.extend(items.map(|item| format!("{name}={}", text(item))));
    }

    fn each(value: &Value) -> impl Iterator<Item = &Value> {
        value.as_array().into_iter().flatten()
    }

    /// What is printed of a snapshot, where the call for a subject fails as `failed` says.
    pub fn lines(snapshot: &Value, failed: impl Fn(&str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        let mut subject = |name: &str, add: fn(&Value, &mut Vec<String>)| match failed(name) {
            true => lines.push(format!("{name}: failed")),
            false => add(snapshot, &mut lines),
        };
        subject("cpus", |snapshot, lines| cpus(&snapshot["cpus"], lines));
        subject("hugepages", |snapshot, lines| hugepages(&snapshot["hugepages"], lines));
        subject("interfaces", interfaces);
        lines
    }

    fn cpus(cpus: &Value, lines: &mut Vec<String>) {
        members(cpus, &[("allowed", "allowed")], lines);
        members(&cpus["sources"], &[("cpuset", "cpuset"), ("affinity", "affinity")], lines);
        let sets = ["isolated", "shared", "housekeeping", "memoryNodes"];
        members(cpus, &sets.map(|name| (name, name)), lines);
        for node in each(&cpus["nodes"]) {
            lines.push(format!("node={}:{}", node["node"], text(&node["cpus"])));
        }
        list(&cpus["cores"], "core", lines);
    }

    fn hugepages(hugepages: &Value, lines: &mut Vec<String>) {
        for page in each(&hugepages["pages"]) {
            members(page, &["size", "request", "limit", "used"].map(|name| (name, name)), lines);
            list(&page["mounts"], "mount", lines);
            for node in each(&page["nodes"]) {
                let [number, free, total] =
                    ["node", "freePages", "totalPages"].map(|key| &node[key]);
                lines.push(format!("pool={number}:{free}/{total}"));
            }
        }
        for container in each(&hugepages["containers"]) {
            members(container, &[("container", "name"), ("limit", "limit")], lines);
        }
    }

    fn hardware(hardware: &Value, lines: &mut Vec<String>) {
        if hardware.is_null() {
            return;
        }
        let numbers = ["numaNode", "iommuGroup", "virtualFunction"];
        let texts = ["vendor", "driver", "vfio", "physicalFunction"];
        members(hardware, &texts.map(|name| (name, name)), lines);
        members(hardware, &numbers.map(|name| (name, name)), lines);
        list(&hardware["netdevs"], "netdev", lines);
        list(&hardware["rdmaDevices"], "rdmaDevice", lines);
        if hardware["vdpa"].is_object() {
            members(&hardware["vdpa"], &[("vdpa", "name")], lines);
        }
    }

    fn interfaces(snapshot: &Value, lines: &mut Vec<String>) {
        list(&snapshot["pendingNetworks"], "pending", lines);
        for one in each(&snapshot["interfaces"]) {
            members(one, &["name", "network", "mac", "own", "mtu"].map(|name| (name, name)), lines);
            list(&one["ips"], "ip", lines);
            list(&one["gateways"], "gateway", lines);
            list(&one["sources"], "source", lines);
            let device = &one["device"];
            if device.is_object() {
                members(device, &[("type", "type")], lines);
                let details = [
                    ("pci", "address", "address"),
                    ("vdpa", "path", "path"),
                    ("vhostUser", "path", "path"),
                    ("memif", "path", "path"),
                    ("afXdp", "path", "socket"),
                    ("subfunction", "subfunction", "name"),
                ];
                for (member, name, key) in details {
                    if device[member].is_object() {
                        members(&device[member], &[(name, key)], lines);
                    }
                }
            }
            hardware(&one["hardware"], lines);
        }
        for device in each(&snapshot["unmatchedDevices"]) {
            members(device, &[("unmatched", "address"), ("own", "own")], lines);
            hardware(&device["hardware"], lines);
        }
    }
}

/// The JSON of the C interface is the expected one, and its structs say the same, unless the call
/// for their subject fails.
#[cfg(feature = "capi")]
#[test]
fn the_c_interface_gives_the_expected_snapshots() {
    use std::process::{Command, Stdio};

    let library = c_support::Library::new();
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("golden");
    let source = c_support::crate_dir().join("tests/c/golden.c");
    let mut compiler = c_support::compiler();
    compiler.arg(source).arg("-o").arg(&program).arg(library.archive());
    c_support::succeed(compiler.args(["-lpthread", "-ldl", "-lm"]));

    let cases = cases();
    let list = directory.path().join("cases");
    fs::write(&list, list_of(&cases)).unwrap();
    let stdin = Stdio::from(fs::File::open(&list).unwrap());
    let output = c_support::succeed(Command::new(&program).stdin(stdin));
    let printed = String::from_utf8(output.stdout).unwrap();

    let mut report = String::new();
    let blocks: Vec<&str> = printed.trim_end().split("\n\n").collect();
    assert_eq!(blocks.len(), cases.len());
    for (case, block) in cases.iter().zip(blocks) {
        let (json, view) = block.split_once('\n').unwrap();
        let mut found: Value = serde_json::from_str(json).unwrap();
        for warning in found["warnings"].as_array_mut().unwrap() {
            warning["text"] = "".into();
        }
        compare(case, &found, &mut report);
        let failed = |subject: &str| view.lines().any(|line| line == format!("{subject}: failed"));
        let expected = c_view::lines(&found, failed);
        let name = case.root.display();
        for (expected, found) in expected.iter().zip(view.lines()) {
            if expected != found {
                writeln!(report, "{name}: C: expected {expected}, found {found}").unwrap();
            }
        }
        assert_eq!(expected.len(), view.lines().count(), "{name}: lines of the C view");
    }
    check(&report);
}

#[cfg(feature = "cli")]
#[test]
fn the_command_prints_the_expected_snapshots() {
    use std::process::Command;

    let mut report = String::new();
    for case in cases() {
        let output = Command::new(env!("CARGO_BIN_EXE_podnet"))
            .args(["show", "--json", "--root"])
            .arg(&case.root)
            .args(&case.options)
            .env_remove("PODNET_ROOT")
            .output()
            .unwrap();
        let root = case.root.display();
        let mut found: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{root}: {error}: {output:?}"));
        let mut failed = false;
        for warning in found["warnings"].as_array_mut().unwrap() {
            failed |= matches!(warning["code"].as_str(), Some("malformed" | "unreadable"));
            assert!(!warning["text"].as_str().unwrap().is_empty(), "{root}: {warning}");
            warning["text"] = "".into();
        }
        assert_eq!(output.status.code(), Some(i32::from(failed)), "{root}: exit status");
        compare(&case, &found, &mut report);
    }
    check(&report);
}

/// The variables of a root's environment, beyond the two that each has.
fn variables(root: &Path) -> Vec<Vec<u8>> {
    let environ = fs::read(root.join("proc/self/environ")).unwrap_or_default();
    let variables = environ.split(|byte| *byte == 0).filter(|text| !text.is_empty());
    let usual = |text: &&[u8]| text.starts_with(b"PATH=") || text.starts_with(b"HOSTNAME=");
    variables.filter(|text| !usual(text)).map(<[u8]>::to_vec).collect()
}

#[test]
fn the_order_of_the_environment_changes_nothing() {
    let mut shuffled = 0;
    for mut case in cases() {
        let variables = variables(&case.root);
        if variables.len() < 2 {
            continue;
        }
        shuffled += 1;
        let expected = pod(&case).snapshot().unwrap();
        let copy = tempfile::tempdir().unwrap();
        tree::copy(&case.root, copy.path());
        case.root = copy.path().to_owned();
        let orders = Just(variables).prop_shuffle();
        let same = TestRunner::new(ProptestConfig::with_cases(12)).run(&orders, |order| {
            fs::write(case.root.join("proc/self/environ"), order.join(&0)).unwrap();
            prop_assert_eq!(&pod(&case).snapshot().unwrap(), &expected);
            Ok(())
        });
        same.unwrap_or_else(|error| panic!("{}: {error}", case.expect.display()));
    }
    assert!(shuffled > 15, "{shuffled} roots with two variables or more");
}

/// What each of `samples/annotations` says: the state, and the kind of each interface.
const ANNOTATIONS: [(&str, &str, &[&str]); 9] = [
    ("before-network-status", "pending", &[]),
    ("deprecated-networks-status", "complete", &["host", "host"]),
    ("every-escape", "complete", &["host"]),
    ("hot-plugged", "complete", &["host", "host", "host", "pci"]),
    ("memif", "complete", &["host", "memif", "memif"]),
    ("primary-user-network", "complete", &["host", "host"]),
    ("sr-iov-ovn-kubernetes", "complete", &["host", "pci", "pci"]),
    ("vdpa", "complete", &["host", "vdpa", "vdpa"]),
    ("vhost-user", "complete", &["host", "vhost-user", "vhost-user"]),
];

#[test]
fn the_annotations_samples_are_what_their_names_say() {
    let files: Vec<PathBuf> = names("samples/annotations")
        .into_iter()
        .filter(|path| path.extension().is_none())
        .collect();
    assert_eq!(files.len(), ANNOTATIONS.len(), "a sample without a line here, or the reverse");
    for (file, (name, state, kinds)) in files.iter().zip(ANNOTATIONS) {
        assert_eq!(file.file_name().unwrap(), name);
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("etc/podnetinfo");
        fs::create_dir_all(&directory).unwrap();
        fs::copy(file, directory.join("annotations")).unwrap();

        let interfaces = Pod::builder().root(root.path()).build().interfaces().unwrap();
        let found: Vec<String> =
            interfaces.interfaces.iter().map(|interface| interface.kind.to_string()).collect();
        assert_eq!(interfaces.state.to_string(), state, "{name}");
        assert_eq!(found, kinds, "{name}");
    }
}

/// Of every root and application: each word of the command line, the user's own too, is in one
/// reason, and a user's option says which of the builder's it replaces.
#[test]
fn every_argument_of_every_root_is_explained() {
    let own =
        ["-l", "1", "--log-level", "8", "--legacy-mem", "--new", "--", "-x", "--config=(0,0,0)"];
    let own: Vec<String> = own.iter().chain(&["--nb-cores=1"]).map(ToString::to_string).collect();
    let mut explained = 0;
    for case in cases() {
        let snapshot = pod(&case).snapshot().unwrap();
        for app in [App::None, App::L3fwd, App::L2fwd, App::Testpmd] {
            let Ok(made) = EalArgs::builder(&snapshot).app(app).build() else { continue };
            for user in [&own[..], &[]] {
                let line = made.command_line(&snapshot, "p", user).unwrap();
                let reasons = made.explain(&snapshot, user).unwrap();
                let arguments: Vec<&str> =
                    reasons.iter().map(|reason| reason.argument.as_str()).collect();
                assert_eq!(arguments.join(" "), line[1..].join(" "));
                let bare = reasons.iter().find(|one| one.why.is_empty() || one.why.contains('\n'));
                assert_eq!(bare, None, "{}", case.root.display());
                let lcores = reasons.iter().find(|reason| reason.argument == "-l 1");
                assert_eq!(lcores.is_some(), !user.is_empty());
                let replaced = format!("yours; replaces {} {}", made.eal[0], made.eal[1]);
                assert!(lcores.is_none_or(|reason| reason.why == replaced), "{lcores:?}");
                explained += reasons.len();
            }
        }
    }
    assert!(explained > 1000, "{explained} arguments: were there any?");
}
