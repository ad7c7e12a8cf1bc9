//! DPDK releases and what each takes.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::Plan;
use crate::error::{Error, Result};
use crate::warning::WarningCode;

/// A DPDK release by year and month, such as 22.11. Patch releases take what theirs takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// The year after 2000.
    pub year: u8,
    /// The month, 1 to 12.
    pub month: u8,
}

/// Something that only releases from some on take. Where a form exists that all of them take,
/// that one is used and is not listed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `-a auxiliary:NAME`, for subfunctions.
    AuxiliaryBus,
    /// `l2fwd -P`; before, promiscuous mode was always on.
    L2fwdPromiscuous,
    /// `l3fwd --rule_ipv4` and `--rule_ipv6`.
    L3fwdRules,
    /// `use_cni` of net_af_xdp, with the one socket `/tmp/afxdp.sock`.
    AfXdpCni,
    /// virtio_user with more than eight queue pairs.
    VirtioUserManyQueues,
    /// `l3fwd --relax-rx-offload` and `--disable-rss`: an unmodified l3fwd runs on software ports.
    L3fwdSoftwarePorts,
    /// `dp_path` and `use_pinned_map` of net_af_xdp.
    AfXdpPath,
    /// `--pagesz-mem SIZE:0` keeps EAL from pages of a size.
    PageSizeLimit,
}

const SINCE: [(Form, Release); 8] = [
    (Form::AuxiliaryBus, Release::new(21, 8)),
    (Form::L2fwdPromiscuous, Release::new(21, 11)),
    (Form::L3fwdRules, Release::new(22, 3)),
    (Form::AfXdpCni, Release::new(23, 3)),
    (Form::VirtioUserManyQueues, Release::new(23, 3)),
    (Form::L3fwdSoftwarePorts, Release::new(23, 11)),
    (Form::AfXdpPath, Release::new(24, 7)),
    (Form::PageSizeLimit, Release::new(26, 7)),
];

impl Release {
    /// The oldest release whose arguments are made: the first with `-a`.
    pub const OLDEST: Release = Release::new(20, 11);
    /// The newest release these tables know. A newer one is given what this one takes, with a
    /// warning.
    pub const NEWEST: Release = Release::new(26, 7);
    /// The newest long-term release: the default.
    pub const NEWEST_LTS: Release = Release::new(25, 11);

    const fn new(year: u8, month: u8) -> Release {
        Release { year, month }
    }

    /// Whether this release takes `form`.
    pub(super) fn takes(self, form: Form) -> bool {
        SINCE.iter().any(|(listed, since)| *listed == form && self >= *since)
    }

    /// Says that a release newer than the tables is taken to be as the newest that they know.
    pub(super) fn warn_if_unknown(self, plan: &mut Plan) {
        if self > Release::NEWEST {
            let newest = Release::NEWEST;
            let text = format!(
                "podnet knows releases up to {newest}, and gives this one what {newest} takes: use \
                 a newer podnet where it does not start"
            );
            plan.warn(WarningCode::Application, format!("DPDK {self}"), text);
        }
    }

    /// This release, unless no arguments can be made for it.
    pub(super) fn supported(self) -> Result<Release> {
        if self >= Release::OLDEST {
            return Ok(self);
        }
        let why = format!("too old: arguments are made for {} and later", Release::OLDEST);
        Err(Error::invalid(format!("DPDK {self}"), why))
    }
}

impl Default for Release {
    fn default() -> Release {
        Release::NEWEST_LTS
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}.{:02}", self.year, self.month)
    }
}

impl Serialize for Release {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Release {
    type Err = Error;

    /// Reads `22.11`, and what programs and packages say: `DPDK 22.11.11`, `25.11.0-rc2`,
    /// `22.11.11-0+deb12u1`.
    fn from_str(text: &str) -> Result<Release> {
        let unknown =
            || Error::invalid(format!("DPDK version {text:?}"), "expected one like 22.11");
        let number = text.trim();
        let number = number.strip_prefix("DPDK ").unwrap_or(number);
        let (year, rest) = two_digits(number).ok_or_else(unknown)?;
        let (month, rest) = rest.strip_prefix('.').and_then(two_digits).ok_or_else(unknown)?;
        let ends = !rest.starts_with(|next: char| next.is_ascii_digit());
        let valid = ends && (1..=12).contains(&month);
        valid.then_some(Release::new(year, month)).ok_or_else(unknown)
    }
}

fn two_digits(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((digits.parse().ok().filter(|_| plain)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_programs_and_packages_say() {
        for text in ["22.11", "DPDK 22.11.11", "22.11.11-0+deb12u1", " 22.11\n", "22.11-rc1"] {
            let release: Release = text.parse().unwrap();
            assert_eq!(release, Release { year: 22, month: 11 }, "{text}");
            assert_eq!(release.to_string(), "22.11");
        }
        assert_eq!("26.07".parse::<Release>().unwrap(), Release::NEWEST);
    }

    #[test]
    fn refuses_what_is_no_release() {
        for text in ["", "22", "22.", "2.11", "22.13", "22.00", "22.111", "+2.11", "22,11", "é.11"]
        {
            let error = text.parse::<Release>().unwrap_err();
            assert!(error.to_string().contains("expected one like 22.11"), "{text}: {error}");
        }
    }

    #[test]
    fn orders_by_time_and_knows_its_forms() {
        assert!(Release::NEWEST_LTS < Release::NEWEST);
        assert!(!Release::new(23, 7).takes(Form::L3fwdSoftwarePorts));
        assert!(Release::new(23, 11).takes(Form::L3fwdSoftwarePorts));
        assert!(Release::new(19, 11).supported().is_err());
        assert!(Release::new(27, 3).takes(Form::PageSizeLimit));
    }
}
