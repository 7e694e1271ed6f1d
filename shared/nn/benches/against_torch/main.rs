//! Our training against PyTorch's, measured side by side in one run:
//!
//! `cargo bench --profile dev -p ssl-nn --bench against_torch`
//!
//! Each side is a process of its own that repeats what it is told to; the two take turns. PyTorch's side needs
//! `${PYTHON:-python3}` with torch, torchvision and lightly; without them our side is printed alone.

mod process;
mod rust_side;

use std::env;

use process::Process;

/// Our side allocates as the labs do.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Operations, each measured forward and backward: 128 images; `conv_KERNEL_CHANNELS_SIZE_STRIDE`.
const OPERATIONS: [&str; 14] = [
    "conv_3_3to32_32_1",
    "conv_3_32to64_32_2",
    "conv_3_64to128_16_2",
    "conv_3_128to256_8_2",
    "conv_3_64to64_32_1",
    "conv_3_64to64_16_1",
    "conv_3_128to128_8_1",
    "conv_1_64to128_32_2",
    "conv_3_32to64_32_2_norm",
    "norm_relu",
    "relu",
    "add_relu",
    "max_pool",
    "avg_pool",
];

fn main() -> anyhow::Result<()> {
    if env::args().any(|argument| argument == "serve") {
        return rust_side::serve();
    }
    let wanted: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    let threads = std::thread::available_parallelism()?.get();
    let mut ours = Process::ours(threads)?;
    let mut theirs = Process::theirs(threads);
    for name in OPERATIONS {
        for direction in ["forward", "backward"] {
            let name = format!("{name}_{direction}");
            if wants(&name) {
                process::compare(&name, &name, 5, &mut ours, theirs.as_mut())?;
            }
        }
    }
    for (name, batch, rounds) in [("simclr_step_convnet4", 256, 5), ("simclr_step_resnet18", 64, 2)] {
        if wants(name) {
            process::compare(name, &format!("{name}_{batch}"), rounds, &mut ours, theirs.as_mut())?;
        }
    }
    Ok(())
}
