//! `cargo lab test NN --as-server`: one's own lab, graded as a submission is.

use anyhow::{Result, ensure};

use super::grader::{Grader, How};
use super::record::Status;
use super::rules::Rules;
use super::submission::Submission;
use super::{MEMORY, SECONDS};
use crate::course::{Course, Lab};
use crate::release::other_compiler;

pub fn run(course: &Course, lab: &Lab) -> Result<()> {
    if let Some(note) = other_compiler(course)? {
        println!("{note}");
    }
    // Without the solution there are no fresh cases: the lab's own checks judge by the golden ones.
    let (judge, seed) = match course.solutions() {
        Ok(()) => (lab.solution_package(), Some(0)),
        Err(_) => (lab.package().to_string(), None),
    };
    let out = course.root.join("target/grading/own");
    let how = How { out, jobs: 1, seconds: SECONDS, memory: MEMORY << 20, again: true };
    let grader = Grader::new(course, lab, &judge, seed, how)?;
    let graded = grader.one(&Submission::new(&lab.name, &lab.folder), &Rules::default())?;
    let record = &graded.record;
    for check in record.checks.iter().filter(|check| check.status != "pass") {
        println!("{}::{} ({}): {}\n", check.exercise, check.check, check.status, check.message);
    }
    for (exercise, checks) in record.exercises() {
        let won: u32 = checks.iter().map(|check| check.points).sum();
        let worth: u32 = checks.iter().map(|check| check.worth).sum();
        println!("{exercise:<32}{won:>4}/{worth}");
    }
    ensure!(record.status == Status::Graded, "{}: {}", record.status.name(), record.words);
    println!("{}", graded.in_a_line());
    ensure!(record.points() == Some(100), "not all checks pass");
    Ok(())
}
