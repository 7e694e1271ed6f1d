//! From the command line to an experiment, and how it ends.

use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use std::{env, panic, thread};

use clap::Parser;
use clap::error::ErrorKind;
use ssl_nn::collective::{self, Solo};

use crate::memory;
use crate::ranks::Done;

/// Reads the flags and runs the experiment. An error or a panic is one line on the terminal, whatever the environment says of
/// backtraces.
pub fn launch<S: Parser>(experiment: impl FnOnce(&S) -> anyhow::Result<()>) -> ExitCode {
    say_how_many_threads();
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(String::new(), |place| format!(" ({}:{})", place.file(), place.line()));
        eprintln!("error: {}{place}", panic.payload_as_str().unwrap_or("the program panicked"));
        let ranks = collective::world();
        if ranks.size() > 1 {
            ranks.abort();
        }
    }));
    let settings = match S::try_parse() {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    let result = collective::start().and_then(|()| experiment(&settings));
    let code = match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Done>() => ExitCode::SUCCESS,
        Err(error) => {
            fail(&error);
            ExitCode::FAILURE
        }
    };
    // The last words to the others, if there are any.
    collective::join(Rc::new(Solo));
    code
}

/// Says what is wrong. Where several ranks train, ends them all.
fn fail(error: &anyhow::Error) {
    let ranks = collective::world();
    // What is wrong with the flags or the data is wrong everywhere: the first rank is given time to say it for all.
    if ranks.rank() > 0 {
        thread::sleep(Duration::from_secs(1));
    }
    // Candle's errors bring their backtrace as part of the message.
    let message = format!("{error:#}");
    let message = message.split("\n   0: ").next().unwrap_or_default();
    eprintln!("error: {}{message}", memory::advice(message).map_or(String::new(), |advice| format!("{advice}: ")));
    if ranks.size() > 1 {
        ranks.abort();
    }
}

/// Where the variable is not set, Candle asks the system for the number of cores at every matrix product, and small ones take longer to ask
/// than to compute.
#[allow(unsafe_code)]
fn say_how_many_threads() {
    const THREADS: &str = "RAYON_NUM_THREADS";
    if env::var_os(THREADS).is_none() {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        // SAFETY: a program calls `launch` first, before it starts a thread.
        unsafe { env::set_var(THREADS, cores.to_string()) };
    }
}

fn refuse(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        print!("{error}");
        return ExitCode::SUCCESS;
    }
    eprintln!("{}", one_line(error));
    ExitCode::from(2)
}

/// What is wrong with the flags and what was expected, without how to get help.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines =
        text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command};

    use super::one_line;

    #[test]
    fn a_refusal_is_one_line_with_what_was_expected() {
        let loss = Arg::new("loss").long("loss").value_parser(["triplet", "info-nce"]);
        let command = Command::new("lab").no_binary_name(true).arg(loss);
        let refusal = |flags: &[&str]| one_line(&command.clone().try_get_matches_from(flags).expect_err("refused"));
        let message = refusal(&["--loss", "foo"]);
        assert!(
            message.contains("'foo'") && message.contains("--loss") && message.contains("triplet, info-nce"),
            "{message}"
        );
        let message = refusal(&["--los", "triplet"]);
        assert!(message.contains("'--loss'") && !message.contains('\n'), "{message}");
    }
}
