//! Results in the formats of Gradescope and of continuous integration.

use std::path::Path;

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::Graded;
use super::judge::Check;
use super::record::{Record, Status, write};
use crate::course::Lab;
use crate::hint;

/// Gradescope's `results.json` of one student.
pub fn gradescope(out: &Path, lab: &Lab, student: &Graded) -> Result<()> {
    let record = &student.record;
    let tests: Vec<Value> = record.checks.iter().enumerate().map(|(i, check)| test(lab, i, check)).collect();
    let why = if record.status == Status::GraderError { "it will be graded again" } else { &record.words };
    let mut results = json!({
        "execution_time": record.seconds,
        "output": format!("{}\n{why}", student.in_a_line()).trim_end(),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    });
    if let Some(score) = &student.score {
        results["score"] = json!(score.score);
    }
    write(&Record::folder(out, &record.id).join("results.json"), &serde_json::to_vec_pretty(&results)?)
}

fn test(lab: &Lab, i: usize, check: &Check) -> Value {
    let hint = hint::first(lab, &check.exercise).filter(|_| check.status != "pass");
    let hint = hint.map_or(String::new(), |hint| format!("\nA hint: {hint}"));
    json!({
        "score": check.points,
        "max_score": check.worth,
        "status": if check.status == "pass" { "passed" } else { "failed" },
        "name": format!("{}: {}", check.exercise, check.check),
        "number": format!("{}", i + 1),
        "output": format!("{}{hint}", check.message),
        "output_format": "text",
        "visibility": "visible",
        "extra_data": { "status": check.status, "mistake": check.mistake },
    })
}

/// All students' checks as JUnit's XML.
pub fn junit(out: &Path, lab: &str, graded: &[Graded]) -> Result<()> {
    let mut report = Report::new(lab);
    for student in graded {
        let record = &student.record;
        let mut suite = TestSuite::new(record.id.as_str());
        if record.status != Status::Graded {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type(record.status.name()).set_message(plain(&record.words));
            suite.add_test_case(TestCase::new("submission", status));
        }
        for check in &record.checks {
            let mut status = TestCaseStatus::success();
            if check.status != "pass" {
                status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_type(check.status.as_str()).set_message(plain(&check.message));
            }
            let mut case = TestCase::new(check.check.as_str(), status);
            case.set_classname(check.exercise.as_str());
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    write(&out.join("junit.xml"), report.to_string().context("writing JUnit's XML")?.as_bytes())
}

/// Without the characters that XML does not know: one of them would spoil the report of all.
fn plain(text: &str) -> String {
    let is_known = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}') || matches!(c, '\n' | '\t');
    text.chars().filter(is_known).collect()
}
