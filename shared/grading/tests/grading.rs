//! From cases to a verdict: every way in which a student's function can go wrong has words of its own.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use candle_core::{D, DType, Device, Result, Tensor, Var, bail};
use ssl_grading::answer::DEADLINE;
use ssl_grading::golden::Case;
use ssl_grading::judge::{Answers, judge};
use ssl_grading::{Answer, Mistake, Status, Values, Verdict, mistake};

type Function = fn(&Tensor) -> Result<Tensor>;

const MISTAKES: &[Mistake] = &[
    mistake("tripled", "triples", "You took three times x."),
    mistake("infinite", "divides by 0", "You divided by 0."),
];

/// Asks for 2x, its gradient, and where no gradient may flow.
fn run(function: &Function, case: &Values) -> Result<Values> {
    let x = case.variable("x")?;
    let y = function(&x)?;
    Values::new().with_gradients("y", &y, &[("x", &x)])
}

fn tensor(values: &[f32], dims: &[usize]) -> Tensor {
    Tensor::from_slice(values, dims, &Device::Cpu).expect("a small tensor")
}

/// A case of `rows` × `columns` numbers, none of which is 0, with what 2x and the mistakes give.
fn case(rows: usize, columns: usize) -> Case {
    let x: Vec<f32> = (0..rows * columns).map(|i| (i as f32 + 1.5) * if i % 2 == 0 { 1.0 } else { -0.7 }).collect();
    let x = tensor(&x, &[rows, columns]);
    let of = |function: Function| {
        let input = Values::new().with("x", &x);
        run(&function, &input).expect("values")
    };
    Case {
        input: Values::new().with("x", &x),
        expected: of(|x| x * 2.0),
        mistakes: BTreeMap::from([
            ("tripled".to_string(), of(|x| x * 3.0)),
            ("infinite".to_string(), of(|x| (x / 0.0)?.abs())),
        ]),
    }
}

fn verdict_on(cases: &[Case], function: Function, ordinary: bool) -> Verdict {
    let answers: Vec<Answer> = cases.iter().map(|case| Answer::of(run, &function, &case.input, DEADLINE)).collect();
    judge(&Answers { tolerance: 1e-6, cases, answers: &answers }, MISTAKES, ordinary)
}

fn verdict(function: Function) -> Verdict {
    verdict_on(&[case(3, 3), case(2, 5), case(4, 1)], function, true)
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
fn a_known_mistake_is_named_first_and_its_numbers_follow() {
    let verdict = verdict(|x| x * 3.0);
    assert_eq!((verdict.status, verdict.mistake), (Status::Fail, Some("tripled")));
    let lines: Vec<&str> = verdict.message.lines().collect();
    assert_eq!(lines[0], "You took three times x.");
    assert!(lines[1].starts_with("y at [0, 0]: got 4.5"), "{lines:?}");
    assert!(lines[2].contains("case 1 of 3: x [3, 3]"), "{lines:?}");
}

#[test]
fn a_mistake_must_be_made_in_every_case() {
    let sometimes = |x: &Tensor| x * if x.dims() == [2, 5] { 2.0 } else { 3.0 };
    assert_eq!(verdict(sometimes).mistake, None);
}

#[test]
fn a_function_that_is_right_for_one_size_only_fails_and_the_case_is_named() {
    let square = |x: &Tensor| if x.dims()[0] == x.dims()[1] { x * 2.0 } else { x * 2.5 };
    assert_says(square, Status::Fail, &["case 2 of 3: x [2, 5]"]);
}

#[test]
fn values_that_are_not_finite_name_a_mistake_only_where_the_ordinary_checks_pass() {
    let cases = [case(3, 3)];
    let infinite: Function = |x| (x / 0.0)?.abs();
    assert_eq!(verdict_on(&cases, infinite, true).mistake, Some("infinite"));
    assert_eq!(verdict_on(&cases, infinite, false).mistake, None);
}

#[test]
fn patterns_are_named_where_they_explain_every_value() {
    assert_says(|x| x * 4.0, Status::Fail, &["twice the expected value everywhere"]);
    assert_says(|x| x * 1.0, Status::Fail, &["half the expected value everywhere"]);
    assert_says(|x| x * -2.0, Status::Fail, &["negative of the expected value"]);
    assert_says(|x| x * 0.5, Status::Fail, &["0.2500 times the expected value everywhere"]);
    assert_says(|x| x * 200.0, Status::Fail, &["a percentage"]);
    assert_says(|x| x * (2.0 / std::f64::consts::LN_2), Status::Fail, &["base 2"]);
    assert_says(|x| (x * 2.0)? + 0.5, Status::Fail, &["0.5000 too large everywhere"]);
    assert_says(|x| (x * 2.0)? * x.dims()[1] as f64, Status::Fail, &["too large by the length of axis 1 of `x`"]);
    assert_says(|x| (x * 2.0)? / x.dims()[0] as f64, Status::Fail, &["too small by the length of axis 0 of `x`"]);
    let reversed = |x: &Tensor| (x * 2.0)?.contiguous()?.flip(&[0]);
    assert_says(reversed, Status::Fail, &["the right rows in another order"]);
    assert_says(|x| (x * 2.0)?.t()?.contiguous(), Status::Fail, &["the shape of the transpose"]);
    assert_says(|x| x * 2.0001, Status::Fail, &["nearly right everywhere"]);
}

#[test]
fn a_pattern_that_holds_in_one_case_only_is_not_named() {
    let mixed = |x: &Tensor| x * if x.dims() == [3, 3] { 4.0 } else { 5.0 };
    let message = verdict(mixed).message;
    assert!(message.starts_with("y at [0, 0]: got 6, expected 3"), "{message}");
}

#[test]
fn values_come_before_gradients_and_a_wrong_gradient_says_that_values_are_right() {
    assert_says(
        |x| (x * 2.0)?.detach().mul(&Tensor::ones_like(x)?),
        Status::Fail,
        &["The values are right", "graph is cut"],
    );
    let half_cut = |x: &Tensor| x + x.detach();
    assert_says(half_cut, Status::Fail, &["The values are right", "half the expected value"]);
    let root_at_zero = |x: &Tensor| (x * 2.0)? + (x - x)?.sqrt()?;
    assert_says(root_at_zero, Status::Fail, &["The values are right", "not a number somewhere"]);
    assert_says(|x| x * 5.0, Status::Fail, &["y at [0, 0]: got 7.5"]);
}

#[test]
fn wrong_shape_wrong_type_and_nan_have_their_words() {
    assert_says(|x| (x * 2.0)?.unsqueeze(0), Status::Fail, &["got shape [1, 3, 3], expected [3, 3]"]);
    assert_says(|x| (x * 2.0)?.to_dtype(DType::F64), Status::Fail, &["got type F64, expected F32"]);
    assert_says(|x| x * f64::NAN, Status::Fail, &["not a finite number"]);
}

#[test]
fn small_pictures_are_shown_as_letters() {
    let letters = tensor(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1, 1, 2, 3]);
    let turned = tensor(&[3.0, 6.0, 2.0, 5.0, 1.0, 4.0], &[1, 1, 3, 2]);
    let wrong = tensor(&[4.0, 1.0, 5.0, 2.0, 6.0, 3.0], &[1, 1, 3, 2]);
    let values = |image: &Tensor| Values::new().with("images", image);
    let case = Case { input: values(&letters), expected: values(&turned), mistakes: BTreeMap::new() };
    let answers = Answers { tolerance: 0.0, cases: &[case], answers: &[Answer::Values(values(&wrong))] };
    let message = judge(&answers, &[], true).message;
    assert!(message.contains("got  d a    expected  c f\n"), "{message}");
}

#[test]
fn labels_that_are_all_one_further_are_told_to_be_shifted() {
    let labels = |values: &[u32]| Values::new().with("labels", &Tensor::new(values, &Device::Cpu).expect("labels"));
    let case = Case { input: Values::new(), expected: labels(&[0, 2, 1, 3]), mistakes: BTreeMap::new() };
    let says = |got: &[u32]| {
        let answers = [Answer::Values(labels(got))];
        judge(&Answers { tolerance: 0.0, cases: std::slice::from_ref(&case), answers: &answers }, &[], true).message
    };
    assert!(
        says(&[1, 3, 2, 0]).starts_with("These are the right numbers, all shifted by 1 of 4"),
        "{}",
        says(&[1, 3, 2, 0])
    );
    assert!(says(&[1, 3, 2, 4]).starts_with("It is 1.0000 too large everywhere"), "{}", says(&[1, 3, 2, 4]));
    assert!(says(&[1, 3, 2, 1]).starts_with("labels at [0]: got 1, expected 0"), "{}", says(&[1, 3, 2, 1]));
}

#[test]
fn a_gradient_that_must_not_flow_has_its_words() -> Result<()> {
    let x = Var::from_tensor(&tensor(&[1.0, 2.0], &[2]))?;
    let of = |y: &Tensor| Values::new().with_leaks(&[y], &[("x", &x)]);
    let case = Case { input: Values::new(), expected: of(&x.detach())?, mistakes: BTreeMap::new() };
    let says = |y: &Tensor| -> Result<Verdict> {
        let answers = [Answer::Values(of(y)?)];
        Ok(judge(&Answers { tolerance: 1e-6, cases: std::slice::from_ref(&case), answers: &answers }, &[], true))
    };
    assert!(says(&x.detach())?.passed());
    let message = says(&x)?.message;
    assert!(message.contains("A gradient flows into x, where none may"), "{message}");
    Ok(())
}

#[test]
fn candle_s_errors_come_with_a_remedy() {
    let says = |function: Function, part: &str| assert_says(function, Status::Error, &["returned an error: ", part]);
    says(|x| x - x.mean_keepdim(1)?, "`broadcast_sub`");
    says(|x| x.sum(1)? - x.mean_keepdim(1)?, "is a `keepdim` or an `unsqueeze` too much");
    says(|x| x.matmul(&Tensor::ones((99, 2), DType::F32, &Device::Cpu)?), "transposed with `t()`");
    says(|x| x * x.gt(0f32)?, "`to_dtype`");
    says(|x| x.reshape((7, 7)), "`reshape` keeps all elements");
    says(|x| x.gather(&Tensor::new(&[0u32, 1, 2], &Device::Cpu)?, 1), "unsqueeze(1)");
    says(|x| x.broadcast_add(&Tensor::ones(2, DType::F32, &Device::Cpu)?), "aligned from the right");
    says(|x| x.narrow(1, 1, 3), "takes a length");
    says(|x| x.sum(D::Minus1)?.dims2().map(|_| x.clone()), "another number of axes");
    says(|x| x.t()?.flip(&[0]), "`contiguous()?` first");
    says(|x| x.argmax(1)?.to_vec1::<f32>().map(|_| x.clone()), "tensor's own type");
    says(|x| x.where_cond(x, x), "The condition of `where_cond` has type u8");
}

#[test]
fn a_todo_of_candle_s_is_not_taken_for_a_stub() {
    assert_says(|x| x.gt(0f32)?.exp(), Status::Panic, &["no unary function for u8", "work on floats"]);
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
    let endless: Function = |_| {
        loop {
            std::thread::park();
        }
    };
    let verdict = verdict_on(&[case(3, 3)], endless, true);
    assert_eq!(verdict.status, Status::Timeout);
    assert!(
        verdict.message.contains("not done when its time was over: does the variable of every loop advance?"),
        "{verdict:?}"
    );
    assert!(started.elapsed().as_secs() < 15);
}

#[test]
fn answers_survive_the_way_to_another_process() -> anyhow::Result<()> {
    let values = Values::new().with("y", &tensor(&[1.0, f32::NAN], &[2])).with_number("n", 0.1)?;
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
