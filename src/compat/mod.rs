//! The drop-in for app-netutil's C library: `libnetutil_api.h`.
//!
//! Same functions, same layout, same ownership: arrays are the caller's, strings
//! are from `malloc()` and the caller frees them. As in [`crate::capi`], doc
//! comments here are the header's.
#![allow(unsafe_code, reason = "C passes pointers")]
#![allow(non_snake_case, reason = "the names are those of the header")]
#![allow(clippy::upper_case_acronyms, reason = "the names are those of the header")]

mod config;
mod fill;
mod strings;
#[cfg(test)]
mod tests;
mod types;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use config::{AppNetutilConfig, log};
use strings::{Strings, free};
use types::*;

use crate::error::Error;
use crate::pod::Pod;

/// The call did what it is for.
pub const NETUTIL_ERRNO_SUCCESS: i64 = 0;
/// An argument is NULL, or a source is malformed, missing or unreadable; nothing
/// was populated.
pub const NETUTIL_ERRNO_FAIL: i64 = 1;
/// There is more than the caller's arrays hold; what is populated is valid.
pub const NETUTIL_ERRNO_SIZE_ERROR: i64 = 2;

/// What keeps a call from plain success.
#[derive(Debug)]
enum Failure {
    /// An argument is NULL or makes no sense.
    Argument,
    /// The answer could not be read.
    Read(Error),
    /// No memory for a string.
    Memory,
    /// Something did not fit.
    Size,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Read(error)
    }
}

/// Runs the body of an export and turns what comes of it into the header's numbers.
fn guard(function: &str, body: impl FnOnce() -> Result<(), Failure>) -> i64 {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        log(LOG_LEVEL_DEBUG, format_args!("{function}(): called"));
        let outcome = body();
        match &outcome {
            Ok(()) => log(LOG_LEVEL_INFO, format_args!("{function}(): done")),
            Err(Failure::Argument) => {
                log(LOG_LEVEL_ERROR, format_args!("{function}(): an argument is NULL or negative"));
            }
            Err(Failure::Read(error)) => {
                log(LOG_LEVEL_ERROR, format_args!("{function}(): {error}"));
            }
            Err(Failure::Memory) => {
                log(LOG_LEVEL_ERROR, format_args!("{function}(): out of memory"));
            }
            Err(Failure::Size) => {
                let text = "there is more than the caller's arrays hold";
                log(LOG_LEVEL_WARNING, format_args!("{function}(): {text}"));
            }
        }
        outcome
    }));
    match outcome {
        Ok(Ok(())) => NETUTIL_ERRNO_SUCCESS,
        Ok(Err(Failure::Size)) => NETUTIL_ERRNO_SIZE_ERROR,
        Ok(Err(_)) | Err(_) => NETUTIL_ERRNO_FAIL,
    }
}

/// The elements of a caller's array, all zero.
///
/// # Safety
/// `first` is NULL or the first of `len` elements to write to, and zero bytes are a `T`.
unsafe fn zeroed<'a, T>(first: *mut T, len: i32) -> Result<&'a mut [T], Failure> {
    let len = usize::try_from(len).map_err(|_| Failure::Argument)?;
    if first.is_null() {
        return Err(Failure::Argument);
    }
    // SAFETY: as the caller promises.
    unsafe {
        first.write_bytes(0, len);
        Ok(std::slice::from_raw_parts_mut(first, len))
    }
}

/// The CPUs of this container: the cgroup's effective cpuset, else the affinity
/// of the process. CPUSet is set, and NULL when the call fails.
///
/// Returns NETUTIL_ERRNO_SUCCESS or NETUTIL_ERRNO_FAIL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCPUInfo(response: *mut CPUResponse) -> i64 {
    guard("GetCPUInfo", || {
        if response.is_null() {
            return Err(Failure::Argument);
        }
        // SAFETY: it is the caller's to write to.
        unsafe { response.write(CPUResponse { CPUSet: ptr::null_mut() }) };
        // SAFETY: it was just written.
        unsafe { get_cpu_info(&config::pod(), &mut *response) }
    })
}

fn get_cpu_info(pod: &Pod, response: &mut CPUResponse) -> Result<(), Failure> {
    let info = pod.cpu_info()?;
    let cpuset = info.sources.cpuset.unwrap_or(info.allowed);
    let mut strings = Strings::default();
    response.CPUSet = strings.text(&cpuset.to_string());
    if strings.out_of_memory { Err(Failure::Memory) } else { Ok(()) }
}

/// The hugepages of each container of this pod, in MiB. The caller sets
/// numStructAllocated and pHugepages; every element is written, and strings in
/// it are not freed before.
///
/// Returns NETUTIL_ERRNO_SUCCESS, NETUTIL_ERRNO_FAIL, or NETUTIL_ERRNO_SIZE_ERROR
/// when there are more containers than elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetHugepages(response: *mut HugepagesResponse) -> i64 {
    guard("GetHugepages", || {
        // SAFETY: it is NULL or the caller's to read and write.
        let response = unsafe { response.as_mut() }.ok_or(Failure::Argument)?;
        response.numStructPopulated = 0;
        response.MyContainerName = ptr::null_mut();
        // SAFETY: the caller says how many elements the array has.
        let elements = unsafe { zeroed(response.pHugepages, response.numStructAllocated) }?;
        get_hugepages(&config::pod(), response, elements)
    })
}

fn get_hugepages(
    pod: &Pod,
    response: &mut HugepagesResponse,
    elements: &mut [HugepagesData],
) -> Result<(), Failure> {
    let name = pod.container_name();
    let hugepages = pod.hugepages()?;
    let containers = fill::containers(&hugepages, name.as_deref());
    let mut strings = Strings::default();
    response.MyContainerName = strings.optional(name.as_deref());
    for (element, container) in elements.iter_mut().zip(&containers) {
        fill::hugepages(element, container, &mut strings);
        response.numStructPopulated += 1;
    }
    if strings.out_of_memory {
        // SAFETY: the strings are those made above.
        unsafe { free_hugepages(response, elements) };
        return Err(Failure::Memory);
    }
    if containers.len() > elements.len() { Err(Failure::Size) } else { Ok(()) }
}

/// The network interfaces of this pod, and the devices behind them. The caller
/// sets numIfaceAllocated and pIface; every element is written, and strings in it
/// are not freed before.
///
/// A device without device-info fills DeviceInfo, too. Network functions of this
/// container that belong to no interface follow at the end, as
/// NETUTIL_TYPE_SRIOV, without Name and Interface.
///
/// Returns NETUTIL_ERRNO_SUCCESS, NETUTIL_ERRNO_FAIL, or NETUTIL_ERRNO_SIZE_ERROR
/// when there are more interfaces than elements, or more addresses or DNS entries
/// than an element has room for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetInterfaces(response: *mut InterfaceResponse) -> i64 {
    guard("GetInterfaces", || {
        // SAFETY: it is NULL or the caller's to read and write.
        let response = unsafe { response.as_mut() }.ok_or(Failure::Argument)?;
        response.numIfacePopulated = 0;
        // SAFETY: the caller says how many elements the array has.
        let elements = unsafe { zeroed(response.pIface, response.numIfaceAllocated) }?;
        get_interfaces(&config::pod(), response, elements)
    })
}

fn get_interfaces(
    pod: &Pod,
    response: &mut InterfaceResponse,
    elements: &mut [InterfaceData],
) -> Result<(), Failure> {
    let (interfaces, statuses) = pod.attachments()?;
    let entries = fill::entries(&interfaces, &statuses);
    let mut strings = Strings::default();
    for (element, entry) in elements.iter_mut().zip(&entries) {
        fill::interface(element, entry, &mut strings);
        response.numIfacePopulated += 1;
    }
    if strings.out_of_memory {
        // SAFETY: the strings are those made above.
        unsafe { free_interfaces(response, elements) };
        return Err(Failure::Memory);
    }
    if strings.cut || entries.len() > elements.len() { Err(Failure::Size) } else { Ok(()) }
}

/// Sets where the Downward API is mounted and what is logged where. Nothing is
/// logged before it was called. A NULL or empty string and a number out of range
/// leave a setting as it is.
///
/// Returns NETUTIL_ERRNO_SUCCESS, or NETUTIL_ERRNO_FAIL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetConfig(config: *const AppNetutilConfig) -> i64 {
    guard("SetConfig", || {
        // SAFETY: it is NULL or the caller's.
        let config = unsafe { config.as_ref() }.ok_or(Failure::Argument)?;
        // SAFETY: its strings are NULL or strings.
        unsafe { config::set(config) };
        Ok(())
    })
}

/// Frees the string in response and sets it to NULL. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FreeCPUInfo(response: *mut CPUResponse) {
    // SAFETY: it is NULL or as GetCPUInfo() left it.
    if let Some(response) = unsafe { response.as_mut() } {
        // SAFETY: the string is from malloc().
        unsafe { free(&mut response.CPUSet) };
    }
}

/// Frees the strings in the populated elements and sets them to NULL; none is
/// populated afterwards. The array itself stays the caller's. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FreeHugepages(response: *mut HugepagesResponse) {
    // SAFETY: it is NULL or as GetHugepages() left it.
    let Some(response) = (unsafe { response.as_mut() }) else { return };
    // SAFETY: the populated elements are in the caller's array.
    unsafe {
        let elements = populated(
            response.pHugepages,
            response.numStructAllocated,
            response.numStructPopulated,
        );
        free_hugepages(response, elements);
    }
}

/// Frees the strings in the populated elements and sets them to NULL; none is
/// populated afterwards. The array itself stays the caller's. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FreeInterfaces(response: *mut InterfaceResponse) {
    // SAFETY: it is NULL or as GetInterfaces() left it.
    let Some(response) = (unsafe { response.as_mut() }) else { return };
    // SAFETY: the populated elements are in the caller's array.
    unsafe {
        let elements =
            populated(response.pIface, response.numIfaceAllocated, response.numIfacePopulated);
        free_interfaces(response, elements);
    }
}

/// The populated elements of an array.
///
/// # Safety
/// `first` is NULL or the first of `allocated` elements.
unsafe fn populated<'a, T>(first: *mut T, allocated: i32, populated: i32) -> &'a mut [T] {
    let len = usize::try_from(populated.min(allocated)).unwrap_or(0);
    if first.is_null() {
        return &mut [];
    }
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts_mut(first, len) }
}

/// # Safety
/// Strings in `response` and `elements` are from malloc() or NULL.
unsafe fn free_hugepages(response: &mut HugepagesResponse, elements: &mut [HugepagesData]) {
    // SAFETY: as the caller promises.
    unsafe {
        free(&mut response.MyContainerName);
        for element in elements {
            free(&mut element.ContainerName);
        }
    }
    response.numStructPopulated = 0;
}

/// # Safety
/// Strings in `elements` are from malloc() or NULL.
unsafe fn free_interfaces(response: &mut InterfaceResponse, elements: &mut [InterfaceData]) {
    for string in elements.iter_mut().flat_map(InterfaceData::strings) {
        // SAFETY: as the caller promises.
        unsafe { free(string) };
    }
    response.numIfacePopulated = 0;
}
