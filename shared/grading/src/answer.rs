//! Running a student's function, whatever it does.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::lab::Run;
use crate::{Values, errors};

/// How long a case may take.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// The most letters of a message.
const MOST_LETTERS: usize = 2000;

/// The error of a call that has changed what it was to leave alone, before it reported its own: see [`crate::network::unchanged`].
pub(crate) const CHANGED: &str = "something has changed before the error";

/// What came of handing a case to a student's function.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It returned.
    Values(Values),
    /// It is still as the stub has it.
    Unfinished,
    /// It returned an error.
    Failed(String),
    /// It panicked: the message, and where.
    Panicked(String),
    /// It had not returned when the deadline passed.
    TimedOut,
    /// Its process wanted more memory than there was.
    OutOfMemory,
    /// Its process died: how.
    Crashed(String),
    /// Its process ended, or said something else, without an answer: what is known of that.
    Missing(String),
}

impl Answer {
    /// Hands `case` to `run`, on a thread of its own, and waits until the deadline.
    pub fn of<E: Copy + Send + 'static>(run: Run<E>, exercises: &E, case: &Values, deadline: Duration) -> Self {
        let (exercises, case) = (*exercises, case.clone());
        Self::of_call(move || run(&exercises, &case), deadline)
    }

    /// What comes of an input that should be refused.
    pub fn of_bad<E: Copy + Send + 'static>(
        call: fn(&E) -> candle_core::Result<()>,
        exercises: &E,
        deadline: Duration,
    ) -> Self {
        let exercises = *exercises;
        let refused = move || match call(&exercises) {
            Err(error) if error.to_string() == CHANGED => Values::new().with_number(CHANGED, 1.0),
            result => result.map(|()| Values::new()),
        };
        Self::of_call(refused, deadline)
    }

    /// As [`Answer::of`], of any call.
    fn of_call(call: impl FnOnce() -> candle_core::Result<Values> + Send + 'static, deadline: Duration) -> Self {
        quiet_panics();
        let (sender, receiver) = channel();
        thread::spawn(move || {
            PANIC.set(Some(String::new()));
            let result = panic::catch_unwind(AssertUnwindSafe(call));
            let answer = match result {
                Ok(Ok(values)) => Self::Values(values),
                Ok(Err(error)) => Self::Failed(errors::explain(&error)),
                Err(payload) => Self::of_panic(&*payload),
            };
            // The receiver is gone if the deadline has passed.
            let _ = sender.send(answer);
        });
        match receiver.recv_timeout(deadline) {
            Ok(answer) => answer.cut(),
            Err(RecvTimeoutError::Timeout) => Self::TimedOut,
            Err(RecvTimeoutError::Disconnected) => Self::Panicked("the thread ended early".to_string()),
        }
    }

    /// Without what nobody reads of a message that has no end.
    pub(crate) fn cut(self) -> Self {
        let cut = |message: String| match message.char_indices().nth(MOST_LETTERS) {
            Some((end, _)) => format!("{} …", &message[..end]),
            None => message,
        };
        match self {
            Self::Failed(message) => Self::Failed(cut(message)),
            Self::Panicked(message) => Self::Panicked(cut(message)),
            Self::Crashed(message) => Self::Crashed(cut(message)),
            Self::Missing(message) => Self::Missing(cut(message)),
            other => other,
        }
    }

    /// Whether nothing is asked after this answer: more of the same would only take time.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::TimedOut | Self::Unfinished)
    }

    fn of_panic(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        // Candle has some `todo!` of its own; a stub's says which exercise it is.
        if text.starts_with("not yet implemented: exercise") {
            return Self::Unfinished;
        }
        // An `unwrap` of an error of Candle's prints its backtrace, too.
        let text = text.split("\n   0: ").next().unwrap_or_default();
        let place = PANIC.take().filter(|place| !place.is_empty());
        let place = place.map_or(String::new(), |place| format!(" (at {place})"));
        let remedy = errors::remedy(text).map_or(String::new(), |remedy| format!("\n{remedy}"));
        Self::Panicked(format!("{text}{place}{remedy}"))
    }

    /// As bytes, for another process.
    ///
    /// # Errors
    /// As [`Values::to_bytes`].
    pub fn to_bytes(&self) -> anyhow::Result<Vec<u8>> {
        let (outcome, message) = match self {
            Self::Values(_) => ("values", ""),
            Self::Unfinished => ("unfinished", ""),
            Self::Failed(message) => ("failed", message.as_str()),
            Self::Panicked(message) => ("panicked", message.as_str()),
            Self::TimedOut => ("timed out", ""),
            Self::OutOfMemory => ("out of memory", ""),
            Self::Crashed(message) => ("crashed", message.as_str()),
            Self::Missing(message) => ("missing", message.as_str()),
        };
        let words = [("outcome", outcome), ("message", message)];
        let words = words.map(|(key, word)| (key.to_string(), word.to_string()));
        let empty = Values::new();
        let values = if let Self::Values(values) = self { values } else { &empty };
        values.to_bytes(HashMap::from(words))
    }

    /// The reverse of [`Answer::to_bytes`].
    ///
    /// # Errors
    /// Bytes that it did not write.
    pub fn from_bytes(bytes: &[u8]) -> anyhow::Result<Self> {
        let (values, mut words) = Values::from_bytes(bytes)?;
        let outcome = words.remove("outcome").context("an answer without outcome")?;
        let message = words.remove("message").unwrap_or_default();
        Ok(match outcome.as_str() {
            "values" => Self::Values(values),
            "unfinished" => Self::Unfinished,
            "failed" => Self::Failed(message),
            "panicked" => Self::Panicked(message),
            "timed out" => Self::TimedOut,
            "out of memory" => Self::OutOfMemory,
            "crashed" => Self::Crashed(message),
            "missing" => Self::Missing(message),
            other => bail!("an answer with outcome {other:?}"),
        })
    }
}

thread_local! {
    /// On a check's thread: where it panicked, once it has.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// On check threads, keeps the place of a panic and prints nothing; elsewhere panics print as ever.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if PANIC.with_borrow(Option::is_none) {
                return default(info);
            }
            let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
            PANIC.set(Some(place.unwrap_or_default()));
        }));
    });
}
