//! One self-contained page for a run: open it in a browser, print it, send it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::file::write_atomically;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}table{border-collapse:collapse;display:block;overflow-x:auto}\
td{white-space:nowrap}td,th{padding:.25rem .8rem;border-bottom:1px solid #ddd;text-align:right}td:first-child,th:first-child{text-align:left}th{cursor:pointer}\
.note{background:#fff3cd;border-left:.3rem solid #d59f00;padding:.5rem .8rem}figure{margin:1rem 0}svg{max-width:100%;height:auto}figcaption{color:#555}code{background:#f4f4f4;padding:.1rem .3rem}\
dt{font-weight:600}dd{margin:0 0 .4rem 0}";

/// A click on a column's name sorts its table by it, the greatest number first; another click turns the order around.
const SORT: &str = "document.querySelectorAll('th').forEach(th=>th.onclick=()=>{\
const table=th.closest('table'),i=[...th.parentNode.children].indexOf(th),rows=[...table.rows].slice(1),\
key=r=>{const t=r.cells[i].textContent,n=parseFloat(t);return isNaN(n)?t:n},up=th.dataset.up=th.dataset.up?'':'1';\
rows.sort((a,b)=>{const x=key(a),y=key(b),c=typeof x===typeof y?(x<y?1:x>y?-1:0):typeof x==='number'?-1:1;return up?c:-c});\
rows.forEach(r=>r.parentNode.append(r))})";

/// A page that grows from top to bottom.
pub struct Page {
    title: String,
    body: String,
}

impl Page {
    /// Begins with facts, each with a name: what one needs to get the same numbers again.
    pub fn new(title: &str, facts: &[(&str, String)]) -> Self {
        let mut page = Self { title: title.to_string(), body: String::new() };
        page.body.push_str("<dl>");
        for (name, fact) in facts {
            let _ = write!(page.body, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(fact));
        }
        page.body.push_str("</dl>\n");
        page
    }

    /// A heading.
    pub fn heading(&mut self, text: &str) {
        let _ = writeln!(self.body, "<h2>{}</h2>", escape(text));
    }

    /// A paragraph.
    pub fn text(&mut self, text: &str) {
        let _ = writeln!(self.body, "<p>{}</p>", escape(text));
    }

    /// A paragraph that nobody overlooks.
    pub fn note(&mut self, text: &str) {
        let _ = writeln!(self.body, "<p class=\"note\">{}</p>", escape(text));
    }

    /// A picture (as SVG) with what there is to see in it.
    pub fn figure(&mut self, svg: &str, caption: &str) {
        // An XML declaration is not allowed in the middle of a page.
        let svg = &svg[svg.find("<svg").unwrap_or(0)..];
        let _ = writeln!(self.body, "<figure>{svg}<figcaption>{}</figcaption></figure>", escape(caption));
    }

    /// A table; the first column holds names.
    pub fn table(&mut self, header: &[String], rows: &[Vec<String>]) {
        let line = |tag: &str, cells: &[String]| {
            let cells = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell)));
            format!("<tr>{}</tr>", cells.collect::<String>())
        };
        let rows: String = rows.iter().map(|row| line("td", row)).collect();
        let _ = writeln!(self.body, "<table>{}{rows}</table>", line("th", header));
    }

    /// A list of links: what each is called, and where it leads.
    pub fn links(&mut self, links: &[(String, String)]) {
        let item =
            |(text, target): &(String, String)| format!("<li><a href=\"{}\">{}</a></li>", escape(target), escape(text));
        let _ = writeln!(self.body, "<ul>{}</ul>", links.iter().map(item).collect::<String>());
    }

    /// Writes `index.html` into `out` and returns its path.
    ///
    /// # Errors
    /// A file that can't be written.
    pub fn save(&self, out: &Path) -> anyhow::Result<PathBuf> {
        let title = escape(&self.title);
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <style>{STYLE}</style></head><body><h1>{title}</h1>\n{}<script>{SORT}</script></body></html>\n",
            self.body
        );
        let path = out.join("index.html");
        write_atomically(&path, html.as_bytes())?;
        Ok(path)
    }
}

/// A fraction in [0, 1] as a percentage with one decimal.
pub fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
