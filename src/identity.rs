//! Who the pod is, as far as its labels, cgroup and mounts tell.

use crate::cgroup::Cgroups;
use crate::downward_api::DownwardApi;
use crate::ordered::filled;
use crate::snapshot::PodIdentity;
use crate::warning::Findings;

const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";

/// Reads the identity; what no source has is `None`.
pub(crate) fn read(
    downward: &DownwardApi,
    cgroups: &Cgroups,
    findings: &mut Findings,
) -> PodIdentity {
    let text =
        |(key, value): (String, Vec<u8>)| (key, String::from_utf8_lossy(&value).into_owned());
    let labels: std::collections::BTreeMap<String, String> =
        filled(downward.labels(findings).into_iter().map(text));
    PodIdentity { name: labels.get(POD_NAME).cloned(), namespace: None, uid: uid(cgroups), labels }
}

/// The kubelet names a pod's cgroup `pod<uid>`, with `_` for `-` under systemd, and its volumes'
/// directory `pods/<uid>`.
fn uid(cgroups: &Cgroups) -> Option<String> {
    let by_cgroup = cgroups.memberships.iter().find_map(|line| after(&line.path, "pod"));
    by_cgroup.or_else(|| {
        cgroups
            .mounts
            .iter()
            .find_map(|mount| after(&mount.root, "pod").or_else(|| after(&mount.root, "/pods/")))
    })
}

/// The UID that follows `marker` somewhere in `path`.
fn after(path: &str, marker: &str) -> Option<String> {
    path.match_indices(marker).find_map(|(start, _)| uid_at(&path[start + marker.len()..]))
}

/// A UUID, or the 32 digits that the pod of a manifest file has.
fn uid_at(text: &str) -> Option<String> {
    let token: String =
        text.chars().take_while(|c| c.is_ascii_hexdigit() || matches!(c, '-' | '_')).collect();
    let uid = token.trim_end_matches(['-', '_']).replace('_', "-");
    let dashes = uid.match_indices('-').map(|(index, _)| index);
    let is_uuid = uid.len() == 36 && dashes.eq([8, 13, 18, 23]);
    let is_digest = uid.len() == 32 && !uid.contains('-');
    (is_uuid || is_digest).then_some(uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_uid_in_paths_of_every_layout() {
        let uid = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
        for path in [
            "/kubepods/burstable/pod0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/6e1f",
            "/kubepods.slice/kubepods-pod0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0.slice/cri-x.scope",
        ] {
            assert_eq!(after(path, "pod").as_deref(), Some(uid), "{path}");
        }
        let volume = "/var/lib/kubelet/pods/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/volumes/x";
        assert_eq!(after(volume, "/pods/").as_deref(), Some(uid));
        let manifest = "/kubepods/pod0123456789abcdef0123456789abcdef/c";
        assert_eq!(after(manifest, "pod").as_deref(), Some("0123456789abcdef0123456789abcdef"));
        for path in ["/", "/kubepods/podman/x", "/pod0f1e2d3c-4b5a"] {
            assert_eq!(after(path, "pod"), None, "{path}");
        }
    }
}
