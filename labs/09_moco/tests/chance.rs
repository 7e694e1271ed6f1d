//! Checks of what chance decides: how results are spread, which rows belong together, the same generator, the same result.

use std::cell::RefCell;
use std::collections::BTreeSet;

use candle_core::{DType, Device, Result, Tensor};
use moco::{Queue, Step};
use rand::SeedableRng;
use rand::seq::SliceRandom as _;
use ssl_data::Rng;
use ssl_grading::{Check, Values, refused};
use ssl_nn::params::Init;
use ssl_nn::{Params, Sgd};

use super::{Exercises, check, diagnoses, refusals};

/// Draws: with so many, a right answer is off by more than the tolerance less than once in a million runs.
const DRAWS: usize = 12_000;
/// Draws that are repeated.
const REPLAYED: usize = 50;

pub fn orders() -> Vec<Check<Exercises>> {
    vec![
        check("orders", "shuffle_batch", (6, 0.009), shares_of_orders, diagnoses::ORDERS),
        check("larger_batches", "shuffle_batch", (1, 0.02), larger_batches, &[]),
        refused("refused_batches", "shuffle_batch", 1, refusals::SHUFFLE_BATCH),
    ]
}

fn number(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// Draws again and again, and whether another generator in the same state draws the same.
fn draws<T: PartialEq>(draw: impl Fn(&mut Rng) -> Result<T>) -> Result<(Vec<T>, f64)> {
    let (mut rng, mut replay) = (Rng::seed_from_u64(1), Rng::seed_from_u64(1));
    let drawn = (0..DRAWS).map(|_| draw(&mut rng)).collect::<Result<Vec<T>>>()?;
    let again = (0..REPLAYED).map(|_| draw(&mut replay)).collect::<Result<Vec<T>>>()?;
    let same = number(again == drawn[..REPLAYED]);
    Ok((drawn, same))
}

/// Whether one and the same thing is drawn each time, and it is not one that needs no generator: then a seed of one's own decides.
fn own_seed<T: Ord>(drawn: &[T], plain: &[T]) -> bool {
    drawn.iter().collect::<BTreeSet<_>>().len() == 1 && !plain.contains(&drawn[0])
}

fn column(shares: Vec<f64>) -> Result<Tensor> {
    Tensor::new(shares, &Device::Cpu)
}

/// All orders of 0 to `count` − 1, sorted.
fn all_orders(count: u32) -> Vec<Vec<u32>> {
    let longer = |order: Vec<u32>| {
        let left = (0..count).filter(|i| !order.contains(i)).collect::<Vec<_>>();
        left.into_iter().map(move |i| [order.as_slice(), &[i]].concat())
    };
    (0..count).fold(vec![Vec::new()], |orders, _| orders.into_iter().flat_map(longer).collect())
}

fn shares_of_orders(exercises: &Exercises, case: &Values) -> Result<Values> {
    let batch = case.count("batch")?;
    let numbered = |length: usize| Tensor::arange(0f32, 6.0 * length as f32, &Device::Cpu)?.reshape((length, 2, 3));
    let (mut follow, mut once) = (true, true);
    for length in [1, 2, MANY] {
        let x = numbered(length)?;
        let (shuffled, order) = (exercises.shuffle_batch)(&x, &mut Rng::seed_from_u64(length as u64))?;
        once &= order.iter().collect::<BTreeSet<_>>().len() == length;
        let expected = x.index_select(&Tensor::new(order, &Device::Cpu)?, 0)?;
        follow &= shuffled.dims() == x.dims() && rows(&shuffled)? == rows(&expected)?;
    }
    let draw = |x: Tensor| move |rng: &mut Rng| Ok((exercises.shuffle_batch)(&x, rng)?.1);
    let ((drawn, same), (many, _)) = (draws(draw(numbered(batch)?))?, draws(draw(numbered(MANY)?))?);
    once &= drawn.iter().all(|order| order.iter().collect::<BTreeSet<_>>().len() == batch);
    let orders = all_orders(batch as u32);
    let own = own_seed(&drawn, &[orders[0].clone(), orders[orders.len() - 1].clone()]);
    let share = |count: usize, of: usize| if own { -1.0 } else { count as f64 / of as f64 };
    let of_order = |order: &Vec<u32>| share(drawn.iter().filter(|drawn| *drawn == order).count(), DRAWS);
    let at = |place: usize, row: usize| share(many.iter().filter(|order| order[place] as usize == row).count(), DRAWS);
    let places = (0..MANY * MANY).map(|i| at(i / MANY, i % MANY)).collect();
    let behind =
        |order: &Vec<u32>| order.windows(2).filter(|pair| pair[1] as usize == (pair[0] as usize + 1) % MANY).count();
    let neighbors = share(many.iter().map(behind).sum(), DRAWS * (MANY - 1));
    Values::new()
        .with("share of each order", &column(orders.iter().map(of_order).collect())?)
        .with("share of each of 11 rows at each place", &column(places)?.reshape((MANY, MANY))?)
        .with_number("share of rows behind their neighbor", neighbors)?
        .with_number("rows follow the order (1 is yes)", number(follow))?
        .with_number("each row comes once (1 is yes)", number(once))?
        .with_number("the same state of rng gives the same (1 is yes)", same)
}

/// Rows of a batch that has too many orders to be counted.
const MANY: usize = 11;

fn rows(x: &Tensor) -> Result<Vec<Vec<f32>>> {
    x.flatten_from(1)?.to_vec2()
}

/// How many numbers of 32 bits a draw takes.
fn taken<T>(draw: impl FnOnce(&mut Rng) -> Result<T>) -> Result<u128> {
    let mut rng = Rng::seed_from_u64(1);
    let before = rng.get_word_pos();
    draw(&mut rng)?;
    Ok(rng.get_word_pos() - before)
}

/// Whether a draw takes more than 32 bits: with so few, there are not as many draws as there should be, or one tells of the next.
fn takes_bits<T>(draw: impl FnOnce(&mut Rng) -> Result<T>) -> Result<f64> {
    Ok(number(taken(draw)? > 1))
}

fn larger_batches(exercises: &Exercises, case: &Values) -> Result<Values> {
    const LARGE: usize = 64;
    let mut rng = Rng::seed_from_u64(case.count("seed")? as u64);
    let order = |length: usize, rng: &mut Rng| {
        Ok::<_, candle_core::Error>(
            (exercises.shuffle_batch)(&Tensor::zeros((length, 2), DType::F32, &Device::Cpu)?, rng)?.1,
        )
    };
    let draw = |length: usize, draws: usize, rng: &mut Rng| {
        (0..draws).map(|_| order(length, rng)).collect::<Result<Vec<Vec<u32>>>>()
    };
    let moved =
        |order: &Vec<u32>| order.iter().enumerate().map(|(to, &from)| to.abs_diff(from as usize)).sum::<usize>();
    let far = draw(LARGE, 1000, &mut rng)?.iter().map(moved).sum::<usize>() as f64 / 1000.0;
    let turned = |order: &Vec<u32>| {
        (1..order.len()).flat_map(|j| (0..j).map(move |i| (i, j))).filter(|&(i, j)| order[i] > order[j]).count()
    };
    let even = draw(6, DRAWS, &mut rng)?.iter().filter(|order| turned(order) % 2 == 0).count();
    let any_rank = [vec![5], vec![5, 3], vec![5, 3, 2, 2]].into_iter().map(|shape| {
        let (shuffled, order) =
            (exercises.shuffle_batch)(&Tensor::ones(shape.clone(), DType::F32, &Device::Cpu)?, &mut rng)?;
        Ok(shuffled.dims() == shape && order.len() == 5)
    });
    let any_rank = any_rank.collect::<Result<Vec<bool>>>()?;
    Values::new()
        .with_number("how far a row moves, of 64", far / (LARGE * LARGE) as f64)?
        .with_number("share of even orders of 6 rows", even as f64 / DRAWS as f64)?
        .with_number(
            "a shuffle of 64 rows takes more than 32 bits of rng (1 is yes)",
            takes_bits(|rng| order(LARGE, rng))?,
        )?
        .with_number("batches of any rank (1 is yes)", number(!any_rank.contains(&false)))
}

pub fn many_images(exercises: &Exercises, case: &Values) -> Result<Values> {
    const IMAGES: usize = 1000;
    let mut rng = Rng::seed_from_u64(case.count("seed")? as u64);
    let batch: Vec<usize> = (0..20).map(|i| 50 * i + 7).collect();
    let sample = |count: usize, rng: &mut Rng| (exercises.sample_negatives)(&batch, IMAGES, count, rng);
    let drawn = (0..500).map(|_| sample(10, &mut rng)).collect::<Result<Vec<_>>>()?.concat();
    let second = drawn.iter().filter(|&&image| image >= IMAGES / 2).count() as f64 / drawn.len() as f64;
    let most = sample(IMAGES - batch.len(), &mut rng)?;
    let apart = |images: &[usize]| images.iter().all(|image| !batch.contains(image));
    Values::new()
        .with_number("share of the second half", second)?
        .with_number("none of the batch (1 is yes)", number(apart(&drawn) && apart(&most)))?
        .with_number("10 of 1,000 images take more than 32 bits of rng (1 is yes)", takes_bits(|rng| sample(10, rng))?)?
        .with_number("negatives if none are asked for", sample(0, &mut rng)?.len() as f64)
}

pub fn negatives(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (images, count) = (case.count("images")?, case.count("count")?);
    let batch: Vec<usize> = case.tensor("batch")?.to_vec1::<u32>()?.into_iter().map(|image| image as usize).collect();
    let (drawn, same) = draws(|rng| {
        let mut drawn = (exercises.sample_negatives)(&batch, images, count, rng)?;
        drawn.sort_unstable(); // their order is left open
        Ok(drawn)
    })?;
    let sets: Vec<Vec<usize>> =
        drawn.iter().map(|drawn| drawn.iter().copied().collect::<BTreeSet<_>>()).map(Vec::from_iter).collect();
    let others: Vec<usize> = (0..images).filter(|image| !batch.contains(image)).collect();
    let own = count < others.len() && own_seed(&sets, &[others[..count].to_vec(), (0..count).collect()]);
    let share = |found: usize| if own { -1.0 } else { found as f64 / DRAWS as f64 };
    let of_image = |image: usize| share(drawn.iter().flatten().filter(|&&drawn| drawn == image).count());
    let of_pair = |a: usize, b: usize| share(sets.iter().filter(|set| set.contains(&a) && set.contains(&b)).count());
    let pairs = (0..images).flat_map(|a| (a + 1..images).map(move |b| (a, b)));
    Values::new()
        .with("share of each image", &column((0..images).map(of_image).collect())?)
        .with("share of each pair", &column(pairs.map(|(a, b)| of_pair(a, b)).collect())?)
        .with_number("negatives differ (1 is yes)", number(sets.iter().all(|set| set.len() == count)))?
        .with_number("the same state of rng gives the same (1 is yes)", same)
}

/// Steps of which the orders are compared.
const STEPS: usize = 6;

/// Which images the encoders see in which order, and whether each key meets its query.
pub fn shuffled_keys(exercises: &Exercises, case: &Values) -> Result<Values> {
    let (batch, seed) = (case.count("batch")?, case.count("seed")? as u64);
    let steps = |seed: u64| {
        let mut rng = Rng::seed_from_u64(seed);
        (0..STEPS).map(|_| observed(exercises, batch, &mut rng)).collect::<Result<Vec<Observed>>>()
    };
    let (seen, again) = (steps(seed)?, steps(seed)?);
    let in_order: Vec<u32> = (0..batch as u32).collect();
    let orders: BTreeSet<&Vec<u32>> = seen.iter().map(|step| &step.keys).collect();
    let turned = |step: &Observed| step.keys.windows(2).all(|pair| pair[1] == (pair[0] + 1) % batch as u32);
    let paired = seen.iter().map(|step| step.paired).fold(1.0, f64::min);
    Values::new()
        .with_number(
            "the key encoder sees another order (1 is yes)",
            number(seen.iter().any(|step| step.keys != in_order)),
        )?
        .with_number(
            "the query encoder sees the batch as it is (1 is yes)",
            number(seen.iter().all(|step| step.queries == in_order)),
        )?
        .with_number("keys belong to their queries (1 is yes, ½ is another loss)", paired)?
        .with_number("every step draws its own order (1 is yes)", number(orders.len() > 1))?
        .with_number("the keys are turned only (1 is yes)", number(seen.iter().all(turned)))?
        .with_number("the same state of rng gives the same (1 is yes)", number(seen == again))
}

/// How often a key stays in the place of its query, over many steps.
pub fn orders_of_keys(exercises: &Exercises, case: &Values) -> Result<Values> {
    const STEPS: usize = 300;
    let mut rng = Rng::seed_from_u64(case.count("seed")? as u64);
    let seen = (0..STEPS).map(|_| observed(exercises, 7, &mut rng)).collect::<Result<Vec<Observed>>>()?;
    let stay = |step: &Observed| step.keys.iter().enumerate().filter(|&(i, &image)| i == image as usize).count();
    let share = seen.iter().map(stay).sum::<usize>() as f64 / (7 * STEPS) as f64;
    const IMAGES: usize = 20;
    let of_step = taken(|rng| observed(exercises, IMAGES, rng))?;
    let batch = Tensor::zeros((IMAGES, 1), DType::F32, &Device::Cpu)?;
    // An order may be drawn as the student's exercise 5 does it, or as usual.
    let as_before = taken(|rng| (exercises.shuffle_batch)(&batch, rng)).is_ok_and(|of_order| of_order == of_step);
    let mut order: Vec<usize> = (0..IMAGES).collect();
    let usual = taken(|rng| {
        order.shuffle(rng);
        Ok(())
    })?;
    Values::new()
        .with_number("share of 7 images that stay where they are", share)?
        .with_number("a step with 20 images takes more than 32 bits of rng (1 is yes)", number(of_step > 1))?
        .with_number("a step draws one order and nothing else (1 is yes)", number(as_before || of_step == usual))
}

#[derive(PartialEq)]
struct Observed {
    queries: Vec<u32>,
    keys: Vec<u32>,
    /// As [`paired`] has it.
    paired: f64,
}

/// A step on images that are orthogonal to each other and to all keys of the queue, so that the loss tells who met whom.
fn observed(exercises: &Exercises, batch: usize, rng: &mut Rng) -> Result<Observed> {
    const TEMPERATURE: f64 = 0.5;
    let (places, params) = (batch + 1, Params::new(0, &Device::Cpu));
    let queue = Queue::new(places, places, &params.pp("queue"))?;
    let images = Tensor::eye(places, DType::F32, &Device::Cpu)?;
    queue.ring.set(&images.narrow(0, batch, 1)?.repeat((places, 1))?)?;
    let (query_params, key_params) = (params.pp("query"), params.pp("key"));
    let weight = query_params.trainable("weight", &[1], Init::Constant(1.0))?;
    key_params.trainable("weight", &[1], Init::Constant(1.0))?;
    let (queries, keys) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let note = |seen: &RefCell<Vec<u32>>, images: &Tensor| {
        // The first call counts.
        if seen.borrow().is_empty() {
            seen.replace(images.flatten_from(1)?.argmax(1)?.to_vec1()?);
        }
        images.flatten_from(1)
    };
    let views = images.narrow(0, 0, batch)?.reshape((batch, 1, 1, places))?;
    let step = Step {
        query: &|images, _| note(&queries, images)?.broadcast_mul(&weight),
        key: &|images, _| note(&keys, images),
        query_params: &query_params,
        key_params: &key_params,
        views: [&views, &views],
        queue: &queue,
        temperature: TEMPERATURE,
        momentum: 0.5,
        learning_rate: 0.0,
    };
    let loss = (exercises.moco_step)(&step, &mut Sgd::new(query_params.trained(), 0.0, 0.0), rng)?;
    let keys = keys.into_inner();
    let paired = paired(loss, &keys, places, TEMPERATURE);
    Ok(Observed { queries: queries.into_inner(), keys, paired })
}

/// Whether keys met their queries, told by the loss: 1, 0 where those at the same place did, ½ where it is neither's.
fn paired(loss: f64, keys: &[u32], places: usize, temperature: f64) -> f64 {
    let met = (1.0 + places as f64 * (-1.0 / temperature).exp()).ln();
    let unmoved =
        keys.iter().enumerate().filter(|(i, image)| *i == **image as usize).count() as f64 / keys.len() as f64;
    let missed = unmoved * met + (1.0 - unmoved) * (1.0 + places as f64).ln();
    let is = |expected: f64| (loss - expected).abs() < 1e-4;
    if is(met) {
        1.0
    } else if is(missed) {
        0.0
    } else {
        0.5
    }
}
