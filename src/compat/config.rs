//! What `SetConfig()` sets: the only state this library keeps.

use std::ffi::c_char;
use std::fmt::Arguments;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::types::{LOG_LEVEL_MAX, LOG_LEVEL_WARNING, layout};
use crate::capi::input::path;
use crate::pod::Pod;

/// Where the Downward API is mounted.
#[repr(C)]
pub struct DownwardAPIData {
    /// The directory; NULL keeps it. At first it is /etc/podnetinfo, or
    /// /etc/podinfo where that does not exist.
    pub baseDir: *mut c_char,
}

/// What is logged where.
#[repr(C)]
pub struct LoggingData {
    /// 1: log to standard error, as at first; 0: don't.
    pub stderr: u32,
    /// One of LOG_LEVEL_; at first LOG_LEVEL_WARNING.
    pub level: u32,
    /// A file to append the log to, also; NULL keeps it.
    pub filename: *mut c_char,
}

/// The settings.
#[repr(C)]
pub struct AppNetutilConfig {
    /// Where the Downward API is mounted.
    pub downwardAPI: DownwardAPIData,
    /// What is logged where.
    pub log: LoggingData,
}

layout!(DownwardAPIData 8: baseDir 0);
layout!(LoggingData 16: stderr 0, level 4, filename 8);
layout!(AppNetutilConfig 24: downwardAPI 0, log 8);

#[derive(Debug, Clone, PartialEq)]
struct Settings {
    downward_api: Option<PathBuf>,
    /// Nothing is logged before SetConfig() was called.
    log: Option<Log>,
}

#[derive(Debug, Clone, PartialEq)]
struct Log {
    stderr: bool,
    level: u32,
    file: Option<PathBuf>,
}

impl Log {
    const FIRST: Log = Log { stderr: true, level: LOG_LEVEL_WARNING, file: None };
}

static SETTINGS: Mutex<Settings> = Mutex::new(Settings { downward_api: None, log: None });

fn with_settings<T>(run: impl FnOnce(&mut Settings) -> T) -> T {
    run(&mut SETTINGS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// # Safety
/// The strings of `config` are NULL or strings.
pub(super) unsafe fn set(config: &AppNetutilConfig) {
    // SAFETY: as the caller promises.
    let (directory, file) =
        unsafe { (path(config.downwardAPI.baseDir), path(config.log.filename)) };
    with_settings(|settings| settings.change(directory, config, file));
}

impl Settings {
    fn change(
        &mut self,
        directory: Option<PathBuf>,
        config: &AppNetutilConfig,
        file: Option<PathBuf>,
    ) {
        let given = |path: &PathBuf| !path.as_os_str().is_empty();
        self.downward_api = directory.filter(given).or(self.downward_api.take());
        let log = self.log.get_or_insert(Log::FIRST);
        if config.log.level < LOG_LEVEL_MAX {
            log.level = config.log.level;
        }
        if config.log.stderr <= 1 {
            log.stderr = config.log.stderr == 1;
        }
        log.file = file.filter(given).or(log.file.take());
    }
}

/// The pod that the drop-in answers for.
pub(super) fn pod() -> Pod {
    let mut pod = Pod::builder().assign_by_order(true).root_from_environment();
    if let Some(directory) = with_settings(|settings| settings.downward_api.clone()) {
        pod = pod.downward_api(directory);
    }
    pod.build()
}

/// Logs one line, where SetConfig() said so.
pub(super) fn log(level: u32, text: Arguments<'_>) {
    let log = with_settings(|settings| settings.log.clone());
    let Some(log) = log.filter(|log| level <= log.level) else { return };
    let line = format!("{} [{}] {text}\n", time(), LEVELS[level as usize % LEVELS.len()]);
    if let Some(file) = &log.file {
        if let Err(error) = append(file, &line) {
            // Standard error may be closed; there is nobody left to tell.
            let _ = writeln!(io::stderr(), "{}: log: {error}", file.display());
        }
    }
    if log.stderr {
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

const LEVELS: [&str; 4] = ["error", "warning", "info", "debug"];

fn append(file: &Path, line: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())
}

/// The time now, as RFC 3339 has it.
fn time() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    rfc3339(now.as_secs())
}

fn rfc3339(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date in the Gregorian calendar, days after 1970-01-01. Years begin in March here, so that
/// the leap day is the last of its year.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    let days = days + 719_468; // since 0000-03-01
    let (era, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + carry, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compat::types::{LOG_LEVEL_DEBUG, LOG_LEVEL_ERROR};
    use std::ptr::null_mut;

    fn config(stderr: u32, level: u32) -> AppNetutilConfig {
        AppNetutilConfig {
            downwardAPI: DownwardAPIData { baseDir: null_mut() },
            log: LoggingData { stderr, level, filename: null_mut() },
        }
    }

    #[test]
    fn null_empty_and_out_of_range_keep_a_setting() {
        let mut settings = Settings { downward_api: None, log: None };
        let (directory, file) = (PathBuf::from("/etc/podinfo"), PathBuf::from("/var/log/x.log"));
        settings.change(Some(directory.clone()), &config(0, LOG_LEVEL_DEBUG), Some(file.clone()));
        let set = Settings {
            downward_api: Some(directory),
            log: Some(Log { stderr: false, level: LOG_LEVEL_DEBUG, file: Some(file) }),
        };
        assert_eq!(settings, set);
        settings.change(None, &config(2, LOG_LEVEL_MAX), None);
        settings.change(Some(PathBuf::new()), &config(u32::MAX, u32::MAX), Some(PathBuf::new()));
        assert_eq!(settings, set);
        settings.change(None, &config(1, LOG_LEVEL_ERROR), None);
        let log = settings.log.unwrap();
        assert_eq!((log.stderr, log.level), (true, LOG_LEVEL_ERROR));
    }

    #[test]
    fn the_first_call_logs_warnings_to_standard_error() {
        let mut settings = Settings { downward_api: None, log: None };
        settings.change(None, &config(2, LOG_LEVEL_MAX), None);
        assert_eq!(settings.log, Some(Log::FIRST));
    }

    #[test]
    fn prints_the_time() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
