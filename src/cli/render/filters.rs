//! What templates can do with values: CPU lists, addresses, sizes, words.

use std::net::IpAddr;

use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, Value};
use podnet::eal::shell_quote;
use podnet::parse::cpulist::CpuSet;

use super::template::{refused, usage};

pub fn add(environment: &mut Environment) {
    environment.add_filter("cpu_range", |list: &Value| cpus(list).map(|set| set.to_string()));
    environment.add_filter("cpu_array", |list: &Value| {
        cpus(list).map(|set| set.iter().collect::<Vec<_>>())
    });
    environment.add_filter("cpu_count", |list: &Value| cpus(list).map(|set| set.len()));
    environment.add_filter("cpu_mask", |list: &Value| cpus(list).map(|set| set.to_mask()));
    environment.add_filter("cpu_nth", nth);
    environment.add_filter("cpu_minus", |list: &Value, others: &Value| {
        Ok::<_, Error>(cpus(list)?.difference(&cpus(others)?).to_string())
    });
    environment.add_filter("address", |ip: &str| split(ip).map(|(address, _)| address.to_string()));
    environment.add_filter("ipv4", |list: &Value| family(list, IpAddr::is_ipv4));
    environment.add_filter("ipv6", |list: &Value| family(list, IpAddr::is_ipv6));
    environment.add_filter("prefix", prefix);
    environment.add_filter("netmask", netmask);
    environment.add_filter("kib", |bytes: u64| bytes >> 10);
    environment.add_filter("mib", |bytes: u64| bytes >> 20);
    environment.add_filter("gib", |bytes: u64| bytes >> 30);
    environment.add_filter("named", named);
    environment.add_filter("option", option);
    environment.add_filter("without", without);
    environment.add_filter("word", word);
    environment.add_filter("yaml", json);
    environment.add_filter("shell", shell);
}

/// A Linux list, a number, or an array of either.
fn cpus(value: &Value) -> Result<CpuSet, Error> {
    let not_cpus = || refused(format!("expected CPUs, as in 2-5,34 or [2, 3], found {value:?}"));
    if let Some(text) = value.as_str() {
        return text.parse().map_err(|_| not_cpus());
    }
    match value.kind() {
        ValueKind::Number => value.to_string().parse().map_err(|_| not_cpus()),
        ValueKind::Seq | ValueKind::Iterable => {
            let mut sets = value.try_iter()?.map(|one| cpus(&one));
            sets.try_fold(CpuSet::new(), |all, set| Ok(all.union(&set?)))
        }
        _ => Err(not_cpus()),
    }
}

fn nth(list: &Value, index: usize) -> Result<u32, Error> {
    let set = cpus(list)?;
    set.iter().nth(index).ok_or_else(|| {
        let has = match set.len() {
            0 => "there is no CPU".to_owned(),
            count => format!("there are {count} CPUs ({set}), numbered from 0"),
        };
        refused(format!("{has}: the container needs more: resources.limits.cpu"))
    })
}

fn split(ip: &str) -> Result<(IpAddr, Option<u8>), Error> {
    let not_address = || refused(format!("expected an address, found {ip:?}"));
    let (address, prefix) = match ip.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse().map_err(|_| not_address())?)),
        None => (ip, None),
    };
    let address: IpAddr = address.parse().map_err(|_| not_address())?;
    if prefix.is_some_and(|prefix| prefix > bits(&address)) {
        return Err(not_address());
    }
    Ok((address, prefix))
}

fn bits(address: &IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The addresses of one family, in their order.
fn family(list: &Value, is: fn(&IpAddr) -> bool) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for ip in words(list)? {
        if is(&split(&ip)?.0) {
            found.push(ip);
        }
    }
    Ok(found)
}

fn prefix(ip: &str, default: Option<u8>) -> Result<u8, Error> {
    let (_, prefix) = split(ip)?;
    prefix.or(default).ok_or_else(|| {
        refused(format!("{ip} has no prefix, no source gives it: say one, as in |prefix(24)"))
    })
}

fn netmask(ip: &str, default: Option<u8>) -> Result<String, Error> {
    let (address, _) = split(ip)?;
    let prefix = u32::from(prefix(ip, default)?);
    let too_long = || refused(format!("{prefix} bits are more than {address} has"));
    let zeros = u32::from(bits(&address)).checked_sub(prefix).ok_or_else(too_long)?;
    Ok(match address {
        IpAddr::V4(_) => {
            std::net::Ipv4Addr::from(u32::MAX.checked_shl(zeros).unwrap_or(0)).to_string()
        }
        IpAddr::V6(_) => {
            std::net::Ipv6Addr::from(u128::MAX.checked_shl(zeros).unwrap_or(0)).to_string()
        }
    })
}

/// The one of some interfaces or ports that has this name or network.
fn named(list: &Value, name: &str) -> Result<Value, Error> {
    let text = |one: &Value, key: &str| one.get_attr(key).ok().and_then(|value| value.to_str());
    let all: Vec<Value> = list.try_iter()?.collect();
    let with = |is: &dyn Fn(&Value) -> bool| all.iter().filter(|one| is(one)).cloned().collect();
    let by_name = |key| with(&|one| text(one, key).as_deref() == Some(name));
    let by_network = || {
        with(&|one| {
            text(one, "network").is_some_and(|full| podnet::lookup::is_network(&full, name))
        })
    };
    let candidates: [Vec<Value>; 3] = [by_name("interface"), by_name("name"), by_network()];
    let found = candidates.into_iter().find(|found| !found.is_empty()).unwrap_or_default();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(refused(format!("none is named {name:?}, nor is of a network {name:?}"))),
        _ => Err(usage(format!("several are of the network {name:?}: use an interface's name"))),
    }
}

/// The words of a list.
fn words(list: &Value) -> Result<Vec<String>, Error> {
    let text = |value: Value| {
        let not_text = || refused(format!("expected a list of words, found {value:?} in it"));
        value.as_str().map(str::to_owned).ok_or_else(not_text)
    };
    list.try_iter()?.map(text).collect()
}

/// Where in `words` the option `name` is, how many words it takes there, and its value.
fn find(words: &[String], name: &str) -> Option<(usize, usize, String)> {
    words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix(name)? {
        "" => match words.get(at + 1).filter(|next| !next.starts_with('-')) {
            Some(value) => Some((at, 2, value.clone())),
            None => Some((at, 1, String::new())),
        },
        rest => Some((at, 1, rest.strip_prefix('=')?.to_owned())),
    })
}

/// The value of an option among arguments; undefined where it is not there.
fn option(list: &Value, name: &str) -> Result<Value, Error> {
    Ok(find(&words(list)?, name).map_or(Value::UNDEFINED, |(_, _, value)| Value::from(value)))
}

/// The arguments but for these options and their values.
fn without(list: &Value, names: Rest<String>) -> Result<Vec<String>, Error> {
    let mut words = words(list)?;
    for name in names.iter() {
        while let Some((at, count, _)) = find(&words, name) {
            words.drain(at..at + count);
        }
    }
    Ok(words)
}

/// The same, where it is one word that no configuration format reads anything into.
fn word(value: &Value) -> Result<String, Error> {
    let text = match value.kind() {
        ValueKind::String | ValueKind::Number => value.to_string(),
        _ => String::new(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:/@+-".contains(c);
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        return Ok(text);
    }
    Err(refused(format!("{value:?} is no plain word: expected letters, digits and . _ : / @ + -")))
}

/// As JSON, which YAML reads as well: text in double quotes, with what it must not hold escaped.
pub fn json(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| refused(error.to_string()))
}

/// One or several words for a shell.
fn shell(value: &Value) -> Result<String, Error> {
    if let Some(text) = value.as_str() {
        return Ok(shell_quote(text).into_owned());
    }
    Ok(crate::cli::text::shell_line(&words(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::template::is_usage;

    fn expression(text: &str) -> Result<String, Error> {
        let mut environment = Environment::new();
        add(&mut environment);
        environment.render_str(&format!("{{{{ {text} }}}}"), ())
    }

    #[test]
    fn cpu_lists_take_every_shape() {
        for (text, expected) in [
            ("'5,2-3,34'|cpu_range", "2-3,5,34"),
            ("'2-3,34'|cpu_array", "[2, 3, 34]"),
            ("'2-5,34'|cpu_mask", "0x40000003c"),
            ("''|cpu_mask", "0x0"),
            ("'0'|cpu_mask", "0x1"),
            ("'128-131'|cpu_mask", "0xf00000000000000000000000000000000"),
            ("'2-5'|cpu_count", "4"),
            ("'2-5'|cpu_nth(1)", "3"),
            ("[4, '6-7', [9]]|cpu_range", "4,6-7,9"),
            ("7|cpu_array", "[7]"),
            ("'2-5,34'|cpu_minus('3,34')|cpu_range", "2,4-5"),
            ("'2-5'|cpu_minus(2)", "3-5"),
            ("'2-3'|cpu_minus('2-3')", ""),
        ] {
            assert_eq!(expression(text).unwrap(), expected, "{text}");
        }
        for text in
            ["'x'|cpu_range", "1.5|cpu_range", "none|cpu_array", "'2-'|cpu_count", "-1|cpu_mask"]
        {
            assert!(expression(text).is_err(), "{text}");
        }
        let error = expression("'2-5'|cpu_nth(4)").unwrap_err().to_string();
        assert!(error.contains("4 CPUs (2-5)") && error.contains("limits.cpu"), "{error}");
    }

    #[test]
    fn addresses_and_sizes() {
        for (text, expected) in [
            ("'192.0.2.5/24'|address", "192.0.2.5"),
            ("'192.0.2.5'|address", "192.0.2.5"),
            ("'2001:db8::5/64'|address", "2001:db8::5"),
            ("'2001:db8::5/64'|prefix", "64"),
            ("'192.0.2.5/20'|prefix(24)", "20"),
            ("'192.0.2.5'|prefix(24)", "24"),
            ("'192.0.2.5/20'|netmask", "255.255.240.0"),
            ("'192.0.2.5/0'|netmask", "0.0.0.0"),
            ("'192.0.2.5/32'|netmask", "255.255.255.255"),
            ("'2001:db8::5/48'|netmask", "ffff:ffff:ffff::"),
            ("['192.0.2.5/24', '2001:db8::5']|ipv4|join", "192.0.2.5/24"),
            ("['192.0.2.5/24', '2001:db8::5']|ipv6|join", "2001:db8::5"),
            ("1610612736|mib", "1536"),
            ("1610612736|gib", "1"),
            ("4096|kib", "4"),
        ] {
            assert_eq!(expression(text).unwrap(), expected, "{text}");
        }
        for text in [
            "'192.0.2.5/33'|address",
            "'192.0.2.5 evil'|address",
            "'192.0.2.5'|prefix",
            "'192.0.2.5'|netmask(33)",
            "'192.0.2.5/x'|prefix",
            "none|mib",
        ] {
            assert!(expression(text).is_err(), "{text}");
        }
    }

    #[test]
    fn words_and_quotes() {
        for (text, expected) in [
            ("'0000:3b:02.1'|word", "0000:3b:02.1"),
            ("5|word", "5"),
            ("'a: \"b\"\\n#'|yaml", r##""a: \"b\"\n#""##),
            ("[1, 'a']|yaml", r#"[1,"a"]"#),
            ("'it is'|shell", "'it is'"),
            ("['a', 'b c']|shell", "a 'b c'"),
            (
                "['--lcores', '0@2', '-a', 'x', '--iova-mode=va']|without('--lcores', '-a')|join(' ')",
                "--iova-mode=va",
            ),
            ("['--in-memory', '--lcores', '0@2']|without('--in-memory')|join(' ')", "--lcores 0@2"),
            ("['--in-memory', '--iova-mode=va']|option('--iova-mode')", "va"),
            ("['--socket-mem', '0,1']|option('--socket-mem')", "0,1"),
            ("['--socket-memory=1']|option('--socket-mem')|default('no')", "no"),
        ] {
            assert_eq!(expression(text).unwrap(), expected, "{text}");
        }
        for text in ["'a b'|word", "''|word", "'-a'|word", "'a\nb'|word", "'}'|word", "none|word"] {
            assert!(expression(text).is_err(), "{text}");
        }
    }

    #[test]
    fn one_of_several_by_its_name() {
        let list = "[{'name': 'net1', 'network': 'ran/f'}, {'name': 'net2', 'network': 'ran/g'}, \
                     {'name': 'net3', 'network': 'ran/g'}]";
        let get = |name: &str| expression(&format!("({list}|named('{name}')).name"));
        for name in ["net1", "ran/f", "f"] {
            assert_eq!(get(name).unwrap(), "net1", "{name}");
        }
        assert!(!is_usage(&get("other").unwrap_err()));
        assert!(is_usage(&get("ran/g").unwrap_err()));
    }
}
