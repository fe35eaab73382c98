//! The network page: what needs a person is told in the language of the page.

use testkit::province::Province;
use wujitong::domain::alarm::{AlarmKind, details};

use super::browser::Browser;

/// R-N1: detail and remedy of an alarm in the person's language, and this node's own facts.
#[tokio::test]
async fn an_alarm_is_told_in_the_language_of_the_page_and_is_closed_there() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "li.si", &["node-operator"]).await;
    let office = province.office();
    let detail = details::clock_ahead(612);
    let raised = office
        .alarms()
        .raise(AlarmKind::ClockDoubted, None, &detail);
    raised.await.unwrap();
    let mut browser = Browser::signed_in(&province, "li.si").await;
    let page = browser.get("/network?lang=zh").await.expect(200).text;
    let chinese = [
        "比相邻单位快 612 秒；本节点仍用原来的时间",
        "校准时钟；时钟没有错的话用 `wujitong clock confirm` 确认",
        "序列号",
        "还没有节点连上来的下级",
    ];
    for words in chinese {
        assert!(page.contains(words), "{words}: {page}");
    }
    let english = [
        "it is ahead of the neighbours by 612 s; this node keeps its earlier time",
        "set the clock right; if it is right",
        "Divisions below without a node so far",
    ];
    for words in english {
        assert!(!page.contains(words), "{words}");
    }
    let page = browser.get("/network?lang=en").await.expect(200).text;
    for words in english {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("612 秒"));
    drop(office);
    province.host.stop().await;
}
