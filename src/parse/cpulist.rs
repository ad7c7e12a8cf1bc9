//! Linux lists of CPUs or NUMA nodes: `0-3,8`, as in `cpuset.cpus` and `cpulist`; cpuset(7), List
//! format, with the groups of the kernel's admin-guide/kernel-parameters.rst.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::ordered::filled;

use serde::{Serialize, Serializer};

/// No kernel has as many CPUs; a larger number in a file is an attack or a mistake.
const MAX_ID: u32 = 65_535;

/// A set of CPU or NUMA node numbers, printed as a Linux list. Parsing takes numbers up to 65535.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct CpuSet(BTreeSet<u32>);

/// The text is no list of CPUs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a list like 0-3,8, found {0:?}")]
pub struct NotCpuList(String);

impl CpuSet {
    /// An empty set.
    pub fn new() -> CpuSet {
        CpuSet::default()
    }

    /// Whether `id` is in the set.
    pub fn contains(&self, id: u32) -> bool {
        self.0.contains(&id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.0.iter().copied()
    }

    /// A hexadecimal mask with a bit for each, `0x5` for 0 and 2.
    pub fn to_mask(&self) -> String {
        let digits = self.iter().next_back().map_or(1, |last| last / 4 + 1);
        let digit =
            |at: u32| (0..4).filter(|bit| self.contains(at * 4 + bit)).map(|bit| 1 << bit).sum();
        let digits = (0..digits).rev().filter_map(|at| char::from_digit(digit(at), 16));
        format!("0x{}", digits.collect::<String>())
    }

    /// The smallest number.
    pub fn first(&self) -> Option<u32> {
        self.0.first().copied()
    }

    /// What is in both.
    pub fn intersection(&self, other: &CpuSet) -> CpuSet {
        self.iter().filter(|id| other.contains(*id)).collect()
    }

    /// What is in either.
    pub fn union(&self, other: &CpuSet) -> CpuSet {
        self.iter().chain(other.iter()).collect()
    }

    /// What is in this set and not in `other`.
    pub fn difference(&self, other: &CpuSet) -> CpuSet {
        self.iter().filter(|id| !other.contains(*id)).collect()
    }

    /// Whether all of this set is in `other`.
    pub fn is_subset(&self, other: &CpuSet) -> bool {
        self.iter().all(|id| other.contains(id))
    }
}

impl FromIterator<u32> for CpuSet {
    fn from_iter<I: IntoIterator<Item = u32>>(ids: I) -> CpuSet {
        CpuSet(filled(ids))
    }
}

impl FromStr for CpuSet {
    type Err = NotCpuList;

    /// Reads `a`, `a-b` and `a-b:used/group`, separated by commas; an empty text is an empty set.
    fn from_str(text: &str) -> Result<CpuSet, NotCpuList> {
        let shown = || NotCpuList(text.chars().take(64).collect());
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(CpuSet::new());
        }
        let mut set = CpuSet::new();
        for part in trimmed.split(',') {
            set.0.extend(range(part.trim()).ok_or_else(shown)?);
        }
        Ok(set)
    }
}

/// One element of a list: `5`, `0-3`, or `0-6:2/4` (the first 2 of every 4).
fn range(part: &str) -> Option<impl Iterator<Item = u32>> {
    let (ends, stride) = match part.split_once(':') {
        Some((ends, stride)) => (ends, Some(stride.split_once('/')?)),
        None => (part, None),
    };
    let (first, last) = ends.split_once('-').unwrap_or((ends, ends));
    let (first, last) = (id(first)?, id(last)?);
    let (used, group) = match stride {
        Some((used, group)) => (id(used)?, id(group)?),
        None => (1, 1),
    };
    let valid = first <= last && group > 0 && used <= group;
    valid.then(|| (first..=last).filter(move |number| (number - first) % group < used))
}

fn id(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?.filter(|id| *id <= MAX_ID)
}

impl fmt::Display for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ids = self.iter().peekable();
        let mut separator = "";
        while let Some(first) = ids.next() {
            let mut last = first;
            while let Some(next) = ids.next_if_eq(&(last + 1)) {
                last = next;
            }
            write!(f, "{separator}{first}")?;
            if last > first {
                write!(f, "-{last}")?;
            }
            separator = ",";
        }
        Ok(())
    }
}

impl Serialize for CpuSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> String {
        text.parse::<CpuSet>().unwrap().to_string()
    }

    #[test]
    fn reads_what_the_kernel_prints() {
        assert_eq!(list("0-3,8\n"), "0-3,8");
        assert_eq!(list(""), "");
        assert_eq!(list("5"), "5");
        assert_eq!(list("34,2-5,3"), "2-5,34");
        assert_eq!(list("0-6:2/4"), "0-1,4-5");
    }

    #[test]
    fn refuses_what_is_no_list() {
        for text in ["-1", "3-1", "a", "1,,2", "0-4294967295", "99999999999", "0-3:1/0", "+1"] {
            assert!(text.parse::<CpuSet>().is_err(), "{text}");
        }
    }
}
