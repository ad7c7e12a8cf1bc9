//! Whether EAL could run its lcores: it ends without a hint where it may not run on a CPU.

use podnet::eal::EalArgs;
use podnet::parse::cpulist::CpuSet;

use crate::cli::{warn, words};

/// Why this process may not run on the CPUs of a command line.
pub fn check(made: &EalArgs, words: &[String]) -> Option<String> {
    let allowed = podnet::get_cpu_info().map_err(|error| warn(error.to_string())).ok()?.allowed;
    // Without one among its words the program has what placeholders tell it.
    let planned = || made.lcores.iter().map(|lcore| lcore.cpu).collect();
    let outside = chosen(words).unwrap_or_else(planned).difference(&allowed);
    (!outside.is_empty()).then(|| {
        format!(
            "CPU {outside}: this process may run on {allowed} only: give this container \
             resources.limits.cpu for its lcores, leave -l and --lcores to podnet, or start in the \
             container that the data is of"
        )
    })
}

/// The CPUs that EAL is told to use; none where it will say itself what is wrong with them.
fn chosen(words: &[String]) -> Option<CpuSet> {
    let mask = words::value(words, &["-c", "--coremask"]).map(of_mask);
    let list = || words::value(words, &["-l", "--lcores"]).map(of_lcores);
    mask.or_else(list).map(Option::unwrap_or_default)
}

/// Of `0-1,4@7,(5,6)@(8,9)`.
fn of_lcores(text: &str) -> Option<CpuSet> {
    let mut depth = 0;
    let outside_parentheses = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    };
    let entries = text.split(outside_parentheses);
    let cpus = entries.map(|entry| {
        let cpus = entry.rsplit('@').next().unwrap_or_default();
        cpus.trim_matches(|c: char| "() ".contains(c))
    });
    cpus.collect::<Vec<_>>().join(",").parse().ok()
}

fn of_mask(text: &str) -> Option<CpuSet> {
    let digits = text.trim_start_matches("0x").bytes().rev();
    let values = digits.map(|digit| char::from(digit).to_digit(16)).collect::<Option<Vec<_>>>()?;
    let bits = values.iter().zip((0..).step_by(4));
    let bits = bits.flat_map(|(value, first)| {
        (0..4).filter(move |bit| value >> bit & 1 == 1).map(move |bit| first + bit)
    });
    Some(bits.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_cpus_of_every_form() {
        for (text, cpus) in [
            ("app --lcores 0@2,1@5", "2,5"),
            ("app -l 0-2,7", "0-2,7"),
            ("app -l4", "4"),
            ("app --lcores=(0,1)@(3-4,9),2,(5-6)@8 -- -l 0", "2-4,8-9"),
            ("app -c 0x105", "0,2,8"),
            ("app --coremask=F", "0-3"),
            ("app -l 0-", ""),
            ("app -c startup.conf", ""),
        ] {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            assert_eq!(chosen(&words).unwrap().to_string(), cpus, "{text}");
        }
        assert_eq!(chosen(&["-l".into(), "0".into()]), None);
    }
}
