//! `wait` and `watch`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kubelet::{Kubelet, annotations};
use crate::support::{Pod, pod_with_annotations};

const NET1: &str = r#"{"name":"ran/a","interface":"net1","ips":["192.0.2.1"]}"#;
const NET1_MOVED: &str = r#"{"name":"ran/a","interface":"net1","ips":["192.0.2.7"]}"#;

/// A pod that requests `ran/a`, and who writes its status.
fn pod(entries: Option<&[&str]>) -> (Pod, Kubelet) {
    let pod = pod_with_annotations("");
    fs::remove_dir_all(pod.path().join("etc/podnetinfo")).unwrap();
    let mut kubelet = Kubelet::new(pod.path().join("etc/podnetinfo"));
    kubelet.write(&annotations("ran/a", entries));
    (pod, kubelet)
}

#[test]
fn wait_exits_as_it_ended() {
    let start = Instant::now();
    let (bare, _) = pod(None);
    let path = "podnet: /etc/podnetinfo/annotations: k8s.v1.cni.cncf.io/network-status: ";
    let no_status = format!("{path}not written within 50ms: ");
    bare.run("wait --timeout 50ms").ends(4).says(&no_status);
    bare.run("wait --timeout 50ms --network net1").ends(4);
    bare.run("wait --timeout soon").ends(2);
    bare.run("wait --network a/b/c").ends(2).says("podnet: network: expected [namespace/]name");
    fs::remove_dir_all(bare.path().join("etc")).unwrap();
    let mount = "podnet: /etc/podnetinfo: the pod's annotations not found: mount a downwardAPI";
    bare.run("wait").ends(3).says(mount);

    let (some, _) = pod(Some(&[NET1]));
    let run = some.run("wait").ends(0);
    assert_eq!((&*run.out, &*run.err), ("", ""));
    some.run("wait --network net1 --network ran/a").ends(0);
    let missing = format!("{path}no entry within 50ms for net2, b: ");
    some.run("wait --timeout 50ms --network net2,a --network b").ends(5).says(&missing);

    let (broken, _) = pod(Some(&["7"]));
    broken.run("wait --timeout 50ms").ends(1).says(path);
    some.run("wait --root /no/such/directory").ends(1);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn wait_ends_when_the_network_is_there() {
    let (pod, mut kubelet) = pod(None);
    let mut child = pod.command("wait --timeout 30s").spawn().unwrap();
    thread::sleep(Duration::from_millis(100));
    assert!(child.try_wait().unwrap().is_none());
    kubelet.write(&annotations("ran/a", Some(&[NET1])));
    assert!(child.wait().unwrap().success());
}

/// `podnet watch` on a pod that changes until `wanted` lines of it were read: it prints nothing
/// that would tell when it has begun.
fn watched(args: &str, wanted: usize) -> Vec<String> {
    let (pod, mut kubelet) = pod(None);
    let mut child: Child = pod.command(args).stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reading = thread::spawn(move || -> Vec<String> {
        out.lines().take(wanted).map(Result::unwrap).collect()
    });
    let start = Instant::now();
    for status in [&[NET1][..], &[NET1_MOVED], &[]].into_iter().cycle() {
        if reading.is_finished() || start.elapsed() > Duration::from_secs(30) {
            break;
        }
        kubelet.write(&annotations("ran/a", Some(status)));
        thread::sleep(Duration::from_millis(150));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let lines = reading.join().unwrap();
    assert_eq!(lines.len(), wanted, "{lines:?}");
    lines
}

#[test]
fn watch_prints_a_line_per_change_at_once() {
    let lines = watched("watch", 9);
    for line in [
        "added    net1  ran/a  host  192.0.2.1",
        r#"changed  net1  ran/a  ips ["192.0.2.1"] -> ["192.0.2.7"]"#,
        "removed  net1  ran/a  host  192.0.2.7",
    ] {
        assert!(lines.iter().any(|printed| printed == line), "{line}: {lines:?}");
    }
}

#[test]
fn watch_prints_json_lines() {
    let lines = watched("watch --json", 9);
    let events: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| events.iter().find(|event| event["event"] == kind).unwrap();
    assert_eq!(of("added")["interface"]["name"], "net1");
    assert_eq!(of("changed")["before"]["ips"][0], "192.0.2.1");
    assert_eq!(of("changed")["interface"]["ips"][0], "192.0.2.7");
    assert_eq!(of("removed")["before"], Value::Null);
    assert_eq!(of("added").as_object().unwrap().len(), 3);
}

#[test]
fn watch_says_what_it_cannot_read_and_goes_on() {
    let (pod, mut kubelet) = pod(Some(&["7"]));
    let mut command = pod.command("watch");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("podnet: /etc/podnetinfo/annotations: k8s.v1.cni"), "{line}");
    kubelet.write(&annotations("ran/a", Some(&[&NET1.replace("net1", r"n\u001b")])));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with(r"added    n\u{1b}  ran/a"), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
    pod.run("watch --root /no/such/directory").ends(1);
}
