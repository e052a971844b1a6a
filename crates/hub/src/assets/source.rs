//! Where the dashboard's files come from: a folder, or the binary.

use std::{
    path::{Component, Path, PathBuf},
    time::SystemTime,
};

use bytes::Bytes;

/// Where the files come from.
pub enum Source {
    /// A folder, whose files may change while the hub runs.
    Folder(PathBuf),
    /// The binary; without the feature `embed-dashboard` there are none in it.
    Binary,
}

/// A file that is there.
pub enum Found {
    InFolder { path: PathBuf, version: Version },
    InBinary(Bytes),
}

/// Which content a file has: another version, another content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    bytes: u64,
    changed: Option<SystemTime>,
}

impl Source {
    pub fn new(folder: Option<PathBuf>) -> Self {
        folder.map_or(Self::Binary, Self::Folder)
    }

    /// The file at `path`, which is relative and has slashes; `None` where there is none.
    pub async fn find(&self, path: &str) -> Option<Found> {
        match self {
            Self::Binary => embedded(path).map(Found::InBinary),
            Self::Folder(folder) => {
                let relative = Path::new(path);
                // Nothing that leads out of the folder.
                if !relative.components().all(|component| matches!(component, Component::Normal(_))) {
                    return None;
                }
                let path = folder.join(relative);
                let metadata = tokio::fs::metadata(&path).await.ok().filter(std::fs::Metadata::is_file)?;
                let version = Version { bytes: metadata.len(), changed: metadata.modified().ok() };
                Some(Found::InFolder { path, version })
            }
        }
    }
}

impl Found {
    pub fn version(&self) -> Version {
        match self {
            Self::InFolder { version, .. } => *version,
            Self::InBinary(bytes) => Version { bytes: bytes.len() as u64, changed: None },
        }
    }

    pub async fn read(self) -> Option<Bytes> {
        match self {
            Self::InFolder { path, .. } => tokio::fs::read(path).await.ok().map(Bytes::from),
            Self::InBinary(bytes) => Some(bytes),
        }
    }
}

#[cfg(feature = "embed-dashboard")]
fn embedded(path: &str) -> Option<Bytes> {
    /// What `cargo xtask build` leaves in `dist/`.
    #[derive(rust_embed::RustEmbed)]
    #[folder = "../../dist"]
    struct Dashboard;

    let file = <Dashboard as rust_embed::RustEmbed>::get(path)?;
    Some(match file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    })
}

#[cfg(not(feature = "embed-dashboard"))]
fn embedded(_path: &str) -> Option<Bytes> {
    None
}
