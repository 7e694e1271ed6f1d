//! The flags of the lab's experiment.

extern crate directpred_solution as directpred;
#[path = "../../../labs/11_directpred/src/main.rs"]
#[expect(dead_code, reason = "the experiment's flags are looked at, it is not run")]
mod experiment;

#[test]
fn every_flag_has_its_range_and_counts_where_it_changes_weights() {
    assert_eq!(ssl_experiment::audit::<experiment::Settings>(), [""; 0]);
}
