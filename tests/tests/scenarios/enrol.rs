//! Enrolment over the network: a division joins with its parent's invitation, and nobody else does.

mod calls;
mod programs;

use std::{net::SocketAddr, path::Path, sync::Arc};

use bytes::Bytes;
use tempfile::TempDir;
use testkit::{CITY, CLERK, Network, Options, PROVINCE, clock::ShiftedClock, code};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use wujitong::{
    domain::{
        alarm::AlarmKind,
        invitation::{InvitationText, StateName, machine_number},
    },
    identity::{Identity, Joining, Network as Trusted, Surroundings},
    office::Clock,
    peer::join::{Answered, AskError, Inviting, Responded, ask, invite},
};

/// 温州市, which test networks do not enrol.
const NEW: &str = "3303";

fn inviting(division: &str, address: SocketAddr) -> Inviting {
    Inviting {
        division: code(division),
        hours: Some(24),
        confirm: false,
        replaces: false,
        addresses: vec![address.to_string()],
    }
}

/// Makes an invitation at the province and returns its text.
async fn invited(network: &Network, inviting: Inviting) -> InvitationText {
    let node = network.node(PROVINCE);
    let secret = node.office.invitations().new_secret();
    let parts = (&*node.office, &*node.identity);
    let made = invite(parts, inviting, secret, CLERK).await;
    made.unwrap().text
}

async fn province() -> Network {
    province_with(Options::default()).await
}

async fn province_with(options: Options) -> Network {
    let mut network = Network::founded(&[CITY], options).await;
    network.restart(PROVINCE).await;
    network
}

/// A machine that joins, with its directory.
struct Machine {
    dir: TempDir,
    joining: Joining,
}

fn begun_in(dir: &Path, network: &Network, text: &InvitationText) -> Joining {
    let now = rustls_pki_types::UnixTime::now();
    Joining::begin(dir, text.clone(), &network.tree, now).unwrap()
}

impl Machine {
    fn new(network: &Network, text: &InvitationText) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let joining = begun_in(dir.path(), network, text);
        Self { dir, joining }
    }

    async fn ask(&self, network: &Network) -> Result<Responded, AskError> {
        ask(&self.joining, &network.tree, &Surroundings::default()).await
    }

    /// Joins, checks what it gets and stores it.
    async fn join(self, network: &Network) -> TempDir {
        let responded = self.ask(network).await.unwrap();
        let Answered::Grant(grant) = responded.answered else {
            panic!("it waits");
        };
        let around = Surroundings::default();
        let checked = self.joining.check(*grant, &network.tree, &around).unwrap();
        self.joining.finish(checked).unwrap();
        let trusted = Trusted::load(self.dir.path()).unwrap();
        Identity::open(&trusted, self.dir.path(), code(NEW), &network.tree, &around).unwrap();
        self.dir
    }
}

fn number(asked: Result<Responded, AskError>) -> (u32, String) {
    match asked {
        Err(AskError::Refused(refused)) => (refused.number, refused.said.english),
        other => panic!("not refused: {other:?}"),
    }
}

async fn state(network: &Network, text: &InvitationText) -> StateName {
    let office = network.office(PROVINCE);
    let all = office.invitations().all().await.unwrap();
    let newest = all.iter().find(|it| it.division == text.division).unwrap();
    newest.state_at(office.now())
}

/// R-N6.
#[tokio::test]
async fn a_division_that_joined_is_stated_in_the_store_the_ledger_the_ring_and_the_log() {
    let network = province().await;
    let text = invited(&network, inviting(NEW, network.address(PROVINCE))).await;
    let before = network.office(PROVINCE).log().heads().await.unwrap();
    let machine = Machine::new(&network, &text);
    let key = machine.joining.key();
    machine.join(&network).await;
    assert_eq!(state(&network, &text).await, StateName::Used);
    let office = network.office(PROVINCE);
    let stated = office.keys().statements_about(code(NEW)).await.unwrap();
    assert_eq!(stated.len(), 1);
    assert_eq!((stated[0].key, &stated[0].refused), (key, &None));
    let ledger = wujitong::identity::stated_by(network.home(PROVINCE), code(PROVINCE)).unwrap();
    assert!(ledger.iter().any(|it| it.encode() == stated[0].bytes));
    assert_eq!(network.node(PROVINCE).keys.standing(code(NEW)), [key]);
    let after = office.log().heads().await.unwrap();
    assert_ne!(
        before.last().map(|head| head.size),
        after.last().map(|head| head.size)
    );
    network.shut_down().await;
}

#[tokio::test]
async fn of_two_machines_with_one_invitation_one_joins_and_the_other_hears_who_was_there() {
    let network = province().await;
    for round in 0..8 {
        let division = network.tree.children(code(PROVINCE)).nth(round).unwrap();
        if division == code(CITY) {
            continue;
        }
        let inviting = inviting(&division.to_string(), network.address(PROVINCE));
        let text = invited(&network, inviting).await;
        let machines = [Machine::new(&network, &text), Machine::new(&network, &text)];
        let (first, second) = tokio::join!(machines[0].ask(&network), machines[1].ask(&network));
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let (won, lost) = if first.is_ok() {
            (0, second)
        } else {
            (1, first)
        };
        let (number, said) = number(lost);
        let winner = machines[won].joining.key();
        assert_eq!(number, 6);
        assert!(
            said.contains(&winner.to_string()) && said.contains("127.0.0.1"),
            "{said}"
        );
        assert_eq!(network.node(PROVINCE).keys.standing(division), [winner]);
        let again = machines[won].ask(&network).await.unwrap();
        assert!(matches!(again.answered, Answered::Grant(_)));
    }
    network.shut_down().await;
}

/// Carries one connection, and cuts it when the answer to the call comes.
async fn cutting(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut child, _) = listener.accept().await.unwrap();
        let mut parent = TcpStream::connect(to).await.unwrap();
        let (mut up, mut down) = ([0; 32_768], [0; 32_768]);
        let mut told = 0;
        loop {
            tokio::select! {
                read = child.read(&mut up) => {
                    let Ok(length @ 1..) = read else { return };
                    parent.write_all(&up[..length]).await.unwrap();
                    told += 1;
                }
                read = parent.read(&mut down) => {
                    let Ok(length @ 1..) = read else { return };
                    // The first words of the child are its greeting; what the parent says after the second is the answer.
                    if told > 1 { return }
                    child.write_all(&down[..length]).await.unwrap();
                }
            }
        }
    });
    address
}

#[tokio::test]
async fn an_answer_that_was_cut_off_is_given_again_byte_for_byte_also_after_a_restart() {
    let mut network = province().await;
    let direct = network.address(PROVINCE);
    let mut text = invited(&network, inviting(NEW, direct)).await;
    text.addresses = vec![cutting(direct).await.to_string()];
    let machine = Machine::new(&network, &text);
    let cut = machine.ask(&network).await;
    assert!(matches!(cut, Err(AskError::Unreachable(..))), "{cut:?}");
    testkit::eventually("the parent has bound it", || async {
        state(&network, &text).await == StateName::Used
    })
    .await;
    text.addresses = vec![direct.to_string()];
    let kept = || async {
        let office = network.office(PROVINCE);
        let all = office.invitations().all().await.unwrap();
        let grant = office.invitations().grant(code(NEW), all[0].key).await;
        grant.unwrap().unwrap()
    };
    let bytes: Bytes = kept().await;
    // The process of the machine was killed as well: it goes on with the keys on its disk.
    let again = Machine {
        joining: begun_in(machine.dir.path(), &network, &text),
        dir: machine.dir,
    };
    assert_eq!(again.joining.key(), machine.joining.key());
    let first = again.ask(&network).await.unwrap();
    network.stop(PROVINCE).await;
    network.restart(PROVINCE).await;
    let second = {
        text.addresses = vec![network.address(PROVINCE).to_string()];
        let joining = begun_in(again.dir.path(), &network, &text);
        ask(&joining, &network.tree, &Surroundings::default()).await
    };
    let (Answered::Grant(first), Answered::Grant(second)) =
        (first.answered, second.unwrap().answered)
    else {
        panic!("it waits");
    };
    assert_eq!(first, second);
    let office = network.office(PROVINCE);
    let all = office.invitations().all().await.unwrap();
    let grant = office.invitations().grant(code(NEW), all[0].key).await;
    assert_eq!(grant.unwrap().unwrap(), bytes);
    let checked = again
        .joining
        .check(*first, &network.tree, &Surroundings::default());
    again.joining.finish(checked.unwrap()).unwrap();
    network.shut_down().await;
}

#[tokio::test]
async fn withdrawn_expired_and_used_invitations_say_so_and_what_to_do() {
    let clock = Arc::new(ShiftedClock::default());
    let options = Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..Options::default()
    };
    let network = province_with(options).await;
    let address = network.address(PROVINCE);
    let text = invited(&network, inviting(NEW, address)).await;
    let early = Machine::new(&network, &text);
    let office = network.office(PROVINCE);
    office
        .invitations()
        .withdraw(code(NEW), CLERK)
        .await
        .unwrap();
    let (withdrawn, said) = number(early.ask(&network).await);
    assert_eq!(withdrawn, 3);
    assert!(said.contains("wujitong invite 3303"), "{said}");

    let text = invited(&network, inviting(NEW, address)).await;
    let late = Machine::new(&network, &text);
    clock.shift_ms(24 * 3_600_000 + 1_000);
    let (expired, _) = number(late.ask(&network).await);
    assert_eq!(expired, 4, "by the parent's clock");
    clock.set_shift_ms(0);
    let joined = late.ask(&network).await.unwrap();
    assert!(matches!(joined.answered, Answered::Grant(_)));
    clock.shift_ms(47 * 3_600_000);
    assert!(
        late.ask(&network).await.is_ok(),
        "a day longer for the machine that joined"
    );
    clock.shift_ms(2 * 3_600_000);
    assert_eq!(number(late.ask(&network).await).0, 4);
    network.shut_down().await;
}

#[tokio::test]
async fn a_machine_does_not_talk_to_another_network_than_the_invitations() {
    let network = province().await;
    let elsewhere = province().await;
    let mut text = invited(&network, inviting(NEW, network.address(PROVINCE))).await;
    text.addresses = vec![elsewhere.address(PROVINCE).to_string()];
    let machine = Machine::new(&network, &text);
    let refused = machine.ask(&network).await;
    assert!(
        matches!(refused, Err(AskError::NotTheParent(..))),
        "{refused:?}"
    );
    assert_eq!(
        state(&network, &text).await,
        StateName::Open,
        "nothing was sent"
    );
    elsewhere.shut_down().await;
    network.shut_down().await;
}

#[tokio::test]
async fn ten_guesses_within_an_hour_are_an_alarm_and_the_right_machine_still_joins() {
    let network = province().await;
    let text = invited(&network, inviting(NEW, network.address(PROVINCE))).await;
    for guess in 0..10 {
        let guessed = InvitationText {
            secret: [guess; 16],
            ..text.clone()
        };
        let (refused, _) = number(Machine::new(&network, &guessed).ask(&network).await);
        assert_eq!(refused, 2);
    }
    let alarms = network.office(PROVINCE).alarms().all().await.unwrap();
    let mut guessed = alarms
        .iter()
        .filter(|it| it.kind == AlarmKind::InvitationsGuessed);
    assert_eq!(guessed.next().unwrap().about, Some(code(NEW)));
    Machine::new(&network, &text).join(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_machine_that_is_to_be_confirmed_waits_for_its_number() {
    let network = province().await;
    let confirmed = Inviting {
        confirm: true,
        ..inviting(NEW, network.address(PROVINCE))
    };
    let text = invited(&network, confirmed).await;
    let machine = Machine::new(&network, &text);
    for _ in 0..2 {
        let waits = machine.ask(&network).await.unwrap();
        assert!(matches!(waits.answered, Answered::Pending));
    }
    assert_eq!(state(&network, &text).await, StateName::Waiting);
    assert_eq!(network.node(PROVINCE).keys.standing(code(NEW)), []);
    let (other, _) = number(Machine::new(&network, &text).ask(&network).await);
    assert_eq!(other, 6, "somebody else with the same text");
    let read_out = machine_number(text.network, &text.pin, code(NEW), machine.joining.key());
    let is_number = |key| machine_number(text.network, &text.pin, code(NEW), key) == read_out;
    let office = network.office(PROVINCE);
    office
        .invitations()
        .admit(code(NEW), is_number, CLERK)
        .await
        .unwrap();
    machine.join(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn an_enrolled_division_is_invited_only_to_replace_its_key() {
    let network = province().await;
    let node = network.node(PROVINCE);
    let secret = [5; 16];
    let address = network.address(PROVINCE);
    let parts = (&*node.office, &*node.identity);
    let refused = invite(parts, inviting(CITY, address), secret, CLERK).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("--replaces lost"), "{refused}");
    let below = invite(parts, inviting("330825", address), secret, CLERK).await;
    assert!(
        below
            .unwrap_err()
            .to_string()
            .contains("not a division with a node directly below")
    );
    network.shut_down().await;
}
