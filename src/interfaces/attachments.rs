//! The attachments of the pod: what the annotations state, and what they still owe.

use std::collections::{HashMap, VecDeque};

use super::supplements;
use crate::downward_api::{DownwardApi, NETWORK_STATUS, NETWORKS, NETWORKS_STATUS, short_name};
use crate::parse::downward::Map;
use crate::parse::network_status::{self, NetworkStatus};
use crate::parse::networks::{self, NetworkRequest};
use crate::root::Root;
use crate::snapshot::{Device, DeviceDetail, State};
use crate::warning::{Findings, WarningCode};

/// What the annotations say.
#[derive(Debug)]
pub(super) struct Attachments {
    /// The attachments, in the order of network-status, then those only another source names.
    pub list: Vec<Attachment>,
    /// The requests that nothing meets.
    pub pending: Vec<NetworkRequest>,
    /// Whether network-status, by either of its names, was written.
    pub has_status: bool,
    /// What follows from all this.
    pub state: State,
    /// Whether all of it could be read: what could not may be what an argument rests on.
    pub whole: bool,
}

/// One attachment, as all sources together have it.
#[derive(Debug)]
pub(super) struct Attachment {
    /// The entry of network-status, in its own words.
    pub status: NetworkStatus,
    /// Where the rest is from.
    pub sources: Vec<String>,
    /// The position of the request that it meets.
    pub request: Option<usize>,
    /// Its addresses, with a prefix where any source has one.
    pub ips: Vec<String>,
    /// Its gateways.
    pub gateways: Vec<String>,
    /// The device that the userspace CNI made for it.
    pub userspace: Option<Device>,
}

impl Attachment {
    /// An attachment that `source` alone tells of.
    pub fn new(status: NetworkStatus, source: &str, request: Option<usize>) -> Attachment {
        Attachment {
            ips: status.ips.clone(),
            gateways: status.gateways.clone(),
            sources: vec![source.to_owned()],
            request,
            userspace: None,
            status,
        }
    }

    /// The MAC address, lower case.
    pub fn mac(&self) -> Option<String> {
        self.status.mac.as_deref().map(str::to_ascii_lowercase)
    }

    /// Whether it has the name that the kubelet gives the default network's interface.
    pub fn is_eth0(&self) -> bool {
        self.status.interface.as_deref() == Some("eth0")
    }
}

impl Attachments {
    /// Reads the annotations, and the files of the userspace CNI that they lead to.
    pub fn read(root: &Root, downward: &DownwardApi, findings: &mut Findings) -> Attachments {
        let failures = findings.failures();
        let annotations = downward.annotations(findings);
        let status = read_status(&annotations, downward, findings);
        let has_status = status.is_some();
        let (source, statuses) = status.unwrap_or_default();
        let requested = downward.parse(&annotations, NETWORKS, networks::parse, findings);
        let requested = requested.unwrap_or_default();
        let (requests, pending) = compare(&statuses.iter().collect::<Vec<_>>(), &requested);
        let state = if !downward.has_annotations() {
            State::NoAnnotations
        } else if !has_status && requested.is_empty() {
            State::NoStatus
        } else if pending.is_empty() {
            State::Complete
        } else {
            State::Pending
        };
        let statuses = statuses.into_iter().zip(requests);
        let mut list: Vec<Attachment> =
            statuses.map(|(status, request)| Attachment::new(status, source, request)).collect();
        supplements::kubevirt(&mut list, &annotations, downward, findings);
        supplements::userspace(&mut list, &annotations, root, downward, findings);
        supplements::ovn_kubernetes(&mut list, &annotations, downward, findings);
        let whole = findings.failures() == failures;
        Attachments { list, pending, has_status, state, whole }
    }

    /// Those of `wanted` that no attachment meets. A bare name may be an interface's, too.
    pub fn missing(&self, wanted: &[NetworkRequest]) -> Vec<NetworkRequest> {
        let statuses: Vec<&NetworkStatus> =
            self.list.iter().map(|attachment| &attachment.status).collect();
        let is_interface = |request: &NetworkRequest| {
            let bare = request.namespace.is_none() && request.interface.is_none();
            let named = |status: &&NetworkStatus| status.interface.as_ref() == Some(&request.name);
            bare && statuses.iter().any(named)
        };
        let mut missing = compare(&statuses, wanted).1;
        missing.retain(|request| !is_interface(request));
        missing
    }
}

/// The status annotation: which of its two names it has, and its entries.
fn read_status(
    annotations: &Map,
    downward: &DownwardApi,
    findings: &mut Findings,
) -> Option<(&'static str, Vec<NetworkStatus>)> {
    [NETWORK_STATUS, NETWORKS_STATUS].into_iter().find_map(|key| {
        let statuses = downward.parse(annotations, key, network_status::parse, findings)?;
        warn_of_unknown_types(&downward.annotation_path(key), key, &statuses, findings);
        Some((short_name(key), statuses))
    })
}

/// A later specification may know more types: the rest of such an entry stands.
fn warn_of_unknown_types(
    path: &str,
    key: &str,
    statuses: &[NetworkStatus],
    findings: &mut Findings,
) {
    for (index, status) in statuses.iter().enumerate() {
        let detail = status.device_info.as_ref().map(|device| &device.detail);
        if let Some(DeviceDetail::Unknown(name)) = detail.filter(|detail| !detail.is_known_type()) {
            let text = format!(
                "{path}: {key}: [{index}].device-info.type: {name:?} is not known to podnet"
            );
            findings.warn(WarningCode::DeviceUnknown, path, text);
        }
    }
}

/// The positions of the attachments by a key of theirs.
pub(super) fn positions(
    list: &[Attachment],
    key: impl Fn(&Attachment) -> Option<String>,
) -> HashMap<String, Vec<usize>> {
    let mut positions: HashMap<String, Vec<usize>> = HashMap::new();
    for (position, attachment) in list.iter().enumerate() {
        if let Some(key) = key(attachment) {
            positions.entry(key).or_default().push(position);
        }
    }
    positions
}

/// For each status the request that it meets, and the requests that nothing meets. Equal requests
/// need a status each; those that name their interface choose first.
fn compare(
    statuses: &[&NetworkStatus],
    requests: &[NetworkRequest],
) -> (Vec<Option<usize>>, Vec<NetworkRequest>) {
    let mut free: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (index, status) in statuses.iter().enumerate() {
        free.entry(name_of(status).1).or_default().push_back(index);
    }
    let missing = |index: usize| {
        let NetworkRequest { interface, namespace, .. } = &requests[index];
        (interface.is_none(), namespace.is_none())
    };
    let order = [(false, false), (false, true), (true, false), (true, true)].into_iter();
    let order = order.flat_map(|rank| (0..requests.len()).filter(move |i| missing(*i) == rank));
    let mut met = vec![None; statuses.len()];
    let mut is_met = vec![false; requests.len()];
    for index in order {
        let request = &requests[index];
        let taken = free.get_mut(request.name.as_str()).and_then(|free| {
            free.remove(free.iter().position(|status| meets(statuses[*status], request))?)
        });
        if let Some(status) = taken {
            met[status] = Some(index);
            is_met[index] = true;
        }
    }
    let unmet = requests.iter().zip(is_met).filter(|(_, is_met)| !is_met);
    (met, unmet.map(|(request, _)| request.clone()).collect())
}

/// Whether a status of the requested name is what was asked for.
fn meets(status: &NetworkStatus, request: &NetworkRequest) -> bool {
    let same_namespace = match (name_of(status).0, &request.namespace) {
        (Some(namespace), Some(wanted)) => namespace == wanted,
        _ => true,
    };
    same_namespace && (request.interface.is_none() || request.interface == status.interface)
}

/// Namespace and name. Multus before 3.6 wrote no namespace.
fn name_of(status: &NetworkStatus) -> (Option<&str>, &str) {
    match status.name.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, status.name.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unmet(requests: &str, names: &[(&str, &str)]) -> Vec<String> {
        let (requests, problems) = networks::parse(requests.as_bytes());
        assert_eq!(problems, []);
        let statuses: Vec<NetworkStatus> = names
            .iter()
            .map(|(name, interface)| NetworkStatus {
                name: (*name).into(),
                interface: Some((*interface).into()),
                ..NetworkStatus::default()
            })
            .collect();
        let statuses: Vec<&NetworkStatus> = statuses.iter().collect();
        compare(&statuses, &requests).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_request_is_met_by_name_namespace_and_interface() {
        let status = [("cbr0", "eth0"), ("default/a", "net1"), ("x/b", "data0")];
        assert!(unmet("a, x/b@data0", &status).is_empty());
        assert_eq!(unmet("y/b, a@net2, c", &status), ["y/b", "a@net2", "c"]);
        // Before Multus 3.6 names had no namespace.
        assert!(unmet("default/old", &[("old", "net1")]).is_empty());
    }

    #[test]
    fn equal_requests_need_a_status_each() {
        let status = [("default/a", "net1"), ("default/a", "net2")];
        assert!(unmet("a, a", &status).is_empty());
        assert_eq!(unmet("a, a, a", &status), ["a"]);
        // The one that names its interface chooses first.
        assert!(unmet("a, a@net1", &status).is_empty());
    }
}
