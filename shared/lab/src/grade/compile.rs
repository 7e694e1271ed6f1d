//! From a submission's text to a program of its checks: by a compiler that is confined and has a deadline.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::confine::Limits;
use super::judge::built;
use super::process::{Ended, within};
use super::tree::{Tree, as_at_home};
use super::{gate, stumbles};

/// How long the compiler may take over a submission.
pub const DEADLINE: Duration = Duration::from_secs(120);
/// How long it may take over the lab itself: the first build of a machine compiles Candle.
pub const FIRST: Duration = Duration::from_secs(3600);
/// The most bytes that are kept of what it says.
const MOST_WORDS: u64 = 1 << 23;
/// The most errors that a student is shown.
const MOST_ERRORS: usize = 3;

/// What came of it.
pub enum Compiled {
    /// The program of the checks.
    Program(PathBuf),
    /// It uses what it may not.
    Rejected(String),
    /// It does not compile: what the compiler says.
    Failed(String),
}

/// Compiles the text in the tree: first past the gate, then to a program. `target` is where builds are kept.
pub fn compile(tree: &Tree, package: &str, target: &Path, source: &str, deadline: Duration) -> Result<Compiled> {
    if let Some(word) = gate::banned(source) {
        return Ok(Compiled::Rejected(format!("`{word}` may not be used in a submission")));
    }
    let is_new = tree.put(source)?;
    let mut clippy = vec!["clippy", "--package", package, "--lib", "--no-deps", "--", "-Awarnings"];
    clippy.extend(gate::FORBIDDEN.iter().flat_map(|lint| ["-F", lint]));
    if let Err(refusal) = outcome(&cargo(tree, target, &clippy, deadline)?) {
        return Ok(refusal);
    }
    let build = ["test", "--no-run", "--package", package, "--test", "graded"];
    let ended = cargo(tree, target, &build, deadline)?;
    if let Err(refusal) = outcome(&ended) {
        return Ok(refusal);
    }
    let built = built(&ended.stdout).context("cargo names no program")?;
    // On a file system with coarse times cargo may take a new text for the one before: nobody gets another's points.
    ensure!(!(is_new && built.fresh), "cargo has not compiled the submission: do files here have times of their own?");
    Ok(Compiled::Program(built.executable))
}

/// Cargo, offline, with a pristine lock file, confined to what a compiler needs.
fn cargo(tree: &Tree, target: &Path, arguments: &[&str], deadline: Duration) -> Result<Ended> {
    let home = |variable: &str, folder: &str| {
        env::var_os(variable)
            .map_or_else(|| PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(folder), PathBuf::from)
    };
    let (cargo_home, rustup_home) = (home("CARGO_HOME", ".cargo"), home("RUSTUP_HOME", ".rustup"));
    let temporary = target.join("grading/tmp");
    std::fs::create_dir_all(&temporary).with_context(|| format!("making {}", temporary.display()))?;
    let program = env::var("CARGO").unwrap_or("cargo".to_string());
    let (first, rest) = arguments.split_first().context("no command for cargo")?;
    let mut words = vec![program, first.to_string()];
    words.extend(["--offline", "--locked", "--quiet", "--message-format=json"].map(str::to_string));
    words.extend(rest.iter().map(|word| word.to_string()));
    let mut read = vec![tree.root.clone(), cargo_home, rustup_home, "/proc".into(), "/etc/passwd".into()];
    // Cargo reads the settings of all folders above.
    read.extend(tree.root.ancestors().map(|folder| folder.join(".cargo")));
    let limits = Limits {
        read,
        write: vec![target.to_path_buf(), temporary.clone(), "/dev/null".into()],
        memory: 16 << 30,
        seconds: 4 * deadline.as_secs(),
        file: 2 << 30,
        program: words,
        ..Limits::default()
    };
    let mut command: Command = limits.command()?;
    command.current_dir(&tree.root).env("TMPDIR", &temporary).env("CARGO_TARGET_DIR", target);
    command.env("CLIPPY_CONF_DIR", &tree.gate).env("CARGO_TERM_COLOR", "never");
    within(&mut command, deadline, MOST_WORDS)
}

/// A line of what cargo prints for programs.
#[derive(Deserialize)]
struct Message {
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    code: Option<Code>,
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

fn messages(stdout: &str) -> impl Iterator<Item = Message> {
    stdout.lines().filter_map(|line| serde_json::from_str(line).ok())
}

/// What a run of cargo that failed says of the submission.
fn outcome(ended: &Ended) -> Result<(), Compiled> {
    let Some(status) = ended.status else {
        let words = "the compiler was not done in time: does a macro call itself, or a constant compute for ever?";
        return Err(Compiled::Failed(words.to_string()));
    };
    if status.success() {
        return Ok(());
    }
    let is_error = |diagnostic: &Diagnostic| diagnostic.level.starts_with("error") && diagnostic.rendered.is_some();
    let errors: Vec<Diagnostic> =
        messages(&ended.stdout).filter_map(|message| message.message).filter(is_error).collect();
    let code = |diagnostic: &Diagnostic| diagnostic.code.as_ref().map_or(String::new(), |code| code.code.clone());
    let is_forbidden = |diagnostic: &&Diagnostic| {
        let code = code(diagnostic);
        gate::FORBIDDEN.contains(&code.as_str()) || code == "E0453"
    };
    let text = |errors: &mut dyn Iterator<Item = &Diagnostic>| {
        let shown = errors.filter_map(|error| {
            let rendered = error.rendered.as_deref()?.trim();
            // "aborting due to 2 previous errors" helps nobody.
            let rendered = as_at_home(rendered);
            (!rendered.starts_with("error: aborting")).then(|| stumbles::explained(&code(error), &rendered))
        });
        shown.take(MOST_ERRORS).collect::<Vec<_>>().join("\n\n")
    };
    if errors.iter().any(|error| is_forbidden(&error)) {
        return Err(Compiled::Rejected(text(&mut errors.iter().filter(is_forbidden))));
    }
    let words = text(&mut errors.iter());
    Err(Compiled::Failed(if words.is_empty() { ended.stderr.trim().to_string() } else { words }))
}

/// Makes sure that what students began with compiles, so that no submission is blamed for a fault of the machine.
pub fn rehearse(tree: &Tree, package: &str, target: &Path, stub: &str) -> Result<PathBuf> {
    match compile(tree, package, target, stub, FIRST)? {
        Compiled::Program(path) => Ok(path),
        Compiled::Rejected(words) | Compiled::Failed(words) => {
            bail!("the lab itself does not compile in the tree for submissions: {words}")
        }
    }
}
