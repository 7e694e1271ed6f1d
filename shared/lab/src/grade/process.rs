//! A program with a deadline, of whose output only so much is kept.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How a program ended, and what it printed.
pub struct Ended {
    /// None where the deadline passed and it was killed.
    pub status: Option<ExitStatus>,
    pub stdout: String,
    pub stderr: String,
}

/// Bytes that nobody can guess.
pub fn secret<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes)).context("drawing a secret")?;
    Ok(bytes)
}

/// Prepares a program so that it and all that it starts can be ended together.
pub fn own_group(command: &mut Command) -> &mut Command {
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped())
}

/// Runs a program until it ends or the deadline passes.
pub fn within(command: &mut Command, limit: Duration, most: u64) -> Result<Ended> {
    let mut child = own_group(command).spawn().with_context(|| format!("starting {:?}", command.get_program()))?;
    let (stdout, stderr) = (kept(child.stdout.take(), most), kept(child.stderr.take(), most));
    let status = until(&mut child, Instant::now() + limit)?;
    Ok(Ended { status, stdout: stdout.join().unwrap_or_default(), stderr: stderr.join().unwrap_or_default() })
}

/// Waits, and kills the whole group when the deadline has passed.
pub fn until(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>> {
    let mut pause = Duration::from_millis(1);
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().context("waiting for a program")? {
            return Ok(Some(status));
        }
        thread::sleep(pause);
        pause = (2 * pause).min(Duration::from_millis(20));
    }
    let group = format!("-{}", child.id());
    // A program may have left its group, and `kill` may be missing: the program itself ends in any case.
    let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    child.kill().context("ending a program")?;
    child.wait().context("waiting for a program")?;
    Ok(None)
}

/// Reads to the end on a thread of its own, and keeps the first bytes.
pub fn kept(from: Option<impl Read + Send + 'static>, most: u64) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            // What comes after the limit is read, so that the program does not stand still, and dropped.
            let _ = (&mut from).take(most).read_to_end(&mut bytes);
            let _ = io::copy(&mut from, &mut io::sink());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// As [`kept`], of the last bytes.
pub fn last(from: Option<impl Read + Send + 'static>, most: usize) -> JoinHandle<String> {
    thread::spawn(move || {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        let Some(mut from) = from else { return String::new() };
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..count]);
            bytes.drain(..bytes.len().saturating_sub(most));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
