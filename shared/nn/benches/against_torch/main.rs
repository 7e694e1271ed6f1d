//! Our training against PyTorch's, measured side by side in one run:
//!
//! `cargo bench --profile dev -p ssl-nn --bench against_torch`
//!
//! Names after `--` choose the measurements that contain them; `growth` is measured only where it is named. The images of
//! the epoch are those of the directory `CIFAR10`, in its binary format, or else Toybox's.
//!
//! Each side is a process of its own that repeats what it is told to; the two take turns. PyTorch's side needs
//! `${PYTHON:-python3}` with torch, torchvision and lightly; without them our side is printed alone.

mod process;
mod rust_side;

use std::env;
use std::path::{Path, PathBuf};

use ssl_report::plot::{Curves, Plot, Scale};

use process::{EPOCH_IMAGES, Process, Unit, compare, compare_memory};

// Our side allocates as the labs do.
use ssl_experiment as _;

/// Operations, each measured forward and backward: 128 images; `conv_KERNEL_CHANNELS_SIZE_STRIDE`. Of each convolution without batch
/// norm the plain matrix product of the same size is measured, too, `product_…`: weight times patches, which are there.
const OPERATIONS: [&str; 18] = [
    "conv_3_3to32_32_1",
    "conv_3_32to64_32_2",
    "conv_3_64to128_16_2",
    "conv_3_128to256_8_2",
    "conv_3_64to64_32_1",
    "conv_3_64to64_16_1",
    "conv_3_128to128_8_1",
    "conv_3_512to512_4_1",
    "conv_1_64to128_32_2",
    "conv_3_32to64_32_2_norm",
    "norm_relu",
    "relu",
    "add_relu",
    "max_pool",
    "avg_pool",
    "global_pool",
    "upsample",
    "pixel_entropy",
];

fn main() -> anyhow::Result<()> {
    if env::args().any(|argument| argument == "serve") {
        return rust_side::serve();
    }
    let wanted: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    let threads = std::thread::available_parallelism()?.get();
    let toybox = tempfile::tempdir()?;
    let folder = match env::var_os("CIFAR10") {
        Some(folder) => PathBuf::from(folder),
        None => write_toybox(toybox.path())?,
    };
    if wants("simclr_epoch") {
        // Fresh processes, so that their memory is that of the epoch.
        let (mut ours, mut theirs) = (Process::ours(threads, &folder)?, Process::theirs(threads, &folder));
        compare("simclr_epoch", "simclr_epoch", Unit::PerSecond, 3, &mut ours, theirs.as_mut())?;
        compare_memory("simclr_epoch_memory", &ours, theirs.as_ref());
    }
    let (mut ours, mut theirs) = (Process::ours(threads, &folder)?, Process::theirs(threads, &folder));
    if wants("augmentation_per_core") {
        let name = "augmentation_per_core";
        compare(name, name, Unit::PerSecond, 3, &mut ours, theirs.as_mut())?;
    }
    for (name, batch) in [("simclr_step_convnet4", 256), ("simclr_step_resnet18", 64)] {
        if wants(name) {
            compare(name, &format!("{name}_{batch}"), Unit::Seconds, 5, &mut ours, theirs.as_mut())?;
        }
    }
    let products =
        OPERATIONS.iter().filter_map(|name| name.strip_prefix("conv_")).filter(|name| !name.ends_with("norm"));
    let operations = OPERATIONS.iter().flat_map(|name| [format!("{name}_forward"), format!("{name}_backward")]);
    for name in operations.chain(products.map(|name| format!("product_{name}_forward"))) {
        if wants(&name) {
            compare(&name, &name, Unit::Seconds, 5, &mut ours, theirs.as_mut())?;
        }
    }
    if wanted.iter().any(|name| name == "growth") {
        growth(threads, &folder)?;
    }
    Ok(())
}

/// How a training step's cost grows with the batch and falls with threads, as lines and as a plot.
fn growth(threads: usize, folder: &Path) -> anyhow::Result<()> {
    let mut series = Vec::new();
    for threads in [1, threads] {
        let (mut ours, mut theirs) = (Process::ours(threads, folder)?, Process::theirs(threads, folder));
        let mut lines = ["ours", "PyTorch"].map(|side| (format!("{side}, threads: {threads}"), Vec::new()));
        for batch in [32, 64, 128, 256, 512, 1024] {
            let name = format!("growth_batch_{batch}_threads_{threads}");
            let question = format!("simclr_step_convnet4_{batch}");
            let medians = compare(&name, &question, Unit::Seconds, 3, &mut ours, theirs.as_mut())?;
            for ((_, points), seconds) in lines.iter_mut().zip(medians) {
                points.push((f64::from(batch), f64::from(batch) / seconds));
            }
        }
        series.extend(lines.into_iter().filter(|(_, points)| !points.is_empty()));
    }
    let plot = Curves {
        title: "A SimCLR step with ConvNet4".to_string(),
        x_label: "image pairs a step".to_string(),
        y_label: "image pairs a second".to_string(),
        series,
        levels: Vec::new(),
        scale: Scale::Linear,
    };
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runs/against_torch");
    std::fs::create_dir_all(&out)?;
    plot.save(&out, "growth")?;
    println!("plot: {}", out.join("growth.svg").display());
    Ok(())
}

/// Without CIFAR-10, the images of the epoch are Toybox's, in CIFAR-10's format.
fn write_toybox(folder: &Path) -> anyhow::Result<PathBuf> {
    let train = ssl_data::Toybox::default().dataset()?.train;
    let records = (0..EPOCH_IMAGES).flat_map(|i| [&[0], train.images().get(i)].concat());
    std::fs::write(folder.join("data_batch_1.bin"), records.collect::<Vec<u8>>())?;
    Ok(folder.to_path_buf())
}
