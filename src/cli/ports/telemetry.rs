//! DPDK's telemetry: one JSON object a packet over a socket of packets. The application at the other
//! side may be of any release from 20.11 on, and may be anything but DPDK.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::cli::text::reason;
use crate::cli::{socket, system};

/// Releases say 16 KiB; one that says much more would only make us take memory.
const MAX_ANSWER: u64 = 1 << 20;
const DEFAULT_ANSWER: u64 = 16 << 10;

/// Why there is no answer, without the path of the socket.
#[derive(Debug)]
pub enum Trouble {
    /// Nobody listens there any more.
    Stale,
    Other(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Trouble::Stale,
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => other("no answer in time"),
            _ => other(reason(&error)),
        }
    }
}

fn other(why: impl Into<String>) -> Trouble {
    Trouble::Other(why.into())
}

/// A connection to an application.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    /// When the patience with this application ends.
    deadline: Instant,
    greeting: Greeting,
}

/// What an application says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// `DPDK 22.11.11`.
    pub version: String,
    pub pid: Option<u64>,
    /// The longest answer in bytes.
    longest: usize,
}

impl Client {
    /// Connects and reads the greeting; `patience` is for all that follows, too.
    pub fn connect(path: &Path, patience: Duration) -> Result<Client, Trouble> {
        let deadline = Instant::now() + patience;
        let (_directory, short) = socket::by_descriptor(path)?;
        let stream = system::connect_packets(&short, left(deadline)?)?;
        let greeting = parse_greeting(&receive(&stream, deadline, DEFAULT_ANSWER as usize)?)?;
        Ok(Client { stream, deadline, greeting })
    }

    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// The answer to a command such as `/ethdev/info,0`; null where the release has no such command
    /// or the application no such port.
    pub fn ask(&mut self, command: &str) -> Result<Value, Trouble> {
        self.stream.set_write_timeout(Some(left(self.deadline)?))?;
        self.stream.write_all(command.as_bytes())?;
        let answer = receive(&self.stream, self.deadline, self.greeting.longest)?;
        parse_answer(command, &answer)
    }
}

fn left(deadline: Instant) -> Result<Duration, Trouble> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(other("no answer in time")) } else { Ok(left) }
}

/// One packet of at most `longest` bytes. What doesn't fit a read is lost without a word, so a packet
/// that fills one byte more is too long.
fn receive(mut stream: &UnixStream, deadline: Instant, longest: usize) -> Result<Vec<u8>, Trouble> {
    let mut packet = vec![0; longest + 1];
    stream.set_read_timeout(Some(left(deadline)?))?;
    let length = stream.read(&mut packet)?;
    packet.truncate(length);
    match length {
        0 => Err(other("closed the connection")),
        _ if length > longest => Err(other(format!("an answer of more than {longest} bytes"))),
        _ => Ok(packet),
    }
}

fn parse_object(packet: &[u8]) -> Result<Map<String, Value>, Trouble> {
    let not_object = || {
        let shown: String = String::from_utf8_lossy(packet).chars().take(64).collect();
        other(format!("expected a JSON object, found {shown:?}"))
    };
    // Some releases count the terminating NUL.
    let text = packet.strip_suffix(b"\0").unwrap_or(packet);
    serde_json::from_slice(text).map_err(|_| not_object())
}

fn parse_greeting(packet: &[u8]) -> Result<Greeting, Trouble> {
    let object = parse_object(packet)?;
    let version = object.get("version").and_then(Value::as_str);
    let version = version.ok_or_else(|| other("no DPDK: its greeting has no version"))?;
    let longest = object.get("max_output_len").and_then(number).unwrap_or(DEFAULT_ANSWER);
    Ok(Greeting {
        version: version.to_owned(),
        pid: object.get("pid").and_then(number),
        longest: longest.clamp(1024, MAX_ANSWER) as usize,
    })
}

/// The value of the only key, which is the command without its parameters.
fn parse_answer(command: &str, packet: &[u8]) -> Result<Value, Trouble> {
    let object = parse_object(packet)?;
    let name = command.split(',').next().unwrap_or(command);
    match Vec::from_iter(object).as_mut_slice() {
        [(key, value)] if key == name || key == command => Ok(value.take()),
        _ => Err(other(format!("expected the answer to {command}, found that to another command"))),
    }
}

/// A count, which is a number or text, decimal or hexadecimal, by release.
pub fn number(value: &Value) -> Option<u64> {
    let text = match value {
        Value::String(text) => text,
        _ => return value.as_u64(),
    };
    match text.strip_prefix("0x") {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None if text.starts_with('+') => None,
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(trouble: Trouble) -> String {
        match trouble {
            Trouble::Stale => "stale".to_owned(),
            Trouble::Other(why) => why,
        }
    }

    #[test]
    fn greetings_of_every_shape() {
        let greeting = |text: &str| parse_greeting(text.as_bytes());
        let found =
            greeting(r#"{"version":"DPDK 22.11.11","pid":7,"max_output_len":16384}"#).unwrap();
        assert_eq!(
            (found.version.as_str(), found.pid, found.longest),
            ("DPDK 22.11.11", Some(7), 16384)
        );
        let found = greeting("{\"version\":\"DPDK 20.11.10\",\"pid\":\"7\"}\0").unwrap();
        assert_eq!((found.pid, found.longest), (Some(7), 16384));
        let found = greeting(r#"{"version":"x","max_output_len":99999999999,"pid":-1}"#).unwrap();
        assert_eq!((found.pid, found.longest), (None, 1 << 20));
        for bad in ["", "{", "[]", "7", r#"{"pid":7}"#, r#"{"version":7}"#, "HTTP/1.1 400"] {
            assert!(greeting(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_answer_is_that_to_the_command() {
        let answer = |text: &str| parse_answer("/ethdev/info,0", text.as_bytes()).map_err(text_of);
        fn text_of(trouble: Trouble) -> String {
            text(trouble)
        }
        assert_eq!(answer(r#"{"/ethdev/info":{"name":"a"}}"#).unwrap(), json!({"name": "a"}));
        assert_eq!(answer(r#"{"/ethdev/info,0":null}"#).unwrap(), Value::Null);
        for bad in ["{}", r#"{"/ethdev/list":[]}"#, r#"{"/ethdev/info":1,"x":2}"#, "[", "\u{1b}"] {
            assert!(answer(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_are_numbers_or_text() {
        for (value, expected) in [
            (json!(7), Some(7)),
            (json!("7"), Some(7)),
            (json!("0x1f"), Some(31)),
            (json!(u64::MAX), Some(u64::MAX)),
            (json!(-1), None),
            (json!(1.5), None),
            (json!("x"), None),
            (json!("+7"), None),
            (json!("0x+7"), None),
            (json!(null), None),
        ] {
            assert_eq!(number(&value), expected, "{value}");
        }
    }
}
