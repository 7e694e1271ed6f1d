//! The parts that a lab's checks play when a class is graded: the same program, started with one of these words.
//!
//! ```text
//! solution: cases SEED             stdout: a JSON line for each check, with its cases
//! student:  worker CHECK SECONDS   stdin, a socket: cases come in, answers go out; each case may take so long
//! solution: judge SEED SOURCE      stdin: the answers to all checks; stdout: the report
//! ```
//!
//! A worker sees inputs only; what it says are values, and the judge alone knows which are right. Without the solution (on a student's
//! machine) both other parts take `golden` for the seed: then there are no fresh cases.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};

use crate::lab::Ask;
use crate::session::Fresh;
use crate::{Answer, Check, Lab, Session, Values};

/// What a worker is asked: a check's cases as bytes in base64, or how many bad inputs it has to try.
#[derive(Serialize, Deserialize)]
pub struct Cases {
    /// The check's name.
    pub check: String,
    /// Empty for each bad input, which the worker knows itself.
    pub cases: Vec<String>,
}

/// What came of a check in a worker.
#[derive(Serialize, Deserialize)]
pub struct Recorded {
    /// The check's name.
    pub check: String,
    /// Answers as bytes in base64, as far as they came.
    pub answers: Vec<String>,
    /// How the worker ended.
    pub ending: Ending,
    /// What is known of that.
    pub words: String,
}

/// How a worker ended.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// By itself.
    Done,
    /// It took too long.
    Timeout,
    /// It wanted too much memory.
    OutOfMemory,
    /// A signal ended it.
    Crash,
}

/// Prints the cases of all checks.
pub(crate) fn cases<E: Copy + Send + 'static>(session: &Session<E>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for check in &session.lab.checks {
        let cases = match check.ask {
            Ask::Refusals(inputs) => inputs.iter().map(|_| String::new()).collect(),
            Ask::Values { .. } => {
                let inputs = session.inputs(check)?;
                let bytes = inputs.iter().map(|case| Ok(BASE64.encode(case.to_bytes(Default::default())?)));
                bytes.collect::<anyhow::Result<_>>()?
            }
        };
        let line = serde_json::to_string(&Cases { check: check.id.to_string(), cases })?;
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Answers the cases of one check. Each answer begins with the secret that came before the cases: what else is written to the
/// socket is none. The secret alone comes first, and says that the worker has begun.
pub(crate) fn worker<E: Copy + Send + 'static>(
    lab: &Lab<E>,
    exercises: &E,
    check: &str,
    seconds: &str,
) -> anyhow::Result<()> {
    let seconds = seconds.parse().with_context(|| format!("expected seconds, got {seconds:?}"))?;
    let check = lab.checks.iter().find(|known| known.id == check).with_context(|| format!("no check {check:?}"))?;
    let mut socket = socket()?;
    let mut secret = [0; SECRET];
    socket.read_exact(&mut secret).context("reading the secret")?;
    socket.write_all(&secret).context("saying that the worker has begun")?;
    let count = number(&mut socket)?;
    let cases = (0..count).map(|_| bytes(&mut socket)).collect::<anyhow::Result<Vec<_>>>()?;
    for (place, case) in cases.iter().enumerate() {
        let answer = answer(check, exercises, place, case, Duration::from_secs(seconds))?;
        let bytes = answer.to_bytes()?;
        socket.write_all(&secret)?;
        socket.write_all(&(bytes.len() as u64).to_le_bytes())?;
        socket.write_all(&bytes)?;
        if answer.is_last() {
            break;
        }
    }
    Ok(())
}

/// Bytes of the secret.
pub const SECRET: usize = 16;
/// More than any case has.
const MOST_BYTES: u64 = 1 << 28;

fn answer<E: Copy + Send + 'static>(
    check: &Check<E>,
    exercises: &E,
    place: usize,
    case: &[u8],
    deadline: Duration,
) -> anyhow::Result<Answer> {
    Ok(match check.ask {
        Ask::Values { run, .. } => Answer::of(run, exercises, &Values::from_bytes(case)?.0, deadline),
        Ask::Refusals(inputs) => {
            let (_, call) = inputs.get(place).context("more cases than bad inputs")?;
            Answer::of_bad(*call, exercises, deadline)
        }
    })
}

#[cfg(unix)]
fn socket() -> anyhow::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned().context("standard input")?))
}

#[cfg(not(unix))]
fn socket() -> anyhow::Result<File> {
    anyhow::bail!("a worker needs a Unix socket")
}

fn number(from: &mut impl Read) -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes).context("reading cases")?;
    Ok(u64::from_le_bytes(bytes))
}

fn bytes(from: &mut impl Read) -> anyhow::Result<Vec<u8>> {
    let length = number(from)?;
    ensure!(length <= MOST_BYTES, "a case of {length} bytes, expected at most {MOST_BYTES}");
    let mut bytes = vec![0; length as usize];
    from.read_exact(&mut bytes).context("reading cases")?;
    Ok(bytes)
}

/// The session that judges what standard input says that workers answered.
pub(crate) fn judged<E: Copy + Send + 'static>(
    lab: Lab<E>,
    exercises: E,
    package: &Path,
    seed: Option<u64>,
    source: String,
) -> anyhow::Result<Session<E>> {
    let text = io::read_to_string(io::stdin()).context("reading the answers")?;
    let recorded: Vec<Recorded> = serde_json::from_str(&text).context("the answers of workers")?;
    let asked = with_seed(Session::with_source(lab.clone(), exercises, package, String::new())?, exercises, seed);
    let mut answers = Vec::new();
    for check in &lab.checks {
        let of_check = recorded.iter().find(|recorded| recorded.check == check.id);
        let recorded = of_check.with_context(|| format!("no answers to {}", check.id))?;
        let expected = match check.ask {
            Ask::Refusals(inputs) => inputs.len(),
            Ask::Values { .. } => asked.inputs(check)?.len(),
        };
        answers.push(complete(recorded, expected));
    }
    Ok(with_seed(Session::of_answers(lab, answers, package, source)?, exercises, seed))
}

/// The session with the fresh cases of a seed, if there is one.
pub(crate) fn with_seed<E: Copy + Send + 'static>(session: Session<E>, right: E, seed: Option<u64>) -> Session<E> {
    match seed {
        Some(seed) => session.with_fresh(Fresh { right, seed }),
        None => session,
    }
}

/// The answers of a worker, and for the first that is missing, why.
fn complete(recorded: &Recorded, expected: usize) -> Vec<Answer> {
    let read = |text: &String| {
        let answer = BASE64.decode(text).map_err(anyhow::Error::from).and_then(|bytes| Answer::from_bytes(&bytes));
        answer.map_or_else(|_| Answer::Missing("what came is no answer".to_string()), Answer::cut)
    };
    let mut answers: Vec<Answer> = recorded.answers.iter().take(expected).map(read).collect();
    if answers.len() < expected && !answers.last().is_some_and(Answer::is_last) {
        let words = recorded.words.clone();
        answers.push(match recorded.ending {
            Ending::Done => Answer::Missing(words),
            Ending::Timeout => Answer::TimedOut,
            Ending::OutOfMemory => Answer::OutOfMemory,
            Ending::Crash => Answer::Crashed(words),
        });
    }
    answers
}

/// `golden` or a number.
pub(crate) fn seed(word: &str) -> anyhow::Result<Option<u64>> {
    if word == "golden" {
        return Ok(None);
    }
    Ok(Some(word.parse().with_context(|| format!("expected a seed or `golden`, got {word:?}"))?))
}
