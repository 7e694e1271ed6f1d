//! Named tensors and numbers.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Result, Tensor, Var, bail};

/// What a check hands in and gets back: tensors by name. A single number is a tensor without dimensions.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, Tensor>);

/// How the gradient of an input is called among the values of an answer.
pub(crate) const GRADIENT: &str = "gradient of ";
/// How a gradient is called that must be zero.
pub(crate) const LEAK: &str = "gradient into ";

impl Values {
    /// No values yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// These and one more tensor. Only its values count: its graph is dropped.
    pub fn with(mut self, name: &str, tensor: &Tensor) -> Self {
        self.0.insert(name.to_string(), tensor.detach());
        self
    }

    /// These and one more number.
    ///
    /// # Errors
    /// None on the CPU.
    pub fn with_number(self, name: &str, number: f64) -> Result<Self> {
        Ok(self.with(name, &Tensor::new(number, &Device::Cpu)?))
    }

    /// These and the gradient of `output`, summed, with respect to `input`. Where no gradient arrives there is no value,
    /// and the judge says that the graph is cut.
    ///
    /// # Errors
    /// An operation without gradient.
    pub fn with_gradient(self, name: &str, output: &Tensor, input: &Var) -> Result<Self> {
        match output.sum_all()?.backward()?.get(input) {
            Some(gradient) => Ok(self.with(&format!("{GRADIENT}{name}"), gradient)),
            None => Ok(self),
        }
    }

    /// These, an output, and its gradients with respect to several inputs: see [`Values::with_gradient`].
    ///
    /// # Errors
    /// An operation without gradient.
    pub fn with_gradients(self, name: &str, output: &Tensor, inputs: &[(&str, &Var)]) -> Result<Self> {
        let values = self.with(name, output);
        inputs.iter().try_fold(values, |values, (input, var)| values.with_gradient(input, output, var))
    }

    /// These and the gradient of `output`, summed, with respect to an `input` that it must not reach: zeros where none
    /// arrives.
    ///
    /// # Errors
    /// An operation without gradient.
    pub fn with_leak(self, name: &str, output: &Tensor, input: &Var) -> Result<Self> {
        let gradient = match output.sum_all()?.backward()?.get(input) {
            Some(gradient) => gradient.clone(),
            None => input.zeros_like()?,
        };
        Ok(self.with(&format!("{LEAK}{name}"), &gradient))
    }

    /// A tensor by name.
    ///
    /// # Errors
    /// No value of this name.
    pub fn tensor(&self, name: &str) -> Result<&Tensor> {
        match self.0.get(name) {
            Some(tensor) => Ok(tensor),
            None => bail!("no value {name:?} among {:?}", self.0.keys().collect::<Vec<_>>()),
        }
    }

    /// A tensor by name, as a variable whose gradient is wanted.
    ///
    /// # Errors
    /// No value of this name.
    pub fn variable(&self, name: &str) -> Result<Var> {
        Var::from_tensor(self.tensor(name)?)
    }

    /// A number by name.
    ///
    /// # Errors
    /// No value of this name, or one with dimensions.
    pub fn number(&self, name: &str) -> Result<f64> {
        self.tensor(name)?.to_dtype(candle_core::DType::F64)?.to_scalar()
    }

    /// A whole number by name.
    ///
    /// # Errors
    /// As [`Values::number`], or a number that is not whole or negative.
    pub fn count(&self, name: &str) -> Result<usize> {
        let number = self.number(name)?;
        if number < 0.0 || number.fract() != 0.0 {
            bail!("{name}: expected a whole number, got {number}");
        }
        Ok(number as usize)
    }

    /// Names and tensors in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// A tensor by name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.get(name)
    }

    /// As a safetensors file, with a few words beside the tensors.
    ///
    /// # Errors
    /// A tensor of a type that the format does not know.
    pub fn to_bytes(&self, words: HashMap<String, String>) -> anyhow::Result<Vec<u8>> {
        Ok(safetensors::serialize(&self.0, Some(words))?)
    }

    /// The reverse of [`Values::to_bytes`].
    ///
    /// # Errors
    /// Bytes that are no safetensors file.
    pub fn from_bytes(bytes: &[u8]) -> anyhow::Result<(Self, HashMap<String, String>)> {
        let (_, header) = safetensors::SafeTensors::read_metadata(bytes)?;
        let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
        let words = header.metadata().clone().unwrap_or_default();
        Ok((Self(tensors.into_iter().collect()), words))
    }
}

impl FromIterator<(String, Tensor)> for Values {
    fn from_iter<I: IntoIterator<Item = (String, Tensor)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}
