//! Opening a pod, and what is not about one subject.

use std::ffi::{c_char, c_int};

use serde::Serialize;

use super::error::{Failure, guard, podnet_error};
use super::input::{self, SizedStruct, object, out, sized};
use super::owned::free;
use super::text::malloc;
use crate::pod::Pod;

/// Devices without any evidence are given to interfaces by position: interfaces
/// in request order, devices by address. For podnet_config.flags.
pub const PODNET_ASSIGN_BY_ORDER: u64 = 1;

/// A pod, as seen from inside one of its containers. Every call looks at it
/// afresh. Several threads may use one at a time.
pub struct podnet {
    pub(super) pod: Pod,
}

/// How to look at a pod. Set size to sizeof(struct podnet_config) and everything
/// that you don't need to zero.
#[repr(C)]
pub struct podnet_config {
    /// sizeof(struct podnet_config).
    pub size: usize,
    /// The directory that stands for "/"; NULL is "/". Under any other, the
    /// environment is read from proc/self/environ below it.
    pub root: *const c_char,
    /// The directory the Downward API is mounted at, as the pod sees it; NULL is
    /// /etc/podnetinfo, or /etc/podinfo where that does not exist.
    pub downward_api_dir: *const c_char,
    /// The name of the own container; NULL is the variable CONTAINER_NAME.
    pub container_name: *const c_char,
    /// PODNET_ASSIGN_BY_ORDER or 0.
    pub flags: u64,
}

const _: () = assert!(size_of::<podnet_config>() == 40);

// SAFETY: pointers and numbers only, without padding.
unsafe impl SizedStruct for podnet_config {}

/// Opens the pod that this process runs in, or another one for config. Reads
/// nothing yet. config may be NULL: everything as in a pod.
///
/// Returns 0 and sets *ret, which podnet_close() frees. Else returns -EINVAL for
/// a NULL ret, a wrong size, an empty directory, an unknown flag or a container
/// name that is not UTF-8; -E2BIG for a member that this library does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_open(
    config: *const podnet_config,
    ret: *mut *mut podnet,
    err: *mut podnet_error,
) -> c_int {
    guard(err, || {
        let ret = out(ret)?;
        // SAFETY: `config` is NULL or as the header says.
        let pod = unsafe { configured(config) }?;
        // SAFETY: `ret` points to a pointer of the caller's.
        unsafe { ret.write(Box::into_raw(Box::new(podnet { pod }))) };
        Ok(())
    })
}

/// # Safety
/// `config` is NULL or a `podnet_config` as the header says.
unsafe fn configured(config: *const podnet_config) -> Result<Pod, Failure> {
    // SAFETY: as the caller promises, here and below.
    let config = unsafe { sized("config", config) }?;
    if config.flags & !PODNET_ASSIGN_BY_ORDER != 0 {
        return Err(Failure::invalid("config: flags", "an unknown flag is set"));
    }
    let mut pod = Pod::builder().assign_by_order(config.flags & PODNET_ASSIGN_BY_ORDER != 0);
    let directory = |what, path| {
        // SAFETY: see above.
        let path = unsafe { input::path(path) };
        let is_empty = path.as_ref().is_some_and(|path| path.as_os_str().is_empty());
        if is_empty { Err(Failure::invalid(what, "is empty")) } else { Ok(path) }
    };
    if let Some(root) = directory("config: root", config.root)? {
        pod = pod.root(root);
    }
    if let Some(mount) = directory("config: downward_api_dir", config.downward_api_dir)? {
        pod = pod.downward_api(mount);
    }
    // SAFETY: see above.
    if let Some(name) = unsafe { input::text("config: container_name", config.container_name) }? {
        pod = pod.container(name);
    }
    Ok(pod.build())
}

/// Frees a pod. Results that came from it stay valid. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_close(pod: *mut podnet) {
    // SAFETY: it is NULL or from podnet_open(), and not used afterwards.
    unsafe { free(pod) };
}

/// Everything about the pod as one line of JSON, UTF-8: what "podnet show
/// --json" prints. Sources that can't be read or understood are empty parts and
/// entries of its list "warnings"; they don't make the call fail.
///
/// Returns 0 and sets *ret, which podnet_string_free() frees. Else returns
/// -EINVAL for a NULL argument, -ENOMEM, or why the root is no directory to
/// read, such as -ENOENT, -ENOTDIR or -EACCES.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_get_json(
    pod: *const podnet,
    ret: *mut *mut c_char,
    err: *mut podnet_error,
) -> c_int {
    guard(err, || {
        let ret = out(ret)?;
        // SAFETY: `pod` is NULL or from podnet_open().
        let snapshot = unsafe { object("pod", pod) }?.pod.snapshot()?;
        let text = json("snapshot", &snapshot)?;
        // SAFETY: `ret` points to a pointer of the caller's.
        unsafe { ret.write(text) };
        Ok(())
    })
}

/// One line of JSON, which podnet_string_free() frees.
pub(super) fn json(what: &str, value: &impl Serialize) -> Result<*mut c_char, Failure> {
    let text = serde_json::to_string(value)
        .map_err(|error| Failure::new(libc::EIO, format!("{what}: JSON: {error}")))?;
    malloc(&text).ok_or_else(|| Failure::new(libc::ENOMEM, format!("{what}: JSON: out of memory")))
}

/// Frees a string that this library returned. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_string_free(text: *mut c_char) {
    // SAFETY: it is NULL or from malloc(), and not used afterwards.
    unsafe { libc::free(text.cast()) };
}

/// The version of the library, such as "0.1.0". PODNET_VERSION is the header's.
/// It is a constant; don't free it.
#[unsafe(no_mangle)]
pub extern "C" fn podnet_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
