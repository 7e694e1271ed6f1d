//! `cargo lab hint`: from `hints.md`, a section for each exercise, a list item for each step.

use anyhow::{Context, Result, ensure};

use crate::course::{Lab, read};

pub fn run(lab: &Lab, exercise: &str, step: usize) -> Result<()> {
    let hints = of(lab, exercise)?;
    ensure!((1..=hints.len()).contains(&step), "{exercise} has hints 1 to {}, got {step}", hints.len());
    println!("{}", hints[step - 1]);
    if step < hints.len() {
        println!("\nStill stuck? cargo lab hint {} {exercise} {}", lab.number(), step + 1);
    }
    Ok(())
}

/// The names of all exercises that there are hints for, which is all.
pub fn exercises(lab: &Lab) -> Result<Vec<String>> {
    let text = read(&lab.folder.join("hints.md"))?;
    Ok(text.lines().filter_map(|line| line.strip_prefix("## ")).map(|name| name.trim().to_string()).collect())
}

/// The first hint for an exercise.
pub fn first(lab: &Lab, exercise: &str) -> Option<String> {
    of(lab, exercise).ok()?.into_iter().next()
}

/// All hints for an exercise, in order.
pub fn of(lab: &Lab, exercise: &str) -> Result<Vec<String>> {
    let path = lab.folder.join("hints.md");
    let text = read(&path)?;
    let sections: Vec<(&str, &str)> =
        text.split("\n## ").skip(1).filter_map(|section| section.split_once('\n')).collect();
    let known: Vec<&str> = sections.iter().map(|(name, _)| name.trim()).collect();
    let (_, body) = sections
        .iter()
        .find(|(name, _)| name.trim() == exercise)
        .with_context(|| format!("no exercise {exercise:?} in {}; there are {}", lab.name, known.join(", ")))?;
    let mut hints: Vec<String> = Vec::new();
    for line in body.lines().filter(|line| !line.trim().is_empty()) {
        let item = line.split_once(". ").filter(|(number, _)| number.parse::<u32>().is_ok());
        match (item, hints.last_mut()) {
            (Some((_, first)), _) => hints.push(first.to_string()),
            (None, Some(hint)) => *hint = format!("{hint}\n{}", line.trim()),
            (None, None) => {}
        }
    }
    ensure!(!hints.is_empty(), "{}: no hints for {exercise}", path.display());
    Ok(hints)
}
