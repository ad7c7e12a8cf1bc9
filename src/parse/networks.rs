//! The annotation `k8s.v1.cni.cncf.io/networks`: which networks the pod asks for; NPWG
//! Multi-Network Specification 1.3, section 4.
//!
//! Either a comma list of `[namespace/]name[@interface]` or a JSON list; Multus
//! takes it for JSON when it holds any of `[`, `{`, `"`.

use std::fmt;

use serde_json::Value;

use super::json::{self, Members};
use super::{Parsed, Problem};

/// One requested attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkRequest {
    /// The definition's namespace; the pod's own where none is given.
    pub namespace: Option<String>,
    /// The definition's name.
    pub name: String,
    /// The interface it shall become.
    pub interface: Option<String>,
}

impl fmt::Display for NetworkRequest {
    /// Prints the short form, `namespace/name@interface`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)?;
        match &self.interface {
            Some(interface) => write!(f, "@{interface}"),
            None => Ok(()),
        }
    }
}

/// Reads the annotation.
pub fn parse(text: &[u8]) -> Parsed<Vec<NetworkRequest>> {
    let Ok(text) = std::str::from_utf8(text) else {
        return (Vec::new(), vec![Problem::new("the value", "not UTF-8")]);
    };
    let read = if text.contains(['[', '{', '"']) { json_list(text) } else { comma_list(text) };
    let mut requests = Vec::new();
    let mut problems = Vec::new();
    for item in read {
        match item {
            Ok(request) => requests.push(request),
            Err(problem) => problems.push(problem),
        }
    }
    (requests, problems)
}

fn comma_list(text: &str) -> Vec<Result<NetworkRequest, Problem>> {
    let items = text.split(',').map(str::trim).enumerate();
    let items = items.filter(|(_, item)| !item.is_empty());
    items.map(|(index, item)| parse_short(&format!("[{index}]"), item)).collect()
}

/// Reads one `[namespace/]name[@interface]`.
pub(crate) fn parse_short(place: &str, item: &str) -> Result<NetworkRequest, Problem> {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let (network, interface) = match item.split_once('@') {
        Some((network, interface)) => (network, some(interface)),
        None => (item, None),
    };
    let (namespace, name) = match network.split_once('/') {
        Some((namespace, name)) => (some(namespace), name.trim()),
        None => (None, network.trim()),
    };
    let plain = !name.is_empty() && !name.contains(['/', '@']);
    if !plain || interface.as_ref().is_some_and(|name| name.contains(['/', '@'])) {
        let why = format!("expected [namespace/]name[@interface], found {item:?}");
        return Err(Problem::new(place, why));
    }
    Ok(NetworkRequest { namespace, name: name.to_owned(), interface })
}

fn json_list(text: &str) -> Vec<Result<NetworkRequest, Problem>> {
    match json::document(text.as_bytes()) {
        Ok(Value::Array(list)) => list
            .iter()
            .enumerate()
            .flat_map(|(index, value)| element(&format!("[{index}]"), value))
            .collect(),
        Ok(other) => vec![Err(json::expected("the value", "a list", &other))],
        Err(problem) => vec![Err(problem)],
    }
}

/// What one element asks for, and the problems of its members.
fn element(place: &str, value: &Value) -> Vec<Result<NetworkRequest, Problem>> {
    let mut members = match Members::of(place, value) {
        Ok(members) => members,
        Err(problem) => return vec![Err(problem)],
    };
    let namespace = members.owned("namespace");
    let name = members.owned("name");
    // `interfaceRequest` is what Multus before 3.2 called it.
    let interface = members.owned("interface").or_else(|| members.owned("interfaceRequest"));
    let mut read: Vec<_> = Vec::new();
    match name {
        Some(name) => read.push(Ok(NetworkRequest { namespace, name, interface })),
        None => members.problem("name", "missing"),
    }
    read.extend(members.problems.into_iter().map(Err));
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> (Vec<String>, Vec<String>) {
        let (requests, problems) = parse(text.as_bytes());
        (
            requests.iter().map(ToString::to_string).collect(),
            problems.into_iter().map(|problem| problem.place).collect(),
        )
    }

    #[test]
    fn reads_the_comma_list() {
        let (requests, problems) = printed("sriov-a, other-ns/net-b@data0 ,sriov-a,");
        assert_eq!(requests, ["sriov-a", "other-ns/net-b@data0", "sriov-a"]);
        assert!(problems.is_empty());
        assert_eq!(printed("").0.len(), 0);
    }

    #[test]
    fn reads_the_json_list() {
        let (requests, problems) = printed(
            r#"[{"name": "a", "namespace": "x", "interface": "net7", "ips": ["192.0.2.1"]},
               {"name": "b", "interfaceRequest": "eth5"}, {"namespace": "x"}, 7, {"name": 1}]"#,
        );
        assert_eq!(requests, ["x/a@net7", "b@eth5"]);
        assert_eq!(problems, ["[2].name", "[3]", "[4].name", "[4].name"]);
    }

    #[test]
    fn names_what_is_no_request() {
        assert_eq!(printed("a@b/c, ok, /").1, ["[0]", "[2]"]);
        assert_eq!(printed("{\"name\": \"a\"}").1, ["the value"]);
        assert_eq!(printed("[{").1, ["line 1 column 2"]);
    }
}
