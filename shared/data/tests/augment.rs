//! Views against torchvision, and the distributions they are drawn from.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Result, Tensor};
use rand::SeedableRng;
use ssl_data::augment::{Augmentation, Blur, Crop, CropBox, Step, View};
use ssl_data::{Images, Loader, Rng, Split};

const SIZE: usize = 16;
const TOLERANCE: f32 = 2e-5;

type Golden = HashMap<String, Tensor>;

fn golden() -> Result<Golden> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/golden/augment.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu)
}

fn number(golden: &Golden, case: &str, name: &str) -> Result<f64> {
    golden[&format!("{case}/case/{name}")].to_dtype(DType::F64)?.to_scalar()
}

/// Applies `view` to a case's image and compares.
fn agrees(golden: &Golden, case: &str, view: &View) -> Result<()> {
    let image = &golden[&format!("{case}/case/image")];
    let (_, height, width) = image.dims3()?;
    let mut got = vec![0.0; 3 * SIZE * SIZE];
    view.apply(&image.flatten_all()?.to_vec1()?, (height, width), SIZE, &mut got);
    let expected: Vec<f32> = golden[&format!("{case}/expected/view")].flatten_all()?.to_vec1()?;
    for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
        assert!((got - expected).abs() <= TOLERANCE, "{case}: element {i} is {got}, expected {expected}");
    }
    Ok(())
}

#[test]
fn resampling_agrees_with_torchvision() -> Result<()> {
    let golden = golden()?;
    for i in 0..5 {
        for (case, flip) in [(format!("resample_{i}"), false), (format!("resample_{i}_flip"), true)] {
            let numbers: Vec<u32> = golden[&format!("{case}/case/box")].to_vec1()?;
            let [top, left, height, width] = [0, 1, 2, 3].map(|i| numbers[i] as usize);
            let crop = CropBox { top, left, height, width };
            agrees(&golden, &case, &View { crop, flip, steps: Vec::new() })?;
        }
    }
    Ok(())
}

#[test]
fn every_step_agrees_with_torchvision() -> Result<()> {
    let golden = golden()?;
    let crop = CropBox::whole(SIZE, SIZE);
    let mut steps = vec![("grayscale".to_string(), Step::Grayscale)];
    type New = fn(f32) -> Step;
    let kinds: [(&str, usize, New); 5] = [
        ("brightness", 3, Step::Brightness),
        ("contrast", 3, Step::Contrast),
        ("saturation", 3, Step::Saturation),
        ("hue", 5, Step::Hue),
        ("solarize", 2, Step::Solarize),
    ];
    for (name, count, step) in kinds {
        for case in (0..count).map(|i| format!("{name}_{i}")) {
            let value = number(&golden, &case, "value")? as f32;
            steps.push((case, step(value)));
        }
    }
    for case in (0..4).map(|i| format!("blur_{i}")) {
        let (kernel, sigma) = (number(&golden, &case, "kernel")? as usize, number(&golden, &case, "value")? as f32);
        steps.push((case, Step::Blur { kernel, sigma }));
    }
    for (case, step) in steps {
        agrees(&golden, &case, &View { crop, flip: false, steps: vec![step] })?;
    }
    Ok(())
}

const DRAWS: usize = 20_000;

fn views(augmentation: &Augmentation) -> Vec<View> {
    let mut rng = Rng::seed_from_u64(1);
    (0..DRAWS).map(|_| augmentation.draw(&mut rng, 96, 96)).collect()
}

/// Whether a share of all draws is within five standard errors of `probability`.
fn happens(what: &str, count: usize, probability: f64) {
    let share = count as f64 / DRAWS as f64;
    let error = (probability * (1.0 - probability) / DRAWS as f64).sqrt();
    assert!((share - probability).abs() <= 5.0 * error, "{what}: {share}, expected {probability}");
}

/// Whether values spread evenly over [low, high], by the Kolmogorov–Smirnov statistic; `grain` is what rounding shifts.
fn uniform(what: &str, mut values: Vec<f64>, (low, high): (f64, f64), grain: f64) {
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let distance = |(i, value): (usize, &f64)| ((value - low) / (high - low) - (i as f64 + 0.5) / count).abs();
    let greatest = values.iter().enumerate().map(distance).fold(0.0, f64::max);
    assert!(greatest <= 2.5 / count.sqrt() + grain, "{what}: distance {greatest} from U({low}, {high})");
}

#[test]
fn crops_have_uniform_areas_log_uniform_shapes_and_lie_anywhere() {
    // At most half the area: no box falls outside, so no draw is repeated.
    let crop = Crop { scale: (0.1, 0.5), ..Crop::default() };
    let drawn = views(&Augmentation { crop: Some(crop), ..Augmentation::NONE });
    let boxes = || drawn.iter().map(|view| view.crop);
    assert!(boxes().all(|b| b.top + b.height <= 96 && b.left + b.width <= 96));
    uniform("area", boxes().map(|b| (b.height * b.width) as f64 / 9216.0).collect(), (0.1, 0.5), 0.02);
    let ratios = boxes().map(|b| (b.width as f64 / b.height as f64).ln()).collect();
    uniform("shape", ratios, (0.75f64.ln(), (4.0f64 / 3.0).ln()), 0.04);
    let places = boxes().map(|b| (b.top as f64 + 0.5) / (97 - b.height) as f64).collect();
    uniform("row", places, (0.0, 1.0), 0.02);
    let places = boxes().map(|b| (b.left as f64 + 0.5) / (97 - b.width) as f64).collect();
    uniform("column", places, (0.0, 1.0), 0.02);
}

#[test]
fn a_shape_that_never_fits_gives_the_center() {
    let crop = Crop { scale: (1.0, 1.0), ratio: (2.0, 2.0) };
    let view = Augmentation { crop: Some(crop), ..Augmentation::NONE }.draw(&mut Rng::seed_from_u64(0), 32, 32);
    assert_eq!(view.crop, CropBox { top: 8, left: 0, height: 16, width: 32 });
}

#[test]
fn simclr_s_steps_come_as_often_as_the_paper_says() {
    let blur = Blur { probability: 0.5, kernel: 9, sigma: (0.1, 2.0) };
    let drawn = views(&Augmentation { blur: Some(blur), solarize: 0.1, ..Augmentation::simclr(0.5) });
    let count = |is: &dyn Fn(&Step) -> bool| drawn.iter().filter(|view| view.steps.iter().any(is)).count();
    happens("flip", drawn.iter().filter(|view| view.flip).count(), 0.5);
    happens("jitter", count(&|step| matches!(step, Step::Hue(_))), 0.8);
    happens("gray", count(&|step| *step == Step::Grayscale), 0.2);
    happens("blur", count(&|step| matches!(step, Step::Blur { .. })), 0.5);
    happens("solarize", count(&|step| matches!(step, Step::Solarize(_))), 0.1);
    let values = |of: &dyn Fn(&Step) -> Option<f32>| -> Vec<f64> {
        drawn.iter().flat_map(|view| &view.steps).filter_map(of).map(f64::from).collect()
    };
    let spread = (0.6, 1.4);
    uniform("brightness", values(&|s| if let Step::Brightness(f) = s { Some(*f) } else { None }), spread, 0.0);
    uniform("contrast", values(&|s| if let Step::Contrast(f) = s { Some(*f) } else { None }), spread, 0.0);
    uniform("saturation", values(&|s| if let Step::Saturation(f) = s { Some(*f) } else { None }), spread, 0.0);
    uniform("hue", values(&|s| if let Step::Hue(turn) = s { Some(*turn) } else { None }), (-0.1, 0.1), 0.0);
    let sigmas = values(&|s| if let Step::Blur { sigma, .. } = s { Some(*sigma) } else { None });
    uniform("blur's sigma", sigmas, (0.1, 2.0), 0.0);
}

#[test]
fn jitter_takes_its_four_steps_in_all_orders_alike() {
    let mut orders: HashMap<Vec<std::mem::Discriminant<Step>>, usize> = HashMap::new();
    for view in views(&Augmentation { grayscale: 0.0, ..Augmentation::simclr(1.0) }) {
        *orders.entry(view.steps.iter().map(std::mem::discriminant).collect()).or_default() += 1;
    }
    orders.remove(&Vec::new());
    assert_eq!(orders.len(), 24);
    orders.values().for_each(|&count| happens("an order", count, 0.8 / 24.0));
}

#[test]
fn without_augmentation_a_view_is_the_image() {
    let image: Vec<u8> = (0..3 * SIZE * SIZE).map(|i| (i * 37 % 256) as u8).collect();
    let mut view = vec![0.0; image.len()];
    let drawn = Augmentation::NONE.draw(&mut Rng::seed_from_u64(0), SIZE, SIZE);
    drawn.apply(&image, (SIZE, SIZE), SIZE, &mut view);
    for (value, byte) in view.iter().zip(&image) {
        assert!((value * 255.0 - f32::from(*byte)).abs() < 1e-3);
    }
}

fn loader(batch_size: usize) -> anyhow::Result<Loader> {
    let bytes = (0..10 * 3 * 8 * 8).map(|i| (i * 31 % 251) as u8).collect();
    Loader::new(Split::new(Images::new(bytes, 8, 8)?, None)?, batch_size, 3, &Device::Cpu)
}

/// The views of every image in an epoch, by the image's number.
fn views_of(batch_size: usize, epoch: usize) -> anyhow::Result<HashMap<usize, Vec<Vec<f32>>>> {
    let simclr = Augmentation::simclr(1.0);
    let mut views = HashMap::new();
    for batch in loader(batch_size)?.views(epoch, &[simclr.clone(), simclr])? {
        let batch = batch?;
        assert_eq!(batch.tensors.len(), 2);
        for (row, index) in batch.indices.iter().enumerate() {
            let of_image = batch.tensors.iter().map(|view| view.get(row)?.flatten_all()?.to_vec1());
            views.insert(*index, of_image.collect::<Result<_>>()?);
        }
    }
    Ok(views)
}

#[test]
fn views_depend_on_seed_epoch_image_and_view_alone() -> anyhow::Result<()> {
    let first = views_of(5, 0)?;
    assert_eq!(first, views_of(2, 0)?, "other batches");
    assert!(first.values().all(|views| views[0] != views[1]), "two views of one image");
    let later = views_of(5, 1)?;
    assert!(first.iter().all(|(i, views)| views != &later[i]), "another epoch");
    Ok(())
}

#[test]
fn views_without_augmentations_are_refused() -> anyhow::Result<()> {
    let message = loader(5)?.views(0, &[]).err().map(|error| error.to_string());
    assert!(message.is_some_and(|message| message.contains("got 0")));
    Ok(())
}

#[test]
fn cutting_flipping_and_changing_tensors_is_what_a_view_does_at_once() -> Result<()> {
    let golden = golden()?;
    let image = &golden["resample_0/case/image"];
    let (_, height, width) = image.dims3()?;
    let crop = CropBox { top: 1, left: 2, height: height - 3, width: width - 4 };
    let steps = vec![Step::Contrast(0.6), Step::Hue(0.2), Step::Blur { kernel: 3, sigma: 0.8 }];
    let mut expected = vec![0.0; 3 * SIZE * SIZE];
    let view = View { crop, flip: true, steps: steps.clone() };
    view.apply(&image.flatten_all()?.to_vec1()?, (height, width), SIZE, &mut expected);
    let cut = crop.cut(image, SIZE)?.flip(&[2])?;
    let got = steps.iter().try_fold(cut, |image, step| step.change(&image))?;
    let off = (got - Tensor::from_vec(expected, (3, SIZE, SIZE), &Device::Cpu)?)?.abs()?.max_all()?;
    assert!(off.to_scalar::<f32>()? < 1e-6);
    Ok(())
}

#[test]
fn a_box_outside_the_image_is_refused() -> Result<()> {
    let image = Tensor::zeros((3, 8, 8), DType::U8, &Device::Cpu)?;
    for crop in [CropBox { top: 5, left: 0, height: 4, width: 4 }, CropBox { top: 0, left: 0, height: 0, width: 4 }] {
        let message = crop.cut(&image, 8).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains("a box inside an image"), "{message}");
    }
    Ok(())
}
