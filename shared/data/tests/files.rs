//! Images from files, good and bad.

use std::fs;
use std::path::Path;

use anyhow::Result;
use image::{Rgb, RgbImage};
use ssl_data::Source;

/// An image whose pixels tell where they are: (x, y, value).
fn image(width: u32, height: u32, value: u8) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, value]))
}

fn write(path: &Path, image: &RgbImage) -> Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    Ok(image.save(path)?)
}

fn load(dir: &Path) -> Result<ssl_data::Dataset> {
    format!("folder:{}", dir.display()).parse::<Source>()?.load()
}

/// The error of loading a folder, in one line.
fn error(dir: &Path) -> String {
    load(dir).map(|_| String::new()).unwrap_or_else(|error| format!("{error:#}"))
}

#[test]
fn a_folder_of_classes_gives_planes_and_labels() -> Result<()> {
    let dir = tempfile::tempdir()?;
    for (split, class, value) in [("train", "b", 1), ("train", "a", 2), ("test", "a", 3), ("test", "b", 4)] {
        write(&dir.path().join(split).join(class).join("1.png"), &image(5, 4, value))?;
    }
    let data = load(dir.path())?;
    assert_eq!(data.classes, ["a", "b"]);
    assert_eq!((data.train.labels(), data.test.labels()), (Some(&[0, 1][..]), Some(&[0, 1][..])));
    assert_eq!(data.train.images().size(), (4, 5));
    let first = data.train.images().get(0);
    assert_eq!((&first[..6], first[20], first[25], first[40]), (&[0, 1, 2, 3, 4, 0][..], 0, 1, 2));
    Ok(())
}

#[test]
fn a_folder_without_classes_or_splits_holds_every_sixth_image_out() -> Result<()> {
    let dir = tempfile::tempdir()?;
    for i in 0..12 {
        write(&dir.path().join(format!("{i:02}.png")), &image(3, 3, i))?;
    }
    let data = load(dir.path())?;
    assert_eq!((data.train.len(), data.test.len()), (10, 2));
    assert_eq!((data.train.labels(), data.classes.len()), (None, 0));
    assert_eq!((data.test.images().get(0)[18], data.test.images().get(1)[18]), (5, 11));
    Ok(())
}

#[test]
fn one_odd_image_among_many_is_named() -> Result<()> {
    let dir = tempfile::tempdir()?;
    for i in 0..50 {
        write(&dir.path().join(format!("{i:02}.png")), &image(3, 3, i))?;
    }
    write(&dir.path().join("31.png"), &image(4, 3, 0))?;
    let message = error(dir.path());
    assert!(message.contains("31.png") && message.contains("expected 3×3") && message.contains("3×4"), "{message}");
    fs::write(dir.path().join("16.png"), "not an image")?;
    let message = error(dir.path());
    assert!(message.contains("16.png") && message.contains("not a readable image"), "{message}");
    Ok(())
}

#[test]
fn missing_empty_and_mixed_folders_are_one_message_with_a_path() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let missing = dir.path().join("nowhere");
    assert!(error(&missing).contains("nowhere"));
    assert!(error(dir.path()).contains("empty"));
    write(&dir.path().join("class/1.png"), &image(3, 3, 0))?;
    write(&dir.path().join("2.png"), &image(3, 3, 0))?;
    assert!(error(dir.path()).contains("got both"));
    Ok(())
}

#[test]
fn classes_of_train_and_test_must_agree() -> Result<()> {
    let dir = tempfile::tempdir()?;
    write(&dir.path().join("train/a/1.png"), &image(3, 3, 0))?;
    write(&dir.path().join("test/b/1.png"), &image(3, 3, 0))?;
    assert!(error(dir.path()).contains("differ"));
    Ok(())
}

/// Writes CIFAR-10's six files, `len` bytes each: label i mod 10, and bytes that tell image, channel and pixel.
fn write_cifar(dir: &Path, len: usize) -> Result<()> {
    let mut bytes: Vec<u8> = Vec::with_capacity(len);
    for i in 0..10_000usize {
        bytes.push((i % 10) as u8);
        bytes.extend((0..3072usize).map(|at| (i * 7 + at * 13 + at / 1024) as u8));
    }
    bytes.truncate(len);
    for name in ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"] {
        fs::write(dir.join(format!("{name}.bin")), &bytes)?;
    }
    Ok(())
}

#[test]
fn cifar10_comes_back_byte_for_byte_or_with_the_file_that_is_wrong() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let source: Source = format!("cifar10:{}", dir.path().display()).parse()?;
    let message = || source.load().map(|_| String::new()).unwrap_or_else(|error| format!("{error:#}"));
    assert!(message().contains("data_batch_1.bin"), "{}", message());
    write_cifar(dir.path(), 30_730_000)?;
    let data = source.load()?;
    assert_eq!((data.train.len(), data.test.len()), (50_000, 10_000));
    assert_eq!(data.test.labels().map(|labels| labels[9_999]), Some(9));
    let expected: Vec<u8> = (0..3072usize).map(|at| (9_999 * 7 + at * 13 + at / 1024) as u8).collect();
    assert_eq!(data.test.images().get(9_999), expected);
    let mut bytes = fs::read(dir.path().join("data_batch_3.bin"))?;
    bytes[3073 * 17] = 10;
    fs::write(dir.path().join("data_batch_3.bin"), bytes)?;
    let text = message();
    assert!(text.contains("data_batch_3.bin: image 17 has label 10"), "{text}");
    fs::write(dir.path().join("data_batch_3.bin"), fs::read(dir.path().join("data_batch_2.bin"))?)?;
    fs::write(dir.path().join("data_batch_4.bin"), [0; 100])?;
    let text = message();
    assert!(text.contains("data_batch_4.bin") && text.contains("got 100"), "{text}");
    Ok(())
}

#[test]
fn unknown_sources_are_refused() {
    for text in ["mnist", "cifar10", "cifar10:", "folder:", "toybo", ""] {
        let message = text.parse::<Source>().map(|_| String::new()).unwrap_or_else(|e| e.to_string());
        assert!(message.contains("expected toybox, cifar10:DIR or folder:DIR"), "{text}: {message}");
    }
}

#[test]
fn toybox_s_size_lens_and_toys_are_read() -> Result<()> {
    let source = |text: &str| text.parse::<Source>();
    let data = source("toybox:size=20,lens=off,toys=off")?.load()?;
    assert_eq!((data.name.as_str(), data.train.images().size()), ("toybox:size=20,lens=off,toys=off", (20, 20)));
    assert_eq!(source("toybox:")?, source("toybox")?);
    for text in ["toybox", "toybox:size=64", "toybox:lens=off", "toybox:toys=off"] {
        assert_eq!(source(text)?.to_string(), text);
    }
    for (text, word) in [
        ("toybox:x", "toybox:size=N,lens=on|off,toys=on|off"),
        ("toybox:size=x", "\"size=x\""),
        ("toybox:lens=maybe", "\"lens=maybe\""),
        ("toybox:size=8", "from 16 to 256, got 8"),
        ("toybox:size=100000", "got 100000"),
    ] {
        let message = source(text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains(word), "{text}: {message}");
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_pipe_among_the_images_is_an_error_and_not_waited_for() -> Result<()> {
    let dir = tempfile::tempdir()?;
    write(&dir.path().join("1.png"), &image(3, 3, 0))?;
    let status = std::process::Command::new("mkfifo").arg(dir.path().join("2.png")).status()?;
    assert!(status.success());
    let message = error(dir.path());
    assert!(message.contains("2.png: expected a file or a folder"), "{message}");
    Ok(())
}
