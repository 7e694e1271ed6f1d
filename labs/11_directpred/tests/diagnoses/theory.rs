//! Mistakes of the linear network and its closed-form dynamics.

use ssl_grading::{Mistake, mistake};

pub const LINEAR: &[Mistake] = &[
    mistake("views_forgotten", "X' forgotten", "What the prediction is made of has X + X': X' is missing."),
    mistake(
        "views_on_both_sides",
        "X' on both sides",
        "X' stands on the target's side, too: two views of an image share X only.",
    ),
    mistake("predictor_forgotten", "predictor forgotten", "E has no W_p: the prediction is W_p W (X + X')."),
    mistake("target_forgotten", "target forgotten", "E has W for W_a: the target is another network."),
    mistake("not_transposed", "not transposed", "W moves by W_p E here: it should be W_pᵀ E."),
    mistake("up_the_hill", "sign", "The network walks up the hill: E has the sign of what is to be added."),
    mistake(
        "one_after_the_other",
        "new values too early",
        "The predictor moves by the network's new values: all right sides have those before the step.",
    ),
    mistake("rate_on_both", "α_p on both", "α_p speeds up the network, too: the predictor only."),
    mistake("rate_forgotten", "α_p forgotten", "The predictor has no rate of its own: α_p is missing."),
    mistake("decay_of_the_target", "η on the target", "The target decays, too: it only follows."),
    mistake("predictor_without_decay", "η forgotten", "The predictor does not decay."),
    mistake("network_without_decay", "η forgotten", "The network does not decay."),
    mistake(
        "target_follows_the_new",
        "new values too early",
        "The target follows the network's new values: those before the step.",
    ),
    mistake("target_runs_away", "sign", "The target moves away from the network: towards it, W − W_a."),
];

pub const FLOW: &[Mistake] = &[
    mistake("noise_forgotten", "σ² forgotten", "The views' variance is missing: 1 + σ² stands before p."),
    mistake("noise_alone", "1 forgotten", "σ² stands before p: 1 + σ²."),
    mistake("half_of_the_slope", "2 forgotten", "ṡ is half of what it should be: s is of second order in W."),
    mistake("decay_of_s_once", "2 forgotten", "s decays by η: by 2η, as it is of second order in W."),
    mistake("rate_on_both", "α_p on both", "α_p stands in ṡ, too: in ṗ only."),
    mistake("rate_forgotten", "α_p forgotten", "α_p is missing in ṗ."),
    mistake("s_forgotten", "s forgotten", "ṗ has no s: where there are no features, the predictor learns nothing."),
    mistake("decay_forgotten", "η forgotten", "Nothing decays."),
    mistake("decay_upwards", "sign", "Weight decay makes p and s grow: it is subtracted."),
    mistake("tau_only_follows", "ṡ forgotten", "τ also falls where W grows, by τ ṡ / (2 s)."),
    mistake("tau_not_halved", "½ forgotten", "The last term is τ ṡ / s: divide by 2 s."),
    mistake("tau_of_the_slope", "s forgotten", "The last term is τ ṡ / 2: divide by 2 s."),
];

pub const RESTS: &[Mistake] = &[
    mistake("noise_forgotten", "σ² forgotten", "σ² is missing: 1 + σ² stands before p²."),
    mistake("noise_forgotten_below", "σ² forgotten", "The divisor is 2 here: it should be 2 (1 + σ²)."),
    mistake("noise_forgotten_inside", "σ² forgotten", "Below the root 4 η has no factor 1 + σ²."),
    mistake("root_forgotten", "root forgotten", "τ² − 4 (1 + σ²) η is not rooted."),
    mistake("four_forgotten", "4 forgotten", "Below the root the factor 4 is missing."),
    mistake("two_forgotten", "2 forgotten", "The divisor has no factor 2."),
    mistake("order", "order", "The upper rest comes first: the lower one does."),
    mistake("decay_with_another_sign", "sign", "Below the root the product is added to τ²: it is subtracted."),
];
