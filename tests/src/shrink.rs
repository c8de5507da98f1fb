//! Makes a failing program smaller: lines go, alone or with the block below them, as long as it fails in the same way.

/// The smallest text found that `fails` says is as bad as the given one.
#[must_use]
pub fn shrink(text: &str, fails: impl Fn(&str) -> bool) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    loop {
        let candidates = (0..lines.len()).flat_map(|at| candidates(&lines, at));
        let smaller = candidates.into_iter().find(|candidate| fails(&joined(candidate)));
        match smaller {
            Some(smaller) => lines = smaller,
            None => return joined(&lines),
        }
    }
}

fn joined(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// Smaller programs: without a line and its block, without the line only, without one part of a message.
fn candidates(lines: &[String], at: usize) -> Vec<Vec<String>> {
    let depth = |line: &String| line.len() - line.trim_start().len();
    let below = lines[at + 1..].iter().take_while(|line| depth(line) > depth(&lines[at])).count();
    let mut found = Vec::new();
    let mut without = lines.to_vec();
    without.drain(at..=at + below);
    found.push(without);
    if below > 0 {
        let step = depth(&lines[at + 1]) - depth(&lines[at]);
        let mut lifted = lines.to_vec();
        for line in &mut lifted[at + 1..=at + below] {
            line.drain(..step);
        }
        lifted.remove(at);
        found.push(lifted);
        let empty = format!("{}{{}}", " ".repeat(depth(&lines[at + 1])));
        if lines[at + 1] != empty {
            let mut emptied = lines.to_vec();
            emptied.splice(at + 1..=at + below, [empty]);
            found.push(emptied);
        }
    }
    found.extend(shorter_lines(&lines[at]).into_iter().map(|line| {
        let mut changed = lines.to_vec();
        changed[at] = line;
        changed
    }));
    found
}

/// The line without one of the comma-separated parts of its last bracket, or without the bracket.
fn shorter_lines(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let (Some(open), Some(close)) = (line.find('('), line.rfind(')')) {
        let parts: Vec<&str> = line[open + 1..close].split(", ").collect();
        for skipped in 0..parts.len() {
            let mut kept = parts.clone();
            kept.remove(skipped);
            let inner = kept.join(", ");
            let bracket = if inner.is_empty() { String::new() } else { format!("({inner})") };
            found.push(format!("{}{bracket}{}", &line[..open], &line[close + 1..]));
        }
    }
    if let Some((head, tail)) = line.split_once(" = ")
        && tail.len() > 1
        && !line.starts_with("protocol")
    {
        let end = if line.ends_with(')') && line.contains("->") { ")" } else { "" };
        found.push(format!("{head} = 1{end}"));
    }
    // only shorter ones, so that shrinking ends
    found.retain(|shorter| shorter.len() < line.len());
    found
}
