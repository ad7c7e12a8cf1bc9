//! Gives the shared library its soname, `libpodnet.so.<major>`.

fn main() {
    let major = std::env::var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libpodnet.so.{major}");
    println!("cargo::rerun-if-changed=build.rs");
}
