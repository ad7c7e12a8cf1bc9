//! Waiting for the networks, and watching the interfaces.

use std::ffi::{c_char, c_int};
use std::os::fd::AsRawFd;
use std::ptr;
use std::time::Duration;

use super::error::{Failure, guard, podnet_error};
use super::input::{SizedStruct, object, out, sized, texts};
use super::interfaces::{self, podnet_interface};
use super::owned::{Owned, free};
use super::pod::{json, podnet};
use crate::wait::Wait;
use crate::watch::{Event, EventKind, Watch};

/// The interface is there now.
pub const PODNET_EVENT_ADDED: u32 = 1;
/// The interface is gone.
pub const PODNET_EVENT_REMOVED: u32 = 2;
/// Anything of the interface but its name and network is another.
pub const PODNET_EVENT_CHANGED: u32 = 3;

/// What to wait for. Set size to sizeof(struct podnet_wait_options) and
/// everything that you don't need to zero.
#[repr(C)]
pub struct podnet_wait_options {
    /// sizeof(struct podnet_wait_options).
    pub size: usize,
    /// The networks to wait for, each the name of an interface, "namespace/name"
    /// or "name"; NULL is every network that the pod requests.
    pub networks: *const *const c_char,
    /// How many networks there are.
    pub networks_len: usize,
    /// How long to wait, in milliseconds; 0 is 60 seconds, a negative number is
    /// without end.
    pub timeout_ms: i64,
}

const _: () = assert!(size_of::<podnet_wait_options>() == 32);

// SAFETY: pointers and numbers only, without padding.
unsafe impl SizedStruct for podnet_wait_options {}

/// Something that became of an interface.
#[repr(C)]
pub struct podnet_event {
    /// What happened: one of PODNET_EVENT_.
    pub event_type: u32,
    /// Zero.
    pub zero: u32,
    /// The interface as it is now; a removed one as it was last. Never NULL.
    pub interface: *const podnet_interface,
    /// What a changed interface was before; NULL for other events.
    pub before: *const podnet_interface,
}

const _: () = assert!(size_of::<podnet_event>() == 24);

/// The changes of a pod's interfaces from podnet_watch_open() on.
pub struct podnet_watch {
    watch: Watch,
}

/// Waits until the networks of the pod have their network-status: a container is
/// started before the kubelet has written it. Signals don't end the wait; a
/// program with more to wait for takes podnet_watch_open(). options may be NULL:
/// every requested network, for 60 seconds.
///
/// Returns 0 when they are there. Else returns -ENOENT at once when no
/// annotations are mounted; -ENODATA when no network-status was written in time;
/// -ETIMEDOUT when some networks have no entry in time, which err names;
/// -EBADMSG when the annotations are malformed all the time; -EINVAL for a NULL
/// pod, a wrong size or a name that no network has; -E2BIG for a member that
/// this library does not know; or why a source can't be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_wait(
    pod: *const podnet,
    options: *const podnet_wait_options,
    err: *mut podnet_error,
) -> c_int {
    guard(err, || {
        // SAFETY: `pod` is NULL or from podnet_open().
        let pod = unsafe { object("pod", pod) }?;
        // SAFETY: `options` is NULL or as the header says.
        let wait = unsafe { wanted(options) }?;
        pod.pod.wait(&wait)?;
        Ok(())
    })
}

/// # Safety
/// `options` is NULL or a `podnet_wait_options` as the header says.
unsafe fn wanted(options: *const podnet_wait_options) -> Result<Wait, Failure> {
    // SAFETY: as the caller promises, here and below.
    let options = unsafe { sized("options", options) }?;
    // SAFETY: see above.
    let networks = unsafe { texts("options: networks", options.networks, options.networks_len) }?;
    let wait = Wait::networks(networks);
    Ok(match u64::try_from(options.timeout_ms) {
        Ok(0) => wait,
        Ok(millis) => wait.timeout(Duration::from_millis(millis)),
        Err(_) => wait.timeout(Duration::MAX),
    })
}

/// Watches the interfaces of the pod. Those that are there now make no events:
/// to miss none, call podnet_get_interfaces() after this. The pod may be closed
/// before the watch.
///
/// Returns 0 and sets *ret, which podnet_watch_close() frees. Else returns
/// -EINVAL for a NULL argument, -EMFILE or -ENFILE without descriptors, or why
/// the root is no directory to read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_watch_open(
    pod: *const podnet,
    ret: *mut *mut podnet_watch,
    err: *mut podnet_error,
) -> c_int {
    guard(err, || {
        let ret = out(ret)?;
        // SAFETY: `pod` is NULL or from podnet_open().
        let watch = unsafe { object("pod", pod) }?.pod.watch()?;
        // SAFETY: `ret` points to a pointer of the caller's.
        unsafe { ret.write(Box::into_raw(Box::new(podnet_watch { watch }))) };
        Ok(())
    })
}

/// A descriptor for poll(2), epoll(7) and the like: readable when there may be
/// an event, which is at least every two seconds. Only poll it: reading and
/// closing it are the watch's.
///
/// Returns the descriptor, or -EINVAL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_watch_fd(watch: *const podnet_watch) -> c_int {
    let mut fd = -libc::EINVAL;
    let code = guard(ptr::null_mut(), || {
        // SAFETY: `watch` is NULL or from podnet_watch_open().
        fd = unsafe { object("watch", watch) }?.watch.as_raw_fd();
        Ok(())
    });
    if code < 0 { code } else { fd }
}

/// The next event. Never waits: when there is none, that is no error and *ret is
/// set to NULL. The descriptor stays readable until all events were taken.
///
/// Returns 0 and sets *ret to NULL or to an event, which podnet_event_free()
/// frees. Else returns -EINVAL for a NULL argument; or, once each time it
/// begins, -EBADMSG for a malformed source or why one can't be read: the
/// interfaces count as they were, and the watch goes on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_watch_next(
    watch: *mut podnet_watch,
    ret: *mut *mut podnet_event,
    err: *mut podnet_error,
) -> c_int {
    guard(err, || {
        let ret = out(ret)?;
        // SAFETY: `watch` is NULL or from podnet_watch_open(), and nobody else uses it.
        let event = unsafe { next(watch) }?;
        let given = event.map_or(ptr::null_mut(), |event| give(&event));
        // SAFETY: `ret` points to a pointer of the caller's.
        unsafe { ret.write(given) };
        Ok(())
    })
}

/// The next event as one line of JSON, UTF-8: what "podnet watch --json" prints.
/// It is taken instead of podnet_watch_next(), and for the rest as there.
///
/// Returns 0 and sets *ret to NULL or to a string, which podnet_string_free()
/// frees. Else returns what podnet_watch_next() does, or -ENOMEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_watch_next_json(
    watch: *mut podnet_watch,
    ret: *mut *mut c_char,
    err: *mut podnet_error,
) -> c_int {
    guard(err, || {
        let ret = out(ret)?;
        // SAFETY: `watch` is NULL or from podnet_watch_open(), and nobody else uses it.
        let event = unsafe { next(watch) }?;
        let text = event.map_or(Ok(ptr::null_mut()), |event| json("event", &event))?;
        // SAFETY: `ret` points to a pointer of the caller's.
        unsafe { ret.write(text) };
        Ok(())
    })
}

/// # Safety
/// `watch` is NULL or from podnet_watch_open(), and nobody else uses it.
unsafe fn next(watch: *mut podnet_watch) -> Result<Option<Event>, Failure> {
    // SAFETY: as the caller promises.
    let watch =
        unsafe { watch.as_mut() }.ok_or_else(|| Failure::invalid("watch", "must not be NULL"))?;
    Ok(watch.watch.next_event().transpose()?)
}

fn give(event: &Event) -> *mut podnet_event {
    // Names every member, so that none that is added is forgotten.
    let Event { kind, interface, before } = event;
    Owned::give(|kept| {
        let now = interfaces::interface(interface, kept);
        let before = before.as_ref().map(|before| interfaces::interface(before, kept));
        podnet_event {
            event_type: match kind {
                EventKind::Added => PODNET_EVENT_ADDED,
                EventKind::Removed => PODNET_EVENT_REMOVED,
                EventKind::Changed => PODNET_EVENT_CHANGED,
            },
            zero: 0,
            interface: kept.one(now),
            before: before.map_or(ptr::null(), |before| kept.one(before)),
        }
    })
}

/// Frees an event. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_event_free(event: *mut podnet_event) {
    // SAFETY: it is NULL or from podnet_watch_next(), and not used afterwards.
    unsafe { Owned::take_back(event) };
}

/// Ends a watch and closes its descriptor. Its events stay valid. NULL is fine. A
/// watch that was closed must not be used again; NULL in its place is answered
/// with -EINVAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_watch_close(watch: *mut podnet_watch) {
    // SAFETY: it is NULL or from podnet_watch_open(), and not used afterwards.
    unsafe { free(watch) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capi::pod::podnet_string_free;
    use crate::capi::tests::{annotations, root};
    use std::ffi::CStr;

    #[test]
    fn options_may_be_shorter_and_longer() {
        #[repr(C)]
        struct Longer {
            known: podnet_wait_options,
            unknown: u64,
        }
        let names = [c"net1".as_ptr(), c"ran/b".as_ptr()];
        let known = || podnet_wait_options {
            size: size_of::<podnet_wait_options>(),
            networks: names.as_ptr(),
            networks_len: 2,
            timeout_ms: 1500,
        };
        let both = Wait::networks(["net1", "ran/b"]);
        // SAFETY: each has as many bytes as its size says, here and below.
        let read = |options: *const podnet_wait_options| unsafe { wanted(options) };
        let timeout = Duration::from_millis(1500);
        assert_eq!(read(&known()).unwrap(), both.clone().timeout(timeout));
        assert_eq!(read(&podnet_wait_options { timeout_ms: 0, ..known() }).unwrap(), both);
        let endless = podnet_wait_options { timeout_ms: -1, ..known() };
        assert_eq!(read(&endless).unwrap(), both.clone().timeout(Duration::MAX));
        assert_eq!(read(&podnet_wait_options { size: 24, ..known() }).unwrap(), both);
        assert_eq!(read(ptr::null()).unwrap(), Wait::all_networks());
        let size = size_of::<Longer>();
        let mut longer = Longer { known: podnet_wait_options { size, ..known() }, unknown: 0 };
        assert_eq!(read((&raw const longer).cast()).unwrap(), both.timeout(timeout));
        longer.unknown = 1;
        assert_eq!(read((&raw const longer).cast()).unwrap_err().errno, libc::E2BIG);
    }

    #[test]
    fn an_event_has_everything() {
        let status = r#"[{"name": "a", "interface": "net1"}, {"name": "b", "interface": "net2"}]"#;
        let directory = root(&[("etc/podnetinfo/annotations", &annotations(status))]);
        let pod = crate::Pod::builder().root(directory.path()).build();
        let mut interfaces = pod.interfaces().unwrap().interfaces;
        let (before, interface) = (interfaces.pop(), interfaces.remove(0));
        for (kind, before, number) in [
            (EventKind::Added, None, PODNET_EVENT_ADDED),
            (EventKind::Changed, before, PODNET_EVENT_CHANGED),
            (EventKind::Removed, None, PODNET_EVENT_REMOVED),
        ] {
            let event = Event { kind, interface: interface.clone(), before: before.clone() };
            let given = give(&event);
            let line = json("event", &event).unwrap();
            // SAFETY: it was just made, and what it points to are strings or NULL.
            unsafe {
                let name = |of: *const podnet_interface| {
                    of.as_ref().map(|of| CStr::from_ptr(of.name).to_str().unwrap())
                };
                assert_eq!((*given).event_type, number);
                assert_eq!(name((*given).interface), Some("net1"));
                assert_eq!(name((*given).before), before.as_ref().map(|_| "net2"));
                podnet_event_free(given);
                let text = serde_json::to_string(&event).unwrap();
                assert_eq!(CStr::from_ptr(line).to_str(), Ok(&*text));
                podnet_string_free(line);
            }
        }
    }
}
