//! Pairs of submissions that are nearly the same: a list to look at, not a verdict.
//!
//! Texts are compared as sets of runs of words, with names of variables left out, so that comments, blanks and renaming hide nothing.
//! What stands in the stub, or in many submissions, says nothing of two.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::words::{Word, words};

/// Words in a run.
const RUN: usize = 12;
/// Runs that a text must have of its own.
const LEAST: usize = 20;
/// A run that more than this share of a class has is anybody's; in a small class, one that more than so many have.
const COMMON: (f64, f64) = (0.3, 5.0);
/// The share of runs that two have in common, of all that either has.
const ALIKE: f64 = 0.7;

/// Two submissions, and how much of them is the same.
pub struct Pair {
    pub first: String,
    pub second: String,
    pub share: f64,
}

/// Pairs that are alike, the most alike first; of texts by id.
pub fn pairs(texts: &[(String, String)], stub: &str) -> Vec<Pair> {
    let known = runs(stub);
    let mut sets: Vec<HashSet<u64>> = texts.iter().map(|(_, text)| &runs(text) - &known).collect();
    let mut counts: HashMap<u64, usize> = HashMap::new();
    sets.iter().flatten().for_each(|run| *counts.entry(*run).or_default() += 1);
    let most = (COMMON.0 * texts.len() as f64).max(COMMON.1);
    sets.iter_mut().for_each(|set| set.retain(|run| counts[run] as f64 <= most));
    let mut found = Vec::new();
    for (i, a) in sets.iter().enumerate() {
        for (j, b) in sets.iter().enumerate().skip(i + 1) {
            let share = a.intersection(b).count() as f64 / a.union(b).count().max(1) as f64;
            if a.len().min(b.len()) >= LEAST && share >= ALIKE {
                found.push(Pair { first: texts[i].0.clone(), second: texts[j].0.clone(), share });
            }
        }
    }
    found.sort_by(|a, b| b.share.total_cmp(&a.share));
    found
}

fn runs(text: &str) -> HashSet<u64> {
    let words = words(text).ok().flatten().unwrap_or_default();
    let before_bracket = |i: usize| words.get(i + 1).is_some_and(|next| matches!(next.text.as_str(), "(" | "{" | "["));
    // Names that are called stay, others become one.
    let plain = |(i, word): (usize, &Word)| {
        if word.is_name && !before_bracket(i) { "name".to_string() } else { word.text.clone() }
    };
    let plain: Vec<String> = words.iter().enumerate().map(plain).collect();
    let hash = |run: &[String]| {
        let mut hasher = DefaultHasher::new();
        run.hash(&mut hasher);
        hasher.finish()
    };
    plain.windows(RUN).map(hash).collect()
}

#[cfg(test)]
mod tests {
    use super::pairs;

    const STUB: &str = "pub fn norm(x: &[f64]) -> f64 { todo!() }";

    fn text(body: &str) -> String {
        format!("pub fn norm(x: &[f64]) -> f64 {{ {body} }}")
    }

    #[test]
    fn renaming_and_comments_hide_nothing_and_other_answers_are_not_alike() {
        let first =
            "let mut s = 0.0; for v in x.iter() { s += v * v; if s.is_nan() { return f64::max(s, 1.0); } } s.sqrt()";
        let renamed = "let mut total = 0.0; /* sum */ for value in x.iter() { total += value * value; if total.is_nan() { return f64::max(total, 1.0); } } total.sqrt() /* root */";
        let other = "x.iter().map(|v| v.powi(2)).filter(|v| v.is_finite()).fold(0.0, |a, b| { let c: f64 = a + b; c.min(1e300) }).abs().sqrt()";
        let texts = [("a", first), ("b", other), ("c", renamed)];
        let texts = texts.map(|(id, body)| (id.to_string(), text(body)));
        let found = pairs(&texts, STUB);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].first.as_str(), found[0].second.as_str(), found[0].share), ("a", "c", 1.0));
    }

    #[test]
    fn what_all_have_and_what_nobody_has_written_says_nothing() {
        let same = text(
            "let mut s = 0.0; for v in x.iter() { s += v * v; if s.is_nan() { return f64::max(s, 1.0); } } s.sqrt()",
        );
        let class: Vec<_> = (0..9).map(|i| (i.to_string(), same.clone())).collect();
        assert!(pairs(&class, STUB).is_empty());
        let stubs: Vec<_> = (0..2).map(|i| (i.to_string(), STUB.to_string())).collect();
        assert!(pairs(&stubs, STUB).is_empty());
    }
}
