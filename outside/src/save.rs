//! Downloads: an answer's body into a file, in one step.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use halite_core::outside::http::{Request, Response};
use halite_core::{Error, Result};

use crate::{Internet, http};

/// Fetches a URL into `to`. An answer that is no success leaves the file as it was.
pub(crate) fn download(internet: &Internet, request: &Request, to: &Path) -> Result<Response> {
    let tag = to.with_file_name(format!("{}.etag", to.file_name().unwrap_or_default().display()));
    let mut request = request.clone();
    if let (true, true, Ok(known)) = (request.etag, to.exists(), fs::read_to_string(&tag)) {
        request.headers.push(("If-None-Match".to_owned(), known.trim().to_owned()));
    }
    let request = &request;
    let (mut response, body) = http::send(internet, request)?;
    if !response.success() {
        http::copy(request, body, |chunk| {
            response.body.extend_from_slice(chunk);
            Ok(())
        })?;
        return Ok(response);
    }
    let folder = to.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(|why| Error::file("make", folder, why))?;
    let part = Part::new(to)?;
    let mut file = part.create()?;
    http::copy(request, body, |chunk| {
        file.write_all(chunk).map_err(|why| Error::file("write", &part.0, why))
    })?;
    file.flush().map_err(|why| Error::file("write", &part.0, why))?;
    drop(file);
    fs::rename(&part.0, to).map_err(|why| Error::file("write", to, why))?;
    if let (true, Some(new)) = (request.etag, response.header("etag")) {
        fs::write(&tag, new).map_err(|why| Error::file("write", &tag, why))?;
    }
    Ok(response)
}

/// A file on its way; what is left of it is removed.
struct Part(PathBuf);

impl Part {
    fn new(to: &Path) -> Result<Part> {
        let Some(name) = to.file_name() else {
            return Err(Error::execution(format!("`{}` is no file name", to.display())));
        };
        let mut part = std::ffi::OsString::from(".");
        part.push(name);
        part.push(format!(".{}.{:?}.part", std::process::id(), std::thread::current().id()));
        Ok(Part(to.with_file_name(part)))
    }

    fn create(&self) -> Result<File> {
        let opened =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.0);
        opened.map_err(|why| Error::file("write", &self.0, why))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Gone already when all went well.
        drop(fs::remove_file(&self.0));
    }
}
