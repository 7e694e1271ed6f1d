//! Trainable parameters and buffers under names, drawn from one seed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{Device, Result, Tensor, Var, bail};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How a parameter starts.
#[derive(Clone, Copy, Debug)]
pub enum Init {
    /// Every element the same.
    Constant(f32),
    /// U(−bound, bound).
    Uniform(f32),
}

#[derive(Default)]
struct Store {
    trainable: BTreeMap<String, Var>,
    buffers: BTreeMap<String, Var>,
}

/// A place in a tree of named parameters, in the manner of Candle's `VarBuilder`.
///
/// A parameter's first values depend on the seed and its full name only, never on the order in which a model is built.
#[derive(Clone)]
pub struct Params {
    store: Arc<Mutex<Store>>,
    prefix: String,
    seed: u64,
    device: Device,
}

impl Params {
    /// The root of an empty tree.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self { store: Arc::default(), prefix: String::new(), seed, device: device.clone() }
    }

    /// The branch `name`: `pp("conv1")` puts `conv1.` before every name below it.
    pub fn pp(&self, name: impl std::fmt::Display) -> Self {
        Self { prefix: format!("{}{name}.", self.prefix), ..self.clone() }
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

    /// A number that is kept and saved but not trained, such as a running mean.
    ///
    /// # Errors
    /// A name that is already taken.
    pub fn buffer(&self, name: &str, shape: &[usize], value: f32) -> Result<Var> {
        self.insert(name, shape, Init::Constant(value), |store| &mut store.buffers)
    }

    fn insert(
        &self,
        name: &str,
        shape: &[usize],
        init: Init,
        map: impl Fn(&mut Store) -> &mut BTreeMap<String, Var>,
    ) -> Result<Var> {
        let full = format!("{}{name}", self.prefix);
        let var = Var::from_tensor(&self.draw(&full, shape, init)?)?;
        let mut store = self.lock();
        if store.trainable.contains_key(&full) || store.buffers.contains_key(&full) {
            bail!("the parameter name {full} is taken");
        }
        map(&mut store).insert(full, var.clone());
        Ok(var)
    }

    fn draw(&self, full: &str, shape: &[usize], init: Init) -> Result<Tensor> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // A name has a stream of random numbers of its own.
        rng.set_stream(fnv1a(full.bytes()));
        let count = shape.iter().product();
        let values: Vec<f32> = match init {
            Init::Constant(value) => vec![value; count],
            Init::Uniform(bound) => (0..count).map(|_| bound * (2.0 * rng.random::<f32>() - 1.0)).collect(),
        };
        Tensor::from_vec(values, shape, &self.device)
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All trainable parameters below this place, with their full names, sorted.
    pub fn trained(&self) -> Vec<(String, Var)> {
        self.below(&self.lock().trainable)
    }

    /// All parameters and buffers below this place, with their full names, sorted.
    pub fn all(&self) -> BTreeMap<String, Var> {
        let store = self.lock();
        self.below(&store.trainable).into_iter().chain(self.below(&store.buffers)).collect()
    }

    fn below(&self, map: &BTreeMap<String, Var>) -> Vec<(String, Var)> {
        let mine = map.iter().filter(|(name, _)| name.starts_with(&self.prefix));
        mine.map(|(name, var)| (name.clone(), var.clone())).collect()
    }

    /// Sets every parameter and buffer below this place from `values`, looked up by full name.
    ///
    /// # Errors
    /// A name that is missing or a shape that differs; then nothing is changed.
    pub fn load(&self, values: &BTreeMap<String, Tensor>) -> Result<()> {
        let vars = self.all();
        for (name, var) in &vars {
            match values.get(name) {
                None => bail!("the weights lack {name}"),
                Some(value) if value.shape() != var.shape() => {
                    bail!("{name}: expected shape {:?}, got {:?}", var.dims(), value.dims())
                }
                Some(_) => {}
            }
        }
        vars.iter().try_for_each(|(name, var)| var.set(&values[name].to_device(&self.device)?))
    }
}

/// The 64-bit FNV-1a hash of some bytes: the same on every machine and in every version.
pub fn fnv1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let offset = 0xcbf2_9ce4_8422_2325;
    bytes.into_iter().fold(offset, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
