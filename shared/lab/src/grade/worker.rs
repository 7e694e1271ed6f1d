//! One check of a submission, in a process that has nothing but a socket to answer on.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};

use super::confine::Limits;
use super::process::{last, own_group, secret, until};

/// The most bytes that are kept of what a submission prints: the last ones.
const MOST_WORDS: usize = 1 << 14;
/// The most bytes of all answers to one check: many times what the largest right ones have.
const MOST_BYTES: u64 = 1 << 23;
/// How many times longer than it may compute a check may last, beside other programs.
const PATIENCE: u32 = 4;
/// Bytes of the secret that answers begin with.
const SECRET: usize = 16;

/// What a check's worker is asked, as the judge's program prints it.
#[derive(Clone, Deserialize)]
pub struct Cases {
    pub check: String,
    pub cases: Vec<String>,
}

/// What came of it, as the judge's program reads it.
#[derive(Serialize)]
pub struct Recorded {
    check: String,
    answers: Vec<String>,
    ending: Ending,
    words: String,
}

#[derive(Serialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Ending {
    Done,
    Timeout,
    OutOfMemory,
    Crash,
}

/// Runs a check in the program of a submission, which may compute for `limit`, all its cases together. An error is the grader's own.
pub fn ask(program: &Path, cases: &Cases, limit: Duration, memory: u64) -> Result<Recorded> {
    let (ours, theirs) = UnixStream::pair().context("making a socket")?;
    let wall = PATIENCE * limit;
    let mut command = confined(program, &cases.check, limit, memory)?;
    let mut child = own_group(command.stdin(OwnedFd::from(theirs))).spawn().context("starting a worker")?;
    // The other end must not stay open here, or the answers would never end.
    drop(command);
    let (stdout, stderr) = (last(child.stdout.take(), 0), last(child.stderr.take(), MOST_WORDS));
    let secret: [u8; SECRET] = secret()?;
    let question = question(&secret, cases)?;
    let to = ours.try_clone().context("the worker's socket")?;
    let asking = thread::spawn(move || (&to).write_all(&question));
    let answering = thread::spawn(move || answers(ours, &secret));
    let status = until(&mut child, Instant::now() + wall)?;
    // A worker that has ended no longer reads; what it did not want to hear is no error.
    let _ = asking.join();
    let answers = answering.join().ok().flatten();
    let _ = stdout.join();
    let stderr = stderr.join().unwrap_or_default();
    // It says the secret before it calls anything that a student wrote.
    let answers = answers.with_context(|| format!("a worker did not begin: {}", stderr.trim()))?;
    let (ending, words) = ending(status, &stderr)?;
    Ok(Recorded { check: cases.check.clone(), answers, ending, words })
}

/// The program as a worker, which has nothing but its own file and the system's libraries.
fn confined(program: &Path, check: &str, limit: Duration, memory: u64) -> Result<Command> {
    let seconds = limit.as_secs().max(1);
    let case = (u64::from(PATIENCE) * seconds).to_string();
    let words = [program.display().to_string(), "worker".to_string(), check.to_string(), case];
    let read = vec![program.to_path_buf()];
    let limits = Limits { read, memory, seconds, alone: true, program: words.to_vec(), ..Limits::default() };
    let mut command = limits.command()?;
    command.env_clear().env("RUST_BACKTRACE", "1").env("RAYON_NUM_THREADS", "1").current_dir("/");
    Ok(command)
}

/// The secret, how many cases, and each with its length.
fn question(secret: &[u8], cases: &Cases) -> Result<Vec<u8>> {
    let mut bytes = secret.to_vec();
    bytes.extend((cases.cases.len() as u64).to_le_bytes());
    for case in &cases.cases {
        let case = BASE64.decode(case).context("a case that is not base64")?;
        bytes.extend((case.len() as u64).to_le_bytes());
        bytes.extend(case);
    }
    Ok(bytes)
}

/// The answers that begin with the secret, until something else comes; none where not even the secret came.
fn answers(from: UnixStream, secret: &[u8]) -> Option<Vec<String>> {
    let mut from = from.take(MOST_BYTES);
    let mut hello = [0; SECRET];
    from.read_exact(&mut hello).ok().filter(|()| hello == *secret)?;
    let mut found = Vec::new();
    let mut head = [0; SECRET + 8];
    while from.read_exact(&mut head).is_ok() && head[..SECRET] == *secret {
        let mut length = [0; 8];
        length.copy_from_slice(&head[SECRET..]);
        let length = u64::from_le_bytes(length);
        let mut answer = Vec::new();
        let read = (&mut from).take(length).read_to_end(&mut answer);
        if read.is_err() || answer.len() as u64 != length {
            break;
        }
        found.push(BASE64.encode(answer));
    }
    Some(found)
}

/// What is known of how a worker ended.
fn ending(status: Option<ExitStatus>, stderr: &str) -> Result<(Ending, String)> {
    let Some(status) = status else { return Ok((Ending::Timeout, String::new())) };
    let lines: Vec<&str> = stderr.lines().collect();
    let end = lines[lines.len().saturating_sub(3)..].join("\n");
    Ok(match status.signal() {
        // It has computed longer than any check may.
        Some(libc::SIGXCPU) => (Ending::Timeout, String::new()),
        Some(libc::SIGKILL) => bail!("the system killed a worker: is there enough memory for --jobs?"),
        Some(_) if stderr.contains("memory allocation of") => (Ending::OutOfMemory, String::new()),
        Some(_) if stderr.contains("has overflowed its stack") => {
            (Ending::Crash, "its stack overflowed: does every recursion end?".to_string())
        }
        Some(signal) => (Ending::Crash, format!("signal {signal}\n{end}")),
        None if status.success() => (Ending::Done, "the program ended before it had answered".to_string()),
        None => (Ending::Done, format!("the program ended with {status}\n{end}")),
    })
}
