//! What one needs to know of a machine to read a run's numbers.

use std::path::Path;
use std::{env, fs, thread};

use anyhow::Context;
use candle_core::Device;
use ssl_nn::params::fnv1a;

/// How this program was started, as one would type it.
pub fn command() -> String {
    let mut args = env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    let program = args.next().unwrap_or_default();
    let name = Path::new(&program).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let quoted = |arg: String| if arg.contains(char::is_whitespace) { format!(" '{arg}'") } else { format!(" {arg}") };
    let rest: String = args.map(quoted).collect();
    let features = if cfg!(feature = "cuda") { " --features cuda" } else { "" };
    let separator = if rest.is_empty() { "" } else { " --" };
    format!("cargo run -p {name}{features}{separator}{rest}")
}

/// A fingerprint of this program's file: another build of it, or another lab's, may train in another way.
///
/// # Errors
/// A file that can't be read.
pub fn program() -> anyhow::Result<String> {
    let path = env::current_exe().context("looking for this program's file")?;
    let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(format!("{:016x}", fnv1a(bytes)))
}

/// The processor, and where training took place.
pub fn hardware(device: &Device) -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let cpu = fs::read_to_string("/proc/cpuinfo").ok().and_then(|info| {
        let line = info.lines().find(|line| line.starts_with("model name"))?.to_string();
        Some(line.split_once(':')?.1.trim().to_string())
    });
    let cpu = cpu.unwrap_or_else(|| env::consts::ARCH.to_string());
    let kind = if device.is_cpu() { "CPU" } else { "CUDA" };
    format!("trained on {kind}; {cpu}, {cores} threads, {}", env::consts::OS)
}

/// Versions as the lock file that this program was built with has them.
pub fn versions() -> String {
    let lock = include_str!("../../../Cargo.lock");
    let version = |name: &str| {
        let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{name}\"\n")))?;
        Some(entry.split("version = \"").nth(1)?.split('"').next()?.to_string())
    };
    let course = format!("course {}", env!("CARGO_PKG_VERSION"));
    let candle = version("candle-core").map_or(String::new(), |version| format!(", candle {version}"));
    format!("{course}{candle}")
}
