use http_body_util::BodyExt;

use super::*;

const HASHED: &str = "app-0123456789abcdef_bg.wasm";

fn dashboard() -> (tempfile::TempDir, Assets) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "<html><script>start()</script></html>").unwrap();
    std::fs::write(folder.path().join(HASHED), vec![0_u8; 10_000]).unwrap();
    let assets = Assets::new(Some(folder.path().to_owned()));
    (folder, assets)
}

async fn get(
    assets: &Assets,
    path: &str,
    headers: &[(header::HeaderName, &'static str)],
) -> (Response<()>, Vec<u8>) {
    let headers =
        headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
    let response = assets.respond(&Method::GET, &path.parse().unwrap(), &headers).await;
    let (parts, body) = response.into_parts();
    (Response::from_parts(parts, ()), body.collect().await.unwrap().to_bytes().to_vec())
}

fn value<'r>(response: &'r Response<()>, name: &header::HeaderName) -> &'r str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn a_page_answers_every_path_that_is_no_file() {
    let (_folder, assets) = dashboard();
    for path in ["/", "/executions", "/executions/e-1", "/index.html"] {
        let (response, body) = get(&assets, path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert!(body.starts_with(b"<html>"));
        assert_eq!(value(&response, &header::CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(value(&response, &header::CACHE_CONTROL), "no-cache");
        assert!(value(&response, &header::CONTENT_SECURITY_POLICY).contains("'wasm-unsafe-eval' 'sha256-"));
        assert_eq!(value(&response, &header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    }
    let html = [(header::ACCEPT, "text/html,*/*")];
    assert_eq!(get(&assets, "/executions/build.42", &html).await.0.status(), StatusCode::OK);
    assert_eq!(get(&assets, "/gone-0123456789abcdef.js", &[]).await.0.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn files_have_their_type_are_compressed_and_kept() {
    let (_folder, assets) = dashboard();
    let path = format!("/{HASHED}");
    for (accepted, encoding) in
        [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip")]
    {
        let (response, body) = get(&assets, &path, &[(header::ACCEPT_ENCODING, accepted)]).await;
        assert_eq!(value(&response, &header::CONTENT_TYPE), "application/wasm");
        assert_eq!(value(&response, &header::CONTENT_ENCODING), encoding);
        assert!(value(&response, &header::CACHE_CONTROL).contains("immutable"));
        assert!(body.len() < 1000);
    }
    let (response, body) = get(&assets, &path, &[]).await;
    assert_eq!(value(&response, &header::CONTENT_ENCODING), "");
    assert_eq!(body.len(), 10_000);
}

#[tokio::test]
async fn a_page_that_is_known_is_not_sent_again_until_it_changes() {
    let (folder, assets) = dashboard();
    let (response, _) = get(&assets, "/", &[]).await;
    let etag: &'static str = value(&response, &header::ETAG).to_owned().leak();
    let known = [(header::IF_NONE_MATCH, etag)];
    let (response, body) = get(&assets, "/", &known).await;
    assert_eq!((response.status(), body.len()), (StatusCode::NOT_MODIFIED, 0));
    std::fs::write(folder.path().join("index.html"), "<html>new</html>").unwrap();
    let (response, body) = get(&assets, "/", &known).await;
    assert_eq!((response.status(), body.as_slice()), (StatusCode::OK, b"<html>new</html>".as_slice()));
}

#[tokio::test]
async fn nothing_outside_the_folder_is_served() {
    let (folder, _) = dashboard();
    let inner = folder.path().join("dist");
    std::fs::create_dir(&inner).unwrap();
    let assets = Assets::new(Some(inner));
    for path in ["/../index.html", "//etc/passwd", "/./../index.html"] {
        let (response, body) = get(&assets, path, &[]).await;
        assert_ne!(response.status(), StatusCode::OK, "{path}");
        assert!(!body.starts_with(b"<html><script>"));
    }
}

#[tokio::test]
async fn without_a_dashboard_a_page_says_how_to_build_it() {
    let folder = tempfile::tempdir().unwrap();
    let (response, body) = get(&Assets::new(Some(folder.path().to_owned())), "/", &[]).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(String::from_utf8(body).unwrap().contains("cargo xtask build"));
}
