//! Boards on pages: written with a photo, read by everybody, answered, pinned, moderated.

use serde_json::json;

use super::browser::{Browser, Page};
use crate::open311::photos::photo;
use testkit::province::Province;

const BOARDS: &str = "format = 1\n[[board]]\ncode = \"news\"\nname = \"村情动态\"\nenglish = \"Village news\"\n\
    writers = [\"official\"]\nkeep_days = 30\nanswers = true\n\
    [[board]]\ncode = \"inside\"\nname = \"村务讨论\"\nwriters = [\"resident\"]\nsigned_out = false\nphotos = 0\n";

/// A province with two boards, and those who write on them.
async fn boarded() -> Province {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    for (login, role) in [
        ("author", "template-author"),
        ("clerk", "official"),
        ("chair", "leader"),
        ("zhang", "resident"),
    ] {
        province.person(&tokens, login, &[role]).await;
    }
    let template =
        json!({ "kind": "board", "name": "boards", "title": "公告栏", "content": BOARDS });
    province.issue(template).await;
    province
}

/// Fills in the form on a page and sends it.
async fn fill(browser: &mut Browser<'_>, path: &str, more: &[(&str, &str)]) -> Page {
    let page = browser.get(path).await.expect(200);
    let (csrf, key) = (page.field("csrf"), page.field("key"));
    let mut fields = vec![("csrf", &*csrf), ("key", &*key)];
    fields.extend(more);
    browser.send(path, &fields).await
}

/// Writes a post with a photo, and returns its address.
async fn posted(clerk: &mut Browser<'_>, title: &str) -> String {
    let form = clerk.get("/boards/news/write").await.expect(200);
    let (csrf, key, draft) = (form.field("csrf"), form.field("key"), form.field("draft"));
    let fields = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("draft", &*draft),
        ("title", title),
        ("text", "周三上午停水检修。\n<b>请提前储水</b>"),
    ];
    let sent = clerk
        .send_photos("/boards/news/write", &fields, &[photo(7)])
        .await
        .expect(303);
    let path = sent.header("location").to_owned();
    // The same form again, as after a broken line, is the same post.
    let again = clerk.send_photos("/boards/news/write", &fields, &[]).await;
    assert_eq!(again.expect(303).header("location"), path);
    path
}

/// R-P22: boards are read signed out if the rules say so, and writing needs somebody who is signed in.
#[tokio::test]
async fn everybody_reads_a_board_and_those_whom_it_names_write_on_it() {
    let province = boarded().await;
    let mut guest = Browser::new(&province);
    let empty = guest.get("/boards").await.expect(200);
    assert!(empty.text.contains("村情动态") && empty.text.contains("登录后可看"));
    guest.get("/boards/news/write").await.expect(303);
    guest.get("/boards/inside").await.expect(303);
    guest.get("/boards/none").await.expect(404);
    let mut zhang = Browser::signed_in(&province, "zhang").await;
    zhang.get("/boards/news/write").await.expect(403);
    let inside = zhang.get("/boards/inside").await.expect(200);
    assert!(inside.text.contains("/boards/inside/write"));

    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let path = posted(&mut clerk, "停水通知").await;
    let listed = guest.get("/boards/news?lang=en").await.expect(200);
    assert!(listed.text.contains("停水通知") && listed.text.contains("Photos: 1"));
    let seen = guest.get(&format!("{path}?lang=zh")).await.expect(200);
    assert!(
        seen.text.contains("&#60;b&#62;请提前储水") && seen.text.contains("村镇干部"),
        "{}",
        seen.text
    );
    let picture = guest.get(&format!("{path}/thumb/0")).await.expect(200);
    assert_eq!(picture.header("content-type"), "image/jpeg");
    guest.get(&format!("{path}/photo/0")).await.expect(200);
    guest.get(&format!("{path}/photo/1")).await.expect(404);

    // R-P20: what looks like personal data comes back with what was typed.
    let form = clerk.get("/boards/news/write").await.expect(200);
    let (csrf, key, draft) = (form.field("csrf"), form.field("key"), form.field("draft"));
    let typed = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("draft", &*draft),
        ("title", "联系人"),
        ("text", "请打 13800138000"),
    ];
    let stopped = clerk.send("/boards/news/write", &typed).await.expect(422);
    assert!(stopped.text.contains("手机号") && stopped.text.contains("请打 13800138000"));

    let answered = fill(&mut zhang, &path, &[("go", "answer"), ("text", "收到")]).await;
    answered.expect(303);
    let seen = guest.get(&path).await.expect(200);
    assert!(seen.text.contains("收到") && seen.text.contains("登录后可以回帖"));
    let mine = zhang.get(&path).await.expect(200);
    assert!(mine.text.contains("value=\"back-1\""), "{}", mine.text);
    let asked = fill(&mut zhang, &path, &[("go", "back-1")])
        .await
        .expect(200);
    assert!(asked.text.contains("确定撤回吗"));
    let back = [("go", "back-1"), ("sure", "yes")];
    fill(&mut zhang, &path, &back).await.expect(303);
    let seen = guest.get(&path).await.expect(200);
    assert!(seen.text.contains("已移除：发布人撤回") && !seen.text.contains("收到"));
    province.host.stop().await;
}

/// R-P22: what is removed leaves a marker with ground, day and office.
#[tokio::test]
async fn moderation_leaves_its_ground_and_takes_the_photos_off_the_disk() {
    let province = boarded().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let path = posted(&mut clerk, "停水通知").await;
    assert!(!province.files_on_disk().is_empty());
    let mut chair = Browser::signed_in(&province, "chair").await;
    let desk = format!("/desk{path}");
    let listed = chair.get("/desk/boards").await.expect(200);
    assert!(listed.text.contains("停水通知"));
    fill(&mut chair, &desk, &[("go", "pin")]).await.expect(303);
    let mut guest = Browser::new(&province);
    let board = guest.get("/boards/news").await.expect(200);
    assert!(board.text.contains("置顶"), "{}", board.text);
    guest.get(&desk).await.expect(303);

    let why = [
        ("go", "remove"),
        ("ground", "untrue"),
        ("words", "时间有误"),
    ];
    let sure = fill(&mut chair, &desk, &why).await.expect(200);
    assert!(sure.text.contains("不能恢复"), "R-D8: {}", sure.text);
    let mut yes = why.to_vec();
    yes.push(("sure", "yes"));
    fill(&mut chair, &desk, &yes).await.expect(303);
    let seen = guest.get(&path).await.expect(200);
    for part in ["已移除：内容不实", "时间有误", "浙江", "<time datetime="] {
        assert!(seen.text.contains(part), "{part}: {}", seen.text);
    }
    assert!(!seen.text.contains("停水") && !seen.text.contains("置顶"));
    guest.get(&format!("{path}/photo/0")).await.expect(404);
    assert_eq!(province.files_on_disk(), Vec::<std::path::PathBuf>::new());
    let board = guest.get("/boards/news?lang=en").await.expect(200);
    assert!(board.text.contains("Removed: Untrue"));
    province.host.stop().await;
}
