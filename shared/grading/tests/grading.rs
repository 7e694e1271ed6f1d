//! From case to verdict: every way in which a student's function can go wrong has words of its own.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use candle_core::{Device, Result, Tensor, Var, bail};
use ssl_grading::golden::Case;
use ssl_grading::judge::judge;
use ssl_grading::{Answer, Check, Status, Values, Verdict};

type Function = fn(&Tensor) -> Result<Tensor>;

/// Asks for 2x, its gradient, and that nothing reaches the constant.
fn check() -> Check<Function> {
    Check {
        id: "double",
        exercise: "double",
        points: 1,
        tolerance: 1e-6,
        run: |function, case| {
            let x = Var::from_tensor(case.tensor("x")?)?;
            let y = function(&x)?;
            Values::new().with("y", &y).with_gradient("x", &y, &x)
        },
        mistakes: &[("tripled", "You took three times x."), ("infinite", "You divided by 0.")],
    }
}

fn vector(values: &[f32]) -> Tensor {
    Tensor::new(values, &Device::Cpu).expect("a small tensor")
}

fn case() -> Case {
    let values =
        |y: &[f32], gradient: &[f32]| Values::new().with("y", &vector(y)).with("gradient of x", &vector(gradient));
    Case {
        input: Values::new().with("x", &vector(&[1.0, -2.0, 3.0])),
        expected: values(&[2.0, -4.0, 6.0], &[2.0; 3]),
        mistakes: BTreeMap::from([
            ("tripled".to_string(), values(&[3.0, -6.0, 9.0], &[3.0; 3])),
            (
                "infinite".to_string(),
                Values::new().with("y", &vector(&[f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY])),
            ),
        ]),
    }
}

fn verdict(function: Function) -> Verdict {
    let (check, case) = (check(), case());
    judge(&check, &case, &Answer::of(check.run, &function, &case.input))
}

#[track_caller]
fn assert_says(function: Function, status: Status, parts: &[&str]) {
    let verdict = verdict(function);
    assert_eq!(verdict.status, status, "{}", verdict.message);
    for part in parts {
        assert!(verdict.message.contains(part), "no {part:?} in {:?}", verdict.message);
    }
}

#[test]
fn right_values_and_gradients_pass() {
    assert!(verdict(|x| x * 2.0).passed());
    assert!(verdict(|x| x + x).passed());
}

#[test]
fn a_known_mistake_is_named_with_what_was_got() {
    let verdict = verdict(|x| x * 3.0);
    assert_eq!((verdict.status, verdict.mistake), (Status::Fail, Some("tripled")));
    assert!(verdict.message.contains("got 3") && verdict.message.contains("three times"), "{}", verdict.message);
}

#[test]
fn infinity_is_a_known_mistake_and_nothing_else_is_near_it() {
    assert_eq!(verdict(|x| x / 0.0).mistake, Some("infinite"));
    assert_eq!(verdict(|x| x * 5.0).mistake, None);
}

#[test]
fn an_unknown_mistake_shows_the_first_difference() {
    assert_says(|x| x * 5.0, Status::Fail, &["gradient of x at [0]: got 5, expected 2"]);
    let second = |x: &Tensor| (x * 2.0)? + Tensor::new(&[0f32, 0.25, 0.0], &Device::Cpu)?;
    assert_says(second, Status::Fail, &["y at [1]: got -3.75", "expected -4"]);
}

#[test]
fn wrong_shape_wrong_type_nan_and_a_cut_graph_have_their_words() {
    assert_says(|x| (x * 2.0)?.unsqueeze(0), Status::Fail, &["got shape [1, 3], expected [3]"]);
    assert_says(|x| (x * 2.0)?.to_dtype(candle_core::DType::F64), Status::Fail, &["got F64, expected F32"]);
    assert_says(|x| (x * f64::NAN)?.detach().contiguous(), Status::Fail, &["none arrives"]);
    assert_says(|x| Ok((x * 2.0)?.detach()), Status::Fail, &["The graph is cut"]);
}

#[test]
fn a_gradient_that_must_not_flow_has_its_words() -> Result<()> {
    let leaking = Check {
        run: |function: &Function, case| {
            let x = Var::from_tensor(case.tensor("x")?)?;
            Values::new().with_leak("x", &function(&x)?, &x)
        },
        mistakes: &[],
        ..check()
    };
    let zeros = Values::new().with("gradient into x", &vector(&[0.0; 3]));
    let case = Case { expected: zeros, mistakes: BTreeMap::new(), ..case() };
    let of = |function: Function| judge(&leaking, &case, &Answer::of(leaking.run, &function, &case.input));
    assert!(of(|x| Ok(x.detach())).passed());
    assert!(of(|x| x * 2.0).message.contains("where none may"), "{}", of(|x| x * 2.0).message);
    Ok(())
}

#[test]
fn errors_panics_and_stubs_are_told_apart() {
    assert_says(|_| bail!("no idea"), Status::Error, &["returned an error: no idea"]);
    assert_says(|_| panic!("index {}", 7), Status::Panic, &["panicked: index 7", "grading.rs"]);
    assert_says(|_| todo!("exercise 1: double"), Status::Todo, &["not written yet"]);
}

#[test]
fn an_endless_loop_ends_at_the_deadline() {
    let started = Instant::now();
    assert_says(
        |_| {
            loop {
                std::thread::park();
            }
        },
        Status::Timeout,
        &["not done after 10 s"],
    );
    assert!(started.elapsed().as_secs() < 15);
}

#[test]
fn answers_survive_the_way_to_another_process() -> anyhow::Result<()> {
    let values = Values::new().with("y", &vector(&[1.0, f32::NAN])).with_number("n", 0.1)?;
    let answers = [
        Answer::Values(values),
        Answer::Unfinished,
        Answer::Failed("no".into()),
        Answer::Panicked("oh".into()),
        Answer::TimedOut,
    ];
    for answer in answers {
        let back = Answer::from_bytes(&answer.to_bytes()?)?;
        match (&answer, &back) {
            (Answer::Values(a), Answer::Values(b)) => {
                assert_eq!(a.number("n")?.to_bits(), b.number("n")?.to_bits());
                let bits = |v: &Values| {
                    Ok::<_, candle_core::Error>(
                        v.tensor("y")?.to_vec1::<f32>()?.into_iter().map(f32::to_bits).collect::<Vec<_>>(),
                    )
                };
                assert_eq!(bits(a)?, bits(b)?);
            }
            _ => assert_eq!(format!("{answer:?}"), format!("{back:?}")),
        }
    }
    assert!(Answer::from_bytes(b"garbage").is_err());
    assert!(Answer::from_bytes(&Values::new().to_bytes(HashMap::new())?).is_err());
    Ok(())
}
