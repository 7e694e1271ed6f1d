//! From the command line to an experiment, and how it ends.

use std::panic;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::Settings;

/// Reads the flags and runs the experiment. An error or a panic is one line on the terminal, whatever the environment says of
/// backtraces.
pub fn launch<S: Settings>(experiment: impl FnOnce(&S) -> anyhow::Result<()>) -> ExitCode {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(String::new(), |place| format!(" ({}:{})", place.file(), place.line()));
        eprintln!("error: {}{place}", panic.payload_as_str().unwrap_or("the program panicked"));
    }));
    let settings = match S::try_parse() {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    match experiment(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Candle's errors bring their backtrace as part of the message.
            let message = format!("{error:#}");
            eprintln!("error: {}", message.split("\n   0: ").next().unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

fn refuse(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        print!("{error}");
        return ExitCode::SUCCESS;
    }
    // What follows the first line says how to get help.
    eprintln!("{}", error.to_string().lines().next().unwrap_or_default());
    ExitCode::from(2)
}
