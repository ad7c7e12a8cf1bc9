//! The annotation `k8s.ovn.org/pod-networks` of OVN-Kubernetes: addresses with their prefixes.
//!
//! A JSON object by network: `default`, `<namespace>/<definition>`, or that and
//! `/<n>` for a definition attached more than once. No specification: what OVN-Kubernetes writes.

use super::Parsed;
use super::json::{self, Members};

/// The addresses of one attachment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PodNetwork {
    /// The network's key.
    pub key: String,
    /// Addresses with their prefix.
    pub ips: Vec<String>,
    /// The MAC address.
    pub mac: Option<String>,
    /// Gateways.
    pub gateways: Vec<String>,
}

/// Reads the annotation; networks in the order of their keys.
pub fn parse(text: &[u8]) -> Parsed<Vec<PodNetwork>> {
    let document = match json::document(text) {
        Ok(document) => document,
        Err(problem) => return (Vec::new(), vec![problem]),
    };
    let Some(object) = document.as_object() else {
        return (Vec::new(), vec![json::expected("the value", "an object", &document)]);
    };
    let mut networks = Vec::new();
    let mut problems = Vec::new();
    for (key, value) in object {
        match Members::of(&format!("{key:?}"), value) {
            Ok(mut members) => {
                networks.push(network(key, &mut members));
                problems.append(&mut members.problems);
            }
            Err(problem) => problems.push(problem),
        }
    }
    (networks, problems)
}

/// The singular members are what the first releases wrote.
fn network(key: &str, members: &mut Members<'_>) -> PodNetwork {
    let mut either = |plural: &str, singular: &str| {
        let key = if members.get(plural).is_some() { plural } else { singular };
        members.strings(key)
    };
    PodNetwork {
        key: key.to_owned(),
        ips: either("ip_addresses", "ip_address"),
        gateways: either("gateway_ips", "gateway_ip"),
        mac: members.owned("mac_address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_generations_of_members() {
        let (networks, problems) = parse(
            br#"{"default": {"ip_addresses": ["10.128.2.14/23"], "gateway_ips": ["10.128.2.1"],
                "mac_address": "0a:58:0a:80:02:0e", "ip_address": "10.128.2.14/23", "role": "primary"},
                "ns/a": {"ip_address": "10.1.0.2/16", "gateway_ip": "10.1.0.1"}, "ns/b": 5}"#,
        );
        assert_eq!(networks[0].ips, ["10.128.2.14/23"]);
        assert_eq!(networks[0].mac.as_deref(), Some("0a:58:0a:80:02:0e"));
        assert_eq!(
            (networks[1].ips[0].as_str(), networks[1].gateways[0].as_str()),
            ("10.1.0.2/16", "10.1.0.1")
        );
        assert_eq!(problems[0].place, "\"ns/b\"");
        assert_eq!(parse(b"[]").1[0].place, "the value");
    }
}
