//! Scores for the tools that instructors have: nbgrader's table, and sheets that a platform has exported.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::record::write;
use super::rules::{Rules, Score};
use super::{Graded, sheet};
use crate::course::read;

/// nbgrader's columns, a line for each student; without a score where the grader failed, or where nothing was handed in by one whom the
/// rules name.
pub fn nbgrader(out: &Path, lab: &str, rules: &Rules, graded: &[Graded]) -> Result<()> {
    let header = "assignment duedate timestamp student_id last_name first_name email raw_score late_submission_penalty score max_score";
    let mut table = vec![header.split(' ').map(str::to_string).collect()];
    let mut line = |id: &str, score: Option<&Score>| {
        let who = rules.student(id);
        let time = |time: Option<jiff::Timestamp>| time.map_or(String::new(), |time| time.to_string());
        let number = |of: fn(&Score) -> f64| score.map_or(String::new(), |score| short(of(score)));
        table.push(vec![
            lab.to_string(),
            time(rules.due),
            time(score.and_then(|score| score.submitted)),
            id.to_string(),
            who.last_name,
            who.first_name,
            who.email,
            number(|score| score.raw),
            number(|score| score.penalty),
            number(|score| score.score),
            "100".to_string(),
        ]);
    };
    graded.iter().for_each(|student| line(&student.record.id, student.score.as_ref()));
    rules.absent(graded.iter().map(|student| student.record.id.as_str())).iter().for_each(|id| line(id, None));
    write(&out.join("gradebook.csv"), sheet::text(&table).as_bytes())
}

/// A sheet as Canvas or Moodle exports it.
pub struct Sheet<'a> {
    /// The exported file.
    pub path: &'a Path,
    /// The name of the filled one.
    pub name: &'a str,
    /// Columns that may say who a line is of.
    pub keys: &'a [&'a str],
    /// The column for scores: its name, or how it begins.
    pub column: &'a str,
    /// The column for words to the student, if the platform has one.
    pub words: Option<&'a str>,
}

/// Fills scores into a sheet and writes it into the folder; who is in no line, or in several, is told.
pub fn fill(sheet: &Sheet, out: &Path, graded: &[Graded]) -> Result<Vec<String>> {
    let mut lines = sheet::lines(&read(sheet.path)?).with_context(|| format!("reading {}", sheet.path.display()))?;
    let names = lines.first().with_context(|| format!("{}: expected a header", sheet.path.display()))?.clone();
    let mut columns = (0..names.len()).filter(|&i| names[i].starts_with(sheet.column));
    let (Some(column), None) = (columns.next(), columns.next()) else {
        bail!("expected one column that begins with {:?} among {}", sheet.column, names.join(", "));
    };
    let exactly = |wanted: &str| names.iter().position(|name| name == wanted);
    // The first of these columns in which a student is found once says whose line it is.
    let keys: Vec<usize> = sheet.keys.iter().filter_map(|key| exactly(key)).collect();
    ensure!(!keys.is_empty(), "none of the columns {} among {}", sheet.keys.join(", "), names.join(", "));
    let mut missing = Vec::new();
    for student in graded {
        let id = student.record.id.as_str();
        let of_student = |&key: &usize| {
            let mut found = (1..lines.len()).filter(|&i| lines[i].get(key).is_some_and(|cell| cell == id));
            found.next().filter(|_| found.next().is_none())
        };
        let (Some(line), Some(score)) = (keys.iter().find_map(of_student), &student.score) else {
            missing.push(id.to_string());
            continue;
        };
        let line = &mut lines[line];
        line.resize(names.len().max(line.len()), String::new());
        line[column] = short(score.score);
        if let Some(words) = sheet.words.and_then(exactly) {
            line[words] = student.in_a_line();
        }
    }
    write(&out.join(sheet.name), sheet::text(&lines).as_bytes())?;
    Ok(missing)
}

/// Without a fraction where there is none.
pub fn short(number: f64) -> String {
    format!("{:.2}", number).trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::record::{Record, Status};

    fn graded(id: &str, points: f64) -> Graded {
        let text = String::new;
        let record = Record {
            id: id.to_string(),
            hash: text(),
            status: Status::Graded,
            words: text(),
            seconds: 0.0,
            checks: vec![],
        };
        Graded {
            record,
            score: Some(Score { submitted: None, raw: points, penalty: 0.0, score: points }),
            source: None,
        }
    }

    #[test]
    fn scores_go_into_their_lines_and_who_is_in_none_is_told() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("export.csv");
        let exported = "\u{feff}Student,ID,SIS Login ID,Lab 04 (77),Lab 05 (78)\n\"Lovelace, Ada\",1,ada,,3\n\"Babbage, Charles\",2,cb,,\n";
        std::fs::write(&path, exported)?;
        let sheet =
            Sheet { path: &path, name: "canvas.csv", keys: &["SIS Login ID", "ID"], column: "Lab 04", words: None };
        let out = folder.path().join("out");
        let missing = fill(&sheet, &out, &[graded("ada", 87.5), graded("2", 40.0), graded("eve", 0.0)])?;
        assert_eq!(missing, ["eve"]);
        let filled = std::fs::read_to_string(out.join("canvas.csv"))?;
        assert_eq!(
            filled,
            exported.trim_start_matches('\u{feff}').replace("ada,,3", "ada,87.5,3").replace("cb,,", "cb,40,")
        );
        let other = Sheet { column: "Lab 06", ..sheet };
        assert!(fill(&other, &out, &[]).is_err_and(|error| error.to_string().contains("Lab 04 (77)")));
        Ok(())
    }
}
