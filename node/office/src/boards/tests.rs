//! Boards over a real store: what is durable, what everybody reads, what goes by itself.

use std::sync::{Arc, LazyLock};

use domain::{
    actor::Actor,
    audit::{AuditFilter, Subject},
    board::{BadPost, BoardCode, PostId, RemovalGround, Written},
    people::{Account, AccountId, Permission, Role},
    template::TemplateKind,
    time::Timestamp,
};
use records::table::Table;
use store::MemoryDisk;

use super::{BoardRefusal, NewPost};
use crate::{Failed, NewTemplate, Office, Request, RequestContext, fixture, tables};

const VILLAGE: &str = "330825002222";
const DAY: i64 = 86_400_000;
const BOARDS: &str = "format = 1\n[[board]]\ncode = \"news\"\nname = \"村情动态\"\nwriters = [\"official\"]\nkeep_days = 30\n\
    answers = true\n[[board]]\ncode = \"inside\"\nname = \"村务讨论\"\nwriters = [\"resident\"]\nsigned_out = false\n";

fn news() -> &'static BoardCode {
    static NEWS: LazyLock<BoardCode> = LazyLock::new(|| "news".parse().unwrap());
    &NEWS
}

async fn open(disk: &MemoryDisk, clock: &Arc<fixture::Stopped>, seed: u64) -> Office {
    fixture::office(VILLAGE, disk, Arc::clone(clock) as _, seed).await
}

async fn publish(office: &Office) {
    let template = NewTemplate {
        kind: TemplateKind::Board,
        name: "boards".to_owned(),
        title: "公告栏".to_owned(),
        content: BOARDS.to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    office
        .templates()
        .publish(template, Actor::OsUser(1))
        .await
        .unwrap();
}

fn new(title: &str) -> NewPost {
    NewPost {
        written: Written {
            title: title.to_owned(),
            text: "周三上午停水检修。".to_owned(),
            despite: None,
        },
        photos: vec![],
    }
}

async fn posted(office: &Office, title: &str) -> PostId {
    let post = office.boards().write(news(), new(title), Actor::OsUser(1));
    post.await.unwrap().id
}

async fn titles(office: &Office) -> Vec<String> {
    let page = office.boards().page(news(), None, false).await.unwrap();
    page.posts
        .iter()
        .map(|post| post.title.to_string())
        .collect()
}

fn refused<T: std::fmt::Debug>(result: Result<T, Failed<BadPost>>) -> BadPost {
    match result {
        Err(Failed::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

async fn account(office: &Office, number: u64, role: Role) -> Actor {
    let id = AccountId(number);
    let account = Account {
        id,
        login: format!("person{number}").parse().unwrap(),
        name: "张三".to_owned(),
        division: office.me,
        roles: [role].into(),
        department: None,
        grid: None,
        phone: None,
        disabled: false,
        credentials_version: 0,
        opened_at: office.now(),
    };
    let mut view = office.tables();
    view.put::<tables::Accounts>(&id, &account);
    view.submit().await.unwrap().durable().await.unwrap();
    Actor::Account(id)
}

/// R-P22: boards are read signed out where the rules say so, writing needs a role that they name.
#[tokio::test]
async fn whoever_the_board_names_writes_and_everybody_reads_unless_it_says_otherwise() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    assert!(office.boards().all(false).await.unwrap().is_empty());
    let lost = office.boards().page(news(), None, false).await;
    assert_eq!(refused(lost), BadPost::NoBoard(news().clone()));
    publish(&office).await;

    let inside: BoardCode = "inside".parse().unwrap();
    let shut = office.boards().page(&inside, None, false).await;
    assert_eq!(refused(shut), BadPost::SignIn);
    assert!(office.boards().page(&inside, None, true).await.is_ok());

    let (clerk, resident) = (
        account(&office, 1, Role::Official).await,
        account(&office, 2, Role::Resident).await,
    );
    let by_resident = office.boards().write(news(), new("招工"), resident.clone());
    assert!(matches!(
        by_resident.await,
        Err(Failed::Refused(BoardRefusal::Post(BadPost::NotWriter)))
    ));
    let request = Request::new(domain::audit::Whence::Socket, Permission::PostOnBoard);
    let by = RequestContext::new(clerk.clone(), Arc::new(request));
    let post = office
        .boards()
        .write(news(), new("停水"), by)
        .await
        .unwrap();
    assert_eq!(post.role, Some(Role::Official));
    let every = AuditFilter::default();
    let trail = office.people().find_audit(&every, 0, 10).await.unwrap();
    let last = trail.entries.last().unwrap();
    assert_eq!(last.subject, Some(Subject::Post(news().clone(), post.id)));

    let answered = office
        .boards()
        .answer(news(), post.id, "收到", resident.clone());
    assert_eq!(answered.await.unwrap().number, 1);
    // A resident takes back what they wrote, and nothing else.
    let ground = (RemovalGround::TakenBack, "");
    let others = office
        .boards()
        .remove((news(), post.id, None), ground, false, resident.clone());
    assert_eq!(refused(others.await), BadPost::NotOwn);
    let own = office
        .boards()
        .remove((news(), post.id, Some(1)), ground, false, resident);
    own.await.unwrap();
    let seen = office.boards().post(news(), post.id, false).await.unwrap();
    assert!(seen.answers[0].text.is_empty() && seen.answers[0].removed.is_some());

    drop(office);
    let office = open(&disk, &clock, 2).await;
    let again = office.boards().post(news(), post.id, false).await.unwrap();
    assert_eq!((again.post, again.answers), (seen.post, seen.answers));
}

#[tokio::test]
async fn pinned_posts_stand_first_and_pages_follow_each_other() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    publish(&office).await;
    let mut ids = vec![];
    for n in 0..25 {
        clock.put_forward(1_000);
        ids.push(posted(&office, &format!("第{n}号")).await);
    }
    let by = || Actor::OsUser(1);
    office
        .boards()
        .pin(news(), ids[3], true, by())
        .await
        .unwrap();
    let first = office.boards().page(news(), None, false).await.unwrap();
    let second = office.boards().page(news(), first.next, false).await;
    let second = second.unwrap();
    assert_eq!(second.next, None);
    let all: Vec<PostId> = first
        .posts
        .iter()
        .chain(&second.posts)
        .map(|post| post.id)
        .collect();
    let mut expected = vec![ids[3]];
    expected.extend(ids.iter().rev().filter(|id| **id != ids[3]));
    assert_eq!(all, expected);
    office
        .boards()
        .pin(news(), ids[3], false, by())
        .await
        .unwrap();
    assert_eq!(titles(&office).await[0], "第24号");
    for id in &ids[..5] {
        office.boards().pin(news(), *id, true, by()).await.unwrap();
    }
    let sixth = office.boards().pin(news(), ids[6], true, by()).await;
    assert_eq!(refused(sixth), BadPost::Pinned);
    let listed = office.boards().all(false).await.unwrap();
    assert_eq!(listed[0].posts, 25);
    assert_eq!(listed[0].latest.as_ref().unwrap().id, ids[24]);
}

/// R-P22: a removed post leaves its ground; it and those whose time is over go by themselves.
#[tokio::test]
async fn what_is_removed_leaves_its_ground_and_goes_with_its_time() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    publish(&office).await;
    let id = posted(&office, "停水").await;
    for _ in 0..45 {
        let by = Actor::Account(AccountId(9));
        office
            .boards()
            .answer(news(), id, "收到", by)
            .await
            .unwrap();
    }
    let why = (RemovalGround::Untrue, "时间有误");
    let remove = || {
        office
            .boards()
            .remove((news(), id, None), why, true, Actor::OsUser(1))
    };
    remove().await.unwrap();
    assert_eq!(refused(remove().await), BadPost::Removed);
    let seen = office.boards().post(news(), id, false).await.unwrap();
    assert!(seen.answers.is_empty() && seen.post.text.is_empty());
    let kept = seen.post.removed.clone().unwrap();
    assert_eq!(
        (kept.ground, &*kept.words),
        (RemovalGround::Untrue, "时间有误")
    );
    let answers = || office.list(tables::PostAnswers::under(&id), usize::MAX);
    assert_eq!(answers().await.unwrap().len(), 45);
    let until = seen.post.until.unwrap();
    assert_eq!(office.boards().expire().await.unwrap(), Some(until));
    assert!(answers().await.unwrap().is_empty(), "they are erased");
    let again = office.boards().post(news(), id, false).await.unwrap();
    assert_eq!(again.post, seen.post);

    let other = posted(&office, "招工").await;
    clock.put_forward(31 * DAY);
    assert!(office.now() >= until);
    let gone = office.boards().post(news(), other, false).await;
    assert_eq!(refused(gone), BadPost::Unknown(other), "it is over at once");
    assert!(titles(&office).await.is_empty());
    assert_eq!(office.boards().expire().await.unwrap(), None);
    for left in [
        office.list(tables::Posts::all(), 9).await.unwrap().len(),
        office
            .list(tables::PostIndex::all(), 9)
            .await
            .unwrap()
            .len(),
        office.list(tables::PostsDue::all(), 9).await.unwrap().len(),
    ] {
        assert_eq!(left, 0);
    }
    assert!(Timestamp::default() < office.now());
}
