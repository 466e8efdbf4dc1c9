//! Files that are sent in forms.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use reqwest::Body;
use reqwest::multipart::Part;

use crate::Error;

/// A file that a call sends in a form (`multipart/form-data`), such as the photo of a
/// product.
///
/// It has a content, a name, and a media type, which follows from the name: that of
/// `front.jpg` is `image/jpeg`, and that of a name that says nothing
/// `application/octet-stream`.
///
/// ```
/// use telesto_api::Upload;
///
/// // Read while it is sent, so that it may be larger than the memory.
/// let photo = Upload::file("photos/front.jpg");
///
/// let stock = "sku,stock\nWIDGET-001,12\n";
/// let import = Upload::bytes("stock.csv", stock).media_type("text/csv; charset=utf-8");
/// ```
///
/// A form is a stream: a call that sends one is not [repeated](crate::Retry) if it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    name: String,
    media_type: Option<String>,
    content: Content,
}

#[derive(Clone, PartialEq, Eq)]
enum Content {
    Bytes(Bytes),
    File(PathBuf),
}

impl Upload {
    /// A file with this name, and this content.
    #[must_use]
    pub fn bytes(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            media_type: None,
            content: Content::Bytes(content.into()),
        }
    }

    /// The file at `path`, by the last part of which it is called. It is opened when a
    /// call sends it, which fails before anything is sent if it cannot be read.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self {
            name: name.to_string_lossy().into_owned(),
            media_type: None,
            content: Content::File(path),
        }
    }

    /// The same file by another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { name, ..self }
    }

    /// The same file with this media type, such as `image/png`, in place of the one
    /// that follows from its name.
    #[must_use]
    pub fn media_type(self, media_type: impl Into<String>) -> Self {
        let media_type = Some(media_type.into());
        Self { media_type, ..self }
    }

    /// The part of a form that holds it.
    pub(crate) fn part(&self) -> Result<Part, Error> {
        let part = match &self.content {
            Content::Bytes(bytes) => {
                Part::stream_with_length(bytes.clone(), bytes.len().try_into().unwrap_or(u64::MAX))
            }
            Content::File(path) => {
                let opened = open(path).map_err(|reason| {
                    let path = path.display();
                    Error::invalid_request(format!("cannot read `{path}`: {reason}"))
                });
                let (file, length) = opened?;
                Part::stream_with_length(Body::from(tokio::fs::File::from_std(file)), length)
            }
        };
        let media_type = match &self.media_type {
            Some(given) => Cow::Borrowed(given.as_str()),
            None => {
                let guessed = mime_guess::from_path(&self.name).first_or_octet_stream();
                Cow::Owned(guessed.to_string())
            }
        };
        let typed = part.mime_str(&media_type).map_err(|_| {
            let shown = media_type.escape_debug();
            Error::invalid_request(format!("`{shown}` is not a valid media type"))
        });
        Ok(typed?.file_name(escaped(&self.name)))
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::File(path) => path.fmt(f),
        }
    }
}

/// The file at a path, and its length.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    match about.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok((file, about.len())),
    }
}

/// A name within the quotes of a header of a part, as browsers write it.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}
