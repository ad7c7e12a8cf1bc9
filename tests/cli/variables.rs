//! `exec` told by the environment, as the entry point of an image is.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::support::{
    Pod, memif_client, pod, pod_with_annotations, run, script, status, vhost_server,
};

const PRINT: &str = r#"printf '%s\n' "${0##*/}" "$@""#;

fn memif_pod() -> Pod {
    pod(&status(&[memif_client("net1", Path::new("/run/m.sock"))]))
}

/// `podnet exec` where these programs are, and no real ones.
fn exec(pod: &Pod, programs: &[&str]) -> Command {
    let bin = pod.path().join("bin");
    fs::create_dir_all(&bin).unwrap();
    for name in programs {
        script(bin.join(name), PRINT);
    }
    let mut command = pod.command("exec");
    command.env("PATH", &bin).env("PODNET_NO_HUGE", "true");
    command.env("PODNET_FORCE", "1");
    command
}

#[test]
fn the_application_names_its_program() {
    let pod = memif_pod();
    let l3fwd = run(exec(&pod, &["l3fwd"]).env("PODNET_APP", "l3fwd")).ends(0);
    assert!(l3fwd.out.starts_with("l3fwd\n--lcores\n"), "{l3fwd:?}");
    assert!(l3fwd.out.contains("\n--no-huge\n") && l3fwd.out.contains("\n--parse-ptype\n"));
    let distribution = run(exec(&pod, &["l3fwd", "dpdk-l3fwd"]).args(["--app", "l3fwd"])).ends(0);
    assert!(distribution.out.starts_with("dpdk-l3fwd\n"), "{distribution:?}");

    let mut nowhere = pod.command("exec --app l2fwd");
    run(nowhere.env("PATH", pod.path()))
        .ends(127)
        .says("dpdk-l2fwd, l2fwd: cannot be run: no such file");
    pod.run("exec").ends(2).says("PROGRAM: not given").says("$PODNET_APP");
}

#[test]
fn arguments_come_from_the_environment_unless_given() {
    let pod = memif_pod();
    let mut command = exec(&pod, &["l3fwd"]);
    command.env("PODNET_APP", "l3fwd").env("PODNET_ARGS", " --log-level 8\t-- \n--lookup=fib ");
    let words = run(&mut command).ends(0).out;
    assert!(words.contains("\n--log-level\n8\n--\n"), "{words}");
    assert!(words.ends_with("\n--lookup=fib\n"), "{words}");

    let words = run(command.args(["--", "--", "--lookup=em"])).ends(0).out;
    assert!(words.ends_with("\n--lookup=em\n") && !words.contains("log-level"), "{words}");

    let mut named = exec(&pod, &["other"]);
    named.env("PODNET_ARGS", "--log-level 8").args(["--", "other"]);
    let words = run(&mut named).ends(0).out;
    assert!(words.starts_with("other\n") && words.contains("\n--log-level\n8\n"), "{words}");
}

#[test]
fn options_win_over_variables_and_an_empty_one_is_unset() {
    let pod = memif_pod();
    let prefix = |command: &mut Command| {
        let run = run(command.args(["--", "l3fwd"])).ends(0);
        let mut words = run.out.lines().skip_while(|word| *word != "--file-prefix");
        words.nth(1).unwrap().to_owned()
    };
    let mut command = exec(&pod, &["l3fwd"]);
    command.env("PODNET_FILE_PREFIX", "ours").env("PODNET_QUEUES", "").env("PODNET_SECONDARY", "");
    assert_eq!(prefix(&mut command), "ours");
    let mut command = exec(&pod, &["l3fwd"]);
    command.env("PODNET_FILE_PREFIX", "ours").args(["--file-prefix", "mine"]);
    assert_eq!(prefix(&mut command), "mine");

    for (name, value) in [
        ("PODNET_APP", "l4fwd"),
        ("PODNET_QUEUES", "many"),
        ("PODNET_NO_HUGE", "perhaps"),
        ("PODNET_MEMORY", "-1"),
        ("PODNET_WAIT_NETWORKS", "soon"),
    ] {
        let from = format!("podnet: ${name}, from the environment, is refused:\n");
        run(exec(&pod, &["l3fwd"]).env(name, value)).ends(2).says(value).says(&from);
    }
    let mut command = exec(&pod, &["l3fwd"]);
    let run = run(command.env("PODNET_APP", "l4fwd").args(["--app", "l4fwd"])).ends(2);
    assert!(!run.err.contains("environment"), "{run:#?}");
}

#[test]
fn networks_by_variable_are_a_list() {
    let entries = ["net1", "net2", "net3"].map(|name| memif_client(name, Path::new("/run/m.sock")));
    let pod = pod(&status(&entries));
    let mut command = exec(&pod, &["testpmd"]);
    let run = run(command.env("PODNET_APP", "testpmd").env("PODNET_NETWORK", "net1,net3")).ends(0);
    assert!(run.out.contains("net_memif_net1") && run.out.contains("net_memif_net3"), "{run:?}");
    assert!(!run.out.contains("net2"), "{run:?}");
}

#[test]
fn waits_for_networks_when_told_to() {
    let request = "k8s.v1.cni.cncf.io/networks=\"ran/net1-net@net1\"\n";
    let pod = pod_with_annotations(request);
    let in_time = |pod: &Pod, limit: &str| {
        let mut command = exec(pod, &["program"]);
        command.env_remove("PODNET_FORCE").env("PODNET_WAIT_NETWORKS", limit);
        run(command.args(["--", "program", "--vdev", "net_null0"]))
    };
    in_time(&pod, "10ms").ends(1).says("network-status: not written within 10ms");

    let sockets = tempfile::tempdir().unwrap();
    let complete = self::pod(&status(&[vhost_server("net1", &sockets.path().join("a.sock"))]));
    let annotations = complete.path().join("etc/podnetinfo/annotations");
    let written = request.to_owned() + &fs::read_to_string(annotations).unwrap();
    let file = pod.path().join("etc/podnetinfo/annotations");
    let kubelet = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        fs::write(file, written).unwrap();
    });
    let late = in_time(&pod, "60s");
    kubelet.join().unwrap();
    assert!(late.ends(0).out.contains("net_virtio_user_net1"));

    fs::remove_dir_all(pod.path().join("etc")).unwrap();
    in_time(&pod, "60s").ends(0).says("the pod's annotations not found");
}
