//! A user's options that EAL refuses or misreads beside the plan's, where dropping the plan's would
//! break the plan.

use super::memory::NO_HUGE_PHYSICAL;
use super::options::{Argument, merge_eal};
use crate::error::{Error, Result};

const NO_HUGEPAGES: &str = "it is about hugepages, and --no-huge was given to podnet: leave one of \
                            the two out";

/// Options of a user's, the builder's that one of them can't stand beside, and why.
const CONFLICTS: &[(&[&str], &str, &str)] = &[
    (
        &["--huge-unlink"],
        "--single-file-segments",
        "the plan's --single-file-segments, which vhost-user needs, excludes it: leave it out, \
         --in-memory leaves no files behind either",
    ),
    (
        &["-b", "--block"],
        "-a",
        "DPDK takes the devices to use (-a, the plan's) or those to leave out, not both: name the \
         ports with --network",
    ),
    (
        &["--socket-mem", "--numa-mem"],
        "--no-huge",
        "DPDK chooses no NUMA nodes without hugepages: give -m, or leave out podnet's --no-huge",
    ),
    (
        &["--in-memory", "--single-file-segments", "--huge-unlink", "--huge-dir"],
        "--no-huge",
        NO_HUGEPAGES,
    ),
    (
        &["--in-memory"],
        "--proc-type=secondary",
        "a secondary process attaches to memory in files: leave it out",
    ),
    (&["--no-huge"], "--iova-mode=pa", NO_HUGE_PHYSICAL),
    (&["--iova-mode=pa"], "--no-huge", NO_HUGE_PHYSICAL),
];

/// Whether EAL would take a user's options beside those of the plan that they leave.
pub(super) fn check(own: &[String], user: &[String]) -> Result<()> {
    let merged = merge_eal(own, user);
    let (own, user): (Vec<_>, Vec<_>) = merged.iter().partition(|one| one.replaces.is_none());
    let refused = |option: &Argument<'_>, why: &str| {
        Err(Error::invalid(format!("argument {:?}", option.words.join(" ")), why))
    };
    for (options, other, why) in CONFLICTS {
        let found = user.iter().find(|one| options.iter().any(|name| is(one, name)));
        if let Some(option) = found.filter(|_| own.iter().any(|one| is(one, other))) {
            return refused(option, why);
        }
    }
    let is_memory = |one: &&Argument<'_>| is(one, "-m") || is(one, "--memory-size");
    match user.iter().find(|one| is(one, "--no-huge")) {
        Some(option) if !user.iter().any(is_memory) => refused(
            option,
            "DPDK would take 64 MiB: give --no-huge to podnet, before the --, or -m beside it",
        ),
        _ => Ok(()),
    }
}

/// Whether this is the option `name`, or `name=value`, in whatever form it is written.
fn is(argument: &Argument<'_>, name: &str) -> bool {
    let text = argument.words.join("=");
    let is_short = !name.starts_with("--");
    text.strip_prefix(name).is_some_and(|end| end.is_empty() || end.starts_with('=') || is_short)
}
