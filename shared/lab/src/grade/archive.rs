//! A submission in a zip archive: nothing is unpacked but its `lib.rs`, into memory.

use std::fs::File;

use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::Crc;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::submission::{MOST_ENTRIES, chosen, is_built, read};

/// The most bytes that all files may have together, unpacked.
const MOST_UNPACKED: u64 = 1 << 30;
/// How many times smaller an honest archive gets a file of text at most.
const MOST_SHRUNK: u64 = 200;

/// The bytes of the `lib.rs` that counts. A damaged archive is the student's, whatever reports it.
pub fn lib(file: File, lab: &str) -> Result<Vec<u8>> {
    let mut archive = ZipArchive::new(file).map_err(|error| anyhow!("it is no zip archive: {error}"))?;
    let (places, paths) = libs(&mut archive)?;
    let chosen = chosen(&paths, lab)?;
    let place = paths.iter().position(|path| path == chosen).map_or(0, |i| places[i]);
    let entry = archive.by_index_raw(place).map_err(|error| anyhow!("{chosen} is damaged: {error}"))?;
    ensure!(!entry.encrypted(), "{chosen} is encrypted");
    let (packed, size, expected) = (entry.compressed_size().max(1), entry.size(), entry.crc32());
    ensure!(size <= MOST_SHRUNK.saturating_mul(packed), "{chosen} is packed more tightly than any text");
    let bytes = match entry.compression() {
        CompressionMethod::Stored => read(entry),
        // Candle's build of the crate unpacks nothing: the method is known by its number.
        method if method == CompressionMethod::DEFLATE => read(DeflateDecoder::new(entry)),
        method => bail!("{chosen} is packed in a way that is not read here: {method}"),
    };
    let bytes = bytes.map_err(|error| anyhow!("{chosen}: {error}"))?;
    let mut sum = Crc::new();
    sum.update(&bytes);
    ensure!(sum.sum() == expected, "{chosen} is damaged: its checksum does not fit");
    Ok(bytes)
}

/// Places and paths of all `lib.rs`; an archive that no honest student makes is refused.
fn libs(archive: &mut ZipArchive<File>) -> Result<(Vec<usize>, Vec<String>)> {
    let (mut places, mut paths, mut seen, mut unpacked) = (Vec::new(), Vec::new(), 0, 0u64);
    for place in 0..archive.len() {
        let entry = archive.by_index_raw(place).map_err(|error| anyhow!("it is damaged: {error}"))?;
        let name = entry.name().ok().context("a name in it is no text")?.replace('\\', "/");
        ensure!(entry.enclosed_name().is_some(), "a path leads out of it: {name:?}");
        if is_built(&name) {
            continue;
        }
        seen += 1;
        ensure!(seen <= MOST_ENTRIES, "it has more than {MOST_ENTRIES} files");
        ensure!(!entry.is_symlink(), "it has a link: {name:?}");
        unpacked = unpacked.saturating_add(entry.size());
        ensure!(unpacked <= MOST_UNPACKED, "it unpacks to more than {MOST_UNPACKED} bytes");
        // What macOS puts beside a file of this name.
        if (name == "lib.rs" || name.ends_with("/lib.rs")) && !name.starts_with("__MACOSX/") {
            places.push(place);
            paths.push(name);
        }
    }
    Ok((places, paths))
}
