//! The page: a table that sorts, plots, and links to the page of every run.

use std::path::{Path, PathBuf};

use ssl_report::{HeatMap, Page, Plot, Scatter};

use crate::runs::Run;
use crate::table::{COLUMNS, EVALUATED, Row};
use crate::text::{cells, filled, header};

/// Writes `index.html` into the folder.
pub fn write(folder: &Path, runs: &[Run], rows: &[Row]) -> anyhow::Result<PathBuf> {
    let mut page = Page::new("League table", &facts(runs));
    page.text(
        "Test accuracy in %, mean ± standard deviation over seeds: linear probe on each block, kNN on the last. Labels: after fine-tuning on a share of them. New toys: \
         a linear probe on three classes that were in no training. Regions: mean IoU. Boxes: share of IoU above one half. Position, light, texture: how little features \
         change (100: not at all). A click on a column's name sorts by it.",
    );
    let columns = filled(rows);
    let lines: Vec<Vec<String>> = rows.iter().map(|row| cells(&columns, row)).collect();
    page.table(&header(&columns), &lines);
    page.heading("By depth");
    page.figure(
        &heat_map(rows, 0..4, "Linear probe by depth", "block").save(folder, "probe_by_depth")?,
        "Test accuracy of a linear probe on each block, mean over seeds.",
    );
    page.heading("Two ways to judge");
    page.figure(
        &neighbors(rows).save(folder, "linear_and_knn")?,
        "Linear probe and nearest neighbors on the last block, a point for each seed.",
    );
    let measured = columns.iter().any(|&column| column >= EVALUATED);
    if measured {
        page.heading("Few labels");
        page.figure(
            &heat_map(rows, 6..9, "Fine-tuned on few labels", "share").save(folder, "few_labels")?,
            "Test accuracy after fine-tuning on a share of the labels.",
        );
        page.heading("What features do not tell");
        page.figure(
            &heat_map(rows, 12..15, "Invariance", "change").save(folder, "invariance")?,
            "100: features stay as they are when a toy is rendered with one thing changed; 0: they change as from toy to toy.",
        );
    }
    page.heading("All runs");
    let link = |run: &Run| {
        let name = format!("{}, seed {}: {}", run.label, run.record.seed, run.record.command);
        (name, run.folder.strip_prefix(folder).unwrap_or(&run.folder).join("index.html").display().to_string())
    };
    page.links(&runs.iter().map(link).collect::<Vec<_>>());
    page.save(folder)
}

/// What all runs share; where they differ, all that there is.
fn facts(runs: &[Run]) -> Vec<(&'static str, String)> {
    let all = |of: &dyn Fn(&Run) -> String| {
        let mut values: Vec<String> = runs.iter().map(of).collect();
        values.sort();
        values.dedup();
        values.join("; ")
    };
    vec![
        ("Data", all(&|run| run.record.data.clone())),
        ("Protocol", all(&|run| run.record.protocol.clone())),
        ("Hardware", all(&|run| run.record.hardware.clone())),
        ("Versions", all(&|run| run.record.versions.clone())),
    ]
}

/// Means of some columns, of rows that have them.
fn heat_map(rows: &[Row], columns: std::ops::Range<usize>, title: &str, column_label: &str) -> HeatMap {
    let has_all = |row: &&Row| columns.clone().all(|column| !row.numbers[column].0.is_empty());
    let known: Vec<&Row> = rows.iter().filter(has_all).collect();
    let means = |row: &&Row| columns.clone().filter_map(|column| row.numbers[column].mean()).collect();
    HeatMap {
        title: format!("{title} (%)"),
        row_label: "method".to_string(),
        column_label: column_label.to_string(),
        rows: known.iter().map(|row| row.name.clone()).collect(),
        columns: COLUMNS[columns.clone()].iter().map(|name| name.trim_end_matches(" labels").to_string()).collect(),
        values: known.iter().map(means).collect(),
    }
}

fn neighbors(rows: &[Row]) -> Scatter {
    let points = |row: &Row| row.numbers[3].0.iter().copied().zip(row.numbers[4].0.iter().copied()).collect();
    Scatter {
        title: "Linear probe and neighbors".to_string(),
        x_label: "linear probe on block 4 (%)".to_string(),
        y_label: "kNN (%)".to_string(),
        // Baselines of other inputs would crowd the picture.
        groups: rows.iter().filter(|row| row.is_plain()).map(|row| (row.name.clone(), points(row))).collect(),
        lines: Vec::new(),
        equal: false,
    }
}
