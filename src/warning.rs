//! Warnings: what a reader should know although an answer was given.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;

use crate::error::{Error, Result, one_line};
use crate::parse::Problem;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WarningCode {
    /// Content that is not what its format says. `show` exits 1.
    Malformed,
    /// A file that is there and can't be read. `show` exits 1.
    Unreadable,
    /// An allocated device that no evidence ties to an interface.
    DeviceUnmatched,
    /// A device that this kernel does not have.
    DeviceAbsent,
    /// A device address taken from the own environment, because this kernel does not have the
    /// one in device-info (a Kata guest).
    DeviceTranslated,
    /// A device identifier, or a device-info type, of a form this version does not know.
    DeviceUnknown,
    /// A `PCIDEVICE_*_INFO` variable that does not hold what its format says.
    DeviceInfoVariable,
    /// The affinity and the cgroup's cpuset differ.
    CpusetDiffers,
    /// No source of the CPUs exists.
    CpusMissing,
    /// A hugepage file whose unit no other source settles.
    HugepagesUnit,
    /// A device that DPDK is not given, and why.
    DeviceSkipped,
    /// Interfaces that share one memif socket and got identifiers in order.
    MemifShared,
    /// Fewer CPUs than lcores or workers asked for.
    CpusFew,
    /// Memory that could not be planned as asked.
    MemoryPlan,
    /// An application that can't do what the plan needs.
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
    /// Whether it tells of input that could not be read or understood.
    pub fn is_failure(self) -> bool {
        matches!(self, WarningCode::Malformed | WarningCode::Unreadable)
    }
}

impl fmt::Display for WarningCode {
    /// The name that JSON has for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

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
