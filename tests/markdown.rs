//! Markdown in a real document: what hostile texts leave there, and what a text that grows costs.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use leptos::{mount::mount_to, prelude::*};
use support::{parent, settle, until};
use switchboard_dashboard::components::Markdown;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::*;
use web_sys::Element;

wasm_bindgen_test_configure!(run_in_browser);

/// A text that is shown, and the signal that changes it.
struct Shown {
    host: web_sys::HtmlElement,
    source: RwSignal<String>,
    mounted: Option<Box<dyn std::any::Any>>,
}

impl Shown {
    async fn new(text: &str) -> Self {
        let host = parent();
        let source = RwSignal::new(text.to_owned());
        let mounted = mount_to(host.clone(), move || view! { <Markdown source=source /> });
        let shown = Self { host, source, mounted: Some(Box::new(mounted)) };
        settle().await;
        shown
    }

    async fn set(&self, text: &str) {
        self.source.set(text.to_owned());
        settle().await;
    }

    /// Waits no longer than until effects have run, for texts that are shown in one go.
    async fn set_soon(&self, text: &str) {
        self.source.set(text.to_owned());
        leptos::task::tick().await;
    }

    /// What is in the document, without the elements around each block.
    fn html(&self) -> String {
        let root = self.host.query_selector(".markdown").unwrap().unwrap();
        elements(&root, ":scope > .markdown-block").iter().map(Element::inner_html).collect()
    }

    fn text(&self) -> String {
        self.host.text_content().unwrap()
    }

    fn all(&self, selector: &str) -> Vec<Element> {
        elements(&self.host, selector)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.mounted = None;
        self.host.remove();
    }
}

fn elements(root: &Element, selector: &str) -> Vec<Element> {
    let found = root.query_selector_all(selector).unwrap();
    (0..found.length()).map(|place| found.get(place).unwrap().unchecked_into()).collect()
}

/// Every element that Markdown may become, with every attribute that it may have.
const EXPECTED: &[(&str, &[&str])] = &[
    ("a", &["href", "title", "target", "rel"]),
    ("blockquote", &[]),
    ("br", &[]),
    ("button", &["type", "class"]),
    ("code", &[]),
    ("del", &[]),
    ("div", &["class", "tabindex"]),
    ("em", &[]),
    ("figcaption", &[]),
    ("figure", &["class"]),
    ("h3", &[]),
    ("h4", &[]),
    ("h5", &[]),
    ("h6", &[]),
    ("hr", &[]),
    ("input", &["type", "disabled", "aria-label", "checked"]),
    ("li", &["class"]),
    ("ol", &["start"]),
    ("p", &["class"]),
    ("pre", &["tabindex"]),
    ("span", &["class"]),
    ("strong", &[]),
    ("table", &[]),
    ("tbody", &[]),
    ("td", &["data-align"]),
    ("th", &["scope", "data-align"]),
    ("thead", &[]),
    ("tr", &[]),
    ("ul", &[]),
];

fn assert_harmless(shown: &Shown, source: &str) {
    for element in shown.all("*") {
        let name = element.tag_name().to_lowercase();
        let expected = EXPECTED.iter().find(|(expected, _)| *expected == name);
        let (_, attributes) = expected.unwrap_or_else(|| panic!("<{name}> from {source:?}"));
        for attribute in element.get_attribute_names() {
            let attribute = attribute.as_string().unwrap();
            assert!(attributes.contains(&&*attribute), "<{name} {attribute}> from {source:?}");
        }
        if let Some(address) = element.get_attribute("href") {
            let leads =
                ["http://", "https://", "mailto:", "/"].iter().any(|scheme| address.starts_with(scheme));
            assert!(leads && !address.starts_with("//"), "a link to {address:?} from {source:?}");
            let elsewhere = !address.starts_with('/');
            assert_eq!(element.get_attribute("target").as_deref() == Some("_blank"), elsewhere);
            assert_eq!(element.get_attribute("rel").is_some_and(|rel| rel.contains("noopener")), elsewhere);
        }
        assert!(element.closest("a a").unwrap().is_none(), "a link in a link from {source:?}");
    }
}

const HOSTILE: &[&str] = &[
    "<script>window.hacked = 1</script>",
    "before <script>window.hacked = 1</script> after",
    "<img src=x onerror=window.hacked=1>",
    "text <img src=x onerror=\"window.hacked = 1\"> text",
    "<svg/onload=window.hacked=1>",
    "<iframe srcdoc=\"<script>parent.hacked = 1</script>\"></iframe>",
    "<a href=\"javascript:window.hacked=1\" onclick=\"window.hacked=1\">click</a>",
    "<details open ontoggle=window.hacked=1>",
    "<style>* { display: none }</style>\n\n<link rel=stylesheet href=//evil.example/x.css>",
    "<div style=\"position:fixed;inset:0\">cover</div>",
    "<!-- comment --><?php echo 1 ?><!DOCTYPE x><![CDATA[<script>]]>",
    "[click](javascript:window.hacked=1)",
    "[click](JaVaScRiPt:window.hacked=1)",
    "[click](java&#x09;script:window.hacked=1)",
    "[click](java&#10;script:window.hacked=1)",
    "[click](&#106;avascript:window.hacked=1)",
    "[click](&#x6A&#x61;vascript:window.hacked=1)",
    "[click](  javascript:window.hacked=1)",
    "[click](<java\tscript:window.hacked=1>)",
    "[click](\u{1}javascript:window.hacked=1)",
    "[click](\u{200b}javascript:window.hacked=1)",
    "[click](javascript&colon;window.hacked=1)",
    "[click](javascript%3Awindow.hacked=1)",
    "[click](vbscript:x) [click](data:text/html,<script>1</script>) [click](DATA:text/html;base64,PHN2Zz4=)",
    "[click](file:///etc/passwd) [click](blob:https://a/b) [click](filesystem:x) [click](about:blank) [x](view-source:x)",
    "[click](#x\" onclick=\"window.hacked=1)",
    "[click](https://good.example\"onmouseover=\"window.hacked=1)",
    "[click](https://good.example 'title\" onmouseover=\"window.hacked=1')",
    "[click][ref]\n\n[ref]: javascript:window.hacked=1 \"title\"",
    "[ref]\n\n[ref]: <data:text/html,x>",
    "<javascript:window.hacked=1> <data:text/html,x> <https://good.example/\"onclick=1>",
    "![alt](https://evil.example/pixel.png) ![](data:image/svg+xml,<svg/onload=1>) ![x](javascript:1)",
    "[![image in a link](https://a.example/i.png)](https://b.example)",
    "![a [link](https://a.example) in an image](https://b.example/i.png)",
    "[a [link](https://a.example) in a link](https://b.example)",
    "[https://bare.example in a link](https://b.example)",
    "//evil.example [x](//evil.example/x) [y](\\\\evil.example) [z](/\\evil.example)",
    "see https://user:secret@evil.example/x\"><img src=x onerror=1>",
    "***__~~`nested`~~__*** **unclosed *emphasis __everywhere ~~at once",
    "| a | b |\n|---|:-:|\n| <b>x</b> | [y](javascript:1) |\n| `|` | ![z](data:x) | too many |",
    "```html\n<script>window.hacked = 1</script>",
    "~~~\" onclick=\"window.hacked=1\ncode",
    "````\n```\n<b>\n```",
    "    <script>indented</script>\n\n\t<b>tabbed</b>",
    "- [x] <input autofocus onfocus=window.hacked=1>\n- [ ] done\n  1. <b>deep</b>",
    "7. seven\n8. eight\n\n999999999. large",
    "[^1] [^note]\n\n[^1]: <script>1</script>",
    "&lt;script&gt; &#60;script&#62; \\<script\\>",
    "\u{0}\u{feff}\u{202e}<script>\u{0}</script>",
    "$<script>$ $$<b>$$ :::<b>::: {onclick=1} # h {onclick=1 .c #i}",
    "# Heading {onclick=window.hacked=1 #main .shell}\n\nSetext\n===\n\n####### seven",
    "---\ntitle: <script>\n---\n\n+++\nx = 1\n+++",
    "> quote\n> > deeper <b>\nlazy\n\n* * *",
    "\r\n# carriage\r\rreturns\r\n- a\r\n- b\r\n\r\n```\r\ncode\r\n```\r\n",
];

#[wasm_bindgen_test]
async fn hostile_texts_leave_nothing_that_acts() {
    let shown = Shown::new("").await;
    for source in HOSTILE {
        shown.set_soon(source).await;
        assert_harmless(&shown, source);
    }
    settle().await;
    let hacked = js_sys::Reflect::get(&window(), &"hacked".into()).unwrap();
    assert!(hacked.is_undefined(), "nothing has run");
}

#[wasm_bindgen_test]
async fn raw_html_is_shown_as_it_was_written() {
    let shown = Shown::new("a <b>bold</b> word\n\n<div class=\"x\">\nblock\n</div>").await;
    assert_eq!(shown.text(), "a <b>bold</b> word<div class=\"x\">\nblock\n</div>");
}

#[wasm_bindgen_test]
async fn what_grows_is_the_same_as_what_came_at_once() {
    let (whole, grows) = (Shown::new("").await, Shown::new("").await);
    let everything = HOSTILE.join("\n\n");
    for source in HOSTILE.iter().copied().chain([&*everything]) {
        let step = if source.len() > 2000 { 97 } else { 1 };
        grows.set_soon("").await;
        for (end, _) in source.char_indices().skip(1).step_by(step) {
            grows.set_soon(&source[..end]).await;
        }
        grows.set_soon(source).await;
        whole.set_soon("").await;
        whole.set_soon(source).await;
        assert_eq!(grows.html(), whole.html(), "from {source:?}");
    }
}

#[wasm_bindgen_test]
async fn an_answer_that_grows_keeps_its_elements() {
    let shown = Shown::new("First *word*.\n\n```rust\nfn main() {").await;
    let (paragraph, code, copy) =
        (&shown.all("p")[0], &shown.all("pre code")[0], &shown.all(".code-copy")[0]);
    shown.set("First *word*.\n\n```rust\nfn main() {\n    work();\n}\n```\n\n- one\n- tw").await;
    let item = &shown.all("li")[1];
    shown
        .set("First *word*.\n\n```rust\nfn main() {\n    work();\n}\n```\n\n- one\n- two **bold**\n\nEnd.")
        .await;
    assert!(paragraph.is_same_node(Some(&shown.all("p")[0])), "a finished block is not made again");
    assert!(code.is_same_node(Some(&shown.all("pre code")[0])), "a block that grows is not made again");
    assert!(copy.is_same_node(Some(&shown.all(".code-copy")[0])), "the focus stays on its button");
    assert!(item.is_same_node(Some(&shown.all("li")[1])), "a list that grows keeps its items");
    assert_eq!(code.text_content().unwrap(), "fn main() {\n    work();\n}\n");
    assert_eq!(item.text_content().unwrap(), "two bold");
}

#[wasm_bindgen_test]
async fn a_definition_at_the_end_makes_a_link_at_the_beginning() {
    let text = "See [the run].\n\nMore.\n\nAnd more.\n\n";
    let shown = Shown::new(text).await;
    assert!(shown.all("a").is_empty());
    shown.set(&format!("{text}[the run]: /executions/e-1\n\nLast.")).await;
    assert_eq!(shown.all("a")[0].get_attribute("href").unwrap(), "/executions/e-1");
    shown.set(&format!("{text}[the run]: /executions/e-12\n\nLast.")).await;
    assert_eq!(shown.all("a")[0].get_attribute("href").unwrap(), "/executions/e-12");
    shown.set(text).await;
    assert!(shown.all("a").is_empty(), "what is no link any more is none");
}

#[wasm_bindgen_test]
async fn links_lead_to_pages_here_or_to_a_tab_of_their_own() {
    let origin = window().location().origin().unwrap();
    let text = format!(
        "[run](/executions/a%2Fb?x=1#y) [list](executions?status=failed) [here]({origin}/chat/c-1) \
         [file](/api/files/f-1) [not a page](/executionsx) [other](https://example.org/a) [mail](mailto:a@example.org) \
         bare https://example.org/b_(c)_d, and (https://example.org/e)."
    );
    let shown = Shown::new(&text).await;
    let links: Vec<_> = shown
        .all("a")
        .iter()
        .map(|link| {
            (link.get_attribute("href").unwrap().replace(&origin, "HERE"), link.has_attribute("target"))
        })
        .collect();
    let expected = [
        ("/executions/a%2Fb?x=1#y", false),
        ("/executions?status=failed", false),
        ("/chat/c-1", false),
        ("HERE/api/files/f-1", true),
        ("HERE/executionsx", true),
        ("https://example.org/a", true),
        ("mailto:a@example.org", true),
        ("https://example.org/b_(c)_d", true),
        ("https://example.org/e", true),
    ];
    assert_eq!(links, expected.map(|(address, elsewhere)| (address.to_owned(), elsewhere)));
}

#[wasm_bindgen_test]
async fn images_are_links_and_load_nothing() {
    let shown = Shown::new("![a chart](https://example.org/c.png) ![](https://example.org/d.png)").await;
    let links: Vec<_> = shown.all("a").iter().map(|link| link.text_content().unwrap()).collect();
    assert_eq!(links, ["a chart", "Image"]);
    assert!(shown.all("img").is_empty());
}

#[wasm_bindgen_test]
async fn tables_lists_and_code_have_their_form() {
    let shown = Shown::new(
        "| name | count |\n|:-----|------:|\n| a    |    12 |\n\n3. three\n4. four\n\n- [x] done\n- [ ] open\n\n```rust,ignore\nlet x = 1;\n```\n\n~~gone~~",
    )
    .await;
    let heads: Vec<_> = shown.all("thead th").iter().map(|head| head.text_content().unwrap()).collect();
    assert_eq!(heads, ["name", "count"]);
    assert_eq!(shown.all("tbody td")[1].get_attribute("data-align").unwrap(), "end");
    assert_eq!(shown.all("ol")[0].get_attribute("start").unwrap(), "3");
    let done: Vec<_> =
        shown.all("li.is-task input").iter().map(|task| task.has_attribute("checked")).collect();
    assert_eq!(done, [true, false]);
    assert_eq!(shown.all("figcaption span")[0].text_content().unwrap(), "rust");
    assert_eq!(shown.all("pre code")[0].text_content().unwrap(), "let x = 1;\n");
    assert_eq!(shown.all("del").len(), 1);
}

#[wasm_bindgen_test]
async fn the_copy_button_says_that_it_copied() {
    // A page without a person has no clipboard to write to.
    js_sys::eval(
        "Object.defineProperty(navigator, 'clipboard', { configurable: true, value: { writeText: async (text) => { window.copied = text } } })",
    )
    .unwrap();
    let shown = Shown::new("```\nswitchboard serve\n```").await;
    let button: web_sys::HtmlElement = shown.all(".code-copy")[0].clone().unchecked_into();
    button.click();
    until("it says so", || button.text_content().unwrap() == "Copied").await;
    let copied = js_sys::Reflect::get(&window(), &"copied".into()).unwrap();
    assert_eq!(copied.as_string().unwrap(), "switchboard serve\n");
    until("it is a button again", || button.text_content().unwrap() == "Copy").await;
}

/// Quotes in quotes without end would nest elements until the browser's own recursion fails.
#[wasm_bindgen_test]
async fn what_is_nested_without_end_stays_shallow() {
    let deep = format!("{} text", ">".repeat(5_000));
    let lists = (0..200).map(|depth| "  ".repeat(depth) + "- x\n").collect::<String>();
    let emphasis = format!("{}x{}", "*a **b ".repeat(2_000), "** *".repeat(2_000));
    for source in [&deep, &lists, &emphasis] {
        let shown = Shown::new(source).await;
        assert_harmless(&shown, &source[..40]);
        let deepest = shown.all("*").iter().map(|element| depth_of(element, &shown.host)).max().unwrap();
        assert!(deepest < 40, "{deepest} elements deep from {:?}", &source[..40]);
        assert!(shown.text().contains(if source.contains("text") { "text" } else { "x" }), "nothing is lost");
    }
}

fn depth_of(element: &Element, root: &web_sys::HtmlElement) -> usize {
    let mut depth = 0;
    let mut at = Some(element.clone());
    while let Some(element) = at.filter(|element| !element.is_same_node(Some(root))) {
        depth += 1;
        at = element.parent_element();
    }
    depth
}

/// A long text comes in parts, so that the page answers between them; in the end it is all there.
#[wasm_bindgen_test]
async fn a_very_long_text_comes_in_parts() {
    let paragraph = "Some *words* of a report with `code` and [a link](/executions/e-1), again and again. ";
    let mut text = String::new();
    for number in 0.. {
        text += "Part ";
        text += &number.to_string();
        text += &paragraph.repeat(4);
        text += "\n\n";
        if text.len() > 1_000_000 {
            break;
        }
    }
    text.push_str("The end.");
    let host = parent();
    let source = RwSignal::new(String::new());
    let mounted = mount_to(host.clone(), move || view! { <Markdown source=source /> });
    settle().await;
    source.set(text.clone());
    leptos::task::tick().await;
    let first = elements(&host, "p").len();
    assert!(first > 20, "the beginning is there at once: {first}");
    assert!(first < 1_000, "and not all of it: {first}");
    until("the end is there", || host.text_content().unwrap().ends_with("The end.")).await;
    assert_eq!(elements(&host, "p").len(), text.matches("\n\n").count() + 1);
    drop(mounted);
    host.remove();
}

/// One block of a megabyte can't come in parts: it is shown as it was written.
#[wasm_bindgen_test]
async fn a_block_that_is_no_paragraph_any_more_is_shown_as_written() {
    let text = "*a* ".repeat(250_000);
    let shown = Shown::new(&text).await;
    assert_eq!(shown.all("*").len(), 3, "the text, its block, one paragraph");
    assert_eq!(shown.text().trim(), text.trim());
}
