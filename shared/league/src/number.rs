//! A quantity over several seeds.

/// Values of one quantity, a seed each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Number(pub Vec<f64>);

impl Number {
    /// The mean; none where there is no value.
    pub fn mean(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.iter().sum::<f64>() / self.0.len() as f64)
    }

    /// The sample's standard deviation; none of fewer than two values.
    pub fn deviation(&self) -> Option<f64> {
        let mean = self.mean().filter(|_| self.0.len() > 1)?;
        let squares: f64 = self.0.iter().map(|value| (value - mean).powi(2)).sum();
        Some((squares / (self.0.len() as f64 - 1.0)).sqrt())
    }

    /// `62.3 ± 0.8`; a dash where there is no value.
    pub fn show(&self) -> String {
        match (self.mean(), self.deviation()) {
            (Some(mean), Some(deviation)) => format!("{mean:.1} ± {deviation:.1}"),
            (Some(mean), None) => format!("{mean:.1}"),
            _ => "–".to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn shows_mean_and_sample_deviation() {
        assert_eq!(Number(vec![1.0, 2.0, 4.5]).show(), "2.5 ± 1.8");
        assert_eq!(Number(vec![62.34]).show(), "62.3");
        assert_eq!(Number::default().show(), "–");
    }
}
