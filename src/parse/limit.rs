//! Limits in the files of cgroups: `cpu.max` and `hugetlb.*` of version 2
//! (Documentation/admin-guide/cgroup-v2.rst of the kernel), `cpu.cfs_*_us` (scheduler/sched-bwc.rst)
//! and `hugetlb.*` of version 1 (admin-guide/cgroup-v1/hugetlb.rst).

/// The period where `cpu.max` names none, in microseconds.
const DEFAULT_PERIOD: u64 = 100_000;

/// Version 1 prints the largest signed number, rounded down to pages, for "no limit".
const UNLIMITED: u64 = 1 << 62;

/// The CPUs that `cpu.max` grants, `<quota> [<period>]`; `None` for no limit. An error says why it
/// is none.
pub(crate) fn cpu_max(text: &str) -> Result<Option<f64>, String> {
    let mut words = text.split_whitespace();
    cpus(words.next().unwrap_or_default(), words.next())
}

/// The CPUs of a quota and a period in microseconds; `None` for no limit: `max`, and version 1's
/// -1. An error says why they are none.
pub(crate) fn cpus(quota: &str, period: Option<&str>) -> Result<Option<f64>, String> {
    if matches!(quota, "max" | "-1") {
        return Ok(None);
    }
    let microseconds = period.map_or(Ok(DEFAULT_PERIOD), str::parse);
    match (quota.parse::<u64>(), microseconds) {
        (Ok(quota), Ok(period @ 1..)) => Ok(Some(quota as f64 / period as f64)),
        _ => {
            let period = period.unwrap_or("none");
            Err(format!("expected microseconds, found {quota:?} and {period:?}"))
        }
    }
}

/// The bytes of a hugetlb limit or usage; `None` for no limit. An error is of another text.
pub(crate) fn bytes(text: &str) -> Result<Option<u64>, std::num::ParseIntError> {
    if text == "max" {
        return Ok(None);
    }
    Ok(Some(text.parse()?).filter(|bytes| *bytes < UNLIMITED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_of_both_versions_are_cpus() {
        assert_eq!(cpu_max("150000 100000"), Ok(Some(1.5)));
        assert_eq!(cpu_max("50000"), Ok(Some(0.5)));
        assert_eq!(cpus("400000", Some("100000")), Ok(Some(4.0)));
        assert_eq!((cpu_max("max 100000"), cpus("-1", Some("100000"))), (Ok(None), Ok(None)));
        for text in ["", "100000 0", "-2", "1 x", "99999999999999999999"] {
            assert!(cpu_max(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_limit_is_none() {
        assert_eq!(bytes("1073741824"), Ok(Some(1 << 30)));
        assert_eq!((bytes("max"), bytes("9223372036854771712")), (Ok(None), Ok(None)));
        assert!(bytes("").is_err() && bytes("1M").is_err());
    }
}
