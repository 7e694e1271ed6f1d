//! One run of an experiment: data, device and folder, opened from the flags.

use std::cell::RefCell;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use candle_core::{Device, Result, Tensor};
use serde::Serialize;
use serde_json::{Value, json};
use ssl_data::{Dataset, Loader, Split};
use ssl_eval::evaluation::PROBE_WIDTH;
use ssl_eval::{Evaluation, Knn, accuracy, embed};
use ssl_nn::gpu;
use ssl_nn::params::fnv1a;
use ssl_nn::{Backbone, Params, collective};
use ssl_report::Page;
use ssl_report::file::write_atomically;
use tempfile::TempDir;

use crate::baselines::{Baselines, Input};
use crate::guesses::Guesses;
use crate::key::Key;
use crate::{Comparison, Flags, Settings, baselines, machine, memory, ranks};

/// How features are judged everywhere in the course, in the words of a report.
pub const PROTOCOL: &str = "backbone after the last epoch, frozen, in evaluation mode; linear probe: softmax regression on standardized \
    features (L2 1e-3) by preconditioned L-BFGS, all training images; kNN: cosine, k = 200, T = 0.1; accuracy on the test split";

/// What a quick run says of itself.
const QUICK: &str = "A quick run: few images and one epoch, to see that everything works. Its numbers mean nothing.";

/// What is done with a checkpoint that an earlier run left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// It is removed.
    Never,
    /// The training goes on from it; one that does not belong to this training is an error.
    OrFail,
    /// The training goes on from it if it belongs to this training, and starts anew if not.
    Matching,
}

/// What all parts of an experiment need; nothing of it changes while it trains.
pub struct Run {
    /// Images for training and testing.
    pub data: Dataset,
    /// Where to compute.
    pub device: Device,
    /// The folder for everything that the run writes.
    pub out: PathBuf,
    pub(crate) flags: Flags,
    pub(crate) resume: Resume,
    pub(crate) baselines: PathBuf,
    /// Tells data sets apart by their bytes and labels.
    pub(crate) images: String,
    lab: &'static str,
    settings: Key,
    /// The settings of every training of this run.
    pub(crate) trainings: RefCell<Vec<Value>>,
    guesses: Guesses,
    /// Where checkpoints are: the folder that the first rank writes to.
    pub(crate) checkpoints: PathBuf,
    _scratch: Option<TempDir>,
    /// Held as long as the run writes to its folder.
    _lock: File,
}

impl Run {
    /// Opens everything that the flags ask for, before anything is trained.
    ///
    /// # Errors
    /// A batch that is too small for the lab's loss, a device that is not there or does not compute as asked for, a folder that
    /// can't be written to or in which another run is at work, data that can't be read or are too few.
    pub fn open<S: Settings>(settings: &S) -> anyhow::Result<Self> {
        let (flags, batch_size) = (settings.flags().clone(), settings.batch_size());
        ensure!(
            batch_size >= S::LEAST_BATCH,
            "--batch-size {batch_size}: this lab's loss compares images with each other, so expected at least {}",
            S::LEAST_BATCH
        );
        let device = open_device(&flags, batch_size)?;
        let guesses = Guesses::of(settings)?;
        let out = flags.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(S::LAB));
        let checkpoints = if flags.quick { out.join("quick") } else { out };
        let (out, scratch) = ranks::folder(&checkpoints)?;
        let lock = lock(&out).context("--out")?;
        let guesses = guesses.kept_in(&out)?;
        let baselines = baselines::folder(flags.baselines.as_deref())?;
        let data = flags.load_data(batch_size)?;
        if flags.quick {
            ranks::say(QUICK);
        }
        let images = format!("{:016x}", fingerprint(&data));
        let key = Key::of(settings)?.with("epochs", settings.epochs()).with("batch_size", batch_size);
        let resume = if flags.resume { Resume::OrFail } else { Resume::Never };
        Ok(Self {
            data,
            device,
            out,
            flags,
            resume,
            baselines,
            images,
            lab: S::LAB,
            settings: key,
            trainings: RefCell::default(),
            guesses,
            checkpoints,
            _scratch: scratch,
            _lock: lock,
        })
    }

    /// The run of `--ablate NAME`: it writes to a folder of its own, and goes on where the same program was interrupted.
    ///
    /// # Errors
    /// Images without classes, by which nothing can be compared; a folder that can't be made.
    pub fn into_ablation(self, name: &str) -> anyhow::Result<Self> {
        ensure!(!self.data.classes.is_empty(), "{}: these images have no classes to compare by", self.flags.data);
        let [out, checkpoints] = [&self.out, &self.checkpoints].map(|folder| folder.join(format!("ablation_{name}")));
        fs::create_dir_all(&out).with_context(|| format!("making the folder {}", out.display()))?;
        Ok(Self { out, checkpoints, resume: Resume::Matching, ..self })
    }

    /// What random draws depend on.
    pub fn seed(&self) -> u64 {
        self.flags.seed
    }

    /// An empty tree of parameters, drawn from the run's seed.
    pub fn params(&self) -> Params {
        Params::new(self.flags.seed, &self.device)
    }

    /// The backbone that the flags ask for.
    ///
    /// # Errors
    /// A name that is taken in `params`.
    pub fn backbone(&self, input: &Input, params: &Params) -> Result<Backbone> {
        Ok(Backbone::new(self.flags.backbone, input.channels, params)?.seeing(input.name))
    }

    /// The training images in the batches that the settings ask for.
    ///
    /// # Errors
    /// As [`Loader::new`].
    pub fn loader(&self, settings: &impl Settings) -> anyhow::Result<Loader> {
        Loader::new(self.data.train.clone(), settings.batch_size(), self.flags.seed, &self.device)
    }

    /// What a frozen backbone's features are good for.
    ///
    /// # Errors
    /// As [`Evaluation::of`].
    pub fn evaluate(&self, backbone: &Backbone, input: &Input) -> anyhow::Result<Evaluation> {
        self.evaluate_blocks(|images| backbone.block_features(&(input.prepare)(images)?, PROBE_WIDTH))
    }

    /// As [`Run::evaluate`], of whatever gives features `[B, D]` for a batch of images, shallow to deep.
    ///
    /// # Errors
    /// As [`Evaluation::of`].
    pub fn evaluate_blocks(&self, blocks: impl Fn(&Tensor) -> Result<Vec<Tensor>>) -> anyhow::Result<Evaluation> {
        collective::once(|| Evaluation::of(blocks, &self.data, &self.device))
    }

    /// kNN accuracy of a frozen backbone's features on a few images, to be watched while it trains; none where images have no classes.
    ///
    /// # Errors
    /// What the backbone reports.
    pub fn knn(&self, backbone: &Backbone, input: &Input) -> anyhow::Result<Option<f64>> {
        collective::once(|| self.knn_alone(backbone, input))
    }

    fn knn_alone(&self, backbone: &Backbone, input: &Input) -> anyhow::Result<Option<f64>> {
        let encode = |images: &Tensor, _: bool| backbone.forward(&(input.prepare)(images)?, false);
        let [train, test] = [(&self.data.train, KNN_IMAGES.0), (&self.data.test, KNN_IMAGES.1)]
            .map(|(split, count)| split.sample(count.min(split.len()), 0));
        let (Some(known), Some(truth)) = (train.labels(), test.labels()) else { return Ok(None) };
        let features = |split: &Split| embed(&encode, split.images(), &self.device);
        let knn = Knn::new(&features(&train)?, known, self.data.classes.len())?;
        Ok(Some(accuracy(&knn.predict(&features(&test)?)?, truth)))
    }

    /// Saves a trained backbone as `backbone.safetensors`, which any lab can load, and compares it with a random and a supervised
    /// one that see the same `input`. An empty comparison where images have no classes, which the terminal is told.
    ///
    /// # Errors
    /// What evaluation, training or the file system reports.
    pub fn compare(&self, name: &str, backbone: &Backbone, input: &Input) -> anyhow::Result<Comparison> {
        ranks::leave_to_the_first()?;
        backbone.save(&self.out.join("backbone.safetensors"))?;
        let mut comparison = Comparison::of_backbones_seeing(input.name);
        if self.data.classes.is_empty() {
            println!("these images have no classes: no probes");
            return Ok(comparison);
        }
        let evaluation = self.evaluate(backbone, input)?;
        let baselines = Baselines::load_or_train(self, input)?;
        comparison.insert("random", baselines.random);
        comparison.insert(name, evaluation);
        comparison.insert("supervised", baselines.supervised);
        comparison.print();
        Ok(comparison)
    }

    /// A page with what one needs to get the run's numbers again.
    pub fn page(&self, title: &str) -> Page {
        let facts = [
            ("Command", machine::command()),
            ("Data", self.data.name.clone()),
            ("Seed", self.flags.seed.to_string()),
            ("Protocol", PROTOCOL.to_string()),
            ("Hardware", machine::hardware(&self.device)),
            ("Versions", machine::versions()),
        ];
        let mut page = Page::new(title, &facts);
        if self.flags.quick {
            page.note(QUICK);
        }
        page
    }

    /// Writes what somebody guessed with `--predict` beside what was measured: the comparison's probes, and what the lab names.
    pub fn guesses(&self, comparison: &Comparison, measured: &[(&str, f64)], page: &mut Page) {
        self.guesses.write(comparison, measured, page);
    }

    /// Writes what else was measured to a JSON file in the run's folder.
    ///
    /// # Errors
    /// A file that can't be written.
    pub fn write(&self, file: &str, measured: &impl Serialize) -> anyhow::Result<()> {
        write_atomically(&self.out.join(file), format!("{}\n", serde_json::to_string_pretty(measured)?).as_bytes())
    }

    /// Ends a run: writes `evaluation.json`, from which tables of several runs are made, and the page.
    ///
    /// # Errors
    /// Files that can't be written.
    pub fn finish(&self, page: &Page, comparison: &Comparison) -> anyhow::Result<()> {
        ranks::leave_to_the_first()?;
        let record = json!({
            "lab": self.lab,
            "data": self.data.name,
            "seed": self.flags.seed,
            "settings": serde_json::from_str::<Value>(&self.settings.text())?,
            "images": self.images,
            "command": machine::command(),
            "protocol": PROTOCOL,
            "hardware": machine::hardware(&self.device),
            "versions": machine::versions(),
            "trainings": *self.trainings.borrow(),
            "sees": comparison.sees.as_deref().unwrap_or(Input::RGB.name),
            "evaluations": comparison.record(),
        });
        self.write("evaluation.json", &record)?;
        println!("report: {}", page.save(&self.out)?.display());
        Ok(())
    }
}

/// Training and test images of a kNN that is watched: few, so that it takes less than a second.
const KNN_IMAGES: (usize, usize) = (2000, 1000);

/// The device that the flags ask for, which computes as they say.
fn open_device(flags: &Flags, batch_size: usize) -> anyhow::Result<Device> {
    let device = flags.device.open()?;
    gpu::compute(&device, flags.precision)?;
    collective::normalize_over(flags.batch_norm);
    collective::compute_on(&device)?;
    memory::will_hold(batch_size);
    Ok(device)
}

/// Makes a folder that no other run writes to while the file that is returned is open.
fn lock(folder: &Path) -> anyhow::Result<File> {
    let place = || format!("{} can't be written to", folder.display());
    fs::create_dir_all(folder).with_context(place)?;
    let file = File::create(folder.join(".lock")).with_context(place)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another run is writing to {}: wait for it, or choose another folder", folder.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(place),
    }
}

fn fingerprint(data: &Dataset) -> u64 {
    fn of_split(split: &Split) -> impl Iterator<Item = u8> {
        let labels = split.labels().unwrap_or_default().iter().flat_map(|label| label.to_le_bytes());
        (0..split.len()).flat_map(|i| split.images().get(i)).copied().chain(labels)
    }
    fnv1a(of_split(&data.train).chain(of_split(&data.test)))
}
