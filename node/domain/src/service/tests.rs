use super::*;
use crate::{actor::Actor, time::Timestamp};

fn service(text: &str) -> Result<Service, String> {
    let raw: RawService = toml::from_str(text).unwrap();
    raw.read().map_err(|fault| fault.said.english)
}

const RELIEF: &str = "category = 'service/relief'\npromise = '15wd'\nfee = { zh = '不收费', en = 'free' }\n\
    [[materials]]\ncode = 'id'\nname = { zh = '身份证', en = 'identity card' }\nform = 'shown'\n\
    [[materials]]\ncode = 'income'\nname = { zh = '收入证明', en = 'proof of income' }\nfrom = { zh = '由单位出具', en = 'from the employer' }\n";

#[test]
fn a_service_is_read_and_what_is_wrong_is_named() {
    let relief = service(RELIEF).unwrap();
    let materials = relief.materials.unwrap();
    assert_eq!(materials[0].form, MaterialForm::Shown);
    assert_eq!(materials[1].form, MaterialForm::Original);
    for (text, says) in [
        (
            "category = 'market/food'\npromise = '1d'",
            "no category of the platform service",
        ),
        ("category = 'service/relief'", "says nothing"),
        (
            "category = 'service/relief'\npromise = 'soon'",
            "not a length of time",
        ),
        (
            "category = 'service/relief'\nfee = { zh = '', en = 'x' }",
            "`fee` has zh and en",
        ),
        (&RELIEF.replace("'income'", "'id'"), "listed twice"),
        (&RELIEF.replace("'shown'", "'carved'"), "`form` is"),
        (
            &RELIEF.replace("'id'", "'ID'"),
            "not the code of a material",
        ),
    ] {
        let fault = service(text).unwrap_err();
        assert!(fault.contains(says), "{text}: {fault}");
    }
}

#[test]
fn a_lower_tier_only_shortens_the_time_and_asks_for_less() {
    let above = service(RELIEF).unwrap();
    let loosens =
        |change: &dyn Fn(&str) -> String| service(&change(RELIEF)).unwrap().loosens(&above);
    assert_eq!(loosens(&|text| text.to_owned()), None);
    assert_eq!(loosens(&|text| text.replace("15wd", "10wd")), None);
    let longer = loosens(&|text| text.replace("15wd", "16wd"));
    assert!(matches!(longer, Some(Looser::Promise(..))), "{longer:?}");
    let more = loosens(&|text| {
        text.to_owned() + "[[materials]]\ncode = 'photo'\nname = { zh = '照片', en = 'photo' }\n"
    });
    assert_eq!(more, Some(Looser::Material("photo".into())));
    let original = loosens(&|text| text.replace("form = 'shown'", "form = 'original'"));
    assert_eq!(original, Some(Looser::Original("id".into())));
    let fee = loosens(&|text| text.replace("'free'", "'10 yuan'"));
    assert_eq!(fee, Some(Looser::Fee));
    let fewer = service("category = 'service/relief'\nmaterials = []").unwrap();
    assert_eq!(fewer.loosens(&above), None);
}

#[test]
fn of_each_part_the_nearest_text_holds_and_of_promises_the_shortest() {
    let near = "category = 'service/relief'\npromise = '20wd'\nwindow = { zh = '2号窗口', en = 'window 2' }\n";
    let texts = [
        (
            "33/service/a".parse().unwrap(),
            1,
            vec![service(RELIEF).unwrap()],
        ),
        (
            "330825/service/b".parse().unwrap(),
            2,
            vec![service(near).unwrap()],
        ),
    ];
    let all = ServiceInForce::of(&texts);
    assert_eq!(all.len(), 1);
    let held = &all[0].service;
    assert_eq!(held.promise, Some(Allowance::WorkingDays(15)));
    assert_eq!(held.window.as_ref().unwrap().english, "window 2");
    assert_eq!(held.materials.as_ref().unwrap().len(), 2);
    assert_eq!(all[0].templates.len(), 2);
}

/// R-P28.
#[test]
fn what_is_missing_is_named_once_and_becomes_only_less() {
    let texts = [(
        "33/service/a".parse().unwrap(),
        1,
        vec![service(RELIEF).unwrap()],
    )];
    let all = ServiceInForce::of(&texts);
    let by = || (Actor::Rule("test".to_owned()), Timestamp(5));
    let there = |codes: &[&str]| {
        codes
            .iter()
            .map(|code| (*code).to_owned())
            .collect::<Vec<_>>()
    };
    let check = |before: Option<&MaterialCheck>, codes: &[&str]| {
        MaterialCheck::of(before, all.first(), &there(codes), by())
    };
    let first = check(None, &["id"]).unwrap();
    assert_eq!(first.missing, ["income".into()]);
    let notice = first.notice();
    assert!(
        notice.chinese.contains("收入证明（原件，由单位出具）")
            && !notice.chinese.contains("身份证")
    );
    assert!(
        notice
            .english
            .contains("proof of income (the original; from the employer)")
    );
    // The identity card was there, so nobody asks for it any more.
    assert_eq!(
        check(Some(&first), &["income"]),
        Err(BadMaterials::NamedLater("id".to_owned()))
    );
    // A template that asks for more later asks this applicant for nothing new.
    let more =
        RELIEF.to_owned() + "[[materials]]\ncode = 'photo'\nname = { zh = '照片', en = 'photo' }\n";
    let more = ServiceInForce::of(&[(
        "33/service/a".parse().unwrap(),
        2,
        vec![service(&more).unwrap()],
    )]);
    let second =
        MaterialCheck::of(Some(&first), more.first(), &there(&["id", "income"]), by()).unwrap();
    assert_eq!((second.missing.len(), second.checks), (0, 2));
    assert!(second.notice().chinese.contains("齐全"));
    assert!(matches!(
        check(None, &["x"]),
        Err(BadMaterials::Unknown(..))
    ));
    assert!(matches!(
        check(None, &["id", "id"]),
        Err(BadMaterials::Unknown(..))
    ));
    assert_eq!(
        MaterialCheck::of(None, None, &[], by()),
        Err(BadMaterials::NoList)
    );
}
