//! Warnings: what a reader should know although an answer was given.

use std::collections::HashSet;

use serde::Serialize;

use crate::error::{Error, Result, one_line};
use crate::parse::Problem;
use crate::snapshot::display_as_json;

/// Something a reader should know. Programs compare `code` and `path`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// What kind of thing it is.
    pub code: WarningCode,
    /// The file, variable, device or option it is about.
    pub path: String,
    /// One line for people: `path: what: why`, and the next step.
    pub text: String,
}

/// The kinds of warnings.
#[doc = include_str!("../docs/warnings.md")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WarningCode {
    /// `malformed`
    Malformed,
    /// `unreadable`
    Unreadable,
    /// `device-unmatched`
    DeviceUnmatched,
    /// `device-absent`
    DeviceAbsent,
    /// `device-translated`
    DeviceTranslated,
    /// `device-unknown`
    DeviceUnknown,
    /// `device-info-variable`
    DeviceInfoVariable,
    /// `cpuset-differs`
    CpusetDiffers,
    /// `cpus-missing`
    CpusMissing,
    /// `hugepages-unit`
    HugepagesUnit,
    /// `network-pending`
    NetworkPending,
    /// `device-skipped`
    DeviceSkipped,
    /// `memif-shared`
    MemifShared,
    /// `port-order`
    PortOrder,
    /// `cpus-few`
    CpusFew,
    /// `memory-plan`
    MemoryPlan,
    /// `application`
    Application,
}

impl Warning {
    /// A warning whose text begins with its path, on one line whatever the pod's data holds.
    pub(crate) fn new(
        code: WarningCode,
        path: impl Into<String>,
        text: impl Into<String>,
    ) -> Warning {
        let (path, text) = (one_line(path.into()), one_line(text.into()));
        let text = if text.starts_with(&path) { text } else { format!("{path}: {text}") };
        Warning { code, path, text }
    }
}

impl WarningCode {
    /// Every code.
    pub const ALL: [WarningCode; 17] = [
        WarningCode::Malformed,
        WarningCode::Unreadable,
        WarningCode::DeviceUnmatched,
        WarningCode::DeviceAbsent,
        WarningCode::DeviceTranslated,
        WarningCode::DeviceUnknown,
        WarningCode::DeviceInfoVariable,
        WarningCode::CpusetDiffers,
        WarningCode::CpusMissing,
        WarningCode::HugepagesUnit,
        WarningCode::NetworkPending,
        WarningCode::DeviceSkipped,
        WarningCode::MemifShared,
        WarningCode::PortOrder,
        WarningCode::CpusFew,
        WarningCode::MemoryPlan,
        WarningCode::Application,
    ];

    /// Whether it tells of input that could not be read or understood.
    pub fn is_failure(self) -> bool {
        matches!(self, WarningCode::Malformed | WarningCode::Unreadable)
    }
}

display_as_json!(WarningCode);

/// Collects warnings while one subject is read, and the first failure among them.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub warnings: Vec<Warning>,
    error: Option<Error>,
}

impl Findings {
    /// Notes something that leaves the answer whole.
    pub fn warn(&mut self, code: WarningCode, path: impl Into<String>, text: impl Into<String>) {
        self.warnings.push(Warning::new(code, path, text));
    }

    /// Notes that a source among several could not be read; the answer stands without it.
    pub fn note(&mut self, error: &Error) {
        let code = match error {
            Error::Unreadable { .. } => WarningCode::Unreadable,
            _ => WarningCode::Malformed,
        };
        self.warn(code, error.path(), error.to_string());
    }

    /// Notes a failure: a warning in a snapshot, the error of a call for this subject alone.
    pub fn fail(&mut self, error: Error) {
        self.note(&error);
        self.error.get_or_insert(error);
    }

    /// Notes the problems of one source as failures.
    pub fn fail_all(&mut self, path: &str, prefix: &str, problems: Vec<Problem>) {
        for Problem { place, why } in problems {
            self.fail(Error::malformed(path, format!("{prefix}{place}"), why));
        }
    }

    /// The value of `result`, or its error noted and nothing.
    pub fn take<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.fail(error)).ok()
    }

    /// As [`take`](Self::take), where the answer stands without it.
    pub fn noted<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.note(&error)).ok()
    }

    /// Everything noted, each once: several subjects read the same file.
    pub fn into_warnings(self) -> Vec<Warning> {
        let mut seen = HashSet::new();
        let mut warnings = self.warnings;
        warnings.retain(|warning| seen.insert(warning.clone()));
        warnings
    }

    /// How many failures were noted so far.
    pub fn failures(&self) -> usize {
        self.warnings.iter().filter(|warning| warning.code.is_failure()).count()
    }

    /// `value`, unless something failed on the way to it.
    pub fn into_result<T>(self, value: T) -> Result<T> {
        self.error.map_or(Ok(value), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_documented_and_no_other() {
        let table = include_str!("../docs/warnings.md");
        let documented: Vec<&str> =
            table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let codes: Vec<String> = WarningCode::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(documented, codes);
    }
}
