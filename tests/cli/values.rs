//! `get` and `annotations`.

use crate::support::{pci, pod, pod_with_annotations, status};

#[test]
fn gets_one_value() {
    let pod = pod(&status(&[pci("net1", "0000:3b:02.1"), pci("net.2", "0000:3b:02.2")]));
    for (key, value) in [
        ("net1.pci", "0000:3b:02.1\n"),
        ("ran/net1-net.mac", "02:00:00:00:01:01\n"),
        ("net1-net.ip", "192.0.2.5\n"),
        ("net.2.pci", "0000:3b:02.2\n"),
        ("cpus.count", "1\n"),
    ] {
        let run = pod.run(&format!("get {key}")).ends(0);
        assert_eq!(run.out, value, "{key}");
    }
}

#[test]
fn tells_none_from_ambiguous_and_wrong() {
    let mut second = pci("net2", "0000:3b:02.2");
    second = second.replace("net2-net", "net1-net");
    let pod = pod(&status(&[pci("net1", "0000:3b:02.1"), second]));
    pod.run("get net1.pci").ends(0);
    pod.run("get eth0.pci").ends(1).says("podnet: eth0.pci: ");
    pod.run("get net9.pci").ends(1).says("net9");
    pod.run("get net1-net.pci").ends(2).says("podnet: net1-net.pci: ").says("net1, net2");
    pod.run("get net1.colour").ends(2).says("expected");
    pod.run("get").ends(2);
}

#[test]
fn a_value_never_becomes_two_lines() {
    let pod = pod(r#"[{"name":"a","interface":"net1","ips":["192.0.2.5\nevil"]}]"#);
    let run = pod.run("get net1.ips").ends(1);
    assert_eq!(run.out, "");
    run.says(r"192.0.2.5\nevil");
}

#[test]
fn annotations_come_as_they_were() {
    let file = b"text=\"two\\nlines \\\"=\\\\ \\u00e9\"\nbytes=\"\\xff\\x00f\\x1b\"\nempty=\"\"\n";
    let pod = pod_with_annotations(file);
    let json = pod.run("annotations --json").ends(0).json();
    assert_eq!(json["text"], "two\nlines \"=\\ é");
    assert_eq!(json["bytes"], serde_json::json!({"bytes": [255, 0, 102, 27]}));
    assert_eq!(json["empty"], "");
    let text = pod.run("annotations").ends(0).out;
    assert_eq!(
        text,
        "bytes\n    \\xff\\u{0}f\\u{1b}\nempty\n    \ntext\n    two\n    lines \"=\\ é\n"
    );
}

#[test]
fn a_malformed_line_costs_no_other_annotation() {
    let pod = pod_with_annotations("good=\"1\"\nbad\nlast=\"2\"\n");
    let run = pod.run("annotations").ends(1);
    run.says("podnet: warning: /etc/podnetinfo/annotations: line 2: ");
    assert_eq!(run.out, "good\n    1\nlast\n    2\n");
    let json = pod.run("annotations --json").ends(1).json();
    assert_eq!(json, serde_json::json!({"good": "1", "last": "2"}));
}
