//! Everything on a GPU but cuDNN, computed on a CPU, beside the CPU's own operations.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use candle_core::backend::BackendStorage;
use candle_core::op::BackpropOp;
use candle_core::{CpuStorage, DType, Device, Result, Shape, Storage, Tensor, Var};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use super::super::{BatchNormMode, ConvNormLayer, Moments, Section, Seen, batch_norm, conv, conv_network, conv2d};
use super::convolution::{Convolution, Pass};
use super::kernels::Call;
use super::order::Order;
use super::storage::on_cpu;
use super::variant::Variant;
use crate::gpu::{Precision, with_precision};

/// `twin.c`, compiled for every variant that is used: both orders and both types, several numbers at once and one by one.
static PROGRAMS: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops/gpu/twin.c");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let [first, last] = [Order::ChannelsFirst, Order::ChannelsLast];
    for (order, short, lanes) in
        [(first, false, 1), (first, false, 4), (last, false, 1), (last, false, 4), (last, true, 1), (last, true, 8)]
    {
        let variant = Variant { short, order, lanes };
        let mut compile = Command::new(&compiler);
        compile.arg("-O2").args(variant.defined().iter().map(|(name, value)| format!("-D{name}={value}")));
        compile.arg("-o").arg(folder.path().join(variant.name())).arg(&source).arg("-lm");
        assert!(compile.status().is_ok_and(|status| status.success()), "the kernels do not compile");
    }
    folder
});

/// What a kernel writes, computed by its twin on the CPU.
pub(super) fn twin(call: &Call, len: usize, dtype: DType) -> Result<CpuStorage> {
    let inputs = call.inputs().map(|input| input.map_or(Vec::new(), bytes));
    let [groups, blocks] = call.grid();
    let counts = inputs.iter().map(Vec::len).chain([len * dtype.size_in_bytes()]);
    let sizes = [groups, blocks, call.numbers(), call.pixels(), call.channels(), call.parts];
    let mut program = Command::new(PROGRAMS.path().join(call.variant().name()));
    program.arg(call.kernel).args(sizes.map(|size| size.to_string()));
    program.arg(call.epsilon.to_string()).arg(call.flags.bits().to_string());
    program.args(counts.map(|count| count.to_string()));
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the twin starts");
    child.stdin.take().expect("a pipe").write_all(&inputs.concat()).expect("the twin reads");
    let output = child.wait_with_output().expect("the twin ends");
    assert!(output.status.success(), "{}", call.kernel);
    Ok(on_cpu(&Tensor::from_raw_buffer(&output.stdout, dtype, &[len], &Device::Cpu)?)?.0)
}

fn bytes(tensor: &Tensor) -> Vec<u8> {
    let to = |numbers: Vec<f32>, size| numbers.iter().flat_map(|f| f.to_le_bytes()[4 - size..].to_vec()).collect();
    let numbers = tensor.flatten_all().and_then(|all| all.to_dtype(DType::F32)?.to_vec1()).expect("numbers");
    to(numbers, tensor.dtype().size_in_bytes())
}

/// What cuDNN would compute, by the CPU's convolution.
pub(super) fn convolution(convolution: &Convolution, inputs: [&CpuStorage; 2]) -> Result<CpuStorage> {
    let (Convolution { pass, order, geometry, .. }, dtype) = (*convolution, inputs[0].dtype());
    let [x_sizes, weight_sizes, y_sizes] =
        [Pass::Input, Pass::Weight, Pass::Forward].map(|pass| convolution.sizes(pass));
    let given = |storage: &CpuStorage, sizes| -> Result<Var> {
        let (storage, shape) = (Storage::Cpu(storage.clone()), Shape::from(&order.sizes(sizes)));
        let tensor = Tensor::from_storage(storage, shape, BackpropOp::none(), false);
        Var::from_tensor(&order.back(&tensor.to_dtype(DType::F32)?)?)
    };
    let unknown = |sizes: [usize; 4]| Var::zeros(&sizes, DType::F32, &Device::Cpu);
    let y = |x: &Var, weight: &Var| conv2d(x, weight, geometry.stride, geometry.padding);
    let gradient = |x: &Var, weight: &Var, of: &Var| -> Result<Tensor> {
        let gradients = (y(x, weight)? * given(inputs[1], y_sizes)?.as_tensor())?.sum_all()?.backward()?;
        Ok(gradients.get(of).cloned().expect("a gradient"))
    };
    let result = match pass {
        Pass::Forward => y(&given(inputs[0], x_sizes)?, &given(inputs[1], weight_sizes)?)?.detach(),
        Pass::Input => {
            let x = unknown(x_sizes)?;
            gradient(&x, &given(inputs[0], weight_sizes)?, &x)?
        }
        Pass::Weight => {
            let weight = unknown(weight_sizes)?;
            gradient(&given(inputs[0], x_sizes)?, &weight, &weight)?
        }
    };
    Ok(on_cpu(&order.of(&result)?.to_dtype(dtype)?)?.0)
}

/// ‖got − expected‖ / ‖expected‖
fn off(got: &Tensor, expected: &Tensor) -> Result<f64> {
    assert_eq!(got.dims(), expected.dims());
    let length = |x: &Tensor| x.to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar::<f64>().map(f64::sqrt);
    Ok(length(&(got - expected)?)? / length(expected)?.max(1e-30))
}

/// Values, then the gradients of `vars` where every number of the first value has an upstream gradient of its own.
fn with_gradients(values: Vec<Tensor>, vars: &[Var]) -> Result<Vec<Tensor>> {
    let upstream = Tensor::arange(0f32, values[0].elem_count() as f32, &Device::Cpu)?.sin()?;
    let gradients = (&values[0] * upstream.reshape(values[0].shape())?)?.sum_all()?.backward()?;
    let gradients = vars.iter().filter_map(|var| gradients.get(var).cloned());
    Ok(values.iter().map(Tensor::detach).chain(gradients).collect())
}

/// Numbers around a mean, the same for the same seed.
fn random(shape: impl Into<Shape>, mean: f32, seed: u64) -> Result<Var> {
    let (shape, mut random) = (shape.into(), ChaCha8Rng::seed_from_u64(seed));
    let numbers: Vec<f32> = (0..shape.elem_count()).map(|_| mean + random.random_range(-1.7..1.7)).collect();
    Var::from_tensor(&Tensor::from_vec(numbers, shape, &Device::Cpu)?)
}

fn compare(case: &str, expected: &[Tensor], got: &[Tensor], tolerance: f64) -> Result<()> {
    assert_eq!(expected.len(), got.len(), "{case}");
    for (i, (expected, got)) in expected.iter().zip(got).enumerate() {
        let off = off(got, expected)?;
        assert!(off < tolerance, "{case}, number {i}: {off} off");
    }
    Ok(())
}

/// All numbers, one after the other.
fn joined(all: &[Tensor]) -> Result<Tensor> {
    Tensor::cat(&all.iter().map(Tensor::flatten_all).collect::<Result<Vec<_>>>()?, 0)
}

#[test]
fn batch_norm_is_the_cpu_s() -> Result<()> {
    // Fewer pixels than a block has rows, more than all blocks; channels, and pixels, that are read one by one and several at once; far from
    // zero.
    for (shape, mean, relu) in [
        ((150, 3, 16, 16), 300.0, true),
        ((3, 5, 4, 7), 0.0, true),
        ((37, 8, 50, 19), 300.0, false),
        ((2, 1, 1, 1), 0.0, false),
        ((18, 72, 3, 3), -1.0, true),
        ((33, 44, 1, 1), -1.0, true),
    ] {
        let channels = shape.1;
        let vars = [random(shape, mean, 1)?, random(channels, 0.0, 2)?, random(channels, 0.0, 3)?];
        if relu {
            // At 0 the ReLU lets nothing through.
            vars[1..].iter().try_for_each(|var| var.slice_set(&Tensor::zeros(1, DType::F32, &Device::Cpu)?, 0, 0))?;
        }
        let fixed = [random(channels, mean, 4)?.detach(), random(channels, 0.0, 5)?.sqr()?.detach()];
        for train in [true, false] {
            let [mean, variance] = fixed.clone();
            let mode = if train { BatchNormMode::Train } else { BatchNormMode::Eval(Moments { mean, variance }) };
            let all = |(y, moments): (Tensor, Moments)| with_gradients(vec![y, moments.mean, moments.variance], &vars);
            let expected = all(batch_norm(&vars[0], &vars[1], &vars[2], &mode, 1e-3, relu)?)?;
            let fixed = (!train).then_some(fixed.each_ref());
            for precision in [Precision::F32, Precision::Tf32] {
                let got = || all(super::batch_norm(&vars[0], [&vars[1], &vars[2]], fixed, 1e-3, relu)?);
                let got = with_precision(precision, got)?;
                compare(&format!("{shape:?}, train {train}, {precision}"), &expected, &got, 1e-4)?;
            }
        }
    }
    Ok(())
}

/// Shapes of the weights of a layer, of a block's two, and of those of a block with a shortcut.
const KERNELS: [[usize; 4]; 6] =
    [[24, 3, 3, 3], [24, 24, 3, 3], [24, 24, 3, 3], [13, 24, 3, 3], [13, 13, 3, 3], [13, 24, 1, 1]];

/// What a network's forward pass is.
type Forward = fn(&Tensor, &[Section<ConvNormLayer>]) -> Result<(Tensor, Vec<Seen>)>;

/// A network of one layer and two blocks: output, statistics, gradients.
fn of_network(vars: &[Var], fixed: Option<&[[Tensor; 2]]>, forward: Forward) -> Result<Vec<Tensor>> {
    let layer = |i: usize, stride, padding, relu| {
        let [weight, gamma, beta] = [0, 1, 2].map(|j| vars[1 + 3 * i + j].as_tensor());
        let fixed = fixed.map(|fixed| fixed[i].each_ref());
        ConvNormLayer { weight, stride, padding, gamma, beta, epsilon: 1e-5, relu, fixed }
    };
    let sections = [
        Section::Layer(layer(0, 1, 1, true)),
        Section::Block { first: layer(1, 1, 1, true), second: layer(2, 1, 1, true), shortcut: None },
        Section::Block {
            first: layer(3, 2, 1, true),
            second: layer(4, 1, 1, false),
            shortcut: Some(layer(5, 2, 0, false)),
        },
    ];
    let (y, seen) = forward(&vars[0], &sections)?;
    let seen = seen.into_iter().flat_map(|(moments, _)| [moments.mean, moments.variance]);
    with_gradients([y].into_iter().chain(seen).collect(), vars)
}

#[test]
fn a_network_is_the_cpu_s() -> Result<()> {
    let statistics = |(i, kernel): (usize, &[usize; 4])| -> Result<[Tensor; 2]> {
        let seed = 100 + 2 * i as u64;
        Ok([random(kernel[0], 0.0, seed)?.detach(), random(kernel[0], 2.0, seed + 1)?.detach()])
    };
    let statistics = KERNELS.iter().enumerate().map(statistics).collect::<Result<Vec<_>>>()?;
    for (fixed, precision, beta, tolerance) in [
        (None, Precision::F32, 0.0, 1e-4),
        (Some(statistics.as_slice()), Precision::F32, 0.0, 1e-4),
        (None, Precision::Tf32, 0.0, 1e-4),
        (Some(statistics.as_slice()), Precision::Tf32, 0.0, 1e-4),
        // Where numbers are short, rounding decides for some on which side of a ReLU they are: far from 0, for few.
        (None, Precision::Bf16, 5.0, 1.5e-1),
        (Some(statistics.as_slice()), Precision::Bf16, 5.0, 1.5e-1),
    ] {
        let parameters =
            KERNELS.iter().flat_map(|kernel| [(kernel.to_vec(), 0.0), (vec![kernel[0]], 0.0), (vec![kernel[0]], beta)]);
        let all = [(vec![5, 3, 9, 8], 0.0)].into_iter().chain(parameters).enumerate();
        let vars = all.map(|(i, (shape, mean))| random(shape, mean, i as u64)).collect::<Result<Vec<_>>>()?;
        let expected = of_network(&vars, fixed, conv_network)?;
        let got = with_precision(precision, || of_network(&vars, fixed, super::conv_network))?;
        let case = format!("fixed: {}, {precision}", fixed.is_some());
        if precision != Precision::Bf16 {
            compare(&case, &expected, &got, tolerance)?;
        } else {
            let (gradients, values) = (1 + 2 * KERNELS.len().., ..1 + 2 * KERNELS.len());
            compare(&case, &expected[values], &got[values], tolerance)?;
            // Of some gradients the batch's statistics leave less than is rounded.
            compare(&case, &[joined(&expected[gradients.clone()])?], &[joined(&got[gradients])?], tolerance)?;
        }
    }
    Ok(())
}

#[test]
fn a_network_goes_backward_twice_or_later_and_computes_no_gradient_of_images() -> Result<()> {
    let shapes = [vec![2, 3, 5, 4], vec![3, 3, 3, 3], vec![3], vec![3]];
    let vars = shapes.into_iter().zip(1..).map(|(shape, seed)| random(shape, 0.0, seed)).collect::<Result<Vec<_>>>()?;
    let layer = ConvNormLayer {
        weight: &vars[1],
        stride: 1,
        padding: 1,
        gamma: &vars[2],
        beta: &vars[3],
        epsilon: 1e-5,
        relu: false,
        fixed: None,
    };
    let block = [Section::Block { first: layer, second: layer, shortcut: None }];
    let of_images = with_gradients(vec![super::conv_network(&vars[0].detach(), &block)?.0], &vars)?;
    let of_var = with_gradients(vec![super::conv_network(&vars[0], &block)?.0], &vars)?;
    assert_eq!((of_images.len(), of_var.len()), (4, 5));
    compare("images", &of_var[2..], &of_images[1..], 1e-6)?;
    let y = super::conv_network(&vars[0], &block)?.0;
    let [once, twice] = [y.clone(), y].map(|y| with_gradients(vec![y], &vars));
    compare("twice", &once?, &twice?, 1e-6)?;
    let before = with_precision(Precision::Tf32, || super::conv_network(&vars[0], &block))?.0;
    compare("the precision changes", &of_var, &with_gradients(vec![before], &vars)?, 1e-4)
}

#[test]
fn a_convolution_is_the_cpu_s() -> Result<()> {
    let vars = [random((3, 5, 7, 6), 0.0, 1)?, random((4, 5, 3, 2), 0.0, 2)?];
    let geometry = conv::geometry(vars[0].dims(), vars[1].dims(), 2, 1)?;
    let expected = with_gradients(vec![conv2d(&vars[0], &vars[1], 2, 1)?], &vars)?;
    for precision in [Precision::F32, Precision::Tf32] {
        let got = || with_gradients(vec![super::conv2d(&vars[0], &vars[1], geometry)?], &vars);
        compare(&precision.to_string(), &expected, &with_precision(precision, got)?, 1e-5)?;
    }
    let before = with_precision(Precision::Tf32, || super::conv2d(&vars[0], &vars[1], geometry))?;
    compare("the precision changes", &expected, &with_gradients(vec![before], &vars)?, 1e-5)?;
    let short = with_precision(Precision::Bf16, || super::conv2d(&vars[0], &vars[1], geometry))?;
    compare("bf16", &expected[..1], &[short], 1e-2)
}
