//! Files of tensors: training states and backbones.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use candle_core::{Device, Tensor};
use ssl_nn::{AdamW, Backbone, BackboneKind, Checkpoint, ConvNet4, Mlp, Optimizer, Params, Part, Sgd, TensorFile};

/// A network that trains, with everything that a checkpoint of it must hold.
struct Learner {
    params: Params,
    network: (ConvNet4, Mlp),
    optimizer: Sgd,
    head_optimizer: AdamW,
    queue: Tensor,
    place: f64,
}

impl Learner {
    fn new(seed: u64) -> Result<Self> {
        let params = Params::new(seed, &Device::Cpu);
        let network = (ConvNet4::new(3, &params.pp("backbone"))?, Mlp::new(&[256, 16, 4], &params.pp("head"))?);
        let optimizer = Sgd::new(params.pp("backbone").trained(), 0.9, 1e-3);
        let head_optimizer = AdamW::new(params.pp("head").trained(), 1e-3);
        let queue = Tensor::zeros((2, 4), candle_core::DType::F32, &Device::Cpu)?;
        Ok(Self { params, network, optimizer, head_optimizer, queue, place: 0.0 })
    }

    /// A few steps of regression on fixed images; steps are counted over the whole training.
    fn train(&mut self, steps: std::ops::Range<usize>) -> Result<()> {
        for step in steps {
            let images = (Tensor::arange(0f32, 4.0 * 3.0 * 64.0, &Device::Cpu)? * (0.01 * (step + 1) as f64))?;
            let images = images.sin()?.reshape((4, 3, 8, 8))?;
            let y = self.network.1.forward(&self.network.0.forward(&images, true)?, true)?;
            let grads = (y.sqr()?.mean_all()? + self.queue.sum_all()? * 0.01)?.backward()?;
            self.optimizer.step(&grads, 0.05)?;
            self.head_optimizer.step(&grads, 0.05)?;
            self.queue = y.narrow(0, 0, 2)?.detach();
            self.place += 1.0;
        }
        Ok(())
    }

    fn save(&self, epoch: usize, path: &Path) -> Result<()> {
        let parts: &[(&str, &dyn Part)] = &[
            ("params", &self.params),
            ("optimizer", &self.optimizer),
            ("head's optimizer", &self.head_optimizer),
            ("queue", &self.queue),
            ("place", &self.place),
        ];
        Checkpoint::new(epoch, "settings", parts)?.save(path)
    }

    fn restore(&mut self, path: &Path) -> Result<usize> {
        let checkpoint = Checkpoint::read(path)?;
        assert_eq!(checkpoint.settings, "settings");
        let epoch = checkpoint.epoch;
        checkpoint.restore(&mut [
            ("params", &mut self.params),
            ("optimizer", &mut self.optimizer),
            ("head's optimizer", &mut self.head_optimizer),
            ("queue", &mut self.queue),
            ("place", &mut self.place),
        ])?;
        Ok(epoch)
    }
}

#[test]
fn a_run_that_is_killed_and_resumed_ends_in_the_same_bytes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let [whole, half, resumed] = ["whole", "half", "resumed"].map(|name| folder.path().join(name));
    let mut learner = Learner::new(3)?;
    learner.train(0..4)?;
    learner.save(4, &whole)?;

    let mut first = Learner::new(3)?;
    first.train(0..2)?;
    first.save(2, &half)?;
    let mut second = Learner::new(99)?;
    assert_eq!(second.restore(&half)?, 2);
    second.train(2..4)?;
    second.save(4, &resumed)?;
    assert!(std::fs::read(whole)? == std::fs::read(resumed)?, "the files differ");
    Ok(())
}

#[test]
fn damaged_altered_and_foreign_files_are_refused_with_their_path() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.safetensors");
    let mut learner = Learner::new(0)?;
    let mut refused = |word: &str| {
        let message = format!("{:#}", learner.restore(&path).expect_err(word));
        assert!(message.contains("run.safetensors") && message.contains(word), "{word}: {message}");
    };
    refused("No such file");
    Learner::new(1)?.save(1, &path)?;
    let bytes = std::fs::read(&path)?;
    std::fs::write(&path, &bytes[..bytes.len() / 2])?;
    refused("reading");
    let mut altered = bytes.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    std::fs::write(&path, &altered)?;
    refused("checksum");
    TensorFile { header: "something else".to_string(), tensors: BTreeMap::new() }.save(&path)?;
    refused("no checkpoint");
    Ok(())
}

#[test]
fn values_that_are_not_finite_are_neither_written_nor_read() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.safetensors");
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let tensors = BTreeMap::from([("weight".to_string(), Tensor::new(&[1.0, value], &Device::Cpu)?)]);
        let message =
            format!("{:#}", TensorFile { header: String::new(), tensors }.save(&path).expect_err("not finite"));
        assert!(message.contains("weight holds values that are not finite"), "{message}");
        assert!(!path.exists());
    }
    Ok(())
}

#[test]
fn a_part_that_is_missing_or_of_another_shape_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.safetensors");
    let queue = Tensor::zeros((2, 4), candle_core::DType::F32, &Device::Cpu)?;
    Checkpoint::new(1, "", &[("queue", &queue)])?.save(&path)?;
    assert!(Checkpoint::new(1, "", &[("queue", &queue), ("queue", &queue)]).is_err());
    let restore = |name: &str, rows: usize| -> Result<()> {
        let mut queue = Tensor::zeros((rows, 4), candle_core::DType::F32, &Device::Cpu)?;
        Checkpoint::read(&path)?.restore(&mut [(name, &mut queue)])
    };
    restore("queue", 2)?;
    for (name, rows, word) in
        [("bank", 2, "holds [\"queue\"], expected [\"bank\"]"), ("queue", 3, "expected shape [3, 4], got [2, 4]")]
    {
        let message = format!("{:#}", restore(name, rows).expect_err(word));
        assert!(message.contains(word), "{message}");
    }
    let message = format!("{:#}", Checkpoint::read(&path)?.restore(&mut []).expect_err("a part too many"));
    assert!(message.contains("expected []"), "{message}");
    Ok(())
}

#[test]
fn a_backbone_is_loaded_with_one_call() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("backbone.safetensors");
    let params = Params::new(7, &Device::Cpu);
    for (kind, channels) in [(BackboneKind::ConvNet4, 1), (BackboneKind::ResNet18, 3)] {
        let backbone = Backbone::new(kind, channels, &params.pp(kind).pp("backbone"))?.seeing("edges");
        let images = Tensor::rand(0f32, 1.0, (2, channels, 8, 8), &Device::Cpu)?;
        backbone.forward(&images, true)?;
        backbone.save(&path)?;
        let loaded = Backbone::load(&path, &Device::Cpu)?;
        let [before, after] = [&backbone, &loaded].map(|network| network.forward(&images, false)?.to_vec2::<f32>());
        assert_eq!((before?, "edges"), (after?, loaded.sees()), "{kind}");
    }
    Learner::new(0)?.save(1, &path)?;
    let message = format!("{:#}", Backbone::load(&path, &Device::Cpu).err().expect("a checkpoint is no backbone"));
    assert!(message.contains("no backbone"), "{message}");
    Ok(())
}

#[cfg(unix)]
#[test]
fn files_can_be_read_by_whom_the_umask_lets() -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir()?;
    let [plain, ours] = ["plain", "ours"].map(|name| folder.path().join(name));
    std::fs::write(&plain, "")?;
    Learner::new(0)?.save(1, &ours)?;
    let mode = |path: &Path| std::fs::metadata(path).map(|data| data.permissions().mode());
    assert_eq!(mode(&ours)?, mode(&plain)?);
    Ok(())
}
