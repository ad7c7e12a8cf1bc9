//! The annotation `k8s.v1.cni.cncf.io/network-status`: what Multus attached.
//!
//! The list that network-attachment-definition-client's `NetworkStatus` prints;
//! NPWG Multi-Network Specification 1.3, section 5.

use serde_json::Value;

use super::json::{self, Members};
use super::{Parsed, device_info};
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

/// Reads the annotation. An entry that is no object costs no other entry.
pub fn parse(text: &[u8]) -> Parsed<Vec<NetworkStatus>> {
    let list = match json::document(text) {
        Ok(Value::Array(list)) => list,
        Ok(other) => return (Vec::new(), vec![json::expected("the value", "a list", &other)]),
        Err(problem) => return (Vec::new(), vec![problem]),
    };
    json::objects("", &list, entry)
}

fn entry(entry: &mut Members<'_>) -> NetworkStatus {
    NetworkStatus {
        name: entry.owned("name").unwrap_or_default(),
        interface: entry.owned("interface"),
        ips: entry.strings("ips"),
        mac: mac(entry),
        mtu: entry.unsigned("mtu").filter(|mtu| *mtu > 0),
        default: entry.boolean("default").unwrap_or(false),
        dns: entry.object("dns", dns),
        device_info: device(entry),
        gateways: gateways(entry),
    }
}

/// The MAC as it is written. An InfiniBand one has 20 bytes, an EUI-64 one 8.
fn mac(entry: &mut Members<'_>) -> Option<String> {
    let text = entry.string("mac")?;
    let pairs: Vec<&str> = text.split(':').collect();
    let hex = |pair: &&str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    if matches!(pairs.len(), 6 | 8 | 20) && pairs.iter().all(hex) {
        return Some(text.to_owned());
    }
    entry.problem("mac", format!("expected a MAC address, found {text:?}"));
    None
}

fn dns(dns: &mut Members<'_>) -> Dns {
    Dns {
        nameservers: dns.strings("nameservers"),
        domain: dns.owned("domain"),
        search: dns.strings("search"),
        options: dns.strings("options"),
    }
}

/// Old producers wrote `device`, often as an empty object: it counts when it has a type.
fn device(entry: &mut Members<'_>) -> Option<Device> {
    let old = || Some(("device", entry.get("device").filter(|value| value.get("type").is_some())?));
    let (key, value) = entry.get("device-info").map(|value| ("device-info", value)).or_else(old)?;
    let (device, mut problems) = device_info::parse(&entry.place_of(key), value);
    entry.problems.append(&mut problems);
    device
}

/// `gateway`, `default-route` in the specification's words. A route without a gateway prints as
/// Go's `<nil>` and is none.
fn gateways(entry: &mut Members<'_>) -> Vec<String> {
    let key = if entry.get("gateway").is_some() { "gateway" } else { "default-route" };
    let mut gateways = entry.strings(key);
    gateways.retain(|gateway| !gateway.is_empty() && gateway != "<nil>");
    gateways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_multus_writes() {
        let text = br#"[{
    "name": "ovn-kubernetes", "interface": "eth0", "ips": ["10.128.2.14"],
    "mac": "0a:58:0a:80:02:0e", "default": true, "dns": {}
},{
    "name": "default/sriov-a", "interface": "net1", "mtu": 1500,
    "dns": {"nameservers": ["192.0.2.53"], "domain": "x.example", "search": ["a"], "options": ["b"]},
    "device-info": {"type": "pci", "version": "1.1.0", "pci": {"pci-address": "0000:3b:02.6"}},
    "gateway": ["\u003cnil\u003e", "192.0.2.1"], "unknown": {"x": 1}
}]"#;
        let (entries, problems) = parse(text);
        assert_eq!(problems, []);
        assert_eq!(entries[0].ips, ["10.128.2.14"]);
        assert!(entries[0].default && !entries[1].default);
        assert_eq!(entries[1].gateways, ["192.0.2.1"]);
        assert_eq!(entries[1].mtu, Some(1500));
        assert_eq!(entries[1].dns.domain.as_deref(), Some("x.example"));
        assert_eq!(entries[1].device_info.as_ref().unwrap().type_name(), "pci");
    }

    #[test]
    fn keeps_the_good_entries() {
        let text = br#"[{"name": "a", "ips": "192.0.2.1", "mtu": -1}, 5,
            {"name": "b", "interface": ["x"], "ips": [1, "192.0.2.2"], "mac": null},
            {"mac": "02:00:00:00:01"}]"#;
        let (entries, problems) = parse(text);
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[0].ips, ["192.0.2.1"]);
        assert_eq!(entries[1].ips, ["192.0.2.2"]);
        let places: Vec<&str> = problems.iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(places, ["[0].mtu", "[1]", "[2].interface", "[2].ips[0]", "[3].mac"]);
    }

    #[test]
    fn an_old_device_counts_when_it_has_a_type() {
        let (entries, problems) = parse(
            br#"[{"device": {}}, {"device": {"type": "vhost-user", "vhost-user": {"mode": "client"}}}]"#,
        );
        assert_eq!(problems, []);
        assert!(entries[0].device_info.is_none());
        assert_eq!(entries[1].device_info.as_ref().unwrap().type_name(), "vhost-user");
    }

    #[test]
    fn refuses_what_is_no_list() {
        for (text, place) in
            [("{}", "the value"), ("", "line 1 column 0"), ("[{\"name\": ", "line 1 column 10")]
        {
            let (entries, problems) = parse(text.as_bytes());
            assert_eq!((entries.len(), problems[0].place.as_str()), (0, place), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(parse(deep.as_bytes()).1[0].why.contains("recursion"));
    }
}
