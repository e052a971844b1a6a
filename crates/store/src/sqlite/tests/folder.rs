//! What a folder can be like, and what is said about it.

use std::{fs, path::Path, time::Duration};

use super::{Temporary, note, temporary};
use crate::{Log, SqliteOptions, SqliteStore, StoreError, Upkeep};

/// Opens the folder, which must not work, and answers what is said.
fn refusal(folder: &Path) -> String {
    let options = SqliteOptions { busy_timeout: Duration::from_millis(10), ..SqliteOptions::default() };
    let error = SqliteStore::open(folder, options).unwrap_err();
    assert!(matches!(error, StoreError::Unusable { .. }), "{error:?}");
    error.to_string()
}

#[track_caller]
fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
}

/// A database as a hub leaves it, for something to happen to.
async fn left_behind() -> Temporary {
    let temporary = temporary();
    let store = temporary.store();
    store.append("acme".into(), vec![note("kept")]).await.unwrap();
    store.close().await.unwrap();
    temporary
}

#[tokio::test]
async fn a_missing_folder_is_made_with_all_above_it() {
    let temporary = temporary();
    let folder = temporary.0.path().join("not/yet/there");
    let store = SqliteStore::open(&folder, SqliteOptions::default()).unwrap();
    store.append("acme".into(), vec![note("one")]).await.unwrap();
    assert!(folder.join("switchboard.db").is_file());
}

#[test]
fn a_file_in_place_of_the_folder_is_refused() {
    let temporary = temporary();
    let file = temporary.0.path().join("data");
    fs::write(&file, "mine").unwrap();
    assert_says(&refusal(&file), &["data", "it is a file", "name a folder"]);
    assert_says(&refusal(&file.join("below")), &["cannot be made", "choose one that can be"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[cfg(unix)]
#[test]
fn an_unwritable_folder_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let temporary = temporary();
    let folder = temporary.0.path().join("read-only");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    // Permissions do not bind the superuser, as whom tests in a container run.
    if fs::write(folder.join("probe"), "").is_err() {
        assert_says(&refusal(&folder), &["read-only", "give this user the right"]);
    }
}

#[test]
fn a_folder_in_place_of_the_database_or_the_lock_is_refused() {
    for name in ["switchboard.db", "switchboard.lock"] {
        let temporary = temporary();
        fs::create_dir(temporary.0.path().join(name)).unwrap();
        assert_says(&refusal(temporary.0.path()), &["give this user the right"]);
    }
}

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_has_ended() {
    let temporary = temporary();
    let first = temporary.store();
    assert_says(&refusal(temporary.0.path()), &["another hub is using it", "end that one"]);
    first.append("acme".into(), vec![note("undisturbed")]).await.unwrap();
    first.close().await.unwrap();
    let second = temporary.store();
    assert_eq!(second.bounds("acme".into()).await.unwrap().head, 1);
    drop(second);
    temporary.store();
}

#[test]
fn what_is_no_database_is_refused_and_left_as_it_is() {
    let temporary = temporary();
    let text = "a diary, and no database at all\n".repeat(100);
    fs::write(temporary.database(), &text).unwrap();
    assert_says(&refusal(temporary.0.path()), &["switchboard.db", "no SQLite database", "move it away"]);
    assert_eq!(fs::read_to_string(temporary.database()).unwrap(), text);
}

#[test]
fn another_programs_database_is_refused() {
    let temporary = temporary();
    temporary.intruder().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    assert_says(&refusal(temporary.0.path()), &["belongs to another program", "choose another folder"]);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_as_it_is() {
    let temporary = left_behind().await;
    temporary.intruder().pragma_update(None, "user_version", 1000).unwrap();
    assert_says(&refusal(temporary.0.path()), &["newer Switchboard", "1000", "start that version"]);
    let version: i32 =
        temporary.intruder().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1000);
}

#[tokio::test]
async fn a_locked_database_is_refused_and_works_once_it_is_free() {
    let temporary = left_behind().await;
    let intruder = temporary.intruder();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_says(&refusal(temporary.0.path()), &["another program holds a lock", "end it"]);
    intruder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(temporary.store().bounds("acme".into()).await.unwrap().head, 1);
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let temporary = left_behind().await;
    let mut bytes = fs::read(temporary.database()).unwrap();
    // All but the header, which says what file this is.
    bytes.iter_mut().skip(100).for_each(|byte| *byte = 0xA5);
    fs::write(temporary.database(), bytes).unwrap();
    assert_says(&refusal(temporary.0.path()), &["damaged", "put a backup in its place"]);
}
