//! Where an application sends packets to: the next hops' MAC addresses, and l3fwd's routes.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use serde::Serialize;

use super::mac::Mac;
use super::release::Form;
use super::{App, Options, Plan, Port};
use crate::error::{Error, Result};
use crate::lookup;
use crate::snapshot::Snapshot;
use crate::warning::WarningCode;

/// The rule files that l3fwd is told to read. Whoever starts it writes them before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Routes {
    /// The file of `--rule_ipv4`.
    pub ipv4: RuleFile,
    /// The file of `--rule_ipv6`.
    pub ipv6: RuleFile,
}

/// A file of longest-prefix-match rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RuleFile {
    /// Its path.
    pub path: String,
    /// What has to be in it: a line `R192.0.2.0/24 0` for each network and its port.
    pub text: String,
}

/// The next hop's address of the ports of a network, where the application takes one.
pub(super) fn add_next_hops(
    snapshot: &Snapshot,
    options: &Options,
    ports: &[Port],
    plan: &mut Plan,
) -> Result<()> {
    let mut given: BTreeMap<u32, &str> = BTreeMap::new();
    for (network, mac) in &options.next_hops {
        let option = match options.app {
            App::L3fwd => "--eth-dest",
            App::Testpmd => "--eth-peer",
            app => {
                let why = format!("{app} takes no MAC addresses: choose l3fwd or testpmd");
                return Err(Error::invalid("next hop", why));
            }
        };
        let mac = Mac::parse(mac).filter(|mac| !mac.is_zero()).ok_or_else(|| {
            let why = "expected an address like 02:11:22:33:44:55";
            Error::invalid(format!("MAC address {mac:?} of the next hop of {network:?}"), why)
        })?;
        let port = port_of(snapshot, ports, network)?;
        if let Some(other) = given.insert(port, network) {
            let why = format!("port {port} has one already, by {other:?}");
            return Err(Error::invalid(format!("next hop of {network:?}"), why));
        }
        let why = format!("packets out of port {port} go to this address, as asked for");
        plan.app(&[&format!("{option}={port},{mac}")], why);
    }
    if options.app == App::Testpmd && !given.is_empty() {
        let why = "its default mode leaves addresses as they are, and takes no next hop";
        plan.app(&["--forward-mode=mac"], why);
    }
    Ok(())
}

/// The one port of an interface or network.
fn port_of(snapshot: &Snapshot, ports: &[Port], network: &str) -> Result<u32> {
    let interfaces = lookup::matching(snapshot, network);
    let is_of = |port: &&Port| {
        interfaces
            .iter()
            .any(|one| one.name == port.interface && Some(&one.network) == port.network.as_ref())
    };
    let refused = |why| Err(Error::refused(format!("next hop of {network:?}"), why));
    match ports.iter().filter(is_of).collect::<Vec<_>>().as_slice() {
        [port] => Ok(port.id),
        [] => refused("no port is on such a network or interface"),
        _ => refused("several ports are on this network: name an interface"),
    }
}

/// Rules that send what is for a network of the pod's out of its port.
pub(super) fn add_routes(
    options: &Options,
    ports: &[Port],
    plan: &mut Plan,
) -> Result<Option<Routes>> {
    let Some((ipv4, ipv6)) = &options.routes else { return Ok(None) };
    if options.app != App::L3fwd || !options.release.takes(Form::L3fwdRules) {
        let why = format!(
            "{} of DPDK {} takes no rule files: l3fwd of 22.03 and later does",
            options.app, options.release
        );
        return Err(Error::invalid("routes", why));
    }
    for path in [ipv4, ipv6] {
        if path.is_empty() || path.contains(char::is_control) {
            let why = "expected the path of a file, without control characters";
            return Err(Error::invalid(format!("routes: {path:?}"), why));
        }
    }
    let rules = rules(ports, plan);
    let text = |is_v6: bool| {
        let of_family = rules.iter().filter(|((network, _), _)| network.is_ipv6() == is_v6);
        let lines: String = of_family.map(|(network, port)| line(*network, *port)).collect();
        // l3fwd ends over a file without rules, so those it would have by itself stand in.
        if lines.is_empty() { defaults(ports, is_v6) } else { lines }
    };
    let routes = Routes {
        ipv4: RuleFile { path: ipv4.clone(), text: text(false) },
        ipv6: RuleFile { path: ipv6.clone(), text: text(true) },
    };
    let why = "routes to the networks that the pod's addresses are of";
    plan.app(&[&format!("--rule_ipv4={ipv4}")], why);
    plan.app(&[&format!("--rule_ipv6={ipv6}")], why);
    Ok(Some(routes))
}

type Network = (IpAddr, u8);

/// The first port of each network.
fn rules(ports: &[Port], plan: &mut Plan) -> BTreeMap<Network, u32> {
    let mut rules = BTreeMap::new();
    for port in ports {
        let label = port.interface.clone().unwrap_or_else(|| port.name.clone());
        let networks: Vec<Network> = port.ips.iter().filter_map(|ip| network(ip)).collect();
        if networks.is_empty() {
            let text = "has no address with a prefix, so no route leads to it";
            plan.warn(WarningCode::Application, label.clone(), text);
        }
        for network in networks {
            let first = *rules.entry(network).or_insert(port.id);
            if first != port.id {
                let (address, prefix) = network;
                let text = format!("{address}/{prefix} is on port {first} too, which gets it");
                plan.warn(WarningCode::Application, label.clone(), text);
            }
        }
    }
    rules
}

/// The network of an address with a prefix; `None` without one, and for what is no address.
fn network(text: &str) -> Option<Network> {
    let (address, prefix) = text.split_once('/')?;
    let prefix: u8 = prefix.parse().ok()?;
    let network = match address.parse().ok()? {
        IpAddr::V4(address) => {
            let unused = 32_u32.checked_sub(prefix.into())?;
            let mask = u32::MAX.checked_shl(unused).unwrap_or(0);
            IpAddr::V4((u32::from(address) & mask).into())
        }
        IpAddr::V6(address) => {
            let unused = 128_u32.checked_sub(prefix.into())?;
            let mask = u128::MAX.checked_shl(unused).unwrap_or(0);
            IpAddr::V6((u128::from(address) & mask).into())
        }
    };
    Some((network, prefix))
}

/// As every release reads it: older ones know no `::`.
fn line((address, prefix): Network, port: u32) -> String {
    let address = match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => address.segments().map(|group| format!("{group:x}")).join(":"),
    };
    format!("R{address}/{prefix} {port}\n")
}

/// The routes that l3fwd has without files.
fn defaults(ports: &[Port], is_v6: bool) -> String {
    let one = |port: &Port| match is_v6 {
        true => {
            let network = Ipv6Addr::new(0x2001, 0x200, 0, port.id as u16, 0, 0, 0, 0);
            line((network.into(), 64), port.id)
        }
        false => format!("R198.18.{}.0/24 {}\n", port.id, port.id),
    };
    ports.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{interface, memif, pod, vf};
    use super::super::{EalArgs, EalBuilder};
    use super::*;
    use crate::snapshot::{Interface, Kind, MemifRole};

    fn with_ips(interface: Interface, ips: &[&str]) -> Interface {
        Interface { ips: ips.iter().map(ToString::to_string).collect(), ..interface }
    }

    fn builder(snapshot: &Snapshot) -> EalBuilder<'_> {
        EalArgs::builder(snapshot).app(App::L3fwd)
    }

    #[test]
    fn next_hops_are_by_network_and_land_on_its_port() {
        let snapshot = pod(vec![
            memif("net1", MemifRole::Slave, "/run/m.sock"),
            vf("net2", "0000:3b:02.1"),
            interface("net3", Kind::Host),
        ]);
        let hops = |builder: EalBuilder<'_>| {
            let args = builder
                .next_hop("net1-network", "02:00:00:00:00:0A")
                .next_hop("net2", "02:00:00:00:00:0b")
                .build()
                .unwrap();
            let own = ["--".to_owned(), "--forward-mode=macswap".to_owned()];
            let own = args.argv("testpmd", &own).join(" ");
            assert!(own.ends_with(" --forward-mode=macswap") && !own.contains("=mac "), "{own}");
            let is_hop = |word: &String| word.starts_with("--eth-") || word.contains("mode=mac");
            args.app.into_iter().filter(is_hop).collect::<Vec<_>>()
        };
        let expected = ["--eth-dest=1,02:00:00:00:00:0a", "--eth-dest=0,02:00:00:00:00:0b"];
        assert_eq!(hops(builder(&snapshot)), expected);
        let expected = expected.map(|word| word.replace("dest", "peer"));
        let expected = [&expected[0], &expected[1], "--forward-mode=mac"];
        assert_eq!(hops(builder(&snapshot).app(App::Testpmd)), expected);
        let mac = "02:00:00:00:00:01";
        let refused = [
            (builder(&snapshot).next_hop("net3", mac), "no port is on such"),
            (builder(&snapshot).next_hop("net9", mac), "no port is on such"),
            (builder(&snapshot).next_hop("net1", "02:0"), "expected an address like"),
            (builder(&snapshot).next_hop("net1", "00:00:00:00:00:00"), "expected an address like"),
            (builder(&snapshot).next_hop("net1", "02:00:00:00:00:01,1"), "expected an address"),
            (builder(&snapshot).next_hop("net1", mac).next_hop("net1-network", mac), "already"),
            (builder(&snapshot).app(App::L2fwd).next_hop("net1", mac), "l2fwd takes no MAC"),
        ];
        for (builder, why) in refused {
            let error = builder.build().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn routes_are_the_networks_of_the_pod_s_addresses() {
        let snapshot = pod(vec![
            with_ips(vf("net1", "0000:3b:02.1"), &["192.0.2.5/24", "2001:db8::5/64"]),
            with_ips(vf("net2", "0000:3b:02.2"), &["198.51.100.77/25", "192.0.2.9/24"]),
            with_ips(vf("net3", "0000:3b:02.3"), &["203.0.113.1", "x/24", "1.2.3.4/33", "::/129"]),
        ]);
        let args = builder(&snapshot).routes("/tmp/r4", "/tmp/r6").build().unwrap();
        let routes = args.routes.unwrap();
        assert_eq!(routes.ipv4.text, "R192.0.2.0/24 0\nR198.51.100.0/25 1\n");
        assert_eq!(routes.ipv6.text, "R2001:db8:0:0:0:0:0:0/64 0\n");
        assert!(args.app.contains(&"--rule_ipv4=/tmp/r4".to_owned()), "{:?}", args.app);
        assert!(args.app.contains(&"--rule_ipv6=/tmp/r6".to_owned()), "{:?}", args.app);
        let warned: Vec<_> = args.warnings.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(warned, ["net2", "net3"]);
    }

    #[test]
    fn a_family_without_routes_has_those_of_l3fwd() {
        let snapshot = pod(vec![with_ips(vf("net1", "0000:3b:02.1"), &["0.0.0.0/0"])]);
        let routes = builder(&snapshot).routes("4", "6").build().unwrap().routes.unwrap();
        assert_eq!(routes.ipv4.text, "R0.0.0.0/0 0\n");
        assert_eq!(routes.ipv6.text, "R2001:200:0:0:0:0:0:0/64 0\n");
        let snapshot = pod(vec![with_ips(vf("net1", "0000:3b:02.1"), &["::1/0"])]);
        let routes = builder(&snapshot).routes("4", "6").build().unwrap().routes.unwrap();
        assert_eq!(routes.ipv4.text, "R198.18.0.0/24 0\n");
        assert_eq!(routes.ipv6.text, "R0:0:0:0:0:0:0:0/0 0\n");
    }

    #[test]
    fn routes_are_for_an_l3fwd_that_reads_them() {
        let snapshot = pod(vec![vf("net1", "0000:3b:02.1")]);
        let refused = [
            builder(&snapshot).dpdk("21.11".parse().unwrap()).routes("4", "6"),
            builder(&snapshot).app(App::Testpmd).routes("4", "6"),
            builder(&snapshot).routes("", "6"),
            builder(&snapshot).routes("4", "a\nb"),
        ];
        for builder in refused {
            assert!(builder.build().unwrap_err().to_string().starts_with("routes"));
        }
        builder(&snapshot).dpdk("22.03".parse().unwrap()).routes("4", "6").build().unwrap();
    }
}
