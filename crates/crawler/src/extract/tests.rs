use std::time::Duration;

use serde_json::{Value as Any, json};

use super::*;
use crate::html::parse;

fn extraction(value: Any) -> Extraction {
    serde_json::from_value(value).unwrap()
}

fn items(text: &str, value: Any) -> Vec<Any> {
    let (budget, _waiting) = Budget::new(Duration::from_hours(1));
    let page = parse(text, &budget).page;
    let address = Url::parse("https://shop.example/list/").unwrap();
    let extracted = Extractor::new(&extraction(value)).unwrap().extract(&page, &address, 1000, &budget);
    assert!(extracted.items.iter().all(|item| item.url.as_deref() == Some(address.as_str())));
    extracted.items.iter().map(|item| item.fields.read().unwrap()).collect()
}

fn refusal(value: Any) -> String {
    Extractor::new(&extraction(value)).unwrap_err().to_string()
}

const SHOP: &str = r#"<html lang="en"><title>Shop</title>
    <article class="product" data-sku=" 7 "><h2><a href="lamp"> Desk
        lamp </a></h2><p class="price">12 €</p><img src="/lamp.png"><ul><li>black</li><li>white</li></ul></article>
    <article class="product"><h2><a href="https://other.example/chair#now">Chair</a></h2><ul></ul></article>
    <article class="product"></article>
    <h2>Not a product</h2>"#;

#[test]
fn items_are_taken_in_the_order_of_the_page_with_their_fields() {
    let found = items(
        SHOP,
        json!({ "item": "article.product", "fields": [
            { "name": "name", "selector": "h2" },
            { "name": "price", "selector": ".price" },
            { "name": "link", "selector": "h2 > a", "attribute": "href" },
            { "name": "picture", "selector": "img", "attribute": "SRC" },
            { "name": "colours", "selector": "li", "many": true },
            { "name": "sku", "attribute": "data-sku" },
        ]}),
    );
    // The third holds nothing of all this, and is left out.
    assert_eq!(
        found,
        [
            json!({ "name": "Desk lamp", "price": "12 €", "link": "https://shop.example/list/lamp",
                "picture": "https://shop.example/lamp.png", "colours": ["black", "white"], "sku": "7" }),
            json!({ "name": "Chair", "price": null, "link": "https://other.example/chair#now", "picture": null,
                "colours": null, "sku": null }),
        ]
    );
}

#[test]
fn without_items_the_page_is_one() {
    let found = items(
        SHOP,
        json!({ "fields": [
            { "name": "title", "selector": "title" },
            { "name": "language", "selector": "html", "attribute": "lang" },
            { "name": "headings", "selector": "h2", "many": true },
        ]}),
    );
    assert_eq!(
        found,
        [json!({ "title": "Shop", "language": "en", "headings": ["Desk lamp", "Chair", "Not a product"] })]
    );
    assert!(items("", json!({ "fields": [{ "name": "a", "selector": "b" }] })).is_empty());
}

#[test]
fn a_field_without_selector_is_the_item_and_a_scope_is_the_item_too() {
    let text = "<ul><li>a <b>b</b><i><b>c</b></i></li></ul>";
    assert_eq!(
        items(text, json!({ "item": "li", "fields": [{ "name": "all" }] })),
        [json!({ "all": "a bc" })]
    );
    let found = items(
        text,
        json!({ "item": "li", "fields": [{ "name": "own", "selector": ":scope > b", "many": true }] }),
    );
    assert_eq!(found, [json!({ "own": ["b"] })]);
    // An item is not inside itself.
    assert!(items(text, json!({ "item": "li", "fields": [{ "name": "x", "selector": "li" }] })).is_empty());
}

#[test]
fn the_text_of_a_script_can_be_asked_for() {
    let text = r#"<script type="application/ld+json"> {"price": 1} </script>"#;
    let asked = json!({ "fields": [{ "name": "data", "selector": "script[type='application/ld+json']" }] });
    assert_eq!(items(text, asked), [json!({ "data": "{\"price\": 1}" })]);
}

#[test]
fn addresses_follow_the_base_of_the_page() {
    let text = "<base href='https://cdn.example/'><img src='a.png'><a href='mailto:a@b.example'>";
    let found = items(
        text,
        json!({ "fields": [
            { "name": "picture", "selector": "img", "attribute": "src" },
            { "name": "mail", "selector": "a", "attribute": "href" },
        ]}),
    );
    assert_eq!(found, [json!({ "picture": "https://cdn.example/a.png", "mail": "mailto:a@b.example" })]);
}

#[test]
fn selectors_of_today_work() {
    let text = "<table><tr><td>1<tr><td>2<tr class=x><td>3</table><p>no</p>";
    for (selector, found) in [
        ("tr:nth-child(2) td", json!("2")),
        ("tr:has(td):not(.x):last-of-type td, tr.x td", json!("3")),
        ("tr:is(.x, .y) > td", json!("3")),
        ("tr:first-child + tr td", json!("2")),
    ] {
        assert_eq!(
            items(text, json!({ "fields": [{ "name": "f", "selector": selector }] })),
            [json!({ "f": found })]
        );
    }
}

#[test]
fn what_cannot_be_used_is_refused_with_the_field_and_the_reason() {
    assert_eq!(refusal(json!({ "fields": [] })), SelectorError::NoFields.to_string());
    assert_eq!(
        refusal(json!({ "fields": [{ "name": "price", "selector": "p >" }] })),
        "The selector “p >” of the field “price” cannot be used: something is missing after its last sign."
    );
    assert_eq!(
        refusal(json!({ "item": "a:hover", "fields": [{ "name": "x" }] })),
        "The selector “a:hover” of the items cannot be used: it has a pseudo-class or pseudo-element that does not work without a \
         browser."
    );
    assert_eq!(
        refusal(json!({ "fields": [{ "name": "a" }, { "name": " " }] })),
        "Field 2 has no name. Give it one."
    );
    assert_eq!(
        refusal(json!({ "fields": [{ "name": "a" }, { "name": "a" }] })),
        "There are two fields with the name “a”. Give each a name of its own."
    );
    let many: Vec<_> = (0..51).map(|number| json!({ "name": number.to_string() })).collect();
    assert_eq!(refusal(json!({ "fields": many })), "There are 51 fields, and at most 50 can be taken out.");
    assert!(refusal(json!({ "fields": [{ "name": "x".repeat(101) }] })).contains("too long"));
    for bad in ["a,", "[", "..", "a::before", "a[b=]", ":is(:is(:is(a)))", "svg|a", "div{", &"a ".repeat(600)]
    {
        let said = refusal(json!({ "fields": [{ "name": "f", "selector": bad }] }));
        assert!(said.contains("“f”") && said.ends_with('.'), "{said}");
    }
}

#[test]
fn more_items_than_wanted_are_cut() {
    let (budget, _waiting) = Budget::new(Duration::from_hours(1));
    let page = parse(&"<p>x</p>".repeat(5), &budget).page;
    let extractor = Extractor::new(&extraction(json!({ "item": "p", "fields": [{ "name": "f" }] }))).unwrap();
    let address = Url::parse("https://example.org/").unwrap();
    let cut = extractor.extract(&page, &address, 3, &budget);
    assert_eq!((cut.items.len(), cut.is_cut), (3, true));
    let all = extractor.extract(&page, &address, 5, &budget);
    assert_eq!((all.items.len(), all.is_cut), (5, false));
}

#[test]
fn when_the_time_is_over_nothing_more_is_taken() {
    let (budget, waiting) = Budget::new(Duration::from_hours(1));
    let page = parse(SHOP, &budget).page;
    drop(waiting);
    let extractor =
        Extractor::new(&extraction(json!({ "item": "h2", "fields": [{ "name": "f" }] }))).unwrap();
    let address = Url::parse("https://example.org/").unwrap();
    assert!(extractor.extract(&page, &address, 5, &budget).items.is_empty());
}

proptest::proptest! {
    #[test]
    fn any_selector_is_read_or_refused(selector in "[a-z.#:>~+*,\\[\\]()='\" -]{0,30}") {
        let value = json!({ "item": selector.clone(), "fields": [{ "name": "f", "selector": selector }] });
        if let Ok(extractor) = Extractor::new(&extraction(value)) {
            let (budget, _waiting) = Budget::new(Duration::from_hours(1));
            let page = parse(SHOP, &budget).page;
            let _ = extractor.extract(&page, &Url::parse("https://example.org/").unwrap(), 10, &budget);
        }
    }
}
