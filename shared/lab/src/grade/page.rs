//! What all pages share: their frame, and how points and statuses look.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page.css");

/// A whole page.
pub fn page(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { h1 { (title) } (body) }
        }
    }
    .into_string()
}

/// A status as a small colored word.
pub fn badge(status: &str) -> Markup {
    let kind = match status {
        "pass" | "right" | "graded" => "right",
        "todo" | "blocked" => "open",
        _ => "wrong",
    };
    html! { span class={ "badge " (kind) } { (status) } }
}

/// A bar of this share, with words beside it.
pub fn bar(share: f64, words: &str) -> Markup {
    html! {
        div.bar { div style={ "width:" (format!("{:.1}", 100.0 * share.clamp(0.0, 1.0))) "%" } {} span { (words) } }
    }
}
