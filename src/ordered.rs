//! Filling ordered maps and sets.

/// `items`, put in one by one. `collect()` would sort them first, which adds that sort to the
/// library for every type: 4 KiB each.
pub(crate) fn filled<T, Items: Default + Extend<T>>(items: impl IntoIterator<Item = T>) -> Items {
    let mut all = Items::default();
    all.extend(items);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn is_ordered_and_has_the_last_of_equals() {
        let map: BTreeMap<i32, &str> = filled([(2, "b"), (1, "a"), (2, "c")]);
        assert_eq!(map.into_iter().collect::<Vec<_>>(), [(1, "a"), (2, "c")]);
    }
}
