//! Scores for the tools that instructors have: nbgrader's table, and sheets that a platform has exported.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use csv::{ReaderBuilder, StringRecord, WriterBuilder};

use super::Graded;
use super::record::write;
use super::rules::Rules;

/// nbgrader's columns, a line for each student; without a score where the grader failed.
pub fn nbgrader(out: &Path, lab: &str, rules: &Rules, graded: &[Graded]) -> Result<()> {
    let mut table = WriterBuilder::new().from_writer(Vec::new());
    table.write_record([
        "assignment",
        "duedate",
        "timestamp",
        "student_id",
        "last_name",
        "first_name",
        "email",
        "raw_score",
        "late_submission_penalty",
        "score",
        "max_score",
    ])?;
    for student in graded {
        let who = rules.student(&student.record.id);
        let time = |time: Option<jiff::Timestamp>| time.map_or(String::new(), |time| time.to_string());
        let number =
            |of: fn(&super::rules::Score) -> f64| student.score.as_ref().map_or(String::new(), |s| short(of(s)));
        let submitted = student.score.as_ref().and_then(|score| score.submitted);
        table.write_record([
            lab.to_string(),
            time(rules.due),
            time(submitted),
            student.record.id.clone(),
            who.last_name,
            who.first_name,
            who.email,
            number(|score| score.raw),
            number(|score| score.penalty),
            number(|score| score.score),
            "100".to_string(),
        ])?;
    }
    write(&out.join("gradebook.csv"), &table.into_inner().context("the table")?)
}

/// A sheet as Canvas or Moodle exports it.
pub struct Sheet<'a> {
    /// The exported file.
    pub path: &'a Path,
    /// Columns that may say who a line is of.
    pub keys: &'a [&'a str],
    /// The column for scores: its name, or how it begins.
    pub column: &'a str,
    /// The column for words to the student, if the platform has one.
    pub words: Option<&'a str>,
}

/// Fills scores into a sheet and writes it into the folder under the same name; who is in no line is told.
pub fn fill(sheet: &Sheet, out: &Path, graded: &[Graded]) -> Result<Vec<String>> {
    let of_file = || format!("reading {}", sheet.path.display());
    let mut reader =
        ReaderBuilder::new().flexible(true).has_headers(false).from_path(sheet.path).with_context(of_file)?;
    let mut lines: Vec<Vec<String>> = Vec::new();
    for line in reader.records() {
        lines.push(line.with_context(of_file)?.iter().map(str::to_string).collect());
    }
    let header = lines.first().with_context(|| format!("{}: expected a header", sheet.path.display()))?.clone();
    let place = |wanted: &str| header.iter().position(|name| name.trim_start_matches('\u{feff}').starts_with(wanted));
    let column = place(sheet.column);
    let column = column.with_context(|| format!("no column {:?} among {}", sheet.column, header.join(", ")))?;
    let keys: Vec<usize> = sheet.keys.iter().filter_map(|key| place(key)).collect();
    ensure!(!keys.is_empty(), "none of the columns {} among {}", sheet.keys.join(", "), header.join(", "));
    let mut missing = Vec::new();
    for student in graded {
        let id = student.record.id.as_str();
        let line =
            lines.iter_mut().skip(1).find(|line| keys.iter().any(|&key| line.get(key).is_some_and(|cell| cell == id)));
        let (Some(line), Some(score)) = (line, &student.score) else {
            missing.push(id.to_string());
            continue;
        };
        line.resize(header.len().max(line.len()), String::new());
        line[column] = short(score.score);
        if let Some(words) = sheet.words.and_then(place) {
            line[words] = student.in_a_line();
        }
    }
    let mut table = WriterBuilder::new().flexible(true).from_writer(Vec::new());
    lines.iter().try_for_each(|line| table.write_record(&StringRecord::from(line.clone())))?;
    let name = sheet.path.file_name().context("a sheet without a name")?;
    write(&out.join(name), &table.into_inner().context("the sheet")?)?;
    Ok(missing)
}

/// Without a fraction where there is none.
pub fn short(number: f64) -> String {
    format!("{:.2}", number).trim_end_matches('0').trim_end_matches('.').to_string()
}
