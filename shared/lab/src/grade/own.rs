//! `cargo lab test NN --as-server`: one's own lab, graded as a submission is.

use anyhow::{Result, bail, ensure};

use super::compile::{self, Compiled, compile};
use super::grader::{Grader, How};
use super::judge::Judge;
use super::record::Status;
use super::rules::Rules;
use super::submission::Submission;
use super::tree::Tree;
use super::{MEMORY, SECONDS};
use crate::course::{Course, Lab, read};
use crate::release::other_compiler;

pub fn run(course: &Course, lab: &Lab) -> Result<()> {
    if let Some(note) = other_compiler(course)? {
        println!("{note}");
    }
    let tree = Tree::lay(course, lab)?;
    let text = read(&lab.folder.join("src/lib.rs"))?;
    let program = match compile(&tree, &text, compile::FIRST)? {
        Compiled::Program(program) => program,
        Compiled::Rejected(words) => bail!("{}: {words}", Status::Rejected.name()),
        Compiled::Failed(words) => bail!("{}:\n{words}", Status::BuildError.name()),
    };
    // Without the solution there are no fresh cases: the lab's own checks judge by the golden ones.
    let judge = match course.solutions() {
        Ok(()) => Judge::new(&course.root, &lab.solution_package(), 0)?,
        Err(_) => Judge::with(program, None)?,
    };
    let out = tree.root.join("own");
    let how = How { out, jobs: 1, seconds: SECONDS, memory: MEMORY << 20, again: true };
    let grader = Grader::new(&lab.name, tree, judge, how)?;
    let graded = grader.one(&Submission::new(&lab.name, &lab.folder), &Rules::default())?;
    let record = &graded.record;
    for check in record.checks.iter().filter(|check| check.status != "pass") {
        println!("{}::{} ({}): {}\n", check.exercise, check.check, check.status, check.message);
    }
    for exercise in record.exercises() {
        println!("{:<32}{:>4}/{}", exercise.name, exercise.won, exercise.worth);
    }
    ensure!(record.status == Status::Graded, "{}: {}", record.status.name(), record.words);
    println!("{}", graded.in_a_line());
    ensure!(record.points() == Some(100), "not all checks pass");
    Ok(())
}
