//! The manifests of samples/kubernetes: they are what Kubernetes and the custom resources' definitions
//! take, what they name is there, their command lines are podnet's, and the pods that they make are
//! those of samples/pods.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)] // A test is to panic.

#[path = "../cases/mod.rs"]
mod cases;
mod problems;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use cases::names;
use podnet::Pod;
use podnet::snapshot::Kind;
use problems::{Manifest, NETWORKS, each, named, networks_of, problems, requested, text};
use serde::Deserialize;
use serde_json::Value;

/// A manifest, its container, the pod of samples/pods that it makes, and a part of what podnet
/// starts in it.
const CONTAINERS: [(&str, &str, &str, &str); 17] = [
    ("sr-iov-vfio/pod.yaml", "dpdk", "sr-iov", "-a 0000:3b:02.1 -a 0000:3b:0a.3 "),
    ("injector/pod.yaml", "dpdk", "sr-iov", "-a 0000:3b:02.1 -a 0000:3b:0a.3 "),
    ("sr-iov-mlx5/pod.yaml", "dpdk", "mlx5", "-a 0000:5e:00.4 -a 0000:5e:00.5 "),
    (
        "userspace-vhost-user/pod.yaml",
        "l3fwd",
        "userspace-vhost-user",
        "-net2,queues=1,cq=1,server=1 ",
    ),
    ("userspace-memif/pod.yaml", "l3fwd", "userspace-memif", "net_memif_net2,role=client,"),
    ("vdpa-vhost/pod.yaml", "dpdk", "vdpa", "path=/dev/vhost-vdpa-1,"),
    ("vdpa-virtio/pod.yaml", "app", "vdpa-virtio", "--vdev=net_af_packet0,iface=net1 -- "),
    ("vdpa-l3fwd/l3fwd.yaml", "dpdk", "vdpa", "--eth-dest=1,02:00:00:00:0b:0b"),
    ("vdpa-l3fwd/generator.yaml", "dpdk", "vdpa", "path=/dev/vhost-vdpa-0,"),
    ("vdpa-l3fwd/counter.yaml", "dpdk", "vdpa", "path=/dev/vhost-vdpa-1,"),
    ("af-xdp/pod.yaml", "dpdk", "af-xdp", "use_cni=1,dp_path=/tmp/afxdp_dp/ens801f1/afxdp.sock "),
    ("exclusive-cpus/pod.yaml", "dpdk", "exclusive-cpus", "--lcores 0@4,1@5,2@6,3@7 "),
    (
        "two-containers/pod.yaml",
        "router",
        "two-containers-router",
        "-a 0000:3b:02.1 -a 0000:3b:02.2 ",
    ),
    ("two-containers/pod.yaml", "firewall", "two-containers-firewall", "-a 0000:3b:02.3 --socket"),
    ("hybrid-cloud/vdpa.yaml", "router", "hybrid-vdpa", "path=/dev/vhost-vdpa-0,"),
    ("hybrid-cloud/virtio.yaml", "router", "hybrid-virtio", "-a 0000:af:00.2 "),
    ("hybrid-cloud/vhost.yaml", "router", "hybrid-vhost", "-net1,queues=1,cq=1,server=1 "),
];

/// Manifests that have to be refused, and a part of the reason.
const BROKEN: [(&str, &str); 12] = [
    ("config-no-bridge.yaml", "'bridge' is a required property"),
    ("config-no-json.yaml", "JSONDecodeError"),
    ("config-no-name.yaml", "'name' is a required property"),
    ("config-no-topology.yaml", "'topology' is a required property"),
    ("config-wrong-mode.yaml", "host/vhost/mode: 'master' is not one of"),
    ("misspelt-field.yaml", "'volumeMount' was unexpected"),
    ("no-downward-field.yaml", "volumes/0/downwardAPI/items/0/fieldRef"),
    ("policy-device-type.yaml", "spec/deviceType: 'vfio' is not one of"),
    ("pool-without-name.yaml", "resourceList/0: 'resourceName' is a required property"),
    ("quantity-list.yaml", "resources/limits/hugepages-1Gi"),
    ("resource-name.yaml", "'fronthaul' does not match"),
    ("unknown-kind.yaml", "SchemaNotFoundError"),
];

#[derive(Deserialize)]
struct Checked {
    file: PathBuf,
    problem: Option<String>,
    document: Value,
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The YAML files in a directory and those below it.
fn manifests(directory: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in names(directory) {
        let relative = path.strip_prefix(top()).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(manifests(&relative));
        } else if relative.ends_with(".yaml") {
            found.push(path);
        }
    }
    found
}

fn check(files: &[PathBuf]) -> Vec<Checked> {
    let validators = Command::new(top().join("scripts/validators")).output().unwrap();
    let said = String::from_utf8_lossy(&validators.stderr);
    assert!(validators.status.success(), "no validator: {said}");
    let python = String::from_utf8(validators.stdout).unwrap();
    let program = top().join("tests/samples_kubernetes/validate.py");
    let output = Command::new(python.trim()).arg(program).args(files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

static SAMPLES: LazyLock<Vec<Checked>> = LazyLock::new(|| check(&manifests("samples/kubernetes")));

#[test]
fn the_schemas_take_every_manifest() {
    let mut problems = Vec::new();
    for Checked { file, problem, document } in SAMPLES.iter() {
        if let Some(problem) = problem {
            let file = file.strip_prefix(top()).unwrap().display();
            problems
                .push(format!("{file}: {} {}: {problem}", document["kind"], document["metadata"]));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    assert!(SAMPLES.len() > 50, "{} documents", SAMPLES.len());
}

#[test]
fn the_schemas_refuse_what_is_broken() {
    let files = manifests("tests/samples_kubernetes/broken");
    let checked = check(&files);
    assert_eq!(checked.len(), BROKEN.len(), "a file without a line here, or the reverse");
    for (checked, (name, reason)) in checked.iter().zip(BROKEN) {
        assert_eq!(checked.file.file_name().unwrap(), name);
        let problem = checked.problem.as_deref().unwrap_or("taken");
        assert!(problem.contains(reason), "{name}: {problem}");
    }
}

fn manifest(file: &str) -> Manifest<'static> {
    let path = top().join("samples/kubernetes").join(file);
    let beside = |one: &&Checked| one.file.parent() == path.parent();
    // Each file of the hybrid cloud is another cluster.
    let whole = |one: &&Checked| one.file == path || !file.starts_with("hybrid");
    let documents = || SAMPLES.iter().filter(beside).filter(whole);
    let pod = documents().find(|one| one.file == path && one.document["kind"] == "Pod");
    let pod = &pod.unwrap_or_else(|| panic!("{file}: no pod")).document;
    Manifest { pod, around: documents().map(|one| &one.document).collect() }
}

fn is_injected(file: &str) -> bool {
    file.starts_with("injector")
}

#[test]
fn what_the_pods_name_is_there() {
    for (file, ..) in CONTAINERS {
        let found = problems(&manifest(file), is_injected(file));
        assert!(found.is_empty(), "samples/kubernetes/{file}:\n{}", found.join("\n"));
    }
    let pods = SAMPLES.iter().filter(|one| one.document["kind"] == "Pod").count();
    let mut files: Vec<&str> = CONTAINERS.iter().map(|(file, ..)| *file).collect();
    files.dedup();
    assert_eq!(files.len(), pods, "a pod without a line here");
}

/// Each of these makes one problem of a pod that has none.
#[test]
fn what_the_pods_lack_is_found() {
    let changes: [(&str, &str, Value, &str); 11] = [
        (
            "/spec/containers/0/resources/limits/memory",
            "memory",
            "2Gi".into(),
            "requests are not the limits",
        ),
        ("/spec/containers/0/resources/limits/cpu", "cpu", "1500m".into(), "whole number"),
        (
            "/spec/volumes/1/emptyDir/medium",
            "medium",
            "HugePages-2Mi".into(),
            "hugepages [\"HugePages-1Gi\"]",
        ),
        ("/spec/containers/0/env/0/value", "value", "other".into(), "CONTAINER_NAME"),
        (
            "/spec/volumes/0/downwardAPI/items/2/path",
            "path",
            "hugepages_1Gi_request_dpdk".into(),
            "hugepages_1G_request_dpdk",
        ),
        (
            "/spec/volumes/0/downwardAPI/items/3/resourceFieldRef/divisor",
            "divisor",
            "1".into(),
            "hugepages_1G_limit_dpdk",
        ),
        ("/spec/containers/0/securityContext/capabilities/drop", "drop", Value::Null, "privileges"),
        ("/spec/volumes/1/hostPath", "hostPath", serde_json::json!({"path": "/dev"}), "hostPath"),
        (
            "/spec/containers/0/resources/limits/intel.com~1midhaul",
            "intel.com/midhaul",
            2.into(),
            "requested",
        ),
        ("/metadata/namespace", "namespace", "other".into(), "nothing makes the namespace"),
        (
            "/metadata/annotations/k8s.v1.cni.cncf.io~1networks",
            NETWORKS,
            "fronthaul, backhaul".into(),
            "backhaul is not defined",
        ),
    ];
    let whole = manifest("sr-iov-vfio/pod.yaml");
    for (pointer, key, value, expected) in changes {
        let mut pod = whole.pod.clone();
        let parent = pod.pointer_mut(pointer.rsplit_once('/').unwrap().0).unwrap();
        parent[key] = value;
        let found = problems(&Manifest { pod: &pod, around: whole.around.clone() }, false);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{pointer}: {found:?}");
    }
}

/// A directory with programs of the names that the manifests start.
fn programs() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for name in ["l3fwd", "dpdk-testpmd"] {
        let path = directory.path().join(name);
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    directory
}

#[test]
fn the_command_lines_are_podnets() {
    let programs = programs();
    for (file, container, root, expected) in CONTAINERS {
        let spec = &manifest(file).pod["spec"];
        let mut words: Vec<String> = Vec::new();
        let container = named(&spec["containers"], container).unwrap();
        words.extend(each(&container["command"]).chain(each(&container["args"])).map(text));
        // Without the wait it would start before there is any network.
        assert_eq!(words[..4], ["podnet", "exec", "--wait-networks", "60s"], "{file}");
        // On this system, whose devices and DPDK are others.
        if let Some(time) = words.iter().position(|word| word == "--wait-sockets") {
            words[time + 1] = "0s".to_owned();
        }
        let options = ["--dry-run", "--force", "--dpdk", "24.11"].map(str::to_owned);
        words.splice(2..2, options);
        let mut command = Command::new(env!("CARGO_BIN_EXE_podnet"));
        for variable in each(&container["env"]) {
            command.env(text(&variable["name"]), text(&variable["value"]));
        }
        command.args(&words[1..]).env("PATH", programs.path());
        let output =
            command.env("PODNET_ROOT", top().join("samples/pods").join(root)).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{file}: {words:?}: {errors}");
        let started = String::from_utf8(output.stdout).unwrap();
        assert!(started.contains(expected), "{file}: {started}{errors}");
    }
}

/// What DPDK needs for the devices that a container was given.
fn capabilities(root: &str) -> BTreeSet<&'static str> {
    let view = Pod::builder().root(top().join("samples/pods").join(root)).build();
    let interfaces = view.interfaces().unwrap().interfaces;
    let own = interfaces.iter().filter(|one| one.own != Some(false) && !one.default);
    let needed = own.map(|one| {
        let driver = one.hardware.as_ref().and_then(|hardware| hardware.driver.as_deref());
        match (one.kind, driver) {
            (Kind::SrIov | Kind::Pci, Some("mlx5_core")) => {
                &["IPC_LOCK", "NET_ADMIN", "NET_RAW"][..]
            }
            (Kind::AfXdp, _) => &["IPC_LOCK", "NET_RAW"],
            (Kind::VhostUser | Kind::Memif, _) => &[],
            // AF_PACKET.
            (Kind::Vdpa, _) if root == "vdpa-virtio" => &["NET_RAW"],
            _ => &["IPC_LOCK"],
        }
    });
    needed.flatten().copied().collect()
}

#[test]
fn the_containers_have_the_capabilities_that_their_devices_need() {
    for (file, container, root, _) in CONTAINERS {
        let container = named(&manifest(file).pod["spec"]["containers"], container).unwrap();
        let context = &container["securityContext"];
        let added: BTreeSet<String> = each(&context["capabilities"]["add"]).map(text).collect();
        let mut needed: BTreeSet<String> =
            capabilities(root).into_iter().map(str::to_owned).collect();
        // One container for whatever host.
        if file.starts_with("hybrid-cloud") {
            needed.insert("IPC_LOCK".to_owned());
        }
        assert_eq!(added, needed, "{file}");
        // Of a container's capabilities only root gets any without being asked.
        assert_eq!(context["runAsUser"] == 0, !added.is_empty(), "{file}");
    }
}

/// The root of a pod is what the manifest makes.
#[test]
fn the_pods_are_those_of_samples_pods() {
    for (file, name, root, _) in CONTAINERS {
        let pod = manifest(file).pod;
        let container = named(&pod["spec"]["containers"], name).unwrap();
        let limits = &container["resources"]["limits"];
        let view = Pod::builder().root(top().join("samples/pods").join(root)).build();
        let snapshot = view.snapshot().unwrap();
        assert_eq!(snapshot.container.as_deref(), Some(name), "{file}");
        let cpus = snapshot.cpus.unwrap().count as u64;
        assert_eq!(Some(cpus), limits["cpu"].as_u64(), "{file}: CPUs of {root}");

        let annotations = view.annotations().unwrap().values;
        let asked = String::from_utf8(annotations[NETWORKS].clone()).unwrap();
        assert_eq!(networks_of(pod), requested(&asked), "{file}: networks of {root}");
        for network in networks_of(pod) {
            let full = format!("{}/{network}", pod["metadata"]["namespace"].as_str().unwrap());
            assert!(snapshot.interfaces.iter().any(|one| one.network == full), "{file}: {full}");
        }

        let mut expected: BTreeMap<u64, u64> = BTreeMap::new();
        for (key, value) in limits.as_object().unwrap() {
            if let Some(size) = key.strip_prefix("hugepages-") {
                expected.insert(bytes(size), bytes(&text(value)));
            }
        }
        let found: BTreeMap<u64, u64> = snapshot
            .hugepages
            .pages
            .iter()
            .filter_map(|page| Some((page.size, page.limit.filter(|limit| *limit > 0)?)))
            .collect();
        assert_eq!(found, expected, "{file}: hugepages of {root}");

        // The generator and the counter are pods like this one.
        if !["vdpa-l3fwd/generator.yaml", "vdpa-l3fwd/counter.yaml"].contains(&file) {
            assert_eq!(
                view.eal_facts().host_name.unwrap(),
                text(&pod["metadata"]["name"]),
                "{file}"
            );
            for (key, value) in pod["metadata"]["labels"].as_object().unwrap() {
                assert_eq!(
                    snapshot.pod.labels.get(key),
                    value.as_str().map(str::to_owned).as_ref()
                );
            }
        }
    }
}

fn bytes(quantity: &str) -> u64 {
    let number = quantity.trim_end_matches(char::is_alphabetic);
    let unit = match &quantity[number.len()..] {
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        other => panic!("{quantity}: {other}"),
    };
    number.parse::<u64>().unwrap() * unit
}

/// The hybrid cloud's point: the container is one, whatever the host.
#[test]
fn the_hybrid_cloud_has_one_container() {
    let container = |file: &str| {
        let pod = manifest(&format!("hybrid-cloud/{file}.yaml")).pod;
        let mut container = pod["spec"]["containers"][0].clone();
        let resources = container["resources"].take();
        container["volumeMounts"].as_array_mut().unwrap().retain(|one| one["name"] != "shared-dir");
        (container, resources["limits"]["cpu"].clone(), pod["metadata"].clone())
    };
    assert_eq!(container("vdpa"), container("virtio"));
    assert_eq!(container("vdpa"), container("vhost"));
}

#[test]
fn each_directory_has_its_page() {
    let pages = fs::read_to_string(top().join("samples/kubernetes/README.md")).unwrap();
    for directory in names("samples/kubernetes").into_iter().filter(|path| path.is_dir()) {
        let name = directory.file_name().unwrap().to_str().unwrap();
        assert!(pages.contains(&format!("| [{name}]({name}) |")), "README.md: no row of {name}");
        let page = fs::read_to_string(directory.join("README.md")).unwrap();
        assert!(page.contains("\n## What to change\n"), "{name}/README.md");
        // A directory is copied whole, so it has whatever its page applies.
        for line in page.lines().filter(|line| line.starts_with("$ kubectl apply -f ")) {
            let file = top().join(line.rsplit(' ').next().unwrap());
            assert!(file.starts_with(&directory) && file.exists(), "{name}/README.md: {line}");
        }
    }
}
