//! One run: whether it is finished, and how it is started.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::plan::Job;
use crate::course::cargo_run;

/// What is kept of a run in its folder, to know it again.
#[derive(Serialize, Deserialize)]
struct Kept {
    flags: Vec<String>,
    /// How long it took; none until it is finished.
    seconds: Option<f64>,
}

impl Job {
    fn kept(&self) -> Option<Kept> {
        let text = fs::read_to_string(self.folder.join("job.json")).ok()?;
        serde_json::from_str(&text).ok().filter(|kept: &Kept| kept.flags == self.flags)
    }

    fn keep(&self, seconds: Option<f64>) -> Result<()> {
        let path = self.folder.join("job.json");
        let kept = Kept { flags: self.flags.clone(), seconds };
        // Whole or not at all, like everything that tells what is finished.
        let partial = path.with_extension("partial");
        fs::write(&partial, serde_json::to_string_pretty(&kept)?)
            .and_then(|()| fs::rename(&partial, &path))
            .with_context(|| format!("writing {}", path.display()))
    }

    /// How long it took, if it was finished with the same flags before.
    pub fn finished(&self) -> Option<f64> {
        self.kept()?.seconds.filter(|_| self.folder.join("evaluation.json").is_file())
    }

    /// Trains and evaluates; `further` are flags that earlier runs decide on, `heard` is told every line that it prints.
    pub fn run(&self, root: &Path, further: &[String], heard: &dyn Fn(&str)) -> Result<f64> {
        let of_folder = || format!("making the folder {}", self.folder.display());
        fs::create_dir_all(&self.folder).with_context(of_folder)?;
        // A run whose parent was killed ends at the next line that it prints.
        File::create(self.folder.join(".lock")).and_then(|file| file.lock()).with_context(of_folder)?;
        // What is finished is asked for again; what was interrupted goes on.
        let begun = self.kept().is_some_and(|kept| kept.seconds.is_none());
        self.keep(None)?;
        let start = Instant::now();
        if !begun || self.start(root, further, true, heard).is_err() {
            self.start(root, further, false, heard)?;
        }
        let seconds = start.elapsed().max(Duration::from_millis(1)).as_secs_f64();
        self.keep(Some(seconds))?;
        Ok(seconds)
    }

    fn start(&self, root: &Path, further: &[String], resume: bool, heard: &dyn Fn(&str)) -> Result<()> {
        let path = self.folder.join("log.txt");
        let mut log = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
        let mut command = cargo_run(root, &self.package);
        command.args(&self.flags).args(further);
        command.arg("--out").arg(&self.folder).args(resume.then_some("--resume"));
        let mut child = command.stdout(Stdio::piped()).stderr(log.try_clone()?).spawn().context("starting cargo")?;
        for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
            let line = line.context("reading what the run prints")?;
            writeln!(log, "{line}").with_context(|| format!("writing {}", path.display()))?;
            heard(&line);
        }
        if child.wait().context("waiting for the run")?.success() {
            return Ok(());
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let error = text.lines().rev().find(|line| line.starts_with("error:")).unwrap_or("it failed");
        bail!("{} (all it said: {})", error.trim_start_matches("error: "), path.display())
    }
}
