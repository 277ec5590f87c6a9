//! TLS over a connection of ours, for what is not HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use halite_core::outside::mail::MailTls;
use halite_core::{Error, Result};
use rustls::client::VerifierBuilderError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};
use ureq::tls::Certificate;

use crate::{Internet, trust};

/// What both a plain and an encrypted connection are.
pub(crate) trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// Encrypts a connection; the server has to show a certificate for `host`.
pub(crate) fn wrap(
    internet: &Internet,
    trust: &MailTls,
    host: &str,
    stream: TcpStream,
) -> Result<Box<dyn Stream>> {
    let told = |why: String| Error::execution(format!("{host}: {why}"));
    let name =
        ServerName::try_from(host.to_owned()).map_err(|_| told("it is no host's name".into()))?;
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| told(why.to_string()))?;
    let known = match trust {
        MailTls::Anything | MailTls::Off => None,
        MailTls::Machine => Some(Known::new(trust::machine(internet), &provider)),
        MailTls::File(path) => Some(Known::new(trust::certificates(path)?, &provider)),
    };
    let believes =
        Believes { known: known.transpose().map_err(|why| told(why.to_string()))?, provider };
    let config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(believes))
        .with_no_client_auth();
    let connection =
        ClientConnection::new(Arc::new(config), name).map_err(|why| told(why.to_string()))?;
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        stream
            .conn
            .complete_io(&mut stream.sock)
            .map_err(|why| told(format!("no encrypted connection: {why}")))?;
    }
    Ok(Box::new(stream))
}

/// Whose certificates are believed.
#[derive(Debug)]
struct Known {
    certificates: Vec<CertificateDer<'static>>,
    chains: Arc<WebPkiServerVerifier>,
}

impl Known {
    fn new(
        certificates: Vec<Certificate<'static>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Known, VerifierBuilderError> {
        let certificates: Vec<_> =
            certificates.iter().map(|one| CertificateDer::from(one.der().to_vec())).collect();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        let chains =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        Ok(Known { certificates, chains: chains.build()? })
    }
}

/// Believes what an authority has signed for the host, and a certificate that is itself among those that are known
/// (one that a mail server has signed for itself); without any that are known, whoever answers.
#[derive(Debug)]
struct Believes {
    known: Option<Known>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Believes {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.known {
            Some(known) if !known.certificates.iter().any(|one| one == shown) => {
                known.chains.verify_server_cert(shown, chain, name, ocsp, now)
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            shown,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            shown,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
