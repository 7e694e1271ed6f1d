//! The solution's program of checks: it makes the cases, and judges what workers answered.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::process::within;
use super::tree::as_at_home;
use super::worker::{Cases, Recorded};
use crate::course::cargo;

/// How long the judge may take over one submission.
const DEADLINE: Duration = Duration::from_secs(300);
/// The most bytes that it prints.
const MOST_WORDS: u64 = 1 << 28;

/// Who knows what is right.
pub struct Judge {
    program: PathBuf,
    /// A number, or `golden`.
    seed: String,
    /// What every worker is asked.
    pub cases: Vec<Cases>,
}

/// All verdicts on one submission.
#[derive(Deserialize)]
pub struct Report {
    pub checks: Vec<Check>,
}

/// The verdict on one check.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Check {
    pub check: String,
    pub exercise: String,
    pub points: u32,
    pub worth: u32,
    pub status: String,
    /// The known mistake that was made, and what one believes who makes it.
    pub mistake: Option<String>,
    pub misconception: Option<String>,
    pub message: String,
}

impl Judge {
    /// Builds the checks of a solution, and has it make the cases of a seed.
    pub fn new(root: &Path, package: &str, seed: u64) -> Result<Self> {
        Self::with(program(root, package)?, Some(seed))
    }

    /// A program of checks as judge. Without a seed it knows the golden cases alone.
    pub fn with(program: PathBuf, seed: Option<u64>) -> Result<Self> {
        let seed = seed.map_or("golden".to_string(), |seed| seed.to_string());
        let output = Command::new(&program).args(["cases", &seed]).output().context("starting the judge")?;
        ensure!(output.status.success(), "the judge makes no cases: {}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).context("the judge's cases")?;
        let cases = lines.lines().map(|line| serde_json::from_str(line).context("the judge's cases"));
        Ok(Self { program, seed, cases: cases.collect::<Result<_>>()? })
    }

    /// Verdicts on what workers answered; `source` is where the submission's text lies.
    pub fn judge(&self, answers: &[Recorded], source: &Path) -> Result<Report> {
        let answers = serde_json::to_vec(answers)?;
        let mut command = Command::new(&self.program);
        command.args(["judge", &self.seed]).arg(source);
        let (reader, mut writer) = std::io::pipe().context("making a pipe")?;
        command.stdin(reader);
        let writing = thread::spawn(move || writer.write_all(&answers));
        let ended = within(&mut command, DEADLINE, MOST_WORDS)?;
        drop(command);
        ensure!(ended.status.is_some_and(|status| status.success()), "the judge failed: {}", ended.stderr.trim());
        writing.join().ok().context("telling the judge")?.context("telling the judge")?;
        serde_json::from_str(&as_at_home(ended.stdout.trim())).context("reading the judge's verdicts")
    }

    /// What verdicts depend on besides the submission: the judge, its seed and its cases.
    pub fn fingerprint(&self) -> Result<String> {
        let mut hash = Sha256::new();
        hash.update(fs::read(&self.program).context("reading the judge")?);
        hash.update(&self.seed);
        for of_check in &self.cases {
            of_check.cases.iter().for_each(|case| hash.update(case));
        }
        Ok(hex(&hash.finalize()))
    }
}

/// Bytes as letters.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A line of what cargo prints for programs that it has built.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
    fresh: bool,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// The program of a lab's checks.
pub struct Built {
    pub executable: PathBuf,
    /// Whether it was there already.
    pub fresh: bool,
}

/// The program of a lab's checks, by what cargo printed when it built them.
pub fn built(stdout: &str) -> Option<Built> {
    let lines = stdout.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    let mut checks = lines.filter(|artifact| artifact.target.name == "graded");
    checks.find_map(|artifact| Some(Built { executable: artifact.executable?, fresh: artifact.fresh }))
}

/// Builds the checks of a package and says where the program lies.
fn program(root: &Path, package: &str) -> Result<PathBuf> {
    let mut command = cargo(root);
    command.args(["test", "--no-run", "--quiet", "--message-format=json", "--package", package, "--test", "graded"]);
    let output = command.stderr(Stdio::inherit()).output().context("starting cargo")?;
    ensure!(output.status.success(), "the checks of {package} do not compile");
    let built = built(&String::from_utf8_lossy(&output.stdout));
    Ok(built.with_context(|| format!("{package} has no checks"))?.executable)
}
