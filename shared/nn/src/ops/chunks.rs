//! Vectors that are filled chunk by chunk, in parallel.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use pulp::NullaryFnOnce;
use rayon::prelude::*;

use super::floats::CHUNK;

/// A vector of `len` numbers and what `fill` returned for each of its chunks. `fill` gets the number of a chunk and the
/// chunk, which holds zeros, and a `scratch` that it may share with other chunks.
///
/// The system zeroes large vectors on one thread before the first is used; here every thread zeroes the chunk that it is
/// about to write, and it stays in its cache.
pub(super) fn fill_chunks<S, T: Send>(
    len: usize,
    chunk: usize,
    scratch: impl Fn() -> S + Sync + Send,
    fill: impl Fn(&mut S, usize, &mut [f32]) -> T + Sync + Send,
) -> (Vec<f32>, Vec<T>) {
    let mut numbers = Vec::with_capacity(len);
    let room = &mut numbers.spare_capacity_mut()[..len];
    let results = each_chunk(room, chunk, scratch, |scratch, i, chunk| fill(scratch, i, zeroed(chunk)));
    // SAFETY: the chunks cover the first `len` elements, and `zeroed` has initialized each of them.
    unsafe { numbers.set_len(len) };
    (numbers, results)
}

/// What `work` returned for each chunk of `numbers`, given its number, the chunk, and a `scratch` that it may share with other chunks.
pub(super) fn each_chunk<N: Send, S, T: Send>(
    numbers: &mut [N],
    chunk: usize,
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize, &mut [N]) -> T + Sync + Send,
) -> Vec<T> {
    let chunks = numbers.par_chunks_mut(chunk).enumerate();
    chunks.map_init(scratch, |scratch, (i, chunk)| work(scratch, i, chunk)).collect()
}

/// A vector of `planes` planes of `len` numbers each. `fill` gets the number of a chunk and that chunk of every plane, which hold
/// zeros, and a `scratch` that it may share with other chunks.
pub(super) fn fill_planes<S>(
    planes: usize,
    len: usize,
    chunk: usize,
    scratch: impl Fn() -> S + Sync + Send,
    fill: impl Fn(&mut S, usize, &mut [&mut [f32]]) + Sync + Send,
) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(planes * len);
    let mut chunks: Vec<_> = (0..len.div_ceil(chunk)).map(|_| Vec::with_capacity(planes)).collect();
    for plane in numbers.spare_capacity_mut()[..planes * len].chunks_mut(len) {
        chunks.iter_mut().zip(plane.chunks_mut(chunk)).for_each(|(of_chunk, part)| of_chunk.push(part));
    }
    chunks.into_par_iter().enumerate().for_each_init(scratch, |scratch, (i, parts)| {
        fill(scratch, i, &mut parts.into_iter().map(zeroed).collect::<Vec<_>>());
    });
    // SAFETY: the chunks cover all planes, and `zeroed` has initialized each of them.
    unsafe { numbers.set_len(planes * len) };
    numbers
}

fn zeroed(chunk: &mut [MaybeUninit<f32>]) -> &mut [f32] {
    chunk.fill(MaybeUninit::new(0.0));
    // SAFETY: the line above has initialized every element.
    unsafe { chunk.assume_init_mut() }
}

/// f(aᵢ, bᵢ) for every i.
pub(super) fn zip_map(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32 + Sync + Send) -> Vec<f32> {
    let f = |_, a, b| f(a, b);
    fill_chunks(a.len(), CHUNK, || (), |_, i, out| UpdateChunk::new(i, out, a, b, &f).dispatch()).0
}

/// Writes f(aᵢ, bᵢ) for every i.
pub(super) fn zip_into(a: &[f32], b: &[f32], out: &mut [f32], f: impl Fn(f32, f32) -> f32 + Sync + Send) {
    update(out, a, b, |_, a, b| f(a, b));
}

/// tᵢ ← f(tᵢ, aᵢ, bᵢ) for every i.
pub(crate) fn update(t: &mut [f32], a: &[f32], b: &[f32], f: impl Fn(f32, f32, f32) -> f32 + Sync + Send) {
    each_chunk(t, CHUNK, || (), |_, i, t| UpdateChunk::new(i, t, a, b, &f).dispatch());
}

/// A chunk of [`update`], for this machine's vectors.
struct UpdateChunk<'a, F> {
    t: &'a mut [f32],
    a: &'a [f32],
    b: &'a [f32],
    f: &'a F,
}

impl<'a, F: Fn(f32, f32, f32) -> f32> UpdateChunk<'a, F> {
    /// Chunk number `i`, of which `t` is given already.
    fn new(i: usize, t: &'a mut [f32], a: &'a [f32], b: &'a [f32], f: &'a F) -> Self {
        let range = i * CHUNK..i * CHUNK + t.len();
        Self { t, a: &a[range.clone()], b: &b[range], f }
    }

    fn dispatch(self) {
        pulp::Arch::new().dispatch(self);
    }
}

impl<F: Fn(f32, f32, f32) -> f32> NullaryFnOnce for UpdateChunk<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { t, a, b, f } = self;
        for ((t, a), b) in t.iter_mut().zip(a).zip(b) {
            *t = f(*t, *a, *b);
        }
    }
}
