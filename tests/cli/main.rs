//! The command, run as users run it, on pods that the tests write.

#![allow(clippy::unwrap_used)] // A test is to panic.

mod eal;
mod exec;
mod inherit;
#[path = "../kubelet/mod.rs"]
mod kubelet;
mod launcher;
mod own;
mod ports;
mod privileges;
mod render;
mod show;
mod silent;
#[path = "../skip/mod.rs"]
mod skip;
mod support;
mod values;
mod variables;
mod version;
mod watch;
