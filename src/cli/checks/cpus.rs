//! Whether EAL could run its lcores: it ends without a hint where it may not run on a CPU.

use podnet::eal::EalArgs;
use podnet::parse::cpulist::CpuSet;
use podnet::parse::lcores;

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
    let mask = words::value(words, &["-c", "--coremask"]).map(lcores::mask);
    let list = || words::value(words, &["-l", "--lcores"]).map(lcores::cpus);
    mask.or_else(list).map(Option::unwrap_or_default)
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
