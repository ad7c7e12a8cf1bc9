//! What other CNIs and controllers add to network-status: prefixes, gateways, sockets, devices.

use std::collections::HashMap;
use std::net::IpAddr;

use super::attachments::{Attachment, positions};
use crate::downward_api::{
    CONFIGURATION_DATA, DownwardApi, MAPPED_DIR, NETWORK_INFO, POD_NETWORKS,
};
use crate::parse::downward::Map;
use crate::parse::network_info;
use crate::parse::network_status::NetworkStatus;
use crate::parse::pod_networks;
use crate::parse::userspace::{self, UserspaceInterface};
use crate::root::Root;
use crate::snapshot::{Device, DeviceDetail};
use crate::warning::{Findings, WarningCode};

/// Where the userspace CNI's sockets are when no annotation says so.
const USERSPACE_DEFAULT: &str = "/var/lib/cni/usrspcni";

/// Where the userspace CNI's sockets and files are.
fn userspace_directory(annotations: &Map) -> String {
    annotations
        .get(MAPPED_DIR)
        .map(|value| String::from_utf8_lossy(value).trim().trim_end_matches('/').to_owned())
        .filter(|directory| !directory.is_empty())
        .unwrap_or_else(|| USERSPACE_DEFAULT.to_owned())
}

/// KubeVirt's virt-launcher has this beside or instead of network-status. Its networks have names
/// of their own, so an attachment is known by its MAC; what no attachment is stands alone.
pub(super) fn kubevirt(
    list: &mut Vec<Attachment>,
    annotations: &Map,
    downward: &DownwardApi,
    findings: &mut Findings,
) {
    let infos = downward.parse(annotations, NETWORK_INFO, network_info::parse, findings);
    let by_mac = positions(list, Attachment::mac);
    for info in infos.unwrap_or_default() {
        let mac = info.mac.as_deref().map(str::to_ascii_lowercase);
        match mac.and_then(|mac| by_mac.get(&mac)).map(Vec::as_slice) {
            Some([known]) => {
                let attachment = &mut list[*known];
                let status = &mut attachment.status;
                status.mtu = status.mtu.or(info.mtu);
                status.device_info = status.device_info.take().or(info.device_info);
                attachment.sources.push("network-info".to_owned());
            }
            Some(_) => {}
            None => {
                let status = NetworkStatus {
                    name: info.network,
                    mac: info.mac,
                    mtu: info.mtu,
                    device_info: info.device_info,
                    ..NetworkStatus::default()
                };
                list.push(Attachment::new(status, "network-info", None));
            }
        }
    }
}

/// The userspace CNI names interfaces and their sockets in an annotation, or, without a
/// kubeconfig, in files of the shared directory.
pub(super) fn userspace(
    list: &mut Vec<Attachment>,
    annotations: &Map,
    root: &Root,
    downward: &DownwardApi,
    findings: &mut Findings,
) {
    let directory = userspace_directory(annotations);
    let annotation = downward.parse(annotations, CONFIGURATION_DATA, userspace::parse, findings);
    let mut interfaces = annotation.unwrap_or_default();
    let path = downward.annotation_path(CONFIGURATION_DATA);
    warn_of_unknown_types(&path, &interfaces, findings);
    interfaces.extend(userspace_files(root, &directory, findings));
    let mut by_interface: HashMap<String, usize> = HashMap::new();
    for (position, attachment) in list.iter().enumerate() {
        by_interface.extend(attachment.status.interface.clone().map(|name| (name, position)));
    }
    for interface in interfaces {
        let device = interface.device.clone().map(|detail| in_directory(detail, root, &directory));
        let known = by_interface.get(&interface.interface).copied();
        let position = known.unwrap_or(list.len());
        match known {
            Some(position) => list[position].sources.push("userspace".to_owned()),
            None => {
                by_interface.insert(interface.interface.clone(), position);
                let status = NetworkStatus {
                    name: interface.name,
                    interface: Some(interface.interface),
                    ..NetworkStatus::default()
                };
                list.push(Attachment::new(status, "userspace", None));
            }
        }
        add_addresses(&mut list[position], &interface.ips);
        list[position].userspace = list[position].userspace.take().or(device);
    }
}

fn warn_of_unknown_types(path: &str, interfaces: &[UserspaceInterface], findings: &mut Findings) {
    for UserspaceInterface { interface, device, .. } in interfaces {
        if let Some(DeviceDetail::Unknown(name)) = device {
            let text = format!("{path}: {interface:?}: iftype {name:?} is not known to podnet");
            findings.warn(WarningCode::DeviceUnknown, path, text);
        }
    }
}

fn userspace_files(
    root: &Root,
    directory: &str,
    findings: &mut Findings,
) -> Vec<UserspaceInterface> {
    let mut interfaces = Vec::new();
    for name in findings.take(root.list(directory)).unwrap_or_default().iter() {
        if !name.starts_with("configData-") || !name.ends_with(".json") {
            continue;
        }
        let path = format!("{directory}/{name}");
        if let Some(content) = findings.take(root.read(&path)).flatten() {
            let (found, problems) = userspace::parse(&content);
            findings.fail_all(&path, "", problems);
            warn_of_unknown_types(&path, &found, findings);
            interfaces.extend(found);
        }
    }
    interfaces
}

/// The socket's path in the pod. Old releases wrote the host's absolute path: in the pod the file
/// is in the shared directory.
fn in_directory(mut detail: DeviceDetail, root: &Root, directory: &str) -> Device {
    let path = match &mut detail {
        DeviceDetail::VhostUser(vhost_user) => &mut vhost_user.path,
        DeviceDetail::Memif(memif) => &mut memif.path,
        _ => &mut None,
    };
    if let Some(file) = path {
        if !file.starts_with('/') {
            *file = format!("{directory}/{file}");
        } else if !root.exists(file) {
            let name = file.rsplit('/').next().unwrap_or_default();
            *file = format!("{directory}/{name}");
        }
    }
    Device { version: None, detail }
}

/// OVN-Kubernetes knows prefixes and gateways, which network-status lacks.
pub(super) fn ovn_kubernetes(
    list: &mut [Attachment],
    annotations: &Map,
    downward: &DownwardApi,
    findings: &mut Findings,
) {
    let networks = downward.parse(annotations, POD_NETWORKS, pod_networks::parse, findings);
    let by_mac = positions(list, Attachment::mac);
    // Where network-status has no MAC, the name has to do.
    let by_name = positions(list, |attachment| match attachment.status.mac {
        None if attachment.is_eth0() => Some("default".to_owned()),
        None => Some(attachment.status.name.clone()),
        Some(_) => None,
    });
    for network in networks.unwrap_or_default() {
        let mac = network.mac.as_deref().map(str::to_ascii_lowercase);
        let found = mac.and_then(|mac| by_mac.get(&mac)).or_else(|| by_name.get(&network.key));
        let Some([position]) = found.map(Vec::as_slice) else { continue };
        let attachment = &mut list[*position];
        add_addresses(attachment, &network.ips);
        if attachment.gateways.is_empty() {
            attachment.gateways = network.gateways;
        }
        attachment.sources.push("pod-networks".to_owned());
    }
}

/// Gives the known addresses their prefix; where none is known, all are news.
fn add_addresses(attachment: &mut Attachment, with_prefix: &[String]) {
    if attachment.ips.is_empty() {
        attachment.ips = with_prefix.to_vec();
        return;
    }
    let bare = |text: &String| text.split('/').next()?.parse::<IpAddr>().ok();
    // The first of equal ones counts, as the last one inserted.
    let by_address: HashMap<IpAddr, &String> =
        with_prefix.iter().rev().filter_map(|text| Some((bare(text)?, text))).collect();
    for ip in &mut attachment.ips {
        if let Some(found) = ip.parse().ok().and_then(|ip: IpAddr| by_address.get(&ip)) {
            ip.clone_from(found);
        }
    }
}
