//! Input that means harm, or was cut off: no panic, no hang, no silent loss.

#![allow(clippy::unwrap_used)]

mod tree;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use podnet::{Pod, Snapshot, WarningCode};

/// Puts something else in place of a file.
type Make = fn(&Path);

const STATUS: &str = "k8s.v1.cni.cncf.io/network-status";
const ANNOTATIONS: &str = "/etc/podnetinfo/annotations";

/// A root with an annotations file of this content, and CPUs.
fn root(annotations: impl AsRef<[u8]>) -> tempfile::TempDir {
    let root = tree::root(&[("proc/self/status", "Cpus_allowed_list:\t2-5\n")]);
    tree::write(root.path(), ANNOTATIONS, annotations);
    root
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn status_file(status: &str) -> String {
    format!("{STATUS}={}", quoted(status))
}

fn pod(root: &Path) -> Pod {
    Pod::builder().root(root).build()
}

fn failures(snapshot: &Snapshot) -> Vec<(WarningCode, &str, &str)> {
    let failures = snapshot.warnings.iter().filter(|warning| warning.code.is_failure());
    failures.map(|warning| (warning.code, warning.path.as_str(), warning.text.as_str())).collect()
}

/// The CPUs are still there, and exactly one failure names `path` and `place`.
#[track_caller]
fn fails_alone(root: &Path, code: WarningCode, path: &str, place: &str) {
    let snapshot = pod(root).snapshot().unwrap();
    assert_eq!(snapshot.cpus.as_ref().unwrap().allowed.to_string(), "2-5");
    let failures = failures(&snapshot);
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!((failures[0].0, failures[0].1), (code, path));
    assert!(failures[0].2.contains(place), "{place} in {}", failures[0].2);
    let error = pod(root).interfaces().unwrap_err().to_string();
    assert!(error.contains(path) && error.contains(place), "{error}");
}

#[test]
fn a_file_cut_anywhere_never_panics_and_never_passes_silently() {
    let whole = status_file(r#"[{"name": "a", "interface": "net1", "ips": ["192.0.2.1"]}]"#);
    for end in 1..whole.len() {
        let root = root(&whole[..end]);
        let snapshot = pod(root.path()).snapshot().unwrap();
        assert!(!failures(&snapshot).is_empty(), "cut at {end}");
        assert!(snapshot.interfaces.is_empty());
    }
}

#[test]
fn json_nested_100_000_deep_is_refused() {
    let root = root(status_file(&"[".repeat(100_000)));
    fails_alone(root.path(), WarningCode::Malformed, ANNOTATIONS, "network-status: line 1");
}

#[test]
fn numbers_past_64_bits_cost_only_their_member() {
    let huge = r#"[{"name": "a", "interface": "net1", "mtu": 99999999999999999999999999}]"#;
    let root = root(status_file(huge));
    fails_alone(root.path(), WarningCode::Malformed, ANNOTATIONS, "[0].mtu");
    let snapshot = pod(root.path()).snapshot().unwrap();
    assert_eq!(snapshot.interfaces[0].name.as_deref(), Some("net1"));
    assert_eq!(snapshot.interfaces[0].mtu, None);
}

#[test]
fn annotations_of_10_megabytes_are_read() {
    let filler = format!("filler={}\n", quoted(&"x".repeat(10 << 20)));
    let root = root(filler + &status_file(r#"[{"name": "a", "interface": "net1"}]"#));
    let snapshot = pod(root.path()).snapshot().unwrap();
    assert_eq!((snapshot.interfaces.len(), failures(&snapshot).len()), (1, 0));
    assert_eq!(pod(root.path()).annotations().unwrap().values["filler"].len(), 10 << 20);
}

#[test]
fn annotations_without_end_are_refused() {
    let root = root("");
    let file = fs::File::create(root.path().join(&ANNOTATIONS[1..])).unwrap();
    file.set_len(1 << 40).unwrap();
    fails_alone(root.path(), WarningCode::Unreadable, ANNOTATIONS, "too large");
}

#[test]
fn ten_thousand_interfaces_are_mapped() {
    let entry = |index: usize| format!(r#"{{"name": "n/net{index}", "interface": "net{index}"}}"#);
    let list: Vec<String> = (0..10_000).map(entry).collect();
    let root = root(status_file(&format!("[{}]", list.join(","))));
    let snapshot = pod(root.path()).snapshot().unwrap();
    assert_eq!((snapshot.interfaces.len(), failures(&snapshot).len()), (10_000, 0));
    // Half a minute, were the columns measured anew for each row.
    let mut command = Command::new("timeout");
    command.args(["10", env!("CARGO_BIN_EXE_podnet"), "show", "--root"]).arg(root.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    let lines = output.stdout.split(|byte| *byte == b'\n');
    assert!(lines.filter(|line| line.starts_with(b"net")).count() == 10_000);
}

#[test]
fn fifty_thousand_addresses_get_their_prefix() {
    let addresses: Vec<String> =
        (0..50_000).map(|index| format!("10.0.{}.{}", index / 256, index % 256)).collect();
    let with_prefix: Vec<String> = addresses.iter().rev().map(|ip| format!("{ip}/8")).collect();
    let status = format!(r#"[{{"name": "a", "interface": "net1", "ips": {addresses:?}}}]"#);
    let networks = format!(r#"{{"a": {{"ip_addresses": {with_prefix:?}}}}}"#);
    let root =
        root(format!("{}\nk8s.ovn.org/pod-networks={}", status_file(&status), quoted(&networks)));
    let start = Instant::now();
    let snapshot = pod(root.path()).snapshot().unwrap();
    assert!(snapshot.interfaces[0].ips.iter().all(|ip| ip.ends_with("/8")));
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn no_page_has_no_size() {
    let root = root("");
    let pool = "sys/devices/system/node/node0/hugepages/hugepages-0kB";
    for file in ["nr_hugepages", "free_hugepages"] {
        tree::write(root.path(), &format!("{pool}/{file}"), "1");
    }
    let mount = "74 66 0:36 / /dev/hugepages rw - hugetlbfs nodev rw,pagesize=0";
    tree::write(root.path(), "proc/self/mountinfo", mount);
    assert!(pod(root.path()).snapshot().unwrap().hugepages.pages.is_empty());
}

#[test]
fn what_stands_in_place_of_the_file_is_named() {
    let cases: [(&str, Make); 3] = [
        ("too many levels of symbolic links", |path| symlink("annotations", path).unwrap()),
        ("is a directory", |path| fs::create_dir(path).unwrap()),
        ("invalid argument", |path| {
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
    ];
    for (reason, make) in cases {
        let root = root("");
        let path = root.path().join(&ANNOTATIONS[1..]);
        fs::remove_file(&path).unwrap();
        make(&path);
        fails_alone(root.path(), WarningCode::Unreadable, ANNOTATIONS, reason);
    }
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let root = root(status_file("[]"));
    let path = root.path().join(&ANNOTATIONS[1..]);
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0);
    fs::set_permissions(&path, permissions).unwrap();
    let mut directory = fs::metadata(root.path()).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut directory, 0o755);
    fs::set_permissions(root.path(), directory).unwrap();

    // The superuser reads everything: the command runs as nobody then.
    let binary = root.path().join("podnet");
    // Not by this process: while a child that another test forks has the file open, nothing runs it.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_podnet")).arg(&binary).status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(&binary);
    if fs::read(&path).is_ok() {
        command.uid(65_534).gid(65_534);
    }
    let output = command.args(["show", "--json", "--root"]).arg(root.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let snapshot: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(snapshot["cpus"]["allowed"], "2-5");
    assert_eq!(snapshot["warnings"][0]["code"], "unreadable");
    assert_eq!(snapshot["warnings"][0]["path"], ANNOTATIONS);
    let why = "cannot be read: permission denied: run as a user who may read it";
    assert!(snapshot["warnings"][0]["text"].as_str().unwrap().contains(why));
}

#[test]
fn a_generation_that_is_swapped_while_it_is_read_is_read_whole() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("etc/podnetinfo");
    fs::create_dir_all(&directory).unwrap();
    symlink("..data/annotations", directory.join("annotations")).unwrap();
    let write = |generation: usize| {
        let name = format!("..2026_{generation}");
        fs::create_dir(directory.join(&name)).unwrap();
        let list: Vec<String> = (0..8)
            .map(|index| format!(r#"{{"name": "g{generation}", "interface": "net{index}"}}"#))
            .collect();
        let status = status_file(&format!("[{}]", list.join(",")));
        fs::write(directory.join(&name).join("annotations"), status).unwrap();
        let label = format!("generation=\"g{generation}\"");
        fs::write(directory.join(&name).join("labels"), label).unwrap();
        symlink(&name, directory.join("..data_tmp")).unwrap();
        fs::rename(directory.join("..data_tmp"), directory.join("..data")).unwrap();
        if generation > 0 {
            fs::remove_dir_all(directory.join(format!("..2026_{}", generation - 1))).unwrap();
        }
    };
    write(0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (1..300).for_each(write));
        let mut generations = std::collections::BTreeSet::new();
        while !writer.is_finished() {
            let snapshot = pod(root.path()).snapshot().unwrap();
            // A reader that was outrun five times says so; it never mixes.
            if snapshot.interfaces.is_empty() {
                assert!(!failures(&snapshot).is_empty(), "lost silently");
                continue;
            }
            let label = &snapshot.pod.labels["generation"];
            assert_eq!(snapshot.interfaces.len(), 8);
            assert!(snapshot.interfaces.iter().all(|interface| interface.network == *label));
            generations.insert(label.clone());
        }
        assert!(generations.len() > 1, "the writer was never met");
    });
}
