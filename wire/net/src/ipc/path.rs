//! Opening a Unix listening socket at a path: length, leftovers of a dead process, permission bits
//! without a gap.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    os::unix::net::UnixListener,
    path::Path,
};

use rustix::fs::{Mode, fchmod};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::{NetError, limits::LISTEN_BACKLOG, limits::SOCKET_PATH_BYTES};

/// Checks that the kernel can hold the path: at most 107 bytes, not empty, no NUL.
pub fn check_path(path: &Path) -> Result<(), NetError> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(refused(path, "a socket path must not be empty or contain NUL".to_owned()));
    }
    if bytes.len() > SOCKET_PATH_BYTES {
        let have = bytes.len();
        return Err(refused(
            path,
            format!(
                "it has {have} bytes, the kernel takes {SOCKET_PATH_BYTES}; set a shorter sock_dir"
            ),
        ));
    }
    Ok(())
}

fn refused(path: &Path, why: String) -> NetError {
    NetError::SocketPath { path: path.to_owned(), why }
}

/// A socket file that is removed again when its server ends, unless another has taken its place.
pub(crate) struct SocketFile {
    path: std::path::PathBuf,
    identity: Option<(u64, u64)>,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && self.identity == identity(&self.path) {
            // Nothing can be done about a failure here, and the next start removes the leftover.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|m| (m.dev(), m.ino()))
}

/// Listens at the path with the permission bits; the folder must exist.
pub(crate) fn listen(path: &Path, mode: u32) -> Result<(UnixListener, SocketFile), NetError> {
    check_path(path)?;
    remove_stale(path)?;
    let failed = |source| NetError::Bind { at: path.display().to_string(), source };
    let open = || -> io::Result<UnixListener> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // Linux gives the file the bits of the socket's own inode, so it is never more open than
        // asked for.
        fchmod(&socket, Mode::from_raw_mode(mode))?;
        socket.bind(&SockAddr::unix(path)?)?;
        // The umask may have taken bits away (0660 is usual to lose its group).
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        socket.listen(LISTEN_BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    };
    let listener = open().map_err(failed)?;
    Ok((listener, SocketFile { path: path.to_owned(), identity: identity(path) }))
}

/// Removes the socket of a dead process; anything alive or of another kind is left and reported.
fn remove_stale(path: &Path) -> Result<(), NetError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(refused(path, e.to_string())),
    };
    if !found.file_type().is_socket() {
        return Err(refused(path, "something that is no socket is there; move it away".to_owned()));
    }
    match probe(path) {
        Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|e| refused(path, format!("cannot remove it: {e}")))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(()) | Err(_) => {
            let why = "another process listens there; stop it or choose another sock_dir";
            Err(refused(path, why.to_owned()))
        }
    }
}

fn probe(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A full listen queue must not hold us: it answers WouldBlock, and its owner lives.
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}
