//! The commands of a page, and what it shows of them.

/// A fenced block of commands.
pub struct Block {
    /// Where it begins, from 1.
    pub line: usize,
    pub language: String,
    /// Who runs it, or why nobody does; empty for a block that is run here.
    pub mark: String,
    pub steps: Vec<Step>,
}

impl Block {
    pub fn runs(&self) -> bool {
        self.language == "console" && self.mark.is_empty()
    }
}

pub struct Step {
    pub line: usize,
    pub command: String,
    /// What is shown below it, and the number of the first such line.
    pub shown: Vec<String>,
    pub first: usize,
}

/// A fenced block ```` ```LANGUAGE NAME ````, which is the file NAME.
pub struct File {
    pub name: String,
    pub text: String,
}

/// The files that a page holds.
pub fn files(text: &str) -> Vec<File> {
    let mut files = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if let Some((language, name)) = info.split_once(' ') {
            if !LANGUAGES.contains(&language) {
                files.push(File { name: name.to_owned(), text: inside.join("\n") + "\n" });
            }
        }
    }
    files
}

/// A fenced block of a program that is no file.
pub struct Fragment {
    pub line: usize,
    pub language: String,
    pub text: String,
}

/// The blocks with a language and no more, but for commands, patches and plain text.
pub fn fragments(text: &str) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let inside: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let program = !language.is_empty() && !language.contains(' ');
        if program && !LANGUAGES.contains(&language) && !TEXTS.contains(&language) {
            let text = inside.join("\n") + "\n";
            fragments.push(Fragment { line: number + 1, language: language.to_owned(), text });
        }
    }
    fragments
}

const TEXTS: [&str; 4] = ["diff", "json", "text", "yaml"];

/// What a page links to, but for the web and for places of its own, and the line that does.
pub fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        fenced ^= line.starts_with("```");
        for part in line.split("](").skip(1).filter(|_| !fenced) {
            let target = part.split([')', '#', ' ']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains(':') {
                found.push((number + 1, target.to_owned()));
            }
        }
    }
    found
}

const LANGUAGES: [&str; 5] = ["console", "sh", "bash", "shell", "shell-session"];

/// The blocks of commands in Markdown.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let (language, mark) = info.split_once(' ').unwrap_or((info, ""));
        let inside: Vec<(usize, &str)> = lines
            .by_ref()
            .take_while(|(_, line)| *line != "```")
            .map(|(number, line)| (number + 1, line))
            .collect();
        if LANGUAGES.contains(&language) {
            blocks.push(Block {
                line: number + 1,
                language: language.to_owned(),
                mark: mark.trim().to_owned(),
                steps: steps(&inside),
            });
        }
    }
    blocks
}

fn steps(lines: &[(usize, &str)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    // The prompt of the first line is that of all: output may begin with the other.
    let prompt = lines.first().map(|(_, line)| line.chars().take(2).collect::<String>());
    let Some(prompt) = prompt.filter(|prompt| ["$ ", "# "].contains(&prompt.as_str())) else {
        return steps;
    };
    for (number, line) in lines {
        let goes_on =
            steps.last().is_some_and(|step| step.shown.is_empty() && step.command.ends_with('\\'));
        if let Some(command) = line.strip_prefix(&prompt) {
            let command = command.to_owned();
            steps.push(Step { line: *number, command, shown: Vec::new(), first: number + 1 });
        } else if let (Some(step), true, Some(more)) =
            (steps.last_mut(), goes_on, line.strip_prefix("> "))
        {
            step.command += &format!("\n{more}");
            step.first = number + 1;
        } else if let Some(step) = steps.last_mut() {
            step.shown.push((*line).to_owned());
        }
    }
    steps
}

/// Why `printed` is not what is shown.
pub fn differs(shown: &[String], printed: &str) -> Option<String> {
    let found: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
    let found = if found == [""] { Vec::new() } else { found };
    let shown: Vec<&str> = shown.iter().map(|line| line.trim_end()).collect();
    if lines_match(&shown, &found) {
        return None;
    }
    let first = (0..shown.len().max(found.len())).find(|index| {
        match (shown.get(*index), found.get(*index)) {
            (Some(shown), Some(found)) => !line_matches(shown, found),
            _ => true,
        }
    });
    let first = first.unwrap_or(0);
    let line = |lines: &[&str]| lines.get(first).map_or("nothing".to_owned(), ToString::to_string);
    // After a `...` the line where they part is not known.
    if shown.contains(&"...") {
        let expected = shown.join("\nexpected: ");
        return Some(format!("expected: {expected}\nfound:    {}", found.join("\nfound:    ")));
    }
    Some(format!(
        "expected: {}\nfound:    {}\n\nall of it:\n{}",
        line(&shown),
        line(&found),
        found.join("\n")
    ))
}

fn lines_match(shown: &[&str], found: &[&str]) -> bool {
    match shown.split_first() {
        None => found.is_empty(),
        Some((&"...", rest)) => {
            (0..=found.len()).any(|skipped| lines_match(rest, &found[skipped..]))
        }
        Some((line, rest)) => {
            found.first().is_some_and(|first| line_matches(line, first))
                && lines_match(rest, &found[1..])
        }
    }
}

fn line_matches(shown: &str, found: &str) -> bool {
    let mut parts = shown.split("[..]");
    let Some(mut rest) = found.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// The page with what the steps print now, but where something is left out of it.
pub fn blessed(text: &str, steps: &[&Step], printed: &[(String, i32)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (step, (printed, _)) in steps.iter().zip(printed).rev() {
        let elided = step.shown.iter().any(|line| line == "..." || line.contains("[..]"));
        if !elided {
            let now = printed.trim_end().lines().map(|line| line.trim_end().to_owned());
            let first = step.first - 1;
            lines.splice(first..first + step.shown.len(), now);
        }
    }
    lines.join("\n") + "\n"
}
