//! The child's side: asks the parent of an invitation for a grant.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use domain::saying::Saying;
use identity::{
    Grant, IdentityError, InvitationSigner, JOIN_EXPORTER, Joining, PeerRefusal, Surroundings,
    join_client_config, join_name,
};
use rustls_pki_types::ServerName;
use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;
use topology::Tree;

use super::{
    MOST_ANSWER_BYTES,
    message::{self, Answer},
};

/// For one address: connecting, TLS and the answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the parent answered.
#[derive(Debug)]
pub enum Answered {
    /// What the division gets.
    Grant(Box<Grant>),
    /// An operator of the parent compares the machine's number first; ask again later.
    Pending,
}

/// An answer, with what it says of the parent.
#[derive(Debug)]
pub struct Responded {
    /// The answer.
    pub answered: Answered,
    /// Where the parent is.
    pub address: SocketAddr,
    /// How long it took.
    pub took: Duration,
    /// The parent's time, in milliseconds since 1970.
    pub now_ms: i64,
    /// Whether it has the same list of divisions.
    pub same_edition: bool,
}

/// What a parent said when it refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The number of the refusal.
    pub number: u32,
    /// The sentence, with what to do.
    pub said: Saying,
}

/// The reason why there is no answer, or not the one that was wanted.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The parent refused.
    #[error("{}", .0.said.english)]
    Refused(Refused),
    /// Whoever answers there is not the parent of the invitation.
    #[error("{0}: {1}")]
    NotTheParent(SocketAddr, PeerRefusal),
    /// Nobody answered.
    #[error(
        "{0} does not answer: {1}; see that the parent runs and the address is right, then run the same command again"
    )]
    Unreachable(String, io::Error),
    /// The answer cannot be read.
    #[error("the parent's answer cannot be read; update the older of the two programs")]
    Unreadable,
    /// The request could not be kept.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Asks at the addresses of the invitation, one after the other, until one answers.
///
/// # Errors
/// [`AskError`]. Whatever it is, the same may be asked again.
pub async fn ask(
    joining: &Joining,
    tree: &Arc<Tree>,
    surroundings: &Surroundings,
) -> Result<Responded, AskError> {
    let edition = tree.digest();
    let text = joining.invitation();
    let request = joining.request(|application| message::request(text, application, edition))?;
    let mut last = None;
    for named in &text.addresses {
        let found = match lookup_host(named).await {
            Ok(found) => found,
            Err(error) => {
                last = Some(AskError::Unreachable(named.clone(), error));
                continue;
            }
        };
        for address in found {
            let asked = ask_at(address, joining, &request, (tree, surroundings));
            let asked = timeout(PATIENCE, asked).await;
            match asked.unwrap_or_else(|_| Err(unreachable(address, io::ErrorKind::TimedOut))) {
                Ok(responded) => return Ok(responded),
                Err(error @ (AskError::Refused(_) | AskError::Unreadable)) => return Err(error),
                Err(error) => last = Some(error),
            }
        }
    }
    let nowhere = || AskError::Unreachable("the parent".to_owned(), io::ErrorKind::NotFound.into());
    Err(last.unwrap_or_else(nowhere))
}

fn unreachable(address: SocketAddr, error: impl Into<io::Error>) -> AskError {
    AskError::Unreachable(address.to_string(), error.into())
}

async fn ask_at(
    address: SocketAddr,
    joining: &Joining,
    request: &[u8],
    (tree, surroundings): (&Arc<Tree>, &Surroundings),
) -> Result<Responded, AskError> {
    let begun = Instant::now();
    let failed = |error: io::Error| match PeerRefusal::of_io(&error) {
        Some(refusal) => AskError::NotTheParent(address, refusal),
        None => unreachable(address, error),
    };
    let text = joining.invitation();
    let tcp = TcpStream::connect(address).await.map_err(failed)?;
    tcp.set_nodelay(true).map_err(failed)?;
    let config = join_client_config(text, tree, surroundings);
    let name = ServerName::try_from(join_name(text.parent)).map_err(io::Error::other);
    let tls = TlsConnector::from(config).connect(name.map_err(failed)?, tcp);
    let mut tls = tls.await.map_err(failed)?;
    let exported = tls
        .get_ref()
        .1
        .export_keying_material([0; 32], JOIN_EXPORTER, None);
    let exported = exported.map_err(io::Error::other).map_err(failed)?;
    let signature = InvitationSigner::of(text).sign(&exported, request);
    let call = message::call(request.to_vec(), signature);
    super::write(&mut tls, &call).await.map_err(failed)?;
    let answer = super::read(&mut tls, MOST_ANSWER_BYTES).await;
    let answer = message::read_answer(&answer.map_err(failed)?, tree.digest());
    let (now_ms, same_edition, answer) = answer.ok_or(AskError::Unreadable)?;
    let answered = match answer {
        Answer::Grant(grant) => Answered::Grant(grant),
        Answer::Pending(_) => Answered::Pending,
        Answer::Readmitted(_) => return Err(AskError::Unreadable),
        Answer::Refused(number, said) => return Err(AskError::Refused(Refused { number, said })),
    };
    Ok(Responded {
        answered,
        address,
        took: begun.elapsed(),
        now_ms,
        same_edition,
    })
}
