//! `cargo lab list`.

use anstyle::{AnsiColor, Style};
use anyhow::Result;

use crate::course::{Course, read};
use crate::handout::Handout;
use crate::hint;

const DONE: Style = AnsiColor::Green.on_default();

pub fn run(course: &Course) -> Result<()> {
    for lab in &course.labs {
        let title = Handout::read(lab)?.title;
        let left = read(&lab.folder.join("src/lib.rs"))?.matches("todo!(\"exercise ").count();
        let all = hint::exercises(lab)?.len();
        let progress = match left {
            0 => format!("{DONE}all {all} exercises written{DONE:#}"),
            _ => format!("{left} of {all} exercises to do"),
        };
        anstream::println!("{}  {:<14} {title}  ({progress})", lab.number(), lab.package());
    }
    anstream::println!("\nOpen labs/NN_topic/README.md, fill in src/lib.rs, run `cargo test -p TOPIC`.");
    Ok(())
}
