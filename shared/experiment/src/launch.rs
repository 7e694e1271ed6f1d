//! From the command line to an experiment, and how it ends.

use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::Settings;

/// Reads the flags and runs the experiment. An error is one line on the terminal, whatever the environment says of backtraces.
pub fn launch<S: Settings>(experiment: impl FnOnce(&S) -> anyhow::Result<()>) -> ExitCode {
    let settings = match S::try_parse() {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    match experiment(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
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
