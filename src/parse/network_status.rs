//! The annotation `k8s.v1.cni.cncf.io/network-status`: what Multus attached.

use crate::snapshot::{Device, Dns};

/// One entry of network-status. Addresses are the annotation's own strings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkStatus {
    /// `namespace/name` of the definition, or the CNI's own name; may be empty.
    pub name: String,
    /// The interface in the pod.
    pub interface: Option<String>,
    /// Bare addresses in practice, with a prefix in the specification's examples.
    pub ips: Vec<String>,
    /// The MAC address.
    pub mac: Option<String>,
    /// The MTU in bytes.
    pub mtu: Option<u64>,
    /// Whether this is the default network.
    pub default: bool,
    /// `dns`.
    pub dns: Dns,
    /// `device-info`.
    pub device_info: Option<Device>,
    /// `gateway`, without `<nil>`.
    pub gateways: Vec<String>,
}
