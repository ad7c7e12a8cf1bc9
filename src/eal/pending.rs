//! Networks that the pod asks for and does not have yet: ports may be missing.

use super::{Options, Plan};
use crate::lookup;
use crate::snapshot::Snapshot;
use crate::warning::WarningCode;

/// What there is to know of such a network, and the next step.
pub(super) const WHY: &str = "requested, but not attached yet: start with `podnet exec \
                              --wait-networks 60s`, or after `podnet wait`";

/// Says which of the networks that ports are wanted of are still to come.
pub(super) fn warn(snapshot: &Snapshot, options: &Options, plan: &mut Plan) {
    let names = &options.networks;
    let is_wanted = |one: &&String| names.is_empty() || names.iter().any(|name| is(one, name));
    for network in snapshot.pending_networks.iter().filter(is_wanted) {
        plan.warn(WarningCode::NetworkPending, network, WHY);
    }
}

/// Whether one of them is the network or interface `name`.
pub(super) fn has(snapshot: &Snapshot, name: &str) -> bool {
    snapshot.pending_networks.iter().any(|one| is(one, name))
}

/// Of `namespace/name@interface`.
fn is(pending: &str, name: &str) -> bool {
    let (network, interface) = pending.split_once('@').unwrap_or((pending, ""));
    let network_name = name.rsplit_once('/').map_or(name, |(_, bare)| bare);
    // Without a namespace of its own the request is for the pod's, whose name is not known.
    let is_own = !network.contains('/') && network == network_name;
    !name.is_empty() && (is_own || lookup::is_network(network, name) || interface == name)
}
