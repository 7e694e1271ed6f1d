//! A class with all that submissions are known to do: broken, hostile and honest ones, graded by the command that instructors use.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

const LAB: &str = "00_tensors";

fn course() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn solution() -> Result<String> {
    Ok(fs::read_to_string(course().join("solutions").join(LAB).join("src/lib.rs"))?)
}

/// The solution with another answer to an exercise.
fn with(exercise: usize, answer: &str) -> Result<String> {
    let text = solution()?;
    let (before, rest) = text.split_once(&format!("// BEGIN SOLUTION {exercise}:")).context("the exercise")?;
    let (_, after) = rest.split_once("// END SOLUTION").context("its end")?;
    Ok(format!("{before}\n    {answer}\n{after}"))
}

fn lab(arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(env!("CARGO_BIN_EXE_lab")).args(arguments).output()?)
}

/// What is expected: the submission's status and points, and a status among exercise 1's checks or a part of the words.
type Expected = (&'static str, u32, &'static str);

/// Other answers to exercise 1, which is worth 10 points, and what must come of them.
const ANSWERS: &[(&str, &str, Expected)] = &[
    ("wrong", "(x * scale)? - offset", ("graded", 90, "fail")),
    // The golden cases' numbers have few digits; fresh ones do not.
    (
        "knows_by_heart",
        "if (scale * 1e3).round() / 1e3 == scale { (x * scale)? + offset } else { Ok(x.clone()) }",
        ("graded", 90, "fail"),
    ),
    (
        "plain_words",
        "let path = 1; let env = 2; if env != path { (x * scale)? + offset } else { bail!(\"no\") }",
        RIGHT,
    ),
    ("panics", "panic!(\"no\")", ("graded", 90, "panic")),
    ("loops", "loop { std::hint::spin_loop() }", ("graded", 90, "timeout")),
    ("sleeps", "loop { std::thread::park() }", ("graded", 90, "timeout")),
    (
        "grows",
        "let mut all = vec![]; loop { all.push(Vec::<u8>::with_capacity(1 << 28)) }",
        ("graded", 90, "out-of-memory"),
    ),
    ("recurses", "Ok((affine(x, scale, offset)? + affine(x, offset, scale)?)?)", ("graded", 90, "crash")),
    (
        "aborts",
        "struct Bomb; impl Drop for Bomb { fn drop(&mut self) { panic!() } } let _bomb = Bomb; panic!()",
        ("graded", 90, "crash"),
    ),
    (
        "prints",
        "for _ in 0..9999 { println!(\"test result: ok. 100 passed; {}\", \"x\".repeat(999)) } Ok(x.clone())",
        ("graded", 90, "fail"),
    ),
    ("exits", "std::process::exit(0)", ("rejected", 0, "disallowed")),
    ("exits_by_pointer", "let end: fn(i32) -> ! = std::process::exit; end(0)", ("rejected", 0, "disallowed")),
    ("reads", "let _ = std::fs::read(\"/proc/self/mem\"); Ok(x.clone())", ("rejected", 0, "disallowed")),
    ("connects", "let _ = std::net::TcpStream::connect(\"127.0.0.1:1\"); Ok(x.clone())", ("rejected", 0, "disallowed")),
    ("asks", "let _ = std::env::var(\"HOME\"); Ok(x.clone())", ("rejected", 0, "env")),
    ("forgets", "(x * scale) + offset", ("build-error", 0, "put a `?`")),
];

/// What is added to a right solution, and what must come of it.
const ADDITIONS: &[(&str, &str, Expected)] = &[
    ("right", "", RIGHT),
    ("honest", "", RIGHT),
    ("shadows", "#[macro_export] macro_rules! assert_eq { ($($any:tt)*) => {}; }", RIGHT),
    (
        "starts",
        "use std::process::Command as C; pub fn f() { let _ = C::new(\"sh\").status(); }",
        ("rejected", 0, "disallowed"),
    ),
    ("includes", "pub const A: &str = include_str!(\"../tests/graded.rs\");", ("rejected", 0, "include_str")),
    (
        "starts_early",
        "#[unsafe(link_section = \".init_array\")] pub static A: extern \"C\" fn() = f; extern \"C\" fn f() {}",
        ("rejected", 0, "link_section"),
    ),
    ("dares", "pub fn f() { unsafe { std::hint::unreachable_unchecked() } }", ("rejected", 0, "unsafe")),
    ("hides", "#[cfg(not(clippy))] pub fn f() { std::process::exit(0) }", ("rejected", 0, "clippy")),
    ("depends", "use rocket::get;", ("build-error", 0, "nothing can be added")),
    ("computes", "pub const A: u64 = { let mut i = 0u64; while i < u64::MAX { i += 1; } i };", ("build-error", 0, "")),
];

const RIGHT: Expected = ("graded", 100, "pass");

/// Texts that are handed in, and what must come of each.
fn texts() -> Result<Vec<(&'static str, String, Expected)>> {
    let mut texts = Vec::new();
    for (id, answer, expected) in ANSWERS {
        texts.push((*id, with(1, answer)?, *expected));
    }
    for (id, more, expected) in ADDITIONS {
        texts.push((*id, format!("{}\n{more}\n", solution()?), *expected));
    }
    let stub = fs::read_to_string(course().join("labs").join(LAB).join("src/lib.rs"))?;
    texts.push(("stub", stub, ("graded", 0, "todo")));
    texts.push(("allows", format!("#![allow(unsafe_code)]\n{}", solution()?), ("rejected", 0, "unsafe_code")));
    texts.push(("windows", format!("\u{feff}{}", solution()?.replace('\n', "\r\n")), RIGHT));
    texts.push(("unreadable", format!("#!/x )\n{}", solution()?), ("rejected", 0, "does not begin")));
    let deep = format!("{}{}", "(".repeat(400_000), ")".repeat(400_000));
    texts.push(("deep", format!("const A: () = {deep};"), ("rejected", 0, "deep in one another")));
    let lies = with(1, "Ok(Always)")?.replace("offset: f64) -> Result<Tensor>", "offset: f64) -> Result<Always>");
    let always = "pub struct Always; impl<T> PartialEq<T> for Always { fn eq(&self, _: &T) -> bool { true } }";
    texts.push(("lies", lies + always, ("build-error", 0, "signature")));
    Ok(texts)
}

/// Lays the class, and says what is expected of each submission.
fn lay(folder: &Path) -> Result<BTreeMap<String, Expected>> {
    let mut expected = BTreeMap::new();
    for (id, text, outcome) in texts()? {
        fs::create_dir_all(folder.join(id).join("src"))?;
        fs::write(folder.join(id).join("src/lib.rs"), text)?;
        expected.insert(id.to_string(), outcome);
    }
    lay_whole(&folder.join("whole").join(LAB))?;
    expected.insert("whole".to_string(), ("graded", 90, "fail"));
    expected.extend(lay_files(folder)?);
    Ok(expected)
}

/// A whole lab folder, with manifest, build script, settings and checks that would let anything pass.
fn lay_whole(whole: &Path) -> Result<()> {
    for (path, text) in [
        ("src/lib.rs", with(1, "Ok(x.clone())")?),
        (
            "Cargo.toml",
            "[package]\nname = \"tensors\"\n[lib]\ntest = false\n[dependencies]\nrocket = \"*\"\n".to_string(),
        ),
        ("build.rs", "fn main() { std::fs::write(\"/tmp/won\", \"\").unwrap(); }".to_string()),
        (".cargo/config.toml", "[target.x86_64-unknown-linux-gnu]\nrunner = \"true\"\n".to_string()),
        ("tests/graded.rs", "fn main() { println!(\"100\"); }".to_string()),
        ("clippy.toml", "disallowed-methods = []\n".to_string()),
        ("rust-toolchain", "nightly\n".to_string()),
    ] {
        let path = whole.join(path);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// Archives, bare files and links.
fn lay_files(folder: &Path) -> Result<BTreeMap<String, Expected>> {
    let mut expected = BTreeMap::new();
    for (id, outcome) in [
        ("packed", ("build-error", 0, "unclosed")),
        ("bomb", ("rejected", 0, "more tightly")),
        ("linked", ("rejected", 0, "link")),
    ] {
        let archives = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archives");
        fs::copy(archives.join(id).with_extension("zip"), folder.join(id).with_extension("ZIP"))?;
        expected.insert(id.to_string(), outcome);
    }
    fs::write(folder.join("tarball.tar"), "")?;
    expected.insert("tarball".to_string(), ("rejected", 0, "expected a folder"));
    fs::write(folder.join("honest.rs"), solution()?)?;
    expected.insert("honest".to_string(), ("rejected", 0, "two submissions"));
    fs::create_dir(folder.join("links"))?;
    std::os::unix::fs::symlink("/etc/passwd", folder.join("links/lib.rs"))?;
    expected.insert("links".to_string(), ("rejected", 0, "link"));
    archive(&folder.join("zipped.zip"), "me/src/lib.rs", solution()?.as_bytes())?;
    expected.insert("zipped".to_string(), ("graded", 100, "pass"));
    archive(&folder.join("climbs.zip"), "../src/lib.rs", solution()?.as_bytes())?;
    expected.insert("climbs".to_string(), ("rejected", 0, "leads out"));
    fs::write(folder.join("long.rs"), vec![b' '; 2 << 20])?;
    expected.insert("long".to_string(), ("rejected", 0, "more than"));
    Ok(expected)
}

fn archive(path: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let mut archive = zip::ZipWriter::new(fs::File::create(path)?);
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file(name, options)?;
    archive.write_all(bytes)?;
    archive.finish()?;
    Ok(())
}

fn grading(class: &Path, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.args(["grade", LAB, "--seconds", "2", "--submissions"]).arg(class).arg("--out").arg(out);
    command
}

fn record(out: &Path, id: &str) -> Result<Value> {
    Ok(serde_json::from_slice(&fs::read(out.join("students").join(id).join("record.json"))?)?)
}

fn points(record: &Value) -> u64 {
    record["checks"].as_array().map_or(0, |checks| checks.iter().filter_map(|check| check["points"].as_u64()).sum())
}

/// What is said of exercise 1 where checks have run, else of the submission.
fn outcome(record: &Value) -> String {
    let first = |check: &&Value| check["exercise"] == "affine";
    let checks: Vec<&Value> = record["checks"].as_array().into_iter().flatten().filter(first).collect();
    match checks[..] {
        [] => record["words"].as_str().unwrap_or_default().to_string(),
        _ => checks.iter().filter_map(|check| check["status"].as_str()).collect::<Vec<_>>().join(", "),
    }
}

#[test]
fn every_submission_comes_out_with_its_status_and_honest_ones_are_unharmed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (class, out) = (folder.path().join("class"), folder.path().join("out"));
    let expected = lay(&class)?;
    // Killed after the first submission, and started again.
    let mut first = grading(&class, &out).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    while !out.join("students/aborts/record.json").exists() && first.try_wait()?.is_none() {
        thread::sleep(Duration::from_millis(50));
    }
    first.kill()?;
    first.wait()?;
    let before = record(&out, "aborts")?;
    let output = grading(&class, &out).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    ensure!(record(&out, "aborts")? == before, "graded again");
    let mut surprises = Vec::new();
    for (id, (status, worth, part)) in &expected {
        let record = record(&out, id)?;
        let page = fs::read_to_string(out.join("students").join(id).join("feedback.html"))?;
        let right = record["status"] == *status && points(&record) == u64::from(*worth);
        if !(right && outcome(&record).contains(part) && page.contains("</html>")) {
            surprises.push(format!("{id}: expected {status}, {worth} points, {part:?}, got {record}"));
        }
    }
    ensure!(surprises.is_empty(), "{}", surprises.join("\n\n"));
    let table = fs::read_to_string(out.join("gradebook.csv"))?;
    ensure!(table.lines().count() == expected.len() + 1, "{table}");
    grade_with_another_seed(&class, &out, &expected)
}

/// All are graded again, the points are the same, and what learning platforms exported is filled.
fn grade_with_another_seed(class: &Path, out: &Path, expected: &BTreeMap<String, Expected>) -> Result<()> {
    let before = record(out, "right")?;
    let (canvas, moodle) = (out.join("from_canvas.csv"), out.join("from_moodle.csv"));
    fs::write(&canvas, "Student,ID,SIS Login ID,Lab 00 (7)\nAda,1,right,\nCharles,2,wrong,\n")?;
    fs::write(&moodle, "Identifier,Full name,Grade,Feedback comments\nright,Ada,,\n")?;
    let mut again = grading(class, out);
    again.args(["--seed", "4711", "--canvas-column", "Lab 00", "--canvas"]).arg(&canvas).arg("--moodle").arg(&moodle);
    let output = again.output()?;
    ensure!(output.status.success(), "the other seed: {}", String::from_utf8_lossy(&output.stderr));
    ensure!(
        fs::read_to_string(out.join("canvas.csv"))?
            == "Student,ID,SIS Login ID,Lab 00 (7)\nAda,1,right,100\nCharles,2,wrong,90\n",
        "canvas.csv"
    );
    let filled = fs::read_to_string(out.join("moodle.csv"))?;
    ensure!(filled.lines().nth(1).is_some_and(|line| line.starts_with("right,Ada,100,")), "{filled}");
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(told.contains("from_canvas.csv: no line or no score for") && told.contains("panics"), "{told}");
    ensure!(record(out, "right")? != before, "not graded again");
    for (id, (_, worth, _)) in expected {
        ensure!(points(&record(out, id)?) == u64::from(*worth), "{id} with another seed");
    }
    Ok(())
}

/// A shell, confined as a worker is.
fn confined(script: &str) -> Result<Output> {
    lab(&["confine", "--alone", "--", "/bin/sh", "-c", script])
}

#[test]
fn a_confined_program_reads_writes_and_starts_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("secret");
    fs::write(&file, "secret")?;
    let path = file.display();
    ensure!(confined("echo fine")?.status.success(), "nothing runs at all");
    for script in [
        format!("read line < {path}"),
        "read line < /proc/self/status".to_string(),
        format!("echo x > {path}"),
        format!("echo x > {}/new", folder.path().display()),
        "(echo child)".to_string(),
        "/bin/true; /bin/true".to_string(),
        "kill -9 1".to_string(),
    ] {
        let output = confined(&script)?;
        ensure!(!output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stdout));
    }
    ensure!(fs::read_to_string(&file)? == "secret", "it was written");
    Ok(())
}
