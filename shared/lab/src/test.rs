//! `cargo lab test`: a lab's checks, here or as they run when it is graded.

use anyhow::{Context, Result, ensure};

use crate::course::{Course, Lab, cargo};

pub fn run(course: &Course, lab: &Lab, as_server: bool) -> Result<()> {
    if as_server {
        return graded(course, lab);
    }
    let status = cargo(&course.root).args(["test", "-p", lab.package()]).status().context("starting cargo")?;
    ensure!(status.success(), "not all checks pass");
    Ok(())
}

#[cfg(target_os = "linux")]
fn graded(course: &Course, lab: &Lab) -> Result<()> {
    crate::grade::own::run(course, lab)
}

#[cfg(not(target_os = "linux"))]
fn graded(_: &Course, _: &Lab) -> Result<()> {
    anyhow::bail!("submissions are confined by means of Linux only: run it there, or without --as-server")
}
