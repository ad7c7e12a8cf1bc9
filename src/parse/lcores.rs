//! What EAL's options say of lcores: the lists of `-l` and `--lcores`, the masks of `-c` and
//! `--coremask` ("EAL parameters" of DPDK's Linux guide).

use super::cpulist::CpuSet;

/// The lcores of a list, `0,1` of `0@2,1@5` and `(0,1)@(2-5)`; `None` where it isn't one.
pub fn ids(list: &str) -> Option<CpuSet> {
    each(list, |entry| entry.split('@').next())
}

/// The CPUs that the lcores of a list run on, `2,5` of `0@2,1@5`; `None` where it isn't one.
pub fn cpus(list: &str) -> Option<CpuSet> {
    each(list, |entry| entry.rsplit('@').next())
}

/// The lcores of a mask, `0,2` of `0x5`, which run on the CPUs of these numbers; `None` where it
/// isn't one.
pub fn mask(text: &str) -> Option<CpuSet> {
    let digits = text.trim_start_matches("0x").bytes().rev();
    let values = digits.map(|digit| char::from(digit).to_digit(16)).collect::<Option<Vec<_>>>()?;
    let bits = values.iter().zip((0..).step_by(4));
    let bits = bits.flat_map(|(value, first)| {
        (0..4).filter(move |bit| value >> bit & 1 == 1).map(move |bit| first + bit)
    });
    Some(bits.collect())
}

fn each(list: &str, side: fn(&str) -> Option<&str>) -> Option<CpuSet> {
    let mut depth = 0;
    let outside_parentheses = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    };
    let sides = list.split(outside_parentheses).filter_map(side);
    let numbers = sides.map(|numbers| numbers.trim_matches(|c: char| "() ".contains(c)));
    numbers.collect::<Vec<_>>().join(",").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(set: Option<CpuSet>) -> String {
        set.map_or("none".to_owned(), |set| set.to_string())
    }

    #[test]
    fn reads_lists() {
        for (list, lcores, on) in [
            ("0@2,1@5", "0-1", "2,5"),
            ("0-2,7", "0-2,7", "0-2,7"),
            ("(0,1)@(3-4,9),2,(5-6)@8", "0-2,5-6", "2-4,8-9"),
            ("(0,1)@3,2", "0-2", "2-3"),
            ("0-", "none", "none"),
            ("a@b", "none", "none"),
            (")(,)(", "none", "none"),
        ] {
            assert_eq!((shown(ids(list)), shown(cpus(list))), (lcores.into(), on.into()), "{list}");
        }
    }

    #[test]
    fn reads_masks() {
        for (text, set) in [
            ("0x105", "0,2,8"),
            ("F", "0-3"),
            ("0x100000000000000000000000000000000", "128"),
            ("startup.conf", "none"),
        ] {
            assert_eq!(shown(mask(text)), set, "{text}");
        }
    }
}
