//! What C hands over, checked.

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr::NonNull;

use super::error::Failure;

/// Past this a `size` is garbage rather than a later version of a struct.
const MAX_SIZE: usize = 4096;

/// Past this a length is garbage, such as a negative number, rather than a list's.
const MAX_LEN: usize = 65_536;

/// A struct whose first member is its `size_t size`.
///
/// # Safety
/// Every bit pattern, zero included, is a value of it; it has no padding; its alignment is that of
/// `size_t`.
pub(super) unsafe trait SizedStruct {}

/// Where a call puts its result.
pub(super) fn out<T>(ret: *mut T) -> Result<NonNull<T>, Failure> {
    NonNull::new(ret).ok_or_else(|| Failure::invalid("ret", "must not be NULL"))
}

/// The object behind a pointer.
///
/// # Safety
/// `pointer` is NULL or a live `T` that nobody writes to.
pub(super) unsafe fn object<'a, T>(what: &str, pointer: *const T) -> Result<&'a T, Failure> {
    // SAFETY: as the caller promises.
    unsafe { pointer.as_ref() }.ok_or_else(|| Failure::invalid(what, "must not be NULL"))
}

/// A copy of a sized struct: members that the caller does not know are zero, and members that
/// this library does not know must be. NULL is all zero.
///
/// # Safety
/// `source` is NULL, or aligned and points to as many bytes as its first member says.
pub(super) unsafe fn sized<T: SizedStruct>(what: &str, source: *const T) -> Result<T, Failure> {
    let mut copy = std::mem::MaybeUninit::<T>::zeroed();
    if source.is_null() {
        // SAFETY: zero bytes are a `T`.
        return Ok(unsafe { copy.assume_init() });
    }
    // SAFETY: `size` is the first member.
    let size = unsafe { source.cast::<usize>().read() };
    if size > MAX_SIZE {
        return Err(Failure::new(libc::E2BIG, format!("{what}: size: {size} is too big")));
    }
    if size < size_of::<usize>() || size % align_of::<usize>() != 0 {
        return Err(Failure::invalid(what, "size: must be set to sizeof the struct"));
    }
    let known = size.min(size_of::<T>());
    // SAFETY: the caller's struct has `size` bytes.
    let tail = unsafe { std::slice::from_raw_parts(source.cast::<u8>().add(known), size - known) };
    if tail.iter().any(|byte| *byte != 0) {
        let text = format!("{what}: sets a member that this version of the library does not know");
        return Err(Failure::new(libc::E2BIG, text));
    }
    // SAFETY: both have `known` bytes, and any bytes are a `T`.
    unsafe {
        copy.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(source.cast(), known);
        Ok(copy.assume_init())
    }
}

/// A string in UTF-8; `None` for NULL.
///
/// # Safety
/// `text` is NULL or a string that stays as it is for `'a`.
pub(super) unsafe fn text<'a>(what: &str, text: *const c_char) -> Result<Option<&'a str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|_| Failure::invalid(what, "must be UTF-8"))
}

/// A path of any bytes; `None` for NULL.
///
/// # Safety
/// `path` is NULL or a string.
pub(crate) unsafe fn path(path: *const c_char) -> Option<PathBuf> {
    // SAFETY: as the caller promises.
    let path = unsafe { (!path.is_null()).then(|| CStr::from_ptr(path)) }?;
    Some(PathBuf::from(OsStr::from_bytes(path.to_bytes())))
}

/// A list of strings in UTF-8.
///
/// # Safety
/// `items` is NULL or `len` pointers, each NULL or a string.
pub(super) unsafe fn texts(
    what: &str,
    items: *const *const c_char,
    len: usize,
) -> Result<Vec<String>, Failure> {
    if len == 0 {
        return Ok(Vec::new());
    }
    if len > MAX_LEN {
        return Err(Failure::invalid(what, &format!("{len} is no length of a list")));
    }
    if items.is_null() {
        return Err(Failure::invalid(what, "is NULL, but its length is not 0"));
    }
    (0..len)
        .map(|index| {
            // SAFETY: as the caller promises.
            let item = unsafe { text(what, *items.add(index)) }?;
            item.map(str::to_owned).ok_or_else(|| Failure::invalid(what, "has a NULL in it"))
        })
        .collect()
}
