//! `show`: for people and for programs.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use crate::support::{self, pci, pod, pod_with_annotations, podnet, run, status};

fn sr_iov() -> support::Pod {
    let pod = pod(&status(&[pci("net1", "0000:3b:02.1")]));
    pod.file("proc/self/environ", "CONTAINER_NAME=dpdk\0PCIDEVICE_X=0000:3b:02.1,0000:3b:02.6\0");
    pod
}

#[test]
fn shows_people_a_table() {
    let run = sr_iov().run("show").ends(0);
    let row = run.out.lines().find(|line| line.starts_with("net1")).unwrap();
    let cells: Vec<_> = row.split_whitespace().collect();
    assert_eq!(cells[..4], ["net1", "ran/net1-net", "sr-iov", "0000:3b:02.1"], "{run:#?}");
    assert_eq!(cells[6..], ["02:00:00:00:01:01", "192.0.2.5", "device-info"], "{run:#?}");
    run.shows("Container  dpdk\n").shows("Networks   complete\n").shows("cbr0 (default)");
    run.shows("\nUNMATCHED DEVICE  TYPE").shows("\n0000:3b:02.6      pci ");
    run.says("podnet: warning: PCIDEVICE_X: ");
    assert!(!run.out.contains('\x1b'), "{run:#?}");
}

#[test]
fn columns_are_aligned() {
    let out = sr_iov().run("show interfaces").out;
    let at = |line: &str, word: &str| line.find(word).unwrap();
    let line = |start: &str| out.lines().find(|line| line.starts_with(start)).unwrap();
    assert_eq!(at(line("INTERFACE"), "DEVICE"), at(line("net1"), "0000:"));
    assert_eq!(at(line("INTERFACE"), "IPS"), at(line("eth0"), "10.0.0.5"));
    assert!(out.lines().all(|line| line == line.trim_end()), "{out}");
}

#[test]
fn colours_only_when_asked_for() {
    let pod = sr_iov();
    pod.run("--color always show").shows("\x1b[1mINTERFACE\x1b[0m");
    assert!(!pod.run("--color never show").out.contains('\x1b'));
    assert!(!pod.run("show --json --color always").out.contains('\x1b'));
}

#[test]
fn shows_programs_the_snapshot() {
    let pod = sr_iov();
    let run = pod.run("show --json").ends(0);
    let json = run.json();
    assert_eq!(json["schema"], "podnet/v1");
    assert_eq!(json["interfaces"][1]["device"]["pci"]["address"], "0000:3b:02.1");
    assert_eq!(json["warnings"][0]["path"], "PCIDEVICE_X");
    assert_eq!(run.err, "");
    let library = podnet::Pod::builder().root(pod.path()).build().snapshot().unwrap();
    assert_eq!(json, serde_json::to_value(library).unwrap());
}

#[test]
fn shows_one_part() {
    let pod = sr_iov();
    let whole = pod.run("show --json").json();
    assert_eq!(pod.run("show cpus --json").json(), whole["cpus"]);
    assert_eq!(pod.run("show hugepages --json").json(), whole["hugepages"]);
    let interfaces = pod.run("show interfaces --json").json();
    for key in ["state", "pendingNetworks", "interfaces", "unmatchedDevices"] {
        assert_eq!(interfaces[key], whole[key], "{key}");
    }
    assert_eq!(interfaces.as_object().unwrap().len(), 4);
    let text = pod.run("show cpus").ends(0).out;
    assert!(text.starts_with("CPUs ") && !text.contains("INTERFACE"), "{text}");
}

#[test]
fn tells_what_is_not_there_yet() {
    let pod = pod_with_annotations("k8s.v1.cni.cncf.io/networks=\"fronthaul@net7\"\n");
    let run = pod.run("show").ends(0);
    assert!(run.shows("Networks   pending: ").out.contains("fronthaul@net7"), "{run:#?}");
    fs::remove_file(pod.path().join("etc/podnetinfo/annotations")).unwrap();
    pod.run("show").ends(0).shows("no annotations file is mounted");
}

#[test]
fn what_is_malformed_fails_and_the_rest_is_shown() {
    let pod = pod("[{\"name\":");
    pod.file("proc/self/environ", "PCIDEVICE_X=0000:3b:02.6\0");
    let run = pod.run("show").ends(1);
    run.says("podnet: warning: /etc/podnetinfo/annotations: ").says("network-status");
    run.shows("CPUs ").shows("0000:3b:02.6");
    let json = pod.run("show --json").ends(1).json();
    assert_eq!(json["warnings"][0]["code"], "malformed");
}

#[test]
fn what_cannot_be_read_fails_and_the_rest_is_shown() {
    let pod = sr_iov();
    let annotations = pod.path().join("etc/podnetinfo/annotations");
    fs::remove_file(&annotations).unwrap();
    fs::create_dir(&annotations).unwrap();
    let run = pod.run("show").ends(1);
    run.says("podnet: warning: /etc/podnetinfo/annotations: cannot be read: ")
        .shows("0000:3b:02.6");
    assert_eq!(pod.run("show --json").ends(1).json()["warnings"][0]["code"], "unreadable");
}

#[test]
fn escape_sequences_of_a_pod_do_not_reach_the_terminal() {
    let hostile = r#"[{"name":"a\u001b]0;owned\u0007b","interface":"net1\u001b[2J","default":false},
        {"name":"\u202egnp\u009b2J","interface":"net2\nnet3"}]"#;
    let pod = pod(hostile);
    for verb in ["show", "annotations", "eal", "--color always show"] {
        let run = pod.run(verb);
        let both = run.out.replace("\x1b[1m", "").replace("\x1b[0m", "") + &run.err;
        let both = both.replace("\x1b[33m", "");
        let acting = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!both.contains(acting), "{verb}: {both:?}");
    }
    let run = pod.run("show");
    run.shows(r"a\u{1b}]0;owned\u{7}b").shows(r"net1\u{1b}[2J").shows(r"net2\nnet3");
    let json = pod.run("show --json").json();
    assert_eq!(json["interfaces"][0]["name"], "net1\u{1b}[2J");
}

#[test]
fn a_reader_that_goes_away_ends_it_silently() {
    let entries: Vec<_> = (0..2000).map(|n| pci(&format!("net{n}"), "0000:3b:02.1")).collect();
    let pod = pod(&status(&entries));
    let mut child =
        pod.command("show --json").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let status = child.wait().unwrap();
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(status.signal(), Some(13), "{status:?} {err}");
    assert_eq!(err, "");
}

#[test]
fn a_full_disk_is_told() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = run(sr_iov().command("show --json").stdout(full));
    run.ends(1).says("podnet: standard output: ");
}

#[test]
fn the_root_may_come_from_the_environment() {
    let pod = sr_iov();
    let shown = run(podnet().env("PODNET_ROOT", pod.path()).args(["get", "net1.pci"])).ends(0);
    assert_eq!(shown.out, "0000:3b:02.1\n");
    let other = run(podnet().env("PODNET_ROOT", "/nonexistent").args(["show"])).ends(1);
    other.says("/nonexistent");
    let option = run(pod.command("get net1.pci").env("PODNET_ROOT", "/nonexistent")).ends(0);
    assert_eq!(option.out, "0000:3b:02.1\n");
}

#[test]
fn the_other_global_options_reach_the_library() {
    let pod = pod(&status(&[
        r#"{"name":"ran/a","interface":"net1"}"#.to_owned(),
        r#"{"name":"ran/b","interface":"net2"}"#.to_owned(),
    ]));
    pod.file("proc/self/environ", "PCIDEVICE_X=0000:3b:02.1,0000:3b:02.6\0");
    pod.run("get net2.pci").ends(1);
    assert_eq!(pod.run("get net2.pci --assign-by-order").ends(0).out, "0000:3b:02.6\n");
    pod.run("show --container other").shows("Container  other\n");
    let moved = pod.path().join("mnt");
    fs::rename(pod.path().join("etc/podnetinfo"), moved).unwrap();
    pod.run("get eth0.ip").ends(1);
    assert_eq!(pod.run("get eth0.ip --downward-api /mnt").ends(0).out, "10.0.0.5\n");
}

#[test]
fn every_verb_has_an_example() {
    for verb in ["", "show", "get", "annotations", "eal", "exec"] {
        let run = run(podnet().args(verb.split_whitespace()).arg("--help")).ends(0);
        let start = format!("\n  podnet {verb}");
        assert!(run.out.contains("Examples:\n") && run.out.contains(start.trim_end()), "{run:#?}");
    }
    run(podnet().arg("render")).ends(2);
    run(&mut podnet()).ends(2);
}
