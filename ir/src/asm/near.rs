//! A name that was probably meant.

/// Longest name that may be a typing mistake, in bytes.
const MAX_NAME: usize = 64;

/// Most names that are compared.
const MAX_NAMES: usize = 4_096;

/// The name closest to `wanted`, if at most a third of it is different.
pub(crate) fn nearest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if wanted.len() > MAX_NAME {
        return None;
    }
    let names = names.into_iter().take(MAX_NAMES).filter(|name| name.len() <= MAX_NAME && *name != wanted);
    let (distance, name) = names.map(|name| (distance(wanted, name), name)).min_by_key(|(distance, _)| *distance)?;
    (distance <= (wanted.chars().count() / 3).max(1) && distance < wanted.len()).then_some(name)
}

/// How many letters have to be put in, left out, changed, or swapped with the next one.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    // Of the letters so far, to each beginning of `to`: before the last one, with it, with the next one.
    let mut rows = [Vec::new(), (0..=to.len()).collect::<Vec<usize>>(), Vec::new()];
    for i in 1..=from.len() {
        let [before, last, next] = &mut rows;
        next.clear();
        next.push(i);
        for j in 1..=to.len() {
            let change = last[j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = change.min(last[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            next.push(best);
        }
        rows.rotate_left(1);
    }
    rows[1][to.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typing_mistakes_are_seen() {
        let names = ["send", "receive", "goto", "halt"];
        assert_eq!(nearest("sned", names), Some("send"));
        assert_eq!(nearest("recieve", names), Some("receive"));
        assert_eq!(nearest("hallt", names), Some("halt"));
        assert_eq!(nearest("perform", names), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest(&"x".repeat(1_000), names), None);
    }
}
