//! Whose certificates are believed, and the one that is shown.

use std::path::Path;
use std::sync::Arc;

use halite_core::outside::http::{ClientCert, Request, Trust};
use halite_core::{Error, Result};
use ureq::tls::{Certificate, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::Internet;

/// Where distributions keep the machine's authorities. Salt: `salt.utils.http.get_ca_bundle`.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/tls/certs/ca-bundle.trust.crt",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// The TLS settings of a request.
pub(crate) fn settings(internet: &Internet, request: &Request) -> Result<TlsConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut settings = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    settings = match &request.trust {
        Trust::Anything => settings.disable_verification(true).root_certs(roots(Vec::new())),
        // Nothing to verify: the list need not be read.
        _ if request.url.starts_with("http://") && request.redirects_max == 0 => {
            settings.root_certs(roots(Vec::new()))
        }
        Trust::File(path) => settings.root_certs(roots(certificates(path)?)),
        Trust::Machine => settings.root_certs(roots(machine(internet))),
    };
    if let Some(shown) = &request.client_cert {
        settings = settings.client_cert(Some(client_cert(shown)?));
    }
    Ok(settings.build())
}

fn roots(certificates: Vec<Certificate<'static>>) -> RootCerts {
    RootCerts::Specific(Arc::new(certificates))
}

/// What this machine trusts; nothing if it has no list.
pub(crate) fn machine(internet: &Internet) -> Vec<Certificate<'static>> {
    let read = || {
        let named = std::env::var("SSL_CERT_FILE").ok().filter(|named| !named.is_empty());
        let places = named.iter().map(String::as_str).chain(BUNDLES.iter().copied());
        let found = places.map(Path::new).find(|path| path.is_file());
        found.and_then(|path| certificates(path).ok()).unwrap_or_default()
    };
    internet.authorities.get_or_init(read).clone()
}

/// The certificates of a PEM file.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>> {
    let pem = std::fs::read(path).map_err(|why| Error::file("read", path, why))?;
    let found: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        let text = format!("`{}` holds no certificate in PEM form", path.display());
        return Err(Error::execution(text));
    }
    Ok(found)
}

fn client_cert(shown: &ClientCert) -> Result<ureq::tls::ClientCert> {
    let chain = certificates(&shown.cert)?;
    let path = shown.key.as_ref().unwrap_or(&shown.cert);
    let pem = std::fs::read(path).map_err(|why| Error::file("read", path, why))?;
    let key = PrivateKey::from_pem(&pem).map_err(|_| {
        Error::execution(format!("`{}` holds no private key in PEM form", path.display()))
    })?;
    Ok(ureq::tls::ClientCert::new_with_certs(&chain, key))
}
