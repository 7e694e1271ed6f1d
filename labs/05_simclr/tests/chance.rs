//! Checks of functions of chance: how results are spread, alone and together; exact counts; the same generator, the same result.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};

use candle_core::{DType, Device, Result, Tensor};
use rand::{Rng as _, RngCore, SeedableRng};
use simclr::Transform;
use ssl_data::Rng;
use ssl_data::augment::CropBox;
use ssl_grading::{Check, Values, refused};

use super::{Exercises, check, diagnoses, refusals};

/// Draws: with so many, a right answer is off by more than the tolerance less than once in 10⁹ runs.
const BOXES: usize = 200_000;
const AUGMENTATIONS: usize = 40_000;

pub fn boxes() -> Vec<Check<Exercises>> {
    vec![
        check("boxes", "crop_box", (6, 0.01), spread, diagnoses::BOXES),
        check("never_fits", "crop_box", (3, 0.0), never_fits, diagnoses::CENTER),
        check("generator", "crop_box", (1, 0.0), generator, diagnoses::GENERATOR),
    ]
}

/// What a box is drawn from.
struct World {
    height: usize,
    width: usize,
    scale: (f64, f64),
    ratio: (f64, f64),
}

impl World {
    fn of(case: &Values) -> Result<Self> {
        let range = |name| case.tensor(name).and_then(Tensor::to_vec1::<f64>).map(|ends| (ends[0], ends[1]));
        let (height, width) = (case.count("height")?, case.count("width")?);
        Ok(Self { height, width, scale: range("scale")?, ratio: range("ratio")? })
    }

    fn draw(&self, exercises: &Exercises, rng: &mut Rng) -> CropBox {
        (exercises.crop_box)(rng, self.height, self.width, self.scale, self.ratio)
    }
}

fn spread(exercises: &Exercises, case: &Values) -> Result<Values> {
    let world = World::of(case)?;
    let mut rng = Rng::seed_from_u64(1);
    let boxes: Vec<CropBox> = (0..BOXES).map(|_| world.draw(exercises, &mut rng)).collect();
    let share = |holds: &dyn Fn(&CropBox) -> bool| boxes.iter().filter(|b| holds(b)).count() as f64 / BOXES as f64;
    let quantities: [(&str, fn(&CropBox, &World) -> f64); 4] = [
        ("area", |b, world| (b.height * b.width) as f64 / (world.height * world.width) as f64),
        ("ratio", |b, _| b.width as f64 / b.height as f64),
        ("top", |b, _| b.top as f64),
        ("left", |b, _| b.left as f64),
    ];
    let mut values = Values::new();
    let mut medians = Vec::new();
    for (name, of) in quantities {
        let limits: Vec<f64> = case.tensor(&format!("{name} limits"))?.to_vec1()?;
        let below = limits.iter().map(|limit| share(&|b| of(b, &world) <= *limit));
        values = values.with(&format!("{name} up to its deciles"), &Tensor::from_iter(below, &Device::Cpu)?);
        medians.push((of, limits[4]));
    }
    let up_to = |i: usize, b: &CropBox| medians[i].0(b, &world) <= medians[i].1;
    let pairs = [(0, 1), (2, 3), (0, 2), (1, 3)].map(|(i, j)| share(&|b| up_to(i, b) && up_to(j, b)));
    let ends = [share(&|b| b.top + b.height == world.height), share(&|b| b.left + b.width == world.width)];
    let wrong = boxes
        .iter()
        .any(|b| b.height * b.width == 0 || b.top + b.height > world.height || b.left + b.width > world.width);
    values
        .with("pairs up to their medians", &Tensor::new(&pairs, &Device::Cpu)?)
        .with("at the last row and column", &Tensor::new(&ends, &Device::Cpu)?)
        .with_number("any box outside or empty", f64::from(u8::from(wrong)))
}

fn never_fits(exercises: &Exercises, case: &Values) -> Result<Values> {
    let b = World::of(case)?.draw(exercises, &mut Rng::seed_from_u64(2));
    Ok(Values::new().with("box", &Tensor::new(&[b.top, b.left, b.height, b.width].map(|n| n as f64), &Device::Cpu)?))
}

fn generator(exercises: &Exercises, case: &Values) -> Result<Values> {
    let world = World { height: 640, width: 800, scale: (0.05, 0.15), ratio: (0.5, 2.0) };
    let draw = |rng: &mut Rng| Ok((0..20).map(|_| world.draw(exercises, rng)).collect::<Vec<CropBox>>());
    let unlike = |first: &Vec<CropBox>, other: &Vec<CropBox>| {
        let places: HashSet<(usize, usize)> = first.iter().map(|b| (b.top, b.left)).collect();
        places.len() > 15 && first != other
    };
    of_the_generator(Values::new(), case.count("seed")? as u64, draw, unlike)
}

/// Adds whether the same seed repeats what is drawn, and whether another seed gives something `unlike` it while the generator moves on.
fn of_the_generator<T: PartialEq>(
    values: Values,
    seed: u64,
    draw: impl Fn(&mut Rng) -> Result<T>,
    unlike: impl Fn(&T, &T) -> bool,
) -> Result<Values> {
    let from = |seed: u64| {
        let mut rng = Rng::seed_from_u64(seed);
        Ok::<_, candle_core::Error>((draw(&mut rng)?, rng.next_u64()))
    };
    let ((first, state), (again, _), (other, _)) = (from(seed)?, from(seed)?, from(seed + 1)?);
    let moved = state != Rng::seed_from_u64(seed).next_u64();
    values
        .with_number("repeats", f64::from(u8::from(first == again)))?
        .with_number("differs", f64::from(u8::from(moved && unlike(&first, &other))))
}

pub fn views() -> Vec<Check<Exercises>> {
    vec![
        check("steps_in_order", "augment", (4, 1e-6), steps_in_order, diagnoses::ORDER),
        check("steps_by_chance", "augment", (4, 0.011), steps_by_chance, diagnoses::CHANCE),
        check("steps_draw", "augment", (1, 0.0), steps_draw, diagnoses::STEPS_DRAW),
        refused("errors_in_steps", "augment", 1, refusals::AUGMENT),
        check("two_draws", "two_views", (9, 1e-6), two_draws, diagnoses::VIEWS),
        refused("errors_in_views", "two_views", 1, refusals::TWO_VIEWS),
    ]
}

/// A seed that differs from case to case.
fn image_width(case: &Values) -> Result<u64> {
    Ok(case.tensor("image")?.dims3()?.2 as u64)
}

fn steps_in_order(exercises: &Exercises, case: &Values) -> Result<Values> {
    let halve = |image: &Tensor, _: &mut Rng| image * 0.5;
    let darken = |image: &Tensor, _: &mut Rng| image - 100.0;
    let lift = |image: &Tensor, _: &mut Rng| image + 0.25;
    let p: Vec<f64> = case.tensor("probabilities")?.to_vec1()?;
    let steps: [(f64, &Transform); 3] = [(p[0], &halve), (p[1], &darken), (p[2], &lift)];
    let view = (exercises.augment)(&steps, case.tensor("image")?, &mut Rng::seed_from_u64(image_width(case)?))?;
    Ok(Values::new().with("view", &view))
}

fn steps_by_chance(exercises: &Exercises, case: &Values) -> Result<Values> {
    let p: Vec<f64> = case.tensor("probabilities")?.to_vec1()?;
    // Which steps were taken can be read off the sum.
    let add = |number: f64| move |image: &Tensor, _: &mut Rng| image + number;
    let (one, two, four) = (add(1.0), add(2.0), add(4.0));
    let steps: [(f64, &Transform); 3] = [(p[0], &one), (p[1], &two), (p[2], &four)];
    let image = Tensor::zeros((3, 1, 1), DType::F32, &Device::Cpu)?;
    let sums = |count: usize| {
        let mut rng = Rng::seed_from_u64(4);
        let sum = |_| (exercises.augment)(&steps, &image, &mut rng)?.max_all()?.to_scalar::<f32>();
        (0..count).map(sum).collect::<Result<Vec<f32>>>()
    };
    let drawn = sums(AUGMENTATIONS)?;
    let repeats = sums(100)? == drawn[..100];
    let mut frequencies = [0.0; 8];
    drawn.iter().for_each(|sum| frequencies[(*sum as usize).min(7)] += 1.0 / AUGMENTATIONS as f64);
    let taken = |sum: f32, i: usize| sum as usize >> i & 1 == 1;
    let kept = drawn.iter().all(|&sum| (0..3).all(|i| p[i] > 0.0 && p[i] < 1.0 || taken(sum, i) == (p[i] == 1.0)));
    Values::new()
        .with("frequencies", &Tensor::new(&frequencies, &Device::Cpu)?)
        .with_number("never and always", f64::from(u8::from(kept)))?
        .with_number("repeats", f64::from(u8::from(repeats)))
}

fn steps_draw(exercises: &Exercises, case: &Values) -> Result<Values> {
    let image = Tensor::zeros((3, 1, 1), DType::F32, &Device::Cpu)?;
    let seed = case.count("seed")? as u64;
    let draw = |rng: &mut Rng| {
        let drawn = Drawn::default();
        let step = |image: &Tensor, rng: &mut Rng| drawn.note(rng).map(|()| image.clone());
        for _ in 0..2 {
            (exercises.augment)(&[(1.0, &step), (1.0, &step)], &image, rng)?;
        }
        drawn.numbers()
    };
    let numbers = draw(&mut Rng::seed_from_u64(seed))?;
    let all_differ = numbers.iter().collect::<HashSet<_>>().len() == 12;
    let values = Values::new().with_number("all random numbers differ", f64::from(u8::from(all_differ)))?;
    of_the_generator(values, seed, draw, nothing_in_common)
}

/// The random numbers that transforms have been given.
#[derive(Default)]
struct Drawn(Mutex<Vec<u64>>);

impl Drawn {
    fn lock(&self) -> Result<MutexGuard<'_, Vec<u64>>> {
        self.0.lock().map_err(|_| candle_core::Error::Msg("a transform panicked".into()))
    }

    /// Draws three numbers.
    fn note(&self, rng: &mut Rng) -> Result<()> {
        self.lock()?.extend([rng.random::<u64>(), rng.random(), rng.random()]);
        Ok(())
    }

    fn numbers(&self) -> Result<Vec<u64>> {
        Ok(self.lock()?.clone())
    }
}

#[expect(clippy::ptr_arg, reason = "what is drawn is a vector")]
fn nothing_in_common(first: &Vec<u64>, other: &Vec<u64>) -> bool {
    first.iter().all(|number| !other.contains(number))
}

fn two_draws(exercises: &Exercises, case: &Values) -> Result<Values> {
    let image = case.tensor("image")?;
    let draw = |rng: &mut Rng| {
        let drawn = Drawn::default();
        // Adds how often it has been called.
        let transform = |image: &Tensor, rng: &mut Rng| {
            drawn.note(rng)?;
            image + drawn.numbers()?.len() as f64 / 3.0
        };
        let views = (exercises.two_views)(&transform, image, rng)?;
        // The next image's views must not repeat what was drawn for this one.
        (exercises.two_views)(&transform, image, rng)?;
        Ok((views, drawn.numbers()?))
    };
    let ((a, b), numbers) = draw(&mut Rng::seed_from_u64(5))?;
    let mean = |view: &Tensor| view.mean_all()?.to_scalar::<f32>();
    // Which view is drawn first is left open.
    let views = if mean(&a)? <= mean(&b)? { [a, b] } else { [b, a] };
    let different: HashSet<u64> = numbers.into_iter().collect();
    let values = Values::new()
        .with("views", &Tensor::stack(&views, 0)?)
        .with_number("different random numbers", different.len() as f64)?;
    of_the_generator(values, 5, |rng| draw(rng).map(|(_, numbers)| numbers), nothing_in_common)
}
