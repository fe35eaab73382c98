//! What was lost, told or blocked once.

use super::*;

/// As long as a form, its content, and what is said about it can be.
#[tokio::test]
async fn the_largest_disclosure_is_published_and_kept() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    let columns: Vec<String> = (0..40)
        .map(|at| format!("\"{}{at:02}\"", "列".repeat(25)))
        .collect();
    let form = format!(
        "format = 1\n[[item]]\nname = \"{}\"\nenglish = \"{}\"\nperiod = \"month\"\ncolumns = [{}]\n",
        "名".repeat(100),
        "n".repeat(200),
        columns
            .join(", ")
            .replace("\"列", "{ required = false, name = \"列")
            .replace("\",", "\" },")
            + " }"
    );
    publish(&office, &form).await;
    let all = office.disclosures();
    let id = all
        .begin_one(new(&"名".repeat(100), "2026-05-10"), who(1))
        .await
        .unwrap()
        .id;
    let long = "长".repeat(500);
    let mut content = Content {
        rows: vec![vec!["".into(); 40]; 155],
        ..Content::default()
    };
    for row in &mut content.rows {
        row[0] = "\"".repeat(15).into();
    }
    assert!(content.bytes() > 23 * 1024, "{}", content.bytes());
    for _ in 0..6 {
        all.write(id, None, (content.clone(), Some(long.clone())), who(1))
            .await
            .unwrap();
        all.submit(id, None, who(1)).await.unwrap();
        all.send_back(id, false, (None, long.clone()), who(2))
            .await
            .unwrap();
    }
    pass(&office, id).await;
    all.correct(id, (None, long.clone()), who(1)).await.unwrap();
    pass(&office, id).await;
    let seen = all.seen(id).await.unwrap();
    assert!(seen.editions.len() == 2 && seen.editions[0].log.unwrap().holds);
    assert!(seen.editions[0].edition.document.len() > 30 * 1024);
}

#[tokio::test]
async fn what_was_taken_down_is_published_anew_without_what_was_erased() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    publish(&office, FORM).await;
    let id = disclose(&office, "2026-05-10").await;
    let all = office.disclosures();
    all.withdraw(id, (None, "第四十七条".to_owned()), who(2))
        .await
        .unwrap();
    let work = all
        .correct(id, (None, "遮盖后公开".to_owned()), who(1))
        .await
        .unwrap();
    assert_eq!(
        work.work.unwrap().content,
        work.item.blank(),
        "nothing comes back"
    );
    all.write(id, None, (typed("120"), None), who(1))
        .await
        .unwrap();
    pass(&office, id).await;
    let seen = all.seen(id).await.unwrap();
    assert!(!seen.line.withdrawn && seen.objections_until.is_some());
    assert!(seen.editions[0].log.unwrap().holds);
    assert!(seen.editions[1].edition.document.is_empty());
}

#[tokio::test]
async fn what_is_copied_into_another_form_goes_by_names() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    publish(&office, FORM).await;
    let may = disclose(&office, "2026-05-10").await;
    let other = FORM
        .replace("fields = [{ name = \"收入\"", "fields = [{ name = \"上期结余\", kind = \"money\", required = false }, { name = \"收入\"")
        .replace("columns = [{ name = \"事由\" }", "columns = [{ name = \"日期\", required = false }, { name = \"事由\" }");
    publish(&office, &other).await;
    clock.put_forward(20 * DAY);
    let like = NewDisclosure {
        like: Some(may),
        ..new("村集体收支", "2026-06-01")
    };
    let june = office.disclosures().begin_one(like, who(1)).await.unwrap();
    let content = june.work.unwrap().content;
    assert_eq!(
        content
            .fields
            .iter()
            .map(|text| &**text)
            .collect::<Vec<_>>(),
        ["", "500.00", "120.00"]
    );
    assert_eq!(
        content.rows[0]
            .iter()
            .map(|text| &**text)
            .collect::<Vec<_>>(),
        ["", "路灯电费", "120.00"]
    );
}

#[tokio::test]
async fn strangers_do_not_learn_of_drafts_by_objecting_and_no_title_hides_another() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    publish(&office, FORM).await;
    let event = |title: &str| NewDisclosure {
        title: title.to_owned(),
        ..new("重大事项", "2026-05-10")
    };
    let all = office.disclosures();
    let id = all.begin_one(event("征地补偿"), who(1)).await.unwrap().id;
    let hidden = all.begin_one(event("征地\u{200b}补偿"), who(1)).await;
    assert!(matches!(hidden, Err(Failed::Refused(BadDisclosure::Begun(known))) if known == id));
    let objection = NewReport {
        objects_to: Some(id),
        ..NewReport::new("service/disclosure".parse().unwrap(), "为什么".to_owned())
    };
    let refused = office.matters().report(objection, Actor::OsUser(7)).await;
    let is_unknown =
        |bad: &MatterRefusal| matches!(bad, MatterRefusal::Disclosure(BadDisclosure::Unknown(_)));
    assert!(matches!(refused, Err(Failed::Refused(bad)) if is_unknown(&bad)));
}
