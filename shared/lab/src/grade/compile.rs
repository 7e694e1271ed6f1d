//! From a submission's text to a program of its checks: by a compiler that is confined and has a deadline.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::confine::Limits;
use super::judge::built;
use super::process::{Ended, within};
use super::tree::{Tree, as_at_home};
use super::words::words;
use super::{gate, stumbles};
use crate::course::cargo_program;

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

/// Compiles the text in the tree: first past the gate, then to a program. An error is the grader's own.
pub fn compile(tree: &Tree, source: &str, deadline: Duration) -> Result<Compiled> {
    let words = match words(source) {
        Ok(words) => words,
        Err(reason) => return Ok(Compiled::Rejected(reason.to_string())),
    };
    if let Some(word) = words.as_deref().and_then(gate::banned) {
        return Ok(Compiled::Rejected(format!("`{word}` may not be used in a submission")));
    }
    let is_new = tree.put(source)?;
    let mut clippy = vec!["clippy", "--package", &tree.package, "--lib", "--no-deps", "--", "-Awarnings"];
    clippy.extend(gate::FORBIDDEN.iter().flat_map(|lint| ["-F", lint]));
    if let Some(refusal) = refusal(tree, &cargo(tree, &clippy, deadline)?)? {
        return Ok(refusal);
    }
    if words.is_none() {
        // A text that the compiler understands and the gate does not hides something.
        return Ok(Compiled::Rejected("the text does not begin or end as Rust does".to_string()));
    }
    let build = ["test", "--no-run", "--package", &tree.package, "--test", "graded"];
    let ended = cargo(tree, &build, deadline)?;
    if let Some(refusal) = refusal(tree, &ended)? {
        return Ok(refusal);
    }
    let built = built(&ended.stdout).context("cargo names no program")?;
    // On a file system with coarse times cargo may take a new text for the one before: nobody gets another's points.
    ensure!(!(is_new && built.fresh), "cargo has not compiled the submission: do files here have times of their own?");
    Ok(Compiled::Program(built.executable))
}

/// Makes sure that what students began with compiles, so that no submission is blamed for a fault of the machine.
pub fn rehearse(tree: &Tree) -> Result<PathBuf> {
    match compile(tree, &tree.stub, FIRST)? {
        Compiled::Program(program) => Ok(program),
        Compiled::Rejected(words) | Compiled::Failed(words) => {
            bail!("the lab itself does not compile in the tree for submissions: {words}")
        }
    }
}

/// What the compiler is given of the grader's environment; a submission might ask for all of it.
const ENVIRONMENT: [&str; 4] = ["PATH", "HOME", "LANG", "RUSTUP_TOOLCHAIN"];

/// Cargo, offline, with a pristine lock file, confined to what a compiler needs.
fn cargo(tree: &Tree, arguments: &[&str], deadline: Duration) -> Result<Ended> {
    let home = env::home_dir().context("no home folder, where cargo keeps its registry")?;
    let of = |variable: &str, folder: &str| env::var_os(variable).map_or_else(|| home.join(folder), PathBuf::from);
    let (cargo_home, rustup_home) = (of("CARGO_HOME", ".cargo"), of("RUSTUP_HOME", ".rustup"));
    let (first, rest) = arguments.split_first().context("no command for cargo")?;
    let mut words = vec![cargo_program(), first.to_string()];
    words.extend(["--offline", "--locked", "--quiet", "--message-format=json"].map(str::to_string));
    words.extend(rest.iter().map(|word| word.to_string()));
    let mut read = vec![tree.root.clone(), rustup_home.clone(), tree.sysroot.clone()];
    read.extend(["registry", "git", "bin", "config.toml"].map(|part| cargo_home.join(part)));
    read.push("/proc".into());
    // Cargo reads the settings of all folders above.
    read.extend(tree.root.ancestors().map(|folder| folder.join(".cargo/config.toml")));
    let temporary = tree.temporary();
    let write = vec![tree.target.join("debug"), temporary.clone(), "/dev/null".into()];
    let seconds = 4 * deadline.as_secs();
    let limits = Limits { read, write, memory: 8 << 30, seconds, file: 2 << 30, program: words, ..Limits::default() };
    let mut command: Command = limits.command()?;
    let kept = ENVIRONMENT.iter().filter_map(|name| Some((name, env::var_os(name)?)));
    command.env_clear().envs(kept).env("CARGO_HOME", cargo_home).env("RUSTUP_HOME", rustup_home);
    command.env("TMPDIR", temporary).env("CARGO_TARGET_DIR", &tree.target).env("CLIPPY_CONF_DIR", tree.gate());
    command.current_dir(&tree.root).env("CARGO_TERM_COLOR", "never");
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
    spans: Vec<Span>,
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
}

impl Diagnostic {
    fn code(&self) -> &str {
        self.code.as_ref().map_or("", |code| &code.code)
    }

    /// Whether it is an error that stands somewhere in a text.
    fn is_error(&self) -> bool {
        self.level.starts_with("error") && !self.spans.is_empty()
    }

    /// Whether it is about a file that is none of the lab's: a submission has led the compiler there.
    fn is_elsewhere(&self) -> bool {
        !self.spans.iter().any(|span| span.file_name.contains("labs/"))
    }

    /// Whether it is only what clippy would have otherwise: a submission's own wish, which cargo does not know.
    fn is_style(&self) -> bool {
        self.code().starts_with("clippy::") && !self.is_forbidden()
    }

    fn is_forbidden(&self) -> bool {
        gate::FORBIDDEN.contains(&self.code()) || self.code() == "E0453"
    }
}

/// What a run of cargo says against the submission, if anything. What is not about the lab's files is the grader's own fault.
fn refusal(tree: &Tree, ended: &Ended) -> Result<Option<Compiled>> {
    let Some(status) = ended.status else { return too_slow(tree).map(Some) };
    if status.success() {
        return Ok(None);
    }
    let lines = ended.stdout.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let errors: Vec<Diagnostic> = lines.filter_map(|line| line.message).filter(Diagnostic::is_error).collect();
    ensure!(!errors.is_empty(), "cargo failed without an error in the submission: {}", ended.stderr.trim());
    if errors.iter().any(Diagnostic::is_elsewhere) {
        return Ok(Some(Compiled::Rejected("it leads the compiler to other files than src/lib.rs".to_string())));
    }
    let errors: Vec<Diagnostic> = errors.into_iter().filter(|error| !error.is_style()).collect();
    if errors.is_empty() {
        return Ok(None);
    }
    let text = |errors: &mut dyn Iterator<Item = &Diagnostic>| {
        let explained = |error: &Diagnostic| {
            stumbles::explained(error.code(), as_at_home(error.rendered.as_deref().unwrap_or_default()).trim())
        };
        errors.take(MOST_ERRORS).map(explained).collect::<Vec<_>>().join("\n\n")
    };
    Ok(Some(if errors.iter().any(Diagnostic::is_forbidden) {
        Compiled::Rejected(text(&mut errors.iter().filter(|error| error.is_forbidden())))
    } else {
        Compiled::Failed(text(&mut errors.iter()))
    }))
}

/// A submission is to blame for time that the lab itself does not take.
fn too_slow(tree: &Tree) -> Result<Compiled> {
    let check = ["check", "--package", &tree.package, "--lib"];
    tree.put(&tree.stub)?;
    let ended = cargo(tree, &check, DEADLINE)?;
    ensure!(ended.status.is_some(), "the compiler is too slow on this machine, or waits for another program's build");
    let words = "the compiler was not done in time: does a macro call itself, or a constant compute for ever?";
    Ok(Compiled::Failed(words.to_string()))
}
