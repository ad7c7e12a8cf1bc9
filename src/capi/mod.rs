//! The C interface of `podnet.h`.
//!
//! The header is made of this module's doc comments, so they are written for C
//! programmers, in plain prose. The rules of its unsafe code, in one place:
//!
//! - Every export runs inside [`error::guard`]; no panic leaves the library.
//! - Pointers from C go through [`input`], which checks them for NULL. What
//!   else they must be is the header's contract, and each `SAFETY` rests on it.
//! - A result is one [`owned::Owned`]: C sees its first member, `_free` takes
//!   back the whole.
//! - C never hands over a Rust enum, only numbers that are checked.
#![allow(unsafe_code, reason = "C passes pointers")]
#![allow(non_camel_case_types, reason = "the names are those of the header")]

mod cpu;
mod device;
mod eal;
pub(crate) mod error;
mod hugepages;
pub(crate) mod input;
mod interfaces;
mod owned;
mod pod;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod text;
mod watch;
