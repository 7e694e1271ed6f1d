//! One table of all methods: `cargo run -p ssl-league -- DIR`, or at the end of `cargo lab run all`.
//!
//! DIR holds runs as `NN_method/seed_S`, each with its `evaluation.json`; what lab 08 measured of their backbones is in its `measures.json`.
//! Written are `index.html`, a table that sorts with plots and links to all pages, `league.csv`, `league.md`, `league.tex`, and `tables.json`: a
//! table for each lab as docs/results.md has it, and a short one of all methods.

mod number;
mod page;
mod runs;
mod table;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Parser;
use ssl_report::file::write_atomically;

/// One table of all methods from their finished runs
#[derive(Parser)]
struct Arguments {
    /// The folder of the runs: NN_method/seed_S in it
    folder: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(Arguments { folder }: &Arguments) -> anyhow::Result<()> {
    let runs = runs::read(folder)?;
    ensure!(
        !runs.is_empty(),
        "{}: expected finished runs as NN_method/seed_S/evaluation.json, found none",
        folder.display()
    );
    let rows = table::rows(&runs);
    let plain: Vec<table::Row> = rows.iter().filter(|row| row.is_plain()).cloned().collect();
    let mut tables = table::of_labs(&runs);
    tables.insert("methods".to_string(), text::markdown(&plain, &table::LAST_BLOCK).trim_end().to_string());
    for (name, text) in [
        ("league.csv", text::csv(&rows)),
        ("league.md", text::markdown(&rows, &text::filled(&rows))),
        ("league.tex", text::latex(&rows)),
        ("tables.json", serde_json::to_string_pretty(&tables)?),
    ] {
        let path = folder.join(name);
        write_atomically(&path, text.as_bytes()).with_context(|| format!("writing {}", path.display()))?;
    }
    let page = page::write(folder, &runs, &rows)?;
    println!("{} methods, {} runs: {}", rows.len(), runs.len(), page.display());
    Ok(())
}
