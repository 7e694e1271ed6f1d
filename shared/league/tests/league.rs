//! From runs to tables, as somebody would make them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

fn evaluation(block_4: f64, knn: f64) -> Value {
    json!({ "linear_by_depth": [0.5, 0.6, 0.7, block_4], "knn": knn, "collapse_level": 0.25, "confusion": [[1]] })
}

fn run(folder: &Path, label: &str, seed: u64, sees: &str, method: (&str, f64)) -> Result<()> {
    let folder = folder.join(label).join(format!("seed_{seed}"));
    fs::create_dir_all(&folder)?;
    let named = |name: &str, evaluation: Value| json!({ "name": name, "evaluation": evaluation });
    let record = json!({
        "data": "toybox", "seed": seed, "sees": sees, "command": format!("cargo run -p {label}"), "protocol": "as ever", "hardware": "two cores",
        "versions": "course 1",
        "evaluations": [named("random", evaluation(0.3, 0.2)), named(method.0, evaluation(method.1, 0.4)), named("supervised", evaluation(0.9, 0.9))],
    });
    fs::write(folder.join("evaluation.json"), record.to_string())?;
    Ok(())
}

fn league(folder: &Path) -> Result<std::process::Output> {
    Ok(Command::new(env!("CARGO_BIN_EXE_ssl-league")).arg(folder).output()?)
}

#[test]
fn methods_stand_between_baselines_with_mean_and_deviation() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (seed, accuracy) in [(0, 0.50), (1, 0.53)] {
        run(folder.path(), "06_swav", seed, "RGB", ("SwAV", accuracy))?;
        run(folder.path(), "01_rotation", seed, "RGB", ("rotation", 0.6))?;
        run(folder.path(), "06_deepcluster", seed, "edges", ("DeepCluster", 0.7))?;
    }
    let measures = json!([["06_swav", { "fine_tuned": [0.1, 0.2, 0.3], "transfer": 0.4, "segmentation": 0.5, "boxes": [0.6, 0.7], "invariance": [0.8, 0.9, 1.0] }]]);
    run(folder.path(), "08_linear_probe", 0, "RGB", ("SwAV", 0.5))?;
    fs::write(folder.path().join("08_linear_probe/seed_0/measures.json"), measures.to_string())?;
    let output = league(folder.path())?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let markdown = fs::read_to_string(folder.path().join("league.md"))?;
    let names: Vec<&str> = markdown.lines().skip(2).filter_map(|line| line.split('|').nth(1)).map(str::trim).collect();
    assert_eq!(
        names,
        ["random", "random, edges", "rotation", "DeepCluster", "SwAV", "supervised", "supervised, edges"]
    );
    assert!(markdown.contains("| SwAV | 06 | 2 | 50.0 ± 0.0 | 60.0 ± 0.0 | 70.0 ± 0.0 | 51.5 ± 2.1 | 40.0 ± 0.0 | 0.25 ± 0.00 | 10.0 | 20.0 | 30.0 | 40.0 | 50.0 | 70.0 | 80.0 | 90.0 | 100.0 |"), "{markdown}");
    let csv = fs::read_to_string(folder.path().join("league.csv"))?;
    assert!(csv.contains("\"random, edges\",,2,"), "{csv}");
    let columns = |line: &str| line.replace("random, edges", "").replace("supervised, edges", "").matches(',').count();
    assert!(csv.lines().all(|line| columns(line) == columns(csv.lines().next().unwrap_or_default())), "{csv}");
    let latex = fs::read_to_string(folder.path().join("league.tex"))?;
    assert!(latex.contains("51.5 $\\pm$ 2.1") && latex.contains("1 \\% labels"), "{latex}");
    let tables: Value = serde_json::from_str(&fs::read_to_string(folder.path().join("tables.json"))?)?;
    let table = tables["06_swav"].as_str().unwrap_or_default();
    assert!(table.contains("| SwAV | 50.0 / 50.0 | 60.0 / 60.0 | 70.0 / 70.0 | 50.0 / 53.0 |"), "{table}");
    let page = fs::read_to_string(folder.path().join("index.html"))?;
    assert!(page.contains("<a href=\"06_swav/seed_1/index.html\">") && page.contains("<svg"));
    Ok(())
}

#[test]
fn a_folder_without_runs_and_a_damaged_record_are_one_clear_error() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let message = |output: std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message(league(folder.path())?).contains("expected finished runs"));
    run(folder.path(), "01_rotation", 0, "RGB", ("rotation", 0.6))?;
    let path = folder.path().join("01_rotation/seed_0/evaluation.json");
    fs::write(&path, "{")?;
    let text = message(league(folder.path())?);
    assert!(text.contains("evaluation.json is no record of a run") && text.lines().count() == 1, "{text}");
    Ok(())
}
