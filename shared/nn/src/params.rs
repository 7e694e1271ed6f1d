//! Trainable parameters and buffers under names, drawn from one seed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{Device, Result, Tensor, Var, bail};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::checkpoint::{Part, expect_alike};

/// How a parameter starts.
#[derive(Clone, Copy, Debug)]
pub enum Init {
    /// Every element the same.
    Constant(f32),
    /// U(−bound, bound).
    Uniform(f32),
}

/// A parameter or buffer, and what its values are drawn from.
struct Entry {
    var: Var,
    init: Init,
    stream: String,
}

#[derive(Default)]
struct Store {
    trainable: BTreeMap<String, Entry>,
    buffers: BTreeMap<String, Entry>,
}

/// A place in a tree of named parameters, in the manner of Candle's `VarBuilder`.
///
/// A parameter's first values depend on the seed and its full name only (below a [`twin`](Params::twin), on its name
/// there), never on the order in which a model is built.
#[derive(Clone)]
pub struct Params {
    store: Arc<Mutex<Store>>,
    prefix: String,
    /// Bytes of the prefix that first values do not depend on.
    skipped: usize,
    seed: u64,
    device: Device,
}

impl Params {
    /// The root of an empty tree.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self { store: Arc::default(), prefix: String::new(), skipped: 0, seed, device: device.clone() }
    }

    /// The branch `name`: `pp("conv1")` puts `conv1.` before every name below it.
    pub fn pp(&self, name: impl std::fmt::Display) -> Self {
        Self { prefix: format!("{}{name}.", self.prefix), ..self.clone() }
    }

    /// A branch whose first values depend on the names below it, not on its own: the twins `online` and `target` start
    /// equal.
    pub fn twin(&self, name: impl std::fmt::Display) -> Self {
        let twin = self.pp(name);
        Self { skipped: twin.prefix.len(), ..twin }
    }

    /// Where the parameters live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// A trainable parameter.
    ///
    /// # Errors
    /// A name that is already taken.
    pub fn trainable(&self, name: &str, shape: &[usize], init: Init) -> Result<Var> {
        self.insert(name, shape, init, |store| &mut store.trainable)
    }

    /// Numbers that are kept and saved but not trained, such as a running mean or a queue.
    ///
    /// # Errors
    /// A name that is already taken.
    pub fn buffer(&self, name: &str, shape: &[usize], init: Init) -> Result<Var> {
        self.insert(name, shape, init, |store| &mut store.buffers)
    }

    fn insert(
        &self,
        name: &str,
        shape: &[usize],
        init: Init,
        map: impl Fn(&mut Store) -> &mut BTreeMap<String, Entry>,
    ) -> Result<Var> {
        let full = format!("{}{name}", self.prefix);
        let stream = full[self.skipped..].to_string();
        let var = Var::from_tensor(&self.draw(&stream, shape, init)?)?;
        let mut store = self.lock();
        if store.trainable.contains_key(&full) || store.buffers.contains_key(&full) {
            bail!("the parameter name {full} is taken");
        }
        map(&mut store).insert(full, Entry { var: var.clone(), init, stream });
        Ok(var)
    }

    fn draw(&self, stream: &str, shape: &[usize], init: Init) -> Result<Tensor> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(fnv1a(stream.bytes()));
        let count = shape.iter().product();
        let values: Vec<f32> = match init {
            Init::Constant(value) => vec![value; count],
            Init::Uniform(bound) => (0..count).map(|_| bound * (2.0 * rng.random::<f32>() - 1.0)).collect(),
        };
        Tensor::from_vec(values, shape, &self.device)
    }

    /// Gives every parameter and buffer below this place new first values, others for every `round`. A head that is made
    /// anew needs a new optimizer, too: the old one remembers.
    ///
    /// # Errors
    /// What Candle reports where memory on the device runs out.
    pub fn redraw(&self, round: usize) -> Result<()> {
        let store = self.lock();
        let mine = store.trainable.iter().chain(&store.buffers).filter(|(name, _)| name.starts_with(&self.prefix));
        for (_, Entry { var, init, stream }) in mine {
            var.set(&self.draw(&format!("{stream}, round {round}"), var.dims(), *init)?)?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All trainable parameters below this place, with their full names, sorted.
    pub fn trained(&self) -> Vec<(String, Var)> {
        self.below(&self.lock().trainable)
    }

    /// All buffers below this place, with their full names, sorted.
    pub fn buffers(&self) -> Vec<(String, Var)> {
        self.below(&self.lock().buffers)
    }

    /// All parameters and buffers below this place, with their full names, sorted.
    pub fn all(&self) -> BTreeMap<String, Var> {
        self.trained().into_iter().chain(self.buffers()).collect()
    }

    fn below(&self, map: &BTreeMap<String, Entry>) -> Vec<(String, Var)> {
        let mine = map.iter().filter(|(name, _)| name.starts_with(&self.prefix));
        mine.map(|(name, entry)| (name.clone(), entry.var.clone())).collect()
    }

    /// The trainable parameters of two branches, paired by their names below each: (mine, the other's).
    ///
    /// # Errors
    /// A name that only one of the branches has, a shape that differs.
    pub fn pairs(&self, other: &Self) -> Result<Vec<(Var, Var)>> {
        self.paired(self.trained(), other, &other.trained())
    }

    /// As [`Params::pairs`], for the buffers.
    ///
    /// # Errors
    /// As [`Params::pairs`].
    pub fn buffer_pairs(&self, other: &Self) -> Result<Vec<(Var, Var)>> {
        self.paired(self.buffers(), other, &other.buffers())
    }

    fn paired(&self, mine: Vec<(String, Var)>, other: &Self, theirs: &[(String, Var)]) -> Result<Vec<(Var, Var)>> {
        if mine.len() != theirs.len() {
            bail!("{} has {} parameters, {} has {}", self.prefix, mine.len(), other.prefix, theirs.len());
        }
        let pair = |(name, var): (String, Var)| {
            let twin = format!("{}{}", other.prefix, &name[self.prefix.len()..]);
            match theirs.iter().find(|(name, _)| *name == twin) {
                None => bail!("{name} has no twin {twin}"),
                Some((_, twin)) => {
                    expect_alike(&name, &var, twin)?;
                    Ok((var, twin.clone()))
                }
            }
        };
        mine.into_iter().map(pair).collect()
    }
}

impl Part for Params {
    /// All parameters and buffers below this place, by their names below it.
    fn state(&self) -> BTreeMap<String, Tensor> {
        let values = self.all().into_iter();
        values.map(|(name, var)| (name[self.prefix.len()..].to_string(), var.as_detached_tensor())).collect()
    }

    fn load_state(&mut self, mut state: BTreeMap<String, Tensor>) -> Result<()> {
        let mut values = Vec::new();
        for (name, var) in self.all() {
            match state.remove(&name[self.prefix.len()..]) {
                None => bail!("the weights lack {name}"),
                Some(value) => {
                    expect_alike(&name, &var, &value)?;
                    values.push((var, value));
                }
            }
        }
        if let Some(name) = state.keys().next() {
            bail!("the network has no {name}");
        }
        values.into_iter().try_for_each(|(var, value)| var.set(&value.to_device(&self.device)?))
    }
}

/// A network's weights follow another's: θ ← m · θ + (1 − m) · θ_online, paired by name. Buffers stay as they are.
///
/// # Errors
/// Branches whose names or shapes do not agree.
pub fn trailing_average(trailing: &Params, online: &Params, momentum: f64) -> Result<()> {
    for (trailing, online) in trailing.pairs(online)? {
        let old = (trailing.as_detached_tensor() * momentum)?;
        trailing.set(&(old + (online.as_detached_tensor() * (1.0 - momentum))?)?)?;
    }
    Ok(())
}

/// The 64-bit FNV-1a hash of some bytes: the same on every machine and in every version.
pub fn fnv1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let offset = 0xcbf2_9ce4_8422_2325;
    bytes.into_iter().fold(offset, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
