//! A run from its flags to its report, with all that may go wrong.

use std::fs;
use std::path::Path;

use super::lab::{images, settings, train};
use anyhow::Result;
use candle_core::Tensor;
use ssl_experiment::landmarks::{Landmarks, of_embeddings};
use ssl_experiment::{Baselines, Comparison, Input, Plan, Run, Training};
use ssl_nn::{Backbone, Checkpoint, Params};
use ssl_report::progress::history;

/// The error of opening a run, in one line.
fn refusal(dir: &Path, flags: &str) -> String {
    match Run::open(&settings(dir, flags)) {
        Ok(_) => String::new(),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn a_run_leaves_everything_that_is_needed_to_read_and_reuse_it() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 3)?;
    let settings = settings(dir.path(), "");
    let run = Run::open(&settings)?;
    let backbone = train(&run, &settings, 99)?;
    let comparison = run.compare("tiny", &backbone, &Input::RGB)?;
    let mut page = run.page("Tiny");
    page.figure(&run.training_curves("tiny", &["loss"], "nats")?, "loss");
    comparison.report(&mut page, &run.out)?;
    run.finish(&page, &comparison)?;

    let out = dir.path().join("out");
    let record: serde_json::Value = serde_json::from_slice(&fs::read(out.join("evaluation.json"))?)?;
    let names: Vec<&str> =
        record["evaluations"].as_array().into_iter().flatten().filter_map(|row| row["name"].as_str()).collect();
    assert_eq!(names, ["random", "tiny", "supervised"]);
    assert_eq!(
        (&record["lab"], &record["seed"], &record["settings"]["learning_rate"]),
        (&"tiny".into(), &0.into(), &0.1.into())
    );
    assert!(record["evaluations"][1]["evaluation"]["knn"].as_f64().is_some_and(|knn| (0.0..=1.0).contains(&knn)));
    assert_eq!(history(&out, "tiny", "loss_if_collapsed")?, [(1.0, 0.5), (2.0, 0.5), (3.0, 0.5), (4.0, 0.5)]);

    let loaded = Backbone::load(&out.join("backbone.safetensors"), &run.device)?;
    let shown = run.data.test.images().to_tensor(&run.device)?;
    let [ours, theirs] = [&backbone, &loaded].map(|network| network.forward(&shown, false)?.to_vec2::<f32>());
    assert_eq!(ours?, theirs?);
    let html = fs::read_to_string(out.join("index.html"))?;
    for word in ["linear probe", "block 4", "loss if collapsed", "candle 0.", "supervised"] {
        assert!(html.contains(word), "no {word:?}");
    }
    Ok(())
}

#[test]
fn a_training_whose_steps_or_parts_do_not_add_up_is_an_error() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 1)?;
    let settings = settings(dir.path(), "");
    let run = Run::open(&settings)?;
    let (mut params, loader) = (run.params(), run.loader(&settings)?);
    let landmarks = Landmarks { collapsed: 0.0, random: 0.0 };
    let plan = Plan { name: "odd", epochs: 1, landmarks };
    let begin = |params: &mut Params| Training::begin(&run, &settings, &loader, plan, &mut [("params", params as _)]);
    let mut training = begin(&mut params)?;
    training.step(1.0, 4)?;
    let message = training.end_epoch(&[("params", &params)]).expect_err("one step of three").to_string();
    assert!(message.contains("expected 3 steps in all, one for each batch, got 1"), "{message}");
    let mut training = begin(&mut params)?;
    (0..3).try_for_each(|_| training.step(1.0, 4))?;
    let message = training.end_epoch(&[]).expect_err("no parts").to_string();
    assert!(message.contains("[\"params\"], got []"), "{message}");
    Ok(())
}

#[test]
fn a_checkpoint_that_says_it_is_further_than_the_training_goes_is_refused() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 1)?;
    let (first, again) = (settings(dir.path(), ""), settings(dir.path(), "--resume"));
    train(&Run::open(&first)?, &first, 1)?;
    let path = dir.path().join("out/tiny.safetensors");
    for epoch in [0, 99] {
        let mut checkpoint = Checkpoint::read(&path)?;
        checkpoint.epoch = epoch;
        checkpoint.save(&path)?;
        let message = train(&Run::open(&again)?, &again, 1).map(|_| String::new()).unwrap_or_else(|e| format!("{e:#}"));
        assert!(message.contains(&format!("{epoch} of 4 epochs")), "{message}");
    }
    Ok(())
}

#[test]
fn two_runs_do_not_share_a_folder() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 1)?;
    let first = Run::open(&settings(dir.path(), ""))?;
    let message = refusal(dir.path(), "");
    assert!(message.contains("another run is writing to"), "{message}");
    drop(first);
    assert_eq!(refusal(dir.path(), ""), "");
    Ok(())
}

#[test]
fn too_few_images_and_too_small_batches_are_one_message_before_training() -> Result<()> {
    for (train, test, flags, word) in [
        (3, 1, "", "expected at least 10 images to train on, got 6"),
        (6, 1, "--train-images 3", "got 3; --train-images limits them"),
        (6, 1, "--batch-size 13", "a batch of 13 does not fit into 12 training images: lower --batch-size"),
        (
            6,
            1,
            "--batch-size 1",
            "--batch-size 1: this lab's loss compares images with each other, so expected at least 2",
        ),
    ] {
        let dir = tempfile::tempdir()?;
        images(dir.path(), train, test)?;
        let message = refusal(dir.path(), flags);
        assert!(message.contains(word), "{flags}: {message}");
    }
    // Four images of each class, none of them held out.
    let dir = tempfile::tempdir()?;
    images(dir.path(), 5, 0)?;
    fs::rename(dir.path().join("images/train"), dir.path().join("all"))?;
    fs::remove_dir_all(dir.path().join("images"))?;
    fs::rename(dir.path().join("all"), dir.path().join("images"))?;
    let message = refusal(dir.path(), "");
    assert!(message.contains("at least one image to test on, got none"), "{message}");
    Ok(())
}

#[test]
fn folders_that_can_t_be_written_to_are_named_with_their_flag() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 1)?;
    let file = dir.path().join("file");
    fs::write(&file, "")?;
    for flag in ["--out", "--baselines"] {
        let message = {
            let text = format!("tiny --data folder:{}/images {flag} {}/below", dir.path().display(), file.display());
            let other = if flag == "--out" { "--baselines" } else { "--out" };
            let text = format!("{text} {other} {}/other", dir.path().display());
            let settings = <super::lab::Settings as clap::Parser>::parse_from(text.split_whitespace());
            Run::open(&settings).err().map(|error| format!("{error:#}")).unwrap_or_default()
        };
        assert!(message.contains(flag) && message.contains("file/below"), "{flag}: {message}");
    }
    Ok(())
}

#[test]
fn images_without_classes_are_loaded_but_can_t_be_compared() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 7, 1)?;
    let all = dir.path().join("images");
    for class in ["dark", "light"] {
        for i in 0..7 {
            fs::rename(all.join(format!("train/{class}/{i}.png")), all.join(format!("{class}{i}.png")))?;
        }
    }
    fs::remove_dir_all(all.join("train"))?;
    fs::remove_dir_all(all.join("test"))?;
    let run = Run::open(&settings(dir.path(), ""))?;
    let loader = run.loader(&settings(dir.path(), ""))?;
    let batch = loader.epoch(0).next().expect("a batch")?;
    assert!(batch.labels.is_none());
    let backbone = run.backbone(&Input::RGB, &run.params())?;
    let comparison: Comparison = run.compare("tiny", &backbone, &Input::RGB)?;
    assert!(comparison.is_empty());
    run.finish(&run.page("Tiny"), &comparison)?;
    let message = run.into_ablation("x").err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("no classes"), "{message}");
    Ok(())
}

#[test]
fn baselines_are_kept_per_input() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 2)?;
    let run = Run::open(&settings(dir.path(), ""))?;
    let kept = || fs::read_dir(dir.path().join("baselines")).map(|files| files.count() - 1);
    let gray = |images: &Tensor| images.mean_keepdim(1);
    let first = Baselines::load_or_train(&run, &Input::RGB)?;
    assert_eq!(kept()?, 1);
    let other = Baselines::load_or_train(&run, &Input { name: "gray", channels: 1, prepare: &gray })?;
    assert_eq!(kept()?, 2);
    assert_ne!(first.random, other.random);
    let dark = |images: &Tensor| images * 0.5;
    Baselines::load_or_train(&run, &Input { name: "dark", channels: 3, prepare: &dark })?;
    assert_eq!(kept()?, 3);
    assert_eq!(Baselines::load_or_train(&run, &Input::RGB)?, first);
    assert_eq!(kept()?, 3);
    Ok(())
}

#[test]
fn baselines_are_read_and_not_trained_again_unless_their_key_differs() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 2)?;
    let run = Run::open(&settings(dir.path(), ""))?;
    let trained = Baselines::load_or_train(&run, &Input::RGB)?;
    let file = fs::read_dir(dir.path().join("baselines"))?.filter_map(|entry| Some(entry.ok()?.path()));
    let path = file.into_iter().find(|path| path.extension().is_some_and(|end| end == "json")).expect("a file");
    let mut kept: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
    kept["random"]["knn"] = 0.125.into();
    fs::write(&path, kept.to_string())?;
    assert_eq!(Baselines::load_or_train(&run, &Input::RGB)?.random.knn, 0.125);
    kept["key"] = "another".into();
    fs::write(&path, kept.to_string())?;
    assert_eq!(Baselines::load_or_train(&run, &Input::RGB)?, trained);
    Ok(())
}

#[test]
fn landmarks_are_the_loss_of_equal_and_of_random_embeddings() -> candle_core::Result<()> {
    // The mean squared distance of rows from their mean: 0 for equal rows, close to the width for normal ones.
    let spread = |z: &Tensor| z.broadcast_sub(&z.mean_keepdim(0)?)?.sqr()?.sum(1)?.mean_all();
    let landmarks = of_embeddings(500, 16, &candle_core::Device::Cpu, spread)?;
    assert_eq!(landmarks.collapsed, 0.0);
    assert!((landmarks.random - 16.0).abs() < 1.0, "{landmarks:?}");
    Ok(())
}

#[test]
fn a_training_that_diverges_says_where_and_what_to_try() -> Result<()> {
    let dir = tempfile::tempdir()?;
    images(dir.path(), 6, 1)?;
    let mut settings = settings(dir.path(), "");
    settings.learning_rate = 1e30;
    let message =
        train(&Run::open(&settings)?, &settings, 99).map(|_| String::new()).unwrap_or_else(|e| format!("{e:#}"));
    assert!(message.contains("epoch 1") && message.contains("--learning-rate"), "{message}");
    Ok(())
}
