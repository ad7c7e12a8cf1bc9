//! Whether the hugepages that EAL is told to take can be had: it ends without a hint when not.

use podnet::parse::cpulist::CpuSet;
use podnet::snapshot::{Hugepages, PageSize};

use super::leftovers::Leftover;
use crate::cli::units::show_size;
use crate::cli::words::Memory;

const FIX: &str = "set resources.limits hugepages-2Mi or -1Gi of this container, on a node that \
                   has them, or pass --no-huge";

/// Why `planned`, or any hugepage at all, can't be had: `nodes` are the NUMA nodes whose memory
/// may be used, `stale` what DPDK removes before it takes any.
pub fn short_of(
    planned: &Memory,
    hugepages: &Hugepages,
    nodes: Option<&CpuSet>,
    stale: &[Leftover],
) -> Option<String> {
    let pools = Pools { hugepages, nodes: nodes.filter(|nodes| !nodes.is_empty()), stale };
    pools.wrong_node(planned).or_else(|| pools.short(planned.bytes.unwrap_or(1)))
}

struct Pools<'a> {
    hugepages: &'a Hugepages,
    nodes: Option<&'a CpuSet>,
    stale: &'a [Leftover],
}

impl Pools<'_> {
    fn is_ours(&self, node: u32) -> bool {
        self.nodes.is_none_or(|nodes| nodes.contains(node))
    }

    /// The bytes free on our nodes; `None` where the system shows no pool.
    fn free(&self, page: &PageSize) -> Option<u64> {
        let pools = page.nodes.iter().filter(|pool| self.is_ours(pool.node));
        let bytes = pools.map(|pool| pool.free_pages.saturating_mul(page.size));
        let bytes = bytes.fold(0, u64::saturating_add).saturating_add(self.stale(page));
        (!page.nodes.is_empty()).then_some(bytes)
    }

    /// The bytes that the cgroup still allows; `None` without a limit.
    fn left(&self, page: &PageSize) -> Option<u64> {
        let used = page.used.unwrap_or(0).saturating_sub(self.stale(page));
        Some(page.limit?.saturating_sub(used))
    }

    fn stale(&self, page: &PageSize) -> u64 {
        let of_size = self.stale.iter().filter(|one| one.page_size == page.size);
        of_size.map(|one| one.bytes).sum()
    }

    fn short(&self, planned: u64) -> Option<String> {
        let mut available = 0_u64;
        let mut sizes = Vec::new();
        for page in &self.hugepages.pages {
            let (free, left) = (self.free(page), self.left(page));
            // Where nothing is known of a size, nothing can be said of the sum.
            let bytes = [free, left].into_iter().flatten().min()?;
            available = available.saturating_add(bytes);
            let known = [(free, "are free"), (left, "are left of the cgroup's limit")];
            let known = known
                .iter()
                .filter_map(|(bytes, what)| Some(format!("{} {what}", show_size((*bytes)?))));
            let known = known.collect::<Vec<_>>().join(" and ");
            sizes.push(format!("of {} pages {known}", show_size(page.size)));
        }
        let planned_text = if planned == 1 { "some".to_owned() } else { show_size(planned) };
        (!sizes.is_empty() && available < planned)
            .then(|| format!("hugepages: {planned_text} planned, but {}: {FIX}", sizes.join(", ")))
    }

    fn wrong_node(&self, planned: &Memory) -> Option<String> {
        let nodes = planned.nodes.iter().zip(0_u32..).filter(|(bytes, _)| **bytes > 0);
        let mut nodes = nodes.map(|(bytes, node)| (*bytes, node));
        nodes.find_map(|(bytes, node)| match self.nodes.filter(|nodes| !nodes.contains(node)) {
            Some(nodes) => Some(format!(
                "hugepages: {} planned on NUMA node {node}, and this process may use the memory of \
                 {nodes} only (cpuset.mems): leave --socket-mem out, or have the kubelet's memory \
                 manager give this container that node",
                show_size(bytes)
            )),
            None => self.short_on(node, bytes),
        })
    }

    fn short_on(&self, node: u32, planned: u64) -> Option<String> {
        let pages = &self.hugepages.pages;
        let shown = pages.iter().any(|page| !page.nodes.is_empty());
        let had = pages.iter().map(|page| {
            let here = page.nodes.iter().filter(|pool| pool.node == node);
            let here = here.map(|pool| pool.free_pages.saturating_mul(page.size));
            // Which node the files left behind are on is not known: all may be on this one.
            let free = here.fold(self.stale(page), u64::saturating_add);
            self.left(page).map_or(free, |left| left.min(free))
        });
        let free = had.fold(0, u64::saturating_add);
        (shown && free < planned).then(|| {
            format!(
                "hugepages: {} planned on NUMA node {node}, {} free there within the \
                 cgroup's limit of each size: {FIX}",
                show_size(planned),
                show_size(free)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn planned(text: &str) -> Memory {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Memory::of(&words)
    }

    /// A system with 2 MiB pages on two NUMA nodes: `limit` of the cgroup, and free pages.
    fn system(limit: &str, used: &str, free: [&str; 2]) -> Hugepages {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("proc/self/mountinfo", "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
        write("sys/fs/cgroup/hugetlb.2MB.max", limit);
        write("sys/fs/cgroup/hugetlb.2MB.current", used);
        for (node, free) in free.iter().enumerate() {
            let pool = format!("sys/devices/system/node/node{node}/hugepages/hugepages-2048kB");
            write(&format!("{pool}/nr_hugepages"), "256");
            write(&format!("{pool}/free_hugepages"), free);
        }
        podnet::Pod::builder().root(root.path()).build().hugepages().unwrap()
    }

    fn short(arguments: &str, hugepages: &Hugepages, nodes: &str, stale: u64) -> String {
        let leftover = Leftover { mount: "/h".into(), page_size: 2 * MIB, files: 1, bytes: stale };
        let nodes: CpuSet = nodes.parse().unwrap();
        let planned = planned(&format!("app {arguments}"));
        short_of(&planned, hugepages, Some(&nodes), &[leftover]).unwrap_or_default()
    }

    #[test]
    fn tells_what_hugepages_are_short_of() {
        let limit = (64 * MIB).to_string();
        for (arguments, limit, used, free, why) in [
            ("", "max", "0", ["0", "0"], "some planned, but of 2Mi pages 0 are free"),
            ("", "0", "0", ["9", "9"], "0 are left of the cgroup's limit"),
            ("-m 64", "max", "0", ["8", "8"], "64Mi planned, but of 2Mi pages 32Mi are free"),
            ("-m 128", &limit, "0", ["99", "99"], "64Mi are left of the cgroup's limit"),
            ("-m 64", &limit, "33554432", ["99", "99"], "32Mi are left of the cgroup's limit"),
            ("--socket-mem 0,64", "max", "0", ["99", "9"], "on NUMA node 1, 18Mi free there"),
            ("--socket-mem 64", &limit, "0", ["32", "0"], ""),
            ("-m 64", &limit, "0", ["16", "16"], ""),
            ("", "max", "0", ["1", "0"], ""),
        ] {
            let found = short(arguments, &system(limit, used, free), "0-1", 0);
            assert!(
                found.contains(why) && found.is_empty() == why.is_empty(),
                "{arguments}: {found}"
            );
        }
        assert_eq!(short_of(&planned("app -m 1"), &Hugepages::default(), None, &[]), None);
    }

    /// EAL would take the large pages that a node lacks from the small ones, past their limit.
    #[test]
    fn what_one_size_lacks_another_has_within_its_limit() {
        let limit = (128 * MIB).to_string();
        let mut system = system(&limit, "0", ["2000", "0"]);
        let mut large = system.pages[0].clone();
        (large.size, large.limit) = (1024 * MIB, Some(1024 * MIB));
        for (free, found) in [(0, "1152Mi planned on NUMA node 0, 128Mi free there"), (1, "")] {
            large.nodes.iter_mut().for_each(|pool| pool.free_pages = free);
            system.pages.truncate(1);
            system.pages.push(large.clone());
            let why = short("--socket-mem 1152", &system, "0-1", 0);
            assert!(why.contains(found) && why.is_empty() == found.is_empty(), "{why}");
        }
    }

    #[test]
    fn counts_the_pools_of_our_nodes_only() {
        let system = system("max", "0", ["32", "32"]);
        let found = short("--socket-mem 0,64", &system, "0", 0);
        assert!(found.contains("may use the memory of 0 only (cpuset.mems)"), "{found}");
        let found = short("-m 128", &system, "0", 0);
        assert!(found.contains("64Mi are free"), "{found}");
        assert_eq!(short("-m 128", &system, "0-1", 0), "");
    }

    #[test]
    fn what_dpdk_removes_is_free() {
        let limit = (64 * MIB).to_string();
        let system = system(&limit, &limit, ["0", "0"]);
        assert_ne!(short("-m 64", &system, "0-1", 0), "");
        assert_eq!(short("-m 64", &system, "0-1", 64 * MIB), "");
    }
}
