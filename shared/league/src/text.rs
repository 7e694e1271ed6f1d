//! The league table as text: CSV, Markdown, LaTeX.

use crate::number::Number;
use crate::table::{COLUMNS, Row};

/// Columns of which some row has a value.
pub fn filled(rows: &[Row]) -> Vec<usize> {
    (0..COLUMNS.len()).filter(|&column| rows.iter().any(|row| !row.numbers[column].0.is_empty())).collect()
}

/// How a number is shown: the collapse level has two digits.
pub fn cell(column: usize, number: &Number) -> String {
    match (COLUMNS[column], number.mean(), number.deviation()) {
        ("collapse", Some(mean), Some(deviation)) => format!("{mean:.2} ± {deviation:.2}"),
        ("collapse", Some(mean), None) => format!("{mean:.2}"),
        _ => number.show(),
    }
}

/// The head of a table with some of the columns.
pub fn header(columns: &[usize]) -> Vec<String> {
    let names = columns.iter().map(|&column| COLUMNS[column].to_string());
    ["method", "lab", "seeds"].map(String::from).into_iter().chain(names).collect()
}

/// A row of it.
pub fn cells(columns: &[usize], row: &Row) -> Vec<String> {
    let numbers = columns.iter().map(|&column| cell(column, &row.numbers[column]));
    [row.name.clone(), row.lab.clone(), row.seeds.len().to_string()].into_iter().chain(numbers).collect()
}

/// Mean and deviation in columns of their own, as numbers.
pub fn csv(rows: &[Row]) -> String {
    let columns = filled(rows);
    let names = columns.iter().map(|&column| format!("{0},{0} deviation", COLUMNS[column]));
    let mut lines = vec![format!("method,lab,seeds,{}", names.collect::<Vec<_>>().join(","))];
    for row in rows {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.4}"));
        let numbers = columns.iter().map(|&column| {
            let known = &row.numbers[column];
            format!("{},{}", number(known.mean()), number(known.deviation()))
        });
        let name = if row.name.contains(',') { format!("\"{}\"", row.name) } else { row.name.clone() };
        lines.push(format!("{name},{},{},{}", row.lab, row.seeds.len(), numbers.collect::<Vec<_>>().join(",")));
    }
    lines.join("\n") + "\n"
}

/// Some columns in Markdown.
pub fn markdown(rows: &[Row], columns: &[usize]) -> String {
    let header = header(columns);
    let mut lines = vec![format!("| {} |", header.join(" | ")), format!("|{}", "---|".repeat(header.len()))];
    lines.extend(rows.iter().map(|row| format!("| {} |", cells(columns, row).join(" | "))));
    lines.join("\n") + "\n"
}

/// For `booktabs`.
pub fn latex(rows: &[Row]) -> String {
    let columns = filled(rows);
    let header = header(&columns);
    let escape = |text: &String| text.replace('%', "\\%").replace(" ± ", " $\\pm$ ").replace('–', "--");
    let line = |cells: &[String]| format!("{} \\\\", cells.iter().map(escape).collect::<Vec<_>>().join(" & "));
    let mut lines = vec![format!("\\begin{{tabular}}{{l{}}}", "r".repeat(header.len() - 1)), "\\toprule".to_string()];
    lines.extend([line(&header), "\\midrule".to_string()]);
    lines.extend(rows.iter().map(|row| line(&cells(&columns, row))));
    lines.extend(["\\bottomrule".to_string(), "\\end{tabular}".to_string()]);
    lines.join("\n") + "\n"
}
