use std::time::Duration;

use super::*;

fn page(text: &str) -> Html {
    let (budget, _waiting) = Budget::new(Duration::from_hours(1));
    parse(text, &budget).page
}

fn links_of(text: &str) -> Vec<String> {
    let (budget, _waiting) = Budget::new(Duration::from_hours(1));
    let following = Following { forbidden: false, agent: "Switchboard" };
    let address = Url::parse("https://example.org/a/b?c").unwrap();
    links(&page(text), &address, following, &budget).into_iter().map(String::from).collect()
}

#[test]
fn links_are_whole_addresses_each_once_in_order() {
    let text = r#"
        <link rel="stylesheet" href="style.css"><link rel="next" href="?page=2">
        <a href="c">1</a> <a href=" /d#here ">2</a> <a href="//other.example/e?">3</a> <a href="c#again">4</a>
        <a href="https://user:secret@example.org/f">5</a> <a href="">itself</a> <a>none</a>
        <map><area href="g"></map> <form action="h"></form> <iframe src="i"></iframe> <A HREF="../j">6</A>
    "#;
    assert_eq!(
        links_of(text),
        [
            "https://example.org/a/b?page=2",
            "https://example.org/a/c",
            "https://example.org/d",
            "https://other.example/e",
            "https://example.org/f",
            "https://example.org/a/b?c",
            "https://example.org/a/g",
            "https://example.org/j",
        ]
    );
}

#[test]
fn what_is_no_page_is_no_link() {
    let long = format!("<a href=\"/{}\">", "x".repeat(5000));
    for text in [
        "<a href='javascript:void(0)'>",
        "<a href='mailto:a@example.org'>",
        "<a href='tel:1'>",
        "<a href='data:text/html,x'>",
        "<a href='ftp://example.org/'>",
        "<a href='http://'>",
        "<a href='http://exa mple.org:1x/'>",
        long.as_str(),
        "<!-- <a href='/comment'> -->",
        "<script>'<a href=/script>'</script>",
    ] {
        assert!(links_of(text).is_empty(), "{text}");
    }
}

#[test]
fn a_page_can_say_what_its_links_are_relative_to() {
    assert_eq!(
        links_of("<base href='https://cdn.example/x/'><base href='/no/'><a href='y'>"),
        ["https://cdn.example/x/y"]
    );
    assert_eq!(links_of("<base target=_top><base href='/up/'><a href='y'>"), ["https://example.org/up/y"]);
    assert_eq!(links_of("<base href='data:text/html,'><a href='y'>"), ["https://example.org/a/y"]);
}

#[test]
fn a_page_can_forbid_that_its_links_are_followed() {
    assert_eq!(
        links_of("<a rel='noopener NOFOLLOW' href=x></a><a rel=me href=y></a>"),
        ["https://example.org/a/y"]
    );
    for forbidding in [
        "<meta name=robots content='noindex, nofollow'>",
        "<META NAME=ROBOTS CONTENT=NONE>",
        "<meta name=switchboard content=nofollow>",
    ] {
        assert!(links_of(&format!("{forbidding}<a href=x>")).is_empty(), "{forbidding}");
    }
    for other in ["<meta name=googlebot content=nofollow>", "<meta name=robots content=noindex>"] {
        assert_eq!(links_of(&format!("{other}<a href=x>")).len(), 1, "{other}");
    }
}

#[test]
fn links_are_not_more_than_ten_thousand() {
    let text: Vec<_> = (0..11_000).map(|number| format!("<a href=/{number}>")).collect();
    // Each opens before the one before it is closed, which the parser mends.
    let links = links_of(&text.concat());
    assert_eq!(links.len(), 10_000);
    assert_eq!(links[9_999], "https://example.org/9999");
}

#[test]
fn titles_are_those_of_the_page() {
    assert_eq!(title(&page("<title> A \n page </title>")).as_deref(), Some("A page"));
    assert_eq!(title(&page("<svg><title>Drawing</title></svg><p>x")), None);
    assert_eq!(title(&page("<title></title>")), None);
    assert_eq!(title(&page(&format!("<title>{}</title>", "x".repeat(1000)))).unwrap().chars().count(), 300);
}

#[test]
fn text_is_counted_as_people_see_it() {
    for (text, seen) in [
        ("<head><title>Title</title></head><body>  a \n\t b  </body>", "a b"),
        ("<p>one</p><p>two</p>", "one two"),
        ("<p>a<b>b</b>c<br>d", "abc d"),
        ("<script>1</script><style>2</style><template>3</template><noscript>4</noscript>five", "five"),
        ("<ul><li>a<li>b</ul>c", "a b c"),
        ("<!-- no -->&amp;&nbsp;x\0y", "& xy"),
        ("<table><tr><td>1<td>2", "1 2"),
        ("", ""),
    ] {
        let page = page(text);
        assert_eq!(text_of(page.tree.root(), usize::MAX), seen, "{text}");
        assert_eq!(text_length(&page), seen.chars().count() as u64, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_page(text in "(?s)(<[a-z/]{0,9}[^<>]{0,9}>?|.){0,60}") {
        let page = page(&text);
        proptest::prop_assert_eq!(text_length(&page), text_of(page.tree.root(), usize::MAX).chars().count() as u64);
        let _ = (title(&page), links_of(&text));
    }
}
