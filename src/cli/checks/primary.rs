//! The primary process that a secondary one attaches to.

use std::fs::File;
use std::path::Path;

use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::cli::text::reason;
use crate::cli::words;

const FIX: &str = "start the primary process first, by the same user, with the same --file-prefix, \
                   runtime directory and mount of hugepages, and with --proc-type=primary among its \
                   arguments, for with --in-memory it shares nothing";

/// Why a secondary process with the command line `words` can't attach below the runtime directory
/// `base`.
pub fn check(words: &[String], base: &Path) -> Option<String> {
    let prefix = words::file_prefix(words.get(1..).unwrap_or_default());
    let directory = base.join("dpdk").join(prefix);
    let config = directory.join("config");
    let shown = config.display();
    let file = match File::open(&config) {
        Ok(file) => file,
        Err(error) => return Some(format!("{shown}: {}: {FIX}", reason(&error))),
    };
    // It has this locked as long as it runs.
    let lock = Flock::from(FlockType::WriteLock);
    if matches!(fcntl_getlk(&file, &lock), Ok(None)) {
        return Some(format!("{shown}: its primary process has ended: {FIX}"));
    }
    let is_ordinary = directory.join("fbarray_nohugemem").exists();
    is_ordinary.then(|| {
        format!(
            "{}: its primary process runs with --no-huge, and such memory is not shared: start it \
             on hugepages",
            directory.display()
        )
    })
}
