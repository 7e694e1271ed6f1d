//! What students handed in: of each folder, archive or file the one `lib.rs`, and nothing else.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};

use super::archive;

/// The most bytes of a `lib.rs`.
pub const MOST_BYTES: u64 = 1 << 20;
/// The most files and folders that are looked through for it.
pub const MOST_ENTRIES: usize = 20_000;

/// One student's submission.
pub struct Submission {
    /// The name of its folder or file: the student's.
    pub id: String,
    path: PathBuf,
    /// Another one of the same name.
    twice: Option<PathBuf>,
}

/// What was handed in.
pub struct Text {
    pub text: String,
    /// When, as far as its file tells.
    pub time: Option<SystemTime>,
}

/// All submissions in a folder, by id. Hidden files are none.
pub fn all(folder: &Path) -> Result<Vec<Submission>> {
    let mut found: BTreeMap<String, Submission> = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
        let id = name.unwrap_or_default().to_string_lossy().into_owned();
        if id.starts_with('.') || id == "__MACOSX" {
            continue;
        }
        match found.get_mut(&id) {
            Some(first) => first.twice = Some(path),
            None => drop(found.insert(id.clone(), Submission::new(&id, &path))),
        }
    }
    ensure!(!found.is_empty(), "{}: expected a folder, .zip or .rs for each student, found none", folder.display());
    Ok(found.into_values().collect())
}

impl Submission {
    /// A submission by its own name, wherever it lies.
    pub fn new(id: &str, path: &Path) -> Self {
        Self { id: id.to_string(), path: path.to_path_buf(), twice: None }
    }

    /// Its `lib.rs`. An error that the system reports is the grader's; any other says why the submission is rejected.
    pub fn read(&self, lab: &str) -> Result<Text> {
        if let Some(other) = &self.twice {
            bail!("there are two submissions of this name: {} and {}", name(&self.path), name(other));
        }
        let kind = fs::symlink_metadata(&self.path)?.file_type();
        ensure!(!kind.is_symlink(), "it is a link");
        let path = if kind.is_dir() { self.path.join(chosen(&files(&self.path)?, lab)?) } else { self.path.clone() };
        ensure!(fs::metadata(&path)?.is_file(), "{} is no file", name(&path));
        let file = File::open(&path)?;
        let time = file.metadata()?.modified().ok();
        let bytes = match path.extension().map_or(String::new(), |e| e.to_string_lossy().to_lowercase()).as_str() {
            "rs" => read(file)?,
            "zip" => archive::lib(file, lab)?,
            _ => bail!("{}: expected a folder, a .zip or a .rs", name(&self.path)),
        };
        Ok(Text { text: String::from_utf8(bytes).ok().context("lib.rs is not UTF-8 text")?, time })
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// All of it, unless it is too long.
pub fn read(from: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= MOST_BYTES, "lib.rs has more than {MOST_BYTES} bytes");
    Ok(bytes)
}

/// Of the paths in a submission, the `lib.rs` that counts: the lab's own, or else the one that lies least deep.
pub fn chosen<'a>(paths: &'a [String], lab: &str) -> Result<&'a str> {
    for end in [format!("{lab}/src/lib.rs"), "src/lib.rs".to_string(), "lib.rs".to_string()] {
        let ends = |path: &&str| *path == end || path.ends_with(&format!("/{end}"));
        let mut found: Vec<&str> =
            paths.iter().map(String::as_str).filter(|path| !is_built(path)).filter(ends).collect();
        let depth = |path: &str| path.matches('/').count();
        found.sort_by_key(|path| depth(path));
        match found[..] {
            [] => {}
            [first, second, ..] if depth(first) == depth(second) => bail!("which one counts? {first} or {second}"),
            [first, ..] => return Ok(first),
        }
    }
    bail!("there is no lib.rs in it")
}

/// Whether cargo has made what lies there.
pub fn is_built(path: &str) -> bool {
    path.split('/').any(|part| part == "target")
}

/// The paths of all `lib.rs` below a folder. A link anywhere is refused.
fn files(folder: &Path) -> Result<Vec<String>> {
    let (mut open, mut found, mut seen) = (vec![folder.to_path_buf()], Vec::new(), 0);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            let relative = entry.path().strip_prefix(folder)?.to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            if is_built(&relative) {
                continue;
            }
            seen += 1;
            ensure!(seen <= MOST_ENTRIES, "it has more than {MOST_ENTRIES} files");
            ensure!(!kind.is_symlink(), "it has a link: {relative}");
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() && entry.file_name() == "lib.rs" {
                found.push(relative);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn the_lab_s_own_lib_comes_first_and_two_of_a_kind_are_refused() {
        let of =
            |names: &[&str]| chosen(&paths(names), "04_contrastive").map(str::to_string).map_err(|e| e.to_string());
        assert_eq!(of(&["lib.rs"]), Ok("lib.rs".to_string()));
        assert_eq!(of(&["a/src/lib.rs", "lib.rs"]), Ok("a/src/lib.rs".to_string()));
        assert_eq!(of(&["old/src/lib.rs", "src/lib.rs", "target/src/lib.rs"]), Ok("src/lib.rs".to_string()));
        let whole = ["course/labs/03_colorization/src/lib.rs", "course/labs/04_contrastive/src/lib.rs"];
        assert_eq!(of(&whole), Ok(whole[1].to_string()));
        assert!(of(&["a/src/lib.rs", "b/src/lib.rs"]).is_err_and(|error| error.contains("which one")));
        assert!(of(&["mylib.rs"]).is_err());
    }

    #[test]
    fn links_long_files_and_other_encodings_are_refused() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let source = |id: &str| {
            let read = Submission::new(id, &folder.path().join(id)).read("00_x");
            read.map(|read| read.text).map_err(|error| format!("{error:#}"))
        };
        for id in ["right", "long", "latin"] {
            fs::create_dir(folder.path().join(id))?;
        }
        fs::write(folder.path().join("right/lib.rs"), "fn f() {}")?;
        fs::write(folder.path().join("long/lib.rs"), vec![b' '; MOST_BYTES as usize + 1])?;
        fs::write(folder.path().join("latin/lib.rs"), b"// \xe9")?;
        assert_eq!(source("right"), Ok("fn f() {}".to_string()));
        assert!(source("long").is_err_and(|error| error.contains("more than")));
        assert!(source("latin").is_err_and(|error| error.contains("UTF-8")));
        #[cfg(unix)]
        {
            fs::create_dir(folder.path().join("link"))?;
            std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link/lib.rs"))?;
            assert!(source("link").is_err_and(|error| error.contains("has a link: lib.rs")));
            std::os::unix::fs::symlink(folder.path().join("right"), folder.path().join("all"))?;
            assert!(source("all").is_err_and(|error| error.contains("is a link")));
        }
        Ok(())
    }
}
