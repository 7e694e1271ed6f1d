//! `cargo lab bundle`: what a grading service wants to be given.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::course::{Course, Lab, read};
use crate::release;

/// A service that grades.
#[derive(Clone, Copy, ValueEnum)]
pub enum Service {
    /// Gradescope's autograder: the whole course, graded on its servers
    Gradescope,
    /// GitHub Classroom's template: the students' copy, graded on every push by golden values
    Classroom,
}

/// Writes the service's archive.
pub fn run(course: &Course, service: Service, lab: &Lab, out: &Path) -> Result<()> {
    course.solutions()?;
    ensure!(!out.exists(), "{} is there already", out.display());
    let of_file = || format!("writing {}", out.display());
    // Whole or not at all.
    let partial = out.with_extension("partial");
    let mut archive = ZipWriter::new(File::create(&partial).with_context(of_file)?);
    match service {
        Service::Gradescope => gradescope(course, lab, &mut archive)?,
        Service::Classroom => classroom(course, lab, &mut archive)?,
    }
    archive.finish().with_context(of_file)?;
    fs::rename(&partial, out).with_context(of_file)?;
    println!("wrote {}", out.display());
    Ok(())
}

fn gradescope(course: &Course, lab: &Lab, archive: &mut ZipWriter<File>) -> Result<()> {
    for script in ["setup.sh", "run_autograder"] {
        let text = template(course, &format!("gradescope/{script}"), lab)?;
        put(archive, script, text.as_bytes(), PROGRAM)?;
    }
    for file in release::files(&course.root)? {
        put(archive, &format!("course/{file}"), &bytes(&course.root.join(&file))?, TEXT)?;
    }
    Ok(())
}

fn classroom(course: &Course, lab: &Lab, archive: &mut ZipWriter<File>) -> Result<()> {
    let folder = course.root.join("target/grading/classroom");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    for file in release::write(course, &folder)? {
        put(archive, &file, &bytes(&folder.join(&file))?, TEXT)?;
    }
    let workflow = template(course, "classroom/classroom.yml", lab)?;
    put(archive, ".github/workflows/classroom.yml", workflow.as_bytes(), TEXT)
}

/// Permissions of a file that is run, and of another.
const PROGRAM: u32 = 0o755;
const TEXT: u32 = 0o644;

fn put(archive: &mut ZipWriter<File>, name: &str, bytes: &[u8], permissions: u32) -> Result<()> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file(name, options.unix_permissions(permissions)).with_context(|| format!("packing {name}"))?;
    archive.write_all(bytes).with_context(|| format!("packing {name}"))
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// A script of the service, for this lab.
fn template(course: &Course, name: &str, lab: &Lab) -> Result<String> {
    let text = read(&course.root.join("shared/lab/bundle").join(name))?;
    // Points should not depend on the day that a compiler came out.
    let version = release::compiler()?;
    let version = version.split(' ').nth(1).context("rustc's version")?;
    Ok(text.replace("LAB", &lab.name).replace("RUST", version))
}
