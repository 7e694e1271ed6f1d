//! A submission in a zip archive: nothing is unpacked but its `lib.rs`, into memory.

use std::fs::File;

use anyhow::{Context, Result, ensure};
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::submission::{MOST_ENTRIES, chosen, read};

/// The most bytes that all files may have together, unpacked.
const MOST_UNPACKED: u64 = 1 << 30;
/// How many times smaller an honest archive gets a file of text at most.
const MOST_SHRUNK: u64 = 200;

/// The bytes of the `lib.rs` that counts.
pub fn lib(file: File, lab: &str) -> Result<Vec<u8>> {
    let mut archive = ZipArchive::new(file).context("is no zip archive")?;
    ensure!(archive.len() <= MOST_ENTRIES, "has more than {MOST_ENTRIES} files");
    let (mut places, mut paths, mut unpacked) = (Vec::new(), Vec::new(), 0u64);
    for i in 0..archive.len() {
        let entry = archive.by_index_raw(i).context("has a damaged entry")?;
        let name = entry.name().context("has a name that is no text")?.into_owned();
        ensure!(entry.enclosed_name().is_some(), "has a path that leads out of it: {name:?}");
        ensure!(!entry.is_symlink(), "has a link: {name:?}");
        unpacked = unpacked.saturating_add(entry.size());
        ensure!(unpacked <= MOST_UNPACKED, "unpacks to more than {MOST_UNPACKED} bytes");
        // What macOS puts beside a file of this name.
        if (name == "lib.rs" || name.ends_with("/lib.rs")) && !name.starts_with("__MACOSX/") {
            places.push(i);
            paths.push(name);
        }
    }
    let chosen = chosen(&paths, lab)?;
    let place = paths.iter().position(|path| path == chosen).map_or(0, |i| places[i]);
    let entry = archive.by_index_raw(place).context("has a damaged entry")?;
    ensure!(!entry.encrypted(), "{chosen} is encrypted");
    ensure!(
        entry.size() <= MOST_SHRUNK.saturating_mul(entry.compressed_size().max(1)),
        "{chosen} is packed more tightly than any text"
    );
    match entry.compression() {
        CompressionMethod::Stored => read(entry),
        // Candle's build of the crate unpacks nothing: the method is known by its number.
        method if method == CompressionMethod::DEFLATE => read(DeflateDecoder::new(entry)),
        method => anyhow::bail!("{chosen} is packed in a way that is not read here: {method}"),
    }
}
