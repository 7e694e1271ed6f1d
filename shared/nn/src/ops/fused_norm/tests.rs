//! The kernels, compiled for a CPU, beside the CPU's own batch norm.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use candle_core::{DType, Device, Var};
use tempfile::TempDir;

use super::super::{BatchNormMode, batch_norm};
use super::*;

/// `norm_twin.c`, compiled.
static PROGRAM: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops/norm_twin.c");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let threads = format!("-DTHREADS={THREADS}");
    let compile =
        Command::new(compiler).args(["-O2", &threads, "-o"]).arg(folder.path().join("twin")).arg(source).status();
    assert!(compile.is_ok_and(|status| status.success()), "the kernels do not compile");
    folder
});

/// What a kernel writes, computed by its twin on the CPU.
pub(super) fn twin(launch: &Launch, dims: &[usize], parts: usize, inputs: [&[f32]; 3], out: usize) -> Vec<f32> {
    let sizes = [dims[0], dims[1], dims[2] * dims[3], usize::from(launch.relu), parts];
    let counts = inputs.iter().map(|numbers| numbers.len()).chain([out]);
    let mut program = Command::new(PROGRAM.path().join("twin"));
    program.arg(launch.kernel.name()).args(sizes.into_iter().chain(counts).map(|size| size.to_string()));
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the twin starts");
    let bytes: Vec<u8> = inputs.concat().iter().flat_map(|number| number.to_le_bytes()).collect();
    child.stdin.take().expect("a pipe").write_all(&bytes).expect("the twin reads");
    let output = child.wait_with_output().expect("the twin ends");
    assert!(output.status.success(), "{}", launch.kernel.name());
    output.stdout.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// Output, statistics, and gradients where every number of the output has an upstream gradient of its own.
fn all(vars: &[Var], norm: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<(Tensor, Moments)>) -> Result<Vec<Tensor>> {
    let (y, moments) = norm(&vars[0], &vars[1], &vars[2])?;
    let upstream = Tensor::arange(0f32, y.elem_count() as f32, &Device::Cpu)?.sin()?.reshape(y.shape())?;
    let gradients = (&y * upstream)?.sum_all()?.backward()?;
    let gradients = vars.iter().map(|var| gradients.get(var).cloned().expect("a gradient"));
    Ok([y.detach(), moments.mean, moments.variance].into_iter().chain(gradients).collect())
}

#[test]
fn the_kernels_compute_what_the_cpu_does() -> Result<()> {
    // Fewer images than parts, more than a block has threads, more than parts; far from zero.
    for (shape, mean, relu) in [
        ((3, 5, 4, 7), 0.0, true),
        ((37, 2, 20, 16), 300.0, false),
        ((2, 1, 1, 1), 0.0, false),
        ((18, 7, 3, 3), -1.0, true),
    ] {
        let channels = shape.1;
        let vars = [
            Var::randn(mean, 1f32, shape, &Device::Cpu)?,
            Var::randn(0f32, 1.0, channels, &Device::Cpu)?,
            Var::randn(0f32, 1.0, channels, &Device::Cpu)?,
        ];
        if relu {
            // At 0 the ReLU lets nothing through.
            vars[1..].iter().try_for_each(|var| var.slice_set(&Tensor::zeros(1, DType::F32, &Device::Cpu)?, 0, 0))?;
        }
        let mode = BatchNormMode::Train;
        let expected = all(&vars, |x, gamma, beta| batch_norm(x, gamma, beta, &mode, 1e-3, relu))?;
        let got = all(&vars, |x, gamma, beta| super::batch_norm(x, gamma, beta, 1e-3, relu))?;
        for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
            assert_eq!(got.dims(), expected.dims(), "{shape:?}, number {i}");
            let largest = expected.abs()?.max_all()?.to_scalar::<f32>()?.max(1.0);
            let apart = (got - expected)?.abs()?.max_all()?.to_scalar::<f32>()?;
            assert!(apart < 1e-4 * largest, "{shape:?}, number {i}: {apart} off");
        }
    }
    Ok(())
}
