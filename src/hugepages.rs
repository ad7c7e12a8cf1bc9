//! GetHugepages: what this container may use of each page size, and who said so.

use std::collections::BTreeMap;

use crate::cgroup::{self, Cgroups};
use crate::cpu::numa_nodes;
use crate::downward_api::DownwardApi;
use crate::error::{Error, Result};
use crate::parse::cgroup::Controller;
use crate::parse::mountinfo::Mount;
use crate::parse::size::{self, Figure, HugepageFile};
use crate::parse::{limit, proc};
use crate::root::Root;
use crate::snapshot::{
    CgroupVersion, ContainerHugepages, Hugepages, LimitSource, NodePages, PageSize,
};
use crate::warning::{Findings, WarningCode};

const SIZES: &str = "/sys/kernel/mm/hugepages";
const MEMINFO: &str = "/proc/meminfo";

const MIB: u64 = 1 << 20;

/// The units in which people have the Downward API print hugepages.
const UNITS: [u64; 4] = [1, 1 << 10, 1 << 20, 1 << 30];

/// What is known of the page sizes so far, smallest first.
type Pages = BTreeMap<u64, PageSize>;

/// Reads the hugepages; `own` is this container's name.
pub(crate) fn read(
    root: &Root,
    cgroups: &Cgroups,
    downward: &DownwardApi,
    own: Option<&str>,
    findings: &mut Findings,
) -> Hugepages {
    let mut pages = Pages::new();
    read_pools(root, &mut pages, findings);
    if let Some(hugetlb) = cgroups.controller("hugetlb") {
        read_cgroup(root, &hugetlb, &mut pages, findings);
    }
    let containers = read_files(downward, own, &mut pages, findings);
    read_mounts(root, &cgroups.mounts, &mut pages, findings);
    Hugepages { pages: pages.into_values().collect(), containers }
}

fn entry(pages: &mut Pages, size: u64) -> &mut PageSize {
    pages.entry(size).or_insert_with(|| PageSize {
        size,
        request: None,
        limit: None,
        used: None,
        limit_source: None,
        mounts: Vec::new(),
        nodes: Vec::new(),
    })
}

/// Keeps the least limit; on a tie the source that [`LimitSource`] names first.
fn lower_limit(page: &mut PageSize, limit: u64, source: LimitSource) {
    let known = page.limit.zip(page.limit_source);
    if known.is_none_or(|known| (limit, source) < known) {
        page.limit = Some(limit);
        page.limit_source = Some(source);
    }
}

/// `hugepages-2048kB` directories: every size this kernel has, and the pools of each NUMA node.
fn read_pools(root: &Root, pages: &mut Pages, findings: &mut Findings) {
    for (size, _) in sizes(root, SIZES, findings) {
        entry(pages, size);
    }
    for (node, directory) in numa_nodes(root, findings) {
        for (size, directory) in sizes(root, &format!("{directory}/hugepages"), findings) {
            let mut count = |file: &str| {
                let number = number(root, &format!("{directory}/{file}"));
                findings.take(number).flatten()
            };
            if let Some((total_pages, free_pages)) =
                count("nr_hugepages").zip(count("free_hugepages"))
            {
                entry(pages, size).nodes.push(NodePages { node, total_pages, free_pages });
            }
        }
    }
}

fn sizes(root: &Root, directory: &str, findings: &mut Findings) -> Vec<(u64, String)> {
    let names = findings.take(root.list(directory)).unwrap_or_default();
    let size = |name: &String| size::page(name.strip_prefix("hugepages-")?);
    names.iter().filter_map(|name| Some((size(name)?, format!("{directory}/{name}")))).collect()
}

fn number(root: &Root, path: &str) -> Result<Option<u64>> {
    let Some(text) = root.text(path)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Error::unexpected(path, "a number", &text))
}

/// hugetlbfs mounts. One without `pagesize=` has the default size of the system; `size=` limits.
fn read_mounts(root: &Root, mounts: &[Mount], pages: &mut Pages, findings: &mut Findings) {
    for mount in mounts.iter().filter(|mount| mount.fs_type == "hugetlbfs") {
        let size = match mount.option("pagesize") {
            Some(text) => size::page(text),
            None => default_size(root, findings),
        };
        let Some(size) = size else { continue };
        let page = entry(pages, size);
        if !page.mounts.contains(&mount.mount_point) {
            page.mounts.push(mount.mount_point.clone());
        }
        if let Some(bytes) = mount.option("size").and_then(size::parse) {
            lower_limit(page, bytes, LimitSource::Mount);
        }
    }
}

fn default_size(root: &Root, findings: &mut Findings) -> Option<u64> {
    let text = findings.take(root.text(MEMINFO)).flatten()?;
    size::page(&proc::field(&text, "Hugepagesize")?.replace(' ', ""))
}

/// The hugetlb controller: fault and reservation limits of the own cgroup and those above it.
fn read_cgroup(root: &Root, hugetlb: &Controller, pages: &mut Pages, findings: &mut Findings) {
    let (limits, usage): ([&str; 2], &str) = match hugetlb.version {
        CgroupVersion::V2 => (["max", "rsvd.max"], "current"),
        CgroupVersion::V1 => (["limit_in_bytes", "rsvd.limit_in_bytes"], "usage_in_bytes"),
    };
    for name in cgroup_sizes(root, hugetlb, limits[0], findings) {
        let Some(size) = size::page(&name) else { continue };
        let page = entry(pages, size);
        for file in limits {
            let file = format!("hugetlb.{name}.{file}");
            for (path, text) in cgroup::every(root, hugetlb, &file, findings) {
                if let Some(bytes) = findings.take(bytes(&path, &text)).flatten() {
                    lower_limit(page, bytes, LimitSource::Cgroup);
                }
            }
        }
        let used = cgroup::nearest(root, hugetlb, &format!("hugetlb.{name}.{usage}"), findings);
        page.used = used.and_then(|(path, text)| findings.take(bytes(&path, &text)).flatten());
    }
}

/// The sizes that the controller's files name, as they spell them: `2MB`, `1GB`.
fn cgroup_sizes(
    root: &Root,
    hugetlb: &Controller,
    limit: &str,
    findings: &mut Findings,
) -> Vec<String> {
    let suffix = format!(".{limit}");
    let mut sizes: Vec<String> = Vec::new();
    for directory in &hugetlb.directories {
        for name in findings.take(root.list(directory)).unwrap_or_default().iter() {
            let size = name.strip_prefix("hugetlb.").and_then(|name| name.strip_suffix(&suffix));
            let Some(size) = size.filter(|size| !size.contains('.')) else { continue };
            if !sizes.iter().any(|known| known == size) {
                sizes.push(size.to_owned());
            }
        }
    }
    sizes
}

/// A figure of the controller; none for "no limit".
fn bytes(path: &str, text: &str) -> Result<Option<u64>> {
    limit::bytes(text).map_err(|_| Error::unexpected(path, "bytes or max", text))
}

/// The Downward API's files. Only the injector's names, with size and container, have a unit.
fn read_files(
    downward: &DownwardApi,
    own: Option<&str>,
    pages: &mut Pages,
    findings: &mut Findings,
) -> Vec<ContainerHugepages> {
    // Nothing but the cgroup has given a limit yet.
    let cgroup_limits: Vec<(u64, u64)> =
        pages.values().filter_map(|page| Some((page.size, page.limit?))).collect();
    let mut containers: BTreeMap<(String, u64), ContainerHugepages> = BTreeMap::new();
    for (path, file, value) in downward.hugepages(findings) {
        let HugepageFile { size, figure, container } = &file;
        let is_own = container.is_none() || container.as_deref() == own;
        if let (Some(size), Some(name)) = (*size, container) {
            let Some(bytes) = findings.take(mebibytes(&path, value)) else { continue };
            let container = containers.entry((name.clone(), size)).or_insert_with(|| {
                ContainerHugepages { name: name.clone(), size, request: None, limit: None }
            });
            match figure {
                Figure::Request => container.request = Some(bytes),
                Figure::Limit => container.limit = Some(bytes),
            }
            if is_own {
                record(entry(pages, size), *figure, bytes);
            }
        } else if let Some((size, bytes)) =
            infer_unit(&file, value, &cgroup_limits).filter(|_| is_own)
        {
            record(entry(pages, size), *figure, bytes);
        } else {
            findings.warn(WarningCode::HugepagesUnit, &path, unit_text(&path, value));
        }
    }
    containers.into_values().collect()
}

fn record(page: &mut PageSize, figure: Figure, bytes: u64) {
    match figure {
        Figure::Request => page.request = Some(bytes),
        Figure::Limit => lower_limit(page, bytes, LimitSource::DownwardApi),
    }
}

fn mebibytes(path: &str, value: u64) -> Result<u64> {
    value
        .checked_mul(MIB)
        .ok_or_else(|| Error::malformed(path, "content", format!("{value} MiB is past 64 bits")))
}

/// The size and bytes of a value without a unit: the one unit in which it is a cgroup limit.
fn infer_unit(file: &HugepageFile, value: u64, limits: &[(u64, u64)]) -> Option<(u64, u64)> {
    let mut fits = limits
        .iter()
        .filter(|(size, _)| file.size.is_none_or(|named| named == *size))
        .filter(|(_, limit)| UNITS.iter().any(|unit| value.checked_mul(*unit) == Some(*limit)));
    match (fits.next(), fits.next()) {
        (Some(only), None) => Some(*only),
        _ => None,
    }
}

fn unit_text(path: &str, value: u64) -> String {
    format!(
        "{path}: {value}: its unit is not known, and no hugetlb limit of the cgroup settles it; \
         name the file hugepages_<size>_limit_<container> with a divisor of 1Mi"
    )
}
