//! What is wrong with a pod though every schema takes it.

use std::collections::BTreeMap;

use serde_json::Value;

pub const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
const RESOURCE: &str = "k8s.v1.cni.cncf.io/resourceName";

/// A pod, and the other documents of its directory.
pub struct Manifest<'a> {
    pub pod: &'a Value,
    pub around: Vec<&'a Value>,
}

pub fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub fn named<'a>(list: &'a Value, name: &str) -> Option<&'a Value> {
    each(list).find(|one| one["name"] == name)
}

/// The names of the networks that an annotation requests, all of the pod's own namespace.
pub fn requested(annotation: &str) -> Vec<String> {
    match serde_json::from_str::<Vec<Value>>(annotation) {
        Ok(list) => list.iter().map(|one| text(&one["name"])).collect(),
        Err(_) => annotation.split(',').map(|name| name.trim().to_owned()).collect(),
    }
}

pub fn networks_of(pod: &Value) -> Vec<String> {
    requested(pod["metadata"]["annotations"][NETWORKS].as_str().unwrap())
}

/// What is wrong with a pod though every schema takes it.
pub fn problems(manifest: &Manifest<'_>, injected: bool) -> Vec<String> {
    let mut found = Vec::new();
    let pod = manifest.pod;
    for kind in ["initContainers", "containers"] {
        for container in each(&pod["spec"][kind]) {
            let resources = &container["resources"];
            if resources["requests"] != resources["limits"] || resources["limits"].is_null() {
                found.push(format!("{}: requests are not the limits", container["name"]));
            }
            security(container, &mut found);
        }
    }
    for container in each(&pod["spec"]["containers"]) {
        if !container["resources"]["limits"]["cpu"].is_u64() {
            found.push(format!("{}: not a whole number of CPUs", container["name"]));
        }
        hugepages(pod, container, &mut found);
        if !injected {
            downward_api(pod, container, &mut found);
        }
    }
    if each(&pod["spec"]["volumes"]).any(|volume| volume["hostPath"].is_object()) {
        found.push("a hostPath".to_owned());
    }
    let namespace = &pod["metadata"]["namespace"];
    let made = |one: &&&Value| one["kind"] == "Namespace" && one["metadata"]["name"] == *namespace;
    if namespace != "default" && !manifest.around.iter().any(|one| made(&one)) {
        found.push(format!("nothing makes the namespace {namespace}"));
    }
    devices(manifest, injected, &mut found);
    found
}

fn security(container: &Value, found: &mut Vec<String>) {
    let context = &container["securityContext"];
    let dropped = each(&context["capabilities"]["drop"]).any(|one| one == "ALL");
    if !dropped || context["allowPrivilegeEscalation"] != false || !context["privileged"].is_null()
    {
        found.push(format!("{}: more privileges than it needs", container["name"]));
    }
}

/// Each size that is requested has a volume of its medium that is mounted, and the reverse.
fn hugepages(pod: &Value, container: &Value, found: &mut Vec<String>) {
    let limits = container["resources"]["limits"].as_object().unwrap();
    let mut wanted: Vec<String> = limits
        .keys()
        .filter_map(|key| key.strip_prefix("hugepages-"))
        .map(|size| format!("HugePages-{size}"))
        .collect();
    let mounts = each(&container["volumeMounts"]);
    let mut mounted: Vec<String> = mounts
        .filter_map(|mount| named(&pod["spec"]["volumes"], mount["name"].as_str().unwrap()))
        .filter_map(|volume| volume["emptyDir"]["medium"].as_str().map(str::to_owned))
        .collect();
    wanted.sort();
    mounted.sort();
    if wanted != mounted || wanted.is_empty() {
        found.push(format!("{}: hugepages {wanted:?}, mounted {mounted:?}", container["name"]));
    }
}

/// The volume has annotations, labels, and the limits under the names that podnet reads.
fn downward_api(pod: &Value, container: &Value, found: &mut Vec<String>) {
    let name = container["name"].as_str().unwrap();
    let variable = named(&container["env"], "CONTAINER_NAME");
    if variable.is_none_or(|variable| variable["value"] != name) {
        found.push(format!("{name}: CONTAINER_NAME"));
    }
    let mut mounts = each(&container["volumeMounts"]);
    if !mounts.any(|one| one["mountPath"] == "/etc/podnetinfo" && one["name"] == "podnetinfo") {
        found.push(format!("{name}: no Downward API"));
    }
    let mut files = BTreeMap::new();
    let volume = named(&pod["spec"]["volumes"], "podnetinfo").unwrap_or(&Value::Null);
    for item in each(&volume["downwardAPI"]["items"]) {
        files.insert(text(&item["path"]), item);
    }
    let field = |path: &str| files.get(path).map(|item| text(&item["fieldRef"]["fieldPath"]));
    for path in ["annotations", "labels"] {
        if field(path) != Some(format!("metadata.{path}")) {
            found.push(format!("podnetinfo: {path}"));
        }
    }
    for key in container["resources"]["limits"].as_object().unwrap().keys() {
        let Some(size) = key.strip_prefix("hugepages-") else { continue };
        for (word, kind) in [("request", "requests"), ("limit", "limits")] {
            let path = format!("hugepages_{}_{word}_{name}", size.replace('i', ""));
            let expected = serde_json::json!({
                "containerName": name, "resource": format!("{kind}.{key}"), "divisor": "1Mi",
            });
            if files.get(&path).is_none_or(|item| item["resourceFieldRef"] != expected) {
                found.push(format!("podnetinfo: {path}"));
            }
        }
    }
}

/// Every network is defined, its resource requested as often as it is attached, and in a pool.
fn devices(manifest: &Manifest<'_>, injected: bool, found: &mut Vec<String>) {
    let mut attached: BTreeMap<String, u64> = BTreeMap::new();
    for network in networks_of(manifest.pod) {
        let definition = manifest.around.iter().find(|one| {
            let (kind, metadata) = (&one["kind"], &one["metadata"]);
            let namespace = &manifest.pod["metadata"]["namespace"];
            kind == "NetworkAttachmentDefinition"
                && metadata["name"] == *network
                && metadata["namespace"] == *namespace
        });
        let Some(definition) = definition else {
            found.push(format!("network {network} is not defined"));
            continue;
        };
        let resource = &definition["metadata"]["annotations"][RESOURCE];
        let config: Value =
            serde_json::from_str(definition["spec"]["config"].as_str().unwrap()).unwrap();
        if resource.is_null() != (config["type"] == "userspace") {
            found.push(format!("network {network}: its resource"));
        }
        // OVN-Kubernetes leaves out a network that does not name its definition.
        let full = format!("{}/{network}", text(&definition["metadata"]["namespace"]));
        if config["type"] == "ovn-k8s-cni-overlay" && config["netAttachDefName"] != full {
            found.push(format!("network {network}: netAttachDefName is not {full}"));
        }
        if let Some(resource) = resource.as_str() {
            *attached.entry(resource.to_owned()).or_default() += 1;
        }
    }
    let mut limits: BTreeMap<String, u64> = BTreeMap::new();
    for container in each(&manifest.pod["spec"]["containers"]) {
        for (key, value) in container["resources"]["limits"].as_object().unwrap() {
            if key.contains('/') {
                *limits.entry(key.clone()).or_default() += value.as_u64().unwrap_or(0);
            }
        }
    }
    if !injected && attached != limits {
        found.push(format!("devices: attached {attached:?}, requested {limits:?}"));
    }
    let pools = pools(manifest);
    for resource in attached.keys().filter(|resource| !pools.contains(resource)) {
        found.push(format!("resource {resource} is in no pool"));
    }
}

/// The resources that the configurations of the device plugins make.
fn pools(manifest: &Manifest<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for map in manifest.around.iter().filter(|one| one["kind"] == "ConfigMap") {
        let config: Value =
            serde_json::from_str(map["data"]["config.json"].as_str().unwrap()).unwrap();
        for pool in each(&config["resourceList"]) {
            names.push(format!(
                "{}/{}",
                text(&pool["resourcePrefix"]),
                text(&pool["resourceName"])
            ));
        }
        names.extend(each(&config["pools"]).map(|pool| format!("afxdp/{}", text(&pool["name"]))));
    }
    names
}
