//! Results: one object that C reads the first member of and gives back whole.

use std::any::Any;
use std::ffi::{c_char, c_int};
use std::fmt::Display;
use std::ptr;

use super::error::{guard, podnet_error};
use super::input::{object, out};
use super::pod::podnet;
use super::text::without_nul;
use crate::error::Result;
use crate::pod::Pod;

/// A list of strings.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct podnet_strings {
    /// The strings; NULL when there are none.
    pub items: *const *const c_char,
    /// How many there are.
    pub len: usize,
}

const _: () = assert!(size_of::<podnet_strings>() == 16);

/// What C sees, and the memory it points to.
#[repr(C)]
pub(super) struct Owned<View> {
    view: View,
    kept: Kept,
}

impl<View> Owned<View> {
    /// Makes a result and hands it to C.
    pub fn give(make: impl FnOnce(&mut Kept) -> View) -> *mut View {
        let mut kept = Kept::default();
        let view = make(&mut kept);
        Box::into_raw(Box::new(Owned { view, kept })).cast()
    }

    /// Frees a result.
    ///
    /// # Safety
    /// `view` is NULL or from [`Owned::give`] of this type, and not used afterwards.
    pub unsafe fn take_back(view: *mut View) {
        // SAFETY: `view` is the first member of a boxed `Owned`.
        unsafe { free(view.cast::<Owned<View>>()) };
    }
}

/// Frees what C was given.
///
/// # Safety
/// `object` is NULL or from a box, and not used afterwards.
pub(super) unsafe fn free<T>(object: *mut T) {
    guard(ptr::null_mut(), || {
        if !object.is_null() {
            // SAFETY: as the caller promises.
            drop(unsafe { Box::from_raw(object) });
        }
        Ok(())
    });
}

/// The body of the calls for one subject: reads it, and hands it to C.
///
/// # Safety
/// `pod` is NULL or from podnet_open(); `ret` is NULL or points to a pointer of the caller's, and
/// `err` is NULL or a `podnet_error` to write to.
pub(super) unsafe fn answer<T, View>(
    pod: *const podnet,
    ret: *mut *mut View,
    err: *mut podnet_error,
    read: fn(&Pod) -> Result<T>,
    view: fn(&T, &mut Kept) -> View,
) -> c_int {
    guard(err, || {
        let ret = out(ret)?;
        // SAFETY: as the caller promises.
        let subject = read(&unsafe { object("pod", pod) }?.pod)?;
        // SAFETY: as the caller promises.
        unsafe { ret.write(Owned::give(|kept| view(&subject, kept))) };
        Ok(())
    })
}

/// The memory that a result points to.
///
/// All of it is in vectors: their elements stay where they are when a vector moves, and a pointer
/// to them may be written through, as DPDK does with argv.
#[derive(Default)]
pub(super) struct Kept(Vec<Box<dyn Any>>);

impl Kept {
    /// The first of `items`; NULL when there are none.
    pub fn list<T: 'static>(&mut self, mut items: Vec<T>) -> *mut T {
        if items.is_empty() {
            return ptr::null_mut();
        }
        let first = items.as_mut_ptr();
        self.0.push(Box::new(items));
        first
    }

    pub fn one<T: 'static>(&mut self, item: T) -> *const T {
        self.list(vec![item])
    }

    pub fn text(&mut self, text: &str) -> *mut c_char {
        let mut bytes = without_nul(text).into_owned().into_bytes();
        bytes.push(0);
        self.list(bytes).cast()
    }

    /// NULL for what is absent.
    pub fn optional(&mut self, value: Option<impl Display>) -> *const c_char {
        value.map_or(ptr::null(), |value| self.text(&value.to_string()))
    }

    pub fn strings(&mut self, texts: &[String]) -> podnet_strings {
        let items: Vec<*const c_char> =
            texts.iter().map(|text| self.text(text).cast_const()).collect();
        podnet_strings { items: self.list(items), len: texts.len() }
    }
}
