use super::*;

fn url(path: &str) -> Url {
    Url::parse("https://example.org").unwrap().join(path).unwrap()
}

/// Whether `text` allows us each of the paths.
fn allowed(text: &str, paths: &[&str]) -> Vec<bool> {
    let robots = Robots::parse(text, "Switchboard");
    paths.iter().map(|path| robots.allows(&url(path))).collect()
}

/// RFC 9309, 5.1.
const SIMPLE: &str = "User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot

# EOF
";

#[test]
fn the_example_of_the_rfc() {
    let allows = |agent: &str, path: &str| Robots::parse(SIMPLE, agent).allows(&url(path));
    assert!(!allows("Switchboard", "/example/page.html"));
    assert!(!allows("Switchboard", "/some.gif"));
    assert!(allows("Switchboard", "/some.gif?x"));
    assert!(allows("Switchboard", "/publications/"));
    assert!(!allows("foobot", "/"));
    assert!(allows("foobot", "/example/page.html"));
    assert!(allows("FooBot", "/example/allowed.gif"));
    for agent in ["barbot", "bazbot"] {
        assert!(!allows(agent, "/example/page.html"));
        assert!(allows(agent, "/example/other.html"));
    }
    // It has a group of its own, which says nothing, so that what is said to everybody is not for it.
    assert!(allows("quxbot", "/example/page.html"));
}

/// RFC 9309, 5.2.
#[test]
fn the_longest_match_decides_and_of_two_the_one_that_allows() {
    let text = "User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n";
    assert_eq!(allowed(text, &["/example/page/disallowed.gif", "/example/page/"]), [false, true]);
    assert_eq!(allowed("User-agent: *\nDisallow: /a\nAllow: /a\n", &["/a"]), [true]);
    assert_eq!(allowed("User-agent: *\nDisallow: /\nAllow: /$\n", &["/", "/x"]), [true, false]);
}

/// RFC 9309, 2.2.1: the groups of one name are one group.
#[test]
fn groups_of_the_same_name_are_put_together() {
    let text = "User-Agent: Switchboard\nDisallow: /a\n\nUser-Agent: *\nDisallow: /\n\nuser-agent: switchboard\nDisallow: /b\n";
    assert_eq!(allowed(text, &["/a", "/b", "/c"]), [false, false, true]);
}

/// RFC 9309, 2.2.2: what is escaped and what is not is the same where it means the same.
#[test]
fn escapes_are_compared_by_their_meaning() {
    for (rule, path, matches) in [
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz", true),
        ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", true),
        ("/foo/bar/\u{30c4}", "/foo/bar/%E3%83%84", true),
        ("/foo/bar/%e3%83%84", "/foo/bar/\u{30c4}", true),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz", true),
        ("/foo%2fbar", "/foo/bar", false),
        ("/100%", "/100%", true),
        ("/straße", "/stra%C3%9Fe", true),
    ] {
        let text = format!("User-agent: *\nDisallow: {rule}\n");
        assert_eq!(allowed(&text, &[path]), [!matches], "{rule} and {path}");
    }
}

/// RFC 9309, 2.2.3.
#[test]
fn stars_and_the_end_of_the_path() {
    for (rule, matching, other) in [
        ("/fish", vec!["/fish", "/fish.html", "/fishheads/y", "/fish?id=1"], vec!["/Fish", "/catfish", "/"]),
        ("/fish*", vec!["/fish", "/fish.html"], vec!["/Fish"]),
        ("/fish/", vec!["/fish/", "/fish/x"], vec!["/fish", "/fish.html"]),
        ("/*.php", vec!["/index.php", "/a/b.php?x", "/a.php.old"], vec!["/windows.PHP", "/"]),
        ("/*.php$", vec!["/index.php", "/a.php/b.php"], vec!["/index.php?x", "/index.php5"]),
        ("/fish*.php", vec!["/fish.php", "/fishheads/a.php?x"], vec!["/Fish.php", "/fish.html"]),
        ("/a*b*c$", vec!["/abc", "/a1b2c", "/abcbc"], vec!["/ab", "/abcd", "/acb"]),
        ("/$", vec!["/"], vec!["/x"]),
        ("*", vec!["/", "/x"], vec![]),
        ("/path/file-with-a-%2A.html", vec!["/path/file-with-a-*.html"], vec!["/path/file-with-a-b.html"]),
        ("/path/foo-%24", vec!["/path/foo-$"], vec!["/path/foo-"]),
    ] {
        let text = format!("User-agent: *\nDisallow: {rule}\n");
        assert!(allowed(&text, &matching).iter().all(|allowed| !allowed), "{rule}");
        assert!(allowed(&text, &other).iter().all(|allowed| *allowed), "{rule}");
    }
}

#[test]
fn nothing_said_is_everything_allowed() {
    for text in
        ["", "User-agent: *\nDisallow:\n", "Disallow: /\n", "<html><body>Not found: sorry</body>", "\0\0"]
    {
        assert_eq!(allowed(text, &["/x"]), [true], "{text:?}");
    }
    assert_eq!(allowed("User-agent: *\nDisallow: /\n", &["/robots.txt", "/x"]), [true, false]);
}

#[test]
fn the_odd_files_that_sites_have_are_read() {
    let texts = [
        "\u{feff}User-agent: *\nDisallow: /x",
        "user-AGENT:*\rDISALLOW:/x\r",
        "  User-agent : *  # all\r\n\r\n  Disallow : /x # not this\r\n",
        "User-agent: Switchboard/2.0 (like a browser)\nDisallow: /x",
        "User-agent: *\nHost: example.org\nClean-param: a\nDisallow: /x\nnonsense",
        "User-agent: *\n\nDisallow: /x",
        "User-agent: *\nSitemap: /s.xml\nDisallow: /x",
    ];
    for text in texts {
        assert_eq!(allowed(text, &["/x", "/y"]), [false, true], "{text:?}");
    }
}

/// A delay ends the list of names, although the RFC does not know it: `*` with a delay, and then a crawler that is
/// shut out, is what many sites have, and none of them means to shut out everybody.
#[test]
fn a_delay_belongs_to_its_group_and_is_at_most_a_minute() {
    let delay = |text: &str| Robots::parse(text, "Switchboard").delay();
    let text = "User-agent: *\nCrawl-delay: 2.5\n\nUser-agent: badbot\nDisallow: /\n";
    assert_eq!(delay(text), Some(Duration::from_millis(2500)));
    assert_eq!(allowed(text, &["/x"]), [true]);
    assert_eq!(delay("User-agent: *\nCrawl-delay: 86400"), Some(LONGEST_DELAY));
    assert_eq!(delay("User-agent: *\nCrawl-delay: 1e400"), Some(LONGEST_DELAY));
    for none in ["-1", "NaN", "soon", ""] {
        assert_eq!(delay(&format!("User-agent: *\nCrawl-delay: {none}")), None, "{none}");
    }
    assert_eq!(
        delay("User-agent: *\nCrawl-delay: 9\nUser-agent: Switchboard\nCrawl-delay: 1"),
        Some(Duration::from_secs(1))
    );
}

#[test]
fn sitemaps_are_for_everybody_and_not_too_many() {
    let text = format!(
        "Sitemap: https://example.org/a.xml\nUser-agent: other\nDisallow: /\nSITEMAP: /b.xml\nSitemap:\n{}",
        "Sitemap: /more.xml\n".repeat(1000)
    );
    let sitemaps = Robots::parse(&text, "Switchboard").sitemaps;
    assert_eq!(sitemaps.len(), MOST_SITEMAPS);
    assert_eq!(sitemaps[..2], ["https://example.org/a.xml", "/b.xml"]);
}

#[test]
fn a_crawlers_name_is_the_first_word_of_its_user_agent() {
    assert_eq!(product("Switchboard/0.1.0 (self-hosted)"), "Switchboard");
    assert_eq!(product("my_bot-x; y"), "my_bot-x");
    assert_eq!(product("1bot"), "");
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_read_and_asked(text in "(?s).{0,200}", rule in "[a-z*$%/é]{0,20}", path in "/x[a-z*$%/?é]{0,20}") {
        let robots = Robots::parse(&format!("User-agent: *\nDisallow: {rule}\n{text}"), "Switchboard");
        let _ = robots.allows(&url(&path));
    }
}
