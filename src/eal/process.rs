//! What sets this process apart from other DPDK processes: the file prefix, and whether it attaches
//! to a primary.

use super::{Options, Plan};
use crate::error::{Error, Result};
use crate::snapshot::Snapshot;

/// DPDK's telemetry socket lies below a directory of this name and must fit into a `sun_path`.
pub(super) const MAX_PREFIX: usize = 64;

pub(super) fn add(snapshot: &Snapshot, options: &Options, plan: &mut Plan) -> Result<()> {
    let (prefix, why) = match &options.file_prefix {
        Some(prefix) => (checked_prefix(prefix)?, "as asked for"),
        None => own_prefix(snapshot, options),
    };
    plan.eal(&["--file-prefix", &prefix], format!("keeps DPDK's files apart: {why}"));
    if options.secondary {
        plan.eal(&["--proc-type=secondary"], "attaches to the primary process, as asked for");
    }
    Ok(())
}

fn checked_prefix(prefix: &str) -> Result<String> {
    let valid = !prefix.is_empty() && prefix.chars().all(is_prefix_char);
    let valid = valid && !prefix.starts_with('-') && prefix.len() <= MAX_PREFIX;
    let why =
        format!("expected at most {MAX_PREFIX} letters, digits, dots, dashes and underscores");
    valid.then(|| prefix.to_owned()).ok_or_else(|| Error::invalid("file prefix", why))
}

fn own_prefix(snapshot: &Snapshot, options: &Options) -> (String, &'static str) {
    let uid = snapshot.pod.uid.as_deref().map(|uid| uid.chars().take(8).collect::<String>());
    let (pod, why) = match (uid, options.facts.host_name.clone()) {
        (Some(uid), _) => (Some(uid), "the pod's UID"),
        (None, Some(host)) => (Some(host), "the host name, for the pod's UID is unknown"),
        (None, None) => (None, "neither the pod's UID nor the host name is known"),
    };
    let parts = [Some("podnet".to_owned()), pod, snapshot.container.clone()];
    let whole = parts.into_iter().flatten().collect::<Vec<_>>().join("-");
    let plain = |c| if is_prefix_char(c) { c } else { '-' };
    (whole.chars().map(plain).take(MAX_PREFIX).collect(), why)
}

fn is_prefix_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}
