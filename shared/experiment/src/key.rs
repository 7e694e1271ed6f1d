//! What decides whether results of an earlier run may be used again.
//!
//! A key is made of serialized settings: all fields of a lab's flags, except those marked `#[serde(skip)]`. So a new flag
//! counts from the day it is added, and nobody keeps a list.

use anyhow::Context;
use serde::Serialize;
use serde_json::{Map, Value};

/// Settings by name; equal keys, equal results.
#[derive(Clone, Debug, PartialEq)]
pub struct Key(Map<String, Value>);

impl Key {
    /// The key of some settings.
    ///
    /// # Errors
    /// Settings that are no struct.
    pub fn of(settings: &impl Serialize) -> anyhow::Result<Self> {
        match serde_json::to_value(settings)? {
            Value::Object(fields) => Ok(Self(fields)),
            other => anyhow::bail!("expected settings with names, got {other}"),
        }
    }

    /// Adds what the settings do not say, such as which images there are.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_string(), value.into());
        self
    }

    /// The key as JSON.
    pub fn value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// The key as it is written to files.
    pub fn text(&self) -> String {
        self.value().to_string()
    }

    /// Reads what [`Key::text`] wrote.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        Ok(Self(serde_json::from_str(text).context("these are no settings")?))
    }

    /// Which settings differ, in words; empty where none does.
    pub fn differences(&self, other: &Self) -> String {
        let mut names: Vec<&String> = self.0.keys().chain(other.0.keys()).collect();
        names.sort();
        names.dedup();
        let differing = names.into_iter().filter(|name| self.0.get(*name) != other.0.get(*name));
        let say = |value: Option<&Value>| match value {
            None | Some(Value::Null) => "not set".to_string(),
            Some(value) => value.to_string(),
        };
        let words = differing.map(|name| {
            let flag = name.replace('_', "-");
            format!("{flag} is {} here and was {} there", say(self.0.get(name)), say(other.0.get(name)))
        });
        words.collect::<Vec<_>>().join(", ")
    }
}
