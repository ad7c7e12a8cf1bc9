//! Watching what becomes of the interfaces.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::notify::Notifier;
use crate::pod::{Pod, View};
use crate::snapshot::{Interface, display_as_json};

/// Something that became of an interface.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    #[serde(rename = "event")]
    pub kind: EventKind,
    /// The interface as it is now; a removed one as it was last.
    pub interface: Interface,
    /// What a changed one was before.
    pub before: Option<Interface>,
}

/// What becomes of interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// It is there now.
    Added,
    /// It is gone.
    Removed,
    /// Anything of it but its name and network is another: an address, its device, a driver.
    Changed,
}

display_as_json!(EventKind);

/// The changes of a pod's interfaces from [`Pod::watch`] on.
///
/// As an iterator it waits for the next change and never ends. In an event loop, poll
/// [`Watch::fd`] and call [`Watch::next_event`]. An interface is known by its name and network:
/// another order of network-status is no change.
///
/// An error is given once when the sources become unreadable or malformed. The interfaces then
/// count as they were, and the watch goes on. A file that is written in place can be read half;
/// the kubelet replaces files instead, and so should whoever plays its part.
#[derive(Debug)]
pub struct Watch {
    pod: Pod,
    notifier: Notifier,
    known: Vec<Interface>,
    /// Seen but not told yet, last first.
    ahead: Vec<Event>,
    /// What failed at the last look, and whether that was told.
    failure: Option<Error>,
    told: bool,
}

impl Pod {
    /// Watches the interfaces. The interfaces of now make no events: [`Watch::interfaces`] has
    /// them. The sources are looked at when inotify tells of a change, and every two seconds
    /// where it does not: in a Kata guest, on a subPath mount, before the directory exists.
    ///
    /// # Errors
    /// When the root is no directory, or the process is out of descriptors. Sources that can't be
    /// read yet are the watch's first item.
    pub fn watch(&self) -> Result<Watch> {
        View::open(&self.config)?;
        let mut watch = Watch {
            pod: self.clone(),
            notifier: Notifier::new()?,
            known: Vec::new(),
            ahead: Vec::new(),
            failure: None,
            told: true,
        };
        watch.look();
        watch.ahead.clear();
        watch.notifier.ring(!watch.told);
        Ok(watch)
    }
}

impl Watch {
    /// A descriptor for poll(2) and the like, readable when there may be an event. It is then
    /// readable until [`Watch::next_event`] has given out everything; that there is nothing
    /// happens too. Only poll it: reading and closing it are the watch's.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.notifier.as_fd()
    }

    /// The interfaces as they were last seen. Events that were not taken yet are in it already.
    pub fn interfaces(&self) -> &[Interface] {
        &self.known
    }

    /// The next event, without waiting for one.
    pub fn next_event(&mut self) -> Option<Result<Event>> {
        let rung = self.is_ahead();
        if !rung {
            if !self.notifier.drain() {
                return None;
            }
            self.look();
        }
        let event = match &self.failure {
            Some(error) if !self.told => Some(Err(error.clone())),
            _ => self.ahead.pop().map(Ok),
        };
        self.told = true;
        // Whoever takes one event at a time is to be woken for the next.
        if self.is_ahead() != rung {
            self.notifier.ring(!rung);
        }
        event
    }

    /// Whether something is to be told that was seen already.
    fn is_ahead(&self) -> bool {
        !self.told || !self.ahead.is_empty()
    }

    fn look(&mut self) {
        match self.read() {
            Ok(interfaces) => {
                self.ahead = changes(std::mem::take(&mut self.known), &interfaces);
                self.known = interfaces;
                self.failure = None;
            }
            Err(error) => {
                self.told = self.failure.as_ref() == Some(&error);
                self.failure = Some(error);
            }
        }
    }

    fn read(&mut self) -> Result<Vec<Interface>> {
        // First armed, then read: a change in between is noticed.
        let view = View::open(&self.pod.config)?;
        self.notifier.arm(view.downward_api_host_path().as_deref());
        view.attachments().map(|(read, _)| read.interfaces)
    }
}

impl Iterator for Watch {
    type Item = Result<Event>;

    /// Waits for the next event.
    fn next(&mut self) -> Option<Result<Event>> {
        loop {
            if let Some(event) = self.next_event() {
                return Some(event);
            }
            if let Err(error) = self.notifier.wait(None) {
                return Some(Err(error));
            }
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd()
    }
}

impl AsRawFd for Watch {
    fn as_raw_fd(&self) -> RawFd {
        self.fd().as_raw_fd()
    }
}

/// What became of the interfaces, last first: those that are gone, then the rest in today's order.
fn changes(before: Vec<Interface>, after: &[Interface]) -> Vec<Event> {
    let mut left: Vec<Option<Interface>> = before.into_iter().map(Some).collect();
    let mut at = 0;
    // Goes on where it found the last one: most interfaces stay in their order.
    let mut take = |now: &Interface, same: fn(&Interface, &Interface) -> bool| {
        for _ in 0..left.len() {
            at = (at + 1) % left.len();
            if left[at].as_ref().is_some_and(|was| same(was, now)) {
                return left[at].take();
            }
        }
        None
    };
    // Several may have one name, or none: those that did not change are no event of another.
    let mut rest: Vec<&Interface> = after.iter().collect();
    rest.retain(|now| take(now, |was, now| was == now).is_none());
    let mut events = Vec::new();
    for now in rest.into_iter().rev() {
        let before = take(now, |was, now| was.network == now.network && was.name == now.name);
        let kind = if before.is_some() { EventKind::Changed } else { EventKind::Added };
        events.push(Event { kind, interface: now.clone(), before });
    }
    for interface in left.into_iter().rev().flatten() {
        events.push(Event { kind: EventKind::Removed, interface, before: None });
    }
    events
}
